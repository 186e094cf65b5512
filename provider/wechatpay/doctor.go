package wechatpay

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

var _ provider.Diagnoser = Connector{}

// Mistakes implements provider.Diagnoser.
func (Connector) Mistakes() provider.Mistakes { return mistakes }

// Claims implements provider.Diagnoser: by the names of headers, of XML and of JSON members that only this protocol has.
func (Connector) Claims(s provider.Specimen) int {
	body := bytes.TrimSpace(s.Body)
	head := body[:min(len(body), 64<<10)]
	switch {
	case strings.HasPrefix(s.Get("Authorization"), "WECHATPAY"), s.Get(wire.HeaderSignature) != "", s.Get(wire.HeaderSerial) != "":
		return 3
	case bytes.HasPrefix(head, []byte("<xml")), bytes.HasPrefix(head, []byte("<?xml")):
		return 2
	case bytes.HasPrefix(head, []byte("{")) && (bytes.Contains(head, []byte(`"encrypt-resource"`)) || bytes.Contains(head, []byte(`"paySign"`)) || bytes.Contains(head, []byte("Sign=WXPay"))):
		return 2
	}
	return 0
}

// Diagnose implements provider.Diagnoser for API v3, API v2, and what a page or an app opens the wallet with.
func (Connector) Diagnose(s provider.Specimen) provider.Diagnosis {
	body := bytes.TrimSpace(s.Body)
	authorized := s.Get("Authorization") != ""
	xml := bytes.HasPrefix(body, []byte("<"))
	action, opens := readAction(body)
	if s.Kind == "" {
		switch {
		case authorized, opens && s.Get(wire.HeaderSignature) == "":
			s.Kind = provider.SpecimenRequest
		case xml && !bytes.Contains(body, []byte("<return_code>")):
			s.Kind = provider.SpecimenRequest
		case s.Status != 0:
			s.Kind = provider.SpecimenResponse
		case xml && !bytes.Contains(body, []byte("<transaction_id>")) && !bytes.Contains(body, []byte("<req_info>")):
			s.Kind = provider.SpecimenResponse
		default:
			s.Kind = provider.SpecimenNotification
		}
	}
	e := provider.NewExam(s, mistakes)
	switch {
	case xml:
		diagnoseV2(e)
	case s.Kind == provider.SpecimenRequest && opens && !authorized:
		diagnoseAction(e, action)
	case s.Kind == provider.SpecimenRequest:
		diagnoseRequest(e)
	default:
		diagnoseAnswer(e)
	}
	e.Ended()
	return e.Conclude()
}

// authorization reads the header's parameters without refusing anything.
func authorization(value string) (scheme string, params map[string]string) {
	scheme, rest, _ := strings.Cut(value, " ")
	params = map[string]string{}
	for pair := range strings.SplitSeq(rest, ",") {
		name, v, _ := strings.Cut(strings.TrimSpace(pair), "=")
		params[name] = strings.Trim(v, `"`)
	}
	return scheme, params
}

func diagnoseRequest(e *provider.Exam) {
	s := e.Specimen
	header := s.Get("Authorization")
	if header == "" {
		e.Blame("header_missing", "Authorization")
		return
	}
	scheme, params := authorization(header)
	e.Fact("签名方式", "scheme", scheme)
	e.Fact("商户号", "merchant", params["mchid"])
	e.Fact("商户证书序列号", "serial_no", params["serial_no"])
	e.Fact("时间戳", "timestamp", params["timestamp"])
	if _, err := wire.ParseAuthorization(header); err != nil {
		e.Note("authorization_malformed", strings.TrimPrefix(err.Error(), wire.ErrAuthorization.Error()+": "))
	}
	clock(e, params["timestamp"])
	fits := e.Fits(params["signature"])
	e.Digest(fits, crypto.SHA256)
	l := provider.Lines{Head: []string{s.Method, s.Target(), params["timestamp"], params["nonce_str"]}, Body: s.Body, Received: true}
	axes := append([]provider.Axis[provider.Lines]{
		emptyAxis(), provider.LineAxis(2, 3), provider.TargetAxis(1, s), {provider.TimestampWay(2)},
		{provider.Head("method_case", 0, strings.ToLower), provider.Head("method_case", 0, strings.ToUpper)},
		{provider.Head("nonce_case", 3, strings.ToLower), provider.Head("nonce_case", 3, strings.ToUpper)},
	}, bodyAxes()...)
	fit, _, ok := e.Search(fits, provider.Readings(l, axes, provider.Depth(len(s.Body)), provider.Lines.Reading))
	if ok && fit.Key.Name == KeyPlatformPublic {
		e.BlameFirst("merchant_key_as_platform", fit.Key.Label())
	}
	requestSerial(e, fits, fit, ok, params["serial_no"])
}

