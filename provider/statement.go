package provider

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrNotWhole is wrapped by the error of a bill that is not the whole bill of the account and day that was asked for: cut off, edited, or somebody else's.
var ErrNotWhole = errors.New("provider: this is not the whole bill")

// MaxStatement bounds what a bill may unpack to, in bytes: about three million rows.
const MaxStatement = 1 << 30

// LineKind says what a row of a bill is about.
type LineKind string

// Kinds of rows.
const (
	LinePayment    LineKind = "payment"
	LineRefund     LineKind = "refund"
	LineFee        LineKind = "fee"
	LineTransfer   LineKind = "transfer"
	LineWithdrawal LineKind = "withdrawal"
	LineShare      LineKind = "share"
	LineOther      LineKind = "other"
)

// StatementLine is one row of a provider's bill. Amount is in minor units as the merchant sees it: a payment is positive, a refund or a fee row negative. Fee is
// what the provider kept for this row, in minor units, negative when it gave some back; providers write fees with more decimals than there is money, and then Fee
// is rounded (half away from zero) and the exact text stands in Columns.
type StatementLine struct {
	Kind         LineKind  `json:"kind"`
	TxnNo        string    `json:"txn_no"`                  // the provider's number of the payment
	Number       string    `json:"number,omitempty"`        // the merchant's order number
	RefundTxnNo  string    `json:"refund_txn_no,omitempty"` // the provider's number of the refund
	RefundNumber string    `json:"refund_number,omitempty"` // the merchant's refund number
	ShareNumber  string    `json:"share_number,omitempty"`  // the merchant's number of the share, where a bill names it
	Receiver     string    `json:"receiver,omitempty"`      // the account that got the share, where a bill names it
	Amount       int64     `json:"amount"`
	Fee          int64     `json:"fee"`
	Currency     string    `json:"currency"`
	At           time.Time `json:"at"`
	Columns      []string  `json:"columns"`
}

// StatementSum is what a bill adds up to, checked against the totals that the provider wrote into it.
type StatementSum struct {
	Account string    `json:"account"`
	Lines   int64     `json:"lines"`
	Amount  int64     `json:"amount"` // minor units, all rows
	Fee     int64     `json:"fee"`
	From    time.Time `json:"from,omitzero"`
	Until   time.Time `json:"until,omitzero"`
}

// StatementFile is a bill as it was downloaded, packed or not, with its size in bytes.
type StatementFile struct {
	io.ReaderAt
	Size int64
}

// Statementer reads the provider's bills. Rows stream: nothing is kept of them. The error of each ends the reading and is returned; other errors name the line.
// Account, if it is not empty, must be the bill's own.
type Statementer interface {
	StatementKinds() []string
	ReadStatement(kind, account string, file StatementFile, each func(StatementLine) error) (StatementSum, error)
}

// FetchState is what became of a download.
type FetchState string

// States of a download. FetchEmpty: the provider says that the day has no bill because nothing happened. FetchNotReady: it is not made yet, come again. FetchRefused:
// it never will be given (too old, not permitted). FetchUnknown: no answer that can be believed.
const (
	FetchDone     FetchState = "done"
	FetchEmpty    FetchState = "empty"
	FetchNotReady FetchState = "not_ready"
	FetchRefused  FetchState = "refused"
	FetchUnknown  FetchState = "unknown"
)

// StatementFetcher downloads bills. The file goes to w as the provider sent it, at most MaxStatement bytes; where the provider gives a digest of it, it is compared, and
// a file that differs is FetchUnknown. Day is a date in the provider's zone (Beijing); kind is one of StatementKinds.
type StatementFetcher interface {
	Statementer
	FetchStatement(ctx context.Context, call Call, kind string, day time.Time, w io.Writer) FetchResult
	// StatementAccount is the account whose bill it must be, as ReadStatement wants it.
	StatementAccount(call Call) string
}

// FetchResult is the outcome of a download.
type FetchResult struct {
	State    FetchState
	Class    Class
	Code     string
	Message  string
	Size     int64  // bytes written
	Digest   string // as the provider gave it, empty without
	Exchange Exchange
}
