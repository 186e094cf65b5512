package alipay

import (
	"bytes"
	"crypto"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"postern/provider"
	"postern/provider/alipay/wire"
)

var _ provider.Diagnoser = (*Connector)(nil)

// Mistakes lists what can be found in messages of this protocol.
func (*Connector) Mistakes() provider.Mistakes { return mistakes }

// Claims says how surely a message is Alipay's, by the names that its protocol has.
func (*Connector) Claims(s provider.Specimen) int {
	switch {
	case strings.HasPrefix(s.Get("Authorization"), "ALIPAY-"), s.Get(wire.V3Signature) != "":
		return 3
	case bytes.HasPrefix(bytes.TrimSpace(s.Body), []byte("{")):
		if head := s.Body[:min(len(s.Body), 200)]; bytes.Contains(head, []byte("_response\"")) {
			return 3
		}
		return 0
	}
	f := formOf(s)
	switch {
	case f.Value("app_id") != "" && (f.Value("sign") != "" || f.Value("sign_type") != ""):
		return 3
	case f.Value("notify_id") != "" && f.Value("sign") != "", f.Value("biz_content") != "":
		return 2
	}
	return 0
}

// Diagnose examines a message of gateway v2 or of v3.
func (*Connector) Diagnose(s provider.Specimen) provider.Diagnosis {
	authorized := strings.HasPrefix(s.Get("Authorization"), "ALIPAY-")
	object := bytes.HasPrefix(bytes.TrimSpace(s.Body), []byte("{"))
	if s.Kind == "" {
		switch {
		case authorized:
			s.Kind = provider.SpecimenRequest
		case s.Status != 0, s.Get(wire.V3Signature) != "", object:
			s.Kind = provider.SpecimenResponse
		default:
			s.Kind = formKind(formOf(s))
		}
	}
	e := provider.NewExam(s, mistakes)
	switch {
	case s.Kind == provider.SpecimenRequest && authorized:
		diagnoseV3Request(e)
	case s.Kind == provider.SpecimenRequest:
		diagnoseRequest(e)
	case s.Kind == provider.SpecimenNotification:
		diagnoseNotice(e)
	case s.Get(wire.V3Signature) != "" || s.Get(wire.V3Timestamp) != "":
		diagnoseV3Answer(e)
	default:
		diagnoseAnswer(e)
	}
	e.Ended()
	return e.Conclude()
}

// formOf merges query and form body as the gateway does: the first value of a name counts.
func formOf(s provider.Specimen) provider.Form {
	var f provider.Form
	seen := map[string]bool{}
	list := provider.Pairs(s.Query(), false)
	if s.Form() {
		list = append(list, provider.Pairs(string(s.Body), true)...)
	}
	for _, p := range list {
		if !seen[p.Name] {
			seen[p.Name] = true
			f.Pairs = append(f.Pairs, p)
		}
	}
	return f
}

// formKind tells a notification, or a browser that comes back, from a request.
func formKind(f provider.Form) provider.SpecimenKind {
	if f.Value("notify_id") != "" || f.Value("notify_type") != "" || strings.HasSuffix(f.Value("method"), ".return") || f.Value("method") == "" {
		return provider.SpecimenNotification
	}
	return provider.SpecimenRequest
}

// digestOf is the hash that a sign_type stands for.
func digestOf(signType string) crypto.Hash {
	if signType == wire.SignTypeRSA {
		return crypto.SHA1
	}
	return crypto.SHA256
}

func diagnoseRequest(e *provider.Exam) {
	f := formOf(e.Specimen)
	f.Without, f.DropEmpty = []string{"sign"}, true
	factsOf(e, f)
	if at, err := wire.ParseTime(f.Value("timestamp")); err == nil {
		e.Clock(at, day)
	}
	fits := e.Fits(f.Value("sign"))
	e.Digest(fits, digestOf(f.Value("sign_type")))
	axes := append([]provider.Axis[provider.Form]{
		{{Code: "sign_type_left_out", Do: without("sign_type")}},
		whereAxis(), contentAxis(e.Keys),
		provider.LostAxis(f, provider.Pair{Name: "charset", Value: "utf-8"}, provider.Pair{Name: "version", Value: "1.0"}, provider.Pair{Name: "format", Value: "JSON"},
			provider.Pair{Name: "sign_type", Value: "RSA2"}),
	}, common(f, "biz_content")...)
	fit, _, ok := e.Search(fits, provider.Readings(f, axes, provider.Depth(len(e.Specimen.Body)+len(e.Specimen.URL)), provider.Form.Reading))
	if ok && platforms(fit.Key) {
		e.BlameFirst("app_key_as_platform", fit.Key.Name)
	}
	requestKeys(e, fits, f.Value("app_cert_sn"))
}

