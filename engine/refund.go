package engine

import (
	"context"
	"errors"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
)

// RefundInput is what a merchant wants given back. Amount is in minor units; Reference is the merchant's own, unique per payment.
type RefundInput struct {
	Reference string
	Amount    int64
	Reason    string
	Request   *store.Request
}

const (
	maxReason = 80
	// refundAgain is when a refund whose outcome is not known is asked about again, at first.
	refundAgain = 15 * time.Second
)

// Refund reserves the amount on the payment's receipt and commits the refund with its job. N concurrent refunds can never exceed the receipt: the reservation
// is one conditional update, and CodeRefundExceeds its refusal.
func (e *Engine) Refund(ctx context.Context, merchantID, paymentID string, in RefundInput) (postern.Refund, error) {
	return e.refund(ctx, merchantID, paymentID, in, nil)
}

// refund is Refund with what else its commit changes.
func (e *Engine) refund(ctx context.Context, merchantID, paymentID string, in RefundInput, also func(*store.Change)) (postern.Refund, error) {
	state, err := e.Store.LoadState(ctx, merchantID, paymentID)
	if err != nil {
		return postern.Refund{}, err
	}
	if err := checkText("reference", in.Reference, 1, maxReference); err != nil {
		return postern.Refund{}, err
	}
	if err := checkText("reason", in.Reason, 0, maxReason); err != nil {
		return postern.Refund{}, err
	}
	if err := postern.CheckAmount(in.Amount, state.Payment.Currency); err != nil {
		return postern.Refund{}, err
	}
	receipt, ok := state.Applied()
	if !ok {
		return postern.Refund{}, postern.E(postern.CodeNothingToRefund, "engine.Refund", "the payment has received no money to give back")
	}
	channel, err := e.Store.Channel(ctx, merchantID, receipt.ChannelID)
	if err != nil {
		return postern.Refund{}, err
	}
	attempt, _ := state.Attempt(receipt.AttemptID)
	now := e.now()
	if err := e.mayRefund(ctx, channel, attempt, in.Amount, now); err != nil {
		return postern.Refund{}, err
	}
	r := postern.Refund{
		MerchantID: merchantID, ID: e.newID(postern.PrefixRefund), PaymentID: paymentID, ReceiptID: receipt.ID, AttemptID: receipt.AttemptID,
		ChannelID: receipt.ChannelID, Reference: in.Reference, Number: postern.NewNumber(now, e.Env.Rand), Amount: in.Amount, Currency: receipt.Currency,
		Reason: in.Reason, Status: postern.RefundReserved, CreatedAt: now, UpdatedAt: now,
	}
	change := store.Change{
		MerchantID: merchantID, At: now, Refunds: []postern.Refund{r}, Moves: []postern.ReceiptMove{{ReceiptID: receipt.ID, Reserve: r.Amount}},
		Jobs: []postern.Job{e.job(merchantID, postern.JobRefund, r.ID, now)},
	}
	if in.Request != nil {
		request := *in.Request
		request.ObjectID, request.Done = r.ID, true
		change.Request = &request
	}
	if also != nil {
		also(&change)
	}
	if err := e.commit(ctx, change); err != nil {
		return postern.Refund{}, e.explainRefund(ctx, r, err)
	}
	r.Version = 1
	return r, nil
}

// mayRefund asks the channel's permissions and the closures whether a new refund may begin. What was begun goes on, whatever they say.
func (e *Engine) mayRefund(ctx context.Context, c postern.Channel, a postern.Attempt, amount int64, now time.Time) error {
	refused := func(why, id string) error {
		return &postern.Error{Code: postern.CodeForbidden, Op: "engine.Refund", ID: id, Message: "the channel may not refund any more: " + why, Fix: "give the money back outside the provider and enter it as such: a second person confirms it"}
	}
	if allowed, p := c.Allows(postern.ActRefund, a.Product, now); !allowed {
		return refused(p.Note, "")
	}
	merchant, err := e.Store.Merchant(ctx, c.MerchantID)
	if err != nil {
		return err
	}
	closures, err := e.closures(ctx, merchant)
	if err != nil {
		return err
	}
	known := []postern.Channel{c}
	if err := e.Know(ctx, merchant, known, closures); err != nil {
		return err
	}
	asker := known[0].Asker(merchant.PartnerID, a.Product, a.Container, amount, now)
	if v := closures.May(postern.ActRefund, &asker, now); !v.Allowed {
		return refused(v.Because, v.Closure)
	}
	return nil
}

