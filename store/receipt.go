package store

import (
	"context"

	"postern"
)

const receiptColumns = "merchant_id, id, payment_id, attempt_id, channel_id, credential_set_id, provider, txn_no, amount, currency, taken_as, refund_reserved, " +
	"refunded, paid_at, created_at"

const selectReceipt = "SELECT " + receiptColumns + " FROM receipt WHERE merchant_id = $1"

var insertReceiptSQL = insertInto("receipt", receiptColumns)

func scanReceipt(r Row) (postern.Receipt, error) {
	var v postern.Receipt
	err := r.Scan(&v.MerchantID, &v.ID, &v.PaymentID, &v.AttemptID, &v.ChannelID, &v.CredentialSetID, &v.Provider, &v.TxnNo, &v.Amount, &v.Currency, &v.Use,
		&v.RefundReserved, &v.Refunded, at(&v.PaidAt), at(&v.CreatedAt))
	return v, err
}

// insertReceipt books a fact; it is unique by the provider's transaction number, and nothing but its two counters ever changes.
func insertReceipt(ctx context.Context, tx Tx, v postern.Receipt) error {
	_, err := tx.Exec(ctx, insertReceiptSQL, v.MerchantID, v.ID, v.PaymentID, v.AttemptID, v.ChannelID, v.CredentialSetID, v.Provider, v.TxnNo, v.Amount,
		v.Currency, v.Use, v.RefundReserved, v.Refunded, micros(v.PaidAt), micros(v.CreatedAt))
	return err
}

// moveReceipt is one conditional update, so that any number of refunds at once cannot exceed the receipt; no row is read first.
func moveReceipt(ctx context.Context, tx Tx, merchantID string, m postern.ReceiptMove) error {
	if m.Reserve < 0 || m.Release < 0 || m.Settle < 0 || m.Direct < 0 {
		return postern.E(postern.CodeInvalid, "store.Commit", "a receipt's move must not be negative")
	}
	reserved, refunded := m.Reserve-m.Release-m.Settle, m.Settle+m.Direct
	n, err := tx.Exec(ctx, `UPDATE receipt SET refund_reserved = refund_reserved + $3, refunded = refunded + $4
		WHERE merchant_id = $1 AND id = $2 AND refund_reserved >= $5 AND refund_reserved + refunded + $6 <= amount`,
		merchantID, m.ReceiptID, reserved, refunded, m.Release+m.Settle, reserved+refunded)
	if err != nil || n == 1 {
		return err
	}
	receipt, err := one(ctx, tx, "Commit", "receipt", scanReceipt, selectReceipt+" AND id = $2", merchantID, m.ReceiptID)
	if err != nil {
		return err
	}
	if m.Reserve > receipt.Refundable() {
		return &postern.Error{Code: postern.CodeRefundExceeds, Op: "store.Commit", Message: "the refund is more than what is left of the receipt", ID: m.ReceiptID}
	}
	return stale("receipt", m.ReceiptID)
}

// ReceiptByTxn returns the receipt with a provider's transaction number over one account, or postern.CodeNotFound.
func (s *Store) ReceiptByTxn(ctx context.Context, merchantID, credentialSetID, txnNo string) (postern.Receipt, error) {
	return one(ctx, s.reader(), "ReceiptByTxn", "receipt", scanReceipt, selectReceipt+" AND credential_set_id = $2 AND txn_no = $3", merchantID, credentialSetID, txnNo)
}

// Receipt returns one receipt, or postern.CodeNotFound.
func (s *Store) Receipt(ctx context.Context, merchantID, id string) (postern.Receipt, error) {
	return one(ctx, s.reader(), "Receipt", "receipt", scanReceipt, selectReceipt+" AND id = $2", merchantID, id)
}
