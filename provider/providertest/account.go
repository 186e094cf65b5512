package providertest

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"time"

	"postern"
	"postern/provider"
)

// beijing is the zone of providers' days.
var beijing = time.FixedZone("+08:00", 8*60*60)

// statements: the bill of a day is given the day after, holds what was paid and given back that day with its numbers and amounts, adds up, and is refused when it is cut off or
// somebody else's; a day on which nothing happened has none, and today's is not ready.
func statements(p *trial) {
	fetcher := p.s.Connector.(provider.StatementFetcher)
	product, ok := p.s.Connector.Describe().Product(p.s.Products[0])
	if !ok {
		p.Fatal("no product")
	}
	p.product = product
	p.noon()
	a, m := p.paid()
	day := p.s.Clock.Now().In(beijing)
	var back provider.RefundRequest
	if refunder, ok := p.s.Connector.(provider.Refunder); ok {
		back = p.back(a, m, 2000)
		if r := refunder.Refund(p.Context(), p.s.Call, back); r.State != provider.RefundDone && r.State != provider.RefundPending {
			p.Fatalf("refund: %+v", r)
		}
		p.settle()
	}
	today := fetcher.FetchStatement(p.Context(), p.s.Call, fetcher.StatementKinds()[0], day, &bytes.Buffer{})
	if today.State != provider.FetchNotReady && today.State != provider.FetchEmpty && today.State != provider.FetchRefused {
		p.Errorf("the bill of a day that is not over: %+v", today)
	}
	p.s.Clock.Advance(36 * time.Hour)
	p.s.RunDue(p.Context())
	for _, kind := range fetcher.StatementKinds() {
		if len(p.s.Bills) > 0 && !slices.Contains(p.s.Bills, kind) {
			continue
		}
		p.statement(fetcher, kind, day, a, m, back)
	}
	early := day.AddDate(0, -1, 0)
	if r := fetcher.FetchStatement(p.Context(), p.s.Call, fetcher.StatementKinds()[0], early, &bytes.Buffer{}); r.State != provider.FetchEmpty {
		p.Errorf("a day on which nothing happened: %+v", r)
	}
}

// noon moves the clock to the next noon of Beijing: providers' days end at midnight or an hour before.
func (p *trial) noon() {
	now := p.s.Clock.Now().In(beijing)
	next := time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, beijing)
	if next.Before(now) {
		next = next.AddDate(0, 0, 1)
	}
	p.s.Clock.Advance(next.Sub(now))
}

// statement fetches and reads one kind of bill. The first kind holds everything.
func (p *trial) statement(fetcher provider.StatementFetcher, kind string, day time.Time, a postern.Attempt, m provider.Money, back provider.RefundRequest) {
	p.Helper()
	var file bytes.Buffer
	got := fetcher.FetchStatement(p.Context(), p.s.Call, kind, day, &file)
	if got.State != provider.FetchDone || got.Size != int64(file.Len()) || file.Len() == 0 {
		p.Fatalf("%s: %+v of %d bytes", kind, got, file.Len())
	}
	p.discreet(got.Exchange)
	account := fetcher.StatementAccount(p.s.Call)
	var lines []provider.StatementLine
	read := func(account string, b []byte) (provider.StatementSum, error) {
		return fetcher.ReadStatement(kind, account, provider.StatementFile{ReaderAt: bytes.NewReader(b), Size: int64(len(b))}, func(l provider.StatementLine) error {
			lines = append(lines, l)
			return nil
		})
	}
	sum, err := read(account, file.Bytes())
	if err != nil || sum.Lines != int64(len(lines)) {
		p.Fatalf("%s: %+v %v", kind, sum, err)
	}
	whole := kind == fetcher.StatementKinds()[0] // further kinds may hold a part of the day: disputes, refunds
	if whole && !slices.ContainsFunc(lines, func(l provider.StatementLine) bool {
		return (l.TxnNo == m.TxnNo || l.Number == a.Number) && l.Amount == a.Amount && l.Currency == a.Currency
	}) {
		p.Errorf("%s: the payment is not in %+v", kind, lines)
	}
	if whole && back.Refund.Amount > 0 && !slices.ContainsFunc(lines, func(l provider.StatementLine) bool { return l.Amount == -back.Refund.Amount }) {
		p.Errorf("%s: the refund is not in %+v", kind, lines)
	}
	if _, err := read(account, file.Bytes()[:file.Len()*2/3]); err == nil {
		p.Errorf("%s: a bill that was cut off is taken for whole", kind)
	}
	if _, err := read("9"+account, file.Bytes()); sum.Account != "" && !errors.Is(err, provider.ErrNotWhole) {
		p.Errorf("%s: somebody else's bill: %v", kind, err)
	}
}

