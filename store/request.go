package store

import (
	"context"

	"postern"
)

const requestColumns = "merchant_id, key, fingerprint, object_id, done, replays, created_at"

func scanRequest(r Row) (Request, error) {
	var q Request
	err := r.Scan(&q.MerchantID, &q.Key, &q.Fingerprint, &q.ObjectID, flag(&q.Done), &q.Replays, at(&q.CreatedAt))
	return q, err
}

// BeginRequest inserts the row of an idempotent request, or counts a replay of the one that is there; either way it has committed a write when it returns.
// fresh says that this call inserted it. The caller compares the fingerprint.
func (s *Store) BeginRequest(ctx context.Context, q Request) (existing Request, fresh bool, err error) {
	err = s.Write(ctx, func(tx Tx) (err error) {
		existing, err = one(ctx, tx, "BeginRequest", "request", scanRequest, insertInto("api_request", requestColumns)+` ON CONFLICT (merchant_id, key)
			DO UPDATE SET replays = api_request.replays + 1 RETURNING `+requestColumns, q.MerchantID, q.Key, q.Fingerprint, q.ObjectID, bit(q.Done), 0,
			micros(q.CreatedAt))
		return err
	})
	return existing, existing.Replays == 0, err
}

// ReplayRequest counts a replay and returns the row, or postern.CodeNotFound.
func (s *Store) ReplayRequest(ctx context.Context, merchantID, key string) (existing Request, err error) {
	err = s.Write(ctx, func(tx Tx) (err error) {
		existing, err = one(ctx, tx, "ReplayRequest", "request", scanRequest, `UPDATE api_request SET replays = replays + 1
			WHERE merchant_id = $1 AND key = $2 RETURNING `+requestColumns, merchantID, key)
		return err
	})
	return existing, err
}

// finishRequest writes a request's result with the work itself. A key that another body has used is a conflict.
func finishRequest(ctx context.Context, tx Tx, q Request) error {
	fail := &postern.Error{Code: postern.CodeConflict, Op: "store.Commit", Message: "the idempotency key belongs to another request", ID: q.ObjectID}
	return mustChange(ctx, tx, fail, insertInto("api_request", requestColumns)+` ON CONFLICT (merchant_id, key) DO UPDATE
		SET object_id = excluded.object_id, done = excluded.done WHERE api_request.fingerprint = excluded.fingerprint`,
		q.MerchantID, q.Key, q.Fingerprint, q.ObjectID, bit(q.Done), 0, micros(q.CreatedAt))
}

// FinishRequest marks a request as done when its work did not commit it.
func (s *Store) FinishRequest(ctx context.Context, q Request) error {
	return s.Write(ctx, func(tx Tx) error { return finishRequest(ctx, tx, q) })
}

// DropRequest forgets a request that was refused, so that a mended one may use the key. One that is done stays.
func (s *Store) DropRequest(ctx context.Context, merchantID, key string) error {
	return s.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM api_request WHERE merchant_id = $1 AND key = $2 AND done = 0", merchantID, key)
		return err
	})
}
