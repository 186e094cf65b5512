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
)

// lost are the ways in which a call may go wrong without anybody knowing what it did.
var lost = []string{"drop_request", "drop_response", "error_500", "error_after_effect", "wrong_signature"}

// eachWallet runs a subtest per wallet and fault.
func eachWallet(t *testing.T, faults []string, test func(t *testing.T, code, fault string)) {
	for _, code := range []string{wechat, alipay} {
		for _, fault := range faults {
			t.Run(code+" "+fault, func(t *testing.T) { test(t, code, fault) })
		}
	}
}

// TestF1LostStart: the order's answer is lost. Nobody has seen the code, so the next candidate is tried at once, and the lost order is closed behind it.
func TestF1LostStart(t *testing.T) {
	t.Parallel()
	eachWallet(t, lost, func(t *testing.T, code, fault string) {
		ctx, w := context.Background(), newWorld(t, 1)
		must(t, w.Break(ctx, code, "native", fault, 1))
		p := pay(t, w, "F1", 6800)
		first := begin(t, w, p, code, "native")
		if first.Status != postern.AttemptUnknown && first.Status != postern.AttemptFailed {
			t.Errorf("the lost start is %s", first.Status)
		}
		run(t, w, time.Minute)
		second := begin(t, w, p, code, "native")
		approve(t, w, second)
		run(t, w, time.Hour)
		wantPayment(t, w, p, postern.PaymentPaid)
		wantAttempt(t, w, second, postern.AttemptPaid)
		if status := orders(t, w, code)[first.Number]; status == "NOTPAY" || status == "WAIT_BUYER_PAY" {
			t.Errorf("the lost order can still be paid: %s", status)
		}
		agree(t, w)
	})
}

// TestF1LostClose: the close's answer is lost while the buyer changes wallets. Either a query finds the order closed, or no second wallet is offered (F24).
func TestF1LostClose(t *testing.T) {
	t.Parallel()
	eachWallet(t, lost, func(t *testing.T, code, fault string) {
		ctx, w := context.Background(), newWorld(t, 1)
		other := map[string]string{wechat: alipay, alipay: wechat}[code]
		p := pay(t, w, "F1", 6800)
		first := begin(t, w, p, code, "jsapi") // both providers have such an order at once
		must(t, w.Break(ctx, code, "close", fault, 1))
		_, err := w.Begin(ctx, p, other, "native")
		closed := map[string]bool{"CLOSED": true, "TRADE_CLOSED": true}[orders(t, w, code)[first.Number]]
		if (err == nil) != closed {
			t.Errorf("the first order is closed: %v, and the second start says %v", closed, err)
		}
		if err != nil {
			wantCode(t, err, postern.CodeAttemptUnknown)
		}
		run(t, w, 2*time.Minute)
		second := begin(t, w, p, other, "native")
		approve(t, w, second)
		run(t, w, time.Hour)
		wantPayment(t, w, p, postern.PaymentPaid)
		agree(t, w)
	})
}

// TestF1LostRefund: the refund's answer is lost. It is asked about and sent again with its one number, and the money goes back once (F30).
func TestF1LostRefund(t *testing.T) {
	t.Parallel()
	eachWallet(t, lost, func(t *testing.T, code, fault string) {
		for _, query := range []string{"", "drop_request", "error_500"} {
			ctx, w := context.Background(), newWorld(t, 1)
			p, _ := paid(t, w, code, "F1", 6800)
			must(t, w.Break(ctx, code, "refund", fault, 2))
			if query != "" {
				must(t, w.Break(ctx, code, "refund_query", query, 2))
			}
			r, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R1", Amount: 800})
			must(t, err)
			if _, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R2", Amount: 6001}); postern.CodeOf(err) != postern.CodeRefundExceeds {
				t.Errorf("what an open refund holds was given away: %v", err)
			}
			run(t, w, 2*time.Hour)
			list := refunds(t, w, p)
			if len(list) != 1 || list[0].Status != postern.RefundRefunded || list[0].Number != r.Number {
				t.Errorf("query %q: the refunds are %+v", query, list)
			}
			wantTypes(t, w, p, "payment.paid", "refund.refunded")
			agree(t, w)
		}
	})
}

// TestF11CallbackOvertakes: the buyer pays and the notification comes before the answer to the order does.
func TestF11CallbackOvertakes(t *testing.T) {
	for _, fault := range []string{"", "drop_response", "wrong_signature"} {
		for _, code := range []string{wechat, alipay} {
			t.Run(code+" "+fault, func(t *testing.T) {
				ctx, w := context.Background(), newWorld(t, 1)
				if fault != "" {
					must(t, w.Break(ctx, code, "native", fault, 1))
				}
				done := false
				w.Between = func(*http.Request) {
					if rows, err := w.Orders(ctx, code); err == nil && len(rows) == 1 && !done {
						done = true
						must(t, w.Approve(ctx, postern.Attempt{Provider: code, Number: rows[0].OrderNo}, ""))
						w.Sandboxes[code].RunDue(ctx)
					}
				}
				p := pay(t, w, "F11", 6800)
				a := begin(t, w, p, code, "native")
				if a.Status != postern.AttemptPaid {
					t.Errorf("the start answers with an attempt that is %s", a.Status)
				}
				run(t, w, time.Hour)
				if s := wantPayment(t, w, p, postern.PaymentPaid); len(s.Attempts) != 1 {
					t.Errorf("%d attempts", len(s.Attempts))
				}
				wantTypes(t, w, p, "payment.paid")
				agree(t, w)
			})
		}
	}
}

