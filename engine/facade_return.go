package engine

import (
	"context"

	"postern"
	"postern/provider"
	"postern/store"
)

// ReturnFaced says where the buyer of an order goes after it, for protocols whose merchants say so in the buyer's browser: the first address is kept. CodeInvalid for
// one that is none.
func (e *Engine) ReturnFaced(ctx context.Context, a postern.FacadeAccount, key provider.FaceKey, address string) (provider.FacedOrder, error) {
	order, err := e.FindFaced(ctx, a, key)
	if err != nil {
		return order, err
	}
	if err := checkReturnURL(address); err != nil {
		return order, err
	}
	_, err = e.step(ctx, stepInput{
		op: "engine.ReturnFaced", merchantID: a.MerchantID, paymentID: order.PaymentID, decide: func(postern.State) ([]postern.Fact, error) { return nil, nil },
		also: func(s postern.State, c *store.Change) {
			if s.Payment.ReturnURL == "" {
				s.Payment.ReturnURL = address
				c.Payment = &s.Payment
			}
		},
	})
	return order, err
}
