package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"postern"
	"postern/engine"
	"postern/wall"
)

// RuleBody is one rule: the candidates that it names, the payments and buyers that it is about, and what becomes of them. Empty lists and zeros say nothing.
type RuleBody struct {
	ID         string     `json:"id" minLength:"1" maxLength:"40" doc:"A word of your own; plans name the rule by it."`
	Note       string     `json:"note,omitempty" maxLength:"500"`
	Do         string     `json:"do" enum:"allow,drop,prefer,avoid" doc:"The first rule that fits a candidate decides. Allow changes nothing and shields it from the rules below."`
	Points     int64      `json:"points,omitempty" minimum:"0" maximum:"10000" doc:"What prefer adds and avoid takes away, in hundredths of a per cent of success."`
	Providers  []string   `json:"providers,omitempty" maxItems:"100"`
	Products   []string   `json:"products,omitempty" maxItems:"100"`
	Channels   []string   `json:"channels,omitempty" maxItems:"100"`
	Containers []string   `json:"containers,omitempty" maxItems:"100"`
	Systems    []string   `json:"systems,omitempty" maxItems:"100" doc:"Operating systems, as ios, android."`
	Forms      []string   `json:"forms,omitempty" maxItems:"3" doc:"phone, tablet or desktop."`
	Currencies []string   `json:"currencies,omitempty" maxItems:"100"`
	MinAmount  int64      `json:"min_amount,omitempty" minimum:"0" doc:"Minor units, inclusive."`
	MaxAmount  int64      `json:"max_amount,omitempty" minimum:"0" doc:"Minor units, inclusive; 0 is no bound."`
	From       *time.Time `json:"from,omitempty"`
	Until      *time.Time `json:"until,omitempty"`
}

// RulesBody is a new version of all rules.
type RulesBody struct {
	Version int64      `json:"version" minimum:"0" doc:"The version that this one is made over; 0 for the first."`
	Rules   []RuleBody `json:"rules" maxItems:"200"`
	Note    string     `json:"note,omitempty" maxLength:"500"`
	Confirm bool       `json:"confirm,omitempty" doc:"Take the rules although they would leave some buyers no way to pay; without it such rules are refused, with the places named."`
}

// RulesView is one version of an owner's rules.
type RulesView struct {
	Object    string           `json:"object" enum:"rules"`
	Version   int64            `json:"version"`
	Rules     []RuleBody       `json:"rules"`
	Note      string           `json:"note,omitempty"`
	CreatedAt *time.Time       `json:"created_at"`
	Proposal  *engine.Proposal `json:"findings,omitempty"`
}

// CheckRulesBody is a list of rules to be read and not kept.
type CheckRulesBody struct {
	Rules []RuleBody `json:"rules" maxItems:"200"`
}

type putRulesIn struct{ Body RulesBody }

type checkRulesIn struct{ Body CheckRulesBody }

type rulesOut struct{ Body RulesView }

type proposalOut struct{ Body engine.Proposal }

type ruleVersionsIn struct {
	Limit int   `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Rows per page."`
	Below int64 `query:"below" minimum:"0" doc:"Only versions below this one: the last of the page before."`
}

// WallQuery asks for the caller's own map.
type WallQuery struct {
	PageQuery
	On        string `query:"on" maxLength:"40" doc:"The day in Beijing, as 2026-12-01, or a time with its zone; now, if left out."`
	Container string `query:"container" maxLength:"64"`
	Amount    int64  `query:"amount" minimum:"1" default:"10000" doc:"The payment that is asked about, in minor units of yuan."`
}

func (a *API) rules() {
	handle(a, op("get-rules", http.MethodGet, "/v1/rules", "Read the rules that hold", "Your own; version 0 is none. A merchant without rules of its own follows its partner's.", http.StatusOK), a.getRules)
	handle(a, op("put-rules", http.MethodPut, "/v1/rules", "Let other rules hold",
		"A new version, in force from the next plan on. Rules that contradict themselves are refused, with their place; those that can never decide anything are named.", http.StatusOK, http.StatusConflict), a.putRules)
	handle(a, op("check-rules", http.MethodPost, "/v1/rules/check", "Read rules without keeping them", "What is wrong, what is shadowed, and where buyers would be left no way to pay.", http.StatusOK), a.checkRules)
	handle(a, op("list-rule-versions", http.MethodGet, "/v1/rules/versions", "List versions of the rules", "The newest first.", http.StatusOK), a.ruleVersions)
	handle(a, op("get-wall", http.MethodGet, "/v1/wall", "Read your own map",
		"Every container against every product of every channel that you have: works, way_out, blocked or unknown, on that day, with who closed it, since when, until when, and on what evidence.", http.StatusOK), a.wall)
}

