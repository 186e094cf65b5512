package alipay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"postern/provider"
	"postern/provider/alipay/wire"
)

func publicOf(key *rsa.PrivateKey) string {
	der, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func privateOf(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// sick is one specimen and what the doctor must say of it.
type sick struct {
	name  string
	s     provider.Specimen
	code  string
	valid bool
	span  string // the bytes of the body that are named
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
	return d
}

func codesOf(findings []provider.Finding) (codes []string) {
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	return codes
}

const sickTime = "2026-11-22 13:35:34"

func sickRequest() wire.Params {
	return wire.Params{"app_id": testApp, "method": wire.MethodPrecreate, "charset": "utf-8", "sign_type": "RSA2", "timestamp": sickTime, "version": "1.0", "format": "JSON",
		"notify_url": "http://m.example/n?x=1", "biz_content": `{"out_trade_no":"A1","total_amount":"0.01","subject":"测试 a+b&c=d/e"}`}
}

func sickNotice() wire.Params {
	return wire.Params{"app_id": testApp, "notify_id": "n1", "notify_type": "trade_status_sync", "charset": "utf-8", "version": "1.0", "sign_type": "RSA2", "notify_time": sickTime,
		"out_trade_no": "A1", "trade_no": "2026112222001", "trade_status": "TRADE_SUCCESS", "total_amount": "68.00", "subject": "龙井 100% a+b", "seller_id": testSeller,
		"fund_bill_list": `[{"amount":"68.00","fundChannel":"ALIPAYACCOUNT"}]`, "buyer_logon_id": "a**@x.com"}
}

// text joins as the protocol does, from a copy that change has spoilt.
func text(p wire.Params, change func(wire.Params), request bool) []byte {
	q := wire.Params{}
	for k, v := range p {
		q[k] = v
	}
	if change != nil {
		change(q)
	}
	if request {
		return wire.RequestString(q)
	}
	return wire.NotifyString(q)
}

func signed(t *testing.T, key *rsa.PrivateKey, signType string, message []byte) string {
	t.Helper()
	raw, err := wire.SignWith(key, signType)(message)
	if err != nil {
		t.Fatal(err)
	}
	return wire.EncodeSignature(raw)
}

// sent makes a POST whose signature is over message.
func sent(t *testing.T, p wire.Params, message []byte) provider.Specimen {
	t.Helper()
	p["sign"] = signed(t, keys()[1], "RSA2", message)
	query, body := p.Split()
	return provider.Specimen{Method: "POST", URL: "/gateway.do?" + query, Header: http.Header{}, Body: []byte(body),
		Keys: []provider.SpecimenKey{{Name: keyApp, PEM: privateOf(keys()[1])}, {Name: keyPlatform, PEM: publicOf(keys()[0])}}}
}

func set(name, value string) func(wire.Params) { return func(p wire.Params) { p[name] = value } }

// TestEveryMistakeOfARequest signs each request as people do who make that mistake.
func TestEveryMistakeOfARequest(t *testing.T) {
	content := func(change func(string) string) func(wire.Params) {
		return func(p wire.Params) { p["biz_content"] = change(p["biz_content"]) }
	}
	gbk := func(s string) string { out, _ := simplifiedchinese.GBK.NewEncoder().String(s); return out }
	right := sickRequest()
	sick{name: "right", s: sent(t, right, text(right, nil, true)), valid: true}.check(t)
	for code, change := range map[string]func(wire.Params){
		"sign_type_left_out": func(p wire.Params) { delete(p, "sign_type") },
		"parameter_added":    func(p wire.Params) { delete(p, "notify_url") },
		"parameter_lost":     nil,
		"not_decoded": func(p wire.Params) {
			p["biz_content"] = url.QueryEscape(p["biz_content"])
			p["timestamp"] = url.QueryEscape(p["timestamp"])
			p["notify_url"] = url.QueryEscape(p["notify_url"])
		},
		"body_compacted":         content(func(s string) string { return strings.ReplaceAll(s, `,"`, `, "`) }),
		"body_slash_unescaped":   content(func(s string) string { return strings.ReplaceAll(s, "/", `\/`) }),
		"body_html_unescaped":    content(func(s string) string { return strings.ReplaceAll(s, "&", `\u0026`) }),
		"body_unicode_unescaped": content(func(s string) string { return strings.ReplaceAll(s, "测试", `\u6d4b\u8bd5`) }),
		"html_in_value":          content(func(s string) string { return strings.ReplaceAll(s, `"`, "&quot;") }),
		"space_became_plus":      nil,
		"value_charset":          nil,
		"text_newline":           nil, "text_ampersand": nil, "not_sorted": nil, "sign_in_text": nil, "empties_signed": nil, "query_not_signed": nil, "body_not_signed": nil,
	} {
		p := sickRequest()
		message := text(p, change, true)
		switch code {
		case "body_compacted": // Python: a blank after colons too
			message = text(p, content(func(s string) string {
				return strings.ReplaceAll(strings.ReplaceAll(s, `,"`, `, "`), `":"`, `": "`)
			}), true)
		case "parameter_lost":
			delete(p, "version")
		case "space_became_plus":
			message = text(p, content(func(s string) string { return strings.ReplaceAll(s, "+", " ") }), true)
			message = []byte(strings.ReplaceAll(string(message), "a+b", "a b"))
		case "value_charset":
			message = []byte(gbk(string(message)))
		case "text_newline":
			message = append(message, '\n')
		case "text_ampersand":
			message = append(message, '&')
		case "not_sorted":
			message = reversed(p)
		case "sign_in_text":
			message = []byte(strings.Replace(string(message), "&sign_type=", "&sign=&sign_type=", 1))
		case "empties_signed":
			p["return_url"] = ""
			message = []byte(strings.Replace(string(message), "&sign_type=", "&return_url=&sign_type=", 1))
		case "query_not_signed":
			message = []byte("biz_content=" + p["biz_content"])
		case "body_not_signed":
			message = text(p, func(p wire.Params) { delete(p, "biz_content") }, true)
		}
		sick{name: code, s: sent(t, p, message), code: code}.check(t)
	}
}

// reversed joins a request from z to a.
func reversed(p wire.Params) []byte {
	pieces := strings.Split(strings.ReplaceAll(string(wire.RequestString(p)), "a+b&c=d", "a+b\x00c=d"), "&")
	for i, j := 0, len(pieces)-1; i < j; i, j = i+1, j-1 {
		pieces[i], pieces[j] = pieces[j], pieces[i]
	}
	return []byte(strings.ReplaceAll(strings.Join(pieces, "&"), "\x00", "&"))
}

// TestEncryptThenSign finds a text that was signed before it was encrypted.
func TestEncryptThenSign(t *testing.T) {
	p := sickRequest()
	plain := text(p, set("encrypt_type", "AES"), true)
	cipher, err := testContent.Encrypt([]byte(p["biz_content"]))
	if err != nil {
		t.Fatal(err)
	}
	p["encrypt_type"], p["biz_content"] = "AES", cipher
	s := sent(t, p, plain)
	s.Keys = append(s.Keys, provider.SpecimenKey{Name: keyContent, Secret: []byte(base64.StdEncoding.EncodeToString(testContent))})
	sick{name: "before", s: s, code: "signed_before_encryption"}.check(t)
	right := sent(t, p, text(p, nil, true))
	sick{name: "after", s: right, valid: true}.check(t)
}

// TestKeysOfARequest tells the halves of pairs, digests and certificates apart.
func TestKeysOfARequest(t *testing.T) {
	p := sickRequest()
	s := sent(t, p, text(p, nil, true))
	s.Keys = []provider.SpecimenKey{{Name: keyPlatform, PEM: publicOf(keys()[1])}}
	sick{name: "the app's key stands as Alipay's", s: s, code: "app_key_as_platform"}.check(t)
	s.Keys = []provider.SpecimenKey{{PEM: publicOf(keys()[2])}}
	sick{name: "a stranger's key", s: s, code: "no_given_key"}.check(t)
	s.Keys = []provider.SpecimenKey{{PEM: strings.ReplaceAll(publicOf(keys()[1]), "\n", `\n`)}}
	if d := (sick{name: "escaped line breaks", s: s, valid: true}).check(t); len(d.Others) != 1 || d.Others[0].Code != "key_escaped" {
		t.Errorf("others: %v", codesOf(d.Others))
	}
	p["sign"] = signed(t, keys()[1], "RSA", text(p, nil, true))
	query, body := p.Split()
	s.URL, s.Body, s.Keys = "/gateway.do?"+query, []byte(body), []provider.SpecimenKey{{Name: keyApp, PEM: privateOf(keys()[1])}}
	sick{name: "SHA-1 under RSA2", s: s, code: "digest_other"}.check(t)

	w := newWorld(t)
	p = sickRequest()
	p["app_cert_sn"] = strings.Repeat("0", 32)
	s = sent(t, p, text(p, nil, true))
	s.Keys = []provider.SpecimenKey{{Name: keyAppCert, PEM: w.appCert}}
	sick{name: "another certificate's number", s: s, code: "app_cert_sn_other"}.check(t)
	if got := New().Diagnose(s); strings.Contains(got.Finding.EN, "{}") {
		t.Errorf("the sentence has a hole: %s", got.Finding.EN)
	}
}

// TestEveryMistakeOfANotification damages notifications as programs in between do, and builds texts as receivers do who make a mistake.
func TestEveryMistakeOfANotification(t *testing.T) {
	platform := []provider.SpecimenKey{{Name: keyPlatform, PEM: publicOf(keys()[0])}}
	p := sickNotice()
	p["sign"] = signed(t, keys()[0], "RSA2", wire.NotifyString(p))
	right := p.Encode()
	message := func(body string) provider.Specimen {
		return provider.Specimen{Method: "POST", URL: "/n", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(body), Keys: platform}
	}
	sick{name: "right", s: message(right), valid: true}.check(t)
	raw := func(name string) string { return url.QueryEscape(p[name]) }
	for code, body := range map[string]string{
		"parameter_added":      right + "&tenant=7",
		"parameter_lost":       strings.Replace(right, "&version=1.0", "", 1),
		"decoded_twice":        strings.ReplaceAll(strings.ReplaceAll(right, "%25", "%2525"), "%2B", "%252B"),
		"space_became_plus":    strings.ReplaceAll(right, "+", "%2B"),
		"plus_became_space":    strings.Replace(strings.ReplaceAll(right, "+", "%20"), "a%2Bb", "a+b", 1),
		"html_escaped":         strings.ReplaceAll(right, "%22", "%26quot%3B"),
		"body_spaced":          strings.ReplaceAll(right, "%22%3A%22", "%22%3A+%22"),
		"signature_plus_space": strings.Replace(right, raw("sign"), strings.ReplaceAll(raw("sign"), "%2B", "+"), 1),
	} {
		c := sick{name: code, s: message(body), code: code}
		switch code {
		case "parameter_added":
			c.span = "7"
		case "space_became_plus": // where no value has a plus sign of its own
			q := sickNotice()
			q["subject"] = "龙井 250 g"
			q["sign"] = signed(t, keys()[0], "RSA2", wire.NotifyString(q))
			c.s.Body = []byte(strings.ReplaceAll(q.Encode(), "+", "%2B"))
		case "decoded_twice": // every value was encoded once more
			q := url.Values{}
			for k, v := range p {
				q.Set(k, v)
				if k != "sign" && k != "sign_type" {
					q.Set(k, url.QueryEscape(v))
				}
			}
			c.s.Body = []byte(q.Encode())
		case "body_spaced":
			c.span = strings.ReplaceAll(raw("fund_bill_list"), "%22%3A%22", "%22%3A+%22")
		}
		c.check(t)
	}
	// The receiver's own text.
	for code, built := range map[string][]byte{
		"built_right": wire.NotifyString(p), "sign_type_included": wire.RequestString(p), "not_decoded": []byte(escapedText(p)),
		"text_newline": append(wire.NotifyString(p), '\n', '\n'), "built_unknown": []byte("app_id=1"),
	} {
		s := message(right)
		s.Built = built
		if d := New().Diagnose(s); d.Yours.Code != code && code != "text_newline" || !d.Valid {
			t.Errorf("%s: yours is %q, valid %v", code, d.Yours.Code, d.Valid)
		}
	}
	// Keys.
	s := message(right)
	s.Keys = []provider.SpecimenKey{{Name: keyPlatform, PEM: publicOf(keys()[1])}, {Name: keyApp, PEM: privateOf(keys()[1])}}
	sick{name: "the app's public key", s: s, code: "app_public_key_given"}.check(t)
	own := sickNotice()
	own["sign"] = signed(t, keys()[1], "RSA2", wire.NotifyString(own))
	s.Body = []byte(own.Encode())
	sick{name: "signed by the app", s: s, code: "signed_by_app"}.check(t)
	changed := sickNotice()
	changed["sign"], changed["total_amount"] = p["sign"], "0.01"
	s = message(changed.Encode())
	sick{name: "another amount", s: s, code: "text_differs"}.check(t)
	v2 := sickNotice()
	v2["sign"] = signed(t, keys()[0], "RSA2", wire.RequestString(v2))
	sick{name: "a message of the app gateway", s: message(v2.Encode()), code: "app_gateway_message", valid: true}.check(t)
}

// escapedText is the text of a notification with its values as they are on the wire.
func escapedText(p wire.Params) string {
	q := wire.Params{}
	for k, v := range p {
		q[k] = url.QueryEscape(v)
	}
	return string(wire.NotifyString(q))
}

// TestEveryMistakeOfAnAnswer signs answers over too much, and damages good ones.
func TestEveryMistakeOfAnAnswer(t *testing.T) {
	value := (wire.Fields{}).Set("code", "10000").Set("msg", "Success").Set("subject", "测 <&>").Set("qr_code", "https://qr.example/bax").Marshal()
	seal := func(over func([]byte) []byte) []byte {
		body, err := wire.Seal(wire.MethodPrecreate, value, false, func([]byte) ([]byte, error) { return wire.SignWith(keys()[0], "RSA2")(over(value)) })
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	same := func(b []byte) []byte { return b }
	answer := func(body []byte) provider.Specimen {
		return provider.Specimen{Status: 200, Header: http.Header{}, Body: body, Keys: []provider.SpecimenKey{{Name: keyPlatform, PEM: publicOf(keys()[0])}}}
	}
	replaced := func(old, now string) []byte { return []byte(strings.ReplaceAll(string(seal(same)), old, now)) }
	sick{name: "right", s: answer(seal(same)), valid: true}.check(t)
	for _, c := range []sick{
		{code: "root_included", s: answer(seal(func(b []byte) []byte { return []byte(`"alipay_trade_precreate_response":` + string(b)) }))},
		{code: "body_slash_unescaped", s: answer(replaced(`\/`, "/"))},
		{code: "body_html_escaped", s: answer(replaced("<&>", `\u003c\u0026\u003e`)), span: `\u003c\u0026\u003e`},
		{code: "body_unicode_escaped", s: answer(replaced("测", `\u6d4b`)), span: `\u6d4b`},
		{code: "body_spaced", s: answer(replaced(`":"10000"`, `": "10000"`)), span: " "},
		{code: "answer_slashes", valid: true, s: answer(seal(func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), `\/`, "/")) }))},
		{code: "text_differs", s: answer(replaced("bax", "bay"))},
	} {
		c.name = c.code
		c.check(t)
	}
	s := answer(replaced("10000", "10000"))
	s.Keys = []provider.SpecimenKey{{PEM: publicOf(keys()[1])}, {PEM: privateOf(keys()[1])}}
	sick{name: "the app's public key", s: s, code: "app_public_key_given"}.check(t)

	sealed, err := testContent.Encrypt(value)
	if err != nil {
		t.Fatal(err)
	}
	content := provider.SpecimenKey{Secret: []byte(base64.StdEncoding.EncodeToString(testContent))}
	for code, over := range map[string]string{"": `"` + sealed + `"`, "quotes_left_out": sealed, "signed_before_encryption": string(value)} {
		body, _ := json.Marshal(map[string]any{"alipay_trade_precreate_response": sealed, "sign": signed(t, keys()[0], "RSA2", []byte(over))})
		s := answer([]byte(strings.ReplaceAll(string(body), `\u003d`, "=")))
		s.Keys = append(s.Keys, content)
		sick{name: "encrypted " + code, s: s, code: code, valid: code == ""}.check(t)
	}
	certified, err := wire.SealCertified(wire.MethodPrecreate, value, false, "abc", func(b []byte) ([]byte, error) {
		return wire.SignWith(keys()[0], "RSA2")([]byte(string(b) + `,"alipay_cert_sn":"abc"`))
	})
	if err != nil {
		t.Fatal(err)
	}
	sick{name: "cut too late", s: answer(certified), code: "cert_sn_included"}.check(t)
	s = answer(certified)
	s.Keys = []provider.SpecimenKey{{PEM: newWorld(t).appCert}}
	sick{name: "another certificate", s: s, code: "cert_sn_unknown"}.check(t)
}

