package sim_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"testing"
	"time"

	"postern"
	"postern/drill"
	"postern/engine"
	"postern/provider"
	"postern/route"
	"postern/sim"
	"postern/store"
	"postern/wall"
)

var safari = route.Buyer{Container: "browser-safari", OS: "ios", Form: "phone"}

// sold makes six paid orders, half over each wallet.
func sold(t *testing.T, w *sim.World) {
	t.Helper()
	for i := range 6 {
		p := pay(t, w, fmt.Sprint("D", i), int64(100*(i+1)))
		r, err := w.Engine.Start(context.Background(), p.MerchantID, p.ID, engine.StartInput{Provider: []string{alipay, wechat}[i%2], Product: "h5", Buyer: safari, ClientIP: "203.0.113.7"})
		must(t, err)
		visit(t, w, r.Attempt.Action.URL)
		approve(t, w, r.Attempt)
		run(t, w, time.Minute)
		wantPayment(t, w, p, postern.PaymentPaid)
	}
}

func closing(at time.Time, providers ...string) postern.Closure {
	return postern.Closure{OwnerID: postern.Platform, Title: "what if", By: postern.ByProvider, Scope: postern.Scope{Providers: providers}, Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: at}}}
}

// asked runs a drill with and without sharing, which must answer alike.
func asked(t *testing.T, w *sim.World, q drill.Question) drill.Report {
	t.Helper()
	r, err := drill.Replay(context.Background(), w.Engine, q)
	must(t, err)
	q.Alone = true
	alone, err := drill.Replay(context.Background(), w.Engine, q)
	must(t, err)
	if !reflect.DeepEqual(r, alone) {
		t.Errorf("shared %+v\nalone %+v", r, alone)
	}
	return r
}

// TestADrillKnowsBefore asks from paid orders what a closure would cost, and then lets the closure hold: the checkout does what the drill said.
func TestADrillKnowsBefore(t *testing.T) {
	ctx, w := context.Background(), twoWallets(t)
	sold(t, w)
	at := w.Clock.Now().Add(time.Hour)
	ask := func(c postern.Closure) drill.Report {
		t.Helper()
		r := asked(t, w, drill.Question{Change: drill.Change{Closures: []postern.Closure{c}}, At: at})
		if r.Total != (drill.Sum{Orders: 6, Amount: 2100}) {
			t.Errorf("total %+v", r.Total)
		}
		return r
	}
	if r := ask(closing(at, alipay)); r.By.Rerouted != (drill.Sum{Orders: 3, Amount: 900}) || r.By.Carried != (drill.Sum{Orders: 3, Amount: 1200}) || len(r.Moves) != 1 || r.Moves[0].To != wechat {
		t.Errorf("one gate: %+v", r)
	}
	if r := ask(closing(at, alipay, wechat)); r.By.Lost.Orders != 6 || len(r.Stranded) != 1 || r.Stranded[0] != w.Merchant.ID {
		t.Errorf("both gates: %+v", r)
	}
	_, err := w.Engine.AnnounceClosure(ctx, closing(at, alipay))
	must(t, err)
	run(t, w, at.Sub(w.Clock.Now())+time.Second)
	after := pay(t, w, "after", 100)
	made, err := w.Engine.Plan(ctx, after, safari, "", "")
	must(t, err)
	if first := made.Kept()[0]; first.Provider != wechat {
		t.Errorf("the checkout offers %s", first.Provider)
	}
}