// permissions: what the provider withdrew is read act by act, and an order is refused with class closed meanwhile; what was given back is not read any more.
func permissions(p *trial) {
	reader := p.s.Connector.(provider.PermissionReader)
	p.product, _ = p.s.Connector.Describe().Product(p.s.Products[0])
	permit := func(act string, allowed bool) {
		p.Helper()
		if status := p.control(http.MethodPost, "/permissions", map[string]any{"act": act, "merchant": p.s.Call.SubMerchant, "allowed": allowed}, nil); status != http.StatusNoContent {
			p.Fatalf("the simulator does not withdraw %s: status %d", act, status)
		}
	}
	withdrawn := func(act postern.Act) bool {
		p.Helper()
		r := reader.ReadPermissions(p.Context(), p.s.Call)
		if !r.Known {
			p.Fatalf("%+v", r)
		}
		p.discreet(r.Exchange)
		return slices.ContainsFunc(r.Withdrawn, func(w postern.Permission) bool {
			return w.Act == act && !w.Allowed && w.Source == "notice" && w.Note != ""
		})
	}
	for _, act := range []postern.Act{postern.ActPay, postern.ActRefund, postern.ActSettle} {
		if withdrawn(act) {
			p.Errorf("%s is withdrawn before anybody did", act)
		}
		permit(string(act), false)
		if !withdrawn(act) {
			p.Errorf("%s was withdrawn, and is not read", act)
		}
		if act == postern.ActPay {
			if r := p.s.Connector.Start(p.Context(), p.s.Call, p.order()); r.State != provider.Failed || r.Class != provider.ClassClosed {
				p.Errorf("an order without permission: %+v", r)
			}
		}
		permit(string(act), true)
		if withdrawn(act) {
			p.Errorf("%s was given back, and is still read", act)
		}
	}
	call := p.s.Call
	call.Env.HTTP = refusing{}
	if r := reader.ReadPermissions(p.Context(), call); r.Known {
		p.Errorf("nothing was sent, and %+v", r)
	}
}

// shares: a part of a paid order goes to a receiver once, however often it is sent; what is left can be unfrozen; a share that nobody sent is absent.
func shares(p *trial) {
	sharer := p.s.Connector.(provider.Sharer)
	p.product, _ = p.s.Connector.Describe().Product(p.s.Products[0])
	o := p.order()
	o.ProfitSharing = true
	r := p.s.Connector.Start(p.Context(), p.s.Call, o)
	if r.State != provider.Pending {
		p.Fatalf("start: %+v", r)
	}
	p.reach(r)
	p.press(o.Attempt.Number, "approve")
	q := p.query(o.Attempt)
	if q.Money == nil {
		p.Fatalf("%+v", q)
	}
	if got := sharer.AddReceiver(p.Context(), p.s.Call, p.s.Receiver); got.State != provider.ShareDone {
		p.Fatalf("receiver: %+v", got)
	}
	request := provider.ShareRequest{
		Attempt: o.Attempt, TxnNo: q.Money.TxnNo, Number: postern.NewNumber(p.s.Clock.Now(), p.s.Call.Env.Rand), Text: "分给师傅",
		Parts: []provider.SharePart{{Receiver: p.s.Receiver, Amount: 1000, Text: "分给师傅"}},
	}
	for range 2 {
		got := sharer.Share(p.Context(), p.s.Call, request)
		if got.State != provider.ShareDone && got.State != provider.SharePending {
			p.Fatalf("share: %+v", got)
		}
		p.discreet(got.Exchange)
	}
	p.settle()
	got := sharer.QueryShare(p.Context(), p.s.Call, request)
	if got.State != provider.ShareDone || len(got.Parts) != 1 || got.Parts[0].Amount != 1000 {
		p.Errorf("the share is %+v", got)
	}
	never := request
	never.Number = postern.NewNumber(p.s.Clock.Now(), p.s.Call.Env.Rand)
	if got := sharer.QueryShare(p.Context(), p.s.Call, never); got.State != provider.ShareAbsent {
		p.Errorf("a share that nobody sent: %+v", got)
	}
	more := never
	more.Parts = []provider.SharePart{{Receiver: p.s.Receiver, Amount: price, Text: "全部"}}
	if got := sharer.Share(p.Context(), p.s.Call, more); got.State == provider.ShareDone || got.State == provider.SharePending {
		p.Errorf("more than there is was shared: %+v", got)
	}
	last := never
	last.Parts, last.Last = nil, true
	if got := sharer.Unfreeze(p.Context(), p.s.Call, last); got.State != provider.ShareDone && got.State != provider.SharePending {
		p.Errorf("unfreeze: %+v", got)
	}
}
