package wire

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Request is one call of the gateway before it is signed.
type Request struct {
	AppID     string
	Method    string
	SignType  string
	Time      time.Time
	NotifyURL string // optional
	ReturnURL string // optional, page methods only
	Biz       Fields // becomes biz_content; empty for the OAuth token method
	Extra     Params // top-level parameters besides the common ones
}

// Params lays out the common parameters; empty ones are left out, as the Java SDK does. The caller signs the result.
func (r Request) Params() Params {
	p := Params{
		"app_id": r.AppID, "method": r.Method, "format": "JSON", charsetKey: charsetValue, signTypeKey: r.SignType, "timestamp": FormatTime(r.Time), "version": "1.0",
	}
	for k, v := range r.Extra {
		p[k] = v
	}
	if r.NotifyURL != "" {
		p["notify_url"] = r.NotifyURL
	}
	if r.ReturnURL != "" {
		p["return_url"] = r.ReturnURL
	}
	if len(r.Biz) > 0 {
		p["biz_content"] = string(r.Biz.Marshal())
	}
	return p
}

// Split divides a signed request as the official Java SDK does: the common parameters in the query, biz_content and app_auth_token in the body.
func (p Params) Split() (query, body string) {
	q, b := Params{}, Params{}
	for k, v := range p {
		if k == "biz_content" || k == "app_auth_token" { // addresses end up in logs
			b[k] = v
		} else {
			q[k] = v
		}
	}
	return q.Encode(), b.Encode()
}

// The documented maxima, in characters (addresses: bytes).
const (
	maxSubject    = 256
	maxOrderNo    = 64
	maxURL        = 256
	maxReason     = 256
	subjectBanned = "/=&"
)

// CheckOrderNo checks out_trade_no or out_request_no: 1 to 64 letters, digits, _ and -. (The document names no hyphen; merchants in the wild send it and it is
// accepted.) The error names field.
func CheckOrderNo(field, s string) error {
	if s == "" || len(s) > maxOrderNo || strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	}) {
		return &FieldError{field, "use 1 to 64 letters, digits, _ or -"}
	}
	return nil
}

// CheckAuthCode checks auth_code: 16 to 24 digits, of which the first two are 25 to 30.
func CheckAuthCode(s string) error {
	if !digits(s, 16, 24) || s[:2] < "25" || s[:2] > "30" {
		return &FieldError{"auth_code", "scan the payment code of the buyer's Alipay: 16 to 24 digits that begin with 25 to 30"}
	}
	return nil
}

// CheckAmount checks an amount in fen against the documented range.
func CheckAmount(field string, fen int64) error {
	if fen < MinAmount || fen > MaxAmount {
		return &FieldError{field, "give 0.01 to 100000000.00 yuan"}
	}
	return nil
}

// CheckSubject checks subject: 1 to 256 characters without / = &.
func CheckSubject(s string) error {
	if n := utf8.RuneCountInString(s); n == 0 || n > maxSubject || !utf8.ValidString(s) {
		return &FieldError{"subject", "give 1 to 256 characters"}
	}
	if strings.ContainsAny(s, subjectBanned) {
		return &FieldError{"subject", "leave out / = and &"}
	}
	return nil
}

// CleanSubject makes any text a legal subject: forbidden characters become blanks, the end is cut at 256 characters.
func CleanSubject(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if strings.ContainsRune(subjectBanned, r) || r < ' ' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s))
	if utf8.RuneCountInString(s) > maxSubject {
		s = strings.TrimSpace(string([]rune(s)[:maxSubject]))
	}
	return s
}

// CheckURL checks notify_url, return_url or quit_url: empty, or http(s) of at most 256 bytes.
func CheckURL(field, s string) error {
	if s == "" {
		return nil
	}
	if len(s) > maxURL || (!strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://")) {
		return &FieldError{field, "give an http or https address of at most 256 bytes"}
	}
	return nil
}

// CheckReason checks refund_reason: at most 256 characters.
func CheckReason(s string) error {
	if utf8.RuneCountInString(s) > maxReason || !utf8.ValidString(s) {
		return &FieldError{"refund_reason", "give at most 256 characters"}
	}
	return nil
}
