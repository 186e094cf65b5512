package sandboxkit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Local is a Doer and a RoundTripper that hands requests to handlers in this process, by host (with its port, as in the URL). A simulation runs the whole switch
// over it without a socket. A handler that panics with http.ErrAbortHandler makes Do return io.ErrUnexpectedEOF, as a closed connection would: the caller cannot
// tell whether anything happened. Fill it before the first request.
type Local map[string]http.Handler

// ErrNoHost says that Local has no handler for the host: nothing was sent anywhere.
var ErrNoHost = errors.New("sandboxkit: no such host")

// RoundTrip implements http.RoundTripper.
func (l Local) RoundTrip(r *http.Request) (*http.Response, error) { return l.Do(r) }

// Do implements Doer. Redirects are not followed.
func (l Local) Do(r *http.Request) (_ *http.Response, err error) {
	h := l[r.URL.Host]
	if h == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoHost, r.URL.Host)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:1"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			err = io.ErrUnexpectedEOF
		}
	}()
	b := newBuffer()
	h.ServeHTTP(b, in)
	b.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:        strconv.Itoa(b.status) + " " + http.StatusText(b.status),
		StatusCode:    b.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        received(b.sent),
		Body:          io.NopCloser(bytes.NewReader(b.body.Bytes())),
		ContentLength: int64(b.body.Len()),
		Request:       r,
	}, nil
}

// received is a header as a reader of HTTP has it: a handler may write a name in a case of its own.
func received(sent http.Header) http.Header {
	h := make(http.Header, len(sent))
	for name, values := range sent {
		name = http.CanonicalHeaderKey(name)
		h[name] = append(h[name], values...)
	}
	return h
}
