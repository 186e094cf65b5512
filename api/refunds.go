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
	// Outside makes it a refund that the provider never hears of.
	Outside *OutsideBody `json:"outside,omitempty" doc:"You gave it back yourself, by bank transfer or in cash, because the provider cannot or will not. It is reserved and never sent; another key or a person of yours confirms it."`
}

// OutsideBody says how money was given back outside the provider.
type OutsideBody struct {
	Evidence  string `json:"evidence" minLength:"1" maxLength:"200" doc:"What a second person can look up, such as the bank's number of the transfer."`
	Bank      string `json:"bank,omitempty" maxLength:"40" doc:"A name of your own account that paid: the books name it bank:{name}. It is outside, if left out."`
	SurplusID string `json:"surplus_id,omitempty" maxLength:"64" doc:"Gives this held surplus back, whole: the amount must be the surplus's."`
}

// ResolveBody says what became of a stuck refund.
type ResolveBody struct {
	Way      string `json:"way" enum:"reached,outside" doc:"reached: the provider brought it to the buyer after all. outside: it came back to your account at the provider, and you gave it back yourself."`
	Evidence string `json:"evidence" minLength:"1" maxLength:"200" doc:"What a second person can look up."`
	Bank     string `json:"bank,omitempty" maxLength:"40" doc:"Your own account that paid, for outside."`
}

// ConfirmBody is the second person's word.
type ConfirmBody struct {
	Saw string `json:"saw" minLength:"1" maxLength:"200" doc:"What you looked at yourself."`
}

