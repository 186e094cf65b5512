package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/store"
	"postern/webhook"
)

// EndpointBody is the body of POST /v1/webhook_endpoints.
type EndpointBody struct {
	URL   string   `json:"url" minLength:"8" maxLength:"1024" example:"https://shop.example/hooks"`
	Types []string `json:"types,omitempty" maxItems:"32" doc:"Event types to send; empty sends all."`
}

// EndpointView is a webhook endpoint. Secret is shown once, when the endpoint is made.
type EndpointView struct {
	ID         string     `json:"id"`
	Object     string     `json:"object" enum:"webhook_endpoint"`
	URL        string     `json:"url"`
	Types      []string   `json:"types"`
	Secret     string     `json:"secret,omitempty"`
	DisabledAt *time.Time `json:"disabled_at"`
	CreatedAt  time.Time  `json:"created_at"`
}

// DeliveryView is the sending of one event to one endpoint.
type DeliveryView struct {
	ID         string    `json:"id"`
	Object     string    `json:"object" enum:"delivery"`
	MerchantID string    `json:"merchant_id" doc:"Whose event it is."`
	EndpointID string    `json:"endpoint_id"`
	EventID    string    `json:"event_id"`
	Status     string    `json:"status" enum:"waiting,delivered,failed"`
	Tries      int64     `json:"tries"`
	LastStatus int64     `json:"last_status"`
	LastError  string    `json:"last_error,omitempty"`
	NextAt     time.Time `json:"next_at"`
	CreatedAt  time.Time `json:"created_at"`
}

// RotateBody says how long the old secret goes on signing beside the new one.
type RotateBody struct {
	OverlapSeconds *int64 `json:"overlap_seconds,omitempty" minimum:"0" maximum:"604800" doc:"Seconds; 86400 if left out."`
}

type rotateIn struct {
	ID   string `path:"id"`
	Body *RotateBody
}

type createEndpointIn struct{ Body EndpointBody }

type endpointOut struct{ Body EndpointView }

type deliveriesIn struct {
	PageQuery
	ID string `path:"id"`
}

type deliveryOut struct{ Body DeliveryView }

func (a *API) endpoints() {
	handle(a, op("create-endpoint", http.MethodPost, "/v1/webhook_endpoints", "Say where to be told",
		"Messages are signed as Standard Webhooks 1.0.0 says. The secret is shown this once. A partner's key without Postern-Merchant makes one that is told of all the partner's merchants of the key's mode; merchant_id in the message says of which.", http.StatusCreated), a.createEndpoint)
	handle(a, op("list-endpoints", http.MethodGet, "/v1/webhook_endpoints", "List endpoints",
		"In the order in which they were made, disabled ones too.", http.StatusOK), a.listEndpoints)
	handle(a, op("get-endpoint", http.MethodGet, "/v1/webhook_endpoints/{id}", "Read an endpoint",
		"Without its secret.", http.StatusOK), a.getEndpoint)
	handle(a, op("rotate-endpoint", http.MethodPost, "/v1/webhook_endpoints/{id}/rotate", "Give an endpoint a new secret",
		"For overlap_seconds messages carry the signatures of both secrets, so that your receiver may change over at any moment. Without a body the overlap is a day; 0 ends the old secret at once.", http.StatusOK, http.StatusConflict), a.rotateEndpoint)
	handle(a, op("disable-endpoint", http.MethodPost, "/v1/webhook_endpoints/{id}/disable", "Stop sending to an endpoint",
		"Deliveries that wait are given up; replay them after enabling, or pull the events.", http.StatusOK, http.StatusConflict), a.switchEndpoint(true))
	handle(a, op("enable-endpoint", http.MethodPost, "/v1/webhook_endpoints/{id}/enable", "Send to an endpoint again",
		"An endpoint that answered 410 was disabled; this undoes it.", http.StatusOK, http.StatusConflict), a.switchEndpoint(false))
	handle(a, op("list-deliveries", http.MethodGet, "/v1/webhook_endpoints/{id}/deliveries", "What was sent to an endpoint, newest first",
		"Each event is tried for more than three days; last_status and last_error say how the last try ended.", http.StatusOK), a.listDeliveries)
	handle(a, op("get-delivery", http.MethodGet, "/v1/deliveries/{id}", "Read a delivery",
		"The sending of one event to one endpoint.", http.StatusOK), a.getDelivery)
	handle(a, op("replay-delivery", http.MethodPost, "/v1/deliveries/{id}/replay", "Send an event again",
		"Makes a new delivery of the same event with the same id and body, so that a receiver that has it drops it.", http.StatusCreated, http.StatusConflict), a.replayDelivery)
}

func viewEndpoint(e store.Endpoint) EndpointView {
	v := EndpointView{ID: e.ID, Object: "webhook_endpoint", URL: e.URL, Types: append([]string{}, e.Types...), CreatedAt: e.CreatedAt}
	if !e.DisabledAt.IsZero() {
		v.DisabledAt = &e.DisabledAt
	}
	return v
}

func viewDelivery(d store.Delivery) DeliveryView {
	return DeliveryView{
		ID: d.ID, Object: "delivery", MerchantID: d.MerchantID, EndpointID: d.EndpointID, EventID: d.EventID, Status: d.Status, Tries: d.Tries, LastStatus: d.LastStatus,
		LastError: d.LastError, NextAt: d.NextAt, CreatedAt: d.CreatedAt,
	}
}