// TestEveryMistakeOfV3 signs requests and answers of v3 as people do who make a mistake.
func TestEveryMistakeOfV3(t *testing.T) {
	at := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	body, target, token := `{"out_trade_no":"A1","subject":"a/b"}`, "/v3/alipay/trade/query?x=a%2Fb", "tok"
	authority := wire.V3Authority(testApp, "", "n0", at)
	ask := func(message string) provider.Specimen {
		raw, err := wire.SignWith(keys()[1], "RSA2")([]byte(message))
		if err != nil {
			t.Fatal(err)
		}
		return provider.Specimen{Method: "POST", URL: target, Header: http.Header{"Authorization": {wire.V3Authorization(authority, raw)}, "Host": {"openapi.example"}, wire.V3AppAuthToken: {token}},
			Body: []byte(body), Keys: []provider.SpecimenKey{{Name: keyApp, PEM: privateOf(keys()[1])}}}
	}
	right := string(wire.V3RequestString(authority, "POST", target, body, token))
	sick{name: "right", s: ask(right), valid: true}.check(t)
	for code, message := range map[string]string{
		"token_left_out":       strings.TrimSuffix(right, token+"\n"),
		"last_line_missing":    strings.TrimSuffix(right, "\n"),
		"target_without_query": strings.Replace(right, "?x=a%2Fb", "", 1),
		"target_decoded":       strings.Replace(right, "a%2Fb", "a/b", 1),
		"target_with_host":     strings.Replace(right, "/v3/", "https://openapi.example/v3/", 1),
		"scheme_in_text":       wire.V3Scheme + " " + right,
		"method_case":          strings.Replace(right, "\nPOST", "\npost", 1),
		"body_not_signed":      strings.Replace(right, body, "", 1),
		"body_slash_unescaped": strings.Replace(right, "a/b\"", `a\/b"`, 1),
		"line_crlf":            strings.ReplaceAll(right, "\n", "\r\n"),
	} {
		sick{name: code, s: ask(message), code: code}.check(t)
	}
	told := func(message, body string) provider.Specimen {
		return provider.Specimen{Status: 200, Header: http.Header{wire.V3Timestamp: {"1763787600000"}, wire.V3Nonce: {"n1"}, wire.V3Signature: {signed(t, keys()[0], "RSA2", []byte(message))}},
			Body: []byte(body), Keys: []provider.SpecimenKey{{Name: keyPlatform, PEM: publicOf(keys()[0])}}}
	}
	good := string(wire.V3ResponseString("1763787600000", "n1", []byte(body)))
	sick{name: "right answer", s: told(good, body), valid: true}.check(t)
	sick{name: "newline", s: told(good, body+"\n"), code: "body_newline_added", span: "\n"}.check(t)
	sick{name: "swapped", s: told("n1\n1763787600000\n"+body+"\n", body), code: "lines_swapped"}.check(t)
}

