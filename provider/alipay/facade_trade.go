package alipay

import (
	"context"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// charge takes the money of a buyer whose code the seller scanned: any wallet's code, not only Alipay's.
func (c *faceCall) charge(ctx context.Context) (wire.Fields, *faceRefusal) {
	code := c.biz.Text("auth_code")
	switch scene := c.biz.Text("scene"); {
	case code == "":
		return nil, parameterFace("auth_code", "支付授权码不能为空")
	case scene != "" && scene != wire.SceneBarCode && scene != wire.SceneSecurityCode:
		return nil, parameterFace("scene", "支付场景不支持")
	}
	in, bad := c.terms(Barcode, []string{wire.ProductFaceToFace, wire.ProductQROffline})
	if bad != nil {
		return nil, bad
	}
	if _, bad = c.again(ctx, in); bad != nil {
		return nil, bad
	}
	o, err := c.g.Charge(ctx, c.account, in, code)
	switch {
	case err != nil && (postern.CodeOf(err) == postern.CodeNoRoute || postern.CodeOf(err) == postern.CodeInvalid):
		return nil, businessFace("ACQ.PAYMENT_AUTH_CODE_INVALID", "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款")
	case err != nil:
		return nil, refusalOf(err)
	}
	return c.charged(o)
}

// charged answers by what became of the code: an outcome that nobody knows is never a failure.
func (c *faceCall) charged(o provider.FacedOrder) (wire.Fields, *faceRefusal) {
	total := wire.FormatYuan(o.Amount)
	switch {
	case o.Status == postern.PaymentPaid:
		return wire.Fields{}.Set("buyer_pay_amount", total).Set("gmt_payment", wire.FormatTime(o.PaidAt)).Set("invoice_amount", total).Set("out_trade_no", o.Number).Set("point_amount", "0.00").
			Set("receipt_amount", total).Set("store_id", o.Fields["store_id"]).Set("total_amount", total).Set("trade_no", o.TradeNo), nil
	case o.BarcodeSay == provider.ChargeWaiting:
		return nil, &faceRefusal{code: wire.CodeWaiting, with: wire.Fields{}.Set("out_trade_no", o.Number).Set("total_amount", total).Set("trade_no", o.TradeNo)}
	case o.BarcodeSay == provider.ChargeDeclined:
		return nil, businessFace("ACQ.PAYMENT_FAIL", "支付失败，请顾客换一种付款方式或刷新付款码后重新收款")
	}
	return nil, systemFace
}

// order finds the trade that a request names; trade_no wins over out_trade_no.
func (c *faceCall) order(ctx context.Context) (provider.FacedOrder, *faceRefusal) {
	key := provider.FaceKey{Number: c.biz.Text("out_trade_no"), TradeNo: c.biz.Text("trade_no")}
	if key == (provider.FaceKey{}) {
		return provider.FacedOrder{}, parameterFace("out_trade_no, trade_no", "不能同时为空")
	}
	if len(key.Number) > 64 || len(key.TradeNo) > 64 {
		return provider.FacedOrder{}, notExistFace
	}
	o, err := c.g.Find(ctx, c.account, key)
	if err != nil {
		return o, refusalOf(err)
	}
	return o, nil
}

// trade is order for an order of which there is a trade: a code that nobody has scanned, and a page that nobody reached, are none.
func (c *faceCall) trade(ctx context.Context) (provider.FacedOrder, *faceRefusal) {
	o, bad := c.order(ctx)
	if bad == nil && !tradeExists(o) {
		bad = unscanned()
	}
	return o, bad
}

// unscanned is the refusal of an order of ours that is no trade yet. It is not notExistFace itself: there is nothing to ask Alipay for.
func unscanned() *faceRefusal {
	bad := *notExistFace
	return &bad
}

// query says what became of a trade.
func (c *faceCall) query(ctx context.Context) (wire.Fields, *faceRefusal) {
	o, bad := c.trade(ctx)
	if bad != nil {
		return nil, bad
	}
	paid := "0.00"
	f := wire.Fields{}
	if o.Status == postern.PaymentPaid {
		paid = wire.FormatYuan(o.Amount)
	}
	subject, body := o.Fields["subject"], o.Fields["body"]
	if c.charset == wire.GBK { // at Alipay only some trades have them here, and PHP's client reads no Chinese in an answer in GBK: its json_decode takes UTF-8 only
		subject, body = "", ""
	}
	openID, user := buyerOf(o)
	f = f.Set("body", body).Set("buyer_open_id", openID).Set("buyer_pay_amount", paid).Set("buyer_user_id", user).Set("invoice_amount", paid).Set("out_trade_no", o.Number).Set("passback_params", o.Fields["passback_params"]).
		Set("point_amount", "0.00").Set("receipt_amount", paid)
	if o.Status == postern.PaymentPaid {
		f = f.Set("send_pay_date", wire.FormatTime(o.PaidAt))
	}
	return f.Set("store_id", o.Fields["store_id"]).Set("subject", subject).Set("terminal_id", o.Fields["terminal_id"]).Set("total_amount", wire.FormatYuan(o.Amount)).
		Set("trade_no", o.TradeNo).Set("trade_status", tradeStatus(o, c.account.Now)), nil
}

// buyerOf is who paid, as buyer_open_id or buyer_user_id: only where the money came through the merchant's own former account and its buyer is known. Nothing is made up: a buyer of
// another wallet has no number at Alipay.
func buyerOf(o provider.FacedOrder) (openID, user string) {
	if userID.MatchString(o.PayerID) {
		return "", o.PayerID
	}
	return o.PayerID, ""
}

// closeTrade closes a trade that nobody paid. While a wallet has not said that it is closed there, nobody knows.
func (c *faceCall) closeTrade(ctx context.Context) (wire.Fields, *faceRefusal) {
	o, bad := c.trade(ctx)
	if bad != nil {
		return nil, bad
	}
	if faceState(o) != provider.Pending {
		return nil, businessFace("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	}
	o, err := c.g.Close(ctx, c.account, provider.FaceKey{Number: o.Number})
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeAlreadyPaid:
		return nil, businessFace("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	case err != nil:
		return nil, refusalOf(err)
	case faceState(o) != provider.Closed:
		return nil, systemFace
	}
	return wire.Fields{}.Set("out_trade_no", o.Number).Set("trade_no", o.TradeNo), nil
}

// cancel undoes an order whatever happened to it: closes it when unpaid, gives the money back when paid. An unknown order is a success without an action; a code that nobody
// scanned is one too, and from then on opens nothing.
func (c *faceCall) cancel(ctx context.Context) (wire.Fields, *faceRefusal) {
	o, bad := c.order(ctx)
	if bad != nil {
		return nil, bad
	}
	existed := tradeExists(o)
	if o.Status == postern.PaymentPaid && o.Refunded == 0 && c.account.Now.Sub(o.CreatedAt) > 24*time.Hour {
		return nil, businessFace("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围")
	}
	o, err := c.g.Reverse(ctx, c.account, provider.FaceKey{Number: o.Number})
	if err != nil {
		return nil, refusalOf(err)
	}
	f := wire.Fields{}
	retry := "Y"
	switch {
	case o.Status == postern.PaymentPaid && o.Refunded == o.Amount:
		retry, f = "N", f.Set("action", wire.ActionRefund)
	case faceState(o) == provider.Closed && existed:
		retry, f = "N", f.Set("action", wire.ActionClose)
	case faceState(o) == provider.Closed:
		return f.Set("out_trade_no", o.Number).Set("retry_flag", "N"), nil
	}
	return f.Set("out_trade_no", o.Number).Set("retry_flag", retry).Set("trade_no", o.TradeNo), nil
}
