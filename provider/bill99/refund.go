package bill99

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"postern/provider"
	"postern/provider/bill99/wire"
)

// Refund gives money back out of a paid order, in yuan, under its own number. The answer is not signed: Y says that the refund was taken and is on its way, which
// the signed query confirms later; N is asked after at once, so that a refusal is believed only when the signed query does not know the number either. N is also
// what a number that was sent before gets.
func (c Connector) Refund(ctx context.Context, call provider.Call, refund provider.RefundRequest) provider.RefundResult {
	if bad := checkRefund(refund); bad != nil {
		return *bad
	}
	key, err := secret(call, KeyRefund)
	if err != nil {
		return refundResult(unsent("refund", err), provider.RefundAbsent)
	}
	f := wire.Fields{
		"merchant_id": wire.Member(setting(call, SettingAccount)), "version": wire.VersionRefund, "command_type": wire.CommandRefund, "orderid": refund.Attempt.Number,
		"amount": wire.FormatYuan(refund.Refund.Amount), "postdate": wire.FormatTime(refund.Refund.CreatedAt), "txOrder": refund.Refund.Number,
	}
	f["mac"] = f.RefundMAC(key)
	q := request{op: "refund", path: wire.PathRefund, kind: kindForm, body: f.Encode(wire.RefundOrder), shown: masked(f, wire.RefundOrder)}
	r := send(ctx, call, q, func(out *reply, body []byte) {
		said, err := wire.ParseRefundReply(body)
		if err != nil {
			out.code, out.text = "unreadable_answer", err.Error()
			return
		}
		for name, want := range map[string]string{"MERCHANT": f["merchant_id"], "ORDERID": f["orderid"], "TXORDER": f["txOrder"]} {
			if said[name] != "" && said[name] != want {
				out.code, out.text = "other_refund", "the answer is about "+name+" "+clip(said[name])
				return
			}
		}
		out.answer, out.code, out.text, out.class = &wire.Answer{Fields: said}, said["RESULT"], said["CODE"], provider.ClassNone
	})
	switch {
	case r.answer == nil && r.class == provider.ClassUnavailable:
		return refundResult(r, provider.RefundAbsent) // nothing was sent
	case r.answer == nil:
		return refundResult(r, provider.RefundUnknown)
	case r.code == wire.RefundTaken:
		return refundResult(r, provider.RefundPending)
	case r.code == wire.RefundRefused:
		return c.refusedRefund(ctx, call, refund, r)
	}
	r.class = provider.ClassUnknown
	return refundResult(r, provider.RefundUnknown)
}

// refusedRefund asks what became of a number that was refused: known, it counts as what it is; not known, the refusal holds; no answer, nobody knows.
func (c Connector) refusedRefund(ctx context.Context, call provider.Call, refund provider.RefundRequest, r reply) provider.RefundResult {
	known := c.QueryRefund(ctx, call, refund)
	switch known.State {
	case provider.RefundAbsent:
		r.class = provider.ClassDeclined
		return refundResult(r, provider.RefundFailed)
	case provider.RefundUnknown:
		r.class = provider.ClassUnknown
		return refundResult(r, provider.RefundUnknown)
	}
	return known
}

