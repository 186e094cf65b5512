package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// BodyAxes are what happens to a JSON text between its signer and its receiver: layout, escapes and ends change while every decoder reads the same. get and set reach
// the text inside a draft.
func BodyAxes[D any](get func(D) []byte, set func(D, []byte) D) []Axis[D] {
	way := func(code string, change func([]byte) []byte) Way[D] {
		return Way[D]{Code: code, Do: func(d D) (D, bool) {
			was := get(d)
			now := change(was)
			if now == nil || bytes.Equal(now, was) {
				return d, false
			}
			return set(d, now), true
		}}
	}
	indent := func(blanks string) func([]byte) []byte { return func(b []byte) []byte { return layout(b, blanks) } }
	return []Axis[D]{
		{way("body_slash_unescaped", escapeSlashes), way("body_slash_escaped", unescapeSlashes)},
		{way("body_html_escaped", unescapeHTML), way("body_html_unescaped", escapeHTML)},
		{way("body_unicode_escaped", unescapeUnicode), way("body_unicode_unescaped", escapeUnicode)},
		{way("body_newline_added", func(b []byte) []byte { return bytes.TrimRight(b, "\r\n") }),
			way("body_blanks_added", bytes.TrimSpace),
			way("body_newline_stripped", func(b []byte) []byte { return append(slices.Clone(b), '\n') }),
			way("body_newline_stripped", func(b []byte) []byte { return append(slices.Clone(b), "\r\n"...) }),
			way("body_line_ends", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }),
			way("body_line_ends", func(b []byte) []byte {
				return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
			}),
			way("body_bom", func(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\ufeff")) }),
			way("body_quoted", unquoteJSON)}, // the ends come first: laying out anew would mend them too
		{way("body_spaced", compact), way("body_compacted", indent("  ")), way("body_compacted", indent("    ")), way("body_compacted", indent("\t")), way("body_compacted", loose),
			way("body_sorted", gatewayOrder)},
	}
}

// maxLayoutDepth bounds how deep a text may be nested to be laid out anew: indentation grows with its square.
const maxLayoutDepth = 32

// walkable says that a text is JSON and not nested too deeply.
func walkable(b []byte) bool {
	depth, deepest, text := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case !text && (c == '{' || c == '['):
			depth++
			deepest = max(deepest, depth)
		case !text && (c == '}' || c == ']'):
			depth--
		}
	}
	return deepest > 0 && deepest <= maxLayoutDepth && json.Valid(b)
}

func compact(b []byte) []byte {
	var out bytes.Buffer
	if !walkable(b) || json.Compact(&out, b) != nil {
		return nil
	}
	return out.Bytes()
}

func layout(b []byte, blanks string) []byte {
	var out bytes.Buffer
	if !walkable(b) || json.Indent(&out, bytes.TrimSpace(b), "", blanks) != nil {
		return nil
	}
	return out.Bytes()
}

