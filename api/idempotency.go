package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"postern"
	"postern/store"
)

// inFlight is how long an unfinished request counts as under way. It is longer than any request lasts (the server
// gives up writing then); after it the process is taken for dead and a repetition does the work.
const inFlight = 40 * time.Second

// IdempotencyHeader is the optional header of requests that change something.
type IdempotencyHeader struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Optional. The same key and body do the work once; another body is refused. Keys live 30 days."`
}

// fingerprint tells two requests apart: method, path, and the body in one canonical form.
func fingerprint(method, path string, body any) (string, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return "", postern.Wrap(postern.CodeInternal, "api.fingerprint", err)
	}
	sum := sha256.Sum256([]byte(method + "\n" + path + "\n" + string(text)))
	return hex.EncodeToString(sum[:]), nil
}

// work is what runs under an idempotency key. Run does it and returns the object's id; it writes the request's row in its own commits when it can. Load answers with
// an object's present state. Keep, if set, says whether what an interrupted request left behind is its answer; otherwise the work is done anew.
type work[T any] struct {
	run  func(*store.Request) (T, string, error)
	load func(id string) (T, error)
	keep func(T) bool
}

// once runs work under an idempotency key. Replayed says that load answered, after this call's own write. Without a key the work simply runs.
func once[T any](ctx context.Context, a *API, merchantID, key, print string, w work[T]) (out T, replayed bool, err error) {
	if key == "" {
		out, _, err = w.run(nil)
		return out, false, err
	}
	now := a.Now().UTC().Truncate(time.Microsecond)
	request, fresh, err := a.Store.BeginRequest(ctx, store.Request{MerchantID: merchantID, Key: key, Fingerprint: print, CreatedAt: now})
	switch {
	case err != nil:
		return out, false, err
	case request.Fingerprint != print:
		return out, false, &postern.Error{Code: postern.CodeIdempotency, Op: "api.once", Field: "Idempotency-Key", Message: "this key was used with another request", Fix: "send a new key, or the same body"}
	case request.Done:
		out, err = w.load(request.ObjectID)
		return out, true, err
	case !fresh && now.Sub(request.CreatedAt) < inFlight:
		return out, false, &postern.Error{Code: postern.CodeInFlight, Op: "api.once", Field: "Idempotency-Key", Message: "the first request with this key is still under way", Fix: "ask again in a few seconds"}
	}
	if request.ObjectID != "" && w.keep != nil { // The process died between its first commit and its last.
		if out, err = w.load(request.ObjectID); err != nil {
			return out, false, err
		}
		if w.keep(out) {
			request.Done = true
			return out, true, a.Store.FinishRequest(ctx, request)
		}
	}
	out, id, err := w.run(&request)
	if err != nil {
		if status := problem(ctx, err).Status; status < 500 {
			return out, false, joinDrop(a.Store.DropRequest(context.WithoutCancel(ctx), merchantID, key), err) // Refusals are not stored: a mended request may use the key.
		}
		return out, false, err
	}
	request.Done, request.ObjectID = true, id
	return out, false, a.Store.FinishRequest(context.WithoutCancel(ctx), request)
}

func joinDrop(dropErr, err error) error {
	if dropErr != nil {
		return dropErr
	}
	return err
}
