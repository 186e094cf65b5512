package engine

import (
	"context"
	"time"

	"postern"
	"postern/store"
)

// Cancel asks for the payment's end. The state that it returns is canceled when nothing was live or all could be closed at once, and processing while a
// provider has yet to answer; CodeAlreadyPaid means that the money is there.
func (e *Engine) Cancel(ctx context.Context, merchantID, paymentID string) (postern.State, error) {
	ctx = context.WithoutCancel(ctx)
	state, err := e.step(ctx, stepInput{
		op: "engine.Cancel", merchantID: merchantID, paymentID: paymentID,
		decide: func(postern.State) ([]postern.Fact, error) { return []postern.Fact{postern.CancelWanted{}}, nil },
		also: func(s postern.State, c *store.Change) {
			if c.Payment == nil { // A repetition writes too, so that its answer does not rest on what may yet be lost.
				c.Payment = &s.Payment
			}
		},
	})
	if err != nil {
		return state, err
	}
	for _, a := range state.Live() {
		if state, _, err = e.closeOnce(ctx, a); err != nil {
			return state, err
		}
	}
	if state.Payment.Status == postern.PaymentPaid {
		return state, &postern.Error{Code: postern.CodeAlreadyPaid, Op: "engine.Cancel", Message: "the payment is paid; refund it instead", ID: paymentID}
	}
	return state, nil
}

// Expire is the job of a payment's deadline: it closes what is live, and the payment expires when nothing is.
func (e *Engine) Expire(ctx context.Context, merchantID, paymentID string) (time.Duration, error) {
	state, err := e.step(ctx, stepInput{
		op: "engine.Expire", merchantID: merchantID, paymentID: paymentID,
		decide: func(postern.State) ([]postern.Fact, error) { return []postern.Fact{postern.DeadlinePassed{}}, nil },
	})
	if err != nil {
		return 0, err
	}
	if early := state.Payment.ExpiresAt.Sub(e.now()); early > 0 {
		return early, nil
	}
	return 0, nil
}
