// Package wire is the protocol of TenPay's classic gateway (gw.tenpay.com): parameters, signatures in GBK and UTF-8, XML replies and the bill file. It knows bytes
// and fields, and nothing of ours.
//
// Source: TenPay's own guide and demos as found in public repositories, and public clients in PHP, Ruby, Python and Java that agree with them. The protocol is
// historic: nothing here was ever run against the real gateway.
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
var ErrMalformed = errors.New("tenpay: malformed message")

// Paths below the gateway's address (gw.tenpay.com), and those of the merchants' server (mch.tenpay.com).
const (
	PathPay         = "/gateway/pay.htm"
	PathVerify      = "/gateway/verifynotifyid.xml"
	PathQuery       = "/gateway/normalorderquery.xml"
	PathRefundQuery = "/gateway/normalrefundquery.xml"
	PathRefund      = "/refundapi/gateway/refund.xml"
	PathBill        = "/cgi-bin/mchdown_real_new.cgi"
)

// Constants of every request.
const (
	SignType      = "MD5"
	Version       = "1.0"
	RefundVersion = "1.1"
	KeyIndex      = "1"
	FeeType       = "1" // the yuan
	TradeInstant  = "1" // trade_mode: the merchant has the money at once
	TradePaid     = "0" // trade_state
	BankAny       = "DEFAULT"
	RetOK         = "0"
	RetExpired    = "88222005" // a notify_id is older than ten minutes
	RetNoOrder    = "88221009" // the order does not exist, or is older than half a year; one public client says so
	Acknowledged  = "success"
	Refused       = "fail"
)

// NotifyLife is how long a notify_id can be asked about.
const NotifyLife = 10 * time.Minute

// QueryLife is how far back orders can be asked about.
const QueryLife = 180 * 24 * time.Hour

// Beijing is the time zone of every time on this wire.
var Beijing = time.FixedZone("+08:00", 8*60*60)

const timeLayout = "20060102150405"

// FormatTime writes time_start, time_expire and time_end.
func FormatTime(t time.Time) string { return t.In(Beijing).Format(timeLayout) }

// ParseTime reads yyyyMMddHHmmss.
func ParseTime(s string) (time.Time, error) {
	t, err := time.ParseInLocation(timeLayout, s, Beijing)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: time %.20q: write yyyyMMddHHmmss", ErrMalformed, s)
	}
	return t, nil
}

// Params are the fields of a request, a reply or a notification, as text. What is signed and sent are their bytes in the charset that input_charset names.
type Params map[string]string

// Limits of a message.
const (
	maxFields = 500 // a refund query lists six fields for each refund
	// MaxMessage bounds a reply or a form, in bytes.
	MaxMessage = 256 << 10
)

// Charset is the message's charset: GBK, unless input_charset says UTF-8.
func (p Params) Charset() (Charset, error) { return ParseCharset(p["input_charset"]) }

// ParseForm reads a form or a query. Its values are in the charset that it names itself. A field that stands twice is refused, and so are bytes that are not of
// the charset.
func ParseForm(body string) (Params, error) {
	if len(body) > MaxMessage {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrMalformed, MaxMessage)
	}
	raw := Params{}
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
		if err := raw.add(k, v); err != nil {
			return nil, err
		}
	}
	charset, err := raw.Charset()
	if err != nil {
		return nil, err
	}
	for name, value := range raw {
		if raw[name], err = charset.Decode(value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return raw, nil
}

func (p Params) add(name, value string) error {
	if !properName(name) || len(p) >= maxFields {
		return fmt.Errorf("%w: a field without a proper name, or too many fields", ErrMalformed)
	}
	if _, twice := p[name]; twice {
		return fmt.Errorf("%w: field %.40q stands twice", ErrMalformed, name)
	}
	p[name] = value
	return nil
}

func properName(name string) bool {
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_'
	})
}

// Encode writes a form or a query in the order of its names; empty values are left out, as the clients do.
func (p Params) Encode() (string, error) {
	charset, err := p.Charset()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if p[name] == "" {
			continue
		}
		value, err := charset.Encode(p[name])
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + url.QueryEscape(value))
	}
	return b.String(), nil
}
