package provider

import (
	"context"

	"postern"
)

// ReverseState is what a provider's answer to a reversal says.
type ReverseState string

// States of a reversal's result. ReverseClosed: nobody paid and nobody can any more. ReverseRefunded: the buyer had paid, and the provider gave it back; Money says
// what had been taken. ReverseRefused: the provider reverses no more (its time for that is over, or the order was refunded): a query and a refund remain.
const (
	ReverseClosed   ReverseState = "closed"
	ReverseRefunded ReverseState = "refunded"
	ReverseRefused  ReverseState = "refused"
	ReverseUnknown  ReverseState = "unknown"
)

// Reverser undoes an order whose outcome nobody knows, as the counter needs it: closed where nobody paid, given back where somebody did. Reversing again changes
// nothing. Products that charge at once are reversed where others are closed.
type Reverser interface {
	Reverse(ctx context.Context, call Call, attempt postern.Attempt) ReverseResult
}

// ReverseResult is the outcome of a reversal. Again says that the provider asks for the same call once more.
type ReverseResult struct {
	State    ReverseState
	Class    Class
	Code     string
	Message  string
	Again    bool
	Money    *Money
	Exchange Exchange
}
