package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of Decode, far above any genuine message: the largest, a transaction with its promotions, stays under 32 KiB and six levels.
const (
	MaxBody  = 1 << 20 // bytes
	MaxDepth = 16
)

// ErrJSON is wrapped by every refusal of Decode.
var ErrJSON = errors.New("wechatpay: malformed JSON")

// TypeError is a refusal of Decode for one value of the wrong type; Field is its path with dots, empty for the whole.
type TypeError struct {
	Field string
	err   error
}

func (e *TypeError) Error() string { return e.err.Error() }

// Unwrap implements errors.Unwrap: it is an ErrJSON as every refusal.
func (e *TypeError) Unwrap() error { return e.err }

// jsonPath leaves out of a path what encoding/json says of embedded structs: a name of the protocol's begins with no capital.
func jsonPath(field string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(field, "."), func(part string) bool { return part != "" && part[0] >= 'A' && part[0] <= 'Z' }), ".")
}

// Decode reads exactly one JSON object into v and refuses what two parsers could read differently: repeated names (compared as encoding/json matches them,
// without case), bytes after the object, invalid UTF-8, more than MaxDepth levels, more than MaxBody bytes. It returns ErrJSON wrapped with the reason.
func Decode(raw []byte, v any) error {
	if err := checkJSON(raw); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		var te *json.UnmarshalTypeError
		if errors.As(err, &te) {
			return &TypeError{Field: jsonPath(te.Field), err: fmt.Errorf("%w: %s must be %s, got %s", ErrJSON, te.Field, te.Type, te.Value)}
		}
		return fmt.Errorf("%w: %w", ErrJSON, err)
	}
	return nil
}

// Encode writes JSON as WeChat's own examples have it: <, > and & stay as they are.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("wechatpay: encode %T: %w", v, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func checkJSON(raw []byte) error {
	switch {
	case len(raw) > MaxBody:
		return fmt.Errorf("%w: longer than %d bytes", ErrJSON, MaxBody)
	case !utf8.Valid(raw):
		return fmt.Errorf("%w: not UTF-8", ErrJSON)
	case len(bytes.TrimLeft(raw, " \t\r\n")) == 0 || bytes.TrimLeft(raw, " \t\r\n")[0] != '{':
		return fmt.Errorf("%w: not an object", ErrJSON)
	}
	return walk(json.NewDecoder(bytes.NewReader(raw)))
}

// level is one open object or array while walking; names is nil in an array.
type level struct {
	names   map[string]bool
	wantKey bool
}

func walk(dec *json.Decoder) error {
	dec.UseNumber()
	var open []level
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrJSON, err)
		}
		if open, err = step(open, tok); err != nil {
			return err
		}
		if len(open) == 0 {
			if _, err := dec.Token(); !errors.Is(err, io.EOF) {
				return fmt.Errorf("%w: bytes after the object", ErrJSON)
			}
			return nil
		}
	}
}

func step(open []level, tok json.Token) ([]level, error) {
	if d, ok := tok.(json.Delim); ok {
		if d == '}' || d == ']' {
			return valueDone(open[:len(open)-1]), nil
		}
		if len(open) == MaxDepth {
			return nil, fmt.Errorf("%w: deeper than %d levels", ErrJSON, MaxDepth)
		}
		l := level{}
		if d == '{' {
			l = level{names: make(map[string]bool), wantKey: true}
		}
		return append(open, l), nil
	}
	if n := len(open); n > 0 && open[n-1].wantKey {
		name := fold(tok.(string))
		if open[n-1].names[name] {
			return nil, fmt.Errorf("%w: %.40q is repeated", ErrJSON, name)
		}
		open[n-1].names[name] = true
		open[n-1].wantKey = false
		return open, nil
	}
	return valueDone(open), nil
}

// valueDone marks that the innermost object has had its value and wants a name again.
func valueDone(open []level) []level {
	if n := len(open); n > 0 && open[n-1].names != nil {
		open[n-1].wantKey = true
	}
	return open
}

// fold maps a name to the smallest rune of each case-folding class, as encoding/json does when it matches names with fields.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r {
				return next
			}
			r = next
		}
	}, s)
}
