package engine

import (
	"context"
	"encoding/json"
	"errors"

	"postern"
	"postern/provider"
	"postern/store"
)

// Outcomes of a notification, as stored with its raw bytes.
const (
	OutcomeApplied   = "applied"
	OutcomeDuplicate = "duplicate"
	OutcomeRejected  = "rejected"
	OutcomeForeign   = "foreign"
	OutcomeAsked     = "asked" // too old to be confirmed: the order was asked for instead
)

// Notify takes a provider's notification as it arrived at an opaque address and returns the exact answer. An unknown address is CodeNotFound. Any other
// error means that nothing was committed: the caller gives the failure answer, so that the provider sends again.
func (e *Engine) Notify(ctx context.Context, callbackID string, message provider.Message) (provider.Reply, error) {
	merchantID, attemptID, ok := postern.SplitCallbackID(callbackID)
	if !ok {
		return provider.Reply{}, postern.E(postern.CodeNotFound, "engine.Notify", "no such address")
	}
	ctx = context.WithoutCancel(ctx)
	state, err := e.Store.LoadStateByAttempt(ctx, merchantID, attemptID)
	if err != nil {
		return provider.Reply{}, err
	}
	attempt, _ := state.Attempt(attemptID)
	connector, ok := e.Registry[attempt.Provider].(provider.Notifiable)
	if !ok {
		return provider.Reply{}, postern.E(postern.CodeNotFound, "engine.Notify", "this provider does not notify")
	}
	fail := connector.Acknowledge(false)
	channel, err := e.Store.Channel(ctx, merchantID, attempt.ChannelID)
	if err != nil {
		return fail, err
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return fail, err
	}
	message.ReceivedAt = e.now()
	verified, err := connector.ReadNotification(call, attempt, message)
	if errors.Is(err, provider.ErrUnverified) && e.refreshAtNeed(ctx, channel) {
		if call, err = e.callFor(ctx, channel); err != nil {
			return fail, err
		}
		verified, err = connector.ReadNotification(call, attempt, message)
	}
	if err != nil {
		return fail, e.reject(ctx, attempt, message, err, disturbed(connector, call, attempt, message))
	}
	if asker, ok := connector.(provider.NotifyConfirmer); ok {
		settled, err := e.confirm(ctx, asker, call, attempt, verified, message)
		if err != nil {
			return fail, err
		}
		if settled {
			return connector.Acknowledge(true), nil
		}
	}
	if err := e.ApplyNotification(ctx, attempt, verified, message); err != nil {
		return fail, err
	}
	return connector.Acknowledge(true), nil
}

