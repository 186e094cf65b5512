package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
	"postern/store"
)

// Question is: what if this changed, for the orders that were paid in this span?
type Question struct {
	Change Change
	// At is the moment as of which orders are planned. Onward keeps their distances in time instead: what was paid at Since is planned as of At, and what came a week
	// later a week later, to the hour, so that contracts and closures that begin or end on the way are met on their day.
	At     time.Time
	Onward bool
	// Since (inclusive) and Until (exclusive; zero: now) bound the orders.
	Since, Until time.Time
	// Merchants limits the question to these, PartnerID to a partner's; empty asks for all. Live and Test limit it to one mode.
	Merchants []string
	PartnerID string
	Mode      Mode
	// Currency is the one that is added up; empty is CNY. Orders in another are counted and left out.
	Currency string
	// MaxRows ends the drill after so many payments, paid or not; zero is no bound.
	MaxRows int64
	// Alone plans every order by itself. The answer is the same; tests ask both ways.
	Alone bool
	// Progress hears of the orders that were judged.
	Progress func(orders int64)
}

// Mode limits a drill to test or to live merchants.
type Mode string

// Modes.
const (
	AnyMode  Mode = ""
	TestMode Mode = "test"
	LiveMode Mode = "live"
)

// Replay plays the paid orders of the past as they would be planned after a change. Nothing is changed; orders stream by the page.
func Replay(ctx context.Context, e *engine.Engine, in Question) (Report, error) {
	if err := in.Change.check(); err != nil {
		return Report{}, err
	}
	if in.Currency == "" {
		in.Currency = "CNY"
	}
	d := &driller{Engine: e, what: in.Change.engine(e), ctx: ctx, in: in}
	report := Run(d.orders(), d.judge)
	report.Currency, report.OtherCurrency, report.Cut = in.Currency, d.other, d.cut
	report.Notes = append(report.Notes, noteNoExploring)
	if d.ailing {
		report.Notes = append(report.Notes, noteHealth)
	}
	if d.quotas {
		report.Notes = append(report.Notes, noteQuota)
	}
	return report, d.err
}

// What every reader of a report must know.
const (
	noteNoExploring = "Planned without exploring: the few payments that try what was tried least are left out."
	noteHealth      = "What is suspended at this hour, by observation, counts as open: a drill asks about another."
	noteQuota       = "Quotas are used up by the drill's own orders, from empty."
)

type driller struct {
	*engine.Engine
	// what is the engine of the world after the change: it only makes offers.
	what   *engine.Engine
	ctx    context.Context
	in     Question
	shared *shared
	merch  postern.Merchant
	taken  taking
	rows   int64
	count  int64
	other  int64
	cut    bool
	quotas bool
	ailing bool
	err    error
}

