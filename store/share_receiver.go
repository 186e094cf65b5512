package store

import (
	"context"

	"postern"
)

const receiverColumns = "merchant_id, id, credential_set_id, kind, account, name, added_at, used_at"

const selectReceiver = "SELECT " + receiverColumns + " FROM share_receiver WHERE merchant_id = $1"

var upsertReceiver = insertInto("share_receiver", receiverColumns) + ` ON CONFLICT (merchant_id, id) DO UPDATE SET used_at = excluded.used_at, name = excluded.name,
	added_at = CASE WHEN share_receiver.name = excluded.name THEN share_receiver.added_at ELSE 0 END`

func scanReceiver(r Row) (postern.ShareReceiver, error) {
	var v postern.ShareReceiver
	err := r.Scan(&v.MerchantID, &v.ID, &v.CredentialSetID, &v.Kind, &v.Account, &v.Name, at(&v.AddedAt), at(&v.UsedAt))
	return v, err
}

// saveReceiver keeps who gets a part. One that is there already stays added, unless its name is another one now.
func saveReceiver(ctx context.Context, tx Tx, v postern.ShareReceiver) error {
	_, err := tx.Exec(ctx, upsertReceiver, v.MerchantID, v.ID, v.CredentialSetID, v.Kind, v.Account, v.Name, micros(v.AddedAt), micros(v.UsedAt))
	return err
}

// markReceiver says when the provider was told of a receiver; the zero time means that it must be told anew.
func markReceiver(ctx context.Context, tx Tx, v postern.ShareReceiver) error {
	_, err := tx.Exec(ctx, "UPDATE share_receiver SET added_at = $3 WHERE merchant_id = $1 AND id = $2 AND name = $4", v.MerchantID, v.ID, micros(v.AddedAt), v.Name)
	return err
}

// ShareReceiver returns who may get parts under an id, or postern.CodeNotFound when it was never known or was deleted by retention.
func (s *Store) ShareReceiver(ctx context.Context, merchantID, id string) (postern.ShareReceiver, error) {
	return one(ctx, s.reader(), "ShareReceiver", "receiver", scanReceiver, selectReceiver+" AND id = $2", merchantID, id)
}

const shareLineColumns = "merchant_id, credential_set_id, row_key, payment_id, receipt_id, channel_id, share_id, receiver_id, transaction_id, amount, currency, moved_at, created_at"

const selectShareLine = "SELECT " + shareLineColumns + " FROM share_line WHERE merchant_id = $1"

var insertShareLineSQL = insertInto("share_line", shareLineColumns)

func scanShareLine(r Row) (postern.ShareLine, error) {
	var v postern.ShareLine
	err := r.Scan(&v.MerchantID, &v.CredentialSetID, &v.Key, &v.PaymentID, &v.ReceiptID, &v.ChannelID, &v.ShareID, &v.ReceiverID, &v.TransactionID, &v.Amount, &v.Currency,
		at(&v.At), at(&v.CreatedAt))
	return v, err
}

// insertShareLine keeps a row of a bill; its key is unique, and nothing ever changes.
func insertShareLine(ctx context.Context, tx Tx, v postern.ShareLine) error {
	_, err := tx.Exec(ctx, insertShareLineSQL, v.MerchantID, v.CredentialSetID, v.Key, v.PaymentID, v.ReceiptID, v.ChannelID, v.ShareID, v.ReceiverID, v.TransactionID, v.Amount,
		v.Currency, micros(v.At), micros(v.CreatedAt))
	return err
}

// ShareLines returns the booked rows of bills about the shares of a payment, in the order in which the money moved.
func (s *Store) ShareLines(ctx context.Context, merchantID, paymentID string) ([]postern.ShareLine, error) {
	return many(ctx, s.reader(), "ShareLines", scanShareLine, selectShareLine+" AND payment_id = $2 ORDER BY moved_at, row_key", merchantID, paymentID)
}

// SharesOfPayment returns all shares of a payment, oldest first.
func (s *Store) SharesOfPayment(ctx context.Context, merchantID, paymentID string) ([]postern.Share, error) {
	return many(ctx, s.reader(), "SharesOfPayment", scanShare, selectShare+" AND payment_id = $2 ORDER BY id", merchantID, paymentID)
}
