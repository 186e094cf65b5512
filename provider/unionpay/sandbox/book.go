package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/unionpay/wire"
)

// Our words for what an order or a refund is: UnionPay itself knows response codes only.
const (
	statusWaiting  = "WAITING"
	statusPaid     = "PAID"
	statusExpired  = "EXPIRED"
	statusReversed = "REVERSED"
	statusAccepted = "ACCEPTED"
	statusRefunded = "REFUNDED"
)

// refundTakes is how long an accepted refund or undo is under way. [GEN]
const refundTakes = 5 * time.Second

// order is one order. The times and amounts are the simulated network's own.
type order struct {
	id       string // tn, code and phone id
	op       string
	request  wire.Message
	terms    string
	amount   int64 // fen
	status   string
	queryID  string
	traceNo  string
	created  time.Time
	expires  time.Time
	paid     time.Time
	reversed time.Time // when it was taken back after it had been paid; zero else
	buyer    string
	refunds  []*refund
	refunded int64
}

// refund is a transaction of its own with its own number: a refund, or an undo of the whole order.
type refund struct {
	of      *order
	request wire.Message
	amount  int64
	queryID string
	traceNo string
	at      time.Time
}

func (r *refund) status(now time.Time) string {
	if now.Before(r.at.Add(refundTakes)) {
		return statusAccepted
	}
	return statusRefunded
}

// book is every order and refund. Sandbox.mu guards it.
type book struct {
	all     []*order
	orders  map[string]*order  // by merchant, number and time
	refunds map[string]*refund // likewise
	byID    map[string]*order
	byQuery map[string]*order
	shown   map[string]*shownCode
}

func newBook() book {
	return book{orders: map[string]*order{}, refunds: map[string]*refund{}, byID: map[string]*order{}, byQuery: map[string]*order{}, shown: map[string]*shownCode{}}
}

func key(m wire.Message) string { return m["merId"] + "/" + m["orderId"] + "/" + m["txnTime"] }

// termsOf is what must not change when an order is sent again.
func termsOf(m wire.Message) string {
	return m["txnAmt"] + "/" + m["currencyCode"] + "/" + m["backUrl"]
}

func (b *book) add(o *order) {
	b.all = append(b.all, o)
	b.orders[key(o.request)], b.byID[o.id] = o, o
}

// settle lets time pass over an order.
func (o *order) settle(now time.Time) {
	if o.status == statusWaiting && !now.Before(o.expires) {
		o.status = statusExpired
	}
}

// query answers what became of an order or a refund.
func (s *Sandbox) query(m, answer wire.Message) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if r := s.book.refunds[key(m)]; r != nil {
		s.tellRefund(r, answer)
		answer["origRespCode"], answer["origRespMsg"] = "05", "交易已受理，请稍后查询交易结果[0000005]"
		if r.status(now) == statusRefunded {
			answer["origRespCode"], answer["origRespMsg"] = "00", "成功[0000000]"
		}
		return nil
	}
	o := s.book.orders[key(m)]
	if o == nil {
		return refuse("34", "查无此交易", "2600000")
	}
	o.settle(now)
	s.tell(o, answer)
	switch o.status {
	case statusPaid:
		answer["origRespCode"], answer["origRespMsg"] = "00", "成功[0000000]"
	case statusReversed: // [GEN] what is said of a reversed order is attested nowhere
		answer["origRespCode"], answer["origRespMsg"] = "46", "交易已被冲正[9100021]"
	case statusExpired:
		answer["origRespCode"], answer["origRespMsg"] = "01", "交易失败，订单已超时[2011001]"
	default:
		answer["origRespCode"], answer["origRespMsg"] = "70", "交易处理中，等待持卡人付款[0000070]"
	}
	return nil
}

// tell fills in what an answer or a notification says of an order.
func (s *Sandbox) tell(o *order, m wire.Message) {
	for _, name := range []string{"txnType", "txnSubType", "bizType", "txnAmt", "currencyCode", "orderId", "txnTime", "merId"} {
		m[name] = o.request[name]
	}
	if o.status == statusPaid || !o.reversed.IsZero() {
		trace(m, o.queryID, o.traceNo, o.paid, o.amount)
		m["accNo"], m["payCardType"], m["payType"] = "6226********0048", "01", "0002"
	}
}

func (s *Sandbox) tellRefund(r *refund, m wire.Message) {
	for _, name := range []string{"txnType", "txnSubType", "bizType", "txnAmt", "orderId", "txnTime", "merId"} {
		m[name] = r.request[name]
	}
	m["currencyCode"], m["origQryId"] = wire.CurrencyCN, r.of.queryID
	trace(m, r.queryID, r.traceNo, r.at, r.amount)
}

