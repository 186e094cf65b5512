package provider

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"
)

// Bounds of what is read as a message, in bytes and lines.
const (
	maxRawSpecimen = 2 * MaxSpecimen
	maxHeaders     = 200
)

// ErrSpecimen is wrapped when a text is no message that can be read.
var ErrSpecimen = errors.New("provider: not a message")

// ReadSpecimen reads what people copy: a raw HTTP message (request line or status line, headers, an empty line, the body), a curl command, an entry of a HAR file, an address with
// its query, or a body alone. kind chooses between the request and the response of a HAR entry. Bytes of the body are kept as they are, except for one line break at the end, which editors
// add, unless Content-Length counts it. It returns ErrSpecimen, wrapped with the reason.
func ReadSpecimen(raw []byte, kind SpecimenKind) (Specimen, error) {
	if len(raw) > maxRawSpecimen {
		return Specimen{}, fmt.Errorf("%w: more than %d bytes", ErrSpecimen, maxRawSpecimen)
	}
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\ufeff")), "\r\n\t ")
	var s Specimen
	var err error
	first, _, _ := strings.Cut(string(trimmed[:min(len(trimmed), 8192)]), "\n")
	first = strings.TrimRight(first, "\r")
	switch {
	case len(trimmed) == 0:
		return s, fmt.Errorf("%w: nothing is there", ErrSpecimen)
	case first == "curl" || strings.HasPrefix(first, "curl "):
		s, err = readCurl(string(trimmed))
	case trimmed[0] == '{' && isHAR(trimmed):
		s, err = readHAR(trimmed, kind)
	case strings.HasPrefix(first, "HTTP/"), requestLine(first), headerLine(first):
		s, err = readHTTP(trimmed)
	case strings.HasPrefix(first, "https://"), strings.HasPrefix(first, "http://"):
		s = Specimen{Method: http.MethodGet, URL: strings.TrimSpace(first), Header: http.Header{}}
	default:
		s = Specimen{Header: http.Header{}, Body: withoutEnd(trimmed)}
	}
	if err == nil && len(s.Body) > MaxSpecimen {
		err = fmt.Errorf("%w: a body of more than %d bytes", ErrSpecimen, MaxSpecimen)
	}
	s.Kind = kind
	return s, err
}

// requestLine says whether a line is METHOD target, with or without the protocol after it.
func requestLine(line string) bool {
	f := strings.Fields(line)
	return (len(f) == 2 || len(f) == 3 && strings.HasPrefix(f[2], "HTTP/")) && methods[f[0]] && (strings.HasPrefix(f[1], "/") || strings.Contains(f[1], "://"))
}

var methods = map[string]bool{"GET": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "HEAD": true}

// headerLine says whether a line is Name: value.
func headerLine(line string) bool {
	name, _, found := strings.Cut(line, ":")
	return found && name != "" && len(name) < 100 && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}) && !strings.HasPrefix(line[len(name):], "://")
}

// readHTTP reads a raw message. Lines may end in LF or CRLF; names of headers stay as they are spelled.
func readHTTP(raw []byte) (Specimen, error) {
	s := Specimen{Header: http.Header{}}
	rest := raw
	for n := 0; len(rest) > 0; n++ {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		text := strings.TrimRight(string(line), "\r")
		if strings.TrimSpace(text) == "" {
			break
		}
		switch {
		case n > maxHeaders:
			return s, fmt.Errorf("%w: more than %d headers", ErrSpecimen, maxHeaders)
		case n == 0 && strings.HasPrefix(text, "HTTP/"):
			f := strings.Fields(text)
			if len(f) < 2 {
				return s, fmt.Errorf("%w: the status line has no status", ErrSpecimen)
			}
			status, err := strconv.Atoi(f[1])
			if err != nil || status < 100 || status > 999 {
				return s, fmt.Errorf("%w: the status is no number", ErrSpecimen)
			}
			s.Status = status
		case n == 0 && requestLine(text):
			f := strings.Fields(text)
			s.Method, s.URL = f[0], f[1]
		case headerLine(text):
			name, value, _ := strings.Cut(text, ":")
			s.Header[name] = append(s.Header[name], strings.TrimSpace(value))
		default:
			return s, fmt.Errorf("%w: line %d is no header; put an empty line between the headers and the body", ErrSpecimen, n+1)
		}
	}
	s.Body = sized(rest, s.Get("Content-Length"))
	if at, err := http.ParseTime(s.Get("Date")); err == nil {
		s.Now = at
	}
	return s, nil
}

// sized cuts off what an editor added after the body: all beyond Content-Length if that is line breaks, else one line break.
func sized(body []byte, length string) []byte {
	n, err := strconv.Atoi(length)
	switch {
	case err == nil && n >= 0 && n <= len(body) && len(bytes.Trim(body[n:], "\r\n")) == 0:
		return body[:n]
	case err == nil:
		return body
	}
	return withoutEnd(body)
}

func withoutEnd(body []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(body, []byte("\n")), []byte("\r"))
}
