package shop

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/web/ui"
)

// orderScene is everything that the page of an order depends on.
type orderScene struct {
	base
	order     postern.Order
	state     postern.State
	refunds   []postern.Refund // oldest first
	who       postern.OrderBuyer
	item      string // the token of the item's page, empty when there is none any more
	reason    string // what was typed into a form that was refused
	badReason bool
}

// How often the page looks for news at most, in milliseconds: often while money is awaited, seldom while a parcel is.
const (
	slowWaiting = 5_000
	slowAfter   = 60_000
	reloadAfter = 10 // seconds, without scripts while money is awaited
)

// backWithin is how many working days money needs at most on its way back to a card.
const backWithin = 3

// rev changes whenever the page would look different because something happened.
func (s orderScene) rev() string {
	rev := strconv.FormatInt(s.order.Version, 36) + "." + strconv.FormatInt(s.state.Payment.Version, 36)
	for _, a := range s.state.Attempts {
		rev += "." + strconv.FormatInt(a.Version, 36)
	}
	for _, u := range s.state.Surpluses {
		rev += "-" + strconv.FormatInt(u.Version, 36)
	}
	for _, f := range s.refunds {
		rev += "+" + strconv.FormatInt(f.Version, 36)
	}
	if _, ended := s.state.Payment.Ended(s.now); ended {
		rev += "e"
	}
	return rev
}

func buildOrder(s orderScene) *Page {
	p := s.shell(StateOrder)
	body := Order{Number: postern.FormatShortCode(s.order.Number), Lines: s.lines(p.W), Sum: money(s.order.Amount, s.order.Currency)}
	p.Title, body.Line, body.Good = s.headline(p.W)
	body.Notes, body.Steps, body.To = s.notes(p.W), s.steps(p.W), s.to()
	slowest := slowAfter
	if s.waiting() {
		slowest = slowWaiting
		body.Pay = &Link{Label: say(p.W.PayNow, money(s.order.Amount, s.order.Currency)), URL: s.at.other(rootCheckout, s.state.Payment.LinkToken)}
		body.Cancel = &Act{Label: p.W.CancelOrder, Line: p.W.CancelWhat, Action: s.at.to("/cancel")}
		p.Refresh = &Refresh{Seconds: reloadAfter, URL: s.at.to("")}
	}
	if s.order.State == postern.OrderPaid {
		body.Receipt = s.at.to("/receipt")
		if s.mayAsk() {
			body.Ask = &Ask{Label: p.W.AskLabel, Action: s.at.to("/ask"), Reason: s.reason}
			if s.badReason {
				body.Ask.Error = p.W.BadReason
			}
		}
	}
	if s.item != "" && s.order.State == postern.OrderEnded {
		body.Again = &Link{Label: p.W.OrderAgain, URL: s.at.other(rootItem, s.item)}
	}
	p.Live = &Live{URL: s.at.to("/status"), Rev: s.rev(), Self: s.at.to(""), Slowest: slowest}
	p.Body = body
	return p
}

// waiting says that the order can be paid at this time.
func (s orderScene) waiting() bool {
	_, ended := s.state.Payment.Ended(s.now)
	return s.order.State == postern.OrderWaiting && !ended
}

// mayAsk says that there is money that could be asked back, and no open wish for it.
func (s orderScene) mayAsk() bool {
	r, ok := s.state.Applied()
	return ok && r.Refundable() > 0 && (s.order.Ask == postern.AskNone || s.order.Ask == postern.AskDeclined)
}

// lines is the bill: the item, and what delivery costs.
func (s orderScene) lines(w *words) []Line {
	o := s.order
	name := plain(o.Title)
	if v := plain(o.Variant); v != "" {
		name += " · " + v
	}
	lines := []Line{{name, "× " + strconv.FormatInt(o.Quantity, 10), money(o.Quantity*o.UnitPrice, o.Currency)}}
	if o.DeliveryFee > 0 {
		lines = append(lines, Line{Name: w.Delivery, Amount: money(o.DeliveryFee, o.Currency)})
	}
	return lines
}

