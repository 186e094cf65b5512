package postern

import (
	"slices"
	"time"
)

// State is everything that the rules of one payment look at. Receipts and Surpluses are in the order in which they were booked.
type State struct {
	Payment   Payment
	Attempts  []Attempt
	Receipts  []Receipt
	Surpluses []Surplus
}

// Attempt returns the attempt with this id.
func (s State) Attempt(id string) (Attempt, bool) {
	for _, a := range s.Attempts {
		if a.ID == id {
			return a, true
		}
	}
	return Attempt{}, false
}

// Live returns the attempts through which money may still arrive in the ordinary course.
func (s State) Live() []Attempt {
	var live []Attempt
	for _, a := range s.Attempts {
		if a.Status.Live() {
			live = append(live, a)
		}
	}
	return live
}

// Applied returns the receipt that paid the payment.
func (s State) Applied() (Receipt, bool) {
	for _, r := range s.Receipts {
		if r.Use == ReceiptApplied {
			return r, true
		}
	}
	return Receipt{}, false
}

// BookingKind says which entry of the chart of accounts a change needs; package ledger turns each into a balanced transaction.
type BookingKind string

// Kinds of bookings, one per worked example in docs/ledger.md.
const (
	BookReceipt        BookingKind = "receipt_applied"
	BookSurplus        BookingKind = "surplus_received"
	BookSurplusAccept  BookingKind = "surplus_accepted"
	BookSurplusReturn  BookingKind = "surplus_refunded"
	BookRefund         BookingKind = "refund_refunded"
	BookRefundStuck    BookingKind = "refund_stuck"
	BookRefundUnstuck  BookingKind = "refund_stuck_refunded"
	BookSurplusUnstuck BookingKind = "surplus_stuck_refunded"
	BookRefundOutside  BookingKind = "refund_outside"
	BookSurplusOutside BookingKind = "surplus_outside"
	BookTransitBack    BookingKind = "refund_stuck_returned"
	BookShare          BookingKind = "share_given"
	BookShareReturn    BookingKind = "share_returned"
)

// Booking asks for one transaction in the books. Amount is in minor units and positive.
type Booking struct {
	Kind      BookingKind
	ChannelID string
	PaymentID string
	ReceiptID string
	SurplusID string
	RefundID  string
	// ReceiverID is who got a share; empty when nobody said.
	ReceiverID string
	// Bank is the merchant's own account that paid a refund outside the provider; empty for one without a name.
	Bank     string
	Amount   int64
	Currency string
}

// Telling asks for one event to the merchant.
type Telling struct {
	Type      EventType
	PaymentID string
	AttemptID string
	SurplusID string
	RefundID  string
	ShareID   string
}

// Wanted asks for one job. ID is the attempt, refund, share or payment it is about.
type Wanted struct {
	Kind  string
	ID    string
	RunAt time.Time
}

// ReceiptMove changes a receipt's counters by one conditional update, in minor units: Reserve takes from what is refundable, Release gives it back, Settle
// turns a reservation into refunded money, Direct books refunded money that was not reserved; Share takes from what is shareable and Unshare gives it back, in moves
// of their own.
type ReceiptMove struct {
	ReceiptID string
	Reserve   int64
	Release   int64
	Settle    int64
	Direct    int64
	Share     int64
	Unshare   int64
}

// Effects is what follows from a change, as data: the engine commits all of it in one transaction or none of it. Rows with Version 0 are new; the others
// are saved only if their version in the store is still the one they carry.
type Effects struct {
	Payment   *Payment
	Attempts  []Attempt
	Receipts  []Receipt
	Surpluses []Surplus
	Refunds   []Refund
	Shares    []Share
	Moves     []ReceiptMove
	Bookings  []Booking
	Tellings  []Telling
	Jobs      []Wanted
}

// Empty says that nothing changes.
func (e Effects) Empty() bool {
	return e.Payment == nil && len(e.Attempts)+len(e.Receipts)+len(e.Surpluses)+len(e.Refunds)+len(e.Shares)+len(e.Moves)+len(e.Bookings)+len(e.Tellings)+len(e.Jobs) == 0
}

// Then merges the effects of two facts applied one after the other: of a row that both touched, the later form is saved once.
func (e Effects) Then(next Effects) Effects {
	if next.Payment != nil {
		e.Payment = next.Payment
	}
	e.Attempts = merge(e.Attempts, next.Attempts, func(a Attempt) string { return a.ID })
	e.Receipts = merge(e.Receipts, next.Receipts, func(r Receipt) string { return r.ID })
	e.Surpluses = merge(e.Surpluses, next.Surpluses, func(u Surplus) string { return u.ID })
	e.Refunds = merge(e.Refunds, next.Refunds, func(r Refund) string { return r.ID })
	e.Shares = merge(e.Shares, next.Shares, func(s Share) string { return s.ID })
	e.Moves = append(e.Moves, next.Moves...)
	e.Bookings = append(e.Bookings, next.Bookings...)
	e.Tellings = append(e.Tellings, next.Tellings...)
	e.Jobs = append(e.Jobs, next.Jobs...)
	return e
}

func merge[T any](old, late []T, id func(T) string) []T {
	for _, row := range late {
		i := slices.IndexFunc(old, func(o T) bool { return id(o) == id(row) })
		if i < 0 {
			old = append(old, row)
		} else {
			old[i] = row
		}
	}
	return old
}
