package alipay

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/sandbox"
	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

func TestNative(t *testing.T) {
	w := newWorld(t)
	o, r := w.start(Native, 6800)
	if r.Action.Type != postern.ActionQR || !strings.HasPrefix(r.Action.Content, w.base+"/phone/scan/") || !r.Action.ExpiresAt.Equal(o.Attempt.ExpiresAt) {
		t.Fatalf("action %+v", r.Action)
	}
	if q := w.query(o.Attempt); q.State != provider.Absent || q.Code != "ACQ.TRADE_NOT_EXIST" {
		t.Fatalf("before the scan: %+v", q)
	}
	if c := w.c.Close(t.Context(), w.call, o.Attempt); c.State != provider.CloseAbsent {
		t.Fatalf("close before the scan: %+v", c)
	}
	w.browse(http.MethodGet, r.Action.Content, nil)
	if q := w.query(o.Attempt); q.State != provider.Pending || q.Code != wire.WaitBuyerPay {
		t.Fatalf("after the scan: %+v", q)
	}
	if status := w.press(o.Attempt.Number, "approve"); status != http.StatusOK {
		t.Fatalf("approve: %d", status)
	}
	q := w.query(o.Attempt)
	if q.State != provider.Paid || q.Money == nil || q.Money.Amount != 6800 || q.Money.Currency != "CNY" || q.Money.TxnNo == "" || !q.Money.PaidAt.Equal(w.clock.Now()) {
		t.Fatalf("paid: %+v %+v", q, q.Money)
	}
	if c := w.c.Close(t.Context(), w.call, o.Attempt); c.State != provider.CloseAlreadyPaid {
		t.Fatalf("close after paying: %+v", c)
	}
	for _, kept := range []string{q.Exchange.Request, r.Exchange.Request} {
		if !strings.Contains(kept, o.Attempt.Number) || strings.Contains(kept, "%2B%2F") {
			t.Errorf("kept request %s", kept)
		}
	}
	if !strings.Contains(q.Exchange.Response, "TRADE_SUCCESS") || q.Exchange.Status != http.StatusOK || q.Exchange.Op != "query" {
		t.Errorf("kept exchange %+v", q.Exchange)
	}
}

func TestCloseAndExpiry(t *testing.T) {
	w := newWorld(t)
	o, _ := w.start(Native, 100)
	w.press(o.Attempt.Number, "decline")
	if c := w.c.Close(t.Context(), w.call, o.Attempt); c.State != provider.CloseDone {
		t.Fatalf("close: %+v", c)
	}
	if c := w.c.Close(t.Context(), w.call, o.Attempt); c.State != provider.CloseDone || c.Code != "ACQ.TRADE_STATUS_ERROR" {
		t.Fatalf("close again: %+v", c)
	}
	if status := w.press(o.Attempt.Number, "approve"); status != http.StatusConflict {
		t.Fatalf("a closed order was paid: %d", status)
	}
	expired, r := w.start(Native, 100)
	w.clock.Advance(15 * time.Minute)
	if status := w.press(expired.Attempt.Number, "approve"); status != http.StatusConflict {
		t.Fatalf("an expired code (%s) was paid: %d", r.Action.Content, status)
	}
	if q := w.query(expired.Attempt); q.State != provider.Absent {
		t.Fatalf("expired before the scan: %+v", q)
	}
}

// TestBrowserProducts walks a browser through h5 and page: the signed address, the wallet, the way back.
func TestBrowserProducts(t *testing.T) {
	for _, product := range []string{H5, Page} {
		w := newWorld(t)
		o, r := w.start(product, 990)
		if r.Action.Type != postern.ActionRedirect || w.doer.calls != 0 {
			t.Fatalf("%s: %+v after %d calls", product, r.Action, w.doer.calls)
		}
		if q := w.query(o.Attempt); q.State != provider.Absent {
			t.Fatalf("%s before the buyer came: %+v", product, q)
		}
		at, page := w.browse(http.MethodGet, r.Action.URL, nil)
		if !strings.Contains(page, "¥9.90") {
			t.Fatalf("%s: cashier at %s: %s", product, at, page)
		}
		back, _ := w.browse(http.MethodPost, w.base+at.Path+"/approve", nil)
		if back.Host != "shop.example" || back.Query().Get("out_trade_no") != o.Attempt.Number {
			t.Fatalf("%s: back to %s", product, back)
		}
		if q := w.query(o.Attempt); q.State != provider.Paid || q.Money.Amount != 990 {
			t.Fatalf("%s: %+v", product, q)
		}
	}
}

