package wechatpay

import (
	"cmp"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// kinds are WeChat's words for the products. A mini program pays as a page inside WeChat does, under its own appid.
var kinds = map[string]string{
	ProductNative: wire.KindNative, ProductH5: wire.KindH5, ProductJSAPI: wire.KindJSAPI, ProductMini: wire.KindJSAPI, ProductApp: wire.KindApp, ProductCode: wire.KindCodePay,
}

// tradeStates reads trade_state. A state that is not here is pending: a later word of WeChat's must not look like a failure.
var tradeStates = map[string]provider.State{
	wire.StateSuccess:    provider.Paid,
	wire.StateRefund:     provider.Paid, // paid, and some of it was given back
	wire.StateNotPay:     provider.Pending,
	wire.StateAccept:     provider.Pending,
	wire.StateUserPaying: provider.Pending,
	wire.StateClosed:     provider.Closed,
	wire.StateRevoked:    provider.Closed,
	wire.StatePayError:   provider.Failed,
}

func tradeState(s string) provider.State { return cmp.Or(tradeStates[s], provider.Pending) }

// refundStates reads a refund's status. ABNORMAL left the merchant and reached nobody.
var refundStates = map[string]provider.RefundState{
	wire.RefundSuccess:    provider.RefundDone,
	wire.RefundClosed:     provider.RefundFailed,
	wire.RefundAbnormal:   provider.RefundStuck,
	wire.RefundProcessing: provider.RefundPending,
}

func refundState(s string) provider.RefundState {
	return cmp.Or(refundStates[s], provider.RefundPending)
}

// meaning is what an error code proves, call by call. An empty state is unknown: the call may or may not have had its effect, or a query went unanswered.
// class belongs to failed and unknown outcomes; the others are news and no errors.
type meaning struct {
	class       provider.Class
	start       provider.State
	query       provider.State
	close       provider.CloseState
	refund      provider.RefundState
	refundQuery provider.RefundState
	fetch       provider.FetchState
	// refuse says that the call was refused for good: a reversal that meets it never will happen.
	refuse bool
}

// refusedAll is the meaning of codes that refuse orders and refunds alike before anything happens.
func refusedAll(c provider.Class) meaning {
	return meaning{class: c, start: provider.Failed, refund: provider.RefundFailed, fetch: provider.FetchRefused, refuse: true}
}

// Meanings of codes by which this buyer cannot pay, where another code or wallet may, and of refusals that pass by themselves.
var (
	declined = meaning{class: provider.ClassDeclined, start: provider.Failed}
	later    = meaning{class: provider.ClassRateLimited, start: provider.Failed}
)

// errorCodes is what the published codes of both protocols mean, in their newer spelling (wire.NewSpelling maps the older one). Refusals that pass by themselves (a rate
// limit, a signature while keys change) fail an order, so that another wallet can be tried, but leave a refund unknown: it keeps its reservation and is sent again with the
// same number.
var errorCodes = map[string]meaning{
	wire.CodeParamError: refusedAll(provider.ClassInvalid), wire.CodeInvalidRequest: refusedAll(provider.ClassInvalid), wire.CodeUserNotExists: refusedAll(provider.ClassInvalid),
	wire.CodeOpenIDMismatch: refusedAll(provider.ClassInvalid), wire.CodeInvalidTransaction: refusedAll(provider.ClassInvalid), wire.CodeLackParams: refusedAll(provider.ClassInvalid),
	wire.CodeXMLFormat: refusedAll(provider.ClassInvalid), wire.CodeNotPost: refusedAll(provider.ClassInvalid), wire.CodePostEmpty: refusedAll(provider.ClassInvalid),
	wire.CodeNotUTF8: refusedAll(provider.ClassInvalid), wire.CodeTradeOverdue: refusedAll(provider.ClassInvalid), wire.CodeReverseExpire: refusedAll(provider.ClassInvalid),
	wire.CodeNotEnough: refusedAll(provider.ClassDeclined), wire.CodeUserAbnormal: refusedAll(provider.ClassDeclined),
	wire.CodeNoAuth: refusedAll(provider.ClassClosed), wire.CodeAccountError: refusedAll(provider.ClassClosed), wire.CodeRequestBlocked: refusedAll(provider.ClassClosed),
	wire.CodeMchNotExists: refusedAll(provider.ClassClosed),
	wire.CodeTradeError:   declined, wire.CodeAuthCodeExpire: declined, wire.CodeAuthCodeInvalid: declined, wire.CodeAuthCodeError: declined, wire.CodeBuyerMismatch: declined,
	wire.CodeCardUnsupported: declined,
	wire.CodeSignError:       {class: provider.ClassAuth, start: provider.Failed}, wire.CodeAppIDMchIDNotMatch: {class: provider.ClassAuth, start: provider.Failed},
	wire.CodeAppIDNotExist: {class: provider.ClassAuth, start: provider.Failed},
	wire.CodeRuleLimit:     later, wire.CodeFrequencyLimited: later, wire.CodeRateLimitExceeded: later, wire.CodeFrequencyLimit: later, wire.CodeTooMany: later,

	// What may have had its effect, whatever the status: a query tells.
	wire.CodeSystemError: {class: provider.ClassUnknown}, wire.CodeBankError: {class: provider.ClassUnknown}, wire.CodeNeedRetry: {class: provider.ClassUnknown},
	wire.CodeServiceUnavailable: {class: provider.ClassUnknown}, wire.CodeError: {class: provider.ClassUnknown}, wire.CodeOutTradeNoUsed: {class: provider.ClassUnknown},
	wire.CodeNotFound:          {class: provider.ClassUnknown},
	wire.CodeOrderPaid:         {class: provider.ClassUnknown, close: provider.CloseAlreadyPaid}, // at a start: a query has the proof
	wire.CodeOrderClosed:       {class: provider.ClassUnknown, start: provider.Closed, close: provider.CloseDone},
	wire.CodeOrderReversed:     {class: provider.ClassUnknown, start: provider.Closed, close: provider.CloseDone},
	wire.CodeOrderNotExist:     {class: provider.ClassInvalid, query: provider.Absent, close: provider.CloseAbsent, refund: provider.RefundFailed},
	wire.CodeResourceNotExists: {class: provider.ClassInvalid, refund: provider.RefundFailed, refundQuery: provider.RefundAbsent},
	wire.CodeRefundNotExists:   {class: provider.ClassInvalid, refundQuery: provider.RefundAbsent},
	wire.CodeNoStatementExist:  {class: provider.ClassInvalid, fetch: provider.FetchEmpty},
	wire.CodeStatementCreating: {class: provider.ClassUnavailable, fetch: provider.FetchNotReady},
	wire.CodeRecall:            {class: provider.ClassUnknown, query: provider.Pending},
	wire.CodeUserPaying:        {class: provider.ClassUnknown, start: provider.Pending, query: provider.Pending},
}

// meaningOf reads an error answer. What proves nothing (see wire.ErrorBody.Proof), and a code that is not in the table, are unknown.
func meaningOf(status int, body wire.ErrorBody) meaning {
	if m, ok := errorCodes[body.Proof(status)]; ok {
		return m
	}
	return meaning{class: provider.ClassUnknown}
}

// tradeWords are what a merchant's code reads beside a trade_state.
var tradeWords = map[string]string{
	wire.StateNotPay: "订单未支付", wire.StateSuccess: "支付成功", wire.StateRefund: "转入退款", wire.StateClosed: "订单已关闭", wire.StateRevoked: "订单已撤销（付款码支付）",
	wire.StateUserPaying: "用户支付中，需要输入密码", wire.StatePayError: "支付失败(其他原因，如银行返回失败)",
}

// facedState says an order of ours in WeChat's words: the way back through tradeStates is the same state. A code that nobody knows the outcome of is USERPAYING, which
// every till asks after again.
func facedState(o provider.FacedOrder) string {
	scanned := o.Product == ProductCode
	switch {
	case o.Status == postern.PaymentPaid && o.Refunded+o.Refunding > 0:
		return wire.StateRefund
	case o.Status == postern.PaymentPaid:
		return wire.StateSuccess
	case scanned && o.Status == postern.PaymentCanceled:
		return wire.StateRevoked
	case o.Status == postern.PaymentExpired || o.Status == postern.PaymentCanceled:
		return wire.StateClosed
	case scanned && o.BarcodeSay == provider.ChargeDeclined:
		return wire.StatePayError
	case scanned && o.BarcodeSay != "":
		return wire.StateUserPaying
	}
	return wire.StateNotPay
}

// facedRefunds says a refund of ours in WeChat's words; everything that has no outcome yet is PROCESSING.
var facedRefunds = map[postern.RefundStatus]string{postern.RefundRefunded: wire.RefundSuccess, postern.RefundFailed: wire.RefundClosed, postern.RefundStuck: wire.RefundAbnormal}

func facedRefundState(s postern.RefundStatus) string {
	return cmp.Or(facedRefunds[s], wire.RefundProcessing)
}

// facedTypes are WeChat's trade types of the products that merchants ask for, whatever the wallet was that paid.
var facedTypes = map[string]string{
	ProductNative: wire.TypeNative, ProductH5: wire.TypeH5, ProductJSAPI: wire.TypeJSAPI, ProductApp: wire.TypeApp, ProductCode: wire.TypeCode,
}