// explainRefund turns a conflict on the refund's reference into the refund that has it, and says which field asks for too much.
func (e *Engine) explainRefund(ctx context.Context, r postern.Refund, err error) error {
	if postern.CodeOf(err) == postern.CodeRefundExceeds {
		return &postern.Error{
			Code: postern.CodeRefundExceeds, Op: "engine.Refund", Field: "amount", ID: r.ReceiptID, Err: err,
			Message: "all refunds together may not exceed what was received", Fix: "read the payment with expand=story to see what is left",
		}
	}
	if postern.CodeOf(err) != postern.CodeConflict {
		return err
	}
	other, loadErr := e.Store.RefundByReference(ctx, r.MerchantID, r.PaymentID, r.Reference)
	if loadErr != nil {
		return err
	}
	return &postern.Error{Code: postern.CodeReferenceTaken, Op: "engine.Refund", Field: "reference", ID: other.ID, Message: "a refund of this payment has this reference", Fix: "read refund " + other.ID + ", or send a new reference"}
}

// refundTriggers reads a provider's word about a refund. What is not in it stays unknown and keeps its reservation.
var refundTriggers = map[provider.RefundState]string{
	provider.RefundDone: postern.OnRefunded, provider.RefundFailed: postern.OnFailed, provider.RefundStuck: postern.OnStuck, provider.RefundPending: postern.OnPending,
}

// applyRefund commits what a provider said about a refund. An amount other than ours is no outcome: it is alarmed and stays unknown.
func (e *Engine) applyRefund(ctx context.Context, merchantID, refundID string, answer provider.RefundResult, also func(*store.Change)) (postern.RefundState, error) {
	fact := postern.RefundFact{Trigger: refundTriggers[answer.State], Code: answer.Code, Message: answer.Message}
	if fact.Trigger == "" {
		fact.Trigger = postern.OnUnknown
	}
	row := e.exchange(merchantID, "", refundID, answer.Exchange)
	return e.applyRefundFact(ctx, merchantID, refundID, fact, func(s postern.RefundState, c *store.Change) {
		if answer.Exchange.Op != "" {
			row.AttemptID = s.Refund.AttemptID
			c.Exchanges = append(c.Exchanges, row)
		}
		if also != nil {
			also(c)
		}
	}, answer.Amount)
}

// applyRefundFact is load, apply, commit for one refund. Told is the amount that the provider named, if it did.
func (e *Engine) applyRefundFact(ctx context.Context, merchantID, refundID string, fact postern.RefundFact, also func(postern.RefundState, *store.Change), told ...int64) (postern.RefundState, error) {
	var last error
	for range maxTries {
		s, receipt, _, err := e.Store.LoadRefund(ctx, merchantID, refundID)
		if err != nil {
			return s, err
		}
		if s.Refund.Status == postern.RefundFailed && fact.Trigger == postern.OnRefunded && receipt.Refundable() < s.Refund.Amount {
			e.Log.ErrorContext(ctx, "a refund that failed reached the buyer, and its amount has been given away again", "refund", refundID, "receipt", receipt.ID,
				"amount", s.Refund.Amount, "left", receipt.Refundable())
			return s, &postern.Error{Code: postern.CodeRefundExceeds, Op: "engine.applyRefund", ID: refundID, Message: "the refund reached the buyer after all, and its amount is reserved or refunded anew", Fix: "look at the receipt's other refunds"}
		}
		if len(told) > 0 && told[0] != 0 && told[0] != s.Refund.Amount && fact.Trigger == postern.OnRefunded {
			e.Log.ErrorContext(ctx, "the provider refunded another amount", "refund", refundID, "asked", s.Refund.Amount, "told", told[0])
			fact = postern.RefundFact{Trigger: postern.OnUnknown, Code: "amount_differs", Message: "the provider names another amount; a person must look"}
		}
		if s.Refund.Status == postern.RefundRefunded && s.Refund.Outside() && fact.Trigger == postern.OnRefunded {
			e.Log.ErrorContext(ctx, "the provider says that it gave back what the merchant gave back itself: the buyer may have it twice", "refund", refundID, "amount", s.Refund.Amount)
		}
		next, effects, err := postern.ApplyRefund(s, fact, e.now())
		if err != nil {
			return s, err
		}
		payment, err := e.refundedPayment(ctx, next, effects)
		if err != nil {
			return s, err
		}
		change, err := e.change(merchantID, payment, effects)
		if err != nil {
			return s, err
		}
		if also != nil {
			also(next, &change)
		}
		if empty(change) {
			return next, nil
		}
		if last = e.commit(ctx, change); last == nil {
			next.Refund.Version++
			return next, nil
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			return s, last
		}
	}
	return postern.RefundState{}, postern.Wrap(postern.CodeConflict, "engine.applyRefund", last)
}

