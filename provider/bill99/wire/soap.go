package wire

import (
	"fmt"
	"strings"
)

// The order query as Axis 1.4 speaks it: SOAP 1.1, RPC, encoded, an empty SOAPAction. One stub and its WSDL's names are the source.
const (
	soapOperation = "gatewayOrderQuery"
	soapPart      = "request"
	soapReturn    = "gatewayOrderQueryReturn"
	soapHead      = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>`
	soapFoot     = `</soapenv:Body></soapenv:Envelope>`
	soapEncoded  = ` soapenv:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"`
	soapQueryNS  = "http://api.seashell.bill99.com"
	soapTypeNS   = "http://gatewayquery.dto.domain.seashell.bill99.com"
	soapAsString = ` xsi:type="xsd:string"`
)

// QuerySOAP writes a question for orders.
func QuerySOAP(f Fields) string {
	var b strings.Builder
	b.WriteString(soapHead + `<ns1:` + soapOperation + soapEncoded + ` xmlns:ns1="` + soapQueryNS + `"><` + soapPart + ` xsi:type="ns2:GatewayOrderQueryRequest" xmlns:ns2="` + soapTypeNS + `">`)
	writeElements(&b, f, append(QueryOrder[:len(QueryOrder):len(QueryOrder)], "signMsg"), soapAsString)
	b.WriteString("</" + soapPart + "></ns1:" + soapOperation + ">" + soapFoot)
	return b.String()
}

// ParseQuerySOAP reads a question for orders.
func ParseQuerySOAP(text []byte) (Fields, error) {
	e, err := openEnvelope(text)
	if err != nil {
		return nil, err
	}
	part, err := e.find(soapPart)
	if err != nil {
		return nil, err
	}
	return part.fields()
}

// SOAP writes an answer for orders as Axis does: the return value and each order stand by themselves and are referred to.
func (a Answer) SOAP() string {
	var b strings.Builder
	b.WriteString(soapHead + `<ns1:` + soapOperation + `Response` + soapEncoded + ` xmlns:ns1="` + soapQueryNS + `"><` + soapReturn + ` href="#id0"/></ns1:` + soapOperation + `Response>`)
	b.WriteString(`<multiRef id="id0"` + soapEncoded + ` xsi:type="ns2:GatewayOrderQueryResponse" xmlns:ns2="` + soapTypeNS + `">`)
	writeElements(&b, a.Fields, append(AnswerOrder[:len(AnswerOrder):len(AnswerOrder)], "signMsg"), soapAsString)
	b.WriteString("<" + ListOrders + ">")
	for i := range a.Rows {
		fmt.Fprintf(&b, `<%s href="#id%d"/>`, ListOrders, i+1)
	}
	b.WriteString("</" + ListOrders + "></multiRef>")
	for i, row := range a.Rows {
		fmt.Fprintf(&b, `<multiRef id="id%d"%s xsi:type="ns2:GatewayOrderDetail" xmlns:ns2="%s">`, i+1, soapEncoded, soapTypeNS)
		writeElements(&b, row, append(DetailOrder[:len(DetailOrder):len(DetailOrder)], "signInfo"), soapAsString)
		b.WriteString("</multiRef>")
	}
	b.WriteString(soapFoot)
	return b.String()
}

// ParseAnswerSOAP reads an answer for orders, whether its parts stand in place or are referred to.
func ParseAnswerSOAP(text []byte) (Answer, error) {
	e, err := openEnvelope(text)
	if err != nil {
		return Answer{}, err
	}
	value, err := e.find(soapReturn)
	if err != nil {
		return Answer{}, err
	}
	var a Answer
	if a.Fields, err = value.fields(); err != nil {
		return Answer{}, err
	}
	delete(a.Fields, ListOrders) // an empty list is a leaf
	for _, c := range value.children {
		if c.name != ListOrders {
			continue
		}
		if c, err = e.follow(c); err != nil {
			return Answer{}, err
		}
		if len(c.children) == 0 {
			continue
		}
		if a.Rows != nil {
			return Answer{}, fmt.Errorf("%w: two lists of orders", ErrMalformed)
		}
		for _, item := range c.children {
			if item, err = e.follow(item); err != nil {
				return Answer{}, err
			}
			row, err := item.fields()
			if err != nil || len(a.Rows) >= maxRows {
				return Answer{}, fmt.Errorf("%w: an order is none, or there are more than %d: %w", ErrMalformed, maxRows, err)
			}
			a.Rows = append(a.Rows, row)
		}
	}
	return a, nil
}

// envelope is a SOAP body with what can be referred to in it.
type envelope struct {
	call *node
	byID map[string]*node
}

func openEnvelope(text []byte) (envelope, error) {
	root, err := parseXML(text)
	if err != nil {
		return envelope{}, err
	}
	e := envelope{byID: map[string]*node{}}
	for _, body := range root.children {
		if root.name != "Envelope" || body.name != "Body" {
			continue
		}
		for _, n := range body.children {
			switch {
			case n.id != "" && e.byID[n.id] != nil:
				return envelope{}, fmt.Errorf("%w: two elements are called %.20q", ErrMalformed, n.id)
			case n.id != "":
				e.byID[n.id] = n
			case e.call != nil:
				return envelope{}, fmt.Errorf("%w: more than one call", ErrMalformed)
			default:
				e.call = n
			}
		}
	}
	if e.call == nil {
		return envelope{}, fmt.Errorf("%w: no SOAP body with a call", ErrMalformed)
	}
	if e.call.name == "Fault" {
		return envelope{}, fmt.Errorf("%w: a SOAP fault", ErrMalformed)
	}
	return e, nil
}

// find returns the call's one part of this name.
func (e envelope) find(name string) (*node, error) {
	if len(e.call.children) != 1 || e.call.children[0].name != name {
		return nil, fmt.Errorf("%w: the call has no single %s", ErrMalformed, name)
	}
	return e.follow(e.call.children[0])
}

// follow returns what an element refers to, once: a reference to a reference is refused.
func (e envelope) follow(n *node) (*node, error) {
	if n.href == "" {
		return n, nil
	}
	to := e.byID[strings.TrimPrefix(n.href, "#")]
	if to == nil || to.href != "" || !strings.HasPrefix(n.href, "#") {
		return nil, fmt.Errorf("%w: %.20q refers to nothing", ErrMalformed, n.href)
	}
	return to, nil
}
