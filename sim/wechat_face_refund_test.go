package sim_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/sim"
	"postern/store"
	"postern/store/storetest"
)

// TestFacadeRefundNumberIsOneForTheAccount: one refund number comes two hundred times at once, for twenty orders. One order gives its money back, once; the others are told
// that the number is taken.
//
// Red without: OneRefundNumber in wechatpay's Face, the row of the number in the commit (uniqueRefund), its look at who was faster.
func TestFacadeRefundNumberIsOneForTheAccount(t *testing.T) {
	t.Parallel()
	for engine, dsn := range map[string]func(*testing.T) string{
		"sqlite": func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "postern.db") }, "postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			w := build(t, sim.Options{Store: opened(t, dsn(t), store.Options{MaxConns: 16}), Seed: 1, Makers: onlyAlipayMaker()})
			s := openWechatShop(t, w, "http://"+wxFaceHost, false)
			const orders, times = 20, 200
			number := func(i int) string { return fmt.Sprintf("one_number_%02d", i) }
			for i := range orders {
				s.native(t, number(i), 100)
				s.buy(t, number(i))
			}
			run(t, w, 2*time.Second)
			var done, taken [orders]atomic.Int64
			atOnce(32, times, func(i int) {
				o, r, err := w.Engine.RefundFaced(context.Background(), s.account, provider.FaceRefund{Order: provider.FaceKey{Number: number(i % orders)}, Number: "the_one", Amount: 10, Total: 100})
				switch {
				case err == nil && o.Number == number(i%orders) && r.Order.Number == o.Number && r.Amount == 10:
					done[i%orders].Add(1)
				case err != nil && postern.CodeOf(err) == postern.CodeReferenceTaken:
					taken[i%orders].Add(1)
				default:
					t.Errorf("order %d: %+v %v", i%orders, r, err)
				}
			})
			winners := 0
			for i := range orders {
				rows, err := w.Engine.RefundsFaced(context.Background(), s.account, number(i))
				must(t, err)
				switch {
				case len(rows) == 1 && done[i].Load() == times/orders:
					winners++
				case len(rows) != 0 || taken[i].Load() != times/orders:
					t.Errorf("order %d has %d refunds, was told %d times that it gave back and %d times not to", i, len(rows), done[i].Load(), taken[i].Load())
				}
			}
			if winners != 1 {
				t.Errorf("%d orders gave money back under one number", winners)
			}
			run(t, w, time.Minute)
			agree(t, w)
		})
	}
}
