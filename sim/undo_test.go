package sim_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/sim"
)

const union = "unionpay"

// givesBack keeps the kind and the number of every request to UnionPay that gives money back.
func givesBack(t *testing.T, w *sim.World) *[][2]string {
	t.Helper()
	var sent [][2]string
	box := w.Net[union+".sandbox"]
	w.Net[union+".sandbox"] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		must(t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, err := url.ParseQuery(string(body))
		must(t, err)
		if kind := form.Get("txnType"); kind == "31" || kind == "04" {
			sent = append(sent, [2]string{kind, form.Get("orderId")})
		}
		box.ServeHTTP(rw, r)
	})
	return &sent
}

// wantKinds says that each number was sent, and as one kind only.
func wantKinds(t *testing.T, sent [][2]string, want map[string]string) {
	t.Helper()
	seen := map[string]string{}
	for _, s := range sent {
		if seen[s[1]] = s[0]; s[0] != want[s[1]] {
			t.Errorf("number %s was sent as %s, want %s", s[1], s[0], want[s[1]])
		}
	}
	if len(seen) != len(want) {
		t.Errorf("sent %v, want %v", seen, want)
	}
}

// until lets time pass to an hour and a minute of the day in Beijing, today or tomorrow.
func until(t *testing.T, w *sim.World, hour, minute int) {
	t.Helper()
	now := w.Clock.Now().In(postern.Beijing)
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, postern.Beijing)
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	run(t, w, at.Sub(now))
}

func giveBack(t *testing.T, w *sim.World, p postern.Payment, reference string) postern.Refund {
	t.Helper()
	r, err := w.Engine.Refund(context.Background(), p.MerchantID, p.ID, engine.RefundInput{Reference: reference, Amount: p.Amount})
	must(t, err)
	return r
}

// TestAWholeRefundIsUndone: the whole of an order goes back within its day as an undo, whatever gets lost on the way: one kind, one number, once in the wallet's book. On another day it is a refund.
//
// Red without: TypeUndo in QueryRefund, or undoes in Refund (provider/unionpay/refund.go).
func TestAWholeRefundIsUndone(t *testing.T) {
	for name, faults := range map[string][][3]any{
		"nothing is lost":             {},
		"the answer is lost":          {{"refund", "error_after_effect", 1}},
		"the answer says in progress": {{"refund", "in_progress", 1}},
		"the request is lost":         {{"refund", "drop_request", 3}},
		"notifications are lost too":  {{"refund", "drop_response", 1}, {"notify", "drop_notification", 20}, {"query", "drop_response", 3}},
	} {
		t.Run(name, func(t *testing.T) {
			w, ctx := newWorld(t, 1), context.Background()
			until(t, w, 12, 0)
			p, _ := paid(t, w, union, "undone", 6800)
			other, _ := paid(t, w, union, "refunded", 6800)
			sent := givesBack(t, w)
			for _, f := range faults {
				must(t, w.Break(ctx, union, f[0].(string), f[1].(string), f[2].(int)))
			}
			first := giveBack(t, w, p, "R")
			run(t, w, 25*time.Hour)
			must(t, w.Mend(ctx, union))
			second := giveBack(t, w, other, "R")
			run(t, w, time.Hour)
			for _, id := range []string{first.ID, second.ID} {
				if got := refundView(t, w, id); got != "refunded" {
					t.Errorf("refund %s is %s", id, got)
				}
			}
			wantKinds(t, *sent, map[string]string{first.Number: "31", second.Number: "04"})
			wantTypes(t, w, p, "payment.paid", "refund.refunded")
			agree(t, w)
		})
	}
}

// TestAnUndoThatComesLate: it was asked for in time, and UnionPay is not to be reached until the day is over. It says no, nothing moved, the reservation ends, and the next one is a refund.
//
// Red without: what is stored deciding in undoes (provider/unionpay/refund.go); with the clock asked instead, one number goes out as both kinds.
func TestAnUndoThatComesLate(t *testing.T) {
	w, ctx := newWorld(t, 1), context.Background()
	until(t, w, 22, 30)
	p, _ := paid(t, w, union, "late", 6800)
	sent := givesBack(t, w)
	must(t, w.Break(ctx, union, "refund", "drop_request", 1000))
	late := giveBack(t, w, p, "R1")
	until(t, w, 23, 10)
	if got := refundView(t, w, late.ID); got == "failed" || got == "refunded" {
		t.Errorf("nobody answered, and it is %s", got)
	}
	must(t, w.Mend(ctx, union))
	run(t, w, 2*time.Hour)
	if got := refundView(t, w, late.ID); got != "failed" {
		t.Errorf("it came late, and is %s", got)
	}
	next := giveBack(t, w, p, "R2")
	run(t, w, time.Hour)
	if got := refundView(t, w, next.ID); got != "refunded" {
		t.Errorf("the next is %s", got)
	}
	wantKinds(t, *sent, map[string]string{late.Number: "31", next.Number: "04"})
	agree(t, w)
}

// TestATillThatTakesInFirst: a code that asks for nothing is taken in, and the till is not told of a password. With every notification lost, the first look finds the money within two seconds.
//
// Red without: takenIn (engine/counter.go); FirstLook (engine/start.go).
func TestATillThatTakesInFirst(t *testing.T) {
	w := newWorld(t, 1)
	w.Tap = silent
	p := pay(t, w, "taken in", 6800)
	got, _ := scan(t, w, p, showCode(t, w, union, false))
	wantCounter(t, got, "waiting")
	if got.Counter.ZH != "已受理，等待顾客的钱包付款" || got.Counter.EN != "Taken in; waiting for the buyer's wallet" {
		t.Errorf("the till shows %q, %q", got.Counter.ZH, got.Counter.EN)
	}
	run(t, w, 2*time.Second)
	wantCounter(t, look(t, w, p, got.ID), "paid")
	run(t, w, time.Hour)
	agree(t, w)
}
