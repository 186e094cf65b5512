package sim_test

import (
	"context"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider/tenpay/wire"
	"postern/sim"
)

const tenpay = "tenpay"

// tenpayKey is the simulated partner's key: who has it signs as TenPay does.
func tenpayKey(w *sim.World) []byte { return w.Sandboxes[tenpay].Keys["partner_key"] }

// heldPage is a paid order of a wallet that wants its notifications asked back, whose first notification was kept back.
func heldPage(t *testing.T) (*sim.World, postern.Payment, postern.Attempt, kept) {
	t.Helper()
	w := newWorld(t, 1)
	held := keep(w, false)
	p := pay(t, w, "held", 6800)
	a := begin(t, w, p, tenpay, "page")
	approve(t, w, a)
	w.Sandboxes[tenpay].RunDue(context.Background())
	w.Tap = nil
	return w, p, a, (*held)[0]
}

// deliver sends a notification to the switch and wants this answer and this state of the payment.
func deliver(t *testing.T, w *sim.World, p postern.Payment, k kept, answer string, status postern.PaymentStatus) {
	t.Helper()
	_, got, err := w.Send(context.Background(), k.id, k.message)
	must(t, err)
	if got != answer {
		t.Errorf("answered %q, want %q", got, answer)
	}
	wantPayment(t, w, p, status)
}

// outcomes counts an attempt's kept notifications.
func outcomes(t *testing.T, w *sim.World, a postern.Attempt) map[string]int {
	t.Helper()
	rows, err := w.Store.Notifications(context.Background(), a.MerchantID, a.ID)
	must(t, err)
	out := map[string]int{}
	for _, row := range rows {
		out[row.Outcome]++
	}
	return out
}

// TestANotificationIsAskedBack: a genuine notification is confirmed by its sender before it is applied, each time.
func TestANotificationIsAskedBack(t *testing.T) {
	w, p, a, k := heldPage(t)
	for range 2 {
		deliver(t, w, p, k, wire.Acknowledged, postern.PaymentPaid)
	}
	if got := outcomes(t, w, a); got[engine.OutcomeApplied] != 1 || got[engine.OutcomeDuplicate] != 1 || len(got) != 2 {
		t.Errorf("outcomes %v", got)
	}
	rows, err := w.Store.Exchanges(context.Background(), a.MerchantID, a.ID)
	must(t, err)
	asked := 0
	for _, x := range rows {
		if x.Op == "confirm" {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("asked back %d times, want twice", asked)
	}
	agree(t, w)
}

// TestAnUnansweredConfirmationComesAgain: without an answer nothing is applied and the provider is told to send again; then it is.
func TestAnUnansweredConfirmationComesAgain(t *testing.T) {
	for _, fault := range []string{"drop_request", "drop_response", "error_500", "wrong_signature"} {
		t.Run(fault, func(t *testing.T) {
			w, p, a, k := heldPage(t)
			must(t, w.Break(context.Background(), tenpay, "confirm", fault, 1))
			deliver(t, w, p, k, wire.Refused, postern.PaymentProcessing)
			if got := outcomes(t, w, a); got[engine.OutcomeRejected] != 1 {
				t.Errorf("outcomes %v", got)
			}
			deliver(t, w, p, k, wire.Acknowledged, postern.PaymentPaid)
			agree(t, w)
		})
	}
}

// TestALateNotificationMakesTheOrderBeAskedFor: past its ten minutes a notification proves nothing more; the order's own query does, and only then is it
// acknowledged.
func TestALateNotificationMakesTheOrderBeAskedFor(t *testing.T) {
	w, p, a, k := heldPage(t)
	w.Clock.Advance(wire.NotifyLife + time.Second)
	must(t, w.Break(context.Background(), tenpay, "query", "drop_response", 1))
	deliver(t, w, p, k, wire.Refused, postern.PaymentProcessing)
	deliver(t, w, p, k, wire.Acknowledged, postern.PaymentPaid)
	if got := outcomes(t, w, a); got[engine.OutcomeAsked] != 1 || got[engine.OutcomeApplied] != 0 {
		t.Errorf("outcomes %v", got)
	}
	agree(t, w)
}

// TestWhoHasTheKeyIsNotTheProvider: a message whose signature verifies, but which the provider did not send, changes nothing.
func TestWhoHasTheKeyIsNotTheProvider(t *testing.T) {
	for name, change := range map[string]func(wire.Params){
		"another amount": func(f wire.Params) { f["total_fee"], f["product_fee"] = "1", "1" },
		"another number": func(f wire.Params) { f["transaction_id"] = "1900000109202611220000000000" },
		"no id":          func(f wire.Params) { delete(f, "notify_id") },
		"an id of ours":  func(f wire.Params) { f["notify_id"] = "0000000000000000000000000000000000000000" },
	} {
		t.Run(name, func(t *testing.T) {
			w, p, a, k := heldPage(t)
			f, err := wire.ParseForm(string(k.message.Body))
			must(t, err)
			change(f)
			must(t, f.Sign(tenpayKey(w)))
			body, err := f.Encode()
			must(t, err)
			genuine := k
			k.message.Body = []byte(body)
			deliver(t, w, p, k, wire.Refused, postern.PaymentProcessing)
			if got := outcomes(t, w, a); got[engine.OutcomeRejected] != 1 || len(got) != 1 {
				t.Errorf("outcomes %v", got)
			}
			deliver(t, w, p, genuine, wire.Acknowledged, postern.PaymentPaid)
			agree(t, w)
		})
	}
}

// TestAnothersNotificationIsNotAskedBack: a verified notification of another order is kept and acknowledged without a call.
func TestAnothersNotificationIsNotAskedBack(t *testing.T) {
	w, _, _, k := heldPage(t)
	other := pay(t, w, "other", 6800)
	a := begin(t, w, other, tenpay, "page")
	must(t, w.Break(context.Background(), tenpay, "confirm", "drop_request", 1))
	k.id = postern.CallbackID(a.MerchantID, a.ID)
	deliver(t, w, other, k, wire.Acknowledged, postern.PaymentProcessing)
	if got := outcomes(t, w, a); got[engine.OutcomeForeign] != 1 || len(got) != 1 {
		t.Errorf("outcomes %v", got)
	}
}

// TestHistoricProvidersAreForced: a live channel over a provider of the past is refused with the field and the way round it, and is added when forced. Test
// merchants need no force.
func TestHistoricProvidersAreForced(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	live := postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, w.Clock.Now(), w.Rand), Name: "真烧饼", Locale: "zh-CN", Zone: "Asia/Shanghai", Live: true, CreatedAt: w.Clock.Now()}
	must(t, w.Store.SaveMerchant(ctx, live))
	in := engine.NewChannel{
		Merchant: live, OwnerID: live.ID, Provider: tenpay, Products: []string{"page"}, Settings: map[string]string{"partner": "1900000109"}, Keys: map[string][]byte{"partner_key": []byte("k")},
	}
	_, err := w.Engine.AddChannel(ctx, in)
	wantCode(t, err, postern.CodeInvalid)
	if e, ok := err.(*postern.Error); !ok || e.Field != "provider" || e.Fix == "" {
		t.Errorf("%v", err)
	}
	if rows, err := w.Store.Channels(ctx, live.ID); err != nil || len(rows) != 0 {
		t.Errorf("the refused channel left %d rows (%v)", len(rows), err)
	}
	in.ForceHistoric = true
	if c, err := w.Engine.AddChannel(ctx, in); err != nil || c.Sandbox {
		t.Errorf("forced: %v %+v", err, c)
	}
}