func trace(m wire.Message, queryID, traceNo string, at time.Time, amount int64) {
	day := at.In(wire.Beijing)
	m["queryId"], m["traceNo"], m["traceTime"] = queryID, traceNo, day.Format("0102150405")
	m["settleDate"], m["settleCurrencyCode"], m["settleAmt"] = day.Add(time.Hour).Format("0102"), wire.CurrencyCN, wire.FormatAmount(amount)
}

// queryNo is a transaction number: the time, a trace number and a check digit.
func (s *Sandbox) queryNo(now time.Time) string {
	return now.In(wire.Beijing).Format("20060102150405") + s.digits(7)
}

// pay takes the money. Sandbox.mu is held.
func (s *Sandbox) pay(o *order, payer string) error {
	now := s.now()
	if o.settle(now); o.status != statusWaiting {
		return fmt.Errorf("the order is %s: %w", o.status, sandboxkit.ErrConflict)
	}
	o.status, o.paid, o.buyer, o.queryID, o.traceNo = statusPaid, now, payer, s.queryNo(now), s.digits(6)
	s.book.byQuery[o.queryID] = o
	s.notify(o.request, "pay", 0, func(n wire.Message) { s.tell(o, n) })
	return nil
}

// notify queues a notification to the address that the request named; fill writes its content when it is due.
func (s *Sandbox) notify(request wire.Message, what string, wait time.Duration, fill func(wire.Message)) {
	if request["backUrl"] == "" {
		return
	}
	err := s.courier.Send(sandboxkit.Delivery{
		ID: "unionpay/" + what + "/" + request["orderId"], URL: request["backUrl"], After: wait,
		Build: func(int, time.Time) (http.Header, []byte, error) {
			n := s.echo(request)
			s.mu.Lock()
			fill(n)
			s.mu.Unlock()
			n["respCode"], n["respMsg"] = "00", "成功[0000000]"
			_, spoiled := s.faults.Take(sandboxkit.OpNotify, sandboxkit.WrongSignature)
			if err := s.seal(request, n, spoiled); err != nil {
				return nil, nil, err
			}
			return http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=UTF-8"}}, []byte(n.Encode()), nil
		},
		Accept: func(status int, _ []byte) bool { return status == http.StatusOK || status == http.StatusFound },
	})
	if err != nil {
		s.cfg.Log.Error("notification not queued", "order", request["orderId"], "reason", err)
	}
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
	payee := s.accounts[o.request["merId"]].Name
	if payee == "" {
		payee = o.request["merId"]
	}
	return sandboxkit.Bill{
		ID: o.id, OrderNo: o.request["orderId"], Title: o.request["orderDesc"], Payee: payee, Amount: fmt.Sprintf("¥%d.%02d", o.amount/100, o.amount%100), Status: o.status,
		Waiting: o.status == statusWaiting,
	}
}

func (w wallet) Approve(id, payer string) (sandboxkit.Outcome, error) {
	return w.press(id, func(o *order) error { return w.s.pay(o, payer) })
}

// Decline leaves the order as it is: a buyer who turns away can come back until it expires.
func (w wallet) Decline(id, _ string) (sandboxkit.Outcome, error) {
	return w.press(id, func(o *order) error { return w.s.turnAway(o) })
}

func (s *Sandbox) turnAway(o *order) error {
	if o.settle(s.now()); o.status != statusWaiting {
		return fmt.Errorf("the order is %s: %w", o.status, sandboxkit.ErrConflict)
	}
	return nil
}

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
	return sandboxkit.Outcome{Status: o.status, ReturnURL: o.request["frontUrl"]}, nil
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
		view := sandboxkit.Order{OrderNo: o.request["orderId"], ProviderNo: o.queryID, Amount: o.amount, Currency: "CNY", Status: o.status}
		for _, r := range o.refunds {
			view.Refunds = append(view.Refunds, sandboxkit.Refund{RefundNo: r.request["orderId"], Amount: r.amount, Status: r.status(s.now())})
		}
		if !o.reversed.IsZero() { // a reversal has no number of its own
			view.Refunds = append(view.Refunds, sandboxkit.Refund{RefundNo: o.request["orderId"], Amount: o.amount, Status: statusRefunded})
		}
		orders = append(orders, view)
	}
	return orders
}

func (b buttons) ApproveOrder(orderNo, payer string) error {
	return b.press(orderNo, func(o *order) error { return b.s.pay(o, payer) })
}

func (b buttons) DeclineOrder(orderNo, _ string) error {
	return b.press(orderNo, func(o *order) error { return b.s.turnAway(o) })
}

func (b buttons) press(orderNo string, do func(*order) error) error {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.book.all, func(o *order) bool { return o.request["orderId"] == orderNo })
	if i < 0 {
		return fmt.Errorf("order %s: %w", orderNo, sandboxkit.ErrNotFound)
	}
	return do(s.book.all[i])
}
