package wire

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Object is one decoded JSON object with its members' raw bytes. Names are exact: unlike encoding/json into structs, "Code" is not "code".
type Object map[string]json.RawMessage

// Text returns a member that is a string or a number as text, and "" for anything else: SDKs and the gateway use numbers where strings are documented.
func (o Object) Text(name string) string {
	raw := o[name]
	if len(raw) == 0 {
		return ""
	}
	if raw[0] == '"' {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return s
	}
	if raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9') {
		return string(raw)
	}
	return ""
}

// String writes the members sorted by name, for people.
func (o Object) String() string {
	b, err := json.Marshal(map[string]json.RawMessage(o))
	if err != nil {
		return ""
	}
	return string(b)
}

// ParseObject decodes one JSON object and refuses anything that two parsers could read differently: a member that appears twice at any level, bytes after the
// object, text that is not UTF-8, deeper nesting than 32. It returns ErrMalformed, wrapped.
func ParseObject(raw []byte) (Object, error) {
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	o, err := object(raw)
	for _, v := range o {
		if err == nil {
			err = unique(v, 1)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return o, nil
}

// Field is one member of an object that is written.
type Field struct {
	Name  string
	Value any // string, int64, []string, Fields or []Fields
}

// Fields is an object in the order in which it is written.
type Fields []Field

// Set appends a text member unless it is empty, and returns the longer list.
func (f Fields) Set(name, value string) Fields {
	if value == "" {
		return f
	}
	return append(f, Field{name, value})
}

// Marshal writes an object exactly as the gateway does, which is as PHP's json_encode with JSON_UNESCAPED_UNICODE: compact, "/" as "\/", other characters raw.
// A client that re-encodes the decoded answer before it verifies (yansongda/pay) depends on it. Text that is not UTF-8 becomes U+FFFD.
func (f Fields) Marshal() []byte { return appendValue(nil, f) }

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case []string:
		return appendList(b, v)
	case []Fields:
		return appendList(b, v)
	case Fields:
		b = append(b, '{')
		for i, f := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, f.Name)
			b = append(b, ':')
			b = appendValue(b, f.Value)
		}
		return append(b, '}')
	default:
		panic(fmt.Sprintf("alipay/wire: cannot write a %T", v)) // a programmer's mistake, never data
	}
}

func appendList[T any](b []byte, list []T) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, v)
	}
	return append(b, ']')
}

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch r {
		case '"', '\\', '/':
			b = append(b, '\\', byte(r))
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		case '\u2028', '\u2029': // PHP has escaped these two since 7.1, whatever the flag
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			if r < ' ' {
				b = fmt.Appendf(b, `\u%04x`, r)
				continue
			}
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
