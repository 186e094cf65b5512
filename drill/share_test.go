package drill

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider/all"
)

// randomStall draws a merchant: channels with papers, limits and permissions, closures, rules.
func randomStall(d *draws, e *engine.Engine, at time.Time) engine.Stall {
	day := func() time.Time { return at.AddDate(0, 0, int(d.from(-10, 10))) }
	pick := func(list ...string) []string { return list[:d.from(0, int64(len(list)))] }
	stall := engine.Stall{Merchant: postern.Merchant{ID: "mer_1", PartnerID: "par_1"}}
	for code, connector := range e.Registry {
		for n := range d.from(0, 2) {
			c := postern.Channel{MerchantID: "mer_1", ID: fmt.Sprint(code, n), Provider: code, Sandbox: true, MinAmount: d.from(0, 300), MaxAmount: d.from(0, 1) * d.from(300, 900), Rank: d.from(0, 3)}
			for _, p := range connector.Describe().Products {
				if d.from(0, 2) > 0 {
					c.Products = append(c.Products, p.Code)
				}
			}
			c.Agreement.FeeBP, c.Agreement.Quota.Order = d.from(0, 100), d.from(0, 1)*d.from(200, 900)
			if d.from(0, 1) == 1 {
				from := day()
				c.Agreement.Terms = []postern.Term{{From: from, Until: from.AddDate(0, 0, int(d.from(1, 12)))}}
			}
			if d.from(0, 2) == 0 {
				c.Permissions = []postern.Permission{{Act: postern.ActPay, From: day(), Source: "operator"}}
			}
			stall.Channels = append(stall.Channels, c)
		}
	}
	slices.SortFunc(stall.Channels, func(a, b postern.Channel) int { return compare(a.ID, b.ID) })
	var closures []postern.Closure
	for i := range d.from(0, 4) {
		c := postern.Closure{ID: fmt.Sprint(i), By: postern.ByHost, Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: day()}}}
		c.Scope = postern.Scope{Providers: pick("alipay", "wechatpay"), Products: pick("h5", "jsapi"), Containers: pick("wechat", "qq"), MinAmount: d.from(0, 500)}
		if d.from(0, 1) == 1 {
			c.Withdraws = append(c.Withdraws, postern.Withdrawal{Act: postern.ActSign, From: day()})
		}
		closures = append(closures, c)
	}
	stall.Closures = postern.IndexClosures(closures)
	if d.from(0, 1) == 1 {
		stall.Rules = &postern.RuleSet{Version: 1, Rules: []postern.Rule{
			{ID: "a", Do: postern.RuleDrop, Providers: pick("wechatpay", "alipay"), MinAmount: d.from(0, 700), From: day()},
			{ID: "b", Do: postern.RulePrefer, Points: d.from(1, 2_000), Containers: pick("alipay", "qq"), MaxAmount: d.from(1, 900)},
		}}
	}
	return stall
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

func randomOrder(d *draws, at time.Time) Order {
	one := func(list ...string) string { return list[d.from(0, int64(len(list)-1))] }
	o := Order{
		MerchantID: "mer_1", PartnerID: "par_1", Container: one("wechat", "alipay", "qq", "browser-safari", "api"), OS: "ios", Form: one("phone", "desktop"),
		HasCode: d.from(0, 3) == 0, Provider: one("alipay", "wechatpay"), Product: one("h5", "jsapi", "native"), FeeBP: d.from(0, 100), Amount: d.from(1, 1_000), Currency: "CNY",
		At: at, PlanAt: at.AddDate(0, 0, 6*int(d.from(-1, 1))),
	}
	if d.from(0, 1) == 1 {
		o.Used = []string{one("alipay", "wechatpay")}
	}
	return o
}

// TestSharingChangesNothing asks about random merchants with and without sharing: the reports are identical.
func TestSharingChangesNothing(t *testing.T) {
	e := &engine.Engine{Registry: all.Registry()}
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, postern.Beijing)
	var asked, planned int
	seen := map[Outcome]bool{}
	for seed := range uint64(60) {
		d := &draws{stream(seed, 99)}
		stall := randomStall(d, e, at)
		s := share(e, stall, stall)
		var orders []Order
		for range 1_500 {
			orders = append(orders, randomOrder(d, at))
		}
		alone := Run(slices.Values(orders), func(o Order) Verdict { return s.judge(o, nil) })
		together := Run(slices.Values(orders), func(o Order) Verdict {
			v := s.verdict(o)
			seen[v.Outcome] = true
			return v
		})
		if !reflect.DeepEqual(alone, together) {
			t.Fatalf("seed %d: alone %+v\nshared %+v", seed, alone, together)
		}
		asked, planned = asked+len(orders), planned+len(s.verdicts)
	}
	if len(seen) != 4 || planned*10 > asked*9 {
		t.Errorf("the worlds prove little: outcomes %v, %d plans for %d orders", seen, planned, asked)
	}
	t.Logf("%d orders, %d plans", asked, planned)
}
