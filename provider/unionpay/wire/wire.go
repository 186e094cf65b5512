// Package wire is the message format of UnionPay's ACP 5.1.0: fields, canonical strings, signatures and certificate chains, and the bill file. It knows no
// payments of ours.
//
// Sources: UnionPay's own .NET and Java demos (5.1.0) as found in public repositories, and public clients in Go, PHP, Java and JavaScript that agree with them.
// Signing with SM2 certificates is attested nowhere and is not here.
package wire

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ErrMalformed is wrapped by every error about bytes that are no message.
var ErrMalformed = errors.New("unionpay: malformed message")

// Paths below the gateway's address, and the one below the address of the files.
const (
	PathFront = "/gateway/api/frontTransReq.do"
	PathBack  = "/gateway/api/backTransReq.do"
	PathQuery = "/gateway/api/queryTrans.do"
	PathApp   = "/gateway/api/appTransReq.do"
	PathOrder = "/gateway/api/order.do" // the page inside CloudPay and bank apps
	PathFile  = "/"
)

// Constants of every message.
const (
	Version    = "5.1.0"
	Encoding   = "UTF-8"
	CurrencyCN = "156" // the yuan, by its number
)

// Transaction types and subtypes.
const (
	TypeQuery    = "00"
	TypeConsume  = "01"
	TypeRefund   = "04"
	TypeUndo     = "31"
	TypeFile     = "76"
	TypeReversal = "99"
	SubQuery     = "00"
	SubConsume   = "01"
	SubBuyerScan = "07" // the buyer scans
	SubScanned   = "06" // the seller scans
	SubReversal  = "01"
	SubRefund    = "00"
	SubUndo      = "00"
	SubFile      = "01"
)

// Business types and channels.
const (
	BizGateway = "000201"
	BizOther   = "000000"
	ChannelPC  = "07"
	ChannelApp = "08"
	FileZIP    = "00" // fileType

	AccountCard = "01" // accType
)

// Sign methods.
const (
	MethodRSA    = "01" // RSA with certificates
	MethodSHA256 = "11" // SHA-256 with a shared key
	MethodSM3    = "12" // SM3 with a shared key
)

// Notification acknowledgement: HTTP 200 (or 302); the body is ignored.
const Acknowledged = "ok"

// Beijing is the time zone of every time on this wire.
var Beijing = time.FixedZone("+08:00", 8*60*60)

const timeLayout = "20060102150405"

// FormatTime writes txnTime and payTimeout.
func FormatTime(t time.Time) string { return t.In(Beijing).Format(timeLayout) }

// ParseTime reads YYYYMMDDhhmmss.
func ParseTime(s string) (time.Time, error) {
	t, err := time.ParseInLocation(timeLayout, s, Beijing)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: time %.20q: write YYYYMMDDhhmmss", ErrMalformed, s)
	}
	return t, nil
}

// Message is a message's fields, raw.
type Message map[string]string

// maxFields bounds a message; the longest documented one has about sixty.
const maxFields = 120

// MaxMessage bounds the bytes of a message that is read; a bill's content comes in one.
const MaxMessage = 64 << 20

// ParseForm reads a notification or a request: an ordinary URL-encoded form. A field that stands twice is refused.
func ParseForm(body string) (Message, error) {
	m := Message{}
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		k, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if err := m.add(k, v); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// ParseBody reads a synchronous answer: k=v joined by &, values raw and not URL-encoded, so that a + stays a +. What stands in braces or brackets is one value,
// whatever it holds.
func ParseBody(body string) (Message, error) {
	m := Message{}
	for len(body) > 0 {
		name, rest, found := strings.Cut(body, "=")
		if !found {
			return nil, fmt.Errorf("%w: %.20q has no value", ErrMalformed, name)
		}
		value := rest
		body = ""
		if end := valueEnd(rest); end < len(rest) {
			value, body = rest[:end], rest[end+1:]
		}
		if err := m.add(name, value); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// valueEnd is where a raw value ends: at the next & that is not inside braces or brackets.
func valueEnd(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth = max(0, depth-1)
		case '&':
			if depth == 0 {
				return i
			}
		}
	}
	if depth > 0 { // a brace that nothing closes is a character like any other
		if i := strings.IndexByte(s, '&'); i >= 0 {
			return i
		}
	}
	return len(s)
}

func (m Message) add(name, value string) error {
	if name == "" || len(m) >= maxFields || strings.ContainsAny(name, "&=\r\n ") {
		return fmt.Errorf("%w: a field without a proper name, or too many fields", ErrMalformed)
	}
	if _, twice := m[name]; twice {
		return fmt.Errorf("%w: field %.40q stands twice", ErrMalformed, name)
	}
	m[name] = value
	return nil
}

// Encode writes the message as a form, in the order of its names; empty values are left out, as the clients do.
func (m Message) Encode() string {
	values := url.Values{}
	for k, v := range m {
		if v != "" {
			values.Set(k, v)
		}
	}
	return values.Encode()
}

// EncodeBody writes the message as a synchronous answer: raw.
func (m Message) EncodeBody() string { return m.join(func(string) bool { return true }) }

// StringToSign is every field with a value but the signature, in the order of the names, raw.
func (m Message) StringToSign() string {
	return m.join(func(name string) bool { return name != "signature" })
}

func (m Message) join(wanted func(string) bool) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] == "" || !wanted(k) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(k + "=" + m[k])
	}
	return b.String()
}
