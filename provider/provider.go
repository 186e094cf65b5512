package provider

import (
	"context"
	"errors"
	"time"

	"postern"
)

// ErrNotSent is wrapped by a Doer's error when not one byte of the request was written. Only that proves that nothing happened at the provider.
var ErrNotSent = errors.New("provider: the request was not sent")

// State is what a provider's answer says about an attempt.
type State string

// States of an attempt's result. Absent means that the provider does not know the order; it is never failed.
const (
	Paid    State = "paid"
	Failed  State = "failed"
	Closed  State = "closed"
	Pending State = "pending"
	Absent  State = "absent"
	Unknown State = "unknown"
)

// RefundState is what a provider's answer says about a refund.
type RefundState string

// States of a refund's result. RefundAbsent means that the provider does not know the refund number: sending it again with the same number is safe.
const (
	RefundDone    RefundState = "refunded"
	RefundFailed  RefundState = "failed"
	RefundStuck   RefundState = "stuck"
	RefundPending RefundState = "pending"
	RefundAbsent  RefundState = "absent"
	RefundUnknown RefundState = "unknown"
)

// CloseState is what a provider's answer to a close says.
type CloseState string

// States of a close's result.
const (
	CloseDone        CloseState = "closed"
	CloseAlreadyPaid CloseState = "already_paid"
	CloseAbsent      CloseState = "absent"
	CloseUnknown     CloseState = "unknown"
)

// Class says what kind of refusal an answer is. Declined, invalid, auth, closed, rate limited and unavailable prove that no money moved; unknown and bug
// prove nothing.
type Class string

// Error classes. ClassClosed means that the provider says this merchant or product may not collect.
const (
	ClassNone        Class = ""
	ClassDeclined    Class = "declined"
	ClassInvalid     Class = "invalid"
	ClassAuth        Class = "auth"
	ClassClosed      Class = "closed"
	ClassRateLimited Class = "rate_limited"
	ClassUnavailable Class = "unavailable"
	ClassUnknown     Class = "unknown"
	ClassBug         Class = "bug"
)

// MayFailOver says that a class is one of those that prove that no money moved and that another channel may do better.
func (c Class) MayFailOver() bool {
	switch c {
	case ClassInvalid, ClassAuth, ClassClosed, ClassRateLimited, ClassUnavailable:
		return true
	}
	return false
}

// Connector speaks one provider's protocol as a client. It is stateless and safe for concurrent use; it does not retry and starts no goroutines.
type Connector interface {
	// Describe returns the static facts of the provider.
	Describe() Description
	// Start places the order. A result of Pending carries the action for the buyer; Paid is possible where the product charges without one.
	Start(ctx context.Context, call Call, start StartRequest) Result
	// Query asks for the order by its number.
	Query(ctx context.Context, call Call, attempt postern.Attempt) Result
}

// Closer can close an order that nobody paid.
type Closer interface {
	Close(ctx context.Context, call Call, attempt postern.Attempt) CloseResult
}

// Refunder gives money back out of a paid attempt. Sending the same refund again with the same number refunds once.
type Refunder interface {
	Refund(ctx context.Context, call Call, refund RefundRequest) RefundResult
}

// RefundQuerier asks for a refund by its number.
type RefundQuerier interface {
	QueryRefund(ctx context.Context, call Call, refund RefundRequest) RefundResult
}

// Notifiable reads the provider's notifications. ReadNotification fails unless the message is verified with a key of this credential set.
type Notifiable interface {
	ReadNotification(call Call, attempt postern.Attempt, message Message) (Verified, error)
	// Acknowledge returns the exact bytes that tell the provider to stop (ok) or to send again.
	Acknowledge(ok bool) Reply
}

// NotifyConfirmer is a Notifiable whose protocol wants a verified notification asked back before it counts.
type NotifyConfirmer interface {
	Notifiable
	ConfirmNotification(ctx context.Context, call Call, attempt postern.Attempt, message Message) Confirmation
}

// ConfirmState is what a provider says of a notification that is asked back.
type ConfirmState string

// States of a confirmation. ConfirmTooLate means that the provider no longer answers for it: only a query of the order can.
const (
	ConfirmDone    ConfirmState = "confirmed"
	ConfirmTooLate ConfirmState = "too_late"
	ConfirmDenied  ConfirmState = "denied"
	ConfirmUnknown ConfirmState = "unknown"
)

