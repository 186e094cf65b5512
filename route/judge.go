package route

import (
	"slices"

	"postern"
)

// judge holds what is the same for all candidates of one plan.
type judge struct {
	in      *Input
	payment uint64
	ask     postern.RuleAsk
	asker   postern.Asker
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
	if in := j.in; in.Provider != "" && in.Provider != c.Provider || in.Product != "" && in.Product != c.Product {
		c.Reason, c.Kept = ReasonNotAsked, false // With its score, so that the plan still tells what was offered beside what was chosen.
	}
}

// reason is why an offer is kept or dropped. The order of the questions is the order in which a person would want to hear the reason.
func (j *judge) reason(o *Offer, c *Candidate) (why string, kept bool) {
	in, amount, quota := j.in, j.in.Payment.Amount, &o.Channel.Agreement.Quota
	allowed, permission := o.Channel.Allows(postern.ActPay, o.Product, in.Now)
	switch {
	case o.Channel.Sandbox == in.Payment.Live:
		return ReasonOtherMode, false
	case !allowed && permission.Source == "observation":
		c.Detail = permission.Note
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
	case o.Reach.State == WayOut:
		return ReasonWayOut, false
	case o.Reach.State == Blocked:
		return ReasonBlocked, false
	case j.ruledOut(o, c):
		return ReasonRule, false
	case o.Reach.State == Works:
		return ReasonWorks, true
	}
	return ReasonUnproven, true
}

// closed asks the closures and the channel's own agreement whether this buyer may pay through it now.
func (j *judge) closed(o *Offer, c *Candidate) bool {
	if j.in.Closures == nil && len(o.Channel.Agreement.Terms) == 0 {
		return false
	}
	j.asker = o.Channel.Asker(j.in.PartnerID, o.Product, j.in.Buyer.Container, j.in.Payment.Amount, j.in.Now)
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
