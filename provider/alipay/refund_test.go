package alipay

import (
	"testing"

	"postern"
	"postern/provider"
	"postern/provider/alipay/sandbox"
	"postern/provider/sandboxkit"
)

func (w *world) refund(a postern.Attempt, number string, amount int64) provider.RefundRequest {
	return provider.RefundRequest{Attempt: a, Total: a.Amount, TxnNo: w.query(a).Money.TxnNo, Refund: postern.Refund{Number: number, Amount: amount, Currency: "CNY", Reason: "试吃"}}
}

func TestRefund(t *testing.T) {
	w := newWorld(t)
	a := w.paid(Native, 1000)
	r := w.refund(a, "ref1", 300)
	if q := w.c.QueryRefund(t.Context(), w.call, r); q.State != provider.RefundAbsent {
		t.Fatalf("before: %+v", q)
	}
	if out := w.c.Refund(t.Context(), w.call, r); out.State != provider.RefundDone {
		t.Fatalf("refund: %+v", out)
	}
	if out := w.c.Refund(t.Context(), w.call, r); out.State != provider.RefundPending {
		t.Fatalf("the same again says fund_change N: %+v", out)
	}
	if q := w.c.QueryRefund(t.Context(), w.call, r); q.State != provider.RefundDone || q.Amount != 300 {
		t.Fatalf("after: %+v", q)
	}
	other := r
	other.Refund.Amount = 301
	if out := w.c.Refund(t.Context(), w.call, other); out.State != provider.RefundUnknown || out.Class != provider.ClassBug {
		t.Fatalf("the number with another amount: %+v", out)
	}
	if out := w.c.Refund(t.Context(), w.call, w.refund(a, "ref2", 701)); out.State != provider.RefundFailed || out.Class != provider.ClassInvalid {
		t.Fatalf("more than is left: %+v", out)
	}
	rest := w.refund(a, "ref3", 700)
	if out := w.c.Refund(t.Context(), w.call, rest); out.State != provider.RefundDone {
		t.Fatalf("the rest: %+v", out)
	}
	if out := w.c.Refund(t.Context(), w.call, provider.RefundRequest{Attempt: a, Total: 1000, Refund: postern.Refund{Number: "ref4", Amount: 1, Currency: "CNY"}}); out.State != provider.RefundFailed {
		t.Fatalf("nothing is left: %+v", out)
	}
	w.s.Faults().Clear()
	if q := w.query(a); q.State != provider.Closed {
		t.Fatalf("a fully refunded trade: %+v", q)
	}
}

// TestRefundFaults: whatever happens on the way, sending the same number again refunds once, and the refund query has the last word.
func TestRefundFaults(t *testing.T) {
	for fault, want := range map[string]provider.RefundState{
		sandboxkit.DropRequest: provider.RefundUnknown, sandboxkit.DropResponse: provider.RefundUnknown, sandboxkit.Error500: provider.RefundUnknown,
		sandboxkit.ErrorAfterEffect: provider.RefundUnknown, sandboxkit.WrongSignature: provider.RefundUnknown, sandbox.FaultSystemError: provider.RefundUnknown,
		sandbox.FaultSystemErrorAfterEffect: provider.RefundUnknown, sandbox.FaultUnavailable: provider.RefundUnknown, sandbox.FaultRateLimited: provider.RefundAbsent,
		sandbox.FaultClosed: provider.RefundAbsent, sandbox.FaultSellerBalance: provider.RefundFailed,
	} {
		w := newWorld(t)
		r := w.refund(w.paid(Native, 1000), "ref1", 400)
		w.fault("refund", fault)
		if out := w.c.Refund(t.Context(), w.call, r); out.State != want {
			t.Errorf("%s: %+v, want %s", fault, out, want)
		}
		again := w.c.Refund(t.Context(), w.call, r)
		if again.State != provider.RefundDone && again.State != provider.RefundPending {
			t.Errorf("%s, sent again: %+v", fault, again)
		}
		if q := w.c.QueryRefund(t.Context(), w.call, r); q.State != provider.RefundDone || q.Amount != 400 {
			t.Errorf("%s, asked: %+v", fault, q)
		}
		left := w.refund(r.Attempt, "ref2", 600)
		if out := w.c.Refund(t.Context(), w.call, left); out.State != provider.RefundDone {
			t.Errorf("%s: exactly 6.00 must be left: %+v", fault, out)
		}
		w.fault("refund_query", fault)
		if q := w.c.QueryRefund(t.Context(), w.call, r); q.State != provider.RefundUnknown {
			t.Errorf("%s around the query: %+v", fault, q)
		}
	}
}

func TestRefundLimits(t *testing.T) {
	w := newWorld(t)
	good := provider.RefundRequest{Attempt: w.order(Native, 1000).Attempt, Total: 1000, Refund: postern.Refund{Number: "r", Amount: 1, Currency: "CNY"}}
	for field, spoil := range map[string]func(*provider.RefundRequest){
		"amount": func(r *provider.RefundRequest) { r.Refund.Amount = 1001 }, "currency": func(r *provider.RefundRequest) { r.Refund.Currency = "HKD" },
		"number": func(r *provider.RefundRequest) { r.Refund.Number = "" },
		"reason": func(r *provider.RefundRequest) { r.Refund.Reason = string(make([]byte, 300)) },
	} {
		r := good
		spoil(&r)
		if out := w.c.Refund(t.Context(), w.call, r); out.State != provider.RefundFailed || out.Class != provider.ClassInvalid || out.Field != field {
			t.Errorf("%s: %+v", field, out)
		}
	}
	if w.doer.calls != 0 {
		t.Fatalf("%d calls were made", w.doer.calls)
	}
}