// Confirmation is the outcome of asking a notification back.
type Confirmation struct {
	State    ConfirmState
	Code     string
	Message  string
	Exchange Exchange
}

// PayerResolver finds out who the buyer is where the provider wants to know at ordering (OAuth).
type PayerResolver interface {
	// AuthorizeURL is where to send the buyer; the provider sends them back to redirectURI with a code and this state.
	AuthorizeURL(call Call, redirectURI, state string) string
	// CodeParam is the query parameter that carries the code on the way back.
	CodeParam() string
	ResolvePayer(ctx context.Context, call Call, code string) (payerID string, err error)
}

// TrustRefresher fetches the provider's current certificates.
type TrustRefresher interface {
	RefreshTrust(ctx context.Context, call Call) ([]Trust, error)
}

// Checker makes a harmless signed call and says what a person must register at the provider.
type Checker interface {
	Check(ctx context.Context, call Call) CheckResult
	// Registrations lists what to enter in the provider's console for a switch at this public address, for people.
	Registrations(call Call, publicURL, callbackURL string) []Registration
}

// Call is everything one provider call may use.
type Call struct {
	Env Env
	// Settings are the credential set's public facts, by the names of Description.Settings, with the channel's own in the place of those that it has.
	Settings    map[string]string
	SubMerchant string
	Sandbox     bool
	// Keys are the generations that may verify, the one that signs first.
	Keys []Generation
	// Trust are the provider's fetched certificates or keys.
	Trust []Verifier
	// Timeout bounds the whole call.
	Timeout time.Duration
}

// StartRequest is what a connector needs to place an order. Attempt.Number, .Amount, .Currency and .ExpiresAt are the order's.
type StartRequest struct {
	Attempt     postern.Attempt
	Description string
	NotifyURL   string
	// ReturnURL is where the provider's page sends the buyer back; it proves nothing.
	ReturnURL string
	QuitURL   string
	ClientIP  string
	PayerID   string
	AuthCode  string
	// ProfitSharing says that parts of the order will be shared with others: providers want to know it at ordering.
	ProfitSharing bool
	// OS and Form come from the buyer's user agent, for products whose order names them.
	OS   string
	Form string
	// Fields is what a merchant's code said of the order in this provider's own words (FaceOrder.Fields), where the order is begun for that code; see Relayer.
	Fields map[string]string
}

// Result is the outcome of a start or a query. Code and Message are the provider's own, verbatim.
type Result struct {
	State    State
	Class    Class
	Code     string
	Message  string
	Field    string // the field that a limit refused, before anything was sent
	Opaque   string
	Action   postern.Action
	Money    *Money
	Exchange Exchange
}

// Money is what a provider says it took. Amount is the order's total in minor units, never what payer or merchant netted.
type Money struct {
	TxnNo    string
	Amount   int64
	Currency string
	PaidAt   time.Time
	PayerID  string
}

// CloseResult is the outcome of a close.
type CloseResult struct {
	State    CloseState
	Class    Class
	Code     string
	Message  string
	Exchange Exchange
}

// RefundRequest is what a connector needs to refund or to ask about a refund. Total is the paid order's amount in minor units.
type RefundRequest struct {
	Refund    postern.Refund
	Attempt   postern.Attempt
	TxnNo     string
	Total     int64
	NotifyURL string
	// Earlier is how many refunds of this attempt went before: providers bound it.
	Earlier int
}

// RefundResult is the outcome of a refund or of a refund query. Amount is what the provider says of this refund, in minor units, 0 if it does not say.
type RefundResult struct {
	State    RefundState
	Class    Class
	Code     string
	Message  string
	Field    string
	Amount   int64
	Exchange Exchange
}

// Exchange is one raw request and answer with secrets masked, for the payment's story.
type Exchange struct {
	Op       string
	Request  string
	Response string
	Status   int
	Error    string
}

// Reply is the exact answer to a notification.
type Reply struct {
	Status      int
	ContentType string
	Body        string
}

// Trust is one certificate or public key that a provider published. PEM is public.
type Trust struct {
	KeyID     string
	PEM       string
	NotBefore time.Time
	NotAfter  time.Time
}

// CheckResult is the outcome of a harmless call.
type CheckResult struct {
	OK       bool
	Class    Class
	Code     string
	Message  string
	Exchange Exchange
}

// Registration is one thing a person must enter in the provider's console, and why, in English and Chinese.
type Registration struct {
	Where string
	Value string
	Why   string
	WhyZH string
}
