package wechatpay

import (
	"net"
	"net/url"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// limit is a field that cannot be sent as it is, in the switch's own names.
type limit struct{ field, message string }

// checkStart applies the documented limits before a byte is sent. It returns nil when all hold.
func checkStart(call provider.Call, start provider.StartRequest) *limit {
	a := start.Attempt
	if call.SubMerchant != "" {
		return &limit{"sub_merchant", "orders for sub-merchants of a partner are not built yet: use the merchant's own account"}
	}
	if paths[a.Product] == "" {
		return &limit{"product", "WeChat Pay has no product of this name here: use native, h5 or jsapi"}
	}
	if a.Currency != currency {
		return &limit{"currency", "WeChat Pay takes CNY only"}
	}
	if a.Amount < 1 {
		return &limit{"amount", "the least amount is 1 fen"}
	}
	if !wire.ValidOutTradeNo(a.Number) {
		return &limit{"number", "an order number has 6 to 32 of 0-9A-Za-z_-|*"}
	}
	if start.Description == "" {
		return &limit{"description", "is required: say in a few words what is sold"}
	}
	if p := wire.CheckText(start.Description, wire.MaxDescription); p != "" {
		return &limit{"description", p}
	}
	if p := checkNotifyURL(call, start.NotifyURL); p != "" {
		return &limit{"notify_url", p}
	}
	switch a.Product {
	case ProductJSAPI:
		if start.PayerID == "" || len(start.PayerID) > wire.MaxOpenID {
			return &limit{"payer_id", "jsapi needs the buyer's openid under this appid, at most 128 characters"}
		}
	case ProductH5:
		if len(start.ClientIP) > wire.MaxClientIP || net.ParseIP(start.ClientIP) == nil {
			return &limit{"client_ip", "h5 needs the buyer's IP address, which WeChat compares with the payer's"}
		}
	}
	return nil
}

func checkNotifyURL(call provider.Call, raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return "is not an absolute address"
	case len(raw) > wire.MaxNotifyURL:
		return "is longer than 255 characters"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "must not have parameters: WeChat refuses them"
	case u.Scheme != "https" && (!call.Sandbox || u.Scheme != "http"):
		return "must be https"
	}
	return ""
}

func checkRefund(call provider.Call, r provider.RefundRequest) *limit {
	switch {
	case call.SubMerchant != "":
		return &limit{"sub_merchant", "refunds for sub-merchants of a partner are not built yet: use the merchant's own account"}
	case r.Refund.Currency != currency:
		return &limit{"currency", "WeChat Pay takes CNY only"}
	case r.Refund.Amount < 1 || r.Refund.Amount > r.Total:
		return &limit{"amount", "a refund is at least 1 fen and at most the paid total"}
	case !wire.ValidOutRefundNo(r.Refund.Number):
		return &limit{"number", "a refund number has 1 to 64 of 0-9A-Za-z_-|*@"}
	case r.TxnNo == "" && r.Attempt.Number == "":
		return &limit{"attempt", "the order's number is required"}
	}
	if p := wire.CheckText(r.Refund.Reason, wire.MaxRefundReason); p != "" {
		return &limit{"reason", p}
	}
	if r.NotifyURL != "" {
		if p := checkNotifyURL(call, r.NotifyURL); p != "" {
			return &limit{"notify_url", p}
		}
	}
	return nil
}
