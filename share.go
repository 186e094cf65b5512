package postern

import "time"

// ShareStatus is the state of a share; see ShareStates for the table.
type ShareStatus string

// States of a share.
const (
	ShareReserved ShareStatus = "reserved"
	ShareSending  ShareStatus = "sending"
	SharePending  ShareStatus = "pending"
	ShareUnknown  ShareStatus = "unknown"
	ShareDone     ShareStatus = "done"
	ShareFailed   ShareStatus = "failed"
)

// Open says that the share's outcome is still awaited.
func (s ShareStatus) Open() bool {
	return s == ShareReserved || s == ShareSending || s == SharePending || s == ShareUnknown
}

// Share is one sharing of the money of a receipt: the provider hands parts of it to others. Amounts are in minor units.
type Share struct {
	MerchantID string
	ID         string
	Version    int64
	PaymentID  string
	ReceiptID  string
	AttemptID  string
	ChannelID  string
	// Reference is the merchant's own, unique per payment.
	Reference string
	// Number is the share's number at the provider: minted once and sent with every retry, so that the provider shares once.
	Number string
	// Amount is what all parts come to, Given what receivers are known to have got: all of it when done, and of a failed share what went through before it failed.
	Amount   int64
	Given    int64
	Currency string
	Parts    []SharePart
	// Last says that what is left is the merchant's, and that nothing is shared after it. Without parts that is all it does.
	Last      bool
	Text      string
	Status    ShareStatus
	Code      string
	Message   string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// SharePart is one receiver's part. Who the receiver is stands in ShareReceiver, which is deleted by retention; the part stays.
type SharePart struct {
	ReceiverID string `json:"receiver_id"`
	Kind       string `json:"kind"`
	Amount     int64  `json:"amount"`
	Text       string `json:"text,omitempty"`
}

// ShareReceiver is who may get parts of orders over one account: personal, so it lives in a table of its own with a retention job. Kind is the provider's word for
// what Account is.
type ShareReceiver struct {
	MerchantID      string
	ID              string
	CredentialSetID string
	Kind            string
	Account         string
	Name            string
	// AddedAt is when the provider was told of the receiver; zero means that it must be told before the next share.
	AddedAt time.Time
	UsedAt  time.Time
}

// ReceiverID names a receiver without saying who it is: whoever shares with the same account again makes the same id, also after the receiver was forgotten.
func ReceiverID(merchantID, credentialSetID, kind, account string) string {
	return DerivedID(PrefixReceiver, time.UnixMilli(0), merchantID, credentialSetID, kind, account)
}

// ShareLine is one row of a bill about a share, as it was booked. (merchant, credential set, Key) is unique, so that a row is booked once however often its bill is
// read. Amount is in minor units: what the receiver got, negative when it came back.
type ShareLine struct {
	MerchantID      string
	CredentialSetID string
	Key             string
	PaymentID       string
	ReceiptID       string
	ChannelID       string
	ShareID         string // empty when no share of ours is known for the row
	ReceiverID      string // empty when the bill does not say who got it
	TransactionID   string
	Amount          int64
	Currency        string
	At              time.Time
	CreatedAt       time.Time
}
