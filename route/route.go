// Package route decides, purely, which ways of paying to offer: (payment, buyer, channels, wall, now) -> Plan. No I/O, no clock; the same input gives the
// same plan, and every candidate carries the reason why it was kept or dropped.
package route

import (
	"cmp"
	"slices"
	"time"

	"postern"
)

// Reach is what the wall map says of one product in the buyer's container.
type Reach struct {
	State    string // works, way_out, blocked or unknown
	Evidence string // attested_twice, attested_once, practice, unknown or observation
	WayOut   string // browser, second_device or empty
	Note     string
}

// States of a Reach.
const (
	Works   = "works"
	WayOut  = "way_out"
	Blocked = "blocked"
	Unknown = "unknown"
)

// Offer is one product of one channel, with what the planner needs to know of it.
type Offer struct {
	Channel       postern.Channel
	Product       string
	Reach         Reach
	OwnWallet     bool // the buyer is inside this provider's own wallet app
	NeedsAuthCode bool
	MinAmount     int64
	MaxAmount     int64
	Currencies    []string
}

// Buyer is what is known of who opened the page.
type Buyer struct {
	Container string
	OS        string
	Form      string // phone, tablet or desktop
	HasCode   bool   // a barcode was scanned
}

// Input is everything that a plan depends on. Provider and Product limit the plan to what the caller asked for; empty means any.
type Input struct {
	Payment  postern.Payment
	Buyer    Buyer
	Offers   []Offer
	Provider string
	Product  string
	// Closures are those that may hit this merchant; PartnerID is its partner.
	Closures  []postern.Closure
	PartnerID string
	Now       time.Time
}

// Reasons, as stable words. The first two are of kept candidates.
const (
	ReasonWorks      = "works"
	ReasonUnproven   = "unproven"
	ReasonBlocked    = "blocked_here"
	ReasonWayOut     = "way_out"
	ReasonNotAllowed = "not_allowed"
	ReasonClosed     = "closed"
	ReasonSuspended  = "suspended"
	ReasonAmountLow  = "amount_below_limit"
	ReasonAmountHigh = "amount_above_limit"
	ReasonCurrency   = "currency_not_carried"
	ReasonNeedsCode  = "needs_a_scanned_code"
	ReasonNotAsked   = "not_asked_for"
	ReasonOtherMode  = "test_and_live_never_mix"
)

// Candidate is one way of paying in a plan.
type Candidate struct {
	ChannelID string `json:"channel_id"`
	Provider  string `json:"provider"`
	Product   string `json:"product"`
	Kept      bool   `json:"kept"`
	Reason    string `json:"reason"`
	Detail    string `json:"detail,omitempty"`
	Reach     string `json:"reach"`
	Evidence  string `json:"evidence,omitempty"`
	WayOut    string `json:"way_out,omitempty"`
	OwnWallet bool   `json:"own_wallet,omitempty"`
	ClosureID string `json:"closure_id,omitempty"`
	rank      int64
}

// Plan is the ordered candidates: those kept first, best first, then those dropped.
type Plan struct {
	Container  string      `json:"container"`
	OS         string      `json:"os,omitempty"`
	Form       string      `json:"form,omitempty"`
	At         time.Time   `json:"at"`
	Candidates []Candidate `json:"candidates"`
}

// Kept returns the candidates that may be tried, best first.
func (p Plan) Kept() []Candidate {
	n := 0
	for n < len(p.Candidates) && p.Candidates[n].Kept {
		n++
	}
	return p.Candidates[:n]
}

// Make makes the plan.
func Make(in Input) Plan {
	plan := Plan{Container: in.Buyer.Container, OS: in.Buyer.OS, Form: in.Buyer.Form, At: in.Now, Candidates: make([]Candidate, 0, len(in.Offers))}
	for i := range in.Offers {
		plan.Candidates = append(plan.Candidates, judge(in, &in.Offers[i]))
	}
	slices.SortStableFunc(plan.Candidates, order)
	return plan
}

