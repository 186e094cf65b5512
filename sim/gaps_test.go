package sim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider/alipay/wire"
	"postern/route"
	"postern/sim"
	"postern/store"
)

// TestF16Foreign: genuine signatures on words that are not about this account, order or amount. They are kept, change nothing and are answered with success,
// so that nobody sends them again; another amount is booked as a mismatch (F18).
func TestF16Foreign(t *testing.T) {
	for field, value := range map[string]string{"app_id": "2021000000000002", "seller_id": "2088000000000002", "out_trade_no": "20261122120000000000000000000000"} {
		t.Run(field, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t, 1)
			p, a, k := heldNotice(t, w, alipay)
			k.message.Body = resigned(t, k.message.Body, field, value)
			if status, body, err := w.Send(ctx, k.id, k.message); err != nil || status != http.StatusOK || body != "success" {
				t.Errorf("answered %d %q, %v", status, body, err)
			}
			wantOutcomes(t, w, a, engine.OutcomeForeign)
			if s := state(t, w, p); len(s.Receipts) != 0 || s.Payment.Status != postern.PaymentProcessing {
				t.Errorf("it changed the payment: %+v", s)
			}
			run(t, w, time.Hour)
			wantPayment(t, w, p, postern.PaymentPaid)
			agree(t, w)
		})
	}
	for _, code := range []string{wechat, alipay} {
		t.Run("another order's address "+code, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t, 1)
			p, _, k := heldNotice(t, w, code)
			victim := pay(t, w, "victim", 6800)
			a := begin(t, w, victim, code, "native")
			if status, _, err := w.Send(ctx, postern.CallbackID(a.MerchantID, a.ID), k.message); err != nil || status != http.StatusOK {
				t.Errorf("answered %d, %v", status, err)
			}
			wantOutcomes(t, w, a, engine.OutcomeForeign)
			run(t, w, time.Minute)
			wantPayment(t, w, victim, postern.PaymentProcessing)
			wantPayment(t, w, p, postern.PaymentPaid)
			agree(t, w)
		})
	}
}

// heldNotice is a paid order whose first notification was kept back.
func heldNotice(t *testing.T, w *sim.World, code string) (postern.Payment, postern.Attempt, kept) {
	t.Helper()
	held := keep(w, false)
	p := pay(t, w, "held", 6800)
	a := begin(t, w, p, code, "native")
	approve(t, w, a)
	w.Sandboxes[code].RunDue(context.Background())
	w.Tap = nil
	return p, a, (*held)[0]
}

// resigned changes one field of a notification and signs it with the provider's own key.
func resigned(t *testing.T, body []byte, field, value string) []byte {
	t.Helper()
	p, err := wire.ParseForm(string(body))
	must(t, err)
	p[field] = value
	must(t, p.SignNotify(wire.SignWith(sim.Key("alipay-gateway"), wire.SignTypeRSA2)))
	return []byte(p.Encode())
}

// TestF18Mismatch: the provider says that it took another amount than the order's. It is booked and held for a person; the payment is not paid by it.
func TestF18Mismatch(t *testing.T) {
	for _, accept := range []bool{true, false} {
		ctx, w := context.Background(), newWorld(t, 1)
		must(t, w.Break(ctx, wechat, "pay", "wrong_amount", 1))
		p := pay(t, w, "F18", 6800)
		approve(t, w, begin(t, w, p, wechat, "native"))
		run(t, w, time.Minute)
		s := wantPayment(t, w, p, postern.PaymentOpen)
		if len(s.Surpluses) != 1 || s.Surpluses[0].Reason != postern.SurplusMismatch || s.Surpluses[0].Status != postern.SurplusHeld || s.Surpluses[0].Amount != 6801 {
			t.Fatalf("the surplus is %+v", s.Surpluses)
		}
		approve(t, w, begin(t, w, p, wechat, "native"))
		run(t, w, time.Minute)
		wantPayment(t, w, p, postern.PaymentPaid)
		decide, told := w.Engine.RefundSurplus, "surplus.refunded"
		if accept {
			decide, told = w.Engine.AcceptSurplus, "surplus.accepted"
		}
		_, err := decide(ctx, p.MerchantID, s.Surpluses[0].ID)
		must(t, err)
		run(t, w, time.Hour)
		wantTypes(t, w, p, "surplus.received", "payment.paid", told)
		agree(t, w)
	}
}

