// Package drill answers "what if this gate closes tonight?" from orders: it plans each order twice with the very route.Make that the checkout uses, once as things
// are and once as they would be, and adds up what is carried, rerouted, left with a way out, or lost. It is pure: orders and plans come in, sums go out.
package drill

import (
	"cmp"
	"iter"
	"slices"

	"postern/route"
)

// Order is one sale as it happened: where the buyer was, and what carried it. Amount is in minor units of one currency.
type Order struct {
	MerchantID string
	Container  string
	OS         string
	Form       string
	Provider   string
	Product    string
	Amount     int64
	Currency   string
}

// Outcome is what becomes of an order after the change.
type Outcome string

// Outcomes. Carried: the same product works on. Rerouted: another one is offered on the spot. WayOut: none works there, but there is a documented way on. Lost:
// nothing.
const (
	Carried  Outcome = "carried"
	Rerouted Outcome = "rerouted"
	WayOut   Outcome = "way_out"
	Lost     Outcome = "lost"
)

// Sum is a number of orders and their amount in minor units.
type Sum struct {
	Orders int64 `json:"orders"`
	Amount int64 `json:"amount"`
}

func (s *Sum) add(amount int64) {
	s.Orders++
	s.Amount += amount
}

// Move is what goes from one provider to another.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
	Sum
}

// Place is what becomes of the orders of one container.
type Place struct {
	Container string          `json:"container"`
	Total     Sum             `json:"total"`
	By        map[Outcome]Sum `json:"by"`
}

// Report is what a drill finds. Stranded are merchants that lose every order they had.
type Report struct {
	Total    Sum             `json:"total"`
	By       map[Outcome]Sum `json:"by"`
	Moves    []Move          `json:"moves"`
	Places   []Place         `json:"places"`
	Stranded []string        `json:"stranded"`
}

// Judge compares what carried an order with the plan that would be made after the change. To is the provider that takes it over.
func Judge(o Order, after route.Plan) (outcome Outcome, to string) {
	kept := after.Kept()
	for _, c := range kept {
		if c.Provider == o.Provider && c.Product == o.Product {
			return Carried, c.Provider
		}
	}
	if len(kept) > 0 {
		return Rerouted, kept[0].Provider
	}
	for _, c := range after.Candidates {
		if c.Reason == route.ReasonWayOut {
			return WayOut, c.Provider
		}
	}
	return Lost, ""
}

// Run judges every order with the plan that after makes for it. Orders stream: nothing is kept of them but sums.
func Run(orders iter.Seq[Order], after func(Order) route.Plan) Report {
	r := Report{By: map[Outcome]Sum{}, Moves: []Move{}, Places: []Place{}, Stranded: []string{}}
	moves, places := map[[2]string]Sum{}, map[string]Place{}
	total, lost := map[string]int64{}, map[string]int64{}
	for o := range orders {
		outcome, to := Judge(o, after(o))
		r.Total.add(o.Amount)
		bump(r.By, outcome, o.Amount)
		p, known := places[o.Container]
		if !known {
			p = Place{Container: o.Container, By: map[Outcome]Sum{}}
		}
		p.Total.add(o.Amount)
		bump(p.By, outcome, o.Amount)
		places[o.Container] = p
		if outcome == Rerouted || outcome == WayOut {
			bump(moves, [2]string{o.Provider, to}, o.Amount)
		}
		total[o.MerchantID]++
		if outcome == Lost {
			lost[o.MerchantID]++
		}
	}
	for pair, sum := range moves {
		r.Moves = append(r.Moves, Move{From: pair[0], To: pair[1], Sum: sum})
	}
	for _, p := range places {
		r.Places = append(r.Places, p)
	}
	for id, n := range total {
		if lost[id] == n {
			r.Stranded = append(r.Stranded, id)
		}
	}
	slices.SortFunc(r.Moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	slices.SortFunc(r.Places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Total.Amount, a.Total.Amount), cmp.Compare(a.Container, b.Container))
	})
	slices.Sort(r.Stranded)
	return r
}

func bump[K comparable](sums map[K]Sum, key K, amount int64) {
	s := sums[key]
	s.add(amount)
	sums[key] = s
}
