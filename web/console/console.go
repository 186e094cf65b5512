// Package console is what a seller's people use every day, on a phone first: who may sign in and do what, and every page of a shop below one address.
//
// The route table (routes.go) says of every page who may open it; the frame (guard.go) holds requests against it before a page is asked. Pages read, call one verb
// of the engine and send the browser on. Another merchant's address answers like one that does not exist.
package console

import (
	"context"
	"log/slog"
	"net"
	"net/http"

	"postern/engine"
	"postern/wall"
	"postern/web/ui"
)

// Config is what the console needs.
type Config struct {
	Engine *engine.Engine
	Wall   *wall.Map // nil means the built-in one
	// ClientIP is the person's address, believed from trusted proxies only; nil takes the connection's.
	ClientIP func(*http.Request) string
	// Reach asks the address where providers notify whether this switch answers there; nil leaves the question out.
	Reach func(context.Context) error
	Log   *slog.Logger
}

// Handler serves everything below /console.
type Handler struct {
	cfg     Config
	guarded http.Handler
}

// root is where the console lives.
const root = "/console"

// New returns the handler of /console and everything below it. Every address that is no page gets one constant 404.
func New(cfg Config) *Handler {
	if cfg.ClientIP == nil {
		cfg.ClientIP = connectionIP
	}
	if cfg.Wall == nil {
		cfg.Wall = wall.Default()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{cfg: cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("/", notFound)
	for _, one := range routes {
		mux.HandleFunc(one.pattern, func(w http.ResponseWriter, r *http.Request) { h.guard(one, w, r) })
	}
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(h.foreignForm))
	if origin, ok := ui.Origin(cfg.Engine.PublicURL); ok { // behind a proxy the Host may be another
		if err := cross.AddTrustedOrigin(origin); err != nil {
			cfg.Log.Warn("console", "op", "trust the public address", "err", err)
		}
	}
	h.guarded = cross.Handler(mux)
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.guarded.ServeHTTP(w, r) }

// Register mounts the console on a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.Handle(root, h)
	mux.Handle(root+"/", h)
}

func connectionIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
