// Package recon holds what providers say they did against our books. It is pure: statements and books come in, differences go out.
package recon

import (
	"cmp"
	"fmt"
	"sort"

	"postern"
	"postern/ledger"
)

// Order is one order in a provider's own book. Amounts are in minor units; Paid says that the provider took the money, whatever it gave back since.
type Order struct {
	Number   string
	Paid     bool
	Amount   int64
	Currency string
	Refunds  []OrderRefund
}

// OrderRefund is one refund in a provider's own book; Done says that the money went back.
type OrderRefund struct {
	Number string
	Amount int64
	Done   bool
}

// Books is our side of one payment.
type Books struct {
	State        postern.State
	Refunds      []postern.Refund
	Transactions []ledger.Transaction
	Shares       []postern.ShareLine // what bills said that others got
}

// Difference is one disagreement. Order is the order number at the provider, or the payment's id where no single order is to blame.
type Difference struct {
	Order  string
	Detail string
}

func (d Difference) String() string { return d.Order + ": " + d.Detail }

// Compare holds a provider's whole book against ours: every order that was paid there is a receipt of ours with the same amount, every refund there is a
// refund of ours, nothing of ours is missing there, and every receipt, surplus, refund and row of a bill about a share is
// booked once with its amount.
func Compare(orders []Order, books []Books) []Difference {
	var out []Difference
	theirs := map[string]Order{}
	for _, o := range orders {
		theirs[o.Number] = o
	}
	known := map[string]bool{}
	for _, b := range books {
		for _, a := range b.State.Attempts {
			known[a.Number] = true
			out = append(out, compareAttempt(a, theirs[a.Number], b)...)
		}
		out = append(out, comparePostings(b)...)
	}
	for _, o := range orders {
		if o.Paid && !known[o.Number] {
			out = append(out, Difference{o.Number, "the provider took money for an order that we do not have"})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}

func compareAttempt(a postern.Attempt, o Order, b Books) []Difference {
	var out []Difference
	say := func(format string, args ...any) {
		out = append(out, Difference{a.Number, fmt.Sprintf(format, args...)})
	}
	var received int64
	receipts := map[string]bool{}
	for _, r := range b.State.Receipts {
		if r.AttemptID == a.ID {
			received += r.Amount
			receipts[r.ID] = true
		}
	}
	var taken int64
	if o.Paid {
		taken = o.Amount
	}
	if received != taken {
		say("we have receipts of %s, the provider took %s", postern.FormatDecimal(received, a.Currency), postern.FormatDecimal(taken, a.Currency))
	}
	theirs := map[string]int64{}
	for _, r := range o.Refunds {
		if r.Done {
			theirs[r.Number] = r.Amount
		}
	}
	for _, r := range b.Refunds {
		if !receipts[r.ReceiptID] {
			continue
		}
		ours := int64(0)
		if r.Status == postern.RefundRefunded && !r.Outside() {
			ours = r.Amount
		}
		if ours != theirs[r.Number] {
			say("refund %s: we say %s, the provider gave back %s", r.Number, postern.FormatDecimal(ours, r.Currency), postern.FormatDecimal(theirs[r.Number], r.Currency))
		}
		delete(theirs, r.Number)
	}
	for number, amount := range theirs {
		say("the provider gave back %s with refund number %s that we do not have", postern.FormatDecimal(amount, a.Currency), number)
	}
	for _, u := range b.State.Surpluses {
		if receipts[u.ReceiptID] && (u.Status == postern.SurplusRefunded) != (refundedFor(u, b.Refunds) == u.Amount) {
			say("surplus %s is %s and its refund is not", u.ID, u.Status)
		}
	}
	return out
}

func refundedFor(u postern.Surplus, refunds []postern.Refund) int64 {
	for _, r := range refunds {
		if r.ID == u.RefundID && r.Status == postern.RefundRefunded {
			return r.Amount
		}
	}
	return 0
}

// comparePostings recomputes what the books of a payment should hold from its rows, account by account.
func comparePostings(b Books) []Difference {
	want, have := map[string]int64{}, map[string]int64{}
	add := func(debit, credit string, amount int64) { want[debit] += amount; want[credit] -= amount }
	for _, r := range b.State.Receipts {
		if r.Use == postern.ReceiptApplied {
			add(ledger.Receivable(r.ChannelID), ledger.Sales, r.Amount)
		} else {
			add(ledger.Receivable(r.ChannelID), ledger.Surplus, r.Amount)
		}
	}
	for _, u := range b.State.Surpluses {
		if u.Status == postern.SurplusAccepted {
			add(ledger.Surplus, ledger.Sales, u.Amount)
		}
	}
	for _, r := range b.Refunds {
		side := ledger.Refunds
		if r.SurplusID != "" {
			side = ledger.Surplus
		}
		switch {
		case r.Status == postern.RefundRefunded && r.Outside(): // what was stuck before came back first
			add(side, ledger.Bank(r.Hand.Bank), r.Amount)
		case r.Status == postern.RefundRefunded:
			add(side, ledger.Receivable(r.ChannelID), r.Amount)
		case r.Status == postern.RefundStuck:
			add(ledger.RefundsInTransit, ledger.Receivable(r.ChannelID), r.Amount)
		}
	}
	for _, l := range b.Shares {
		add(ledger.Shared(cmp.Or(l.ReceiverID, ledger.UnknownReceiver)), ledger.Receivable(l.ChannelID), l.Amount)
	}
	for _, t := range b.Transactions {
		for _, p := range t.Postings {
			have[p.Account] += p.Amount
		}
	}
	return diffAccounts(b.State.Payment, orderOf(b), want, have)
}

// orderOf names a payment for a person: the number of the order that paid it, else its own id.
func orderOf(b Books) string {
	for _, r := range b.State.Receipts {
		if a, ok := b.State.Attempt(r.AttemptID); ok {
			return a.Number
		}
	}
	return b.State.Payment.ID
}

func diffAccounts(p postern.Payment, order string, want, have map[string]int64) []Difference {
	var out []Difference
	accounts := map[string]bool{}
	for a := range want {
		accounts[a] = true
	}
	for a := range have {
		accounts[a] = true
	}
	for a := range accounts {
		if want[a] != have[a] {
			out = append(out, Difference{order, fmt.Sprintf("payment %s (%s): account %s holds %s and should hold %s", p.ID, p.Reference, a, postern.FormatDecimal(have[a], p.Currency), postern.FormatDecimal(want[a], p.Currency))})
		}
	}
	return out
}
