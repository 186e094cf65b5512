package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/provider"
	alipayface "postern/provider/alipay"
	"postern/provider/alipay/wire"
	"postern/sim"
)

// What published clients sent to the facade, byte for byte but for the number, the time and the signature. Which clients those were, docs/facade-alipay.md says.

// gbkCall lays a request out as the official PHP client does with postCharset GBK: the system parameters in the query, empty ones too, biz_content in the body, signed over the bytes
// of GBK without the empty ones. biz is text.
func (f *faceWorld) gbkCall(t testing.TB, a issued, method, biz string, more ...string) (query, body string) {
	t.Helper()
	p := wire.Params{
		"app_id": a.account.Number, "version": "1.0", "format": "json", "sign_type": "RSA2", "method": method, "timestamp": wire.FormatTime(f.Clock.Now()), "auth_token": "",
		"alipay_sdk": "alipay-sdk-PHP-4.20.880.ALL", "terminal_type": "", "terminal_info": "", "prod_code": "", "notify_url": "", "charset": "GBK", "app_auth_token": "", "app_cert_sn": "",
		"alipay_root_cert_sn": "", "target_app_id": "",
	}
	for i := 0; i < len(more); i += 2 {
		p[more[i]] = more[i+1]
	}
	p["biz_content"] = biz
	p = p.Encoded(wire.GBK)
	must(t, p.SignRequest(wire.SignWith(a.app, "RSA2")))
	body = "biz_content=" + url.QueryEscape(p["biz_content"])
	delete(p, "biz_content")
	return p.Encode(), body
}

// gbk makes a call in GBK and returns its verified answer as text.
func (f *faceWorld) gbk(t testing.TB, a issued, method, biz string, more ...string) wire.Object {
	t.Helper()
	query, body := f.gbkCall(t, a, method, biz, more...)
	r, answer := f.post(t, wire.GatewayPath+"?"+query, body)
	if kind := r.Header.Get("Content-Type"); kind != "text/html;charset=GBK" || bytes.Contains(answer, []byte(`\u`)) {
		t.Errorf("%s: %s", kind, answer)
	}
	return fromGBK(t, answer, method)
}

// fromGBK verifies an answer over the bytes that came, which are cut as the PHP client cuts them, and reads them.
func fromGBK(t testing.TB, answer []byte, method string) wire.Object {
	t.Helper()
	value, rest, ok := strings.Cut(strings.TrimPrefix(string(answer), `{"`+wire.ResponseKey(method)+`":`), `,"sign":"`)
	signature, err := wire.DecodeSignature(strings.TrimSuffix(rest, `"}`))
	must(t, err)
	if err := wire.VerifyWith(&sim.Key("face-platform").PublicKey, wire.SignTypeRSA2)([]byte(value), signature); err != nil || !ok {
		t.Errorf("%v: %s", err, answer)
	}
	text, err := wire.GBK.Decode(value)
	must(t, err)
	o, err := wire.ParseObject([]byte(text))
	must(t, err)
	return o
}

