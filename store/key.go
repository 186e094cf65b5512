package store

import (
	"context"
	"time"
)

const keyColumns = "owner_id, id, prefix, hash, live, name, revoked_at, created_at, scopes"

func scanKey(r Row) (APIKey, error) {
	var k APIKey
	err := r.Scan(&k.OwnerID, &k.ID, &k.Prefix, &k.Hash, flag(&k.Live), &k.Name, at(&k.RevokedAt), at(&k.CreatedAt), orNone(&k.Scopes))
	return k, err
}

// SaveKey inserts a key; a key never changes, except that it is revoked.
func (s *Store) SaveKey(ctx context.Context, k APIKey) error {
	scopes, err := text(k.Scopes)
	if err != nil {
		return err
	}
	return s.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, insertInto("api_key", keyColumns), k.OwnerID, k.ID, k.Prefix, k.Hash, bit(k.Live), k.Name, micros(k.RevokedAt), micros(k.CreatedAt), scopes)
		return err
	})
}

// KeyByHash returns the key with this hash, revoked or not, or postern.CodeNotFound.
func (s *Store) KeyByHash(ctx context.Context, hash string) (APIKey, error) {
	return one(ctx, s.reader(), "KeyByHash", "key", scanKey, "SELECT "+keyColumns+" FROM api_key WHERE hash = $1", hash)
}

// Keys lists an owner's keys in the order of creation.
func (s *Store) Keys(ctx context.Context, ownerID string) ([]APIKey, error) {
	return many(ctx, s.reader(), "Keys", scanKey, "SELECT "+keyColumns+" FROM api_key WHERE owner_id = $1 ORDER BY id", ownerID)
}

// RevokeKey revokes a key for ever; a key that is revoked already keeps its first date.
func (s *Store) RevokeKey(ctx context.Context, ownerID, id string, now time.Time) error {
	return s.Write(ctx, func(tx Tx) error {
		return mustChange(ctx, tx, notFound("RevokeKey", "key"), `UPDATE api_key SET revoked_at = CASE WHEN revoked_at = 0 THEN $3 ELSE revoked_at END
			WHERE owner_id = $1 AND id = $2`, ownerID, id, micros(now))
	})
}
