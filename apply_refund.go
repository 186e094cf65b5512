package postern

import "time"

// RefundState is what the rules of one refund look at. Surplus is set when the refund gives one back.
type RefundState struct {
	Refund  Refund
	Surplus *Surplus
}

// RefundFact is what happened to a refund: Trigger is OnSend, OnPending, OnUnknown, OnRefunded, OnFailed, OnStuck or, by DecideHand only, OnOutside; Code and Message are the provider's own.
type RefundFact struct {
	Trigger string
	Code    string
	Message string
}

// ApplyRefund applies a fact to a refund. A word that comes late, after the outcome is known, changes nothing unless it proves that the money went back.
// The receipt's counters change by ReceiptMove, because several refunds share one receipt.
func ApplyRefund(s RefundState, f RefundFact, now time.Time) (RefundState, Effects, error) {
	before := s.Refund.Status
	if before == RefundRefunded || (!before.Open() && f.Trigger != OnRefunded && f.Trigger != OnOutside) {
		return s, Effects{}, nil
	}
	after, err := RefundStates.Next(before, f.Trigger)
	if err == nil {
		err = handed(s.Refund, f.Trigger)
	}
	if err != nil {
		return s, Effects{}, err
	}
	r := s.Refund
	r.Status, r.UpdatedAt = after, now
	if r.Awaits() && after == RefundRefunded {
		r.Hand = Hand{} // the provider has said it before the second person did
	}
	if f.Code != "" || f.Message != "" {
		r.Code, r.Message = f.Code, f.Message
	}
	out := Effects{}
	next := RefundState{Refund: r}
	if s.Surplus != nil {
		u := *s.Surplus
		next.Surplus = &u
	}
	if after != before {
		if err := refundEffects(&next, before, now, &out); err != nil {
			return s, Effects{}, err
		}
	}
	out.Refunds = append(out.Refunds, next.Refund)
	return next, out, nil
}

// handed keeps a refund outside the provider from being sent or settled by a provider's word, and every other from ending outside without two persons who say so.
func handed(r Refund, on string) error {
	switch {
	case on == OnOutside && (r.Hand.Way != WayOutside || r.Awaits()):
		return E(CodeImpossibleChange, "postern.Apply", "nobody and no second person says that the refund was given back outside the provider")
	case r.Outside() && on != OnOutside && on != OnFailed:
		return E(CodeImpossibleChange, "postern.Apply", "a refund outside the provider is never sent to it")
	}
	return nil
}

// ResolveStuck records what one person says became of a stuck refund; it stays stuck until a second one agrees.
func ResolveStuck(r Refund, h Hand, now time.Time) (Refund, error) {
	if r.Status != RefundStuck || r.Awaits() {
		return r, &Error{Code: CodeConflict, Op: "postern.ResolveStuck", Message: "the refund is not stuck, or waits for a second person already", Fix: "read the refund", ID: r.ID}
	}
	r.Hand, r.UpdatedAt = h, now
	return r, nil
}

// DecideHand is the second person's word about what the first one said: with agree the refund is refunded and booked. Without, what was reserved is free again and what was stuck stays stuck; so
// may the first person end it too, who never agrees with themselves. Said is what the person saw, or why not.
func DecideHand(s RefundState, by Person, agree bool, said string, now time.Time) (RefundState, Effects, error) {
	r := s.Refund
	if !r.Awaits() {
		return s, Effects{}, &Error{Code: CodeConflict, Op: "postern.DecideHand", Message: "the refund does not wait for a second person", Fix: "read the refund", ID: r.ID}
	}
	same := by.ID == r.Hand.By.ID
	if agree && same {
		return s, Effects{}, &Error{Code: CodeForbidden, Op: "postern.SecondPerson", Message: "whoever entered it cannot be the second person", Fix: "let somebody else confirm it", ID: r.ID}
	}
	s.Refund.Hand.Second, s.Refund.Hand.Saw, s.Refund.Hand.DecidedAt = by, said, now
	switch {
	case agree && r.Hand.Way == WayOutside:
		return ApplyRefund(s, RefundFact{Trigger: OnOutside}, now)
	case agree:
		return ApplyRefund(s, RefundFact{Trigger: OnRefunded}, now)
	case r.Status == RefundStuck:
		s.Refund.Hand, s.Refund.UpdatedAt = Hand{}, now
		return s, Effects{Refunds: []Refund{s.Refund}}, nil
	}
	code := "rejected"
	if same {
		code = "withdrawn"
	}
	return ApplyRefund(s, RefundFact{Trigger: OnFailed, Code: code, Message: said}, now)
}

