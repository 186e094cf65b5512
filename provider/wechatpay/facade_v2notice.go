package wechatpay

import (
	"net/http"
	"strconv"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// isV2Order says in which protocol a merchant is told: the one that the order, or the refund, was asked for in.
func isV2Order(o provider.FacedOrder, refund *provider.FacedRefund) bool {
	if refund != nil {
		return refund.Fields[fieldProtocol] == protocolV2
	}
	return o.Fields[fieldProtocol] == protocolV2
}

// v2Notice is the message of API v2: a payment's is signed, a refund's encrypted under the API key and not signed. Both are the same on each retry.
func v2Notice(a provider.FaceAccount, o provider.FacedOrder, refund *provider.FacedRefund, id string) (provider.FaceNotice, bool, error) {
	if len(a.Keys) == 0 {
		return provider.FaceNotice{}, false, errNoKeys
	}
	secret, err := a.Keys[0].Secret(FaceAPIv2)
	if err != nil {
		return provider.FaceNotice{}, false, err
	}
	f := wire.Fields{"return_code": wire.V2Success, "appid": o.Fields[fieldAppID], "mch_id": a.Number, "nonce_str": digestOf([]byte(id))[:32]}
	to := o.NotifyURL
	switch {
	case refund != nil:
		inner, tells := v2RefundInfo(o, *refund)
		if !tells || refund.NotifyURL == "" {
			return provider.FaceNotice{}, false, nil
		}
		to = refund.NotifyURL
		if f["req_info"], err = wire.SealReqInfo(inner, secret.Reveal()); err != nil {
			return provider.FaceNotice{}, false, err
		}
	case o.Status == postern.PaymentPaid && o.NotifyURL != "" && o.Product != ProductCode:
		f["result_code"] = wire.V2Success
		for name, value := range v2Paid(o) {
			if value != "" {
				f[name] = value
			}
		}
		kind := signTypeOf(o.Fields)
		if kind == wire.SignHMAC {
			f[fieldSignType] = kind
		}
		f["sign"] = f.SignatureOf(kind, secret.Reveal())
	default:
		return provider.FaceNotice{}, false, nil
	}
	return provider.FaceNotice{URL: to, Method: http.MethodPost, Header: noticeHeader("text/xml; charset=utf-8"), Body: f.XML("xml")}, true, nil
}

// v2RefundInfo is what req_info says of a refund that has an outcome.
func v2RefundInfo(o provider.FacedOrder, r provider.FacedRefund) (wire.Fields, bool) {
	state := facedRefundState(r.Status)
	fee, total := strconv.FormatInt(r.Amount, 10), strconv.FormatInt(o.Amount, 10)
	inner := wire.Fields{
		"transaction_id": o.TradeNo, "out_trade_no": o.Number, "refund_id": faceRefundID(r.TradeNo), "out_refund_no": r.Number, "total_fee": total, "settlement_total_fee": total,
		"refund_fee": fee, "settlement_refund_fee": fee, "refund_status": v2RefundWords[state], "refund_recv_accout": refundTo, "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
		"refund_request_source": "API",
	}
	if !r.DoneAt.IsZero() {
		inner["success_time"] = r.DoneAt.In(wire.CST).Format(time.DateTime)
	}
	return inner, state != wire.RefundProcessing
}
