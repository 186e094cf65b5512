package route_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern"
	"postern/route"
	"postern/wall"
)

func kept(in route.Input) []string {
	var ids []string
	for _, c := range route.Make(in).Kept() {
		ids = append(ids, c.ChannelID)
	}
	return ids
}

// TestWhatOrdersCandidates: each thing that the score is made of, alone, puts the better of two candidates first.
func TestWhatOrdersCandidates(t *testing.T) {
	for _, c := range []struct {
		name   string
		better func(*route.Input, *route.Offer)
	}{
		{"a lower fee", func(_ *route.Input, o *route.Offer) { o.Channel.Agreement.FeeBP = -60 }},
		{"more success seen here", func(_ *route.Input, o *route.Offer) { o.Outcomes = route.Outcomes{Tried: 40_000, Paid: 39_000} }},
		{"the wallet that this browser has used", func(in *route.Input, _ *route.Offer) { in.Buyer.Used = []string{"b"} }},
		{"the wallet that the buyer sits in", func(_ *route.Input, o *route.Offer) { o.OwnWallet = true }},
		{"fewer steps", func(_ *route.Input, o *route.Offer) { o.Product = "barcode" }},
		{"the merchant's order", func(in *route.Input, _ *route.Offer) { in.Offers[0].Channel.Rank = 1 }},
		{"a rule that prefers it", func(in *route.Input, _ *route.Offer) {
			in.Rules = &postern.RuleSet{Rules: []postern.Rule{{ID: "r", Do: postern.RulePrefer, Providers: []string{"b"}, Points: 100}}}
		}},
		{"a rule that avoids the other", func(in *route.Input, _ *route.Offer) {
			in.Rules = &postern.RuleSet{Rules: []postern.Rule{{ID: "r", Do: postern.RuleAvoid, Providers: []string{"a"}, Points: 100}}}
		}},
		{"evidence", func(in *route.Input, _ *route.Offer) { in.Offers[0].Reach.Evidence = "practice" }},
	} {
		in := input(offer("a", "h5", route.Works), offer("b", "h5", route.Works))
		if got := kept(in); got[0] != "chn_a" {
			t.Fatalf("%s: the base is %v", c.name, got)
		}
		c.better(&in, &in.Offers[1])
		if got := kept(in); got[0] != "chn_b" {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestAWorseRecordGoesBehind(t *testing.T) {
	good, bad := offer("a", "h5", route.Works), offer("b", "jsapi", route.Works)
	bad.Outcomes = route.Outcomes{Tried: 100_000, Paid: 20_000}
	if got := kept(input(bad, good)); got[0] != "chn_a" {
		t.Errorf("got %v", got)
	}
}

func TestRulesDropAndShield(t *testing.T) {
	in := input(offer("a", "h5", route.Works), offer("b", "h5", route.Works))
	in.Rules = &postern.RuleSet{Version: 7, Rules: []postern.Rule{
		{ID: "small", Do: postern.RuleAllow, Providers: []string{"a"}, MaxAmount: 5000}, {ID: "big", Do: postern.RuleDrop, Providers: []string{"a"}},
	}}
	plan := route.Make(in)
	dropped := plan.Candidates[1]
	if len(plan.Kept()) != 1 || dropped.Reason != route.ReasonRule || dropped.Rule != "big" || plan.Rules != 7 {
		t.Errorf("got %+v", plan)
	}
	in.Payment.Amount = 5000
	if got := kept(in); len(got) != 2 {
		t.Errorf("the rule above does not shield: %v", got)
	}
}

func TestQuotas(t *testing.T) {
	for _, c := range []struct {
		want  string
		quota postern.Quota
	}{
		{route.ReasonWorks, postern.Quota{Order: 6800, Day: 16800, Month: 26800}}, {route.ReasonAmountHigh, postern.Quota{Order: 6799}},
		{route.ReasonQuota, postern.Quota{Day: 16799}}, {route.ReasonQuota, postern.Quota{Month: 26799}},
	} {
		in := input(offer("a", "h5", route.Works))
		in.Offers[0].Channel.Agreement.Quota, in.Offers[0].UsedDay, in.Offers[0].UsedMonth = c.quota, 10_000, 20_000
		if got := route.Make(in).Candidates[0].Reason; got != c.want {
			t.Errorf("%+v: got %s, want %s", c.quota, got, c.want)
		}
	}
}

// TestADroppedWayIsNotPointedTo: what the merchant dropped for a place is not shown there as a way out either.
func TestADroppedWayIsNotPointedTo(t *testing.T) {
	for _, state := range []string{route.WayOut, route.Blocked} {
		in := input(offer("a", "h5", state))
		in.Rules = &postern.RuleSet{Rules: []postern.Rule{{ID: "none", Do: postern.RuleDrop, Providers: []string{"a"}}}}
		if got := route.Make(in).Candidates[0]; got.Reason != route.ReasonRule || got.Rule != "none" {
			t.Errorf("%s: got %+v", state, got)
		}
	}
}

// TestEqualChannelsShareTheLoad: by weight, the same in every replay, and never across wallets.
func TestEqualChannelsShareTheLoad(t *testing.T) {
	one, three, other := offer("a", "h5", route.Works), offer("a", "h5", route.Works), offer("b", "h5", route.Works)
	one.Channel.ID, three.Channel.ID = "chn_1", "chn_3"
	three.Channel.Weight = 3
	first := map[string]int{}
	const n = 10_000
	for i := range n {
		in := input(one, three, other)
		in.Payment.ID = fmt.Sprint("pay_", i)
		got := kept(in)
		if again := kept(in); again[0] != got[0] {
			t.Fatal("a replay differs")
		}
		first[got[0]]++
	}
	if first["chn_3"] < n*72/100 || first["chn_3"] > n*78/100 || first["chn_b"] > 0 {
		t.Errorf("first: %v", first)
	}
}

// TestExploring: a small share of payments tries what was tried least among what works, and nothing else.
func TestExploring(t *testing.T) {
	known, fresh, unknown := offer("a", "h5", route.Works), offer("b", "h5", route.Works), offer("c", "h5", route.Unknown)
	known.Outcomes = route.Outcomes{Tried: 100_000, Paid: 90_000}
	fresh.Outcomes = route.Outcomes{Tried: 3_000}
	explored := 0
	const n = 20_000
	for i := range n {
		in := input(known, fresh, unknown)
		in.Payment.ID, in.Explore = fmt.Sprint("pay_", i), 200
		plan := route.Make(in)
		switch {
		case plan.Explored && plan.Candidates[0].Provider == "b":
			explored++
		case plan.Explored, plan.Candidates[0].Provider != "a", plan.Candidates[2].Provider != "c":
			t.Fatalf("%+v", plan)
		}
	}
	if explored < n*150/10_000 || explored > n*250/10_000 {
		t.Errorf("%d of %d explored", explored, n)
	}
}

// TestAnyPlan holds what is true of every plan: the same input gives the same plan, nothing is kept that a person closed, and unknown is never first where
// something works.
func TestAnyPlan(t *testing.T) {
	states := []string{route.Works, route.Unknown, route.WayOut, route.Blocked}
	rapid.Check(t, func(t *rapid.T) {
		var offers []route.Offer
		for i := range rapid.IntRange(0, 8).Draw(t, "offers") {
			o := offer(fmt.Sprint("p", i%4), rapid.SampledFrom([]string{"jsapi", "h5", "native", "page"}).Draw(t, "product"), rapid.SampledFrom(states).Draw(t, "state"))
			o.Channel.ID = fmt.Sprint("chn_", i)
			o.Channel.Rank, o.Channel.Agreement.FeeBP = rapid.Int64Range(0, 60).Draw(t, "rank"), rapid.Int64Range(0, 300).Draw(t, "fee")
			o.OwnWallet = rapid.Bool().Draw(t, "own")
			tried := rapid.Int64Range(0, 500_000).Draw(t, "tried")
			o.Outcomes = route.Outcomes{Tried: tried, Paid: rapid.Int64Range(0, tried).Draw(t, "paid")}
			if rapid.Bool().Draw(t, "closed") {
				o.Channel.Permissions = []postern.Permission{{Act: postern.ActPay, Source: "operator"}}
			}
			offers = append(offers, o)
		}
		in := input(offers...)
		in.Payment.ID, in.Explore = rapid.String().Draw(t, "id"), 5000
		plan, again := route.Make(in), route.Make(in)
		works, dropped := false, false
		for i, c := range plan.Candidates {
			if c != again.Candidates[i] {
				t.Fatal("the same input gave two plans")
			}
			works = works || c.Kept && c.Reach == route.Works
			dropped = dropped || !c.Kept
			if c.Kept && dropped || c.Kept && (c.Reach == route.WayOut || c.Reach == route.Blocked) {
				t.Fatalf("kept %+v", plan.Candidates)
			}
			for _, o := range offers {
				if o.Channel.ID == c.ChannelID && len(o.Channel.Permissions) > 0 && c.Kept {
					t.Fatal("a closed channel was kept")
				}
			}
		}
		if works && plan.Candidates[0].Reach != route.Works {
			t.Fatalf("unknown first: %+v", plan.Candidates)
		}
	})
}

// closures are n closures of several shapes, none of which hits the benchmark's payment.
func closures(n int) []postern.Closure {
	var list []postern.Closure
	for i := range n {
		c := postern.Closure{ID: fmt.Sprint("clo_", i), By: postern.ByProvider, Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: noon.Add(time.Duration(i-n/2) * time.Hour)}}}
		switch i % 4 {
		case 0:
			c.Scope = postern.Scope{Providers: []string{"alipay"}, Containers: []string{"qq", "douyin"}}
		case 1:
			c.Scope = postern.Scope{Providers: []string{"wechatpay"}, Merchants: []string{"mer_other"}}
		case 2:
			c.Scope = postern.Scope{Providers: []string{"tenpay", "bill99"}}
		case 3:
			c.Scope = postern.Scope{Providers: []string{"unionpay"}, Products: []string{"app"}, MinAmount: 5_000_000}
		}
		list = append(list, c)
	}
	return list
}

// BenchmarkPlan is what one look at the checkout costs in the planner: 12 channels, 200 closures, rules, and the whole wall map asked for every offer.
func BenchmarkPlan(b *testing.B) {
	m := wall.Default()
	seen := wall.Seen{Container: "wechat", OS: "ios", Form: "phone"}
	wallets := []string{"alipay", "wechatpay", "unionpay"}
	var channels []postern.Channel
	for i := range 12 {
		channels = append(channels, postern.Channel{ID: fmt.Sprint("chn_", i), Provider: wallets[i%3], Sandbox: true, Agreement: postern.Agreement{Terms: []postern.Term{{From: noon.AddDate(-1, 0, 0)}}}})
	}
	in := input()
	in.Closures, in.Explore = postern.IndexClosures(closures(200)), 200
	in.Rules = &postern.RuleSet{Rules: []postern.Rule{{ID: "big", Do: postern.RuleDrop, MinAmount: 1_000_000}, {ID: "like", Do: postern.RulePrefer, Providers: []string{"wechatpay"}, Points: 100}}}
	products := []string{"jsapi", "h5", "native", "page"}
	b.ReportAllocs()
	for b.Loop() {
		in.Offers = make([]route.Offer, 0, len(channels))
		for i := range channels {
			cell := m.ReachAt(channels[i].Provider, products[i%4], seen, noon)
			in.Offers = append(in.Offers, route.Offer{
				Channel: &channels[i], Product: products[i%4], Reach: route.Reach{State: cell.State, Evidence: cell.Evidence, WayOut: cell.WayOut, Note: cell.Note}, MinAmount: 1,
			})
		}
		route.Make(in)
	}
}

// TestOutside: what is closed only here is reached in the device's own browser, once a wallet, and only by wallets that are open there.
func TestOutside(t *testing.T) {
	here := route.Plan{Candidates: []route.Candidate{
		{ChannelID: "1", Provider: "a", Product: "h5", Reason: route.ReasonClosed}, {ChannelID: "1", Provider: "a", Product: "jsapi", Reason: route.ReasonBlocked},
		{ChannelID: "2", Provider: "b", Product: "h5", Reason: route.ReasonClosed}, {ChannelID: "3", Provider: "c", Product: "h5", Reason: route.ReasonAmountHigh},
	}}
	there := route.Plan{Candidates: []route.Candidate{{Provider: "a", Product: "h5", Kept: true}, {Provider: "c", Product: "h5", Kept: true}, {Provider: "b", Reason: route.ReasonClosed}}}
	if !here.Stuck() {
		t.Error("nothing can be paid here, and the plan is not stuck")
	}
	got := route.Outside(here, there)
	for i, want := range []string{route.ReasonWayOut, route.ReasonBlocked, route.ReasonClosed, route.ReasonAmountHigh} {
		if got.Candidates[i].Reason != want {
			t.Errorf("candidate %d: %s, want %s", i, got.Candidates[i].Reason, want)
		}
	}
	if got.Stuck() || got.Candidates[0].WayOut != "browser" {
		t.Errorf("got %+v", got)
	}
}
