// Package drill answers "what if this gate closes tonight?" from orders: it plans each order as things would be, with the very route.Make that the checkout uses,
// and adds up what is carried, rerouted, left with a way out, or lost. Orders come from the database, or from a synthetic market. Planning is pure: nothing is
// changed by a drill.
package drill

import (
	"time"

	"postern/route"
)

// Order is one sale as it happened: where the buyer was, and what carried it. Amount is in minor units of one currency.
type Order struct {
	MerchantID string
	PartnerID  string
	Container  string
	OS         string
	Form       string
	HasCode    bool     // the seller scanned the buyer's code
	Used       []string // the providers that the buyer's browser had paid with
	Provider   string
	Product    string
	FeeBP      int64 // what the channel that carried it keeps
	Amount     int64
	Currency   string
	// At is its place on the time line; PlanAt is the moment as of which it is planned.
	At     time.Time
	PlanAt time.Time
}

// Outcome is what becomes of an order after the change.
type Outcome string

// Outcomes. Carried: the same product works on. Rerouted: another one is offered on the spot. WayOut: none works there, but there is a documented way on. Lost:
// nothing. Gained is of synthetic markets only: a sale that would not have been made before.
const (
	Carried  Outcome = "carried"
	Rerouted Outcome = "rerouted"
	WayOut   Outcome = "way_out"
	Lost     Outcome = "lost"
	Gained   Outcome = "gained"
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

// Add joins another sum to it.
func (s *Sum) Add(o Sum) {
	s.Orders += o.Orders
	s.Amount += o.Amount
}

// Way is one product of one provider.
type Way struct {
	Provider string `json:"provider"`
	Product  string `json:"product"`
}

// Verdict is what becomes of an order, and whom it goes to. It holds for every order that is alike in what the planner reads, so it carries no amount.
type Verdict struct {
	Outcome Outcome
	To      string
	FeeBP   int64 // what the channel that takes it over keeps
	Channel string
	// Saved are the ways that would keep the order if the merchant signed one of them; only asked where the order is not kept.
	Saved []Way
}

// Judge compares what carried an order with the plan that would be made after the change.
func Judge(o Order, after route.Plan) Verdict {
	kept := after.Kept()
	for _, c := range kept {
		if c.Provider == o.Provider && c.Product == o.Product {
			return Verdict{Outcome: Carried, To: c.Provider, FeeBP: c.FeeBP, Channel: c.ChannelID}
		}
	}
	if len(kept) > 0 {
		return Verdict{Outcome: Rerouted, To: kept[0].Provider, FeeBP: kept[0].FeeBP, Channel: kept[0].ChannelID}
	}
	for _, c := range after.Candidates {
		if c.Reason == route.ReasonWayOut {
			return Verdict{Outcome: WayOut, To: c.Provider, FeeBP: c.FeeBP, Channel: c.ChannelID}
		}
	}
	return Verdict{Outcome: Lost}
}
