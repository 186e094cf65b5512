package wire

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

const goodAuth = `WECHATPAY2-SHA256-RSA2048 mchid="1900009191",nonce_str="593BEC0C930BF1AFEB40B4A08C8FB242",timestamp="1554208460",` +
	`serial_no="1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C",signature="c2lnbmF0dXJl"`

func TestParseAuthorization(t *testing.T) {
	want := Authorization{MchID: "1900009191", Nonce: "593BEC0C930BF1AFEB40B4A08C8FB242", Timestamp: 1554208460,
		Serial: "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C", Signature: []byte("signature")}
	params := strings.Split(strings.TrimPrefix(goodAuth, Scheme+" "), ",")
	for rotate := range params {
		for _, sep := range []string{",", ", "} {
			in := Scheme + " " + strings.Join(append(params[rotate:len(params):len(params)], params[:rotate]...), sep)
			got, err := ParseAuthorization(in)
			if err != nil || got.String() != want.String() {
				t.Errorf("%s: %+v, %v", in, got, err)
			}
		}
	}
	if want.String() != goodAuth {
		t.Errorf("String: %s", want)
	}
	extra, err := ParseAuthorization(goodAuth + `,future="1"`)
	if err != nil || extra.MchID != want.MchID {
		t.Errorf("an unknown parameter is not ignored: %v", err)
	}
}

