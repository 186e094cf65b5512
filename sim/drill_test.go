package sim_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"postern"
	"postern/drill"
	"postern/engine"
	"postern/route"
	"postern/sim"
)

// TestADrillKnowsBefore asks from paid orders what a closure would cost, and then lets the closure hold: the checkout does what the drill said.
func TestADrillKnowsBefore(t *testing.T) {
	ctx, w := context.Background(), twoWallets(t)
	buyer := route.Buyer{Container: "browser-safari", OS: "ios", Form: "phone"}
	for i := range 6 {
		p := pay(t, w, fmt.Sprint("D", i), int64(100*(i+1)))
		r, err := w.Engine.Start(ctx, p.MerchantID, p.ID, engine.StartInput{Provider: []string{alipay, wechat}[i%2], Product: "h5", Buyer: buyer, ClientIP: "203.0.113.7"})
		must(t, err)
		visit(t, w, r.Attempt.Action.URL)
		approve(t, w, r.Attempt)
		run(t, w, time.Minute)
		wantPayment(t, w, p, postern.PaymentPaid)
	}
	at := w.Clock.Now().Add(time.Hour)
	closing := func(providers ...string) postern.Closure {
		return postern.Closure{OwnerID: postern.Platform, Title: "what if", By: postern.ByProvider, Scope: postern.Scope{Providers: providers}, Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: at}}}
	}
	ask := func(c postern.Closure) drill.Report {
		t.Helper()
		r, err := drill.Replay(ctx, w.Engine, drill.Question{Closure: c, At: at})
		must(t, err)
		if r.Total != (drill.Sum{Orders: 6, Amount: 2100}) {
			t.Errorf("total %+v", r.Total)
		}
		return r
	}
	if r := ask(closing(alipay)); r.By[drill.Rerouted] != (drill.Sum{Orders: 3, Amount: 900}) || r.By[drill.Carried] != (drill.Sum{Orders: 3, Amount: 1200}) || len(r.Moves) != 1 || r.Moves[0].To != wechat {
		t.Errorf("one gate: %+v", r)
	}
	if r := ask(closing(alipay, wechat)); r.By[drill.Lost].Orders != 6 || len(r.Stranded) != 1 || r.Stranded[0] != w.Merchant.ID {
		t.Errorf("both gates: %+v", r)
	}
	_, err := w.Engine.AnnounceClosure(ctx, closing(alipay))
	must(t, err)
	run(t, w, at.Sub(w.Clock.Now())+time.Second)
	after := pay(t, w, "after", 100)
	made, err := w.Engine.Plan(ctx, after, buyer, "", "")
	must(t, err)
	if first := made.Kept()[0]; first.Provider != wechat {
		t.Errorf("the checkout offers %s", first.Provider)
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
