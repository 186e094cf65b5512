package engine

import (
	"context"
	"fmt"
	"slices"

	"postern"
	"postern/route"
	"postern/wall"
)

// Bounds of a list of rules.
const (
	maxRules     = 200
	maxRuleNames = 100
)

// Proposal is a list of rules before it holds: what is wrong or odd about single rules, and where it would leave a buyer no way to pay that there is now.
type Proposal struct {
	Findings []route.Finding `json:"findings"`
	LastWays []LastWay       `json:"last_ways"`
}

// LastWay is a place in which the rules would take away everything, from an amount on (minor units).
type LastWay struct {
	Container string `json:"container"`
	Form      string `json:"form"`
	Amount    int64  `json:"amount"`
}

// Refused says that a rule must not hold.
func (p Proposal) Refused() *postern.Error {
	i := slices.IndexFunc(p.Findings, func(f route.Finding) bool { return f.Bad })
	if i < 0 {
		return nil
	}
	f := p.Findings[i]
	return postern.Invalid(fmt.Sprintf("rules[%d]", f.Line-1), postern.CodeInvalid, f.Text, "mend the rule, or take it out")
}

// ProposeRules reads rules for an owner without storing them.
func (e *Engine) ProposeRules(ctx context.Context, ownerID string, rules []postern.Rule) (Proposal, error) {
	p := Proposal{Findings: []route.Finding{}, LastWays: []LastWay{}}
	if err := checkRuleSizes(rules); err != nil {
		return p, err
	}
	var ways []route.Way
	var stall Stall
	if postern.CheckID(postern.PrefixMerchant, ownerID) {
		var err error
		if stall, err = e.Stall(ctx, ownerID); err != nil {
			return p, err
		}
		for _, c := range stall.Channels {
			for _, product := range c.Products {
				ways = append(ways, route.Way{Provider: c.Provider, Product: product, Channel: c.ID})
			}
		}
	}
	p.Findings = append(p.Findings, route.CheckRules(rules, ways)...)
	if p.Refused() == nil && len(ways) > 0 {
		p.LastWays = e.lastWays(stall, rules)
	}
	return p, nil
}

// lastWays asks the planner, for every container and every amount at which a rule changes, what is offered before and after.
func (e *Engine) lastWays(s Stall, rules []postern.Rule) []LastWay {
	amounts := []int64{100, 10_000}
	for _, r := range rules {
		amounts = append(amounts, max(r.MinAmount, 1), r.MaxAmount+1)
	}
	slices.Sort(amounts)
	amounts = slices.Compact(amounts)
	lost := []LastWay{}
	before, after := s, s
	after.Rules = &postern.RuleSet{Rules: rules}
	now := e.now()
	for _, container := range e.theWall().Containers() {
		for _, form := range []string{wall.Phone, wall.Desktop} {
			buyer := route.Buyer{Container: container, Form: form}
			for _, amount := range amounts {
				payment := postern.Payment{MerchantID: s.Merchant.ID, Amount: amount, Currency: "CNY", Live: s.Merchant.Live}
				if len(route.Make(e.Input(before, payment, buyer, now)).Kept()) == 0 || len(route.Make(e.Input(after, payment, buyer, now)).Kept()) > 0 {
					continue
				}
				lost = append(lost, LastWay{Container: container, Form: form, Amount: amount})
				break
			}
		}
	}
	return lost
}

func checkRuleSizes(rules []postern.Rule) error {
	if len(rules) > maxRules {
		return postern.Invalid("rules", postern.CodeInvalid, "an owner has at most 200 rules", "join some")
	}
	for i, r := range rules {
		field := "rules[" + itoa(i) + "]"
		if err := checkText(field+".id", r.ID, 1, maxMetaKey); err != nil {
			return err
		}
		if err := checkText(field+".note", r.Note, 0, maxNote); err != nil {
			return err
		}
		for _, list := range [][]string{r.Providers, r.Products, r.Channels, r.Containers, r.Systems, r.Forms, r.Currencies} {
			if len(list) > maxRuleNames {
				return postern.Invalid(field, postern.CodeInvalid, "a rule names at most 100 of a kind", "leave the list out for all of them")
			}
			for _, name := range list {
				if err := checkText(field, name, 1, maxMetaKey); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// SaveRules lets a new version of an owner's rules hold from the next plan on, if it is made over the version that the caller has seen (0: none yet). What
// ProposeRules refuses is refused; what it warns of is the caller's to have shown.
func (e *Engine) SaveRules(ctx context.Context, ownerID string, base int64, rules []postern.Rule, note string) (postern.RuleSet, error) {
	if err := checkText("note", note, 0, maxNote); err != nil {
		return postern.RuleSet{}, err
	}
	p, err := e.ProposeRules(ctx, ownerID, rules)
	if err != nil {
		return postern.RuleSet{}, err
	}
	if err := p.Refused(); err != nil {
		return postern.RuleSet{}, err
	}
	latest, err := e.LatestRules(ctx, ownerID)
	if err != nil {
		return latest, err
	}
	if latest.Version != base {
		return latest, &postern.Error{Code: postern.CodeConflict, Op: "engine.SaveRules", Message: fmt.Sprintf("version %d of the rules holds, not %d", latest.Version, base), Fix: "read them again, and make the change on top"}
	}
	set := postern.RuleSet{OwnerID: ownerID, Version: base + 1, Rules: rules, Note: note, CreatedAt: e.now()}
	if set.Rules == nil {
		set.Rules = []postern.Rule{}
	}
	return set, e.Store.SaveRules(ctx, set)
}

// LatestRules returns the version of an owner's own rules that holds; Version 0 is none.
func (e *Engine) LatestRules(ctx context.Context, ownerID string) (postern.RuleSet, error) {
	list, err := e.Store.RuleVersions(ctx, ownerID, 0, 1)
	if err != nil || len(list) == 0 {
		return postern.RuleSet{OwnerID: ownerID, Rules: []postern.Rule{}}, err
	}
	return list[0], nil
}
