package postern

import "time"

// Agreement is the paper behind a channel: its terms, each from a day until a day (exclusive; zero: open-ended). A renewal is another term.
type Agreement struct {
	Terms []Term `json:"terms,omitempty"`
	// Scenes are the containers that it covers; empty means all.
	Scenes []string `json:"scenes,omitempty"`
	// FeeBP is what the provider keeps of an amount, in hundredths of a per cent; zero says nothing.
	FeeBP int64 `json:"fee_bp,omitempty"`
	Quota Quota `json:"quota,omitzero"`
}

// Quota bounds what an agreement lets a channel take, in minor units: in one order, in a day and in a month of Beijing time. Zero is unbounded.
type Quota struct {
	Order int64 `json:"order,omitempty"`
	Day   int64 `json:"day,omitempty"`
	Month int64 `json:"month,omitempty"`
}

// Term is one signed span of an agreement.
type Term struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"`
}

// SignedAt is when the first term began; zero without one.
func (a Agreement) SignedAt() time.Time {
	if len(a.Terms) == 0 {
		return time.Time{}
	}
	return a.Terms[0].From
}

// Term returns the term that runs at a time.
func (a Agreement) Term(at time.Time) (Term, bool) {
	for _, t := range a.Terms {
		if spans(t.From, t.Until, at) {
			return t, true
		}
	}
	return Term{}, false
}
