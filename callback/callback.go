// Package callback receives providers' notifications: the raw body, an opaque address, the engine, and the exact bytes of the acknowledgement. It knows no
// provider and changes nothing itself.
package callback

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"

	"postern"
	"postern/engine"
	"postern/provider"
)

// MaxBody bounds a notification in bytes; the largest genuine ones are a few kilobytes.
const MaxBody = 64 << 10

// Handler serves POST /n/{id}, and GET for providers that notify so: then the raw query is the message. At most Parallel notifications are verified at once; beyond that the provider is told to come again.
type Handler struct {
	Engine *engine.Engine
	Log    *slog.Logger
	// Unknown counts notifications to addresses that no attempt has.
	Unknown atomic.Int64

	slots chan struct{}
}

// parallel bounds signature checks under way, so that a flood of garbage cannot take the processor from the API.
const parallel = 64

// New returns a handler.
func New(e *engine.Engine, log *slog.Logger) *Handler {
	return &Handler{Engine: e, Log: log, slots: make(chan struct{}, parallel)}
}

// Register mounts the handler.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.Handle("POST /n/{id}", h)
	mux.Handle("GET /n/{id}", h)
	mux.HandleFunc("POST "+engine.AccountPath+"{id}", h.account)
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.take(w, r, h.Engine.Notify) }

// take hands a message to the engine and writes the answer.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, to func(context.Context, string, provider.Message) (provider.Reply, error)) {
	body, ok := raw(w, r)
	if !ok {
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	reply, err := to(r.Context(), r.PathValue("id"), provider.Message{Header: r.Header, Body: body})
	if err != nil {
		h.fail(w, r, reply, err)
		return
	}
	write(w, reply)
}

// raw takes the message as it arrived: the body of a POST, the query of a GET. An address that somebody merely opens, or a HEAD, is no notification.
func raw(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if r.Method != http.MethodPost {
		if r.Method != http.MethodGet || r.URL.RawQuery == "" {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "this address takes notifications", http.StatusMethodNotAllowed)
			return nil, false
		}
		if len(r.URL.RawQuery) > MaxBody {
			http.Error(w, "the query is too large", http.StatusRequestURITooLong)
			return nil, false
		}
		return []byte(r.URL.RawQuery), true
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		http.Error(w, "the body is too large or did not arrive", http.StatusRequestEntityTooLarge)
		return nil, false
	}
	return body, true
}

// fail answers what was not committed. An unknown address says so; everything else makes the provider send again.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, reply provider.Reply, err error) {
	if reply.Status == 0 && postern.CodeOf(err) == postern.CodeNotFound { // Behind a known address even a missing row makes the provider come again.
		h.Unknown.Add(1)
		http.NotFound(w, r)
		return
	}
	h.Log.ErrorContext(r.Context(), "notification not applied", "err", err)
	if reply.Status == 0 {
		reply = provider.Reply{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: "fail"}
	}
	write(w, reply)
}

func write(w http.ResponseWriter, reply provider.Reply) {
	if reply.ContentType != "" {
		w.Header().Set("Content-Type", reply.ContentType)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(reply.Body)))
	w.WriteHeader(reply.Status)
	_, _ = io.WriteString(w, reply.Body)
}
