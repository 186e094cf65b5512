package store

import (
	"context"
	"time"
)

const exchangeColumns = "merchant_id, id, attempt_id, refund_id, op, status, request, response, error, created_at"

var insertExchangeSQL = insertInto("exchange", exchangeColumns)

func scanExchange(r Row) (Exchange, error) {
	var x Exchange
	err := r.Scan(&x.MerchantID, &x.ID, &x.AttemptID, &x.RefundID, &x.Op, &x.Status, &x.Request, &x.Response, &x.Error, at(&x.CreatedAt))
	return x, err
}

func insertExchange(ctx context.Context, tx Tx, x Exchange) error {
	_, err := tx.Exec(ctx, insertExchangeSQL, x.MerchantID, x.ID, x.AttemptID, x.RefundID, x.Op, x.Status, x.Request, x.Response, x.Error, micros(x.CreatedAt))
	return err
}

// Exchanges returns the calls made for an attempt and its refunds, in the order of their ids.
func (s *Store) Exchanges(ctx context.Context, merchantID, attemptID string) ([]Exchange, error) {
	return many(ctx, s.reader(), "Exchanges", scanExchange, "SELECT "+exchangeColumns+` FROM exchange
		WHERE merchant_id = $1 AND attempt_id = $2 ORDER BY id`, merchantID, attemptID)
}

const buyerColumns = "merchant_id, attempt_id, payer_id, client_ip, user_agent, created_at"

// saveBuyer replaces what was known of the attempt's buyer.
func saveBuyer(ctx context.Context, tx Tx, b Buyer) error {
	_, err := tx.Exec(ctx, insertInto("buyer", buyerColumns)+` ON CONFLICT (merchant_id, attempt_id) DO UPDATE SET payer_id = excluded.payer_id,
		client_ip = excluded.client_ip, user_agent = excluded.user_agent`, b.MerchantID, b.AttemptID, b.PayerID, b.ClientIP, b.UserAgent, micros(b.CreatedAt))
	return err
}

// Buyer returns who opened the page of an attempt, or postern.CodeNotFound when nothing is known or it was deleted by retention.
func (s *Store) Buyer(ctx context.Context, merchantID, attemptID string) (Buyer, error) {
	scan := func(r Row) (b Buyer, err error) {
		err = r.Scan(&b.MerchantID, &b.AttemptID, &b.PayerID, &b.ClientIP, &b.UserAgent, at(&b.CreatedAt))
		return b, err
	}
	return one(ctx, s.reader(), "Buyer", "buyer", scan, "SELECT "+buyerColumns+" FROM buyer WHERE merchant_id = $1 AND attempt_id = $2", merchantID, attemptID)
}

// Forget deletes a merchant's (or a partner's) raw messages, exchanges, buyers (of orders too) and receivers of shares from before personal, and its finished idempotency keys from before requests. Money rows stay.
func (s *Store) Forget(ctx context.Context, merchantID string, personal, requests time.Time) (deleted int64, err error) {
	err = s.Write(ctx, func(tx Tx) error {
		deleted = 0
		for _, table := range []string{"notification", "exchange", "buyer", "order_buyer"} {
			n, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE merchant_id = $1 AND created_at < $2", merchantID, micros(personal))
			if err != nil {
				return err
			}
			deleted += n
		}
		n, err := tx.Exec(ctx, "DELETE FROM account_notice WHERE owner_id = $1 AND created_at < $2", merchantID, micros(personal))
		if err != nil {
			return err
		}
		deleted += n
		n, err = tx.Exec(ctx, "DELETE FROM share_receiver WHERE merchant_id = $1 AND used_at < $2", merchantID, micros(personal))
		if err != nil {
			return err
		}
		deleted += n
		n, err = tx.Exec(ctx, "DELETE FROM api_request WHERE merchant_id = $1 AND created_at < $2", merchantID, micros(requests))
		deleted += n
		return err
	})
	return deleted, err
}