func TestJSAPIWithOAuth(t *testing.T) {
	w := newWorld(t)
	back, _ := w.browse(http.MethodGet, w.c.AuthorizeURL(w.call, "http://shop.example/oauth?x=1", "state-1")+"&buyer=li", nil)
	if back.Query().Get("state") != "state-1" || back.Query().Get("x") != "1" {
		t.Fatalf("back to %s", back)
	}
	code := back.Query().Get(w.c.CodeParam())
	payer, err := w.c.ResolvePayer(t.Context(), w.call, code)
	if err != nil || !userID.MatchString(payer) {
		t.Fatalf("payer %q: %v", payer, err)
	}
	if _, err := w.c.ResolvePayer(t.Context(), w.call, code); postern.CodeOf(err) != postern.CodeProviderRefused {
		t.Fatalf("a code worked twice: %v", err)
	}
	if _, err := w.c.ResolvePayer(t.Context(), w.call, ""); postern.CodeOf(err) != postern.CodeInvalid {
		t.Fatalf("no code: %v", err)
	}
	o := w.order(JSAPI, 500)
	o.PayerID = payer
	r := w.c.Start(t.Context(), w.call, o)
	if r.State != provider.Pending || r.Action.Type != postern.ActionJSAPI || r.Action.Params["tradeNO"] == "" || r.Opaque != r.Action.Params["tradeNO"] {
		t.Fatalf("start: %+v", r)
	}
	if q := w.query(o.Attempt); q.State != provider.Pending {
		t.Fatalf("the trade exists at once: %+v", q)
	}
	page := strings.Replace(bridge.SimulatedPage, "{tradeNO}", r.Action.Params["tradeNO"], 1)
	at, _ := w.browse(http.MethodGet, w.base+page, nil)
	_, done := w.browse(http.MethodPost, w.base+at.Path+"/approve?"+at.RawQuery, nil)
	if !strings.Contains(done, wire.ResultPaid) {
		t.Fatalf("the bridge reported %s", done)
	}
	if q := w.query(o.Attempt); q.State != provider.Paid || q.Money.PayerID != payer {
		t.Fatalf("paid: %+v", q)
	}
}

// TestStartLimits checks that what cannot be ordered is refused by its field, before a byte is sent.
func TestStartLimits(t *testing.T) {
	w := newWorld(t)
	for field, spoil := range map[string]func(*provider.StartRequest){
		"amount":     func(o *provider.StartRequest) { o.Attempt.Amount = wire.MaxAmount + 1 },
		"currency":   func(o *provider.StartRequest) { o.Attempt.Currency = "USD" },
		"number":     func(o *provider.StartRequest) { o.Attempt.Number = "has blank" },
		"notify_url": func(o *provider.StartRequest) { o.NotifyURL = "https://x/" + strings.Repeat("y", 256) },
		"return_url": func(o *provider.StartRequest) { o.ReturnURL = "javascript:alert(1)" },
		"quit_url":   func(o *provider.StartRequest) { o.QuitURL = "x" },
		"payer_id":   func(o *provider.StartRequest) { o.Attempt.Product, o.PayerID = JSAPI, "" },
		"expires_at": func(o *provider.StartRequest) { o.Attempt.ExpiresAt = w.clock.Now() },
		"product":    func(o *provider.StartRequest) { o.Attempt.Product = "telepathy" },
	} {
		o := w.order(Native, 100)
		spoil(&o)
		r := w.c.Start(t.Context(), w.call, o)
		if r.State != provider.Failed || r.Class != provider.ClassInvalid || r.Field != field || r.Message == "" {
			t.Errorf("%s: %+v", field, r)
		}
	}
	o := w.order(Native, 0)
	if r := w.c.Start(t.Context(), w.call, o); r.Field != "amount" {
		t.Errorf("nothing to pay: %+v", r)
	}
	if w.doer.calls != 0 {
		t.Fatalf("%d calls were made", w.doer.calls)
	}
	o = w.order(Native, 100)
	o.Description = " a/b=c&d " + strings.Repeat("茶", 300)
	if r := w.c.Start(t.Context(), w.call, o); r.State != provider.Pending {
		t.Errorf("a description that only needs cleaning: %+v", r)
	}
}

// TestStartFaults is the table of what may go wrong around an order: only what proves that nothing happened is failed.
func TestStartFaults(t *testing.T) {
	for _, tt := range []struct {
		fault string
		state provider.State
		class provider.Class
		made  bool // the order exists at Alipay
	}{
		{sandboxkit.DropRequest, provider.Unknown, provider.ClassUnknown, false},
		{sandboxkit.DropResponse, provider.Unknown, provider.ClassUnknown, true},
		{sandboxkit.Error500, provider.Unknown, provider.ClassUnknown, false},
		{sandboxkit.ErrorAfterEffect, provider.Unknown, provider.ClassUnknown, true},
		{sandboxkit.WrongSignature, provider.Unknown, provider.ClassUnknown, true},
		{sandbox.FaultSystemError, provider.Unknown, provider.ClassUnknown, false},
		{sandbox.FaultSystemErrorAfterEffect, provider.Unknown, provider.ClassUnknown, true},
		{sandbox.FaultUnavailable, provider.Unknown, provider.ClassUnknown, false},
		{sandbox.FaultRateLimited, provider.Failed, provider.ClassRateLimited, false},
		{sandbox.FaultClosed, provider.Failed, provider.ClassClosed, false},
	} {
		w := newWorld(t)
		w.fault(Native, tt.fault)
		o := w.order(Native, 100)
		r := w.c.Start(t.Context(), w.call, o)
		if r.State != tt.state || r.Class != tt.class || r.Action.Type != "" || r.Exchange.Request == "" {
			t.Errorf("%s: %+v", tt.fault, r)
		}
		if made := w.press(o.Attempt.Number, "approve") == http.StatusOK; made != tt.made {
			t.Errorf("%s: the order exists: %v", tt.fault, made)
		}
		if tt.made {
			if q := w.query(o.Attempt); q.State != provider.Paid {
				t.Errorf("%s: the query settles it: %+v", tt.fault, q)
			}
		}
	}
}

