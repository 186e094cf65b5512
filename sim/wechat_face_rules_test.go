package sim_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/provider/wechatpay"
	"postern/provider/wechatpay/wire"
	"postern/sim"
)

func newWechatShop(t testing.TB) *wechatShop {
	t.Helper()
	return openWechatShop(t, alipayOnlyWorld(t, nil), "http://"+wxFaceHost, false)
}

// nativeBody is an order of the shop's in JSON.
func (s *wechatShop) nativeBody(number string, total int) string {
	return fmt.Sprintf(`{"appid":%q,"mchid":%q,"description":"烧饼 <500g>","out_trade_no":%q,"notify_url":%q,"attach":"桌 7","amount":{"total":%d,"currency":"CNY"}}`, wxApp, s.account.Number, number, wxShopAddr, total)
}

func (s *wechatShop) native(t testing.TB, number string, total int) {
	t.Helper()
	if status, body := s.ask(t, http.MethodPost, "/v3/pay/transactions/native", s.nativeBody(number, total)); status != http.StatusOK {
		t.Fatalf("HTTP %d %s", status, body)
	}
}

func (s *wechatShop) queryTarget(number string) string {
	return "/v3/pay/transactions/out-trade-no/" + number + "?mchid=" + s.account.Number
}

// signedAs sends one target and signs another.
func (s *wechatShop) signedAs(t testing.TB, sent, signed string) int {
	t.Helper()
	r := s.request(t, http.MethodGet, sent, "")
	s.sign(t, r, signed, "")
	status, _, _ := s.raw(t, r)
	return status
}

// TestFacadeRule1RawRequestURI: the signature is held against the address as it stands on the wire, and against the spellings that SDKs take it for; every other is refused.
//
// Red without: the decoded spelling in spellings, the control characters kept out of it.
func TestFacadeRule1RawRequestURI(t *testing.T) {
	s := newWechatShop(t)
	s.native(t, "rule|1*0001", 100)
	encoded, plain := s.queryTarget("rule%7C1*0001"), s.queryTarget("rule|1*0001")
	for name, c := range map[string]struct {
		sent, signed string
		want         int
	}{
		"as sent":             {encoded, encoded, 200},
		"decoded":             {encoded, plain, 200},
		"whole address":       {encoded, "http://" + wxFaceHost + encoded, 200},
		"without its query":   {encoded, "/v3/pay/transactions/out-trade-no/rule%7C1*0001", 401},
		"another order":       {encoded, s.queryTarget("rule%7C1*0002"), 401},
		"two lines of a path": {"/v3/pay%0A1", "/v3/pay\n1", 401},
	} {
		if got := s.signedAs(t, c.sent, c.signed); got != c.want {
			t.Errorf("%s: HTTP %d, want %d", name, got, c.want)
		}
	}
	s.w.Engine.FacadeURLs[wechatpay.Code] = "http://" + wxFaceHost + "/pay"
	s.w.Clock.Advance(6 * time.Second) // an account is remembered for five
	if got := s.signedAs(t, encoded, "/pay"+encoded); got != 200 {
		t.Errorf("an address with a path of its own, taken off in front of us: HTTP %d", got)
	}
}

