package drill_test

import (
	"slices"
	"testing"
	"time"

	"postern/drill"
	"postern/route"
)

func plan(candidates ...route.Candidate) route.Plan { return route.Plan{Candidates: candidates} }

func kept(provider, product string) route.Candidate {
	return route.Candidate{Provider: provider, Product: product, Kept: true, Reason: route.ReasonWorks, FeeBP: 60}
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
		if got := drill.Judge(o, c.after); got.Outcome != c.want || got.To != c.to {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
}

// TestRunAddsUp holds the report against an independent sum.
func TestRunAddsUp(t *testing.T) {
	monday := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	orders := []drill.Order{
		{MerchantID: "m1", PartnerID: "p", Container: "wechat", Provider: "a", Product: "h5", FeeBP: 100, Amount: 10_000, At: monday},
		{MerchantID: "m1", PartnerID: "p", Container: "wechat", Provider: "b", Product: "h5", FeeBP: 60, Amount: 2_000, At: monday},
		{MerchantID: "m2", PartnerID: "p", Container: "qq", Provider: "a", Product: "h5", FeeBP: 100, Amount: 300, At: monday.AddDate(0, 0, 1)},
		{MerchantID: "m2", PartnerID: "p", Container: "qq", Provider: "a", Product: "h5", FeeBP: 100, Amount: 400, At: monday.AddDate(0, 0, 1)},
	}
	judge := func(o drill.Order) drill.Verdict {
		if o.Container == "qq" {
			return drill.Verdict{Outcome: drill.Lost, Saved: []drill.Way{{Provider: "c", Product: "h5"}}}
		}
		return drill.Judge(o, plan(kept("b", "h5")))
	}
	r := drill.Run(slices.Values(orders), judge)
	if r.Total != (drill.Sum{Orders: 4, Amount: 12_700}) || r.By.Rerouted != (drill.Sum{Orders: 1, Amount: 10_000}) || r.By.Carried != (drill.Sum{Orders: 1, Amount: 2_000}) || r.By.Lost != (drill.Sum{Orders: 2, Amount: 700}) {
		t.Errorf("report %+v", r)
	}
	if len(r.Moves) != 1 || r.Moves[0].From != "a" || r.Moves[0].To != "b" || r.Moves[0].Amount != 10_000 || r.Moves[0].ExtraFee != -40 || r.ExtraFee != -40 {
		t.Errorf("moves %+v, extra fee %d", r.Moves, r.ExtraFee)
	}
	if len(r.Stranded) != 1 || r.Stranded[0] != "m2" || len(r.Merchants) != 1 || r.Merchants[0].Name != "m2" {
		t.Errorf("stranded %v, worst %v", r.Stranded, r.Merchants)
	}
	if len(r.Sign) != 1 || r.Sign[0].Provider != "c" || r.Sign[0].Saves.Amount != 700 || r.Sign[0].Merchants != 1 {
		t.Errorf("sign %+v", r.Sign)
	}
	if a := r.Providers[0]; a.Provider != "a" || a.Before.Amount != 10_700 || a.BeforeFee != 107 || a.After.Amount != 0 {
		t.Errorf("the closer's own loss: %+v", a)
	}
	if len(r.Timeline) != 2 || r.Timeline[0].By.Lost.Amount != 0 || r.Timeline[1].By.Lost.Amount != 700 {
		t.Errorf("time line %+v", r.Timeline)
	}
	var places drill.Split
	for _, p := range r.Places {
		for _, o := range []drill.Outcome{drill.Carried, drill.Rerouted, drill.WayOut, drill.Lost} {
			places.Of(o).Orders += p.By.Of(o).Orders
			places.Of(o).Amount += p.By.Of(o).Amount
		}
	}
	if places != r.By || len(r.Partners) != 1 || r.Partners[0].By != r.By {
		t.Errorf("the places add up to %+v, the partner to %+v", places, r.Partners)
	}
}

// TestTheWorstAreBounded feeds more losers than a report lists.
func TestTheWorstAreBounded(t *testing.T) {
	var orders []drill.Order
	for i := range 300 {
		orders = append(orders, drill.Order{MerchantID: string(rune('A' + i)), Provider: "a", Amount: int64(i + 1)})
	}
	r := drill.Run(slices.Values(orders), func(drill.Order) drill.Verdict { return drill.Verdict{Outcome: drill.Lost} })
	if len(r.Merchants) != 50 || r.MoreMerchants != 250 || r.Merchants[0].Total.Amount != 300 || r.Merchants[49].Total.Amount != 251 || len(r.Stranded) != 200 || r.MoreStranded != 100 {
		t.Errorf("%d worst from %d to %d and %d more; %d stranded and %d more", len(r.Merchants), r.Merchants[0].Total.Amount, r.Merchants[49].Total.Amount, r.MoreMerchants, len(r.Stranded), r.MoreStranded)
	}
}