// TestF12NoNotifications: not one notification arrives, and everything settles by query: payments, late money and refunds.
func TestF12NoNotifications(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	keep(w, false)
	var all []postern.Payment
	for i, way := range []struct{ code, product string }{{wechat, "native"}, {wechat, "h5"}, {wechat, "jsapi"}, {alipay, "native"}, {alipay, "h5"}, {alipay, "page"}, {alipay, "jsapi"}} {
		p := pay(t, w, fmt.Sprint("F12-", i), 100)
		approve(t, w, begin(t, w, p, way.code, way.product))
		all = append(all, p)
	}
	both := pay(t, w, "F12-both", 100)
	early := begin(t, w, both, alipay, "native")
	approve(t, w, begin(t, w, both, wechat, "native"))
	late := payFor(t, w, "F12-late", 100, 10*time.Second, postern.LateRefund)
	code := begin(t, w, late, alipay, "native")
	run(t, w, 15*time.Second)
	approve(t, w, early)
	approve(t, w, code)
	run(t, w, time.Minute)
	for _, p := range append(all, both) {
		wantPayment(t, w, p, postern.PaymentPaid)
		_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R", Amount: 40})
		must(t, err)
	}
	run(t, w, 2*time.Hour)
	wantTypes(t, w, all[0], "payment.paid", "refund.refunded")
	wantTypes(t, w, late, "payment.expired", "surplus.received", "surplus.refunded")
	if s := state(t, w, both); len(s.Surpluses) != 1 || s.Surpluses[0].Status != postern.SurplusRefunded {
		t.Errorf("the second wallet's money is %+v", s.Surpluses)
	}
	agree(t, w)
}

// TestF14Permutations: a buyer has paid; the word of it, looks, a close, the deadline and a cancel come in every order.
func TestF14Permutations(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	type step struct {
		name string
		do   func(w *sim.World, p postern.Payment, a postern.Attempt, k kept) error
	}
	steps := []step{
		{"notification", func(w *sim.World, _ postern.Payment, _ postern.Attempt, k kept) error {
			_, _, err := w.Send(ctx, k.id, k.message)
			return err
		}},
		{"poll", func(w *sim.World, p postern.Payment, a postern.Attempt, _ kept) error {
			_, err := w.Engine.Poll(ctx, p.MerchantID, a.ID)
			return err
		}},
		{"close", func(w *sim.World, p postern.Payment, a postern.Attempt, _ kept) error {
			_, err := w.Engine.Close(ctx, p.MerchantID, a.ID)
			return err
		}},
		{"deadline", func(w *sim.World, p postern.Payment, _ postern.Attempt, _ kept) error {
			_, err := w.Engine.Expire(ctx, p.MerchantID, p.ID)
			return err
		}},
		{"cancel", func(w *sim.World, p postern.Payment, _ postern.Attempt, _ kept) error {
			_, err := w.Engine.Cancel(ctx, p.MerchantID, p.ID)
			if postern.CodeOf(err) == postern.CodeAlreadyPaid {
				err = nil
			}
			return err
		}},
	}
	for n, order := range permutations(len(steps)) {
		w := newWorld(t, uint64(n))
		code := []string{wechat, alipay}[n%2]
		held := keep(w, false)
		p := payFor(t, w, "F14", 6800, 30*time.Second, postern.LateRefund)
		a := begin(t, w, p, code, "native")
		w.Clock.Advance(29 * time.Second)
		approve(t, w, a)
		w.Sandboxes[code].RunDue(ctx)
		w.Clock.Advance(2 * time.Second)
		w.Tap = nil
		names := []string{}
		for _, i := range order {
			names = append(names, steps[i].name)
			if err := steps[i].do(w, p, a, (*held)[0]); err != nil {
				t.Fatalf("%v: %v", names, err)
			}
		}
		run(t, w, time.Hour)
		if s := wantPayment(t, w, p, postern.PaymentPaid); len(s.Receipts) != 1 || len(s.Surpluses) != 0 {
			t.Fatalf("%v: receipts %+v, surpluses %+v", names, s.Receipts, s.Surpluses)
		}
		wantTypes(t, w, p, "payment.paid")
		agree(t, w)
		must(t, w.Store.Close())
	}
}

// permutations lists every order of 0..n-1.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			one := append([]int{}, shorter[:at]...)
			all = append(all, append(append(one, n-1), shorter[at:]...))
		}
	}
	return all
}

// TestF20Acknowledgements: the exact bytes of each answer.
func TestF20Acknowledgements(t *testing.T) {
	want := map[string][2]string{
		wechat: {`200 {"code":"SUCCESS","message":"成功"}`, `500 {"code":"FAIL","message":"失败"}`},
		alipay: {"200 success", "200 fail"},
	}
	for code, answers := range want {
		ctx, w := context.Background(), newWorld(t, 1)
		held := keep(w, false)
		p := pay(t, w, "F20", 6800)
		approve(t, w, begin(t, w, p, code, "native"))
		w.Sandboxes[code].RunDue(ctx)
		w.Tap = nil
		k := (*held)[0]
		say := func(id string, body []byte) string {
			message := k.message
			message.Body = body
			status, text, err := w.Send(ctx, id, message)
			must(t, err)
			return fmt.Sprint(status, " ", text)
		}
		if got := say(k.id, []byte("x"+string(k.message.Body))); got != answers[1] {
			t.Errorf("%s: a forgery is answered %q, want %q", code, got, answers[1])
		}
		for range 2 {
			if got := say(k.id, k.message.Body); got != answers[0] {
				t.Errorf("%s: the genuine one is answered %q, want %q", code, got, answers[0])
			}
		}
		if got := say(strings.Repeat("0", len(k.id)), k.message.Body); !strings.HasPrefix(got, "404 ") {
			t.Errorf("%s: an unknown address is answered %q", code, got)
		}
	}
}
