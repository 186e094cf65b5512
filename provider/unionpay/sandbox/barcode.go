package sandbox

import (
	"time"

	"postern/provider/unionpay/wire"
)

// How long a shown code can be scanned, and how long an order waits for the buyer's password. [GEN]
const (
	shownLife = time.Minute
	askedLife = 3 * time.Minute
)

// shownCode is a payment code that a buyer's wallet shows.
type shownCode struct {
	buyer    string
	password bool // the wallet asks the buyer before it pays
	until    time.Time
	used     bool
}

// ShowCode makes a payment code as a buyer's wallet shows it: 19 digits that begin with 62.
func (b buttons) ShowCode(payer string, password bool) (string, error) {
	s := b.s
	if payer == "" {
		payer = DefaultBuyer
	}
	code := "62" + s.digits(17)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.shown[code] = &shownCode{buyer: payer, password: password, until: s.now().Add(shownLife)}
	return code, nil
}

// charge takes in an order by a code that the seller scanned. The answer is the same whether the wallet pays at once or asks the buyer first. [GEN] A used or dead code is 86, one that
// nobody showed 88.
func (s *Sandbox) charge(m, answer wire.Message) *refusal {
	if m["termId"] == "" || m["accType"] != wire.AccountCard || wire.CheckCode("", m["qrNo"]) != nil {
		return refuse("10", "报文格式错误 qrNo", "9100018")
	}
	if bad := s.usable(m["qrNo"]); bad != nil {
		return bad
	}
	o, bad := s.place(m, opBarcode)
	if bad != nil {
		return bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := s.book.shown[m["qrNo"]]
	if shown.used {
		o.status = statusExpired // two tills scanned it in the same moment
		return refuse("86", "付款码已使用", "9100019")
	}
	shown.used, o.expires, o.buyer = true, s.now().Add(askedLife), shown.buyer
	if !shown.password {
		if err := s.pay(o, shown.buyer); err != nil {
			return refuse("99", "系统错误", "9100017")
		}
	}
	answer["queryId"] = o.queryID
	return nil
}

// usable refuses a code that nobody shows any more.
func (s *Sandbox) usable(code string) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch shown := s.book.shown[code]; {
	case shown == nil:
		return refuse("88", "无此付款码", "9100020")
	case shown.used || !s.now().Before(shown.until):
		return refuse("86", "付款码已使用或已失效", "9100019")
	}
	return nil
}

// reverse takes a scanned order back: one that waits is over, one that was paid goes back whole, without a number of its own. Again is 46. [GEN] It is possible within the
// clearing day, and never after a refund.
func (s *Sandbox) reverse(m wire.Message) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, now := s.book.orders[key(m)], s.now()
	switch {
	case o == nil:
		return refuse("34", "查无此交易", "2600000")
	case m["txnSubType"] != wire.SubReversal || o.op != opBarcode || clearingDay(o.created) != clearingDay(now):
		return refuse("35", "原交易不存在或状态不正确", "2011000")
	case o.status == statusReversed:
		return refuse("46", "交易已被冲正", "9100021")
	case len(o.refunds) > 0:
		return refuse("45", "原交易已被成功退货", "2050002")
	}
	if o.status == statusPaid {
		o.reversed = now
	}
	o.status = statusReversed
	return nil
}
