package unionpay

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"postern/provider"
	"postern/provider/unionpay/wire"
)

var _ provider.Diagnoser = Connector{}

// mistakes are what people do to messages of this protocol, beside what they do to those of any.
var mistakes = slices.Concat(provider.CommonMistakes, provider.Mistakes{
	{Code: "hashed_once", ZH: "签名只做了一次 SHA-256：5.1.0 先取待签内容的 SHA-256 小写十六进制，再对它签名。", EN: "The text was hashed once: version 5.1.0 signs the lower-case hexadecimal digits of its SHA-256."},
	{Code: "digest_upper_case", ZH: "SHA-256 的十六进制写成了大写：要用小写。", EN: "The digits of the SHA-256 are in upper case: write them in lower case."},
	{Code: "cert_id_other", ZH: "certId 不是这张证书的序列号，应为 {}（十进制）。", EN: "certId is not the serial number of this certificate, which is {} in decimal."},
	{Code: "certificate_not_trusted", ZH: "签名与消息自带的证书相符，但还不能证明是银联的：请提供银联的中级证书和根证书。", EN: "The signature fits the certificate in the message, which does not prove yet that it is UnionPay's: hand over the middle and the root certificate."},
	{Code: "certificate_forged", ZH: "消息自带的证书不是银联的：不要相信这条消息。", EN: "The certificate in the message is not UnionPay's: do not believe the message."},
	{Code: "shared_key_message", ZH: "这条消息用的是共享密钥（signMethod 11 或 12）：这里只看证书签名，请核对密钥。", EN: "This message is signed with a shared key (signMethod 11 or 12): only certificates are examined here, so compare the key."},
})

// Mistakes lists what can be found in messages of this protocol.
func (Connector) Mistakes() provider.Mistakes { return mistakes }

// Claims goes by the fields that only this protocol has.
func (Connector) Claims(s provider.Specimen) int {
	f := fieldsOf(s)
	if f.Value("signature") != "" && (f.Value("signMethod") != "" || f.Value("certId") != "" || f.Value("merId") != "") {
		return 3
	}
	return 0
}

// fieldsOf reads a form or, for an answer, raw fields in which a plus sign is one.
func fieldsOf(s provider.Specimen) provider.Form {
	if !strings.Contains(string(s.Body), "%") {
		if m, err := wire.ParseBody(string(s.Body)); err == nil && strings.Contains(string(s.Body), "signature=") {
			var f provider.Form
			for _, name := range slices.Sorted(keysOf(m)) {
				f.Pairs = append(f.Pairs, provider.Pair{Name: name, Value: m[name], Raw: m[name], InBody: true})
			}
			return f
		}
	}
	return provider.Form{Pairs: provider.Pairs(string(s.Body), true)}
}

func keysOf(m wire.Message) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range m {
			if !yield(name) {
				return
			}
		}
	}
}

// digested is a draft of the text: the string of the fields, and what is made of it before it is signed.
type digested struct {
	provider.Form
	once, upper bool
}

// Reading hashes the string as the protocol does, and shows the string.
func (d digested) Reading() provider.Reading {
	r := d.Form.Reading()
	r.Shown = string(r.Text)
	if d.once {
		return r
	}
	sum := sha256.Sum256(r.Text)
	r.Text = []byte(hex.EncodeToString(sum[:]))
	if d.upper {
		r.Text = []byte(strings.ToUpper(string(r.Text)))
	}
	return r
}

// Diagnose examines a message that is signed with a certificate.
func (Connector) Diagnose(s provider.Specimen) provider.Diagnosis {
	f := fieldsOf(s)
	if s.Kind == "" {
		s.Kind = provider.SpecimenRequest
		if f.Value("respCode") != "" {
			s.Kind = provider.SpecimenResponse
		}
	}
	e := provider.NewExam(s, mistakes)
	e.Fact("商户号", "merchant", f.Value("merId"))
	e.Fact("签名方式", "signMethod", f.Value("signMethod"))
	e.Fact("证书号", "certId", f.Value("certId"))
	if m := f.Value("signMethod"); m == wire.MethodSHA256 || m == wire.MethodSM3 {
		e.Note("shared_key_message", "")
		return e.Conclude()
	}
	if cert := f.Value(carried); cert != "" { // the message brings the certificate that it was signed with
		e.Bring(provider.SpecimenKey{Name: carried, PEM: cert})
	}
	f.Without, f.DropEmpty = []string{"signature"}, true
	fits := e.Fits(f.Value("signature"))
	e.Digest(fits, crypto.SHA256)
	flag := func(code string, do func(*digested)) provider.Way[digested] {
		return provider.Way[digested]{Code: code, Do: func(d digested) (digested, bool) { do(&d); return d, true }}
	}
	axes := []provider.Axis[digested]{{flag("hashed_once", func(d *digested) { d.once = true }), flag("digest_upper_case", func(d *digested) { d.upper = true })}}
	for _, axis := range []provider.Axis[provider.Form]{
		provider.EmptyAxis("empties_signed", "empties_dropped"), provider.DecodeAxis(), provider.OrderAxis(), provider.ExtraAxis(f), provider.EndAxis(), provider.ExtraAxis(f),
	} {
		var lifted provider.Axis[digested]
		for _, w := range axis {
			lifted = append(lifted, provider.Way[digested]{Code: w.Code, Detail: w.Detail, Do: func(d digested) (digested, bool) {
				now, ok := w.Do(d.Form)
				d.Form = now
				return d, ok
			}})
		}
		axes = append(axes, lifted)
	}
	fit, _, ok := e.Search(fits, provider.Readings(digested{Form: f}, axes, provider.Depth(len(s.Body)), digested.Reading))
	if ok && fit.Key.Name == carried {
		carriedCertificate(e, f)
	}
	if id := f.Value("certId"); ok && fit.Key.Cert != nil && id != "" && fit.Key.Cert.SerialNumber.String() != id {
		e.Blame("cert_id_other", fit.Key.Cert.SerialNumber.String())
	}
	e.Ended()
	return e.Conclude()
}

// carried is the field with the certificate that a message was signed with.
const carried = "signPubKeyCert"

// carriedCertificate holds the certificate of a message against the authorities that the asker handed over: without them anybody's would do.
func carriedCertificate(e *provider.Exam, f provider.Form) {
	text := map[string]string{}
	for _, k := range e.Specimen.Keys {
		text[k.Name] = k.PEM
	}
	if text[KeyMiddle] == "" || text[KeyRoot] == "" {
		e.Doubt("certificate_not_trusted", "")
		return
	}
	at := e.Specimen.Now
	if at.IsZero() {
		at, _ = wire.ParseTime(f.Value("txnTime")) // zero, which no certificate is good for
	}
	if _, err := wire.CheckChain(f.Value(carried), text[KeyMiddle], text[KeyRoot], at, false); err != nil {
		e.Blame("certificate_forged", "")
	}
}