// requestSerial compares serial_no with the certificates that were given: WeChat looks the merchant's key up by it.
func requestSerial(e *provider.Exam, fits []provider.Fit, fit provider.Fit, ok bool, serial string) {
	switch i := slices.IndexFunc(e.Keys, func(k provider.TrialKey) bool { return k.Cert != nil && ok && k.Public.Equal(fit.Key.Public) }); {
	case strings.HasPrefix(serial, wire.PublicKeyIDPrefix):
		e.Blame("serial_of_platform", serial)
	case i >= 0 && !names(e.Keys[i], serial):
		e.Blame("serial_not_of_key", wire.Serial(e.Keys[i].Cert.SerialNumber))
	case len(fits) == 0 && slices.ContainsFunc(e.Keys, func(k provider.TrialKey) bool { return k.Private }):
		e.Note("request_other_pair", "")
	}
}

// names says that a serial number, or the id of a public key, is this key's.
func names(k provider.TrialKey, serial string) bool {
	if k.Cert != nil {
		return wire.NormalSerial(wire.Serial(k.Cert.SerialNumber)) == wire.NormalSerial(serial)
	}
	return k.Name == serial
}

// emptyAxis leaves the body out, or writes what libraries write for none.
func emptyAxis() provider.Axis[provider.Lines] {
	axis := provider.Axis[provider.Lines]{{Code: "body_not_signed", Do: func(l provider.Lines) (provider.Lines, bool) {
		had := len(l.Body) > 0
		l.Body, l.Received = nil, false
		return l, had
	}}}
	for _, nothing := range []string{"{}", "null", "[]", `""`} {
		axis = append(axis, provider.Way[provider.Lines]{Code: "empty_body_signed", Detail: nothing, Do: func(l provider.Lines) (provider.Lines, bool) {
			had := len(l.Body) > 0
			l.Body, l.Received = []byte(nothing), false
			return l, !had
		}})
	}
	return append(axis, provider.Way[provider.Lines]{Code: "empty_line_missing", Do: func(l provider.Lines) (provider.Lines, bool) {
		if len(l.Body) > 0 || len(l.Head) == 0 {
			return l, false
		}
		last := len(l.Head) - 1 // the nonce's line ends the text
		l.Body, l.Head, l.Received = []byte(l.Head[last]), l.Head[:last:last], false
		return l, true
	}})
}

func bodyAxes() []provider.Axis[provider.Lines] {
	return provider.BodyAxes(func(l provider.Lines) []byte { return l.Body }, func(l provider.Lines, b []byte) provider.Lines { l.Body = b; return l })
}

// clock looks at a timestamp: its unit, and how far it is away.
func clock(e *provider.Exam, timestamp string) {
	seconds, err := wire.ParseTimestamp(timestamp)
	switch {
	case len(timestamp) == 13:
		e.Note("timestamp_ms", "")
	case err == nil:
		e.Clock(time.Unix(seconds, 0), wire.ClockWindow)
	}
}

