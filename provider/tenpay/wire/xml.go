package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var declaration = regexp.MustCompile(`^\s*<\?xml\b[^>]{0,200}\?>`)

var declaredEncoding = regexp.MustCompile(`encoding\s*=\s*["']([A-Za-z0-9-]{1,20})["']`)

// ParseXML reads a reply: <root> with one level of fields below it. Its bytes are in the charset that the declaration names. Deeper levels, attributes, fields
// that stand twice, entities of its own and anything after the root are refused.
func ParseXML(b []byte) (Params, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrMalformed, MaxMessage)
	}
	head := declaration.Find(b)
	name := ""
	if m := declaredEncoding.FindSubmatch(head); m != nil {
		name = string(m[1])
	}
	charset, err := ParseCharset(name)
	if err != nil {
		return nil, err
	}
	text, err := charset.Decode(string(b[len(head):]))
	if err != nil {
		return nil, err
	}
	return fields(xml.NewDecoder(strings.NewReader(text)))
}

// fields reads the tokens of <root>.
func fields(d *xml.Decoder) (Params, error) {
	p, depth, name, ended := Params{}, 0, "", false
	var value strings.Builder
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && ended:
			return p, nil
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			if ended || depth > 2 || len(t.Attr) > 0 || t.Name.Space != "" || depth == 1 && t.Name.Local != "root" {
				return nil, fmt.Errorf("%w: <root> has one level of fields without attributes", ErrMalformed)
			}
			name = t.Name.Local
			value.Reset()
		case xml.EndElement:
			if depth--; depth == 0 {
				ended = true
				continue
			}
			if err := p.add(name, value.String()); err != nil {
				return nil, err
			}
		case xml.CharData:
			if depth != 2 && len(bytes.TrimSpace(t)) > 0 {
				return nil, fmt.Errorf("%w: text outside of a field", ErrMalformed)
			}
			value.Write(t)
		case xml.Comment:
		default:
			return nil, fmt.Errorf("%w: a directive", ErrMalformed)
		}
	}
}

// EncodeXML writes a reply in a charset, with the fields in the order of their names.
func (p Params) EncodeXML(charset Charset) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="` + string(charset) + `" ?>` + "\r\n<root>")
	for _, name := range slices.Sorted(maps.Keys(p)) {
		b.WriteString("<" + name + ">")
		if err := xml.EscapeText(&b, []byte(p[name])); err != nil {
			return nil, err
		}
		b.WriteString("</" + name + ">")
	}
	b.WriteString("</root>")
	out, err := charset.Encode(b.String())
	return []byte(out), err
}
