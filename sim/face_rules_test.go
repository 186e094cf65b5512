package sim_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	alipayface "postern/provider/alipay"
	"postern/provider/alipay/wire"
	"postern/sim"
)

// The fifteen rules that an Alipay-compatible gateway must keep for the published clients to work with it (facts of the protocol, section 0), one test each.

// faceOnly is a world with the facade, for tests of the protocol.
func faceOnly(t testing.TB) *faceWorld { return faced(t, twoWallets(t)) }

// raw sends one signed call and returns the answer's bytes.
func (f *faceWorld) raw(t testing.TB, a issued, method, biz string, more ...string) string {
	t.Helper()
	_, answer := f.post(t, wire.GatewayPath, a.params(t, f.Clock.Now(), method, biz, more...).Encode())
	return string(answer)
}

const named = `{"out_trade_no":"N-1"}`

// TestRule01PlatformKeyDiffers: Java signs a probe with the app's key and refuses to start when the "Alipay public key" verifies it.
func TestRule01PlatformKeyDiffers(t *testing.T) {
	f := faceOnly(t)
	for _, a := range []issued{f.keyed, f.certs} {
		account, err := f.Engine.FaceAccount(context.Background(), a.account)
		must(t, err)
		s, err := account.Keys[0].Signer("platform_private")
		must(t, err)
		signature, err := s.Sign("RSA-SHA256", []byte("probe"))
		must(t, err)
		if wire.VerifyWith(&a.app.PublicKey, wire.SignTypeRSA2)([]byte("probe"), signature) == nil {
			t.Error("the platform signs with the app's own key")
		}
	}
}

// TestRule02BodyLayout: clients cut the answer by byte patterns.
func TestRule02BodyLayout(t *testing.T) {
	f := faceOnly(t)
	for _, c := range []struct {
		a      issued
		layout string
		more   []string
	}{
		{f.keyed, `^\{"alipay_trade_query_response":\{"code":"40004".*\},"sign":"[A-Za-z0-9+/]+={0,2}"\}$`, nil},
		{f.certs, `^\{"alipay_trade_query_response":\{"code":"40004".*\},"alipay_cert_sn":"[0-9a-f]{32}","sign":"[A-Za-z0-9+/]+={0,2}"\}$`, f.certs.numbers(t)},
	} {
		if got := f.raw(t, c.a, wire.MethodQuery, named, c.more...); !regexp.MustCompile(c.layout).MatchString(got) {
			t.Errorf("%s is not laid out as %s", got, c.layout)
		}
	}
}

// numbers are the parameters of certificate mode.
func (a issued) numbers(t testing.TB) []string {
	t.Helper()
	certs, err := wire.ParseCertificates(a.appCert)
	must(t, err)
	root, err := wire.RootSN(a.keys["platform_root"])
	must(t, err)
	return []string{"app_cert_sn", wire.CertSN(certs[0]), "alipay_root_cert_sn", root}
}