func diagnoseAnswer(e *provider.Exam) {
	s := e.Specimen
	head := map[string]string{}
	cased := ""
	for _, name := range []string{wire.HeaderTimestamp, wire.HeaderNonce, wire.HeaderSignature, wire.HeaderSerial} {
		value, spelled := s.Like(name)
		head[name] = value
		switch {
		case value == "":
			e.Blame("header_missing", name)
		case !strings.EqualFold(spelled, name):
			e.Note("header_renamed", spelled)
		case spelled != name:
			cased = spelled
		}
	}
	if cased != "" {
		e.Note("header_case", cased)
	}
	serial, signature := head[wire.HeaderSerial], head[wire.HeaderSignature]
	e.Fact("平台证书序列号或公钥 ID", "serial", serial)
	e.Fact("时间戳", "timestamp", head[wire.HeaderTimestamp])
	e.Fact("签名方式", "scheme", s.Get(wire.HeaderSignatureType))
	if s.Status >= 300 {
		e.Note("answer_not_2xx", "")
	}
	if strings.HasPrefix(signature, wire.ProbePrefix) {
		e.BlameFirst("signature_probe", "")
		return
	}
	clock(e, head[wire.HeaderTimestamp])
	if len(s.Body) == 0 && s.Status != 204 {
		e.Note("body_empty", "")
	}
	fits := e.Fits(signature)
	e.Digest(fits, crypto.SHA256)
	l := provider.Lines{Head: []string{head[wire.HeaderTimestamp], head[wire.HeaderNonce]}, Body: s.Body, Received: true}
	axes := append([]provider.Axis[provider.Lines]{
		provider.LineAxis(0, 1), {provider.TimestampWay(0)},
		{provider.Head("nonce_case", 1, strings.ToLower), provider.Head("nonce_case", 1, strings.ToUpper)}, emptyAxis(),
	}, bodyAxes()...)
	fit, _, ok := e.Search(fits, provider.Readings(l, axes, provider.Depth(len(s.Body)), provider.Lines.Reading))
	answerKeys(e, fits, fit, ok, serial)
	openResource(e)
}

// answerKeys says which key was wanted where none fits, and whether the merchant's own did.
func answerKeys(e *provider.Exam, fits []provider.Fit, fit provider.Fit, ok bool, serial string) {
	is := func(want func(provider.TrialKey) bool) bool {
		return slices.ContainsFunc(e.Keys, func(k provider.TrialKey) bool { return k.Public != nil && want(k) })
	}
	certs := is(func(k provider.TrialKey) bool { return k.Cert != nil })
	publics := is(func(k provider.TrialKey) bool { return k.Cert == nil && !k.Private })
	named := is(func(k provider.TrialKey) bool { return names(k, serial) })
	id := strings.HasPrefix(serial, wire.PublicKeyIDPrefix)
	switch own, pair := e.Pair(); {
	case ok && slices.ContainsFunc(fits, func(f provider.Fit) bool { return f.Key.Private || f.Key.Name == KeyMerchantCert }):
		e.BlameFirst("signed_by_merchant", fit.Key.Label())
	case ok && !names(fit.Key, serial) && (fit.Key.Cert != nil || !id):
		e.Note("serial_other", serial)
	case len(fits) > 0 || !certs && !publics && !pair:
		if len(fits) == 0 && is(func(k provider.TrialKey) bool { return k.Private }) {
			e.Note("private_key_given", "")
		}
	case pair:
		e.BlameFirst("merchant_key_given", own.Label())
	case id && !publics:
		e.BlameFirst("public_key_wanted", serial)
	case !id && !certs:
		e.BlameFirst("certificate_wanted", serial)
	case is(merchants) && !named:
		e.BlameFirst("merchant_key_given", serial)
	case certs && !named && !id:
		e.BlameFirst("serial_unknown", serial)
	}
}

// merchants says that a certificate is a merchant's: its name is the merchant's number.
func merchants(k provider.TrialKey) bool {
	return k.Cert != nil && (k.Name == KeyMerchantCert || k.Cert.Subject.CommonName != "" && strings.Trim(k.Cert.Subject.CommonName, "0123456789") == "")
}

// openResource tries the given secrets on an encrypted resource. A key of the right length that does not open it is another account's.
func openResource(e *provider.Exam) {
	var n wire.Notification
	if json.Unmarshal(e.Specimen.Body, &n) != nil || n.Resource.Ciphertext == "" {
		return
	}
	length, wrong := "", false
	for _, k := range e.Keys {
		if len(k.Secret) == 0 {
			continue
		}
		if len(k.Secret) != 32 {
			length = k.Label()
			continue
		}
		block, err := aes.NewCipher(k.Secret)
		if err != nil {
			continue
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			continue
		}
		_, err = n.Resource.Open(func(nonce, ciphertext, additional []byte) ([]byte, error) {
			return gcm.Open(nil, nonce, ciphertext, additional)
		})
		if err == nil {
			e.Fact("报文解密", "resource", "OK")
			return
		}
		wrong = true
	}
	switch {
	case wrong:
		e.Remark("apiv3_key_wrong", "")
	case length != "":
		e.Remark("apiv3_key_length", length)
	}
}
