package sim_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/queue"
	"postern/route"
	"postern/sim"
	"postern/store"
)

// stalled is a provider that takes every call and answers none until it is let go.
type stalled struct {
	inner    http.Handler
	on       atomic.Bool
	release  chan struct{}
	waiting  atomic.Int64
	returned atomic.Int64
}

func (s *stalled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.on.Load() {
		s.waiting.Add(1)
		select {
		case <-s.release:
		case <-r.Context().Done():
		}
		s.returned.Add(1)
	}
	s.inner.ServeHTTP(w, r)
}

// riverWorld is a switch in real time whose jobs are worked by River, as in production.
func riverWorld(t *testing.T) *sim.World {
	t.Helper()
	s := opened(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{})
	must(t, queue.Migrate(t.Context(), s))
	w := build(t, sim.Options{Store: s, Seed: 1, Makers: two(), Wall: time.Now})
	registry := queue.NewRegistry()
	for kind, run := range w.Engine.Jobs() {
		registry.Handle(kind, queue.Handler(run), queue.WithTimeout(3*time.Minute))
	}
	registry.Handle(postern.JobSequence, w.Sender.Sequence)
	registry.Handle(postern.JobDeliver, w.Sender.Deliver, queue.InLane(queue.LaneOutside))
	river, err := queue.NewRiver(s, registry, queue.RiverOptions{Now: time.Now, Random: w.Rand})
	must(t, err)
	s.UseJobs(river.Insert)
	must(t, river.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = river.Stop(ctx) // jobs that wait for the stalled provider die with the test
	})
	return w
}

// TestT19AStalledProviderDelaysNoOther: Alipay takes calls and answers nobody, neither the buyers who start nor the jobs that ask after a hundred orders. A thousand payments with WeChat Pay, none of
// them notified, so that each needs a job of its own to be found paid, are all done before the first stalled call returns. By order, not by the clock.
//
// Red without: the bound on the jobs of one provider in enter (engine/gate.go); the sixteen workers are then all at Alipay.
func TestT19AStalledProviderDelaysNoOther(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	ctx := context.Background()
	w := riverWorld(t)
	w.Engine.CallTimeout, w.Engine.StartTimeout = 2*time.Minute, 2*time.Minute
	w.Tap = func(string, provider.Message) bool { return false }
	stall := &stalled{inner: w.Net[alipay+".sandbox"], release: make(chan struct{})}
	w.Net[alipay+".sandbox"] = stall
	for i := range 100 {
		begin(t, w, pay(t, w, fmt.Sprint("waits", i), 6800), alipay, "native")
	}
	stall.on.Store(true)
	var buyers sync.WaitGroup
	for i := range 60 {
		p := pay(t, w, fmt.Sprint("stalls", i), 6800)
		buyers.Go(func() {
			_, _ = w.Engine.Start(ctx, p.MerchantID, p.ID, engine.StartInput{Provider: alipay, Product: "native", Buyer: route.Buyer{Container: engine.ContainerAPI}})
		})
	}
	t.Cleanup(buyers.Wait)
	t.Cleanup(sync.OnceFunc(func() { close(stall.release) })) // runs before the one above
	for stall.waiting.Load() < 60 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(6 * time.Second) // until the jobs of the hundred are at Alipay as well
	const n = 1000
	var crowd sync.WaitGroup
	payments := make([]postern.Payment, n)
	lanes := make(chan int, n)
	for i := range n {
		lanes <- i
	}
	close(lanes)
	for range 8 {
		crowd.Go(func() {
			for i := range lanes {
				payments[i] = pay(t, w, fmt.Sprint("goes", i), 6800)
				approve(t, w, begin(t, w, payments[i], wechat, "native"))
			}
		})
	}
	crowd.Wait()
	left := n
	for left > 0 && stall.returned.Load() == 0 {
		time.Sleep(100 * time.Millisecond)
		left = 0
		for _, p := range payments {
			if state(t, w, p).Payment.Status != postern.PaymentPaid {
				left++
				break
			}
		}
	}
	if returned := stall.returned.Load(); left > 0 || returned > 0 {
		t.Errorf("%d stalled calls returned before all of the %d payments were paid", returned, n)
	}
	t.Logf("%d calls were waiting at the stalled provider", stall.waiting.Load())
}
