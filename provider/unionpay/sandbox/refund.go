package sandbox

import (
	"time"

	"postern/provider/unionpay/wire"
)

// undone says that the order was taken back whole by an undo, which excludes every refund.
func (o *order) undone() bool {
	return len(o.refunds) > 0 && o.refunds[0].request["txnType"] == wire.TypeUndo
}

// giveBack accepts a refund or an undo. A merchant, number and time that were used are refused, before anything is said of the order. [GEN]
func (s *Sandbox) giveBack(m, answer wire.Message) *refusal {
	amount, err := wire.ParseAmount(m["txnAmt"])
	if err != nil || amount == 0 {
		return refuse("10", "报文格式错误 txnAmt", "9100011")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, now := s.book.byQuery[m["origQryId"]], s.now()
	if s.book.refunds[key(m)] != nil {
		return refuse("12", "重复交易", "2010002")
	}
	if o == nil || o.status != statusPaid || o.request["merId"] != m["merId"] {
		return refuse("35", "原交易不存在或状态不正确", "2011000")
	}
	bad := refundable(o, amount)
	if m["txnType"] == wire.TypeUndo {
		bad = undoable(o, m["txnSubType"], amount, now)
	}
	if bad != nil {
		return bad
	}
	r := &refund{of: o, request: m, amount: amount, queryID: s.queryNo(now), traceNo: s.digits(6), at: now}
	o.refunds, o.refunded = append(o.refunds, r), o.refunded+amount
	s.book.refunds[key(m)] = r
	answer["queryId"], answer["origQryId"] = r.queryID, o.queryID
	s.notify(m, "refund", refundTakes, func(n wire.Message) { s.tellRefund(r, n) })
	return nil
}

// refundable refuses a refund of an order that was undone, or of more than is left.
func refundable(o *order, amount int64) *refusal {
	switch {
	case o.undone():
		return refuse("45", "原交易已被成功撤销", "2050002")
	case amount > o.amount-o.refunded:
		return refuse("36", "退货金额超过原交易金额", "2050004")
	}
	return nil
}

// undoable refuses an undo of a part, of an order that was undone or refunded, and after its clearing day. The code of a day that is over is [GEN].
func undoable(o *order, subType string, amount int64, now time.Time) *refusal {
	switch {
	case subType != wire.SubUndo:
		return refuse("10", "报文格式错误 txnSubType", "9100023")
	case len(o.refunds) > 0:
		return refuse("45", "原交易已被成功撤销或退货", "2050002")
	case amount != o.amount:
		return refuse("36", "撤销金额与原交易金额不一致", "2050001")
	case clearingDay(o.paid) != clearingDay(now):
		return refuse("35", "原交易不存在或状态不正确", "2011000")
	}
	return nil
}
