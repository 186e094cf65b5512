package wechatpay

import (
	"context"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// codeGone is when an order with a scanned code can no longer arrive: a code lives about a minute, so a request that was lost on its way is worth nothing by then.
const codeGone = 90 * time.Second

// Reverse implements provider.Reverser. WeChat's answer to a reversal does not say whether money went back, so the order is asked for before and after it. The first
// answer names the transaction where the second is silent about it (v2 documents that only a paid order is answered with its number; v3 does not say). When an answer was
// lost and the second one is silent, what had been taken is known from the bill only, which has both rows.
//
// WeChat asks to wait 15 s after ordering (documented for v2, repeated by third parties for v3); an order can be reversed for 7 days.
func (c Connector) Reverse(ctx context.Context, call provider.Call, attempt postern.Attempt) provider.ReverseResult {
	before := c.Query(ctx, call, attempt)
	if before.State == provider.Closed || before.Code == wire.StateRefund {
		return reversed(ctx, call, attempt, nil)
	}
	a := send(ctx, call, wire.AskReverse(partiesOf(call, attempt.Product), attempt.Number))
	m := a.meaning()
	result := provider.ReverseResult{State: provider.ReverseUnknown, Exchange: a.exchange}
	result.Class, result.Code, result.Message = a.words()
	switch {
	case a.ok(), m.close == provider.CloseDone: // done now or before: the order says which
		return reversed(ctx, call, attempt, before.Money)
	case m.query == provider.Absent && tooLateToPay(attempt, call.Env.Now()):
		result.State, result.Class = provider.ReverseClosed, provider.ClassNone
	case m.query == provider.Pending:
		result.Again = true
	case m.refuse:
		result.State = provider.ReverseRefused
	}
	return result
}

// tooLateToPay says that an order which WeChat does not have can no longer be made.
func tooLateToPay(a postern.Attempt, now time.Time) bool {
	return !a.ExpiresAt.IsZero() && !now.Before(a.ExpiresAt) || !a.CreatedAt.IsZero() && now.Sub(a.CreatedAt) >= codeGone
}

// reversed asks what became of an order. taken is the money that a query before the reversal found.
func reversed(ctx context.Context, call provider.Call, attempt postern.Attempt, taken *provider.Money) provider.ReverseResult {
	a := send(ctx, call, wire.AskQuery(partiesOf(call, attempt.Product), attempt.Number))
	result := provider.ReverseResult{State: provider.ReverseUnknown, Exchange: a.exchange}
	result.Class, result.Code, result.Message = a.words()
	if !a.ok() {
		return result
	}
	t, err := a.order(call, attempt)
	if err != nil {
		result.Class, result.Message, result.Exchange.Error = provider.ClassBug, err.Error(), err.Error()
		return result
	}
	result.Code, result.Message = t.TradeState, t.TradeStateDesc
	if money, err := moneyOf(t, call.Env.Now()); err == nil {
		taken = money
	}
	switch {
	case t.TradeState == wire.StateRefund:
		result.State, result.Class = provider.ReverseRefused, provider.ClassInvalid
	case t.TradeState == wire.StateRevoked && taken != nil:
		result.State, result.Money = provider.ReverseRefunded, taken
	case tradeState(t.TradeState) == provider.Closed || tradeState(t.TradeState) == provider.Failed:
		result.State = provider.ReverseClosed
	}
	return result
}
