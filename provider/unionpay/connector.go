package unionpay

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/unionpay/wire"
)

func verifyRSA(key *rsa.PublicKey, message, signature []byte) error {
	sum := sha256.Sum256(message)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
}

// Start places an order. page and h5 sign a form for the buyer's browser and call nobody; native and app call the gateway.
func (c Connector) Start(ctx context.Context, call provider.Call, start provider.StartRequest) provider.Result {
	a := start.Attempt
	if !slices.ContainsFunc(description.Products, func(p provider.ProductInfo) bool { return p.Code == a.Product }) {
		return refused("product", "unknown_product", "this connector has jsapi, h5, page, native, barcode and app")
	}
	if bad := checkStart(call, start); bad != nil {
		return *bad
	}
	m := terms(call, start)
	if a.Product == Barcode {
		scanned(call, start, m)
	}
	if a.Product == H5 || a.Product == Page {
		return browserStart(call, m)
	}
	path := wire.PathBack
	switch a.Product {
	case Barcode:
		return chargeResult(send(ctx, call, "start", path, m))
	case App:
		path = wire.PathApp
	case JSAPI:
		path = wire.PathOrder
	}
	return startResult(send(ctx, call, "start", path, m), a)
}

// checkStart refuses, before a byte is sent, what the documents say cannot be ordered.
func checkStart(call provider.Call, start provider.StartRequest) *provider.Result {
	a := start.Attempt
	switch {
	case !slices.Contains(currencies, a.Currency):
		return limit("currency", "UnionPay collects CNY here")
	case !a.ExpiresAt.After(call.Env.Now()):
		return limit("expires_at", "the order has expired already")
	}
	err := errors.Join(
		wire.CheckOrderID("number", a.Number), wire.CheckAmount("amount", a.Amount), wire.CheckURL("notify_url", start.NotifyURL), wire.CheckURL("return_url", start.ReturnURL),
	)
	if a.Product == Barcode {
		err = errors.Join(err, wire.CheckCode("auth_code", start.AuthCode), wire.CheckTerminal("settings."+SettingTerminal, setting(call, SettingTerminal)))
	}
	var field *wire.FieldError
	if errors.As(err, &field) {
		return limit(field.Field, field.Fix)
	}
	return nil
}

// terms is the order. Everything that names it is a pure function of the attempt: orderId and txnTime.
func terms(call provider.Call, start provider.StartRequest) wire.Message {
	a := start.Attempt
	var m wire.Message
	switch a.Product {
	case Page:
		m = base(call, wire.TypeConsume, wire.SubConsume, wire.BizGateway, wire.ChannelPC)
	case Native:
		m = base(call, wire.TypeConsume, wire.SubBuyerScan, wire.BizOther, wire.ChannelApp)
	case Barcode:
		m = base(call, wire.TypeConsume, wire.SubScanned, wire.BizOther, wire.ChannelPC)
	case JSAPI:
		m = base(call, wire.TypeConsume, wire.SubConsume, wire.BizOther, wire.ChannelApp)
	default:
		m = base(call, wire.TypeConsume, wire.SubConsume, wire.BizGateway, wire.ChannelApp)
	}
	m["orderId"], m["txnTime"], m["txnAmt"], m["currencyCode"] = a.Number, wire.FormatTime(a.CreatedAt), wire.FormatAmount(a.Amount), wire.CurrencyCN
	m["backUrl"], m["payTimeout"], m["orderDesc"] = start.NotifyURL, wire.FormatTime(a.ExpiresAt), wire.Desc(start.Description)
	if a.Product == H5 || a.Product == Page || a.Product == JSAPI {
		m["frontUrl"] = start.ReturnURL
	}
	return m
}

// browserStart signs the form that the buyer's browser posts.
func browserStart(call provider.Call, m wire.Message) provider.Result {
	if err := sign(call, m); err != nil {
		return provider.Result{State: provider.Failed, Class: provider.ClassAuth, Code: "not_sent", Message: err.Error()}
	}
	return provider.Result{
		State: provider.Pending, Exchange: provider.Exchange{Op: "start", Request: masked(m)},
		Action: postern.Action{Type: postern.ActionForm, Method: "POST", URL: setting(call, SettingGateway) + wire.PathFront, Fields: m},
	}
}

