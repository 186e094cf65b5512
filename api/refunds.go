package api

import (
	"context"
	"net/http"

	"postern"
	"postern/engine"
	"postern/store"
)

// RefundBody is the body of POST /v1/payments/{id}/refunds.
type RefundBody struct {
	Reference string `json:"reference" minLength:"1" maxLength:"64" doc:"Your own number, unique per payment."`
	Amount    int64  `json:"amount" minimum:"1" maximum:"1000000000000" doc:"Minor units."`
	Reason    string `json:"reason,omitempty" maxLength:"80"`
}

type createRefundIn struct {
	IdempotencyHeader
	ID   string `path:"id" maxLength:"64"`
	Body RefundBody
}

type refundOut struct {
	Replayed string `header:"Idempotency-Replayed"`
	Body     engine.RefundView
}

type listRefundsIn struct {
	PageQuery
	PaymentID string `query:"payment_id" maxLength:"64"`
}

func (a *API) refunds() {
	handle(a, op("create-refund", http.MethodPost, "/v1/payments/{id}/refunds", "Give money back", http.StatusCreated), a.createRefund)
	handle(a, op("get-refund", http.MethodGet, "/v1/refunds/{id}", "Read a refund", http.StatusOK), a.getRefund)
	handle(a, op("list-refunds", http.MethodGet, "/v1/refunds", "List refunds, newest first", http.StatusOK), a.listRefunds)
}

func (a *API) createRefund(ctx context.Context, in *createRefundIn) (*refundOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	print, err := fingerprint(http.MethodPost, "/v1/payments/"+in.ID+"/refunds", in.Body)
	if err != nil {
		return nil, err
	}
	run := func(request *store.Request) (postern.Refund, string, error) {
		r, err := a.Engine.Refund(ctx, m.ID, in.ID, engine.RefundInput{Reference: in.Body.Reference, Amount: in.Body.Amount, Reason: in.Body.Reason, Request: request})
		return r, r.ID, err
	}
	load := func(id string) (postern.Refund, error) { return a.Store.Refund(ctx, m.ID, id) }
	r, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, run, load)
	if err != nil {
		return nil, err
	}
	return &refundOut{Replayed: replayedHeader(replayed), Body: engine.ViewRefund(r)}, nil
}

func (a *API) getRefund(ctx context.Context, in *idIn) (*refundOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	r, err := a.Store.Refund(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return &refundOut{Body: engine.ViewRefund(r)}, nil
}

func (a *API) listRefunds(ctx context.Context, in *listRefundsIn) (*listOut[engine.RefundView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.Refunds(ctx, m.ID, in.PaymentID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, engine.ViewRefund), nil
}
