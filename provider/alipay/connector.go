package alipay

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// codeLife is how long a native code opens an order at most (documented: two hours), whatever the order's own end.
const codeLife = 2 * time.Hour

// userID is what buyer_id looks like; anything else that OAuth gave us is an open id.
var userID = regexp.MustCompile(`^2088[0-9]{12}$`)

// Start places an order. h5 and page sign an address for the buyer's browser, app signs a string for the merchant's app, and call nobody, so their order is absent at
// Alipay until the buyer gets there; the others call the gateway.
func (c *Connector) Start(ctx context.Context, call provider.Call, start provider.StartRequest) provider.Result {
	p, known := products[start.Attempt.Product]
	if !known {
		return refused("product", "unknown_product", "this connector has native, h5, page, jsapi, barcode, app and mini")
	}
	if bad := checkStart(call, start); bad != nil {
		return *bad
	}
	r := wire.Request{Method: p.method, NotifyURL: start.NotifyURL, Biz: terms(call, start, p)}
	switch p.method {
	case wire.MethodWapPay, wire.MethodPagePay:
		r.ReturnURL = start.ReturnURL
		return elsewhere(call, r, func(signed string) postern.Action {
			return postern.Action{Type: postern.ActionRedirect, URL: setting(call, settingGateway) + "?" + signed}
		})
	case wire.MethodAppPay:
		return elsewhere(call, r, func(signed string) postern.Action { return postern.Action{Type: postern.ActionApp, Content: signed} })
	}
	answer := send(ctx, call, "start", start.Attempt.GenerationID, r)
	if start.Attempt.Product == Barcode {
		return chargeResult(answer, start.Attempt, call.Env.Now())
	}
	return startResult(answer, start.Attempt)
}

// checkStart refuses, before a byte is sent, what the documents say cannot be ordered.
func checkStart(call provider.Call, start provider.StartRequest) *provider.Result {
	a := start.Attempt
	switch {
	case !slices.Contains(currencies, a.Currency):
		return limit("currency", "Alipay collects CNY here")
	case (a.Product == JSAPI || a.Product == Mini) && start.PayerID == "":
		return limit("payer_id", "send the buyer's Alipay id, which OAuth gives")
	case !a.ExpiresAt.After(call.Env.Now()):
		return limit("expires_at", "the order has expired already")
	}
	err := errors.Join(
		wire.CheckOrderNo("out_trade_no", a.Number), wire.CheckAmount("total_amount", a.Amount), wire.CheckSubject(subject(start)),
		authCode(start), wire.CheckURL("notify_url", start.NotifyURL), wire.CheckURL("return_url", start.ReturnURL), wire.CheckURL("quit_url", start.QuitURL),
	)
	var field *wire.FieldError
	if errors.As(err, &field) {
		return limit(domainField(field.Field), field.Fix)
	}
	return nil
}

// authCode checks what the seller scanned.
func authCode(start provider.StartRequest) error {
	if start.Attempt.Product != Barcode {
		return nil
	}
	return wire.CheckAuthCode(start.AuthCode)
}

// subject is the description without what Alipay forbids in it.
func subject(start provider.StartRequest) string {
	if s := wire.CleanSubject(start.Description); s != "" {
		return s
	}
	return start.Attempt.Number
}

// terms is the order's biz_content. The provider-side expiry is absolute, so that it does not depend on when the call arrives.
func terms(call provider.Call, start provider.StartRequest, p product) wire.Fields {
	a := start.Attempt
	f := wire.Fields{}.Set("out_trade_no", a.Number).Set("total_amount", wire.FormatYuan(a.Amount)).Set("subject", subject(start)).Set("product_code", p.code).
		Set("seller_id", seller(call)).Set("time_expire", wire.FormatTime(a.ExpiresAt))
	if start.ProfitSharing {
		f = append(f, wire.Field{Name: "extend_params", Value: wire.Fields{}.Set("royalty_freeze", "true")})
	}
	switch a.Product {
	case H5:
		f = f.Set("quit_url", start.QuitURL)
	case Barcode:
		f = f.Set("scene", wire.SceneBarCode).Set("auth_code", start.AuthCode)
	case JSAPI, Mini:
		f = f.Set("op_app_id", opApp(call, a.Product))
		if userID.MatchString(start.PayerID) {
			f = f.Set("buyer_id", start.PayerID)
		} else {
			f = f.Set("buyer_open_id", start.PayerID)
		}
	}
	return f
}

// opApp is the app in which the buyer pays.
func opApp(call provider.Call, product string) string {
	if mini := setting(call, settingMini); product == Mini && mini != "" {
		return mini
	}
	return setting(call, settingAppID)
}

