package wechatpay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

func publicOf(key *rsa.PrivateKey) string {
	der, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func privateOf(key *rsa.PrivateKey) string {
	der, _ := x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// certificateOf makes a certificate of a key with a name and a serial number.
func certificateOf(t *testing.T, key *rsa.PrivateKey, name string, serial int64) string {
	t.Helper()
	template := x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: epoch.Add(-time.Hour), NotAfter: epoch.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

const (
	platformSerial = 0x7777777777
	merchantSerial = 0x1234567890
)

// sick is one specimen and what the doctor must say of it.
type sick struct {
	name  string
	s     provider.Specimen
	code  string
	valid bool
	span  string // the bytes of the body that are named
	other string // one of the lesser findings
}

func (c sick) check(t *testing.T) provider.Diagnosis {
	t.Helper()
	d := New().Diagnose(c.s)
	if d.Finding.Code != c.code || d.Valid != c.valid || c.code != "" && !d.Finding.Certain {
		t.Errorf("%s: valid %v, %q (certain %v: %s), want %q, valid %v; others %v; signed %.300q", c.name, d.Valid, d.Finding.Code, d.Finding.Certain, d.Finding.EN, c.code, c.valid, codesOf(d.Others), d.Signed)
	}
	if c.span != "" {
		if at, n := d.Finding.Offset, d.Finding.Length; at+n > len(c.s.Body) || string(c.s.Body[at:at+n]) != c.span {
			t.Errorf("%s: blames bytes %d to %d of %s", c.name, at, at+n, c.s.Body)
		}
	}
	if c.other != "" && !strings.Contains(strings.Join(codesOf(d.Others), " "), c.other) {
		t.Errorf("%s: others are %v, want %s among them", c.name, codesOf(d.Others), c.other)
	}
	return d
}

func codesOf(findings []provider.Finding) (codes []string) {
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	return codes
}

func signWith(t *testing.T, key *rsa.PrivateKey) wire.SignFunc {
	t.Helper()
	return func(message []byte) ([]byte, error) { return handle{key: key}.Sign(provider.RSASHA256, message) }
}

// TestEveryMistakeOfARequest signs each request as people do who make that mistake.
func TestEveryMistakeOfARequest(t *testing.T) {
	target, body := "/v3/pay/transactions/native?a=%E6%B5%8B", `{"description":"测试 <a/b>","amount":{"total":1}}`
	ask := func(method, body, message string) provider.Specimen {
		raw, err := signWith(t, keys().merchant)([]byte(message))
		if err != nil {
			t.Fatal(err)
		}
		auth := wire.Authorization{MchID: testMchID, Nonce: "Abc0", Serial: fmt.Sprintf("%X", merchantSerial), Timestamp: epoch.Unix(), Signature: raw}
		return provider.Specimen{Method: method, URL: target, Header: http.Header{"authorization": {auth.String()}, "Host": {"api.example"}}, Body: []byte(body), Now: epoch,
			Keys: []provider.SpecimenKey{{Name: KeyMerchantPrivate, PEM: privateOf(keys().merchant)}, {Name: KeyMerchantCert, PEM: certificateOf(t, keys().merchant, testMchID, merchantSerial)}}}
	}
	right := string(wire.RequestMessage("POST", target, epoch.Unix(), "Abc0", []byte(body)))
	stamp := fmt.Sprint(epoch.Unix())
	sick{name: "right", s: ask("POST", body, right), valid: true}.check(t)
	for code, message := range map[string]string{
		"target_without_query":   strings.Replace(right, "?a=%E6%B5%8B", "", 1),
		"target_decoded":         strings.Replace(right, "%E6%B5%8B", "测", 1),
		"target_with_host":       strings.Replace(right, "/v3/", "https://api.example/v3/", 1),
		"last_line_missing":      strings.TrimSuffix(right, "\n"),
		"line_crlf":              strings.ReplaceAll(right, "\n", "\r\n"),
		"lines_swapped":          strings.Replace(right, stamp+"\nAbc0\n", "Abc0\n"+stamp+"\n", 1),
		"timestamp_ms":           strings.Replace(right, stamp, stamp+"000", 1),
		"nonce_case":             strings.Replace(right, "Abc0", "ABC0", 1),
		"method_case":            strings.Replace(right, "POST", "post", 1),
		"body_not_signed":        strings.Replace(right, body, "", 1),
		"body_unicode_unescaped": strings.Replace(right, "测试", `\u6d4b\u8bd5`, 1),
		"body_html_unescaped":    strings.Replace(right, "<a/b>", `\u003ca/b\u003e`, 1),
		"body_slash_unescaped":   strings.Replace(right, "a/b", `a\/b`, 1),
		"body_newline_stripped":  right + "\n",
	} {
		sick{name: code, s: ask("POST", body, message), code: code}.check(t)
	}
	get := string(wire.RequestMessage("GET", target, epoch.Unix(), "Abc0", nil))
	sick{name: "GET", s: ask("GET", "", get), valid: true}.check(t)
	for code, message := range map[string]string{
		"empty_line_missing": strings.TrimSuffix(get, "\n"), "empty_body_signed": strings.TrimSuffix(get, "\n") + "{}\n",
	} {
		sick{name: code, s: ask("GET", "", message), code: code}.check(t)
	}
	s := ask("POST", body, right)
	s.Keys = []provider.SpecimenKey{{PEM: certificateOf(t, keys().merchant, testMchID, 5)}}
	sick{name: "another serial", s: s, code: "serial_not_of_key"}.check(t)
	s.Keys = []provider.SpecimenKey{{Name: KeyPlatformPublic, PEM: publicOf(keys().merchant)}}
	sick{name: "the merchant's key stands as WeChat's", s: s, code: "merchant_key_as_platform"}.check(t)
	s.Keys = []provider.SpecimenKey{{Name: KeyMerchantPrivate, PEM: privateOf(keys().public)}}
	sick{name: "another pair", s: s, code: "no_given_key", other: "request_other_pair"}.check(t)
	s = ask("POST", body, right)
	s.Now = epoch.Add(time.Hour)
	sick{name: "an hour late", s: s, valid: true, other: "clock_skew"}.check(t)
}

// notice makes a notification as WeChat sends it, with the platform's certificate as the key.
func notice(t *testing.T, body string) provider.Specimen {
	t.Helper()
	h := http.Header{}
	if err := wire.SignHeaders(h, fmt.Sprintf("%X", platformSerial), epoch.Unix(), "n0nce", []byte(body), signWith(t, keys().platform[0].Key)); err != nil {
		t.Fatal(err)
	}
	return provider.Specimen{Method: "POST", URL: "/n", Header: h, Body: []byte(body), Now: epoch,
		Keys: []provider.SpecimenKey{{PEM: certificateOf(t, keys().platform[0].Key, "Tenpay.com sign", platformSerial)}}}
}

// sealedSpecimen is the body of a notification with an encrypted resource, in the order of the real ones.
func sealedSpecimen(t *testing.T) string {
	t.Helper()
	box, err := wire.SealResource("transaction", "transaction", "0123456789ab", []byte(`{"a":1}`), newBox(testKey).Seal)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"id":"EV-1","create_time":"2026-11-22T12:00:00+08:00","resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付\/成功 <&>","resource":{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"%s","associated_data":"transaction","nonce":"0123456789ab"}}`, box.Ciphertext)
}

// TestEveryMistakeOfANotification damages notifications as programs in between do.
func TestEveryMistakeOfANotification(t *testing.T) {
	body := sealedSpecimen(t)
	good := notice(t, body)
	sick{name: "right", s: good, valid: true}.check(t)
	var parsed map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(body, `\/`, "")), &parsed); err != nil {
		t.Fatal(err)
	}
	sorted, _ := json.Marshal(parsed)
	plain := notice(t, strings.ReplaceAll(strings.ReplaceAll(body, `\/`, ""), "<&>", ""))
	for _, c := range []sick{
		{code: "body_slash_unescaped", s: good, name: strings.ReplaceAll(body, `\/`, "/"), span: ""},
		{code: "body_html_escaped", s: good, name: strings.ReplaceAll(body, "<&>", `\u003c\u0026\u003e`), span: `\u003c\u0026\u003e`},
		{code: "body_unicode_escaped", s: good, name: strings.ReplaceAll(body, "支付", `\u652f\u4ed8`), span: `\u652f\u4ed8`},
		{code: "body_newline_added", s: good, name: body + "\n", span: "\n"},
		{code: "body_spaced", s: good, name: strings.ReplaceAll(body, `,"`, `, "`)},
		{code: "body_bom", s: good, name: "\ufeff" + body, span: "\ufeff"},
		{code: "body_sorted", s: plain, name: strings.ReplaceAll(string(sorted), ` \u003c\u0026\u003e`, "")},
		{code: "text_differs", s: good, name: strings.Replace(body, "EV-1", "EV-2", 1)},
	} {
		c.s.Body, c.name = []byte(c.name), c.code
		if c.code == "body_sorted" {
			c.s.Body = []byte(strings.ReplaceAll(string(sorted), ` \u003c\u0026\u003e`, ` `))
		}
		c.check(t)
	}
	twice := good
	twice.Body = []byte(strings.ReplaceAll(strings.ReplaceAll(body, `\/`, "/"), "<&>", `\u003c\u0026\u003e`) + "\n")
	if d := New().Diagnose(twice); d.Valid || len(d.Others) < 2 || !d.Others[0].Certain || !d.Others[1].Certain || d.Signed == "" {
		t.Errorf("three changes at once: %+v", d.Others)
	}
}

// TestKeysAndHeadersOfANotification gives the wrong keys, and renames headers as proxies do.
func TestKeysAndHeadersOfANotification(t *testing.T) {
	body := sealedSpecimen(t)
	good := notice(t, body)
	certificate := good.Keys[0]
	for _, c := range []struct {
		code  string
		valid bool
		keys  []provider.SpecimenKey
	}{
		{"apiv3_key_length", true, []provider.SpecimenKey{certificate, {Name: KeyAPIv3, Secret: []byte(testKey + "\n")}}},
		{"apiv3_key_wrong", true, []provider.SpecimenKey{certificate, {Name: KeyAPIv3, Secret: []byte(strings.Repeat("x", 32))}}},
		{"", true, []provider.SpecimenKey{certificate, {Name: KeyAPIv3, Secret: []byte(testKey)}}},
		{"merchant_key_given", false, []provider.SpecimenKey{{PEM: certificateOf(t, keys().merchant, testMchID, 5)}}},
		{"merchant_key_given", false, []provider.SpecimenKey{{PEM: privateOf(keys().merchant)}, {PEM: publicOf(keys().merchant)}}},
		{"serial_unknown", false, []provider.SpecimenKey{{PEM: certificateOf(t, keys().platform[1].Key, "Tenpay.com sign", 6)}}},
		{"certificate_wanted", false, []provider.SpecimenKey{{Name: testPubID, PEM: publicOf(keys().public)}}},
		{"no_given_key", false, []provider.SpecimenKey{{PEM: certificateOf(t, keys().platform[1].Key, "Tenpay.com sign", platformSerial)}}},
		{"signed_by_merchant", false, []provider.SpecimenKey{{PEM: privateOf(keys().platform[0].Key)}}},
	} {
		s := good
		s.Keys = c.keys
		sick{name: "keys " + c.code, s: s, code: c.code, valid: c.valid}.check(t)
	}
	headers := func(change func(http.Header)) provider.Specimen {
		s := good
		s.Header = good.Header.Clone()
		change(s.Header)
		return s
	}
	sick{name: "lower case", valid: true, other: "header_case", s: headers(func(h http.Header) {
		h["wechatpay-timestamp"] = h["Wechatpay-Timestamp"]
		delete(h, "Wechatpay-Timestamp")
	})}.check(t)
	sick{name: "renamed", valid: true, other: "header_renamed", s: headers(func(h http.Header) { h["HTTP_WECHATPAY_NONCE"] = h["Wechatpay-Nonce"]; delete(h, "Wechatpay-Nonce") })}.check(t)
	sick{name: "missing", code: "header_missing", s: headers(func(h http.Header) { delete(h, "Wechatpay-Nonce") })}.check(t)
	sick{name: "probe", code: "signature_probe", s: headers(func(h http.Header) { h.Set(wire.HeaderSignature, wire.ProbePrefix+"x") })}.check(t)
	sick{name: "id", code: "public_key_wanted", s: headers(func(h http.Header) {
		s := notice(t, body)
		h.Set(wire.HeaderSerial, testPubID)
		raw, _ := signWith(t, keys().public)(wire.ResponseMessage(epoch.Unix(), "n0nce", s.Body))
		h.Set(wire.HeaderSignature, wire.Authorization{Signature: raw}.String()[strings.Index(wire.Authorization{Signature: raw}.String(), `signature="`)+11:])
		h.Set(wire.HeaderSignature, strings.TrimSuffix(h.Get(wire.HeaderSignature), `"`))
	})}.check(t)
}

