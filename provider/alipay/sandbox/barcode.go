package sandbox

import (
	"time"

	"postern/provider/alipay/wire"
)

// shownLife is how long a payment code can be scanned. [GEN] About a minute.
const shownLife = time.Minute

// shownCode is a payment code that a buyer's wallet shows.
type shownCode struct {
	buyer    string
	password bool // the wallet asks the buyer before it pays
	until    time.Time
	used     bool
}

// ShowCode makes a payment code as a buyer's wallet shows it: 18 digits that begin with 28.
func (b buttons) ShowCode(payer string, password bool) (string, error) {
	s := b.s
	code := "28" + s.digits(16)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.shown[code] = &shownCode{buyer: userID(payer), password: password, until: s.now().Add(shownLife)}
	return code, nil
}

// charge takes the money of a buyer whose code the seller scanned, or waits for the password. [GEN] A number that waits answers 10003 again.
func (s *Sandbox) charge(c call) (wire.Fields, *refusal) {
	code := c.biz.Text("auth_code")
	switch scene := c.biz.Text("scene"); {
	case code == "":
		return nil, parameter("auth_code: 支付授权码不能为空")
	case scene != wire.SceneBarCode && scene != wire.SceneSecurityCode:
		return nil, parameter("scene: use bar_code or security_code")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.book.byOut[c.account.SellerID+"/"+c.biz.Text("out_trade_no")]
	known := before != nil && before.exists()
	shown := s.book.shown[code]
	if !known && (shown == nil || shown.used || !c.now.Before(shown.until)) {
		return nil, business("ACQ.PAYMENT_AUTH_CODE_INVALID", "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款")
	}
	o, bad := s.place(c, wire.ProductFaceToFace)
	if bad != nil {
		return nil, bad
	}
	if known {
		return s.waits(o)
	}
	shown.used = true
	switch {
	case shown.buyer == c.account.SellerID:
		return nil, business("ACQ.BUYER_SELLER_EQUAL", "买卖家不能相同")
	case s.balance(shown.buyer) < o.amount:
		return nil, business("ACQ.BUYER_BALANCE_NOT_ENOUGH", "买家余额不足")
	}
	o.fixedBuyer = true
	s.open(o, shown.buyer, c.now)
	if shown.password {
		return s.waits(o)
	}
	if _, err := s.pay(o, ""); err != nil {
		return nil, systemError()
	}
	total := wire.FormatYuan(o.amount)
	f := wire.Fields{}.Set("buyer_logon_id", logonID(o.buyer)).Set("buyer_pay_amount", total).Set("buyer_user_id", o.buyer)
	f = append(f, wire.Field{Name: "fund_bill_list", Value: []wire.Fields{wire.Fields{}.Set("amount", total).Set("fund_channel", "ALIPAYACCOUNT")}})
	return f.Set("gmt_payment", wire.FormatTime(o.paid)).Set("invoice_amount", total).Set("out_trade_no", o.outTradeNo).Set("point_amount", "0.00").
		Set("receipt_amount", total).Set("total_amount", total).Set("trade_no", o.tradeNo), nil
}

// waits answers that the buyer's wallet asks for the password.
func (s *Sandbox) waits(o *order) (wire.Fields, *refusal) {
	return nil, &refusal{code: wire.CodeWaiting, with: wire.Fields{}.Set("buyer_logon_id", logonID(o.buyer)).Set("out_trade_no", o.outTradeNo).
		Set("total_amount", wire.FormatYuan(o.amount)).Set("trade_no", o.tradeNo)}
}
