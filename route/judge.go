package route

import (
	"slices"
	"strings"

	"postern"
)

// judge holds what is the same for all candidates of one plan.
type judge struct {
	in      *Input
	payment uint64
	ask     postern.RuleAsk
	asker   postern.Asker
	// ailing says that a product is suspended or probed. Then what was not asked for is dropped last, because whether a probe or a last resort may be offered
	// hangs on what else there is: the page that offers it and the tap that asks for it must agree.
	ailing bool
	anyway bool // offers what is suspended
}

// offer keeps or drops one offer and scores it.
func (j *judge) offer(o *Offer, c *Candidate) {
	*c = Candidate{
		ChannelID: o.Channel.ID, Provider: o.Channel.Provider, Product: o.Product, Reach: o.Reach.State, Evidence: o.Reach.Evidence,
		OwnWallet: o.OwnWallet, WayOut: o.Reach.WayOut, Detail: o.Reach.Note, FeeBP: o.Channel.Agreement.FeeBP, Tried: o.Outcomes.Tried,
	}
	c.Reason, c.Kept = j.reason(o, c)
	if !c.Kept {
		return
	}
	j.score(o, c)
	if !j.ailing {
		j.asked(c)
	}
}

// asked drops a candidate that would be offered and was not asked for. It keeps its score, so that the plan still tells what was offered beside what was chosen.
func (j *judge) asked(c *Candidate) {
	if in := j.in; c.Kept && (in.Provider != "" && in.Provider != c.Provider || in.Product != "" && in.Product != c.Product) {
		c.Reason, c.Kept = ReasonNotAsked, false
	}
}

// reason is why an offer is kept or dropped. The order of the questions is the order in which a person would want to hear the reason.
func (j *judge) reason(o *Offer, c *Candidate) (why string, kept bool) {
	in, amount, quota := j.in, j.in.Payment.Amount, &o.Channel.Agreement.Quota
	allowed, permission := o.Channel.Allows(postern.ActPay, o.Product, in.Now)
	takes, probe := true, false
	if o.Health != nil {
		takes, probe = o.Health.Takes(mix(j.payment ^ hash(o.Channel.ID+o.Product)))
		c.Detail = healthDetail(o.Health)
	}
	switch {
	case o.Channel.Sandbox == in.Payment.Live:
		return ReasonOtherMode, false
	case !allowed && permission.Source == "observation":
		c.Detail = permission.Note
		return ReasonSuspended, false
	case !takes && !j.anyway:
		return ReasonSuspended, false
	case !allowed:
		c.Detail = permission.Note
		return ReasonNotAllowed, false
	case j.closed(o, c):
		return ReasonClosed, false
	case len(o.Currencies) > 0 && !slices.Contains(o.Currencies, in.Payment.Currency):
		return ReasonCurrency, false
	case amount < max(o.MinAmount, o.Channel.MinAmount):
		return ReasonAmountLow, false
	case over(amount, o.MaxAmount) || over(amount, o.Channel.MaxAmount) || over(amount, quota.Order):
		return ReasonAmountHigh, false
	case over(amount+o.UsedDay, quota.Day) || over(amount+o.UsedMonth, quota.Month):
		return ReasonQuota, false
	case o.NeedsAuthCode != in.Buyer.HasCode:
		return ReasonNeedsCode, false
	case in.Buyer.CodeOf != nil && !slices.Contains(in.Buyer.CodeOf, o.Channel.Provider):
		return ReasonOtherCode, false
	case j.ruledOut(o, c):
		return ReasonRule, false // before the way out: what the merchant dropped here is not pointed to from here either
	case o.Reach.State == WayOut:
		return ReasonWayOut, false
	case o.Reach.State == Blocked:
		return ReasonBlocked, false
	case !takes:
		return ReasonLastResort, true
	case probe:
		c.knocks = o.Health.Share < full
		return ReasonProbe, true
	case o.Reach.State == Works:
		return ReasonWorks, true
	}
	return ReasonUnproven, true
}

// healthDetail says what was observed, in the provider's own words where there are any.
func healthDetail(h *postern.Health) string {
	return strings.TrimSpace(string(h.Cause) + " " + h.Evidence.Code + " " + h.Evidence.Message)
}

// settle looks at what is suspended beside everything else. A probe wants another candidate ready, unless all payments are let through already. Where nothing is
// left, not even a way out, what is suspended is offered as the last resort: a wallet that may refuse is better than a page without any, and a buyer who gets
// through is the first to know that the gate is open. What was not asked for is dropped last.
func (j *judge) settle(all []Candidate) {
	ready, wayOut := false, false
	for i := range all {
		ready = ready || all[i].Kept && all[i].Reason != ReasonProbe
		wayOut = wayOut || all[i].Reason == ReasonWayOut
	}
	j.anyway = !ready && !wayOut
	for i := range all {
		if !ready && j.in.Offers[i].Health != nil {
			j.alone(&j.in.Offers[i], &all[i])
		}
		j.asked(&all[i])
	}
}

// alone decides about a suspended offer that has no other beside it.
func (j *judge) alone(o *Offer, c *Candidate) {
	switch {
	case c.Reason == ReasonProbe && j.anyway:
		c.Reason = ReasonLastResort
	case c.Reason == ReasonProbe && o.Health.Share < full:
		c.Kept, c.Reason, c.Score = false, ReasonSuspended, 0
	case c.Reason == ReasonSuspended && j.anyway:
		if j.offer(o, c); !c.Kept {
			c.Reason, c.Detail = ReasonSuspended, healthDetail(o.Health) // that it would not fit here either comes second
		}
	}
}

// closed asks the closures and the channel's own agreement whether this buyer may pay through it now.
func (j *judge) closed(o *Offer, c *Candidate) bool {
	if j.in.Closures == nil && o.Channel.Agreement.Boundless() {
		return false
	}
	j.asker = o.Channel.Asker(j.in.PartnerID, o.Product, j.in.Buyer.Container, j.in.Payment.Amount, j.in.Now)
	j.asker.Bucket = int64(mix(j.payment) % full)
	v := j.in.Closures.May(postern.ActPay, &j.asker, j.in.Now)
	if v.Allowed {
		return false
	}
	c.Detail, c.ClosureID = v.Because, v.Closure
	return true
}

// ruledOut asks the merchant's rules. What they prefer or avoid is kept in place, for the score.
func (j *judge) ruledOut(o *Offer, c *Candidate) bool {
	if j.in.Rules == nil {
		return false
	}
	in := j.in
	j.ask = postern.RuleAsk{
		Provider: o.Channel.Provider, Product: o.Product, Channel: o.Channel.ID, Container: in.Buyer.Container, System: in.Buyer.OS, Form: in.Buyer.Form,
		Currency: in.Payment.Currency, Amount: in.Payment.Amount, At: in.Now,
	}
	rule := in.Rules.First(&j.ask)
	if rule == nil {
		return false
	}
	c.Rule = rule.ID
	switch rule.Do {
	case postern.RuleDrop:
		c.Detail = rule.Note
		return true
	case postern.RulePrefer:
		c.place = rule.Points
	case postern.RuleAvoid:
		c.place = -rule.Points
	}
	return false
}

func over(amount, limit int64) bool { return limit > 0 && amount > limit }