// requestKeys looks at the keys of a request: whether another pair signed it, and whether the certificate is the one it names.
func requestKeys(e *provider.Exam, fits []provider.Fit, sn string) {
	for _, k := range e.Keys {
		if k.Cert == nil || platforms(k) || sn == "" {
			continue
		}
		if wire.CertSN(k.Cert) != sn && !slices.ContainsFunc(e.Keys, func(x provider.TrialKey) bool { return x.Cert != nil && wire.CertSN(x.Cert) == sn }) {
			e.Blame("app_cert_sn_other", wire.CertSN(k.Cert))
			return
		}
	}
	if len(fits) == 0 && slices.ContainsFunc(e.Keys, func(k provider.TrialKey) bool { return k.Private }) {
		e.Note("request_other_pair", "")
	}
}

// day is how far a request's timestamp may be away: it is written in Beijing's time by some clients and in their own by others.
const day = 24 * time.Hour

func diagnoseNotice(e *provider.Exam) {
	f := formOf(e.Specimen)
	f.Without = []string{"sign", "sign_type"}
	factsOf(e, f)
	e.Fact("通知号", "notification", f.Value("notify_id"))
	platformPair(e)
	fits := e.Fits(f.Value("sign"))
	if f.Value("sign_type") != "" {
		e.Digest(fits, digestOf(f.Value("sign_type")))
	}
	axes := append([]provider.Axis[provider.Form]{
		{{Code: "sign_type_included", Do: func(f provider.Form) (provider.Form, bool) {
			f.Without = []string{"sign"}
			return f, f.Value("sign_type") != ""
		}}},
		provider.LostAxis(f, provider.Pair{Name: "sign_type", Value: "RSA2"}, provider.Pair{Name: "sign_type", Value: "RSA"}, provider.Pair{Name: "charset", Value: "utf-8"},
			provider.Pair{Name: "version", Value: "1.0"}),
	}, common(f, "fund_bill_list")...)
	axes = append(axes, provider.ValueAxes("biz_content")...)
	fit, r, ok := e.Search(fits, provider.Readings(f, axes, provider.Depth(len(e.Specimen.Body)+len(e.Specimen.URL)), provider.Form.Reading))
	if ok && len(r.Steps) == 1 && r.Steps[0].Code == "sign_type_included" && fit.Code == "" {
		e.Accept(r, "app_gateway_message")
	}
	platformKeys(e, fits, fit, ok, f.Value("alipay_cert_sn"))
}

// factsOf are what a form says of itself.
func factsOf(e *provider.Exam, f provider.Form) {
	e.Fact("应用", "app", f.Value("app_id"))
	e.Fact("接口", "method", f.Value("method"))
	e.Fact("签名类型", "sign_type", f.Value("sign_type"))
	e.Fact("字符集", "charset", f.Value("charset"))
	e.Fact("应用证书号", "app_cert_sn", f.Value("app_cert_sn"))
	e.Fact("支付宝证书号", "alipay_cert_sn", f.Value("alipay_cert_sn"))
	e.Fact("内容加密", "encrypt_type", f.Value("encrypt_type"))
}

// common are the ways that requests and notifications share; value is the parameter that holds JSON.
func common(f provider.Form, value string) []provider.Axis[provider.Form] {
	axes := []provider.Axis[provider.Form]{
		provider.EmptyAxis("empties_signed", "empties_dropped"), provider.DecodeAxis(), provider.OrderAxis(), provider.ExtraAxis(f, "sign_type"), charsetAxis(), provider.EndAxis(),
		{{Code: "sign_in_text", Do: func(f provider.Form) (provider.Form, bool) {
			f.Without = slices.DeleteFunc(slices.Clone(f.Without), func(name string) bool { return name == "sign" })
			f = f.Set("sign", "")
			f.DropEmpty = false
			return f, true
		}}},
	}
	axes = append(axes, provider.ValueAxes(value)...)
	return append(axes, provider.ExtraAxis(f, "sign_type")) // once more: two parameters may have been added
}

func without(name string) func(provider.Form) (provider.Form, bool) {
	return func(f provider.Form) (provider.Form, bool) {
		if f.Value(name) == "" || slices.Contains(f.Without, name) {
			return f, false
		}
		f.Without = append(slices.Clip(f.Without), name)
		return f, true
	}
}

