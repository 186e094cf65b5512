package wire

import "net"

// Problem is a field that WeChat would refuse, by the name that whoever orders knows it by (number for out_trade_no, payer_id for openid), and why.
type Problem struct{ Field, Message string }

// Problem applies the documented limits of an order of a kind. It returns nil when all hold.
func (o Order) Problem(kind string, insecure bool) *Problem {
	switch {
	case o.Partner() && o.SubMchID == "":
		return &Problem{"sub_merchant", "the account is a service provider's: the channel must name its sub-merchant"}
	case o.Amount.Currency != "CNY":
		return &Problem{"currency", "WeChat Pay takes CNY only"}
	case o.Amount.Total < 1:
		return &Problem{"amount", "the least amount is 1 fen"}
	case !ValidOutTradeNo(o.OutTradeNo):
		return &Problem{"number", "an order number has 6 to 32 of 0-9A-Za-z_-|*"}
	case o.Description == "":
		return &Problem{"description", "is required: say in a few words what is sold"}
	}
	if p := CheckText(o.Description, MaxDescription); p != "" {
		return &Problem{"description", p}
	}
	if p := CheckNotifyURL(o.NotifyURL, insecure); p != "" && kind != KindCodePay {
		return &Problem{"notify_url", p}
	}
	switch kind {
	case KindJSAPI:
		if id := o.Payer.ID(); id == "" || len(id) > MaxOpenID {
			return &Problem{"payer_id", "jsapi and mini need the buyer's openid under their own appid, at most 128 characters"}
		}
	case KindH5:
		if ip := o.SceneInfo.PayerClientIP; len(ip) > MaxClientIP || net.ParseIP(ip) == nil {
			return &Problem{"client_ip", "h5 needs the buyer's IP address, which WeChat compares with the payer's"}
		}
	case KindCodePay:
		if !ValidAuthCode(o.Payer.AuthCode) {
			return &Problem{"auth_code", "a payment code of WeChat has 18 digits and begins with 10 to 15"}
		}
	}
	return nil
}

// Limits of refunds of one order.
const (
	MaxRefunds = 50
	RefundDays = 365
)

// Problem applies the documented limits of a refund.
func (r RefundRequest) Problem(p Parties, insecure bool) *Problem {
	switch {
	case p.Partner() && p.SubMchID == "":
		return &Problem{"sub_merchant", "the account is a service provider's: the channel must name its sub-merchant"}
	case r.Amount.Currency != "CNY":
		return &Problem{"currency", "WeChat Pay takes CNY only"}
	case r.Amount.Refund < 1 || r.Amount.Refund > r.Amount.Total:
		return &Problem{"amount", "a refund is at least 1 fen and at most the paid total"}
	case !ValidOutRefundNo(r.OutRefundNo):
		return &Problem{"number", "a refund number has 1 to 64 of 0-9A-Za-z_-|*@"}
	case r.TransactionID == "" && r.OutTradeNo == "":
		return &Problem{"attempt", "the order's number is required"}
	}
	if p := CheckText(r.Reason, MaxRefundReason); p != "" {
		return &Problem{"reason", p}
	}
	if r.NotifyURL != "" {
		if p := CheckNotifyURL(r.NotifyURL, insecure); p != "" {
			return &Problem{"notify_url", p}
		}
	}
	return nil
}

// Problem applies the documented limits of a receiver. Its name is still in the clear.
func (r Receiver) Problem() *Problem {
	switch {
	case r.Type != ReceiverMerchant && r.Type != ReceiverOpenID && r.Type != ReceiverSub:
		return &Problem{"receiver", "a receiver is MERCHANT_ID, PERSONAL_OPENID or PERSONAL_SUB_OPENID"}
	case r.Account == "" || len(r.Account) > 64:
		return &Problem{"receiver", "a receiver's account has 1 to 64 characters"}
	case r.Type == ReceiverMerchant && r.Name == "":
		return &Problem{"receiver", "a merchant that receives is named: its full name as registered"}
	}
	return nil
}

// Problem applies the documented limits of a share.
func (o ShareOrder) Problem() *Problem {
	switch {
	case o.TransactionID == "":
		return &Problem{"txn_no", "WeChat's number of the payment is required"}
	case !ValidOutRefundNo(o.OutOrderNo):
		return &Problem{"number", "a share's number has 1 to 64 of 0-9A-Za-z_-|*@"}
	case len(o.Receivers) == 0 || len(o.Receivers) > MaxReceivers:
		return &Problem{"parts", "a share has 1 to 50 receivers"}
	}
	for _, p := range o.Receivers {
		if p.Amount < 1 {
			return &Problem{"amount", "a part is at least 1 fen"}
		}
		if problem := CheckText(p.Description, MaxShareText); problem != "" || p.Description == "" {
			return &Problem{"text", "every part needs a text of at most 80 characters: " + problem}
		}
	}
	return nil
}
