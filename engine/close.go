package engine

import (
	"context"
	"time"

	"postern"
	"postern/provider"
)

// closeAgain is when a close that went unanswered is tried again, at first; then ever less often, so that a provider that comes back is not met by a storm.
const closeAgain = 10 * time.Second

// closeFor is how long after an order's expiry closing is still tried: asking again soon matters while the order may be payable.
const closeFor = time.Hour

// Close is the job that closes an attempt at its provider. It runs again while the provider does not answer; an attempt that turns out to be paid is settled
// by a query. The returned time is when to run again; 0 means never.
func (e *Engine) Close(ctx context.Context, merchantID, attemptID string) (time.Duration, error) {
	state, err := e.Store.LoadStateByAttempt(ctx, merchantID, attemptID)
	if err != nil {
		return 0, err
	}
	attempt, _ := state.Attempt(attemptID)
	if !attempt.Status.Live() {
		return 0, nil
	}
	state, _, err = e.closeOnce(ctx, attempt)
	if err != nil {
		return 0, err
	}
	attempt, _ = state.Attempt(attemptID)
	if !attempt.Status.Live() {
		return 0, nil
	}
	if e.now().After(attempt.ExpiresAt.Add(closeFor)) { // the poll job goes on alone
		return 0, nil
	}
	return max(closeAgain, postern.NextPoll(attempt.CloseRequestedAt, e.now()).Sub(e.now())), nil
}

// closeOnce closes an attempt at its provider once and commits the outcome. The poll job looks once more after it.
func (e *Engine) closeOnce(ctx context.Context, a postern.Attempt) (postern.State, provider.CloseState, error) {
	channel, err := e.Store.Channel(ctx, a.MerchantID, a.ChannelID)
	if err != nil {
		return postern.State{}, "", err
	}
	if reverser, ok := e.reverser(a); ok {
		return e.reverseOnce(ctx, reverser, channel, a)
	}
	answer := provider.CloseResult{State: provider.CloseUnknown}
	closer, ok := e.Registry[a.Provider].(provider.Closer)
	if ok {
		if answer, err = e.callClose(ctx, closer, channel, a); err != nil {
			return postern.State{}, "", err
		}
	}
	result := provider.Result{Code: answer.Code, Message: answer.Message, Exchange: answer.Exchange}
	switch answer.State {
	case provider.CloseDone, provider.CloseAbsent:
		result.State = provider.Closed
	case provider.CloseAlreadyPaid:
		paid, err := e.query(ctx, a)
		if err != nil {
			return postern.State{}, "", err
		}
		result = paid
	default:
		return e.closeUnknown(ctx, a, result)
	}
	state, err := e.applyResult(ctx, a, result, false)
	return state, answer.State, err
}

// closeUnknown commits that a close went unanswered. A query may know better: a provider without a close, or one that already expired the order, says so.
func (e *Engine) closeUnknown(ctx context.Context, a postern.Attempt, unanswered provider.Result) (postern.State, provider.CloseState, error) {
	answer, err := e.query(ctx, a)
	if err != nil {
		return postern.State{}, "", err
	}
	if answer.State == provider.Unknown {
		state, err := e.step(ctx, stepInput{
			op: "engine.Close", merchantID: a.MerchantID, paymentID: a.PaymentID,
			decide: func(postern.State) ([]postern.Fact, error) {
				return []postern.Fact{postern.AttemptAnswered{AttemptID: a.ID, Trigger: postern.OnUnknown, Code: unanswered.Code, Message: unanswered.Message}}, nil
			},
		})
		return state, provider.CloseUnknown, err
	}
	state, err := e.applyResult(ctx, a, answer, false)
	if answer.State == provider.Closed || answer.State == provider.Failed {
		return state, provider.CloseDone, err
	}
	if answer.State == provider.Paid {
		return state, provider.CloseAlreadyPaid, err
	}
	return state, provider.CloseUnknown, err
}

func (e *Engine) callClose(ctx context.Context, closer provider.Closer, channel postern.Channel, a postern.Attempt) (provider.CloseResult, error) {
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return provider.CloseResult{}, err
	}
	leave, ok := e.enter(ctx, channel, "close")
	if !ok {
		return provider.CloseResult{State: provider.CloseUnknown, Class: provider.ClassUnavailable}, nil
	}
	defer leave()
	if err := e.fault(ctx, "engine.close.before_call"); err != nil {
		return provider.CloseResult{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	answer := closer.Close(bounded, call, a)
	return answer, e.fault(ctx, "engine.close.after_call")
}

// release frees a payment for another wallet: every exposed live attempt is closed at its provider first. Paid and unknown ones stop the switch, and the
// error says which.
func (e *Engine) release(ctx context.Context, s postern.State) (postern.State, error) {
	for _, a := range s.Live() {
		if !a.Exposed() {
			continue
		}
		next, closed, err := e.closeOnce(ctx, a)
		if err != nil {
			return s, err
		}
		s = next
		current, _ := s.Attempt(a.ID)
		switch {
		case closed == provider.CloseDone && !current.Status.Live(): // closed, or taken and given back
		case current.Status == postern.AttemptPaid || closed == provider.CloseAlreadyPaid:
			return s, &postern.Error{Code: postern.CodeAlreadyPaid, Op: "engine.Start", Message: "the other wallet has been paid", ID: a.ID}
		case current.Status.Live():
			return s, &postern.Error{Code: postern.CodeAttemptUnknown, Op: "engine.Start", Message: "the other wallet did not answer whether it was paid; no second one is offered until it does", ID: a.ID}
		}
	}
	if code, ended := s.Payment.Ended(e.now()); ended {
		return s, &postern.Error{Code: code, Op: "engine.Start", Message: "the payment takes no new attempt", ID: s.Payment.ID}
	}
	return s, nil
}

// Abandon closes the attempts that a buyer turned away from, so that another wallet can be chosen.
func (e *Engine) Abandon(ctx context.Context, merchantID, paymentID string) (postern.State, error) {
	ctx = context.WithoutCancel(ctx)
	state, err := e.Store.LoadState(ctx, merchantID, paymentID)
	if err != nil {
		return state, err
	}
	return e.release(ctx, state)
}
