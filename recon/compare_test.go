package recon_test

import (
	"strings"
	"testing"
	"time"

	"postern"
	"postern/ledger"
	"postern/recon"
)

// paid is a payment of 68.00 with 20.00 refunded, as both sides know it.
func paid(t *testing.T) (recon.Order, recon.Books) {
	t.Helper()
	book := func(kind postern.BookingKind, amount int64) ledger.Transaction {
		tx, err := ledger.Make(postern.Booking{Kind: kind, ChannelID: "chn_1", PaymentID: "pay_1", Amount: amount, Currency: "CNY"}, "mer_1", "txn_"+string(kind), time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	order := recon.Order{Number: "n1", Paid: true, Amount: 6800, Currency: "CNY", Refunds: []recon.OrderRefund{{Number: "r1", Amount: 2000, Done: true}}}
	books := recon.Books{
		State: postern.State{
			Payment:  postern.Payment{ID: "pay_1", Reference: "A1", Amount: 6800, Currency: "CNY", Status: postern.PaymentPaid},
			Attempts: []postern.Attempt{{ID: "att_1", Number: "n1", Amount: 6800, Currency: "CNY", Status: postern.AttemptPaid}},
			Receipts: []postern.Receipt{{ID: "rcp_1", AttemptID: "att_1", ChannelID: "chn_1", Amount: 6800, Currency: "CNY", Use: postern.ReceiptApplied, Refunded: 2000}},
		},
		Refunds:      []postern.Refund{{ID: "ref_1", ReceiptID: "rcp_1", ChannelID: "chn_1", Number: "r1", Amount: 2000, Currency: "CNY", Status: postern.RefundRefunded}},
		Transactions: []ledger.Transaction{book(postern.BookReceipt, 6800), book(postern.BookRefund, 2000)},
	}
	return order, books
}

func TestCompareFindsNothingWhereNothingIs(t *testing.T) {
	order, books := paid(t)
	if d := recon.Compare([]recon.Order{order}, []recon.Books{books}); len(d) != 0 {
		t.Errorf("got %v", d)
	}
}

// TestCompareFindsEveryDifference spoils one thing at a time and wants the order named.
func TestCompareFindsEveryDifference(t *testing.T) {
	for name, spoil := range map[string]func(*recon.Order, *recon.Books){
		"the provider took another amount":    func(o *recon.Order, _ *recon.Books) { o.Amount-- },
		"the provider was never paid":         func(o *recon.Order, _ *recon.Books) { o.Paid = false },
		"we have no receipt":                  func(_ *recon.Order, b *recon.Books) { b.State.Receipts = nil },
		"the receipt is off":                  func(_ *recon.Order, b *recon.Books) { b.State.Receipts[0].Amount++ },
		"the refund is unknown there":         func(o *recon.Order, _ *recon.Books) { o.Refunds = nil },
		"the refund is still on its way":      func(o *recon.Order, _ *recon.Books) { o.Refunds[0].Done = false },
		"the refund is of another amount":     func(o *recon.Order, _ *recon.Books) { o.Refunds[0].Amount-- },
		"the refund is unknown here":          func(_ *recon.Order, b *recon.Books) { b.Refunds, b.Transactions = nil, b.Transactions[:1] },
		"the refund is not settled here":      func(_ *recon.Order, b *recon.Books) { b.Refunds[0].Status = postern.RefundUnknown },
		"a posting is missing":                func(_ *recon.Order, b *recon.Books) { b.Transactions = b.Transactions[:1] },
		"a posting stands twice":              func(_ *recon.Order, b *recon.Books) { b.Transactions = append(b.Transactions, b.Transactions[0]) },
		"a posting is of another amount":      func(_ *recon.Order, b *recon.Books) { b.Transactions[0].Postings[0].Amount++ },
		"the receipt is surplus in the books": func(_ *recon.Order, b *recon.Books) { b.State.Receipts[0].Use = postern.ReceiptSurplus },
		"a surplus says that it went back": func(_ *recon.Order, b *recon.Books) {
			b.State.Surpluses = []postern.Surplus{{ID: "sur_1", ReceiptID: "rcp_1", Amount: 6800, Status: postern.SurplusRefunded}}
		},
	} {
		order, books := paid(t)
		spoil(&order, &books)
		d := recon.Compare([]recon.Order{order}, []recon.Books{books})
		if len(d) == 0 {
			t.Errorf("%s: not found", name)
			continue
		}
		if d[0].Order != "n1" && !strings.Contains(d[0].Detail, "pay_1") {
			t.Errorf("%s: %v names neither order nor payment", name, d[0])
		}
	}
}

func TestCompareFindsAnOrderThatIsNotOurs(t *testing.T) {
	order, books := paid(t)
	stray := recon.Order{Number: "n2", Paid: true, Amount: 100, Currency: "CNY"}
	if d := recon.Compare([]recon.Order{order, stray}, []recon.Books{books}); len(d) != 1 || d[0].Order != "n2" {
		t.Errorf("got %v", d)
	}
}