// elsewhere signs what the buyer's browser or the merchant's app opens: nothing is called. An app's order is the same query string as a page's address has.
func elsewhere(call provider.Call, r wire.Request, action func(signed string) postern.Action) provider.Result {
	id, err := identityOf(call)
	var p wire.Params
	var shown string
	if err == nil {
		p, shown, err = request(call, id, r)
	}
	if err != nil {
		return provider.Result{State: provider.Failed, Class: provider.ClassAuth, Code: "not_sent", Message: err.Error()}
	}
	return provider.Result{
		State: provider.Pending, Action: action(p.Encode()), Exchange: provider.Exchange{Op: "start", Request: shown},
	}
}

// startResult reads the gateway's answer to an order.
func startResult(r reply, a postern.Attempt) provider.Result {
	if r.success && !r.sameOrder(a.Number) {
		r.answersOther()
		r.success = false
	}
	out := provider.Result{State: provider.Unknown, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	switch {
	case r.success && a.Product == Native && r.text("qr_code") != "":
		until := a.ExpiresAt
		if last := a.CreatedAt.Add(codeLife); !a.CreatedAt.IsZero() && last.Before(until) {
			until = last
		}
		out.State, out.Action = provider.Pending, postern.Action{Type: postern.ActionQR, Content: r.text("qr_code"), ExpiresAt: &until}
	case r.success && (a.Product == JSAPI || a.Product == Mini) && r.text("trade_no") != "":
		out.State, out.Opaque = provider.Pending, r.text("trade_no")
		out.Action = postern.Action{Type: postern.ActionJSAPI, Bridge: bridgeObject, Params: map[string]string{"tradeNO": r.text("trade_no")}}
		if a.Product == Mini {
			out.Action.Type, out.Action.Bridge = postern.ActionMini, ""
		}
	case r.success:
		out.Class, out.Message = provider.ClassBug, "the answer lacks what the buyer needs"
	case r.sub == subHasClose:
		out.State = provider.Closed
	case r.sub == subInconsist:
		out.Class = provider.ClassBug // the number exists with other terms: only a query can say what became of it
	case r.class != provider.ClassUnknown:
		out.State = provider.Failed
	}
	return out
}

// Query asks for the order by its number.
func (c *Connector) Query(ctx context.Context, call provider.Call, a postern.Attempt) provider.Result {
	r := send(ctx, call, "query", a.GenerationID, wire.Request{Method: wire.MethodQuery, Biz: wire.Fields{}.Set("out_trade_no", a.Number)})
	if r.success && !r.sameOrder(a.Number) {
		r.answersOther()
		r.success = false
	}
	out := provider.Result{State: provider.Unknown, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	switch {
	case r.sub == subNotExist:
		out.State, out.Class = provider.Absent, provider.ClassNone
	case r.success:
		out.State, out.Code, out.Message = stateOf(r.text("trade_status")), r.text("trade_status"), ""
		if out.State == provider.Paid {
			paid(&out, r, call.Env.Now())
		}
	}
	return out
}

// paid adds what was taken. A paid trade without number or amount proves nothing.
func paid(out *provider.Result, r reply, now time.Time) {
	amount, err := wire.ParseYuan(r.text("total_amount"))
	if err != nil || r.text("trade_no") == "" {
		out.State, out.Class, out.Message = provider.Unknown, provider.ClassBug, "a paid trade without trade_no or total_amount"
		return
	}
	buyer := r.text("buyer_open_id")
	if buyer == "" {
		buyer = r.text("buyer_user_id")
	}
	out.Money = &provider.Money{TxnNo: r.text("trade_no"), Amount: amount, Currency: currency, PaidAt: moment(r.text("send_pay_date"), moment(r.text("gmt_payment"), now)), PayerID: buyer}
}

// Close closes an order that nobody paid. When Alipay only says that the trade is not waiting, one query tells paid from closed.
func (c *Connector) Close(ctx context.Context, call provider.Call, a postern.Attempt) provider.CloseResult {
	r := send(ctx, call, "close", a.GenerationID, wire.Request{Method: wire.MethodClose, Biz: wire.Fields{}.Set("out_trade_no", a.Number)})
	out := provider.CloseResult{State: provider.CloseUnknown, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	switch {
	case r.success && r.sameOrder(a.Number):
		out.State = provider.CloseDone
	case r.success:
		r.answersOther()
		out.Class, out.Code, out.Message, out.Exchange = r.class, r.code, r.message, r.exchange
	case r.sub == subNotExist:
		out.State, out.Class = provider.CloseAbsent, provider.ClassNone
	case notClosable[r.sub]:
		switch c.Query(ctx, call, a).State {
		case provider.Paid:
			out.State, out.Class = provider.CloseAlreadyPaid, provider.ClassNone
		case provider.Closed:
			out.State, out.Class = provider.CloseDone, provider.ClassNone
		}
	}
	return out
}

// limit is a start that was refused here.
func limit(field, fix string) *provider.Result {
	r := refused(field, "over_limit", fix)
	return &r
}

func refused(field, code, message string) provider.Result {
	return provider.Result{State: provider.Failed, Class: provider.ClassInvalid, Code: code, Message: message, Field: field}
}

func domainField(wireField string) string {
	if f := domainFields[wireField]; f != "" {
		return f
	}
	return wireField
}
