package engine

import (
	"context"
	"net/http"
	"time"

	"postern"
	"postern/provider"
)

// Query asks the provider about an attempt once and commits what it says. It is what the buyer's "I have paid" button and the poll job do.
func (e *Engine) Query(ctx context.Context, merchantID, attemptID string) (postern.State, error) {
	ctx = context.WithoutCancel(ctx)
	state, err := e.Store.LoadStateByAttempt(ctx, merchantID, attemptID)
	if err != nil {
		return state, err
	}
	attempt, _ := state.Attempt(attemptID)
	state, _, err = e.look(ctx, attempt)
	return state, err
}

// look is Query for a loaded attempt. It returns what the provider said as well.
func (e *Engine) look(ctx context.Context, a postern.Attempt) (postern.State, provider.State, error) {
	answer, err := e.query(ctx, a)
	if err != nil {
		return postern.State{}, provider.Unknown, err
	}
	state, err := e.applyResult(ctx, a, answer, false)
	return state, answer.State, err
}

// query makes the provider call of Query.
func (e *Engine) query(ctx context.Context, a postern.Attempt) (provider.Result, error) {
	channel, err := e.Store.Channel(ctx, a.MerchantID, a.ChannelID)
	if err != nil {
		return provider.Result{}, err
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return provider.Result{}, err
	}
	leave, ok := e.enter(ctx, channel, "query")
	if !ok {
		return notNow(), nil
	}
	defer leave()
	if err := e.fault(ctx, "engine.query.before_call"); err != nil {
		return provider.Result{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	answer := e.Registry[a.Provider].Query(bounded, call, a)
	if answer.State == provider.Unknown && answer.Exchange.Status == http.StatusOK && e.refreshAtNeed(ctx, channel) { // an answer that proves nothing may be signed with a key that is new
		if call, err = e.callFor(ctx, channel); err != nil {
			return provider.Result{}, err
		}
		answer = e.Registry[a.Provider].Query(bounded, call, a)
	}
	return answer, e.fault(ctx, "engine.query.after_call")
}

// giveUpLooking is how long the last look at a closed attempt is tried when the provider does not answer it. Later money is the statement's to find.
const giveUpLooking = 7 * 24 * time.Hour

// Poll is the job that looks at an attempt on a schedule of its own, whatever notifications do. A live attempt past its provider-side expiry is closed; one
// that ended is looked at once more, because a buyer may have paid while it was being closed. The returned time is when to run again; 0 means never.
func (e *Engine) Poll(ctx context.Context, merchantID, attemptID string) (time.Duration, error) {
	state, err := e.Store.LoadStateByAttempt(ctx, merchantID, attemptID)
	if err != nil {
		return 0, err
	}
	attempt, _ := state.Attempt(attemptID)
	if attempt.Status == postern.AttemptPaid || attempt.Status == postern.AttemptFailed {
		return 0, nil
	}
	state, said, err := e.look(context.WithoutCancel(ctx), attempt)
	if err != nil {
		return 0, err
	}
	attempt, _ = state.Attempt(attemptID)
	now := e.now()
	if err := e.unpaid(ctx, attempt); err != nil {
		return 0, err
	}
	lastLook := attempt.ExpiresAt.Add(postern.CloseMargin + time.Minute)
	switch {
	case attempt.Status == postern.AttemptClosed && now.Before(lastLook):
		return lastLook.Sub(now), nil
	case attempt.Status == postern.AttemptClosed && said == provider.Unknown && now.Before(lastLook.Add(giveUpLooking)):
		return postern.NextPoll(attempt.CreatedAt, now).Sub(now), nil // The last look went unanswered: what it was for is still open.
	case !attempt.Status.Live():
		return 0, nil
	case !now.Before(attempt.ExpiresAt) && attempt.CloseRequestedAt.IsZero():
		if _, err := e.wantClose(ctx, attempt, 0); err != nil {
			return 0, err
		}
	}
	next := postern.NextPoll(attempt.CreatedAt, now)
	if e.product(attempt).Life > 0 && now.Before(attempt.ExpiresAt) && next.After(now.Add(lookAgain)) {
		next = now.Add(lookAgain) // somebody waits at a counter
	}
	if now.Before(attempt.ExpiresAt) && next.After(attempt.ExpiresAt) {
		next = attempt.ExpiresAt // Never sleep past the moment at which the order may be closed.
	}
	return next.Sub(now), nil
}
