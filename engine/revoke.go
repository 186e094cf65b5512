package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"postern"
)

// Revocation says that a provider or its owner gives an account up: which acts, from when, by whom and on what word.
type Revocation struct {
	OwnerID         string
	CredentialSetID string
	// Acts are what ends; none is new payments.
	Acts   []postern.Act
	By     postern.ClosedBy
	Who    string
	Source string
	Note   string
	From   time.Time
}

// Risk is what a revoked account means to everybody who sells over it: the closure's effect, what is under way, and each merchant.
type Risk struct {
	ClosureEffect
	Begun []Turnover `json:"begun" doc:"What is under way: it is still asked after, closed and refunded."`
	Each  []RiskLine `json:"each" doc:"The merchants, by what they sold over the account; the first hundred."`
}

// RiskLine is one merchant of a revoked account.
type RiskLine struct {
	MerchantID string     `json:"merchant_id"`
	Name       string     `json:"name"`
	Through    []Turnover `json:"through"`
	Begun      []Turnover `json:"begun"`
	Others     int        `json:"other_channels"`
	NoWayLeft  []string   `json:"no_way_left" doc:"Containers in which nothing is left to pay with."`
}

// closure is the one line that a revocation is. Every plan obeys it from its hour on, however many channels the account has; what was begun is finished.
func (r Revocation) closure(set postern.CredentialSet, now time.Time) postern.Closure {
	c := postern.Closure{
		OwnerID: set.OwnerID, Title: "The account " + set.ID + " is revoked", By: r.By, Who: r.Who, Source: r.Source, Notice: r.Note,
		Scope: postern.Scope{CredentialSets: []string{set.ID}},
	}
	if c.By == "" {
		c.By = postern.ByProvider
	}
	from := r.From
	if from.IsZero() {
		from = now
	}
	acts := r.Acts
	if len(acts) == 0 {
		acts = []postern.Act{postern.ActPay}
	}
	for _, act := range acts {
		c.Withdraws = append(c.Withdraws, postern.Withdrawal{Act: act, From: from})
	}
	return c
}

// PreviewRevocation says what a revocation would do, merchant by merchant. Nothing is stored.
func (e *Engine) PreviewRevocation(ctx context.Context, r Revocation) (Risk, error) {
	set, err := e.Store.CredentialSet(ctx, r.OwnerID, r.CredentialSetID)
	if err != nil {
		return Risk{}, err
	}
	return e.risk(ctx, r.closure(set, e.now()), set)
}

// RevokeCredentialSet gives an account up in one act: one closure, however many channels go through it. An account that is revoked already is CodeConflict.
func (e *Engine) RevokeCredentialSet(ctx context.Context, r Revocation) (postern.Closure, Risk, error) {
	set, err := e.Store.CredentialSet(ctx, r.OwnerID, r.CredentialSetID)
	if err != nil {
		return postern.Closure{}, Risk{}, err
	}
	held, err := e.revoked(ctx, set)
	if err != nil {
		return postern.Closure{}, Risk{}, err
	}
	if held.ID != "" {
		return held, Risk{}, &postern.Error{Code: postern.CodeConflict, Op: "engine.RevokeCredentialSet", Message: "the account is revoked already", Fix: "move or withdraw its closure", ID: held.ID}
	}
	c := r.closure(set, e.now())
	risk, err := e.risk(ctx, c, set)
	if err != nil {
		return c, risk, err
	}
	c, err = e.AnnounceClosure(ctx, c)
	return c, risk, err
}

// revoked finds the closure that is about an account and nothing else; without one it has no id.
func (e *Engine) revoked(ctx context.Context, set postern.CredentialSet) (postern.Closure, error) {
	list, err := e.Store.Closures(ctx, set.OwnerID, set.OwnerID)
	if err != nil {
		return postern.Closure{}, err
	}
	i := slices.IndexFunc(list, func(c postern.Closure) bool {
		return c.OwnerID == set.OwnerID && slices.Equal(c.Scope.CredentialSets, []string{set.ID}) && len(c.Scope.Merchants)+len(c.Scope.Products)+len(c.Scope.Containers) == 0
	})
	if i < 0 {
		return postern.Closure{}, nil
	}
	return list[i], nil
}

// maxRiskLines bounds the merchants that a risk lists.
const maxRiskLines = 100

func (e *Engine) risk(ctx context.Context, c postern.Closure, set postern.CredentialSet) (Risk, error) {
	lines, risk, err := e.riskLines(ctx, c, set)
	risk.Each = lines[:min(len(lines), maxRiskLines)]
	return risk, err
}

// RiskReport is PreviewRevocation with every merchant.
func (e *Engine) RiskReport(ctx context.Context, r Revocation) ([]RiskLine, error) {
	set, err := e.Store.CredentialSet(ctx, r.OwnerID, r.CredentialSetID)
	if err != nil {
		return nil, err
	}
	lines, _, err := e.riskLines(ctx, r.closure(set, e.now()), set)
	return lines, err
}

func (e *Engine) riskLines(ctx context.Context, c postern.Closure, set postern.CredentialSet) ([]RiskLine, Risk, error) {
	risk := Risk{ClosureEffect: ClosureEffect{Days: impactDays, Through: []Turnover{}, LastWays: []LastWays{}, Examples: []string{}}, Begun: []Turnover{}}
	lines := []RiskLine{}
	if err := CheckClosure(&c); err != nil {
		return lines, risk, err
	}
	rows, err := e.Store.BegunOver(ctx, set.ID)
	if err != nil {
		return lines, risk, err
	}
	begun := map[string]*sums{}
	for _, b := range rows {
		if begun[b.MerchantID] == nil {
			begun[b.MerchantID] = &sums{}
		}
		begun[b.MerchantID].add(b.Currency, b.Orders, b.Amount)
	}
	var all sums
	err = e.eachShop(ctx, &c, "", func(page []shop, _ string) (bool, error) {
		for i := range page {
			s := &page[i]
			others, err := e.closures(ctx, s.Merchant)
			if err != nil {
				return false, err
			}
			one, hit := e.impact(s, &c, withoutClosure(others, c.ID))
			if !hit {
				continue
			}
			risk.add(s.ID, one)
			lines = append(lines, riskLine(s, one, begun[s.ID], &all))
		}
		return true, nil
	})
	risk.Begun = append(risk.Begun, all...)
	slices.SortStableFunc(lines, func(a, b RiskLine) int {
		return cmp.Or(cmp.Compare(amounts(b.Through), amounts(a.Through)), cmp.Compare(amounts(b.Begun), amounts(a.Begun)))
	})
	return lines, risk, err
}

func riskLine(s *shop, one Impact, begun *sums, all *sums) RiskLine {
	l := RiskLine{MerchantID: s.ID, Name: s.Name, Through: append([]Turnover{}, one.Through...), Begun: []Turnover{}, Others: len(one.Others), NoWayLeft: []string{}}
	if begun != nil {
		l.Begun = append(l.Begun, *begun...)
		all.all(l.Begun)
	}
	for _, w := range one.Stranded {
		l.NoWayLeft = append(l.NoWayLeft, w.Container)
	}
	return l
}

// amounts puts merchants in an order; sums of several currencies are only compared, never shown.
func amounts(list []Turnover) int64 {
	var n int64
	for _, t := range list {
		n += t.Amount
	}
	return n
}
