package unionpay

import (
	"context"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/unionpay/wire"
)

// scanLife bounds how long a scanned order waits for the buyer: the documents' own series of queries (after 1, 2, 4, 8, 16 and 32 seconds) is over then, and the code is dead.
const scanLife = 70 * time.Second

// scanUnsure are the codes after which a scanned order is asked after again, besides 03, 04 and 05. Every other refusal of it is final.
//
// Source: UnionPay's own demo of the code product.
var scanUnsure = map[string]bool{"01": true, "12": true, "34": true, "60": true}

// Codes of an order that was taken back: given back or undone (two tables), reversed (one of them).
const (
	codeUndone   = "45"
	codeReversed = "46"
)

// scanned adds to an order what the buyer's code wants.
func scanned(call provider.Call, start provider.StartRequest, m wire.Message) {
	m["qrNo"], m["termId"], m["accType"] = start.AuthCode, setting(call, SettingTerminal), wire.AccountCard
	delete(m, "payTimeout") // neither is attested for this message
	delete(m, "orderDesc")
}

// chargeResult reads the answer to a scanned code. 00 says that the order was taken; whether the buyer has paid is for a query or a notification to say.
func chargeResult(r reply) provider.Result {
	out := provider.Result{State: provider.Unknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	switch {
	case r.message == nil:
		if r.class == provider.ClassAuth || r.class == provider.ClassUnavailable {
			out.State = provider.Failed // nothing was sent
		}
	case accepted(r.code):
		out.State = provider.Pending
	case scanUnsure[r.code]:
		out.Class = provider.ClassUnknown
	case r.class != provider.ClassUnknown:
		out.State = provider.Failed
	}
	return out
}

// scanState reads what a query says of a scanned order that is not paid, absent or unknown.
func scanState(code string) (provider.State, provider.Class) {
	switch c := class(code); {
	case code == codeUndone || code == codeReversed:
		return provider.Closed, provider.ClassNone
	case c == provider.ClassDeclined && !scanUnsure[code]:
		return provider.Failed, c
	}
	return provider.Pending, provider.ClassNone
}

// Reverse takes a scanned order back, under its own number and time, within its clearing day. The answer does not say whether the buyer had paid, nor (in one of two
// attestations) that it is done: the order is asked after before it and after it.
func (c Connector) Reverse(ctx context.Context, call provider.Call, a postern.Attempt) provider.ReverseResult {
	now := call.Env.Now()
	if a.Product != Barcode || clearingDay(a.CreatedAt) != clearingDay(now) {
		return provider.ReverseResult{State: provider.ReverseRefused, Class: provider.ClassInvalid, Code: "over_limit", Message: "UnionPay reverses scanned codes, within their clearing day: query the order and refund it"}
	}
	before := c.standing(ctx, call, a)
	if before.reversed {
		return before.result()
	}
	m := base(call, wire.TypeReversal, wire.SubReversal, wire.BizOther, wire.ChannelApp)
	m["orderId"], m["txnTime"] = a.Number, wire.FormatTime(a.CreatedAt)
	r := send(ctx, call, "reverse", wire.PathBack, m)
	out := provider.ReverseResult{State: provider.ReverseUnknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	switch {
	case r.message == nil:
	case r.code == "34": // not there; until the code is dead it may still be on its way
		if out.Class = provider.ClassUnknown; !now.Before(a.CreatedAt.Add(scanLife)) {
			out.State, out.Class = provider.ReverseClosed, provider.ClassNone
		}
	case accepted(r.code) || r.code == codeReversed:
		out = before.then(c.standing(ctx, call, a)) // it may have been paid in between, and being taken in is not being done
		out.Exchange = r.exchange
	case r.code == "35" || r.code == "36" || r.code == codeUndone || r.class == provider.ClassClosed:
		out.State = provider.ReverseRefused
	}
	return out
}

// standing is what a query says of a scanned order for its reversal: paid or not, and taken back or not. A paid order has money; so has one that was taken back after it was
// paid, because only such a one names what was settled.
type standing struct {
	known    bool
	reversed bool
	money    *provider.Money
	reply    reply
}

func (c Connector) standing(ctx context.Context, call provider.Call, a postern.Attempt) standing {
	r := query(ctx, call, "query", a.Number, a.CreatedAt)
	s := standing{reply: r}
	if r.message == nil || !accepted(r.code) {
		return s
	}
	code := r.message["origRespCode"]
	s.known, s.reversed = true, code == codeUndone || code == codeReversed
	if stateOf[code] == provider.Paid || s.reversed && r.message["settleAmt"] != "" {
		var q provider.Result
		paid(&q, r.message, call.Env.Now())
		s.money = q.Money
	}
	return s
}

// then is what a reversal comes to that was taken in after s was asked, by what is said after it. An order that still says that it is paid was not taken back yet.
func (s standing) then(after standing) provider.ReverseResult {
	switch {
	case after.money == nil:
		after.money = s.money
	case !after.reversed:
		after.known = false
	}
	return after.result()
}

// result is what a reversal comes to: given back where money had been taken, else closed.
func (s standing) result() provider.ReverseResult {
	out := provider.ReverseResult{State: provider.ReverseClosed, Code: s.reply.code, Message: s.reply.text, Exchange: s.reply.exchange}
	switch {
	case !s.known:
		out.State, out.Class, out.Message = provider.ReverseUnknown, provider.ClassUnknown, "taken in; what became of the order is not known yet"
	case s.money != nil:
		out.State, out.Money = provider.ReverseRefunded, s.money
	}
	return out
}

// clearingDay is the day whose books a moment belongs to: it ends at 23:00.
func clearingDay(t time.Time) string { return t.In(wire.Beijing).Add(time.Hour).Format(time.DateOnly) }
