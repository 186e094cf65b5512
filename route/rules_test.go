package route_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern"
	"postern/route"
)

func TestCheckRulesNamesWhatCanNeverDecide(t *testing.T) {
	ways := []route.Way{{"a", "h5", "chn_1"}, {"a", "native", "chn_1"}, {"b", "h5", "chn_2"}}
	rule := func(id string, do postern.RuleAct, change func(*postern.Rule)) postern.Rule {
		r := postern.Rule{ID: id, Do: do}
		if change != nil {
			change(&r)
		}
		return r
	}
	for _, c := range []struct {
		name  string
		rules []postern.Rule
		want  []string
	}{
		{"nothing is wrong", []postern.Rule{rule("1", postern.RuleDrop, func(r *postern.Rule) { r.Providers = []string{"a"} }), rule("2", postern.RuleAllow, nil)}, nil},
		{"the amounts cross", []postern.Rule{rule("1", postern.RuleDrop, func(r *postern.Rule) { r.MinAmount, r.MaxAmount = 2, 1 })}, []string{"1 contradicts_itself"}},
		{"the same id", []postern.Rule{rule("1", postern.RuleDrop, nil), rule("1", postern.RuleDrop, nil)}, []string{"1 contradicts_itself"}},
		{"no such way", []postern.Rule{rule("1", postern.RuleDrop, func(r *postern.Rule) { r.Providers, r.Products = []string{"b"}, []string{"native"} })}, []string{"1 no_such_way"}},
		{"shadowed by one", []postern.Rule{rule("1", postern.RuleAllow, nil), rule("2", postern.RuleDrop, func(r *postern.Rule) { r.Forms = []string{"phone"} })}, []string{"2 shadowed"}},
		{"unreachable behind two", []postern.Rule{
			rule("low", postern.RuleDrop, func(r *postern.Rule) { r.MaxAmount = 100 }), rule("high", postern.RuleDrop, func(r *postern.Rule) { r.MinAmount = 101 }),
			rule("rest", postern.RuleAllow, func(r *postern.Rule) { r.Containers = []string{"wechat"} }),
		}, []string{"rest unreachable"}},
		{"a gap of one fen is enough", []postern.Rule{
			rule("low", postern.RuleDrop, func(r *postern.Rule) { r.MaxAmount = 100 }), rule("high", postern.RuleDrop, func(r *postern.Rule) { r.MinAmount = 102 }), rule("rest", postern.RuleAllow, nil),
		}, nil},
		{"a channel is its provider's", []postern.Rule{
			rule("1", postern.RuleDrop, func(r *postern.Rule) { r.Channels = []string{"chn_2"} }), rule("2", postern.RuleDrop, func(r *postern.Rule) { r.Providers = []string{"b"} }),
		}, []string{"2 shadowed"}},
	} {
		var got []string
		for _, f := range route.CheckRules(c.rules, ways) {
			got = append(got, f.Rule+" "+f.Kind)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestCheckRulesIsExact asks every question of a small world which rule decides it: CheckRules must name exactly those that decide none.
func TestCheckRulesIsExact(t *testing.T) {
	ways := []route.Way{{"a", "h5", "chn_1"}, {"a", "native", "chn_1"}, {"b", "h5", "chn_2"}}
	start := time.UnixMicro(1000)
	rapid.Check(t, func(t *rapid.T) {
		some := func(name string, from ...string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, len(from)-1, rapid.ID[string]).Draw(t, name)
		}
		var rules []postern.Rule
		for i := range rapid.IntRange(1, 7).Draw(t, "rules") {
			r := postern.Rule{ID: fmt.Sprint(i), Do: postern.RuleAllow, Providers: some("providers", "a", "b"), Products: some("products", "h5", "native"),
				Containers: some("containers", "wechat", "alipay"), Forms: some("forms", "phone", "desktop")}
			r.MinAmount = rapid.Int64Range(0, 3).Draw(t, "min")
			if most := rapid.Int64Range(0, 4).Draw(t, "max"); most >= r.MinAmount {
				r.MaxAmount = most
			}
			from, until := rapid.Int64Range(0, 2).Draw(t, "from"), rapid.Int64Range(0, 4).Draw(t, "until")
			if from > 0 {
				r.From = start.Add(time.Duration(from) * time.Microsecond)
			}
			if until > from {
				r.Until = start.Add(time.Duration(until) * time.Microsecond)
			}
			rules = append(rules, r)
		}
		set := postern.RuleSet{Rules: rules}
		decides := map[string]bool{}
		for _, w := range ways {
			for _, container := range []string{"wechat", "alipay", "other"} {
				for _, form := range []string{"phone", "desktop", "tablet"} {
					for amount := range int64(6) {
						for at := range 6 {
							ask := postern.RuleAsk{Provider: w.Provider, Product: w.Product, Channel: w.Channel, Container: container, Form: form, Amount: amount, At: start.Add(time.Duration(at) * time.Microsecond)}
							if r := set.First(&ask); r != nil {
								decides[r.ID] = true
							}
						}
					}
				}
			}
		}
		named := map[string]bool{}
		for _, f := range route.CheckRules(rules, ways) {
			named[f.Rule] = true
		}
		for _, r := range rules {
			if decides[r.ID] == named[r.ID] {
				t.Fatalf("rule %s decides: %v, named: %v, of %+v", r.ID, decides[r.ID], named[r.ID], rules)
			}
		}
	})
}
