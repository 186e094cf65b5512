package engine

import (
	"context"
	"encoding/json"

	"postern"
	"postern/route"
)

// Explanation is one attempt's stored plan beside the plan that today's channels, closures and wall map would make for the same buyer.
type Explanation struct {
	Attempt postern.Attempt
	Then    route.Plan
	Now     route.Plan
}

// Explain replays the stored plan of every attempt of a payment. Nothing is changed.
func (e *Engine) Explain(ctx context.Context, merchantID, paymentID string) (postern.State, []Explanation, error) {
	state, err := e.Store.LoadState(ctx, merchantID, paymentID)
	if err != nil {
		return state, nil, err
	}
	var out []Explanation
	for _, a := range state.Attempts {
		x := Explanation{Attempt: a}
		if err := json.Unmarshal([]byte(a.Plan), &x.Then); err != nil {
			return state, nil, postern.Wrap(postern.CodeInternal, "engine.Explain", err)
		}
		buyer := route.Buyer{Container: x.Then.Container, OS: x.Then.OS, Form: x.Then.Form, Used: x.Then.Used}
		if x.Now, err = e.Plan(ctx, state.Payment, buyer, "", ""); err != nil {
			return state, nil, err
		}
		out = append(out, x)
	}
	return state, out, nil
}
