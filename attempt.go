package postern

import "time"

// AttemptStatus is the state of an attempt; see AttemptStates for the table.
type AttemptStatus string

// States of an attempt.
const (
	AttemptCreated AttemptStatus = "created"
	AttemptSending AttemptStatus = "sending"
	AttemptPending AttemptStatus = "pending"
	AttemptUnknown AttemptStatus = "unknown"
	AttemptPaid    AttemptStatus = "paid"
	AttemptFailed  AttemptStatus = "failed"
	AttemptClosed  AttemptStatus = "closed"
)

// Live says that money may still arrive through the attempt in the ordinary course.
func (s AttemptStatus) Live() bool {
	return s == AttemptSending || s == AttemptPending || s == AttemptUnknown
}

// Attempt is one try to collect a payment, with an order number of its own at the provider. Amount is in minor units.
type Attempt struct {
	MerchantID      string
	ID              string
	Version         int64
	PaymentID       string
	ChannelID       string
	CredentialSetID string
	// GenerationID is the key set that signed the start. Messages about this attempt may be signed for it long after a rotation.
	GenerationID string
	Provider     string
	Product      string
	// Number is the order number at the provider: 32 characters 0-9a-z, minted once, never reused.
	Number   string
	Amount   int64
	Currency string
	Status   AttemptStatus
	// Opaque is what the provider returned beside the order (prepay_id, tn, queryId), for the connector's use only.
	Opaque string
	// Action is what the buyer's page must do; it is empty until the provider answered.
	Action Action
	// PayerHash tells two buyers apart without keeping the payer's id in a money row.
	PayerHash string
	// Container is where the buyer opened the page.
	Container string
	// ExposedAt is when the action was first shown to a buyer, or when the start was sent for a product that charges without one.
	ExposedAt time.Time
	// ExpiresAt is the provider-side expiry that was sent with the order.
	ExpiresAt time.Time
	// CloseRequestedAt is an intent: a job closes the order at the provider.
	CloseRequestedAt time.Time
	// Code and Message are the provider's own words of the last answer, verbatim.
	Code    string
	Message string
	// Class is what kind of refusal the first answer that was one was; empty when there was none. It is what the channel's health is judged by.
	Class string
	// Plan is the JSON of the plan that this attempt was chosen from, every candidate with its reason.
	Plan      string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Exposed says that a buyer may have seen the action, so that only the provider can say whether the attempt is still payable.
func (a Attempt) Exposed() bool { return !a.ExposedAt.IsZero() }

// ActionType says what the buyer's page does next.
type ActionType string

// Actions, as the API shows them.
const (
	ActionNone     ActionType = "none"
	ActionRedirect ActionType = "redirect"
	ActionForm     ActionType = "form"
	ActionQR       ActionType = "qr"
	ActionJSAPI    ActionType = "jsapi"
	ActionApp      ActionType = "app"
	ActionMini     ActionType = "mini"
	ActionWait     ActionType = "wait"
)

// Action is what the buyer's page must do to let the buyer pay. Which fields are set follows from Type.
type Action struct {
	Type        ActionType        `json:"type"`
	URL         string            `json:"url,omitempty"`
	Method      string            `json:"method,omitempty"`
	Fields      map[string]string `json:"fields,omitempty"`
	Content     string            `json:"content,omitempty"`
	ExpiresAt   *time.Time        `json:"expires_at,omitempty"`
	Bridge      string            `json:"bridge,omitempty"`
	Params      map[string]string `json:"params,omitempty"`
	PollAfterMS int64             `json:"poll_after_ms,omitempty"`
}
