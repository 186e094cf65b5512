package wechatpay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Start implements provider.Connector.
func (Connector) Start(ctx context.Context, call provider.Call, start provider.StartRequest) provider.Result {
	o := orderOf(call, start)
	if p := checkStart(call, start, o); p != nil {
		return provider.Result{State: provider.Failed, Class: provider.ClassInvalid, Field: p.Field, Message: p.Message}
	}
	ask := wire.AskOrder(kinds[start.Attempt.Product], o)
	if len(start.Fields) > 0 {
		ask.Body = relayedOrder(o, start.Fields)
	}
	a := send(ctx, call, ask)
	if !a.ok() {
		return a.result(a.meaning().start, provider.Failed)
	}
	if start.Attempt.Product == ProductCode {
		return a.transaction(call, start.Attempt)
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
	o := wire.Order{Parties: partiesOf(call, at.Product), Description: start.Description, OutTradeNo: at.Number, NotifyURL: start.NotifyURL,
		Amount: wire.Amount{Total: at.Amount, Currency: at.Currency}}
	if !at.ExpiresAt.IsZero() {
		o.TimeExpire = wire.FormatTime(at.ExpiresAt)
	}
	if start.ProfitSharing {
		o.SettleInfo = &wire.Settle{ProfitSharing: true}
	}
	return o.For(kinds[at.Product], wire.Buyer{OpenID: start.PayerID, AuthCode: start.AuthCode, IP: start.ClientIP, StoreID: setting(call, SettingStore)})
}

// Query implements provider.Connector.
func (Connector) Query(ctx context.Context, call provider.Call, attempt postern.Attempt) provider.Result {
	a := send(ctx, call, wire.AskQuery(partiesOf(call, attempt.Product), attempt.Number))
	if !a.ok() {
		return a.result(a.meaning().query, provider.Unknown)
	}
	return a.transaction(call, attempt)
}

// transaction reads what an answer says of the attempt's order, as queries and code-pay orders give it.
func (a answer) transaction(call provider.Call, attempt postern.Attempt) provider.Result {
	t, err := a.order(call, attempt)
	if err != nil {
		return a.nonsense(err.Error())
	}
	result := provider.Result{State: tradeState(t.TradeState), Code: t.TradeState, Message: t.TradeStateDesc, Exchange: a.exchange}
	switch result.State {
	case provider.Paid:
		if result.Money, err = moneyOf(t, call.Env.Now()); err != nil {
			return a.nonsense(err.Error())
		}
	case provider.Failed:
		result.Class = provider.ClassDeclined
	}
	return result
}

// order reads a transaction and insists that it is this attempt's. Its amount is for the engine to compare: what was taken must be booked whatever it is.
func (a answer) order(call provider.Call, attempt postern.Attempt) (wire.Transaction, error) {
	var t wire.Transaction
	err := wire.Decode(a.body, &t)
	if err == nil && (!partiesOf(call, attempt.Product).SameAs(t.Parties) || t.OutTradeNo != attempt.Number) {
		err = errors.New("the answer is about another mchid, appid or order")
	}
	return t, err
}

// moneyOf reads what a paid transaction took: total, never payer_total, which coupons make smaller. An unreadable time is replaced by now, because money must
// not be lost over it.
func moneyOf(t wire.Transaction, now time.Time) (*provider.Money, error) {
	if t.TransactionID == "" || t.Amount == nil || t.Amount.Total < 1 {
		return nil, fmt.Errorf("wechatpay: %s without transaction_id or amount", t.TradeState)
	}
	m := &provider.Money{TxnNo: t.TransactionID, Amount: t.Amount.Total, Currency: cmp.Or(t.Amount.Currency, currency), PaidAt: now, PayerID: t.Payer.ID()}
	if at, err := wire.ParseTime(t.SuccessTime); err == nil && !at.IsZero() {
		m.PaidAt = at
	}
	return m, nil
}

// Close implements provider.Closer. WeChat answers 204, signed, whether the order was open or closed already.
func (Connector) Close(ctx context.Context, call provider.Call, attempt postern.Attempt) provider.CloseResult {
	a := send(ctx, call, wire.AskClose(partiesOf(call, attempt.Product), attempt.Number))
	result := provider.CloseResult{State: cmp.Or(a.meaning().close, provider.CloseUnknown), Exchange: a.exchange}
	result.Class, result.Code, result.Message = a.words()
	if a.ok() {
		result.State = provider.CloseDone
	}
	if result.State != provider.CloseUnknown {
		result.Class = provider.ClassNone
	}
	return result
}

// result is the outcome of a start or query that was not answered with success: state if the refusal proves one, early when not one byte was sent.
func (a answer) result(state, early provider.State) provider.Result {
	r := provider.Result{State: cmp.Or(state, provider.Unknown), Exchange: a.exchange}
	r.Class, r.Code, r.Message = a.words()
	if a.early {
		r.State = early
	}
	if r.State != provider.Failed && r.State != provider.Unknown {
		r.Class = provider.ClassNone
	}
	return r
}

// nonsense is the outcome of a signed answer that does not fit the question.
func (a answer) nonsense(why string) provider.Result {
	a.exchange.Error = why
	return provider.Result{State: provider.Unknown, Class: provider.ClassBug, Message: strings.TrimPrefix(why, "wechatpay: "), Exchange: a.exchange}
}