func TestParseAuthorizationRefuses(t *testing.T) {
	edit := func(old, new string) string { return strings.Replace(goodAuth, old, new, 1) }
	for name, in := range map[string]string{
		"empty":             "",
		"other scheme":      edit(Scheme, "WECHATPAY2-SM2-WITH-SM3"),
		"no parameters":     Scheme + " ",
		"missing serial":    edit(`serial_no="1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C",`, ""),
		"empty mchid":       edit("1900009191", ""),
		"repeated mchid":    goodAuth + `,mchid="1"`,
		"open quote":        strings.TrimSuffix(goodAuth, `"`),
		"no quotes":         edit(`"1900009191"`, "1900009191"),
		"trailing comma":    goodAuth + ",",
		"semicolons":        strings.ReplaceAll(goodAuth, ",", ";"),
		"line feed":         edit("593BEC", "593\nBEC"),
		"signed timestamp":  edit("1554208460", "+1554208460"),
		"padded timestamp":  edit("1554208460", "01554208460"),
		"bad base64":        edit("c2lnbmF0dXJl", "c2lnbmF0dXJ"),
		"huge nonce":        edit("593BEC0C930BF1AFEB40B4A08C8FB242", strings.Repeat("A", 129)),
		"huge header":       goodAuth + `,x="` + strings.Repeat("A", 5000) + `"`,
		"huge signature":    edit("c2lnbmF0dXJl", strings.Repeat("AAAA", 400)),
		"text after values": goodAuth + " x",
	} {
		if a, err := ParseAuthorization(in); !errors.Is(err, ErrAuthorization) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func goodHeaders() http.Header {
	h := make(http.Header)
	h.Set(HeaderTimestamp, "1700000000")
	h.Set(HeaderNonce, "n0nce")
	h.Set(HeaderSerial, "AB12")
	h.Set(HeaderSignature, "c2lnbmF0dXJl")
	return h
}

func TestParseSignatureRefuses(t *testing.T) {
	if _, err := ParseSignature(goodHeaders()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(http.Header){
		"no timestamp":   func(h http.Header) { h.Del(HeaderTimestamp) },
		"no nonce":       func(h http.Header) { h.Del(HeaderNonce) },
		"no serial":      func(h http.Header) { h.Del(HeaderSerial) },
		"no signature":   func(h http.Header) { h.Del(HeaderSignature) },
		"empty":          func(h http.Header) { h.Set(HeaderSignature, "") },
		"two signatures": func(h http.Header) { h.Add(HeaderSignature, "c2lnbmF0dXJl") },
		"two serials":    func(h http.Header) { h.Add(HeaderSerial, "CD34") },
		"other type":     func(h http.Header) { h.Set(HeaderSignatureType, "WECHATPAY2-SM2-WITH-SM3") },
		"nonce with LF":  func(h http.Header) { h.Set(HeaderNonce, "a\nb") },
		"date":           func(h http.Header) { h.Set(HeaderTimestamp, "2023-11-14T22:13:20Z") },
		"bad base64":     func(h http.Header) { h.Set(HeaderSignature, "%%%") },
		"long serial":    func(h http.Header) { h.Set(HeaderSerial, strings.Repeat("A", 200)) },
	} {
		h := goodHeaders()
		change(h)
		if _, err := ParseSignature(h); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A probe must never verify, not even under a verifier that says yes to everything.
func TestProbeNeverVerifies(t *testing.T) {
	h := goodHeaders()
	h.Set(HeaderSignature, ProbePrefix+"c2lnbmF0dXJl")
	s, err := ParseSignature(h)
	if err != nil || !s.Probe {
		t.Fatalf("%+v, %v", s, err)
	}
	if err := s.Check(nil, func(_, _ []byte) error { return nil }); !errors.Is(err, ErrSignature) {
		t.Errorf("probe verified: %v", err)
	}
}

func TestSignHeadersRoundTrip(t *testing.T) {
	key := privateKey(t, vectors(t)["go-rsa-sign-source"].PrivatePEM)
	for _, body := range []string{"", `{"a":"\/"}`} {
		h := make(http.Header)
		if err := SignHeaders(h, "AB12", 1700000000, "nonce", []byte(body), signWith(key)); err != nil {
			t.Fatal(err)
		}
		s, err := ParseSignature(h)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check([]byte(body), verifyWith(&key.PublicKey)); err != nil {
			t.Errorf("%q: %v", body, err)
		}
		s.Nonce = "nonc"
		if s.Check([]byte("e\n"+body), verifyWith(&key.PublicKey)) == nil {
			t.Error("a byte moved from nonce to body verifies")
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"empty":            "",
		"array":            `[]`,
		"null":             `null`,
		"trailing object":  `{"a":1}{"a":2}`,
		"trailing byte":    `{"a":1}x`,
		"unfinished":       `{"a":1`,
		"repeated":         `{"amount":{"total":1,"total":2}}`,
		"repeated by case": `{"trade_state":"NOTPAY","TRADE_STATE":"SUCCESS"}`,
		"repeated by fold": `{"trade_state":"NOTPAY","trade_ſtate":"SUCCESS"}`,
		"repeated escaped": `{"trade_state":"NOTPAY","trade\u005fstate":"SUCCESS"}`,
		"nested repeated":  `{"x":[{"a":1,"a":1}]}`,
		"deep":             strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17),
		"huge":             `{"a":"` + strings.Repeat("a", MaxBody) + `"}`,
		"bad UTF-8":        "{\"a\":\"\xff\"}",
		"float money":      `{"amount":{"total":1.5}}`,
		"exponent money":   `{"amount":{"total":1e2}}`,
		"string money":     `{"amount":{"total":"1"}}`,
		"overflow money":   `{"amount":{"total":9223372036854775808}}`,
	} {
		var tr Transaction
		if err := Decode([]byte(in), &tr); !errors.Is(err, ErrJSON) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var tr Transaction
	ok := `{"trade_state":"SUCCESS","amount":{"total":1},"a":[{"x":1},{"x":1}],"unknown":null}` + "\r\n "
	if err := Decode([]byte(ok), &tr); err != nil || tr.Amount.Total != 1 {
		t.Errorf("a good message is refused: %v", err)
	}
}

func TestTimes(t *testing.T) {
	at := time.Date(2018, 6, 8, 2, 34, 56, 999, time.UTC)
	if got := FormatTime(at); got != "2018-06-08T10:34:56+08:00" {
		t.Errorf("FormatTime: %s", got)
	}
	for _, in := range []string{"2018-06-08T10:34:56+08:00", "2018-06-08T02:34:56Z"} {
		got, err := ParseTime(in)
		if err != nil || got.Unix() != at.Unix() || got.Location() != CST {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	if _, err := ParseTime("2018-06-08 10:34:56"); err == nil {
		t.Error("a time without zone is accepted")
	}
}

func TestLimits(t *testing.T) {
	for s, want := range map[string]bool{"abc12": false, "abc123": true, "a_-|*1": true, "abc12@": false, "订单123456": false,
		strings.Repeat("a", 32): true, strings.Repeat("a", 33): false} {
		if ValidOutTradeNo(s) != want {
			t.Errorf("ValidOutTradeNo(%q) is %v", s, !want)
		}
	}
	for s, want := range map[string]bool{"": false, "r@1": true, "r 1": false, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false} {
		if ValidOutRefundNo(s) != want {
			t.Errorf("ValidOutRefundNo(%q) is %v", s, !want)
		}
	}
	for s, ok := range map[string]bool{"茶": true, strings.Repeat("茶", 127): true, strings.Repeat("茶", 128): false,
		"tea 🍵": false, "a\nb": false, "\xff": false} {
		if (CheckText(s, MaxDescription) == "") != ok {
			t.Errorf("CheckText(%.20q): %q", s, CheckText(s, MaxDescription))
		}
	}
}

func TestErrorsAndSpellings(t *testing.T) {
	body, ok := ParseError([]byte(`{"code":"ORDERNOTEXIST","message":"订单不存在","detail":{"field":"/out_trade_no"}}`))
	if !ok || NewSpelling(body.Code) != CodeOrderNotExist || NewSpelling("NEW_CODE") != "NEW_CODE" {
		t.Errorf("%+v %v", body, ok)
	}
	for _, in := range []string{"", "<html>502</html>", `{"message":"x"}`, `{"code":"A","code":"B"}`} {
		if b, ok := ParseError([]byte(in)); ok {
			t.Errorf("%q is taken as an error envelope: %+v", in, b)
		}
	}
	for _, s := range []struct{ a, b string }{{"00ab12", "AB12"}, {"AB12", "ab12"}} {
		if NormalSerial(s.a) != NormalSerial(s.b) {
			t.Errorf("serials %v differ", s)
		}
	}
	if id := "PUB_KEY_ID_0114"; NormalSerial(id) != id {
		t.Error("a public key id is changed")
	}
}

func TestAuthorizeURL(t *testing.T) {
	got := AuthorizeURL("https://open.weixin.qq.com", "wx1", "https://a.b/c?d=e", "St4te")
	want := "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx1&redirect_uri=https%3A%2F%2Fa.b%2Fc%3Fd%3De&response_type=code&scope=snsapi_base&state=St4te#wechat_redirect"
	if got != want {
		t.Errorf("got %s", got)
	}
	if ValidState("a-b") || ValidState("") || !ValidState("a1") {
		t.Error("ValidState")
	}
}
