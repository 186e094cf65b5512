package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// maxDepth bounds nesting; the deepest legal body has three levels.
const maxDepth = 16

// badJSON is a body that is not one plain JSON value: duplicate names, trailing bytes, too much nesting, broken text or a number that is no integer. Two
// parsers could read such a body as two different orders.
type badJSON struct{ message, field, fix string }

func (b *badJSON) Error() string { return b.message }

// jsonFormat is the API's only format. CheckJSON has seen the body before it is decoded here; answers are written without HTML escapes.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	},
	Unmarshal: json.Unmarshal,
}

// CheckJSON accepts exactly one JSON value in UTF-8 without duplicate names, trailing bytes, excessive depth, broken or NUL characters, or numbers that are not
// integers of 64 bits. The error is a *badJSON that names the field and carries no value.
func CheckJSON(data []byte) error {
	if !utf8.Valid(data) {
		return notJSON()
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := checkValue(decoder, "", 0); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return &badJSON{message: "bytes follow the JSON value", fix: "send one JSON object"}
	}
	return nil
}

func checkValue(d *json.Decoder, path string, depth int) error {
	if depth > maxDepth {
		return &badJSON{message: "the body is nested too deeply", fix: "send at most 16 levels"}
	}
	token, err := d.Token()
	if err != nil {
		return notJSON()
	}
	switch v := token.(type) {
	case json.Number:
		return checkNumber(v, path)
	case string:
		return checkString(v, path)
	case json.Delim:
		if v == '{' {
			return checkObject(d, path, depth)
		}
		return checkArray(d, path, depth)
	}
	return nil
}

func checkNumber(n json.Number, path string) error {
	if _, err := strconv.ParseInt(n.String(), 10, 64); err != nil {
		return &badJSON{message: "the number is not an integer of 64 bits", field: path, fix: "send integers only; amounts are minor units, 6800 for 68.00"}
	}
	return nil
}

// checkString refuses what a database may refuse later (NUL) and what the decoder put in place of a broken escape.
func checkString(s, path string) error {
	if strings.ContainsRune(s, 0) || strings.ContainsRune(s, utf8.RuneError) {
		return &badJSON{message: "the text holds a NUL or a broken character", field: path, fix: "send whole characters in UTF-8"}
	}
	return nil
}

func checkArray(d *json.Decoder, path string, depth int) error {
	for i := 0; d.More(); i++ {
		if err := checkValue(d, path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return notJSON()
	}
	return nil
}

func checkObject(d *json.Decoder, path string, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return notJSON()
		}
		name := fmt.Sprint(token)
		field := name
		if path != "" {
			field = path + "." + name
		}
		if err := checkString(name, path); err != nil {
			return err
		}
		if seen[name] {
			return &badJSON{message: "a name stands twice in one object", field: shown(field), fix: "send each field once"}
		}
		seen[name] = true
		if err := checkValue(d, shown(field), depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return notJSON()
	}
	return nil
}

// shown bounds the name of a field in an answer, in bytes, without cutting a character.
func shown(field string) string {
	const most = 200
	if len(field) <= most {
		return field
	}
	return strings.ToValidUTF8(field[:most], "")
}

func notJSON() error {
	return &badJSON{message: "the body is not JSON", fix: "send one JSON object in UTF-8"}
}
