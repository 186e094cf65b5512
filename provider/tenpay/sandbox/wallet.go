package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/tenpay/wire"
)

// take takes the money. Sandbox.mu is held.
func (s *Sandbox) take(o *order, payer string) error {
	now := s.now()
	if o.settle(now); o.status != statusWaiting {
		return fmt.Errorf("the order is %s: %w", o.status, sandboxkit.ErrConflict)
	}
	if payer == "" {
		payer = DefaultBuyer
	}
	o.status, o.paid, o.buyer = statusPaid, now, payer
	o.txnNo, o.billNo = o.request["partner"]+now.In(wire.Beijing).Format("20060102")+s.digits(10), s.digits(12)
	s.book.byTxn[o.txnNo] = o
	s.notify(o)
	return nil
}

// turnAway leaves the order as it is: a buyer who turns away can come back until it expires.
func (s *Sandbox) turnAway(o *order) error {
	if o.settle(s.now()); o.status != statusWaiting {
		return fmt.Errorf("the order is %s: %w", o.status, sandboxkit.ErrConflict)
	}
	return nil
}

// notify queues a notification. Each send has an id of its own, which can be asked back for ten minutes. [GEN] whether a repeat has the first one's is not attested.
func (s *Sandbox) notify(o *order) {
	err := s.courier.Send(sandboxkit.Delivery{
		ID: "tenpay/pay/" + o.request["out_trade_no"], URL: o.request["notify_url"],
		Build: func(_ int, now time.Time) (http.Header, []byte, error) {
			s.mu.Lock()
			n := wire.Params{
				"sign_type": wire.SignType, "service_version": wire.Version, "input_charset": o.request["input_charset"], "sign_key_index": wire.KeyIndex,
				"partner": o.request["partner"], "notify_id": s.digits(40),
			}
			o.tell(n)
			s.book.notified[n["notify_id"]] = notified{of: o, at: now}
			maps.DeleteFunc(s.book.notified, func(_ string, old notified) bool { return now.After(old.at.Add(24 * time.Hour)) })
			s.mu.Unlock()
			_, spoiled := s.faults.Take(sandboxkit.OpNotify, sandboxkit.WrongSignature)
			s.seal(n, spoiled)
			body, err := n.Encode()
			return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(body), err
		},
		Accept: func(_ int, body []byte) bool { return strings.TrimSpace(string(body)) == wire.Acknowledged },
	})
	if err != nil {
		s.cfg.Log.Error("notification not queued", "order", o.request["out_trade_no"], "reason", err)
	}
}

// wallet is the buyers' side, as the phone sees it.
type wallet struct{ s *Sandbox }

func (w wallet) Scan(string, string) (string, error) {
	return "", fmt.Errorf("this wallet scans no codes: %w", sandboxkit.ErrNotFound)
}

func (w wallet) Waiting(string) []sandboxkit.Bill {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var bills []sandboxkit.Bill
	for _, o := range slices.Backward(s.book.all) {
		if o.settle(s.now()); o.status == statusWaiting {
			bills = append(bills, s.view(o))
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
	return s.view(o), nil
}

func (s *Sandbox) view(o *order) sandboxkit.Bill {
	payee := s.accounts[o.request["partner"]].Name
	if payee == "" {
		payee = o.request["partner"]
	}
	return sandboxkit.Bill{
		ID: o.id, OrderNo: o.request["out_trade_no"], Title: o.request["body"], Payee: payee, Amount: "¥" + wire.FormatYuan(o.amount), Status: o.status, Waiting: o.status == statusWaiting,
	}
}

func (w wallet) Approve(id, payer string) (sandboxkit.Outcome, error) {
	return w.press(id, func(o *order) error { return w.s.take(o, payer) })
}

func (w wallet) Decline(id, _ string) (sandboxkit.Outcome, error) { return w.press(id, w.s.turnAway) }

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
	return sandboxkit.Outcome{Status: o.status, ReturnURL: o.request["return_url"]}, nil
}

func (b buttons) ApproveOrder(orderNo, payer string) error {
	return b.press(orderNo, func(o *order) error { return b.s.take(o, payer) })
}

func (b buttons) DeclineOrder(orderNo, _ string) error { return b.press(orderNo, b.s.turnAway) }

func (b buttons) press(orderNo string, do func(*order) error) error {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.book.all, func(o *order) bool { return o.request["out_trade_no"] == orderNo })
	if i < 0 {
		return fmt.Errorf("order %s: %w", orderNo, sandboxkit.ErrNotFound)
	}
	return do(s.book.all[i])
}
