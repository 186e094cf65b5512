package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"postern"
	"postern/drill"
)

// DrillBody is the body of POST /v1/drills: what changes, and over which orders. Several changes may be asked about at once.
type DrillBody struct {
	Closures []DrillClosure `json:"closures,omitempty" maxItems:"16" doc:"What if these gates closed."`
	Ends     []DrillEnd     `json:"ends,omitempty" maxItems:"16" doc:"What if agreements ended."`
	Signs    []DrillSign    `json:"signs,omitempty" maxItems:"16" doc:"What if these channels were signed."`
	Rules    []RuleBody     `json:"rules,omitempty" maxItems:"200" doc:"What if these rules held instead of yours."`
	At       *time.Time     `json:"at,omitempty" doc:"The moment as of which orders are planned; now, if left out."`
	Onward   bool           `json:"onward,omitempty" doc:"Keep the orders' distances in time from at on, so that what begins or ends on the way is met on its day."`
	Days     int            `json:"days,omitempty" minimum:"1" maximum:"90" default:"30" doc:"How many days back the orders go."`
	Currency string         `json:"currency,omitempty" minLength:"3" maxLength:"3" default:"CNY" doc:"Orders in another currency are counted and left out."`
}

// DrillClosure closes a scope for payments.
type DrillClosure struct {
	Scope ScopeBody  `json:"scope"`
	From  *time.Time `json:"from,omitempty" doc:"When it begins; at, if left out."`
	Until *time.Time `json:"until,omitempty" doc:"For good, if left out."`
}

// DrillEnd ends agreements.
type DrillEnd struct {
	Provider string    `json:"provider,omitempty" maxLength:"40" doc:"Every provider, if left out."`
	Channel  string    `json:"channel,omitempty" maxLength:"64" doc:"Every channel of the provider, if left out."`
	At       time.Time `json:"at"`
}

// DrillSign is a channel that nobody has yet.
type DrillSign struct {
	Provider string   `json:"provider" minLength:"1" maxLength:"40"`
	Products []string `json:"products" minItems:"1" maxItems:"16"`
	FeeBP    int64    `json:"fee_bp,omitempty" minimum:"0" maximum:"10000" doc:"What the provider would keep, in hundredths of a per cent."`
}

// DrillView is what a drill found.
type DrillView struct {
	Object string    `json:"object" enum:"drill"`
	At     time.Time `json:"at"`
	Since  time.Time `json:"since"`
	drill.Report
}

type drillIn struct{ Body DrillBody }

type drillOut struct{ Body DrillView }

// Bounds of one request. A longer drill is the operator's, from the command line; an answer that was cut says so.
const (
	maxDrillRows = 5_000
	drillDays    = 30
)

func (a *API) drills() {
	handle(a, op("drill", http.MethodPost, "/v1/drills", "Ask what a change would cost",
		"Plays your paid orders of the last days as they would be planned after the change, and adds up what goes on, moves to another wallet, is left with a way out, or is lost. Nothing is changed. A partner's key asks about all of its merchants, or about the one in Postern-Merchant. At most 5,000 payments are looked at, the newest of each merchant first; cut says when there were more.", http.StatusOK), a.drill)
}

func (a *API) drill(ctx context.Context, in *drillIn) (*drillOut, error) {
	now := a.Now().UTC()
	days := in.Body.Days
	if days == 0 {
		days = drillDays
	}
	q := drill.Question{At: now, Since: now.AddDate(0, 0, -days), Until: now, Onward: in.Body.Onward, Currency: in.Body.Currency, MaxRows: maxDrillRows, Mode: drill.TestMode}
	if in.Body.At != nil {
		q.At = in.Body.At.UTC()
	}
	c := callerOf(ctx)
	if c.Key.Live {
		q.Mode = drill.LiveMode
	}
	switch {
	case c.Merchant.ID != "":
		q.Merchants = []string{c.Merchant.ID}
	case strings.HasPrefix(c.Key.OwnerID, postern.PrefixPartner):
		q.PartnerID = c.Key.OwnerID
	}
	q.Change = changeOf(in.Body, q.At)
	if len(q.Change.Closures)+len(q.Change.Papers)+len(q.Change.Channels) == 0 && q.Change.Rules == nil {
		return nil, postern.Invalid("closures", postern.CodeInvalid, "a drill asks about a change", "send closures, ends, signs or rules")
	}
	r, err := drill.Replay(ctx, a.Engine, q)
	if err != nil {
		return nil, err
	}
	return &drillOut{Body: DrillView{Object: "drill", At: q.At, Since: q.Since, Report: r}}, nil
}

func changeOf(b DrillBody, at time.Time) drill.Change {
	var change drill.Change
	for _, c := range b.Closures {
		w := postern.Withdrawal{Act: postern.ActPay, From: at, Until: orZero(c.Until)}
		if c.From != nil {
			w.From = c.From.UTC()
		}
		s := c.Scope
		change.Closures = append(change.Closures, postern.Closure{
			Title: "what if", By: postern.ByProvider, Withdraws: []postern.Withdrawal{w},
			Scope: postern.Scope{
				Providers: s.Providers, Products: s.Products, Containers: s.Containers, Merchants: s.Merchants, MinAmount: s.MinAmount, MaxAmount: s.MaxAmount,
				SignedFrom: orZero(s.SignedFrom), EndsBefore: orZero(s.EndsBefore),
			},
		})
	}
	for _, e := range b.Ends {
		change.Papers = append(change.Papers, drill.Paper{Provider: e.Provider, ChannelID: e.Channel, EndsAt: e.At.UTC(), FeeBP: -1})
	}
	for _, s := range b.Signs {
		change.Channels = append(change.Channels, drill.NewChannel{Provider: s.Provider, Products: s.Products, FeeBP: s.FeeBP})
	}
	if len(b.Rules) > 0 {
		change.Rules = &postern.RuleSet{OwnerID: postern.Platform, Version: 1, Rules: rulesOf(b.Rules)}
	}
	return change
}
