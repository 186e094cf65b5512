package wechatpay

import (
	"net"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// limit is a field that cannot be sent as it is, in the switch's own names.
type limit struct{ field, message string }

// checkStart applies the documented limits before a byte is sent. It returns nil when all hold.
func checkStart(call provider.Call, start provider.StartRequest) *limit {
	a := start.Attempt
	switch {
	case kinds[a.Product] == "":
		return &limit{"product", "WeChat Pay has no product of this name here: use jsapi, h5, native, mini, app or barcode"}
	case isPartner(call) && call.SubMerchant == "":
		return &limit{"sub_merchant", "the account is a service provider's: the channel must name its sub-merchant"}
	case a.Currency != currency:
		return &limit{"currency", "WeChat Pay takes CNY only"}
	case a.Amount < 1:
		return &limit{"amount", "the least amount is 1 fen"}
	case !wire.ValidOutTradeNo(a.Number):
		return &limit{"number", "an order number has 6 to 32 of 0-9A-Za-z_-|*"}
	case start.Description == "":
		return &limit{"description", "is required: say in a few words what is sold"}
	}
	if p := wire.CheckText(start.Description, wire.MaxDescription); p != "" {
		return &limit{"description", p}
	}
	if p := wire.CheckNotifyURL(start.NotifyURL, call.Sandbox); p != "" && a.Product != ProductCode {
		return &limit{"notify_url", p}
	}
	switch a.Product {
	case ProductJSAPI, ProductMini:
		if start.PayerID == "" || len(start.PayerID) > wire.MaxOpenID {
			return &limit{"payer_id", "jsapi and mini need the buyer's openid under their own appid, at most 128 characters"}
		}
	case ProductH5:
		if len(start.ClientIP) > wire.MaxClientIP || net.ParseIP(start.ClientIP) == nil {
			return &limit{"client_ip", "h5 needs the buyer's IP address, which WeChat compares with the payer's"}
		}
	case ProductCode:
		if !wire.ValidAuthCode(start.AuthCode) {
			return &limit{"auth_code", "a payment code of WeChat has 18 digits and begins with 10 to 15"}
		}
	}
	return nil
}

func checkRefund(call provider.Call, r provider.RefundRequest) *limit {
	switch {
	case isPartner(call) && call.SubMerchant == "":
		return &limit{"sub_merchant", "the account is a service provider's: the channel must name its sub-merchant"}
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
		if p := wire.CheckNotifyURL(r.NotifyURL, call.Sandbox); p != "" {
			return &limit{"notify_url", p}
		}
	}
	return nil
}

func (l limit) share() provider.ShareResult {
	return provider.ShareResult{State: provider.ShareFailed, Class: provider.ClassInvalid, Field: l.field, Message: l.message}
}

func checkReceiver(r provider.ShareReceiver) *limit {
	switch {
	case r.Kind != wire.ReceiverMerchant && r.Kind != wire.ReceiverOpenID && r.Kind != wire.ReceiverSub:
		return &limit{"receiver", "a receiver is MERCHANT_ID, PERSONAL_OPENID or PERSONAL_SUB_OPENID"}
	case r.Account == "" || len(r.Account) > 64:
		return &limit{"receiver", "a receiver's account has 1 to 64 characters"}
	case r.Kind == wire.ReceiverMerchant && r.Name == "":
		return &limit{"receiver", "a merchant that receives is named: its full name as registered"}
	}
	return nil
}

func checkShare(r provider.ShareRequest) *limit {
	switch {
	case r.TxnNo == "":
		return &limit{"txn_no", "WeChat's number of the payment is required"}
	case !wire.ValidOutRefundNo(r.Number):
		return &limit{"number", "a share's number has 1 to 64 of 0-9A-Za-z_-|*@"}
	case len(r.Parts) == 0 || len(r.Parts) > wire.MaxReceivers:
		return &limit{"parts", "a share has 1 to 50 receivers"}
	}
	for _, p := range r.Parts {
		if p.Amount < 1 {
			return &limit{"amount", "a part is at least 1 fen"}
		}
		if problem := wire.CheckText(p.Text, wire.MaxShareText); problem != "" || p.Text == "" {
			return &limit{"text", "every part needs a text of at most 80 characters: " + problem}
		}
	}
	return nil
}
