package unionpay

import (
	"context"
	"errors"
	"slices"
	"time"

	"postern/provider"
	"postern/provider/unionpay/wire"
)

// undoMargin is how long before the end of a clearing day an order is no longer undone: what is sent late would be refused, and its number used up.
const undoMargin = 10 * time.Minute

// undoes says that a refund is sent as an undo: it gives back the whole order within its clearing day. Only what is stored and never changes decides, so that every try sends the same kind.
// The order's own creation stands for its payment, which can only be later: who orders before 23:00 and pays after it is refunded. How many refunds went before is not asked, because one of
// them may fail between two tries; that this one could reserve the whole receipt says that none of them holds a part of it.
func undoes(refund provider.RefundRequest) bool {
	f := refund.Refund
	return f.Amount == refund.Total && clearingDay(f.CreatedAt.Add(undoMargin)) == clearingDay(refund.Attempt.CreatedAt)
}

// Refund gives money back out of a paid order: as an undo where that is possible, else as a refund. Either is named by its own number and time; 00 means accepted, and the query says when it
// is done. A call that provably had no effect is absent: send it again, with the same number and time.
func (c Connector) Refund(ctx context.Context, call provider.Call, refund provider.RefundRequest) provider.RefundResult {
	if bad := checkRefund(refund); bad != nil {
		return *bad
	}
	f := refund.Refund
	m := base(call, wire.TypeRefund, wire.SubRefund, wire.BizGateway, wire.ChannelPC)
	if undoes(refund) && setting(call, SettingUndo) != undoNever {
		m["txnType"], m["txnSubType"] = wire.TypeUndo, wire.SubUndo
	}
	if refund.Attempt.Product == Native || refund.Attempt.Product == Barcode || refund.Attempt.Product == JSAPI {
		m["bizType"] = wire.BizOther
	}
	m["orderId"], m["txnTime"], m["txnAmt"] = f.Number, wire.FormatTime(f.CreatedAt), wire.FormatAmount(f.Amount)
	m["origQryId"], m["backUrl"] = refund.TxnNo, refund.NotifyURL
	r := send(ctx, call, "refund", wire.PathBack, m)
	out := provider.RefundResult{State: provider.RefundUnknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	switch {
	case r.message == nil:
		if r.class == provider.ClassUnavailable || r.class == provider.ClassAuth {
			out.State = provider.RefundAbsent
		}
	case accepted(r.code), r.code == "A6":
		out.State = provider.RefundPending
	case r.code == "12": // the number was used: only the query knows what for
		return c.QueryRefund(ctx, call, refund)
	case ofTheOrder[r.code]:
		if said := c.QueryRefund(ctx, call, refund); said.State != provider.RefundAbsent && said.State != provider.RefundFailed {
			return said
		}
		out.State, out.Class = provider.RefundFailed, provider.ClassDeclined
	case refundRefusals[r.code]:
		out.State, out.Class = provider.RefundFailed, provider.ClassDeclined
	case r.class == provider.ClassAuth || r.class == provider.ClassRateLimited || r.class == provider.ClassUnavailable:
		out.State = provider.RefundAbsent
	}
	return out
}

// QueryRefund asks for one refund by its number and time, whichever kind it was sent as.
func (c Connector) QueryRefund(ctx context.Context, call provider.Call, refund provider.RefundRequest) provider.RefundResult {
	r := query(ctx, call, "refund_query", refund.Refund.Number, refund.Refund.CreatedAt)
	out := provider.RefundResult{State: provider.RefundUnknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	if r.message == nil {
		return out
	}
	if r.code == "34" {
		out.State, out.Class = provider.RefundAbsent, provider.ClassNone
		return out
	}
	if !accepted(r.code) {
		return out
	}
	code := r.message["origRespCode"]
	out.Code, out.Message, out.Class = code, r.message["origRespMsg"], provider.ClassNone
	amount, err := wire.ParseAmount(r.message["txnAmt"])
	switch {
	case r.message["txnType"] != wire.TypeRefund && r.message["txnType"] != wire.TypeUndo || err != nil:
		out.Class, out.Message = provider.ClassBug, "the answer is not about a refund"
	case code == "00" || code == "A6":
		out.State, out.Amount = provider.RefundDone, amount
	case stateOf[code] == provider.Unknown && (code == "03" || code == "04" || code == "05"):
		out.State = provider.RefundPending
	case refundRefusals[code] || class(code) == provider.ClassDeclined:
		out.State, out.Class = provider.RefundFailed, provider.ClassDeclined
	default:
		out.State = provider.RefundPending
	}
	return out
}

// checkRefund refuses, before a byte is sent, what the documents say cannot be refunded.
func checkRefund(refund provider.RefundRequest) *provider.RefundResult {
	bad := func(field, fix string) *provider.RefundResult {
		return &provider.RefundResult{State: provider.RefundFailed, Class: provider.ClassInvalid, Code: "over_limit", Message: fix, Field: field}
	}
	f := refund.Refund
	if !slices.Contains(currencies, f.Currency) {
		return bad("currency", "UnionPay refunds CNY here")
	}
	if refund.Total > 0 && f.Amount > refund.Total {
		return bad("amount", "give at most what was paid")
	}
	if refund.TxnNo == "" {
		return bad("receipt", "the payment's queryId is not known")
	}
	err := errors.Join(wire.CheckOrderID("number", f.Number), wire.CheckAmount("amount", f.Amount), wire.CheckURL("notify_url", refund.NotifyURL))
	var field *wire.FieldError
	if errors.As(err, &field) {
		return bad(field.Field, field.Fix)
	}
	return nil
}
