// Package route decides, purely, which ways of paying to offer: (payment, buyer, channels, wall, now) -> Plan. No I/O, no clock; the same input gives the
// same plan, and every candidate carries the reason why it was kept or dropped.
package route

import (
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
	Channel       *postern.Channel
	Product       string
	Reach         Reach
	OwnWallet     bool // the buyer is inside this provider's own wallet app
	NeedsAuthCode bool
	NeedsPayer    bool
	MinAmount     int64
	MaxAmount     int64
	Currencies    []string
	// Outcomes is what became of this offer's attempts in the buyer's container lately.
	Outcomes Outcomes
	// UsedDay and UsedMonth are what the channel has taken today and this month in Beijing, in minor units, for its quota.
	UsedDay   int64
	UsedMonth int64
	// Health is set where the product does not take all payments now.
	Health *postern.Health
}

// Outcomes counts attempts that buyers saw, and those of them that were paid, in thousandths: old ones fade.
type Outcomes struct {
	Tried int64 `json:"tried"`
	Paid  int64 `json:"paid"`
}

// Buyer is what is known of who opened the page.
type Buyer struct {
	Container string
	OS        string
	Form      string // phone, tablet or desktop
	HasCode   bool   // a barcode was scanned
	// CodeOf are the providers whose range the scanned code is in; nil when the code itself is not known, as in a what-if.
	CodeOf []string
	// Used are the providers through which this browser has paid before.
	Used []string
}

// Input is everything that a plan depends on. Provider and Product limit the plan to what the caller asked for; empty means any.
type Input struct {
	Payment  postern.Payment
	Buyer    Buyer
	Offers   []Offer
	Provider string
	Product  string
	// Closures are those that may hit this merchant; PartnerID is its partner.
	Closures  *postern.ClosureIndex
	PartnerID string
	// Rules are the merchant's own; nil means none.
	Rules *postern.RuleSet
	// Explore is how many of 10,000 payments try what has been tried least among what works, so that the scores go on learning.
	Explore int64
	Now     time.Time
}

// Reasons, as stable words. The first four are of kept candidates. A probe is a suspended product that a share of the payments tries, with the next candidate
// ready; the last resort is one that is offered because there is nothing else at all.
const (
	ReasonWorks      = "works"
	ReasonUnproven   = "unproven"
	ReasonProbe      = "probe"
	ReasonLastResort = "last_resort"
	ReasonBlocked    = "blocked_here"
	ReasonWayOut     = "way_out"
	ReasonNotAllowed = "not_allowed"
	ReasonClosed     = "closed"
	ReasonSuspended  = "suspended"
	ReasonAmountLow  = "amount_below_limit"
	ReasonAmountHigh = "amount_above_limit"
	ReasonQuota      = "quota_used_up"
	ReasonCurrency   = "currency_not_carried"
	ReasonNeedsCode  = "needs_a_scanned_code"
	ReasonOtherCode  = "another_wallets_code"
	ReasonNotAsked   = "not_asked_for"
	ReasonOtherMode  = "test_and_live_never_mix"
	ReasonRule       = "rule"
)

// Candidate is one way of paying in a plan. Score orders those kept; Steps, Success and FeeBP are what it is made of, Rule is the merchant's rule that decided.
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
	Used      bool   `json:"used,omitempty"`
	ClosureID string `json:"closure_id,omitempty"`
	Rule      string `json:"rule,omitempty"`
	Score     int64  `json:"score,omitempty"`
	Steps     int64  `json:"steps,omitempty"`
	Success   int64  `json:"success_bp,omitempty"`
	FeeBP     int64  `json:"fee_bp,omitempty"`
	Tried     int64  `json:"tried,omitempty"`
	spread    uint64
	place     int64
	knocks    bool // a probe by less than all payments
}

// Plan is the ordered candidates: those kept first, best first, then those dropped. Rules is the version of the merchant's rules that it was made by, and
// Explored says that the first was put there to learn.
type Plan struct {
	Container  string      `json:"container"`
	OS         string      `json:"os,omitempty"`
	Form       string      `json:"form,omitempty"`
	At         time.Time   `json:"at"`
	Rules      int64       `json:"rules,omitempty"`
	Explored   bool        `json:"explored,omitempty"`
	Used       []string    `json:"used,omitempty"`
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

// Offered returns what a buyer could choose from, best first: what was kept, and what would have been if it had been asked for.
func (p Plan) Offered() []Candidate {
	var all []Candidate
	for _, c := range p.Candidates {
		if c.Kept || c.Reason == ReasonNotAsked {
			c.Kept = true
			all = append(all, c)
		}
	}
	sort(all)
	return all
}

// Make makes the plan.
func Make(in Input) Plan {
	plan := Plan{Container: in.Buyer.Container, OS: in.Buyer.OS, Form: in.Buyer.Form, Used: in.Buyer.Used, At: in.Now, Candidates: make([]Candidate, len(in.Offers))}
	if in.Rules != nil {
		plan.Rules = in.Rules.Version
	}
	j := judge{in: &in, payment: hash(in.Payment.ID)}
	for i := range in.Offers {
		j.ailing = j.ailing || in.Offers[i].Health != nil
	}
	for i := range in.Offers {
		j.offer(&in.Offers[i], &plan.Candidates[i])
	}
	if j.ailing {
		j.settle(plan.Candidates)
	}
	sort(plan.Candidates)
	knockFirst(plan.Candidates)
	plan.Explored = explore(&in, j.payment, plan.Candidates)
	return plan
}
