package drill

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
	"postern/store"
)

// Question is: what if this closure held at this moment, for the orders that were paid since then?
type Question struct {
	Closure postern.Closure
	At      time.Time
	Since   time.Time
	// MerchantID limits the question to one merchant; empty asks for all.
	MerchantID string
}

// Replay plays the paid orders of the past as they would be planned at a moment with one closure more. Nothing is changed; orders stream by the page.
func Replay(ctx context.Context, e *engine.Engine, in Question) (Report, error) {
	if err := in.Closure.Check(); err != nil {
		return Report{}, err
	}
	d := driller{Engine: e, ctx: ctx, in: in, stalls: map[string]engine.Stall{}}
	report := Run(d.orders(), d.plan)
	return report, d.err
}

type driller struct {
	*engine.Engine
	ctx    context.Context
	in     Question
	stalls map[string]engine.Stall
	err    error
}

// orders streams the orders of every merchant in question. An error ends the stream and is kept.
func (d *driller) orders() iter.Seq[Order] {
	return func(yield func(Order) bool) {
		page := store.Page{Limit: 100}
		for {
			merchants, next, err := d.merchants(page)
			if err != nil {
				d.err = err
				return
			}
			for _, m := range merchants {
				if !d.ordersOf(m, yield) {
					return
				}
			}
			if next == "" {
				return
			}
			page.After = next
		}
	}
}

func (d *driller) merchants(page store.Page) ([]postern.Merchant, string, error) {
	if d.in.MerchantID == "" {
		return d.Store.Merchants(d.ctx, "", page)
	}
	m, err := d.Store.Merchant(d.ctx, d.in.MerchantID)
	return []postern.Merchant{m}, "", err
}

func (d *driller) ordersOf(m postern.Merchant, yield func(Order) bool) bool {
	if d.err = d.load(m); d.err != nil {
		return false
	}
	page := store.Page{Limit: 100}
	for {
		payments, next, err := d.Store.Payments(d.ctx, m.ID, page)
		if d.err = err; err != nil {
			return false
		}
		for _, p := range payments {
			if p.CreatedAt.Before(d.in.Since) {
				return true // Newest first: what follows is older still.
			}
			o, paid, err := d.order(p)
			if d.err = err; err != nil || paid && !yield(o) {
				return false
			}
		}
		if next == "" {
			return true
		}
		page.After = next
	}
}

// load reads what the merchant has to offer, once, with the closure in question.
func (d *driller) load(m postern.Merchant) error {
	s, err := d.Stall(d.ctx, m.ID)
	if err != nil {
		return err
	}
	s.Closures = postern.IndexClosures(append(slices.Clone(s.Closures.List()), d.in.Closure))
	d.stalls[m.ID] = s
	return nil
}

// order is a paid payment as the drill wants it, with the buyer's place as its plan noted it.
func (d *driller) order(p postern.Payment) (Order, bool, error) {
	if p.Status != postern.PaymentPaid {
		return Order{}, false, nil
	}
	state, err := d.Store.LoadState(d.ctx, p.MerchantID, p.ID)
	if err != nil {
		return Order{}, false, err
	}
	receipt, _ := state.Applied()
	a, _ := state.Attempt(receipt.AttemptID)
	var plan route.Plan
	if err := json.Unmarshal([]byte(a.Plan), &plan); err != nil {
		return Order{}, false, postern.Wrap(postern.CodeInternal, "drill.Replay", err)
	}
	return Order{MerchantID: p.MerchantID, Container: a.Container, OS: plan.OS, Form: plan.Form, Provider: a.Provider, Product: a.Product, Amount: p.Amount, Currency: p.Currency}, true, nil
}

// plan is what the checkout would offer the order's buyer at the moment in question.
func (d *driller) plan(o Order) route.Plan {
	s := d.stalls[o.MerchantID]
	buyer := route.Buyer{Container: o.Container, OS: o.OS, Form: o.Form}
	payment := postern.Payment{MerchantID: o.MerchantID, Amount: o.Amount, Currency: o.Currency, Live: s.Merchant.Live}
	return d.Make(s, d.Input(s, payment, buyer, d.in.At))
}
