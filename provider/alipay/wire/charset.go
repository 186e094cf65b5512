package wire

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Charset is one of the two in which a request is written, and then its answer, its notifications and its return to the shop: signatures are over the bytes of the charset.
type Charset string

// The charsets that the gateway takes (isv.invalid-charset names these two). GB2312 is a part of GBK.
const (
	UTF8 Charset = "utf-8"
	GBK  Charset = "GBK"
)

// ParseCharset reads the parameter charset, in any case; nothing means UTF-8. It returns ErrMalformed, wrapped, for any other.
func ParseCharset(name string) (Charset, error) {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8":
		return UTF8, nil
	case "gbk", "gb2312":
		return GBK, nil
	}
	return "", fmt.Errorf("%w: charset %.16q is not GBK or UTF-8", ErrMalformed, name)
}

// Decode reads bytes of the charset as text; ErrMalformed, wrapped, when they are none.
func (c Charset) Decode(raw string) (string, error) {
	if c != GBK {
		if !utf8.ValidString(raw) {
			return "", fmt.Errorf("%w: not UTF-8", ErrMalformed)
		}
		return raw, nil
	}
	text, err := simplifiedchinese.GBK.NewDecoder().String(raw)
	if err != nil || strings.ContainsRune(text, utf8.RuneError) { // the decoder writes U+FFFD for what is no character; GBK itself has none
		return "", fmt.Errorf("%w: not GBK", ErrMalformed)
	}
	return text, nil
}

// Encode writes text in the charset. A character that GBK does not have becomes a question mark, as at Java's and PHP's encoders.
func (c Charset) Encode(text string) string { return c.encode(text, func(rune) string { return "?" }) }

// EncodeJSON writes JSON in the charset. Nothing is lost: what GBK does not have becomes an escape. Nothing else does: the official Java client of 2017 misreads every escape with a
// letter in it.
func (c Charset) EncodeJSON(text []byte) []byte {
	return []byte(c.encode(string(text), func(r rune) string {
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			return fmt.Sprintf(`\u%04x\u%04x`, high, low)
		}
		return fmt.Sprintf(`\u%04x`, r)
	}))
}

func (c Charset) encode(text string, lacking func(rune) string) string {
	if c != GBK {
		return text
	}
	var b strings.Builder
	encoder := simplifiedchinese.GBK.NewEncoder()
	for _, r := range text {
		out, err := encoder.String(string(r))
		if err != nil {
			out = lacking(r)
		}
		b.WriteString(out)
	}
	return b.String()
}

// In reads parameters of a charset as text; ErrMalformed, wrapped, when a name or a value is none.
func (p Params) In(c Charset) (Params, error) {
	out := make(Params, len(p))
	for k, v := range p {
		text, err := c.Decode(v)
		if err != nil || !utf8.ValidString(k) {
			return nil, fmt.Errorf("%w: parameter %.64q", ErrMalformed, k)
		}
		out[k] = text
	}
	return out, nil
}

// Encoded writes every value in a charset, for signing and sending.
func (p Params) Encoded(c Charset) Params {
	out := make(Params, len(p))
	for k, v := range p {
		out[k] = c.Encode(v)
	}
	return out
}

// ReadRequest is ParseRequest for a charset that is not known yet: values are the bytes that came, and In reads them. What cannot be read is left out, and the error (ErrTooLarge or
// ErrMalformed, wrapped) comes beside the rest: a gateway that refuses the request still needs its app_id and method to sign the refusal.
func ReadRequest(query, body string) (Params, error) {
	p := Params{}
	var bad error
	for _, s := range []string{query, body} {
		if len(s) > MaxForm {
			bad = fmt.Errorf("%w: %d bytes", ErrTooLarge, len(s))
			continue
		}
		for pair := range strings.SplitSeq(s, "&") {
			if pair == "" {
				continue
			}
			rawKey, rawValue, _ := strings.Cut(pair, "=")
			key, keyErr := url.QueryUnescape(rawKey)
			value, err := url.QueryUnescape(rawValue)
			_, twice := p[key]
			switch {
			case keyErr != nil || err != nil || key == "":
				bad = fmt.Errorf("%w: parameter %.64q", ErrMalformed, key)
			case twice: // the first wins
			case len(p) == maxParams:
				bad = fmt.Errorf("%w: more than %d parameters", ErrTooLarge, maxParams)
			default:
				p[key] = value
			}
		}
	}
	return p, bad
}
