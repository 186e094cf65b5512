package engine

import (
	"cmp"
	"context"
	"strings"
	"time"

	"postern"
	"postern/store"
)

const (
	maxEvidence = 200
	maxBank     = 40
)

// OutsideInput is a refund that the merchant made itself, because the provider cannot or will not: by bank transfer or in cash. Amount is in minor units and not asked for a surplus, which goes back
// whole; Bank names the merchant's own account that paid ("" for one without a name), and Evidence is what a second person can look up, such as the bank's number of the transfer.
type OutsideInput struct {
	Reference string
	Amount    int64
	SurplusID string
	Reason    string
	Bank      string
	Evidence  string
	Request   *store.Request
}

// personOf is who acts, as a refund names them. The operator has no id, whichever of the names for it an actor carries.
func personOf(by Actor) postern.Person { return postern.Person{ID: by.StaffID, Name: by.Who} }

// handOf checks what a first person says.
func (e *Engine) handOf(by Actor, way postern.Way, bank, evidence string) (postern.Hand, error) {
	bank, evidence = strings.TrimSpace(bank), strings.TrimSpace(evidence)
	if err := checkText("evidence", evidence, 1, maxEvidence); err != nil {
		return postern.Hand{}, err
	}
	if err := checkText("bank", bank, 0, maxBank); err != nil {
		return postern.Hand{}, err
	}
	h := postern.Hand{Way: way, Evidence: evidence, By: personOf(by), At: e.now()}
	if way == postern.WayOutside {
		h.Bank = cmp.Or(bank, postern.DefaultBank)
	}
	return h, nil
}

// RefundOutside records what one person says the merchant gave back outside the provider, and reserves the amount on the receipt as every refund does. It is never sent: it waits until a second
// person agrees (AgreeRefund) or it is refused or taken back (RefuseRefund). The channel is not asked: it may be retired.
func (e *Engine) RefundOutside(ctx context.Context, by Actor, merchantID, paymentID string, in OutsideInput) (postern.Refund, error) {
	h, err := e.handOf(by, postern.WayOutside, in.Bank, in.Evidence)
	if err == nil {
		err = checkText("reference", in.Reference, 1, maxReference)
	}
	if err == nil {
		err = checkText("reason", in.Reason, 0, maxReason)
	}
	if err != nil {
		return postern.Refund{}, err
	}
	var last error
	for range maxTries {
		state, err := e.Store.LoadState(ctx, merchantID, paymentID)
		if err != nil {
			return postern.Refund{}, err
		}
		r, effects, err := e.outside(state, in, h)
		if err != nil {
			return postern.Refund{}, err
		}
		change, err := e.change(merchantID, state, effects)
		if err != nil {
			return postern.Refund{}, err
		}
		change.Request = doneWith(in.Request, r.ID)
		change.Audits = []postern.Audit{e.audit(by, merchantID, "refund.outside", r.ID, postern.FormatMoney(r.Amount, r.Currency)+" "+h.Bank+" "+h.Evidence)}
		if last = e.commit(ctx, change); last == nil {
			r.Version = 1
			return r, nil
		}
		if last = e.explainRefund(ctx, r, last); postern.CodeOf(last) != postern.CodeConflict {
			return postern.Refund{}, last
		}
	}
	return postern.Refund{}, last
}

// outside makes the refund of the applied receipt, or of a surplus, with what its reservation changes.
func (e *Engine) outside(state postern.State, in OutsideInput, h postern.Hand) (postern.Refund, postern.Effects, error) {
	now, none := e.now(), postern.Effects{}
	if in.SurplusID != "" {
		for _, u := range state.Surpluses {
			if u.ID != in.SurplusID {
				continue
			}
			r := e.surplusRefund(state, u)
			r.Reference, r.Reason, r.Hand = in.Reference, cmp.Or(in.Reason, r.Reason), h
			effects, err := postern.DecideSurplus(u, postern.OnGiveBack, r, now)
			if err != nil {
				return r, none, err
			}
			return effects.Refunds[0], effects, nil
		}
		return postern.Refund{}, none, &postern.Error{Code: postern.CodeNotFound, Op: "engine.RefundOutside", Field: "surplus_id", Message: "the payment has no such surplus"}
	}
	if err := postern.CheckAmount(in.Amount, state.Payment.Currency); err != nil {
		return postern.Refund{}, none, err
	}
	receipt, ok := state.Applied()
	if !ok {
		return postern.Refund{}, none, postern.E(postern.CodeNothingToRefund, "engine.RefundOutside", "the payment has received no money to give back")
	}
	r := postern.Refund{
		MerchantID: receipt.MerchantID, ID: e.newID(postern.PrefixRefund), PaymentID: receipt.PaymentID, ReceiptID: receipt.ID, AttemptID: receipt.AttemptID, ChannelID: receipt.ChannelID,
		Reference: in.Reference, Number: postern.NewNumber(now, e.Env.Rand), Amount: in.Amount, Currency: receipt.Currency, Reason: in.Reason, Status: postern.RefundReserved, Hand: h, CreatedAt: now, UpdatedAt: now,
	}
	return r, postern.Effects{Refunds: []postern.Refund{r}, Moves: []postern.ReceiptMove{{ReceiptID: receipt.ID, Reserve: r.Amount}}}, nil
}

// StuckInput is what one person says became of a stuck refund. Way is reached (the provider brought it to the buyer after all) or outside (it came back, and the merchant paid the buyer from Bank).
type StuckInput struct {
	Way      postern.Way
	Bank     string
	Evidence string
	Request  *store.Request
}