// TestF24NoSwitchOnUnknown: an exposed order whose provider answers nothing is never left for another wallet, however long that lasts; the payment stays
// processing beyond its deadline, and says so.
func TestF24NoSwitchOnUnknown(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	p := payFor(t, w, "F24", 6800, 10*time.Minute, postern.LateRefund)
	a := begin(t, w, p, wechat, "native")
	for _, op := range []string{"query", "close"} {
		must(t, w.Break(ctx, wechat, op, "drop_request", 100000))
	}
	_, err := w.Begin(ctx, p, alipay, "native")
	wantCode(t, err, postern.CodeAttemptUnknown)
	if n := len(orders(t, w, alipay)); n != 0 {
		t.Errorf("%d orders at the second wallet", n)
	}
	run(t, w, 6*time.Hour)
	wantAttempt(t, w, a, postern.AttemptUnknown)
	wantPayment(t, w, p, postern.PaymentProcessing)
	wantTypes(t, w, p, "payment.attempt_unknown")
	must(t, w.Mend(ctx, wechat))
	run(t, w, 12*time.Hour)
	wantPayment(t, w, p, postern.PaymentExpired)
	wantTypes(t, w, p, "payment.attempt_unknown", "payment.expired")
	agree(t, w)
}

// TestF25PaidWhileClosing: the buyer pays the first order in the moment of changing wallets, or of a cancel. The close says so, and nothing else is offered.
func TestF25PaidWhileClosing(t *testing.T) {
	for _, code := range []string{wechat, alipay} {
		ctx, w := context.Background(), newWorld(t, 1)
		keep(w, false)
		other := map[string]string{wechat: alipay, alipay: wechat}[code]
		p, canceled := pay(t, w, "F25", 6800), pay(t, w, "F25c", 6800)
		a, b := begin(t, w, p, code, "native"), begin(t, w, canceled, code, "native")
		approve(t, w, a)
		approve(t, w, b)
		_, err := w.Begin(ctx, p, other, "native")
		wantCode(t, err, postern.CodeAlreadyPaid)
		_, err = w.Engine.Cancel(ctx, p.MerchantID, canceled.ID)
		wantCode(t, err, postern.CodeAlreadyPaid)
		wantPayment(t, w, p, postern.PaymentPaid)
		wantPayment(t, w, canceled, postern.PaymentPaid)
		run(t, w, time.Hour)
		wantTypes(t, w, p, "payment.paid")
		agree(t, w)
	}
}

// TestF27TwoTabs: the second tab chooses while the provider still answers the first. One wallet is shown, and the other order is closed.
func TestF27TwoTabs(t *testing.T) {
	for _, second := range []struct{ code, product string }{{wechat, "native"}, {wechat, "h5"}, {alipay, "native"}} {
		t.Run(second.code+" "+second.product, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t, 1)
			p := pay(t, w, "F27", 6800)
			var two postern.Attempt
			nested := false
			w.Between = func(*http.Request) {
				if !nested {
					nested = true
					two = begin(t, w, p, second.code, second.product)
				}
			}
			one, err := w.Begin(ctx, p, wechat, "native")
			same := second.code == wechat && second.product == "native"
			if same && (err != nil || one.ID != two.ID) {
				t.Errorf("the same choice twice: %s and %s, %v", one.ID, two.ID, err)
			}
			if !same {
				wantCode(t, err, postern.CodeAttemptLive)
			}
			shown := 0
			for _, a := range state(t, w, p).Attempts {
				if a.Exposed() {
					shown++
				}
			}
			if shown != 1 {
				t.Errorf("%d wallets were shown", shown)
			}
			run(t, w, time.Second)
			approve(t, w, two)
			run(t, w, time.Hour)
			wantPayment(t, w, p, postern.PaymentPaid)
			for number, status := range orders(t, w, wechat) {
				if number != two.Number && status != "CLOSED" {
					t.Errorf("the order that nobody saw is %s", status)
				}
			}
			agree(t, w)
		})
	}
}

// TestF27ManyTabs: many tabs at once, on both stores. At the end at most one order is both shown and payable.
func TestF27ManyTabs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *sim.World) {
		ctx := context.Background()
		for round := range 10 {
			p := pay(t, w, fmt.Sprint("tabs", round), 100)
			atOnce(8, 8, func(i int) {
				_, err := w.Begin(ctx, p, []string{wechat, alipay}[i%2], "native")
				switch postern.CodeOf(err) {
				case postern.CodeAttemptLive, postern.CodeConflict, postern.CodeAttemptUnknown:
				default:
					if err != nil {
						t.Error(err)
					}
				}
			})
			shown := 0
			for _, a := range state(t, w, p).Live() {
				if a.Exposed() && a.CloseRequestedAt.IsZero() {
					shown++
				}
			}
			if shown > 1 {
				t.Errorf("%d wallets are shown and payable", shown)
			}
		}
		run(t, w, 2*time.Hour)
		agree(t, w)
	})
}