// TestFacadeRule2LooseHeaders: parameters in any order, serial numbers in lower case, nonces of ten characters, and a Wechatpay-Serial that we do not have.
func TestFacadeRule2LooseHeaders(t *testing.T) {
	s := newWechatShop(t)
	s.native(t, "rule2_0001", 100)
	target := s.queryTarget("rule2_0001")
	r := s.request(t, http.MethodGet, target, "")
	a, err := wire.ParseAuthorization(r.Header.Get("Authorization"))
	must(t, err)
	signature := regexp.MustCompile(`signature="([^"]+)"`).FindStringSubmatch(r.Header.Get("Authorization"))[1]
	r.Header.Set("Authorization", fmt.Sprintf(`%s signature="%s", serial_no="%s",timestamp="%d",nonce_str="%s",mchid="%s"`, wire.Scheme, signature, strings.ToLower(a.Serial), a.Timestamp, a.Nonce, a.MchID))
	if status, _, body := s.raw(t, r); status != 200 {
		t.Errorf("another order and a lower-case serial: HTTP %d %s", status, body)
	}
	for _, serial := range []string{"0000000000000000000000000000000000000000", s.serial, ""} {
		r := s.request(t, http.MethodGet, wire.PathCertificates+"?algorithm_type=RSA", "")
		r.Header.Set(wire.HeaderSerial, serial)
		status, h, body := s.raw(t, r)
		s.wantSigned(t, status, h, body)
		if status != 200 {
			t.Errorf("Wechatpay-Serial %q: HTTP %d %s", serial, status, body)
		}
	}
	short := s.request(t, http.MethodGet, target, "")
	b := wire.Authorization{MchID: s.account.Number, Serial: s.serial, Timestamp: a.Timestamp, Nonce: "abcdefghij"}
	text, err := wire.Authorize(b, http.MethodGet, target, nil, s.signer())
	must(t, err)
	short.Header.Set("Authorization", text)
	if status, _, body := s.raw(t, short); status != 200 {
		t.Errorf("a nonce of ten characters: HTTP %d %s", status, body)
	}
}

// TestFacadeRule3ReplyKey: a request that names our public key is answered under it, any other under the certificate; 204 is signed, errors are not, nothing is packed.
func TestFacadeRule3ReplyKey(t *testing.T) {
	s := newWechatShop(t)
	s.native(t, "rule3_0001", 100)
	for _, c := range []struct{ asks, want string }{{"", wxSerialOf(t, s.cert)}, {s.public, s.public}, {"PUB_KEY_ID_0", wxSerialOf(t, s.cert)}} {
		r := s.request(t, http.MethodGet, s.queryTarget("rule3_0001"), "")
		r.Header.Set(wire.HeaderSerial, c.asks)
		r.Header.Set("Accept-Encoding", "gzip")
		status, h, body := s.raw(t, r)
		s.wantSigned(t, status, h, body)
		if h.Get(wire.HeaderSerial) != c.want || h.Get("Content-Encoding") != "" {
			t.Errorf("asked for %q it answers under %q, want %q", c.asks, h.Get(wire.HeaderSerial), c.want)
		}
	}
	status, body := s.ask(t, http.MethodPost, "/v3/pay/transactions/out-trade-no/rule3_0001/close", fmt.Sprintf(`{"mchid":%q}`, s.account.Number))
	if status != http.StatusNoContent || body != "" {
		t.Errorf("HTTP %d %q", status, body)
	}
	s.ask(t, http.MethodGet, s.queryTarget("rule3_0009"), "")
}

// TestFacadeRule4HeaderCase: over a socket, names of headers stand as wechatpay-java looks them up, and the bytes are those that were signed.
func TestFacadeRule4HeaderCase(t *testing.T) {
	s := newWechatShop(t)
	s.native(t, "rule4_0001", 100)
	server := httptest.NewServer(s.handler)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	must(t, err)
	defer func() { _ = conn.Close() }()
	r := s.request(t, http.MethodGet, s.queryTarget("rule4_0001"), "")
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nUser-Agent: Java\r\nAuthorization: %s\r\nConnection: close\r\n\r\n", r.URL.RequestURI(), r.Header.Get("Authorization"))
	must(t, err)
	raw, err := io.ReadAll(conn)
	must(t, err)
	head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	for _, line := range []string{"HTTP/1.1 200 OK", "\r\nWechatpay-Timestamp: ", "\r\nWechatpay-Nonce: ", "\r\nWechatpay-Signature: ", "\r\nWechatpay-Serial: ", "\r\nRequest-ID: ", "\r\nContent-Type: application/json; charset=utf-8"} {
		if !strings.Contains("\r\n"+head, line) {
			t.Errorf("%q is missing from\n%s", line, head)
		}
	}
	answer, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(raw))), nil)
	must(t, err)
	s.wantSigned(t, answer.StatusCode, answer.Header, body)
}

