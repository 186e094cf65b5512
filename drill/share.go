package drill

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
	"postern/store"
)

// shared judges the orders of one merchant, and plans once for all of them that are alike in everything that a plan reads: the place, the wallets used before, the
// amount as far as any limit tells amounts apart, and the moment. The limits are gathered here from the merchant's own channels, closures and rules.
type shared struct {
	what       *engine.Engine
	now, then  engine.Stall
	amounts    []int64
	verdicts   map[alike]Verdict
	candidates []postern.Channel // every product of every provider that the merchant lacks
	quota      bool
}

// alike is the key of the orders that share one plan.
type alike struct {
	container, system, form, used, provider, product, currency string
	hasCode                                                    bool
	amount                                                     int
	moment                                                     int64
}

// maxShared bounds the memory of one merchant's verdicts; a full one is begun anew.
const maxShared = 50_000

func share(what *engine.Engine, now, then engine.Stall) *shared {
	s := &shared{what: what, now: now, then: then, verdicts: map[alike]Verdict{}}
	for i := range then.Channels {
		s.channel(&then.Channels[i])
	}
	closures := then.Closures.List()
	for i := range closures {
		s.between(closures[i].Scope.MinAmount, closures[i].Scope.MaxAmount)
	}
	if then.Rules != nil {
		for _, r := range then.Rules.Rules {
			s.between(r.MinAmount, r.MaxAmount)
		}
	}
	s.candidates = s.lacking()
	slices.Sort(s.amounts)
	s.amounts = slices.Compact(s.amounts)
	return s
}

func (s *shared) channel(c *postern.Channel) {
	s.between(c.MinAmount, c.MaxAmount)
	s.between(0, c.Agreement.Quota.Order)
	s.quota = s.quota || c.Agreement.Quota.Day > 0 || c.Agreement.Quota.Month > 0
	if connector, known := s.what.Registry[c.Provider]; known {
		for _, p := range connector.Describe().Products {
			s.between(p.MinAmount, p.MaxAmount)
		}
	}
}

// between notes that amounts up to low-1, from low to high, and from high+1 on are told apart.
func (s *shared) between(low, high int64) {
	if low > 0 {
		s.amounts = append(s.amounts, low)
	}
	if high > 0 {
		s.amounts = append(s.amounts, high+1)
	}
}

// class is the number of the boundaries at or below a value.
func class(boundaries []int64, value int64) int {
	i, at := slices.BinarySearch(boundaries, value)
	if at {
		i++
	}
	return i
}

// lacking lists what the merchant could sign: each product of each provider in this binary that none of its channels has.
func (s *shared) lacking() []postern.Channel {
	has := map[Way]bool{}
	for _, c := range s.then.Channels {
		for _, p := range c.Products {
			has[Way{c.Provider, p}] = true
		}
	}
	var list []postern.Channel
	for code, connector := range s.what.Registry {
		for _, p := range connector.Describe().Products {
			if !has[Way{code, p.Code}] {
				s.between(p.MinAmount, p.MaxAmount)
				list = append(list, suppose(s.then.Merchant, code, []string{p.Code}, 0, time.Time{}, 0))
			}
		}
	}
	slices.SortFunc(list, func(a, b postern.Channel) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Products[0], b.Products[0]))
	})
	return list
}

// verdict is judge, asked once for all orders that are alike.
func (s *shared) verdict(o Order) Verdict {
	key := alike{
		container: o.Container, system: o.OS, form: o.Form, used: strings.Join(o.Used, " "), provider: o.Provider, product: o.Product, currency: o.Currency, hasCode: o.HasCode,
		amount: class(s.amounts, o.Amount), moment: o.PlanAt.UnixMicro(),
	}
	v, known := s.verdicts[key]
	if !known {
		if len(s.verdicts) >= maxShared {
			clear(s.verdicts)
		}
		v = s.judge(o, nil)
		s.verdicts[key] = v
	}
	return v
}

// judge plans one order after the change, and where it is not kept, once more with each channel that the merchant lacks. The payment has no id: it neither explores
// nor is it spread over equal channels, which differ in nothing that a drill counts.
func (s *shared) judge(o Order, taken *taking) Verdict {
	buyer := route.Buyer{Container: o.Container, OS: o.OS, Form: o.Form, HasCode: o.HasCode, Used: o.Used}
	payment := postern.Payment{MerchantID: o.MerchantID, Amount: o.Amount, Currency: o.Currency, Live: s.then.Merchant.Live}
	v := Judge(o, s.plan(s.used(taken, o.At), payment, buyer, o.PlanAt))
	if v.Outcome == Lost || v.Outcome == WayOut {
		v.Saved = s.saved(payment, buyer, o.PlanAt)
	}
	return v
}

func (s *shared) plan(stall engine.Stall, payment postern.Payment, buyer route.Buyer, at time.Time) route.Plan {
	in := s.what.Input(stall, payment, buyer, at)
	in.Explore = 0
	return s.what.Make(stall, in)
}

// used is the stall with its quotas used up by the drill's own orders: what was really taken today says nothing about another day.
func (s *shared) used(taken *taking, at time.Time) engine.Stall {
	stall := s.then
	stall.Used = nil
	if taken != nil {
		stall.Used = map[string]store.Taken{}
		for _, c := range stall.Channels {
			stall.Used[c.ID] = taken.of(c.ID, at)
		}
	}
	return stall
}

// saved lists the channels that the merchant lacks, may sign at that moment, and could then take the order with.
func (s *shared) saved(payment postern.Payment, buyer route.Buyer, at time.Time) []Way {
	stall := s.then
	stall.Channels = nil
	for _, c := range s.candidates {
		asker := c.Asker(s.then.Merchant.PartnerID, c.Products[0], buyer.Container, payment.Amount, at)
		asker.Agreement = postern.Agreement{}
		if s.then.Closures.May(postern.ActSign, &asker, at).Allowed {
			c.Agreement.Terms = []postern.Term{{From: at}}
			stall.Channels = append(stall.Channels, c)
		}
	}
	var ways []Way
	for _, c := range s.plan(stall, payment, buyer, at).Kept() {
		ways = append(ways, Way{c.Provider, c.Product})
	}
	return ways
}
