package engine

import (
	"context"

	"postern"
	"postern/provider"
)

// Evidence is what a bill proved that was not known before.
type Evidence struct {
	Payments int64 // money that was booked by the bill: no notification and no query had told of it
	Refunds  int64 // refunds whose outcome the bill settled
	Known    int64 // rows that said what was known
	Foreign  int64 // rows about no order of this merchant over this account
	Shares   int64 // rows of shares that were booked
	Doubtful int64 // rows of money given back that could not be booked: a refund has a hand on it, and a person must look
	Nameless int64 // rows of refunds without a number of ours, as a ledger of funds has them
}

// maxReversals bounds what is remembered of a bill: a day with more reversals than that is not one merchant's.
const maxReversals = 100_000

// ApplyStatement books what a whole bill proves: money taken for an attempt, whatever its state here says, refunds that went back, and parts that others got. It is the last word on what stayed
// unknown, and says nothing about what is not in it. A bill that is not whole changes nothing; applying it again changes nothing more. Each row is a commit of its own.
func (e *Engine) ApplyStatement(ctx context.Context, s *Statement) (Evidence, error) {
	var seen Evidence
	if s.State != provider.FetchDone {
		return seen, nil
	}
	channel, err := e.Store.Channel(ctx, s.query.MerchantID, s.query.ChannelID)
	if err != nil {
		return seen, err
	}
	reversed := map[string]int64{} // order numbers with what was given back under them: a reversal's refund has no number of its own
	if _, err := s.Each(func(l provider.StatementLine) error {
		if l.Kind == provider.LineRefund && l.Number != "" && (l.RefundNumber == "" || l.RefundNumber == l.Number) && len(reversed) < maxReversals {
			reversed[l.Number] = -l.Amount
		}
		return ctx.Err()
	}); err != nil {
		return seen, err // read whole before any row counts
	}
	shares := shareBill{e: e, channel: channel, nth: map[string]int{}}
	_, err = s.Each(func(l provider.StatementLine) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch l.Kind {
		case provider.LinePayment:
			return e.provePayment(ctx, channel, l, reversed[l.Number] == l.Amount && l.Amount > 0, &seen)
		case provider.LineRefund:
			return e.proveRefund(ctx, channel, l, &seen)
		case provider.LineShare:
			return shares.prove(ctx, l, &seen)
		}
		return nil
	})
	return seen, err
}

// provePayment books a row of money taken. Reversed says that the same bill gives it back whole.
func (e *Engine) provePayment(ctx context.Context, c postern.Channel, l provider.StatementLine, reversed bool, seen *Evidence) error {
	if l.Number == "" { // a ledger of funds names the provider's number only
		_, err := e.Store.ReceiptByTxn(ctx, c.MerchantID, c.CredentialSetID, l.TxnNo)
		if err == nil {
			seen.Known++
		} else if postern.CodeOf(err) == postern.CodeNotFound {
			seen.Foreign++
			err = nil
		}
		return err
	}
	a, err := e.Store.AttemptByNumber(ctx, c.MerchantID, l.Number)
	if postern.CodeOf(err) == postern.CodeNotFound && err != nil || err == nil && a.CredentialSetID != c.CredentialSetID || l.TxnNo == "" {
		seen.Foreign++
		return nil
	}
	if err != nil {
		return err
	}
	policy, err := e.surplusPolicy(ctx, a.MerchantID, provider.Paid)
	if err != nil {
		return err
	}
	money := e.moneyIDs()
	money.AttemptID, money.TxnNo, money.Amount, money.Currency, money.PaidAt, money.Policy, money.Reversed = a.ID, l.TxnNo, l.Amount, l.Currency, l.At, policy, reversed
	if reversed {
		money.RefundNumber = a.Number
	}
	before, whole := 0, false
	after, err := e.step(ctx, stepInput{
		op: "engine.ApplyStatement", merchantID: a.MerchantID, paymentID: a.PaymentID,
		decide: func(s postern.State) ([]postern.Fact, error) {
			before, whole = len(s.Receipts), returned(s, a.CredentialSetID, l.TxnNo)
			return []postern.Fact{money}, nil
		},
	})
	if err != nil {
		return err
	}
	if len(after.Receipts) > before {
		seen.Payments++
		e.Log.WarnContext(ctx, "a bill told of money that nothing else had told of", "attempt", a.ID, "txn", l.TxnNo, "amount", l.Amount)
		return nil
	}
	switch {
	case reversed && !e.givenBack(ctx, after, a.CredentialSetID, l.TxnNo):
		seen.Doubtful++
	case reversed && !whole:
		seen.Refunds++
	default:
		seen.Known++
	}
	return nil
}

// returned says that the books have a receipt as given back whole.
func returned(s postern.State, setID, txnNo string) bool {
	for _, r := range s.Receipts {
		if r.CredentialSetID == setID && r.TxnNo == txnNo {
			return r.Refunded == r.Amount
		}
	}
	return false
}

// proveRefund settles a refund that the bill shows. Rows of reversals are their payment's.
func (e *Engine) proveRefund(ctx context.Context, c postern.Channel, l provider.StatementLine, seen *Evidence) error {
	switch l.RefundNumber {
	case "":
		seen.Nameless++
		return nil
	case l.Number:
		seen.Known++
		return nil
	}
	r, err := e.Store.RefundByNumber(ctx, c.MerchantID, l.RefundNumber)
	if postern.CodeOf(err) == postern.CodeNotFound && err != nil || err == nil && r.ChannelID != c.ID {
		seen.Foreign++
		return nil
	}
	if err != nil {
		return err
	}
	// Of a stuck refund the row says what is known: that the money left. Whether it arrived the provider's own answer says, or two persons.
	if r.Status == postern.RefundRefunded || r.Status == postern.RefundStuck {
		seen.Known++
		return nil
	}
	after, err := e.applyRefundFact(ctx, r.MerchantID, r.ID, postern.RefundFact{Trigger: postern.OnRefunded, Message: "the bill shows it"}, nil, -l.Amount)
	if postern.CodeOf(err) == postern.CodeRefundExceeds && err != nil {
		return nil // alarmed: a person must look
	}
	if err == nil && after.Refund.Status == postern.RefundRefunded {
		seen.Refunds++
	}
	return err
}
