package postern

import (
	"slices"
	"strconv"
	"time"
)

// Agreement is the paper behind a channel: its terms, each from a day until a day (exclusive; zero: open-ended). A renewal is another term.
type Agreement struct {
	Terms []Term `json:"terms,omitempty"`
	// Renewable says that the provider lets a term be followed by another. Otherwise its end is the channel's.
	Renewable bool `json:"renewable,omitempty"`
	// Scenes are the containers that it covers, Categories and Regions the trades and places of merchants; empty means all.
	Scenes     []string `json:"scenes,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Regions    []string `json:"regions,omitempty"`
	// FeeBP is what the provider keeps of an amount, in hundredths of a per cent; zero says nothing.
	FeeBP int64 `json:"fee_bp,omitempty"`
	Quota Quota `json:"quota,omitzero"`
	// Licences and Certificates are papers that the agreement leans on; when one ends the provider may suspend the channel.
	Licences     []Paper `json:"licences,omitempty"`
	Certificates []Paper `json:"certificates,omitempty"`
	// DormantDays is after how many days without a sale the provider suspends the channel; zero: never.
	DormantDays int64 `json:"dormant_days,omitempty"`
}

// Paper is a licence or a certificate and the moment from which it no longer counts.
type Paper struct {
	Name  string    `json:"name"`
	Until time.Time `json:"until"`
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

// Boundless says that nothing in the agreement can forbid a payment.
func (a *Agreement) Boundless() bool {
	return len(a.Terms)+len(a.Scenes)+len(a.Categories)+len(a.Regions) == 0
}

// Bounds of an agreement.
const (
	maxTerms       = 50
	maxPapers      = 50
	maxPaperName   = 100
	maxFeeBP       = 10_000
	maxDormantDays = 3_660
)

// Check returns an *Error naming the field when an agreement contradicts itself.
func (a Agreement) Check() error {
	checks := []func() error{a.checkTerms, a.Quota.check, a.checkLists, a.checkNumbers}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	if err := checkPapers("licences", a.Licences); err != nil {
		return err
	}
	return checkPapers("certificates", a.Certificates)
}

// checkTerms wants spans in order, none of which begins before the one in front of it has ended.
func (a Agreement) checkTerms() error {
	if len(a.Terms) > maxTerms {
		return Invalid("agreement.terms", CodeInvalid, "the agreement has too many terms", "keep the latest 50")
	}
	for i, t := range a.Terms {
		field := "agreement.terms[" + strconv.Itoa(i) + "]"
		switch {
		case t.From.IsZero():
			return Invalid(field+".from", CodeInvalid, "a term begins some day", "send the day on which it was signed")
		case !t.Until.IsZero() && !t.From.Before(t.Until):
			return Invalid(field+".until", CodeInvalid, "the term ends before it begins", "send an until after from, or leave it out for an open end")
		case i > 0 && a.Terms[i-1].Until.IsZero():
			return Invalid(field+".from", CodeInvalid, "the term before it has no end", "end that one first")
		case i > 0 && t.From.Before(a.Terms[i-1].Until):
			return Invalid(field+".from", CodeInvalid, "the term overlaps the one before it", "send terms in order, each from the end of the one before or later")
		}
	}
	return nil
}

// check wants what a day allows to hold an order, and what a month allows to hold a day.
func (q Quota) check() error {
	switch {
	case q.Order < 0 || q.Day < 0 || q.Month < 0 || max(q.Order, q.Day, q.Month) > MaxQuota:
		return Invalid("agreement.quota", CodeInvalid, "a quota is an amount of minor units", "send 1 or more, or leave it out for none")
	case q.Day > 0 && q.Day < q.Order:
		return Invalid("agreement.quota.day", CodeInvalid, "a day allows less than one order", "send a day of at least the order, or a smaller order")
	case q.Month > 0 && q.Month < max(q.Order, q.Day):
		return Invalid("agreement.quota.month", CodeInvalid, "a month allows less than a day or an order", "send a month of at least the day")
	}
	return nil
}

// MaxQuota is the largest quota in minor units.
const MaxQuota = 1_000_000_000_000_000

func (a Agreement) checkLists() error {
	for _, l := range []struct {
		field string
		codes []string
	}{{"agreement.scenes", a.Scenes}, {"agreement.categories", a.Categories}, {"agreement.regions", a.Regions}} {
		for i, code := range l.codes {
			if code == "" || len(code) > maxPaperName || slices.Contains(l.codes[:i], code) {
				return Invalid(l.field, CodeInvalid, "the list names nothing, or something twice", "send each code once, or leave the list out for all")
			}
		}
	}
	return nil
}

func (a Agreement) checkNumbers() error {
	if a.FeeBP < 0 || a.FeeBP > maxFeeBP {
		return Invalid("agreement.fee_bp", CodeInvalid, "a fee is 0 to 10000 hundredths of a per cent", "send 60 for 0.6 %")
	}
	if a.DormantDays < 0 || a.DormantDays > maxDormantDays {
		return Invalid("agreement.dormant_days", CodeInvalid, "the days are out of range", "send 1 to 3660, or leave it out")
	}
	return nil
}

func checkPapers(field string, list []Paper) error {
	if len(list) > maxPapers {
		return Invalid("agreement."+field, CodeInvalid, "there are too many papers", "keep those that still count")
	}
	for i, p := range list {
		at := "agreement." + field + "[" + strconv.Itoa(i) + "]"
		if p.Name == "" || len(p.Name) > maxPaperName {
			return Invalid(at+".name", CodeInvalid, "a paper has a name of at most 100 bytes", "send what it says on it")
		}
		if p.Until.IsZero() {
			return Invalid(at+".until", CodeInvalid, "a paper without an end is not kept here", "send the day on which it ends")
		}
	}
	return nil
}
