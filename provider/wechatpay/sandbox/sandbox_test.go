package sandbox

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

func TestOrderIsPaidAndNotified(t *testing.T) {
	sh := open(t, nil)
	o := sh.order("order0001")
	o.Attach = "a/b & c"
	var r wire.OrderResult
	sh.ok(sh.call("POST", self.OrderPath(wire.KindNative), o, nil), 200, &r)
	if !strings.HasPrefix(r.CodeURL, codePrefix) || r.PrepayID != "" || r.H5URL != "" {
		t.Errorf("%+v", r)
	}
	if got := sh.query("order0001"); got.TradeState != wire.StateNotPay || got.TransactionID != "" || got.Attach != "" {
		t.Errorf("unpaid: %+v", got)
	}
	if a := sh.get("/phone/scan?code=" + url.QueryEscape(r.CodeURL)); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/phone/order/wx") {
		t.Errorf("scan: %d %v", a.status, a.header)
	}
	if err := (controlBook{sh.s}).ApproveOrder("order0001", ""); err != nil {
		t.Fatal(err)
	}
	if n := sh.run(0); n != 1 {
		t.Fatalf("%d steps, want one notification", n)
	}
	got := sh.query("order0001")
	if got.TradeState != wire.StateSuccess || len(got.TransactionID) != 28 || got.TradeType != "NATIVE" || got.Attach != o.Attach || got.Amount.PayerTotal != 6800 {
		t.Errorf("paid: %+v", got)
	}
	var byID wire.Transaction
	sh.ok(sh.call("GET", self.QueryByTransactionID(got.TransactionID), nil, nil), 200, &byID)
	notes, opened := sh.notices(func() any { return &wire.Transaction{} })
	n := opened[0].(*wire.Transaction)
	if notes[0].EventType != wire.EventPaid || n.TransactionID != got.TransactionID || byID.TransactionID != got.TransactionID || n.SuccessTime != "2026-11-22T12:00:00+08:00" {
		t.Errorf("notification %+v says %+v", notes[0], n)
	}
	if err := (controlBook{sh.s}).ApproveOrder("order0001", ""); err == nil {
		t.Error("paid twice")
	}
}

func TestReentryAndStates(t *testing.T) {
	sh := open(t, nil)
	first := sh.native("order0001")
	if second := sh.native("order0001"); first == second {
		t.Error("re-entry returned the same code_url")
	}
	later := sh.order("order0001")
	later.TimeExpire = wire.FormatTime(epoch.Add(time.Hour))
	sh.ok(sh.call("POST", self.OrderPath(wire.KindNative), later, nil), 200, nil)
	other := sh.order("order0001")
	other.Amount.Total++
	sh.refused("other amount", sh.call("POST", self.OrderPath(wire.KindNative), other, nil), 400, wire.CodeInvalidRequest)
	other = sh.order("order0001")
	other.SceneInfo = &wire.Scene{PayerClientIP: "127.0.0.1", H5Info: &wire.H5Info{Type: "Wap"}}
	sh.refused("other product", sh.call("POST", self.OrderPath(wire.KindH5), other, nil), 400, wire.CodeInvalidRequest)

	for range 2 { // closing twice is the same as once
		a := sh.call("POST", self.ClosePath("order0001"), self.Numbers(), nil)
		sh.ok(a, 204, nil)
		if len(a.body) != 0 || a.header.Get("Content-Type") != "" {
			t.Errorf("204 with %q", a.body)
		}
	}
	if got := sh.query("order0001"); got.TradeState != wire.StateClosed {
		t.Errorf("state %s", got.TradeState)
	}
	sh.refused("closed", sh.call("POST", self.OrderPath(wire.KindNative), sh.order("order0001"), nil), 400, wire.CodeOrderClosed)
	sh.paid("order0002")
	sh.refused("paid", sh.call("POST", self.OrderPath(wire.KindNative), sh.order("order0002"), nil), 400, wire.CodeOrderPaid)
	sh.refused("close paid", sh.call("POST", self.ClosePath("order0002"), self.Numbers(), nil), 400, wire.CodeOrderPaid)
	sh.refused("unknown", sh.call("GET", self.QueryByOrderNo("nobody"), nil, nil), 404, wire.CodeOrderNotExist)
	sh.refused("unknown transaction", sh.call("GET", self.QueryByTransactionID("4200"), nil, nil), 404, wire.CodeOrderNotExist)
	sh.refused("unknown path", sh.call("GET", "/v3/nothing", nil, nil), 404, wire.CodeNotFound)
}

