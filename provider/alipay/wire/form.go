package wire

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// ParseForm decodes an application/x-www-form-urlencoded message. A parameter that appears twice is refused, so that what was signed and what is read cannot
// differ; so are text that is not UTF-8, more than 256 parameters and more than 64 KiB. It returns ErrTooLarge or ErrMalformed, wrapped.
func ParseForm(body string) (Params, error) {
	p := Params{}
	if err := parseInto(p, body, false); err != nil {
		return nil, err
	}
	return p, nil
}

// ParseRequest merges the query string and the form body of a gateway request as the gateway does: the first value of a parameter wins, the query's before the
// body's, because some SDKs send charset in both.
func ParseRequest(query, body string) (Params, error) {
	p := Params{}
	if err := parseInto(p, query, true); err != nil {
		return nil, err
	}
	if err := parseInto(p, body, true); err != nil {
		return nil, err
	}
	return p, nil
}

func parseInto(p Params, s string, firstWins bool) error {
	if len(s) > MaxForm {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(s))
	}
	for pair := range strings.SplitSeq(s, "&") {
		if pair == "" {
			continue
		}
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(rawKey)
		if err != nil {
			return fmt.Errorf("%w: a parameter's name: %w", ErrMalformed, err)
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return fmt.Errorf("%w: parameter %.64q: %w", ErrMalformed, key, err)
		}
		if key == "" || !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("%w: parameter %.64q is empty or not UTF-8", ErrMalformed, key)
		}
		if _, twice := p[key]; twice {
			if firstWins {
				continue
			}
			return fmt.Errorf("%w: parameter %.64q appears twice", ErrMalformed, key)
		}
		if p[key] = value; len(p) > maxParams {
			return fmt.Errorf("%w: more than %d parameters", ErrTooLarge, maxParams)
		}
	}
	return nil
}

// Encode writes parameters as a form or query string, sorted by key.
func (p Params) Encode() string {
	var b strings.Builder
	for i, k := range p.keys() {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(k))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p[k]))
	}
	return b.String()
}

func (p Params) keys() []string {
	keys := make([]string, 0, len(p))
	for k := range p {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
