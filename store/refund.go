package store

import (
	"context"
	"strings"
	"time"

	"postern"
	"postern/ledger"
)

const refundColumns = "merchant_id, id, version, payment_id, receipt_id, attempt_id, channel_id, surplus_id, reference, number, amount, currency, reason, status, " +
	"code, message, created_at, updated_at, way, bank, evidence, entered_by, entered_name, entered_at, second_by, second_name, saw, decided_at"

const selectRefund = "SELECT " + refundColumns + " FROM refund WHERE merchant_id = $1"

var insertRefund = insertInto("refund", refundColumns)

func scanRefund(r Row) (postern.Refund, error) {
	var v postern.Refund
	h := &v.Hand
	err := r.Scan(&v.MerchantID, &v.ID, &v.Version, &v.PaymentID, &v.ReceiptID, &v.AttemptID, &v.ChannelID, &v.SurplusID, &v.Reference, &v.Number, &v.Amount,
		&v.Currency, &v.Reason, &v.Status, &v.Code, &v.Message, at(&v.CreatedAt), at(&v.UpdatedAt), orEmpty((*string)(&h.Way)), orEmpty(&h.Bank), orEmpty(&h.Evidence),
		orEmpty(&h.By.ID), orEmpty(&h.By.Name), orNever(&h.At), orEmpty(&h.Second.ID), orEmpty(&h.Second.Name), orEmpty(&h.Saw), orNever(&h.DecidedAt))
	return v, err
}

// saveRefund inserts or updates. Its number and amount never change, because the provider refunds once per number.
func saveRefund(ctx context.Context, tx Tx, v postern.Refund) error {
	h := v.Hand
	if v.Version == 0 {
		_, err := tx.Exec(ctx, insertRefund, v.MerchantID, v.ID, 1, v.PaymentID, v.ReceiptID, v.AttemptID, v.ChannelID, v.SurplusID, v.Reference, v.Number,
			v.Amount, v.Currency, v.Reason, v.Status, v.Code, v.Message, micros(v.CreatedAt), micros(v.UpdatedAt),
			h.Way, h.Bank, h.Evidence, h.By.ID, h.By.Name, micros(h.At), h.Second.ID, h.Second.Name, h.Saw, micros(h.DecidedAt))
		return err
	}
	return mustChange(ctx, tx, stale("refund", v.ID), `UPDATE refund SET version = version + 1, status = $4, code = $5, message = $6, updated_at = $7,
		way = $8, bank = $9, evidence = $10, entered_by = $11, entered_name = $12, entered_at = $13, second_by = $14, second_name = $15, saw = $16, decided_at = $17
		WHERE merchant_id = $1 AND id = $2 AND version = $3`, v.MerchantID, v.ID, v.Version, v.Status, v.Code, v.Message, micros(v.UpdatedAt),
		h.Way, h.Bank, h.Evidence, h.By.ID, h.By.Name, micros(h.At), h.Second.ID, h.Second.Name, h.Saw, micros(h.DecidedAt))
}

// notOutside leaves out the refunds that no provider is asked for.
const notOutside = " AND COALESCE(way, '') <> 'outside'"

// awaitsSecond picks the refunds that wait for a second person; it stands as in the index.
const awaitsSecond = " AND way <> '' AND decided_at = 0"

// RefundsAwaiting lists the refunds that wait for a second person, newest first; next is the id to go on after, "" at the end.
func (s *Store) RefundsAwaiting(ctx context.Context, merchantID string, page Page) (list []postern.Refund, next string, err error) {
	return paged(ctx, s.reader(), "RefundsAwaiting", page, func(v postern.Refund) string { return v.ID }, scanRefund, selectRefund+awaitsSecond, merchantID)
}

// PaidByBank is what one of the merchant's own accounts gave back outside the providers, in minor units.
type PaidByBank struct {
	Bank     string
	Currency string
	Amount   int64
	Count    int64
}

// RefundsByBank adds up what was given back outside the providers in a period, by account and currency, from the books; a zero time is no bound.
func (s *Store) RefundsByBank(ctx context.Context, merchantID string, from, until time.Time) ([]PaidByBank, error) {
	scan := func(r Row) (v PaidByBank, err error) {
		err = r.Scan(&v.Bank, &v.Currency, &v.Amount, &v.Count)
		v.Bank = strings.TrimPrefix(v.Bank, ledger.Bank(""))
		return v, err
	}
	return many(ctx, s.reader(), "RefundsByBank", scan, `SELECT p.account, p.currency, CAST(SUM(-p.amount) AS BIGINT), COUNT(*)
		FROM (SELECT id FROM ledger_transaction WHERE merchant_id = $1`+inPeriod+` AND kind IN ('refund_outside', 'surplus_outside')) t
		JOIN posting p ON p.merchant_id = $1 AND p.transaction_id = t.id AND p.account LIKE 'bank:%' GROUP BY p.account, p.currency ORDER BY p.account, p.currency`, periodArgs(merchantID, from, until)...)
}