func TestExpiry(t *testing.T) {
	sh := open(t, nil)
	o := sh.order("order0001")
	o.TimeExpire = wire.FormatTime(epoch.Add(10 * time.Second)) // lifted to a minute
	sh.ok(sh.call("POST", self.OrderPath(wire.KindNative), o, nil), 200, nil)
	sh.clock.Advance(59 * time.Second)
	if got := sh.query("order0001"); got.TradeState != wire.StateNotPay {
		t.Errorf("after 59 s: %s", got.TradeState)
	}
	sh.clock.Advance(time.Second)
	if got := sh.query("order0001"); got.TradeState != wire.StateClosed {
		t.Errorf("after 60 s: %s", got.TradeState)
	}
	if err := (controlBook{sh.s}).ApproveOrder("order0001", ""); err == nil {
		t.Error("an expired order was paid")
	}
	code := sh.native("order0002")
	sh.clock.Advance(prepayLife)
	if _, err := (wallet{sh.s}).Scan(code, ""); err == nil {
		t.Error("a code_url lives longer than two hours")
	}
	if got := sh.query("order0002"); got.TradeState != wire.StateNotPay {
		t.Errorf("without time_expire: %s", got.TradeState)
	}
}

func TestOrderFields(t *testing.T) {
	sh := open(t, nil)
	for name, c := range map[string]struct {
		edit func(*wire.Order)
		code string
	}{
		"no description":      {func(o *wire.Order) { o.Description = "" }, wire.CodeParamError},
		"long description":    {func(o *wire.Order) { o.Description = strings.Repeat("茶", 128) }, wire.CodeParamError},
		"emoji":               {func(o *wire.Order) { o.Description = "茶🍵" }, wire.CodeParamError},
		"short number":        {func(o *wire.Order) { o.OutTradeNo = "abc12" }, wire.CodeParamError},
		"number charset":      {func(o *wire.Order) { o.OutTradeNo = "order@1" }, wire.CodeParamError},
		"notify with query":   {func(o *wire.Order) { o.NotifyURL += "?a=1" }, wire.CodeParamError},
		"notify relative":     {func(o *wire.Order) { o.NotifyURL = "/notify" }, wire.CodeParamError},
		"no money":            {func(o *wire.Order) { o.Amount.Total = 0 }, wire.CodeParamError},
		"negative":            {func(o *wire.Order) { o.Amount.Total = -1 }, wire.CodeParamError},
		"dollars":             {func(o *wire.Order) { o.Amount.Currency = "USD" }, wire.CodeParamError},
		"long attach":         {func(o *wire.Order) { o.Attach = strings.Repeat("a", 129) }, wire.CodeParamError},
		"bad time":            {func(o *wire.Order) { o.TimeExpire = "tomorrow" }, wire.CodeParamError},
		"another mchid":       {func(o *wire.Order) { o.MchID = "1" }, wire.CodeParamError},
		"another appid":       {func(o *wire.Order) { o.AppID = "wx1" }, wire.CodeAppIDMchIDNotMatch},
		"client address":      {func(o *wire.Order) { o.SceneInfo = &wire.Scene{PayerClientIP: "here"} }, wire.CodeParamError},
		"jsapi without payer": {nil, wire.CodeParamError},
	} {
		o, path := sh.order("order0001"), self.OrderPath(wire.KindNative)
		if c.edit == nil {
			path = self.OrderPath(wire.KindJSAPI)
		} else {
			c.edit(&o)
		}
		sh.refused(name, sh.call("POST", path, o, nil), 400, c.code)
	}
	o := sh.order("order0001")
	o.Payer = &wire.Payer{OpenID: "oStranger"}
	sh.refused("foreign openid", sh.call("POST", self.OrderPath(wire.KindJSAPI), o, nil), 400, wire.CodeParamError)
	sh.refused("h5 without scene", sh.call("POST", self.OrderPath(wire.KindH5), sh.order("order0001"), nil), 400, wire.CodeParamError)
	sh.refused("number as number", sh.call("POST", self.OrderPath(wire.KindNative), `{"out_trade_no":1}`, nil), 400, wire.CodeParamError)
	sh.refused("repeated field", sh.call("POST", self.OrderPath(wire.KindNative), `{"mchid":"1","mchid":"2"}`, nil), 400, wire.CodeParamError)
	if got := (controlBook{sh.s}).Orders(); len(got) != 0 {
		t.Errorf("refused orders are in the book: %+v", got)
	}
	strict := open(t, func(c *Config) { c.RequireHTTPS = true })
	strict.refused("plain http", strict.call("POST", self.OrderPath(wire.KindNative), strict.order("order0001"), nil), 400, wire.CodeParamError)
}

