package store

import (
	"context"

	"postern"
)

const paymentColumns = "merchant_id, id, version, reference, amount, currency, description, return_url, metadata, items, late_payment, status, live, link_token, " +
	"expires_at, cancel_requested_at, close_requested_at, paid_at, created_at, updated_at, profit_sharing, order_id, facade_account_id"

const selectPayment = "SELECT " + paymentColumns + " FROM payment WHERE merchant_id = $1"

var insertPayment = insertInto("payment", paymentColumns)

func scanPayment(r Row) (postern.Payment, error) {
	var p postern.Payment
	err := r.Scan(&p.MerchantID, &p.ID, &p.Version, &p.Reference, &p.Amount, &p.Currency, &p.Description, &p.ReturnURL, asJSON(&p.Metadata), asJSON(&p.Items), &p.LatePayment,
		&p.Status, flag(&p.Live), &p.LinkToken, at(&p.ExpiresAt), at(&p.CancelRequestedAt), at(&p.CloseRequestedAt), at(&p.PaidAt), at(&p.CreatedAt),
		at(&p.UpdatedAt), orFalse(&p.ProfitSharing), orEmpty(&p.OrderID), orEmpty(&p.FacadeAccountID))
	return p, err
}

// savePayment inserts or updates. What was agreed with the merchant (reference, amount, currency, items, mode, link) is never updated.
func savePayment(ctx context.Context, tx Tx, p postern.Payment) error {
	metadata, err := text(p.Metadata)
	if err != nil {
		return err
	}
	items, err := text(p.Items)
	if err != nil {
		return err
	}
	if p.Version == 0 {
		_, err := tx.Exec(ctx, insertPayment, p.MerchantID, p.ID, 1, p.Reference, p.Amount, p.Currency, p.Description, p.ReturnURL, metadata, items, p.LatePayment,
			p.Status, bit(p.Live), p.LinkToken, micros(p.ExpiresAt), micros(p.CancelRequestedAt), micros(p.CloseRequestedAt), micros(p.PaidAt),
			micros(p.CreatedAt), micros(p.UpdatedAt), bit(p.ProfitSharing), p.OrderID, p.FacadeAccountID)
		if err != nil || p.LinkToken == "" {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO link_token (token, merchant_id, payment_id) VALUES ($1, $2, $3)", p.LinkToken, p.MerchantID, p.ID)
		return err
	}
	return mustChange(ctx, tx, stale("payment", p.ID), `UPDATE payment SET version = version + 1, description = $4, return_url = $5, metadata = $6,
		late_payment = $7, status = $8, expires_at = $9, cancel_requested_at = $10, close_requested_at = $11, paid_at = $12, updated_at = $13
		WHERE merchant_id = $1 AND id = $2 AND version = $3`, p.MerchantID, p.ID, p.Version, p.Description, p.ReturnURL, metadata, p.LatePayment, p.Status,
		micros(p.ExpiresAt), micros(p.CancelRequestedAt), micros(p.CloseRequestedAt), micros(p.PaidAt), micros(p.UpdatedAt))
}

// Payment returns one payment, or postern.CodeNotFound.
func (s *Store) Payment(ctx context.Context, merchantID, id string) (postern.Payment, error) {
	return one(ctx, s.reader(), "Payment", "payment", scanPayment, selectPayment+" AND id = $2", merchantID, id)
}

// PaymentByReference returns the payment with the merchant's own reference, or postern.CodeNotFound.
func (s *Store) PaymentByReference(ctx context.Context, merchantID, reference string) (postern.Payment, error) {
	return one(ctx, s.reader(), "PaymentByReference", "payment", scanPayment, selectPayment+" AND reference = $2", merchantID, reference)
}

// PaymentByLink returns whose payment a checkout token stands for, or postern.CodeNotFound.
func (s *Store) PaymentByLink(ctx context.Context, token string) (merchantID, paymentID string, err error) {
	type target struct{ merchant, payment string }
	scan := func(r Row) (t target, err error) {
		err = r.Scan(&t.merchant, &t.payment)
		return t, err
	}
	found, err := one(ctx, s.reader(), "PaymentByLink", "link", scan, "SELECT merchant_id, payment_id FROM link_token WHERE token = $1", token)
	return found.merchant, found.payment, err
}

// Payments lists newest first; next is the id to go on after, "" at the end.
func (s *Store) Payments(ctx context.Context, merchantID string, page Page) (list []postern.Payment, next string, err error) {
	return paged(ctx, s.reader(), "Payments", page, func(p postern.Payment) string { return p.ID }, scanPayment, selectPayment, merchantID)
}

// LoadState reads a payment with all that its rules look at in one consistent snapshot, each list in the order of creation.
func (s *Store) LoadState(ctx context.Context, merchantID, paymentID string) (postern.State, error) {
	var state postern.State
	err := s.Read(ctx, func(tx Tx) (err error) {
		state, err = loadState(s.brief(ctx), tx, merchantID, paymentID)
		return err
	})
	return state, err
}

// LoadStateByAttempt is LoadState for the payment of an attempt, in one snapshot as well.
func (s *Store) LoadStateByAttempt(ctx context.Context, merchantID, attemptID string) (postern.State, error) {
	var state postern.State
	err := s.Read(ctx, func(tx Tx) error {
		ctx := s.brief(ctx)
		a, err := one(ctx, tx, "LoadStateByAttempt", "attempt", scanAttempt, selectAttempt+" AND id = $2", merchantID, attemptID)
		if err != nil {
			return err
		}
		state, err = loadState(ctx, tx, merchantID, a.PaymentID)
		return err
	})
	return state, err
}

func loadState(ctx context.Context, tx Tx, merchantID, paymentID string) (state postern.State, err error) {
	const ofPayment = " AND payment_id = $2 ORDER BY id"
	if state.Payment, err = one(ctx, tx, "LoadState", "payment", scanPayment, selectPayment+" AND id = $2", merchantID, paymentID); err != nil {
		return postern.State{}, err
	}
	// Nobody asks for what cannot be there: a receipt belongs to an attempt and a surplus to a receipt, and most payments that are looked at wait for their buyer.
	if state.Attempts, err = many(ctx, tx, "LoadState", scanAttempt, selectAttempt+ofPayment, merchantID, paymentID); err != nil || len(state.Attempts) == 0 {
		return state, err
	}
	if state.Receipts, err = many(ctx, tx, "LoadState", scanReceipt, selectReceipt+ofPayment, merchantID, paymentID); err != nil || len(state.Receipts) == 0 {
		return state, err
	}
	if state.Surpluses, err = many(ctx, tx, "LoadState", scanSurplus, selectSurplus+ofPayment, merchantID, paymentID); err != nil {
		return postern.State{}, err
	}
	return state, nil
}
