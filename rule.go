package postern

import (
	"slices"
	"time"
)

// RuleAct says what a rule does to the candidates that it names.
type RuleAct string

// What rules do. Allow changes nothing but ends the search: it shields candidates from the rules below it.
const (
	RuleAllow  RuleAct = "allow"
	RuleDrop   RuleAct = "drop"
	RulePrefer RuleAct = "prefer"
	RuleAvoid  RuleAct = "avoid"
)

// Rule is one typed condition about payments and buyers, the candidates that it names, and what becomes of them. Rules are read from the top; for each candidate
// the first that fits decides. Empty lists and zeros say nothing.
type Rule struct {
	ID   string  `json:"id"`
	Note string  `json:"note,omitempty"`
	Do   RuleAct `json:"do"`
	// Points is what prefer adds and avoid takes away, in hundredths of a per cent of success: 1 to 10000.
	Points int64 `json:"points,omitempty"`
	// The candidates.
	Providers []string `json:"providers,omitempty"`
	Products  []string `json:"products,omitempty"`
	Channels  []string `json:"channels,omitempty"`
	// The payment and the buyer. Amounts are minor units, both inclusive.
	Containers []string `json:"containers,omitempty"`
	Systems    []string `json:"systems,omitempty"`
	Forms      []string `json:"forms,omitempty"`
	Currencies []string `json:"currencies,omitempty"`
	MinAmount  int64    `json:"min_amount,omitempty"`
	MaxAmount  int64    `json:"max_amount,omitempty"`
	// From (inclusive) and Until (exclusive) date the rule.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// RuleSet is one version of an owner's rules. A version never changes: an edit is a new one.
type RuleSet struct {
	OwnerID   string    `json:"owner_id"`
	Version   int64     `json:"version"`
	Rules     []Rule    `json:"rules"`
	Note      string    `json:"note,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// RuleAsk is what a rule looks at: one candidate for one payment and buyer.
type RuleAsk struct {
	Provider, Product, Channel string
	Container, System, Form    string
	Currency                   string
	Amount                     int64 // minor units
	At                         time.Time
}

// Fits says whether the rule is about this candidate, payment and buyer.
func (r *Rule) Fits(ask *RuleAsk) bool {
	return anyOf(r.Providers, ask.Provider) && anyOf(r.Products, ask.Product) && anyOf(r.Channels, ask.Channel) &&
		anyOf(r.Containers, ask.Container) && anyOf(r.Systems, ask.System) && anyOf(r.Forms, ask.Form) && anyOf(r.Currencies, ask.Currency) &&
		ask.Amount >= r.MinAmount && (r.MaxAmount == 0 || ask.Amount <= r.MaxAmount) &&
		!ask.At.Before(r.From) && (r.Until.IsZero() || ask.At.Before(r.Until))
}

// First returns the rule that decides about a candidate, or nil.
func (s *RuleSet) First(ask *RuleAsk) *Rule {
	if s == nil {
		return nil
	}
	i := slices.IndexFunc(s.Rules, func(r Rule) bool { return r.Fits(ask) })
	if i < 0 {
		return nil
	}
	return &s.Rules[i]
}
