package sandbox

import (
	"net/http"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

func invalid(message string) *refusal {
	return refuse(http.StatusBadRequest, wire.CodeInvalidRequest, message)
}

func (s *Sandbox) refund(c *call) (any, *refusal) {
	var in wire.RefundRequest
	if bad := c.decode(&in); bad != nil {
		return nil, bad
	}
	merchant, bad := c.merchant(in.SubMchID)
	if bad != nil {
		return nil, bad
	}
	a, bad := s.giveBack(merchant, in, nil)
	if bad != nil {
		return nil, bad
	}
	return a, nil
}

// giveBack accepts a refund, in whichever protocol it was asked for; keyV2 is the API key of one that came in v2.
func (s *Sandbox) giveBack(merchant string, in wire.RefundRequest, keyV2 []byte) (wire.Refund, *refusal) {
	if bad := s.checkRefund(&in); bad != nil {
		return wire.Refund{}, bad
	}
	becomes := wire.RefundSuccess
	if f, ok := s.faults.Take(OpRefund, FaultRefundAbnormal, FaultRefundClosed); ok {
		becomes = map[string]string{FaultRefundAbnormal: wire.RefundAbnormal, FaultRefundClosed: wire.RefundClosed}[f.Fault]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.book.withdrawn[key(merchant, "refund")] {
		return wire.Refund{}, refuse(http.StatusForbidden, wire.CodeNoAuth, "商户退款功能已被限制")
	}
	o := s.refundedOrder(merchant, &in)
	if o == nil {
		return wire.Refund{}, refuse(http.StatusNotFound, wire.CodeResourceNotExists, "订单不存在")
	}
	if known := s.book.refundNos[key(merchant, in.OutRefundNo)]; known != nil {
		if known.order != o || known.request.Amount != in.Amount {
			return wire.Refund{}, invalid("退款单号已存在且参数与原请求不一致")
		}
		return known.answer(), nil // the number is the idempotency key
	}
	if bad := s.refundable(o, &in); bad != nil {
		return wire.Refund{}, bad
	}
	now := s.now()
	r := &refund{order: o, request: in, createdAt: now, due: now.Add(s.cfg.RefundDelay), becomes: becomes, status: wire.RefundProcessing, keyV2: keyV2,
		id: "50300" + s.text(digits, 5) + now.In(wire.CST).Format("20060102") + s.text(digits, 11)}
	o.refunds = append(o.refunds, r)
	s.book.refundNos[key(merchant, in.OutRefundNo)] = r
	s.book.processing = append(s.book.processing, r)
	select {
	case s.wake <- struct{}{}:
	default: // a wake-up is waiting already
	}
	return r.answer(), nil
}

func (s *Sandbox) checkRefund(in *wire.RefundRequest) *refusal {
	switch {
	case in.TransactionID == "" && in.OutTradeNo == "":
		return badField("/transaction_id", "transaction_id or out_trade_no is required")
	case !wire.ValidOutRefundNo(in.OutRefundNo):
		return badField("/out_refund_no", "out_refund_no takes 1 to 64 of 0-9A-Za-z_-|*@")
	case wire.CheckText(in.Reason, wire.MaxRefundReason) != "":
		return badField("/reason", wire.CheckText(in.Reason, wire.MaxRefundReason))
	case in.Amount.Refund < 1:
		return badField("/amount/refund", "refund is at least 1")
	case in.Amount.Total < 1:
		return badField("/amount/total", "total is at least 1")
	case in.Amount.Currency != "CNY":
		return badField("/amount/currency", "currency takes CNY")
	}
	if in.NotifyURL != "" {
		return s.checkNotifyURL(in.NotifyURL)
	}
	return nil
}

// refundedOrder finds the order by either number; both, when given, must name the same one. It needs s.mu.
func (s *Sandbox) refundedOrder(mchID string, in *wire.RefundRequest) *order {
	var o *order
	if in.TransactionID != "" {
		o = s.book.byTxn[in.TransactionID]
	} else {
		o = s.book.byNo[key(mchID, in.OutTradeNo)]
	}
	if o == nil || o.Merchant() != mchID || in.OutTradeNo != "" && o.OutTradeNo != in.OutTradeNo {
		return nil
	}
	return o
}

// refundable applies the documented limits. It needs s.mu.
func (s *Sandbox) refundable(o *order, in *wire.RefundRequest) *refusal {
	now := s.now()
	switch {
	case o.transactionID == "":
		return invalid("订单未支付，不能退款")
	case !o.revokedAt.IsZero():
		return invalid("订单已撤销，不能退款")
	case now.Sub(o.paidAt) > refundWindow:
		return invalid("订单已超过退款期限")
	case in.Amount.Total != o.paidTotal:
		return invalid("订单金额或退款金额与之前请求不一致，请核实后再试")
	case o.refunded()+in.Amount.Refund > o.paidTotal:
		return invalid("退款金额大于订单剩余可退金额")
	case len(o.refunds) >= maxRefunds:
		return invalid("该订单退款次数已达50次上限")
	case s.book.received[o.Merchant()] < in.Amount.Refund:
		return refuse(http.StatusForbidden, wire.CodeNotEnough, "余额不足")
	}
	if n := len(o.refunds); n > 0 && now.Sub(o.refunds[n-1].createdAt) < s.cfg.RefundInterval {
		return refuse(http.StatusTooManyRequests, wire.CodeFrequencyLimited, "同一订单退款间隔须大于1分钟")
	}
	return nil
}

func (s *Sandbox) refundQuery(c *call) (any, *refusal) {
	merchant, bad := c.merchant(c.URL.Query().Get("sub_mchid"))
	if bad != nil {
		return nil, bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.book.refundNos[key(merchant, c.PathValue("no"))]
	if r == nil {
		return nil, refuse(http.StatusNotFound, wire.CodeResourceNotExists, "退款单不存在")
	}
	return r.answer(), nil
}

// settleRefunds ends the processing of the refunds that are due, moves their money and queues their notifications.
func (s *Sandbox) settleRefunds() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := s.book.dueRefunds(s.now())
	for _, r := range due {
		s.settleRefund(r)
	}
	return len(due)
}

// settleRefund needs s.mu. The money of an abnormal refund left the merchant and reached nobody yet.
func (s *Sandbox) settleRefund(r *refund) {
	r.status, r.settledAt = r.becomes, s.now()
	event, words := wire.EventRefundSuccess, "退款成功"
	switch r.status {
	case wire.RefundClosed:
		event, words = wire.EventRefundClosed, "退款关闭"
	case wire.RefundAbnormal:
		event, words = wire.EventRefundAbnormal, "退款异常"
		s.book.received[r.order.Merchant()] -= r.request.Amount.Refund
	default:
		s.book.received[r.order.Merchant()] -= r.request.Amount.Refund
		s.book.buyers[r.order.buyer] += r.payerRefund()
	}
	if r.request.NotifyURL == "" {
		return
	}
	if r.keyV2 != nil {
		s.notifyV2(r)
		return
	}
	a := r.answer()
	s.notify(r.order.account, r.request.NotifyURL, event, words, "refund", wire.RefundNotice{
		Parties: r.order.Numbers(), OutTradeNo: a.OutTradeNo, TransactionID: a.TransactionID, OutRefundNo: a.OutRefundNo, RefundID: a.RefundID,
		RefundStatus: a.Status, SuccessTime: a.SuccessTime, UserReceivedAccount: a.UserReceivedAccount,
		Amount: wire.RefundNoticeAmount{Total: a.Amount.Total, Refund: a.Amount.Refund, PayerTotal: a.Amount.PayerTotal, PayerRefund: a.Amount.PayerRefund},
	})
}

// notify queues one notification. Each try is encrypted and signed afresh under the same id. It needs s.mu.
func (s *Sandbox) notify(a *Account, to, event, summary, original string, resource any) {
	id := "EV-" + s.now().In(wire.CST).Format("20060102150405") + s.text(digits, 9)
	n := wire.Notification{ID: id, CreateTime: wire.FormatTime(s.now()), ResourceType: "encrypt-resource", EventType: event, Summary: summary}
	plain := encode(resource)
	err := s.courier.Send(sandboxkit.Delivery{
		ID: id, URL: to,
		Build: func(int, time.Time) (http.Header, []byte, error) {
			return s.buildNotification(n, original, plain, a)
		},
		Accept: func(status int, _ []byte) bool { return status == http.StatusOK || status == http.StatusNoContent },
	})
	if err != nil {
		s.cfg.Log.Error("notification lost", "id", id, "err", err)
	}
}

func (s *Sandbox) buildNotification(n wire.Notification, original string, plain []byte, a *Account) (http.Header, []byte, error) {
	var err error
	if n.Resource, err = wire.SealResource(original, original, s.lockedText(letters, 12), plain, sealWith(a.APIv3Key)); err != nil {
		return nil, nil, err
	}
	body := encode(n)
	wanted := ""
	if s.cfg.NotifyWithPublicKey {
		wanted = s.cfg.PublicKeyID
	}
	serial, key := s.signer(wanted)
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"Mozilla/4.0"}, "Accept": {"*/*"}}
	if err := s.signHeaders(h, serial, body, signWith(key)); err != nil {
		return nil, nil, err
	}
	f, _ := s.faults.Take(sandboxkit.OpNotify, FaultProbe, FaultUnknownSerial, FaultWrongSerial, sandboxkit.WrongSignature)
	s.spoil(h, f.Fault, f.Fault == sandboxkit.WrongSignature)
	return h, body, nil
}
