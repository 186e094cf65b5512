package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/store"
	"postern/webhook"
)

// spanIn asks for a part of a partner's rows.
type spanIn struct {
	PageQuery
	Since time.Time `query:"since" doc:"Rows made at or after this; a day ago, if left out. At most 31 days are looked at."`
	Until time.Time `query:"until" doc:"Rows made before this; now, if left out."`
}

// maxSpan bounds how far a partner's list looks at once.
const maxSpan = 31 * 24 * time.Hour

// PartnerPayment is a payment and whose it is.
type PartnerPayment struct {
	MerchantID string `json:"merchant_id"`
	engine.PaymentView
}

// PartnerRefund is a refund and whose it is.
type PartnerRefund struct {
	MerchantID string `json:"merchant_id"`
	engine.RefundView
}

func (a *API) partners() {
	handle(a, op("list-partner-payments", http.MethodGet, "/v1/partner/payments", "List the payments of all the partner's merchants, newest first",
		"Each with its merchant, for a span of time. For partners' keys.", http.StatusOK), a.listPartnerPayments)
	handle(a, op("list-partner-refunds", http.MethodGet, "/v1/partner/refunds", "List the refunds of all the partner's merchants, newest first",
		"Each with its merchant, for a span of time. For partners' keys.", http.StatusOK), a.listPartnerRefunds)
	handle(a, op("list-partner-events", http.MethodGet, "/v1/partner/events", "List the events of all the partner's merchants, newest first",
		"Each with its merchant, for a span of time. What commits late appears late: to miss nothing, have an endpoint, or pull each merchant's events by their sequence. For partners' keys.", http.StatusOK), a.listPartnerEvents)
}

// ownPartner is the partner whose key it is.
func ownPartner(ctx context.Context) (string, error) {
	if owner := callerOf(ctx).Key.OwnerID; strings.HasPrefix(owner, postern.PrefixPartner) {
		return owner, nil
	}
	return "", &postern.Error{Code: postern.CodeForbidden, Op: "api.ownPartner", Message: "this is for partners", Fix: "use the partner's key"}
}

// teller is who is told of events and keeps endpoints: the merchant that a request acts for, or a partner that names none, as if it were one.
func teller(ctx context.Context) (postern.Merchant, error) {
	c := callerOf(ctx)
	if c.Merchant.ID == "" && strings.HasPrefix(c.Key.OwnerID, postern.PrefixPartner) {
		return postern.Merchant{ID: c.Key.OwnerID, Live: c.Key.Live}, nil
	}
	return merchant(ctx)
}

// ofMode says that an endpoint is the merchant's, or of the partner's mode.
func ofMode(e store.Endpoint, m postern.Merchant) bool {
	return !postern.CheckID(postern.PrefixPartner, m.ID) || e.Live == m.Live
}

// endpoint loads an endpoint of the caller's own and of its mode; any other is not there.
func (a *API) endpoint(ctx context.Context, m postern.Merchant, id string) (store.Endpoint, error) {
	e, err := a.Store.Endpoint(ctx, m.ID, id)
	if err == nil && !ofMode(e, m) {
		err = postern.E(postern.CodeNotFound, "api.endpoint", "there is no such endpoint")
	}
	return e, err
}

// delivery loads a delivery of a merchant's event, or of a partner's own. One to the partner's endpoint is not there for the merchant's own key.
func (a *API) delivery(ctx context.Context, m postern.Merchant, id string) (store.Delivery, error) {
	d, err := a.Store.Delivery(ctx, m.ID, id)
	if err == nil && callerOf(ctx).Key.OwnerID == m.ID {
		_, err = a.endpoint(ctx, m, d.EndpointID)
	}
	return d, err
}

func (a *API) span(ctx context.Context, in *spanIn) (store.Span, error) {
	partnerID, err := ownPartner(ctx)
	if err != nil {
		return store.Span{}, err
	}
	s := store.Span{PartnerID: partnerID, Live: callerOf(ctx).Key.Live, From: in.Since.UTC(), Until: in.Until.UTC()}
	if in.Until.IsZero() {
		s.Until = a.Now().UTC().Add(time.Minute) // Clocks of nodes differ.
	}
	if in.Since.IsZero() {
		s.From = s.Until.Add(-24 * time.Hour)
	}
	if !s.From.Before(s.Until) || s.Until.Sub(s.From) > maxSpan {
		return s, postern.Invalid("since", postern.CodeInvalid, "since must come before until, by at most 31 days", "ask for a shorter span, and again for the next")
	}
	return s, nil
}

func (a *API) listPartnerPayments(ctx context.Context, in *spanIn) (*listOut[PartnerPayment], error) {
	span, err := a.span(ctx, in)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.PartnerPayments(ctx, span, in.page())
	if err != nil {
		return nil, err
	}
	views := make([]PartnerPayment, 0, len(rows))
	for _, row := range rows {
		state, err := a.Store.LoadState(ctx, row.MerchantID, row.ID)
		if err != nil {
			return nil, err
		}
		views = append(views, PartnerPayment{row.MerchantID, a.Engine.ViewPayment(state)})
	}
	return page(views, next, func(v PartnerPayment) PartnerPayment { return v }), nil
}

func (a *API) listPartnerRefunds(ctx context.Context, in *spanIn) (*listOut[PartnerRefund], error) {
	span, err := a.span(ctx, in)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.PartnerRefunds(ctx, span, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, func(r postern.Refund) PartnerRefund { return PartnerRefund{r.MerchantID, engine.ViewRefund(r)} }), nil
}

func (a *API) listPartnerEvents(ctx context.Context, in *spanIn) (*listOut[Event], error) {
	span, err := a.span(ctx, in)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.PartnerEvents(ctx, span, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, func(e postern.Event) Event {
		body := webhook.BodyOf(e)
		body.MerchantID = e.MerchantID
		return Event(body)
	}), nil
}
