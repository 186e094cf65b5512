package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The functions below walk JSON that json.Valid has accepted, and hand out raw bytes: a signature covers bytes, so nothing is ever decoded and written again. They
// exist because json.Decoder costs as much per answer as the signature's verification does.

// members calls each for every member of an object, with the decoded name and the raw value. b must be a valid object without blanks around it.
func members(b []byte, each func(name string, value json.RawMessage) error) error {
	i := blanks(b, 1)
	for b[i] != '}' {
		if b[i] == ',' {
			i = blanks(b, i+1)
		}
		end := valueEnd(b, i)
		name, err := unquote(b[i:end])
		if err != nil {
			return err
		}
		i = blanks(b, blanks(b, end)+1) // over the colon
		end = valueEnd(b, i)
		if err := each(name, b[i:end:end]); err != nil {
			return err
		}
		i = blanks(b, end)
	}
	return nil
}

// elements calls each for every element of a valid list.
func elements(b []byte, each func(value json.RawMessage) error) error {
	i := blanks(b, 1)
	for b[i] != ']' {
		if b[i] == ',' {
			i = blanks(b, i+1)
		}
		end := valueEnd(b, i)
		if err := each(b[i:end:end]); err != nil {
			return err
		}
		i = blanks(b, end)
	}
	return nil
}

// blanks returns the first index from i on that is not a blank.
func blanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// valueEnd returns the index after the value that starts at i.
func valueEnd(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			} else if depth < 0 {
				return i
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

func unquote(b []byte) (string, error) {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b[1 : len(b)-1]), nil
	}
	var s string
	err := json.Unmarshal(b, &s)
	return s, err
}

// object checks that b is one valid JSON object and returns its members. A name that appears twice is refused.
func object(b []byte) (Object, error) {
	b = bytes.Trim(b, " \t\r\n")
	if !json.Valid(b) {
		return nil, fmt.Errorf("not JSON")
	}
	if b[0] != '{' {
		return nil, fmt.Errorf("not a JSON object")
	}
	o := Object{}
	return o, members(b, func(name string, value json.RawMessage) error {
		if _, twice := o[name]; twice {
			return fmt.Errorf("member %.64q appears twice", name)
		}
		o[name] = value
		return nil
	})
}

// unique fails on a repeated member below value, or on too deep nesting.
func unique(value json.RawMessage, depth int) error {
	switch {
	case value[0] != '{' && value[0] != '[':
		return nil
	case depth >= maxDepth:
		return fmt.Errorf("nested deeper than %d", maxDepth)
	case value[0] == '[':
		return elements(value, func(v json.RawMessage) error { return unique(v, depth+1) })
	}
	seen := map[string]bool{}
	return members(value, func(name string, v json.RawMessage) error {
		if seen[name] {
			return fmt.Errorf("member %.64q appears twice", name)
		}
		seen[name] = true
		return unique(v, depth+1)
	})
}
