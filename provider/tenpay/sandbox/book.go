package sandbox

import (
	"strconv"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/tenpay/wire"
)

// Our words for what an order or a refund is: TenPay itself has numbers.
const (
	statusWaiting    = "WAITING"
	statusPaid       = "PAID"
	statusExpired    = "EXPIRED"
	statusProcessing = "PROCESSING"
	statusRefunded   = "REFUNDED"
)

// tradeWaiting is the trade_state of an order that nobody has paid. Only 0, paid, is attested. [GEN]
const tradeWaiting = "1"

// refundTakes is how long an accepted refund is under way. [GEN]
const refundTakes = 5 * time.Second

// order is one order. The times and amounts are the simulated TenPay's own.
type order struct {
	id       string // names it on the phone
	request  wire.Params
	amount   int64 // fen
	status   string
	txnNo    string
	billNo   string // the bank's number
	buyer    string
	created  time.Time
	expires  time.Time
	paid     time.Time
	refunds  []*refund
	refunded int64
}

type refund struct {
	number string // the merchant's
	id     string // TenPay's
	amount int64
	at     time.Time
}

func (r *refund) done(now time.Time) bool { return !now.Before(r.at.Add(refundTakes)) }

// notified is a notification that can be asked back.
type notified struct {
	of *order
	at time.Time
}

// book is every order and refund. Sandbox.mu guards it.
type book struct {
	all      []*order
	orders   map[string]*order // by partner and number
	byID     map[string]*order
	byTxn    map[string]*order
	notified map[string]notified // by notify_id
}

func newBook() book {
	return book{orders: map[string]*order{}, byID: map[string]*order{}, byTxn: map[string]*order{}, notified: map[string]notified{}}
}

func key(partner, number string) string { return partner + "/" + number }

// core is what must not change when an order is sent again.
func core(p wire.Params) string {
	return p["total_fee"] + "/" + p["fee_type"] + "/" + p["body"] + "/" + p["notify_url"]
}

func (o *order) core() string { return core(o.request) }

func (b *book) add(o *order) {
	b.all = append(b.all, o)
	b.orders[key(o.request["partner"], o.request["out_trade_no"])], b.byID[o.id] = o, o
}

// settle lets time pass over an order.
func (o *order) settle(now time.Time) {
	if o.status == statusWaiting && !now.Before(o.expires) {
		o.status = statusExpired
	}
}

// find is the order that a request names; transaction_id wins over out_trade_no.
func (s *Sandbox) find(p wire.Params) *order {
	o := s.book.orders[key(p["partner"], p["out_trade_no"])]
	if p["transaction_id"] != "" {
		o = s.book.byTxn[p["transaction_id"]]
	}
	if o == nil || o.request["partner"] != p["partner"] {
		return nil
	}
	return o
}

// tell fills in what an answer or a notification says of an order.
func (o *order) tell(p wire.Params) {
	p["out_trade_no"], p["trade_mode"], p["trade_state"] = o.request["out_trade_no"], wire.TradeInstant, tradeWaiting
	p["total_fee"], p["fee_type"], p["attach"] = o.request["total_fee"], wire.FeeType, o.request["attach"]
	if o.status != statusPaid {
		return
	}
	p["trade_state"], p["transaction_id"], p["bank_type"], p["bank_billno"] = wire.TradePaid, o.txnNo, "CMB", o.billNo
	p["time_end"], p["transport_fee"], p["product_fee"], p["discount"], p["buyer_alias"] = wire.FormatTime(o.paid), "0", o.request["total_fee"], "0", o.buyer
}

// query answers what became of an order.
func (s *Sandbox) query(p, answer wire.Params) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(p)
	if o == nil || s.now().After(o.created.Add(wire.QueryLife)) {
		return &refusal{wire.RetNoOrder, "交易单不存在"}
	}
	o.settle(s.now())
	o.tell(answer)
	answer["is_split"], answer["is_refund"] = "false", strconv.FormatBool(len(o.refunds) > 0)
	return nil
}

