package engine

import (
	"context"

	"postern"
)

// AcceptSurplus takes a held surplus as sales.
func (e *Engine) AcceptSurplus(ctx context.Context, merchantID, surplusID string) (postern.Surplus, error) {
	return e.decideSurplus(ctx, merchantID, surplusID, postern.OnAccept)
}

// RefundSurplus gives a held surplus back.
func (e *Engine) RefundSurplus(ctx context.Context, merchantID, surplusID string) (postern.Surplus, error) {
	return e.decideSurplus(ctx, merchantID, surplusID, postern.OnGiveBack)
}

// DecideSurplus is AcceptSurplus (accept) or RefundSurplus by a person, with an audit row in the same commit.
func (e *Engine) DecideSurplus(ctx context.Context, by Actor, merchantID, surplusID string, accept bool) (postern.Surplus, error) {
	on, what := postern.OnGiveBack, "surplus.return"
	if accept {
		on, what = postern.OnAccept, "surplus.accept"
	}
	return e.decideSurplus(ctx, merchantID, surplusID, on, e.audit(by, merchantID, what, surplusID, ""))
}

func (e *Engine) decideSurplus(ctx context.Context, merchantID, surplusID, on string, acts ...postern.Audit) (postern.Surplus, error) {
	var last error
	for range maxTries {
		u, err := e.Store.Surplus(ctx, merchantID, surplusID)
		if err != nil {
			return u, err
		}
		state, err := e.Store.LoadState(ctx, merchantID, u.PaymentID)
		if err != nil {
			return u, err
		}
		effects, err := postern.DecideSurplus(u, on, e.surplusRefund(state, u), e.now())
		if err != nil {
			return u, err
		}
		for i := range state.Surpluses {
			if state.Surpluses[i].ID == u.ID {
				state.Surpluses[i] = effects.Surpluses[0]
			}
		}
		change, err := e.change(merchantID, state, effects)
		if err != nil {
			return u, err
		}
		change.Audits = acts
		if last = e.commit(ctx, change); last == nil {
			return effects.Surpluses[0], nil
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			return u, last
		}
	}
	return postern.Surplus{}, postern.Wrap(postern.CodeConflict, "engine.decideSurplus", last)
}

// surplusRefund prepares the refund that would give a surplus back. Its reference carries its own id, so that a second try after a failure is a new refund.
func (e *Engine) surplusRefund(s postern.State, u postern.Surplus) postern.Refund {
	now := e.now()
	r := postern.Refund{
		MerchantID: u.MerchantID, ID: e.newID(postern.PrefixRefund), PaymentID: u.PaymentID, ReceiptID: u.ReceiptID, ChannelID: u.ChannelID,
		Number: postern.NewNumber(now, e.Env.Rand), Reason: "surplus " + string(u.Reason), CreatedAt: now, UpdatedAt: now,
	}
	r.Reference = "surplus:" + r.ID
	for _, receipt := range s.Receipts {
		if receipt.ID == u.ReceiptID {
			r.AttemptID = receipt.AttemptID
		}
	}
	return r
}
