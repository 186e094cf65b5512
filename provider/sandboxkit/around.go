package sandboxkit

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"time"
)

type signatureKey struct{}

// SpoilSignature says whether this request's answer must carry a signature that does not verify (fault wrong_signature).
func SpoilSignature(ctx context.Context) bool { return ctx.Value(signatureKey{}) != nil }

// Around runs effect for one request of op and makes it suffer the armed faults: at most one delay and at most one other. The op is often known only after the
// request was parsed, so this is a function and not a middleware. A dropped connection is panic(http.ErrAbortHandler), which net/http servers turn into a closed
// connection and Local into an error.
func (f *Faults) Around(w http.ResponseWriter, r *http.Request, op string, effect http.HandlerFunc) {
	if d, ok := f.Take(op, Delay); ok {
		f.Sleep(r.Context(), time.Duration(d.DelayMS)*time.Millisecond)
	}
	fault, _ := f.Take(op, DropRequest, Error500, DropResponse, ErrorAfterEffect, WrongSignature)
	switch fault.Fault {
	case DropRequest:
		panic(http.ErrAbortHandler)
	case Error500:
		serverError(w)
	case DropResponse:
		effect(newBuffer(), r)
		panic(http.ErrAbortHandler)
	case ErrorAfterEffect:
		effect(newBuffer(), r)
		serverError(w)
	case WrongSignature:
		effect(w, r.WithContext(context.WithValue(r.Context(), signatureKey{}, true)))
	default:
		effect(w, r)
	}
}

func serverError(w http.ResponseWriter) {
	http.Error(w, "Internal Server Error", http.StatusInternalServerError)
}

// buffer is a ResponseWriter that keeps the answer instead of sending it.
type buffer struct {
	header http.Header
	sent   http.Header // the header as it was when the status was written
	status int
	body   bytes.Buffer
}

func newBuffer() *buffer { return &buffer{header: http.Header{}} }

func (b *buffer) Header() http.Header { return b.header }

func (b *buffer) WriteHeader(status int) {
	if b.status == 0 {
		b.status = status
		b.sent = maps.Clone(b.header)
	}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}
