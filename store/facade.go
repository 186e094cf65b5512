package store

import (
	"context"
	"time"

	"postern"
)

const (
	facadeAccountColumns = "merchant_id, id, version, provider, number, settings, former_channel_id, disabled_at, created_at"
	facadeKeyColumns     = "merchant_id, account_id, id, keys, public, not_before, not_after, retired_at, created_at"
	facadeOrderColumns   = "merchant_id, account_id, number, trade_no, payment_id, product, notify_url, return_url, token, fields, fingerprint, created_at"
	facadeRefundColumns  = "merchant_id, account_id, number, order_no, trade_no, payment_id, refund_id, notify_url, fields, created_at"
	facadeNoticeColumns  = "merchant_id, id, account_id, number, refund_no, tries, last_status, last_error, done_at, created_at, updated_at"

	selectFacadeOrder  = "SELECT " + facadeOrderColumns + " FROM facade_order WHERE merchant_id = $1"
	selectFacadeRefund = "SELECT " + facadeRefundColumns + " FROM facade_refund WHERE merchant_id = $1"
)

func scanFacadeAccount(r Row) (a postern.FacadeAccount, err error) {
	err = r.Scan(&a.MerchantID, &a.ID, &a.Version, &a.Provider, &a.Number, asJSON(&a.Settings), &a.FormerChannelID, at(&a.DisabledAt), at(&a.CreatedAt))
	return a, err
}

func scanFacadeKey(r Row) (k postern.FacadeKey, err error) {
	err = r.Scan(&k.MerchantID, &k.AccountID, &k.ID, asJSON(&k.Keys), asJSON(&k.Public), at(&k.NotBefore), at(&k.NotAfter), at(&k.RetiredAt), at(&k.CreatedAt))
	return k, err
}

func scanFacadeOrder(r Row) (o postern.FacadeOrder, err error) {
	err = r.Scan(&o.MerchantID, &o.AccountID, &o.Number, &o.TradeNo, &o.PaymentID, &o.Product, &o.NotifyURL, &o.ReturnURL, &o.Token, asJSON(&o.Fields), &o.Fingerprint, at(&o.CreatedAt))
	return o, err
}

func scanFacadeRefund(r Row) (o postern.FacadeRefund, err error) {
	err = r.Scan(&o.MerchantID, &o.AccountID, &o.Number, &o.OrderNo, &o.TradeNo, &o.PaymentID, &o.RefundID, &o.NotifyURL, asJSON(&o.Fields), at(&o.CreatedAt))
	return o, err
}

func scanFacadeNotice(r Row) (n postern.FacadeNotice, err error) {
	err = r.Scan(&n.MerchantID, &n.ID, &n.AccountID, &n.Number, &n.RefundNo, &n.Tries, &n.LastStatus, &n.LastError, at(&n.DoneAt), at(&n.CreatedAt), at(&n.UpdatedAt))
	return n, err
}

// SaveFacade inserts an account (Version 0) with its number, or changes its settings, former channel or end; with keys, if any, in the same transaction. A number
// that is taken is postern.CodeConflict.
func (s *Store) SaveFacade(ctx context.Context, a postern.FacadeAccount, keys ...postern.FacadeKey) error {
	return s.Write(ctx, func(tx Tx) error { return saveFacade(ctx, tx, &a, keys) })
}

// SaveFacadeAct is SaveFacade for the act of a person, with its audit row and, where an API request asked for it, that request's row in the same transaction; without an account
// only keys are saved.
func (s *Store) SaveFacadeAct(ctx context.Context, a *postern.FacadeAccount, keys []postern.FacadeKey, act postern.Audit, request *Request) error {
	return s.Write(ctx, func(tx Tx) error {
		if err := saveFacade(ctx, tx, a, keys); err != nil {
			return err
		}
		if request != nil {
			if err := finishRequest(ctx, tx, *request); err != nil {
				return err
			}
		}
		return insertAudit(ctx, tx, act)
	})
}

func saveFacade(ctx context.Context, tx Tx, a *postern.FacadeAccount, keys []postern.FacadeKey) error {
	if a != nil {
		if err := saveFacadeAccount(ctx, tx, *a); err != nil {
			return err
		}
	}
	return each(ctx, tx, keys, saveFacadeKey)
}

