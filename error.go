package postern

import "errors"

// Code is a stable word for what went wrong. Merchants program against it; it never changes its meaning.
type Code string

// Codes that are not about one field. The edges map each to a status once (api/problem.go) and once per facade.
const (
	CodeInvalid          Code = "invalid_request"
	CodeNotFound         Code = "not_found"
	CodeConflict         Code = "conflict"
	CodeReferenceTaken   Code = "reference_taken"
	CodeAlreadyPaid      Code = "already_paid"
	CodePaymentClosed    Code = "payment_closed"
	CodeAttemptLive      Code = "attempt_live"
	CodeAttemptUnknown   Code = "attempt_unknown"
	CodeNoRoute          Code = "no_route"
	CodeRefundExceeds    Code = "refund_exceeds_received"
	CodeNothingToRefund  Code = "nothing_to_refund"
	CodeShareExceeds     Code = "share_exceeds_received"
	CodeNothingToShare   Code = "nothing_to_share"
	CodeNotForSharing    Code = "not_for_sharing"
	CodeSurplusSettled   Code = "surplus_settled"
	CodeIdempotency      Code = "idempotency_mismatch"
	CodeInFlight         Code = "request_in_flight"
	CodeUnauthenticated  Code = "unauthenticated"
	CodeForbidden        Code = "forbidden"
	CodeModeMismatch     Code = "mode_mismatch"
	CodeUnverified       Code = "unverified"
	CodeInternal         Code = "internal"
	CodeCommitUnknown    Code = "commit_unknown"
	CodeRateLimited      Code = "rate_limited"
	CodeProviderRefused  Code = "provider_refused"
	CodeProviderSilent   Code = "provider_silent"
	CodeNotWhole         Code = "statement_not_whole"
	CodeNotSupported     Code = "not_supported"
	CodeImpossibleChange Code = "impossible_change"
	CodeSoldOut          Code = "sold_out"
	CodeLimitReached     Code = "limit_reached"
	CodeNotOnSale        Code = "not_on_sale"
	CodePriceChanged     Code = "price_changed"
)

// Error is the one error type of the house: a stable code, the operation that failed, and words for a person. Field and Fix are set for bad input; ID names
// the object that stands in the way. It never carries secrets or the value that was refused.
type Error struct {
	Code    Code
	Op      string
	Message string
	Field   string
	Fix     string
	ID      string
	Err     error
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Field != "" {
		s += " (field " + e.Field + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// E makes an Error with a code and a message.
func E(code Code, op, message string) *Error { return &Error{Code: code, Op: op, Message: message} }

// Wrap makes an Error around another one.
func Wrap(code Code, op string, err error) *Error {
	return &Error{Code: code, Op: op, Message: "failed", Err: err}
}

// Invalid makes the error for bad input: the field, a stable code, what is wrong and how to mend it.
func Invalid(field string, code Code, message, fix string) *Error {
	return &Error{Code: code, Message: message, Field: field, Fix: fix}
}

// CodeOf returns the code of the first Error in err's chain, or CodeInternal.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