func (a *API) createEndpoint(ctx context.Context, in *createEndpointIn) (*endpointOut, error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	endpoint, secret, err := a.MakeEndpoint(ctx, m, in.Body.URL, in.Body.Types)
	if err != nil {
		return nil, err
	}
	v := viewEndpoint(endpoint)
	v.Secret = secret
	return &endpointOut{Body: v}, nil
}

// MakeEndpoint stores an endpoint with a new secret, which it returns once.
func (a *API) MakeEndpoint(ctx context.Context, m postern.Merchant, address string, types []string) (store.Endpoint, string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (m.Live || u.Scheme != "http") {
		return store.Endpoint{}, "", postern.Invalid("url", postern.CodeInvalid, "the address must be absolute; live merchants are told over https only", "send https://shop.example/hooks")
	}
	for i, t := range types {
		if !slices.Contains(postern.EventTypes, postern.EventType(t)) {
			return store.Endpoint{}, "", postern.Invalid("types["+strconv.Itoa(i)+"]", postern.CodeInvalid, "there is no such event type", "send types of "+eventTypes()+", or none for all")
		}
	}
	secret, err := webhook.NewSecret(a.Rand)
	if err != nil {
		return store.Endpoint{}, "", postern.Wrap(postern.CodeInternal, "api.MakeEndpoint", err)
	}
	now := a.Now().UTC().Truncate(time.Microsecond)
	e := store.Endpoint{MerchantID: m.ID, ID: postern.NewID(postern.PrefixEndpoint, now, a.Rand), URL: address, Types: types, Live: m.Live, CreatedAt: now}
	if e.Secret, err = a.Vault.Seal(webhook.SecretRef(m.ID, e.ID), []byte(secret)); err != nil {
		return e, "", postern.Wrap(postern.CodeInternal, "api.MakeEndpoint", err)
	}
	return e, secret, a.Store.SaveEndpoint(ctx, e)
}

func eventTypes() string {
	var names []string
	for _, t := range postern.EventTypes {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

func (a *API) listEndpoints(ctx context.Context, in *PageQuery) (*listOut[EndpointView], error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Endpoints(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(e store.Endpoint) bool { return !ofMode(e, m) })
	return window(rows, *in, func(e store.Endpoint) string { return e.ID }, viewEndpoint), nil
}

func (a *API) switchEndpoint(disable bool) func(context.Context, *idIn) (*endpointOut, error) {
	return func(ctx context.Context, in *idIn) (*endpointOut, error) {
		m, err := teller(ctx)
		if err != nil {
			return nil, err
		}
		e, err := a.endpoint(ctx, m, in.ID)
		if err != nil {
			return nil, err
		}
		e.DisabledAt = time.Time{}
		if disable {
			e.DisabledAt = a.Now().UTC().Truncate(time.Microsecond)
		}
		return &endpointOut{Body: viewEndpoint(e)}, a.Store.SaveEndpoint(ctx, e)
	}
}

func (a *API) getEndpoint(ctx context.Context, in *idIn) (*endpointOut, error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	e, err := a.endpoint(ctx, m, in.ID)
	if err != nil {
		return nil, err
	}
	return &endpointOut{Body: viewEndpoint(e)}, nil
}

func (a *API) rotateEndpoint(ctx context.Context, in *rotateIn) (*endpointOut, error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	overlap := webhook.DefaultOverlap
	if in.Body != nil && in.Body.OverlapSeconds != nil {
		overlap = time.Duration(*in.Body.OverlapSeconds) * time.Second
	}
	if _, err := a.endpoint(ctx, m, in.ID); err != nil {
		return nil, err
	}
	e, secret, err := a.Sender.Rotate(ctx, m.ID, in.ID, overlap, a.Rand)
	if err != nil {
		return nil, err
	}
	v := viewEndpoint(e)
	v.Secret = secret
	return &endpointOut{Body: v}, nil
}

func (a *API) getDelivery(ctx context.Context, in *idIn) (*deliveryOut, error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	d, err := a.delivery(ctx, m, in.ID)
	if err != nil {
		return nil, err
	}
	return &deliveryOut{Body: viewDelivery(d)}, nil
}

func (a *API) listDeliveries(ctx context.Context, in *deliveriesIn) (*listOut[DeliveryView], error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := a.endpoint(ctx, m, in.ID); err != nil {
		return nil, err
	}
	list := a.Store.Deliveries
	if postern.CheckID(postern.PrefixPartner, m.ID) {
		list = a.Store.PartnerDeliveries
	}
	rows, next, err := list(ctx, m.ID, in.ID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, viewDelivery), nil
}

func (a *API) replayDelivery(ctx context.Context, in *idIn) (*deliveryOut, error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := a.delivery(ctx, m, in.ID); err != nil {
		return nil, err
	}
	d, err := a.Sender.Replay(ctx, m.ID, in.ID, func() string { return postern.NewID(postern.PrefixDelivery, a.Now(), a.Rand) })
	if err != nil {
		return nil, err
	}
	return &deliveryOut{Body: viewDelivery(d)}, nil
}
