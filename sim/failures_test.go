package sim_test

import (
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

// TestF5NoCallInsideATransaction: while a provider has a call, anybody may write: no transaction is open. On SQLite, where there is one writer, a call inside a transaction would hold everybody up for as
// long as the provider takes.
//
// Red without: the calls standing between commits; put one into Store.Write and the writer below waits for ever.
func TestF5NoCallInsideATransaction(t *testing.T) {
	w := fileWorld(t, 1)
	calls := map[string]int{}
	w.Between = func(r *http.Request) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := w.Store.Write(ctx, func(store.Tx) error { return nil }); err != nil {
			t.Errorf("%s %s: the database is held while the provider is called: %v", r.Method, r.URL, err)
		}
		calls[r.URL.Host]++
	}
	for _, wallet := range []string{wechat, alipay} {
		p, _ := paid(t, w, wallet, "F5-"+wallet, 6800)
		_, err := w.Engine.Refund(context.Background(), p.MerchantID, p.ID, engine.RefundInput{Reference: "R", Amount: 800})
		must(t, err)
		closed := pay(t, w, "F5-closed-"+wallet, 6800)
		begin(t, w, closed, wallet, "native")
		_, err = w.Engine.Cancel(context.Background(), closed.MerchantID, closed.ID)
		must(t, err)
		run(t, w, time.Hour)
		if n := calls[wallet+".sandbox"]; n < 5 {
			t.Errorf("%s was called %d times", wallet, n)
		}
	}
	agree(t, w)
}

// refundView reads a refund over the API.
func refundView(t *testing.T, w *sim.World, id string) (status string) {
	t.Helper()
	var out struct{ Status string }
	if code := call(t, w, http.MethodGet, "/v1/refunds/"+id, nil, &out); code != http.StatusOK {
		t.Fatalf("HTTP %d", code)
	}
	return out.Status
}

// TestF31ReservedIsNotSent: a refund that no byte has left for is called reserved; it is pending only when the provider has it.
//
// Red without: OnSend before the call in carryRefund (engine/send_refund.go) standing apart from the provider's word.
func TestF31ReservedIsNotSent(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	p, _ := paid(t, w, wechat, "F31", 6800)
	r, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R", Amount: 800})
	must(t, err)
	if got := refundView(t, w, r.ID); got != "reserved" {
		t.Errorf("before anything left it is %s", got)
	}
	must(t, w.Break(ctx, wechat, "refund", "drop_request", 1))
	run(t, w, time.Second)
	if got := refundView(t, w, r.ID); got != "unknown" {
		t.Errorf("sent and not answered it is %s", got)
	}
	run(t, w, time.Hour)
	if got := refundView(t, w, r.ID); got != "refunded" {
		t.Errorf("in the end it is %s", got)
	}
	agree(t, w)
}

// TestF32ARefundThatFailsLater: the provider accepts a refund and fails it afterwards, for good or because the buyer's card is dead. What failed gives its reservation back; what is stuck keeps it,
// because the money left. No posting is taken back, and the merchant is told.
//
// Red without: RefundFailed's release, or RefundStuck's booking, in refundEffects (apply_refund.go).
func TestF32ARefundThatFailsLater(t *testing.T) {
	for fault, want := range map[string]struct {
		status   postern.RefundStatus
		reserved int64
		told     string
	}{
		"refund_closed":   {postern.RefundFailed, 0, "refund.failed"},
		"refund_abnormal": {postern.RefundStuck, 800, "refund.stuck"},
	} {
		t.Run(fault, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t, 1)
			p, _ := paid(t, w, wechat, "F32", 6800)
			must(t, w.Break(ctx, wechat, "refund", fault, 1))
			_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R", Amount: 800})
			must(t, err)
			run(t, w, 48*time.Hour)
			if got := refunds(t, w, p)[0]; got.Status != want.status {
				t.Errorf("the refund is %s (%s %s)", got.Status, got.Code, got.Message)
			}
			if r, _ := state(t, w, p).Applied(); r.RefundReserved != want.reserved || r.Refunded != 0 {
				t.Errorf("%d reserved, %d refunded", r.RefundReserved, r.Refunded)
			}
			wantTypes(t, w, p, "payment.paid", want.told)
			sums, err := w.Store.Balances(ctx, w.Merchant.ID)
			must(t, err)
			total := int64(0)
			for _, s := range sums {
				total += s.Amount
			}
			if total != 0 {
				t.Errorf("the books are out by %d", total)
			}
		})
	}
}

// TestF34ARefundRefusedForGood: the merchant's balance does not cover it. It is failed, its amount is free again at once, and a person may try again with a new reference.
//
// Red without: SELLER_BALANCE_NOT_ENOUGH in refundRefusals (provider/alipay/mapping.go), which leaves it unknown for ever.
func TestF34ARefundRefusedForGood(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	p, _ := paid(t, w, alipay, "F34", 6800)
	must(t, w.Break(ctx, alipay, "refund", "seller_balance_not_enough", 1))
	_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R1", Amount: 6800})
	must(t, err)
	run(t, w, time.Hour)
	_, err = w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R2", Amount: 6800})
	must(t, err)
	run(t, w, time.Hour)
	list := refunds(t, w, p)
	if len(list) != 2 || list[0].Status != postern.RefundFailed || list[0].Code == "" || list[1].Status != postern.RefundRefunded {
		t.Errorf("%+v", list)
	}
	wantTypes(t, w, p, "payment.paid", "refund.failed", "refund.refunded")
	agree(t, w)
}

// TestF8NoMoreThanTheProviderAllows: two hundred refunds are due in one second, and the provider takes a hundred and fifty. No second sees more than that, and all of them are made.
//
// Red without: within (engine/gate.go).
func TestF8NoMoreThanTheProviderAllows(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	allowed := 0
	for _, r := range w.Engine.Registry[wechat].Describe().Rates {
		if r.Op == "refund" {
			allowed = r.PerSecond
		}
	}
	if allowed == 0 {
		t.Fatal("the provider's limit on refunds is not described")
	}
	const n = 200
	payments := make([]postern.Payment, n)
	for i := range payments {
		payments[i] = pay(t, w, fmt.Sprint("F8-", i), 6800)
		approve(t, w, begin(t, w, payments[i], wechat, "native"))
	}
	run(t, w, time.Minute)
	seconds := map[int64]int{}
	w.Between = func(r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/refunds") {
			seconds[w.Clock.Now().Unix()]++
		}
	}
	for _, p := range payments {
		_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R", Amount: 800})
		must(t, err)
	}
	run(t, w, time.Hour)
	sent := 0
	for second, calls := range seconds {
		if sent += calls; calls > allowed {
			t.Errorf("%d refunds in second %d, %d are allowed", calls, second, allowed)
		}
	}
	if sent < n {
		t.Errorf("%d refunds were sent", sent)
	}
	for _, p := range payments {
		if list := refunds(t, w, p); len(list) != 1 || list[0].Status != postern.RefundRefunded {
			t.Fatalf("%+v", list)
		}
	}
	agree(t, w)
}