func saveFacadeAccount(ctx context.Context, tx Tx, a postern.FacadeAccount) error {
	settings, err := text(a.Settings)
	if err != nil {
		return err
	}
	if a.Version != 0 {
		return mustChange(ctx, tx, stale("account", a.ID), `UPDATE facade_account SET version = version + 1, settings = $4, former_channel_id = $5, disabled_at = $6
			WHERE merchant_id = $1 AND id = $2 AND version = $3`, a.MerchantID, a.ID, a.Version, settings, a.FormerChannelID, micros(a.DisabledAt))
	}
	_, err = tx.Exec(ctx, insertInto("facade_account", facadeAccountColumns), a.MerchantID, a.ID, 1, a.Provider, a.Number, settings, a.FormerChannelID, micros(a.DisabledAt), micros(a.CreatedAt))
	if err == nil {
		_, err = tx.Exec(ctx, "INSERT INTO facade_number (number, provider, merchant_id, account_id) VALUES ($1, $2, $3, $4)", a.Number, a.Provider, a.MerchantID, a.ID)
	}
	return err
}

func saveFacadeKey(ctx context.Context, tx Tx, k postern.FacadeKey) error {
	keys, err := text(k.Keys)
	if err != nil {
		return err
	}
	public, err := text(k.Public)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, insertInto("facade_key", facadeKeyColumns)+` ON CONFLICT (merchant_id, account_id, id) DO UPDATE SET not_after = excluded.not_after, retired_at = excluded.retired_at`,
		k.MerchantID, k.AccountID, k.ID, keys, public, micros(k.NotBefore), micros(k.NotAfter), micros(k.RetiredAt), micros(k.CreatedAt))
	return err
}

// SaveFacadeKey inserts a set of an account's keys, or ends one.
func (s *Store) SaveFacadeKey(ctx context.Context, k postern.FacadeKey) error {
	return s.Write(ctx, func(tx Tx) error { return saveFacadeKey(ctx, tx, k) })
}

// FacadeByNumber returns the account of a number at a provider's facade, or postern.CodeNotFound.
func (s *Store) FacadeByNumber(ctx context.Context, provider, number string) (postern.FacadeAccount, error) {
	type target struct{ merchant, account string }
	scan := func(r Row) (t target, err error) {
		err = r.Scan(&t.merchant, &t.account)
		return t, err
	}
	found, err := one(ctx, s.reader(), "FacadeByNumber", "account", scan, "SELECT merchant_id, account_id FROM facade_number WHERE number = $1 AND provider = $2", number, provider)
	if err != nil {
		return postern.FacadeAccount{}, err
	}
	return s.Facade(ctx, found.merchant, found.account)
}

// Facade returns one account, or postern.CodeNotFound.
func (s *Store) Facade(ctx context.Context, merchantID, id string) (postern.FacadeAccount, error) {
	return one(ctx, s.reader(), "Facade", "account", scanFacadeAccount, "SELECT "+facadeAccountColumns+" FROM facade_account WHERE merchant_id = $1 AND id = $2", merchantID, id)
}

// Facades lists a merchant's accounts, newest first; next is the id to go on after, "" at the end.
func (s *Store) Facades(ctx context.Context, merchantID string, page Page) (list []postern.FacadeAccount, next string, err error) {
	return paged(ctx, s.reader(), "Facades", page, func(a postern.FacadeAccount) string { return a.ID }, scanFacadeAccount, "SELECT "+facadeAccountColumns+" FROM facade_account WHERE merchant_id = $1", merchantID)
}

// FacadeKeys lists all of an account's key sets, newest first.
func (s *Store) FacadeKeys(ctx context.Context, merchantID, accountID string) ([]postern.FacadeKey, error) {
	return many(ctx, s.reader(), "FacadeKeys", scanFacadeKey, "SELECT "+facadeKeyColumns+" FROM facade_key WHERE merchant_id = $1 AND account_id = $2 ORDER BY not_before DESC, id DESC", merchantID, accountID)
}

// FacadeOrder returns the order of a merchant's number with its payment, in one consistent snapshot, or postern.CodeNotFound.
func (s *Store) FacadeOrder(ctx context.Context, merchantID, accountID, number string) (postern.FacadeOrder, postern.State, error) {
	return s.facadeOrder(ctx, "FacadeOrder", " AND account_id = $2 AND number = $3", merchantID, accountID, number)
}

// FacadeOrderByTrade is FacadeOrder by a transaction number of ours.
func (s *Store) FacadeOrderByTrade(ctx context.Context, merchantID, accountID, tradeNo string) (postern.FacadeOrder, postern.State, error) {
	return s.facadeOrder(ctx, "FacadeOrderByTrade", " AND account_id = $2 AND trade_no = $3", merchantID, accountID, tradeNo)
}

