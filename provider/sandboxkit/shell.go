package sandboxkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// MaxBody is the largest request body, in bytes, that a sandbox reads.
const MaxBody = 64 << 10

// ErrBodyTooLarge says that a body is longer than MaxBody.
var ErrBodyTooLarge = errors.New("the body is longer than 65536 bytes: send less")

// LimitBody refuses, before h sees it, a request whose body is longer than MaxBody: 413. Shorter bodies reach h whole and can be read by any means.
func LimitBody(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := ReadBody(r.Body)
		if errors.Is(err, ErrBodyTooLarge) {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			http.Error(w, "the body could not be read", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(w, r)
	})
}

// ReadBody reads at most MaxBody bytes and returns ErrBodyTooLarge when there are more. A nil reader is an empty body.
func ReadBody(r io.Reader) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxBody {
		return nil, ErrBodyTooLarge
	}
	return b, nil
}

// ReadJSON decodes a request's body into v. Unknown fields and bytes after the value are errors; an empty body leaves v alone.
func ReadJSON(r *http.Request, v any) error {
	body, err := ReadBody(r.Body)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the body is not the expected JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body goes on after its JSON value: send one value")
	}
	return nil
}

// WriteJSON answers with v as JSON; <, > and & stay as they are.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		http.Error(w, "the answer could not be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the caller is gone when this fails
}

// problem is the body of every error of the control address.
type problem struct {
	Error string   `json:"error"`
	Field string   `json:"field,omitempty"`
	Known []string `json:"known,omitempty"`
}

func writeProblem(w http.ResponseWriter, status int, err error) {
	p := problem{Error: err.Error()}
	var fe *FaultError
	if errors.As(err, &fe) {
		p.Field, p.Known = fe.Field, fe.Known
	}
	WriteJSON(w, status, p)
}

// statusOf maps a book's error to an HTTP status.
func statusOf(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, ErrConflict):
		return http.StatusConflict
	default:
		return http.StatusInternalServerError
	}
}

// LoopbackOnly answers 403 to callers whose address is not this machine's loopback, and to pages of other sites that use a local browser as their messenger.
func LoopbackOnly(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			writeProblem(w, http.StatusForbidden, errors.New("the control address answers callers on this machine only: use its loopback address"))
			return
		}
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			writeProblem(w, http.StatusForbidden, errors.New("the control address does not answer pages of other sites"))
			return
		}
		h.ServeHTTP(w, r)
	})
}
