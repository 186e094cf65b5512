package engine

import "postern"

// CounterOutcome is what the person at the counter must know, in one word.
type CounterOutcome string

// Outcomes at a counter. Declined: nothing was taken, or it went back already; scan again. Waiting: the buyer's wallet asks for the password, or has not said yet what it does. Unknown: do not charge again,
// by any means, until the word changes.
const (
	CounterPaid     CounterOutcome = "paid"
	CounterDeclined CounterOutcome = "declined"
	CounterWaiting  CounterOutcome = "waiting"
	CounterUnknown  CounterOutcome = "unknown"
)

// CounterView is what a till shows of a scanned code.
type CounterView struct {
	Outcome CounterOutcome `json:"outcome" enum:"paid,declined,waiting,unknown"`
	ZH      string         `json:"zh" doc:"What to show to the cashier, in Chinese."`
	EN      string         `json:"en" doc:"What to show to the cashier, in English."`
}

var counterWords = map[CounterOutcome]CounterView{
	CounterPaid:     {CounterPaid, "收款成功", "Paid"},
	CounterDeclined: {CounterDeclined, "没有收到钱，请重新扫码或换一种付款方式", "Nothing was taken. Scan again, or take another way of paying"},
	CounterWaiting:  {CounterWaiting, "等待顾客输入密码", "Waiting for the buyer's password"},
	CounterUnknown:  {CounterUnknown, "结果未知：不要再次收款，正在查询", "Unknown: do not charge again; it is being looked up"},
}

// takenIn is the waiting of a product whose start only says that the order was taken in: whether the wallet asks the buyer for anything, nobody told us.
var takenIn = CounterView{CounterWaiting, "已受理，等待顾客的钱包付款", "Taken in; waiting for the buyer's wallet"}

// Counter says what became of a scanned code; nil for an attempt that was not one.
func (e *Engine) Counter(s postern.State, a postern.Attempt) *CounterView {
	product := e.product(a)
	if !product.NeedsAuthCode {
		return nil
	}
	outcome := CounterUnknown
	switch a.Status {
	case postern.AttemptPaid:
		outcome = CounterPaid
		for _, r := range s.Receipts {
			switch {
			case r.AttemptID != a.ID:
			case r.Use == postern.ReceiptSurplus:
				outcome = surplusOutcome(s, r)
			case r.Refunded == r.Amount && !a.CloseRequestedAt.IsZero(): // reversed after it had been told
				outcome = CounterDeclined
			}
		}
	case postern.AttemptFailed, postern.AttemptClosed:
		outcome = CounterDeclined
	case postern.AttemptPending:
		outcome = CounterWaiting
	}
	v := counterWords[outcome]
	if outcome == CounterWaiting && product.AcceptsFirst {
		v = takenIn
	}
	return &v
}

// surplusOutcome is the word for money that was taken by a code and is not the payment's: what went back was not taken, anything else is for a person to look at.
func surplusOutcome(s postern.State, r postern.Receipt) CounterOutcome {
	for _, u := range s.Surpluses {
		if u.ReceiptID == r.ID && u.Status == postern.SurplusRefunded {
			return CounterDeclined
		}
	}
	return CounterUnknown
}
