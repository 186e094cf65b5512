package wechatpay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/sandbox"
)

var ctx = context.Background()

func TestStartEveryProduct(t *testing.T) {
	r := newRig(t, nil)
	native := r.start(ProductNative, "native0001")
	if native.State != provider.Pending || native.Action.Type != postern.ActionQR || !strings.HasPrefix(native.Action.Content, "weixin://wxpay/bizpayurl?pr=") ||
		!native.Action.ExpiresAt.Equal(epoch.Add(15*time.Minute)) {
		t.Errorf("native: %+v", native)
	}
	h5 := r.start(ProductH5, "h5order001")
	if h5.State != provider.Pending || h5.Action.Type != postern.ActionRedirect || !strings.HasSuffix(h5.Action.URL, "&redirect_url=https%3A%2F%2Fshop.example%2Fc%2F1%3Fx%3Dy") {
		t.Errorf("h5: %+v", h5)
	}
	jsapi := r.start(ProductJSAPI, "jsapi00001")
	p := jsapi.Action.Params
	if jsapi.State != provider.Pending || jsapi.Action.Type != postern.ActionJSAPI || p["package"] != "prepay_id="+jsapi.Opaque || jsapi.Opaque == "" || len(p) != 6 {
		t.Errorf("jsapi: %+v", jsapi)
	}
	info, _ := New().Describe().Product(ProductJSAPI)
	page := info.Bridge.SimulatedPage
	for k, v := range p {
		page = strings.ReplaceAll(page, "{"+k+"}", url.QueryEscape(v))
	}
	req, _ := http.NewRequest("GET", r.server.URL+page, nil)
	res, err := r.call.Env.HTTP.Do(req)
	if err != nil || res.StatusCode != http.StatusSeeOther {
		t.Fatalf("the simulated wallet refuses paySign: %v %v", res, err)
	}
	if got := native.Exchange; got.Op != "start" || got.Status != 200 || !strings.Contains(got.Request, "乌龙茶 <500g> & 茶杯") || strings.Contains(got.Request, "signature") {
		t.Errorf("exchange: %+v", got)
	}
}

func TestQueryFollowsTheOrder(t *testing.T) {
	r := newRig(t, nil)
	if got := r.query("nobody0001"); got.State != provider.Absent || got.Code != "ORDER_NOT_EXIST" || got.Class != provider.ClassNone {
		t.Errorf("unknown: %+v", got)
	}
	r.start(ProductNative, "order00001")
	if got := r.query("order00001"); got.State != provider.Pending || got.Money != nil {
		t.Errorf("unpaid: %+v", got)
	}
	r.press("order00001", "decline")
	if got := r.query("order00001"); got.State != provider.Pending {
		t.Errorf("declined: %+v", got)
	}
	r.press("order00001", "approve")
	got := r.query("order00001")
	if got.State != provider.Paid || got.Money.Amount != 6800 || got.Money.Currency != "CNY" || !got.Money.PaidAt.Equal(epoch) || got.Money.PayerID == "" {
		t.Fatalf("paid: %+v %+v", got, got.Money)
	}
	New().Refund(ctx, r.call, r.refundOf(got, "order00001", "refund1", 100))
	if got := r.query("order00001"); got.State != provider.Paid || got.Code != "REFUND" || got.Money.Amount != 6800 {
		t.Errorf("refunded: %+v", got)
	}
	r.start(ProductNative, "order00003")
	r.clock.Advance(15 * time.Minute)
	if got := r.query("order00003"); got.State != provider.Closed {
		t.Errorf("expired: %+v", got)
	}
	r.arm(sandbox.OpPay, sandbox.FaultCoupon)
	if got := r.paid("order00004"); got.Money.Amount != 6800 {
		t.Errorf("a coupon changes the total: %+v", got.Money)
	}
	r.arm(sandbox.OpPay, sandbox.FaultWrongAmount)
	if got := r.paid("order00005"); got.Money.Amount != 6801 {
		t.Errorf("a wrong amount is hidden: %+v", got.Money)
	}
}

