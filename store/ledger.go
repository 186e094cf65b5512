package store

import (
	"context"

	"postern/ledger"
)

const transactionColumns = "merchant_id, id, kind, payment_id, receipt_id, surplus_id, refund_id, created_at"

const selectTransaction = "SELECT " + transactionColumns + " FROM ledger_transaction WHERE merchant_id = $1"

var (
	insertTransaction = insertInto("ledger_transaction", transactionColumns)
	insertPosting     = insertInto("posting", "merchant_id, transaction_id, line, account, amount, currency")
)

func scanTransaction(r Row) (ledger.Transaction, error) {
	var t ledger.Transaction
	err := r.Scan(&t.MerchantID, &t.ID, &t.Kind, &t.PaymentID, &t.ReceiptID, &t.SurplusID, &t.RefundID, at(&t.CreatedAt))
	return t, err
}

// saveBooks inserts transactions and events; neither is ever changed or deleted.
func saveBooks(ctx context.Context, tx Tx, c Change) error {
	for _, t := range c.Transactions {
		_, err := tx.Exec(ctx, insertTransaction, t.MerchantID, t.ID, t.Kind, t.PaymentID, t.ReceiptID, t.SurplusID, t.RefundID, micros(t.CreatedAt))
		if err != nil {
			return err
		}
		for i, p := range t.Postings {
			if _, err := tx.Exec(ctx, insertPosting, t.MerchantID, t.ID, i+1, p.Account, p.Amount, p.Currency); err != nil {
				return err
			}
		}
	}
	if err := each(ctx, tx, c.ShareLines, insertShareLine); err != nil {
		return err
	}
	return each(ctx, tx, c.Events, insertEvent)
}

// Transactions returns the books of one payment in the order of their ids, with their postings.
func (s *Store) Transactions(ctx context.Context, merchantID, paymentID string) ([]ledger.Transaction, error) {
	return s.transactions(ctx, "Transactions", selectTransaction+" AND payment_id = $2 ORDER BY id", merchantID, paymentID)
}

// RecentTransactions returns the last transactions of a merchant, newest first.
func (s *Store) RecentTransactions(ctx context.Context, merchantID string, limit int) ([]ledger.Transaction, error) {
	return s.transactions(ctx, "RecentTransactions", selectTransaction+" ORDER BY id DESC LIMIT $2", merchantID, limit)
}

func (s *Store) transactions(ctx context.Context, op, query string, args ...any) ([]ledger.Transaction, error) {
	type line struct {
		transaction string
		posting     ledger.Posting
	}
	scanLine := func(r Row) (l line, err error) {
		err = r.Scan(&l.transaction, &l.posting.Account, &l.posting.Amount, &l.posting.Currency)
		return l, err
	}
	var list []ledger.Transaction
	err := s.Read(ctx, func(tx Tx) (err error) {
		if list, err = many(ctx, tx, op, scanTransaction, query, args...); err != nil {
			return err
		}
		for i, t := range list {
			lines, err := many(ctx, tx, op, scanLine, `SELECT transaction_id, account, amount, currency FROM posting
				WHERE merchant_id = $1 AND transaction_id = $2 ORDER BY line`, t.MerchantID, t.ID)
			if err != nil {
				return err
			}
			for _, l := range lines {
				list[i].Postings = append(list[i].Postings, l.posting)
			}
		}
		return nil
	})
	return list, err
}

// Balances sums a merchant's postings by account and currency, in minor units, debit positive.
func (s *Store) Balances(ctx context.Context, merchantID string) ([]ledger.Balance, error) {
	scan := func(r Row) (b ledger.Balance, err error) {
		err = r.Scan(&b.Account, &b.Currency, &b.Amount)
		return b, err
	}
	return many(ctx, s.reader(), "Balances", scan, `SELECT account, currency, CAST(SUM(amount) AS BIGINT) FROM posting WHERE merchant_id = $1
		GROUP BY account, currency ORDER BY account, currency`, merchantID)
}

// Imbalance is a transaction whose postings do not sum to zero. There is none unless somebody changed the database by hand.
type Imbalance struct {
	MerchantID    string
	TransactionID string
	Currency      string
	Amount        int64
}

// Imbalances checks the books of all merchants.
func (s *Store) Imbalances(ctx context.Context) ([]Imbalance, error) {
	scan := func(r Row) (i Imbalance, err error) {
		err = r.Scan(&i.MerchantID, &i.TransactionID, &i.Currency, &i.Amount)
		return i, err
	}
	return many(ctx, s.reader(), "Imbalances", scan, `SELECT merchant_id, transaction_id, currency, CAST(SUM(amount) AS BIGINT) FROM posting
		GROUP BY merchant_id, transaction_id, currency HAVING SUM(amount) <> 0 ORDER BY merchant_id, transaction_id, currency -- sweep`)
}