// Refund returns one refund, or postern.CodeNotFound.
func (s *Store) Refund(ctx context.Context, merchantID, id string) (postern.Refund, error) {
	return one(ctx, s.reader(), "Refund", "refund", scanRefund, selectRefund+" AND id = $2", merchantID, id)
}

// RefundByNumber returns the refund with this number at the provider, or postern.CodeNotFound.
func (s *Store) RefundByNumber(ctx context.Context, merchantID, number string) (postern.Refund, error) {
	return one(ctx, s.reader(), "RefundByNumber", "refund", scanRefund, selectRefund+" AND number = $2", merchantID, number)
}

// RefundByReference returns the refund of a payment with the merchant's own reference, or postern.CodeNotFound.
func (s *Store) RefundByReference(ctx context.Context, merchantID, paymentID, reference string) (postern.Refund, error) {
	return one(ctx, s.reader(), "RefundByReference", "refund", scanRefund, selectRefund+" AND payment_id = $2 AND reference = $3", merchantID, paymentID, reference)
}

// Refunds lists newest first, of one payment or of all (""); next is the id to go on after, "" at the end.
func (s *Store) Refunds(ctx context.Context, merchantID, paymentID string, page Page) (list []postern.Refund, next string, err error) {
	id := func(v postern.Refund) string { return v.ID }
	if paymentID == "" {
		return paged(ctx, s.reader(), "Refunds", page, id, scanRefund, selectRefund, merchantID)
	}
	return paged(ctx, s.reader(), "Refunds", page, id, scanRefund, selectRefund+" AND payment_id = $2", merchantID, paymentID)
}

// LoadRefund reads a refund with its surplus (where it gives one back), its receipt and its attempt in one consistent snapshot.
func (s *Store) LoadRefund(ctx context.Context, merchantID, refundID string) (state postern.RefundState, receipt postern.Receipt, attempt postern.Attempt, err error) {
	const op = "LoadRefund"
	err = s.Read(ctx, func(tx Tx) (err error) {
		if state.Refund, err = one(ctx, tx, op, "refund", scanRefund, selectRefund+" AND id = $2", merchantID, refundID); err != nil {
			return err
		}
		if receipt, err = one(ctx, tx, op, "receipt", scanReceipt, selectReceipt+" AND id = $2", merchantID, state.Refund.ReceiptID); err != nil {
			return err
		}
		if attempt, err = one(ctx, tx, op, "attempt", scanAttempt, selectAttempt+" AND id = $2", merchantID, state.Refund.AttemptID); err != nil {
			return err
		}
		if state.Refund.SurplusID == "" {
			return nil
		}
		surplus, err := one(ctx, tx, op, "surplus", scanSurplus, selectSurplus+" AND id = $2", merchantID, state.Refund.SurplusID)
		state.Surplus = &surplus
		return err
	})
	if err != nil {
		return postern.RefundState{}, postern.Receipt{}, postern.Attempt{}, err
	}
	return state, receipt, attempt, nil
}

// EarlierRefunds counts the refunds of an attempt that were asked for before this one and did not fail: providers bound how often they give back.
func (s *Store) EarlierRefunds(ctx context.Context, refund postern.Refund) (int, error) {
	scan := func(r Row) (n int, err error) {
		err = r.Scan(&n)
		return n, err
	}
	return one(ctx, s.reader(), "EarlierRefunds", "refund", scan, `SELECT COUNT(*) FROM refund WHERE merchant_id = $1 AND payment_id = $2 AND attempt_id = $3 AND id < $4
		AND status <> 'failed'`+notOutside, refund.MerchantID, refund.PaymentID, refund.AttemptID, refund.ID)
}

// RefundRef names a refund across merchants.
type RefundRef struct{ MerchantID, RefundID string }

// OpenRefunds names up to limit refunds of all merchants whose outcome is awaited and that were last changed before a time, oldest first; see LiveAttempts.
func (s *Store) OpenRefunds(ctx context.Context, before time.Time, limit int) ([]RefundRef, error) {
	scan := func(r Row) (ref RefundRef, err error) {
		err = r.Scan(&ref.MerchantID, &ref.RefundID)
		return ref, err
	}
	return many(ctx, s.reader(), "OpenRefunds", scan, `SELECT merchant_id, id FROM refund WHERE status IN ('reserved', 'sending', 'pending', 'unknown')
		AND updated_at < $1`+notOutside+` ORDER BY updated_at, merchant_id, id LIMIT $2 -- sweep`, micros(before), limit)
}
