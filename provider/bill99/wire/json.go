package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Names of the list in a query's answer. The SOAP answers call theirs orders and results; the JSON answer for orders says orderDetail (one source), and for
// refunds no source shows the name, so that it is taken to be that of SOAP.
const (
	ListOrders     = "orders"
	ListOrdersJSON = "orderDetail"
	ListRefunds    = "results"
)

// maxRows bounds the rows of one page of an answer.
const maxRows = 1000

// Answer is a query's answer: its own fields, and one row for each order or refund.
type Answer struct {
	Fields Fields
	Rows   []Fields
}

// ParseJSON reads an object of texts and numbers with at most one list of such objects, named list. Everything else is refused: a name that stands twice, deeper
// nesting, bytes after the object.
func ParseJSON(text []byte, list string) (Answer, error) {
	if len(text) > MaxMessage {
		return Answer{}, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxMessage)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var a Answer
	if err := expect(d, json.Delim('{')); err != nil {
		return Answer{}, err
	}
	var err error
	if a.Fields, err = object(d, func(name string) error {
		if name != list || a.Rows != nil {
			return fmt.Errorf("%w: %.40q is a list", ErrMalformed, name)
		}
		a.Rows, err = rows(d)
		return err
	}); err != nil {
		return Answer{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Answer{}, fmt.Errorf("%w: something follows the object", ErrMalformed)
	}
	return a, nil
}

func token(d *json.Decoder) (json.Token, error) {
	t, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return t, nil
}

func expect(d *json.Decoder, want json.Delim) error {
	t, err := token(d)
	if err == nil && t != want {
		err = fmt.Errorf("%w: %v instead of %v", ErrMalformed, t, want)
	}
	return err
}

// object reads the fields of an object whose brace is behind. A list is handed to nested, which is nil where none may be.
func object(d *json.Decoder, nested func(name string) error) (Fields, error) {
	f, lists := Fields{}, map[string]bool{}
	for {
		t, err := token(d)
		if err != nil {
			return nil, err
		}
		name, isName := t.(string)
		if !isName { // Only the closing brace can stand here.
			return f, nil
		}
		if t, err = token(d); err != nil {
			return nil, err
		}
		value := ""
		switch v := t.(type) {
		case string:
			value = v
		case json.Number:
			value = v.String()
		case nil:
		case json.Delim:
			if v != '[' || nested == nil || lists[name] {
				return nil, fmt.Errorf("%w: field %.40q holds %v", ErrMalformed, name, v)
			}
			lists[name] = true
			if err := nested(name); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("%w: field %.40q is neither text nor number", ErrMalformed, name)
		}
		if err := f.add(name, value); err != nil {
			return nil, err
		}
		if lists[name] {
			delete(f, name)
		}
	}
}

func rows(d *json.Decoder) ([]Fields, error) {
	list := []Fields{}
	for {
		t, err := token(d)
		switch {
		case err != nil:
			return nil, err
		case t == json.Delim(']'):
			return list, nil
		case t != json.Delim('{') || len(list) >= maxRows:
			return nil, fmt.Errorf("%w: a row is no object, or there are more than %d", ErrMalformed, maxRows)
		}
		row, err := object(d, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, row)
	}
}

// JSON writes the answer, every value as a text. An empty list stays away.
func (a Answer) JSON(list string) []byte {
	out := map[string]any{}
	for name, value := range a.Fields {
		out[name] = value
	}
	if len(a.Rows) > 0 {
		out[list] = a.Rows
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		panic("bill99: texts always encode: " + err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}

// names lists the fields that have a value: those of the order first and in it, then the rest by name.
func (f Fields) names(order []string) []string {
	var list []string
	for _, name := range order {
		if f[name] != "" {
			list = append(list, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if f[name] != "" && !slices.Contains(order, name) {
			list = append(list, name)
		}
	}
	return list
}
