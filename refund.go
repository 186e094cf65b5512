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
	Number   string
	Amount   int64
	Currency string
	Reason   string
	Status   RefundStatus
	Code     string
	Message  string
	// Hand is set when two persons say how it ended, instead of the provider.
	Hand      Hand
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Outside says that the provider does not give this money back: it was entered so, or was stuck and ended so.
func (r Refund) Outside() bool { return r.Hand.Way == WayOutside && r.Status != RefundStuck }

// Awaits says that one person has said how it ended and a second one has to agree.
func (r Refund) Awaits() bool { return r.Hand.Way != "" && r.Hand.DecidedAt.IsZero() }

// Way says how a refund ended by the word of two persons.
type Way string

// Ways. Reached is for stuck refunds only.
const (
	WayOutside Way = "outside" // given back from the merchant's own bank account, or in cash
	WayReached Way = "reached" // the provider brought it to the buyer after all
)

// Person is who says something about a refund: ID is a member of staff's or an API key's. The operator at the command line has none, and is one person however many share the machine.
type Person struct{ ID, Name string }

// Hand is what two persons say of a refund that no provider tells of: By entered it with the evidence, Second saw for themselves. Bank names the merchant's own account that paid, as in the
// books (bank:{name}); it is empty unless the way is outside.
type Hand struct {
	Way       Way
	Bank      string
	Evidence  string
	By        Person
	At        time.Time
	Second    Person
	Saw       string
	DecidedAt time.Time
}

// DefaultBank is the name of the merchant's own account when nobody gave one.
const DefaultBank = "outside"
