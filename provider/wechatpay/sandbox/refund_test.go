package sandbox

import (
	"context"
	"errors"
	"testing"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

func TestRefundIsProcessingThenDone(t *testing.T) {
	sh := open(t, nil)
	sh.paid("order0001")
	var first, again, later wire.Refund
	body := sh.refundBody("order0001", 1, 800)
	sh.ok(sh.call("POST", wire.PathRefunds, body, nil), 200, &first)
	sh.ok(sh.call("POST", wire.PathRefunds, body, nil), 200, &again)
	if first.Status != wire.RefundProcessing || first.RefundID == "" || again.RefundID != first.RefundID {
		t.Errorf("%+v then %+v", first, again)
	}
	if due, ok := sh.s.Next(); !ok || !due.Equal(epoch.Add(time.Second)) {
		t.Errorf("next step at %v", due)
	}
	if n := sh.run(time.Second); n != 2 {
		t.Errorf("%d steps, want the refund and its notification", n)
	}
	sh.ok(sh.call("GET", wire.RefundPath(body.OutRefundNo, ""), nil, nil), 200, &later)
	if later.Status != wire.RefundSuccess || later.SuccessTime == "" || later.Amount.Refund != 800 || later.Amount.Total != 6800 {
		t.Errorf("%+v", later)
	}
	if tr := sh.query("order0001"); tr.TradeState != wire.StateRefund {
		t.Errorf("order is %s", tr.TradeState)
	}
	sh.received = sh.received[1:]
	notes, opened := sh.notices(func() any { return &wire.RefundNotice{} })
	if n := opened[0].(*wire.RefundNotice); len(notes) != 1 || notes[0].EventType != wire.EventRefundSuccess || n.RefundStatus != wire.RefundSuccess ||
		n.OutRefundNo != body.OutRefundNo || n.Amount.Refund != 800 || n.MchID != mchID {
		t.Errorf("%+v %+v", notes, n)
	}
	buyers, merchants := sh.s.Balances()
	if buyers[DefaultBuyer] != startBalance-6000 || merchants[mchID] != 6000 {
		t.Errorf("wallet %d, merchant %d", buyers[DefaultBuyer], merchants[mchID])
	}
	body.Amount.Refund++
	sh.refused("same number, other amount", sh.call("POST", wire.PathRefunds, body, nil), 400, wire.CodeInvalidRequest)
}

func TestRefundRefusals(t *testing.T) {
	sh := open(t, nil)
	paid := sh.paid("order0001")
	sh.native("order0002")
	post := func(edit func(*wire.RefundRequest)) answer {
		b := sh.refundBody("order0001", 1, 100)
		edit(&b)
		return sh.call("POST", wire.PathRefunds, b, nil)
	}
	sh.refused("too much", post(func(r *wire.RefundRequest) { r.Amount.Refund = 6801 }), 400, wire.CodeInvalidRequest)
	sh.refused("zero", post(func(r *wire.RefundRequest) { r.Amount.Refund = 0 }), 400, wire.CodeParamError)
	sh.refused("total", post(func(r *wire.RefundRequest) { r.Amount.Total = 6799 }), 400, wire.CodeInvalidRequest)
	sh.refused("currency", post(func(r *wire.RefundRequest) { r.Amount.Currency = "" }), 400, wire.CodeParamError)
	sh.refused("no order", post(func(r *wire.RefundRequest) { r.OutTradeNo = "" }), 400, wire.CodeParamError)
	sh.refused("unknown order", post(func(r *wire.RefundRequest) { r.OutTradeNo = "nobody" }), 404, wire.CodeResourceNotExists)
	sh.refused("two orders", post(func(r *wire.RefundRequest) { r.TransactionID, r.OutTradeNo = paid.TransactionID, "order0002" }), 404, wire.CodeResourceNotExists)
	sh.refused("unpaid", post(func(r *wire.RefundRequest) { r.OutTradeNo = "order0002" }), 400, wire.CodeInvalidRequest)
	sh.refused("number", post(func(r *wire.RefundRequest) { r.OutRefundNo = "r 1" }), 400, wire.CodeParamError)
	sh.refused("notify", post(func(r *wire.RefundRequest) { r.NotifyURL += "?x" }), 400, wire.CodeParamError)
	sh.refused("unknown refund", sh.call("GET", wire.RefundPath("nobody", ""), nil, nil), 404, wire.CodeResourceNotExists)
	sh.clock.Advance(refundWindow + time.Second)
	sh.refused("after a year", post(func(*wire.RefundRequest) {}), 400, wire.CodeInvalidRequest)
}

func TestFiftyRefunds(t *testing.T) {
	sh := open(t, func(c *Config) { c.RefundInterval = time.Minute })
	sh.paid("order0001")
	for n := range maxRefunds {
		sh.ok(sh.call("POST", wire.PathRefunds, sh.refundBody("order0001", n, 1), nil), 200, nil)
		if n == 0 {
			sh.refused("within a minute", sh.call("POST", wire.PathRefunds, sh.refundBody("order0001", 1, 1), nil), 429, wire.CodeFrequencyLimited)
		}
		sh.run(time.Minute)
	}
	sh.refused("the 51st", sh.call("POST", wire.PathRefunds, sh.refundBody("order0001", 50, 1), nil), 400, wire.CodeInvalidRequest)
	_, merchants := sh.s.Balances()
	if merchants[mchID] != 6800-maxRefunds {
		t.Errorf("merchant has %d", merchants[mchID])
	}
}

func TestRefundsThatFail(t *testing.T) {
	sh := open(t, nil)
	for fault, want := range map[string]string{FaultRefundAbnormal: wire.RefundAbnormal, FaultRefundClosed: wire.RefundClosed} {
		no := "order_" + want
		sh.paid(no)
		sh.arm(OpRefund, fault)
		sh.ok(sh.call("POST", wire.PathRefunds, sh.refundBody(no, 1, 6800), nil), 200, nil)
		sh.run(time.Second)
		var r wire.Refund
		sh.ok(sh.call("GET", wire.RefundPath(no+"_r1", ""), nil, nil), 200, &r)
		if r.Status != want {
			t.Errorf("%s: %s", fault, r.Status)
		}
	}
	again := sh.call("POST", wire.PathRefunds, sh.refundBody("order_"+wire.RefundClosed, 2, 6800), nil)
	sh.ok(again, 200, nil) // a closed refund gave its amount back
	_, merchants := sh.s.Balances()
	if merchants[mchID] != 6800 {
		t.Errorf("merchant has %d, want one order's worth", merchants[mchID])
	}
}

func TestCouponAndWrongAmount(t *testing.T) {
	sh := open(t, nil)
	sh.arm(OpPay, FaultCoupon)
	tr := sh.paid("order0001")
	if tr.Amount.Total != 6800 || tr.Amount.PayerTotal != 3400 || tr.PromotionDetail[0].WechatpayContribute != 3400 {
		t.Errorf("%+v", tr)
	}
	var r wire.Refund
	sh.ok(sh.call("POST", wire.PathRefunds, sh.refundBody("order0001", 1, 1000), nil), 200, &r)
	if r.Amount.Refund != 1000 || r.Amount.PayerRefund != 500 {
		t.Errorf("%+v", r.Amount)
	}
	sh.arm(OpPay, FaultWrongAmount)
	if tr := sh.paid("order0002"); tr.Amount.Total != 6801 {
		t.Errorf("%+v", tr.Amount)
	}
}

func TestOrderedFaults(t *testing.T) {
	sh := open(t, nil)
	for fault, want := range map[string]struct {
		status int
		code   string
	}{FaultSystemError: {500, wire.CodeSystemError}, FaultRateLimited: {429, wire.CodeFrequencyLimited}, FaultClosed: {403, wire.CodeNoAuth}} {
		sh.arm(OpNative, fault)
		sh.refused(fault, sh.call("POST", self.OrderPath(wire.KindNative), sh.order("order0001"), nil), want.status, want.code)
	}
	if len((controlBook{sh.s}).Orders()) != 0 {
		t.Error("a refused order exists")
	}
	sh.arm(OpNative, sandboxkit.DropResponse)
	if a := sh.call("POST", self.OrderPath(wire.KindNative), sh.order("order0001"), nil); a.status != 0 {
		t.Errorf("dropped answer: %d", a.status)
	}
	if len((controlBook{sh.s}).Orders()) != 1 {
		t.Error("the effect of a dropped answer is missing")
	}
	for _, fault := range []string{FaultUnsigned, FaultUnknownSerial, FaultProbe, sandboxkit.WrongSignature} {
		sh.arm(OpQuery, fault)
		a := sh.call("GET", self.QueryByOrderNo("order0001"), nil, nil)
		sig, err := wire.ParseSignature(a.header)
		good := err == nil && sig.Serial == keys().platform[0].Serial && sig.Check(a.body, verifyWith(&keys().platform[0].Key.PublicKey)) == nil
		if a.status != 200 || good {
			t.Errorf("%s: HTTP %d, signature good: %v", fault, a.status, good)
		}
	}
}

// Run must do in real time what RunDue does: here the clock is pushed instead of waited for.
func TestRun(t *testing.T) {
	sh := open(t, nil)
	sh.paid("order0001")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sh.s.Run(ctx) }()
	sh.ok(sh.call("POST", wire.PathRefunds, sh.refundBody("order0001", 1, 800), nil), 200, nil)
	sh.clock.Advance(time.Second)
	arrived := func() bool {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		return len(sh.received) == 2
	}
	for deadline := time.Now().Add(30 * time.Second); !arrived() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !arrived() {
		t.Errorf("%v, %d notifications", err, len(sh.received))
	}
}
