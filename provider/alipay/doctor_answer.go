package alipay

import (
	"bytes"
	"crypto"
	"encoding/json"
	"strings"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// answer is a draft of the text that an answer's signature covers: the raw value of the response member, and what people take in with it. At is where it begins in the body.
type answer struct {
	value, was    []byte
	before, after string
	at            int
	whole         []byte // all of the body, where people sign that
}

func (a answer) Reading() provider.Reading {
	if a.whole != nil {
		return provider.Reading{Text: a.whole}
	}
	r := provider.Reading{Text: append(append([]byte(a.before), a.value...), a.after...)}
	if a.before == "" && a.after == "" && !bytes.Equal(a.value, a.was) {
		r.Offset, r.Length = provider.Differ(a.was, a.value)
		r.Offset += a.at
	}
	return r
}

// parts are an answer taken apart without judging it.
type parts struct {
	root, sign, sn string
	answer         answer
}

// takeApart finds the response member, its bytes and its place, whatever the method was.
func takeApart(body []byte) (parts, bool) {
	var p parts
	dec := json.NewDecoder(bytes.NewReader(body))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return p, false
	}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		var raw json.RawMessage
		if err != nil || !ok || dec.Decode(&raw) != nil {
			return p, false
		}
		var text string
		switch {
		case strings.HasSuffix(name, "_response"):
			p.root = name
			p.answer = answer{value: raw, was: raw, at: int(dec.InputOffset()) - len(raw)}
		case name == "sign" && json.Unmarshal(raw, &text) == nil:
			p.sign = text
		case name == "alipay_cert_sn" && json.Unmarshal(raw, &text) == nil:
			p.sn = text
		}
	}
	return p, p.root != ""
}

func diagnoseAnswer(e *provider.Exam) {
	body := e.Specimen.Body
	if len(bytes.TrimSpace(body)) == 0 {
		e.Note("body_empty", "")
		return
	}
	p, ok := takeApart(body)
	if !ok {
		e.Blame("malformed", "JSON: *_response, sign")
		return
	}
	e.Fact("应答", "answer", p.root)
	e.Fact("支付宝证书号", "alipay_cert_sn", p.sn)
	platformPair(e)
	if p.sign == "" {
		e.Note("answer_unsigned", "")
		return
	}
	fits := e.Fits(p.sign)
	if len(fits) > 0 && fits[0].Hash != crypto.SHA256 && fits[0].Hash != crypto.SHA1 {
		e.Blame("digest_other", fits[0].Hash.String())
	}
	axes := append([]provider.Axis[answer]{aroundAxis(p, body), encryptionAxis(e.Keys)},
		provider.BodyAxes(func(a answer) []byte { return a.value }, func(a answer, b []byte) answer { a.value = b; return a })...)
	fit, r, ok := e.Search(fits, provider.Readings(p.answer, axes, provider.Depth(len(body)), answer.Reading))
	if ok && len(r.Steps) == 1 && r.Steps[0].Code == "body_slash_escaped" && fit.Code == "" {
		e.Accept(r, "answer_slashes") // wire.Envelope.Verify takes it too, as the official SDKs do
	}
	platformKeys(e, fits, fit, ok, p.sn)
}

// aroundAxis takes in too much around the value.
func aroundAxis(p parts, body []byte) provider.Axis[answer] {
	around := func(code, before, after string) provider.Way[answer] {
		return provider.Way[answer]{Code: code, Do: func(a answer) (answer, bool) { a.before, a.after = before, after; return a, true }}
	}
	name := `"` + p.root + `":`
	axis := provider.Axis[answer]{around("root_included", name, ""), around("root_included", "{"+name, "}"),
		{Code: "whole_body", Do: func(a answer) (answer, bool) { a.whole = body; return a, true }}}
	if p.sn != "" {
		axis = append(axis, around("cert_sn_included", "", `,"alipay_cert_sn":"`+p.sn+`"`), around("cert_sn_included", "{"+name, `,"alipay_cert_sn":"`+p.sn+`"}`))
	}
	return axis
}

// encryptionAxis signs an encrypted answer before it was encrypted, or without its quotes.
func encryptionAxis(keys []provider.TrialKey) provider.Axis[answer] {
	axis := provider.Axis[answer]{{Code: "quotes_left_out", Do: func(a answer) (answer, bool) {
		var text string
		ok := len(a.value) > 0 && a.value[0] == '"' && json.Unmarshal(a.value, &text) == nil
		a.value = []byte(text)
		return a, ok
	}}}
	for _, key := range contentKeys(keys) {
		axis = append(axis, provider.Way[answer]{Code: "signed_before_encryption", Do: func(a answer) (answer, bool) {
			var text string
			if len(a.value) == 0 || a.value[0] != '"' || json.Unmarshal(a.value, &text) != nil {
				return a, false
			}
			plain, err := key.Decrypt(text)
			a.value = plain
			return a, err == nil
		}})
	}
	return axis
}