// ResolveRefund records what one person says became of a stuck refund. It stays stuck and reserved until a second one agrees; a provider's word that comes before ends the wait.
func (e *Engine) ResolveRefund(ctx context.Context, by Actor, merchantID, refundID string, in StuckInput) (postern.Refund, error) {
	if in.Way != postern.WayOutside && in.Way != postern.WayReached {
		return postern.Refund{}, postern.Invalid("way", postern.CodeInvalid, "there is no such way", "send reached or outside")
	}
	h, err := e.handOf(by, in.Way, in.Bank, in.Evidence)
	if err != nil {
		return postern.Refund{}, err
	}
	return e.handRefund(ctx, merchantID, refundID, in.Request, e.audit(by, merchantID, "refund.resolve", refundID, strings.Join([]string{string(h.Way), h.Bank, h.Evidence}, " ")),
		func(s postern.RefundState) (postern.RefundState, postern.Effects, error) {
			r, err := postern.ResolveStuck(s.Refund, h, e.now())
			return postern.RefundState{Refund: r, Surplus: s.Surplus}, postern.Effects{Refunds: []postern.Refund{r}}, err
		})
}

// AgreeRefund is the second person's word that a refund ended as the first one said: it is refunded and booked. Saw is what that person looked at. CodeForbidden when it is the same person, or an API
// key that was made after the first person spoke: whoever has one key can make another.
func (e *Engine) AgreeRefund(ctx context.Context, by Actor, merchantID, refundID, saw string, request *store.Request) (postern.Refund, error) {
	return e.decideRefund(ctx, by, merchantID, refundID, true, saw, request)
}

// RefuseRefund ends what one person said of a refund, by a second one or by that person: what was reserved is free again, what was stuck stays stuck.
func (e *Engine) RefuseRefund(ctx context.Context, by Actor, merchantID, refundID, why string, request *store.Request) (postern.Refund, error) {
	return e.decideRefund(ctx, by, merchantID, refundID, false, why, request)
}

func (e *Engine) decideRefund(ctx context.Context, by Actor, merchantID, refundID string, agree bool, said string, request *store.Request) (postern.Refund, error) {
	field, act := "saw", "refund.agree"
	if !agree {
		field, act = "reason", "refund.refuse"
	}
	said = strings.TrimSpace(said)
	if err := checkText(field, said, 1, maxEvidence); err != nil {
		return postern.Refund{}, err
	}
	since, err := e.keySince(ctx, by)
	if err != nil {
		return postern.Refund{}, err
	}
	return e.handRefund(ctx, merchantID, refundID, request, e.audit(by, merchantID, act, refundID, said), func(s postern.RefundState) (postern.RefundState, postern.Effects, error) {
		if agree && since.After(s.Refund.Hand.At) {
			return s, postern.Effects{}, &postern.Error{Code: postern.CodeForbidden, Op: "engine.AgreeRefund", Message: "the key is younger than what it would confirm", Fix: "let a person or a key confirm it that was there before", ID: refundID}
		}
		return postern.DecideHand(s, personOf(by), agree, said, e.now())
	})
}

// keySince is when the actor's API key was made; zero for people.
func (e *Engine) keySince(ctx context.Context, by Actor) (time.Time, error) {
	if !strings.HasPrefix(by.StaffID, postern.PrefixKey) {
		return time.Time{}, nil
	}
	keys, err := e.Store.Keys(ctx, by.StaffOwnerID)
	for _, k := range keys {
		if k.ID == by.StaffID {
			return k.CreatedAt, err
		}
	}
	return e.now(), err // a key that is not there is younger than everything
}

// handRefund is load, decide, commit for what a person says of a refund. When it ends refunded, the order that it paid is answered.
func (e *Engine) handRefund(ctx context.Context, merchantID, refundID string, request *store.Request, act postern.Audit, decide func(postern.RefundState) (postern.RefundState, postern.Effects, error)) (postern.Refund, error) {
	var last error
	for range maxTries {
		s, _, _, err := e.Store.LoadRefund(ctx, merchantID, refundID)
		if err != nil {
			return s.Refund, err
		}
		next, effects, err := decide(s)
		if err != nil {
			return s.Refund, err
		}
		payment, err := e.refundedPayment(ctx, next, effects)
		if err != nil {
			return s.Refund, err
		}
		change, err := e.change(merchantID, payment, effects)
		if err != nil {
			return s.Refund, err
		}
		change.Audits, change.Request = []postern.Audit{act}, doneWith(request, refundID)
		if id := payment.Payment.OrderID; id != "" && next.Refund.Status == postern.RefundRefunded && next.Refund.SurplusID == "" {
			if change.Orders, err = e.answered(ctx, merchantID, id); err != nil {
				return s.Refund, err
			}
		}
		if last = e.commit(ctx, change); last == nil {
			next.Refund.Version++
			return next.Refund, nil
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			return s.Refund, last
		}
	}
	return postern.Refund{}, postern.Wrap(postern.CodeConflict, "engine.handRefund", last)
}

// answered is an order whose money went back, unless it says so already.
func (e *Engine) answered(ctx context.Context, merchantID, orderID string) ([]postern.Order, error) {
	o, err := e.Store.Order(ctx, merchantID, orderID)
	if err != nil || o.Ask == postern.AskGiven {
		return nil, err
	}
	o.Ask, o.AnsweredAt, o.UpdatedAt = postern.AskGiven, e.now(), e.now()
	return []postern.Order{o}, nil
}
