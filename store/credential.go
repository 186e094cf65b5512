package store

import (
	"context"
	"time"

	"postern"
)

const (
	credentialSetColumns = "owner_id, id, version, provider, settings, sandbox, created_at"
	generationColumns    = "owner_id, credential_set_id, id, keys, not_before, not_after, retired_at, created_at"
	trustColumns         = "owner_id, credential_set_id, key_id, pem, not_before, not_after, created_at"
)

func scanCredentialSet(r Row) (postern.CredentialSet, error) {
	var c postern.CredentialSet
	err := r.Scan(&c.OwnerID, &c.ID, &c.Version, &c.Provider, asJSON(&c.Settings), flag(&c.Sandbox), at(&c.CreatedAt))
	return c, err
}

// SaveCredentialSet inserts (Version 0) or updates one account at a provider. Its provider and whether it is a sandbox never change.
func (s *Store) SaveCredentialSet(ctx context.Context, c postern.CredentialSet) error {
	return s.Write(ctx, func(tx Tx) error { return saveCredentialSet(ctx, tx, c) })
}

// SaveCredentialSetAct is SaveCredentialSet for the act of a person, with further keys, if any, and its audit row in the same transaction.
func (s *Store) SaveCredentialSetAct(ctx context.Context, c postern.CredentialSet, keys []postern.Generation, act postern.Audit) error {
	return s.Write(ctx, func(tx Tx) error {
		if err := saveCredentialSet(ctx, tx, c); err != nil {
			return err
		}
		if err := each(ctx, tx, keys, addGeneration); err != nil {
			return err
		}
		return insertAudit(ctx, tx, act)
	})
}

func saveCredentialSet(ctx context.Context, tx Tx, c postern.CredentialSet) error {
	settings, err := text(c.Settings)
	if err != nil {
		return err
	}
	if c.Version == 0 {
		_, err := tx.Exec(ctx, insertInto("credential_set", credentialSetColumns), c.OwnerID, c.ID, 1, c.Provider, settings, bit(c.Sandbox), micros(c.CreatedAt))
		return err
	}
	return mustChange(ctx, tx, stale("credential set", c.ID), "UPDATE credential_set SET version = version + 1, settings = $4 WHERE owner_id = $1 AND id = $2 AND version = $3",
		c.OwnerID, c.ID, c.Version, settings)
}

// AccountUsed says whether an order was ever sent over an account, by any channel, a retired one too.
func (s *Store) AccountUsed(ctx context.Context, ownerID, credentialSetID string) (bool, error) {
	var n int64
	err := s.reader().QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM channel c JOIN attempt a ON a.merchant_id = c.merchant_id AND a.channel_id = c.id
		WHERE c.credential_owner_id = $1 AND c.credential_set_id = $2 LIMIT 1) AS used -- sweep`, ownerID, credentialSetID).Scan(&n)
	return n > 0, err
}

// CredentialSet returns one account, or postern.CodeNotFound.
func (s *Store) CredentialSet(ctx context.Context, ownerID, id string) (postern.CredentialSet, error) {
	return one(ctx, s.reader(), "CredentialSet", "credential set", scanCredentialSet, "SELECT "+credentialSetColumns+" FROM credential_set WHERE owner_id = $1 AND id = $2",
		ownerID, id)
}

// CredentialSets lists the accounts of an owner in the order of creation.
func (s *Store) CredentialSets(ctx context.Context, ownerID string) ([]postern.CredentialSet, error) {
	return many(ctx, s.reader(), "CredentialSets", scanCredentialSet, "SELECT "+credentialSetColumns+" FROM credential_set WHERE owner_id = $1 ORDER BY id", ownerID)
}

// AddGeneration inserts a key set; its keys are sealed and never change.
func (s *Store) AddGeneration(ctx context.Context, g postern.Generation) error {
	return s.Write(ctx, func(tx Tx) error { return addGeneration(ctx, tx, g) })
}

func addGeneration(ctx context.Context, tx Tx, g postern.Generation) error {
	keys, err := text(g.Keys)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, insertInto("generation", generationColumns), g.OwnerID, g.CredentialSetID, g.ID, keys, micros(g.NotBefore), micros(g.NotAfter), micros(g.RetiredAt), micros(g.CreatedAt))
	return err
}

// Generations returns all key sets of an account, newest NotBefore first.
func (s *Store) Generations(ctx context.Context, ownerID, credentialSetID string) ([]postern.Generation, error) {
	scan := func(r Row) (g postern.Generation, err error) {
		err = r.Scan(&g.OwnerID, &g.CredentialSetID, &g.ID, asJSON(&g.Keys), at(&g.NotBefore), at(&g.NotAfter), at(&g.RetiredAt), at(&g.CreatedAt))
		return g, err
	}
	return many(ctx, s.reader(), "Generations", scan, "SELECT "+generationColumns+` FROM generation WHERE owner_id = $1 AND credential_set_id = $2
		ORDER BY not_before DESC, id DESC`, ownerID, credentialSetID)
}

// RetireGeneration sets when a key set stops signing (notAfter) and when its messages are no longer believed (retiredAt); the zero time leaves one open.
func (s *Store) RetireGeneration(ctx context.Context, ownerID, credentialSetID, id string, notAfter, retiredAt time.Time) error {
	return s.Write(ctx, func(tx Tx) error {
		return mustChange(ctx, tx, notFound("RetireGeneration", "generation"), `UPDATE generation SET not_after = $4, retired_at = $5
			WHERE owner_id = $1 AND credential_set_id = $2 AND id = $3`, ownerID, credentialSetID, id, micros(notAfter), micros(retiredAt))
	})
}

// RewrapGeneration replaces the sealed keys of a generation by the same keys sealed under a newer key-encryption key.
func (s *Store) RewrapGeneration(ctx context.Context, g postern.Generation) error {
	keys, err := text(g.Keys)
	if err != nil {
		return err
	}
	return s.Write(ctx, func(tx Tx) error {
		return mustChange(ctx, tx, notFound("RewrapGeneration", "generation"), "UPDATE generation SET keys = $4 WHERE owner_id = $1 AND credential_set_id = $2 AND id = $3",
			g.OwnerID, g.CredentialSetID, g.ID, keys)
	})
}

// SaveTrust inserts or replaces provider keys that a job fetched.
func (s *Store) SaveTrust(ctx context.Context, keys ...postern.TrustKey) error {
	return s.Write(ctx, func(tx Tx) error {
		for _, k := range keys {
			_, err := tx.Exec(ctx, insertInto("trust_key", trustColumns)+` ON CONFLICT (owner_id, credential_set_id, key_id)
				DO UPDATE SET pem = excluded.pem, not_before = excluded.not_before, not_after = excluded.not_after`,
				k.OwnerID, k.CredentialSetID, k.KeyID, k.PEM, micros(k.NotBefore), micros(k.NotAfter), micros(k.CreatedAt))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Trust returns the provider keys that were fetched for an account, newest NotBefore first.
func (s *Store) Trust(ctx context.Context, ownerID, credentialSetID string) ([]postern.TrustKey, error) {
	scan := func(r Row) (k postern.TrustKey, err error) {
		err = r.Scan(&k.OwnerID, &k.CredentialSetID, &k.KeyID, &k.PEM, at(&k.NotBefore), at(&k.NotAfter), at(&k.CreatedAt))
		return k, err
	}
	return many(ctx, s.reader(), "Trust", scan, "SELECT "+trustColumns+` FROM trust_key WHERE owner_id = $1 AND credential_set_id = $2
		ORDER BY not_before DESC, key_id`, ownerID, credentialSetID)
}