func TestClose(t *testing.T) {
	r := newRig(t, nil)
	closing := func(no string) provider.CloseResult { return New().Close(ctx, r.call, attempt(ProductNative, no)) }
	r.start(ProductNative, "order00001")
	for range 2 {
		if got := closing("order00001"); got.State != provider.CloseDone {
			t.Errorf("%+v", got)
		}
	}
	if got := r.start(ProductNative, "order00001"); got.State != provider.Closed {
		t.Errorf("start of a closed order: %+v", got)
	}
	r.paid("order00002")
	if got := closing("order00002"); got.State != provider.CloseAlreadyPaid || got.Code != "ORDERPAID" || got.Class != provider.ClassNone {
		t.Errorf("%+v", got)
	}
	if got := r.start(ProductNative, "order00002"); got.State != provider.Unknown {
		t.Errorf("start of a paid order: %+v", got)
	}
	for _, fault := range []string{sandboxkit.DropRequest, sandboxkit.DropResponse, sandboxkit.Error500, sandboxkit.ErrorAfterEffect, sandboxkit.WrongSignature,
		sandbox.FaultUnsigned, sandbox.FaultUnknownSerial, sandbox.FaultProbe, sandbox.FaultSystemError, sandbox.FaultRateLimited, sandbox.FaultClosed} {
		r.arm(sandbox.OpClose, fault)
		if got := closing("order00001"); got.State != provider.CloseUnknown || got.Class == provider.ClassNone {
			t.Errorf("%s: %+v", fault, got)
		}
	}
}

// Whatever breaks, a start is failed only when nothing can have happened.
func TestStartUnderFaults(t *testing.T) {
	r := newRig(t, nil)
	for i, c := range []struct {
		fault string
		state provider.State
		class provider.Class
		after provider.State
	}{
		{sandboxkit.DropRequest, provider.Unknown, provider.ClassUnknown, provider.Absent},
		{sandboxkit.DropResponse, provider.Unknown, provider.ClassUnknown, provider.Pending},
		{sandboxkit.Error500, provider.Unknown, provider.ClassUnknown, provider.Absent},
		{sandboxkit.ErrorAfterEffect, provider.Unknown, provider.ClassUnknown, provider.Pending},
		{sandboxkit.WrongSignature, provider.Unknown, provider.ClassUnknown, provider.Pending},
		{sandbox.FaultUnsigned, provider.Unknown, provider.ClassUnknown, provider.Pending},
		{sandbox.FaultUnknownSerial, provider.Unknown, provider.ClassUnknown, provider.Pending},
		{sandbox.FaultProbe, provider.Unknown, provider.ClassUnknown, provider.Pending},
		{sandbox.FaultSystemError, provider.Unknown, provider.ClassUnknown, provider.Absent},
		{sandbox.FaultRateLimited, provider.Failed, provider.ClassRateLimited, provider.Absent},
		{sandbox.FaultClosed, provider.Failed, provider.ClassClosed, provider.Absent},
	} {
		no := fmt.Sprintf("order%05d", i)
		r.arm(sandbox.OpNative, c.fault)
		before := r.sent
		if got := r.start(ProductNative, no); got.State != c.state || got.Class != c.class || got.Action.Type != "" {
			t.Errorf("%s: %+v", c.fault, got)
		}
		if r.sent != before+1 {
			t.Errorf("%s: sent %d times", c.fault, r.sent-before)
		}
		if got := r.query(no); got.State != c.after {
			t.Errorf("%s: the query afterwards says %+v", c.fault, got)
		}
	}
}

