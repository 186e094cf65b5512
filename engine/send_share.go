package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
)

// SendShare is the job that carries a share through: it adds the receivers that the provider does not know yet, commits that the share is being sent, asks before it
// sends again, always with the one number, and commits the outcome. The returned time is when to run again; 0 means never.
func (e *Engine) SendShare(ctx context.Context, merchantID, shareID string) (time.Duration, error) {
	ctx = context.WithoutCancel(ctx)
	s, receipt, attempt, err := e.Store.LoadShare(ctx, merchantID, shareID)
	if err != nil || !s.Status.Open() {
		return 0, err
	}
	channel, err := e.Store.Channel(ctx, merchantID, s.ChannelID)
	if err != nil {
		return 0, err
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return 0, err
	}
	leave, ok := e.enter(ctx, channel, "share")
	if !ok {
		return againWhenBusy, nil
	}
	defer leave()
	answer, err := e.carryShare(ctx, channel, call, sharing{share: s, receipt: receipt, attempt: attempt})
	if errors.Is(err, errNotMine) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	after, err := e.applyShare(ctx, merchantID, shareID, answer)
	if err != nil || !after.Status.Open() {
		return 0, err
	}
	return max(refundAgain, postern.NextPoll(s.CreatedAt, e.now()).Sub(e.now())), nil
}

// sharing is a share with what it is about and who gets its parts.
type sharing struct {
	share     postern.Share
	receipt   postern.Receipt
	attempt   postern.Attempt
	receivers []postern.ShareReceiver
}

// request is the share as its provider is asked for it.
func (s sharing) request() provider.ShareRequest {
	r := provider.ShareRequest{Attempt: s.attempt, TxnNo: s.receipt.TxnNo, Number: s.share.Number, Last: s.share.Last, Text: s.share.Text}
	for i, p := range s.share.Parts {
		r.Parts = append(r.Parts, provider.SharePart{Receiver: portReceiver(s.receivers[i]), Amount: p.Amount, Text: p.Text})
	}
	return r
}

func portReceiver(r postern.ShareReceiver) provider.ShareReceiver {
	return provider.ShareReceiver{Kind: r.Kind, Account: r.Account, Name: r.Name}
}

// carryShare asks about a share that may have been sent, and sends it when the provider does not know it.
func (e *Engine) carryShare(ctx context.Context, channel postern.Channel, call provider.Call, s sharing) (provider.ShareResult, error) {
	sharer, ok := e.Registry[channel.Provider].(provider.Sharer)
	if !ok {
		return provider.ShareResult{State: provider.ShareUnknown, Class: provider.ClassInvalid, Message: "this binary has no connector that shares"}, nil
	}
	for _, p := range s.share.Parts {
		r, err := e.Store.ShareReceiver(ctx, s.share.MerchantID, p.ReceiverID)
		if err != nil {
			return provider.ShareResult{}, err
		}
		s.receivers = append(s.receivers, r)
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	if s.share.Status == postern.ShareReserved {
		if answer, err := e.addReceivers(bounded, sharer, call, s); err != nil || answer.State != provider.ShareDone {
			return answer, err
		}
	} else {
		if err := e.fault(ctx, "engine.share.before_query"); err != nil {
			return provider.ShareResult{}, err
		}
		answer := s.masked(sharer.QueryShare(bounded, call, s.request()))
		if answer.State == provider.ShareAbsent && s.share.Status == postern.SharePending {
			answer.State = provider.ShareUnknown // It was accepted and is not known yet: unknown first, sent again next time if it still is not.
		}
		if answer.State != provider.ShareAbsent {
			return answer, nil
		}
	}
	sent, err := e.applyShareFact(ctx, s.share.MerchantID, s.share.ID, postern.ShareFact{Trigger: postern.OnSend}, nil)
	if err != nil {
		return provider.ShareResult{}, err
	}
	if sent.Status != postern.ShareSending {
		return provider.ShareResult{}, errNotMine
	}
	if err := e.fault(ctx, "engine.share.before_call"); err != nil {
		return provider.ShareResult{}, err
	}
	verb := sharer.Share
	if len(s.share.Parts) == 0 {
		verb = sharer.Unfreeze
	}
	answer := s.masked(verb(bounded, call, s.request()))
	return answer, e.fault(ctx, "engine.share.after_call")
}

// addReceivers tells the provider who may get parts, as far as it was not told before. Adding again changes nothing, so that a lost answer is asked for anew. The answer
// is done when the share may be sent.
func (e *Engine) addReceivers(ctx context.Context, sharer provider.Sharer, call provider.Call, s sharing) (provider.ShareResult, error) {
	for _, r := range s.receivers {
		if !r.AddedAt.IsZero() {
			continue
		}
		if err := e.fault(ctx, "engine.share.before_receiver"); err != nil {
			return provider.ShareResult{}, err
		}
		answer := s.masked(sharer.AddReceiver(ctx, call, portReceiver(r)))
		if err := e.fault(ctx, "engine.share.after_receiver"); err != nil {
			return provider.ShareResult{}, err
		}
		if answer.State == provider.ShareFailed {
			return answer, nil
		}
		if answer.State != provider.ShareDone {
			answer.State = provider.ShareUnknown
			return answer, nil
		}
		r.AddedAt = e.now()
		row := e.exchange(s.share.MerchantID, s.share.AttemptID, "", answer.Exchange)
		change := store.Change{MerchantID: s.share.MerchantID, At: r.AddedAt, Told: []postern.ShareReceiver{r}, Exchanges: []store.Exchange{row}}
		if err := e.commit(context.WithoutCancel(ctx), change); err != nil {
			return provider.ShareResult{}, err
		}
	}
	return provider.ShareResult{State: provider.ShareDone}, nil
}

// masked takes the receivers' names out of what is kept of a call, whichever way they were written.
func (s sharing) masked(answer provider.ShareResult) provider.ShareResult {
	x := &answer.Exchange
	for _, r := range s.receivers {
		if r.Name == "" {
			continue
		}
		for _, quoted := range quotedForms(r.Name) {
			x.Request, x.Response = strings.ReplaceAll(x.Request, quoted, `"[redacted]"`), strings.ReplaceAll(x.Response, quoted, `"[redacted]"`)
		}
	}
	return answer
}

// quotedForms are the ways in which a text stands in JSON, plain and within a form.
func quotedForms(text string) []string {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return nil // a string always encodes
	}
	quoted := strings.TrimSuffix(plain.String(), "\n")
	return []string{quoted, url.QueryEscape(quoted), strings.ReplaceAll(url.QueryEscape(quoted), "+", "%20")}
}

