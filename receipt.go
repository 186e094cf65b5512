package postern

import "time"

// ReceiptUse says what a receipt was taken for.
type ReceiptUse string

// Uses of a receipt. A payment has at most one applied receipt.
const (
	ReceiptApplied ReceiptUse = "applied"
	ReceiptSurplus ReceiptUse = "surplus"
)

// Receipt is the fact that a provider took money: one row per provider transaction number. Amounts are in minor units.
type Receipt struct {
	MerchantID      string
	ID              string
	PaymentID       string
	AttemptID       string
	ChannelID       string
	CredentialSetID string
	Provider        string
	// TxnNo is the provider's transaction number. (merchant, credential set, TxnNo) is unique.
	TxnNo    string
	Amount   int64
	Currency string
	Use      ReceiptUse
	// RefundReserved is held by refunds on their way, Refunded has reached the buyer; their sum never exceeds Amount.
	RefundReserved int64
	Refunded       int64
	// Shared is with other receivers or on its way to them. What is refunded later may overlap it: the buyer is given back the whole all the same.
	Shared    int64
	PaidAt    time.Time
	CreatedAt time.Time
}

// Refundable is what may still be given back, in minor units.
func (r Receipt) Refundable() int64 { return r.Amount - r.RefundReserved - r.Refunded }

// Shareable is what may still be shared, in minor units.
func (r Receipt) Shareable() int64 { return max(0, r.Refundable()-r.Shared) }

// SurplusReason says why a receipt is more than the payment asked for.
type SurplusReason string

// Reasons of a surplus.
const (
	SurplusDuplicate SurplusReason = "duplicate"
	SurplusLate      SurplusReason = "late"
	SurplusMismatch  SurplusReason = "mismatch"
	SurplusReversed  SurplusReason = "reversed"
)

// SurplusStatus is the state of a surplus; see SurplusStates for the table.
type SurplusStatus string

// States of a surplus.
const (
	SurplusHeld      SurplusStatus = "held"
	SurplusAccepted  SurplusStatus = "accepted"
	SurplusRefunding SurplusStatus = "refunding"
	SurplusRefunded  SurplusStatus = "refunded"
)

// Surplus is a receipt beyond what its payment asked for: it is booked, shown, and given back or accepted by policy. Amount is in minor units.
type Surplus struct {
	MerchantID string
	ID         string
	Version    int64
	PaymentID  string
	ReceiptID  string
	ChannelID  string
	Reason     SurplusReason
	Amount     int64
	Currency   string
	Status     SurplusStatus
	// RefundID is the refund that gives it back, when there is one.
	RefundID  string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// SurplusPolicy says which surpluses are given back at once. The default gives back duplicate and late money and leaves a mismatch to a person.
type SurplusPolicy struct {
	HoldDuplicate  bool `json:"hold_duplicate,omitempty"`
	HoldLate       bool `json:"hold_late,omitempty"`
	RefundMismatch bool `json:"refund_mismatch,omitempty"`
}

// GivesBack says whether a surplus of this reason is refunded without asking a person.
func (p SurplusPolicy) GivesBack(reason SurplusReason) bool {
	switch reason {
	case SurplusDuplicate:
		return !p.HoldDuplicate
	case SurplusLate:
		return !p.HoldLate
	case SurplusMismatch:
		return p.RefundMismatch
	}
	return false
}
