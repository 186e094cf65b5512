package store

import (
	"context"
	"time"

	"postern"
)

const attemptColumns = "merchant_id, id, version, payment_id, channel_id, credential_set_id, generation_id, provider, product, number, amount, currency, status, " +
	"opaque, action, payer_hash, container, exposed_at, expires_at, close_requested_at, code, message, plan, created_at, updated_at, class"

const selectAttempt = "SELECT " + attemptColumns + " FROM attempt WHERE merchant_id = $1"

var insertAttempt = insertInto("attempt", attemptColumns)

func scanAttempt(r Row) (postern.Attempt, error) {
	var a postern.Attempt
	err := r.Scan(&a.MerchantID, &a.ID, &a.Version, &a.PaymentID, &a.ChannelID, &a.CredentialSetID, &a.GenerationID, &a.Provider, &a.Product, &a.Number,
		&a.Amount, &a.Currency, &a.Status, &a.Opaque, asJSON(&a.Action), &a.PayerHash, &a.Container, at(&a.ExposedAt), at(&a.ExpiresAt),
		at(&a.CloseRequestedAt), &a.Code, &a.Message, &a.Plan, at(&a.CreatedAt), at(&a.UpdatedAt), orEmpty(&a.Class))
	return a, err
}

// saveAttempt inserts or updates. What was sent to the provider (number, amount, product, account) is never updated.
func saveAttempt(ctx context.Context, tx Tx, a postern.Attempt) error {
	action, err := text(a.Action)
	if err != nil {
		return err
	}
	if a.Version == 0 {
		_, err := tx.Exec(ctx, insertAttempt, a.MerchantID, a.ID, 1, a.PaymentID, a.ChannelID, a.CredentialSetID, a.GenerationID, a.Provider, a.Product, a.Number,
			a.Amount, a.Currency, a.Status, a.Opaque, action, a.PayerHash, a.Container, micros(a.ExposedAt), micros(a.ExpiresAt),
			micros(a.CloseRequestedAt), a.Code, a.Message, a.Plan, micros(a.CreatedAt), micros(a.UpdatedAt), a.Class)
		return err
	}
	return mustChange(ctx, tx, stale("attempt", a.ID), `UPDATE attempt SET version = version + 1, generation_id = $4, status = $5, opaque = $6, action = $7,
		exposed_at = $8, expires_at = $9, close_requested_at = $10, code = $11, message = $12, updated_at = $13, class = $14
		WHERE merchant_id = $1 AND id = $2 AND version = $3`, a.MerchantID, a.ID, a.Version, a.GenerationID, a.Status, a.Opaque, action, micros(a.ExposedAt),
		micros(a.ExpiresAt), micros(a.CloseRequestedAt), a.Code, a.Message, micros(a.UpdatedAt), a.Class)
}

// AttemptRef names an attempt across merchants.
type AttemptRef struct{ MerchantID, AttemptID string }

// LiveAttempts names up to limit attempts of all merchants that are still live and were last changed before a time, oldest first. It is Recover's
// list: it locks nothing, and each entry is asked after under its own merchant.
func (s *Store) LiveAttempts(ctx context.Context, before time.Time, limit int) ([]AttemptRef, error) {
	scan := func(r Row) (ref AttemptRef, err error) {
		err = r.Scan(&ref.MerchantID, &ref.AttemptID)
		return ref, err
	}
	return many(ctx, s.reader(), "LiveAttempts", scan, `SELECT merchant_id, id FROM attempt WHERE status IN ('sending', 'pending', 'unknown') AND updated_at < $1
		ORDER BY updated_at, merchant_id, id LIMIT $2 -- sweep`, micros(before), limit)
}

// AttemptByNumber returns the attempt with this order number at the provider, or postern.CodeNotFound.
func (s *Store) AttemptByNumber(ctx context.Context, merchantID, number string) (postern.Attempt, error) {
	return one(ctx, s.reader(), "AttemptByNumber", "attempt", scanAttempt, selectAttempt+" AND number = $2", merchantID, number)
}