// TestFaceReadsGBK: an order in GBK is the order that UTF-8 would have made; its answers, its notification and its return to the shop are in GBK.
func TestFaceReadsGBK(t *testing.T) {
	f := faceOnly(t)
	const biz = `{"out_trade_no":"G-1","total_amount":"1.00","subject":"龙井 a+b & c=d <x> / 茶","product_code":"FACE_TO_FACE_PAYMENT"}`
	_, body := f.gbkCall(t, f.keyed, wire.MethodPrecreate, biz)
	if !strings.HasPrefix(body, "biz_content=%7B%22out_trade_no%22%3A%22G-1%22%2C%22total_amount%22%3A%221.00%22%2C%22subject%22%3A%22%C1%FA%BE%AE+a%2Bb+%26+c%3Dd+%3Cx%3E+%2F+%B2%E8%22") {
		t.Fatalf("not what the client sent: %s", body)
	}
	says(t, f.gbk(t, f.keyed, wire.MethodPrecreate, biz, "notify_url", "http://shop.test/n", "return_url", "http://shop.test/back"), "code", "10000")
	says(t, f.ask(t, f.keyed, wire.MethodPrecreate, biz), "sub_code", "ACQ.APPLY_PC_MERCHANT_CODE_ERROR") // the same terms: CONTEXT_INCONSISTENT otherwise
	approve(t, f.World, begin(t, f.World, f.inner(t, f.keyed, "G-1"), wechat, "native"))
	run(t, f.World, time.Minute)
	says(t, f.gbk(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"G-1"}`), "trade_status", "TRADE_SUCCESS", "subject", "")
	says(t, f.ask(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"G-1"}`), "trade_status", "TRADE_SUCCESS", "subject", "龙井 a+b & c=d <x> / 茶")
	if len(f.shop.raw) != 0 || len(f.shop.got) != 0 {
		t.Error("the shop's reader takes UTF-8 only, and read the notification")
	}
	account, err := f.Engine.FaceAccount(context.Background(), f.keyed.account)
	must(t, err)
	o, err := f.Engine.FindFaced(context.Background(), f.keyed.account, provider.FaceKey{Number: "G-1"})
	must(t, err)
	note, ok, err := alipayface.New().Notice(account, o, nil, "id", f.Clock.Now())
	if err != nil || !ok || note.Header.Get("Content-Type") != "application/x-www-form-urlencoded; charset=GBK" {
		t.Fatalf("%+v, %v", note.Header, err)
	}
	p, err := wire.ReadRequest("", string(note.Body))
	must(t, err)
	must(t, p.VerifyNotify(wire.VerifyWith(&sim.Key("face-platform").PublicKey, wire.SignTypeRSA2)))
	if p["charset"] != "GBK" || p["subject"] != "\xc1\xfa\xbe\xae a+b & c=d <x> / \xb2\xe8" {
		t.Errorf("the notification: %q", p)
	}
	back, err := alipayface.New().ReturnURL(account, o, f.Clock.Now())
	must(t, err)
	u, err := url.Parse(back)
	must(t, err)
	p, err = wire.ReadRequest(u.RawQuery, "")
	must(t, err)
	if err := p.VerifyNotify(wire.VerifyWith(&sim.Key("face-platform").PublicKey, wire.SignTypeRSA2)); err != nil || p["charset"] != "GBK" {
		t.Errorf("the return: %v: %s", err, back)
	}
}

// TestFaceGBKRefusals: errors come as in UTF-8, signed; another byte is another message; what is not in the charset that it names is no request.
func TestFaceGBKRefusals(t *testing.T) {
	f := faceOnly(t)
	says(t, f.gbk(t, f.keyed, wire.MethodPrecreate, `{"out_trade_no":"x","x":"茶"}`), "sub_code", "ACQ.INVALID_PARAMETER", "sub_msg", "参数无效：total_amount 金额无效")
	says(t, f.gbk(t, f.keyed, "alipay.user.info.share", `{"x":"茶"}`), "code", "40006")
	query, body := f.gbkCall(t, f.keyed, wire.MethodPrecreate, orderJSON("G-2", "1.00"))
	for what, c := range map[string][3]string{
		"another character":    {query, strings.Replace(body, "%C1%FA", "%C1%FB", 1), "isv.invalid-signature"},
		"UTF-8 under GBK":      {query, strings.Replace(body, "%C1%FA", "%FF", 1), "isv.invalid-parameter"},
		"GBK under UTF-8":      {strings.Replace(query, "GBK", "utf-8", 1), body, "isv.invalid-parameter"},
		"a charset of neither": {strings.Replace(query, "GBK", "big5", 1), body, "isv.invalid-charset"},
		"no form":              {query, body + "&x=%zz", "isv.invalid-parameter"},
		"too much":             {query, body + "&x=" + strings.Repeat("x", wire.MaxForm), "请求过长"},
	} {
		r, answer := f.post(t, wire.GatewayPath+"?"+c[0], c[1])
		o := wire.Object{}
		if r.Header.Get("Content-Type") == "text/html;charset=GBK" {
			o = fromGBK(t, answer, wire.MethodPrecreate)
		} else {
			env, err := wire.Extract(answer, wire.MethodPrecreate)
			must(t, err)
			must(t, env.Verify(wire.VerifyWith(&sim.Key("face-platform").PublicKey, wire.SignTypeRSA2)))
			o, err = env.Object()
			must(t, err)
		}
		if said := o.Text("sub_code") + " " + o.Text("sub_msg"); r.StatusCode != http.StatusOK || !strings.Contains(said, c[2]) {
			t.Errorf("%s: %s", what, said)
		}
	}
}

