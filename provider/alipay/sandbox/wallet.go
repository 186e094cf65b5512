package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// wallet is the buyers' side of the sandbox, as the phone sees it. A bill's ID is its trade_no.
type wallet struct{ s *Sandbox }

// Scan opens the trade behind a code for this buyer. [GEN] Another buyer who scans an unpaid code takes it over.
func (w wallet) Scan(code, payer string) (string, error) {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.book.byCode[code[strings.LastIndexByte(code, '/')+1:]]
	if o == nil {
		return "", fmt.Errorf("this code is not known: %w", sandboxkit.ErrNotFound)
	}
	if err := s.visit(o, payer); err != nil {
		return "", err
	}
	return o.tradeNo, nil
}

// visit lets a buyer reach an order: it creates the trade if there was only a code. Sandbox.mu is held.
func (s *Sandbox) visit(o *order, payer string) error {
	now, buyer := s.now(), userID(payer)
	o.settle(now)
	switch {
	case o.status == statusUnscanned && !now.Before(o.codeUntil):
		return fmt.Errorf("the code has expired: %w", sandboxkit.ErrConflict)
	case o.status == statusUnscanned:
		s.open(o, buyer, now)
	case o.status == wire.WaitBuyerPay && o.fixedBuyer && o.buyer != buyer && payer != "":
		return fmt.Errorf("ACQ.TRADE_BUYER_NOT_MATCH: the order is for another buyer: %w", sandboxkit.ErrConflict)
	case o.status == wire.WaitBuyerPay && !o.fixedBuyer && payer != "":
		o.buyer = buyer
	}
	return nil
}

func (w wallet) Waiting(payer string) []sandboxkit.Bill {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var bills []sandboxkit.Bill
	for _, o := range slices.Backward(s.book.all) {
		if o.settle(s.now()); o.status == wire.WaitBuyerPay && o.buyer == userID(payer) {
			bills = append(bills, o.bill(payer))
		}
	}
	return bills
}

func (w wallet) Bill(id, payer string) (sandboxkit.Bill, error) {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.book.byNo[id]
	if o == nil {
		return sandboxkit.Bill{}, fmt.Errorf("trade %s: %w", id, sandboxkit.ErrNotFound)
	}
	o.settle(s.now())
	return o.bill(payer), nil
}

func (o *order) bill(payer string) sandboxkit.Bill {
	payee := o.account.Name
	if payee == "" {
		payee = o.account.SellerID
	}
	return sandboxkit.Bill{
		ID: o.tradeNo, OrderNo: o.outTradeNo, Title: o.subject, Payee: payee, Amount: "¥" + wire.FormatYuan(o.amount), Status: o.status,
		Waiting: o.status == wire.WaitBuyerPay && (!o.fixedBuyer || o.buyer == userID(payer)),
	}
}

func (w wallet) Approve(id, payer string) (sandboxkit.Outcome, error) {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.book.byNo[id]
	if o == nil {
		return sandboxkit.Outcome{}, fmt.Errorf("trade %s: %w", id, sandboxkit.ErrNotFound)
	}
	return s.pay(o, payer)
}

// pay takes the money out of the buyer's wallet. Sandbox.mu is held.
func (s *Sandbox) pay(o *order, payer string) (sandboxkit.Outcome, error) {
	if err := s.visit(o, payer); err != nil {
		return sandboxkit.Outcome{}, err
	}
	if o.status != wire.WaitBuyerPay {
		return sandboxkit.Outcome{}, fmt.Errorf("the order is %s: %w", o.status, sandboxkit.ErrConflict)
	}
	left := s.balance(o.buyer) - o.amount
	if left < 0 {
		return sandboxkit.Outcome{}, fmt.Errorf("ACQ.BUYER_BALANCE_NOT_ENOUGH: %w", sandboxkit.ErrConflict)
	}
	s.book.wallet[o.buyer] = left
	o.status, o.paid = wire.TradeSuccess, s.now()
	s.notify(o, nil)
	return s.outcome(o, wire.ResultPaid)
}

// Decline leaves the trade as it is: at Alipay a buyer who turns away can come back until the order expires.
func (w wallet) Decline(id, payer string) (sandboxkit.Outcome, error) {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.book.byNo[id]
	if o == nil {
		return sandboxkit.Outcome{}, fmt.Errorf("trade %s: %w", id, sandboxkit.ErrNotFound)
	}
	return s.refuse(o, payer)
}

func (s *Sandbox) refuse(o *order, payer string) (sandboxkit.Outcome, error) {
	if err := s.visit(o, payer); err != nil {
		return sandboxkit.Outcome{}, err
	}
	if o.status != wire.WaitBuyerPay {
		return sandboxkit.Outcome{}, fmt.Errorf("the order is %s: %w", o.status, sandboxkit.ErrConflict)
	}
	return s.outcome(o, wire.ResultCanceled)
}

// outcome says where the buyer goes: page orders back to the shop, JSAPI orders to the script that called the bridge.
func (s *Sandbox) outcome(o *order, result string) (sandboxkit.Outcome, error) {
	out := sandboxkit.Outcome{Status: o.status}
	var err error
	switch {
	case o.op == opApp || o.op == opMini: // the app or the mini program that called the wallet goes on
	case o.op == opJSAPI:
		out.Message = map[string]string{"resultCode": result}
	case o.op == opNative || o.op == opBarcode: // the buyer stays in the wallet
	case result == wire.ResultPaid:
		out.ReturnURL, err = s.returnAddress(o, s.now())
	case o.quitURL != "":
		out.ReturnURL = o.quitURL
	default:
		out.ReturnURL = o.returnURL
	}
	return out, err
}

// buttons is the control address' view of the book. Orders are named by out_trade_no, whatever the seller.
type buttons struct{ s *Sandbox }

func (b buttons) Orders() []sandboxkit.Order {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	orders := make([]sandboxkit.Order, 0, len(s.book.all))
	for _, o := range s.book.all {
		o.settle(s.now())
		view := sandboxkit.Order{OrderNo: o.outTradeNo, ProviderNo: o.tradeNo, Amount: o.amount, Currency: "CNY", Status: o.status}
		for _, r := range o.refunds {
			view.Refunds = append(view.Refunds, sandboxkit.Refund{RefundNo: r.no, Amount: r.amount, Status: wire.RefundSuccess})
		}
		orders = append(orders, view)
	}
	return orders
}

func (b buttons) ApproveOrder(orderNo, payer string) error {
	return b.press(orderNo, payer, (*Sandbox).pay)
}

func (b buttons) DeclineOrder(orderNo, payer string) error {
	return b.press(orderNo, payer, (*Sandbox).refuse)
}

func (b buttons) press(orderNo, payer string, do func(*Sandbox, *order, string) (sandboxkit.Outcome, error)) error {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var found *order
	for _, seller := range s.sellers {
		if o := s.book.byOut[seller+"/"+orderNo]; o != nil && o != found {
			if found != nil {
				return fmt.Errorf("order %s exists at two sellers: %w", orderNo, sandboxkit.ErrConflict)
			}
			found = o
		}
	}
	if found == nil {
		return fmt.Errorf("order %s: %w", orderNo, sandboxkit.ErrNotFound)
	}
	_, err := do(s, found, payer)
	return err
}