// orders streams the orders of every merchant in question. An error ends the stream and is kept.
func (d *driller) orders() iter.Seq[Order] {
	return func(yield func(Order) bool) {
		page := store.Page{Limit: 100}
		for {
			merchants, next, err := d.merchants(page)
			if d.err = err; err != nil {
				return
			}
			for _, m := range merchants {
				if d.in.Mode != AnyMode && m.Live != (d.in.Mode == LiveMode) {
					continue
				}
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
	if len(d.in.Merchants) == 0 {
		return d.Store.Merchants(d.ctx, d.in.PartnerID, page)
	}
	var list []postern.Merchant
	for _, id := range d.in.Merchants {
		m, err := d.Store.Merchant(d.ctx, id)
		if err != nil {
			return nil, "", err
		}
		list = append(list, m)
	}
	return list, "", nil
}

func (d *driller) ordersOf(m postern.Merchant, yield func(Order) bool) bool {
	if d.err = d.open(m); d.err != nil {
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
			if !d.in.Until.IsZero() && !p.CreatedAt.Before(d.in.Until) {
				continue
			}
			if more, err := d.pass(p, yield); err != nil || !more {
				d.err = err
				return false
			}
		}
		if next == "" {
			return true
		}
		page.After = next
	}
}

// pass hands a payment on if it is an order that the question asks about. It says false at the end of the drill.
func (d *driller) pass(p postern.Payment, yield func(Order) bool) (bool, error) {
	if d.rows++; d.in.MaxRows > 0 && d.rows > d.in.MaxRows {
		d.cut = true
		return false, nil
	}
	if p.Status != postern.PaymentPaid {
		return true, nil
	}
	if p.Currency != d.in.Currency {
		d.other++
		return true, nil
	}
	o, err := d.order(p)
	if err != nil {
		return false, err
	}
	d.count++
	if d.in.Progress != nil {
		d.in.Progress(d.count)
	}
	return yield(o), nil
}

// order is a paid payment as the drill wants it, with the buyer as its plan noted her.
func (d *driller) order(p postern.Payment) (Order, error) {
	state, err := d.Store.LoadState(d.ctx, p.MerchantID, p.ID)
	if err != nil {
		return Order{}, err
	}
	receipt, _ := state.Applied()
	a, _ := state.Attempt(receipt.AttemptID)
	var plan route.Plan
	if err := json.Unmarshal([]byte(a.Plan), &plan); err != nil {
		return Order{}, postern.Wrap(postern.CodeInternal, "drill.Replay", err)
	}
	o := Order{
		MerchantID: p.MerchantID, PartnerID: d.merch.PartnerID, Container: a.Container, OS: plan.OS, Form: plan.Form, Used: plan.Used, Provider: a.Provider, Product: a.Product,
		Amount: p.Amount, Currency: p.Currency, At: p.CreatedAt, PlanAt: d.in.At,
	}
	if d.in.Onward {
		o.PlanAt = d.in.At.Add(p.CreatedAt.Sub(d.in.Since).Truncate(time.Hour))
		o.At = o.PlanAt
	}
	if c, known := d.Registry[a.Provider]; known {
		product, _ := c.Describe().Product(a.Product)
		o.HasCode = product.NeedsAuthCode
	}
	if i := slices.IndexFunc(d.shared.now.Channels, func(c postern.Channel) bool { return c.ID == a.ChannelID }); i >= 0 {
		o.FeeBP = d.shared.now.Channels[i].Agreement.FeeBP
	}
	return o, nil
}

// open loads what the merchant has to offer, once, as it is and as it would be.
func (d *driller) open(m postern.Merchant) error {
	now, err := d.Stall(d.ctx, m.ID)
	if err != nil {
		return err
	}
	d.merch, d.taken = m, taking{}
	d.shared = share(d.what, now, d.in.Change.apply(now, d.in.At))
	d.quotas, d.ailing = d.quotas || d.shared.quota, d.ailing || len(now.Health) > 0
	return nil
}

// judge plans the order's buyer after the change. With a quota every order uses some of it up, so that no two of them are alike.
func (d *driller) judge(o Order) Verdict {
	switch {
	case d.shared.quota:
		v := d.shared.judge(o, &d.taken)
		d.taken.add(v.Channel, o)
		return v
	case d.in.Alone:
		return d.shared.judge(o, nil)
	}
	return d.shared.verdict(o)
}

// taking is what the drill's own orders took over each channel, by day and month of Beijing time.
type taking struct{ day, month map[string]int64 }

func (t *taking) add(channel string, o Order) {
	if channel == "" {
		return
	}
	if t.day == nil {
		t.day, t.month = map[string]int64{}, map[string]int64{}
	}
	day, month := takingKeys(channel, o.At)
	t.day[day] += o.Amount
	t.month[month] += o.Amount
}

func (t *taking) of(channel string, at time.Time) store.Taken {
	day, month := takingKeys(channel, at)
	return store.Taken{Day: t.day[day], Month: t.month[month]}
}

func takingKeys(channel string, at time.Time) (day, month string) {
	at = at.In(postern.Beijing)
	return fmt.Sprint(channel, at.Format(" 2006-01-02")), fmt.Sprint(channel, at.Format(" 2006-01"))
}
