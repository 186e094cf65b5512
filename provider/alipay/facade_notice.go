package alipay

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// signFace signs with the key that an account's answers are signed with.
func signFace(a provider.FaceAccount, signType string) wire.Sign {
	return func(message []byte) ([]byte, error) {
		if len(a.Keys) == 0 {
			return nil, wire.ErrUnsigned
		}
		s, err := a.Keys[0].Signer(facePlatform)
		if err != nil {
			return nil, err
		}
		alg := algorithms[signType]
		if alg == "" {
			alg = provider.RSASHA256
		}
		return s.Sign(alg, message)
	}
}

// Notice makes the notification of a payment, of a refund that is done, or of a closing where the product tells of those. It has no empty values, and its notify_id follows from
// the cause. A payment's says TRADE_SUCCESS however late it arrives: what was given back since has its own.
func (*Connector) Notice(a provider.FaceAccount, o provider.FacedOrder, refund *provider.FacedRefund, id string, now time.Time) (provider.FaceNotice, bool, error) {
	url, at, status := o.NotifyURL, o.PaidAt, wire.TradeSuccess
	switch {
	case refund != nil && refund.Status != postern.RefundRefunded:
		return provider.FaceNotice{}, false, nil // Alipay tells of refunds that are done
	case refund != nil:
		status, at = tradeStatus(o, now), refund.DoneAt
		if refund.NotifyURL != "" {
			url = refund.NotifyURL
		}
	case o.Status == postern.PaymentPaid:
	case faceState(o) == provider.Closed && tradeExists(o) && tellsClosed(a, o.Product):
		status, at = wire.TradeClosed, o.EndedAt
	default:
		return provider.FaceNotice{}, false, nil
	}
	if url == "" {
		return provider.FaceNotice{}, false, nil
	}
	p := noticeParams(a, o, status)
	p["notify_id"] = at.In(wire.Beijing).Format("20060102") + "00222" + tagOf(21, o.TradeNo, id)
	p["notify_time"] = wire.FormatTime(now)
	if refund != nil {
		p["refund_fee"], p["gmt_refund"], p["out_biz_no"] = wire.FormatYuan(o.Refunded), wire.FormatTimeMilli(refund.DoneAt), refund.Number
		if refund.Reversal() {
			p["out_biz_no"] = o.Number
		}
	}
	if status == wire.TradeClosed {
		p["gmt_close"] = wire.FormatTime(at)
	}
	charset := p["charset"]
	p = p.Encoded(charsetOf(o))
	if err := p.SignNotify(signFace(a, p["sign_type"])); err != nil {
		return provider.FaceNotice{}, false, err
	}
	return provider.FaceNotice{
		URL: url, Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=" + charset}}, Body: []byte(p.Encode()),
	}, true, nil
}

// noticeParams are what all notifications of an order say.
func noticeParams(a provider.FaceAccount, o provider.FacedOrder, status string) wire.Params {
	total := wire.FormatYuan(o.Amount)
	p := wire.Params{
		"notify_type": wire.NotifyTypeTrade, "charset": charsetName(o), "version": "1.0", "sign_type": orderSignType(o), "app_id": a.Number, "auth_app_id": a.Number, "trade_no": o.TradeNo,
		"out_trade_no": o.Number, "seller_id": sellerFor(a, o), "trade_status": status, "total_amount": total, "gmt_create": wire.FormatTime(o.CreatedAt),
	}
	for _, name := range []string{"subject", "body", "passback_params"} {
		if v := o.Fields[name]; v != "" {
			p[name] = v
		}
	}
	openID, user := buyerOf(o)
	for name, v := range map[string]string{"buyer_open_id": openID, "buyer_id": user} {
		if v != "" {
			p[name] = v
		}
	}
	if o.Status == postern.PaymentPaid {
		p["receipt_amount"], p["invoice_amount"], p["buyer_pay_amount"], p["point_amount"], p["gmt_payment"] = total, total, total, "0.00", wire.FormatTime(o.PaidAt)
	}
	return p
}

// sellerFor is whom the order names as its seller, when the account does not say.
func sellerFor(a provider.FaceAccount, o provider.FacedOrder) string {
	if s := o.Fields["seller_id"]; s != "" && a.Settings[faceSeller] == "" {
		return s
	}
	return sellerOf(a)
}

func orderSignType(o provider.FacedOrder) string {
	if t := o.Fields["sign_type"]; algorithms[t] != "" {
		return t
	}
	return wire.SignTypeRSA2
}

// charsetName is the charset that an order was placed in, as its request spelled it: notifications and the return to the shop are in it (documented: they are in the request's).
func charsetName(o provider.FacedOrder) string {
	if name := o.Fields["charset"]; charsetOf(o) == wire.GBK {
		return name
	}
	return string(wire.UTF8)
}

func charsetOf(o provider.FacedOrder) wire.Charset {
	c, err := wire.ParseCharset(o.Fields["charset"])
	if err != nil {
		return wire.UTF8
	}
	return c
}

// tellsClosed says whether orders of a product tell that they were closed: sources disagree about Alipay's defaults, so the account says.
func tellsClosed(a provider.FaceAccount, product string) bool {
	list, ok := a.Settings[faceTellClosed]
	if !ok {
		list = face.Settings[1].Default
	}
	return slices.Contains(strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }), product)
}

// NoticeAcknowledged says whether the merchant answered with HTTP 200 and exactly the seven bytes.
func (*Connector) NoticeAcknowledged(status int, body []byte) bool {
	return status == http.StatusOK && strings.TrimSpace(string(body)) == wire.Acknowledged
}

// ReturnURL is the merchant's return_url with the signed parameters after its own. A buyer who has not paid comes back without them: merchants take them for a payment.
func (*Connector) ReturnURL(a provider.FaceAccount, o provider.FacedOrder, now time.Time) (string, error) {
	if o.Status != postern.PaymentPaid {
		if quit := o.Fields["quit_url"]; wire.CheckURL("quit_url", quit) == nil && quit != "" {
			return quit, nil
		}
		return o.ReturnURL, nil
	}
	name := wire.MethodPageReturn
	if o.Product == H5 {
		name = wire.MethodWapReturn
	}
	p := wire.Params{
		"charset": charsetName(o), "out_trade_no": o.Number, "method": name, "total_amount": wire.FormatYuan(o.Amount), "trade_no": o.TradeNo, "auth_app_id": a.Number, "version": "1.0", "app_id": a.Number,
		"sign_type": orderSignType(o), "seller_id": sellerFor(a, o), "timestamp": wire.FormatTime(now),
	}
	if err := p.SignNotify(signFace(a, p["sign_type"])); err != nil {
		return "", err
	}
	target, err := url.Parse(o.ReturnURL)
	if err != nil {
		return "", err
	}
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += p.Encode()
	return target.String(), nil
}
