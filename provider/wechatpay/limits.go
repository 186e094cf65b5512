package wechatpay

import (
	"strconv"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// checkStart applies the documented limits before a byte is sent. It returns nil when all hold.
func checkStart(call provider.Call, start provider.StartRequest, o wire.Order) *wire.Problem {
	kind := kinds[start.Attempt.Product]
	switch {
	case kind == "":
		return &wire.Problem{Field: "product", Message: "WeChat Pay has no product of this name here: use jsapi, h5, native, mini, app or barcode"}
	case isV2(call) && kind != wire.KindCodePay:
		return &wire.Problem{Field: "product", Message: "with API v2 only barcode is taken: set protocol to v3 for the others"}
	}
	return o.Problem(kind, call.Sandbox)
}

func checkRefund(call provider.Call, r provider.RefundRequest, p wire.Parties, body wire.RefundRequest) *wire.Problem {
	last := r.Attempt.ExpiresAt // nobody could pay after it
	switch {
	case r.Earlier >= wire.MaxRefunds:
		return &wire.Problem{Field: "refunds", Message: "an order is refunded at most " + strconv.Itoa(wire.MaxRefunds) + " times, and this one was"}
	case !last.IsZero() && call.Env.Now().After(last.Add(wire.RefundDays*24*time.Hour)):
		return &wire.Problem{Field: "attempt", Message: "a payment is refunded for " + strconv.Itoa(wire.RefundDays) + " days, and they are over"}
	}
	return body.Problem(p, call.Sandbox)
}

func refusedShareOf(p *wire.Problem) provider.ShareResult {
	return provider.ShareResult{State: provider.ShareFailed, Class: provider.ClassInvalid, Field: p.Field, Message: p.Message}
}
