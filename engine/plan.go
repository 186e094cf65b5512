package engine

import (
	"context"
	"slices"
	"time"

	"postern"
	"postern/route"
	"postern/wall"
)

// ContainerAPI is the container of attempts that a merchant's own server starts: the merchant knows where its page is, so the wall is not asked.
const ContainerAPI = "api"

// WallReach is what the built-in wall map says for that moment.
func WallReach(providerCode, product string, buyer route.Buyer, now time.Time) route.Reach {
	return ReachOf(wall.ReachAt(providerCode, product, wall.Seen{Container: buyer.Container, OS: buyer.OS, Form: buyer.Form}, now))
}

// ReachOf is what the planner needs of a cell of the map.
func ReachOf(cell wall.Cell) route.Reach {
	return route.Reach{State: cell.State, Evidence: cell.Evidence, WayOut: cell.WayOut, Note: cell.Note}
}

// reach says what may be shown to this buyer.
func (e *Engine) reach(providerCode, product string, buyer route.Buyer, now time.Time) route.Reach {
	if buyer.Container == ContainerAPI {
		return route.Reach{State: route.Works, Evidence: wall.EvidencePractice, Note: "the merchant's server chose the product"}
	}
	return e.Reach(providerCode, product, buyer, now)
}

// Plan loads a snapshot of the merchant's channels and asks route for the ways to pay, best first, each with its reason.
func (e *Engine) Plan(ctx context.Context, payment postern.Payment, buyer route.Buyer, providerCode, product string) (route.Plan, error) {
	channels, err := e.Store.Channels(ctx, payment.MerchantID)
	if err != nil {
		return route.Plan{}, err
	}
	merchant, err := e.Store.Merchant(ctx, payment.MerchantID)
	if err != nil {
		return route.Plan{}, err
	}
	closures, err := e.Store.Closures(ctx, merchant.ID, merchant.PartnerID)
	if err != nil {
		return route.Plan{}, err
	}
	return route.Make(route.Input{
		Payment: payment, Buyer: buyer, Offers: e.Offers(channels, buyer, e.now()), Provider: providerCode, Product: product, Closures: closures, PartnerID: merchant.PartnerID, Now: e.now(),
	}), nil
}

// Offers lists every product of every channel that has a connector in this binary, with what the wall map holds of it at a moment.
func (e *Engine) Offers(channels []postern.Channel, buyer route.Buyer, now time.Time) []route.Offer {
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
				Channel: c, Product: code, Reach: e.reach(c.Provider, code, buyer, now), OwnWallet: slices.Contains(description.Wallets, buyer.Container),
				NeedsAuthCode: product.NeedsAuthCode, MinAmount: product.MinAmount, MaxAmount: product.MaxAmount, Currencies: product.Currencies,
			})
		}
	}
	return offers
}