// TestEveryMistakeOfV2 signs messages of API v2 as people do who make a mistake.
func TestEveryMistakeOfV2(t *testing.T) {
	const key = "Exposed-your-key-here-have-risks"
	fields := func() wire.Fields {
		return wire.Fields{"appid": testAppID, "mch_id": testMchID, "nonce_str": "abc", "body": "测 <a> & b", "attach": "", "total_fee": "1", "out_trade_no": "A1", "sign_type": "MD5"}
	}
	sum := func(f wire.Fields, key string) string { return f.SignatureOf(wire.SignMD5, []byte(key)) }
	specimen := func(f wire.Fields, sign string) provider.Specimen {
		f["sign"] = sign
		return provider.Specimen{Method: "POST", URL: "/pay/unifiedorder", Header: http.Header{}, Body: f.XML("xml"), Keys: []provider.SpecimenKey{{Name: KeyAPIv2, Secret: []byte(key)}}}
	}
	with := func(change func(wire.Fields)) wire.Fields { f := fields(); change(f); return f }
	f := fields()
	d := sick{name: "right", s: specimen(f, sum(f, key)), valid: true}.check(t)
	if strings.Contains(d.Covered+d.Signed, key) || !strings.Contains(d.Covered, "&key=[redacted]") {
		t.Errorf("the text shows the key: %s", d.Covered)
	}
	for code, sign := range map[string]string{
		"sign_lower_case": strings.ToLower(sum(f, key)),
		"parameter_added": sum(with(func(f wire.Fields) { delete(f, "nonce_str") }), key),
		"cdata_in_text": sum(with(func(f wire.Fields) {
			for k, v := range f {
				if v != "" {
					f[k] = "<![CDATA[" + v + "]]>"
				}
			}
		}), key),
		"key_with_newline": sum(f, key+"\n"),
		"key_case":         sum(f, strings.ToUpper(key)),
		"html_in_value":    sum(with(func(f wire.Fields) { f["body"] = "测 &lt;a&gt; &amp; b" }), key),
		"sign_type_other":  f.SignatureOf(wire.SignHMAC, []byte(key)),
		"not_decoded":      "",
	} {
		if code == "not_decoded" {
			continue
		}
		sick{name: code, s: specimen(fields(), sign), code: code}.check(t)
	}
	s := specimen(fields(), sum(fields(), "another"))
	if d := New().Diagnose(s); d.Valid || d.Finding.Code != "v2_nothing_fits" || d.Finding.Certain {
		t.Errorf("another key: %+v", d.Finding)
	}
	s = specimen(fields(), sum(fields(), testKey))
	s.Keys = []provider.SpecimenKey{{Name: KeyAPIv3, Secret: []byte(testKey)}}
	sick{name: "the other key", s: s, code: "v2_with_v3_key"}.check(t)
}