// TestFacadeRule5SerialIsReal: the serial number of the list is the certificate's own, 40 digits, and the answer is signed with it.
func TestFacadeRule5SerialIsReal(t *testing.T) {
	s := newWechatShop(t)
	_, body := s.ask(t, http.MethodGet, wire.PathCertificates, "")
	list, err := wire.ParseCertificateList([]byte(body))
	must(t, err)
	box, err := s.call.Keys[0].AEAD(wechatpay.KeyAPIv3)
	must(t, err)
	opened, err := list.Opened(s.w.Clock.Now(), box.Open)
	must(t, err)
	if len(opened) != 1 || opened[0].PEM != string(s.cert) || !regexp.MustCompile(`^[0-9A-F]{40}$`).MatchString(opened[0].Serial) || list.Data[0].Encrypted.AssociatedData != "certificate" {
		t.Errorf("the list is %s", body)
	}
}

// TestFacadeRule6OwnHost: the download's address is on the facade's host at its root, its answer is signed, it ends after five minutes and is nobody else's.
func TestFacadeRule6OwnHost(t *testing.T) {
	s := newWechatShop(t)
	s.native(t, "rule6_0001", 100)
	s.buy(t, "rule6_0001")
	day := s.w.Clock.Now().In(wire.CST).Format(time.DateOnly)
	status, body := s.ask(t, http.MethodGet, wire.PathTradeBill+"?bill_date="+day, "")
	if status != 400 || !strings.Contains(body, "STATEMENT_CREATING") {
		t.Errorf("today's bill: HTTP %d %s", status, body)
	}
	run(t, s.w, 36*time.Hour)
	_, body = s.ask(t, http.MethodGet, wire.PathTradeBill+"?bill_date="+day+"&tar_type=GZIP", "")
	var a wire.BillAnswer
	must(t, json.Unmarshal([]byte(body), &a))
	u, err := url.Parse(a.DownloadURL)
	must(t, err)
	if u.Host != wxFaceHost || u.Path != wire.PathBillFile || len(a.HashValue) != 40 {
		t.Errorf("the bill is at %s", body)
	}
	status, file := s.ask(t, http.MethodGet, u.RequestURI(), "")
	if status != 200 || !strings.HasPrefix(file, "\x1f\x8b") {
		t.Errorf("HTTP %d %q", status, file)
	}
	stolen := openWechatShop(t, s.w, "http://"+wxFaceHost, false)
	if status, _ := stolen.ask(t, http.MethodGet, u.RequestURI(), ""); status != 403 {
		t.Errorf("another account reads it: HTTP %d", status)
	}
	run(t, s.w, 5*time.Minute)
	if status, _ := s.ask(t, http.MethodGet, u.RequestURI(), ""); status != 403 {
		t.Errorf("after its end: HTTP %d", status)
	}
}

