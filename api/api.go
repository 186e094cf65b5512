// Package api is the merchant API: REST under /v1 with an OpenAPI 3.1 document generated from the types, one file per resource. It validates, calls the
// engine, and never writes money rows itself.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

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

// hooks guards huma's package variables: several APIs of one process (tests, the simulation) share them.
var hooks sync.Once

func setHooks() {
	huma.DefaultArrayNullable = false // Lists are never null, in either direction.
	huma.ValidateStrictCasing = true  // "Amount" is not "amount": a body with both would be two orders.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return fromHuma(context.Background(), status, message, errs...)
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, message string, errs ...error) huma.StatusError {
		return fromHuma(c.Context(), status, message, errs...)
	}
}

// build registers every operation.
func (a *API) build(mux *http.ServeMux) {
	hooks.Do(setHooks)
	config := huma.DefaultConfig("Postern", "v1")
	config.CreateHooks, config.DocsPath, config.SchemasPath = nil, "", ""
	config.OpenAPIPath = openAPIPath
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	config.DefaultFormat, config.RejectUnknownQueryParameters = "application/json", true
	config.Info.Description = about
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {
		Type: "http", Scheme: "bearer", Description: "An API key: sk_test_... acts for test merchants, sk_live_... for live ones. A partner's key names its merchant in the header Postern-Merchant. A key may be limited to scopes; x-postern-scope says which one an operation wants.",
	}}
	config.Security = []map[string][]string{{"key": {}}}
	a.huma = humago.New(mux, config)
	a.payments()
	a.links()
	a.attempts()
	a.refunds()
	a.shares()
	a.surpluses()
	a.events()
	a.endpoints()
	a.channels()
	a.facadeAccounts()
	a.health()
	a.statements()
	a.closures()
	a.agreements()
	a.calendar()
	a.fleet()
	a.rules()
	a.drills()
	a.merchants()
	a.keys()
	a.accounts()
	a.partners()
	a.imports()
	a.ledger()
	a.describe()
}

// handle registers one operation whose errors become problems and are logged once.
func handle[I, O any](a *API, op huma.Operation, do func(context.Context, *I) (*O, error)) {
	op.MaxBodyBytes = bodyLimit(op.Path)
	guard(&op)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			a.logError(ctx, op.Path, err)
			return nil, problem(ctx, err)
		}
		return out, nil
	})
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

// window cuts a page out of rows that are all at hand, in their order.
func window[R, V any](rows []R, q PageQuery, id func(R) string, view func(R) V) *listOut[V] {
	if q.After != "" {
		i := slices.IndexFunc(rows, func(r R) bool { return id(r) == q.After })
		rows = rows[i+1:] // An id that is gone begins again at the first: better twice than never.
	}
	next := ""
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		next = id(rows[len(rows)-1])
	}
	return page(rows, next, view)
}

func (q PageQuery) page() store.Page { return store.Page{After: q.After, Limit: q.Limit} }
