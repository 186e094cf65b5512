package wechatpay

import (
	"cmp"
	"context"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Refund implements provider.Refunder. A good answer means accepted: the state is pending until query or notification says more. Sending it again with the
// same number refunds once.
func (Connector) Refund(ctx context.Context, call provider.Call, r provider.RefundRequest) provider.RefundResult {
	body := wire.RefundRequest{TransactionID: r.TxnNo, OutRefundNo: r.Refund.Number, Reason: r.Refund.Reason, NotifyURL: r.NotifyURL,
		Amount: wire.RefundAmount{Refund: r.Refund.Amount, Total: r.Total, Currency: r.Refund.Currency}}
	if r.TxnNo == "" {
		body.OutTradeNo = r.Attempt.Number
	}
	parties := partiesOf(call, r.Attempt.Product)
	if p := checkRefund(call, r, parties, body); p != nil {
		return provider.RefundResult{State: provider.RefundFailed, Class: provider.ClassInvalid, Field: p.Field, Message: p.Message}
	}
	a := send(ctx, call, wire.AskRefund(parties, body))
	return refundResult(a, r, a.meaning().refund)
}

// QueryRefund implements provider.RefundQuerier.
func (Connector) QueryRefund(ctx context.Context, call provider.Call, r provider.RefundRequest) provider.RefundResult {
	a := send(ctx, call, wire.AskRefundQuery(partiesOf(call, r.Attempt.Product), r.Refund.Number))
	return refundResult(a, r, a.meaning().refundQuery)
}

// refundResult reads what an answer says of a refund; state is what a refusal proves.
func refundResult(a answer, r provider.RefundRequest, state provider.RefundState) provider.RefundResult {
	result := provider.RefundResult{State: cmp.Or(state, provider.RefundUnknown), Exchange: a.exchange}
	result.Class, result.Code, result.Message = a.words()
	if result.State == provider.RefundAbsent {
		result.Class = provider.ClassNone
	}
	if !a.ok() {
		return result
	}
	var w wire.Refund
	err := wire.Decode(a.body, &w)
	if err == nil {
		err = w.About(r.Refund.Number, r.Attempt.Number, r.TxnNo, r.Refund.Amount)
	}
	if err != nil {
		result.Class, result.Message, result.Exchange.Error = provider.ClassBug, err.Error(), err.Error()
		return result
	}
	result.State, result.Code, result.Amount = refundState(w.Status), w.Status, w.Amount.Refund
	return result
}
