package wire

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm3"
)

// Digest is what method 01 signs with RSA PKCS#1 v1.5 and SHA-256: not the string but the 64 lower-case hexadecimal digits of its SHA-256, so that it is hashed
// twice.
func (m Message) Digest() []byte {
	sum := sha256.Sum256([]byte(m.StringToSign()))
	return []byte(hex.EncodeToString(sum[:]))
}

// SignRSA signs with method 01. Sign makes an RSA signature with SHA-256 over what it is given; certID is the certificate's serial number in decimal.
func (m Message) SignRSA(certID string, sign func([]byte) ([]byte, error)) error {
	m["signMethod"], m["certId"] = MethodRSA, certID
	delete(m, "signature")
	signature, err := sign(m.Digest())
	if err != nil {
		return err
	}
	m["signature"] = base64.StdEncoding.EncodeToString(signature)
	return nil
}

// SignKey signs with method 11 or 12: the hexadecimal hash over the string, an & and the hexadecimal hash of the shared key.
func (m Message) SignKey(method string, key []byte) error {
	m["signMethod"] = method
	delete(m, "signature")
	signature, err := m.keyed(method, key)
	if err != nil {
		return err
	}
	m["signature"] = signature
	return nil
}

// VerifyKey compares a signature of method 11 or 12 in constant time. The method is the account's, never the message's.
func (m Message) VerifyKey(method string, key []byte) bool {
	want, err := m.keyed(method, key)
	return err == nil && m["signMethod"] == method && subtle.ConstantTimeCompare([]byte(want), []byte(m["signature"])) == 1
}

func (m Message) keyed(method string, key []byte) (string, error) {
	var hash func([]byte) string
	switch method {
	case MethodSHA256:
		hash = func(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }
	case MethodSM3:
		hash = func(b []byte) string { sum := sm3.Sum(b); return hex.EncodeToString(sum[:]) }
	default:
		return "", fmt.Errorf("%w: signMethod %.8q is not 11 or 12", ErrMalformed, method)
	}
	return hash([]byte(m.StringToSign() + "&" + hash(key))), nil
}

// Signature decodes the signature of method 01.
func (m Message) Signature() ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(m["signature"])
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("%w: the signature is not base64", ErrMalformed)
	}
	return b, nil
}

// CertID writes a certificate's serial number, given in hexadecimal, in decimal, as certId wants it.
func CertID(hexadecimal string) (string, error) {
	n, ok := new(big.Int).SetString(hexadecimal, 16)
	if !ok || n.Sign() <= 0 {
		return "", fmt.Errorf("%w: serial number %.50q", ErrMalformed, hexadecimal)
	}
	return n.String(), nil
}
