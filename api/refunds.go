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
	ID   string `path:"id"`
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
	handle(a, op("create-refund", http.MethodPost, "/v1/payments/{id}/refunds", "Give money back",
		"Reserves the amount on what was received and sends the refund in the background; refund.refunded, refund.failed or refund.stuck tells the outcome. All refunds together never exceed what was received.", http.StatusCreated, http.StatusConflict), a.createRefund)
	handle(a, op("get-refund", http.MethodGet, "/v1/refunds/{id}", "Read a refund",
		"A refund whose outcome is not known stays unknown and keeps its reservation: it is asked about again, never guessed.", http.StatusOK), a.getRefund)
	handle(a, op("list-refunds", http.MethodGet, "/v1/refunds", "List refunds, newest first",
		"With payment_id only those of one payment.", http.StatusOK), a.listRefunds)
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
	w := work[postern.Refund]{load: func(id string) (postern.Refund, error) { return a.Store.Refund(ctx, m.ID, id) }}
	w.run = func(request *store.Request) (postern.Refund, string, error) {
		r, err := a.Engine.Refund(ctx, m.ID, in.ID, engine.RefundInput{Reference: in.Body.Reference, Amount: in.Body.Amount, Reason: in.Body.Reason, Request: request})
		return r, r.ID, err
	}
	r, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, w)
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
	if in.PaymentID != "" {
		if _, err := a.Store.Payment(ctx, m.ID, in.PaymentID); err != nil {
			return nil, err
		}
	}
	rows, next, err := a.Store.Refunds(ctx, m.ID, in.PaymentID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, engine.ViewRefund), nil
}
