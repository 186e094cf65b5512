package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/store"
	"postern/store/storetest"
)

// atOnce runs n things from a number of goroutines that begin together.
func atOnce(goroutines, n int, do func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	begin := make(chan struct{})
	for range goroutines {
		wait.Go(func() {
			<-begin
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	close(begin)
	wait.Wait()
}

// send hands a kept notification to one node and says whether the answer stops the provider.
func send(w *sim.World, k kept) bool {
	r := httptest.NewRequest(http.MethodPost, "/n/"+k.id, bytes.NewReader(k.message.Body))
	r.Header = k.message.Header.Clone()
	mux, answer := http.NewServeMux(), httptest.NewRecorder()
	w.Callback.Register(mux)
	mux.ServeHTTP(answer, r)
	return answer.Code == http.StatusOK && (answer.Body.String() == "success" || bytes.Contains(answer.Body.Bytes(), []byte("SUCCESS")))
}

// oneOfAll checks that any number of copies of one notification had one effect.
func oneOfAll(t *testing.T, w *sim.World, p postern.Payment, copies int) {
	t.Helper()
	ctx := context.Background()
	s := wantPayment(t, w, p, postern.PaymentPaid)
	transactions, err := w.Store.Transactions(ctx, p.MerchantID, p.ID)
	must(t, err)
	if len(s.Receipts) != 1 || len(s.Surpluses) != 0 || len(transactions) != 1 {
		t.Errorf("%d receipts, %d surpluses, %d transactions; want 1, 0, 1", len(s.Receipts), len(s.Surpluses), len(transactions))
	}
	run(t, w, time.Minute)
	wantTypes(t, w, p, "payment.paid")
	seen, err := w.Store.NotificationsSeen(ctx, p.MerchantID, s.Attempts[0].ID)
	must(t, err)
	if seen < int64(copies) {
		t.Errorf("%d notifications were counted, %d were answered with success: an answer without a write", seen, copies)
	}
	agree(t, w)
}

// TestT6FiftyCopiesOnThreeNodes: one notification comes fifty times at once, to three nodes over one PostgreSQL.
//
// Red without: the version in the UPDATE of a payment (store/payment.go); the look at known transaction numbers in change.money (apply_money.go); the row that
// applyPaymentNotice writes for a repetition too (engine/notify.go).
func TestT6FiftyCopiesOnThreeNodes(t *testing.T) {
	t.Parallel()
	dsn := storetest.Postgres(t)
	first := build(t, sim.Options{Store: opened(t, dsn, store.Options{MaxConns: 16}), Seed: 1})
	nodes := []*sim.World{first}
	for range 2 {
		nodes = append(nodes, build(t, sim.Options{Store: opened(t, dsn, store.Options{MaxConns: 16}), Join: first}))
	}
	for _, provider := range []string{wechat, alipay} {
		t.Run(provider, func(t *testing.T) {
			held := keep(first, false)
			p := pay(t, first, "T6-"+provider, 6800)
			approve(t, first, begin(t, first, p, provider, "native"))
			first.Sandboxes[provider].RunDue(context.Background())
			first.Tap = nil
			var positive atomic.Int64
			atOnce(50, 50, func(i int) {
				if send(nodes[i%3], (*held)[0]) {
					positive.Add(1)
				}
			})
			if positive.Load() != 50 {
				t.Errorf("%d of 50 copies were answered with success", positive.Load())
			}
			oneOfAll(t, first, p, 50)
		})
	}
}

// TestThousandCopies: one notification a thousand times from 64 goroutines.
func TestThousandCopies(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *sim.World) {
		held := keep(w, false)
		p := pay(t, w, "F13", 6800)
		approve(t, w, begin(t, w, p, wechat, "native"))
		w.Sandboxes[wechat].RunDue(context.Background())
		w.Tap = nil
		var positive atomic.Int64
		atOnce(64, 1000, func(int) {
			if send(w, (*held)[0]) {
				positive.Add(1)
			}
		})
		if positive.Load() != 1000 {
			t.Errorf("%d of 1000 copies were answered with success", positive.Load())
		}
		oneOfAll(t, w, p, 1000)
	})
}

// TestThousandRefunds: a thousand refunds of one yuan at once on a payment of thirty.
func TestThousandRefunds(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *sim.World) {
		ctx := context.Background()
		p, _ := paid(t, w, wechat, "F29", 3000)
		var reserved, exceeded atomic.Int64
		atOnce(64, 1000, func(i int) {
			_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: fmt.Sprint("R", i), Amount: 100})
			switch {
			case err == nil:
				reserved.Add(1)
			case postern.CodeOf(err) == postern.CodeRefundExceeds:
				exceeded.Add(1)
			default:
				t.Error(err)
			}
		})
		if reserved.Load() != 30 || exceeded.Load() != 970 {
			t.Errorf("%d reserved, %d refused; want 30 and 970", reserved.Load(), exceeded.Load())
		}
		if r, _ := state(t, w, p).Applied(); r.RefundReserved != 3000 {
			t.Errorf("%d is reserved", r.RefundReserved)
		}
		run(t, w, time.Hour)
		if r, _ := state(t, w, p).Applied(); r.RefundReserved != 0 || r.Refunded != 3000 {
			t.Errorf("%d is reserved and %d refunded at the end", r.RefundReserved, r.Refunded)
		}
		agree(t, w)
	})
}

// TestTwoWalletsRace: both wallets of a payment are paid and both notifications come at the same moment, many times over.
func TestTwoWalletsRace(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *sim.World) {
		races := sized(1000, 250, 100)
		if w.Store.Dialect() == store.Postgres {
			races /= 5
		}
		held := keep(w, false)
		var payments []postern.Payment
		for i := range races {
			w.Clock.Advance(2 * time.Millisecond) // the provider takes 600 orders a second
			p := pay(t, w, fmt.Sprint("race", i), 100)
			one := begin(t, w, p, alipay, "native")
			approve(t, w, begin(t, w, p, wechat, "native"))
			approve(t, w, one)
			payments = append(payments, p)
			for _, code := range []string{wechat, alipay} {
				w.Sandboxes[code].RunDue(context.Background())
			}
		}
		w.Tap = nil
		if len(*held) != 2*races {
			t.Fatalf("%d notifications for %d races", len(*held), races)
		}
		for i := range races {
			atOnce(2, 2, func(j int) {
				if !send(w, (*held)[2*i+j]) {
					t.Errorf("race %d: a genuine notification was refused", i)
				}
			})
		}
		run(t, w, 2*time.Minute)
		for i, p := range payments {
			s := state(t, w, p)
			_, applied := s.Applied()
			if s.Payment.Status != postern.PaymentPaid || !applied || len(s.Receipts) != 2 || len(s.Surpluses) != 1 || s.Surpluses[0].Status != postern.SurplusRefunded || len(refunds(t, w, p)) != 1 {
				t.Fatalf("race %d: %s, receipts %+v, surpluses %+v", i, s.Payment.Status, s.Receipts, s.Surpluses)
			}
		}
		agree(t, w)
	})
}
