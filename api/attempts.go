package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
	"postern/store"
)

// AttemptBody is the body of POST /v1/payments/{id}/attempts.
type AttemptBody struct {
	Provider  string `json:"provider,omitempty" maxLength:"32" doc:"Leave it out to let the plan decide."`
	Product   string `json:"product" minLength:"1" maxLength:"32" example:"native"`
	AuthCode  string `json:"auth_code,omitempty" maxLength:"64" doc:"What the seller's scanner read, with product barcode: its range chooses the wallet. Read counter in the answer."`
	PayerID   string `json:"payer_id,omitempty" maxLength:"128" doc:"The buyer's id at the provider, where the product wants it."`
	ClientIP  string `json:"client_ip,omitempty" maxLength:"45" doc:"The buyer's IP address; h5 wants it."`
	ReturnURL string `json:"return_url,omitempty" maxLength:"1024" doc:"Where the provider's page sends the buyer; the checkout link if left out."`
}

type createAttemptIn struct {
	IdempotencyHeader
	ID   string `path:"id"`
	Body AttemptBody
}

type attemptOut struct {
	Status   int
	Replayed string `header:"Idempotency-Replayed"`
	Body     engine.AttemptView
}

type attemptIn struct {
	ID        string `path:"id"`
	AttemptID string `path:"attempt_id"`
}

// AttemptStory is an attempt with the plan it came from and what the provider said.
type AttemptStory struct {
	engine.AttemptView
	Container     string             `json:"container,omitempty"`
	Plan          json.RawMessage    `json:"plan,omitempty"`
	Notifications []NotificationView `json:"notifications"`
	Exchanges     []ExchangeView     `json:"exchanges"`
}

// NotificationView is one message of the provider as it arrived.
type NotificationView struct {
	ID        string    `json:"id"`
	Outcome   string    `json:"outcome" enum:"applied,duplicate,rejected,foreign"`
	Detail    string    `json:"detail,omitempty"`
	KeyID     string    `json:"key_id,omitempty"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"created_at"`
}

// ExchangeView is one raw call to the provider, secrets masked.
type ExchangeView struct {
	ID        string    `json:"id"`
	Op        string    `json:"op"`
	Status    int       `json:"status"`
	Request   string    `json:"request"`
	Response  string    `json:"response"`
	Error     string    `json:"error,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *API) attempts() {
	handle(a, op("create-attempt", http.MethodPost, "/v1/payments/{id}/attempts", "Start an attempt",
		"Starts one try to collect the payment. action says what your page does next: redirect to url, form (submit fields to url), qr (show content), jsapi (call the bridge with params), app (hand params, or content, to your app's payment SDK), mini (hand params to the mini program's payment call), wait (ask again after poll_after_ms), none. A live attempt of the same product and payer is returned again; one that a buyer may still pay is closed at its provider first. The start waits at most 8 seconds; then the answer is 202 with wait.", http.StatusCreated, http.StatusAccepted, http.StatusConflict), a.createAttempt)
	handle(a, op("get-attempt", http.MethodGet, "/v1/payments/{id}/attempts/{attempt_id}", "Read an attempt",
		"Poll it while action is wait.", http.StatusOK), a.getAttempt)
}

func (a *API) createAttempt(ctx context.Context, in *createAttemptIn) (*attemptOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	print, err := fingerprint(http.MethodPost, "/v1/payments/"+in.ID+"/attempts", in.Body)
	if err != nil {
		return nil, err
	}
	w := work[engine.StartResult]{keep: started}
	w.run = func(request *store.Request) (engine.StartResult, string, error) {
		result, err := a.Engine.Start(ctx, m.ID, in.ID, engine.StartInput{
			Provider: in.Body.Provider, Product: in.Body.Product, AuthCode: in.Body.AuthCode, PayerID: in.Body.PayerID, ClientIP: in.Body.ClientIP,
			ReturnURL: in.Body.ReturnURL, Buyer: route.Buyer{Container: engine.ContainerAPI}, Request: request,
		})
		return result, result.Attempt.ID, err
	}
	w.load = func(id string) (engine.StartResult, error) {
		state, err := a.Store.LoadStateByAttempt(ctx, m.ID, id)
		attempt, _ := state.Attempt(id)
		return engine.StartResult{State: state, Attempt: attempt}, err
	}
	result, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, w)
	if err != nil {
		return nil, err
	}
	out := &attemptOut{Status: http.StatusCreated, Replayed: replayedHeader(replayed), Body: a.viewAttempt(result.State, result.Attempt)}
	if out.Body.Action.Type == postern.ActionWait {
		out.Status = http.StatusAccepted
	}
	return out, nil
}

// started says that an interrupted start got as far as an attempt that may still bring money, or has: it is the answer, whatever the buyer sees of it.
func started(r engine.StartResult) bool {
	return r.Attempt.Status.Live() || r.Attempt.Status == postern.AttemptPaid
}

// viewAttempt shows an attempt with what to do next, always: a live one without an action is waited for, one that has ended wants nothing.
func (a *API) viewAttempt(s postern.State, at postern.Attempt) engine.AttemptView {
	v := engine.ViewAttempt(at)
	v.Counter = a.Engine.Counter(s, at)
	switch {
	case v.Action != nil:
	case at.Status.Live():
		v.Action = &postern.Action{Type: postern.ActionWait, PollAfterMS: pollAfterMS}
	default:
		v.Action = &postern.Action{Type: postern.ActionNone}
	}
	return v
}

// pollAfterMS is how long to wait before an attempt without an answer is read again, in milliseconds.
const pollAfterMS = 1000

func (a *API) getAttempt(ctx context.Context, in *attemptIn) (*attemptOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	state, err := a.Store.LoadState(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	attempt, ok := state.Attempt(in.AttemptID)
	if !ok {
		return nil, postern.E(postern.CodeNotFound, "api.getAttempt", "the payment has no such attempt")
	}
	return &attemptOut{Status: http.StatusOK, Body: a.viewAttempt(state, attempt)}, nil
}

func (a *API) attemptStory(ctx context.Context, s postern.State, at postern.Attempt) (AttemptStory, error) {
	story := AttemptStory{AttemptView: a.viewAttempt(s, at), Container: at.Container, Plan: json.RawMessage(at.Plan), Notifications: []NotificationView{}, Exchanges: []ExchangeView{}}
	notifications, err := a.Store.Notifications(ctx, at.MerchantID, at.ID)
	if err != nil {
		return story, err
	}
	for _, n := range notifications {
		story.Notifications = append(story.Notifications, NotificationView{ID: n.ID, Outcome: n.Outcome, Detail: n.Detail, KeyID: n.KeyID, Body: string(n.Body), CreatedAt: n.CreatedAt})
	}
	exchanges, err := a.Store.Exchanges(ctx, at.MerchantID, at.ID)
	for _, x := range exchanges {
		story.Exchanges = append(story.Exchanges, ExchangeView{ID: x.ID, Op: x.Op, Status: x.Status, Request: x.Request, Response: x.Response, Error: x.Error, CreatedAt: x.CreatedAt})
	}
	return story, err
}
