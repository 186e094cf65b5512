package wechatpay

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // API v2's own choice
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"html"
	"slices"
	"strings"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// keyed is a draft of v2's text: the fields, and how the key follows them.
type keyed struct {
	provider.Form
	joint, key string
}

// Reading builds the text; what is shown of it has no key.
func (k keyed) Reading() provider.Reading {
	r := k.Form.Reading()
	r.Shown = string(r.Text) + k.joint + masked
	r.Text = append(append(r.Text, k.joint...), k.key...)
	return r
}

const (
	joint  = "&key="
	masked = "[redacted]"
)

// xmlPairs reads the fields in their order, with what stood between the tags.
func xmlPairs(body []byte) []provider.Pair {
	var list []provider.Pair
	d := xml.NewDecoder(bytes.NewReader(body))
	depth, start := 0, 0
	var value strings.Builder
	for len(list) < 500 {
		before := int(d.InputOffset())
		token, err := d.Token()
		if err != nil {
			return list
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			start = int(d.InputOffset())
			value.Reset()
		case xml.CharData:
			value.Write(t)
		case xml.EndElement:
			if depth == 2 && before >= start {
				list = append(list, provider.Pair{Name: t.Name.Local, Value: value.String(), Raw: string(body[start:before]), At: start, Len: before - start, InBody: true})
			}
			depth--
		}
	}
	return list
}

func diagnoseV2(e *provider.Exam) {
	if _, err := wire.ParseXML(e.Specimen.Body, ""); err != nil {
		e.Note("malformed", strings.TrimPrefix(err.Error(), "wechatpay: "))
	}
	f := provider.Form{Pairs: xmlPairs(e.Specimen.Body)}
	e.Fact("商户号", "merchant", f.Value("mch_id"))
	e.Fact("签名类型", "sign_type", f.Value("sign_type"))
	if f.Value("req_info") != "" && f.Value("sign") == "" {
		openRefundNotice(e, f.Value("req_info"))
		return
	}
	if f.Value("return_code") == "FAIL" && f.Value("sign") == "" {
		e.Note("v2_not_understood", "")
		return
	}
	if f.Value("nonce_str") == "" {
		e.Note("nonce_missing", "")
	}
	examineKeyed(e, f, "sign", f.Value("sign_type"))
}

// openRefundNotice opens a notification of a refund, which is encrypted and not signed.
func openRefundNotice(e *provider.Exam, box string) {
	for _, k := range e.Keys {
		if len(k.Secret) == 0 {
			continue
		}
		if _, err := wire.OpenReqInfo(box, k.Secret); err == nil {
			e.Opened()
			e.Remark("refund_notice_opens", "")
			return
		}
	}
	e.Note("refund_notice_shut", "")
}

// examineKeyed searches texts that end in a shared key, for each secret that was given. The signature is in the parameter named sign.
func examineKeyed(e *provider.Exam, f provider.Form, sign, declared string) {
	signature := strings.TrimSpace(f.Value(sign))
	f.Without, f.DropEmpty = []string{sign}, true
	kind := wire.SignMD5
	if len(signature) == 2*sha256.Size {
		kind = wire.SignHMAC
	}
	e.Fact("签名算法", "algorithm", kind)
	if _, err := hex.DecodeString(signature); signature == "" || err != nil || len(signature) != 2*md5.Size && kind == wire.SignMD5 {
		e.Blame("v2_sign_malformed", "")
		return
	}
	tried := false
	for _, k := range e.Keys {
		if len(k.Secret) == 0 {
			continue
		}
		tried = true
		right := keyed{Form: f, joint: joint, key: string(k.Secret)}
		fit, _, ok := e.Search(keyedFits(k, signature, kind), provider.Readings(right, keyedAxes(f, sign), provider.Depth(len(e.Specimen.Body)), keyed.Reading))
		if !ok {
			continue
		}
		switch {
		case fit.Key.Name == KeyAPIv3:
			e.Blame("v2_with_v3_key", "")
		case declared != "" && declared != kind, declared == "" && kind == wire.SignHMAC && e.Specimen.Kind == provider.SpecimenRequest:
			e.Blame("sign_type_other", kind)
		}
		return
	}
	if tried {
		e.Note("v2_nothing_fits", "")
	} else {
		e.Note("v2_no_key", "")
	}
}

// keyedFits compares with the hashes that people make; the last is not the protocol's.
func keyedFits(k provider.TrialKey, signature, kind string) []provider.Fit {
	fit := func(code string, sum func([]byte) []byte) provider.Fit {
		if code == "" && signature != strings.ToUpper(signature) {
			code = "sign_lower_case"
		}
		return provider.Fit{Key: k, Code: code, Match: func(text []byte) bool { return strings.EqualFold(hex.EncodeToString(sum(text)), signature) }}
	}
	if kind == wire.SignMD5 {
		return []provider.Fit{fit("", func(text []byte) []byte { d := md5.Sum(text); return d[:] })} //nolint:gosec // see the import
	}
	return []provider.Fit{
		fit("", func(text []byte) []byte { h := hmac.New(sha256.New, k.Secret); h.Write(text); return h.Sum(nil) }),
		fit("hash_without_key", func(text []byte) []byte { d := sha256.Sum256(text); return d[:] }),
	}
}

