package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxLine bounds one row of an export in bytes, both ways.
const maxLine = 16 << 20

// appendLine writes one row as a JSON object on one line: every column in the order of the table, numbers as numbers, text as strings (JSON that is stored as text
// stays the string that it is, so that not a byte of it changes), bytes in base64, and null for what is not set.
func appendLine(b []byte, columns []column, values []any) ([]byte, error) {
	for i, c := range columns {
		if i == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), c.name...), '"', ':')
		switch v := values[i].(type) {
		case nil:
			b = append(b, "null"...)
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case string:
			b = appendString(b, v)
		case []byte:
			if c.cell == cellText {
				b = appendString(b, string(v))
				continue
			}
			b = append(base64.StdEncoding.AppendEncode(append(b, '"'), v), '"')
		default:
			return b, fmt.Errorf("store: %s.%s is stored as %T", c.table, c.name, v)
		}
	}
	return append(b, '}', '\n'), nil
}

// appendString escapes what JSON must escape and nothing else. Bytes that are no UTF-8, and NUL, which PostgreSQL does not store, become U+FFFD: only a provider's
// raw answer could hold any.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == 0:
			b = append(b, "\uFFFD"...)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', '0'+c>>4, "0123456789abcdef"[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += size
			continue
		}
		i++
	}
	return append(b, '"')
}

var errNotOurs = errors.New("the line is not written as an export writes it")

// parseLine reads what appendLine wrote, the line feed left out, and nothing else: a line that is not byte for byte what appendLine would write of it is refused,
// so that what comes in goes out again unchanged. The values are int64, string, []byte or nil. Errors never echo a value.
func parseLine(line []byte, columns []column) ([]any, error) {
	rest, values := line, make([]any, len(columns))
	var err error
	for i, c := range columns {
		open := `,"`
		if i == 0 {
			open = `{"`
		}
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, []byte(open+c.name+`":`)); !ok {
			return nil, fmt.Errorf("the column %s is not where it belongs", c.name)
		}
		if values[i], rest, err = parseCell(rest, c); err != nil {
			return nil, err
		}
	}
	if string(rest) != "}" {
		return nil, errNotOurs
	}
	again, err := appendLine(make([]byte, 0, len(line)+1), columns, values)
	if err != nil || !bytes.Equal(again[:len(again)-1], line) {
		return nil, errNotOurs
	}
	return values, nil
}

func parseCell(rest []byte, c column) (any, []byte, error) {
	if after, ok := bytes.CutPrefix(rest, []byte("null")); ok {
		if c.required {
			return nil, nil, fmt.Errorf("the column %s must not be null", c.name)
		}
		return nil, after, nil
	}
	if c.cell == cellNumber {
		n := bytes.IndexAny(rest, ",}")
		if n < 0 {
			return nil, nil, errNotOurs
		}
		v, err := strconv.ParseInt(string(rest[:n]), 10, 64)
		if err != nil {
			return nil, nil, fmt.Errorf("the column %s must be a whole number", c.name)
		}
		return v, rest[n:], nil
	}
	text, rest, ok := parseString(rest)
	if !ok {
		return nil, nil, fmt.Errorf("the column %s must be a string", c.name)
	}
	if c.cell == cellText {
		return text, rest, nil
	}
	v, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, nil, fmt.Errorf("the column %s must be base64", c.name)
	}
	return v, rest, nil
}

// parseString takes a JSON string off the front.
func parseString(b []byte) (string, []byte, bool) {
	if len(b) == 0 || b[0] != '"' {
		return "", nil, false
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			inner := b[1:i]
			if bytes.IndexByte(inner, '\\') < 0 {
				return string(inner), b[i+1:], true
			}
			var text string
			err := json.Unmarshal(b[:i+1], &text)
			return text, b[i+1:], err == nil
		}
	}
	return "", nil, false
}