func TestAuthentication(t *testing.T) {
	sh := open(t, nil)
	native := func(edit func(*http.Request)) answer {
		return sh.call("POST", self.OrderPath(wire.KindNative), sh.order("order0001"), edit)
	}
	sh.refused("no Accept", native(func(r *http.Request) { r.Header.Del("Accept") }), 400, wire.CodeParamError)
	sh.refused("no User-Agent", native(func(r *http.Request) { r.Header.Set("User-Agent", "") }), 400, wire.CodeParamError)
	sh.refused("text body", native(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), 415, wire.CodeParamError)
	sh.refused("no Authorization", native(func(r *http.Request) { r.Header.Del("Authorization") }), 401, wire.CodeSignError)
	change := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
		}
	}
	sh.refused("other serial", native(change(keys().serial, strings.Repeat("0", 40))), 401, wire.CodeSignError)
	sh.refused("other nonce", native(change("0123456789", "0123456780")), 401, wire.CodeSignError)
	sh.refused("other mchid", native(change(mchID, "1900009192")), 401, wire.CodeSignError)
	if a := native(change(keys().serial, strings.ToLower(keys().serial))); a.status != 200 {
		t.Errorf("lower-case serial: %d %s", a.status, a.body)
	}
	sh.refused("other target", sh.call("GET", self.QueryByOrderNo("order0001"), nil, func(r *http.Request) { r.URL.RawQuery += "&a=1" }), 401, wire.CodeSignError)

	sh.key = keys().stranger
	a := native(nil)
	sh.refused("wrong key", a, 401, wire.CodeSignError)
	var seen struct {
		Detail struct {
			Detail struct{ Issue string }
			Field  string
			Info   struct {
				Truncated string `json:"truncated_sign_message"`
				Length    int    `json:"sign_message_length"`
			} `json:"sign_information"`
		}
	}
	if err := json.Unmarshal(a.body, &seen); err != nil || seen.Detail.Detail.Issue != "sign not match" ||
		seen.Detail.Info.Truncated != fmt.Sprintf("POST\n%s\n%d\n0123456789\n{\"appid\"\n", self.OrderPath(wire.KindNative), epoch.Unix()) {
		t.Errorf("%s, %v", a.body, err)
	}
	sh.key = keys().merchant
	sh.s.cfg.Wall = func() time.Time { return epoch.Add(301 * time.Second) }
	sh.refused("late", native(nil), 401, wire.CodeSignError)
}

