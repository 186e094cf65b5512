package wire

import (
	"crypto/md5" //nolint:gosec // The protocol is MD5; see docs/providers/tenpay.md.
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// StringToSign is every field with a value but sign, known or not, in the order of the names, with its raw value in the message's charset; the key comes last.
func (p Params) StringToSign(key []byte) ([]byte, error) {
	charset, err := p.Charset()
	if err != nil {
		return nil, err
	}
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if p[name] == "" || name == "sign" {
			continue
		}
		value, err := charset.Encode(p[name])
		if err != nil {
			return nil, err
		}
		b = append(append(append(append(b, name...), '='), value...), '&')
	}
	return append(append(b, "key="...), key...), nil
}

// Sign adds the signature, in upper case as the guide writes it.
func (p Params) Sign(key []byte) error {
	signed, err := p.StringToSign(key)
	if err != nil {
		return err
	}
	p["sign"] = strings.ToUpper(sum(signed))
	return nil
}

// Verify compares the signature in constant time. TenPay's own demos write it in lower case, so that case does not count.
func (p Params) Verify(key []byte) bool {
	signed, err := p.StringToSign(key)
	if err != nil || len(key) == 0 {
		return false
	}
	return equal(sum(signed), p["sign"])
}

func equal(want, got string) bool {
	return subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(got))) == 1
}

// Fields of the request for a bill, which is signed unlike all others: in this order, in lower case.
var billOrder = []string{"spid", "trans_time", "stamp", "cft_signtype", "mchtype"}

// SignBill adds the signature of a request for a bill.
func (p Params) SignBill(key []byte) { p["sign"] = p.billSum(key) }

// VerifyBill compares it.
func (p Params) VerifyBill(key []byte) bool { return len(key) > 0 && equal(p.billSum(key), p["sign"]) }

func (p Params) billSum(key []byte) string {
	var b strings.Builder
	for _, name := range billOrder {
		if p[name] != "" {
			b.WriteString(name + "=" + p[name] + "&")
		}
	}
	b.WriteString("key=")
	b.Write(key)
	return sum([]byte(b.String()))
}

// Password writes op_user_passwd: the MD5 of the operator's password.
func Password(plain []byte) string { return sum(plain) }

func sum(b []byte) string {
	s := md5.Sum(b) //nolint:gosec // As above.
	return hex.EncodeToString(s[:])
}
