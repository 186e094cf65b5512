package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern"
	"postern/ledger"
	"postern/store"
)

func (f *fixture) share(r postern.Receipt, amount int64) postern.Share {
	id := f.id(postern.PrefixShare)
	return postern.Share{
		MerchantID: r.MerchantID, ID: id, PaymentID: r.PaymentID, ReceiptID: r.ID, AttemptID: r.AttemptID, ChannelID: r.ChannelID, Reference: "sr " + id, Number: "sn" + id,
		Amount: amount, Currency: r.Currency, Parts: []postern.SharePart{{ReceiverID: "rcv_1", Kind: "userId", Amount: amount, Text: "分给师傅"}}, Text: "茶",
		Status: postern.ShareReserved, CreatedAt: epoch, UpdatedAt: epoch,
	}
}

func (f *fixture) shareLine(r postern.Receipt, key string, amount int64) (postern.ShareLine, ledger.Transaction) {
	f.t.Helper()
	t, err := ledger.Make(postern.Booking{Kind: postern.BookShare, ChannelID: r.ChannelID, PaymentID: r.PaymentID, ReceiptID: r.ID, ReceiverID: "rcv_1", Amount: amount, Currency: r.Currency},
		r.MerchantID, f.id(postern.PrefixTransaction), epoch)
	if err != nil {
		f.t.Fatal(err)
	}
	return postern.ShareLine{
		MerchantID: r.MerchantID, CredentialSetID: r.CredentialSetID, Key: key, PaymentID: r.PaymentID, ReceiptID: r.ID, ChannelID: r.ChannelID, ShareID: "shr_1", ReceiverID: "rcv_1",
		TransactionID: t.ID, Amount: amount, Currency: r.Currency, At: epoch, CreatedAt: epoch,
	}, t
}

// testShares writes shares, reads them back and holds what guards them.
func testShares(t *testing.T, f *fixture) {
	ctx := t.Context()
	_, a, r := f.paid(mine)
	s, last := f.share(r, 1000), f.share(r, 0)
	last.Parts, last.Last = nil, true
	f.commit(store.Change{MerchantID: mine, Shares: []postern.Share{s, last}, Moves: []postern.ReceiptMove{{ReceiptID: r.ID, Share: 1000}}})
	s.Version, last.Version, r.Shared = 1, 1, 1000
	f.want(must[postern.Share](f)(f.Share(ctx, mine, s.ID)), s)
	f.want(must[postern.Share](f)(f.ShareByNumber(ctx, mine, s.Number)), s)
	f.want(must[postern.Share](f)(f.ShareByReference(ctx, mine, s.PaymentID, s.Reference)), s)
	f.want(must[postern.Share](f)(f.LastShare(ctx, mine, s.PaymentID)), last)
	share, receipt, attempt, err := f.LoadShare(ctx, mine, s.ID)
	f.want([]any{share, receipt, attempt, err}, []any{s, r, a, nil})
	f.want(must[[]postern.Share](f)(f.SharesOfPayment(ctx, mine, s.PaymentID)), []postern.Share{s, last})
	for _, payment := range []string{"", s.PaymentID} {
		list, next, err := f.Shares(ctx, mine, payment, store.Page{Limit: 1})
		f.want([]any{list, next, err}, []any{[]postern.Share{last}, last.ID, nil})
	}
	_, err = f.Share(ctx, theirs, s.ID)
	f.wantCode(err, postern.CodeNotFound)
	_, _, _, err = f.LoadShare(ctx, theirs, s.ID)
	f.wantCode(err, postern.CodeNotFound)
	number, reference := f.share(r, 1), f.share(r, 1)
	number.Number, reference.Reference = s.Number, s.Reference
	for _, taken := range []postern.Share{number, reference} {
		f.wantCode(f.Commit(ctx, store.Change{MerchantID: mine, Shares: []postern.Share{taken}}), postern.CodeConflict)
	}
	foreign := f.share(r, 1)
	foreign.MerchantID = theirs
	if f.Commit(ctx, store.Change{MerchantID: mine, Shares: []postern.Share{foreign}}) == nil {
		t.Error("a change holds another merchant's share")
	}
	last.Status = postern.ShareFailed
	f.commit(store.Change{MerchantID: mine, Shares: []postern.Share{last}})
	f.wantCode(f.Commit(ctx, store.Change{MerchantID: mine, Shares: []postern.Share{last}}), postern.CodeConflict) // its version has gone by
	_, err = f.LastShare(ctx, mine, s.PaymentID)
	f.wantCode(err, postern.CodeNotFound)
}

