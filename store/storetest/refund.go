package storetest

import (
	"testing"
	"time"

	"postern"
	"postern/store"
)

// handOf is what one person said of a refund.
func handOf(way postern.Way) postern.Hand {
	return postern.Hand{Way: way, Bank: "招行 6688", Evidence: "转账 77", By: postern.Person{ID: "stf_a", Name: "李"}, At: epoch}
}

// testHands: what two persons say comes back as it was written, waits in a list of its own until it is decided, and is neither sent, nor swept, nor counted as the provider's.
func testHands(t *testing.T, f *fixture) {
	ctx := t.Context()
	_, _, r := f.paid(mine)
	outside, stuck, ordinary := f.refund(r, 10), f.refund(r, 20), f.refund(r, 30)
	outside.Hand, stuck.Status = handOf(postern.WayOutside), postern.RefundStuck
	f.commit(store.Change{MerchantID: mine, Refunds: []postern.Refund{outside, stuck, ordinary}})
	outside.Version, stuck.Version, ordinary.Version = 1, 1, 1
	waiting := func(want ...postern.Refund) {
		t.Helper()
		list, next, err := f.RefundsAwaiting(ctx, mine, store.Page{Limit: 10})
		f.want([]any{list, next, err}, []any{want, "", nil})
		f.want(must[store.Waiting](f)(f.Waiting(ctx, mine)).Second, int64(len(want)))
	}
	waiting(outside)
	stuck.Hand = handOf(postern.WayReached)
	f.commit(store.Change{MerchantID: mine, Refunds: []postern.Refund{stuck}})
	stuck.Version = 2
	waiting(stuck, outside)
	f.want(must[[]store.RefundRef](f)(f.OpenRefunds(ctx, epoch.Add(time.Second), 10)), []store.RefundRef{{MerchantID: mine, RefundID: ordinary.ID}})
	f.want(must[int](f)(f.EarlierRefunds(ctx, ordinary)), 1) // the stuck one
	if _, refunds, err := f.UnderWay(ctx, mine, r.ChannelID); refunds != 1 || err != nil {
		t.Errorf("%d under way over the channel, %v", refunds, err)
	}
	again := outside
	outside.Hand.Second, outside.Hand.Saw, outside.Hand.DecidedAt, outside.Status = postern.Person{ID: "key_b", Name: "API"}, "流水上有", epoch.Add(time.Hour), postern.RefundRefunded
	f.commit(store.Change{MerchantID: mine, Refunds: []postern.Refund{outside}})
	outside.Version = 2
	f.want(must[postern.Refund](f)(f.Refund(ctx, mine, outside.ID)), outside)
	waiting(stuck)
	f.wantCode(f.Commit(ctx, store.Change{MerchantID: mine, Refunds: []postern.Refund{again}}), postern.CodeConflict)

	// A refund that failed needs a person until it is refunded once more; what was entered as outside and not agreed to is no such act, and needs nobody.
	failed, rejected := f.refund(r, 40), f.refund(r, 40)
	failed.Status, rejected.Status, rejected.Hand = postern.RefundFailed, postern.RefundFailed, handOf(postern.WayOutside)
	rejected.Hand.DecidedAt = epoch
	f.commit(store.Change{MerchantID: mine, Refunds: []postern.Refund{failed, rejected}})
	wrong := must[[]postern.Refund](f)(first(f.WrongRefunds(ctx, mine, store.Page{Limit: 10})))
	f.want([]string{wrong[0].ID, wrong[1].ID}, []string{failed.ID, stuck.ID})
	f.want(must[store.Waiting](f)(f.Waiting(ctx, mine)).Failed, int64(1))
}

// first drops where a list goes on.
func first[T any](list []T, _ string, err error) ([]T, error) { return list, err }

// testByBank adds up what was given back outside the providers, by account and period, from the books.
func testByBank(t *testing.T, f *fixture) {
	_, _, r := f.paid(mine)
	for i, kind := range []postern.BookingKind{postern.BookRefundOutside, postern.BookSurplusOutside, postern.BookRefund, postern.BookRefundOutside} {
		f.book(r, kind, "chn_1", int64(10+i), epoch.AddDate(0, 0, i))
	}
	f.want(must[[]store.PaidByBank](f)(f.RefundsByBank(t.Context(), mine, time.Time{}, time.Time{})), []store.PaidByBank{{Bank: postern.DefaultBank, Currency: "CNY", Amount: 34, Count: 3}})
	f.want(must[[]store.PaidByBank](f)(f.RefundsByBank(t.Context(), mine, epoch, epoch.AddDate(0, 0, 3))), []store.PaidByBank{{Bank: postern.DefaultBank, Currency: "CNY", Amount: 21, Count: 2}})
}