func TestQueryUnderFaults(t *testing.T) {
	r := newRig(t, nil)
	r.paid("order00001")
	for _, fault := range []string{sandboxkit.DropRequest, sandboxkit.DropResponse, sandboxkit.Error500, sandboxkit.WrongSignature, sandbox.FaultUnsigned,
		sandbox.FaultUnknownSerial, sandbox.FaultProbe, sandbox.FaultSystemError, sandbox.FaultRateLimited, sandbox.FaultClosed} {
		r.arm(sandbox.OpQuery, fault)
		if got := r.query("order00001"); got.State != provider.Unknown || got.Money != nil || got.Class == provider.ClassNone {
			t.Errorf("%s: %+v", fault, got)
		}
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func TestNotSentIsTheOnlyDefiniteTransportError(t *testing.T) {
	r := newRig(t, nil)
	r.call.Env.HTTP = doer(func(req *http.Request) (*http.Response, error) {
		if req.GetBody != nil {
			t.Error("GetBody is set: net/http could send the order twice")
		}
		return nil, fmt.Errorf("dial: %w", provider.ErrNotSent)
	})
	if got := r.start(ProductNative, "order00001"); got.State != provider.Failed || got.Class != provider.ClassUnavailable || !got.Class.MayFailOver() {
		t.Errorf("%+v", got)
	}
	if got := r.query("order00001"); got.State != provider.Unknown || got.Class != provider.ClassUnavailable {
		t.Errorf("query: %+v", got)
	}
	r.call.Env.HTTP = doer(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") })
	if got := r.start(ProductNative, "order00001"); got.State != provider.Unknown || got.Class != provider.ClassUnknown {
		t.Errorf("%+v", got)
	}
}

// The connection is cut at every stage of an answer: not one cut may look like an outcome.
func TestConnectionCutAnywhere(t *testing.T) {
	r := newRig(t, nil)
	var whole []byte
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cut := 0
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(newReader(conn))
			_, _ = conn.Write(whole[:cut])
			conn.Close()
		}
	}()
	r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
		var b bytes.Buffer
		_ = rec.Result().Write(&b)
		whole = bytes.Replace(b.Bytes(), []byte("Connection: close\r\n"), []byte(fmt.Sprintf("Content-Length: %d\r\n", rec.Body.Len())), 1)
	}
	if got := r.start(ProductNative, "order00001"); got.State != provider.Pending {
		t.Fatalf("%+v", got)
	}
	r.call.Settings[SettingBaseURL] = "http://" + listener.Addr().String()
	for cut = range len(whole) {
		if cut%7 != 0 && cut < len(whole)-60 {
			continue // every seventh byte of the header, every byte of the body
		}
		if got := r.start(ProductNative, "order00001"); got.State != provider.Unknown {
			t.Fatalf("cut after %d of %d bytes: %+v", cut, len(whole), got)
		}
	}
	cut = len(whole)
	if got := r.start(ProductNative, "order00001"); got.State != provider.Pending {
		t.Errorf("uncut: %+v", got)
	}
}

// An answer about somebody else, genuinely signed, is not an answer.
// TestF9AnswersAboutOthers: an answer with a good signature about another merchant, app, order, transaction or refund is not believed.
func TestF9AnswersAboutOthers(t *testing.T) {
	r := newRig(t, nil)
	paid := r.paid("order00001")
	swap := func(from, to string) {
		r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
			resigned(t, rec, func(b []byte) []byte {
				if !bytes.Contains(b, []byte(from)) {
					t.Fatalf("%q is not in %s", from, b)
				}
				return bytes.Replace(b, []byte(from), []byte(to), 1)
			})
		}
	}
	for _, c := range [][2]string{{`"mchid":"1900009191"`, `"mchid":"1900009192"`}, {testAppID, "wx0000000000000000"}, {`"out_trade_no":"order00001"`, `"out_trade_no":"order00002"`},
		{`"mchid":"1900009191",`, ""}, {`"transaction_id":"` + paid.Money.TxnNo + `",`, ""}, {`"total":6800`, `"total":0`}, {`{`, `{"mchid":"1",`}, {`}`, `}}`}} {
		swap(c[0], c[1])
		if got := r.query("order00001"); got.State != provider.Unknown || got.Money != nil || got.Class != provider.ClassBug {
			t.Errorf("%s -> %s: %+v", c[0], c[1], got)
		}
	}
	for _, c := range [][2]string{{`"total":6800`, `"total":1`}, {`"currency":"CNY"`, `"currency":"USD"`}} {
		swap(c[0], c[1])
		if got := r.query("order00001"); got.State != provider.Paid || (got.Money.Amount == 6800 && got.Money.Currency == "CNY") {
			t.Errorf("%s -> %s must be shown as it is: %+v", c[0], c[1], got.Money)
		}
	}
	r.edit = nil
	refund := r.refundOf(paid, "order00001", "refund1", 100)
	New().Refund(ctx, r.call, refund)
	for _, c := range [][2]string{{`"out_refund_no":"refund1"`, `"out_refund_no":"refund2"`}, {`"out_trade_no":"order00001"`, `"out_trade_no":"order00002"`},
		{paid.Money.TxnNo, "4200000000000000000000000000"}, {`"refund":100`, `"refund":101`}, {`"currency":"CNY"`, `"currency":"USD"`}} {
		swap(c[0], c[1])
		if got := New().QueryRefund(ctx, r.call, refund); got.State != provider.RefundUnknown || got.Class != provider.ClassBug {
			t.Errorf("%s -> %s: %+v", c[0], c[1], got)
		}
	}
	for _, body := range []string{"{}", `{"code_url":""}`, `{"prepay_id":"wx1"}`, "[]"} {
		r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
			resigned(t, rec, func([]byte) []byte { return []byte(body) })
		}
		if got := r.start(ProductNative, "order00009"); got.State != provider.Unknown || got.Class != provider.ClassBug {
			t.Errorf("start answered with %s: %+v", body, got)
		}
	}
}
