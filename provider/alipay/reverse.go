package alipay

import (
	"context"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// How long a trade can be canceled (documented: within a day of its creation), and after what time nobody can be charged by a code that was scanned at the start: it lives for
// about a minute.
const (
	cancelWithin = 24 * time.Hour
	codeGone     = 90 * time.Second
)

// chargeResult reads the answer to a scanned code. Code 10003 says that the buyer's wallet asks for the password.
func chargeResult(r reply, a postern.Attempt, now time.Time) provider.Result {
	if r.object != nil && (r.success || r.waiting) && !r.sameOrder(a.Number) {
		r.answersOther()
		r.success, r.waiting = false, false
	}
	out := provider.Result{State: provider.Unknown, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	switch {
	case r.success && r.text("gmt_payment") != "":
		out.State, out.Opaque = provider.Paid, r.text("trade_no")
		paid(&out, r, now)
	case r.success, r.waiting: // v3 has no code 10003: a trade without its time of payment waits
		out.State, out.Class, out.Opaque = provider.Pending, provider.ClassNone, r.text("trade_no")
	case r.sub == subHasClose:
		out.State = provider.Closed
	case r.sub == subInconsist:
		out.Class = provider.ClassBug
	case r.class != provider.ClassUnknown:
		out.State = provider.Failed
	}
	return out
}

// Reverse cancels: Alipay closes the trade if nobody paid it, and gives the money back if somebody did. The answer names no amount, so a query says what had been taken.
// A success without an action means that Alipay has no such trade; until the scanned code is dead the order may still be on its way, and only then it is closed.
func (c *Connector) Reverse(ctx context.Context, call provider.Call, a postern.Attempt) provider.ReverseResult {
	now := call.Env.Now()
	if !a.CreatedAt.IsZero() && now.Sub(a.CreatedAt) >= cancelWithin {
		return provider.ReverseResult{State: provider.ReverseRefused, Class: provider.ClassInvalid, Code: "over_limit", Message: "Alipay cancels within 24 hours: query the order and refund it"}
	}
	r := send(ctx, call, "reverse", a.GenerationID, wire.Request{Method: wire.MethodCancel, Biz: wire.Fields{}.Set("out_trade_no", a.Number)})
	if r.success && !r.sameOrder(a.Number) {
		r.answersOther()
		r.success = false
	}
	out := provider.ReverseResult{State: provider.ReverseUnknown, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	switch {
	case r.success && r.text("retry_flag") == "Y":
		out.Again = true
	case r.success && r.text("action") == wire.ActionClose:
		out.State = provider.ReverseClosed
	case r.success && r.text("action") == wire.ActionRefund:
		c.taken(ctx, call, a, &out)
	case r.success && r.text("action") == "" && r.text("trade_no") == "" && tooLateToPay(a, now):
		out.State = provider.ReverseClosed
	case notReversible[r.sub]:
		out.State, out.Class = provider.ReverseRefused, provider.ClassDeclined
	case r.sub == subSystemError:
		out.Again = true
	}
	return out
}

// tooLateToPay says that an order which Alipay does not have can no longer be made: its own end has passed, or the scanned code is dead.
func tooLateToPay(a postern.Attempt, now time.Time) bool {
	return !a.ExpiresAt.IsZero() && !now.Before(a.ExpiresAt) || !a.CreatedAt.IsZero() && now.Sub(a.CreatedAt) >= codeGone
}

// taken adds to a reversal what had been taken. Without it the reversal stays unknown: canceling again changes nothing and asks again.
func (c *Connector) taken(ctx context.Context, call provider.Call, a postern.Attempt, out *provider.ReverseResult) {
	r := send(ctx, call, "query", a.GenerationID, wire.Request{Method: wire.MethodQuery, Biz: wire.Fields{}.Set("out_trade_no", a.Number)})
	var q provider.Result
	if r.success && r.sameOrder(a.Number) {
		paid(&q, r, call.Env.Now())
	}
	if q.Money == nil {
		out.Class, out.Message = provider.ClassUnknown, "given back, but what had been taken is not known yet: "+r.code
		return
	}
	out.State, out.Money = provider.ReverseRefunded, q.Money
}
