// Package ledger is double entry, pure: the chart of accounts, the transaction that each booking makes, and the rule that every transaction balances. It
// knows no SQL and no clock.
//
// Amounts are minor units; a positive posting is a debit, a negative one a credit, and the postings of a transaction sum to zero per currency.
package ledger

import (
	"cmp"
	"fmt"
	"sort"
	"time"

	"postern"
)

// Accounts of a merchant. There is no account of the operator's: Postern never holds money, and a test says so. Receivable is per channel.
const (
	Sales            = "sales"
	Refunds          = "refunds"
	RefundsInTransit = "refunds_in_transit"
	Surplus          = "surplus"
	Fees             = "fees"
	Discounts        = "discounts"
	Disputes         = "disputes"
	Adjustments      = "adjustments"
)

// Receivable is what a provider owes the merchant through one channel.
func Receivable(channelID string) string { return "receivable:" + channelID }

// Bank is the merchant's own account: where a provider settles, and what pays a refund outside the provider.
func Bank(name string) string { return "bank:" + name }

// Shared is what was shared with a receiver, by its id; UnknownReceiver stands for one that nobody named.
func Shared(receiver string) string { return "shared:" + receiver }

// UnknownReceiver is the receiver of a share whose row in the bill does not say who got it, and that no share of ours explains.
const UnknownReceiver = "unknown"

// Posting is one line of a transaction. Amount is in minor units, debit positive.
type Posting struct {
	Account  string
	Amount   int64
	Currency string
}

// Transaction is a balanced set of postings of one merchant with what they are about.
type Transaction struct {
	MerchantID string
	ID         string
	Kind       postern.BookingKind
	PaymentID  string
	ReceiptID  string
	SurplusID  string
	RefundID   string
	Postings   []Posting
	CreatedAt  time.Time
}

// rule names the account debited and the account credited; "receivable" stands for the booking's channel, "shared" for its receiver, "bank" for its bank.
type rule struct{ debit, credit string }

const (
	receivable = "receivable"
	shared     = "shared"
	bank       = "bank"
)

// rules is the chart's table: one row per booking. Later work adds rows, and never gives an account another meaning.
var rules = map[postern.BookingKind]rule{
	postern.BookReceipt:        {receivable, Sales},
	postern.BookSurplus:        {receivable, Surplus},
	postern.BookSurplusAccept:  {Surplus, Sales},
	postern.BookSurplusReturn:  {Surplus, receivable},
	postern.BookRefund:         {Refunds, receivable},
	postern.BookRefundStuck:    {RefundsInTransit, receivable},
	postern.BookRefundUnstuck:  {Refunds, RefundsInTransit},
	postern.BookSurplusUnstuck: {Surplus, RefundsInTransit},
	postern.BookRefundOutside:  {Refunds, bank},
	postern.BookSurplusOutside: {Surplus, bank},
	postern.BookTransitBack:    {receivable, RefundsInTransit},
	postern.BookShare:          {shared, receivable},
	postern.BookShareReturn:    {receivable, shared},
}

// Kinds lists the bookings that the chart knows, in order.
func Kinds() []postern.BookingKind {
	kinds := make([]postern.BookingKind, 0, len(rules))
	for k := range rules {
		kinds = append(kinds, k)
	}
	sort.Slice(kinds, func(i, j int) bool { return kinds[i] < kinds[j] })
	return kinds
}

// Make returns the transaction of a booking. It refuses an unknown kind, an amount that is not positive and a missing channel.
func Make(b postern.Booking, merchantID, id string, at time.Time) (Transaction, error) {
	r, ok := rules[b.Kind]
	if !ok {
		return Transaction{}, fmt.Errorf("ledger: no rule for booking %q", b.Kind)
	}
	if b.Amount <= 0 || b.Currency == "" || b.ChannelID == "" {
		return Transaction{}, fmt.Errorf("ledger: booking %q wants a positive amount, a currency and a channel", b.Kind)
	}
	account := func(name string) string {
		switch name {
		case receivable:
			return Receivable(b.ChannelID)
		case shared:
			return Shared(cmp.Or(b.ReceiverID, UnknownReceiver))
		case bank:
			return Bank(cmp.Or(b.Bank, postern.DefaultBank))
		}
		return name
	}
	t := Transaction{
		MerchantID: merchantID, ID: id, Kind: b.Kind, PaymentID: b.PaymentID, ReceiptID: b.ReceiptID, SurplusID: b.SurplusID, RefundID: b.RefundID, CreatedAt: at,
		Postings: []Posting{{account(r.debit), b.Amount, b.Currency}, {account(r.credit), -b.Amount, b.Currency}},
	}
	return t, t.Check()
}

// Check returns an error when the transaction does not balance in every currency, or has an empty or zero line.
func (t Transaction) Check() error {
	sums := map[string]int64{}
	for _, p := range t.Postings {
		if p.Account == "" || p.Currency == "" || p.Amount == 0 {
			return fmt.Errorf("ledger: transaction %s has an empty line", t.ID)
		}
		sums[p.Currency] += p.Amount
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("ledger: transaction %s is off by %d %s", t.ID, sum, currency)
		}
	}
	if len(t.Postings) < 2 {
		return fmt.Errorf("ledger: transaction %s has fewer than two lines", t.ID)
	}
	return nil
}

// Balance is the sum of an account's postings. Amount is in minor units, debit positive.
type Balance struct {
	Account  string
	Currency string
	Amount   int64
}
