package wechatpay

import (
	"net/http"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// refundEvents are the notifications of refunds by their state.
var refundEvents = map[string]struct{ event, words string }{
	wire.RefundSuccess:  {wire.EventRefundSuccess, "退款成功"},
	wire.RefundClosed:   {wire.EventRefundClosed, "退款关闭"},
	wire.RefundAbnormal: {wire.EventRefundAbnormal, "退款异常"},
}

// Notice implements provider.Faced. WeChat tells of payments, and of refunds that named an address; never of an order's end without money.
func (Connector) Notice(a provider.FaceAccount, o provider.FacedOrder, refund *provider.FacedRefund, id string, now time.Time) (provider.FaceNotice, bool, error) {
	if isV2Order(o, refund) {
		return v2Notice(a, o, refund, id)
	}
	n := wire.Notification{ID: "EV-" + id, ResourceType: "encrypt-resource"}
	to, original, value := o.NotifyURL, "transaction", any(nil)
	switch {
	case refund != nil:
		e, tells := refundEvents[facedRefundState(refund.Status)]
		if !tells || refund.NotifyURL == "" {
			return provider.FaceNotice{}, false, nil
		}
		n.EventType, n.Summary, n.CreateTime = e.event, e.words, wire.FormatTime(refundMoment(*refund, now))
		to, original, value = refund.NotifyURL, "refund", facedRefundNotice(a, o, *refund)
	case o.Status == postern.PaymentPaid && o.NotifyURL != "" && o.Product != ProductCode:
		n.EventType, n.Summary, n.CreateTime = wire.EventPaid, "支付成功", wire.FormatTime(o.PaidAt)
		value = transactionOf(a, o, wire.StateSuccess) // what it was when it was paid, whatever was given back since
	default:
		return provider.FaceNotice{}, false, nil
	}
	body, err := sealedNotice(a, n, original, value)
	if err != nil {
		return provider.FaceNotice{}, false, err
	}
	h := noticeHeader("application/json; charset=utf-8")
	serial, sign, err := platformKey(a, "")
	if err == nil {
		err = wire.SignHeaders(h, serial, now.Unix(), digestOf([]byte(id), body)[:32], body, sign)
	}
	return provider.FaceNotice{URL: to, Method: http.MethodPost, Header: h, Body: body}, err == nil, err
}

func noticeHeader(kind string) http.Header {
	return http.Header{"Content-Type": {kind}, "User-Agent": {"Mozilla/4.0"}, "Accept": {"*/*"}}
}

func refundMoment(r provider.FacedRefund, now time.Time) time.Time {
	if r.DoneAt.IsZero() {
		return now
	}
	return r.DoneAt
}

func facedRefundNotice(a provider.FaceAccount, o provider.FacedOrder, r provider.FacedRefund) wire.RefundNotice {
	x := refundAnswer(o, r)
	return wire.RefundNotice{
		Parties: wire.Parties{MchID: a.Number}, OutTradeNo: x.OutTradeNo, TransactionID: x.TransactionID, OutRefundNo: x.OutRefundNo, RefundID: x.RefundID, RefundStatus: x.Status,
		SuccessTime: x.SuccessTime, UserReceivedAccount: x.UserReceivedAccount,
		Amount: wire.RefundNoticeAmount{Total: x.Amount.Total, Refund: x.Amount.Refund, PayerTotal: x.Amount.PayerTotal, PayerRefund: x.Amount.PayerRefund},
	}
}

// sealedNotice writes a notification with its resource encrypted. The nonce is a function of everything that is sealed: under one key the same nonce seals the same text.
func sealedNotice(a provider.FaceAccount, n wire.Notification, original string, value any) ([]byte, error) {
	plain, err := wire.Encode(value)
	if err != nil {
		return nil, err
	}
	if n.Resource, err = sealFace(a, original, original, plain); err != nil {
		return nil, err
	}
	return wire.Encode(n)
}

func sealFace(a provider.FaceAccount, original, associated string, plain []byte) (wire.Resource, error) {
	if len(a.Keys) == 0 {
		return wire.Resource{}, errNoKeys
	}
	box, err := a.Keys[0].AEAD(FaceAPIv3)
	if err != nil {
		return wire.Resource{}, err
	}
	return wire.SealResource(original, associated, sealNonce(associated, plain), plain, box.Seal)
}

// sealNonce is twelve letters and digits, 71 bits, of a hash over what is sealed.
func sealNonce(associated string, plain []byte) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := digestBytes([]byte("nonce"), []byte(associated), plain)
	n := make([]byte, 12)
	for i := range n { // two bytes for each character: the bias is below one in a thousand
		n[i] = letters[(int(sum[2*i])<<8|int(sum[2*i+1]))%len(letters)]
	}
	return string(n)
}