// RejectBody says why not.
type RejectBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"200"`
}

type resolveIn struct {
	IdempotencyHeader
	ID   string `path:"id"`
	Body ResolveBody
}

type confirmIn struct {
	IdempotencyHeader
	ID   string `path:"id"`
	Body ConfirmBody
}

type rejectIn struct {
	IdempotencyHeader
	ID   string `path:"id"`
	Body RejectBody
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
	Waiting   bool   `query:"waiting" doc:"Only those that wait for a second person, of all payments."`
}

func (a *API) refunds() {
	handle(a, op("create-refund", http.MethodPost, "/v1/payments/{id}/refunds", "Give money back",
		"Reserves the amount on what was received and sends the refund in the background; refund.refunded, refund.failed or refund.stuck tells the outcome. All refunds together never exceed what was received. With outside it was given back by you: nothing is sent, and it waits for confirm or reject.", http.StatusCreated, http.StatusConflict), a.createRefund)
	handle(a, op("get-refund", http.MethodGet, "/v1/refunds/{id}", "Read a refund",
		"A refund whose outcome is not known stays unknown and keeps its reservation: it is asked about again, never guessed.", http.StatusOK), a.getRefund)
	handle(a, op("confirm-refund", http.MethodPost, "/v1/refunds/{id}/confirm", "Confirm, as the second person, how a refund ended",
		"For one that was entered as outside, or a stuck one that was resolved. The key that entered it may not, and no key that is younger than the entry. It is refunded and booked.", http.StatusOK, http.StatusConflict), a.confirmRefund)
	handle(a, op("reject-refund", http.MethodPost, "/v1/refunds/{id}/reject", "Refuse or take back how a refund is said to have ended",
		"What was entered as outside fails and its amount is free again; a stuck one stays stuck. The key that entered it may take it back.", http.StatusOK, http.StatusConflict), a.rejectRefund)
	handle(a, op("resolve-refund", http.MethodPost, "/v1/refunds/{id}/resolve", "Say what became of a stuck refund",
		"It stays stuck until another key or person confirms it.", http.StatusOK, http.StatusConflict), a.resolveRefund)
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
		if o := in.Body.Outside; o != nil {
			r, err := a.outside(ctx, m.ID, in, o, request)
			return r, r.ID, err
		}
		r, err := a.Engine.Refund(ctx, m.ID, in.ID, engine.RefundInput{Reference: in.Body.Reference, Amount: in.Body.Amount, Reason: in.Body.Reason, Request: request})
		return r, r.ID, err
	}
	r, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, w)
	if err != nil {
		return nil, err
	}
	return &refundOut{Replayed: replayedHeader(replayed), Body: engine.ViewRefund(r)}, nil
}

// outside enters a refund that was given back outside the provider. The amount of a surplus is the surplus's: another one is refused before anything is written.
func (a *API) outside(ctx context.Context, merchantID string, in *createRefundIn, o *OutsideBody, request *store.Request) (postern.Refund, error) {
	if o.SurplusID != "" {
		u, err := a.Store.Surplus(ctx, merchantID, o.SurplusID)
		if err != nil {
			return postern.Refund{}, err
		}
		if u.Amount != in.Body.Amount {
			return postern.Refund{}, postern.Invalid("amount", postern.CodeInvalid, "a surplus goes back whole", "send the surplus's amount")
		}
	}
	return a.Engine.RefundOutside(ctx, actor(ctx), merchantID, in.ID, engine.OutsideInput{
		Reference: in.Body.Reference, Amount: in.Body.Amount, SurplusID: o.SurplusID, Reason: in.Body.Reason, Bank: o.Bank, Evidence: o.Evidence, Request: request,
	})
}

// handed runs what one caller says of a refund. Said again under its idempotency key, it is answered again.
func (a *API) handed(ctx context.Context, key, id, verb string, body any, do func(merchantID string, request *store.Request) (postern.Refund, error)) (*refundOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	print, err := fingerprint(http.MethodPost, "/v1/refunds/"+id+"/"+verb, body)
	if err != nil {
		return nil, err
	}
	w := work[postern.Refund]{load: func(id string) (postern.Refund, error) { return a.Store.Refund(ctx, m.ID, id) }}
	w.run = func(request *store.Request) (postern.Refund, string, error) {
		r, err := do(m.ID, request)
		return r, id, err
	}
	r, replayed, err := once(ctx, a, m.ID, key, print, w)
	if err != nil {
		return nil, err
	}
	return &refundOut{Replayed: replayedHeader(replayed), Body: engine.ViewRefund(r)}, nil
}

func (a *API) confirmRefund(ctx context.Context, in *confirmIn) (*refundOut, error) {
	return a.handed(ctx, in.IdempotencyKey, in.ID, "confirm", in.Body, func(merchantID string, request *store.Request) (postern.Refund, error) {
		return a.Engine.AgreeRefund(ctx, actor(ctx), merchantID, in.ID, in.Body.Saw, request)
	})
}

func (a *API) rejectRefund(ctx context.Context, in *rejectIn) (*refundOut, error) {
	return a.handed(ctx, in.IdempotencyKey, in.ID, "reject", in.Body, func(merchantID string, request *store.Request) (postern.Refund, error) {
		return a.Engine.RefuseRefund(ctx, actor(ctx), merchantID, in.ID, in.Body.Reason, request)
	})
}

func (a *API) resolveRefund(ctx context.Context, in *resolveIn) (*refundOut, error) {
	return a.handed(ctx, in.IdempotencyKey, in.ID, "resolve", in.Body, func(merchantID string, request *store.Request) (postern.Refund, error) {
		return a.Engine.ResolveRefund(ctx, actor(ctx), merchantID, in.ID, engine.StuckInput{Way: postern.Way(in.Body.Way), Bank: in.Body.Bank, Evidence: in.Body.Evidence, Request: request})
	})
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
	if in.Waiting {
		rows, next, err := a.Store.RefundsAwaiting(ctx, m.ID, in.page())
		if err != nil {
			return nil, err
		}
		return page(rows, next, engine.ViewRefund), nil
	}
	rows, next, err := a.Store.Refunds(ctx, m.ID, in.PaymentID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, engine.ViewRefund), nil
}
