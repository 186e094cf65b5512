package wire

import (
	"net/http"
	"time"
)

// Ask is one call: to API v3, and to API v2 where that can answer it too. Op names it for people.
type Ask struct {
	Op, Method, Target string
	Body               any
	// KeyID names the key under which parts of the body are encrypted, if any are.
	KeyID string
	// V2Path and V2 are the same call in API v2; without a path v2 has none.
	V2Path string
	V2     Fields
}

// Certified says that API v2 asks for the merchant's client certificate.
func (a Ask) Certified() bool { return a.V2Path == V2Refund || a.V2Path == V2Reverse }

// AskOrder places an order of a kind.
func AskOrder(kind string, o Order) Ask {
	a := Ask{Op: "start", Method: http.MethodPost, Target: o.OrderPath(kind), Body: o}
	if kind == KindCodePay {
		a.V2Path, a.V2 = V2MicroPay, v2Order(o)
	}
	return a
}

// AskQuery asks for an order by the merchant's number.
func AskQuery(p Parties, outTradeNo string) Ask {
	return Ask{Op: "query", Method: http.MethodGet, Target: p.QueryByOrderNo(outTradeNo), V2Path: V2Query, V2: p.V2().set("out_trade_no", outTradeNo)}
}

// AskClose closes an order.
func AskClose(p Parties, outTradeNo string) Ask {
	return Ask{Op: "close", Method: http.MethodPost, Target: p.ClosePath(outTradeNo), Body: p.Numbers(), V2Path: V2Close, V2: p.V2().set("out_trade_no", outTradeNo)}
}

// AskReverse reverses an order of a payment code.
func AskReverse(p Parties, outTradeNo string) Ask {
	return Ask{Op: "reverse", Method: http.MethodPost, Target: p.ReversePath(outTradeNo), Body: p, V2Path: V2Reverse, V2: p.V2().set("out_trade_no", outTradeNo)}
}

// AskRefund gives money back.
func AskRefund(p Parties, r RefundRequest) Ask {
	r.SubMchID = p.SubMchID
	return Ask{Op: "refund", Method: http.MethodPost, Target: PathRefunds, Body: r, V2Path: V2Refund, V2: v2Refund(p, r)}
}

// AskRefundQuery asks for a refund by the merchant's number.
func AskRefundQuery(p Parties, outRefundNo string) Ask {
	return Ask{Op: "refund_query", Method: http.MethodGet, Target: RefundPath(outRefundNo, p.SubMchID), V2Path: V2RefundQuery, V2: p.V2().set("out_refund_no", outRefundNo)}
}

// AskBill asks where a day's bill is.
func AskBill(p Parties, kind string, day time.Time) Ask {
	return Ask{Op: "statement", Method: http.MethodGet, Target: BillTarget(kind, day, p.SubMchID)}
}

// AskLimitations asks what a sub-merchant may not do.
func AskLimitations(subMchID string) Ask {
	return Ask{Op: "permissions", Method: http.MethodGet, Target: LimitationsPath(subMchID)}
}

// AskReceiver registers who may get parts of orders.
func AskReceiver(r Receiver, keyID string) Ask {
	return Ask{Op: "receiver", Method: http.MethodPost, Target: PathReceivers, Body: r, KeyID: keyID}
}

// AskShare shares a paid order.
func AskShare(o ShareOrder) Ask {
	return Ask{Op: "share", Method: http.MethodPost, Target: PathShares, Body: o}
}

// AskShareQuery asks for a share by the merchant's number.
func AskShareQuery(outOrderNo, transactionID, subMchID string) Ask {
	return Ask{Op: "share_query", Method: http.MethodGet, Target: SharePath(outOrderNo, transactionID, subMchID)}
}

// AskUnfreeze gives what is left of an order to the merchant.
func AskUnfreeze(o UnfreezeOrder) Ask {
	return Ask{Op: "unfreeze", Method: http.MethodPost, Target: PathUnfreeze, Body: o}
}
