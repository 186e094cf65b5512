package alipay

import (
	"context"
	"errors"
	"slices"
	"strings"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// refund gives money back. fund_change is Y only in the answer that made the refund, and only when the money has moved; everything else is for a refund query to tell.
func (c *faceCall) refund(ctx context.Context) (wire.Fields, *faceRefusal) {
	amount, err := wire.ParseYuan(c.biz.Text("refund_amount"))
	if err != nil || amount == 0 {
		return nil, parameterFace("refund_amount", "退款金额无效")
	}
	reason := c.biz.Text("refund_reason")
	if wire.CheckReason(reason) != nil {
		return nil, parameterFace("refund_reason", "退款原因过长")
	}
	o, bad := c.trade(ctx)
	if bad != nil {
		return nil, bad
	}
	no := c.biz.Text("out_request_no")
	if no == "" && amount != o.Amount {
		return nil, parameterFace("out_request_no", "部分退款时必传")
	} else if no == "" {
		no = o.Number
	}
	if wire.CheckOrderNo("out_request_no", no) != nil {
		return nil, parameterFace("out_request_no", "格式或长度不合法")
	}
	in := provider.FaceRefund{Order: provider.FaceKey{Number: o.Number}, Number: no, Amount: amount, Reason: wire.CleanSubject(reason), Fields: map[string]string{"refund_reason": reason}}
	o, r, err := c.g.Refund(ctx, c.account, in)
	if err != nil {
		return nil, c.refundRefused(o, amount, err)
	}
	return c.refunded(o, r)
}

// refundRefused tells apart what Alipay has several words for.
func (c *faceCall) refundRefused(o provider.FacedOrder, amount int64, err error) *faceRefusal {
	var refused *postern.Error
	switch code := postern.CodeOf(err); {
	case code == postern.CodeReferenceTaken:
		return businessFace("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
	case code == postern.CodeRefundExceeds && o.Refunded == o.Amount:
		return businessFace("ACQ.TRADE_HAS_CLOSE", "交易已关闭")
	case code == postern.CodeRefundExceeds && amount > o.Amount:
		return businessFace("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
	case code == postern.CodeForbidden || code == postern.CodeNotSupported:
		return businessFace("ACQ.TRADE_NOT_ALLOW_REFUND", "当前交易不允许退款")
	case code == postern.CodeNothingToRefund && faceState(o) == provider.Closed:
		return businessFace("ACQ.TRADE_HAS_CLOSE", "交易已关闭")
	case errors.As(err, &refused):
		return refusalOf(refused)
	}
	return refusalOf(err)
}

func (c *faceCall) refunded(o provider.FacedOrder, r provider.FacedRefund) (wire.Fields, *faceRefusal) {
	change := "N"
	switch {
	case r.Status == postern.RefundFailed:
		return nil, businessFace("ACQ.TRADE_NOT_ALLOW_REFUND", "当前交易不允许退款")
	case r.Status == postern.RefundRefunded && r.Fresh:
		change = "Y"
	}
	f := wire.Fields{}.Set("fund_change", change)
	if !r.DoneAt.IsZero() {
		f = f.Set("gmt_refund_pay", wire.FormatTime(r.DoneAt))
	}
	f = f.Set("out_trade_no", o.Number)
	f = f.Set("refund_fee", wire.FormatYuan(o.Refunded))
	if !r.DoneAt.IsZero() {
		f = f.Set("send_back_fee", wire.FormatYuan(r.Amount))
	}
	return f.Set("trade_no", o.TradeNo), nil
}

// refundQuery says what became of one refund. An unknown number is a success without the refund's fields; one that is under way has them all but refund_status.
func (c *faceCall) refundQuery(ctx context.Context) (wire.Fields, *faceRefusal) {
	o, bad := c.trade(ctx)
	if bad != nil {
		return nil, bad
	}
	no := c.biz.Text("out_request_no")
	if no == "" {
		return nil, parameterFace("out_request_no", "不能为空")
	}
	_, r, err := c.g.FindRefund(ctx, c.account, provider.FaceKey{Number: o.Number}, no)
	if err != nil && postern.CodeOf(err) == postern.CodeNotFound && no == o.Number { // at Alipay the refund of a cancel has the order's number
		r, err = c.reversal(ctx, o)
	}
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound, err == nil && r.Status == postern.RefundFailed:
		return nil, nil // as of a number that was never used: nothing was given back by it
	case err != nil:
		return nil, refusalOf(err)
	}
	f := wire.Fields{}
	if c.wants("gmt_refund_pay") && !r.DoneAt.IsZero() {
		f = f.Set("gmt_refund_pay", wire.FormatTime(r.DoneAt))
	}
	f = f.Set("out_request_no", no).Set("out_trade_no", o.Number).Set("refund_amount", wire.FormatYuan(r.Amount)).Set("refund_reason", r.Fields["refund_reason"])
	if r.Status == postern.RefundRefunded {
		f = f.Set("refund_status", wire.RefundSuccess).Set("send_back_fee", wire.FormatYuan(r.Amount))
	}
	return f.Set("total_amount", wire.FormatYuan(o.Amount)).Set("trade_no", o.TradeNo), nil
}

// reversal finds the last refund that a cancel of an order made.
func (c *faceCall) reversal(ctx context.Context, o provider.FacedOrder) (provider.FacedRefund, error) {
	list, err := c.g.Refunds(ctx, c.account, o)
	if err != nil {
		return provider.FacedRefund{}, err
	}
	for _, r := range slices.Backward(list) {
		if r.Reversal() {
			return r, nil
		}
	}
	return provider.FacedRefund{}, postern.E(postern.CodeNotFound, "alipay.reversal", "no refund of a reversal")
}

// wants says whether query_options names an option.
func (c *faceCall) wants(option string) bool {
	return strings.Contains(string(c.biz["query_options"]), `"`+option+`"`)
}