// to is who gets it and where, as much of it as the holder of the link needs to recognise: it was the buyer's own to type, and a link can be passed on.
func (s orderScene) to() []string {
	if s.who.OrderID == "" {
		return nil
	}
	first := ""
	if name := []rune(plain(s.who.Name)); len(name) > 0 {
		first = string(name[0]) + "**"
	}
	to := []string{strings.TrimSpace(first + " " + postern.MaskPhone(s.who.Phone))}
	if r, ok := postern.RegionOf(s.who.Region); ok {
		shown := []rune(plain(s.who.Address))
		to = append(to, s.lang.Pick(r.ZH, r.EN)+" "+string(shown[:min(4, len(shown)/2)])+"****")
	}
	return to
}

// headline is where the order stands, in a few words and a sentence.
func (s orderScene) headline(w *words) (title, line string, good bool) {
	switch {
	case s.order.State == postern.OrderPaid:
		return s.paidHeadline(w)
	case s.waiting():
		a := s.unknown()
		if a != nil {
			return w.UnknownTitle, say(w.UnknownLine, s.wallet(a.Provider)), false
		}
		left := max(1, int(s.state.Payment.ExpiresAt.Sub(s.now)/time.Minute))
		return w.WaitingTitle, say(w.WaitingLine, s.state.Payment.ExpiresAt.In(s.zone).Format("15:04"), left), false
	case s.order.State == postern.OrderWaiting:
		return w.ClosingTitle, w.ClosingLine, false
	case len(s.state.Surpluses) > 0: // money did come, too late
		return w.LateTitle, w.LateLine, false
	case s.state.Payment.Status == postern.PaymentCanceled:
		return w.CanceledTitle, w.CanceledLine, false
	}
	return w.ExpiredTitle, w.ExpiredLine, false
}

func (s orderScene) paidHeadline(w *words) (title, line string, good bool) {
	receipt, _ := s.state.Applied()
	switch {
	case receipt.Refunded > 0 && receipt.Refunded == receipt.Amount && s.outside(postern.RefundRefunded) > 0:
		return w.RefundedTitle, say(w.RefundedOutside, money(receipt.Refunded, receipt.Currency)), true
	case receipt.Refunded > 0 && receipt.Refunded == receipt.Amount:
		return w.RefundedTitle, say(w.RefundedLine, money(receipt.Refunded, receipt.Currency)), true
	case receipt.RefundReserved > s.outside(postern.RefundReserved): // what one person of the shop says is no promise before a second one agrees
		return w.RefundingTitle, say(w.RefundingLine, money(receipt.RefundReserved-s.outside(postern.RefundReserved), receipt.Currency)), false
	case s.order.Ask == postern.AskOpen:
		return w.AskedTitle, say(w.AskedLine, s.shop()), false
	case !s.order.ShippedAt.IsZero() && s.order.Delivers:
		return w.ShippedTitle, w.ShippedLine, true
	case !s.order.ShippedAt.IsZero():
		return w.DoneTitle, w.DoneLine, true
	case s.order.Delivers:
		return w.PaidTitle, say(w.PaidLine, s.shop()), true
	}
	return w.PaidTitle, w.PaidHere, true
}

// unknown is an attempt whose provider has not said whether it was paid.
func (s orderScene) unknown() *postern.Attempt {
	for _, a := range s.state.Live() {
		if a.Status == postern.AttemptUnknown && a.Exposed() {
			return &a
		}
	}
	return nil
}

// wallet is how the buyer knows a provider. One that is no longer built in goes by its code.
func (s orderScene) wallet(code string) string {
	if c, ok := s.registry[code]; ok {
		d := c.Describe()
		return cmp.Or(s.lang.Pick(d.NameZH, d.NameEN), code)
	}
	return code
}

// event is a step with its moment, for the order of the story.
type event struct {
	at   time.Time
	step Step
}

