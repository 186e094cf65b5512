package sandbox

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"postern/provider/bill99/wire"
	"postern/provider/sandboxkit"
)

// Our words for what an order or a refund is: 99Bill itself knows results and error codes only.
const (
	statusWaiting  = "WAITING"
	statusPaid     = "PAID"
	statusExpired  = "EXPIRED"
	statusTaken    = "TAKEN"
	statusRefunded = "REFUNDED"
)

// order is one order, in fen.
type order struct {
	id         string // the cashier's
	form       wire.Fields
	amount     int64
	status     string
	dealID     string
	bankDealID string
	expires    time.Time
	paid       time.Time
	redirect   string // what the merchant's answer to the notification named
	refunds    []*refund
	refunded   int64
}

// refund is a transaction of its own with its own number.
type refund struct {
	of     *order
	number string
	seq    string
	amount int64
	at     time.Time
}

func (r *refund) done(now time.Time, takes time.Duration) bool { return !now.Before(r.at.Add(takes)) }

// row is the refund as the refund query shows it.
func (r *refund) row(now time.Time, takes time.Duration) wire.Fields {
	row := wire.Fields{
		"orderId": r.number, "rOrderId": r.of.form["orderId"], "orderAmout": wire.FormatAmount(r.amount), "orderTime": wire.FormatTime(r.at),
		"lastUpdateTime": wire.FormatTime(r.at), "sequenceId": r.seq, "dealOtherName": "买家", "ownerFee": "0", "payTypeDesc": "人民币网关", "status": "0", // [GEN] one client calls 0 under way
	}
	if r.done(now, takes) {
		row["status"], row["lastUpdateTime"] = wire.RefundStatusDone, wire.FormatTime(r.at.Add(takes))
	}
	return row
}

// book is every order and refund. Sandbox.mu guards it.
type book struct {
	all     []*order
	orders  map[string]*order // by account and number
	byID    map[string]*order
	refunds map[string]*refund // by account and number
	listed  []*refund
}

func newBook() book {
	return book{orders: map[string]*order{}, byID: map[string]*order{}, refunds: map[string]*refund{}}
}

func keyOf(account, number string) string { return account + "/" + number }

func (b *book) add(o *order) {
	b.all = append(b.all, o)
	b.orders[keyOf(o.form["merchantAcctId"], o.form["orderId"])], b.byID[o.id] = o, o
}

// settle lets time pass over an order.
func (o *order) settle(now time.Time) {
	if o.status == statusWaiting && !now.Before(o.expires) {
		o.status = statusExpired
	}
}

// detail is a paid order as the query shows it.
func (o *order) detail() wire.Fields {
	return wire.Fields{
		"orderId": o.form["orderId"], "orderAmount": wire.FormatAmount(o.amount), "orderTime": o.form["orderTime"], "dealTime": wire.FormatTime(o.paid),
		"payResult": wire.PayResultPaid, "payType": "10", "payAmount": wire.FormatAmount(o.amount), "fee": wire.FormatAmount(o.fee()), "dealId": o.dealID,
	}
}

// fee is what 99Bill keeps. [GEN] 0.4 %, at least one fen
func (o *order) fee() int64 { return max(1, o.amount*4/1000) }

// notice is a notification of the payment, unsigned.
func (o *order) notice() wire.Fields {
	n := o.detail()
	n["merchantAcctId"], n["version"], n["language"], n["bankId"], n["bankDealId"] = o.form["merchantAcctId"], o.form["version"], o.form["language"], "ICBC", o.bankDealID
	for _, name := range []string{"ext1", "ext2"} {
		if o.form[name] != "" {
			n[name] = o.form[name]
		}
	}
	return n
}

// charge takes the money. Sandbox.mu is held.
func (s *Sandbox) charge(o *order) error {
	now := s.now()
	if o.settle(now); o.status != statusWaiting {
		return fmt.Errorf("the order is %s: %w", o.status, sandboxkit.ErrConflict)
	}
	o.status, o.paid, o.dealID, o.bankDealID = statusPaid, now, s.digits(10), s.digits(12)
	s.notify(o)
	return nil
}

// turnAway leaves the order as it is: a buyer who turns away can come back until it ends.
func (s *Sandbox) turnAway(o *order) error {
	if o.settle(s.now()); o.status != statusWaiting {
		return fmt.Errorf("the order is %s: %w", o.status, sandboxkit.ErrConflict)
	}
	return nil
}

// refund takes a refund, or refuses it with a reason in words. The answer is not signed.
func (s *Sandbox) refund(w http.ResponseWriter, r *http.Request) {
	f, bad := formOf(r)
	s.faults.Around(w, r, opRefund, func(w http.ResponseWriter, _ *http.Request) {
		if bad == nil {
			bad = s.ordered(opRefund, f["merchant_id"]+"01")
		}
		if bad == nil {
			bad = s.giveBack(f)
		}
		answer := wire.Fields{"MERCHANT": f["merchant_id"], "ORDERID": f["orderid"], "TXORDER": f["txOrder"], "AMOUNT": f["amount"], "RESULT": wire.RefundTaken}
		if bad != nil {
			answer["RESULT"], answer["CODE"] = wire.RefundRefused, bad.text
		}
		w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
		_, _ = io.WriteString(w, wire.RefundReply(answer)) // the caller is gone when this fails
	})
}

