package wechatpay

import (
	"context"
	"net/http"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Refund implements provider.Refunder. A good answer means accepted: the state is pending until query or notification says more. Sending it again with the
// same number refunds once.
func (Connector) Refund(ctx context.Context, call provider.Call, r provider.RefundRequest) provider.RefundResult {
	if l := checkRefund(call, r); l != nil {
		return provider.RefundResult{State: provider.RefundFailed, Class: provider.ClassInvalid, Field: l.field, Message: l.message}
	}
	body := wire.RefundRequest{SubMchID: call.SubMerchant, TransactionID: r.TxnNo, OutRefundNo: r.Refund.Number, Reason: r.Refund.Reason, NotifyURL: r.NotifyURL,
		Amount: wire.RefundAmount{Refund: r.Refund.Amount, Total: r.Total, Currency: currency}}
	if r.TxnNo == "" {
		body.OutTradeNo = r.Attempt.Number
	}
	a := send(ctx, call, "refund", http.MethodPost, wire.PathRefunds, body)
	return refundResult(a, r, func(m meaning) provider.RefundState { return m.refund })
}

// QueryRefund implements provider.RefundQuerier.
func (Connector) QueryRefund(ctx context.Context, call provider.Call, r provider.RefundRequest) provider.RefundResult {
	a := send(ctx, call, "refund_query", http.MethodGet, wire.RefundPath(r.Refund.Number, call.SubMerchant), nil)
	return refundResult(a, r, func(m meaning) provider.RefundState { return m.refundQuery })
}

func refundResult(a answer, r provider.RefundRequest, pick func(meaning) provider.RefundState) provider.RefundResult {
	result := provider.RefundResult{State: provider.RefundUnknown, Class: a.class, Exchange: a.exchange}
	result.Code, result.Message = a.words()
	if a.cause != nil {
		return result
	}
	if !a.ok() {
		m := meaningOf(a.status, a.refuse)
		result.Class = m.class
		if s := pick(m); s != "" {
			result.State = s
		}
		if result.State == provider.RefundAbsent {
			result.Class = provider.ClassNone
		}
		return result
	}
	var w wire.Refund
	var problem string
	if err := wire.Decode(a.body, &w); err != nil {
		problem = err.Error()
	} else {
		problem = foreign(w, r)
	}
	if problem != "" {
		result.Class, result.Message, result.Exchange.Error = provider.ClassBug, problem, problem
		return result
	}
	result.State, result.Code, result.Amount = refundState(w.Status), w.Status, w.Amount.Refund
	return result
}

// foreign says in what a refund's answer is not about the refund that was asked for. The answer names neither mchid nor appid.
func foreign(w wire.Refund, r provider.RefundRequest) string {
	switch {
	case w.OutRefundNo != r.Refund.Number:
		return "the answer is about another refund number"
	case w.OutTradeNo != r.Attempt.Number:
		return "the answer is about another order"
	case r.TxnNo != "" && w.TransactionID != r.TxnNo:
		return "the answer is about another transaction"
	case w.Amount.Refund != r.Refund.Amount || w.Amount.Currency != currency && w.Amount.Currency != "":
		return "the answer names another amount or currency than this refund's"
	}
	return ""
}
