package wire

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// CST is China Standard Time as a fixed zone: WeChat writes +08:00 all year, and a zone database must not be needed to read a payment time.
var CST = time.FixedZone("+08:00", 8*60*60)

// FormatTime writes t as API v3 wants it: RFC 3339, whole seconds, offset +08:00.
func FormatTime(t time.Time) string {
	return t.In(CST).Format("2006-01-02T15:04:05-07:00")
}

// ParseTime reads an RFC 3339 time and returns it in CST. An empty string is the zero time, because unpaid orders carry an empty success_time.
func ParseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("wechatpay: %.40q is not an RFC 3339 time", s)
	}
	return t.In(CST), nil
}

// Documented limits of text fields, in characters.
const (
	MaxDescription  = 127
	MaxAttach       = 128
	MaxNotifyURL    = 255
	MaxRefundReason = 80
	MaxClientIP     = 45
	MaxOpenID       = 128
	MinOutTradeNo   = 6
	MaxOutTradeNo   = 32
	MaxOutRefundNo  = 64
)

// ValidOutTradeNo reports whether s may name an order: 6 to 32 of [0-9A-Za-z_-|*].
func ValidOutTradeNo(s string) bool {
	return len(s) >= MinOutTradeNo && len(s) <= MaxOutTradeNo && only(s, "_-|*")
}

// ValidOutRefundNo reports whether s may name a refund: 1 to 64 of [0-9A-Za-z_-|*@].
func ValidOutRefundNo(s string) bool {
	return s != "" && len(s) <= MaxOutRefundNo && only(s, "_-|*@")
}

func only(s, extra string) bool {
next:
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			continue
		}
		for j := range len(extra) {
			if c == extra[j] {
				continue next
			}
		}
		return false
	}
	return true
}

// CheckText returns a problem in words, or "", for a text field of at most limit characters. API v3 takes UTF-8 of at most three bytes a character, so emoji and
// the other astral planes are refused, and so are control characters.
func CheckText(s string, limit int) string {
	if !utf8.ValidString(s) {
		return "is not UTF-8"
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return fmt.Sprintf("has %d characters, at most %d are allowed", n, limit)
	}
	for _, r := range s {
		if r > 0xffff {
			return "holds a character of four UTF-8 bytes (an emoji, for instance), which WeChat Pay refuses: remove it"
		}
		if r < 0x20 || r == 0x7f {
			return "holds a control character: remove it"
		}
	}
	return ""
}

// ValidAuthCode reports whether s may be a payment code: 18 digits that begin with 10 to 15.
func ValidAuthCode(s string) bool {
	return len(s) == 18 && s[0] == '1' && s[1] >= '0' && s[1] <= '5' && strings.Trim(s, "0123456789") == ""
}

// CheckNotifyURL returns a problem in words, or "". WeChat calls https only; insecure allows http, for a sandbox.
func CheckNotifyURL(raw string, insecure bool) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return "is not an absolute address"
	case len(raw) > MaxNotifyURL:
		return "is longer than 255 characters"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "must not have parameters: WeChat refuses them"
	case u.Scheme != "https" && (!insecure || u.Scheme != "http"):
		return "must be https"
	}
	return ""
}
