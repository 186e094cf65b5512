package alipay

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/sandbox"
	"postern/provider/sandboxkit"
)

// scanned makes an order for a code that a buyer shows.
func (w *world) scanned(password bool) provider.StartRequest {
	w.t.Helper()
	o := w.order(Barcode, 6800)
	o.AuthCode = w.code(password)
	return o
}

func TestBarcode(t *testing.T) {
	w := newWorld(t)
	o := w.scanned(false)
	r := w.c.Start(t.Context(), w.call, o)
	if r.State != provider.Paid || r.Money == nil || r.Money.Amount != 6800 || !r.Money.PaidAt.Equal(w.clock.Now()) || r.Class != provider.ClassNone {
		t.Fatalf("%+v", r)
	}
	if strings.Contains(r.Exchange.Request, o.AuthCode) || !strings.Contains(r.Exchange.Request, "redacted") {
		t.Errorf("the code is kept: %s", r.Exchange.Request)
	}
	old := w.scanned(false)
	w.clock.Advance(2 * time.Minute)
	old.Attempt.ExpiresAt = w.clock.Now().Add(time.Minute)
	if r := w.c.Start(t.Context(), w.call, old); r.State != provider.Failed || r.Class != provider.ClassDeclined || r.Code != "ACQ.PAYMENT_AUTH_CODE_INVALID" {
		t.Errorf("an old code: %+v", r)
	}
	waiting := w.scanned(true)
	if r := w.c.Start(t.Context(), w.call, waiting); r.State != provider.Pending || r.Action.Type != "" || r.Money != nil || r.Opaque == "" {
		t.Errorf("the password is asked for: %+v", r)
	}
	other := w.gateway(says("code", "10003", "out_trade_no", "somebody's"))
	if r := w.c.Start(t.Context(), other, waiting); r.State != provider.Unknown || r.Code != "other_order" {
		t.Errorf("an answer about another order: %+v", r)
	}
	noTotal := w.gateway(says("code", "10000", "out_trade_no", waiting.Attempt.Number, "trade_no", "1", "gmt_payment", "2026-11-22 12:00:00"))
	if r := w.c.Start(t.Context(), noTotal, waiting); r.State != provider.Unknown || r.Money != nil {
		t.Errorf("paid without an amount: %+v", r)
	}
}

func TestReverse(t *testing.T) {
	w := newWorld(t)
	never := w.order(Barcode, 100).Attempt
	if r := w.c.Reverse(t.Context(), w.call, never); r.State != provider.ReverseUnknown || r.Again {
		t.Errorf("an order that may still arrive: %+v", r)
	}
	w.clock.Advance(codeGone)
	if r := w.c.Reverse(t.Context(), w.call, never); r.State != provider.ReverseClosed || r.Money != nil {
		t.Errorf("an order whose code is dead: %+v", r)
	}
	o := w.scanned(false)
	if r := w.c.Start(t.Context(), w.call, o); r.State != provider.Paid {
		t.Fatalf("%+v", r)
	}
	w.fault("reverse", sandbox.FaultCancelRetry)
	if r := w.c.Reverse(t.Context(), w.call, o.Attempt); r.State != provider.ReverseUnknown || !r.Again {
		t.Errorf("retry_flag Y: %+v", r)
	}
	w.fault("reverse", sandbox.FaultSellerBalance)
	if r := w.c.Reverse(t.Context(), w.call, o.Attempt); r.State != provider.ReverseRefused || r.Class != provider.ClassDeclined {
		t.Errorf("the seller has no money: %+v", r)
	}
	w.fault("reverse", sandbox.FaultSystemErrorAfterEffect)
	if r := w.c.Reverse(t.Context(), w.call, o.Attempt); r.State != provider.ReverseUnknown || !r.Again {
		t.Errorf("a system error: %+v", r)
	}
	w.fault("query", "drop_response")
	if r := w.c.Reverse(t.Context(), w.call, o.Attempt); r.State != provider.ReverseUnknown || r.Money != nil {
		t.Errorf("nobody knows how much: %+v", r)
	}
	if r := w.c.Reverse(t.Context(), w.call, o.Attempt); r.State != provider.ReverseRefunded || r.Money == nil || r.Money.Amount != 6800 {
		t.Errorf("given back: %+v", r)
	}
	calls := w.doer.calls
	w.clock.Advance(cancelWithin)
	if r := w.c.Reverse(t.Context(), w.call, o.Attempt); r.State != provider.ReverseRefused || w.doer.calls != calls {
		t.Errorf("a day later: %+v after %d calls", r, w.doer.calls-calls)
	}
}

