package wechatpay

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Start implements provider.Connector.
func (Connector) Start(ctx context.Context, call provider.Call, start provider.StartRequest) provider.Result {
	if l := checkStart(call, start); l != nil {
		return provider.Result{State: provider.Failed, Class: provider.ClassInvalid, Field: l.field, Message: l.message}
	}
	a := send(ctx, call, "start", http.MethodPost, paths[start.Attempt.Product], orderOf(call, start))
	if !a.ok() {
		return a.result(func(m meaning) provider.State { return m.start }, provider.Failed)
	}
	var placed wire.OrderResult
	if err := wire.Decode(a.body, &placed); err != nil {
		return a.nonsense(err.Error())
	}
	return actionFor(call, start, placed, a)
}

// orderOf writes an order in WeChat's words.
func orderOf(call provider.Call, start provider.StartRequest) wire.Order {
	at := start.Attempt
	o := wire.Order{AppID: setting(call, SettingAppID), MchID: setting(call, SettingMchID), Description: start.Description, OutTradeNo: at.Number,
		NotifyURL: start.NotifyURL, Amount: wire.Amount{Total: at.Amount, Currency: currency}}
	if !at.ExpiresAt.IsZero() {
		o.TimeExpire = wire.FormatTime(at.ExpiresAt)
	}
	switch at.Product {
	case ProductJSAPI:
		o.Payer = &wire.Payer{OpenID: start.PayerID}
	case ProductH5:
		// The page is a web page whatever the phone: iOS and Android stand for apps, which must name themselves.
		o.SceneInfo = &wire.Scene{PayerClientIP: start.ClientIP, H5Info: &wire.H5Info{Type: "Wap"}}
	}
	return o
}

// actionFor turns a placed order into what the buyer's page does.
func actionFor(call provider.Call, start provider.StartRequest, placed wire.OrderResult, a answer) provider.Result {
	result := provider.Result{State: provider.Pending, Exchange: a.exchange}
	switch start.Attempt.Product {
	case ProductNative:
		if placed.CodeURL == "" {
			return a.nonsense("the answer has no code_url")
		}
		result.Action = postern.Action{Type: postern.ActionQR, Content: placed.CodeURL}
		if at := start.Attempt.ExpiresAt; !at.IsZero() {
			result.Action.ExpiresAt = &at
		}
	case ProductH5:
		u, err := url.Parse(placed.H5URL)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return a.nonsense("the answer has no usable h5_url")
		}
		to := placed.H5URL
		if start.ReturnURL != "" {
			to += "&redirect_url=" + url.QueryEscape(start.ReturnURL)
		}
		result.Action = postern.Action{Type: postern.ActionRedirect, URL: to}
	default:
		if placed.PrepayID == "" {
			return a.nonsense("the answer has no prepay_id")
		}
		params, err := bridgeParams(call, placed.PrepayID)
		if err != nil { // the order exists, but nobody can be shown how to pay it
			return a.nonsense("paySign could not be made: " + err.Error())
		}
		result.Opaque = placed.PrepayID
		result.Action = postern.Action{Type: postern.ActionJSAPI, Bridge: "WeixinJSBridge", Params: params}
	}
	return result
}

// bridgeParams signs what the page hands to getBrandWCPayRequest. timeStamp is in Unix seconds, as a string.
func bridgeParams(call provider.Call, prepayID string) (map[string]string, error) {
	g, err := call.Newest()
	if err != nil {
		return nil, err
	}
	signer, err := g.Signer(KeyMerchantPrivate)
	if err != nil {
		return nil, err
	}
	nonce, err := newNonce(call.Env.Rand)
	if err != nil {
		return nil, err
	}
	appID, ts := setting(call, SettingAppID), call.Env.Now().Unix()
	sig, err := signer.Sign(provider.RSASHA256, wire.JSAPIMessage(appID, ts, nonce, prepayID))
	if err != nil {
		return nil, err
	}
	return map[string]string{"appId": appID, "timeStamp": strconv.FormatInt(ts, 10), "nonceStr": nonce, "package": "prepay_id=" + prepayID, "signType": "RSA",
		"paySign": base64.StdEncoding.EncodeToString(sig)}, nil
}

// Query implements provider.Connector.
func (c Connector) Query(ctx context.Context, call provider.Call, attempt postern.Attempt) provider.Result {
	return c.query(ctx, call, attempt, wire.QueryByOrderNo(attempt.Number, setting(call, SettingMchID)))
}

