// Package api is the merchant API: REST under /v1 with an OpenAPI 3.1 document generated from the types, one file per resource. It validates, calls the
// engine, and never writes money rows itself.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"postern"
	"postern/engine"
	"postern/store"
	"postern/vault"
	"postern/webhook"
)

// API holds what the handlers need.
type API struct {
	Engine  *engine.Engine
	Store   *store.Store
	Vault   *vault.Vault
	Sender  *webhook.Sender
	Rand    io.Reader
	Now     func() time.Time
	Log     *slog.Logger
	Version string

	huma huma.API
}

// maxBody bounds a request body in bytes.
const maxBody = 64 << 10

// Register mounts /v1 on the mux.
func (a *API) Register(mux *http.ServeMux) {
	inner := http.NewServeMux()
	a.build(inner)
	mux.Handle("/v1/", a.shell(inner))
}

// build registers every operation.
func (a *API) build(mux *http.ServeMux) {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return fromHuma(context.Background(), status, message, errs...)
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, message string, errs ...error) huma.StatusError {
		return fromHuma(c.Context(), status, message, errs...)
	}
	config := huma.DefaultConfig("Postern", a.Version)
	config.CreateHooks, config.DocsPath, config.SchemasPath = nil, "", ""
	config.OpenAPIPath = "/v1/openapi"
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	config.DefaultFormat = "application/json"
	config.Info.Description = "A self-hosted payment switch. Amounts are integer minor units; times are RFC 3339. Ship on an event or on a payment you read, never on a browser's return."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"key": {}}}
	a.huma = humago.New(mux, config)
	a.payments()
	a.attempts()
	a.refunds()
	a.surpluses()
	a.events()
	a.endpoints()
	a.channels()
	a.merchants()
	a.keys()
	a.ledger()
}

// shell gives every request an id and a caller, and bounds its body, before huma sees it.
func (a *API) shell(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := postern.NewID("req_", a.Now(), a.Rand)
		w.Header().Set("Request-Id", id)
		w.Header().Set("Cache-Control", "no-store")
		ctx := context.WithValue(r.Context(), requestKey, id)
		if r.URL.Path != "/v1/openapi.json" && r.URL.Path != "/v1/openapi.yaml" {
			c, err := a.authenticate(r)
			if err != nil {
				a.logError(ctx, r.URL.Path, err)
				writeProblem(w, problem(ctx, err))
				return
			}
			ctx = context.WithValue(ctx, callerKey, c)
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(&problemWriter{ResponseWriter: w, ctx: ctx}, r.WithContext(ctx))
	})
}

func (a *API) logError(ctx context.Context, where string, err error) {
	if p := problem(ctx, err); p.Status >= http.StatusInternalServerError {
		a.Log.ErrorContext(ctx, "api", "path", where, "request_id", requestID(ctx), "err", err)
	}
}

// problemWriter turns the mux's own plain 404 and 405 into problems.
type problemWriter struct {
	http.ResponseWriter
	ctx      context.Context
	replaced bool
}

func (w *problemWriter) WriteHeader(status int) {
	plain := w.Header().Get("Content-Type") == "text/plain; charset=utf-8"
	if plain && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		w.replaced = true
		w.Header().Del("X-Content-Type-Options")
		code, fix := string(postern.CodeNotFound), "see /v1/openapi.json for the addresses"
		if status == http.StatusMethodNotAllowed {
			code = "method_not_allowed"
		}
		writeProblem(w.ResponseWriter, newProblem(w.ctx, status, code, "there is nothing at this address and method", "", fix))
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *problemWriter) Write(b []byte) (int, error) {
	if w.replaced {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// handle registers one operation whose errors become problems and are logged once.
func handle[I, O any](a *API, op huma.Operation, do func(context.Context, *I) (*O, error)) {
	op.MaxBodyBytes = maxBody
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			a.logError(ctx, op.Path, err)
			return nil, problem(ctx, err)
		}
		return out, nil
	})
}

func op(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status}
}

// PageQuery is how lists are paged.
type PageQuery struct {
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Rows per page."`
	After string `query:"after" maxLength:"64" doc:"The next_cursor of the page before."`
}

// List is one page of a list.
type List[T any] struct {
	Object     string  `json:"object" enum:"list"`
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor"`
}

type listOut[T any] struct{ Body List[T] }

// page shapes rows as a list.
func page[R, V any](rows []R, next string, view func(R) V) *listOut[V] {
	out := &listOut[V]{Body: List[V]{Object: "list", Data: make([]V, 0, len(rows))}}
	for _, row := range rows {
		out.Body.Data = append(out.Body.Data, view(row))
	}
	if next != "" {
		out.Body.NextCursor = &next
	}
	return out
}

func (q PageQuery) page() store.Page { return store.Page{After: q.After, Limit: q.Limit} }
