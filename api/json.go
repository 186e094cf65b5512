package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/danielgtaylor/huma/v2"
)

// maxDepth bounds nesting; the deepest legal body has three levels.
const maxDepth = 16

// badJSON is a body that is not one plain JSON value: duplicate names, trailing bytes or too much nesting. Two parsers could read such a body as two
// different orders.
type badJSON struct{ message, field, fix string }

func (b *badJSON) Error() string { return b.message }

// jsonFormat is the API's only format: strict when reading, without HTML escapes when writing.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	},
	Unmarshal: func(data []byte, v any) error {
		if err := CheckJSON(data); err != nil {
			return err
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		return decoder.Decode(v)
	},
}

// CheckJSON accepts exactly one JSON value without duplicate names, trailing bytes or excessive depth.
func CheckJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := checkValue(decoder, 0); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return &badJSON{message: "bytes follow the JSON value", fix: "send one JSON object"}
	}
	return nil
}

func checkValue(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return &badJSON{message: "the body is nested too deeply", fix: "send at most 16 levels"}
	}
	token, err := d.Token()
	if err != nil {
		return &badJSON{message: "the body is not JSON", fix: "send one JSON object in UTF-8"}
	}
	switch token {
	case json.Delim('{'):
		return checkObject(d, depth)
	case json.Delim('['):
		for d.More() {
			if err := checkValue(d, depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
		return notJSON(err)
	}
	return nil
}

func checkObject(d *json.Decoder, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return notJSON(err)
		}
		name := fmt.Sprint(token)
		if seen[name] {
			return &badJSON{message: "a name stands twice in one object", field: name, fix: "send each field once"}
		}
		seen[name] = true
		if err := checkValue(d, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return notJSON(err)
}

func notJSON(err error) error {
	if err == nil {
		return nil
	}
	return &badJSON{message: "the body is not JSON", fix: "send one JSON object in UTF-8"}
}
