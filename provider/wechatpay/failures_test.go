package wechatpay

import (
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

// Named after the failure catalogue (F) and the list of what other payment systems suffer from (T).

// TestF8FiftyRefunds: the fifty-first refund of an order, one after 365 days, and one of more than was paid never leave.
func TestF8FiftyRefunds(t *testing.T) {
	r := newRig(t, nil)
	paid := r.paid("order00001")
	sent := r.sent
	back := r.refundOf(paid, "order00001", "refund0051", 1)
	back.Earlier = 50
	if got := New().Refund(ctx, r.call, back); got.State != provider.RefundFailed || got.Class != provider.ClassInvalid || got.Field != "refunds" || !strings.Contains(got.Message, "50") {
		t.Errorf("the fifty-first: %+v", got)
	}
	back.Earlier, back.Refund.Amount = 0, paid.Money.Amount+1
	if got := New().Refund(ctx, r.call, back); got.State != provider.RefundFailed || got.Field != "amount" {
		t.Errorf("more than was paid: %+v", got)
	}
	r.clock.Advance(366 * 24 * time.Hour)
	back.Refund.Amount = 1
	if got := New().Refund(ctx, r.call, back); got.State != provider.RefundFailed || got.Field != "attempt" || !strings.Contains(got.Message, "365") {
		t.Errorf("after a year: %+v", got)
	}
	if r.sent != sent {
		t.Errorf("%d calls left", r.sent-sent)
	}
	r.clock = sandboxkit.NewClock(func() time.Time { return epoch })
	r.now = r.clock.Now
	back.Earlier = 49
	if got := New().Refund(ctx, r.call, back); r.sent == sent {
		t.Errorf("the fiftieth was not sent: %+v", got)
	}
}

// TestF10KeysChangeMidFlight: WeChat names one key and signs with another while keys change. The order is unknown then, never failed, and no money is locked: as soon as the
// answer fits, a query tells.
func TestF10KeysChangeMidFlight(t *testing.T) {
	r := newRig(t, nil)
	r.call.Keys[0].Handles[KeyPlatformPublic] = publicKey()
	r.arm(sandbox.OpNative, sandbox.FaultWrongSerial)
	if got := r.start(ProductNative, "order00001"); got.State != provider.Unknown || got.Class.MayFailOver() || got.Action.Content != "" {
		t.Errorf("start: %+v", got)
	}
	r.press("order00001", "approve")
	r.arm(sandbox.OpQuery, sandbox.FaultWrongSerial)
	if got := r.query("order00001"); got.State != provider.Unknown || got.Money != nil {
		t.Errorf("query: %+v", got)
	}
	paid := r.query("order00001")
	if paid.State != provider.Paid {
		t.Fatalf("the answer fits again: %+v", paid)
	}
	back := r.refundOf(paid, "order00001", "refund0001", 100)
	r.arm(sandbox.OpRefund, sandbox.FaultWrongSerial)
	if got := New().Refund(ctx, r.call, back); got.State != provider.RefundUnknown {
		t.Errorf("refund: %+v", got)
	}
	if got := New().QueryRefund(ctx, r.call, back); got.State != provider.RefundPending {
		t.Errorf("the refund was accepted all the same: %+v", got)
	}
}

// TestT8TwoCertificatesAndAPublicKey: with two platform certificates live and a public key beside them, whichever a message names verifies it, and nothing else; a key that is
// missing is named in the error.
func TestT8TwoCertificatesAndAPublicKey(t *testing.T) {
	r := newRig(t, nil)
	r.s.AddPlatformKey(keys().platform[1])
	r.call.Keys[0].Handles[KeyPlatformPublic] = publicKey()
	r.call.Trust = []provider.Verifier{platform(1), platform(0)}
	r.start(ProductNative, "order00001")
	for name, key := range map[string]handle{"the older": platform(0), "the newer": platform(1), "the public key": publicKey()} {
		r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
			_ = wire.SignHeaders(rec.Header(), key.id, epoch.Unix(), "n", rec.Body.Bytes(), func(m []byte) ([]byte, error) { return key.Sign("", m) })
		}
		if got := r.query("order00001"); got.State != provider.Pending {
			t.Errorf("%s: %+v", name, got)
		}
		for other, wrong := range map[string]handle{"the older": platform(0), "the newer": platform(1), "the public key": publicKey()} {
			if other == name {
				continue
			}
			r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
				_ = wire.SignHeaders(rec.Header(), key.id, epoch.Unix(), "n", rec.Body.Bytes(), func(m []byte) ([]byte, error) { return wrong.Sign("", m) })
			}
			if got := r.query("order00001"); got.State != provider.Unknown {
				t.Errorf("names %s, signed by %s: %+v", name, other, got)
			}
		}
	}
	r.edit = nil
	if err := r.s.SignWith(keys().platform[1].Serial); err != nil {
		t.Fatal(err)
	}
	r.call.Trust = []provider.Verifier{platform(0)}
	delete(r.call.Keys[0].Handles, KeyPlatformPublic)
	if got := r.query("order00001"); got.State != provider.Unknown || !strings.Contains(got.Message, keys().platform[1].Serial) {
		t.Errorf("the missing key is not named: %+v", got)
	}
}

