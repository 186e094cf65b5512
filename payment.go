package postern

import "time"

// PaymentStatus is the state of a payment; see PaymentStates for the table.
type PaymentStatus string

// States of a payment.
const (
	PaymentOpen       PaymentStatus = "open"
	PaymentProcessing PaymentStatus = "processing"
	PaymentPaid       PaymentStatus = "paid"
	PaymentExpired    PaymentStatus = "expired"
	PaymentCanceled   PaymentStatus = "canceled"
)

// LatePolicy says what becomes of money that arrives after a payment expired or was canceled.
type LatePolicy string

// Late policies: the payment becomes paid after all, or the money goes back to the buyer.
const (
	LateAccept LatePolicy = "accept"
	LateRefund LatePolicy = "refund"
)

// Item is one line of what is sold. Amount is the line's total in minor units; zero says nothing.
type Item struct {
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Amount   int64  `json:"amount,omitempty"`
}

// Payment is what a merchant wants to be paid. Amount is in minor units.
type Payment struct {
	MerchantID  string
	ID          string
	Version     int64
	Reference   string
	Amount      int64
	Currency    string
	Description string
	ReturnURL   string
	Metadata    map[string]string
	// Items are what is sold, for people: the amount of the payment is what counts.
	Items       []Item
	LatePayment LatePolicy
	// ProfitSharing says that parts of it will be shared with others by the provider, which wants to know at ordering.
	ProfitSharing bool
	Status        PaymentStatus
	Live          bool
	// OrderID is the order of the shop that it pays; empty when it is none's.
	OrderID string
	// FacadeAccountID is the facade account through which it was ordered; empty when through none.
	FacadeAccountID string
	// LinkToken is the random part of the checkout address.
	LinkToken string
	ExpiresAt time.Time
	// CancelRequestedAt is an intent: from then on no new attempt starts, and the payment is canceled when none is live.
	CancelRequestedAt time.Time
	// CloseRequestedAt is set when the deadline passed while an attempt was live.
	CloseRequestedAt time.Time
	PaidAt           time.Time
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// Ended says that the payment takes no new attempt at this time, and why.
func (p Payment) Ended(now time.Time) (Code, bool) {
	switch {
	case p.Status == PaymentPaid:
		return CodeAlreadyPaid, true
	case p.Status == PaymentExpired, p.Status == PaymentCanceled, !p.CancelRequestedAt.IsZero(), !now.Before(p.ExpiresAt):
		return CodePaymentClosed, true
	}
	return "", false
}