func TestQueryAndCloseFaults(t *testing.T) {
	w := newWorld(t)
	o, _ := w.start(Native, 100)
	w.press(o.Attempt.Number, "decline")
	for _, fault := range []string{
		sandboxkit.DropRequest, sandboxkit.DropResponse, sandboxkit.Error500, sandboxkit.WrongSignature, sandbox.FaultSystemError, sandbox.FaultUnavailable,
		sandbox.FaultRateLimited, sandbox.FaultClosed,
	} {
		w.fault("query", fault)
		if q := w.query(o.Attempt); q.State != provider.Unknown || q.Money != nil {
			t.Errorf("query with %s: %+v", fault, q)
		}
		if fault == sandboxkit.DropResponse || fault == sandboxkit.WrongSignature {
			continue // a close with these takes effect; see below
		}
		w.fault("close", fault)
		if c := w.c.Close(t.Context(), w.call, o.Attempt); c.State != provider.CloseUnknown {
			t.Errorf("close with %s: %+v", fault, c)
		}
	}
	w.fault("close", sandboxkit.DropResponse)
	if c := w.c.Close(t.Context(), w.call, o.Attempt); c.State != provider.CloseUnknown {
		t.Errorf("an unanswered close: %+v", c)
	}
	if q := w.query(o.Attempt); q.State != provider.Closed {
		t.Errorf("after an unanswered close: %+v", q)
	}
}

func TestNotSent(t *testing.T) {
	w := newWorld(t)
	o := w.order(Native, 100)
	w.call.Settings[settingGateway] = "http://127.0.0.1:1/gateway.do"
	if r := w.c.Start(t.Context(), w.call, o); r.State != provider.Failed || r.Class != provider.ClassUnavailable {
		t.Errorf("start that was not sent: %+v", r)
	}
	if q := w.query(o.Attempt); q.State != provider.Unknown {
		t.Errorf("query that was not sent: %+v", q)
	}
	refund := provider.RefundRequest{Attempt: o.Attempt, Total: 100, Refund: postern.Refund{Number: "r1", Amount: 100, Currency: "CNY"}}
	if r := w.c.Refund(t.Context(), w.call, refund); r.State != provider.RefundAbsent {
		t.Errorf("refund that was not sent: %+v", r)
	}
	w.call.Keys = nil
	if r := w.c.Start(t.Context(), w.call, o); r.State != provider.Failed || r.Class != provider.ClassAuth {
		t.Errorf("start without a key: %+v", r)
	}
}

// TestWrongKeys: an app key that Alipay does not know is refused for good; a platform key that is not ours makes every answer unbelievable.
func TestWrongKeys(t *testing.T) {
	w := newWorld(t)
	o := w.order(Native, 100)
	call := w.call
	call.Keys = []provider.Generation{generation("gen_x", keys()[3], &keys()[0].PublicKey)}
	if r := w.c.Start(t.Context(), call, o); r.State != provider.Failed || r.Class != provider.ClassAuth || r.Code != "isv.invalid-signature" {
		t.Errorf("wrong app key: %+v", r)
	}
	if c := w.c.Check(t.Context(), call); c.OK || c.Class != provider.ClassAuth {
		t.Errorf("check with the wrong app key: %+v", c)
	}
	call.Keys = []provider.Generation{generation("gen_x", keys()[1], &keys()[3].PublicKey)}
	if r := w.c.Start(t.Context(), call, o); r.State != provider.Unknown || r.Code != "unverified_answer" {
		t.Errorf("wrong platform key: %+v", r)
	}
	// A rotation keeps the older platform key live: its answers are still believed.
	call.Keys = append(call.Keys, generation("gen_1", keys()[1], &keys()[0].PublicKey))
	if q := w.c.Query(t.Context(), call, o.Attempt); q.State != provider.Absent {
		t.Errorf("after a rotation: %+v", q)
	}
	if c := w.c.Check(t.Context(), w.call); !c.OK {
		t.Errorf("check: %+v", c)
	}
	if list := w.c.Registrations(w.call, "https://pay.example", "https://pay.example"); len(list) == 0 || list[0].Value == "" {
		t.Errorf("registrations: %+v", list)
	}
}
