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

// inFlight is how long an unfinished request counts as under way. After that its process is taken for dead and a repetition does the work.
const inFlight = 20 * time.Second

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

// once runs work under an idempotency key. Run does the work and returns the object's id; it finishes the request's row in its own commit when it can, else
// once does. Load answers with the object's present state. Replayed says that load answered. Without a key the work simply runs.
func once[T any](ctx context.Context, a *API, merchantID, key, print string, run func(*store.Request) (T, string, error), load func(id string) (T, error)) (out T, replayed bool, err error) {
	if key == "" {
		out, _, err = run(nil)
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
		out, err = load(request.ObjectID)
		return out, true, err
	case !fresh && now.Sub(request.CreatedAt) < inFlight:
		return out, false, &postern.Error{Code: postern.CodeInFlight, Op: "api.once", Field: "Idempotency-Key", Message: "the first request with this key is still under way", Fix: "ask again in a few seconds"}
	}
	out, id, err := run(&request)
	if err != nil {
		if status := problem(ctx, err).Status; status < 500 {
			return out, false, joinDrop(a.Store.DropRequest(ctx, merchantID, key), err) // Refusals are not stored: a mended request may use the key.
		}
		return out, false, err
	}
	request.Done, request.ObjectID = true, id
	return out, false, a.Store.FinishRequest(ctx, request)
}

func joinDrop(dropErr, err error) error {
	if dropErr != nil {
		return dropErr
	}
	return err
}