// loose puts a blank after each colon and comma, as Python does.
func loose(b []byte) []byte {
	tight := compact(b)
	if tight == nil {
		return nil
	}
	out, text := make([]byte, 0, len(tight)+len(tight)/8), false
	for i := 0; i < len(tight); i++ {
		c := tight[i]
		out = append(out, c)
		switch {
		case text && c == '\\':
			i++
			out = append(out, tight[i])
		case c == '"':
			text = !text
		case !text && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return out
}

// escapes copies b and hands each byte that stands for itself to plain, and each escape (from its backslash on) to escaped, which return what to write and how many bytes
// they took; none taken means that the byte or the two bytes are copied.
func escapes(b []byte, plain, escaped func(rest []byte) ([]byte, int)) []byte {
	out := make([]byte, 0, len(b)+len(b)/8)
	for i := 0; i < len(b); {
		change, width := plain, 1
		if b[i] == '\\' && i+1 < len(b) {
			change, width = escaped, 2
		}
		if change != nil {
			if now, taken := change(b[i:]); taken > 0 {
				out = append(out, now...)
				i += taken
				continue
			}
		}
		out = append(out, b[i:i+width]...)
		i += width
	}
	return out
}

func escapeSlashes(b []byte) []byte {
	return escapes(b, func(rest []byte) ([]byte, int) {
		if rest[0] == '/' {
			return []byte(`\/`), 1
		}
		return nil, 0
	}, nil)
}

func unescapeSlashes(b []byte) []byte {
	return escapes(b, nil, func(rest []byte) ([]byte, int) {
		if rest[1] == '/' {
			return []byte("/"), 2
		}
		return nil, 0
	})
}

func escapeHTML(b []byte) []byte {
	return escapes(b, func(rest []byte) ([]byte, int) {
		if c := rest[0]; c == '<' || c == '>' || c == '&' {
			return fmt.Appendf(nil, `\u%04x`, c), 1
		}
		return nil, 0
	}, nil)
}

func unescapeHTML(b []byte) []byte {
	return escapes(b, nil, func(rest []byte) ([]byte, int) {
		if r := codeUnit(rest); r == '<' || r == '>' || r == '&' || r == '\'' || r == 0x2028 || r == 0x2029 {
			return []byte(string(r)), 6
		}
		return nil, 0
	})
}

func escapeUnicode(b []byte) []byte {
	return escapes(b, func(rest []byte) ([]byte, int) {
		r, size := utf8.DecodeRune(rest)
		if r < 0x80 || r == utf8.RuneError {
			return nil, 0
		}
		var out []byte
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
		return out, size
	}, nil)
}

func unescapeUnicode(b []byte) []byte {
	return escapes(b, nil, func(rest []byte) ([]byte, int) {
		first := codeUnit(rest)
		if first < 0x80 {
			return nil, 0
		}
		if utf16.IsSurrogate(first) {
			if len(rest) < 12 {
				return nil, 0
			}
			r := utf16.DecodeRune(first, codeUnit(rest[6:]))
			if r == utf8.RuneError {
				return nil, 0
			}
			return []byte(string(r)), 12
		}
		return []byte(string(first)), 6
	})
}

// codeUnit reads \uXXXX, or says 0.
func codeUnit(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
}

// unquoteJSON takes the JSON out of a JSON text that somebody encoded as a text once more.
func unquoteJSON(b []byte) []byte {
	var inner string
	if len(b) == 0 || b[0] != '"' || json.Unmarshal(b, &inner) != nil {
		return nil
	}
	return []byte(inner)
}

// gatewayNames is the order in which the known gateways write the members of their messages; what sorts its keys has lost it. Names that are not here come last, as they stood.
var gatewayNames = []string{"id", "code", "create_time", "resource_type", "event_type", "msg", "sub_code", "sub_msg", "summary", "resource", "original_type", "algorithm", "ciphertext",
	"associated_data", "nonce"}

// gatewayOrder puts the members of every object back into the order of gatewayNames, compactly.
func gatewayOrder(b []byte) []byte {
	if tight := compact(b); tight != nil && tight[0] == '{' {
		return ordered(tight)
	}
	return nil
}

func ordered(object []byte) []byte {
	type member struct {
		name  string
		place int
		value json.RawMessage
	}
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return nil
	}
	var list []member
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		m := member{name: name, place: slices.Index(gatewayNames, name)}
		if err != nil || !ok || dec.Decode(&m.value) != nil {
			return nil
		}
		if m.place < 0 {
			m.place = len(gatewayNames)
		}
		if len(m.value) > 0 && m.value[0] == '{' {
			m.value = ordered(m.value)
		}
		list = append(list, m)
	}
	slices.SortStableFunc(list, func(a, b member) int { return a.place - b.place })
	out := []byte{'{'}
	for i, m := range list {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil
		}
		out = append(append(append(out, name...), ':'), m.value...)
	}
	return append(out, '}')
}
