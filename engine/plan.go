package engine

import (
	"context"
	"slices"
	"time"

	"postern"
	"postern/route"
	"postern/store"
	"postern/wall"
)

// ContainerAPI is the container of attempts that a merchant's own server starts: the merchant knows where its page is, so the wall is not asked.
const ContainerAPI = "api"

// theWall is the map in force.
func (e *Engine) theWall() *wall.Map {
	if e.Wall == nil {
		return wall.Default()
	}
	return e.Wall()
}

// reach says what may be shown to this buyer: what the map says, moved by the merchant's own payments where the map does not know.
func (e *Engine) reach(m *wall.Map, seen *Seen, providerCode, product string, buyer route.Buyer, now time.Time) route.Reach {
	if buyer.Container == ContainerAPI {
		return route.Reach{State: route.Works, Evidence: wall.EvidencePractice, Note: "the merchant's server chose the product"}
	}
	place := wall.Seen{Container: buyer.Container, OS: buyer.OS, Form: buyer.Form}
	cell := seen.learn(m, m.ReachAt(providerCode, product, place, now), place, now)
	return route.Reach{State: cell.State, Evidence: cell.Evidence, WayOut: cell.WayOut, Note: cell.Note}
}

// exploreShare is how many of 10,000 payments try what was tried least.
const exploreShare = 200

// Plan loads a snapshot of the merchant's channels and asks route for the ways to pay, best first, each with its reason.
func (e *Engine) Plan(ctx context.Context, payment postern.Payment, buyer route.Buyer, providerCode, product string) (route.Plan, error) {
	stall, err := e.Stall(ctx, payment.MerchantID)
	if err != nil {
		return route.Plan{}, err
	}
	in := e.Input(stall, payment, buyer, e.now())
	in.Provider, in.Product = providerCode, product
	return e.Make(stall, in), nil
}

// Make asks route. Where that leaves the buyer nothing at all, and the app lets pages out, it looks whether the device's own browser would do: a gate that one
// app closes is no dead end.
func (e *Engine) Make(s Stall, in route.Input) route.Plan {
	plan := route.Make(in)
	if !plan.Stuck() || len(plan.Candidates) == 0 || in.Buyer.Container == ContainerAPI || e.theWall().Name(in.Buyer.Container).Exit == wall.ExitNone {
		return plan
	}
	out := in.Buyer
	out.Container = wall.BrowserOther
	in.Buyer, in.Offers = out, e.Offers(s, out, in.Now)
	return route.Outside(plan, route.Make(in))
}

// Stall is what a merchant has to offer: everything that a plan reads besides the payment and the buyer. It is loaded once for many plans by whoever asks what if.
type Stall struct {
	Merchant postern.Merchant
	Channels []postern.Channel
	Closures *postern.ClosureIndex
	Rules    *postern.RuleSet
	// Health is of the products that do not take all payments now.
	Health []postern.Health
	// Seen says how attempts went lately; nil says nothing.
	Seen *Seen
	// Used is what each channel with a quota has taken.
	Used map[string]store.Taken
}

// Stall loads what a merchant has to offer now.
func (e *Engine) Stall(ctx context.Context, merchantID string) (Stall, error) {
	var s Stall
	var err error
	if s.Merchant, err = e.Store.Merchant(ctx, merchantID); err != nil {
		return s, err
	}
	if s.Channels, err = e.Store.Channels(ctx, merchantID); err != nil {
		return s, err
	}
	if s.Health, err = e.Store.Ailing(ctx, merchantID); err != nil {
		return s, err
	}
	if s.Closures, err = e.closures(ctx, s.Merchant); err != nil {
		return s, err
	}
	if err = e.Know(ctx, s.Merchant, s.Channels, s.Closures); err != nil {
		return s, err
	}
	if s.Rules, err = e.rules(ctx, s.Merchant); err != nil {
		return s, err
	}
	if s.Seen, err = e.seen(ctx, merchantID); err != nil {
		return s, err
	}
	s.Used, err = e.used(ctx, s.Channels)
	return s, err
}

// Input is what route is asked for one payment and buyer at a moment.
func (e *Engine) Input(s Stall, payment postern.Payment, buyer route.Buyer, now time.Time) route.Input {
	return route.Input{
		Payment: payment, Buyer: buyer, Offers: e.Offers(s, buyer, now), Closures: s.Closures, PartnerID: s.Merchant.PartnerID, Rules: s.Rules, Explore: exploreShare, Now: now,
	}
}

// Offers lists every product of every channel that has a connector in this binary, with what the wall map holds of it at a moment.
func (e *Engine) Offers(s Stall, buyer route.Buyer, now time.Time) []route.Offer {
	n := 0
	for i := range s.Channels {
		n += len(s.Channels[i].Products)
	}
	offers, m := make([]route.Offer, 0, n), e.theWall()
	for i := range s.Channels {
		c := &s.Channels[i]
		connector, ok := e.Registry[c.Provider]
		if !ok {
			continue
		}
		description := connector.Describe()
		own, used := slices.Contains(description.Wallets, buyer.Container), s.Used[c.ID]
		for _, code := range c.Products {
			product, ok := description.Product(code)
			if !ok || buyer.Container != ContainerAPI && !product.OnPages() && !(product.NeedsAuthCode && buyer.HasCode) {
				continue
			}
			offers = append(offers, route.Offer{
				Channel: c, Product: code, Reach: e.reach(m, s.Seen, c.Provider, code, buyer, now), OwnWallet: own, NeedsAuthCode: product.NeedsAuthCode,
				NeedsPayer: product.NeedsPayer, MinAmount: product.MinAmount, MaxAmount: product.MaxAmount, Currencies: product.Currencies,
				Outcomes: s.Seen.of(c.Provider, code, buyer.Container), UsedDay: used.Day, UsedMonth: used.Month,
				Health: s.ailing(c.ID, code),
			})
		}
	}
	return offers
}

// ailing is what keeps a product from taking all payments; nil is nothing.
func (s *Stall) ailing(channelID, product string) *postern.Health {
	for i := range s.Health {
		if h := &s.Health[i]; h.ChannelID == channelID && h.Product == product {
			return h
		}
	}
	return nil
}