func rulesOf(list []RuleBody) []postern.Rule {
	rules := make([]postern.Rule, 0, len(list))
	for _, r := range list {
		rules = append(rules, postern.Rule{
			ID: r.ID, Note: r.Note, Do: postern.RuleAct(r.Do), Points: r.Points, Providers: r.Providers, Products: r.Products, Channels: r.Channels, Containers: r.Containers,
			Systems: r.Systems, Forms: r.Forms, Currencies: r.Currencies, MinAmount: r.MinAmount, MaxAmount: r.MaxAmount, From: orZero(r.From), Until: orZero(r.Until),
		})
	}
	return rules
}

func viewRules(s postern.RuleSet) RulesView {
	v := RulesView{Object: "rules", Version: s.Version, Note: s.Note, Rules: make([]RuleBody, 0, len(s.Rules)), CreatedAt: orNil(s.CreatedAt)}
	for _, r := range s.Rules {
		v.Rules = append(v.Rules, RuleBody{
			ID: r.ID, Note: r.Note, Do: string(r.Do), Points: r.Points, Providers: r.Providers, Products: r.Products, Channels: r.Channels, Containers: r.Containers,
			Systems: r.Systems, Forms: r.Forms, Currencies: r.Currencies, MinAmount: r.MinAmount, MaxAmount: r.MaxAmount, From: orNil(r.From), Until: orNil(r.Until),
		})
	}
	return v
}

func (a *API) getRules(ctx context.Context, _ *struct{}) (*rulesOut, error) {
	set, err := a.Engine.LatestRules(ctx, owner(ctx))
	if err != nil {
		return nil, err
	}
	return &rulesOut{Body: viewRules(set)}, nil
}

func (a *API) putRules(ctx context.Context, in *putRulesIn) (*rulesOut, error) {
	rules := rulesOf(in.Body.Rules)
	p, err := a.Engine.ProposeRules(ctx, owner(ctx), rules)
	if err != nil {
		return nil, err
	}
	if len(p.LastWays) > 0 && !in.Body.Confirm {
		first := p.LastWays[0]
		return nil, &postern.Error{
			Code: postern.CodeConflict, Op: "api.putRules", Field: "rules", Fix: "see POST /v1/rules/check for all places; mend the rules, or send confirm: true",
			Message: "the rules would leave buyers no way to pay in " + strconv.Itoa(len(p.LastWays)) + " places, first in " + first.Container + " (" + first.Form + ") from " + postern.FormatMoney(first.Amount, "CNY"),
		}
	}
	set, err := a.Engine.SaveRules(ctx, owner(ctx), in.Body.Version, rules, in.Body.Note)
	if err != nil {
		return nil, err
	}
	v := viewRules(set)
	v.Proposal = &p
	return &rulesOut{Body: v}, nil
}

func (a *API) checkRules(ctx context.Context, in *checkRulesIn) (*proposalOut, error) {
	p, err := a.Engine.ProposeRules(ctx, owner(ctx), rulesOf(in.Body.Rules))
	if err != nil {
		return nil, err
	}
	return &proposalOut{Body: p}, nil
}

func (a *API) ruleVersions(ctx context.Context, in *ruleVersionsIn) (*listOut[RulesView], error) {
	rows, err := a.Store.RuleVersions(ctx, owner(ctx), in.Below, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(rows) > in.Limit {
		rows = rows[:in.Limit]
		next = strconv.Itoa(int(rows[len(rows)-1].Version))
	}
	return page(rows, next, viewRules), nil
}

func (a *API) wall(ctx context.Context, in *WallQuery) (*listOut[engine.Place], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	at := a.Now()
	if in.On != "" {
		moment, err := wall.ParseMoment(in.On)
		if err != nil {
			return nil, postern.Invalid("on", postern.CodeInvalid, "on is not a day or a time", "send 2026-12-01, or 2026-12-01T12:00:00+08:00")
		}
		at = moment.Time()
	}
	places, err := a.Engine.Places(ctx, m.ID, in.Container, in.Amount, at)
	if err != nil {
		return nil, err
	}
	return window(places, in.PageQuery, func(p engine.Place) string { return p.Container + "." + p.Form }, func(p engine.Place) engine.Place { return p }), nil
}
