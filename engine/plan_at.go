package engine

import (
	"context"
	"slices"
	"time"

	"postern"
	"postern/route"
)

// PlanAt is the plan as it would have been at another moment, for looking only: by that moment's wall map, under the closures that held then, with the agreements
// that ran then, and without what was learned since. A shop whose agreement does not run at that moment is taken to sign or renew on that very day, where no
// closure withdraws just that: what a seller could do then is what the question is about. Nothing is started from it; a start asks Plan.
func (e *Engine) PlanAt(ctx context.Context, payment postern.Payment, buyer route.Buyer, at time.Time) (route.Plan, error) {
	s, err := e.Stall(ctx, payment.MerchantID)
	if err != nil {
		return route.Plan{}, err
	}
	s.Seen, s.Used, s.Channels = nil, nil, slices.Clone(s.Channels)
	for i := range s.Channels {
		s.Channels[i].Products = e.productsAt(s.Channels[i], at)
		s.Channels[i].Agreement = agreedBy(&s.Channels[i], s, buyer.Container, payment.Amount, at)
	}
	in := e.Input(s, payment, buyer, at)
	in.Explore = 0
	return e.Make(s, in), nil
}

// productsAt leaves out the products that were not there yet: what is unknown to the map would be offered.
func (e *Engine) productsAt(c postern.Channel, at time.Time) []string {
	young := map[string]bool{}
	for _, p := range e.theWall().Products() {
		young[p.Product] = young[p.Product] || p.Provider == c.Provider && at.Before(p.Since.Time()) && p.Since != 0
	}
	return slices.DeleteFunc(slices.Clone(c.Products), func(product string) bool { return young[product] })
}

// agreedBy is the channel's agreement with the term that could be signed or renewed on that day.
func agreedBy(c *postern.Channel, s Stall, container string, amount int64, at time.Time) postern.Agreement {
	agreement := c.Agreement
	if len(agreement.Terms) == 0 {
		return agreement // nobody recorded its paper: it counts as signed
	}
	if _, running := agreement.Term(at); running {
		return agreement
	}
	day := postern.Term{From: at, Until: at.Add(time.Second)}
	act, terms := postern.ActSign, []postern.Term{day}
	if !at.Before(agreement.SignedAt()) {
		act, terms = postern.ActRenew, append(slices.Clone(agreement.Terms), day)
	}
	open := slices.ContainsFunc(c.Products, func(product string) bool {
		asker := c.Asker(s.Merchant.PartnerID, product, container, amount, at)
		return s.Closures.May(act, &asker, at).Allowed
	})
	if open {
		agreement.Terms = terms
	}
	return agreement
}