// TestPublishedSpecimens holds the doctor against signatures that others published: valid ones are valid, and each negative one has its cause.
func TestPublishedSpecimens(t *testing.T) {
	raw, err := os.ReadFile("wire/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		RSA []struct {
			ID, Alg   string
			PublicKey string `json:"public_key_spki_b64"`
			Message   string `json:"string_to_verify"`
			Signature string `json:"signature_b64"`
			Body      string `json:"raw_http_body"`
			Verified  bool
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	published := ""
	for _, v := range file.RSA {
		if v.ID == "yansongda-request-sign" {
			published = v.PublicKey
		}
	}
	causes := map[string]string{"node-notify-servicemarket-V2style": "app_gateway_message", "node-notify-servicemarket-NEG": "parameter_lost", "node-notify-NEG": "no_given_key",
		"gopay-notify": "signature_length", "java-rsa1": "", "java-rsa2": ""}
	seen := 0
	for _, v := range file.RSA {
		if strings.HasPrefix(v.PublicKey, "see ") {
			v.PublicKey = published
		}
		s := provider.Specimen{Header: http.Header{}, Keys: []provider.SpecimenKey{{PEM: v.PublicKey}}}
		lines := strings.Split(v.Message, "\n")
		switch {
		case strings.HasPrefix(v.ID, "gen-v3-response"):
			s.Status, s.Body = 200, []byte(lines[2])
			s.Header = http.Header{wire.V3Timestamp: {lines[0]}, wire.V3Nonce: {lines[1]}, wire.V3Signature: {v.Signature}}
		case strings.HasPrefix(v.ID, "gen-v3"):
			s.Method, s.URL, s.Body = lines[1], lines[2], []byte(lines[3])
			s.Header = http.Header{"Authorization": {wire.V3Scheme + " " + lines[0] + ",sign=" + v.Signature}}
			if lines[4] != "" {
				s.Header[wire.V3AppAuthToken] = []string{lines[4]}
			}
		case v.Message[0] == '{' || v.Message[0] == '"':
			s.Status, s.Body = 200, []byte(`{"x_response":`+v.Message+`,"sign":"`+v.Signature+`"}`)
		default:
			s.Body = []byte(formOfText(v.Message) + "&sign=" + url.QueryEscape(v.Signature))
			if strings.HasPrefix(v.Message, "app_id") && !strings.Contains(v.Message, "sign_type") && !strings.Contains(v.ID, "NEG") {
				s.Body = append(s.Body, "&sign_type=RSA2"...)
			}
		}
		d := sick{name: v.ID, s: s, code: causes[v.ID], valid: v.Verified}.check(t)
		if v.Verified && d.Covered != v.Message {
			t.Errorf("%s: covers %q", v.ID, d.Covered)
		}
		seen++
	}
	if seen < 15 {
		t.Fatalf("only %d vectors", seen)
	}
}

// formOfText makes the form of a text that was signed, whose values may hold & and =.
func formOfText(message string) string {
	var b strings.Builder
	for i, piece := range strings.Split(strings.ReplaceAll(message, "a+b&c=d", "a+b\x00c=d"), "&") {
		name, value, _ := strings.Cut(strings.ReplaceAll(piece, "\x00", "&"), "=")
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + url.QueryEscape(value))
	}
	return b.String()
}

