package store

import (
	"context"

	"postern"
)

const surplusColumns = "merchant_id, id, version, payment_id, receipt_id, channel_id, reason, amount, currency, status, refund_id, created_at, updated_at"

const selectSurplus = "SELECT " + surplusColumns + " FROM surplus WHERE merchant_id = $1"

var insertSurplus = insertInto("surplus", surplusColumns)

func scanSurplus(r Row) (postern.Surplus, error) {
	var u postern.Surplus
	err := r.Scan(&u.MerchantID, &u.ID, &u.Version, &u.PaymentID, &u.ReceiptID, &u.ChannelID, &u.Reason, &u.Amount, &u.Currency, &u.Status, &u.RefundID,
		at(&u.CreatedAt), at(&u.UpdatedAt))
	return u, err
}

func saveSurplus(ctx context.Context, tx Tx, u postern.Surplus) error {
	if u.Version == 0 {
		_, err := tx.Exec(ctx, insertSurplus, u.MerchantID, u.ID, 1, u.PaymentID, u.ReceiptID, u.ChannelID, u.Reason, u.Amount, u.Currency, u.Status, u.RefundID,
			micros(u.CreatedAt), micros(u.UpdatedAt))
		return err
	}
	return mustChange(ctx, tx, stale("surplus", u.ID), `UPDATE surplus SET version = version + 1, status = $4, refund_id = $5, updated_at = $6
		WHERE merchant_id = $1 AND id = $2 AND version = $3`, u.MerchantID, u.ID, u.Version, u.Status, u.RefundID, micros(u.UpdatedAt))
}

// Surplus returns one surplus, or postern.CodeNotFound.
func (s *Store) Surplus(ctx context.Context, merchantID, id string) (postern.Surplus, error) {
	return one(ctx, s.reader(), "Surplus", "surplus", scanSurplus, selectSurplus+" AND id = $2", merchantID, id)
}

// Surpluses lists newest first; next is the id to go on after, "" at the end.
func (s *Store) Surpluses(ctx context.Context, merchantID string, page Page) (list []postern.Surplus, next string, err error) {
	return paged(ctx, s.reader(), "Surpluses", page, func(u postern.Surplus) string { return u.ID }, scanSurplus, selectSurplus, merchantID)
}