// TestRule03JSONBytes: as PHP's json_encode with JSON_UNESCAPED_UNICODE, because one client writes the decoded answer again before it verifies.
func TestRule03JSONBytes(t *testing.T) {
	f := faceOnly(t)
	f.ask(t, f.keyed, wire.MethodCreate, `{"out_trade_no":"J-1","total_amount":"0.10","subject":"a/b <c> & 茶 \"q\" 😀","buyer_id":"2088000000000009"}`)
	got := f.raw(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"J-1"}`)
	if want := `"subject":"a\/b <c> & 茶 \"q\" 😀"`; !strings.Contains(got, want) {
		t.Errorf("%s lacks %s", got, want)
	}
	if strings.Contains(got, "{}") || strings.Contains(got, `\u`) || !strings.Contains(got, `"total_amount":"0.10"`) {
		t.Errorf("an empty object, an escape or a number: %s", got)
	}
}

// TestRule04MethodKey: also errors come under the method's own member; only what names no method, and a failed OAuth token, come under error_response.
func TestRule04MethodKey(t *testing.T) {
	f := faceOnly(t)
	forged := f.keyed.params(t, f.Clock.Now(), wire.MethodQuery, named)
	forged["timestamp"] = "2026-01-01 00:00:00"
	_, answer := f.post(t, wire.GatewayPath, forged.Encode())
	for got, want := range map[string]string{
		string(answer): `{"alipay_trade_query_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature"`,
		f.raw(t, f.keyed, "alipay.user.info.share", "{}"):                        `{"alipay_user_info_share_response":{"code":"40006"`,
		f.raw(t, f.keyed, "", named):                                             `{"error_response":{"code":"40001"`,
		f.raw(t, f.keyed, `x"y`, named):                                          `{"error_response":{"code":"40002"`,
		f.raw(t, f.keyed, wire.MethodOAuthToken, "", "grant_type", "fly"):        `{"error_response":{"code":"40002"`,
		f.raw(t, f.keyed, wire.MethodRefund, `{"out_trade_no":"N","x":`):         `{"alipay_trade_refund_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.illegal-json"`,
		f.raw(t, f.keyed, wire.MethodPrecreate, `{"out_trade_no":"N"}`):          `{"alipay_trade_precreate_response":{"code":"40004","msg":"Business Failed","sub_code":"ACQ.INVALID_PARAMETER"`,
		f.raw(t, f.keyed, wire.MethodQuery, named, "encrypt_type", "AES"):        `{"alipay_trade_query_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-encrypt-type"`,
		f.raw(t, f.keyed, wire.MethodQuery, named, "app_auth_token", "somebody"): `{"alipay_trade_query_response":{"code":"20001"`,
	} {
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestRule05AlwaysSigned: Python and PHP refuse what has no sign, errors included.
func TestRule05AlwaysSigned(t *testing.T) {
	f := faceOnly(t)
	for _, spoil := range []map[string]string{
		{"sign": "AAAA"}, {"sign": ""}, {"sign_type": ""}, {"sign_type": "MD5"}, {"timestamp": ""}, {"timestamp": "now"}, {"version": ""}, {"charset": "big5"}, {"passback": "\xff"}, {"format": "xml"}, {"biz_content": "{"},
		{"method": "alipay.fly.away"},
	} {
		p := f.keyed.params(t, f.Clock.Now(), wire.MethodQuery, named)
		for k, v := range spoil {
			p[k] = v
		}
		_, answer := f.post(t, wire.GatewayPath, p.Encode())
		env, err := wire.Extract(answer, p["method"])
		must(t, err)
		if err := env.Verify(wire.VerifyWith(&sim.Key("face-platform").PublicKey, wire.SignTypeRSA2)); err != nil {
			t.Errorf("%v: %v: %s", spoil, err, answer)
		}
	}
}

// TestRule06Status: HTTP 200 for every answer, the type that the real gateway gives, and a trace_id.
func TestRule06Status(t *testing.T) {
	f := faceOnly(t)
	for _, body := range []string{"", "method=x", "%zz", f.keyed.params(t, f.Clock.Now(), wire.MethodQuery, named).Encode()} {
		r, _ := f.post(t, wire.GatewayPath, body)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "text/html;charset=utf-8" || len(r.Header.Get("trace_id")) != 32 {
			t.Errorf("%q: HTTP %d, %v", body, r.StatusCode, r.Header)
		}
	}
}

// TestRule07ParamsMerged: query and body make one map, the first value wins, and every parameter is verified, known or not.
func TestRule07ParamsMerged(t *testing.T) {
	f := faceOnly(t)
	p := f.keyed.params(t, f.Clock.Now(), wire.MethodQuery, named, "alipay_sdk", "alipay-sdk-java", "ws_service_url", "w", "prod_code", "p", "terminal_type", "t", "terminal_info", "i")
	query, body := p.Split()
	known := func(target, body string) bool {
		_, answer := f.post(t, target, body)
		return bytes.Contains(answer, []byte("TRADE_NOT_EXIST"))
	}
	if !known(wire.GatewayPath+"?"+query, body) || !known(wire.GatewayPath+"?"+p.Encode(), "") || !known(wire.GatewayPath+"?charset=utf-8", p.Encode()) || !known(wire.GatewayPath+"?"+query, body+"&charset=gbk") {
		t.Error("a layout of a published client is refused")
	}
	if known(wire.GatewayPath+"?"+query+"&more=1", body) || known(wire.GatewayPath+"?charset=UTF8", p.Encode()) {
		t.Error("a parameter was not verified")
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for k, v := range p {
		must(t, form.WriteField(k, v))
	}
	must(t, form.Close())
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+faceHost+wire.GatewayPath, &b)
	must(t, err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	response, err := f.Net.Do(r)
	must(t, err)
	answer, err := io.ReadAll(response.Body)
	must(t, err)
	if !bytes.Contains(answer, []byte("TRADE_NOT_EXIST")) {
		t.Errorf("multipart: %s", answer)
	}
}

// TestRule08EmptyValues: verified without empties and with them; never sent in a notification.
func TestRule08EmptyValues(t *testing.T) {
	f := faceOnly(t)
	p := f.keyed.params(t, f.Clock.Now(), wire.MethodQuery, named)
	p["app_auth_token"], p["notify_url"] = "", "" // not signed: Java, gopay, PHP
	if _, answer := f.post(t, wire.GatewayPath, p.Encode()); !bytes.Contains(answer, []byte("TRADE_NOT_EXIST")) {
		t.Errorf("empties dropped: %s", answer)
	}
	must(t, p.SignNotify(func(message []byte) ([]byte, error) { // signed: Node. SignNotify keeps empties, and leaves sign_type out
		kept := strings.Replace(string(message), "&timestamp=", "&sign_type=RSA2&timestamp=", 1)
		return wire.SignWith(f.keyed.app, wire.SignTypeRSA2)([]byte(kept))
	}))
	if _, answer := f.post(t, wire.GatewayPath, p.Encode()); !bytes.Contains(answer, []byte("TRADE_NOT_EXIST")) {
		t.Errorf("empties kept: %s", answer)
	}
	f.ask(t, f.keyed, wire.MethodPrecreate, orderJSON("E-1", "1.00", "body", ""), "notify_url", "http://shop.test/n")
	approve(t, f.World, begin(t, f.World, f.inner(t, f.keyed, "E-1"), wechat, "native"))
	run(t, f.World, time.Minute)
	f.noticed(t, 1)
}

// TestRule09AbsoluteTarget: the official Python client writes the whole address into the request line.
func TestRule09AbsoluteTarget(t *testing.T) {
	f := faceOnly(t)
	srv := httptest.NewServer(f.handler)
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	must(t, err)
	defer func() { _ = conn.Close() }()
	query, body := f.keyed.params(t, f.Clock.Now(), wire.MethodQuery, named).Split()
	_, err = fmt.Fprintf(conn, "POST http://pay.example.com/gateway.do?%s HTTP/1.1\r\nHost: pay.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", query, len(body), body)
	must(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	answer, err := io.ReadAll(response.Body)
	must(t, err)
	if !bytes.Contains(answer, []byte("TRADE_NOT_EXIST")) {
		t.Errorf("%s", answer)
	}
}

// TestRule10NoPort: that client cannot use a port, so no address that we hand out adds one, and the help says so.
func TestRule10NoPort(t *testing.T) {
	f := faceOnly(t)
	help := ""
	for _, p := range alipayface.New().Face().Paste {
		if p.SDK == "alipay-sdk-python" {
			help = p.ZH + p.EN
		}
	}
	if !strings.Contains(help, "443") || !strings.Contains(help, "80") {
		t.Errorf("the help for the Python client: %q", help)
	}
	f.billed(t)
	o := f.ask(t, f.keyed, wire.MethodBill, `{"bill_type":"trade","bill_date":"2026-11-22"}`)
	address, err := url.Parse(o.Text("bill_download_url"))
	must(t, err)
	if address.Port() != "" || address.Host != faceHost {
		t.Errorf("the bill is at %s", address)
	}
}

// billed pays an order on the first day and goes on to noon of the next but one.
func (f *faceWorld) billed(t testing.TB) {
	t.Helper()
	f.ask(t, f.keyed, wire.MethodPrecreate, orderJSON("B-1", "68.00"))
	approve(t, f.World, begin(t, f.World, f.inner(t, f.keyed, "B-1"), wechat, "native"))
	run(t, f.World, 48*time.Hour)
}

// TestRule11GatewayPath: easysdk appends /gateway.do by itself.
func TestRule11GatewayPath(t *testing.T) {
	f := faceOnly(t)
	body := f.keyed.params(t, f.Clock.Now(), wire.MethodQuery, named).Encode()
	for path, want := range map[string]int{"/gateway.do": 200, "/": 404, "/gateway": 404, "/alipay/gateway.do": 404} {
		if r, _ := f.post(t, path, body); r.StatusCode != want {
			t.Errorf("%s: HTTP %d, want %d", path, r.StatusCode, want)
		}
	}
}

// TestRule12LooseFormatAndClock: format may be absent, and the second version's timestamp is the client's own idea of the time; the third's is not.
func TestRule12LooseFormatAndClock(t *testing.T) {
	f := faceOnly(t)
	for _, format := range []string{"", "json", "JSON"} {
		if got := f.raw(t, f.keyed, wire.MethodQuery, named, "format", format); !strings.Contains(got, "TRADE_NOT_EXIST") {
			t.Errorf("format %q: %s", format, got)
		}
	}
	for _, skew := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		if got := f.raw(t, f.keyed, wire.MethodQuery, named, "timestamp", wire.FormatTime(f.Clock.Now().Add(skew))); !strings.Contains(got, "TRADE_NOT_EXIST") {
			t.Errorf("%s away: %s", skew, got)
		}
		status, _, body := f.third(t, f.keyed, wire.MethodQuery, wire.Fields{}.Set("out_trade_no", "N-1"), f.Clock.Now().Add(skew))
		if status != http.StatusBadRequest || !strings.Contains(body, "invalid-timestamp") {
			t.Errorf("v3 %s away: HTTP %d %s", skew, status, body)
		}
	}
}

// third makes one call of the third version.
func (f *faceWorld) third(t testing.TB, a issued, method string, fields wire.Fields, at time.Time) (int, http.Header, string) {
	t.Helper()
	m, err := wire.V3Call{Method: method, AppID: a.account.Number, Fields: fields, Nonce: "n0nce", RequestID: "r", Time: at}.Message(wire.SignWith(a.app, wire.SignTypeRSA2))
	must(t, err)
	r, err := http.NewRequestWithContext(context.Background(), m.Verb, "http://"+faceHost+m.Target, strings.NewReader(m.Body))
	must(t, err)
	for k, v := range m.Header {
		r.Header.Set(k, v)
	}
	response, err := f.Net.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, response.Header, string(body)
}

// TestRule13BizAsReceived: what was signed is the text as it came, with whatever escapes, blanks and numbers.
func TestRule13BizAsReceived(t *testing.T) {
	f := faceOnly(t)
	says(t, f.ask(t, f.keyed, wire.MethodCreate, "{ \"out_trade_no\" : \"Z-1\",\n\"total_amount\":68.5, \"subject\":\"a \\u0026 b \\u003cc\\u003e\",\"buyer_id\":2088000000000009 }"), "code", "10000")
	says(t, f.ask(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"Z-1"}`), "total_amount", "68.50", "subject", "a & b <c>")
}

// TestRule14Browser: page methods are answered with a redirection or a page, from GET and POST; an app's order is nothing for the gateway.
func TestRule14Browser(t *testing.T) {
	f := faceOnly(t)
	open := func(verb, target, body string) *http.Response {
		r, err := http.NewRequestWithContext(context.Background(), verb, "http://"+faceHost+target, strings.NewReader(body))
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := f.Net.Do(r)
		must(t, err)
		return response
	}
	p := f.keyed.params(t, f.Clock.Now(), wire.MethodPagePay, orderJSON("P-1", "68.00", "product_code", wire.ProductPage), "return_url", "https://shop.test/back")
	query, body := p.Split()
	get, post := open(http.MethodGet, wire.GatewayPath+"?"+p.Encode(), ""), open(http.MethodPost, wire.GatewayPath+"?"+query, body)
	if get.StatusCode != http.StatusFound || get.Header.Get("Location") == "" || post.Header.Get("Location") != get.Header.Get("Location") {
		t.Errorf("GET %d %v, POST %d %v", get.StatusCode, get.Header, post.StatusCode, post.Header)
	}
	app := f.keyed.params(t, f.Clock.Now(), wire.MethodAppPay, orderJSON("P-2", "68.00"))
	if _, answer := f.post(t, wire.GatewayPath, app.Encode()); !bytes.Contains(answer, []byte(`"code":"40006"`)) {
		t.Errorf("the gateway took an app's order: %s", answer)
	}
	if r := open(http.MethodGet, "/app?"+app.Encode(), ""); r.StatusCode != http.StatusFound {
		t.Errorf("the app's own address: HTTP %d", r.StatusCode)
	}
	bad := f.keyed.params(t, f.Clock.Now(), wire.MethodPagePay, orderJSON("P 3", "68.00"))
	if r := open(http.MethodGet, wire.GatewayPath+"?"+bad.Encode(), ""); r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "text/html;charset=GBK" {
		t.Errorf("a bad order: HTTP %d %v", r.StatusCode, r.Header)
	}
}

// TestRule15CertificateDownload: a client that meets a new certificate fetches it, and checks that it leads up to its root.
func TestRule15CertificateDownload(t *testing.T) {
	f := faceOnly(t)
	more := f.certs.numbers(t)
	env, err := wire.Extract([]byte(f.raw(t, f.certs, wire.MethodQuery, named, more...)), wire.MethodQuery)
	must(t, err)
	o := f.ask(t, f.certs, wire.MethodCertificate, `{"alipay_cert_sn":"`+env.CertSN+`"}`, more...)
	chain, err := wire.ParseDownloaded(o.Text("alipay_cert_content"))
	must(t, err)
	if wire.CertSN(chain[0]) != env.CertSN {
		t.Errorf("another certificate: %s", wire.CertSN(chain[0]))
	}
	must(t, wire.CheckChain(chain, f.certs.keys["platform_root"], f.Clock.Now()))
	says(t, f.ask(t, f.certs, wire.MethodCertificate, `{"alipay_cert_sn":"00"}`, more...), "code", "40002")
}

// TestFaceMissedIsCounted: a method that is not here is counted, and only when its signature was good.
func TestFaceMissedIsCounted(t *testing.T) {
	f := faceOnly(t)
	f.raw(t, f.keyed, "alipay.fund.trans.uni.transfer", "{}")
	f.raw(t, f.keyed, "alipay.fund.trans.uni.transfer", "{}")
	p := f.keyed.params(t, f.Clock.Now(), "alipay.user.info.share", "{}")
	p["version"] = "2.0"
	f.post(t, wire.GatewayPath, p.Encode())
	list, err := f.Store.MissedCalls(context.Background(), f.Merchant.ID, 0)
	must(t, err)
	if len(list) != 1 || list[0].Times != 2 || list[0].What != "alipay.fund.trans.uni.transfer" {
		t.Errorf("counted: %+v", list)
	}
}
