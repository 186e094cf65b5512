package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/store"
)

// TestFailedRefundThatArrived: the provider called a refund closed, its amount was reserved for another refund, and then the first one is said to have reached the
// buyer. The word is kept, alarmed and looked at again; when the other reservation ends it is booked.
func TestFailedRefundThatArrived(t *testing.T) {
	ctx := context.Background()
	var log bytes.Buffer
	w := build(t, sim.Options{Store: opened(t, "sqlite::memory:", store.Options{}), Seed: 1, Log: textLog(&log)})
	p, a := paid(t, w, alipay, "gap-a", 6800)
	held := keep(w, false)
	r1, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R1", Amount: 6800})
	must(t, err)
	// Alipay does the refund and says that it refused it, as it may when its own parts disagree.
	must(t, w.Break(ctx, alipay, "refund", "system_error_after_effect", 1))
	must(t, w.Break(ctx, alipay, "refund_query", "drop_request", 3))
	run(t, w, time.Second)
	w.Sandboxes[alipay].RunDue(ctx)
	forceFailed(t, w, r1.ID)
	must(t, w.Break(ctx, alipay, "refund", "drop_request", 4))
	r2, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R2", Amount: 6800})
	must(t, err)
	w.Tap = nil
	k := (*held)[0]
	if _, body, err := w.Send(ctx, k.id, k.message); err != nil || body != "fail" {
		t.Errorf("answered %q, %v", body, err)
	}
	if !strings.Contains(log.String(), "its amount has been given away again") {
		t.Error("nobody was alarmed")
	}
	run(t, w, 12*time.Hour)
	for _, r := range refunds(t, w, p) {
		want := map[string]postern.RefundStatus{r1.ID: postern.RefundRefunded, r2.ID: postern.RefundFailed}[r.ID]
		if r.Status != want {
			t.Errorf("refund %s is %s (%s %s), want %s", r.Reference, r.Status, r.Code, r.Message, want)
		}
	}
	if n := strings.Count(log.String(), "its amount has been given away again"); n > 20 {
		t.Errorf("the alarm rang %d times: a hot loop", n)
	}
	wantAttempt(t, w, a, postern.AttemptPaid)
	agree(t, w)
}

// forceFailed commits that a refund failed, as a provider's wrong word would have it.
func forceFailed(t *testing.T, w *sim.World, refundID string) {
	t.Helper()
	ctx := context.Background()
	s, _, _, err := w.Store.LoadRefund(ctx, w.Merchant.ID, refundID)
	must(t, err)
	_, effects, err := postern.ApplyRefund(s, postern.RefundFact{Trigger: postern.OnFailed, Code: "CLOSED"}, w.Clock.Now())
	must(t, err)
	must(t, w.Store.Commit(ctx, store.Change{MerchantID: w.Merchant.ID, At: w.Clock.Now(), Refunds: effects.Refunds, Moves: effects.Moves}))
}

// TestFailedWhileSending: while a job asks about its refund, another run of it learns that the provider refused it, and the merchant gives the money back anew.
// The first run must not send the refund that has failed.
func TestFailedWhileSending(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	p, _ := paid(t, w, wechat, "gap-d", 6800)
	must(t, w.Break(ctx, wechat, "refund", "drop_request", 1))
	r1, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R1", Amount: 3000})
	must(t, err)
	run(t, w, time.Second)
	w.Between = func(r *http.Request) {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, r1.Number) {
			return
		}
		w.Between = nil
		forceFailed(t, w, r1.ID)
		_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R2", Amount: 3000})
		must(t, err)
	}
	run(t, w, 2*time.Hour)
	if r, _ := state(t, w, p).Applied(); r.Refunded != 3000 || r.RefundReserved != 0 {
		t.Errorf("%d was refunded and %d is reserved; want 3000 and 0", r.Refunded, r.RefundReserved)
	}
	agree(t, w)
}

// TestLastLookUnanswered: a code was paid after its close had said that there is no such order; no notification arrives, and the provider does not answer the last
// look either. The look is repeated until it is answered.
func TestLastLookUnanswered(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	keep(w, false)
	p := payFor(t, w, "gap-f", 6800, 30*time.Second, postern.LateRefund)
	a := begin(t, w, p, alipay, "native")
	run(t, w, 40*time.Second)
	wantPayment(t, w, p, postern.PaymentExpired)
	must(t, w.Break(ctx, alipay, "query", "drop_request", 1000))
	approve(t, w, a)
	run(t, w, 3*time.Hour)
	must(t, w.Mend(ctx, alipay))
	run(t, w, 24*time.Hour)
	if s := state(t, w, p); len(s.Surpluses) != 1 || s.Surpluses[0].Status != postern.SurplusRefunded {
		t.Errorf("the money was never seen: %+v", s.Surpluses)
	}
	agree(t, w)
}

// TestAbsentIsPending: Alipay does not know a code that nobody has scanned, nor a page that nobody has opened. Looks that say so leave the attempt waiting until
// its expiry and a margin are over, and the buyer can pay to the end.
func TestAbsentIsPending(t *testing.T) {
	ctx := context.Background()
	for _, product := range []string{"native", "h5", "page"} {
		w := newWorld(t, 1)
		p, q := pay(t, w, "waits", 6800), pay(t, w, "never", 6800)
		a, b := begin(t, w, p, alipay, product), begin(t, w, q, alipay, product)
		run(t, w, 14*time.Minute)
		wantAttempt(t, w, a, postern.AttemptPending)
		approve(t, w, a)
		run(t, w, 30*time.Second)
		wantPayment(t, w, p, postern.PaymentPaid)
		must(t, w.Break(ctx, alipay, "close", "drop_request", 1000))
		run(t, w, 4*time.Minute)
		wantAttempt(t, w, b, postern.AttemptPending)
		run(t, w, 30*time.Minute)
		wantAttempt(t, w, b, postern.AttemptClosed)
		agree(t, w)
	}
}

// TestF7NoStorm: a provider answers nothing for two hours while orders expire. What is asked meanwhile grows slowly with time, and all is settled soon after.
func TestF7NoStorm(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	const n, budget = 20, 60
	var all []postern.Payment
	for i := range n {
		p := payFor(t, w, fmt.Sprint("F7-", i), 100, time.Minute, postern.LateRefund)
		begin(t, w, p, wechat, "native")
		all = append(all, p)
	}
	for _, op := range []string{"query", "close"} {
		must(t, w.Break(ctx, wechat, op, "drop_request", 100000))
	}
	calls := 0
	w.Between = func(*http.Request) { calls++ }
	run(t, w, 2*time.Hour)
	if calls > n*budget {
		t.Errorf("%d calls for %d orders in two hours, more than %d each", calls, n, budget)
	}
	must(t, w.Mend(ctx, wechat))
	run(t, w, 4*time.Hour)
	for _, p := range all {
		wantPayment(t, w, p, postern.PaymentExpired)
	}
	agree(t, w)
}
