package engine

import (
	"context"
	"slices"
	"time"

	"postern"
	"postern/route"
)

// PlanAt is the plan as it would have been at another moment, for looking only: by that moment's wall map, under the closures that held then, with the agreements
// that ran then. A shop whose agreement does not run at that moment is taken to sign or renew on that very day, where no closure withdraws just that: what a
// seller could do then is what the question is about. Nothing is started from it; a start asks Plan.
func (e *Engine) PlanAt(ctx context.Context, payment postern.Payment, buyer route.Buyer, at time.Time) (route.Plan, error) {
	merchant, err := e.Store.Merchant(ctx, payment.MerchantID)
	if err != nil {
		return route.Plan{}, err
	}
	channels, err := e.Store.Channels(ctx, merchant.ID)
	if err != nil {
		return route.Plan{}, err
	}
	closures, err := e.Store.Closures(ctx, merchant.ID, merchant.PartnerID)
	if err != nil {
		return route.Plan{}, err
	}
	for i := range channels {
		channels[i].Agreement = agreedBy(&channels[i], merchant.PartnerID, buyer.Container, payment.Amount, at, closures)
	}
	return route.Make(route.Input{
		Payment: payment, Buyer: buyer, Offers: e.Offers(channels, buyer, at), Closures: closures, PartnerID: merchant.PartnerID, Now: at,
	}), nil
}

// agreedBy is the channel's agreement with the term that could be signed or renewed on that day.
func agreedBy(c *postern.Channel, partnerID, container string, amount int64, at time.Time, closures []postern.Closure) postern.Agreement {
	agreement := c.Agreement
	if len(agreement.Terms) == 0 {
		return agreement // nobody recorded its paper: it counts as signed
	}
	if _, running := agreement.Term(at); running {
		return agreement
	}
	act, began := postern.ActSign, !at.Before(agreement.SignedAt())
	if began {
		act = postern.ActRenew
	}
	open := slices.ContainsFunc(c.Products, func(product string) bool {
		return postern.May(act, c.Asker(partnerID, product, container, amount, at), at, closures).Allowed
	})
	if !open {
		return agreement
	}
	day := postern.Term{From: at, Until: at.Add(time.Second)}
	if began {
		agreement.Terms = append(append([]postern.Term{}, agreement.Terms...), day)
		return agreement
	}
	agreement.Terms = []postern.Term{day}
	return agreement
}
