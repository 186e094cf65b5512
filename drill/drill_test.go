package drill_test

import (
	"slices"
	"testing"

	"postern/drill"
	"postern/route"
)

func plan(candidates ...route.Candidate) route.Plan { return route.Plan{Candidates: candidates} }

func kept(provider, product string) route.Candidate {
	return route.Candidate{Provider: provider, Product: product, Kept: true, Reason: route.ReasonWorks}
}

func dropped(provider, reason string) route.Candidate {
	return route.Candidate{Provider: provider, Reason: reason}
}

func TestJudge(t *testing.T) {
	o := drill.Order{Provider: "a", Product: "h5", Amount: 100}
	for _, c := range []struct {
		name  string
		after route.Plan
		want  drill.Outcome
		to    string
	}{
		{"the same product works on", plan(kept("b", "h5"), kept("a", "h5")), drill.Carried, "a"},
		{"another product of the same provider", plan(kept("a", "native")), drill.Rerouted, "a"},
		{"another provider", plan(kept("b", "h5"), dropped("a", route.ReasonClosed)), drill.Rerouted, "b"},
		{"only a way out", plan(dropped("a", route.ReasonClosed), dropped("b", route.ReasonWayOut)), drill.WayOut, "b"},
		{"nothing", plan(dropped("a", route.ReasonClosed), dropped("b", route.ReasonBlocked)), drill.Lost, ""},
		{"no channel at all", plan(), drill.Lost, ""},
	} {
		if got, to := drill.Judge(o, c.after); got != c.want || to != c.to {
			t.Errorf("%s: got %s to %q", c.name, got, to)
		}
	}
}

// TestRunAddsUp holds the report against an independent sum.
func TestRunAddsUp(t *testing.T) {
	orders := []drill.Order{
		{MerchantID: "m1", Container: "wechat", Provider: "a", Product: "h5", Amount: 100}, {MerchantID: "m1", Container: "wechat", Provider: "b", Product: "h5", Amount: 20},
		{MerchantID: "m2", Container: "qq", Provider: "a", Product: "h5", Amount: 3}, {MerchantID: "m2", Container: "qq", Provider: "a", Product: "h5", Amount: 4},
	}
	after := func(o drill.Order) route.Plan {
		if o.Container == "qq" {
			return plan(dropped("a", route.ReasonClosed))
		}
		return plan(kept("b", "h5"))
	}
	r := drill.Run(slices.Values(orders), after)
	if r.Total != (drill.Sum{Orders: 4, Amount: 127}) || r.By[drill.Rerouted] != (drill.Sum{Orders: 1, Amount: 100}) || r.By[drill.Carried] != (drill.Sum{Orders: 1, Amount: 20}) || r.By[drill.Lost] != (drill.Sum{Orders: 2, Amount: 7}) {
		t.Errorf("report %+v", r)
	}
	if len(r.Moves) != 1 || r.Moves[0].From != "a" || r.Moves[0].To != "b" || r.Moves[0].Amount != 100 {
		t.Errorf("moves %+v", r.Moves)
	}
	if len(r.Stranded) != 1 || r.Stranded[0] != "m2" {
		t.Errorf("stranded %v", r.Stranded)
	}
	var orders64, amount int64
	for _, p := range r.Places {
		for _, s := range p.By {
			orders64, amount = orders64+s.Orders, amount+s.Amount
		}
	}
	if orders64 != r.Total.Orders || amount != r.Total.Amount {
		t.Errorf("the places add up to %d orders and %d", orders64, amount)
	}
}
