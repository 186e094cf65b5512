package store

import (
	"context"

	"postern"
)

const shareColumns = "merchant_id, id, version, payment_id, receipt_id, attempt_id, channel_id, reference, number, amount, given, currency, parts, is_last, description, " +
	"status, code, message, created_at, updated_at"

const selectShare = "SELECT " + shareColumns + " FROM share WHERE merchant_id = $1"

var insertShare = insertInto("share", shareColumns)

func scanShare(r Row) (postern.Share, error) {
	var v postern.Share
	err := r.Scan(&v.MerchantID, &v.ID, &v.Version, &v.PaymentID, &v.ReceiptID, &v.AttemptID, &v.ChannelID, &v.Reference, &v.Number, &v.Amount, &v.Given, &v.Currency,
		asJSON(&v.Parts), flag(&v.Last), &v.Text, &v.Status, &v.Code, &v.Message, at(&v.CreatedAt), at(&v.UpdatedAt))
	return v, err
}

// saveShare inserts or updates. Its number and parts never change, because the provider shares once per number.
func saveShare(ctx context.Context, tx Tx, v postern.Share) error {
	if v.Version > 0 {
		return mustChange(ctx, tx, stale("share", v.ID), `UPDATE share SET version = version + 1, status = $4, given = $5, code = $6, message = $7, updated_at = $8
			WHERE merchant_id = $1 AND id = $2 AND version = $3`, v.MerchantID, v.ID, v.Version, v.Status, v.Given, v.Code, v.Message, micros(v.UpdatedAt))
	}
	parts, err := text(v.Parts)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, insertShare, v.MerchantID, v.ID, 1, v.PaymentID, v.ReceiptID, v.AttemptID, v.ChannelID, v.Reference, v.Number, v.Amount, v.Given, v.Currency,
		parts, bit(v.Last), v.Text, v.Status, v.Code, v.Message, micros(v.CreatedAt), micros(v.UpdatedAt))
	return err
}

// shareReceipt is one conditional update, so that any number of shares at once cannot exceed what refunds leave of the receipt; no row is read first.
func shareReceipt(ctx context.Context, tx Tx, merchantID string, m postern.ReceiptMove) error {
	if m.Share < 0 || m.Unshare < 0 {
		return postern.E(postern.CodeInvalid, "store.Commit", "a receipt's move must not be negative")
	}
	n, err := tx.Exec(ctx, `UPDATE receipt SET shared = COALESCE(shared, 0) + $3 - $4
		WHERE merchant_id = $1 AND id = $2 AND COALESCE(shared, 0) >= $4 AND ($3 = 0 OR refund_reserved + refunded + COALESCE(shared, 0) + $3 <= amount)`,
		merchantID, m.ReceiptID, m.Share, m.Unshare)
	if err != nil || n == 1 {
		return err
	}
	receipt, err := one(ctx, tx, "Commit", "receipt", scanReceipt, selectReceipt+" AND id = $2", merchantID, m.ReceiptID)
	if err != nil {
		return err
	}
	if m.Share > receipt.Shareable() {
		return &postern.Error{Code: postern.CodeShareExceeds, Op: "store.Commit", Message: "the share is more than what is left of the receipt", ID: m.ReceiptID}
	}
	return stale("receipt", m.ReceiptID)
}

// Share returns one share, or postern.CodeNotFound.
func (s *Store) Share(ctx context.Context, merchantID, id string) (postern.Share, error) {
	return one(ctx, s.reader(), "Share", "share", scanShare, selectShare+" AND id = $2", merchantID, id)
}

// ShareByNumber returns the share with this number at the provider, or postern.CodeNotFound.
func (s *Store) ShareByNumber(ctx context.Context, merchantID, number string) (postern.Share, error) {
	return one(ctx, s.reader(), "ShareByNumber", "share", scanShare, selectShare+" AND number = $2", merchantID, number)
}

// ShareByReference returns the share of a payment with the merchant's own reference, or postern.CodeNotFound.
func (s *Store) ShareByReference(ctx context.Context, merchantID, paymentID, reference string) (postern.Share, error) {
	return one(ctx, s.reader(), "ShareByReference", "share", scanShare, selectShare+" AND payment_id = $2 AND reference = $3", merchantID, paymentID, reference)
}

// Shares lists newest first, of one payment or of all (""); next is the id to go on after, "" at the end.
func (s *Store) Shares(ctx context.Context, merchantID, paymentID string, page Page) (list []postern.Share, next string, err error) {
	id := func(v postern.Share) string { return v.ID }
	if paymentID == "" {
		return paged(ctx, s.reader(), "Shares", page, id, scanShare, selectShare, merchantID)
	}
	return paged(ctx, s.reader(), "Shares", page, id, scanShare, selectShare+" AND payment_id = $2", merchantID, paymentID)
}

// LastShare returns the share of a payment after which nothing is shared any more, unless it failed; or postern.CodeNotFound.
func (s *Store) LastShare(ctx context.Context, merchantID, paymentID string) (postern.Share, error) {
	return one(ctx, s.reader(), "LastShare", "share", scanShare, selectShare+" AND payment_id = $2 AND is_last = 1 AND status <> 'failed' ORDER BY id LIMIT 1", merchantID, paymentID)
}

// LoadShare reads a share with its receipt and its attempt in one consistent snapshot.
func (s *Store) LoadShare(ctx context.Context, merchantID, shareID string) (share postern.Share, receipt postern.Receipt, attempt postern.Attempt, err error) {
	const op = "LoadShare"
	err = s.Read(ctx, func(tx Tx) (err error) {
		if share, err = one(ctx, tx, op, "share", scanShare, selectShare+" AND id = $2", merchantID, shareID); err != nil {
			return err
		}
		if receipt, err = one(ctx, tx, op, "receipt", scanReceipt, selectReceipt+" AND id = $2", merchantID, share.ReceiptID); err != nil {
			return err
		}
		attempt, err = one(ctx, tx, op, "attempt", scanAttempt, selectAttempt+" AND id = $2", merchantID, share.AttemptID)
		return err
	})
	if err != nil {
		return postern.Share{}, postern.Receipt{}, postern.Attempt{}, err
	}
	return share, receipt, attempt, nil
}