func (s *Store) facadeOrder(ctx context.Context, op, where, merchantID, accountID, number string) (order postern.FacadeOrder, state postern.State, err error) {
	err = s.Read(ctx, func(tx Tx) (err error) {
		ctx := s.brief(ctx)
		if order, err = one(ctx, tx, op, "order", scanFacadeOrder, selectFacadeOrder+where, merchantID, accountID, number); err == nil {
			state, err = loadState(ctx, tx, merchantID, order.PaymentID)
		}
		return err
	})
	return order, state, err
}

// FacadeOrderOf returns the order of a payment, or postern.CodeNotFound.
func (s *Store) FacadeOrderOf(ctx context.Context, merchantID, paymentID string) (postern.FacadeOrder, error) {
	return one(ctx, s.reader(), "FacadeOrderOf", "order", scanFacadeOrder, selectFacadeOrder+" AND payment_id = $2", merchantID, paymentID)
}

// FacadeReturn returns the order to which a buyer comes back from the cashier, or postern.CodeNotFound.
func (s *Store) FacadeReturn(ctx context.Context, token string) (postern.FacadeOrder, error) {
	type target struct{ merchant, payment string }
	scan := func(r Row) (t target, err error) {
		err = r.Scan(&t.merchant, &t.payment)
		return t, err
	}
	found, err := one(ctx, s.reader(), "FacadeReturn", "order", scan, "SELECT merchant_id, payment_id FROM facade_return WHERE token = $1", token)
	if err != nil {
		return postern.FacadeOrder{}, err
	}
	return s.FacadeOrderOf(ctx, found.merchant, found.payment)
}

// FacadeRefund returns a refund by the merchant's number: of one order, or of any when orderNo is empty (numbers of refunds are then unique by the provider's own
// rule). postern.CodeNotFound when there is none.
func (s *Store) FacadeRefund(ctx context.Context, merchantID, accountID, orderNo, number string) (postern.FacadeRefund, error) {
	query, args := selectFacadeRefund+" AND account_id = $2 AND number = $3", []any{merchantID, accountID, number}
	if orderNo != "" {
		query, args = query+" AND order_no = $4", append(args, orderNo)
	}
	return one(ctx, s.reader(), "FacadeRefund", "refund", scanFacadeRefund, query+" ORDER BY created_at LIMIT 1", args...)
}

// FacadeRefundOf returns the facade's side of a refund, or postern.CodeNotFound: the refund of a surplus has none.
func (s *Store) FacadeRefundOf(ctx context.Context, merchantID, refundID string) (postern.FacadeRefund, error) {
	return one(ctx, s.reader(), "FacadeRefundOf", "refund", scanFacadeRefund, selectFacadeRefund+" AND refund_id = $2", merchantID, refundID)
}

// FacadeRefunds lists the refunds of an order, oldest first.
func (s *Store) FacadeRefunds(ctx context.Context, merchantID, accountID, orderNo string) ([]postern.FacadeRefund, error) {
	return many(ctx, s.reader(), "FacadeRefunds", scanFacadeRefund, selectFacadeRefund+" AND account_id = $2 AND order_no = $3 ORDER BY created_at, number", merchantID, accountID, orderNo)
}

// FacadeDay lists, up to limit after a place, the payments of an account that were paid in a span and the refunds that were done in it, by id of receipt or refund.
// It returns payments' ids with the refund's, which is empty for the payment itself.
func (s *Store) FacadeDay(ctx context.Context, merchantID, accountID string, from, to time.Time, after string, limit int) ([]FacadeDayRow, error) {
	scan := func(r Row) (d FacadeDayRow, err error) {
		err = r.Scan(&d.At, &d.ID, &d.PaymentID, &d.RefundID)
		return d, err
	}
	return many(ctx, s.reader(), "FacadeDay", scan, `SELECT moment, id, payment_id, refund_id FROM (
		SELECT paid_at AS moment, id, payment_id, '' AS refund_id FROM receipt WHERE merchant_id = $1 AND taken_as = 'applied' AND paid_at >= $3 AND paid_at < $4
			AND payment_id IN (SELECT payment_id FROM facade_order WHERE merchant_id = $1 AND account_id = $2)
		UNION ALL
		SELECT updated_at AS moment, id, payment_id, id AS refund_id FROM refund WHERE merchant_id = $1 AND status = 'refunded' AND updated_at >= $3 AND updated_at < $4
			AND id IN (SELECT refund_id FROM facade_refund WHERE merchant_id = $1 AND account_id = $2)
		) lines WHERE id > $5 ORDER BY id LIMIT $6`, merchantID, accountID, micros(from), micros(to), after, limit)
}