func TestUnbelievableReversals(t *testing.T) {
	w := newWorld(t)
	a := w.order(Barcode, 100).Attempt
	w.clock.Advance(time.Hour) // what Alipay does not have is gone
	for name, tt := range map[string]struct {
		answer func(string) (int, []byte)
		want   provider.ReverseState
		again  bool
	}{
		"other order":  {says("code", "10000", "out_trade_no", "other", "action", "close", "retry_flag", "N"), provider.ReverseUnknown, false},
		"no order":     {says("code", "10000", "action", "close", "retry_flag", "N"), provider.ReverseUnknown, false},
		"new action":   {says("code", "10000", "out_trade_no", a.Number, "action", "freeze", "retry_flag", "N"), provider.ReverseUnknown, false},
		"no action":    {says("code", "10000", "out_trade_no", a.Number, "retry_flag", "N"), provider.ReverseClosed, false},
		"has a trade":  {says("code", "10000", "out_trade_no", a.Number, "trade_no", "1", "retry_flag", "N"), provider.ReverseUnknown, false},
		"closed":       {says("code", "10000", "out_trade_no", a.Number, "trade_no", "1", "action", "close", "retry_flag", "N"), provider.ReverseClosed, false},
		"again":        {says("code", "10000", "out_trade_no", a.Number, "trade_no", "1", "action", "close", "retry_flag", "Y"), provider.ReverseUnknown, true},
		"finished":     {says("code", "40004", "sub_code", "ACQ.TRADE_HAS_FINISHED"), provider.ReverseRefused, false},
		"too late":     {says("code", "40004", "sub_code", "ACQ.TRADE_CANCEL_TIME_OUT"), provider.ReverseRefused, false},
		"its own typo": {says("code", "40004", "sub_code", "AQC.SYSTEM_ERROR"), provider.ReverseUnknown, true},
		"new sub_code": {says("code", "40004", "sub_code", "ACQ.BRAND_NEW"), provider.ReverseUnknown, false},
		"unavailable":  {says("code", "20000", "sub_code", "isp.unknow-error"), provider.ReverseUnknown, false},
		"html":         {raw(http.StatusOK, "<html>"), provider.ReverseUnknown, false},
	} {
		if r := w.c.Reverse(t.Context(), w.gateway(tt.answer), a); r.State != tt.want || r.Again != tt.again || r.Money != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := w.c.Reverse(t.Context(), w.gateway(raw(http.StatusOK, "<html>")), postern.Attempt{Number: a.Number}); r.State != provider.ReverseUnknown {
		t.Errorf("an attempt without times: %+v", r)
	}
}

// TestLateBuyers pay in the last moment: a close says so, a reversal gives it back, and the notification tells the same.
func TestLateBuyers(t *testing.T) {
	w := newWorld(t)
	o, _ := w.start(JSAPI, 100)
	w.fault("close", sandbox.FaultLateBuyer)
	if c := w.c.Close(t.Context(), w.call, o.Attempt); c.State != provider.CloseAlreadyPaid {
		t.Errorf("close: %+v", c)
	}
	scanned := w.scanned(true)
	if r := w.c.Start(t.Context(), w.call, scanned); r.State != provider.Pending {
		t.Fatalf("%+v", r)
	}
	w.fault("reverse", sandbox.FaultLateBuyer)
	if r := w.c.Reverse(t.Context(), w.call, scanned.Attempt); r.State != provider.ReverseRefunded || r.Money == nil || r.Money.Amount != 6800 {
		t.Errorf("reverse: %+v", r)
	}
	another, _ := w.start(JSAPI, 100)
	w.fault("query", sandbox.FaultLateBuyer)
	if q := w.query(another.Attempt); q.State != provider.Paid {
		t.Errorf("query: %+v", q)
	}
}

// TestReorderedNotifications: a refund's notification that overtakes the payment's is read as what it is, and so is the late one.
func TestReorderedNotifications(t *testing.T) {
	w := newWorld(t)
	o, _ := w.start(JSAPI, 1000)
	if _, err := w.s.Faults().Add(sandboxkit.Fault{Op: sandboxkit.OpNotify, Fault: sandboxkit.DelayNotification, DelayMS: 60_000}); err != nil {
		t.Fatal(err)
	}
	w.press(o.Attempt.Number, "approve")
	w.s.RunDue(t.Context())
	if r := w.c.Refund(t.Context(), w.call, w.refund(o.Attempt, "r1", 400)); r.State != provider.RefundDone {
		t.Fatalf("%+v", r)
	}
	w.s.RunDue(t.Context())
	w.clock.Advance(2 * time.Minute)
	w.s.RunDue(t.Context())
	if len(w.notes) != 2 {
		t.Fatalf("%d notifications", len(w.notes))
	}
	for i, refund := range []string{"r1", ""} {
		v, err := w.c.ReadNotification(w.call, o.Attempt, w.notes[i])
		if n, _ := v.Notice(); err != nil || n.RefundNumber != refund || n.State != provider.Paid || n.Money == nil || n.Money.Amount != 1000 {
			t.Errorf("notification %d: %+v %v", i, n, err)
		}
	}
}
