package sandbox

import (
	"slices"
	"strings"
	"time"

	"postern/provider/alipay/wire"
)

func notExist() *refusal { return business("ACQ.TRADE_NOT_EXIST", "交易不存在") }

// named refuses a request that names no trade.
func named(c call) *refusal {
	if c.biz.Text("out_trade_no") == "" && c.biz.Text("trade_no") == "" {
		return parameter("out_trade_no, trade_no: 不能同时为空")
	}
	return nil
}

// query says what became of a trade.
func (s *Sandbox) query(c call) (wire.Fields, *refusal) {
	if bad := named(c); bad != nil {
		return nil, bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(c)
	if o == nil {
		bad := notExist()
		bad.with = wire.Fields{}.Set("buyer_pay_amount", "0.00").Set("invoice_amount", "0.00").Set("out_trade_no", c.biz.Text("out_trade_no")).
			Set("point_amount", "0.00").Set("receipt_amount", "0.00")
		return nil, bad
	}
	paid := "0.00"
	if !o.paid.IsZero() {
		paid = wire.FormatYuan(o.amount)
	}
	f := wire.Fields{}.Set("buyer_logon_id", logonID(o.buyer)).Set("buyer_pay_amount", paid).Set("buyer_user_id", o.buyer)
	if !o.paid.IsZero() {
		f = append(f, wire.Field{Name: "fund_bill_list", Value: []wire.Fields{wire.Fields{}.Set("amount", paid).Set("fund_channel", "ALIPAYACCOUNT")}})
	}
	f = f.Set("invoice_amount", paid).Set("out_trade_no", o.outTradeNo).Set("passback_params", o.passback).Set("point_amount", "0.00").Set("receipt_amount", paid)
	if !o.paid.IsZero() {
		f = f.Set("send_pay_date", wire.FormatTime(o.paid))
	}
	return f.Set("total_amount", wire.FormatYuan(o.amount)).Set("trade_no", o.tradeNo).Set("trade_status", o.status), nil
}

// closeTrade closes a trade that nobody paid.
func (s *Sandbox) closeTrade(c call) (wire.Fields, *refusal) {
	if bad := named(c); bad != nil {
		return nil, bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(c)
	if o == nil {
		return nil, notExist()
	}
	if o.status != wire.WaitBuyerPay {
		return nil, business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	}
	o.status, o.closed = wire.TradeClosed, c.now
	if url := c.params["notify_url"]; url != "" {
		o.notifyURL = url
	}
	if s.notifiesClosed(o.op) {
		s.notify(o, nil)
	}
	return wire.Fields{}.Set("out_trade_no", o.outTradeNo).Set("trade_no", o.tradeNo), nil
}

// cancel undoes an order whatever happened to it: closes it when unpaid, refunds it when paid. An unknown order is answered with success and no action.
func (s *Sandbox) cancel(c call) (wire.Fields, *refusal) {
	if bad := named(c); bad != nil {
		return nil, bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(c)
	if o == nil {
		return wire.Fields{}.Set("out_trade_no", c.biz.Text("out_trade_no")).Set("retry_flag", "N"), nil
	}
	if _, ok := s.faults.Take(opCancel, FaultCancelRetry); ok {
		return wire.Fields{}.Set("out_trade_no", o.outTradeNo).Set("retry_flag", "Y").Set("trade_no", o.tradeNo), nil
	}
	action := "close"
	switch {
	case o.status == wire.TradeFinished:
		return nil, business("ACQ.TRADE_HAS_FINISHED", "交易已结束")
	case o.status == wire.WaitBuyerPay:
		o.status, o.closed = wire.TradeClosed, c.now
		if s.notifiesClosed(o.op) {
			s.notify(o, nil)
		}
	case o.status == wire.TradeSuccess && c.now.Sub(o.created) > 24*time.Hour:
		return nil, business("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围")
	case o.status == wire.TradeSuccess:
		action = "refund"
		s.giveBack(o, &refund{no: o.outTradeNo, amount: o.amount - o.refunded, reason: "cancel", at: c.now})
	case !o.paid.IsZero():
		action = "refund" // canceled before: the same answer again
	}
	return wire.Fields{}.Set("action", action).Set("out_trade_no", o.outTradeNo).Set("retry_flag", "N").Set("trade_no", o.tradeNo), nil
}

// refund gives money back. The same out_request_no with the same amount refunds once; the repeat answers fund_change N. [GEN]
func (s *Sandbox) refund(c call) (wire.Fields, *refusal) {
	if bad := named(c); bad != nil {
		return nil, bad
	}
	amount, err := wire.ParseYuan(c.biz.Text("refund_amount"))
	if err != nil || amount == 0 {
		return nil, parameter("refund_amount: 退款金额无效")
	}
	if err := wire.CheckReason(c.biz.Text("refund_reason")); err != nil {
		return nil, parameter(err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(c)
	if o == nil {
		return nil, notExist()
	}
	no := c.biz.Text("out_request_no")
	if no == "" {
		if amount != o.amount {
			return nil, parameter("out_request_no: 部分退款时必传")
		}
		no = o.outTradeNo
	}
	if err := wire.CheckOrderNo("out_request_no", no); err != nil {
		return nil, parameter(err.Error())
	}
	change := "N"
	known := o.refundNo(no)
	switch {
	case known != nil && known.amount != amount:
		return nil, business("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
	case known == nil:
		if bad := refundable(o, amount); bad != nil {
			return nil, bad
		}
		known = &refund{no: no, amount: amount, reason: c.biz.Text("refund_reason"), at: c.now}
		s.giveBack(o, known)
		change = "Y"
	}
	f := wire.Fields{}.Set("buyer_logon_id", logonID(o.buyer)).Set("buyer_user_id", o.buyer).Set("fund_change", change).Set("gmt_refund_pay", wire.FormatTime(known.at)).
		Set("out_trade_no", o.outTradeNo)
	if wants(c, "refund_detail_item_list") {
		f = append(f, wire.Field{Name: "refund_detail_item_list", Value: []wire.Fields{wire.Fields{}.Set("amount", wire.FormatYuan(known.amount)).Set("fund_channel", "ALIPAYACCOUNT")}})
	}
	return f.Set("refund_fee", wire.FormatYuan(o.refunded)).Set("send_back_fee", wire.FormatYuan(known.amount)).Set("trade_no", o.tradeNo), nil
}

func refundable(o *order, amount int64) *refusal {
	switch {
	case o.status == wire.WaitBuyerPay:
		return business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	case o.status == wire.TradeFinished:
		return business("ACQ.TRADE_HAS_FINISHED", "交易已完结")
	case o.status == wire.TradeClosed:
		return business("ACQ.TRADE_HAS_CLOSE", "交易已关闭")
	case amount > o.amount:
		return business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
	case amount > o.amount-o.refunded:
		return business("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效")
	}
	return nil
}

// giveBack books a refund, closes the trade when nothing is left, and notifies.
func (s *Sandbox) giveBack(o *order, r *refund) {
	o.refunds = append(o.refunds, r)
	o.refunded += r.amount
	s.book.wallet[o.buyer] = s.balance(o.buyer) + r.amount
	if o.refunded == o.amount {
		o.status, o.closed = wire.TradeClosed, r.at
	}
	s.notify(o, r)
}

func (o *order) refundNo(no string) *refund {
	i := slices.IndexFunc(o.refunds, func(r *refund) bool { return r.no == no })
	if i < 0 {
		return nil
	}
	return o.refunds[i]
}

// refundQuery says what became of one refund. An unknown number is answered with success and without the refund's fields.
func (s *Sandbox) refundQuery(c call) (wire.Fields, *refusal) {
	if bad := named(c); bad != nil {
		return nil, bad
	}
	if c.biz.Text("out_request_no") == "" {
		return nil, parameter("out_request_no: 不能为空")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(c)
	if o == nil {
		return nil, notExist()
	}
	r := o.refundNo(c.biz.Text("out_request_no"))
	if r == nil {
		return nil, nil
	}
	f := wire.Fields{}
	if wants(c, "gmt_refund_pay") {
		f = f.Set("gmt_refund_pay", wire.FormatTime(r.at))
	}
	return f.Set("out_request_no", r.no).Set("out_trade_no", o.outTradeNo).Set("refund_amount", wire.FormatYuan(r.amount)).Set("refund_reason", r.reason).
		Set("refund_status", wire.RefundSuccess).Set("total_amount", wire.FormatYuan(o.amount)).Set("trade_no", o.tradeNo), nil
}

// wants says whether query_options names an option.
func wants(c call, option string) bool {
	return strings.Contains(string(c.biz["query_options"]), `"`+option+`"`)
}
