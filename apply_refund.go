package postern

import "time"

// RefundState is what the rules of one refund look at. Surplus is set when the refund gives one back.
type RefundState struct {
	Refund  Refund
	Surplus *Surplus
}

// RefundFact is what happened to a refund: Trigger is OnSend, OnPending, OnUnknown, OnRefunded, OnFailed or OnStuck; Code and Message are the provider's own.
type RefundFact struct {
	Trigger string
	Code    string
	Message string
}

// ApplyRefund applies a fact to a refund. A word that comes late, after the outcome is known, changes nothing unless it proves that the money went back.
// The receipt's counters change by ReceiptMove, because several refunds share one receipt.
func ApplyRefund(s RefundState, f RefundFact, now time.Time) (RefundState, Effects, error) {
	before := s.Refund.Status
	if before == RefundRefunded || (!before.Open() && f.Trigger != OnRefunded) {
		return s, Effects{}, nil
	}
	after, err := RefundStates.Next(before, f.Trigger)
	if err != nil {
		return s, Effects{}, err
	}
	r := s.Refund
	r.Status, r.UpdatedAt = after, now
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

// refundEffects says what a refund's new status does to its receipt, its surplus, the books and the merchant.
func refundEffects(s *RefundState, before RefundStatus, now time.Time, out *Effects) error {
	r := s.Refund
	book := Booking{ChannelID: r.ChannelID, PaymentID: r.PaymentID, ReceiptID: r.ReceiptID, SurplusID: r.SurplusID, RefundID: r.ID, Amount: r.Amount, Currency: r.Currency}
	tell := Telling{PaymentID: r.PaymentID, RefundID: r.ID, SurplusID: r.SurplusID, AttemptID: r.AttemptID}
	switch r.Status {
	case RefundRefunded:
		book.Kind = BookRefund
		switch {
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
		out.Jobs = []Wanted{{Kind: JobRefund, ID: refund.ID, RunAt: now}}
	}
	out.Surpluses = []Surplus{u}
	return out, nil
}
