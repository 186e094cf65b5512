package wechatpay

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
)

// code is what the sandbox's buyer shows.
func (r *rig) code(password bool) string {
	r.t.Helper()
	body := strings.NewReader(`{"password":` + map[bool]string{true: "true", false: "false"}[password] + `}`)
	req, _ := http.NewRequest("POST", "http://control/codes", body)
	res, err := sandboxkit.Local{"control": r.s.Control()}.Do(req)
	var out struct{ Code string }
	if err != nil || json.NewDecoder(res.Body).Decode(&out) != nil || out.Code == "" {
		r.t.Fatalf("no code: %v %v", err, res)
	}
	return out.Code
}

// scan places a code-pay order.
func (r *rig) scan(number, code string) provider.Result {
	r.t.Helper()
	start := r.request(ProductCode, number)
	start.AuthCode = code
	return New().Start(ctx, r.call, start)
}

func (r *rig) reverse(number string) provider.ReverseResult {
	r.t.Helper()
	return New().Reverse(ctx, r.call, attempt(ProductCode, number))
}

// TestScannedCodes: what each answer to a scanned code means, and what is sent with one.
func TestScannedCodes(t *testing.T) {
	r := newRig(t, nil)
	paid := r.scan("code000001", r.code(false))
	if paid.State != provider.Paid || paid.Money == nil || paid.Money.Amount != 6800 || paid.Money.PayerID == "" {
		t.Fatalf("%+v", paid)
	}
	for _, want := range []string{`"payer":{"auth_code":"1`, `"scene_info":{"device_ip":"127.0.0.1","store_info":{"out_id":"` + testMchID + `"}}`} {
		if !strings.Contains(paid.Exchange.Request, want) {
			t.Errorf("%s is not in %s", want, paid.Exchange.Request)
		}
	}
	for _, not := range []string{"notify_url", "time_expire"} {
		if strings.Contains(paid.Exchange.Request, not) {
			t.Errorf("%s is sent with a code", not)
		}
	}
	if waiting := r.scan("code000002", r.code(true)); waiting.State != provider.Pending || waiting.Class != provider.ClassNone || waiting.Exchange.Status != http.StatusAccepted {
		t.Errorf("%+v", waiting)
	}
	r.press("code000002", "decline")
	if q := New().Query(ctx, r.call, attempt(ProductCode, "code000002")); q.State != provider.Failed || q.Class != provider.ClassDeclined || q.Code != wire.StatePayError {
		t.Errorf("%+v", q)
	}
	old := r.code(false)
	r.clock.Advance(2 * time.Minute)
	if late := r.scan("code000003", old); late.State != provider.Failed || late.Class != provider.ClassDeclined || late.Code != wire.CodeAuthCodeExpire {
		t.Errorf("%+v", late)
	}
	if r.run(time.Hour); len(r.received) != 0 {
		t.Errorf("%d notifications came of scanned codes: WeChat sends none", len(r.received))
	}
}

// TestReverseTellsClosedFromGivenBack, whether a query names the transaction of a reversed order or not.
func TestReverseTellsClosedFromGivenBack(t *testing.T) {
	for _, silent := range []bool{false, true} {
		r := newRig(t, func(c *sandbox.Config) { c.SilentReversals = silent })
		paid := r.scan("code000001", r.code(false))
		r.scan("code000002", r.code(true))
		back := r.reverse("code000001")
		if back.State != provider.ReverseRefunded || back.Money == nil || back.Money.TxnNo != paid.Money.TxnNo || back.Money.Amount != 6800 {
			t.Errorf("silent %v: paid: %+v", silent, back)
		}
		if closed := r.reverse("code000002"); closed.State != provider.ReverseClosed || closed.Money != nil {
			t.Errorf("silent %v: waiting: %+v", silent, closed)
		}
		buyers, merchants := r.s.Balances()
		if buyers[sandbox.DefaultBuyer] != 1_000_000_00 || merchants[testMchID] != 0 {
			t.Errorf("silent %v: the money is at %v and %v", silent, buyers, merchants)
		}
		if q := New().Query(ctx, r.call, attempt(ProductCode, "code000001")); q.State != provider.Closed || q.Money != nil {
			t.Errorf("silent %v: a reversed order is %+v", silent, q)
		}
	}
}

// TestReversePaidMeanwhile: the buyer pays between our question and our reversal.
func TestReversePaidMeanwhile(t *testing.T) {
	r := newRig(t, nil)
	r.scan("code000001", r.code(true))
	asked := 0
	r.edit = func(req *http.Request, _ *httptest.ResponseRecorder) {
		if asked++; asked == 1 && req.Method == http.MethodGet {
			r.press("code000001", "approve")
		}
	}
	if got := r.reverse("code000001"); got.State != provider.ReverseRefunded || got.Money == nil || asked != 3 {
		t.Errorf("%+v after %d calls", got, asked)
	}
}

// TestReverseOfNothing: an order that WeChat does not have may still be on its way while its code lives.
func TestReverseOfNothing(t *testing.T) {
	r := newRig(t, nil)
	if got := r.reverse("code000001"); got.State != provider.ReverseUnknown {
		t.Errorf("at once: %+v", got)
	}
	r.clock.Advance(codeGone)
	if got := r.reverse("code000001"); got.State != provider.ReverseClosed {
		t.Errorf("when the code is dead: %+v", got)
	}
}

// TestReverseRefused: what was refunded, or is older than a week, is reversed no more.
func TestReverseRefused(t *testing.T) {
	r := newRig(t, nil)
	paid := r.scan("code000001", r.code(false))
	r.scan("code000002", r.code(false))
	refund := r.refundOf(paid, "code000001", "refund0001", 100)
	refund.Attempt.Product = ProductCode
	if got := New().Refund(ctx, r.call, refund); got.State != provider.RefundPending {
		t.Fatalf("%+v", got)
	}
	if got := r.reverse("code000001"); got.State != provider.ReverseRefused {
		t.Errorf("refunded: %+v", got)
	}
	r.clock.Advance(8 * 24 * time.Hour)
	if got := r.reverse("code000002"); got.State != provider.ReverseRefused || got.Code != wire.CodeInvalidRequest {
		t.Errorf("after eight days: %+v", got)
	}
}

// TestReverseUnbelieved: an answer that cannot be believed proves nothing, and neither does a question about another order.
func TestReverseUnbelieved(t *testing.T) {
	r := newRig(t, nil)
	r.scan("code000001", r.code(false))
	r.arm(sandbox.OpReverse, sandbox.FaultUnsigned)
	if got := New().Reverse(context.Background(), r.call, attempt(ProductCode, "code000001")); got.State != provider.ReverseUnknown {
		t.Errorf("unsigned: %+v", got)
	}
	r.edit = func(req *http.Request, rec *httptest.ResponseRecorder) {
		if req.Method == http.MethodGet {
			resigned(t, rec, func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), "code000001", "code000009")) })
		}
	}
	if got := r.reverse("code000001"); got.State != provider.ReverseUnknown || got.Class != provider.ClassBug {
		t.Errorf("another order: %+v", got)
	}
}