// FuzzDiagnose: no message makes the doctor fail, whatever it is.
func FuzzDiagnose(f *testing.F) {
	p := sickNotice()
	p["sign"] = "AAAA"
	key := publicOf(keys()[0])
	f.Add("", p.Encode(), "", "")
	f.Add("/gateway.do?"+sickRequest().Encode()+"&sign=AA", "biz_content={}", "", "app_id=1")
	f.Add("", `{"a_response":{"code":"10000"},"alipay_cert_sn":"x","sign":"AAAA"}`, "", "")
	f.Add("/v3/a?b=c", `{}`, "ALIPAY-SHA256withRSA app_id=1,nonce=2,timestamp=3,sign=AAAA", "")
	f.Fuzz(func(t *testing.T, target, body, auth, built string) {
		s := provider.Specimen{Method: "POST", URL: target, Header: http.Header{}, Body: []byte(body), Built: []byte(built), Keys: []provider.SpecimenKey{{PEM: key}, {Secret: []byte(built)}}}
		if auth != "" {
			s.Header["authorization"] = []string{auth}
			s.Header[wire.V3Signature] = []string{auth}
		}
		New().Claims(s)
		for _, kind := range []provider.SpecimenKind{"", provider.SpecimenRequest, provider.SpecimenResponse, provider.SpecimenNotification} {
			s.Kind = kind
			if d := New().Diagnose(s); d.Valid {
				t.Fatalf("valid: %q %q %q", target, body, auth)
			}
		}
	})
}
