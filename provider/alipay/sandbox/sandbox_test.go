package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

const (
	testApp    = "2021000000000001"
	testSeller = "2088000000000001"
)

// keys are generated once for the package: the gateway's, the app's and a stranger's.
var keys = sync.OnceValue(func() [3]*rsa.PrivateKey {
	var k [3]*rsa.PrivateKey
	var wg sync.WaitGroup
	for i := range k {
		wg.Go(func() {
			var err error
			if k[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
				panic(err)
			}
		})
	}
	wg.Wait()
	return k
})

// bench is a sandbox under a virtual clock with a merchant's endpoint beside it, all over real HTTP.
type bench struct {
	t     *testing.T
	s     *Sandbox
	srv   *httptest.Server
	clock *sandboxkit.Clock
	notes []wire.Notify
	reply string
	hook  string
}

func newBench(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, reply: wire.Acknowledged}
	b.clock = sandboxkit.NewClock(func() time.Time { return time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC) })
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n, err := wire.ParseNotify(string(body))
		if err == nil {
			err = n.Params.VerifyNotify(wire.VerifyWith(&keys()[0].PublicKey, wire.SignTypeRSA2))
		}
		if err != nil {
			t.Errorf("notification %s: %v", body, err)
		}
		b.notes = append(b.notes, n)
		_, _ = io.WriteString(w, b.reply)
	}))
	t.Cleanup(hook.Close)
	b.hook = hook.URL
	var handler http.Handler
	b.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(b.srv.Close)
	cfg := Config{
		Accounts:   []Account{{AppID: testApp, SellerID: testSeller, Name: "测试店", AppPublicKey: &keys()[1].PublicKey}},
		PrivateKey: keys()[0], Clock: b.clock, Rand: rand.Reader, HTTP: hook.Client(), BaseURL: b.srv.URL,
	}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.s, handler = s, s.Handler()
	return b
}

func goods(no, amount string) wire.Fields {
	return wire.Fields{}.Set("out_trade_no", no).Set("total_amount", amount).Set("subject", "龙井 250g")
}

func (b *bench) request(method string, biz wire.Fields, extra wire.Params) wire.Params {
	r := wire.Request{AppID: testApp, Method: method, SignType: wire.SignTypeRSA2, Time: b.clock.Now(), Biz: biz, Extra: extra}
	if strings.Contains(method, "pay") || method == wire.MethodPrecreate || method == wire.MethodCreate {
		r.NotifyURL = b.hook
	}
	p := r.Params()
	if err := p.SignRequest(wire.SignWith(keys()[1], wire.SignTypeRSA2)); err != nil {
		b.t.Fatal(err)
	}
	return p
}

