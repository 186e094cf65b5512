package wechatpay

import (
	"fmt"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/sandbox"
)

func TestRefundLifecycle(t *testing.T) {
	r := newRig(t, nil)
	paid := r.paid("order00001")
	req := r.refundOf(paid, "order00001", "refund1", 800)
	if got := New().QueryRefund(ctx, r.call, req); got.State != provider.RefundAbsent || got.Class != provider.ClassNone {
		t.Errorf("before: %+v", got)
	}
	for range 2 { // the number makes the second one the first
		if got := New().Refund(ctx, r.call, req); got.State != provider.RefundPending || got.Code != "PROCESSING" || got.Amount != 800 {
			t.Errorf("%+v", got)
		}
	}
	r.run(time.Second)
	if got := New().QueryRefund(ctx, r.call, req); got.State != provider.RefundDone || got.Amount != 800 {
		t.Errorf("after: %+v", got)
	}
	if _, merchants := r.s.Balances(); merchants[testMchID] != 6000 {
		t.Errorf("the merchant has %d", merchants[testMchID])
	}
	other := r.refundOf(paid, "order00001", "refund1", 801)
	if got := New().Refund(ctx, r.call, other); got.State != provider.RefundFailed || got.Class != provider.ClassInvalid {
		t.Errorf("same number, other amount: %+v", got)
	}
	byNumber := r.refundOf(paid, "order00001", "refund2", 1)
	byNumber.TxnNo = ""
	if got := New().Refund(ctx, r.call, byNumber); got.State != provider.RefundPending {
		t.Errorf("by our number: %+v", got)
	}
}

func TestRefundsThatDoNotArrive(t *testing.T) {
	r := newRig(t, nil)
	for i, c := range []struct {
		fault string
		want  provider.RefundState
	}{{sandbox.FaultRefundAbnormal, provider.RefundStuck}, {sandbox.FaultRefundClosed, provider.RefundFailed}} {
		no := fmt.Sprintf("order%05d", i)
		req := r.refundOf(r.paid(no), no, "refund_"+no, 6800)
		r.arm(sandbox.OpRefund, c.fault)
		New().Refund(ctx, r.call, req)
		r.run(time.Second)
		if got := New().QueryRefund(ctx, r.call, req); got.State != c.want {
			t.Errorf("%s: %+v", c.fault, got)
		}
	}
}

// An unanswered refund is unknown, and sending it again with its number gives the money back once.
func TestRefundUnderFaults(t *testing.T) {
	r := newRig(t, nil)
	for i, c := range []struct {
		fault string
		state provider.RefundState
		class provider.Class
		after provider.RefundState
	}{
		{sandboxkit.DropRequest, provider.RefundUnknown, provider.ClassUnknown, provider.RefundAbsent},
		{sandboxkit.DropResponse, provider.RefundUnknown, provider.ClassUnknown, provider.RefundPending},
		{sandboxkit.ErrorAfterEffect, provider.RefundUnknown, provider.ClassUnknown, provider.RefundPending},
		{sandboxkit.WrongSignature, provider.RefundUnknown, provider.ClassUnknown, provider.RefundPending},
		{sandbox.FaultProbe, provider.RefundUnknown, provider.ClassUnknown, provider.RefundPending},
		{sandbox.FaultSystemError, provider.RefundUnknown, provider.ClassUnknown, provider.RefundAbsent},
		{sandbox.FaultRateLimited, provider.RefundUnknown, provider.ClassRateLimited, provider.RefundAbsent},
		{sandbox.FaultClosed, provider.RefundFailed, provider.ClassClosed, provider.RefundAbsent},
	} {
		no := fmt.Sprintf("order%05d", i)
		req := r.refundOf(r.paid(no), no, "refund_"+no, 100)
		r.arm(sandbox.OpRefund, c.fault)
		if got := New().Refund(ctx, r.call, req); got.State != c.state || got.Class != c.class {
			t.Errorf("%s: %+v", c.fault, got)
		}
		if got := New().QueryRefund(ctx, r.call, req); got.State != c.after {
			t.Errorf("%s: the query says %+v", c.fault, got)
		}
		if got := New().Refund(ctx, r.call, req); got.State != provider.RefundPending {
			t.Errorf("%s: again: %+v", c.fault, got)
		}
		r.arm(sandbox.OpRefundQuery, sandboxkit.WrongSignature)
		if got := New().QueryRefund(ctx, r.call, req); got.State != provider.RefundUnknown {
			t.Errorf("unbelievable query: %+v", got)
		}
	}
	r.run(time.Second)
	if _, merchants := r.s.Balances(); merchants[testMchID] != 8*6700 {
		t.Errorf("the merchant has %d fen, want eight orders less 100 each", merchants[testMchID])
	}
}

func TestRefundLimits(t *testing.T) {
	r := newRig(t, nil)
	paid := r.paid("order00001")
	for field, edit := range map[string]func(*provider.RefundRequest){
		"amount":     func(q *provider.RefundRequest) { q.Refund.Amount = 6801 },
		"currency":   func(q *provider.RefundRequest) { q.Refund.Currency = "USD" },
		"number":     func(q *provider.RefundRequest) { q.Refund.Number = "no spaces" },
		"reason":     func(q *provider.RefundRequest) { q.Refund.Reason = "🍵" },
		"notify_url": func(q *provider.RefundRequest) { q.NotifyURL += "?a=1" },
	} {
		req := r.refundOf(paid, "order00001", "refund1", 100)
		edit(&req)
		before := r.sent
		if got := New().Refund(ctx, r.call, req); got.State != provider.RefundFailed || got.Field != field || got.Message == "" || r.sent != before {
			t.Errorf("%s: %+v, %d requests", field, got, r.sent-before)
		}
	}
	for i := range 51 {
		got := New().Refund(ctx, r.call, r.refundOf(paid, "order00001", fmt.Sprintf("refund%d", i), 1))
		if want := provider.RefundPending; i < 50 && got.State != want {
			t.Fatalf("refund %d: %+v", i, got)
		} else if i == 50 && (got.State != provider.RefundFailed || got.Class != provider.ClassInvalid) {
			t.Errorf("the 51st: %+v", got)
		}
	}
}
