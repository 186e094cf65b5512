package api

import (
	"context"
	"net/http"

	"postern"
	"postern/engine"
)

type surplusOut struct{ Body engine.SurplusView }

func (a *API) surpluses() {
	handle(a, op("list-surpluses", http.MethodGet, "/v1/surpluses", "List money beyond what payments asked for, newest first", http.StatusOK), a.listSurpluses)
	handle(a, op("accept-surplus", http.MethodPost, "/v1/surpluses/{id}/accept", "Keep a held surplus as sales", http.StatusOK), a.decideSurplus(a.acceptSurplus))
	handle(a, op("refund-surplus", http.MethodPost, "/v1/surpluses/{id}/refund", "Give a held surplus back", http.StatusOK), a.decideSurplus(a.returnSurplus))
}

func (a *API) acceptSurplus(ctx context.Context, merchantID, id string) (postern.Surplus, error) {
	return a.Engine.AcceptSurplus(ctx, merchantID, id)
}

func (a *API) returnSurplus(ctx context.Context, merchantID, id string) (postern.Surplus, error) {
	return a.Engine.RefundSurplus(ctx, merchantID, id)
}

func (a *API) decideSurplus(do func(ctx context.Context, merchantID, id string) (postern.Surplus, error)) func(context.Context, *idIn) (*surplusOut, error) {
	return func(ctx context.Context, in *idIn) (*surplusOut, error) {
		m, err := merchant(ctx)
		if err != nil {
			return nil, err
		}
		u, err := do(ctx, m.ID, in.ID)
		if err != nil {
			return nil, err
		}
		return &surplusOut{Body: engine.ViewSurplus(u)}, nil
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