// refundEffects says what a refund's new status does to its receipt, its surplus, the books and the merchant.
func refundEffects(s *RefundState, before RefundStatus, now time.Time, out *Effects) error {
	r := s.Refund
	book := Booking{ChannelID: r.ChannelID, PaymentID: r.PaymentID, ReceiptID: r.ReceiptID, SurplusID: r.SurplusID, RefundID: r.ID, Bank: r.Hand.Bank, Amount: r.Amount, Currency: r.Currency}
	tell := Telling{PaymentID: r.PaymentID, RefundID: r.ID, SurplusID: r.SurplusID, AttemptID: r.AttemptID}
	switch r.Status {
	case RefundRefunded:
		book.Kind = BookRefund
		if r.Outside() && before == RefundStuck { // the provider has the money again, and owes it
			back := book
			back.Kind = BookTransitBack
			out.Bookings = append(out.Bookings, back)
		}
		switch {
		case r.Outside() && r.SurplusID != "":
			book.Kind = BookSurplusOutside
		case r.Outside():
			book.Kind = BookRefundOutside
		case before == RefundStuck && r.SurplusID != "":
			book.Kind = BookSurplusUnstuck
		case before == RefundStuck:
			book.Kind = BookRefundUnstuck
		case r.SurplusID != "":
			book.Kind = BookSurplusReturn
		}
		move := ReceiptMove{ReceiptID: r.ReceiptID, Settle: r.Amount}
		if before == RefundFailed {
			move = ReceiptMove{ReceiptID: r.ReceiptID, Direct: r.Amount}
		}
		out.Moves, out.Bookings = append(out.Moves, move), append(out.Bookings, book)
		tell.Type = EventRefundRefunded
	case RefundFailed:
		out.Moves = append(out.Moves, ReceiptMove{ReceiptID: r.ReceiptID, Release: r.Amount})
		tell.Type = EventRefundFailed
	case RefundStuck:
		book.Kind = BookRefundStuck
		out.Bookings = append(out.Bookings, book)
		tell.Type = EventRefundStuck
	default:
		return nil
	}
	if err := surplusEffects(s, now, out); err != nil {
		return err
	}
	if tell.Type == EventRefundRefunded && r.SurplusID != "" {
		tell.Type = EventSurplusRefunded
	}
	out.Tellings = append(out.Tellings, tell)
	return nil
}

// surplusEffects moves the surplus along with the refund that gives it back.
func surplusEffects(s *RefundState, now time.Time, out *Effects) error {
	if s.Surplus == nil || s.Refund.Status == RefundStuck {
		return nil
	}
	on := OnRefunded
	if s.Refund.Status == RefundFailed {
		on = OnHold
	}
	status, err := SurplusStates.Next(s.Surplus.Status, on)
	if err != nil {
		return err
	}
	s.Surplus.Status, s.Surplus.UpdatedAt = status, now
	if on == OnRefunded {
		s.Surplus.RefundID = s.Refund.ID // An older refund that had failed may be the one that reached the buyer.
	}
	out.Surpluses = append(out.Surpluses, *s.Surplus)
	return nil
}

// DecideSurplus accepts a held surplus (OnAccept) or gives it back (OnGiveBack); refund is the new refund in the second case.
func DecideSurplus(u Surplus, on string, refund Refund, now time.Time) (Effects, error) {
	status, err := SurplusStates.Next(u.Status, on)
	if err != nil {
		return Effects{}, &Error{Code: CodeSurplusSettled, Op: "postern.DecideSurplus", Message: "the surplus is " + string(u.Status) + " and cannot be decided again", ID: u.ID}
	}
	u.Status, u.UpdatedAt = status, now
	out := Effects{}
	if on == OnAccept {
		out.Bookings = []Booking{{Kind: BookSurplusAccept, ChannelID: u.ChannelID, PaymentID: u.PaymentID, ReceiptID: u.ReceiptID, SurplusID: u.ID, Amount: u.Amount, Currency: u.Currency}}
		out.Tellings = []Telling{{Type: EventSurplusAccepted, PaymentID: u.PaymentID, SurplusID: u.ID}}
	} else {
		u.RefundID = refund.ID
		refund.Status, refund.SurplusID, refund.Amount, refund.Currency = RefundReserved, u.ID, u.Amount, u.Currency
		out.Refunds = []Refund{refund}
		out.Moves = []ReceiptMove{{ReceiptID: u.ReceiptID, Reserve: u.Amount}}
		if !refund.Outside() {
			out.Jobs = []Wanted{{Kind: JobRefund, ID: refund.ID, RunAt: now}}
		}
	}
	out.Surpluses = []Surplus{u}
	return out, nil
}
