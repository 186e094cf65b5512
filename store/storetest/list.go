package storetest

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern"
	"postern/store"
)

func testPages(t *testing.T, f *fixture) {
	var made []string
	for range 25 {
		p := f.payment(mine)
		made = append(made, p.ID)
		f.commit(store.Change{MerchantID: mine, Payment: p})
		f.commit(store.Change{MerchantID: theirs, Payment: f.payment(theirs)})
	}
	slices.Reverse(made)
	for _, size := range []int{1, 7, 24, 25, 26, 100} {
		var seen []string
		for page := (store.Page{Limit: size}); ; {
			list, next, err := f.Payments(t.Context(), mine, page)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) > size || len(list) == 0 {
				t.Fatalf("a page of %d has %d rows", size, len(list))
			}
			for _, p := range list {
				seen = append(seen, p.ID)
			}
			if page.After = next; next == "" {
				break
			}
		}
		f.want(seen, made)
	}
	for _, limit := range []int{0, -1, 101} {
		_, _, err := f.Payments(t.Context(), mine, store.Page{Limit: limit})
		f.wantCode(err, postern.CodeInvalid)
	}
}

func testSequence(t *testing.T, f *fixture) {
	ctx := t.Context()
	for _, e := range []store.Endpoint{
		{ID: "ep_all"}, {ID: "ep_paid", Types: []string{string(postern.EventPaymentPaid)}}, {ID: "ep_other", Types: []string{string(postern.EventRefundStuck)}},
		{ID: "ep_off", DisabledAt: epoch},
	} {
		e.MerchantID, e.Secret, e.CreatedAt = mine, []byte("sealed"), epoch
		if err := f.SaveEndpoint(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	p, _, _ := f.paid(mine)
	f.paid(theirs)
	more := []postern.Event{f.event(mine, p.ID), f.event(mine, p.ID)}
	f.commit(store.Change{MerchantID: mine, Events: more})
	f.want(must[[]string](f)(f.UnsequencedMerchants(ctx, 10)), []string{mine, theirs})
	first := must[[]postern.Event](f)(f.SequenceEvents(ctx, mine, 2))
	second := must[[]postern.Event](f)(f.SequenceEvents(ctx, mine, 2))
	f.want(len(must[[]postern.Event](f)(f.SequenceEvents(ctx, mine, 2))), 0)
	all := append(first, second...)
	f.want(must[[]postern.Event](f)(f.Events(ctx, mine, 0, 100)), all)
	f.want(must[[]postern.Event](f)(f.Events(ctx, mine, 1, 1)), all[1:2])
	hash := ""
	for i, e := range all {
		hash = store.ChainHash(hash, e)
		f.want([]any{e.Position, e.Hash}, []any{int64(i + 1), hash})
	}
	f.want([]string{all[1].ID, all[2].ID}, []string{more[0].ID, more[1].ID})
	f.want(must[[]string](f)(f.UnsequencedMerchants(ctx, 10)), []string{theirs})
	deliveries, _, err := f.Deliveries(ctx, mine, "", store.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	f.want([]int{len(deliveries), len(f.jobs)}, []int{6, 6})
	for _, d := range deliveries {
		if !postern.CheckID(postern.PrefixDelivery, d.ID) || d.Status != store.DeliveryWaiting || d.EndpointID != "ep_all" && d.EndpointID != "ep_paid" {
			t.Errorf("delivery %+v", d)
		}
		wanted := postern.Job{MerchantID: mine, Kind: postern.JobDeliver, Args: `{"id":"` + d.ID + `"}`, RunAt: epoch}
		if !slices.Contains(f.jobs, wanted) {
			t.Errorf("no job for delivery %s", d.ID)
		}
	}
}

func testSequenceRace(t *testing.T, f *fixture) {
	const events = 60
	for range events {
		f.commit(store.Change{MerchantID: mine, Events: []postern.Event{f.event(mine, "pay_1")}})
	}
	var numbered atomic.Int64
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for {
				list, err := f.SequenceEvents(t.Context(), mine, 7)
				if err != nil {
					t.Error(err)
					return
				}
				if len(list) == 0 {
					return
				}
				numbered.Add(int64(len(list)))
			}
		})
	}
	group.Wait()
	f.want(numbered.Load(), int64(events))
	hash := ""
	for i, e := range must[[]postern.Event](f)(f.Events(t.Context(), mine, 0, 1000)) {
		hash = store.ChainHash(hash, e)
		f.want([]any{e.Position, e.Hash}, []any{int64(i + 1), hash})
	}
}

