package postern

import "time"

// RefundStatus is the state of a refund; see RefundStates for the table.
type RefundStatus string

// States of a refund. Stuck means that the money left the merchant and did not reach the buyer: it keeps its reservation, and a person resolves it.
const (
	RefundReserved RefundStatus = "reserved"
	RefundSending  RefundStatus = "sending"
	RefundPending  RefundStatus = "pending"
	RefundUnknown  RefundStatus = "unknown"
	RefundRefunded RefundStatus = "refunded"
	RefundFailed   RefundStatus = "failed"
	RefundStuck    RefundStatus = "stuck"
)

// Open says that the refund's outcome is still awaited.
func (s RefundStatus) Open() bool {
	return s == RefundReserved || s == RefundSending || s == RefundPending || s == RefundUnknown
}

// Refund is money given back out of one receipt. Amount is in minor units.
type Refund struct {
	MerchantID string
	ID         string
	Version    int64
	PaymentID  string
	ReceiptID  string
	AttemptID  string
	ChannelID  string
	// SurplusID is set when the refund gives a surplus back.
	SurplusID string
	// Reference is the merchant's own, unique per payment.
	Reference string
	// Number is the refund number at the provider: minted once and sent with every retry, so that the provider refunds once.
	Number    string
	Amount    int64
	Currency  string
	Reason    string
	Status    RefundStatus
	Code      string
	Message   string
	CreatedAt time.Time
	UpdatedAt time.Time
}
