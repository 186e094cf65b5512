package sim_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"postern"
	"postern/sim"
	"postern/store"
)

// newWorld is a fresh switch on an SQLite file.
func newWorld(t *testing.T, seed uint64) *sim.World {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w, err := sim.New(ctx, sim.Options{Store: s, Seed: seed, Key: sim.Key})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// run lets time pass or fails the test.
func run(t *testing.T, w *sim.World, span time.Duration) {
	t.Helper()
	if err := w.Run(context.Background(), span); err != nil {
		t.Fatal(err)
	}
}

// agree fails the test when our books and the sandboxes' differ.
func agree(t *testing.T, w *sim.World) {
	t.Helper()
	differences, err := w.Compare(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Error(d)
	}
}

func state(t *testing.T, w *sim.World, p postern.Payment) postern.State {
	t.Helper()
	s, err := w.State(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAPaymentWalksThroughEveryRoom(t *testing.T) {
	for _, way := range []struct{ provider, product string }{{"wechatpay", "native"}, {"wechatpay", "h5"}, {"alipay", "native"}} {
		t.Run(way.provider+" "+way.product, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t, 1)
			p, err := w.Pay(ctx, "A1", 6800)
			if err != nil {
				t.Fatal(err)
			}
			a, err := w.Begin(ctx, p, way.provider, way.product)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Approve(ctx, a, ""); err != nil {
				t.Fatal(err)
			}
			run(t, w, time.Minute)
			s := state(t, w, p)
			if s.Payment.Status != postern.PaymentPaid || len(s.Receipts) != 1 {
				t.Fatalf("the payment is %s with %d receipts", s.Payment.Status, len(s.Receipts))
			}
			got := w.Hook.Got()
			if len(got) != 1 || got[0].Type != string(postern.EventPaymentPaid) || got[0].Sequence != 1 {
				t.Errorf("webhooks: %+v, not believed: %v", got, w.Hook.Bad())
			}
			agree(t, w)
		})
	}
}