// TestFaceGBKEncrypted: content that is encrypted is GBK inside, and so is the answer's.
func TestFaceGBKEncrypted(t *testing.T) {
	f := faceOnly(t)
	key, err := wire.ParseContentKey(faceContent)
	must(t, err)
	hidden, err := key.Encrypt([]byte(wire.GBK.Encode(`{"out_trade_no":"G-3","x":"茶"}`)))
	must(t, err)
	query, body := f.gbkCall(t, f.certs, wire.MethodPrecreate, hidden, append(f.certs.numbers(t), "encrypt_type", "AES")...)
	_, answer := f.post(t, wire.GatewayPath+"?"+query, body)
	env, err := wire.Extract(answer, wire.MethodPrecreate)
	must(t, err)
	must(t, env.Verify(wire.VerifyWith(&sim.Key("face-platform").PublicKey, wire.SignTypeRSA2)))
	hidden = strings.Trim(string(env.Value), `"`)
	plain, err := key.Decrypt(hidden)
	must(t, err)
	text, err := wire.GBK.Decode(string(plain))
	must(t, err)
	o, err := wire.ParseObject([]byte(text))
	must(t, err)
	says(t, o, "sub_msg", "参数无效：total_amount 金额无效")
}

// thirdRaw sends a request of the third version that a client laid out itself; signed is what its signature covers in the place of the body.
func (f *faceWorld) thirdRaw(t testing.TB, a issued, path, kind, body, signed string, more ...string) (int, string) {
	t.Helper()
	authority := "app_id=" + a.account.Number + strings.Join(more, "") + ",nonce=a3wtdx6dv3lYF8Tl0RSfpxzCD2zE2ARs,timestamp=" + strconv.FormatInt(f.Clock.Now().UnixMilli(), 10)
	signature, err := wire.SignWith(a.app, wire.SignTypeRSA2)(wire.V3RequestString(authority, http.MethodPost, path, signed, ""))
	must(t, err)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+faceHost+path, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "ALIPAY-SHA256withRSA "+authority+",sign="+wire.EncodeSignature(signature))
	response, err := f.Net.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(answer)
}

// TestFaceThirdWithoutRoot: gopay's client of the third version names its certificate in what it signs, and sends no header with the root's number. In the second version the root's
// number is a parameter, and must be there.
func TestFaceThirdWithoutRoot(t *testing.T) {
	f := faceOnly(t)
	own := ",app_cert_sn=" + f.certs.numbers(t)[1]
	const path, body = "/v3/alipay/trade/precreate", `{"notify_url":"http://shop.test/n","out_trade_no":"V-1","subject":"龙井 a+b \u0026 \u003cx\u003e / 茶","total_amount":"1.00"}`
	if status, answer := f.thirdRaw(t, f.certs, path, "application/json", body, body, own); status != http.StatusOK || !strings.Contains(answer, "qr_code") {
		t.Errorf("HTTP %d %s", status, answer)
	}
	if status, answer := f.thirdRaw(t, f.certs, path, "application/json", body, body); status != http.StatusBadRequest || !strings.Contains(answer, "missing-app-cert-sn") {
		t.Errorf("without its own: HTTP %d %s", status, answer)
	}
	says(t, f.ask(t, f.certs, wire.MethodQuery, named, f.certs.numbers(t)[:2]...), "sub_code", "isv.missing-alipay-root-cert-sn")
}