// Names must leave with the capitals of the documentation: some SDKs compare them byte by byte.
func TestHeaderCaseOnTheWire(t *testing.T) {
	sh := open(t, nil)
	conn, err := net.Dial("tcp", sh.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	auth, _ := wire.Authorize(wire.Authorization{MchID: mchID, Serial: keys().serial, Timestamp: epoch.Unix(), Nonce: "n"}, "GET", wire.PathCertificates, nil, signWith(sh.key))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nUser-Agent: t\r\nAuthorization: %s\r\nConnection: close\r\n\r\n", wire.PathCertificates, auth)
	seen := map[string]bool{}
	for lines := bufio.NewScanner(conn); lines.Scan() && lines.Text() != ""; {
		name, _, _ := strings.Cut(lines.Text(), ":")
		seen[name] = true
	}
	for _, name := range []string{"Request-ID", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial", "Content-Type"} {
		if !seen[name] {
			t.Errorf("%s is not among %v", name, seen)
		}
	}
}

func TestNotificationSchedule(t *testing.T) {
	sh := open(t, nil)
	sh.answer = http.StatusInternalServerError
	sh.native("order0001")
	if err := (controlBook{sh.s}).ApproveOrder("order0001", ""); err != nil {
		t.Fatal(err)
	}
	for {
		due, ok := sh.s.Next()
		if !ok {
			break
		}
		sh.run(due.Sub(sh.clock.Now()))
	}
	if len(sh.received) != 16 {
		t.Fatalf("%d tries, want 16", len(sh.received))
	}
	if total := sh.received[15].at.Sub(sh.received[0].at); total != 24*time.Hour+4*time.Minute {
		t.Errorf("the schedule lasts %s", total)
	}
	if notes, _ := sh.notices(func() any { return &wire.Transaction{} }); notes[0].Resource.Ciphertext == notes[1].Resource.Ciphertext {
		t.Error("a retry repeats the ciphertext")
	}
}

func TestPlatformCertificates(t *testing.T) {
	sh := open(t, nil)
	list := func() wire.CertificateList {
		a := sh.call("GET", wire.PathCertificates, nil, nil)
		sh.ok(a, 200, nil)
		l, err := wire.ParseCertificateList(a.body)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	if l := list(); len(l.Data) != 1 || l.Data[0].SerialNo != keys().platform[0].Serial || len(l.Data[0].SerialNo) != 40 {
		t.Errorf("%+v", l)
	}
	sh.s.AddPlatformKey(keys().platform[1])
	if l := list(); len(l.Data) != 2 {
		t.Errorf("two live certificates: %d", len(l.Data))
	}
	if err := sh.s.SignWith(keys().platform[1].Serial); err != nil {
		t.Fatal(err)
	}
	if a := sh.call("GET", wire.PathCertificates, nil, nil); a.header.Get(wire.HeaderSerial) != keys().platform[1].Serial {
		t.Errorf("signed by %s", a.header.Get(wire.HeaderSerial))
	}
	if sh.s.RetirePlatformKey(keys().platform[1].Serial) == nil || sh.s.RetirePlatformKey(keys().platform[0].Serial) != nil || len(list().Data) != 1 {
		t.Error("retiring")
	}
	sh.serial = pubID
	if a := sh.call("POST", self.OrderPath(wire.KindNative), sh.order("order0001"), nil); a.header.Get(wire.HeaderSerial) != pubID {
		t.Errorf("public-key mode is answered by %s", a.header.Get(wire.HeaderSerial))
	}
	only := open(t, func(c *Config) { c.PlatformKeys, c.NotifyWithPublicKey = nil, true })
	only.refused("public-key merchant", only.call("GET", wire.PathCertificates, nil, nil), 404, wire.CodeResourceNotExists)
	only.paid("order0001")
	only.notices(func() any { return &wire.Transaction{} })
	if got := only.received[0].header.Get(wire.HeaderSerial); got != pubID {
		t.Errorf("notified by %s", got)
	}
}

func TestOAuth(t *testing.T) {
	sh := open(t, nil)
	code := func(payer string) string {
		a := sh.get(strings.TrimSuffix(wire.AuthorizeURL("", appID, "https://shop.example/c/1?x=y", "St4te"), "#wechat_redirect") + "&payer=" + payer)
		to, err := url.Parse(a.header.Get("Location"))
		if a.status != 302 || err != nil || to.Query().Get("state") != "St4te" || to.Query().Get("x") != "y" {
			t.Fatalf("%d %v", a.status, a.header)
		}
		return to.Query().Get("code")
	}
	token := func(app, sec, code string) (tok wire.TokenAnswer) {
		a := sh.get(wire.AccessTokenTarget(app, sec, code))
		if a.status != 200 || wire.Decode(a.body, &tok) != nil {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return tok
	}
	c := code("alice")
	if got := token("wx0", secret, c); got.ErrCode != wire.OAuthInvalidAppID {
		t.Errorf("%+v", got)
	}
	if got := token(appID, "guess", c); got.ErrCode != wire.OAuthInvalidSecret {
		t.Errorf("%+v", got)
	}
	alice := token(appID, secret, c)
	if len(alice.OpenID) != 28 || alice.ErrCode != 0 {
		t.Errorf("%+v", alice)
	}
	if got := token(appID, secret, c); got.ErrCode != wire.OAuthCodeUsed {
		t.Errorf("used: %+v", got)
	}
	late := code("alice")
	sh.clock.Advance(oauthCodeLife)
	if got := token(appID, secret, late); got.ErrCode != wire.OAuthInvalidCode {
		t.Errorf("late: %+v", got)
	}
	if bob := token(appID, secret, code("bob")); bob.OpenID == alice.OpenID || bob.OpenID == "" {
		t.Errorf("two buyers share %s", bob.OpenID)
	}
	if a := sh.get("/connect/oauth2/authorize?appid=wx0&redirect_uri=https%3A%2F%2Fa.b&response_type=code&scope=snsapi_base"); a.status != 400 {
		t.Errorf("foreign appid: %d", a.status)
	}
}

func TestJSAPIWallet(t *testing.T) {
	sh := open(t, nil)
	o := sh.order("order0001")
	o.Payer = &wire.Payer{OpenID: sh.s.OpenID(appID, "alice")}
	var r wire.OrderResult
	sh.ok(sh.call("POST", self.OrderPath(wire.KindJSAPI), o, nil), 200, &r)
	if len(r.PrepayID) != 36 {
		t.Errorf("prepay_id %q", r.PrepayID)
	}
	sign, err := signWith(sh.key)(wire.JSAPIMessage(appID, epoch.Unix(), "nonce", r.PrepayID))
	if err != nil {
		t.Fatal(err)
	}
	q := url.Values{"prepay_id": {"prepay_id=" + r.PrepayID}, "appId": {appID}, "timeStamp": {fmt.Sprint(epoch.Unix())}, "nonceStr": {"nonce"}, "signType": {"RSA"},
		"paySign": {base64.StdEncoding.EncodeToString(sign)}}
	a := sh.get("/phone/pay?" + q.Encode())
	if a.status != 303 || !strings.Contains(a.header.Get("Location"), "payer=alice") {
		t.Fatalf("bridge: %d %v %s", a.status, a.header, a.body)
	}
	for name, wrong := range map[string]string{"nonceStr": "other", "appId": "wx1", "signType": "MD5", "timeStamp": "1", "paySign": "AAAA"} {
		bad := maps.Clone(q)
		bad.Set(name, wrong)
		if a := sh.get("/phone/pay?" + bad.Encode()); a.status != 403 {
			t.Errorf("a wrong %s opens the wallet: %d", name, a.status)
		}
	}
	w := wallet{sh.s}
	if len(w.Waiting("bob")) != 0 || len(w.Waiting("alice")) != 1 {
		t.Error("the order waits on the wrong phone")
	}
	if _, err := w.Approve(r.PrepayID, "bob"); err == nil {
		t.Error("another buyer paid")
	}
	out, err := w.Decline(r.PrepayID, "alice")
	if err != nil || out.Message["err_msg"] != "get_brand_wcpay_request:cancel" || out.Status != wire.StateNotPay {
		t.Errorf("%+v %v", out, err)
	}
	out, err = w.Approve(r.PrepayID, "alice")
	if err != nil || out.Message["err_msg"] != "get_brand_wcpay_request:ok" || sh.query("order0001").Payer.OpenID != o.Payer.OpenID {
		t.Errorf("%+v %v", out, err)
	}
}

func TestH5Cashier(t *testing.T) {
	sh := open(t, func(c *Config) { c.CheckPayerIP = true })
	order := func(no, ip string) string {
		o := sh.order(no)
		o.SceneInfo = &wire.Scene{PayerClientIP: ip, H5Info: &wire.H5Info{Type: "Wap"}}
		var r wire.OrderResult
		sh.ok(sh.call("POST", self.OrderPath(wire.KindH5), o, nil), 200, &r)
		return r.H5URL + "&redirect_url=" + url.QueryEscape("https://shop.example/back")
	}
	link := order("order0001", "127.0.0.1")
	if a := sh.get(link); a.status != 403 || !strings.Contains(string(a.body), "商家参数格式有误") {
		t.Errorf("without Referer: %d %s", a.status, a.body)
	}
	if a := sh.get(link, "Referer", "https://shop.example/", "User-Agent", "MicroMessenger/8"); a.status != 403 {
		t.Errorf("inside WeChat: %d", a.status)
	}
	if a := sh.get(order("order0002", "10.0.0.1"), "Referer", "https://shop.example/"); a.status != 403 {
		t.Errorf("another address: %d", a.status)
	}
	a := sh.get(link, "Referer", "https://shop.example/")
	id, _, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Location"), "/phone/order/"), "?")
	if a.status != 303 || id == "" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	out, err := (wallet{sh.s}).Approve(id, "")
	if err != nil || out.ReturnURL != "https://shop.example/back" {
		t.Errorf("%+v %v", out, err)
	}
	late := order("order0003", "127.0.0.1")
	sh.clock.Advance(h5Life)
	if a := sh.get(late, "Referer", "https://shop.example/"); a.status != 410 {
		t.Errorf("after five minutes: %d", a.status)
	}
}

func TestControl(t *testing.T) {
	sh := open(t, nil)
	sh.native("order0001")
	control := func(method, path, body string) answer {
		req, _ := http.NewRequest(method, "http://control"+path, strings.NewReader(body))
		res, err := sandboxkit.Local{"control": sh.s.Control()}.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var buf [4096]byte
		n, _ := res.Body.Read(buf[:])
		return answer{status: res.StatusCode, body: buf[:n]}
	}
	if a := control("POST", "/orders/nobody/approve", ""); a.status != 404 {
		t.Errorf("unknown: %d", a.status)
	}
	if a := control("POST", "/orders/order0001/approve", `{"payer":"carol"}`); a.status != 200 {
		t.Errorf("approve: %d %s", a.status, a.body)
	}
	if a := control("POST", "/orders/order0001/approve", ""); a.status != 409 {
		t.Errorf("again: %d", a.status)
	}
	if a := control("GET", "/orders", ""); !strings.Contains(string(a.body), `"amount":6800,"currency":"CNY","status":"SUCCESS","refunds":[]`) {
		t.Errorf("%s", a.body)
	}
	if a := control("POST", "/faults", `{"op":"start","fault":"gremlin"}`); a.status != 422 || !strings.Contains(string(a.body), FaultWrongAmount) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestNewRefuses(t *testing.T) {
	good := open(t, nil).s.cfg
	for name, edit := range map[string]func(*Config){
		"no account":      func(c *Config) { c.Accounts = nil },
		"short key":       func(c *Config) { c.Accounts = []Account{c.Accounts[0]}; c.Accounts[0].APIv3Key = []byte("short") },
		"slash":           func(c *Config) { c.BaseURL += "/" },
		"no clock":        func(c *Config) { c.Clock = nil },
		"no keys":         func(c *Config) { c.PlatformKeys, c.PublicKey, c.PublicKeyID = nil, nil, "" },
		"id without key":  func(c *Config) { c.PublicKey = nil },
		"id of no prefix": func(c *Config) { c.PublicKeyID = "KEY_1" },
	} {
		c := good
		edit(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if k, err := PlatformKeyFor(rand.Reader, keys().public, epoch); err != nil || len(k.Serial) != 40 {
		t.Errorf("%v %v", k.Serial, err)
	}
}