// send posts signed parameters and returns the verified answer.
func (b *bench) send(p wire.Params) wire.Object {
	b.t.Helper()
	query, body := p.Split()
	resp, err := b.srv.Client().Post(b.srv.URL+wire.GatewayPath+"?"+query, "application/x-www-form-urlencoded", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, _ := io.ReadAll(resp.Body)
	env, err := wire.Extract(raw, p["method"])
	if err == nil {
		err = env.Verify(wire.VerifyWith(&keys()[0].PublicKey, wire.SignTypeRSA2))
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: HTTP %d %s: %v", p["method"], resp.StatusCode, raw, err)
	}
	o, err := env.Object()
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

func (b *bench) call(method string, biz wire.Fields) wire.Object {
	b.t.Helper()
	return b.send(b.request(method, biz, nil))
}

// want checks code or sub_code of an answer.
func (b *bench) want(o wire.Object, code string) wire.Object {
	b.t.Helper()
	if got := o.Text("sub_code") + o.Text("code"); got != code && got != code+wire.CodeBusiness {
		b.t.Fatalf("got %s, want %s: %s", got, code, o)
	}
	return o
}

func byNo(no string) wire.Fields { return wire.Fields{}.Set("out_trade_no", no) }

// press presses a button at the control address.
func (b *bench) press(no, button, payer string) int {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/orders/"+no+"/"+button, strings.NewReader(`{"payer":"`+payer+`"}`))
	r.RemoteAddr = "127.0.0.1:9"
	w := httptest.NewRecorder()
	b.s.Control().ServeHTTP(w, r)
	return w.Code
}

func TestNativeLife(t *testing.T) {
	b := newBench(t, nil)
	code := b.want(b.call(wire.MethodPrecreate, goods("n1", "68.00")), "10000").Text("qr_code")
	if !strings.HasPrefix(code, b.srv.URL+"/phone/scan/bax") {
		t.Fatalf("code %q", code)
	}
	b.want(b.call(wire.MethodQuery, byNo("n1")), "ACQ.TRADE_NOT_EXIST")
	b.want(b.call(wire.MethodClose, byNo("n1")), "ACQ.TRADE_NOT_EXIST")
	b.want(b.call(wire.MethodPrecreate, goods("n1", "68.00")), "ACQ.APPLY_PC_MERCHANT_CODE_ERROR")
	b.want(b.call(wire.MethodPrecreate, goods("n1", "68.01")), "ACQ.CONTEXT_INCONSISTENT")
	resp, err := b.srv.Client().Get(code + "?payer=li")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	waiting := b.want(b.call(wire.MethodQuery, byNo("n1")), "10000")
	if waiting.Text("trade_status") != wire.WaitBuyerPay || waiting.Text("total_amount") != "68.00" || waiting.Text("buyer_pay_amount") != "0.00" {
		t.Fatalf("after the scan: %s", waiting)
	}
	if b.press("n1", "approve", "li") != http.StatusOK || b.press("n1", "approve", "li") != http.StatusConflict || b.press("nope", "approve", "") != http.StatusNotFound {
		t.Fatal("approve must work once")
	}
	paid := b.want(b.call(wire.MethodQuery, byNo("n1")), "10000")
	if paid.Text("trade_status") != wire.TradeSuccess || paid.Text("buyer_user_id") != userID("li") || paid.Text("send_pay_date") == "" {
		t.Fatalf("after paying: %s", paid)
	}
	b.want(b.call(wire.MethodClose, byNo("n1")), "ACQ.TRADE_STATUS_ERROR")
	b.want(b.call(wire.MethodPrecreate, goods("n1", "68.00")), "ACQ.TRADE_HAS_SUCCESS")
	if n := b.s.RunDue(t.Context()); n != 1 || len(b.notes) != 1 {
		t.Fatalf("%d tries, %d notes", n, len(b.notes))
	}
	n := b.notes[0]
	if n.OutTradeNo != "n1" || n.TotalAmount != 6800 || n.Status != wire.TradeSuccess || n.AppID != testApp || n.SellerID != testSeller {
		t.Fatalf("note %+v", n)
	}
}

func TestRefunds(t *testing.T) {
	b := newBench(t, nil)
	b.call(wire.MethodPrecreate, goods("r1", "10.00"))
	refund := func(no, amount string) wire.Object {
		return b.call(wire.MethodRefund, byNo("r1").Set("out_request_no", no).Set("refund_amount", amount))
	}
	b.want(refund("x", "1.00"), "ACQ.TRADE_NOT_EXIST")
	b.press("r1", "approve", "")
	first := b.want(refund("a", "3.00"), "10000")
	again := b.want(refund("a", "3.00"), "10000")
	if first.Text("fund_change") != "Y" || again.Text("fund_change") != "N" || again.Text("refund_fee") != "3.00" {
		t.Fatalf("first %s again %s", first, again)
	}
	b.want(refund("a", "4.00"), "ACQ.DISCORDANT_REPEAT_REQUEST")
	b.want(refund("b", "7.01"), "ACQ.REASON_TRADE_REFUND_FEE_ERR")
	b.want(refund("b", "10.01"), "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
	b.want(refund("b", "0.00"), "ACQ.INVALID_PARAMETER")
	b.want(b.call(wire.MethodRefund, byNo("r1").Set("refund_amount", "1.00")), "ACQ.INVALID_PARAMETER")
	if q := b.want(b.call(wire.MethodRefundQuery, byNo("r1").Set("out_request_no", "a")), "10000"); q.Text("refund_status") != wire.RefundSuccess || q.Text("refund_amount") != "3.00" {
		t.Fatalf("refund query %s", q)
	}
	if q := b.want(b.call(wire.MethodRefundQuery, byNo("r1").Set("out_request_no", "zz")), "10000"); q.Text("refund_status") != "" || q.Text("trade_no") != "" {
		t.Fatalf("unknown refund %s", q)
	}
	if last := b.want(refund("c", "7.00"), "10000"); last.Text("refund_fee") != "10.00" {
		t.Fatalf("refund_fee must be cumulative: %s", last)
	}
	b.want(refund("d", "0.01"), "ACQ.TRADE_HAS_CLOSE")
	b.s.RunDue(t.Context())
	var got []string
	for _, n := range b.notes {
		got = append(got, fmt.Sprintf("%s/%d/%s", n.Status, n.RefundFee, n.OutBizNo))
	}
	if want := "TRADE_SUCCESS/0/ TRADE_SUCCESS/300/a TRADE_CLOSED/1000/c"; strings.Join(got, " ") != want {
		t.Fatalf("notifications %v, want %s", got, want)
	}
	if s := b.s.book.wallet[userID("")]; s != openingBalance {
		t.Fatalf("the buyer's wallet is off by %d fen", s-openingBalance)
	}
}

func TestJSAPI(t *testing.T) {
	b := newBench(t, nil)
	client := b.srv.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Get(b.srv.URL + wire.AuthorizePath + "?scope=auth_base&buyer=li&state=s1&app_id=" + testApp + "&redirect_uri=" + url.QueryEscape("http://shop/back?x=1"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := resp.Location()
	if err != nil || back.Query().Get("x") != "1" || back.Query().Get("state") != "s1" {
		t.Fatalf("sent back to %v, %v", back, err)
	}
	grant := wire.Params{"grant_type": wire.GrantAuthorizationCode, "code": back.Query().Get("auth_code")}
	token := b.send(b.request(wire.MethodOAuthToken, nil, grant))
	if token.Text("user_id") != userID("li") || token.Text("code") != "" || token.Text("expires_in") != "1296000" {
		t.Fatalf("token %s", token)
	}
	b.want(b.send(b.request(wire.MethodOAuthToken, nil, grant)), "isv.code-invalid40002")
	b.want(b.call(wire.MethodCreate, goods("j1", "5.00")), "ACQ.INVALID_PARAMETER")
	biz := goods("j1", "5.00").Set("buyer_id", token.Text("user_id")).Set("product_code", wire.ProductJSAPI)
	no := b.want(b.call(wire.MethodCreate, biz), "10000").Text("trade_no")
	if again := b.want(b.call(wire.MethodCreate, biz), "10000").Text("trade_no"); again != no {
		t.Fatalf("the repeat made %s beside %s", again, no)
	}
	if b.press("j1", "approve", "wu") != http.StatusConflict {
		t.Fatal("another buyer paid")
	}
	resp, err = client.Get(b.srv.URL + "/phone/pay?trade_no=" + no)
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	form := url.Values{"payer": {userID("li")}}
	b.button(client, no, "decline", form, wire.ResultCanceled)
	b.button(client, no, "approve", form, wire.ResultPaid)
	b.want(b.call(wire.MethodQuery, wire.Fields{}.Set("trade_no", no)), "10000")
}

func (b *bench) button(client *http.Client, no, button string, form url.Values, result string) {
	b.t.Helper()
	resp, err := client.PostForm(b.srv.URL+"/phone/order/"+no+"/"+button, form)
	if err != nil {
		b.t.Fatal(err)
	}
	page, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(page), result) {
		b.t.Fatalf("%s: HTTP %d %s", button, resp.StatusCode, page)
	}
}

// TestPagePay walks a browser through the page product: redirect to the wallet, payment, and the signed return.
func TestPagePay(t *testing.T) {
	b := newBench(t, nil)
	client := b.srv.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r := wire.Request{AppID: testApp, Method: wire.MethodPagePay, SignType: wire.SignTypeRSA2, Time: b.clock.Now(), ReturnURL: "http://shop/back?x=1",
		Biz: goods("p1", "9.90").Set("product_code", wire.ProductPage)}
	p := r.Params()
	if err := p.SignRequest(wire.SignWith(keys()[1], wire.SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
	location := func(resp *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		to, err := resp.Location()
		if err != nil {
			t.Fatal(err)
		}
		return to.String()
	}
	scan := location(client.Get(b.srv.URL + wire.GatewayPath + "?" + p.Encode()))
	b.want(b.call(wire.MethodQuery, byNo("p1")), "ACQ.TRADE_NOT_EXIST")
	page := location(client.Get(scan))
	back, err := url.Parse(location(client.PostForm(strings.TrimSuffix(page, "?"+page[strings.Index(page, "?")+1:])+"/approve", nil)))
	if err != nil {
		t.Fatal(err)
	}
	q := back.Query()
	signed := wire.Params{}
	for k := range q {
		if k != "x" {
			signed[k] = q.Get(k)
		}
	}
	if err := signed.VerifyNotify(wire.VerifyWith(&keys()[0].PublicKey, wire.SignTypeRSA2)); err != nil || q.Get("x") != "1" || q.Get("total_amount") != "9.90" {
		t.Fatalf("returned to %s: %v", back, err)
	}
	p["total_amount"] = "1" // spoils the signature: an error page, HTTP 200
	resp, err := client.Get(b.srv.URL + wire.GatewayPath + "?" + p.Encode())
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if !strings.Contains(string(text), "isv.invalid-signature") {
		t.Fatalf("error page %s", text)
	}
}
