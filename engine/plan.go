package engine

import (
	"context"
	"slices"

	"postern"
	"postern/route"
)

// Plan loads a snapshot of the merchant's channels and asks route for the ways to pay, best first, each with its reason.
func (e *Engine) Plan(ctx context.Context, payment postern.Payment, buyer route.Buyer, providerCode, product string) (route.Plan, error) {
	channels, err := e.Store.Channels(ctx, payment.MerchantID)
	if err != nil {
		return route.Plan{}, err
	}
	return route.Make(route.Input{Payment: payment, Buyer: buyer, Offers: e.offers(channels, buyer), Provider: providerCode, Product: product, Now: e.now()}), nil
}

// offers lists every product of every channel that has a connector in this binary.
func (e *Engine) offers(channels []postern.Channel, buyer route.Buyer) []route.Offer {
	now := e.now()
	var offers []route.Offer
	for _, c := range channels {
		connector, ok := e.Registry[c.Provider]
		if !ok {
			continue
		}
		description := connector.Describe()
		for _, code := range c.Products {
			product, ok := description.Product(code)
			if !ok {
				continue
			}
			offers = append(offers, route.Offer{
				Channel: c, Product: code, Reach: e.Reach(c.Provider, code, buyer, now), OwnWallet: slices.Contains(description.Wallets, buyer.Container),
				NeedsAuthCode: product.NeedsAuthCode, MinAmount: product.MinAmount, MaxAmount: product.MaxAmount, Currencies: product.Currencies,
			})
		}
	}
	return offers
}