// steps is the story from top to bottom: what happened in its order, and at the end what happens now.
func (s orderScene) steps(w *words) []Step {
	events := []event{{s.order.CreatedAt, Step{Title: w.StepOrdered, Done: true}}}
	if s.order.State == postern.OrderPaid {
		events = append(events, s.paidStep(w))
	}
	if !s.order.ShippedAt.IsZero() {
		events = append(events, s.shippedStep(w))
	}
	events = append(append(events, s.askSteps(w)...), s.refundSteps(w)...)
	if s.order.State == postern.OrderEnded {
		title := w.ExpiredTitle
		if s.state.Payment.Status == postern.PaymentCanceled {
			title = w.CanceledTitle
		}
		events = append(events, event{s.order.UpdatedAt, Step{Title: title, Done: true}})
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	var steps []Step
	for _, e := range events {
		e.step.At = ui.FormatTime(e.at, s.zone, s.lang)
		steps = append(steps, e.step)
	}
	if next, ok := s.next(w); ok {
		steps = append(steps, next)
	}
	return steps
}

// next is what is awaited, when it is none of the steps before.
func (s orderScene) next(w *words) (Step, bool) {
	switch {
	case s.waiting():
		return Step{Title: w.StepToPay}, true
	case s.order.State != postern.OrderPaid || s.order.Ask == postern.AskOpen || s.order.Ask == postern.AskGiven || !s.order.ShippedAt.IsZero() || !s.order.Delivers:
		return Step{}, false
	}
	return Step{Title: w.StepToShip}, true
}

func (s orderScene) paidStep(w *words) event {
	receipt, _ := s.state.Applied()
	return event{s.state.Payment.PaidAt, Step{Title: w.StepPaid, Line: say(w.StepPaidBy, s.wallet(receipt.Provider), money(receipt.Amount, receipt.Currency)), Done: true}}
}

func (s orderScene) shippedStep(w *words) event {
	e := event{s.order.ShippedAt, Step{Title: w.StepShipped, Line: plain(s.order.Carrier), Copy: plain(s.order.Tracking), Done: true}}
	if !s.order.Delivers {
		e.step.Title = w.StepDone
	}
	return e
}

// askSteps are the buyer's wish and the seller's answer.
func (s orderScene) askSteps(w *words) []event {
	if s.order.AskedAt.IsZero() {
		return nil
	}
	open := s.order.Ask == postern.AskOpen
	steps := []event{{s.order.AskedAt, Step{Title: w.StepAsked, Quote: plain(s.order.AskReason), Done: !open}}}
	if open {
		steps[0].step.Line = w.StepAskedNow
	}
	if s.order.Ask == postern.AskDeclined {
		steps = append(steps, event{s.order.AnsweredAt, Step{Title: w.StepDeclined, Quote: plain(s.order.AskAnswer), Done: true}})
	}
	return steps
}

// outside adds up what the seller gives back of the order outside the provider, in minor units.
func (s orderScene) outside(status postern.RefundStatus) (sum int64) {
	for _, r := range s.refunds {
		if r.SurplusID == "" && r.Outside() && r.Status == status {
			sum += r.Amount
		}
	}
	return sum
}

// refundSteps are what the seller gave back of the order itself; what was too much stands in the notes.
func (s orderScene) refundSteps(w *words) []event {
	var steps []event
	for _, r := range s.refunds {
		if r.SurplusID != "" || r.Outside() && r.Status != postern.RefundRefunded {
			continue
		}
		amount := money(r.Amount, r.Currency)
		step := Step{Title: say(w.StepRefunding, amount), Line: s.until(w, r.CreatedAt)}
		at := r.CreatedAt
		switch r.Status {
		case postern.RefundRefunded:
			step, at = Step{Title: say(w.StepRefunded, amount), Line: w.StepRefundedTo, Done: true}, r.UpdatedAt
			if r.Outside() {
				step.Line = w.StepRefundedOutside
			}
		case postern.RefundFailed:
			step = Step{Title: say(w.StepRefundFailed, amount), Line: s.call(w.RefundFailed)}
		case postern.RefundStuck:
			step = Step{Title: say(w.StepRefundStuck, amount), Line: s.call(w.RefundStuck)}
		}
		steps = append(steps, event{at, step})
	}
	return steps
}

// notes say of every surplus how it came, how much goes back and by when: the buyer has nothing to do.
func (s orderScene) notes(w *words) []Note {
	var notes []Note
	for _, u := range s.state.Surpluses {
		amount := money(u.Amount, u.Currency)
		n := Note{Title: say(w.SurplusOther, amount)}
		switch u.Reason {
		case postern.SurplusDuplicate:
			n.Title = w.SurplusTwice
		case postern.SurplusLate:
			n.Title = w.SurplusLate
		}
		outside := slices.ContainsFunc(s.refunds, func(r postern.Refund) bool { return r.ID == u.RefundID && r.Outside() })
		switch {
		case outside && u.Status == postern.SurplusRefunded:
			n.Line = say(w.SurplusOutside, amount, ui.FormatTime(u.UpdatedAt, s.zone, s.lang))
		case outside && u.Status == postern.SurplusRefunding:
			n.Line = s.call(say(w.SurplusHeld, amount))
		case u.Status == postern.SurplusRefunded:
			n.Line = say(w.SurplusBack, amount, ui.FormatTime(u.UpdatedAt, s.zone, s.lang))
		case u.Status == postern.SurplusAccepted:
			n.Line = say(w.SurplusKept, amount)
		case u.Status == postern.SurplusRefunding:
			n.Line = say(w.SurplusGoing, amount, s.day(deadline(u.CreatedAt, s.zone)))
			if s.overdue(u.CreatedAt) {
				n.Line = s.call(say(w.SurplusSlow, amount))
			}
		default:
			n.Line = s.call(say(w.SurplusHeld, amount))
		}
		notes = append(notes, n)
	}
	return notes
}

// until says by when money that is on its way arrives, or that it is late.
func (s orderScene) until(w *words, from time.Time) string {
	if s.overdue(from) {
		return s.call(w.RefundSlow)
	}
	return say(w.RefundBy, s.day(deadline(from, s.zone)))
}

func (s orderScene) overdue(from time.Time) bool { return s.now.After(deadline(from, s.zone)) }

// call adds the shop's number to a sentence that leaves something open.
func (s orderScene) call(sentence string) string {
	if phone := plain(s.brand.Phone); phone != "" {
		return sentence + say(wordsOf(s.lang).CallShop, phone)
	}
	return sentence
}

// deadline is the end of the last of so many working days.
func deadline(from time.Time, zone *time.Location) time.Time {
	day := from.In(zone)
	for left := backWithin; left > 0; {
		day = day.AddDate(0, 0, 1)
		if wd := day.Weekday(); wd != time.Saturday && wd != time.Sunday {
			left--
		}
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 59, 0, zone)
}

var weekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

// day names a day near enough by its weekday, and always by its date.
func (s orderScene) day(t time.Time) string {
	t = t.In(s.zone)
	return s.lang.Pick(weekdays[t.Weekday()]+t.Format("（1月2日）"), t.Format("Monday, 2 Jan"))
}

// buildReceipt makes the page that is printed; false when nothing was paid for this order.
func buildReceipt(s orderScene) (*Page, bool) {
	receipt, ok := s.state.Applied()
	if !ok || s.order.State != postern.OrderPaid {
		return nil, false
	}
	p := s.shell(StateReceipt)
	p.Title = p.W.ReceiptTitle
	body := Receipt{
		Number: postern.FormatShortCode(s.order.Number), Lines: s.lines(p.W), Sum: money(receipt.Amount, receipt.Currency), Back: s.at.to(""),
		Facts: []Line{
			{Name: p.W.ReceiptPaidAt, Amount: ui.FormatTime(s.state.Payment.PaidAt, s.zone, s.lang)}, {Name: p.W.ReceiptWallet, Amount: s.wallet(receipt.Provider)},
			{Name: p.W.ReceiptTxn, Amount: receipt.TxnNo},
		},
	}
	for _, r := range s.refunds {
		if r.SurplusID == "" && r.Status == postern.RefundRefunded {
			body.Refunds = append(body.Refunds, Line{Name: say(p.W.ReceiptRefund, ui.FormatTime(r.UpdatedAt, s.zone, s.lang)), Amount: money(-r.Amount, r.Currency)})
		}
	}
	p.Body = body
	return p, true
}