// confirm answers whether a notification was ours, for ten minutes.
func (s *Sandbox) confirm(p, answer wire.Params) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.book.notified[p["notify_id"]]
	switch {
	case !known || n.of.request["partner"] != p["partner"]:
		return &refusal{retNoNotify, "通知 id 不存在"}
	case s.now().After(n.at.Add(wire.NotifyLife)):
		return &refusal{wire.RetExpired, "通知 id 超时"}
	}
	n.of.tell(answer)
	return nil
}

// refund accepts a refund. The same number with the same amount is the same refund.
func (s *Sandbox) refund(p, answer wire.Params) *refusal {
	amount, err := wire.ParseFen(p["refund_fee"])
	if err != nil || amount == 0 || wire.CheckNumber("", p["out_refund_no"]) != nil || p["service_version"] != wire.RefundVersion || p["op_user_id"] == "" {
		return &refusal{retBadForm, "参数格式错误"}
	}
	if p["op_user_passwd"] != wire.Password(s.accounts[p["partner"]].Password) {
		return &refusal{retPassword, "操作员密码错误"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(p)
	if o == nil || o.status != statusPaid || p["total_fee"] != o.request["total_fee"] {
		return &refusal{wire.RetNoOrder, "交易单不存在"}
	}
	r := s.sameRefund(o, p["out_refund_no"])
	switch {
	case r != nil && r.amount != amount:
		return &refusal{retOtherData, "退款信息与原退款不一致"}
	case r == nil && amount > o.amount-o.refunded:
		return &refusal{retAmount, "退款金额超限"}
	case r == nil:
		now := s.now()
		r = &refund{number: p["out_refund_no"], id: "109" + o.txnNo[:10] + now.In(wire.Beijing).Format("20060102") + s.digits(7), amount: amount, at: now}
		o.refunds, o.refunded = append(o.refunds, r), o.refunded+amount
	}
	answer["transaction_id"], answer["out_trade_no"], answer["out_refund_no"], answer["refund_id"] = o.txnNo, o.request["out_trade_no"], r.number, r.id
	answer["refund_channel"], answer["refund_fee"], answer["refund_status"] = "0", wire.FormatFen(r.amount), s.refundState(r)
	return nil
}

func (s *Sandbox) sameRefund(o *order, number string) *refund {
	for _, r := range o.refunds {
		if r.number == number {
			return r
		}
	}
	return nil
}

func (s *Sandbox) refundState(r *refund) string {
	if r.done(s.now()) {
		return "4"
	}
	return "8"
}

// queryRefunds lists the refunds of a payment; none is an empty list. [GEN]
func (s *Sandbox) queryRefunds(p, answer wire.Params) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(p)
	if o == nil || o.status != statusPaid {
		return &refusal{wire.RetNoOrder, "交易单不存在"}
	}
	answer["transaction_id"], answer["out_trade_no"], answer["refund_count"] = o.txnNo, o.request["out_trade_no"], strconv.Itoa(len(o.refunds))
	for i, r := range o.refunds {
		n := "_" + strconv.Itoa(i)
		answer["out_refund_no"+n], answer["refund_id"+n], answer["refund_channel"+n] = r.number, r.id, "0"
		answer["refund_fee"+n], answer["refund_state"+n] = wire.FormatFen(r.amount), s.refundState(r)
	}
	return nil
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
		view := sandboxkit.Order{OrderNo: o.request["out_trade_no"], ProviderNo: o.txnNo, Amount: o.amount, Currency: "CNY", Status: o.status}
		for _, r := range o.refunds {
			status := statusProcessing
			if r.done(s.now()) {
				status = statusRefunded
			}
			view.Refunds = append(view.Refunds, sandboxkit.Refund{RefundNo: r.number, Amount: r.amount, Status: status})
		}
		orders = append(orders, view)
	}
	return orders
}
