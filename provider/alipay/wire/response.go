package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// Envelope is a gateway answer taken apart.
type Envelope struct {
	// Value is the raw value of the response member, byte for byte as it was sent: this is what the signature covers.
	Value []byte
	Sign  string // base64, empty when the gateway did not sign (it does not for some gateway-level errors)
	// CertSN names the certificate that signed, in certificate mode.
	CertSN string
	// Old says that the value came under error_response, as failures of the OAuth token method and of unknown methods do.
	Old bool
}

// ResponseKey is the member that carries a method's answer: alipay.trade.query becomes alipay_trade_query_response.
func ResponseKey(method string) string { return strings.ReplaceAll(method, ".", "_") + responseEnd }

// Extract takes a gateway answer apart. It checks that the whole is JSON, walks the outermost object and keeps the raw bytes of the response member, so that braces,
// escaped quotes, an inner "sign" or blanks cannot shift the cut. Refused: a member that appears twice, two response members, the response of another method,
// bytes after the object, more than 1 MiB. It returns ErrTooLarge or ErrMalformed, wrapped.
func Extract(body []byte, method string) (Envelope, error) {
	if len(body) > MaxResponse {
		return Envelope{}, fmt.Errorf("%w: answer of %d bytes", ErrTooLarge, len(body))
	}
	members, err := object(body)
	if err != nil {
		return Envelope{}, fmt.Errorf("%w: answer: %w", ErrMalformed, err)
	}
	var env Envelope
	for name, raw := range members {
		switch {
		case name == ResponseKey(method) || name == errorResponseKey:
			if env.Value != nil {
				return Envelope{}, fmt.Errorf("%w: two responses in one answer", ErrMalformed)
			}
			env.Value, env.Old = raw, name == errorResponseKey
		case name == signKey || name == certSNKey:
			into := &env.Sign
			if name == certSNKey {
				into = &env.CertSN
			}
			if err := json.Unmarshal(raw, into); err != nil {
				return Envelope{}, fmt.Errorf("%w: %s is not a text", ErrMalformed, name)
			}
		case strings.HasSuffix(name, responseEnd):
			return Envelope{}, fmt.Errorf("%w: %.80q is not the answer of %s", ErrMalformed, name, method)
		}
	}
	if env.Value == nil {
		return Envelope{}, fmt.Errorf("%w: the answer has no %s", ErrMalformed, ResponseKey(method))
	}
	return env, nil
}

// Verify checks the signature over the raw value and, when that fails, once more with "\/" written as "/", as the Java and PHP SDKs do. It returns ErrUnsigned or
// ErrSignature, wrapped.
func (e Envelope) Verify(verify Verify) error {
	err := check(e.Sign, e.Value, verify)
	if err == nil || e.Sign == "" || !bytes.Contains(e.Value, []byte(`\/`)) {
		return err
	}
	return check(e.Sign, bytes.ReplaceAll(e.Value, []byte(`\/`), []byte("/")), verify)
}

// Encrypted says that the value is not the object itself but its ciphertext. The signature covers it with its quotes.
func (e Envelope) Encrypted() bool { return len(e.Value) > 0 && e.Value[0] == '"' }

// Object decodes the value.
func (e Envelope) Object() (Object, error) { return ParseObject(e.Value) }

// Decrypt decodes a value that is encrypted with the content key.
func (e Envelope) Decrypt(key ContentKey) (Object, error) {
	var text string
	if err := json.Unmarshal(e.Value, &text); err != nil {
		return nil, fmt.Errorf("%w: an encrypted answer that is no text", ErrMalformed)
	}
	plain, err := key.Decrypt(text)
	if err != nil {
		return nil, err
	}
	return ParseObject(plain)
}

// Seal writes a signed answer of method as the gateway does: no blanks, the response member first, sign last. old puts it under error_response.
func Seal(method string, value []byte, old bool, sign Sign) ([]byte, error) {
	return SealCertified(method, value, old, "", sign)
}

// SealCertified is Seal in certificate mode: between the two stands the number of the certificate that signs.
func SealCertified(method string, value []byte, old bool, certSN string, sign Sign) ([]byte, error) {
	s, err := sign(value)
	if err != nil {
		return nil, fmt.Errorf("alipay: sign the answer: %w", err)
	}
	key := ResponseKey(method)
	if old {
		key = errorResponseKey
	}
	b := make([]byte, 0, len(value)+len(key)+400)
	b = append(b, `{"`...)
	b = append(b, key...)
	b = append(b, `":`...)
	b = append(b, value...)
	if certSN != "" {
		b = append(b, `,"`+certSNKey+`":"`+certSN+`"`...)
	}
	b = append(b, `,"sign":"`...)
	b = base64.StdEncoding.AppendEncode(b, s)
	return append(b, `"}`...), nil
}