func refundResult(r reply, state provider.RefundState) provider.RefundResult {
	return provider.RefundResult{State: state, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
}

// A refund query spans at most three days. maxSpans bounds how many are asked one after another: a refund that is older than that and still not found stays
// unknown.
const (
	spanDays = 3
	maxSpans = 5
)

// QueryRefund asks for one refund by its number. The question must name the days in which 99Bill may have taken it: from the refund's own first day on, because a
// refund can have been sent late. It is absent only when every day until now was asked for.
func (c Connector) QueryRefund(ctx context.Context, call provider.Call, refund provider.RefundRequest) provider.RefundResult {
	first, err := wire.ParseDate(wire.FormatDate(refund.Refund.CreatedAt))
	if err != nil {
		return refundResult(unsent("refund_query", err), provider.RefundUnknown)
	}
	out := provider.RefundResult{State: provider.RefundUnknown, Class: provider.ClassUnknown, Code: "too_old", Message: "not found in the days that were asked for"}
	for range maxSpans {
		last := first.AddDate(0, 0, spanDays-1)
		reached := !call.Env.Now().After(last.AddDate(0, 0, 1))
		found := askRefund(ctx, call, refund, first, last)
		if found.State != provider.RefundAbsent || reached {
			return found
		}
		out.Exchange, first = found.Exchange, last.AddDate(0, 0, 1)
	}
	return out
}

// askRefund asks for a refund within a span of days. A day that is still to come is not asked for.
func askRefund(ctx context.Context, call provider.Call, refund provider.RefundRequest, first, last time.Time) provider.RefundResult {
	key, err := secret(call, KeyQuery)
	if err != nil {
		return refundResult(unsent("refund_query", err), provider.RefundUnknown)
	}
	if now := call.Env.Now(); last.After(now) {
		last = now
	}
	number := refund.Refund.Number
	f := wire.Fields{
		"version": wire.Version, "signType": wire.SignMD5, "merchantAcctId": setting(call, SettingAccount), "startDate": wire.FormatDate(first), "endDate": wire.FormatDate(last),
		"orderId": number, "requestPage": "1", "rOrderId": refund.Attempt.Number,
	}
	f["signMsg"] = wire.MD5(f.Text(wire.RefundQueryOrder), key)
	q := request{op: "refund_query", path: wire.PathRefundQuery, kind: kindJSON, body: string(wire.Answer{Fields: f}.JSON("")), shown: masked(f, wire.RefundQueryOrder)}
	r := send(ctx, call, q, func(out *reply, body []byte) {
		a, err := wire.ParseJSON(body, wire.ListRefunds)
		if err != nil {
			out.code, out.text = "unreadable_answer", err.Error()
			return
		}
		out.believe(call, a, wire.RefundAnswerOrder)
	})
	switch {
	case r.answer == nil:
		return refundResult(r, provider.RefundUnknown)
	case r.code == noRefunds || r.code == "" && len(r.answer.Rows) == 0 && r.answer.Fields["recordCount"] == "0":
		return refundResult(r, provider.RefundAbsent)
	case r.code != "":
		r.class = class(refundClassOf, r.code)
		return refundResult(r, provider.RefundUnknown)
	}
	return readRefund(refund, r)
}

// readRefund reads the one row of an answer, which must be the refund that was asked for, out of the order that it belongs to.
func readRefund(refund provider.RefundRequest, r reply) provider.RefundResult {
	doubt := func(why string) provider.RefundResult {
		r.class, r.code, r.text = provider.ClassBug, "other_refund", why
		return refundResult(r, provider.RefundUnknown)
	}
	rows := r.answer.Rows
	if len(rows) != 1 || r.answer.Fields["recordCount"] != "1" || rows[0]["orderId"] != refund.Refund.Number {
		return doubt(fmt.Sprintf("the answer has %d refunds, and not just %s", len(rows), refund.Refund.Number))
	}
	row := rows[0]
	if order := row["rOrderId"] + row["ROrderId"]; order != "" && order != refund.Attempt.Number {
		return doubt("the refund is out of the order " + clip(order))
	}
	amount, err := wire.ParseAmount(row["orderAmout"]) // its spelling
	if err != nil || amount != refund.Refund.Amount {
		return doubt("the refund's amount is " + clip(row["orderAmout"]) + " fen")
	}
	r.code, r.text = row["status"], row["failReason"]
	out := refundResult(r, refundState(row["status"]))
	out.Amount = amount
	return out
}

// checkRefund refuses, before a byte is sent, what the documents say cannot be refunded.
func checkRefund(refund provider.RefundRequest) *provider.RefundResult {
	bad := func(field, fix string) *provider.RefundResult {
		return &provider.RefundResult{State: provider.RefundFailed, Class: provider.ClassInvalid, Code: "over_limit", Message: fix, Field: field}
	}
	f := refund.Refund
	if !slices.Contains(currencies, f.Currency) {
		return bad("currency", "99Bill refunds CNY here")
	}
	if refund.Total > 0 && f.Amount > refund.Total {
		return bad("amount", "give at most what was paid")
	}
	err := errors.Join(wire.CheckNumber("number", f.Number), wire.CheckAmount("amount", f.Amount), wire.CheckNumber("order", refund.Attempt.Number))
	var field *wire.FieldError
	if errors.As(err, &field) {
		return bad(field.Field, field.Fix)
	}
	return nil
}
