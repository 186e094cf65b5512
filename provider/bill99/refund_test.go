package bill99_test

import (
	"fmt"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/bill99"
	"postern/provider/bill99/sandbox"
	"postern/provider/bill99/wire"
)

// TestRefundAnswers: the unsigned answer decides nothing. Y is pending; N fails only when the signed query does not know the number; the rest is unknown.
func TestRefundAnswers(t *testing.T) {
	c := bill99.New()
	refuse := func(w *world, fault string) { w.control("/faults", `{"op":"refund","fault":"`+fault+`","times":1}`) }
	w := newWorld(t, nil, nil)
	o, m := w.paid("order0001")
	for _, fault := range []string{sandbox.FaultClosed, sandbox.FaultBusy} {
		refuse(w, fault)
		if r := c.Refund(ctx, w.call, w.back(o, m, "refund0001", 100)); r.State != provider.RefundFailed || r.Class != provider.ClassDeclined || r.Message == "" {
			t.Errorf("%s: %+v", fault, r)
		}
	}
	refuse(w, sandbox.FaultClosed)
	w.control("/faults", `{"op":"refund_query","fault":"drop_response","times":1}`)
	if r := c.Refund(ctx, w.call, w.back(o, m, "refund0001", 100)); r.State != provider.RefundUnknown || r.Class != provider.ClassUnknown {
		t.Errorf("refused, and nobody answers whether it is there: %+v", r)
	}
	if r := c.Refund(ctx, w.call, w.back(o, m, "refund0001", 100)); r.State != provider.RefundPending {
		t.Errorf("taken: %+v", r)
	}
	w.clock.Advance(time.Minute)
	if r := c.Refund(ctx, w.call, w.back(o, m, "refund0001", 100)); r.State != provider.RefundDone || r.Amount != 100 {
		t.Errorf("sent again: %+v", r)
	}
	for name, raw := range map[string]string{
		"another's": wire.RefundReply(wire.Fields{"RESULT": "Y", "TXORDER": "refund0009"}), "another word": wire.RefundReply(wire.Fields{"RESULT": "MAYBE"}), "no word": "<R/>", "no XML": "Y",
	} {
		call := w.call
		call.Env.HTTP = &answering{raw: raw}
		if r := c.Refund(ctx, call, w.back(o, m, "refund0002", 100)); r.State != provider.RefundUnknown {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestRefundQueries: status 1 is refunded, every other one pending; every error code is unknown and 10012 absent; a row must be this refund's.
func TestRefundQueries(t *testing.T) {
	w, c := newWorld(t, nil, nil), bill99.New()
	back := w.back(w.order("order0001"), provider.Money{TxnNo: "1"}, "refund0001", 2000)
	ask := func(fields wire.Fields, rows ...wire.Fields) provider.RefundResult {
		call := w.call
		call.Env.HTTP = &answering{answer: wire.Answer{Fields: fields, Rows: rows}, order: wire.RefundAnswerOrder, list: wire.ListRefunds}
		return c.QueryRefund(ctx, call, back)
	}
	row := func(change map[string]string) wire.Fields {
		f := wire.Fields{"orderId": "refund0001", "rOrderId": "order0001", "orderAmout": "2000", "status": "1"}
		for name, value := range change {
			f[name] = value
		}
		return f
	}
	one := wire.Fields{"recordCount": "1"}
	for status, want := range map[string]provider.RefundState{"1": provider.RefundDone, "0": provider.RefundPending, "2": provider.RefundPending, "": provider.RefundPending, "3": provider.RefundPending} {
		if r := ask(one, row(map[string]string{"status": status, "failReason": "why"})); r.State != want || r.Amount != 2000 || r.Code != status || r.Message != "why" {
			t.Errorf("status %q: %+v", status, r)
		}
	}
	if r := ask(wire.Fields{"errCode": "10012"}); r.State != provider.RefundAbsent {
		t.Errorf("10012: %+v", r)
	}
	if r := ask(wire.Fields{"recordCount": "0"}); r.State != provider.RefundAbsent {
		t.Errorf("no rows: %+v", r)
	}
	for n := range 20 {
		code := fmt.Sprintf("100%02d", n)
		if code == "10012" {
			continue
		}
		want := provider.ClassInvalid
		switch code {
		case "10000", "10001", "10019":
			want = provider.ClassUnknown
		case "10009":
			want = provider.ClassAuth
		case "10013":
			want = provider.ClassUnavailable
		}
		if r := ask(wire.Fields{"errCode": code}); r.State != provider.RefundUnknown || r.Class != want {
			t.Errorf("%s: %+v", code, r)
		}
	}
	for name, r := range map[string]provider.RefundResult{
		"another refund": ask(one, row(map[string]string{"orderId": "refund0002"})), "another order": ask(one, row(map[string]string{"rOrderId": "order0002"})),
		"another amount": ask(one, row(map[string]string{"orderAmout": "1999"})), "two": ask(one, row(nil), row(nil)), "a count that is not the rows'": ask(wire.Fields{"recordCount": "2"}, row(nil)),
		"not signed": ask(wire.Fields{"recordCount": "1", "signMsg": "-"}, row(nil)),
	} {
		if r.State != provider.RefundUnknown {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestOldRefunds: a refund that was sent days after it was made is found; every day is asked for, three at a time; one beyond the days that are asked for is
// unknown, never absent.
func TestOldRefunds(t *testing.T) {
	w, c := newWorld(t, nil, nil), bill99.New()
	o, m := w.paid("order0001")
	back := w.back(o, m, "refund0001", 2000)
	w.clock.Advance(8 * 24 * time.Hour)
	if r := c.Refund(ctx, w.call, back); r.State != provider.RefundPending {
		t.Fatalf("%+v", r)
	}
	w.clock.Advance(24 * time.Hour)
	if r := c.QueryRefund(ctx, w.call, back); r.State != provider.RefundDone {
		t.Errorf("sent late: %+v", r)
	}
	never := back
	never.Refund.Number = "refund0002"
	if r := c.QueryRefund(ctx, w.call, never); r.State != provider.RefundAbsent {
		t.Errorf("never sent: %+v", r)
	}
	w.clock.Advance(10 * 24 * time.Hour)
	if r := c.QueryRefund(ctx, w.call, never); r.State != provider.RefundUnknown {
		t.Errorf("beyond the days: %+v", r)
	}
}