// diagnoseV3Request examines a request whose signature is in the Authorization header.
func diagnoseV3Request(e *provider.Exam) {
	s := e.Specimen
	scheme, rest, _ := strings.Cut(s.Get("Authorization"), " ")
	cut := strings.LastIndex(rest, ",sign=")
	if cut < 0 {
		e.Blame("malformed", "Authorization: "+wire.V3Scheme+" ...,sign=")
		return
	}
	authority := rest[:cut]
	fields := map[string]string{}
	for pair := range strings.SplitSeq(authority, ",") {
		name, value, _ := strings.Cut(pair, "=")
		fields[name] = value
	}
	e.Fact("签名方式", "scheme", scheme)
	e.Fact("应用", "app", fields["app_id"])
	e.Fact("应用证书号", "app_cert_sn", fields["app_cert_sn"])
	e.Fact("时间戳", "timestamp", fields["timestamp"])
	if n := len(fields["timestamp"]); n != 13 {
		e.Note("timestamp_ms", "")
	} else {
		e.Clock(milliseconds(fields["timestamp"]), wire.V3Skew)
	}
	fits := e.Fits(rest[cut+len(",sign="):])
	e.Digest(fits, crypto.SHA256)
	l := provider.Lines{Head: []string{authority, s.Method, s.Target()}, Body: s.Body, Received: true}
	if token := s.Get(wire.V3AppAuthToken); token != "" {
		l.Tail = []string{token}
	}
	axes := append([]provider.Axis[provider.Lines]{
		provider.LineAxis(1, 2)[:2], provider.TargetAxis(2, s),
		{{Code: "token_left_out", Do: func(l provider.Lines) (provider.Lines, bool) { had := len(l.Tail) > 0; l.Tail = nil; return l, had }}},
		{provider.Head("scheme_in_text", 0, func(a string) string { return scheme + " " + a })},
		{provider.Head("method_case", 1, strings.ToLower), provider.Head("method_case", 1, strings.ToUpper)},
		plainAxis(e.Keys),
	}, bodyAxes()...)
	fit, _, ok := e.Search(fits, provider.Readings(l, axes, provider.Depth(len(s.Body)), provider.Lines.Reading))
	if ok && platforms(fit.Key) {
		e.BlameFirst("app_key_as_platform", fit.Key.Name)
	}
	requestKeys(e, fits, fields["app_cert_sn"])
}

// plainAxis signs a body before it was encrypted, or no body at all.
func plainAxis(keys []provider.TrialKey) provider.Axis[provider.Lines] {
	axis := provider.Axis[provider.Lines]{{Code: "body_not_signed", Do: func(l provider.Lines) (provider.Lines, bool) {
		had := len(l.Body) > 0
		l.Body, l.Received = nil, false
		return l, had
	}}}
	for _, key := range contentKeys(keys) {
		axis = append(axis, provider.Way[provider.Lines]{Code: "signed_before_encryption", Do: func(l provider.Lines) (provider.Lines, bool) {
			plain, err := key.Decrypt(string(l.Body))
			l.Body, l.Received = plain, false
			return l, err == nil
		}})
	}
	return axis
}

func bodyAxes() []provider.Axis[provider.Lines] {
	return provider.BodyAxes(func(l provider.Lines) []byte { return l.Body }, func(l provider.Lines, b []byte) provider.Lines { l.Body = b; return l })
}

// diagnoseV3Answer examines an answer whose signature is in headers.
func diagnoseV3Answer(e *provider.Exam) {
	s := e.Specimen
	head := map[string]string{}
	for _, name := range []string{wire.V3Timestamp, wire.V3Nonce, wire.V3Signature} {
		value, spelled := s.Like(name)
		head[name] = value
		if value == "" {
			e.Blame("header_missing", name)
		} else if !strings.EqualFold(spelled, name) {
			e.Note("header_renamed", spelled)
		}
	}
	e.Fact("时间戳", "timestamp", head[wire.V3Timestamp])
	e.Fact("支付宝证书号", "alipay-sn", s.Get(wire.V3SN))
	e.Clock(milliseconds(head[wire.V3Timestamp]), wire.V3Skew)
	if len(s.Body) == 0 {
		e.Note("body_empty", "")
	}
	platformPair(e)
	fits := e.Fits(head[wire.V3Signature])
	e.Digest(fits, crypto.SHA256)
	l := provider.Lines{Head: []string{head[wire.V3Timestamp], head[wire.V3Nonce]}, Body: s.Body, Received: true}
	axes := append([]provider.Axis[provider.Lines]{provider.LineAxis(0, 1), {provider.TimestampWay(0)}, plainAxis(e.Keys)}, bodyAxes()...)
	fit, _, ok := e.Search(fits, provider.Readings(l, axes, provider.Depth(len(s.Body)), provider.Lines.Reading))
	platformKeys(e, fits, fit, ok, s.Get(wire.V3SN))
}
