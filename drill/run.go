package drill

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"postern"
)

// Run judges every order and adds up. Orders stream: nothing is kept of them but sums, and those of one merchant must come together, so that no more than one
// merchant's sums are open at a time.
func Run(orders iter.Seq[Order], judge func(Order) Verdict) Report {
	a := &adder{
		moves: map[[3]string]*Move{}, places: map[string]*Group{}, partners: map[string]*Group{}, advice: map[Way]*Advice{}, flows: map[string]*Flow{},
		slices: map[time.Time]*Slice{}, helped: map[Way]bool{},
	}
	for o := range orders {
		a.order(&o, judge(o))
	}
	a.turn("")
	return a.report()
}

// adder holds the sums of a run.
type adder struct {
	r        Report
	moves    map[[3]string]*Move
	places   map[string]*Group
	partners map[string]*Group
	advice   map[Way]*Advice
	flows    map[string]*Flow
	slices   map[time.Time]*Slice
	merchant Group
	helped   map[Way]bool // ways that would have saved something of the open merchant's
	worst    worst
}

func (a *adder) order(o *Order, v Verdict) {
	if o.MerchantID != a.merchant.Name {
		a.turn(o.MerchantID)
	}
	add := func(total *Sum, by *Split) {
		total.add(o.Amount)
		by.Of(v.Outcome).add(o.Amount)
	}
	add(&a.r.Total, &a.r.By)
	add(&a.merchant.Total, &a.merchant.By)
	place := of(a.places, o.Container)
	place.Name = o.Container
	add(&place.Total, &place.By)
	if o.PartnerID != "" {
		partner := of(a.partners, o.PartnerID)
		partner.Name = o.PartnerID
		add(&partner.Total, &partner.By)
	}
	day := dayIn(o.At)
	span := of(a.slices, day)
	span.At = day
	add(&span.Total, &span.By)
	a.money(o, v)
	for _, w := range v.Saved {
		advice := of(a.advice, w)
		advice.Way = w
		advice.Saves.add(o.Amount)
		a.helped[w] = true
	}
}

// money follows the fees. Only what goes on, on the spot, costs a fee afterwards: whether a buyer takes a way out nobody knows.
func (a *adder) money(o *Order, v Verdict) {
	before, from := feeOf(o.Amount, o.FeeBP), of(a.flows, o.Provider)
	from.Provider = o.Provider
	from.Before.add(o.Amount)
	from.BeforeFee += before
	from.By.Of(v.Outcome).add(o.Amount)
	extra := int64(0)
	if v.Outcome == Carried || v.Outcome == Rerouted {
		to := of(a.flows, v.To)
		to.Provider = v.To
		to.After.add(o.Amount)
		after := feeOf(o.Amount, v.FeeBP)
		to.AfterFee += after
		extra = after - before
		a.r.ExtraFee += extra
	}
	if v.Outcome == Rerouted || v.Outcome == WayOut {
		move := of(a.moves, [3]string{o.Provider, v.To, string(v.Outcome)})
		move.From, move.To, move.Outcome = o.Provider, v.To, v.Outcome
		move.add(o.Amount)
		move.ExtraFee += extra
	}
}

// turn closes the merchant whose orders came, and opens the next.
func (a *adder) turn(next string) {
	if m := a.merchant; m.Total.Orders > 0 {
		a.worst.add(m)
		if m.By.Lost.Orders == m.Total.Orders {
			if len(a.r.Stranded) < maxStranded {
				a.r.Stranded = append(a.r.Stranded, m.Name)
			} else {
				a.r.MoreStranded++
			}
		}
		for w := range a.helped {
			a.advice[w].Merchants++
		}
	}
	a.merchant = Group{Name: next}
	clear(a.helped)
}

func (a *adder) report() Report {
	r := a.r
	r.Moves, r.Places, r.Sign, r.Providers, r.Timeline, r.Notes = values(a.moves), values(a.places), values(a.advice), values(a.flows), values(a.slices), []string{}
	slices.SortFunc(r.Moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Outcome, b.Outcome))
	})
	slices.SortFunc(r.Places, byAmount)
	slices.SortFunc(r.Sign, func(a, b Advice) int {
		return cmp.Or(cmp.Compare(b.Saves.Amount, a.Saves.Amount), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Product, b.Product))
	})
	slices.SortFunc(r.Providers, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(b.Before.Amount, a.Before.Amount), cmp.Compare(a.Provider, b.Provider))
	})
	slices.SortFunc(r.Timeline, func(a, b Slice) int { return a.At.Compare(b.At) })
	var partners worst
	for _, p := range a.partners {
		partners.add(*p)
	}
	r.Merchants, r.MoreMerchants, r.Partners, r.MorePartners = orEmpty(a.worst.list), a.worst.more, orEmpty(partners.list), partners.more
	r.Stranded = orEmpty(r.Stranded)
	slices.Sort(r.Stranded)
	return r
}

// of finds an entry or makes an empty one.
func of[K comparable, V any](table map[K]*V, key K) *V {
	v, known := table[key]
	if !known {
		v = new(V)
		table[key] = v
	}
	return v
}

func values[K comparable, V any](table map[K]*V) []V {
	list := make([]V, 0, len(table))
	for _, v := range table {
		list = append(list, *v)
	}
	return list
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// dayIn is the midnight in Beijing before a moment.
func dayIn(t time.Time) time.Time {
	t = t.In(postern.Beijing)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, postern.Beijing)
}
