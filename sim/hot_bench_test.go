package sim_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/route"
	"postern/sim"
)

// shops makes merchants with a channel at WeChat Pay each.
func shops(b *testing.B, w *sim.World, n int) []postern.Merchant {
	b.Helper()
	ctx, box := context.Background(), w.Sandboxes[wechat]
	list := []postern.Merchant{w.Merchant}
	for len(list) < n {
		m := postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, w.Clock.Now(), w.Rand), Name: fmt.Sprint("shop ", len(list)), Locale: "zh-CN", Zone: "Asia/Shanghai", CreatedAt: w.Clock.Now()}
		must(b, w.Store.SaveMerchant(ctx, m))
		_, err := w.Engine.AddChannel(ctx, engine.NewChannel{
			Merchant: m, OwnerID: m.ID, Provider: wechat, Settings: box.Settings, Keys: box.Keys, Sandbox: true, Products: []string{"native"},
		})
		must(b, err)
		list = append(list, m)
	}
	return list
}

// BenchmarkHotMerchant (T18) takes whole payments for one merchant, for ten and for ten thousand: created, started with a signed call, paid in the wallet, notified, booked. Eight hands at once;
// the simulated wallet works in the same process. There is no row that all payments of a merchant update, so one hot merchant is as fast as many.
func BenchmarkHotMerchant(b *testing.B) {
	for _, n := range []int{1, 10, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			onEach(b, func(b *testing.B, w *sim.World) {
				hot(b, build(b, sim.Options{Store: w.Store, Seed: 2, Wall: time.Now, Makers: two()}), n)
			})
		})
	}
}

func hot(b *testing.B, w *sim.World, n int) {
	ctx := context.Background()
	w.Tap = func(string, provider.Message) bool { return true }
	list := shops(b, w, min(n, b.N)) // no more than are paid
	var next atomic.Int64
	b.SetParallelism(4) // eight goroutines on two processors
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := next.Add(1)
			m := list[int(i)%len(list)]
			s, err := w.Engine.Create(ctx, m.ID, engine.CreateInput{Reference: fmt.Sprint("H", i), Amount: 6800, Currency: "CNY", Description: "烧饼"})
			if err != nil {
				b.Error(err)
				return
			}
			r, err := w.Engine.Start(ctx, m.ID, s.Payment.ID, engine.StartInput{Provider: wechat, Product: "native", Buyer: route.Buyer{Container: engine.ContainerAPI}, ClientIP: "203.0.113.7"})
			if err == nil {
				err = w.Approve(ctx, r.Attempt, "")
			}
			if err != nil {
				b.Error(err)
				return
			}
			w.Sandboxes[wechat].RunDue(ctx)
		}
	})
	b.StopTimer()
	w.Sandboxes[wechat].RunDue(ctx)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
}
