package api

import (
	"context"
	"net/http"

	"postern"
	"postern/engine"
	"postern/store"
)

// ShareBody is the body of POST /v1/payments/{id}/shares.
type ShareBody struct {
	Reference string          `json:"reference" minLength:"1" maxLength:"64" doc:"Your own number, unique per payment."`
	Parts     []SharePartBody `json:"parts,omitempty" maxItems:"50"`
	Last      bool            `json:"last,omitempty" doc:"What is left is yours, and nothing is shared after it."`
}

// SharePartBody is one receiver's part.
type SharePartBody struct {
	Receiver ReceiverBody `json:"receiver"`
	Amount   int64        `json:"amount" minimum:"1" maximum:"1000000000000" doc:"Minor units."`
	Text     string       `json:"text,omitempty" maxLength:"80" doc:"What the receiver reads. Left out, it is the payment's description."`
}

// ReceiverBody is who gets a part.
type ReceiverBody struct {
	Kind    string `json:"kind" minLength:"1" maxLength:"128" doc:"The provider's word for what the account is; see docs/sharing.md."`
	Account string `json:"account" minLength:"1" maxLength:"128"`
	Name    string `json:"name,omitempty" maxLength:"128" doc:"Where the provider checks it. It is kept apart from money and deleted by retention."`
}

// UnfreezeBody is the body of POST /v1/payments/{id}/shares/unfreeze.
type UnfreezeBody struct {
	Reference string `json:"reference" minLength:"1" maxLength:"64" doc:"Your own number, unique among the payment's shares."`
}

type createShareIn struct {
	IdempotencyHeader
	ID   string `path:"id"`
	Body ShareBody
}

type unfreezeIn struct {
	IdempotencyHeader
	ID   string `path:"id"`
	Body UnfreezeBody
}

type shareOut struct {
	Replayed string `header:"Idempotency-Replayed"`
	Body     engine.ShareView
}

type listSharesIn struct {
	PageQuery
	PaymentID string `query:"payment_id" maxLength:"64"`
}

func (a *API) shares() {
	handle(a, op("create-share", http.MethodPost, "/v1/payments/{id}/shares", "Hand parts of a payment to others",
		"Reserves the parts on what was received and sends the share in the background: the provider hands them out, the money never passes through here. share.done or share.failed tells the outcome. The payment must have been created with profit_sharing. All shares together never exceed what refunds leave of what was received.", http.StatusCreated, http.StatusConflict), a.createShare)
	handle(a, op("unfreeze-share", http.MethodPost, "/v1/payments/{id}/shares/unfreeze", "Keep what is left of a payment",
		"Tells the provider that nothing more will be shared. It is a share without parts: share.done tells when it is through.", http.StatusCreated, http.StatusConflict), a.unfreezeShare)
	handle(a, op("get-share", http.MethodGet, "/v1/shares/{id}", "Read a share",
		"A share whose outcome is not known stays unknown and keeps its reservation: it is asked about again, never guessed.", http.StatusOK), a.getShare)
	handle(a, op("list-shares", http.MethodGet, "/v1/shares", "List shares, newest first",
		"With payment_id only those of one payment.", http.StatusOK), a.listShares)
}

func (a *API) createShare(ctx context.Context, in *createShareIn) (*shareOut, error) {
	print, err := fingerprint(http.MethodPost, "/v1/payments/"+in.ID+"/shares", in.Body)
	if err != nil {
		return nil, err
	}
	input := engine.ShareInput{Reference: in.Body.Reference, Last: in.Body.Last}
	for _, p := range in.Body.Parts {
		input.Parts = append(input.Parts, engine.ShareInputPart{Kind: p.Receiver.Kind, Account: p.Receiver.Account, Name: p.Receiver.Name, Amount: p.Amount, Text: p.Text})
	}
	return a.share(ctx, in.ID, in.IdempotencyKey, print, input)
}

func (a *API) unfreezeShare(ctx context.Context, in *unfreezeIn) (*shareOut, error) {
	print, err := fingerprint(http.MethodPost, "/v1/payments/"+in.ID+"/shares/unfreeze", in.Body)
	if err != nil {
		return nil, err
	}
	return a.share(ctx, in.ID, in.IdempotencyKey, print, engine.ShareInput{Reference: in.Body.Reference, Last: true})
}

// share orders a share, once per idempotency key.
func (a *API) share(ctx context.Context, paymentID, key, print string, input engine.ShareInput) (*shareOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	w := work[postern.Share]{load: func(id string) (postern.Share, error) { return a.Store.Share(ctx, m.ID, id) }}
	w.run = func(request *store.Request) (postern.Share, string, error) {
		input.Request = request
		s, err := a.Engine.Share(ctx, m.ID, paymentID, input)
		return s, s.ID, err
	}
	s, replayed, err := once(ctx, a, m.ID, key, print, w)
	if err != nil {
		return nil, err
	}
	return &shareOut{Replayed: replayedHeader(replayed), Body: engine.ViewShare(s)}, nil
}

func (a *API) getShare(ctx context.Context, in *idIn) (*shareOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	s, err := a.Store.Share(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return &shareOut{Body: engine.ViewShare(s)}, nil
}

func (a *API) listShares(ctx context.Context, in *listSharesIn) (*listOut[engine.ShareView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	if in.PaymentID != "" {
		if _, err := a.Store.Payment(ctx, m.ID, in.PaymentID); err != nil {
			return nil, err
		}
	}
	rows, next, err := a.Store.Shares(ctx, m.ID, in.PaymentID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, engine.ViewShare), nil
}
