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

// FacedReturn is where a buyer goes who comes back from the cashier of an order: the merchant's own address with what the provider adds to it. CodeNotFound for a
// token that is none.
func (e *Engine) FacedReturn(ctx context.Context, token string) (string, error) {
	order, err := e.Store.FacadeReturn(ctx, token)
	if err != nil {
		return "", err
	}
	account, err := e.Store.Facade(ctx, order.MerchantID, order.AccountID)
	if err != nil {
		return "", err
	}
	faced, err := e.Faced(account.Provider)
	if err != nil {
		return "", err
	}
	face, err := e.FaceAccount(ctx, account)
	if err != nil {
		return "", err
	}
	found, err := e.FindFaced(ctx, account, provider.FaceKey{Number: order.Number})
	if err != nil {
		return "", err
	}
	if found.ReturnURL == "" {
		return "", postern.E(postern.CodeNotFound, "engine.FacedReturn", "the order says nowhere to go")
	}
	return faced.ReturnURL(face, found, e.now())
}