// TestADrillAsksAboutPapersRulesAndTheMap changes each of them, alone and together.
func TestADrillAsksAboutPapersRulesAndTheMap(t *testing.T) {
	w := twoWallets(t)
	sold(t, w)
	now := w.Clock.Now()
	at := now.Add(time.Hour)
	ask := func(name string, c drill.Change, rerouted, lost int64) drill.Report {
		t.Helper()
		r := asked(t, w, drill.Question{Change: c, At: at})
		if r.By.Rerouted.Orders != rerouted || r.By.Lost.Orders+r.By.WayOut.Orders != lost || r.By.Carried.Orders != 6-rerouted-lost {
			t.Errorf("%s: %+v", name, r.By)
		}
		return r
	}
	ends := []drill.Paper{{Provider: alipay, EndsAt: now, FeeBP: 100}}
	ask("a contract that ends", drill.Change{Papers: ends}, 3, 0)
	ask("one that ends later", drill.Change{Papers: []drill.Paper{{Provider: alipay, EndsAt: at.Add(time.Hour), FeeBP: -1}}}, 0, 0)
	if r := ask("dearer", drill.Change{Papers: []drill.Paper{{FeeBP: 100}}}, 0, 0); r.ExtraFee != 1+2+3+4+5+6 {
		t.Errorf("a fee of one per cent more is %d", r.ExtraFee)
	}
	dropped := &postern.RuleSet{Version: 1, Rules: []postern.Rule{{ID: "big", Do: postern.RuleDrop, Providers: []string{alipay}, MinAmount: 300}}}
	ask("a rule", drill.Change{Rules: dropped}, 2, 0)
	m, err := wall.Overlay(wall.Default(), []byte(`{"provider": "alipay", "product": "h5", "container": "browser-safari", "state": "blocked", "evidence": "observation", "source": "what if", "note": "what if"}`))
	must(t, err)
	ask("the map", drill.Change{Map: m}, 3, 0)
	ask("a contract that ends, and a rule", drill.Change{Papers: ends, Rules: &postern.RuleSet{Version: 1, Rules: []postern.Rule{{ID: "all", Do: postern.RuleDrop, Providers: []string{wechat}}}}}, 0, 6)
	again := []drill.NewChannel{{Provider: alipay, Products: []string{"h5"}, FeeBP: 55}}
	if r := ask("signed anew", drill.Change{Papers: ends, Channels: again}, 0, 0); r.ExtraFee == 0 {
		t.Errorf("the new channel's fee is not counted: %+v", r)
	}
	onward := drill.Question{Change: drill.Change{Papers: []drill.Paper{{Provider: alipay, EndsAt: at.Add(2 * time.Hour), FeeBP: -1}}}, At: at, Since: now.Add(-4 * time.Hour), Onward: true}
	if r := asked(t, w, onward); r.By.Rerouted.Orders != 3 { // they came in the last minutes of the four hours
		t.Errorf("onward %+v", r.By)
	}
	onward.Onward = false
	if r := asked(t, w, onward); r.By.Rerouted.Orders != 0 {
		t.Errorf("not onward %+v", r.By)
	}
}

// TestADrillSaysWhatToSign asks which of the channels that a merchant lacks would save most, and obeys a closure of signing itself.
func TestADrillSaysWhatToSign(t *testing.T) {
	w := twoWallets(t)
	maps.DeleteFunc(w.Engine.Registry, func(code string, _ provider.Connector) bool { return code != alipay && code != wechat }) // nobody else to sign with
	sold(t, w)
	at := w.Clock.Now().Add(time.Hour)
	h5 := closing(at, alipay, wechat)
	h5.Scope.Products = []string{"h5", "native", "jsapi", "page"}
	lacks := drill.Change{Closures: []postern.Closure{h5}, Papers: []drill.Paper{{EndsAt: at, FeeBP: -1}}}
	if r := asked(t, w, drill.Question{Change: lacks, At: at}); r.By.Lost.Orders != 6 || len(r.Sign) != 0 {
		t.Errorf("nothing can help: lost %+v, sign %+v", r.By.Lost, r.Sign)
	}
	state, err := w.Store.Channels(context.Background(), w.Merchant.ID)
	must(t, err)
	for _, c := range state { // the merchant keeps one wallet's channel without its h5
		c.Products = []string{"native"}
		must(t, w.Store.SaveChannel(context.Background(), c))
	}
	r := asked(t, w, drill.Question{Change: drill.Change{Closures: []postern.Closure{closing(at, alipay)}}, At: at})
	if len(r.Sign) == 0 || r.Sign[0].Provider != wechat || r.Sign[0].Product != "h5" || r.Sign[0].Saves != (drill.Sum{Orders: 6, Amount: 2100}) || r.Sign[0].Merchants != 1 {
		t.Errorf("sign %+v", r.Sign)
	}
	nobody := closing(at, wechat)
	nobody.Withdraws = []postern.Withdrawal{{Act: postern.ActSign, From: at}}
	if r := asked(t, w, drill.Question{Change: drill.Change{Closures: []postern.Closure{closing(at, alipay), nobody}}, At: at}); len(r.Sign) != 0 {
		t.Errorf("nobody may sign there, and the drill says %+v", r.Sign)
	}
}