// startResult reads the answer to an order.
func startResult(r reply, a postern.Attempt) provider.Result {
	out := provider.Result{State: provider.Unknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	until := a.ExpiresAt
	switch {
	case accepted(r.code) && a.Product == Native && r.message["qrCode"] != "":
		out.State, out.Action = provider.Pending, postern.Action{Type: postern.ActionQR, Content: r.message["qrCode"], ExpiresAt: &until}
	case accepted(r.code) && a.Product == App && r.message["tn"] != "":
		out.State, out.Opaque = provider.Pending, r.message["tn"]
		out.Action = postern.Action{Type: postern.ActionApp, Params: map[string]string{"tn": r.message["tn"]}}
	case accepted(r.code) && a.Product == JSAPI && r.message["payUrl"] != "":
		out.State, out.Action = provider.Pending, postern.Action{Type: postern.ActionRedirect, URL: r.message["payUrl"], ExpiresAt: &until}
	case accepted(r.code):
		out.Class, out.Message = provider.ClassBug, "the answer lacks what the buyer needs"
	case r.class != provider.ClassUnknown && stateOf[r.code] != provider.Unknown:
		out.State = provider.Failed
	}
	return out
}

// Query asks for the order by its number and time.
func (c Connector) Query(ctx context.Context, call provider.Call, a postern.Attempt) provider.Result {
	r := query(ctx, call, "query", a.Number, a.CreatedAt)
	out := provider.Result{State: provider.Unknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	if r.message == nil {
		return out
	}
	code := r.code
	if accepted(code) {
		code, out.Message = r.message["origRespCode"], r.message["origRespMsg"]
	}
	if code == "" || r.code != "00" && r.code != "34" {
		return out // the question was not answered
	}
	out.Code, out.Class = code, provider.ClassNone
	state, known := stateOf[code]
	switch {
	case known:
		out.State = state
	case a.Product == Barcode && call.Env.Now().Before(a.ExpiresAt):
		out.State, out.Class = scanState(code)
	case call.Env.Now().After(a.ExpiresAt):
		out.State = provider.Closed // past payTimeout every other word is final
	default:
		out.State = provider.Pending
	}
	if out.State == provider.Paid {
		paid(&out, r.message, call.Env.Now())
	}
	return out
}

// query asks for a transaction by its number and time.
func query(ctx context.Context, call provider.Call, op, orderID string, at time.Time) reply {
	m := base(call, wire.TypeQuery, wire.SubQuery, wire.BizOther, wire.ChannelPC)
	m["orderId"], m["txnTime"] = orderID, wire.FormatTime(at)
	return send(ctx, call, op, wire.PathQuery, m)
}

// paid adds what was taken. A paid order without a number, an amount or the yuan proves nothing.
func paid(out *provider.Result, m wire.Message, now time.Time) {
	amount, err := wire.ParseAmount(m["txnAmt"])
	if err != nil || m["queryId"] == "" || m["currencyCode"] != wire.CurrencyCN {
		out.State, out.Class, out.Message = provider.Unknown, provider.ClassBug, "a paid order without queryId, txnAmt or currencyCode 156"
		return
	}
	out.Money = &provider.Money{TxnNo: m["queryId"], Amount: amount, Currency: currency, PaidAt: traced(m, now)}
}

// traced is when the network took the money: traceTime has no year, which is the one of txnTime, or the next when the months say so.
func traced(m wire.Message, now time.Time) time.Time {
	began, err := wire.ParseTime(m["txnTime"])
	if err != nil || len(m["traceTime"]) != 10 {
		return now
	}
	at, err := wire.ParseTime(began.Format("2006") + m["traceTime"])
	switch {
	case err != nil:
		return now
	case at.Before(began.AddDate(0, -1, 0)):
		at = at.AddDate(1, 0, 0)
	}
	return at
}

// limit is a start that was refused here.
func limit(field, fix string) *provider.Result {
	r := refused(field, "over_limit", fix)
	return &r
}

func refused(field, code, message string) provider.Result {
	return provider.Result{State: provider.Failed, Class: provider.ClassInvalid, Code: code, Message: message, Field: field}
}
