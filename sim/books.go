package sim

import (
	"context"

	"postern/recon"
	"postern/store"
)

// Compare holds the sandboxes' own books against ours, payment by payment, and checks that every transaction balances.
func (w *World) Compare(ctx context.Context) ([]recon.Difference, error) {
	var orders []recon.Order
	for _, code := range w.codes() {
		rows, err := w.Orders(ctx, code)
		if err != nil {
			return nil, err
		}
		orders = append(orders, w.Sandboxes[code].Read(rows)...)
	}
	books, err := ReadBooks(ctx, w.Store, w.Merchant.ID)
	if err != nil {
		return nil, err
	}
	differences := recon.Compare(orders, books)
	bad, err := w.Store.Imbalances(ctx)
	for _, b := range bad {
		differences = append(differences, recon.Difference{Order: b.TransactionID, Detail: "the transaction does not balance"})
	}
	return differences, err
}

// ReadBooks loads our side of every payment of a merchant.
func ReadBooks(ctx context.Context, s *store.Store, merchantID string) ([]recon.Books, error) {
	var books []recon.Books
	page := store.Page{Limit: 100}
	for {
		payments, next, err := s.Payments(ctx, merchantID, page)
		if err != nil {
			return nil, err
		}
		for _, p := range payments {
			b := recon.Books{}
			if b.State, err = s.LoadState(ctx, merchantID, p.ID); err != nil {
				return nil, err
			}
			if b.Refunds, _, err = s.Refunds(ctx, merchantID, p.ID, store.Page{Limit: 100}); err != nil {
				return nil, err
			}
			if b.Transactions, err = s.Transactions(ctx, merchantID, p.ID); err != nil {
				return nil, err
			}
			if b.Shares, err = s.ShareLines(ctx, merchantID, p.ID); err != nil {
				return nil, err
			}
			books = append(books, b)
		}
		if next == "" {
			return books, nil
		}
		page.After = next
	}
}
