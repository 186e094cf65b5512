package ledger_test

import (
	"strings"
	"testing"
	"time"

	"postern"
	"postern/ledger"
)

func TestEveryBookingBalances(t *testing.T) {
	for _, kind := range ledger.Kinds() {
		b := postern.Booking{Kind: kind, ChannelID: "chn_1", PaymentID: "pay_1", Amount: 6800, Currency: "CNY"}
		tx, err := ledger.Make(b, "mer_1", "txn_1", time.Unix(0, 0))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if err := tx.Check(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestPosternNeverHoldsMoney is rule 0: no booking names an account of the operator's. Whatever is debited is what a provider owes the merchant, or one of
// the merchant's own accounts.
func TestPosternNeverHoldsMoney(t *testing.T) {
	own := map[string]bool{ledger.Sales: true, ledger.Refunds: true, ledger.RefundsInTransit: true, ledger.Surplus: true, ledger.Fees: true, ledger.Discounts: true, ledger.Disputes: true, ledger.Adjustments: true}
	for _, kind := range ledger.Kinds() {
		tx, err := ledger.Make(postern.Booking{Kind: kind, ChannelID: "chn_1", Amount: 1, Currency: "CNY"}, "mer_1", "txn_1", time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range tx.Postings {
			if !own[p.Account] && !strings.HasPrefix(p.Account, "receivable:") && !strings.HasPrefix(p.Account, "shared:") && !strings.HasPrefix(p.Account, "bank:") {
				t.Errorf("%s posts to %q, which is no account of a merchant's", kind, p.Account)
			}
			if strings.Contains(p.Account, "cash") || strings.Contains(p.Account, "operator") || strings.Contains(p.Account, "platform") {
				t.Errorf("%s posts to %q: Postern never holds money", kind, p.Account)
			}
		}
	}
}

func TestMakeRefusesWhatCannotBeBooked(t *testing.T) {
	good := postern.Booking{Kind: postern.BookReceipt, ChannelID: "chn_1", Amount: 1, Currency: "CNY"}
	for name, spoil := range map[string]func(*postern.Booking){
		"unknown kind": func(b *postern.Booking) { b.Kind = "gift" },
		"zero":         func(b *postern.Booking) { b.Amount = 0 },
		"negative":     func(b *postern.Booking) { b.Amount = -1 },
		"no currency":  func(b *postern.Booking) { b.Currency = "" },
		"no channel":   func(b *postern.Booking) { b.ChannelID = "" },
	} {
		b := good
		spoil(&b)
		if _, err := ledger.Make(b, "mer_1", "txn_1", time.Unix(0, 0)); err == nil {
			t.Errorf("%s: booked", name)
		}
	}
}

func TestCheckFindsAnUnbalancedTransaction(t *testing.T) {
	tx := ledger.Transaction{ID: "txn_1", Postings: []ledger.Posting{{Account: ledger.Sales, Amount: 5, Currency: "CNY"}, {Account: ledger.Refunds, Amount: -5, Currency: "USD"}}}
	if tx.Check() == nil {
		t.Error("a transaction that balances in no currency was let through")
	}
}
