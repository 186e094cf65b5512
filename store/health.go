package store

import (
	"context"
	"time"

	"postern"
)

const healthColumns = "merchant_id, channel_id, product, version, state, cause, share, round, tries, strikes, since, suspended_at, restored_at, next_at, evidence"

const selectHealth = "SELECT " + healthColumns + " FROM channel_health WHERE merchant_id = $1"

func scanHealth(r Row) (postern.Health, error) {
	var h postern.Health
	err := r.Scan(&h.MerchantID, &h.ChannelID, &h.Product, &h.Version, &h.State, &h.Cause, &h.Share, &h.Round, &h.Tries, &h.Strikes, at(&h.Since),
		at(&h.SuspendedAt), at(&h.RestoredAt), at(&h.NextAt), asJSON(&h.Evidence))
	return h, err
}

func saveHealth(ctx context.Context, tx Tx, h postern.Health) error {
	evidence, err := text(h.Evidence)
	if err != nil {
		return err
	}
	if h.Version == 0 {
		_, err := tx.Exec(ctx, insertInto("channel_health", healthColumns), h.MerchantID, h.ChannelID, h.Product, 1, h.State, h.Cause, h.Share, h.Round, h.Tries,
			h.Strikes, micros(h.Since), micros(h.SuspendedAt), micros(h.RestoredAt), micros(h.NextAt), evidence)
		return err
	}
	return mustChange(ctx, tx, stale("health", h.ChannelID), `UPDATE channel_health SET version = version + 1, state = $5, cause = $6, share = $7, round = $8, tries = $9,
		strikes = $10, since = $11, suspended_at = $12, restored_at = $13, next_at = $14, evidence = $15
		WHERE merchant_id = $1 AND channel_id = $2 AND product = $3 AND version = $4`, h.MerchantID, h.ChannelID, h.Product, h.Version, h.State, h.Cause, h.Share,
		h.Round, h.Tries, h.Strikes, micros(h.Since), micros(h.SuspendedAt), micros(h.RestoredAt), micros(h.NextAt), evidence)
}

// Health returns what is observed of one product of a channel, or postern.CodeNotFound.
func (s *Store) Health(ctx context.Context, merchantID, channelID, product string) (postern.Health, error) {
	return one(ctx, s.reader(), "Health", "health", scanHealth, selectHealth+" AND channel_id = $2 AND product = $3", merchantID, channelID, product)
}

// ChannelHealth lists what was ever observed of a channel, by product.
func (s *Store) ChannelHealth(ctx context.Context, merchantID, channelID string) ([]postern.Health, error) {
	return many(ctx, s.reader(), "ChannelHealth", scanHealth, selectHealth+" AND channel_id = $2 ORDER BY product", merchantID, channelID)
}

// Ailing lists the products of a merchant's channels that do not take all payments now. It is read with every plan.
func (s *Store) Ailing(ctx context.Context, merchantID string) ([]postern.Health, error) {
	return many(ctx, s.reader(), "Ailing", scanHealth, selectHealth+" AND state <> 'open' ORDER BY channel_id, product", merchantID)
}

const recordColumns = "merchant_id, id, channel_id, product, step, state, cause, share, next_at, evidence, created_at"

// maxRecords bounds the steps kept of one product of a channel; the oldest go.
const maxRecords = 200

func insertHealthRecord(ctx context.Context, tx Tx, r postern.HealthRecord) error {
	evidence, err := text(r.Evidence)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertInto("health_record", recordColumns), r.MerchantID, r.ID, r.ChannelID, r.Product, r.Step, r.State, r.Cause, r.Share,
		micros(r.NextAt), evidence, micros(r.CreatedAt)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM health_record WHERE merchant_id = $1 AND channel_id = $2 AND product = $3 AND id <= (SELECT id FROM health_record
		WHERE merchant_id = $1 AND channel_id = $2 AND product = $3 ORDER BY id DESC LIMIT 1 OFFSET $4)`, r.MerchantID, r.ChannelID, r.Product, maxRecords)
	return err
}

// HealthRecords lists the latest steps of a channel's health, the newest first, at most limit.
func (s *Store) HealthRecords(ctx context.Context, merchantID, channelID string, limit int) ([]postern.HealthRecord, error) {
	scan := func(r Row) (v postern.HealthRecord, err error) {
		err = r.Scan(&v.MerchantID, &v.ID, &v.ChannelID, &v.Product, &v.Step, &v.State, &v.Cause, &v.Share, at(&v.NextAt), asJSON(&v.Evidence), at(&v.CreatedAt))
		return v, err
	}
	return many(ctx, s.reader(), "HealthRecords", scan, "SELECT "+recordColumns+" FROM health_record WHERE merchant_id = $1 AND channel_id = $2 ORDER BY id DESC LIMIT $3",
		merchantID, channelID, limit)
}

// Start is how the start of one attempt went, with the provider's words.
type Start struct {
	ID        string
	Status    postern.AttemptStatus
	Class     string
	Code      string
	Message   string
	ExposedAt time.Time
	CreatedAt time.Time
}

// Starts returns the latest attempts with one product of a channel that began before a moment, the newest first, at most limit.
func (s *Store) Starts(ctx context.Context, merchantID, channelID, product string, before time.Time, limit int) ([]Start, error) {
	scan := func(r Row) (v Start, err error) {
		err = r.Scan(&v.ID, &v.Status, orEmpty(&v.Class), &v.Code, &v.Message, at(&v.ExposedAt), at(&v.CreatedAt))
		return v, err
	}
	return many(ctx, s.reader(), "Starts", scan, `SELECT id, status, class, code, message, exposed_at, created_at FROM attempt
		WHERE merchant_id = $1 AND channel_id = $2 AND id < $3 AND product = $4 ORDER BY id DESC LIMIT $5`, merchantID, channelID,
		postern.FirstID(postern.PrefixAttempt, before), product, limit)
}