func testNotifications(t *testing.T, f *fixture) {
	const sent = store.MaxNotifications + 5
	for range sent {
		n := store.Notification{MerchantID: mine, ID: f.id(postern.PrefixNotification), AttemptID: "att_1", Outcome: "rejected", CreatedAt: epoch}
		f.commit(store.Change{MerchantID: mine, Notifications: []store.Notification{n}})
	}
	f.want(len(must[[]store.Notification](f)(f.Notifications(t.Context(), mine, "att_1"))), store.MaxNotifications)
	f.want(must[int64](f)(f.NotificationsSeen(t.Context(), mine, "att_1")), int64(sent))
}

func testRequests(t *testing.T, f *fixture) {
	ctx := t.Context()
	q := store.Request{MerchantID: mine, Key: "k1", Fingerprint: "fp", CreatedAt: epoch}
	begin := func(q store.Request) (store.Request, bool) {
		t.Helper()
		existing, fresh, err := f.BeginRequest(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		return existing, fresh
	}
	existing, fresh := begin(q)
	f.want([]any{existing, fresh}, []any{q, true})
	other := q
	other.Fingerprint = "another body"
	existing, fresh = begin(other)
	q.Replays = 1
	f.want([]any{existing, fresh}, []any{q, false})
	q.Done, q.ObjectID = true, "pay_1"
	f.commit(store.Change{MerchantID: mine, Request: &q})
	q.Replays = 2
	existing, fresh = begin(q)
	f.want([]any{existing, fresh}, []any{q, false})
	q.Replays = 3
	f.want(must[store.Request](f)(f.ReplayRequest(ctx, mine, "k1")), q)
	_, err := f.ReplayRequest(ctx, theirs, "k1")
	f.wantCode(err, postern.CodeNotFound)
	f.wantCode(f.Commit(ctx, store.Change{MerchantID: mine, Request: &store.Request{MerchantID: mine, Key: "k1", Fingerprint: "another body"}}), postern.CodeConflict)
}

func testRequestRace(t *testing.T, f *fixture) {
	var winners atomic.Int64
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			_, fresh, err := f.BeginRequest(t.Context(), store.Request{MerchantID: mine, Key: "k", Fingerprint: "fp", CreatedAt: epoch})
			if err != nil {
				t.Error(err)
			}
			if fresh {
				winners.Add(1)
			}
		})
	}
	group.Wait()
	f.want(winners.Load(), int64(1))
	f.want(must[store.Request](f)(f.ReplayRequest(t.Context(), mine, "k")).Replays, int64(64))
}

func testSweeps(t *testing.T, f *fixture) {
	p, a, r := f.paid(mine)
	q := f.payment(theirs)
	live, young := f.attempt(q), f.attempt(q)
	young.UpdatedAt = epoch.Add(time.Hour)
	f.commit(store.Change{MerchantID: theirs, Payment: q, Attempts: []postern.Attempt{live, young}})
	f.want(must[[]store.AttemptRef](f)(f.LiveAttempts(t.Context(), epoch.Add(time.Second), 10)), []store.AttemptRef{{MerchantID: theirs, AttemptID: live.ID}})
	f.want(len(must[[]store.AttemptRef](f)(f.LiveAttempts(t.Context(), epoch.Add(2*time.Hour), 1))), 1)
	open, done := f.refund(r, 1), f.refund(r, 1)
	done.Status = postern.RefundRefunded
	f.commit(store.Change{MerchantID: mine, Refunds: []postern.Refund{open, done}})
	f.want(must[[]store.RefundRef](f)(f.OpenRefunds(t.Context(), epoch.Add(time.Second), 10)), []store.RefundRef{{MerchantID: mine, RefundID: open.ID}})
	if p.ID == "" || a.Status.Live() {
		t.Fatal("the paid payment is not what this test wants")
	}
}
