package providertest

import (
	"slices"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
)

// scenarios are the promises that are kept or broken product by product, in the order of the matrix.
func scenarios() []scenario {
	return []scenario{
		{name: "start", try: starts},
		{name: "query", try: queries},
		{name: "decline", try: declines},
		{name: "expiry", try: expires},
		{name: "scan", can: atCounter, try: scans},
		{name: "close", can: closable, try: closes},
		{name: "reverse", can: reversible, try: reverses},
		{name: "refund", can: can[provider.Refunder], try: refunds},
		{name: "refund query", can: can[provider.RefundQuerier], try: refundQueries},
		{name: "notification", can: notified, try: notifies},
		{name: "forgery", can: notified, try: forgeries},
		{name: "confirmation", can: can[provider.NotifyConfirmer], try: confirms},
		{name: "lost start", can: func(p *trial) bool { return !p.product.BrowserStart }, try: lostStarts},
		{name: "lost query", try: lostQueries},
		{name: "lost close", can: closable, try: lostCloses},
		{name: "lost reverse", can: reversible, try: lostReverses},
		{name: "lost refund", can: can[provider.Refunder], try: lostRefunds},
		{name: "limits", try: limits},
		{name: "wrong key", can: func(p *trial) bool { return !p.product.BrowserStart }, try: wrongKeys},
	}
}

// can says that the connector has a capability.
func can[T any](p *trial) bool {
	_, ok := p.s.Connector.(T)
	return ok
}

// notified says that the provider tells of payments of the product.
func notified(p *trial) bool { return can[provider.Notifiable](p) && !p.product.Silent }

// price is what every order costs, in minor units.
const price = 6800

// starts: an order is accepted and answers with the action that the description promises.
func starts(p *trial) {
	_, r := p.start()
	if string(r.Action.Type) != p.product.Action {
		p.Errorf("the action is %q, the description says %q", r.Action.Type, p.product.Action)
	}
	if r.Class != provider.ClassNone || r.Money != nil {
		p.Errorf("an order that waits has class %q and money %v", r.Class, r.Money)
	}
}

// queries: an order that waits is pending or not there yet; a paid one says how much, once and for all; one that was never placed is absent.
func queries(p *trial) {
	o, r := p.start()
	if q := p.query(o.Attempt); q.State != provider.Pending && q.State != provider.Absent {
		p.Errorf("nobody has paid, and the order is %s", q.State)
	}
	p.reach(r)
	p.press(o.Attempt.Number, "approve")
	first, second := p.query(o.Attempt), p.query(o.Attempt)
	if first.State != provider.Paid || second.State != provider.Paid || first.Money == nil || second.Money == nil {
		p.Fatalf("a paid order is %+v, then %+v", first, second)
	}
	if m := *first.Money; m.Amount != price || m.Currency != o.Attempt.Currency || m.TxnNo == "" || m.PaidAt.IsZero() || m.TxnNo != second.Money.TxnNo {
		p.Errorf("the money is %+v, then %+v", m, *second.Money)
	}
	never := o.Attempt
	never.Number = postern.NewNumber(p.s.Clock.Now(), p.s.Call.Env.Rand)
	if q := p.query(never); q.State != provider.Absent {
		p.Errorf("an order that nobody placed is %s", q.State)
	}
}

// declines: a buyer who declines has not paid, and may think better of it or not; money is never reported.
func declines(p *trial) {
	o, r := p.start()
	p.reach(r)
	p.press(o.Attempt.Number, "decline")
	if q := p.query(o.Attempt); q.State == provider.Paid || q.Money != nil {
		p.Errorf("declined, and yet %+v", q)
	}
}

// expires: past the expiry that was sent with it nobody can pay the order, and a query does not call it paid or failed.
func expires(p *trial) {
	o, r := p.start()
	p.reach(r)
	p.s.Clock.Advance(16 * time.Minute)
	p.s.RunDue(p.Context())
	if q := p.query(o.Attempt); q.State != provider.Closed && q.State != provider.Absent && q.State != provider.Pending {
		p.Errorf("expired, and %s", q.State)
	}
	if status := p.control("POST", "/orders/"+o.Attempt.Number+"/approve", struct{}{}, nil); status != 409 {
		p.Errorf("an expired order was paid: status %d", status)
	}
}