// testShareMoves holds the counter of shares beside the counters of refunds.
func testShareMoves(t *testing.T, f *fixture) {
	_, _, r := f.paid(mine)
	for i, step := range []struct {
		move postern.ReceiptMove
		code postern.Code
		want int64
	}{
		{postern.ReceiptMove{Share: 3001}, postern.CodeShareExceeds, 0},
		{postern.ReceiptMove{Share: 2000}, "", 2000},
		{postern.ReceiptMove{Share: 1001}, postern.CodeShareExceeds, 2000},
		{postern.ReceiptMove{Unshare: 2001}, postern.CodeConflict, 2000},
		{postern.ReceiptMove{Unshare: 1500}, "", 500},
		{postern.ReceiptMove{Reserve: 2000}, "", 500},
		{postern.ReceiptMove{Share: 501}, postern.CodeShareExceeds, 500},
		{postern.ReceiptMove{Share: 500}, "", 1000},
		{postern.ReceiptMove{Reserve: 1000}, "", 1000}, // the buyer is given back the whole, whoever got parts
		{postern.ReceiptMove{Share: 1}, postern.CodeShareExceeds, 1000},
		{postern.ReceiptMove{Share: -1}, postern.CodeInvalid, 1000},
	} {
		step.move.ReceiptID = r.ID
		err := f.Commit(t.Context(), store.Change{MerchantID: mine, Moves: []postern.ReceiptMove{step.move}})
		if step.code == "" && err != nil || step.code != "" && postern.CodeOf(err) != step.code {
			t.Fatalf("step %d: %v, want %q", i, err, step.code)
		}
		f.want(must[postern.Receipt](f)(f.Receipt(t.Context(), mine, r.ID)).Shared, step.want)
	}
	over := f.receipt(postern.Attempt{MerchantID: mine, ID: r.AttemptID, PaymentID: r.PaymentID, CredentialSetID: "crs_1", Amount: 10, Currency: "CNY"}, postern.ReceiptSurplus)
	over.Shared = 11
	f.wantCode(f.Commit(t.Context(), store.Change{MerchantID: mine, Receipts: []postern.Receipt{over}}), postern.CodeConflict)
}

// testShareRace orders more shares at once than the receipt can bear: exactly as many as fit are reserved, each with its row.
func testShareRace(t *testing.T, f *fixture) {
	_, _, r := f.paid(mine)
	const clients, each = 32, 4
	var shares []postern.Share
	for range clients * each {
		shares = append(shares, f.share(r, 100))
	}
	var accepted, refused atomic.Int64
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			for _, s := range shares[i*each : (i+1)*each] {
				err := f.Commit(t.Context(), store.Change{MerchantID: mine, Shares: []postern.Share{s}, Moves: []postern.ReceiptMove{{ReceiptID: r.ID, Share: s.Amount}}})
				switch {
				case err == nil:
					accepted.Add(1)
				case postern.CodeOf(err) == postern.CodeShareExceeds:
					refused.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	f.want([]int64{accepted.Load(), refused.Load()}, []int64{30, clients*each - 30})
	f.want(must[postern.Receipt](f)(f.Receipt(t.Context(), mine, r.ID)).Shared, int64(3000))
	f.want(len(must[[]postern.Share](f)(f.SharesOfPayment(t.Context(), mine, r.PaymentID))), 30)
}

// testShareLines keeps a row of a bill once: a second time neither the row nor its transaction is written.
func testShareLines(t *testing.T, f *fixture) {
	ctx := t.Context()
	_, _, r := f.paid(mine)
	row, booked := f.shareLine(r, "k1", 100)
	f.commit(store.Change{MerchantID: mine, Transactions: []ledger.Transaction{booked}, ShareLines: []postern.ShareLine{row}})
	again, second := f.shareLine(r, "k1", 100)
	f.wantCode(f.Commit(ctx, store.Change{MerchantID: mine, Transactions: []ledger.Transaction{second}, ShareLines: []postern.ShareLine{again}}), postern.CodeConflict)
	f.want(must[[]postern.ShareLine](f)(f.ShareLines(ctx, mine, r.PaymentID)), []postern.ShareLine{row})
	f.want(len(must[[]postern.ShareLine](f)(f.ShareLines(ctx, theirs, r.PaymentID))), 0)
	f.want(len(must[[]ledger.Transaction](f)(f.Transactions(ctx, mine, r.PaymentID))), 2)
}

// testReceivers keeps who gets parts apart from money, and forgets them.
func testReceivers(t *testing.T, f *fixture) {
	ctx := t.Context()
	r := postern.ShareReceiver{MerchantID: mine, ID: "rcv_1", CredentialSetID: "crs_1", Kind: "userId", Account: "2088", Name: "张三", UsedAt: epoch}
	save := func(change store.Change) postern.ShareReceiver {
		t.Helper()
		change.MerchantID = mine
		f.commit(change)
		return must[postern.ShareReceiver](f)(f.ShareReceiver(ctx, mine, r.ID))
	}
	keep := func(r postern.ShareReceiver) store.Change { return store.Change{Receivers: []postern.ShareReceiver{r}} }
	f.want(save(keep(r)), r)
	added := r
	added.AddedAt = epoch.Add(time.Second)
	f.want(save(store.Change{Told: []postern.ShareReceiver{added}}), added)
	r.UsedAt = epoch.Add(time.Minute)
	added.UsedAt = r.UsedAt
	f.want(save(keep(r)), added) // used again, it stays added
	renamed := r
	renamed.Name = "李四"
	f.want(save(keep(renamed)), renamed) // under another name it must be added anew
	f.want(save(store.Change{Told: []postern.ShareReceiver{added}}), renamed)
	_, err := f.ShareReceiver(ctx, theirs, r.ID)
	f.wantCode(err, postern.CodeNotFound)
	for _, step := range []struct {
		before  time.Time
		deleted int64
	}{{epoch.Add(time.Minute), 0}, {epoch.Add(time.Hour), 1}} {
		n, err := f.Forget(ctx, mine, step.before, epoch)
		f.want([]any{n, err}, []any{step.deleted, nil})
	}
	_, err = f.ShareReceiver(ctx, mine, r.ID)
	f.wantCode(err, postern.CodeNotFound)
}
