package wire

import (
	"crypto/md5" // the protocol's own
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// Text is what is signed: every field of the order that has a value, as name=value joined by &, raw.
func (f Fields) Text(order []string) string {
	var b strings.Builder
	for _, name := range order {
		if f[name] == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + f[name])
	}
	return b.String()
}

// MD5 is the signature of a text with a key: upper-case hexadecimal of the MD5 over text&key=KEY.
func MD5(text string, key []byte) string {
	return digest(text + "&key=" + string(key))
}

// CheckMD5 compares a signature in constant time. Some clients write it in lower case; the case says nothing.
func CheckMD5(text string, key []byte, signature string) bool {
	return same(MD5(text, key), signature)
}

// RefundMAC is the mac of a refund: fields and key run into one another without separators.
func (f Fields) RefundMAC(key []byte) string {
	var b strings.Builder
	for _, name := range RefundOrder {
		if f[name] != "" {
			b.WriteString(name + "=" + f[name])
		}
	}
	return digest(b.String() + "merchant_key=" + string(key))
}

// CheckRefundMAC compares the mac of a refund in constant time.
func (f Fields) CheckRefundMAC(key []byte) bool { return same(f.RefundMAC(key), f["mac"]) }

func digest(text string) string {
	sum := md5.Sum([]byte(text))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func same(want, got string) bool {
	return subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToUpper(got))) == 1
}

// DecodeSignature reads a signature of PKI: base64 of RSA with SHA-1 over the text.
func DecodeSignature(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("%w: the signature is not base64", ErrMalformed)
	}
	return b, nil
}

// EncodeSignature writes a signature of PKI.
func EncodeSignature(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
