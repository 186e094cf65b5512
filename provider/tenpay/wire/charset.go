package wire

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Charset is one of the two in which messages are written.
type Charset string

// The charsets. GB2312, which XML replies declare, is a part of GBK.
const (
	GBK  Charset = "GBK"
	UTF8 Charset = "UTF-8"
)

// ParseCharset reads input_charset or an XML declaration; nothing means GBK.
func ParseCharset(name string) (Charset, error) {
	switch strings.ToUpper(name) {
	case "", "GBK", "GB2312":
		return GBK, nil
	case "UTF-8", "UTF8":
		return UTF8, nil
	}
	return "", fmt.Errorf("%w: charset %.20q is not GBK or UTF-8", ErrMalformed, name)
}

// Encode writes text in the charset.
func (c Charset) Encode(text string) (string, error) {
	if ascii(text) {
		return text, nil
	}
	if at := invalidUTF8(text); at >= 0 {
		return "", fmt.Errorf("%w: byte %d is not UTF-8", ErrMalformed, at)
	}
	if c == UTF8 {
		return text, nil
	}
	out, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		return "", fmt.Errorf("%w: a character that GBK does not have", ErrMalformed)
	}
	return out, nil
}

// Decode reads bytes of the charset as text. Bytes that no text has in this charset are refused, with their offset: what is verified is written again from the
// text, and must come out as it went in.
func (c Charset) Decode(raw string) (string, error) {
	if ascii(raw) {
		return raw, nil
	}
	if c == UTF8 {
		if at := invalidUTF8(raw); at >= 0 {
			return "", fmt.Errorf("%w: byte %d is not UTF-8", ErrMalformed, at)
		}
		return raw, nil
	}
	text, err := simplifiedchinese.GBK.NewDecoder().String(raw)
	if err != nil {
		return "", fmt.Errorf("%w: not GBK: %w", ErrMalformed, err)
	}
	encoder, at := simplifiedchinese.GBK.NewEncoder(), 0
	for _, r := range text {
		again := string(r)
		if r >= utf8.RuneSelf {
			if again, err = encoder.String(again); err != nil {
				again = ""
			}
		}
		if again == "" || !strings.HasPrefix(raw[at:], again) {
			return "", fmt.Errorf("%w: byte %d is not GBK", ErrMalformed, at)
		}
		at += len(again)
	}
	return text, nil
}

// Fit cuts text to a number of bytes of the charset, and replaces what the charset does not have and what a query or a bill would break at.
func (c Charset) Fit(text string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if r < 0x20 || r == utf8.RuneError || strings.ContainsRune("&=`,<>", r) {
			r = ' '
		}
		written, err := c.Encode(string(r))
		if err != nil {
			r, written = '?', "?"
		}
		if n += len(written); n > most {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(s string) int {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			return i
		}
	}
	return -1
}