// whereAxis signs only what is in the query, or in the body.
func whereAxis() provider.Axis[provider.Form] {
	only := func(code string, body bool) provider.Way[provider.Form] {
		return provider.Way[provider.Form]{Code: code, Do: func(f provider.Form) (provider.Form, bool) {
			n := len(f.Pairs)
			f.Pairs = slices.DeleteFunc(slices.Clone(f.Pairs), func(p provider.Pair) bool { return p.InBody != body })
			return f, len(f.Pairs) > 0 && len(f.Pairs) < n
		}}
	}
	return provider.Axis[provider.Form]{only("body_not_signed", false), only("query_not_signed", true)}
}

// contentAxis signs what was encrypted afterwards.
func contentAxis(keys []provider.TrialKey) provider.Axis[provider.Form] {
	var axis provider.Axis[provider.Form]
	for _, key := range contentKeys(keys) {
		axis = append(axis, provider.Way[provider.Form]{Code: "signed_before_encryption", Do: func(f provider.Form) (provider.Form, bool) {
			plain, err := key.Decrypt(f.Value("biz_content"))
			return f.Set("biz_content", string(plain)), err == nil
		}})
	}
	return axis
}

// contentKeys are the given secrets that are content keys.
func contentKeys(keys []provider.TrialKey) []wire.ContentKey {
	var list []wire.ContentKey
	for _, k := range keys {
		if content, err := wire.ParseContentKey(strings.TrimSpace(string(k.Secret))); len(k.Secret) > 0 && err == nil {
			list = append(list, content)
		}
	}
	return list
}

// charsetAxis signs the text in the other of the two charsets.
func charsetAxis() provider.Axis[provider.Form] {
	return provider.Axis[provider.Form]{
		{Code: "value_charset", Detail: "GBK", Do: func(f provider.Form) (provider.Form, bool) {
			f.Encode = func(s string) []byte {
				if out, err := simplifiedchinese.GBK.NewEncoder().String(s); err == nil {
					return []byte(out)
				}
				return []byte(s)
			}
			return f, hasHan(f)
		}},
		{Code: "value_charset", Detail: "UTF-8", Do: func(f provider.Form) (provider.Form, bool) {
			f.Encode = func(s string) []byte {
				if out, err := simplifiedchinese.GBK.NewDecoder().String(s); err == nil {
					return []byte(out)
				}
				return []byte(s)
			}
			return f, hasHan(f)
		}},
	}
}

// hasHan says that there is anything which charsets write differently.
func hasHan(f provider.Form) bool {
	return slices.ContainsFunc(f.Pairs, func(p provider.Pair) bool {
		return strings.ContainsFunc(p.Value, func(r rune) bool { return r > 0x7f })
	})
}

// platforms says that a key was given as Alipay's.
func platforms(k provider.TrialKey) bool { return k.Name == keyPlatform || k.Name == keyAlipayCert }

// platformPair notes a private key alone, where Alipay's public key is wanted.
func platformPair(e *provider.Exam) {
	if len(e.Keys) > 0 && !slices.ContainsFunc(e.Keys, func(k provider.TrialKey) bool { return k.Public != nil && !k.Private }) {
		if i := slices.IndexFunc(e.Keys, func(k provider.TrialKey) bool { return k.Private }); i >= 0 {
			e.Note("private_key_given", e.Keys[i].Label())
		}
	}
}

// platformKeys looks at the keys of what Alipay signs: whether the app's own key stands where Alipay's should, and whether the certificate is the one that is named.
func platformKeys(e *provider.Exam, fits []provider.Fit, fit provider.Fit, ok bool, sn string) {
	for _, f := range fits { // one pair may be given under several names
		if ok && (f.Key.Private || f.Key.Name == keyApp || f.Key.Name == keyAppCert) {
			e.BlameFirst("signed_by_app", f.Key.Label())
			return
		}
	}
	known := slices.ContainsFunc(e.Keys, func(k provider.TrialKey) bool { return k.Cert != nil && wire.CertSN(k.Cert) == sn })
	certs := slices.ContainsFunc(e.Keys, func(k provider.TrialKey) bool { return k.Cert != nil })
	switch k, own := e.Pair(); {
	case len(fits) == 0 && own:
		e.BlameFirst("app_public_key_given", k.Label())
	case len(fits) == 0 && sn != "" && certs && !known:
		e.BlameFirst("cert_sn_unknown", sn)
	case len(fits) > 0 && sn != "" && fit.Key.Cert != nil && wire.CertSN(fit.Key.Cert) != sn:
		e.Blame("cert_sn_other", wire.CertSN(fit.Key.Cert))
	}
}

// milliseconds reads a timestamp of v3.
func milliseconds(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n)
}