// TestADrillIsBounded stops after so many payments and says so, and leaves out what is of another currency, mode or merchant.
func TestADrillIsBounded(t *testing.T) {
	w := twoWallets(t)
	sold(t, w)
	at := w.Clock.Now()
	for name, c := range map[string]struct {
		q      drill.Question
		orders int64
		cut    bool
		other  int64
	}{
		"everything":        {drill.Question{}, 6, false, 0},
		"three rows":        {drill.Question{MaxRows: 3}, 3, true, 0},
		"six rows":          {drill.Question{MaxRows: 6}, 6, false, 0},
		"another currency":  {drill.Question{Currency: "USD"}, 0, false, 6},
		"live merchants":    {drill.Question{Mode: drill.LiveMode}, 0, false, 0},
		"test merchants":    {drill.Question{Mode: drill.TestMode}, 6, false, 0},
		"this merchant":     {drill.Question{Merchants: []string{w.Merchant.ID}}, 6, false, 0},
		"a partner's":       {drill.Question{PartnerID: "par_nobody"}, 0, false, 0},
		"the last minutes":  {drill.Question{Since: at.Add(-150 * time.Second)}, 2, false, 0},
		"all but the last":  {drill.Question{Until: at.Add(-150 * time.Second)}, 4, false, 0},
		"nothing in future": {drill.Question{Since: at.Add(time.Hour)}, 0, false, 0},
	} {
		c.q.At, c.q.Change.Closures = at, []postern.Closure{closing(at, alipay)}
		if r := asked(t, w, c.q); r.Total.Orders != c.orders || r.Cut != c.cut || r.OtherCurrency != c.other {
			t.Errorf("%s: %d orders, cut %v, %d others", name, r.Total.Orders, r.Cut, r.OtherCurrency)
		}
	}
	if _, err := drill.Replay(context.Background(), w.Engine, drill.Question{At: at, Merchants: []string{"mer_nobody"}}); postern.CodeOf(err) != postern.CodeNotFound {
		t.Errorf("a merchant that is not there: %v", err)
	}
}

// TestADrillUsesUpQuotas lets a day's quota of one wallet run out on the way.
func TestADrillUsesUpQuotas(t *testing.T) {
	w := twoWallets(t)
	sold(t, w)
	for _, c := range w.Channels {
		if c.Provider == wechat {
			c, err := w.Store.Channel(context.Background(), w.Merchant.ID, c.ID)
			must(t, err)
			c.Agreement.Quota.Day = 1_500
			must(t, w.Store.SaveChannel(context.Background(), c))
		}
	}
	at := w.Clock.Now()
	r := asked(t, w, drill.Question{At: at, Change: drill.Change{Closures: []postern.Closure{closing(at, alipay)}}})
	if kept := r.By.Carried.Amount + r.By.Rerouted.Amount; kept > 1_500 || kept == 0 || r.By.Lost.Amount+r.By.WayOut.Amount != 2_100-kept {
		t.Errorf("of 2,100 with a quota of 1,500: %+v", r.By)
	}
}

// TestADrillForgetsTodaysTrouble suspends a product by observation: that says nothing about another hour, and the report says so.
func TestADrillForgetsTodaysTrouble(t *testing.T) {
	ctx, w := context.Background(), twoWallets(t)
	sold(t, w)
	at := w.Clock.Now()
	h := postern.Health{MerchantID: w.Merchant.ID, ChannelID: w.Channels[alipay].ID, Product: "h5", State: postern.HealthSuspended, Since: at, SuspendedAt: at}
	must(t, w.Store.Commit(ctx, store.Change{MerchantID: w.Merchant.ID, At: at, Health: []postern.Health{h}}))
	stall, err := w.Engine.Stall(ctx, w.Merchant.ID)
	must(t, err)
	if len(stall.Health) != 1 {
		t.Fatalf("%d products ail", len(stall.Health))
	}
	r := asked(t, w, drill.Question{At: at, Change: drill.Change{Closures: []postern.Closure{closing(at, wechat)}}})
	if r.By.Carried.Orders != 3 || r.By.Rerouted.Orders != 3 || len(r.Notes) != 2 {
		t.Errorf("%+v, notes %q", r.By, r.Notes)
	}
}

// visit opens an address as the buyer's browser does: some orders exist only from then on.
func visit(t *testing.T, w *sim.World, address string) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	must(t, err)
	request.Header.Set("Referer", "http://"+sim.Host+"/")
	response, err := w.Net.Do(request)
	must(t, err)
	must(t, response.Body.Close())
}