// TestFaceThirdUpload: of a form with files the official Node client signs the part "data" alone. There is no method of ours that takes one; the answer must say so, and not that the
// signature is wrong.
func TestFaceThirdUpload(t *testing.T) {
	f := faceOnly(t)
	const edge = "--------------------------7694212ac5d4b9b36c70dd50"
	const data, kind, path = `{"data":{"a":1}}`, "multipart/form-data; boundary=" + edge, "/v3/alipay/open/file/upload"
	form := func(data string) string {
		return "--" + edge + "\r\nContent-Disposition: form-data; name=\"data\"\r\nContent-Type: application/json\r\n\r\n" + data + "\r\n--" + edge +
			"\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--" + edge + "--\r\n"
	}
	if status, answer := f.thirdRaw(t, f.keyed, path, kind, form(data), data); status != http.StatusForbidden || !strings.Contains(answer, "insufficient-isv-permissions") {
		t.Errorf("HTTP %d %s", status, answer)
	}
	for _, body := range []string{form(`{"data":{"a":2}}`), "--" + edge + "--\r\n", form(data)[:200]} {
		if status, answer := f.thirdRaw(t, f.keyed, path, kind, body, data); status == http.StatusForbidden || status == http.StatusOK {
			t.Errorf("HTTP %d %s", status, answer)
		}
	}
}

// TestFaceNamesTheBuyerItKnows: who paid through the merchant's own former account is said as Alipay says it; who paid in another wallet is nobody at Alipay.
func TestFaceNamesTheBuyerItKnows(t *testing.T) {
	f := faceOnly(t)
	for number, wallet := range map[string]string{"K-1": alipay, "K-2": wechat} {
		f.ask(t, f.keyed, wire.MethodCreate, orderJSON(number, "1.00", "buyer_id", "2088000000000009"), "notify_url", "http://shop.test/n")
		product := "native"
		if wallet == alipay {
			product = "jsapi"
		}
		approve(t, f.World, begin(t, f.World, f.inner(t, f.keyed, number), wallet, product))
		run(t, f.World, time.Minute)
		want := ""
		if wallet == alipay {
			payer, err := f.SignIn(context.Background(), alipay)
			must(t, err)
			want = payer
		}
		o := f.ask(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"`+number+`"}`)
		says(t, o, "trade_status", "TRADE_SUCCESS", "buyer_user_id", want, "buyer_open_id", "", "buyer_logon_id", "")
		if n := f.shop.got[len(f.shop.got)-1]; n["out_trade_no"] != number || n["buyer_id"] != want {
			t.Errorf("%s: %v", number, n)
		}
	}
}

// TestFaceHeaderNames: the official PHP client of the third version looks header names up in the case of the documents; net/http would write others.
func TestFaceHeaderNames(t *testing.T) {
	f := faceOnly(t)
	srv := httptest.NewServer(f.handler)
	defer srv.Close()
	head := func(request string) string {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		must(t, err)
		defer func() { _ = conn.Close() }()
		_, err = io.WriteString(conn, request)
		must(t, err)
		answer, err := io.ReadAll(conn)
		must(t, err)
		names, _, _ := strings.Cut(string(answer), "\r\n\r\n")
		return names
	}
	query, body := f.keyed.params(t, f.Clock.Now(), wire.MethodQuery, named).Split()
	second := head(fmt.Sprintf("POST /gateway.do?%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", query, len(body), body))
	m, err := wire.V3Call{Method: wire.MethodPrecreate, AppID: f.keyed.account.Number, Fields: wire.Fields{}.Set("out_trade_no", "H-1").Set("total_amount", "1.00").Set("subject", "茶"), Nonce: "n",
		RequestID: "r", Time: f.Clock.Now()}.Message(wire.SignWith(f.keyed.app, wire.SignTypeRSA2))
	must(t, err)
	third := head(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n%s", m.Target, m.Header["Authorization"],
		len(m.Body), m.Body))
	for _, name := range []string{"alipay-timestamp", "alipay-nonce", "alipay-signature", "alipay-trace-id"} {
		if !strings.Contains(third, "\r\n"+name+": ") {
			t.Errorf("no %s in\n%s", name, third)
		}
	}
	if !strings.Contains(second, "\r\ntrace_id: ") {
		t.Errorf("no trace_id in\n%s", second)
	}
}