// TestWhatOpensTheWallet examines paySign, and an app's sign.
func TestWhatOpensTheWallet(t *testing.T) {
	page := map[string]string{"appId": testAppID, "timeStamp": "1414561699", "nonceStr": "n0", "package": "prepay_id=wx1", "signType": "RSA"}
	specimen := func(fields map[string]string, name, message string) provider.Specimen {
		raw, err := signWith(t, keys().merchant)([]byte(message))
		if err != nil {
			t.Fatal(err)
		}
		value := wire.Authorization{Signature: raw}.String()
		fields[name] = strings.TrimSuffix(value[strings.Index(value, `signature="`)+11:], `"`)
		body, _ := json.Marshal(fields)
		return provider.Specimen{Header: http.Header{}, Body: body, Keys: []provider.SpecimenKey{{Name: KeyMerchantPrivate, PEM: privateOf(keys().merchant)}}}
	}
	right := string(wire.JSAPIMessage(testAppID, 1414561699, "n0", "wx1"))
	sick{name: "page", s: specimen(page, "paySign", right), valid: true}.check(t)
	for code, message := range map[string]string{
		"prepay_prefix": strings.Replace(right, "prepay_id=", "", 1), "sign_type_in_text": right + "RSA\n", "last_line_missing": strings.TrimSuffix(right, "\n"),
	} {
		sick{name: code, s: specimen(page, "paySign", message), code: code}.check(t)
	}
	app := map[string]string{"appid": testAppID, "timestamp": "1414561699", "noncestr": "n0", "prepayid": "wx1", "partnerid": testMchID, "package": "Sign=WXPay"}
	sick{name: "app", s: specimen(app, "sign", string(wire.AppMessage(testAppID, 1414561699, "n0", "wx1"))), valid: true}.check(t)
	sick{name: "app with prefix", s: specimen(app, "sign", right), code: "prepay_prefix"}.check(t)
}