// confirm asks a verified notification back where the protocol wants it. Only a confirmed one goes on to be applied. One that is too old to be confirmed makes
// the order be asked for, and is acknowledged once that answer is committed (settled). Any other word is an error: the provider sends again.
func (e *Engine) confirm(ctx context.Context, asker provider.NotifyConfirmer, call provider.Call, a postern.Attempt, verified provider.Verified, message provider.Message) (settled bool, err error) {
	if notice, _ := verified.Notice(); !notice.SettingsMatch || notice.Number != a.Number {
		return false, nil // Another's: kept and alarmed without a call.
	}
	if err := e.fault(ctx, "engine.confirm.before_call"); err != nil {
		return false, err
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	answer := asker.ConfirmNotification(bounded, call, a, message)
	if err := e.fault(ctx, "engine.confirm.after_call"); err != nil {
		return false, err
	}
	change := store.Change{MerchantID: a.MerchantID, At: e.now()}
	if answer.Exchange.Op != "" {
		change.Exchanges = append(change.Exchanges, e.exchange(a.MerchantID, a.ID, "", answer.Exchange))
	}
	switch answer.State {
	case provider.ConfirmDone:
		return false, e.commit(ctx, change)
	case provider.ConfirmTooLate:
		_, said, err := e.look(ctx, a)
		if err != nil {
			return false, err
		}
		if said == provider.Unknown {
			return false, postern.E(postern.CodeUnverified, "engine.Notify", "the notification is too old to be confirmed, and the order's query went unanswered")
		}
		change.Notifications = append(change.Notifications, e.notification(a, message, OutcomeAsked, verified.KeyID(), "too old to be confirmed: "+answer.Code))
		return true, e.commit(ctx, change)
	}
	change.Notifications = append(change.Notifications, e.notification(a, message, OutcomeRejected, verified.KeyID(), "not confirmed: "+string(answer.State)+" "+answer.Code))
	if err := e.commit(ctx, change); err != nil {
		return false, err
	}
	return false, postern.E(postern.CodeUnverified, "engine.Notify", "the provider does not confirm the notification: "+string(answer.State))
}

// reject keeps the raw bytes of a message that no key of ours made. The provider gets its failure answer: a genuine message comes again, and a query settles
// the rest.
func (e *Engine) reject(ctx context.Context, a postern.Attempt, message provider.Message, cause error, onItsWay string) error {
	level := "notification rejected"
	if !errors.Is(cause, provider.ErrUnverified) {
		level = "notification unreadable"
	}
	e.Log.WarnContext(ctx, level, "attempt", a.ID, "provider", a.Provider, "err", cause)
	why := cause.Error()
	if onItsWay != "" {
		why = onItsWay
		e.Log.ErrorContext(ctx, "a genuine notification arrived changed", "attempt", a.ID, "provider", a.Provider, "what", onItsWay)
	}
	row := e.notification(a, message, OutcomeRejected, "", why)
	return e.commit(ctx, store.Change{MerchantID: a.MerchantID, At: e.now(), Notifications: []store.Notification{row}})
}

// ApplyNotification applies a verified notice. It always commits a write, also for a repetition, so that the success answer never rests on a row that might
// yet be lost. A notice for another account, order or environment is kept and alarmed, and changes nothing.
func (e *Engine) ApplyNotification(ctx context.Context, a postern.Attempt, verified provider.Verified, message provider.Message) error {
	notice, ok := verified.Notice()
	if !ok {
		return postern.E(postern.CodeUnverified, "engine.ApplyNotification", "the notice was never verified")
	}
	if !notice.SettingsMatch || notice.Number != a.Number {
		e.Log.ErrorContext(ctx, "verified notification of another account or order", "attempt", a.ID, "provider", a.Provider, "account", notice.Account)
		row := e.notification(a, message, OutcomeForeign, verified.KeyID(), "account, order or environment is another's")
		return e.commit(ctx, store.Change{MerchantID: a.MerchantID, At: e.now(), Notifications: []store.Notification{row}})
	}
	if notice.RefundNumber != "" {
		return e.applyRefundNotice(ctx, a, notice, verified.KeyID(), message)
	}
	return e.applyPaymentNotice(ctx, a, notice, verified.KeyID(), message)
}

func (e *Engine) applyPaymentNotice(ctx context.Context, a postern.Attempt, notice provider.Notice, keyID string, message provider.Message) error {
	answer := provider.Result{State: notice.State, Code: notice.Code, Message: notice.Message, Money: notice.Money}
	policy, err := e.surplusPolicy(ctx, a.MerchantID, notice.State)
	if err != nil {
		return err
	}
	ids := e.moneyIDs()
	row := e.notification(a, message, OutcomeDuplicate, keyID, string(notice.State))
	_, err = e.step(ctx, stepInput{
		op: "engine.ApplyNotification", merchantID: a.MerchantID, paymentID: a.PaymentID,
		decide: func(s postern.State) ([]postern.Fact, error) {
			current, ok := s.Attempt(a.ID)
			if !ok {
				return nil, postern.E(postern.CodeNotFound, "engine.ApplyNotification", "the attempt is gone")
			}
			return e.facts(current, answer, policy, ids), nil
		},
		also: func(_ postern.State, c *store.Change) {
			row := row
			if c.Payment != nil {
				row.Outcome = OutcomeApplied
			}
			c.Notifications = append(c.Notifications, row)
		},
	})
	return err
}

// notification makes the row that keeps a message as it arrived.
func (e *Engine) notification(a postern.Attempt, m provider.Message, outcome, keyID, detail string) store.Notification {
	header := m.Header.Clone()
	header.Del("Authorization")
	header.Del("Cookie")
	text, err := json.Marshal(header)
	if err != nil {
		text = []byte("{}") // A map of strings always marshals; the body is what matters.
	}
	return store.Notification{
		MerchantID: a.MerchantID, ID: e.newID(postern.PrefixNotification), AttemptID: a.ID, Header: string(text), Body: m.Body, Outcome: outcome, KeyID: keyID,
		Detail: detail, CreatedAt: e.now(),
	}
}