// QueryTransaction asks for the order by WeChat's own number, which exists once it is paid.
func (c Connector) QueryTransaction(ctx context.Context, call provider.Call, attempt postern.Attempt, txnNo string) provider.Result {
	return c.query(ctx, call, attempt, wire.QueryByTransactionID(txnNo, setting(call, SettingMchID)))
}

func (Connector) query(ctx context.Context, call provider.Call, attempt postern.Attempt, target string) provider.Result {
	a := send(ctx, call, "query", http.MethodGet, target, nil)
	if !a.ok() {
		return a.result(func(m meaning) provider.State { return m.query }, provider.Unknown)
	}
	var t wire.Transaction
	if err := wire.Decode(a.body, &t); err != nil {
		return a.nonsense(err.Error())
	}
	if t.MchID != setting(call, SettingMchID) || t.AppID != "" && t.AppID != setting(call, SettingAppID) || t.OutTradeNo != attempt.Number {
		return a.nonsense("the answer is about another mchid, appid or order")
	}
	result := provider.Result{State: tradeState(t.TradeState), Code: t.TradeState, Message: t.TradeStateDesc, Exchange: a.exchange}
	if result.State == provider.Paid {
		money, err := moneyOf(t, call.Env.Now())
		if err != nil {
			return a.nonsense(err.Error())
		}
		result.Money = money
	}
	return result
}

// moneyOf reads what a paid transaction took: total, never payer_total, which coupons make smaller. An unreadable time is replaced by now, because money must
// not be lost over it.
func moneyOf(t wire.Transaction, now time.Time) (*provider.Money, error) {
	if t.TransactionID == "" || t.Amount == nil || t.Amount.Total < 1 {
		return nil, fmt.Errorf("wechatpay: %s without transaction_id or amount", t.TradeState)
	}
	m := &provider.Money{TxnNo: t.TransactionID, Amount: t.Amount.Total, Currency: t.Amount.Currency, PaidAt: now}
	if m.Currency == "" {
		m.Currency = currency
	}
	if at, err := wire.ParseTime(t.SuccessTime); err == nil && !at.IsZero() {
		m.PaidAt = at
	}
	if t.Payer != nil {
		m.PayerID = t.Payer.OpenID
	}
	return m, nil
}

// Close implements provider.Closer. WeChat answers 204, signed, whether the order was open or closed already.
func (Connector) Close(ctx context.Context, call provider.Call, attempt postern.Attempt) provider.CloseResult {
	a := send(ctx, call, "close", http.MethodPost, wire.ClosePath(attempt.Number), wire.CloseRequest{MchID: setting(call, SettingMchID)})
	result := provider.CloseResult{State: provider.CloseUnknown, Class: a.class, Exchange: a.exchange}
	result.Code, result.Message = a.words()
	switch {
	case a.cause != nil:
	case a.status == http.StatusNoContent:
		result.State = provider.CloseDone
	default:
		m := meaningOf(a.status, a.refuse)
		result.Class = m.class
		if m.close != "" {
			result.State, result.Class = m.close, provider.ClassNone
		}
	}
	return result
}

// result is the outcome of a start or query that was not answered with success. early is the state when not one byte was sent.
func (a answer) result(pick func(meaning) provider.State, early provider.State) provider.Result {
	r := provider.Result{State: provider.Unknown, Class: a.class, Exchange: a.exchange}
	r.Code, r.Message = a.words()
	switch {
	case a.early:
		r.State = early
	case a.cause != nil:
	default:
		m := meaningOf(a.status, a.refuse)
		r.Class = m.class
		if s := pick(m); s != "" {
			r.State = s
		}
		if r.State != provider.Failed && r.State != provider.Unknown {
			r.Class = provider.ClassNone
		}
		if r.Message == "" {
			r.Message = "HTTP " + strconv.Itoa(a.status) + " without WeChat Pay's error body"
		}
	}
	return r
}

// nonsense is the outcome of a signed answer that does not fit the question.
func (a answer) nonsense(why string) provider.Result {
	a.exchange.Error = why
	return provider.Result{State: provider.Unknown, Class: provider.ClassBug, Message: strings.TrimPrefix(why, "wechatpay: "), Exchange: a.exchange}
}