// vector is one published signature; see the file for its source.
type vector struct {
	ID         string
	PrivatePEM string `json:"private_key_pem"`
	PlatPEM    string `json:"platform_cert_pem"`
	CertOrKey  string `json:"cert_or_pubkey_pem"`
	APIv3Key   string `json:"api_v3_key"`
	Key        string
	Cipher     string `json:"ciphertext_b64"`
	Message    string
	Signature  string `json:"signature_b64"`
	Headers    map[string]string
	Body       string
	Fields     map[string]string
	Params     map[string]string
	MD5        string `json:"sign_md5"`
	HMAC       string `json:"sign_hmac_sha256"`
}

func published(t *testing.T) map[string]vector {
	t.Helper()
	raw, err := os.ReadFile("wire/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	by := map[string]vector{}
	for _, v := range file.Vectors {
		by[v.ID] = v
	}
	return by
}

// TestPublishedSpecimens holds the doctor against what others published.
func TestPublishedSpecimens(t *testing.T) {
	by := published(t)
	header := func(v vector) http.Header {
		h := http.Header{}
		for k, x := range v.Headers {
			h[k] = []string{x}
		}
		if v.Signature != "" && h.Get(wire.HeaderSignature) == "" {
			h[wire.HeaderSignature] = []string{v.Signature}
		}
		return h
	}
	v := by["go-notify-full"]
	s := provider.Specimen{Method: "POST", Header: header(v), Body: []byte(v.Body), Keys: []provider.SpecimenKey{{PEM: v.PlatPEM}, {Secret: []byte(v.APIv3Key)}}}
	sick{name: v.ID, s: s, valid: true, code: "apiv3_key_length"}.check(t) // the SDK's test key has 16 bytes
	v = by["yansongda-v3-response"]
	sick{name: v.ID, s: provider.Specimen{Status: 200, Header: header(v), Body: []byte(v.Body), Keys: []provider.SpecimenKey{{PEM: by["yansongda-v3-request-sign"].CertOrKey}}}, valid: true}.check(t)
	v = by["doc-pubkey-response-sample"]
	sick{name: v.ID, s: provider.Specimen{Status: 200, Header: header(v), Body: []byte(v.Body), Keys: []provider.SpecimenKey{{PEM: by["go-notify-full"].PlatPEM}}}, code: "public_key_wanted"}.check(t)
	for _, id := range []string{"derived-v3-get-nobody", "derived-v3-post", "yansongda-v3-request-sign"} {
		v := by[id]
		lines := strings.SplitN(v.Message, "\n", 5)
		auth := fmt.Sprintf(`%s mchid="1",nonce_str="%s",timestamp="%s",serial_no="1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C",signature="%s"`, wire.Scheme, lines[3], lines[2], v.Signature)
		key := by["go-rsa-sign-source"].PrivatePEM
		code := ""
		if id == "yansongda-v3-request-sign" {
			key, code = v.CertOrKey, "serial_not_of_key" // the vector names no serial number; ours is not that certificate's
		}
		s := provider.Specimen{Method: lines[0], URL: lines[1], Header: http.Header{"Authorization": {auth}}, Body: []byte(strings.TrimSuffix(lines[4], "\n")), Keys: []provider.SpecimenKey{{PEM: key}}}
		sick{name: id, s: s, valid: code == "", code: code}.check(t)
	}
}

// TestPublishedSpecimensOfOtherKinds: an empty answer, what opens the wallet, and API v2.
func TestPublishedSpecimensOfOtherKinds(t *testing.T) {
	by := published(t)
	v := by["derived-204"]
	lines := strings.Split(v.Message, "\n")
	s := provider.Specimen{Status: 204, Header: http.Header{wire.HeaderTimestamp: {lines[0]}, wire.HeaderNonce: {lines[1]}, wire.HeaderSignature: {v.Signature}, wire.HeaderSerial: {"PUB_KEY_ID_1"}},
		Keys: []provider.SpecimenKey{{Name: "PUB_KEY_ID_1", PEM: publicOfPEM(t, by["go-rsa-sign-source"].PrivatePEM)}}}
	sick{name: v.ID, s: s, valid: true}.check(t)
	v = by["derived-jsapi-paysign"]
	v.Fields["paySign"] = v.Signature
	body, _ := json.Marshal(v.Fields)
	sick{name: v.ID, s: provider.Specimen{Header: http.Header{}, Body: body, Keys: []provider.SpecimenKey{{PEM: by["go-rsa-sign-source"].PrivatePEM}}}, valid: true}.check(t)
	for _, id := range []string{"doc-v2-sign", "yansongda-v2-sign"} {
		v := by[id]
		v.Params["sign"] = v.MD5
		s := provider.Specimen{Header: http.Header{}, Body: wire.Fields(v.Params).XML("xml"), Keys: []provider.SpecimenKey{{Secret: []byte(v.Key)}}}
		sick{name: id, s: s, valid: true}.check(t)
	}
	v = by["gopay-v2-refund-req-info"]
	s = provider.Specimen{Header: http.Header{}, Body: wire.Fields{"return_code": "SUCCESS", "req_info": v.Cipher}.XML("xml"), Keys: []provider.SpecimenKey{{Secret: []byte(v.Key)}}}
	sick{name: v.ID, s: s, valid: true, code: "refund_notice_opens"}.check(t)
}

func publicOfPEM(t *testing.T, text string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return publicOf(key.(*rsa.PrivateKey))
}

// FuzzDiagnose: no message makes the doctor fail, whatever it is.
func FuzzDiagnose(f *testing.F) {
	key := publicOf(keys().public)
	f.Add("/v3/x?a=b", `{"a":"b"}`, `WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="2",timestamp="3",serial_no="4",signature="AAAA"`, "")
	f.Add("", `<xml><a><![CDATA[b]]></a><sign>0123456789abcdef0123456789abcdef</sign></xml>`, "", "key")
	f.Add("", `{"appId":"1","paySign":"AAAA","signType":"RSA","timeStamp":1}`, "", "")
	f.Add("", `{"resource":{"ciphertext":"AAAA","nonce":"0123456789ab","algorithm":"AEAD_AES_256_GCM"}}`, "AAAA", "0123456789abcdef0123456789abcdef")
	f.Fuzz(func(t *testing.T, target, body, signature, secret string) {
		s := provider.Specimen{Method: "POST", URL: target, Header: http.Header{}, Body: []byte(body), Keys: []provider.SpecimenKey{{PEM: key}, {Secret: []byte(secret)}}}
		for _, name := range []string{"", "Authorization", wire.HeaderSignature} {
			if name != "" {
				s.Header = http.Header{name: {signature}}
			}
			New().Claims(s)
			for _, kind := range []provider.SpecimenKind{"", provider.SpecimenRequest, provider.SpecimenResponse} {
				s.Kind = kind
				d := New().Diagnose(s)
				if secret != "" && len(secret) > 20 && !strings.Contains(body+target+signature, secret) && strings.Contains(d.Covered+d.Signed, secret) {
					t.Fatal("a secret is shown")
				}
			}
		}
	})
}
