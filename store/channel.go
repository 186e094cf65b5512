package store

import (
	"context"

	"postern"
)

const channelColumns = "merchant_id, id, version, credential_set_id, credential_owner_id, provider, sub_merchant, products, permissions, min_amount, max_amount, " +
	"place, sandbox, retired_at, created_at, updated_at, agreement, weight, settings, secrets"

const selectChannel = "SELECT " + channelColumns + " FROM channel WHERE merchant_id = $1"

func scanChannel(r Row) (postern.Channel, error) {
	var c postern.Channel
	err := r.Scan(&c.MerchantID, &c.ID, &c.Version, &c.CredentialSetID, &c.CredentialOwnerID, &c.Provider, &c.SubMerchant, asJSON(&c.Products),
		asJSON(&c.Permissions), &c.MinAmount, &c.MaxAmount, &c.Rank, flag(&c.Sandbox), at(&c.RetiredAt), at(&c.CreatedAt), at(&c.UpdatedAt),
		asJSON(&c.Agreement), &c.Weight, orNone(&c.Settings), orNone(&c.Secrets))
	return c, err
}

// SaveChannel inserts (Version 0) or updates a channel. The account behind it and whether it is a sandbox never change.
func (s *Store) SaveChannel(ctx context.Context, c postern.Channel) error {
	return s.Write(ctx, func(tx Tx) error { return saveChannel(ctx, tx, c) })
}

func saveChannel(ctx context.Context, tx Tx, c postern.Channel) error {
	products, err := text(c.Products)
	if err != nil {
		return err
	}
	permissions, err := text(c.Permissions)
	if err != nil {
		return err
	}
	agreement, err := text(c.Agreement)
	if err != nil {
		return err
	}
	settings, err := text(c.Settings)
	if err != nil {
		return err
	}
	secrets, err := text(c.Secrets)
	if err != nil {
		return err
	}
	if err := keepNumber(ctx, tx, c); err != nil {
		return err
	}
	if c.Version == 0 {
		_, err := tx.Exec(ctx, insertInto("channel", channelColumns), c.MerchantID, c.ID, 1, c.CredentialSetID, c.CredentialOwnerID, c.Provider, c.SubMerchant,
			products, permissions, c.MinAmount, c.MaxAmount, c.Rank, bit(c.Sandbox), micros(c.RetiredAt), micros(c.CreatedAt), micros(c.UpdatedAt),
			agreement, c.Weight, settings, secrets)
		return err
	}
	return mustChange(ctx, tx, stale("channel", c.ID), `UPDATE channel SET version = version + 1, sub_merchant = $4, products = $5, permissions = $6,
		min_amount = $7, max_amount = $8, place = $9, retired_at = $10, updated_at = $11, agreement = $12, weight = $13,
		settings = $14, secrets = $15 WHERE merchant_id = $1 AND id = $2 AND version = $3`,
		c.MerchantID, c.ID, c.Version, c.SubMerchant, products, permissions, c.MinAmount, c.MaxAmount, c.Rank, micros(c.RetiredAt), micros(c.UpdatedAt), agreement, c.Weight,
		settings, secrets)
}

// Channel returns one channel, or postern.CodeNotFound.
func (s *Store) Channel(ctx context.Context, merchantID, id string) (postern.Channel, error) {
	return one(ctx, s.reader(), "Channel", "channel", scanChannel, selectChannel+" AND id = $2", merchantID, id)
}

// Channels returns all channels of a merchant, retired ones too, by rank.
func (s *Store) Channels(ctx context.Context, merchantID string) ([]postern.Channel, error) {
	return many(ctx, s.reader(), "Channels", scanChannel, selectChannel+" ORDER BY place, id", merchantID)
}

// ChannelsOfSet returns the channels of all merchants that go through one account.
func (s *Store) ChannelsOfSet(ctx context.Context, ownerID, credentialSetID string) ([]postern.Channel, error) {
	return many(ctx, s.reader(), "ChannelsOfSet", scanChannel, "SELECT "+channelColumns+` FROM channel
		WHERE credential_owner_id = $1 AND credential_set_id = $2 ORDER BY merchant_id, id -- sweep`, ownerID, credentialSetID)
}

// keepNumber makes a number under a shared account lead to the channel. While another merchant's channel has it, that is postern.CodeConflict; a retired channel lets
// it go.
func keepNumber(ctx context.Context, tx Tx, c postern.Channel) error {
	if c.SubMerchant == "" || c.CredentialOwnerID == c.MerchantID {
		return nil
	}
	if !c.RetiredAt.IsZero() {
		_, err := tx.Exec(ctx, "DELETE FROM sub_merchant WHERE owner_id = $1 AND credential_set_id = $2 AND number = $3 AND channel_id = $4",
			c.CredentialOwnerID, c.CredentialSetID, c.SubMerchant, c.ID)
		return err
	}
	taken := &postern.Error{
		Code: postern.CodeConflict, Op: "store.SaveChannel", Field: "sub_merchant", Message: "another merchant has this number under the account", Fix: "send the merchant's own number, or retire the other channel first",
	}
	return mustChange(ctx, tx, taken, `INSERT INTO sub_merchant (owner_id, credential_set_id, number, merchant_id, channel_id) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (owner_id, credential_set_id, number) DO UPDATE SET channel_id = excluded.channel_id WHERE sub_merchant.merchant_id = excluded.merchant_id`,
		c.CredentialOwnerID, c.CredentialSetID, c.SubMerchant, c.MerchantID, c.ID)
}

// Holder is whose a number under an account is.
type Holder struct {
	Number     string
	MerchantID string
	ChannelID  string
}

// Holders returns whose the numbers under an account are: of one number, or of all of them ("").
func (s *Store) Holders(ctx context.Context, ownerID, credentialSetID, number string) ([]Holder, error) {
	scan := func(r Row) (h Holder, err error) {
		err = r.Scan(&h.Number, &h.MerchantID, &h.ChannelID)
		return h, err
	}
	return many(ctx, s.reader(), "Holders", scan, `SELECT number, merchant_id, channel_id FROM sub_merchant
		WHERE owner_id = $1 AND credential_set_id = $2 AND ($3 = '' OR number = $3) ORDER BY number`, ownerID, credentialSetID, number)
}
