package bill99

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/bill99/wire"
)

// Start signs the form that the buyer's browser posts. It calls nobody.
func (c Connector) Start(_ context.Context, call provider.Call, start provider.StartRequest) provider.Result {
	a := start.Attempt
	if a.Product != Page && a.Product != H5 {
		return refused("product", "unknown_product", "this connector has page and h5")
	}
	if bad := checkStart(call, start); bad != nil {
		return *bad
	}
	f := terms(call, start)
	if err := sign(call, f); err != nil {
		return provider.Result{State: provider.Failed, Class: provider.ClassAuth, Code: "not_sent", Message: err.Error()}
	}
	path := wire.PathPay
	if a.Product == H5 {
		path = wire.PathMobile
	}
	return provider.Result{
		State: provider.Pending, Exchange: provider.Exchange{Op: "start", Request: masked(f, wire.PayOrder)},
		Action: postern.Action{Type: postern.ActionForm, Method: "POST", URL: setting(call, SettingGateway) + path, Fields: f},
	}
}

// checkStart refuses, before a byte is sent, what the documents say cannot be ordered.
func checkStart(call provider.Call, start provider.StartRequest) *provider.Result {
	a := start.Attempt
	switch {
	case !slices.Contains(currencies, a.Currency):
		return limit("currency", "99Bill collects CNY here")
	case !a.ExpiresAt.After(call.Env.Now()):
		return limit("expires_at", "the order has expired already")
	}
	err := errors.Join(
		wire.CheckAccount(SettingAccount, setting(call, SettingAccount)), wire.CheckNumber("number", a.Number), wire.CheckAmount("amount", a.Amount),
		wire.CheckURL("notify_url", start.NotifyURL), wire.CheckURL("return_url", start.ReturnURL),
	)
	var field *wire.FieldError
	if errors.As(err, &field) {
		return limit(field.Field, field.Fix)
	}
	return nil
}

// terms is the order. What names it is a pure function of the attempt: orderId, with orderTime. orderTimeOut counts seconds from now, because whether 99Bill
// counts from orderTime or from the form's arrival is not attested: from orderTime it ends a moment early, from arrival a moment late.
func terms(call provider.Call, start provider.StartRequest) wire.Fields {
	a := start.Attempt
	f := wire.Fields{
		"inputCharset": wire.CharsetUTF8, "pageUrl": start.ReturnURL, "bgUrl": start.NotifyURL, "version": wire.Version, "language": wire.LanguageZH,
		"merchantAcctId": setting(call, SettingAccount), "orderId": a.Number, "orderAmount": wire.FormatAmount(a.Amount), "orderTime": wire.FormatTime(a.CreatedAt),
		"productName": wire.Product(start.Description), "productNum": "1", "payType": wire.PayTypeAll, "redoFlag": wire.RedoUntilPaid,
		"orderTimeOut": strconv.FormatInt(max(1, int64(a.ExpiresAt.Sub(call.Env.Now())/time.Second)), 10),
	}
	if a.Product == H5 {
		f["version"], f["mobileGateway"] = wire.VersionMobile, wire.MobileGateway
	}
	return f
}

// Query asks for the order by its number.
func (c Connector) Query(ctx context.Context, call provider.Call, a postern.Attempt) provider.Result {
	r := ask(ctx, call, "query", a.Number)
	out := provider.Result{State: provider.Unknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	if r.answer == nil {
		return out
	}
	if state, known := stateOf[r.code]; known {
		out.State = state
		// Past its end an order that is not paid is as good as one that is not there; absent closes it after the margin, and pending would wait for ever.
		if state == provider.Pending && call.Env.Now().After(a.ExpiresAt) {
			out.State = provider.Absent
		}
		return out
	}
	if r.code != "" {
		out.Class = class(classOf, r.code)
		return out
	}
	order, err := only(call, r.answer.Rows, a.Number)
	if err != nil {
		out.Class, out.Code, out.Message = provider.ClassUnknown, "unverified_answer", err.Error()
		return out
	}
	out.Code = order["payResult"]
	if out.State = payState(order["payResult"]); out.State == provider.Paid {
		paid(&out, order, call.Env.Now())
	}
	return out
}

// ask sends a question for one order, in the account's variant of the query.
func ask(ctx context.Context, call provider.Call, op, number string) reply {
	key, err := secret(call, KeyQuery)
	if err != nil {
		return unsent(op, err)
	}
	f := wire.Fields{
		"inputCharset": wire.CharsetUTF8, "version": wire.Version, "signType": wire.SignMD5, "merchantAcctId": setting(call, SettingAccount), "queryType": wire.QueryByOrder,
		"queryMode": wire.QuerySimple, "requestPage": "1", "orderId": number,
	}
	f["signMsg"] = wire.MD5(f.Text(wire.QueryOrder), key)
	q := request{op: op, path: wire.PathQuery, kind: kindJSON, body: string(wire.Answer{Fields: f}.JSON("")), shown: masked(f, wire.QueryOrder)}
	parse := func(body []byte) (wire.Answer, error) { return wire.ParseJSON(body, wire.ListOrdersJSON) }
	switch variant := setting(call, SettingVariant); variant {
	case VariantJSON:
	case VariantSOAP:
		q.path, q.kind, q.body, parse = wire.PathQuerySOAP, kindSOAP, wire.QuerySOAP(f), wire.ParseAnswerSOAP
	default:
		return unsent(op, fmt.Errorf("bill99: the query variant %.8q is not json or soap; set %s", variant, SettingVariant))
	}
	return send(ctx, call, q, func(out *reply, body []byte) {
		a, err := parse(body)
		if err != nil {
			out.code, out.text = "unreadable_answer", err.Error()
			return
		}
		out.believe(call, a, wire.AnswerOrder)
	})
}

// only returns the one order of an answer, which must be the one that was asked for and carry a signature of its own.
func only(call provider.Call, rows []wire.Fields, number string) (wire.Fields, error) {
	if len(rows) != 1 || rows[0]["orderId"] != number {
		return nil, fmt.Errorf("the answer has %d orders, and not just %s", len(rows), number)
	}
	if !signed(call, rows[0].Text(wire.DetailOrder), rows[0]["signInfo"]) {
		return nil, fmt.Errorf("the order in the answer: %w", provider.ErrUnverified)
	}
	return rows[0], nil
}

// paid adds what was taken: orderAmount, the order's own, not payAmount, which coupons lower. A paid order without a number or an amount proves nothing.
func paid(out *provider.Result, f wire.Fields, now time.Time) {
	amount, err := wire.ParseAmount(f["orderAmount"])
	if err != nil || f["dealId"] == "" {
		out.State, out.Class, out.Message = provider.Unknown, provider.ClassBug, "a paid order without dealId or orderAmount"
		return
	}
	out.Money = &provider.Money{TxnNo: f["dealId"], Amount: amount, Currency: currency, PaidAt: dealt(f, now)}
}

// dealt is when 99Bill took the money.
func dealt(f wire.Fields, now time.Time) time.Time {
	if at, err := wire.ParseTime(f["dealTime"]); err == nil {
		return at
	}
	return now
}

// limit is a start that was refused here.
func limit(field, fix string) *provider.Result {
	r := refused(field, "over_limit", fix)
	return &r
}

func refused(field, code, message string) provider.Result {
	return provider.Result{State: provider.Failed, Class: provider.ClassInvalid, Code: code, Message: message, Field: field}
}