// closes: a closed order cannot be paid; closing again changes nothing; a paid order says so; one that was never placed is absent, or closed where the
// provider closes numbers that it does not know.
func closes(p *trial) {
	closer := p.s.Connector.(provider.Closer)
	o, r := p.start()
	p.reach(r)
	for range 2 {
		if c := closer.Close(p.Context(), p.s.Call, o.Attempt); c.State != provider.CloseDone && c.State != provider.CloseAbsent {
			p.Errorf("close: %+v", c)
		}
	}
	if q := p.query(o.Attempt); q.State != provider.Closed && q.State != provider.Absent {
		p.Errorf("closed, and %s", q.State)
	}
	a, _ := p.paid()
	if c := closer.Close(p.Context(), p.s.Call, a); c.State != provider.CloseAlreadyPaid {
		p.Errorf("closing a paid order: %+v", c)
	}
	a.Number = postern.NewNumber(p.s.Clock.Now(), p.s.Call.Env.Rand)
	if c := closer.Close(p.Context(), p.s.Call, a); c.State != provider.CloseAbsent && c.State != provider.CloseDone {
		p.Errorf("closing an order that nobody placed: %+v", c)
	}
}

// back asks for a refund of a paid attempt, in minor units.
func (p *trial) back(a postern.Attempt, m provider.Money, amount int64) provider.RefundRequest {
	return provider.RefundRequest{
		Refund:  postern.Refund{Number: postern.NewNumber(p.s.Clock.Now(), p.s.Call.Env.Rand), Amount: amount, Currency: a.Currency, Reason: "一盒碎了", CreatedAt: p.s.Clock.Now()},
		Attempt: a, TxnNo: m.TxnNo, Total: a.Amount, NotifyURL: p.s.NotifyURL,
	}
}

// refunds: the same number refunds once however often it is sent; more than was paid never goes back.
func refunds(p *trial) {
	refunder := p.s.Connector.(provider.Refunder)
	a, m := p.paid()
	r := p.back(a, m, 2000)
	for range 2 {
		got := refunder.Refund(p.Context(), p.s.Call, r)
		if got.State != provider.RefundDone && got.State != provider.RefundPending {
			p.Fatalf("refund: %+v", got)
		}
		p.discreet(got.Exchange)
	}
	p.settle()
	if o, _ := p.book(a.Number); len(o.Refunds) != 1 || o.Refunds[0].Amount != 2000 {
		p.Errorf("the provider's own book has %+v", o.Refunds)
	}
	more := refunder.Refund(p.Context(), p.s.Call, p.back(a, m, price-1999))
	if more.State == provider.RefundDone || more.State == provider.RefundPending {
		p.Errorf("more than was paid went back: %+v", more)
	}
	if o, _ := p.book(a.Number); len(o.Refunds) != 1 {
		p.Errorf("the provider's own book has %+v", o.Refunds)
	}
}

// settle lets time pass until refunds are done and deliveries made.
func (p *trial) settle() {
	for range 3 {
		p.s.Clock.Advance(time.Minute)
		p.s.RunDue(p.Context())
	}
}

// refundQueries: a refund is found by its number with its amount; a number that was never sent is absent.
func refundQueries(p *trial) {
	refunder, ok := p.s.Connector.(provider.Refunder)
	if !ok {
		p.Fatal("a refund querier that cannot refund")
	}
	querier := p.s.Connector.(provider.RefundQuerier)
	a, m := p.paid()
	r := p.back(a, m, 2000)
	if got := refunder.Refund(p.Context(), p.s.Call, r); got.State != provider.RefundDone && got.State != provider.RefundPending {
		p.Fatalf("refund: %+v", got)
	}
	p.settle()
	if got := querier.QueryRefund(p.Context(), p.s.Call, r); got.State != provider.RefundDone || got.Amount != 2000 && got.Amount != 0 {
		p.Errorf("the refund is %+v", got)
	}
	if got := querier.QueryRefund(p.Context(), p.s.Call, p.back(a, m, 100)); got.State != provider.RefundAbsent {
		p.Errorf("a refund that nobody sent is %+v", got)
	}
}

// limits: what the provider documents as impossible is refused before a byte leaves, naming the field.
func limits(p *trial) {
	counting := &tallied{Doer: p.s.Call.Env.HTTP}
	call := p.s.Call
	call.Env.HTTP = counting
	cases := map[string]func(*provider.StartRequest){
		"amount":   func(r *provider.StartRequest) { r.Attempt.Amount = 0 },
		"currency": func(r *provider.StartRequest) { r.Attempt.Currency = "XTS" },
		"product":  func(r *provider.StartRequest) { r.Attempt.Product = "carrier-pigeon" },
		"number":   func(r *provider.StartRequest) { r.Attempt.Number = "no spaces allowed" },
	}
	if p.product.NeedsPayer {
		cases["payer_id"] = func(r *provider.StartRequest) { r.PayerID = "" }
	}
	for field, spoil := range cases {
		o := p.order()
		spoil(&o)
		r := p.s.Connector.Start(p.Context(), call, o)
		if r.State != provider.Failed || r.Class != provider.ClassInvalid || r.Field != field || r.Message == "" {
			p.Errorf("%s: %+v", field, r)
		}
	}
	if counting.calls > 0 {
		p.Errorf("%d calls left for orders that cannot be", counting.calls)
	}
}

