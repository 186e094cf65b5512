package tenpay

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"postern/provider"
	"postern/provider/tenpay/wire"
)

// Refund gives money back out of a paid order. It goes to the merchants' server, which wants a client certificate and an operator's password. The same
// out_refund_no refunds once, so that one which TenPay does not know yet is simply sent again. A refusal is not signed and proves nothing: the query decides.
func (c Connector) Refund(ctx context.Context, call provider.Call, refund provider.RefundRequest) provider.RefundResult {
	if bad := checkRefund(refund); bad != nil {
		return *bad
	}
	doer, p, err := refundCall(call, refund)
	if err != nil {
		return provider.RefundResult{State: provider.RefundAbsent, Class: provider.ClassAuth, Code: "not_sent", Message: err.Error(), Exchange: provider.Exchange{Op: "refund", Error: err.Error()}}
	}
	r := send(ctx, call, doer, "refund", setting(call, SettingMerchant)+wire.PathRefund, p)
	out := provider.RefundResult{State: provider.RefundUnknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	switch {
	case r.params == nil:
		if r.class == provider.ClassUnavailable || r.class == provider.ClassAuth {
			out.State = provider.RefundAbsent
		}
	case r.params["out_refund_no"] != refund.Refund.Number:
		out.Class, out.Message = provider.ClassBug, "the answer does not name the refund"
	default:
		out.Code = "refund_status=" + clip(r.params["refund_status"])
		settle(&out, refundState(r.params["refund_status"]), r.params["refund_fee"], refund.Refund.Amount)
	}
	return out
}

// refundCall builds the request and finds the way to the merchants' server. Without a password or a certificate nothing is sent.
func refundCall(call provider.Call, refund provider.RefundRequest) (provider.Doer, wire.Params, error) {
	doer, err := refundDoer(call)
	if err != nil {
		return nil, nil, err
	}
	g, err := call.Newest()
	if err != nil {
		return nil, nil, err
	}
	password, err := g.Secret(KeyOperator)
	if err != nil {
		return nil, nil, err
	}
	p := base(call)
	p["service_version"] = wire.RefundVersion
	p["out_trade_no"], p["transaction_id"], p["out_refund_no"] = refund.Attempt.Number, refund.TxnNo, refund.Refund.Number
	p["total_fee"], p["refund_fee"] = wire.FormatFen(refund.Total), wire.FormatFen(refund.Refund.Amount)
	p["op_user_id"], p["op_user_passwd"] = p["partner"], wire.Password(password.Reveal())
	return doer, p, nil
}

// QueryRefund asks for all refunds of the payment and looks for this one: a list that was signed and does not have it says that TenPay does not know it.
func (c Connector) QueryRefund(ctx context.Context, call provider.Call, refund provider.RefundRequest) provider.RefundResult {
	p := base(call)
	p["transaction_id"] = refund.TxnNo
	r := send(ctx, call, call.Env.HTTP, "refund_query", setting(call, SettingGateway)+wire.PathRefundQuery, p)
	out := provider.RefundResult{State: provider.RefundUnknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	if r.params == nil {
		return out
	}
	count, err := strconv.ParseUint(r.params["refund_count"], 10, 16)
	if err != nil || r.params["transaction_id"] != refund.TxnNo {
		out.Class, out.Message = provider.ClassBug, "the answer does not list the refunds of the payment"
		return out
	}
	for n := range count {
		at := "_" + strconv.FormatUint(n, 10)
		switch number, told := r.params["out_refund_no"+at]; {
		case !told:
			out.Class, out.Message = provider.ClassBug, "the list of refunds is not whole"
			return out
		case number == refund.Refund.Number:
			out.Code = "refund_state=" + clip(r.params["refund_state"+at])
			settle(&out, refundState(r.params["refund_state"+at]), r.params["refund_fee"+at], refund.Refund.Amount)
			return out
		}
	}
	out.State = provider.RefundAbsent
	return out
}

// settle adds what a verified answer says of the refund. A number that was used for another amount is nobody's word about this refund.
func settle(out *provider.RefundResult, state provider.RefundState, fee string, want int64) {
	amount, err := wire.ParseFen(fee)
	if err != nil || amount != want {
		out.Class, out.Message = provider.ClassBug, "the refund's amount is another"
		return
	}
	if out.State = state; state == provider.RefundDone {
		out.Amount = amount
	}
	if state == provider.RefundFailed {
		out.Class = provider.ClassDeclined
	}
}

// checkRefund refuses, before a byte is sent, what cannot be refunded.
func checkRefund(refund provider.RefundRequest) *provider.RefundResult {
	bad := func(field, fix string) *provider.RefundResult {
		return &provider.RefundResult{State: provider.RefundFailed, Class: provider.ClassInvalid, Code: "over_limit", Message: fix, Field: field}
	}
	f := refund.Refund
	switch {
	case !slices.Contains(currencies, f.Currency):
		return bad("currency", "TenPay refunds CNY")
	case refund.Total > 0 && f.Amount > refund.Total:
		return bad("amount", "give at most what was paid")
	case refund.TxnNo == "":
		return bad("receipt", "the payment's transaction_id is not known")
	}
	err := errors.Join(wire.CheckNumber("number", f.Number), wire.CheckAmount("amount", f.Amount))
	var field *wire.FieldError
	if errors.As(err, &field) {
		return bad(field.Field, field.Fix)
	}
	return nil
}
