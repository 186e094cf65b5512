package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"unicode/utf8"

	"postern"
)

// shell gives every request an id and a caller, and reads and checks its body, before huma sees it. A caller who is not known is not read at all.
func (a *API) shell(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := postern.NewID("req_", a.Now(), a.Rand)
		w.Header().Set("Request-Id", id)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Postern-Version", a.Version)
		ctx := context.WithValue(r.Context(), requestKey, id)
		defer a.recover(ctx, w, r.URL.Path)
		if !strings.HasPrefix(r.URL.Path, openAPIPath+".") && !strings.HasPrefix(r.URL.Path, openAPIPath+"-") {
			c, err := a.authenticate(r)
			if err != nil {
				a.logError(ctx, r.URL.Path, err)
				writeProblem(w, problem(ctx, err))
				return
			}
			ctx = context.WithValue(ctx, callerKey, c)
		}
		if p := checkRequest(ctx, r); p != nil {
			writeProblem(w, p)
			return
		}
		if p := readBody(ctx, w, r); p != nil {
			writeProblem(w, p)
			return
		}
		next.ServeHTTP(&problemWriter{ResponseWriter: w, ctx: ctx}, r.WithContext(ctx))
	})
}

// checkRequest refuses addresses that are no text: no database takes them, and no id of ours looks like that.
func checkRequest(ctx context.Context, r *http.Request) *Problem {
	if !plain(r.URL.Path) {
		return newProblem(ctx, http.StatusNotFound, string(postern.CodeNotFound), "there is nothing at this address and method", "", "see /v1/openapi.json for the addresses")
	}
	for name, values := range r.URL.Query() {
		for _, value := range values {
			if !plain(name) || !plain(value) {
				return newProblem(ctx, http.StatusUnprocessableEntity, string(postern.CodeInvalid), "a query parameter is not UTF-8 text", "", "send printable characters only")
			}
		}
		if len(values) > 1 {
			return newProblem(ctx, http.StatusUnprocessableEntity, string(postern.CodeInvalid), "a query parameter stands twice", name, "send each parameter once")
		}
	}
	for _, c := range []byte(r.Header.Get("Idempotency-Key")) {
		if c < 0x21 || c > 0x7e {
			return newProblem(ctx, http.StatusUnprocessableEntity, string(postern.CodeInvalid), "the key holds a blank or a character outside ASCII", "Idempotency-Key", "send 1 to 255 printable ASCII characters, such as a UUID")
		}
	}
	return nil
}

func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// readBody takes a body in whole and refuses what is too large, of another type, or no plain JSON.
func readBody(ctx context.Context, w http.ResponseWriter, r *http.Request) *Problem {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit(r.URL.Path)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return newProblem(ctx, http.StatusRequestEntityTooLarge, "body_too_large", "the body is larger than "+strconv.FormatInt(bodyLimit(r.URL.Path), 10)+" bytes", "", "send less; metadata and items are for short notes")
	case err != nil:
		return newProblem(ctx, http.StatusBadRequest, string(postern.CodeInvalid), "the body did not arrive whole", "", "send it again")
	case len(body) == 0:
		r.Body, r.ContentLength = http.NoBody, 0
		return nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Header.Get("Content-Type") != "" && (err != nil || media != "application/json") {
		return newProblem(ctx, http.StatusUnsupportedMediaType, "unsupported_media_type", "bodies are JSON", "Content-Type", "send Content-Type: application/json")
	}
	var bad *badJSON
	if err := CheckJSON(body); errors.As(err, &bad) {
		return newProblem(ctx, http.StatusBadRequest, string(postern.CodeInvalid), bad.message, bad.field, bad.fix)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// recover turns a panic into the problem that it is for the caller, and logs it once.
func (a *API) recover(ctx context.Context, w http.ResponseWriter, path string) {
	value := recover()
	if value == nil {
		return
	}
	if value == http.ErrAbortHandler {
		panic(value)
	}
	a.Log.ErrorContext(ctx, "api panic", "path", path, "request_id", requestID(ctx), "value", value, "stack", string(debug.Stack()))
	writeProblem(w, newProblem(ctx, http.StatusInternalServerError, string(postern.CodeInternal), sorry, "", ""))
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
