package wire

import (
	"fmt"
	"time"
)

// Notify is a parsed trade notification. Nothing in it is to be believed before Params.VerifyNotify has said so. Amounts are in fen.
type Notify struct {
	Params      Params
	ID          string // notify_id, the same on every retry
	AppID       string
	SellerID    string
	OutTradeNo  string
	TradeNo     string
	Status      string
	TotalAmount int64
	RefundFee   int64  // refunded so far, 0 when the notification is not about a refund
	OutBizNo    string // out_request_no of the refund that triggered it
	BuyerID     string // buyer_open_id of new apps or buyer_id
	PaidAt      time.Time
}

// ParseNotify reads the body of a trade notification. Duplicate parameters, other notify types, other charsets than UTF-8, missing numbers and malformed amounts
// or times are refused with ErrTooLarge or ErrMalformed, wrapped.
func ParseNotify(body string) (Notify, error) {
	p, err := ParseForm(body)
	if err != nil {
		return Notify{}, err
	}
	return ReadNotify(p)
}

// ReadNotify reads a trade notification from the parameters whose signature was, or will be, checked. Errors as ParseNotify.
func ReadNotify(p Params) (Notify, error) {
	n := Notify{
		Params: p, ID: p["notify_id"], AppID: p["app_id"], SellerID: p["seller_id"], OutTradeNo: p["out_trade_no"], TradeNo: p["trade_no"], Status: p["trade_status"],
		OutBizNo: p["out_biz_no"], BuyerID: p["buyer_open_id"],
	}
	if n.BuyerID == "" {
		n.BuyerID = p["buyer_id"]
	}
	for name, v := range map[string]string{
		"notify_id": n.ID, "app_id": n.AppID, "out_trade_no": n.OutTradeNo, "trade_no": n.TradeNo, "trade_status": n.Status, "total_amount": p["total_amount"],
	} {
		if v == "" {
			return Notify{}, fmt.Errorf("%w: notification without %s", ErrMalformed, name)
		}
	}
	if t := p["notify_type"]; t != NotifyTypeTrade {
		return Notify{}, fmt.Errorf("%w: notify_type %.40q is not %s", ErrMalformed, t, NotifyTypeTrade)
	}
	switch p[charsetKey] {
	case "", "utf-8", "UTF-8", "utf8", "UTF8":
	default:
		return Notify{}, fmt.Errorf("%w: charset %.16q: the request asked for utf-8", ErrMalformed, p[charsetKey])
	}
	var err error
	if n.TotalAmount, err = ParseYuan(p["total_amount"]); err != nil {
		return Notify{}, err
	}
	if v := p["refund_fee"]; v != "" {
		if n.RefundFee, err = ParseYuan(v); err != nil {
			return Notify{}, err
		}
	}
	if v := p["gmt_payment"]; v != "" {
		if n.PaidAt, err = ParseTime(v); err != nil {
			return Notify{}, err
		}
	}
	return n, nil
}
