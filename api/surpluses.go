package api

import (
	"context"
	"net/http"

	"postern"
	"postern/engine"
	"postern/store"
)

type surplusOut struct {
	Replayed string `header:"Idempotency-Replayed"`
	Body     engine.SurplusView
}

type decideIn struct {
	IdempotencyHeader
	ID string `path:"id"`
}

func (a *API) surpluses() {
	handle(a, op("list-surpluses", http.MethodGet, "/v1/surpluses", "List money beyond what payments asked for, newest first",
		"Paid twice, late or with the wrong amount: it is booked, shown and given back by policy.", http.StatusOK), a.listSurpluses)
	handle(a, op("get-surplus", http.MethodGet, "/v1/surpluses/{id}", "Read a surplus",
		"What came, why it is more than was asked for, and what became of it.", http.StatusOK), a.getSurplus)
	handle(a, op("accept-surplus", http.MethodPost, "/v1/surpluses/{id}/accept", "Keep a held surplus as sales",
		"For money that the buyer owes you after all.", http.StatusOK, http.StatusConflict), a.decideSurplus("accept", a.Engine.AcceptSurplus))
	handle(a, op("refund-surplus", http.MethodPost, "/v1/surpluses/{id}/refund", "Give a held surplus back",
		"Sends it back to the buyer; surplus.refunded tells when it has arrived.", http.StatusOK, http.StatusConflict), a.decideSurplus("refund", a.Engine.RefundSurplus))
}

func (a *API) getSurplus(ctx context.Context, in *idIn) (*surplusOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	u, err := a.Store.Surplus(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return &surplusOut{Body: engine.ViewSurplus(u)}, nil
}

// decideSurplus makes the handler of one decision. A decision that fell before is refused with the surplus's id; under an idempotency key it is answered again.
func (a *API) decideSurplus(name string, do func(ctx context.Context, merchantID, id string) (postern.Surplus, error)) func(context.Context, *decideIn) (*surplusOut, error) {
	return func(ctx context.Context, in *decideIn) (*surplusOut, error) {
		m, err := merchant(ctx)
		if err != nil {
			return nil, err
		}
		print, err := fingerprint(http.MethodPost, "/v1/surpluses/"+in.ID+"/"+name, nil)
		if err != nil {
			return nil, err
		}
		w := work[postern.Surplus]{load: func(id string) (postern.Surplus, error) { return a.Store.Surplus(ctx, m.ID, id) }}
		w.run = func(*store.Request) (postern.Surplus, string, error) {
			u, err := do(ctx, m.ID, in.ID)
			return u, in.ID, err
		}
		u, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, w)
		if err != nil {
			return nil, err
		}
		return &surplusOut{Replayed: replayedHeader(replayed), Body: engine.ViewSurplus(u)}, nil
	}
}

func (a *API) listSurpluses(ctx context.Context, in *PageQuery) (*listOut[engine.SurplusView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.Surpluses(ctx, m.ID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, engine.ViewSurplus), nil
}