// FacadeDayRow is one line of a day: a payment, or a refund of it. At is in microseconds.
type FacadeDayRow struct {
	At        int64
	ID        string
	PaymentID string
	RefundID  string
}

func saveFacadeOrder(ctx context.Context, tx Tx, o postern.FacadeOrder) error {
	fields, err := text(o.Fields)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertInto("facade_order", facadeOrderColumns), o.MerchantID, o.AccountID, o.Number, o.TradeNo, o.PaymentID, o.Product, o.NotifyURL, o.ReturnURL, o.Token, fields,
		o.Fingerprint, micros(o.CreatedAt)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO facade_return (token, merchant_id, payment_id) VALUES ($1, $2, $3)", o.Token, o.MerchantID, o.PaymentID)
	return err
}

func saveFacadeRefund(ctx context.Context, tx Tx, o postern.FacadeRefund) error {
	fields, err := text(o.Fields)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, insertInto("facade_refund", facadeRefundColumns), o.MerchantID, o.AccountID, o.Number, o.OrderNo, o.TradeNo, o.PaymentID, o.RefundID, o.NotifyURL, fields, micros(o.CreatedAt))
	return err
}

// saveFacadeNotice inserts a notice, or says how the last try went.
func saveFacadeNotice(ctx context.Context, tx Tx, n postern.FacadeNotice) error {
	_, err := tx.Exec(ctx, insertInto("facade_notice", facadeNoticeColumns)+` ON CONFLICT (merchant_id, id) DO UPDATE SET tries = excluded.tries, last_status = excluded.last_status,
		last_error = excluded.last_error, done_at = excluded.done_at, updated_at = excluded.updated_at`, n.MerchantID, n.ID, n.AccountID, n.Number, n.RefundNo, n.Tries, n.LastStatus, n.LastError,
		micros(n.DoneAt), micros(n.CreatedAt), micros(n.UpdatedAt))
	return err
}

// FacadeNotice returns one notice, or postern.CodeNotFound.
func (s *Store) FacadeNotice(ctx context.Context, merchantID, id string) (postern.FacadeNotice, error) {
	return one(ctx, s.reader(), "FacadeNotice", "notice", scanFacadeNotice, "SELECT "+facadeNoticeColumns+" FROM facade_notice WHERE merchant_id = $1 AND id = $2", merchantID, id)
}

// FacadeNotices lists a merchant's notices, newest first; next is the id to go on after, "" at the end.
func (s *Store) FacadeNotices(ctx context.Context, merchantID string, page Page) (list []postern.FacadeNotice, next string, err error) {
	return paged(ctx, s.reader(), "FacadeNotices", page, func(n postern.FacadeNotice) string { return n.ID }, scanFacadeNotice, "SELECT "+facadeNoticeColumns+" FROM facade_notice WHERE merchant_id = $1", merchantID)
}

// CountMissed counts a call that a facade does not have. Day is Beijing's, yyyymmdd.
func (s *Store) CountMissed(ctx context.Context, merchantID, accountID, what string, day int64) error {
	return s.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO facade_missed (merchant_id, account_id, what, day, times) VALUES ($1, $2, $3, $4, 1)
			ON CONFLICT (merchant_id, account_id, what, day) DO UPDATE SET times = facade_missed.times + 1`, merchantID, accountID, what, day)
		return err
	})
}

// Missed is how often a call that a facade does not have was made.
type Missed struct {
	AccountID string
	What      string
	Times     int64
	LastDay   int64
}

// MissedCalls lists what a merchant's code asked for since a day (yyyymmdd) and the facades do not have, the most frequent first, at most 100.
func (s *Store) MissedCalls(ctx context.Context, merchantID string, since int64) ([]Missed, error) {
	scan := func(r Row) (m Missed, err error) {
		err = r.Scan(&m.AccountID, &m.What, &m.Times, &m.LastDay)
		return m, err
	}
	return many(ctx, s.reader(), "MissedCalls", scan, `SELECT account_id, what, CAST(sum(times) AS BIGINT), max(day) FROM facade_missed WHERE merchant_id = $1 AND day >= $2
		GROUP BY account_id, what ORDER BY sum(times) DESC, what LIMIT 100`, merchantID, since)
}