// TestFacadeErrorShapes: what is refused is refused in WeChat's words, unsigned, and in no shape of ours.
func TestFacadeErrorShapes(t *testing.T) {
	s := newWechatShop(t)
	post := func(body string) *http.Request {
		return s.request(t, http.MethodPost, "/v3/pay/transactions/native", body)
	}
	good := s.nativeBody("errors_0001", 100)
	unsigned := post(good)
	unsigned.Header.Del("Authorization")
	old := post(good)
	s.w.Clock.Advance(6 * time.Minute)
	plain := post(good)
	plain.Header.Set("Content-Type", "text/plain")
	headless := post(good)
	headless.Header.Del("Accept")
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		text   string
	}{
		"no signature":     {unsigned, 401, `"code":"SIGN_ERROR"`},
		"an old signature": {old, 401, `"issue":"timestamp expired"`},
		"no JSON":          {plain, 415, `PARAM_ERROR`},
		"no Accept":        {headless, 400, `Http头缺少Accept或User-Agent`},
		"another merchant": {post(strings.Replace(good, s.account.Number, "1900000000", 1)), 400, `http header中的mchid`},
		"another appid":    {post(strings.Replace(good, wxApp, "wx0", 1)), 400, `"APPID_MCHID_NOT_MATCH"`},
		"a field twice":    {post(strings.Replace(good, `"description"`, `"Description":"x","description"`, 1)), 400, `"PARAM_ERROR"`},
		"no amount":        {post(strings.Replace(good, `"total":100`, `"total":0`, 1)), 400, `"field":"/amount/total"`},
		"parts of a fen":   {post(strings.Replace(good, `"total":100`, `"total":1.5`, 1)), 400, `"PARAM_ERROR"`},
		"dollars":          {post(strings.Replace(good, `"CNY"`, `"USD"`, 1)), 400, `"field":"/amount/currency"`},
		"an emoji":         {post(strings.Replace(good, "桌 7", "桌 🍵", 1)), 400, `"PARAM_ERROR"`},
		"a short number":   {post(strings.Replace(good, "errors_0001", "e1", 1)), 400, `"field":"/out_trade_no"`},
		"a query":          {post(strings.Replace(good, wxShopAddr, wxShopAddr+"?a=1", 1)), 400, `"field":"/notify_url"`},
		"too long":         {post(good + strings.Repeat(" ", 64<<10)), 413, `"PARAM_ERROR"`},
		"not ours":         {s.request(t, http.MethodPost, "/v3/profitsharing/orders", good), 403, `"NO_AUTH"`},
		"jsapi":            {s.request(t, http.MethodPost, "/v3/pay/transactions/jsapi", strings.Replace(good, `"amount"`, `"payer":{"openid":"o1"},"amount"`, 1)), 403, `"NO_AUTH"`},
		"jsapi to nobody":  {s.request(t, http.MethodPost, "/v3/pay/transactions/jsapi", good), 400, `"field":"/payer/openid"`},
	} {
		status, h, body := s.raw(t, c.r)
		s.wantSigned(t, status, h, body)
		if status != c.status || !strings.Contains(body, c.text) || h.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: HTTP %d %s %s, want %d %s", name, status, h.Get("Content-Type"), body, c.status, c.text)
		}
	}
	missed, err := s.w.Store.MissedCalls(context.Background(), s.w.Merchant.ID, 0)
	must(t, err)
	if len(missed) != 2 || missed[0].Times != 1 {
		t.Errorf("counted are %+v", missed)
	}
}

// TestFacadeClockWindow: a signature is good for less than five minutes to either side of our clock.
//
// Red without: Abs in authenticateFace.
func TestFacadeClockWindow(t *testing.T) {
	s := newWechatShop(t)
	s.native(t, "window_0001", 100)
	for ahead, want := range map[time.Duration]int{-5 * time.Minute: 401, -299 * time.Second: 200, 299 * time.Second: 200, 301 * time.Second: 401, time.Hour: 401} {
		target := s.queryTarget("window_0001")
		r := s.request(t, http.MethodGet, target, "")
		at := wire.Authorization{MchID: s.account.Number, Serial: s.serial, Timestamp: s.w.Clock.Now().Add(ahead).Unix(), Nonce: "0123456789abcdef"}
		text, err := wire.Authorize(at, http.MethodGet, target, nil, s.signer())
		must(t, err)
		r.Header.Set("Authorization", text)
		if status, _, body := s.raw(t, r); status != want {
			t.Errorf("%v ahead: HTTP %d %s, want %d", ahead, status, body, want)
		}
	}
}