// TestF35ManyHands: a duplicate is held by policy, and people on many screens decide about it at once, in both ways. One of them does.
func TestF35ManyHands(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *sim.World) {
		ctx := context.Background()
		m := w.Merchant
		m.Surplus.HoldDuplicate = true
		must(t, w.Store.SaveMerchant(ctx, m))
		p := pay(t, w, "F35", 6800)
		early := begin(t, w, p, alipay, "native")
		approve(t, w, begin(t, w, p, wechat, "native"))
		run(t, w, time.Minute)
		approve(t, w, early)
		run(t, w, time.Minute)
		held := state(t, w, p).Surpluses
		if len(held) != 1 || held[0].Status != postern.SurplusHeld {
			t.Fatalf("the surpluses are %+v", held)
		}
		u := held[0]
		var decided atomic.Int64
		atOnce(16, 64, func(i int) {
			decide := w.Engine.RefundSurplus
			if i%2 == 0 {
				decide = w.Engine.AcceptSurplus
			}
			if _, err := decide(ctx, p.MerchantID, u.ID); err == nil {
				decided.Add(1)
			} else if postern.CodeOf(err) != postern.CodeSurplusSettled {
				t.Error(err)
			}
		})
		if decided.Load() != 1 {
			t.Errorf("%d decisions", decided.Load())
		}
		run(t, w, time.Hour)
		agree(t, w)
	})
}

// TestJobsRunTwice: every job runs twice in a row, on payments that see everything: switched wallets, both paid, late money, refunds.
func TestJobsRunTwice(t *testing.T) {
	ctx := context.Background()
	w := build(t, sim.Options{Store: opened(t, "sqlite::memory:", store.Options{}), Seed: 1, Twice: true})
	for i, code := range []string{wechat, alipay} {
		p, _ := paid(t, w, code, fmt.Sprint("twice", i), 6800)
		for n := range 3 {
			_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: fmt.Sprint("R", n), Amount: 1000})
			must(t, err)
		}
	}
	both := pay(t, w, "twice-both", 6800)
	early := begin(t, w, both, alipay, "native")
	approve(t, w, begin(t, w, both, wechat, "native"))
	late := payFor(t, w, "twice-late", 6800, 10*time.Second, postern.LateAccept)
	code := begin(t, w, late, alipay, "native")
	run(t, w, 20*time.Second)
	approve(t, w, early)
	approve(t, w, code)
	idle := payFor(t, w, "twice-idle", 6800, time.Minute, postern.LateRefund)
	begin(t, w, idle, wechat, "h5")
	run(t, w, 2*time.Hour)
	wantTypes(t, w, both, "payment.paid", "surplus.received", "surplus.refunded")
	wantTypes(t, w, late, "payment.expired", "payment.paid")
	wantTypes(t, w, idle, "payment.expired")
	agree(t, w)
}

// TestChannelSuspended: one provider says that this merchant may not collect. The next candidate is used at once, the merchant is told, what is in flight goes
// on, and the channel can be restored.
func TestChannelSuspended(t *testing.T) {
	for _, code := range []string{wechat, alipay} {
		t.Run(code, func(t *testing.T) { suspended(t, code) })
	}
}

func suspended(t *testing.T, code string) {
	ctx, w := context.Background(), twoWallets(t)
	inFlight := pay(t, w, "in flight", 6800)
	a := begin(t, w, inFlight, code, "native")
	c, other := w.Channels[code], map[string]string{wechat: alipay, alipay: wechat}[code]
	c.Rank = -1 // first choice
	must(t, w.Store.SaveChannel(ctx, c))
	must(t, w.Break(ctx, code, "native", "closed", 1))
	any := engine.StartInput{Product: "native", Buyer: route.Buyer{Container: engine.ContainerAPI}, ClientIP: "203.0.113.7"}
	p := pay(t, w, "P1", 6800)
	r, err := w.Engine.Start(ctx, p.MerchantID, p.ID, any)
	must(t, err)
	if r.Attempt.Provider != other || r.Attempt.Status != postern.AttemptPending || len(r.State.Attempts) != 2 {
		t.Errorf("the attempt is %s %s after %d", r.Attempt.Provider, r.Attempt.Status, len(r.State.Attempts))
	}
	p2 := pay(t, w, "P2", 6800)
	_, err = w.Begin(ctx, p2, code, "native")
	wantCode(t, err, postern.CodeNoRoute)
	if _, err := w.Begin(ctx, p2, code, "h5"); err != nil {
		t.Errorf("another product of the channel: %v", err)
	}
	approve(t, w, a)
	approve(t, w, r.Attempt)
	run(t, w, time.Minute)
	wantPayment(t, w, p, postern.PaymentPaid)
	wantPayment(t, w, inFlight, postern.PaymentPaid)
	_, err = w.Engine.Refund(ctx, p.MerchantID, inFlight.ID, engine.RefundInput{Reference: "R", Amount: 6800})
	must(t, err)
	if _, err := w.Engine.RestoreChannel(ctx, c.MerchantID, c.ID, ""); err != nil {
		t.Fatal(err)
	}
	p3 := pay(t, w, "P3", 6800)
	begin(t, w, p3, code, "native")
	run(t, w, time.Hour)
	told := []string{}
	for _, body := range w.Hook.Got() {
		if strings.HasPrefix(body.Type, "channel.") {
			told = append(told, body.Type)
		}
	}
	if fmt.Sprint(told) != "[channel.suspended channel.restored]" {
		t.Errorf("the merchant was told %v", told)
	}
	agree(t, w)
}
