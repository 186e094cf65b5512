package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Bounds of XML that is read.
const (
	maxDepth = 12
	maxNodes = 20_000
)

// node is an element: text for a leaf, children else.
type node struct {
	name     string
	id, href string
	text     string
	children []*node
}

// parseXML reads a document into elements. Entities other than XML's own, document types and instructions are refused, and so is a charset that is neither UTF-8
// nor one of GBK's names.
func parseXML(text []byte) (*node, error) {
	if len(text) > MaxMessage {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxMessage)
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = charset
	root := &node{}
	open, count := []*node{root}, 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		top := open[len(open)-1]
		switch t := t.(type) {
		case xml.StartElement:
			if count++; count > maxNodes || len(open) > maxDepth || len(open) == 1 && len(root.children) > 0 {
				return nil, fmt.Errorf("%w: too many or too deep elements, or a second root", ErrMalformed)
			}
			n := &node{name: t.Name.Local}
			for _, a := range t.Attr {
				switch a.Name.Local {
				case "id":
					n.id = a.Value
				case "href":
					n.href = a.Value
				}
			}
			top.children = append(top.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.text += string(t)
		case xml.Directive:
			return nil, fmt.Errorf("%w: a document type", ErrMalformed)
		case xml.ProcInst:
			if t.Target != "xml" {
				return nil, fmt.Errorf("%w: an instruction", ErrMalformed)
			}
		}
	}
	if len(root.children) != 1 || strings.TrimSpace(root.text) != "" {
		return nil, fmt.Errorf("%w: no document", ErrMalformed)
	}
	return root.children[0], nil
}

func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8":
		return in, nil
	case "gbk", "gb2312", "gb18030":
		return simplifiedchinese.GB18030.NewDecoder().Reader(in), nil
	}
	return nil, fmt.Errorf("the charset %.20q is not one of this protocol", label)
}

// fields reads an element's leaves. An element that stands twice is refused.
func (n *node) fields() (Fields, error) {
	f := Fields{}
	for _, c := range n.children {
		if len(c.children) > 0 || c.href != "" {
			continue
		}
		if err := f.add(c.name, strings.TrimSpace(c.text)); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// ParseRefundReply reads the answer to a refund: MERCHANT, ORDERID, TXORDER, AMOUNT, RESULT and CODE below one root.
func ParseRefundReply(text []byte) (Fields, error) {
	root, err := parseXML(text)
	if err != nil {
		return nil, err
	}
	return root.fields()
}

// RefundReply writes the answer to a refund.
func RefundReply(f Fields) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><BILLDRAWBACK>`)
	writeElements(&b, f, []string{"MERCHANT", "ORDERID", "TXORDER", "AMOUNT", "RESULT", "CODE"}, "")
	b.WriteString("</BILLDRAWBACK>")
	return b.String()
}

// writeElements writes fields as elements with an attribute each.
func writeElements(b *strings.Builder, f Fields, order []string, attribute string) {
	for _, name := range f.names(order) {
		b.WriteString("<" + name + attribute + ">")
		// A strings.Builder takes everything; what XML cannot hold becomes U+FFFD.
		_ = xml.EscapeText(b, []byte(f[name]))
		b.WriteString("</" + name + ">")
	}
}