// TestFacadeNoticesOnSchedule: a shop that does not answer is told again after 15 s, 15 s, 30 s and so on for a day, each time with the same id, and no more after that.
func TestFacadeNoticesOnSchedule(t *testing.T) {
	s := newWechatShop(t)
	s.answer = http.StatusInternalServerError
	s.native(t, "retry_0001", 100)
	s.buy(t, "retry_0001")
	run(t, s.w, 26*time.Hour)
	if len(s.got) != 16 {
		t.Fatalf("%d tries", len(s.got))
	}
	ids := map[string]bool{}
	for _, m := range s.got {
		n, err := wire.ParseNotification(m.Body)
		must(t, err)
		ids[n.ID] = true
	}
	first, second, last := s.got[0].ReceivedAt, s.got[1].ReceivedAt, s.got[15].ReceivedAt
	if len(ids) != 1 || second.Sub(first).Round(time.Second) != 15*time.Second || last.Sub(first).Round(time.Minute) != 24*time.Hour+4*time.Minute {
		t.Errorf("%d ids, after %v, over %v", len(ids), second.Sub(first), last.Sub(first))
	}
}

// TestFacadeSealsNoNonceTwice: under one key two texts never have one nonce.
func TestFacadeSealsNoNonceTwice(t *testing.T) {
	s := newWechatShop(t)
	nonces := map[string]string{}
	for i := range 20 {
		no := fmt.Sprintf("nonce_%04d", i)
		s.native(t, no, 100)
		s.buy(t, no)
	}
	run(t, s.w, time.Minute)
	for _, m := range s.got {
		n, err := wire.ParseNotification(m.Body)
		must(t, err)
		if other, twice := nonces[n.Resource.Nonce]; twice && other != n.Resource.Ciphertext {
			t.Error("one nonce seals two texts: " + hex.EncodeToString([]byte(n.Resource.Nonce)))
		}
		nonces[n.Resource.Nonce] = n.Resource.Ciphertext
	}
	if len(nonces) != 20 {
		t.Errorf("%d nonces", len(nonces))
	}
}

// TestFacadeH5ComesBack: the buyer of an h5 order is sent to the cashier, and from there to the redirect_url that the merchant appended; another one later, and one that is
// no address, change nothing. After five minutes the address is dead, and the same order again has a fresh one.
func TestFacadeH5ComesBack(t *testing.T) {
	s := newWechatShop(t)
	place := func() string {
		body := strings.TrimSuffix(s.nativeBody("h5_order_1", 100), "}") + `,"scene_info":{"payer_client_ip":"203.0.113.7","h5_info":{"type":"Wap"}}}`
		status, answer := s.ask(t, http.MethodPost, "/v3/pay/transactions/h5", body)
		var out wire.OrderResult
		must(t, json.Unmarshal([]byte(answer), &out))
		if status != 200 || !strings.HasPrefix(out.H5URL, "http://"+wxFaceHost+wire.PathH5Page+"?") {
			t.Fatalf("HTTP %d %s", status, answer)
		}
		return out.H5URL
	}
	open := func(address string) (int, string) {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
		must(t, err)
		status, h, _ := s.raw(t, r)
		return status, h.Get("Location")
	}
	h5 := place()
	back := "https://shop.example/done?order=h5_order_1"
	for _, to := range []string{"javascript:alert(1)", "//shop.example", back, "https://other.example/"} {
		if status, cashier := open(h5 + "&redirect_url=" + url.QueryEscape(to)); status != http.StatusFound || !strings.HasPrefix(cashier, "http://"+sim.Host+"/") {
			t.Errorf("HTTP %d to %s", status, cashier)
		}
	}
	if p := s.payment(t, "h5_order_1"); p.ReturnURL != back {
		t.Errorf("the buyer comes back to %q", p.ReturnURL)
	}
	run(t, s.w, 5*time.Minute)
	if status, _ := open(h5); status != http.StatusForbidden {
		t.Errorf("a dead address: HTTP %d", status)
	}
	if status, _ := open(place()); status != http.StatusFound {
		t.Errorf("a fresh address: HTTP %d", status)
	}
}
