package alipay

import (
	"context"
	"errors"
	"slices"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// Refund gives money back. The same number refunds once, whatever it is sent with. Only fund_change Y says that this very call moved money; a success without it
// stays pending until the refund query has spoken. A call that provably had no effect (not sent, rate limited, our keys refused) is absent: send it again.
func (c *Connector) Refund(ctx context.Context, call provider.Call, refund provider.RefundRequest) provider.RefundResult {
	if bad := checkRefund(refund); bad != nil {
		return *bad
	}
	biz := wire.Fields{}.Set("out_trade_no", refund.Attempt.Number).Set("refund_amount", wire.FormatYuan(refund.Refund.Amount)).Set("refund_reason", refund.Refund.Reason).
		Set("out_request_no", refund.Refund.Number)
	r := send(ctx, call, "refund", refund.Attempt.GenerationID, wire.Request{Method: wire.MethodRefund, Biz: biz})
	if r.success && (!r.sameOrder(refund.Attempt.Number) || otherTrade(r, refund)) {
		r.answersOther()
		r.success = false
	}
	out := provider.RefundResult{State: provider.RefundUnknown, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	class, final := refundRefusals[r.sub]
	switch {
	case r.success && r.text("fund_change") == "Y":
		out.State = provider.RefundDone
	case r.success:
		out.State = provider.RefundPending
	case r.sub == subDiscordant:
		out.Class = provider.ClassBug // the number was used with another amount
	case r.sub == subHasClose:
		return c.afterFullRefund(ctx, call, refund, out)
	case final:
		out.State, out.Class = provider.RefundFailed, class
	case r.class != provider.ClassUnknown:
		out.State = provider.RefundAbsent
	}
	return out
}

// afterFullRefund decides about a trade that is closed because everything was given back: if not by this refund, this one is refused for good.
func (c *Connector) afterFullRefund(ctx context.Context, call provider.Call, refund provider.RefundRequest, out provider.RefundResult) provider.RefundResult {
	switch found := c.QueryRefund(ctx, call, refund); found.State {
	case provider.RefundDone:
		return found
	case provider.RefundAbsent:
		out.State, out.Class = provider.RefundFailed, provider.ClassDeclined
	}
	return out
}

// QueryRefund asks for one refund. Alipay answers an unknown number with a success that names no refund.
func (c *Connector) QueryRefund(ctx context.Context, call provider.Call, refund provider.RefundRequest) provider.RefundResult {
	biz := wire.Fields{}.Set("out_trade_no", refund.Attempt.Number).Set("out_request_no", refund.Refund.Number)
	biz = append(biz, wire.Field{Name: "query_options", Value: []string{"gmt_refund_pay"}})
	r := send(ctx, call, "refund_query", refund.Attempt.GenerationID, wire.Request{Method: wire.MethodRefundQuery, Biz: biz})
	out := provider.RefundResult{State: provider.RefundUnknown, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	amount, err := wire.ParseYuan(r.text("refund_amount"))
	switch {
	case r.sub == subNotExist:
		out.State, out.Class = provider.RefundAbsent, provider.ClassNone
	case !r.success:
	case r.text("out_request_no") == "" && r.text("refund_status") == "" && r.text("refund_amount") == "":
		out.State = provider.RefundAbsent
	case r.text("out_request_no") != refund.Refund.Number || !r.sameOrder(refund.Attempt.Number) || otherTrade(r, refund):
		r.answersOther()
		out.Class, out.Code, out.Message, out.Exchange = r.class, r.code, r.message, r.exchange
	case r.text("refund_status") == wire.RefundSuccess && err == nil:
		out.State, out.Amount, out.Code, out.Message = provider.RefundDone, amount, r.text("refund_status"), ""
	default:
		out.State, out.Code, out.Message = provider.RefundPending, r.text("refund_status"), ""
	}
	return out
}

// otherTrade says that an answer names another transaction than the receipt's.
func otherTrade(r reply, refund provider.RefundRequest) bool {
	return refund.TxnNo != "" && r.text("trade_no") != refund.TxnNo
}

// checkRefund refuses, before a byte is sent, what the documents say cannot be refunded.
func checkRefund(refund provider.RefundRequest) *provider.RefundResult {
	bad := func(field, fix string) *provider.RefundResult {
		return &provider.RefundResult{State: provider.RefundFailed, Class: provider.ClassInvalid, Code: "over_limit", Message: fix, Field: field}
	}
	f := refund.Refund
	if !slices.Contains(currencies, f.Currency) {
		return bad("currency", "Alipay refunds CNY here")
	}
	if refund.Total > 0 && f.Amount > refund.Total {
		return bad("amount", "give at most what was paid")
	}
	err := errors.Join(wire.CheckOrderNo("out_request_no", f.Number), wire.CheckAmount("refund_amount", f.Amount), wire.CheckReason(f.Reason))
	var field *wire.FieldError
	if errors.As(err, &field) {
		return bad(domainField(field.Field), field.Fix)
	}
	return nil
}
