package postern

import (
	"slices"
	"strings"
	"time"
)

// allActs lists every act of a channel.
var allActs = []Act{ActSign, ActRenew, ActPay, ActRefund, ActSettle, ActDispute}

// Check returns an *Error naming the field when a closure contradicts itself or could never hit anybody.
func (c *Closure) Check() error {
	if len(c.Withdraws) == 0 && c.WithdrawnAt.IsZero() {
		return Invalid("withdraws", CodeInvalid, "a closure withdraws at least one act", "add one with act and from")
	}
	switch c.By {
	case ByProvider, ByHost, ByRegulator:
	default:
		return Invalid("by", CodeInvalid, "a closure says whose it is", "send provider, host or regulator")
	}
	for i, e := range c.Withdraws {
		if !slices.Contains(allActs, e.Act) {
			return Invalid("withdraws", CodeInvalid, "there is no such act", "send sign, renew, pay, refund, settle or dispute")
		}
		if e.From.IsZero() || !e.Until.IsZero() && !e.From.Before(e.Until) {
			return Invalid("withdraws", CodeInvalid, "a withdrawal must begin, and before it ends", "give from, and until after it or not at all")
		}
		for _, other := range c.Withdraws[:i] {
			if other.Act == e.Act && overlap(e, other) {
				return Invalid("withdraws", CodeInvalid, "two entries withdraw the same act at the same time", "join them")
			}
		}
	}
	return c.Scope.check(c.OwnerID)
}

// check returns an *Error when the scope contradicts itself, or leaves out the only ones whom the owner's closure could hit.
func (s *Scope) check(owner string) error {
	if err := s.checkLists(owner); err != nil {
		return err
	}
	if s.MinAmount < 0 || s.MaxAmount < 0 || s.MaxAmount != 0 && s.MinAmount > s.MaxAmount {
		return Invalid("scope.max_amount", CodeInvalid, "no amount lies in the closed range", "give min_amount at most max_amount")
	}
	if s.IdleFor < 0 || s.IdleFor > 0 && s.IdleFor < 24*time.Hour {
		return Invalid("scope.idle_for", CodeInvalid, "a channel is idle for a day or more", "send 1 or more days, or leave it out")
	}
	if s.Share < 0 || s.Share > 10_000 {
		return Invalid("scope.share", CodeInvalid, "a share is of 10,000 buyers", "send 1 to 10000, or leave it out for all")
	}
	if !s.SignedFrom.IsZero() && !s.EndsBefore.IsZero() && !s.SignedFrom.Before(s.EndsBefore) {
		return Invalid("scope.ends_before", CodeInvalid, "no agreement is signed after it ends", "give signed_from before ends_before")
	}
	return nil
}

// checkLists refuses what no merchant, provider or product is called, and lists that leave out whose closure it is.
func (s *Scope) checkLists(owner string) error {
	for _, l := range []struct {
		field string
		codes []string
		own   string
	}{
		{"scope.providers", s.Providers, ""}, {"scope.products", s.Products, ""}, {"scope.containers", s.Containers, ""}, {"scope.merchants", s.Merchants, PrefixMerchant},
		{"scope.partners", s.Partners, PrefixPartner}, {"scope.credential_sets", s.CredentialSets, ""}, {"scope.categories", s.Categories, ""},
	} {
		for i, code := range l.codes {
			if strings.TrimSpace(code) != code || code == "" || slices.Contains(l.codes[:i], code) {
				return Invalid(l.field, CodeInvalid, "the list names nothing, or something twice", "send each code once, or leave the list out for all")
			}
		}
		if l.own != "" && len(l.codes) > 0 && strings.HasPrefix(owner, l.own) && !slices.Contains(l.codes, owner) {
			return Invalid(l.field, CodeInvalid, "an owner's closure hits the owner's only, and the list leaves the owner out", "leave the list out")
		}
	}
	return nil
}

// Within says that whoever this scope hits the other one hits too.
func (s Scope) Within(o Scope) bool {
	within := func(ours, theirs []string) bool {
		return len(theirs) == 0 || len(ours) > 0 && !slices.ContainsFunc(ours, func(code string) bool { return !slices.Contains(theirs, code) })
	}
	return within(s.Providers, o.Providers) && within(s.Products, o.Products) && within(s.Containers, o.Containers) && within(s.Merchants, o.Merchants) &&
		within(s.Partners, o.Partners) && within(s.CredentialSets, o.CredentialSets) && within(s.Categories, o.Categories) &&
		s.MinAmount >= o.MinAmount && (o.MaxAmount == 0 || s.MaxAmount != 0 && s.MaxAmount <= o.MaxAmount) &&
		(o.Share == 0 || s.Share != 0 && s.Share <= o.Share) && s.IdleFor >= o.IdleFor &&
		!s.SignedFrom.Before(o.SignedFrom) && (o.EndsBefore.IsZero() || !s.EndsBefore.IsZero() && !s.EndsBefore.After(o.EndsBefore))
}

// CanHit says whether the closure is about this channel at a moment: some product of it, in some container, with some amount, for some buyer.
func (c *Closure) CanHit(ch *Channel, partnerID string, at time.Time) bool {
	return slices.ContainsFunc(ch.Products, func(product string) bool {
		asker := ch.Asker(partnerID, product, "", 0, at)
		s := c.Scope
		s.Containers = nil
		return s.some(&asker, at)
	})
}

// Covers says whether the closure is about such acts at a moment, with some amount and for some buyer.
func (c *Closure) Covers(w *Asker, at time.Time) bool { return c.Scope.some(w, at) }

// some is fits without what is an order's or a buyer's own.
func (s Scope) some(w *Asker, at time.Time) bool {
	s.MinAmount, s.MaxAmount, s.Share, s.IdleFor = 0, 0, 0, 0
	return s.fits(w, at)
}

// Begins is when the closure first withdraws an act; false when it never does.
func (c *Closure) Begins(act Act) (time.Time, bool) {
	var first time.Time
	for _, w := range c.Withdraws {
		if w.Act == act && (first.IsZero() || w.From.Before(first)) {
			first = w.From
		}
	}
	return first, !first.IsZero()
}

func overlap(a, b Withdrawal) bool {
	return (b.Until.IsZero() || a.From.Before(b.Until)) && (a.Until.IsZero() || b.From.Before(a.Until))
}
