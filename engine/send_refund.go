package engine

import (
	"context"
	"errors"
	"time"

	"postern"
	"postern/provider"
)

// errNotMine says that a refund's outcome became known between the load and the send: to send it now could give back what has been released for another refund.
var errNotMine = errors.New("engine: the refund has its outcome already")

// SendRefund is the job that carries a refund through: it commits that it is being sent, asks before it sends again, always with the one refund number, and
// commits the outcome. The returned time is when to run again; 0 means never.
func (e *Engine) SendRefund(ctx context.Context, merchantID, refundID string) (time.Duration, error) {
	ctx = context.WithoutCancel(ctx)
	s, receipt, attempt, err := e.Store.LoadRefund(ctx, merchantID, refundID)
	if err != nil {
		return 0, err
	}
	if s.Refund.Outside() || !s.Refund.Status.Open() && s.Refund.Status != postern.RefundFailed { // what a person gives back is no provider's
		return 0, nil
	}
	channel, err := e.Store.Channel(ctx, merchantID, s.Refund.ChannelID)
	if err != nil {
		return 0, err
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return 0, err
	}
	leave, ok := e.enter(ctx, channel, "refund")
	if !ok {
		return againWhenBusy, nil
	}
	defer leave()
	earlier, err := e.Store.EarlierRefunds(ctx, s.Refund)
	if err != nil {
		return 0, err
	}
	request := provider.RefundRequest{Refund: s.Refund, Attempt: attempt, TxnNo: receipt.TxnNo, Total: receipt.Amount, NotifyURL: e.NotifyURL(attempt), Earlier: earlier}
	if s.Refund.Status == postern.RefundFailed {
		return e.lookAtFailed(ctx, call, request)
	}
	answer, err := e.carryRefund(ctx, channel, call, request)
	if errors.Is(err, errNotMine) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	after, err := e.applyRefund(ctx, merchantID, refundID, answer, nil)
	if err != nil || !after.Refund.Status.Open() {
		return 0, err
	}
	return max(refundAgain, postern.NextPoll(s.Refund.CreatedAt, e.now()).Sub(e.now())), nil
}

// carryRefund asks about a refund that may have been sent and sends it when the provider does not know it.
func (e *Engine) carryRefund(ctx context.Context, channel postern.Channel, call provider.Call, request provider.RefundRequest) (provider.RefundResult, error) {
	connector := e.Registry[channel.Provider]
	refunder, ok := connector.(provider.Refunder)
	if !ok {
		return provider.RefundResult{State: provider.RefundFailed, Class: provider.ClassInvalid, Message: "this provider takes no refunds; give the money back outside it"}, nil
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	if request.Refund.Status != postern.RefundReserved {
		if querier, ok := connector.(provider.RefundQuerier); ok {
			if err := e.fault(ctx, "engine.refund.before_query"); err != nil {
				return provider.RefundResult{}, err
			}
			answer := querier.QueryRefund(bounded, call, request)
			if answer.State == provider.RefundAbsent && request.Refund.Status == postern.RefundPending {
				answer.State = provider.RefundUnknown // It was accepted and is not known yet: unknown first, sent again next time if it still is not.
			}
			if answer.State != provider.RefundAbsent {
				return answer, nil
			}
		}
	}
	sent, err := e.applyRefundFact(ctx, request.Refund.MerchantID, request.Refund.ID, postern.RefundFact{Trigger: postern.OnSend}, nil)
	if err != nil {
		return provider.RefundResult{}, err
	}
	if sent.Refund.Status != postern.RefundSending {
		return provider.RefundResult{}, errNotMine
	}
	if err := e.fault(ctx, "engine.refund.before_call"); err != nil {
		return provider.RefundResult{}, err
	}
	answer := refunder.Refund(bounded, call, request)
	return answer, e.fault(ctx, "engine.refund.after_call")
}

// lookAtFailed asks about a refund that failed but was said to have reached the buyer after all while its amount was reserved anew: when that reservation ends,
// the word is booked. Nothing is ever sent here.
func (e *Engine) lookAtFailed(ctx context.Context, call provider.Call, request provider.RefundRequest) (time.Duration, error) {
	refund := request.Refund
	querier, ok := e.Registry[request.Attempt.Provider].(provider.RefundQuerier)
	if !ok || e.now().After(refund.UpdatedAt.Add(giveUpLooking)) {
		return 0, nil
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	answer := querier.QueryRefund(bounded, call, request)
	_, err := e.applyRefund(ctx, refund.MerchantID, refund.ID, answer, nil)
	switch {
	case postern.CodeOf(err) == postern.CodeRefundExceeds && err != nil, answer.State == provider.RefundUnknown && err == nil:
		return postern.NextPoll(refund.UpdatedAt, e.now()).Sub(e.now()), nil
	}
	return 0, err
}