// judge keeps or drops one offer. The order of the questions is the order in which a person would want to hear the reason.
func judge(in Input, o *Offer) Candidate {
	c := Candidate{
		ChannelID: o.Channel.ID, Provider: o.Channel.Provider, Product: o.Product, Reach: o.Reach.State, Evidence: o.Reach.Evidence,
		OwnWallet: o.OwnWallet, WayOut: o.Reach.WayOut, Detail: o.Reach.Note, rank: o.Channel.Rank,
	}
	c.Reason, c.Kept = reason(in, o, &c)
	return c
}

func reason(in Input, o *Offer, c *Candidate) (why string, kept bool) {
	amount := in.Payment.Amount
	allowed, permission := o.Channel.Allows(postern.ActPay, o.Product, in.Now)
	switch {
	case in.Provider != "" && in.Provider != o.Channel.Provider, in.Product != "" && in.Product != o.Product:
		return ReasonNotAsked, false
	case o.Channel.Sandbox == in.Payment.Live:
		return ReasonOtherMode, false
	case !allowed && permission.Source == "observation":
		c.Detail = permission.Note
		return ReasonSuspended, false
	case !allowed:
		c.Detail = permission.Note
		return ReasonNotAllowed, false
	case closed(in, o, c):
		return ReasonClosed, false
	case len(o.Currencies) > 0 && !slices.Contains(o.Currencies, in.Payment.Currency):
		return ReasonCurrency, false
	case amount < max(o.MinAmount, o.Channel.MinAmount):
		return ReasonAmountLow, false
	case over(amount, o.MaxAmount) || over(amount, o.Channel.MaxAmount):
		return ReasonAmountHigh, false
	case o.NeedsAuthCode != in.Buyer.HasCode:
		return ReasonNeedsCode, false
	case o.Reach.State == WayOut:
		return ReasonWayOut, false
	case o.Reach.State == Blocked:
		return ReasonBlocked, false
	case o.Reach.State == Works:
		return ReasonWorks, true
	}
	return ReasonUnproven, true
}

// closed asks the closures and the channel's own agreement whether this buyer may pay through it now.
func closed(in Input, o *Offer, c *Candidate) bool {
	if len(in.Closures) == 0 && len(o.Channel.Agreement.Terms) == 0 {
		return false
	}
	asker := o.Channel.Asker(in.PartnerID, o.Product, in.Buyer.Container, in.Payment.Amount, in.Now)
	v := postern.May(postern.ActPay, asker, in.Now, in.Closures)
	if v.Allowed {
		return false
	}
	c.Detail, c.ClosureID = v.Because, v.Closure
	return true
}

func over(amount, limit int64) bool { return limit > 0 && amount > limit }

// order puts kept before dropped, what works before what is unproven, the wallet of the app one is in before others, then evidence, product and rank.
func order(a, b Candidate) int {
	return cmp.Or(
		first(b.Kept, a.Kept),
		first(b.Reach == Works, a.Reach == Works),
		first(b.OwnWallet, a.OwnWallet),
		cmp.Compare(evidenceRank(a.Evidence), evidenceRank(b.Evidence)),
		cmp.Compare(productRank(a.Product), productRank(b.Product)),
		cmp.Compare(a.rank, b.rank),
		cmp.Compare(a.ChannelID, b.ChannelID),
		cmp.Compare(a.Product, b.Product),
	)
}

func first(b, a bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func evidenceRank(evidence string) int {
	switch evidence {
	case "observation":
		return 0
	case "attested_twice":
		return 1
	case "attested_once":
		return 2
	case "practice":
		return 3
	}
	return 4
}

// productRank prefers the product that asks least of the buyer.
func productRank(product string) int {
	switch product {
	case "barcode":
		return 0
	case "jsapi":
		return 1
	case "mini":
		return 2
	case "h5":
		return 3
	case "native":
		return 4
	case "page":
		return 5
	}
	return 6
}
