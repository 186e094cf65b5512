package providertest

import (
	"net/http"

	"postern"
	"postern/provider"
)

// code is what a buyer of the simulator shows to the seller's scanner. With password, the order that it pays waits for the buyer.
func (p *trial) code(password bool) string {
	p.Helper()
	var out struct{ Code string }
	if status := p.control(http.MethodPost, "/codes", map[string]any{"password": password}, &out); status != http.StatusOK || out.Code == "" {
		p.Fatalf("the simulator's buyer shows no code: status %d", status)
	}
	return out.Code
}

// atCounter says that the product takes money by a code that the seller scans.
func atCounter(p *trial) bool { return p.product.NeedsAuthCode }

// reversible says that the product is undone by a reversal, and not by a close.
func reversible(p *trial) bool {
	_, ok := p.s.Connector.(provider.Reverser)
	return ok && p.product.ChargesAtOnce
}

// closable says that the product is closed.
func closable(p *trial) bool {
	_, ok := p.s.Connector.(provider.Closer)
	return ok && !reversible(p)
}

// scans: a code that asks for nothing is charged at once, and says so at once unless the product only takes orders in; one that asks for the buyer's password waits for it and is paid then; a code is good for one order only; what is no code
// is refused before a byte leaves.
func scans(p *trial) {
	o := p.order()
	o.AuthCode = p.code(false)
	r := p.s.Connector.Start(p.Context(), p.s.Call, o)
	first := r
	if p.product.AcceptsFirst {
		if r.State != provider.Pending || r.Class != provider.ClassNone || r.Money != nil || r.Action.Type != "" {
			p.Fatalf("taken in, and %+v", r)
		}
		first = p.query(o.Attempt)
	}
	if first.State != provider.Paid || first.Money == nil || first.Money.Amount != price || first.Money.TxnNo == "" || first.Money.PaidAt.IsZero() {
		p.Fatalf("charged at once, and %+v", first)
	}
	p.discreet(r.Exchange)
	if q := p.query(o.Attempt); q.State != provider.Paid || q.Money == nil || q.Money.TxnNo != first.Money.TxnNo {
		p.Errorf("the query says %+v", q)
	}
	again := p.order()
	again.AuthCode = o.AuthCode
	if r := p.s.Connector.Start(p.Context(), p.s.Call, again); r.State != provider.Failed || r.Class != provider.ClassDeclined {
		p.Errorf("a code was used twice: %+v", r)
	}
	a, m := p.paid()
	if m.Amount != price || m.TxnNo == "" {
		p.Errorf("after the password %s has %+v", a.Number, m)
	}
	counting := &tallied{Doer: p.s.Call.Env.HTTP}
	call := p.s.Call
	call.Env.HTTP = counting
	for _, bad := range []string{"", "12", "not a number at all", "9999999999999999999999999999999999999999"} {
		o := p.order()
		o.AuthCode = bad
		if r := p.s.Connector.Start(p.Context(), call, o); r.State != provider.Failed || r.Class != provider.ClassInvalid || r.Field != "auth_code" {
			p.Errorf("auth_code %q: %+v", bad, r)
		}
	}
	if counting.calls > 0 {
		p.Errorf("%d calls left for what is no code", counting.calls)
	}
}

// reverses: an order that waits is closed and cannot be paid any more; a paid one goes back whole, and says what had been taken; reversing again changes nothing; of an order that
// was never placed nobody says that money went back.
func reverses(p *trial) {
	reverser := p.s.Connector.(provider.Reverser)
	o, _ := p.start()
	for range 2 {
		r := p.undo(reverser, o.Attempt)
		if r.State != provider.ReverseClosed {
			p.Errorf("an order that waited: %+v", r)
		}
		p.discreet(r.Exchange)
	}
	if status := p.control(http.MethodPost, "/orders/"+o.Attempt.Number+"/approve", struct{}{}, nil); status != http.StatusConflict {
		p.Errorf("a reversed order was paid: status %d", status)
	}
	a, m := p.paid()
	for range 2 {
		r := p.undo(reverser, a)
		if r.State != provider.ReverseRefunded || r.Money == nil || r.Money.Amount != price || r.Money.TxnNo != m.TxnNo {
			p.Errorf("a paid order: %+v", r)
		}
	}
	if q := p.query(a); q.State == provider.Paid {
		p.Errorf("reversed, and still %+v", q)
	}
	if row, _ := p.book(a.Number); len(row.Refunds) > 1 {
		p.Errorf("the provider's own book has %+v", row.Refunds)
	}
	a.Number = postern.NewNumber(p.s.Clock.Now(), p.s.Call.Env.Rand)
	if r := p.undo(reverser, a); r.State == provider.ReverseRefunded || r.Money != nil {
		p.Errorf("an order that nobody placed: %+v", r)
	}
}

// undo reverses as the switch does: again at once where the provider asks for it.
func (p *trial) undo(reverser provider.Reverser, a postern.Attempt) provider.ReverseResult {
	p.Helper()
	r := reverser.Reverse(p.Context(), p.s.Call, a)
	for range 3 {
		if !r.Again {
			break
		}
		r = reverser.Reverse(p.Context(), p.s.Call, a)
	}
	return r
}

// lostReverses: a reversal without an answer is unknown, and reversing again settles it: closed if nobody had paid, given back once if somebody had.
func lostReverses(p *trial) {
	reverser := p.s.Connector.(provider.Reverser)
	for _, name := range lostFaults {
		o, _ := p.start()
		p.fault("reverse", name)
		if r := p.s.Connector.(provider.Reverser).Reverse(p.Context(), p.s.Call, o.Attempt); r.State != provider.ReverseUnknown {
			p.Errorf("%s: %+v", name, r)
		}
		p.used()
		if r := p.undo(reverser, o.Attempt); r.State != provider.ReverseClosed {
			p.Errorf("%s: reversed again: %+v", name, r)
		}
		a, m := p.paid()
		p.fault("reverse", name)
		if r := reverser.Reverse(p.Context(), p.s.Call, a); r.State != provider.ReverseUnknown {
			p.Errorf("%s, paid: %+v", name, r)
		}
		p.used()
		if r := p.undo(reverser, a); r.State != provider.ReverseRefunded || r.Money == nil || r.Money.TxnNo != m.TxnNo {
			p.Errorf("%s, paid: reversed again: %+v", name, r)
		}
	}
}
