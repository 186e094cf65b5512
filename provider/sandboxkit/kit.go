// Package sandboxkit is what every provider's sandbox shares: a clock that can be advanced, faults that can be ordered, a courier that delivers notifications
// on the provider's retry schedule, the control address, the simulated wallet as a mobile page, and a little HTTP shell. It knows deliveries and buttons; it
// knows no money rules and no states, so that each sandbox stays an independent witness of its own provider. It imports the standard library only.
package sandboxkit

import (
	"errors"
	"net/http"
)

// Doer sends HTTP requests; *http.Client and Local implement it.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Errors that a sandbox's book returns (wrapped or bare) and that Control and Phone turn into answers.
var (
	// ErrNotFound says that no such order or code exists: 404.
	ErrNotFound = errors.New("no such order")
	// ErrConflict says that the order is not in a state in which this can happen, or belongs to another buyer: 409.
	ErrConflict = errors.New("not possible in the order's present state")
)

// Order is one order in a sandbox's own book, as the control address shows it. Amounts are integer minor units; Status is the provider's own word.
type Order struct {
	OrderNo    string   `json:"order_no"`    // the merchant's number
	ProviderNo string   `json:"provider_no"` // the provider's transaction number, empty before there is one
	Amount     int64    `json:"amount"`
	Currency   string   `json:"currency"`
	Status     string   `json:"status"`
	Refunds    []Refund `json:"refunds"`
}

// Refund is one refund of an Order. Amount is in minor units; Status is the provider's own word.
type Refund struct {
	RefundNo string `json:"refund_no"`
	Amount   int64  `json:"amount"`
	Status   string `json:"status"`
}

// Book is what the control address needs of a sandbox. Methods are called from many goroutines. An empty payer means the sandbox's default buyer.
type Book interface {
	// Orders lists every order, oldest first.
	Orders() []Order
	// ApproveOrder lets payer pay the order with this merchant's number, scanning its code first where the product has one. It returns ErrNotFound or
	// ErrConflict, wrapped with the reason.
	ApproveOrder(orderNo, payer string) error
	// DeclineOrder lets payer refuse it, with the same errors.
	DeclineOrder(orderNo, payer string) error
}
