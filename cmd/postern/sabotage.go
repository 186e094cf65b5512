package main

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"postern"
	"postern/ledger"
	"postern/recon"
	"postern/sim"
	"postern/store"
)

// sabotage plants one wrong booking that balances in itself, past every rule of the engine, to show that the comparison with the wallets' books finds it.
func (d *demo) sabotage(ctx context.Context, kind string) error {
	books, err := sim.ReadBooks(ctx, d.store, d.merchant.ID)
	if err != nil {
		return err
	}
	change := store.Change{MerchantID: d.merchant.ID, At: time.Now()}
	for _, b := range books {
		ok := false
		switch kind {
		case "posting":
			ok = d.plantPosting(&change, b)
		case "notify":
			ok = d.plantReceipt(&change, b)
		case "surplus":
			ok = d.plantSurplus(&change, b)
		case "refund":
			ok = d.plantRefund(&change, b)
		}
		if ok {
			return d.store.Commit(ctx, change)
		}
	}
	return errors.New("no payment of the story is fit for it")
}

func plantedID(prefix string) string { return postern.NewID(prefix, time.Now(), rand.Reader) }

func (d *demo) plant(change *store.Change, b postern.Booking) {
	t, err := ledger.Make(b, d.merchant.ID, plantedID(postern.PrefixTransaction), time.Now())
	if err == nil {
		change.Transactions = append(change.Transactions, t)
	}
}

// plantPosting books one yuan too much for a payment.
func (d *demo) plantPosting(change *store.Change, b recon.Books) bool {
	r, ok := b.State.Applied()
	if ok {
		d.plant(change, postern.Booking{Kind: postern.BookReceipt, ChannelID: r.ChannelID, PaymentID: r.PaymentID, ReceiptID: r.ID, Amount: 100, Currency: r.Currency})
	}
	return ok
}

// plantReceipt books money for an order that nobody paid, as a forged notification would if it were believed.
func (d *demo) plantReceipt(change *store.Change, b recon.Books) bool {
	for _, a := range b.State.Attempts {
		if a.Status != postern.AttemptClosed {
			continue
		}
		r := postern.Receipt{
			MerchantID: a.MerchantID, ID: plantedID(postern.PrefixReceipt), PaymentID: a.PaymentID, AttemptID: a.ID, ChannelID: a.ChannelID, CredentialSetID: a.CredentialSetID,
			Provider: a.Provider, TxnNo: "forged", Amount: a.Amount, Currency: a.Currency, Use: postern.ReceiptSurplus, PaidAt: time.Now(), CreatedAt: time.Now(),
		}
		u := postern.Surplus{
			MerchantID: a.MerchantID, ID: plantedID(postern.PrefixSurplus), PaymentID: a.PaymentID, ReceiptID: r.ID, ChannelID: a.ChannelID, Reason: postern.SurplusLate,
			Amount: a.Amount, Currency: a.Currency, Status: postern.SurplusHeld, CreatedAt: time.Now(), UpdatedAt: time.Now(),
		}
		change.Receipts, change.Surpluses = append(change.Receipts, r), append(change.Surpluses, u)
		d.plant(change, postern.Booking{Kind: postern.BookSurplus, ChannelID: a.ChannelID, PaymentID: a.PaymentID, ReceiptID: r.ID, SurplusID: u.ID, Amount: a.Amount, Currency: a.Currency})
		return true
	}
	return false
}

// plantSurplus says that a surplus is held which has long gone back.
func (d *demo) plantSurplus(change *store.Change, b recon.Books) bool {
	for _, u := range b.State.Surpluses {
		if u.Status == postern.SurplusRefunded {
			u.Status = postern.SurplusHeld
			change.Surpluses = append(change.Surpluses, u)
			return true
		}
	}
	return false
}

// plantRefund books a refund that no provider ever made.
func (d *demo) plantRefund(change *store.Change, b recon.Books) bool {
	r, ok := b.State.Applied()
	if !ok || r.Refundable() < 100 {
		return false
	}
	refund := postern.Refund{
		MerchantID: r.MerchantID, ID: plantedID(postern.PrefixRefund), PaymentID: r.PaymentID, ReceiptID: r.ID, AttemptID: r.AttemptID, ChannelID: r.ChannelID, Reference: "planted",
		Number: postern.NewNumber(time.Now(), rand.Reader), Amount: 100, Currency: r.Currency, Status: postern.RefundRefunded, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	change.Refunds = append(change.Refunds, refund)
	change.Moves = append(change.Moves, postern.ReceiptMove{ReceiptID: r.ID, Direct: 100})
	d.plant(change, postern.Booking{Kind: postern.BookRefund, ChannelID: r.ChannelID, PaymentID: r.PaymentID, ReceiptID: r.ID, RefundID: refund.ID, Amount: 100, Currency: r.Currency})
	return true
}
