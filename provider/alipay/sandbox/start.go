package sandbox

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/provider/alipay/wire"
)

// The documented lives of an order: codes at most two hours, trades three hours at the counter and fifteen days on a page unless the merchant says less.
const (
	codeLife    = 2 * time.Hour
	counterLife = 3 * time.Hour
	pageLife    = 15 * 24 * time.Hour
	wapMinimum  = 5 * time.Minute
)

// precreate answers a code; the trade exists only when a buyer has scanned it.
func (s *Sandbox) precreate(c call) (wire.Fields, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, bad := s.place(c, wire.ProductFaceToFace, wire.ProductQROffline)
	if bad != nil {
		return nil, bad
	}
	return wire.Fields{{Name: "out_trade_no", Value: o.outTradeNo}, {Name: "qr_code", Value: s.cfg.CodePrefix + o.code}}, nil
}

// create makes a trade at once, for the buyer whom the merchant names. [GEN] A repeat with the same terms answers the same trade.
func (s *Sandbox) create(c call) (wire.Fields, *refusal) {
	buyer := c.biz.Text("buyer_id")
	if open := c.biz.Text("buyer_open_id"); buyer == "" && open != "" {
		buyer = userID(open) // [GEN] any open id is somebody
	}
	if buyer == "" {
		return nil, parameter("buyer_id: 买家id不能为空")
	}
	if buyer != userID(buyer) {
		return nil, business("ACQ.BUYER_NOT_EXIST", "买家不存在")
	}
	if buyer == c.account.SellerID {
		return nil, business("ACQ.BUYER_SELLER_EQUAL", "买卖家不能相同")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, bad := s.place(c, wire.ProductJSAPI)
	if bad != nil {
		return nil, bad
	}
	if !o.exists() {
		o.fixedBuyer = true
		s.open(o, buyer, c.now)
	}
	return wire.Fields{{Name: "out_trade_no", Value: o.outTradeNo}, {Name: "trade_no", Value: o.tradeNo}}, nil
}

func (s *Sandbox) wapPay(c call) (string, *refusal) {
	return s.cashier(c, wire.ProductWap, "QUICK_WAP_PAY")
}
func (s *Sandbox) pagePay(c call) (string, *refusal) { return s.cashier(c, wire.ProductPage) }

// appPay makes the order that a merchant's app hands to the wallet.
func (s *Sandbox) appPay(c call) (string, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, bad := s.place(c, wire.ProductApp)
	if bad == nil && !o.exists() {
		s.open(o, userID(""), c.now)
	}
	return "", bad
}

// cashier sends the browser to the simulated wallet; the trade is created when the buyer gets there.
func (s *Sandbox) cashier(c call, products ...string) (string, *refusal) {
	if c.biz.Text("product_code") == "" {
		return "", parameter("product_code: 销售产品码不能为空")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, bad := s.place(c, products...)
	if bad != nil {
		return "", bad
	}
	return s.cfg.BaseURL + "/phone/scan/" + o.code, nil
}

// place checks the terms of an order and books it, or finds the order that this number already names.
func (s *Sandbox) place(c call, products ...string) (*order, *refusal) {
	o, bad := s.terms(c, products)
	if bad != nil {
		return nil, bad
	}
	if known := s.book.byOut[c.account.SellerID+"/"+o.outTradeNo]; known != nil {
		return s.again(known, o, c)
	}
	if !o.expires.After(c.now) {
		return nil, business("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "订单已超过最晚付款时间")
	}
	o.code = "bax" + s.digits(17)
	s.add(o)
	return o, nil
}

// again answers a number that was sent before: what ended stays ended, other terms contradict, page orders join the first one, a second code is refused.
func (s *Sandbox) again(known, o *order, c call) (*order, *refusal) {
	known.settle(c.now)
	switch {
	case known.status == wire.TradeSuccess || known.status == wire.TradeFinished:
		return nil, business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
	case known.status == wire.TradeClosed:
		return nil, business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
	case known.terms != o.terms:
		return nil, business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
	case o.op == opNative:
		return nil, business("ACQ.APPLY_PC_MERCHANT_CODE_ERROR", "申请付款二维码失败")
	}
	return known, nil
}

// terms reads and checks what all starts have in common.
func (s *Sandbox) terms(c call, products []string) (*order, *refusal) {
	text := c.biz.Text
	amount, err := wire.ParseYuan(text("total_amount"))
	err = errors.Join(
		wire.CheckOrderNo("out_trade_no", text("out_trade_no")), err, wire.CheckAmount("total_amount", amount), wire.CheckSubject(text("subject")),
		wire.CheckURL("notify_url", c.params["notify_url"]), wire.CheckURL("return_url", c.params["return_url"]), within("body", text("body"), 128),
		within("passback_params", text("passback_params"), 512), product(text("product_code"), products),
	)
	if err != nil {
		return nil, parameter(err.Error())
	}
	if seller := text("seller_id"); seller != "" && seller != c.account.SellerID {
		return nil, business("ACQ.SELLER_NOT_EXIST", "卖家不存在")
	}
	o := &order{
		account: c.account, op: c.op, outTradeNo: text("out_trade_no"), subject: text("subject"), body: text("body"), passback: text("passback_params"), amount: amount,
		status: statusUnscanned, signType: c.signType, notifyURL: c.params["notify_url"], returnURL: c.params["return_url"], quitURL: text("quit_url"), created: c.now,
	}
	if extend, err := wire.ParseObject(orEmpty(c.biz["extend_params"])); err == nil {
		o.frozen = extend.Text("royalty_freeze") == "true"
	}
	o.terms = strings.Join([]string{c.op, o.subject, wire.FormatYuan(amount), text("buyer_id"), text("buyer_open_id"), c.account.AppID}, "|")
	if o.expires, o.codeUntil, err = lives(c); err != nil {
		return nil, parameter(err.Error())
	}
	return o, nil
}

// lives works out when the trade and the code end: time_expire wins over timeout_express.
func lives(c call) (expires, codeUntil time.Time, err error) {
	life := counterLife
	if c.op == opH5 || c.op == opPage || c.op == opApp {
		life = pageLife
	}
	expires = c.now.Add(life)
	if t := c.biz.Text("timeout_express"); t != "" {
		if expires, err = wire.ParseTimeout(t, c.now); err != nil {
			return
		}
		if (c.op == opH5 || c.op == opApp) && expires.Before(c.now.Add(wapMinimum)) {
			return expires, expires, errors.New("timeout_express: 5m or more on a phone")
		}
	}
	if t := c.biz.Text("time_expire"); t != "" {
		if expires, err = wire.ParseTime(t); err != nil {
			return
		}
		if expires.After(c.now.Add(pageLife)) {
			return expires, expires, errors.New("time_expire: at most 15 days ahead")
		}
	}
	codeUntil = expires
	if c.op == opNative {
		codeUntil = earlier(expires, c.now.Add(codeLife))
		if t := c.biz.Text("qr_code_timeout_express"); t != "" {
			until, err := wire.ParseTimeout(t, c.now)
			if err != nil {
				return expires, codeUntil, err
			}
			codeUntil = earlier(codeUntil, until)
		}
	}
	return expires, codeUntil, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func product(code string, products []string) error {
	if code == "" {
		return nil // page methods have checked it; the others have a default
	}
	for _, p := range products {
		if p == code {
			return nil
		}
	}
	return fmt.Errorf("product_code: use %s", strings.Join(products, " or "))
}

func within(field, s string, limit int) error {
	if len([]rune(s)) > limit {
		return &wire.FieldError{Field: field, Fix: fmt.Sprintf("at most %d characters", limit)}
	}
	return nil
}

func parameter(message string) *refusal {
	return business("ACQ.INVALID_PARAMETER", "参数无效: "+strings.ReplaceAll(message, "\n", "; "))
}
