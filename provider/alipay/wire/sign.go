package wire

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RSA (SHA1withRSA) is a sign_type of the protocol
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// Params are a message's decoded parameters. One map is both signed over and read from, so that no second parse can disagree.
type Params map[string]string

// Sign signs a canonical string; the algorithm and the key are the caller's. The connector binds a key handle, tests and the sandbox an RSA key.
type Sign func(message []byte) (signature []byte, err error)

// Verify returns nil only when signature is over exactly message.
type Verify func(message, signature []byte) error

// RequestString is the canonical string of a request: every non-empty parameter but sign, sorted by key bytes, joined k=v with &, values as they are (not URL
// encoded). sign_type is included (all official SDKs).
func RequestString(p Params) []byte { return canonical(p, true, signKey, "") }

// NotifyString is the canonical string of a trade notification and of a browser's return: like RequestString but without sign_type (rsaCheckV1 of the Java SDK),
// and with empty values kept, as Node and current PHP do: a notification never has any.
func NotifyString(p Params) []byte { return canonical(p, false, signKey, signTypeKey) }

func canonical(p Params, dropEmpty bool, without, without2 string) []byte {
	type pair struct{ key, value string }
	var few [32]pair // enough for every message that the documents know, without the heap
	pairs, size := few[:0], 0
	for k, v := range p {
		if k == without || k == without2 || (dropEmpty && v == "") {
			continue
		}
		pairs = append(pairs, pair{k, v})
		size += len(k) + len(v) + 2
	}
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	b := make([]byte, 0, size)
	for i, kv := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, kv.key...)
		b = append(b, '=')
		b = append(b, kv.value...)
	}
	return b
}

// Ambiguous says that a value contains text such as "&name=", so that another set of parameters has the same canonical string and thus the same signature:
// k=v&k=v is not injective. Nothing that this switch orders makes Alipay send such a value, so a receiver can refuse it.
func (p Params) Ambiguous() bool {
	for _, v := range p {
		if _, rest, found := strings.Cut(v, "&"); found && strings.Contains(rest, "=") {
			return true
		}
	}
	return false
}

// SignRequest sets sign to the signature over RequestString. sign_type must be set already.
func (p Params) SignRequest(sign Sign) error { return p.sign(RequestString(p), sign) }

// SignNotify sets sign to the signature over NotifyString.
func (p Params) SignNotify(sign Sign) error { return p.sign(NotifyString(p), sign) }

func (p Params) sign(message []byte, sign Sign) error {
	s, err := sign(message)
	if err != nil {
		return fmt.Errorf("alipay: sign: %w", err)
	}
	p[signKey] = base64.StdEncoding.EncodeToString(s)
	return nil
}

// VerifyRequest checks a request's signature as a gateway does: over all parameters received but sign, first with empty values dropped and then with them kept,
// because the SDKs disagree (Node keeps them, Java and PHP drop them). It returns ErrUnsigned or ErrSignature, wrapped.
func (p Params) VerifyRequest(verify Verify) error {
	err := check(p[signKey], RequestString(p), verify)
	if err == nil || p[signKey] == "" {
		return err
	}
	if kept := canonical(p, false, signKey, ""); len(kept) != len(RequestString(p)) {
		return check(p[signKey], kept, verify)
	}
	return err
}

// VerifyNotify checks the signature of a notification or a browser's return. It returns ErrUnsigned or ErrSignature, wrapped.
func (p Params) VerifyNotify(verify Verify) error { return check(p[signKey], NotifyString(p), verify) }

// EncodeSignature writes a signature as messages carry it.
func EncodeSignature(signature []byte) string { return base64.StdEncoding.EncodeToString(signature) }

// DecodeSignature decodes the base64 of a signature strictly, so that one signature has one spelling. It returns ErrUnsigned or ErrSignature, wrapped.
func DecodeSignature(encoded string) ([]byte, error) {
	if encoded == "" {
		return nil, ErrUnsigned
	}
	if strings.ContainsAny(encoded, "\r\n") {
		return nil, fmt.Errorf("%w: line breaks in the base64", ErrSignature)
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return signature, nil
}

func check(encoded string, message []byte, verify Verify) error {
	signature, err := DecodeSignature(encoded)
	if err != nil {
		return err
	}
	if err := verify(message, signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// digest is the hash that a sign_type means.
func digest(signType string, message []byte) (crypto.Hash, []byte, error) {
	switch signType {
	case SignTypeRSA2:
		d := sha256.Sum256(message)
		return crypto.SHA256, d[:], nil
	case SignTypeRSA:
		d := sha1.Sum(message) //nolint:gosec // see the import
		return crypto.SHA1, d[:], nil
	default:
		return 0, nil, fmt.Errorf("alipay: sign_type %q: use RSA2 or RSA", signType)
	}
}

// SignWith signs with an RSA key as signType says: for the sandbox and for tests, which own their keys.
func SignWith(key *rsa.PrivateKey, signType string) Sign {
	return func(message []byte) ([]byte, error) {
		h, d, err := digest(signType, message)
		if err != nil {
			return nil, err
		}
		return rsa.SignPKCS1v15(nil, key, h, d)
	}
}

// VerifyWith verifies with an RSA key as signType says.
func VerifyWith(key *rsa.PublicKey, signType string) Verify {
	return func(message, signature []byte) error {
		h, d, err := digest(signType, message)
		if err != nil {
			return err
		}
		return rsa.VerifyPKCS1v15(key, h, d, signature)
	}
}
