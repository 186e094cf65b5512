package storetest

import (
	"sync"
	"sync/atomic"
	"testing"

	"postern"
	"postern/ledger"
	"postern/store"
)

func testReceiptMoves(t *testing.T, f *fixture) {
	_, _, r := f.paid(mine)
	steps := []struct {
		move postern.ReceiptMove
		code postern.Code // "" when it holds
	}{
		{postern.ReceiptMove{Reserve: 3001}, postern.CodeRefundExceeds},
		{postern.ReceiptMove{Reserve: 2000}, ""},
		{postern.ReceiptMove{Reserve: 1001}, postern.CodeRefundExceeds},
		{postern.ReceiptMove{Settle: 2001}, postern.CodeConflict},
		{postern.ReceiptMove{Settle: 500}, ""},
		{postern.ReceiptMove{Release: 1501}, postern.CodeConflict},
		{postern.ReceiptMove{Release: 1500}, ""},
		{postern.ReceiptMove{Direct: 2501}, postern.CodeConflict},
		{postern.ReceiptMove{Direct: 2500}, ""},
		{postern.ReceiptMove{Reserve: 1}, postern.CodeRefundExceeds},
		{postern.ReceiptMove{Reserve: -1}, postern.CodeInvalid},
	}
	for i, step := range steps {
		before := must[postern.Receipt](f)(f.Receipt(t.Context(), mine, r.ID))
		step.move.ReceiptID = r.ID
		err := f.Commit(t.Context(), store.Change{MerchantID: mine, Moves: []postern.ReceiptMove{step.move}})
		if step.code == "" && err != nil || step.code != "" && postern.CodeOf(err) != step.code {
			t.Fatalf("step %d: %v, want %q", i, err, step.code)
		}
		after := must[postern.Receipt](f)(f.Receipt(t.Context(), mine, r.ID))
		if step.code != "" {
			f.want(after, before)
		}
	}
	after := must[postern.Receipt](f)(f.Receipt(t.Context(), mine, r.ID))
	f.want([]int64{after.RefundReserved, after.Refunded, after.Refundable()}, []int64{0, 3000, 0})
	over := f.receipt(postern.Attempt{MerchantID: mine, ID: r.AttemptID, PaymentID: r.PaymentID, CredentialSetID: "crs_1", Amount: 10, Currency: "CNY"}, postern.ReceiptSurplus)
	over.RefundReserved = 11
	f.wantCode(f.Commit(t.Context(), store.Change{MerchantID: mine, Receipts: []postern.Receipt{over}}), postern.CodeConflict)
}

// testRefundRace sends more refunds at once than the receipt can bear: exactly as many as fit are reserved, each with its refund row.
func testRefundRace(t *testing.T, f *fixture) {
	_, _, r := f.paid(mine)
	const clients, each = 64, 4
	var refunds []postern.Refund
	for i := range clients * each {
		refunds = append(refunds, f.refund(r, 100))
		if i%2 == 0 { // a person's, beside those that a provider gives back
			refunds[i].Hand = handOf(postern.WayOutside)
		}
	}
	var accepted, refused atomic.Int64
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			for _, refund := range refunds[i*each : (i+1)*each] {
				err := f.Commit(t.Context(), store.Change{MerchantID: mine, Refunds: []postern.Refund{refund},
					Moves: []postern.ReceiptMove{{ReceiptID: r.ID, Reserve: refund.Amount}}})
				switch {
				case err == nil:
					accepted.Add(1)
				case postern.CodeOf(err) == postern.CodeRefundExceeds:
					refused.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	f.want([]int64{accepted.Load(), refused.Load()}, []int64{30, clients*each - 30})
	f.want(must[postern.Receipt](f)(f.Receipt(t.Context(), mine, r.ID)).RefundReserved, int64(3000))
	list, _, err := f.Refunds(t.Context(), mine, r.PaymentID, store.Page{Limit: 100})
	f.want([]any{len(list), err}, []any{30, nil})
}

// testOneApplied lets two attempts of one payment claim to have paid it at once.
func testOneApplied(t *testing.T, f *fixture) {
	for range 10 {
		p := f.payment(mine)
		a, b := f.attempt(p), f.attempt(p)
		f.commit(store.Change{MerchantID: mine, Payment: p, Attempts: []postern.Attempt{a, b}})
		receipts := []postern.Receipt{f.receipt(a, postern.ReceiptApplied), f.receipt(b, postern.ReceiptApplied)}
		var won atomic.Int64
		var group sync.WaitGroup
		for _, r := range receipts {
			group.Go(func() {
				err := f.Commit(t.Context(), store.Change{MerchantID: mine, Receipts: []postern.Receipt{r}})
				if err == nil {
					won.Add(1)
				} else if postern.CodeOf(err) != postern.CodeConflict {
					t.Error(err)
				}
			})
		}
		group.Wait()
		f.want(won.Load(), int64(1))
		f.commit(store.Change{MerchantID: mine, Receipts: []postern.Receipt{f.receipt(a, postern.ReceiptSurplus), f.receipt(b, postern.ReceiptSurplus)}})
	}
}

func testImbalance(t *testing.T, f *fixture) {
	_, _, r := f.paid(mine)
	f.paid(mine)
	f.want(must[[]ledger.Balance](f)(f.Balances(t.Context(), mine)), []ledger.Balance{
		{Account: ledger.Receivable("chn_1"), Currency: "CNY", Amount: 6000}, {Account: ledger.Sales, Currency: "CNY", Amount: -6000}})
	f.want(len(must[[]store.Imbalance](f)(f.Imbalances(t.Context()))), 0)
	booked := must[[]ledger.Transaction](f)(f.Transactions(t.Context(), mine, r.PaymentID))
	err := f.Write(t.Context(), func(tx store.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE posting SET amount = amount + 7 WHERE merchant_id = $1 AND transaction_id = $2 AND line = 1", mine, booked[0].ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f.want(must[[]store.Imbalance](f)(f.Imbalances(t.Context())), []store.Imbalance{{MerchantID: mine, TransactionID: booked[0].ID, Currency: "CNY", Amount: 7}})
}
