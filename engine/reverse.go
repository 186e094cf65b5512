package engine

import (
	"context"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
)

// reverseTries is how often a reversal is sent again at once when the provider asks for it.
const reverseTries = 3

// lookAgain is how often an order that waits for the buyer's password at a counter is asked after: providers name 3 to 10 seconds.
const lookAgain = 5 * time.Second

// product describes what an attempt was made with.
func (e *Engine) product(a postern.Attempt) provider.ProductInfo {
	connector, ok := e.Registry[a.Provider]
	if !ok {
		return provider.ProductInfo{}
	}
	info, _ := connector.Describe().Product(a.Product)
	return info
}

// reverser finds how an attempt is undone that charges without being shown: where the provider reverses, closing is not for it.
func (e *Engine) reverser(a postern.Attempt) (provider.Reverser, bool) {
	if !e.product(a).ChargesAtOnce {
		return nil, false
	}
	r, ok := e.Registry[a.Provider].(provider.Reverser)
	return r, ok
}

// reversing says that an attempt's end is the reversal's to say: what was taken and given back must be booked, and a query that only says closed does not tell.
func (e *Engine) reversing(a postern.Attempt) bool {
	_, ok := e.reverser(a)
	return ok && !a.CloseRequestedAt.IsZero() && e.now().Before(a.ExpiresAt.Add(closeFor))
}

// reverseOnce undoes an attempt whose outcome nobody knows: the intent is committed, the provider is asked once more, and only what is not paid is reversed. What the
// reversal gave back is booked with it, both ways.
func (e *Engine) reverseOnce(ctx context.Context, reverser provider.Reverser, channel postern.Channel, a postern.Attempt) (postern.State, provider.CloseState, error) {
	// The job is not to ask while this reversal is under way: it would believe the money that is going back.
	state, err := e.wantClose(ctx, a, closeAgain)
	if err != nil {
		return state, "", err
	}
	a, _ = state.Attempt(a.ID)
	said, err := e.query(ctx, a)
	if err != nil {
		return state, "", err
	}
	if said.State == provider.Paid || said.State == provider.Failed {
		if state, err = e.applyResult(ctx, a, said, false); err != nil || said.State == provider.Failed {
			return state, provider.CloseDone, err
		}
		return state, provider.CloseAlreadyPaid, nil
	}
	answer, err := e.callReverse(ctx, reverser, channel, a)
	if err != nil {
		return state, "", err
	}
	return e.reversed(ctx, a, answer)
}

// reversed commits what a reversal answered.
func (e *Engine) reversed(ctx context.Context, a postern.Attempt, answer provider.ReverseResult) (postern.State, provider.CloseState, error) {
	result := provider.Result{State: provider.Unknown, Class: answer.Class, Code: answer.Code, Message: answer.Message, Exchange: answer.Exchange}
	switch {
	case answer.State == provider.ReverseClosed:
		result.State = provider.Closed
		state, err := e.settleReversed(ctx, a, result, nil)
		return state, provider.CloseDone, err
	case answer.State == provider.ReverseRefunded && answer.Money != nil:
		state, err := e.settleReversed(ctx, a, result, answer.Money)
		return state, provider.CloseDone, err
	case answer.State == provider.ReverseRefused:
		e.Log.WarnContext(ctx, "the provider does not reverse any more", "attempt", a.ID, "code", answer.Code, "message", answer.Message)
	}
	return e.closeUnknown(ctx, a, result)
}

// settleReversed commits the end of a reversed attempt; money is what the provider had taken and gave back.
func (e *Engine) settleReversed(ctx context.Context, a postern.Attempt, result provider.Result, money *provider.Money) (postern.State, error) {
	ids := e.moneyIDs()
	row := e.exchange(a.MerchantID, a.ID, "", result.Exchange)
	state, err := e.step(ctx, stepInput{
		op: "engine.settleReversed", merchantID: a.MerchantID, paymentID: a.PaymentID,
		decide: func(postern.State) ([]postern.Fact, error) {
			if money == nil {
				return []postern.Fact{postern.AttemptAnswered{AttemptID: a.ID, Trigger: postern.OnClosed, Code: result.Code, Message: result.Message}}, nil
			}
			arrived := ids
			arrived.AttemptID, arrived.TxnNo, arrived.Amount, arrived.Currency, arrived.PaidAt, arrived.Reversed = a.ID, money.TxnNo, money.Amount, money.Currency, money.PaidAt, true
			arrived.RefundNumber = a.Number // a reversal has no number of its own: the order's stands for it
			return []postern.Fact{arrived}, nil
		},
		also: func(_ postern.State, c *store.Change) {
			if row.Op != "" {
				c.Exchanges = append(c.Exchanges, row)
			}
		},
	})
	if err == nil && money != nil {
		e.givenBack(ctx, state, a.CredentialSetID, money.TxnNo)
	}
	return state, err
}

// givenBack says whether the books have a receipt as given back whole. If not, a refund had a hand on it when the reversal's word came: that is for a person to see, until a bill books it.
func (e *Engine) givenBack(ctx context.Context, s postern.State, setID, txnNo string) bool {
	for _, r := range s.Receipts {
		if r.CredentialSetID == setID && r.TxnNo == txnNo && r.Refunded != r.Amount {
			e.Log.ErrorContext(ctx, "the provider gave money back that the books still have, because a refund of it is under way or done", "receipt", r.ID, "amount", r.Amount, "refunded", r.Refunded, "reserved", r.RefundReserved)
			return false
		}
	}
	return true
}

// callReverse makes the provider call, between two commits, again at once where the provider asks for it.
func (e *Engine) callReverse(ctx context.Context, reverser provider.Reverser, channel postern.Channel, a postern.Attempt) (provider.ReverseResult, error) {
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return provider.ReverseResult{}, err
	}
	leave, ok := e.enter(ctx, channel, "reverse")
	if !ok {
		return provider.ReverseResult{State: provider.ReverseUnknown, Class: provider.ClassUnavailable}, nil
	}
	defer leave()
	if err := e.fault(ctx, "engine.reverse.before_call"); err != nil {
		return provider.ReverseResult{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	answer := reverser.Reverse(bounded, call, a)
	for try := 1; answer.Again && try < reverseTries; try++ {
		answer = reverser.Reverse(bounded, call, a)
	}
	return answer, e.fault(ctx, "engine.reverse.after_call")
}
