package api

import (
	"context"
	"net/http"

	"postern/ledger"
)

// BalanceView is the balance of one account.
type BalanceView struct {
	Account  string `json:"account"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount" doc:"Debit positive, credit negative; all accounts of a currency add up to zero."`
}

func (a *API) ledger() {
	handle(a, op("list-balances", http.MethodGet, "/v1/ledger/balances", "The balance of every account",
		"Double entry: all accounts of a currency add up to zero.", http.StatusOK), a.balances)
}

func (a *API) balances(ctx context.Context, in *PageQuery) (*listOut[BalanceView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Balances(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	id := func(b ledger.Balance) string { return b.Account + " " + b.Currency }
	return window(rows, *in, id, func(b ledger.Balance) BalanceView {
		return BalanceView{Account: b.Account, Currency: b.Currency, Amount: b.Amount}
	}), nil
}