// shareTriggers reads a provider's word about a share. What is not in it stays unknown and keeps its reservation.
var shareTriggers = map[provider.ShareState]string{
	provider.ShareDone: postern.OnDone, provider.ShareFailed: postern.OnFailed, provider.SharePending: postern.OnPending,
}

// applyShare commits what a provider said about a share. Parts that come to another amount than ours are no outcome: they are alarmed, and it stays unknown.
func (e *Engine) applyShare(ctx context.Context, merchantID, shareID string, answer provider.ShareResult) (postern.Share, error) {
	fact := postern.ShareFact{Trigger: shareTriggers[answer.State], Code: answer.Code, Message: answer.Message}
	if fact.Trigger == "" {
		fact.Trigger = postern.OnUnknown
	}
	for _, p := range answer.Parts {
		fact.Given += p.Amount
	}
	row := e.exchange(merchantID, "", "", answer.Exchange)
	return e.applyShareFact(ctx, merchantID, shareID, fact, func(s postern.Share, c *store.Change) {
		if answer.Exchange.Op != "" {
			row.AttemptID = s.AttemptID
			c.Exchanges = append(c.Exchanges, row)
		}
	})
}

// applyShareFact is load, apply, commit for one share.
func (e *Engine) applyShareFact(ctx context.Context, merchantID, shareID string, fact postern.ShareFact, also func(postern.Share, *store.Change)) (postern.Share, error) {
	var last error
	for range maxTries {
		s, err := e.Store.Share(ctx, merchantID, shareID)
		if err != nil {
			return s, err
		}
		if fact.Given != 0 && (fact.Trigger == postern.OnDone && fact.Given != s.Amount || fact.Given > s.Amount) {
			e.Log.ErrorContext(ctx, "the provider shared another amount", "share", shareID, "asked", s.Amount, "told", fact.Given)
			fact = postern.ShareFact{Trigger: postern.OnUnknown, Code: "amount_differs", Message: "the provider names another amount; a person must look"}
		}
		next, effects, err := postern.ApplyShare(s, fact, e.now())
		if err != nil {
			return s, err
		}
		payment := postern.State{}
		if len(effects.Tellings) > 0 {
			if payment, err = e.Store.LoadState(ctx, merchantID, s.PaymentID); err != nil {
				return s, err
			}
		}
		change, err := e.change(merchantID, payment, effects)
		if err != nil {
			return s, err
		}
		if next.Status == postern.ShareFailed && s.Status != postern.ShareFailed {
			if change.Told, err = e.untold(ctx, s); err != nil {
				return s, err
			}
		}
		if also != nil {
			also(next, &change)
		}
		if empty(change) {
			return next, nil
		}
		if last = e.commit(ctx, change); last == nil {
			next.Version++
			return next, nil
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			return s, last
		}
	}
	return postern.Share{}, postern.Wrap(postern.CodeConflict, "engine.applyShare", last)
}

// untold marks the receivers of a share that failed as not added: the provider may have taken them off its list, and adding them again changes nothing else.
func (e *Engine) untold(ctx context.Context, s postern.Share) ([]postern.ShareReceiver, error) {
	var rows []postern.ShareReceiver
	for _, p := range s.Parts {
		r, err := e.Store.ShareReceiver(ctx, s.MerchantID, p.ReceiverID)
		if err != nil {
			if postern.CodeOf(err) == postern.CodeNotFound {
				continue
			}
			return nil, err
		}
		r.AddedAt = time.Time{}
		rows = append(rows, r)
	}
	return rows, nil
}
