package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxXML bounds a message of API v2, in bytes.
const MaxXML = 64 << 10

// ErrXML is wrapped by every refusal of ParseXML.
var ErrXML = errors.New("wechatpay: malformed XML")

// Fields is a message of API v2: one level of names and texts.
type Fields map[string]string

// ParseXML reads <root> with one level of fields below it; an empty root is any name. Deeper levels, attributes, fields that stand twice, a DOCTYPE, entities of the document's own, other
// declarations than UTF-8's and anything after the root are refused: what the signature is computed over must be what is read.
func ParseXML(raw []byte, root string) (Fields, error) {
	if len(raw) > MaxXML || !utf8.Valid(raw) {
		return nil, fmt.Errorf("%w: more than %d bytes, or not UTF-8", ErrXML, MaxXML)
	}
	p := xmlParser{root: root, fields: Fields{}}
	d := xml.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && p.ended:
			return p.fields, nil
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrXML, err)
		}
		if err := p.take(token); err != nil {
			return nil, err
		}
	}
}

// xmlParser is where ParseXML stands in the message.
type xmlParser struct {
	root, name string
	value      strings.Builder
	fields     Fields
	depth      int
	ended      bool
}

func (p *xmlParser) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		p.depth++
		if p.ended || p.depth > 2 || len(t.Attr) > 0 || t.Name.Space != "" || p.depth == 1 && p.root != "" && t.Name.Local != p.root {
			return fmt.Errorf("%w: <%s> has one level of fields without attributes", ErrXML, p.root)
		}
		p.name = t.Name.Local
		p.value.Reset()
	case xml.EndElement:
		if p.depth--; p.depth == 0 {
			p.ended = true
			return nil
		}
		if _, twice := p.fields[p.name]; twice {
			return fmt.Errorf("%w: %.40q stands twice", ErrXML, p.name)
		}
		p.fields[p.name] = p.value.String()
	case xml.CharData:
		if p.depth != 2 && len(bytes.TrimSpace(t)) > 0 {
			return fmt.Errorf("%w: text outside of a field", ErrXML)
		}
		p.value.Write(t)
	case xml.ProcInst:
		if t.Target != "xml" || p.depth > 0 || p.ended {
			return fmt.Errorf("%w: a processing instruction", ErrXML)
		}
	case xml.Comment:
	default:
		return fmt.Errorf("%w: a directive", ErrXML)
	}
	return nil
}

// XML writes the fields below <root> in the order of their names, each text as CDATA as WeChat's own examples have it.
func (f Fields) XML(root string) []byte {
	var b bytes.Buffer
	b.WriteString("<" + root + ">")
	for _, name := range slices.Sorted(maps.Keys(f)) {
		b.WriteString("<" + name + "><![CDATA[" + strings.ReplaceAll(f[name], "]]>", "]]]]><![CDATA[>") + "]]></" + name + ">")
	}
	b.WriteString("</" + root + ">")
	return b.Bytes()
}