// refundedPayment loads the payment for the event's data, with this change's sums in it.
func (e *Engine) refundedPayment(ctx context.Context, s postern.RefundState, effects postern.Effects) (postern.State, error) {
	if len(effects.Tellings) == 0 {
		return postern.State{}, nil
	}
	payment, err := e.Store.LoadState(ctx, s.Refund.MerchantID, s.Refund.PaymentID)
	if err != nil {
		return payment, err
	}
	for _, m := range effects.Moves {
		for i := range payment.Receipts {
			if payment.Receipts[i].ID == m.ReceiptID {
				payment.Receipts[i].Refunded += m.Settle + m.Direct
			}
		}
	}
	for _, u := range effects.Surpluses {
		for i := range payment.Surpluses {
			if payment.Surpluses[i].ID == u.ID {
				payment.Surpluses[i] = u
			}
		}
	}
	return payment, nil
}

// applyRefundNotice settles a refund by the provider's own message.
func (e *Engine) applyRefundNotice(ctx context.Context, a postern.Attempt, notice provider.Notice, keyID string, message provider.Message) error {
	row := e.notification(a, message, OutcomeDuplicate, keyID, "refund "+string(notice.RefundState))
	refund, err := e.Store.RefundByNumber(ctx, a.MerchantID, notice.RefundNumber)
	if postern.CodeOf(err) == postern.CodeNotFound && err != nil && notice.RefundNumber == a.Number && !a.CloseRequestedAt.IsZero() {
		row.Detail = "of a reversal, which books itself" // its own answer, asked for until it comes, says what was taken
		return e.commit(ctx, store.Change{MerchantID: a.MerchantID, At: e.now(), Notifications: []store.Notification{row}})
	}
	if postern.CodeOf(err) == postern.CodeNotFound || err == nil && refund.AttemptID != a.ID {
		e.Log.ErrorContext(ctx, "verified notification of a refund that is not ours", "attempt", a.ID, "number", notice.RefundNumber)
		row.Outcome, row.Detail = OutcomeForeign, "no refund of ours has this number"
		return e.commit(ctx, store.Change{MerchantID: a.MerchantID, At: e.now(), Notifications: []store.Notification{row}})
	}
	if err != nil {
		return err
	}
	answer := provider.RefundResult{State: notice.RefundState, Code: notice.Code, Message: notice.Message, Amount: notice.RefundAmount}
	_, err = e.applyRefund(ctx, a.MerchantID, refund.ID, answer, func(c *store.Change) {
		row := row
		if len(c.Refunds) > 0 {
			row.Outcome = OutcomeApplied
		}
		c.Notifications = append(c.Notifications, row)
	})
	if postern.CodeOf(err) == postern.CodeRefundExceeds && err != nil {
		// Kept, and looked at again until the other reservation ends; the provider gets its failure answer, because nothing was booked.
		row.Outcome, row.Detail = OutcomeRejected, err.Error()
		kept := store.Change{MerchantID: a.MerchantID, At: e.now(), Notifications: []store.Notification{row}, Jobs: []postern.Job{e.job(a.MerchantID, postern.JobRefund, refund.ID, e.now().Add(refundAgain))}}
		err = errors.Join(err, e.commit(ctx, kept))
	}
	return err
}
