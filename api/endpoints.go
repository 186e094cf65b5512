package api

import (
	"context"
	"net/http"
	"net/url"
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
	EndpointID string    `json:"endpoint_id"`
	EventID    string    `json:"event_id"`
	Status     string    `json:"status" enum:"waiting,delivered,failed"`
	Tries      int64     `json:"tries"`
	LastStatus int64     `json:"last_status"`
	LastError  string    `json:"last_error,omitempty"`
	NextAt     time.Time `json:"next_at"`
	CreatedAt  time.Time `json:"created_at"`
}

type createEndpointIn struct{ Body EndpointBody }

type endpointOut struct{ Body EndpointView }

type deliveriesIn struct {
	PageQuery
	ID string `path:"id" maxLength:"64"`
}

type deliveryOut struct{ Body DeliveryView }

func (a *API) endpoints() {
	handle(a, op("create-endpoint", http.MethodPost, "/v1/webhook_endpoints", "Say where to be told", http.StatusCreated), a.createEndpoint)
	handle(a, op("list-endpoints", http.MethodGet, "/v1/webhook_endpoints", "List endpoints", http.StatusOK), a.listEndpoints)
	handle(a, op("disable-endpoint", http.MethodPost, "/v1/webhook_endpoints/{id}/disable", "Stop sending to an endpoint", http.StatusOK), a.switchEndpoint(true))
	handle(a, op("enable-endpoint", http.MethodPost, "/v1/webhook_endpoints/{id}/enable", "Send to an endpoint again", http.StatusOK), a.switchEndpoint(false))
	handle(a, op("list-deliveries", http.MethodGet, "/v1/webhook_endpoints/{id}/deliveries", "What was sent to an endpoint, newest first", http.StatusOK), a.listDeliveries)
	handle(a, op("replay-delivery", http.MethodPost, "/v1/deliveries/{id}/replay", "Send an event again", http.StatusCreated), a.replayDelivery)
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
		ID: d.ID, Object: "delivery", EndpointID: d.EndpointID, EventID: d.EventID, Status: d.Status, Tries: d.Tries, LastStatus: d.LastStatus,
		LastError: d.LastError, NextAt: d.NextAt, CreatedAt: d.CreatedAt,
	}
}

func (a *API) createEndpoint(ctx context.Context, in *createEndpointIn) (*endpointOut, error) {
	m, err := merchant(ctx)
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
	secret, err := webhook.NewSecret(a.Rand)
	if err != nil {
		return store.Endpoint{}, "", postern.Wrap(postern.CodeInternal, "api.MakeEndpoint", err)
	}
	now := a.Now().UTC().Truncate(time.Microsecond)
	e := store.Endpoint{MerchantID: m.ID, ID: postern.NewID(postern.PrefixEndpoint, now, a.Rand), URL: address, Types: types, CreatedAt: now}
	if e.Secret, err = a.Vault.Seal(webhook.SecretRef(m.ID, e.ID), []byte(secret)); err != nil {
		return e, "", postern.Wrap(postern.CodeInternal, "api.MakeEndpoint", err)
	}
	return e, secret, a.Store.SaveEndpoint(ctx, e)
}

func (a *API) listEndpoints(ctx context.Context, _ *struct{}) (*listOut[EndpointView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Endpoints(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	return page(rows, "", viewEndpoint), nil
}

func (a *API) switchEndpoint(disable bool) func(context.Context, *idIn) (*endpointOut, error) {
	return func(ctx context.Context, in *idIn) (*endpointOut, error) {
		m, err := merchant(ctx)
		if err != nil {
			return nil, err
		}
		e, err := a.Store.Endpoint(ctx, m.ID, in.ID)
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

func (a *API) listDeliveries(ctx context.Context, in *deliveriesIn) (*listOut[DeliveryView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.Deliveries(ctx, m.ID, in.ID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, viewDelivery), nil
}

func (a *API) replayDelivery(ctx context.Context, in *idIn) (*deliveryOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	d, err := a.Sender.Replay(ctx, m.ID, in.ID, func() string { return postern.NewID(postern.PrefixDelivery, a.Now(), a.Rand) })
	if err != nil {
		return nil, err
	}
	return &deliveryOut{Body: viewDelivery(d)}, nil
}