func (s *Sandbox) giveBack(f wire.Fields) *refusal {
	account := s.accounts[f["merchant_id"]+"01"]
	amount, err := wire.ParseYuan(f["amount"])
	switch {
	case account.Number == "":
		return refuse("N", "商户不存在")
	case !f.CheckRefundMAC(account.RefundKey):
		return refuse("N", "MAC 校验失败")
	case f["version"] != wire.VersionRefund || f["command_type"] != wire.CommandRefund:
		return refuse("N", "接口版本或操作类型不正确")
	case err != nil || amount == 0:
		return refuse("N", "退款金额不正确")
	case wire.CheckNumber("txOrder", f["txOrder"]) != nil:
		return refuse("N", "退款流水号不正确")
	}
	if _, err := wire.ParseTime(f["postdate"]); err != nil {
		return refuse("N", "退款提交时间不正确")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.book.orders[keyOf(account.Number, f["orderid"])]
	switch {
	case s.book.refunds[keyOf(account.Number, f["txOrder"])] != nil:
		return refuse("N", "退款流水号重复")
	case o == nil || o.status != statusPaid:
		return refuse("N", "原订单不存在或未支付")
	case amount > o.amount-o.refunded:
		return refuse("N", "退款金额超过可退金额")
	}
	back := &refund{of: o, number: f["txOrder"], seq: s.digits(10), amount: amount, at: s.now()}
	o.refunds, o.refunded = append(o.refunds, back), o.refunded+amount
	s.book.refunds[keyOf(account.Number, back.number)] = back
	s.book.listed = append(s.book.listed, back)
	return nil
}

// wallet is the buyers' side, as the phone sees it.
type wallet struct{ s *Sandbox }

func (w wallet) Scan(code, _ string) (string, error) {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	id := code[strings.LastIndexByte(code, '/')+1:]
	if s.book.byID[id] == nil {
		return "", fmt.Errorf("this code is not known: %w", sandboxkit.ErrNotFound)
	}
	return id, nil
}

func (w wallet) Waiting(string) []sandboxkit.Bill {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var bills []sandboxkit.Bill
	for _, o := range slices.Backward(s.book.all) {
		if o.settle(s.now()); o.status == statusWaiting {
			bills = append(bills, s.bill(o))
		}
	}
	return bills
}

func (w wallet) Bill(id, _ string) (sandboxkit.Bill, error) {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.book.byID[id]
	if o == nil {
		return sandboxkit.Bill{}, fmt.Errorf("order %s: %w", id, sandboxkit.ErrNotFound)
	}
	o.settle(s.now())
	return s.bill(o), nil
}

func (s *Sandbox) bill(o *order) sandboxkit.Bill {
	payee := s.accounts[o.form["merchantAcctId"]].Name
	if payee == "" {
		payee = o.form["merchantAcctId"]
	}
	return sandboxkit.Bill{
		ID: o.id, OrderNo: o.form["orderId"], Title: o.form["productName"], Payee: payee, Amount: "¥" + wire.FormatYuan(o.amount), Status: o.status, Waiting: o.status == statusWaiting,
	}
}

func (w wallet) Approve(id, _ string) (sandboxkit.Outcome, error) { return w.press(id, w.s.charge) }

func (w wallet) Decline(id, _ string) (sandboxkit.Outcome, error) { return w.press(id, w.s.turnAway) }

// press answers with where the browser goes next: to the address that the merchant's answer named, else to the order's pageUrl. [GEN] The real one posts the
// result there.
func (w wallet) press(id string, do func(*order) error) (sandboxkit.Outcome, error) {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.book.byID[id]
	if o == nil {
		return sandboxkit.Outcome{}, fmt.Errorf("order %s: %w", id, sandboxkit.ErrNotFound)
	}
	if err := do(o); err != nil {
		return sandboxkit.Outcome{}, err
	}
	next := o.redirect
	if next == "" {
		next = o.form["pageUrl"]
	}
	return sandboxkit.Outcome{Status: o.status, ReturnURL: next}, nil
}

// buttons is the control address' view of the book.
type buttons struct{ s *Sandbox }

func (b buttons) Orders() []sandboxkit.Order {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	orders := make([]sandboxkit.Order, 0, len(s.book.all))
	for _, o := range s.book.all {
		o.settle(s.now())
		view := sandboxkit.Order{OrderNo: o.form["orderId"], ProviderNo: o.dealID, Amount: o.amount, Currency: "CNY", Status: o.status}
		for _, r := range o.refunds {
			status := statusTaken
			if r.done(s.now(), s.cfg.RefundTakes) {
				status = statusRefunded
			}
			view.Refunds = append(view.Refunds, sandboxkit.Refund{RefundNo: r.number, Amount: r.amount, Status: status})
		}
		orders = append(orders, view)
	}
	return orders
}

func (b buttons) ApproveOrder(orderNo, _ string) error { return b.press(orderNo, b.s.charge) }

func (b buttons) DeclineOrder(orderNo, _ string) error { return b.press(orderNo, b.s.turnAway) }

func (b buttons) press(orderNo string, do func(*order) error) error {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.book.all, func(o *order) bool { return o.form["orderId"] == orderNo })
	if i < 0 {
		return fmt.Errorf("order %s: %w", orderNo, sandboxkit.ErrNotFound)
	}
	return do(s.book.all[i])
}