// wrongKeys: an order signed with somebody else's key is never placed, and the answer is never believed to say that it was.
func wrongKeys(p *trial) {
	o := p.order()
	r := p.s.Connector.Start(p.Context(), p.s.Stranger, o)
	if r.State != provider.Failed && r.State != provider.Unknown || r.Action.Type != "" && r.Action.Type != postern.ActionNone {
		p.Errorf("with a stranger's key: %+v", r)
	}
	if _, there := p.book(o.Attempt.Number); there {
		p.Error("the provider placed an order that a stranger signed")
	}
}

// lostFaults are the ways in which an answer does not come or cannot be believed.
var lostFaults = []string{sandboxkit.DropRequest, sandboxkit.DropResponse, sandboxkit.Error500, sandboxkit.ErrorAfterEffect, sandboxkit.WrongSignature}

// lostStarts: without an answer that can be believed a start is unknown, and the order is asked after; only a request that never left proves that nothing
// happened.
func lostStarts(p *trial) {
	for _, name := range lostFaults {
		o := p.order()
		p.fault(p.product.Code, name)
		if r := p.s.Connector.Start(p.Context(), p.s.Call, o); r.State != provider.Unknown || r.Class.MayFailOver() {
			p.Errorf("%s: %+v", name, r)
		}
		p.used()
		if q := p.query(o.Attempt); q.State != provider.Pending && q.State != provider.Absent {
			p.Errorf("%s: then the order is %s", name, q.State)
		}
	}
	call := p.s.Call
	call.Env.HTTP = refusing{}
	if r := p.s.Connector.Start(p.Context(), call, p.order()); r.State != provider.Failed || !r.Class.MayFailOver() {
		p.Errorf("nothing was sent: %+v", r)
	}
}

// lostQueries: a query without an answer says nothing about the order.
func lostQueries(p *trial) {
	a, _ := p.paid()
	for _, name := range lostFaults {
		p.fault("query", name)
		if q := p.query(a); q.State != provider.Unknown || q.Money != nil {
			p.Errorf("%s: %+v", name, q)
		}
		p.used()
	}
	call := p.s.Call
	call.Env.HTTP = refusing{}
	if q := p.s.Connector.Query(p.Context(), call, a); q.State != provider.Unknown {
		p.Errorf("nothing was sent: %+v", q)
	}
}

// lostCloses: a close without an answer is unknown, and closing again settles it.
func lostCloses(p *trial) {
	closer := p.s.Connector.(provider.Closer)
	for _, name := range lostFaults {
		o, r := p.start()
		p.reach(r)
		p.fault("close", name)
		if c := closer.Close(p.Context(), p.s.Call, o.Attempt); c.State != provider.CloseUnknown {
			p.Errorf("%s: %+v", name, c)
		}
		p.used()
		if c := closer.Close(p.Context(), p.s.Call, o.Attempt); c.State != provider.CloseDone && c.State != provider.CloseAbsent {
			p.Errorf("%s: closed again: %+v", name, c)
		}
	}
}

// lostRefunds: a refund without an answer is unknown, keeps its number, and refunds once when it is sent again.
func lostRefunds(p *trial) {
	refunder := p.s.Connector.(provider.Refunder)
	for _, name := range lostFaults {
		a, m := p.paid()
		r := p.back(a, m, 2000)
		p.fault("refund", name)
		if got := refunder.Refund(p.Context(), p.s.Call, r); got.State != provider.RefundUnknown && got.State != provider.RefundPending {
			p.Errorf("%s: %+v", name, got)
		}
		p.used()
		if got := refunder.Refund(p.Context(), p.s.Call, r); !slices.Contains([]provider.RefundState{provider.RefundDone, provider.RefundPending}, got.State) {
			p.Errorf("%s: sent again: %+v", name, got)
		}
		if o, _ := p.book(a.Number); len(o.Refunds) != 1 || o.Refunds[0].Amount != 2000 {
			p.Errorf("%s: the provider's own book has %+v", name, o.Refunds)
		}
	}
}