// TestRotationByTheProvider: WeChat changes its certificate; until it is fetched nothing is believed and nothing fails, and then everything goes on.
func TestRotationByTheProvider(t *testing.T) {
	r := newRig(t, nil)
	r.start(ProductNative, "order00001")
	req, _ := http.NewRequest("POST", "http://control/rotate", nil)
	if res, err := (sandboxkit.Local{"control": r.s.Control()}).Do(req); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", res, err)
	}
	if got := r.query("order00001"); got.State != provider.Unknown {
		t.Errorf("before the refresh: %+v", got)
	}
	trust, err := New().RefreshTrust(ctx, r.call)
	if err != nil || len(trust) != 2 {
		t.Fatalf("%+v %v", trust, err)
	}
	r.call.Trust = trusted(t, trust)
	if got := r.query("order00001"); got.State != provider.Pending {
		t.Errorf("after it: %+v", got)
	}
}

// TestProbesAreQuiet: probe traffic on every kind of call and on notifications fails verification, changes nothing, and is named as what it is.
func TestProbesAreQuiet(t *testing.T) {
	r := newRig(t, nil)
	r.arm(sandbox.OpNative, sandbox.FaultProbe)
	if got := r.start(ProductNative, "order00001"); got.State != provider.Unknown || !strings.Contains(got.Message, "probe") {
		t.Errorf("%+v", got)
	}
	r.press("order00001", "approve")
	r.arm(sandbox.OpQuery, sandbox.FaultProbe)
	if got := r.query("order00001"); got.State != provider.Unknown || !strings.Contains(got.Message, "probe") {
		t.Errorf("%+v", got)
	}
	r.arm(sandbox.OpClose, sandbox.FaultProbe)
	if got := New().Close(ctx, r.call, attempt(ProductNative, "order00009")); got.State != provider.CloseUnknown {
		t.Errorf("%+v", got)
	}
}

// TestLateBuyers: somebody pays in the very moment of the close, or of the reversal.
func TestLateBuyers(t *testing.T) {
	r := newRig(t, nil)
	r.start(ProductNative, "order00001")
	r.arm(sandbox.OpClose, sandbox.FaultLateBuyer)
	if got := New().Close(ctx, r.call, attempt(ProductNative, "order00001")); got.State != provider.CloseAlreadyPaid {
		t.Errorf("close: %+v", got)
	}
	r.scan("code000001", r.code(true))
	r.arm(sandbox.OpReverse, sandbox.FaultLateBuyer)
	if got := r.reverse("code000001"); got.State != provider.ReverseRefunded || got.Money == nil || got.Money.Amount != 6800 {
		t.Errorf("reverse: %+v", got)
	}
}

// TestDuplicatesAndReordering: a notification that comes twice, and a refund's that comes before the payment's, each say the same as ever: nothing depends on their order.
func TestDuplicatesAndReordering(t *testing.T) {
	r := newRig(t, nil)
	if _, err := r.s.Faults().Add(sandboxkit.Fault{Op: sandboxkit.OpNotify, Fault: sandboxkit.DelayNotification, DelayMS: 60_000}); err != nil {
		t.Fatal(err)
	}
	paid := r.paid("order00001")
	New().Refund(ctx, r.call, r.refundOf(paid, "order00001", "refund0001", 100))
	r.arm(sandboxkit.OpNotify, sandboxkit.DuplicateNotification)
	r.run(5 * time.Second)
	r.run(2 * time.Minute)
	var events []string
	for _, m := range r.received {
		n, err := read(r, "order00001", m)
		if err != nil || !n.SettingsMatch {
			t.Fatalf("%+v %v", n, err)
		}
		switch {
		case n.RefundNumber != "" && n.RefundState == provider.RefundDone:
			events = append(events, "refunded")
		case n.State == provider.Paid && n.Money.TxnNo == paid.Money.TxnNo:
			events = append(events, "paid")
		}
	}
	if got := strings.Join(events, " "); got != "refunded refunded paid" {
		t.Errorf("arrived: %s", got)
	}
}
