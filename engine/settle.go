package engine

import (
	"context"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
)

// applyResult commits what a start or a query said about an attempt. Shown says that the action goes to a buyer with this commit's answer.
func (e *Engine) applyResult(ctx context.Context, attempt postern.Attempt, answer provider.Result, shown bool) (postern.State, error) {
	policy, err := e.surplusPolicy(ctx, attempt.MerchantID, answer.State)
	if err != nil {
		return postern.State{}, err
	}
	ids := e.moneyIDs()
	row := e.exchange(attempt.MerchantID, attempt.ID, "", answer.Exchange)
	return e.step(ctx, stepInput{
		op: "engine.applyResult", merchantID: attempt.MerchantID, paymentID: attempt.PaymentID,
		decide: func(s postern.State) ([]postern.Fact, error) {
			current, ok := s.Attempt(attempt.ID)
			if !ok {
				return nil, postern.E(postern.CodeNotFound, "engine.applyResult", "the attempt is gone")
			}
			facts := e.facts(current, answer, policy, ids)
			if shown {
				facts = append(facts, postern.AttemptShown{AttemptID: attempt.ID})
			}
			return facts, nil
		},
		also: func(_ postern.State, c *store.Change) {
			if answer.Exchange.Op != "" {
				c.Exchanges = append(c.Exchanges, row)
			}
		},
	})
}

// facts reads a provider's answer as facts about an attempt. What is not proof of anything stays what it was: an unanswered query does not make a pending
// attempt unknown, and nothing but a definite word makes one failed or closed.
func (e *Engine) facts(a postern.Attempt, answer provider.Result, policy postern.SurplusPolicy, ids postern.MoneyArrived) []postern.Fact {
	said := postern.AttemptAnswered{AttemptID: a.ID, Code: answer.Code, Message: answer.Message, Opaque: answer.Opaque, Action: answer.Action}
	if answer.Field == "" { // A limit of ours that refused a field, before anything was sent, says nothing about the channel.
		said.Class = string(answer.Class)
	}
	switch answer.State {
	case provider.Paid:
		if answer.Money == nil {
			return nil
		}
		money := ids
		money.AttemptID, money.TxnNo, money.Amount, money.Currency, money.PaidAt = a.ID, answer.Money.TxnNo, answer.Money.Amount, answer.Money.Currency, answer.Money.PaidAt
		money.Policy = policy
		return []postern.Fact{money}
	case provider.Failed:
		said.Trigger = postern.OnFailed
	case provider.Closed:
		said.Trigger = postern.OnClosed
		if e.reversing(a) {
			return nil
		}
	case provider.Pending:
		said.Trigger = postern.OnPending
	case provider.Absent:
		said.Trigger = postern.OnPending
		if e.now().After(a.ExpiresAt.Add(postern.CloseMargin)) && !e.reversing(a) {
			said.Trigger = postern.OnClosed
		}
	default:
		said.Trigger = postern.OnUnknown
		if a.Status == postern.AttemptPending {
			return nil
		}
	}
	if said.Trigger == postern.OnPending && a.Status == postern.AttemptPending && said.Action.Type == "" {
		return nil
	}
	if said.Trigger == postern.OnUnknown && a.Status == postern.AttemptUnknown {
		return nil
	}
	return []postern.Fact{said}
}

// moneyIDs mints the ids that a receipt may need, once per provider's word, so that a retried commit does not mint others.
func (e *Engine) moneyIDs() postern.MoneyArrived {
	return postern.MoneyArrived{
		ReceiptID: e.newID(postern.PrefixReceipt), SurplusID: e.newID(postern.PrefixSurplus), RefundID: e.newID(postern.PrefixRefund),
		RefundNumber: postern.NewNumber(e.now(), e.Env.Rand),
	}
}

func (e *Engine) surplusPolicy(ctx context.Context, merchantID string, state provider.State) (postern.SurplusPolicy, error) {
	if state != provider.Paid {
		return postern.SurplusPolicy{}, nil
	}
	merchant, err := e.Store.Merchant(ctx, merchantID)
	return merchant.Surplus, err
}

// wantClose commits the intent to close an attempt; a job does it, at once or after a wait.
func (e *Engine) wantClose(ctx context.Context, a postern.Attempt, wait time.Duration) (postern.State, error) {
	return e.step(ctx, stepInput{
		op: "engine.wantClose", merchantID: a.MerchantID, paymentID: a.PaymentID,
		decide: func(postern.State) ([]postern.Fact, error) {
			return []postern.Fact{postern.CloseWanted{AttemptID: a.ID, Wait: wait}}, nil
		},
	})
}
