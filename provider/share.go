package provider

import (
	"context"

	"postern"
)

// ShareState is what a provider says of a profit-sharing order.
type ShareState string

// States of a share.
const (
	ShareDone    ShareState = "done"
	ShareFailed  ShareState = "failed"
	SharePending ShareState = "pending"
	ShareAbsent  ShareState = "absent"
	ShareUnknown ShareState = "unknown"
)

// Sharer hands parts of a paid order to others, by the provider: the money never passes through here. Where the provider wants to know at ordering, the order says so
// (StartRequest.ProfitSharing). Sending a share again with the same number shares once.
type Sharer interface {
	// AddReceiver tells the provider who may receive; adding again changes nothing.
	AddReceiver(ctx context.Context, call Call, receiver ShareReceiver) ShareResult
	Share(ctx context.Context, call Call, request ShareRequest) ShareResult
	QueryShare(ctx context.Context, call Call, request ShareRequest) ShareResult
	// Unfreeze gives what is left of the order to the merchant; nothing can be shared after it.
	Unfreeze(ctx context.Context, call Call, request ShareRequest) ShareResult
}

// ShareReceiver is who gets a part. Kind is the provider's word for what Account is.
type ShareReceiver struct {
	Kind    string
	Account string
	Name    string
}

// SharePart is one receiver's part, in minor units.
type SharePart struct {
	Receiver ShareReceiver
	Amount   int64
	Text     string
}

// ShareRequest is one sharing of a paid attempt. Number is 32 characters 0-9a-z. Last says that what is left is the merchant's.
type ShareRequest struct {
	Attempt postern.Attempt
	TxnNo   string
	Number  string
	Parts   []SharePart
	Last    bool
	Text    string
}

// ShareResult is the outcome of any of the calls.
type ShareResult struct {
	State    ShareState
	Class    Class
	Code     string
	Message  string
	Field    string
	Parts    []SharePart // what the provider says each receiver got
	Exchange Exchange
}
