package drill

import (
	"cmp"
	"slices"
	"time"
)

// Report is what a drill finds, over stored orders or in one scene of a market. Amounts are minor units of one currency.
type Report struct {
	Currency string `json:"currency"`
	Total    Sum    `json:"total"`
	By       Split  `json:"by"`
	// ExtraFee is what providers keep of the orders that go on, beyond what they keep today; it may be negative.
	ExtraFee int64   `json:"extra_fee"`
	Moves    []Move  `json:"moves"`
	Places   []Group `json:"places"`
	// Merchants and Partners are those that lose something, the worst first; the counts say how many more do.
	Merchants     []Group `json:"merchants"`
	MoreMerchants int64   `json:"more_merchants"`
	Partners      []Group `json:"partners"`
	MorePartners  int64   `json:"more_partners"`
	// Stranded are merchants that lose every order they had.
	Stranded     []string `json:"stranded"`
	MoreStranded int64    `json:"more_stranded"`
	// Sign is which single new channel would save how much, the best first.
	Sign []Advice `json:"sign"`
	// Providers is what each provider carries and keeps before and after: what the one that closes does to itself as well.
	Providers []Flow  `json:"providers"`
	Timeline  []Slice `json:"timeline"`
	// OtherCurrency are orders that were not counted; Cut says that there were more orders than the question allowed.
	OtherCurrency int64    `json:"other_currency"`
	Cut           bool     `json:"cut"`
	Notes         []string `json:"notes"`
}

// Split is a sum by outcome.
type Split struct {
	Carried  Sum `json:"carried"`
	Rerouted Sum `json:"rerouted"`
	WayOut   Sum `json:"way_out"`
	Lost     Sum `json:"lost"`
	Gained   Sum `json:"gained"`
}

// Of returns the sum of one outcome.
func (s *Split) Of(o Outcome) *Sum {
	switch o {
	case Carried:
		return &s.Carried
	case Rerouted:
		return &s.Rerouted
	case WayOut:
		return &s.WayOut
	case Gained:
		return &s.Gained
	}
	return &s.Lost
}

// Stopped is what is not carried on the spot: lost, or left with a way out only.
func (s *Split) Stopped() int64 { return s.Lost.Amount + s.WayOut.Amount }

// Add joins another split to it.
func (s *Split) Add(o Split) {
	for _, outcome := range []Outcome{Carried, Rerouted, WayOut, Lost, Gained} {
		s.Of(outcome).Add(*o.Of(outcome))
	}
}

// Move is what goes from one provider to another. ExtraFee is what the other keeps beyond the first.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Outcome is rerouted or way_out.
	Outcome Outcome `json:"outcome"`
	Sum
	ExtraFee int64 `json:"extra_fee"`
}

// Group is what becomes of the orders of one container, merchant or partner.
type Group struct {
	Name  string `json:"name"`
	Total Sum    `json:"total"`
	By    Split  `json:"by"`
}

// Advice is one new channel, and what it would save over all merchants that lack it.
type Advice struct {
	Way
	Saves     Sum   `json:"saves"`
	Merchants int64 `json:"merchants"`
}

// Flow is what a provider carries and keeps.
type Flow struct {
	Provider  string `json:"provider"`
	Before    Sum    `json:"before"`
	After     Sum    `json:"after"`
	BeforeFee int64  `json:"before_fee"`
	AfterFee  int64  `json:"after_fee"`
	// By is what becomes of what it carried before.
	By Split `json:"by"`
}

// Slice is one span of the time line, from At on.
type Slice struct {
	At    time.Time `json:"at"`
	Total Sum       `json:"total"`
	By    Split     `json:"by"`
	// Shut are the merchants without any contract at the end of the span; of markets only.
	Shut int64 `json:"shut,omitempty"`
}

// Bounds of the lists that grow with the number of merchants.
const (
	maxWorst    = 50
	maxStranded = 200
)

// worst keeps the groups that lose most, and counts the rest. What it keeps does not depend on the order in which groups come.
type worst struct {
	list []Group
	more int64
}

func (w *worst) add(g Group) {
	if g.By.Stopped() == 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(w.list, g, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.By.Stopped(), a.By.Stopped()), cmp.Compare(a.Name, b.Name))
	})
	if at < maxWorst {
		w.list = slices.Insert(w.list, at, g)
	}
	if at >= maxWorst || len(w.list) > maxWorst {
		w.list = w.list[:maxWorst]
		w.more++
	}
}

// byAmount sorts groups, the largest first.
func byAmount(a, b Group) int {
	return cmp.Or(cmp.Compare(b.Total.Amount, a.Total.Amount), cmp.Compare(a.Name, b.Name))
}

// feeOf is what a provider keeps of an amount, rounded half up to the minor unit.
func feeOf(amount, feeBP int64) int64 { return (amount*feeBP + bpFull/2) / bpFull }