// keyedAxes are the ways of the form, and those of the key behind it.
func keyedAxes(f provider.Form, sign string) []provider.Axis[keyed] {
	suffix := func(code string, change func(keyed) keyed) provider.Way[keyed] {
		return provider.Way[keyed]{Code: code, Do: func(k keyed) (keyed, bool) {
			now := change(k)
			return now, now.joint != k.joint || now.key != k.key
		}}
	}
	var key provider.Axis[keyed]
	for _, other := range []string{"key=", "&", "", "&KEY=", "&secret=", "&Key=", "&&key="} {
		key = append(key, suffix("key_appended_wrongly", func(k keyed) keyed { k.joint = other; return k }))
	}
	key = append(key,
		suffix("key_left_out", func(k keyed) keyed { k.joint, k.key = "", ""; return k }),
		suffix("key_with_newline", func(k keyed) keyed { k.key += "\n"; return k }),
		suffix("key_with_newline", func(k keyed) keyed { k.key = strings.TrimSpace(k.key); return k }),
		suffix("key_case", func(k keyed) keyed { k.key = strings.ToUpper(k.key); return k }),
		suffix("key_case", func(k keyed) keyed { k.key = strings.ToLower(k.key); return k }))
	axes := []provider.Axis[keyed]{key}
	values := provider.DecodeAxis()
	values[0].Code = "cdata_in_text" // what stands between the tags is what is not decoded
	values = append(values,
		provider.Each("cdata_in_text", func(p provider.Pair) string { return "<![CDATA[" + p.Value + "]]>" }),
		provider.Each("html_in_value", func(p provider.Pair) string { return html.EscapeString(p.Value) }))
	for _, axis := range []provider.Axis[provider.Form]{
		provider.EmptyAxis("empties_signed", "empties_dropped"), values, provider.OrderAxis(), provider.ExtraAxis(f, sign), provider.LostAxis(f, provider.Pair{Name: "sign_type", Value: "MD5"},
			provider.Pair{Name: "sign_type", Value: "HMAC-SHA256"}, provider.Pair{Name: "fee_type", Value: "CNY"}),
		{provider.Each("blanks_in_value", func(p provider.Pair) string { return strings.TrimSpace(p.Value) })},
		provider.ExtraAxis(f, sign),
	} {
		axes = append(axes, lifted(axis))
	}
	return axes
}

// lifted makes ways of a form into ways of a form with its key.
func lifted(axis provider.Axis[provider.Form]) provider.Axis[keyed] {
	out := make(provider.Axis[keyed], 0, len(axis))
	for _, w := range axis {
		out = append(out, provider.Way[keyed]{Code: w.Code, Detail: w.Detail, Do: func(k keyed) (keyed, bool) {
			now, ok := w.Do(k.Form)
			k.Form = now
			return k, ok
		}})
	}
	return out
}

// readAction reads what a page, a mini program or an app opens the wallet with.
func readAction(body []byte) (map[string]string, bool) {
	var raw map[string]json.RawMessage
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &raw) != nil {
		return nil, false
	}
	fields := map[string]string{}
	for name, v := range raw { // a timestamp may be a number: the page writes it as a text in the end
		var text string
		if json.Unmarshal(v, &text) != nil {
			text = string(v)
		}
		fields[name] = text
	}
	return fields, fields["paySign"] != "" || fields["prepayid"] != "" && fields["sign"] != ""
}

// diagnoseAction examines paySign, or the sign of an app: four lines, signed with the merchant's key; or v2's fields with its shared key.
func diagnoseAction(e *provider.Exam, a map[string]string) {
	if a["paySign"] != "" && a["signType"] != "RSA" {
		f := provider.Form{}
		for _, name := range []string{"appId", "nonceStr", "package", "signType", "timeStamp", "paySign"} {
			f.Pairs = append(f.Pairs, provider.Pair{Name: name, Value: a[name]})
		}
		if a["signType"] == "" {
			e.Note("action_sign_type", "")
		}
		examineKeyed(e, f, "paySign", a["signType"])
		return
	}
	l := provider.Lines{Head: []string{a["appId"], a["timeStamp"], a["nonceStr"]}, Body: []byte(a["package"])}
	signature := a["paySign"]
	if signature == "" {
		l = provider.Lines{Head: []string{a["appid"], a["timestamp"], a["noncestr"]}, Body: []byte(a["prepayid"])}
		signature = a["sign"]
	}
	e.Fact("AppID", "AppID", l.Head[0])
	e.Fact("时间戳", "timestamp", l.Head[1])
	clock(e, l.Head[1])
	body := func(code string, change func(string) string) provider.Way[provider.Lines] {
		return provider.Way[provider.Lines]{Code: code, Do: func(l provider.Lines) (provider.Lines, bool) {
			now := change(string(l.Body))
			changed := now != string(l.Body)
			l.Body = []byte(now)
			return l, changed
		}}
	}
	axes := []provider.Axis[provider.Lines]{
		provider.LineAxis(1, 2), {provider.TimestampWay(1)},
		{body("prepay_prefix", func(s string) string { return strings.TrimPrefix(s, "prepay_id=") }), body("prepay_prefix", func(s string) string { return "prepay_id=" + s })},
		{{Code: "sign_type_in_text", Do: func(l provider.Lines) (provider.Lines, bool) { l.Tail = []string{"RSA"}; return l, true }}},
	}
	fits := e.Fits(signature)
	fit, _, ok := e.Search(fits, provider.Readings(l, axes, 3, provider.Lines.Reading))
	if ok && fit.Key.Name == KeyPlatformPublic {
		e.BlameFirst("merchant_key_as_platform", fit.Key.Label())
	}
	if len(fits) == 0 && slices.ContainsFunc(e.Keys, func(k provider.TrialKey) bool { return k.Private }) {
		e.Note("request_other_pair", "")
	}
}
