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
	"postern/sim"
	"postern/store"
)

func visitNo(n int) string { return fmt.Sprintf("%026d", n) }

func stall(t testing.TB, w *sim.World, pieces, perBuyer int64) postern.ShopItem {
	t.Helper()
	item, err := w.Stall(context.Background(), pieces, perBuyer)
	must(t, err)
	return item
}

func ordered(t testing.TB, w *sim.World, item postern.ShopItem, n int, quantity int64) postern.Order {
	t.Helper()
	o, err := w.Order(context.Background(), item, visitNo(n), fmt.Sprintf("138%08d", n), quantity)
	must(t, err)
	return o
}

func paymentOf(t testing.TB, w *sim.World, o postern.Order) postern.Payment {
	t.Helper()
	p, err := w.Store.Payment(context.Background(), o.MerchantID, o.PaymentID)
	must(t, err)
	return p
}

func wantOrder(t testing.TB, w *sim.World, o postern.Order, want postern.OrderState) postern.Order {
	t.Helper()
	got, err := w.Store.Order(context.Background(), o.MerchantID, o.ID)
	must(t, err)
	if got.State != want {
		t.Errorf("order %s is %s, want %s", o.Number, got.State, want)
	}
	return got
}

// stocked checks the pieces of one item's only choice and the whole shop.
func stocked(t testing.TB, w *sim.World, item postern.ShopItem, total, left, held, sold int64) {
	t.Helper()
	got, err := w.Store.Item(context.Background(), item.MerchantID, item.ID)
	must(t, err)
	if v := got.Variants[0]; v.Stock != left || v.Held != held || v.Sold != sold {
		t.Errorf("%d left, %d held, %d sold; want %d, %d, %d", v.Stock, v.Held, v.Sold, left, held, sold)
	}
	must(t, sim.CheckShop(context.Background(), w.Store, item.MerchantID, map[string]int64{item.Variants[0].ID: total}))
}

// TestAnOrderHoldsItsPieces: held while the payment may come, sold when it came, back on sale when it did not.
//
// Red without followOrder in Engine.commit (engine/engine.go).
func TestAnOrderHoldsItsPieces(t *testing.T) {
	onBoth(t, func(t *testing.T, w *sim.World) {
		ctx := context.Background()
		item := stall(t, w, 5, 3)
		bought, left := ordered(t, w, item, 1, 2), ordered(t, w, item, 2, 3)
		stocked(t, w, item, 5, 0, 5, 0)
		_, err := w.Order(ctx, item, visitNo(3), "13900000000", 1)
		wantCode(t, err, postern.CodeSoldOut)
		approve(t, w, begin(t, w, paymentOf(t, w, bought), wechat, "native"))
		run(t, w, time.Minute)
		wantOrder(t, w, bought, postern.OrderPaid)
		stocked(t, w, item, 5, 0, 3, 2)
		run(t, w, 20*time.Minute)
		wantOrder(t, w, left, postern.OrderEnded)
		stocked(t, w, item, 5, 3, 0, 2)
		_, err = w.Order(ctx, item, visitNo(4), "13800000001", 2) // the same buyer, three at most
		wantCode(t, err, postern.CodeLimitReached)
		again := ordered(t, w, item, 2, 3) // the visit that ended shows its own order
		if again.ID != left.ID {
			t.Errorf("a form sent again made order %s beside %s", again.Number, left.Number)
		}
		canceled := ordered(t, w, item, 5, 1)
		if _, err := w.Engine.CancelOrder(ctx, canceled.MerchantID, canceled.ID); err != nil {
			t.Error(err)
		}
		wantOrder(t, w, canceled, postern.OrderEnded)
		stocked(t, w, item, 5, 3, 0, 2)
		agree(t, w)
	})
}

// TestUnknownKeepsThePieces: while nobody knows whether the wallet took the money the pieces stay held, past the deadline too; then they are sold.
func TestUnknownKeepsThePieces(t *testing.T) {
	onBoth(t, func(t *testing.T, w *sim.World) {
		ctx, item := context.Background(), stall(t, w, 1, 0)
		o := ordered(t, w, item, 1, 1)
		a := begin(t, w, paymentOf(t, w, o), alipay, "native")
		w.Tap = func(string, provider.Message) bool { return false }
		for _, op := range []string{"query", "close"} {
			must(t, w.Break(ctx, alipay, op, "drop_request", 30))
		}
		approve(t, w, a)
		run(t, w, 16*time.Minute)
		if s := state(t, w, paymentOf(t, w, o)); s.Payment.Status != postern.PaymentProcessing {
			t.Fatalf("the payment is %s although nobody knows what became of its attempt", s.Payment.Status)
		}
		stocked(t, w, item, 1, 0, 1, 0)
		run(t, w, 24*time.Hour)
		wantOrder(t, w, o, postern.OrderPaid)
		stocked(t, w, item, 1, 0, 0, 1)
		agree(t, w)
	})
}

// expired is an order whose attempt was closed here while its wallet took the money nevertheless, as two sides of a wallet may disagree.
func expired(t *testing.T, w *sim.World, o postern.Order) postern.Attempt {
	t.Helper()
	a := begin(t, w, paymentOf(t, w, o), alipay, "native")
	s, err := w.Store.LoadStateByAttempt(context.Background(), o.MerchantID, a.ID)
	must(t, err)
	for _, fact := range []postern.Fact{postern.AttemptAnswered{AttemptID: a.ID, Trigger: postern.OnClosed, Code: "CLOSED"}, postern.CancelWanted{}} {
		next, effects, err := postern.Apply(s, fact, w.Clock.Now())
		must(t, err)
		change := store.Change{MerchantID: o.MerchantID, At: w.Clock.Now(), Payment: effects.Payment, Attempts: effects.Attempts}
		if effects.Payment != nil && effects.Payment.Status == postern.PaymentCanceled {
			ended, move, _ := postern.FollowOrder(o, effects.Payment.Status)
			change.Orders, change.Stock = []postern.Order{ended}, []postern.StockMove{move}
		}
		must(t, w.Store.Commit(context.Background(), change))
		s, err = w.Store.LoadState(context.Background(), o.MerchantID, next.Payment.ID)
		must(t, err)
	}
	wantOrder(t, w, o, postern.OrderEnded)
	return a
}

// TestPaidAfterItEnded: two buyers whose orders ended have paid after all, and one piece is there. One gets it, the other the money back.
func TestPaidAfterItEnded(t *testing.T) {
	onBoth(t, func(t *testing.T, w *sim.World) {
		item := stall(t, w, 1, 1)
		first := ordered(t, w, item, 1, 1)
		a := expired(t, w, first)
		second := ordered(t, w, item, 2, 1)
		b := expired(t, w, second)
		stocked(t, w, item, 1, 1, 0, 0)
		must(t, w.Approve(context.Background(), a, ""))
		run(t, w, time.Minute)
		must(t, w.Approve(context.Background(), b, ""))
		run(t, w, time.Hour)
		wantOrder(t, w, first, postern.OrderPaid)
		wantOrder(t, w, second, postern.OrderEnded)
		stocked(t, w, item, 1, 0, 0, 1)
		s := state(t, w, paymentOf(t, w, second))
		if len(s.Surpluses) != 1 || s.Surpluses[0].Reason != postern.SurplusLate || s.Surpluses[0].Status != postern.SurplusRefunded {
			t.Errorf("the second buyer's money: %+v", s.Surpluses)
		}
		agree(t, w)
	})
}

// TestStockIsChangedWhileOrdersCome: twenty changes of a seller, each sent twice at once, beside forty orders: all count, each once, and none refuses another.
//
// Red without the row of the form in engine.ChangeStock, and with a stock that is written instead of moved.
func TestStockIsChangedWhileOrdersCome(t *testing.T) {
	onBoth(t, func(t *testing.T, w *sim.World) {
		item := stall(t, w, 100, 0)
		var got, refused atomic.Int64
		forms := make([]string, 20)
		for i := range forms {
			forms[i] = postern.NewToken(w.Rand)
		}
		atOnce(8, 80, func(i int) {
			if i%2 == 0 {
				tally(t, w, item, i, 1, &got, &refused)
				return
			}
			pieces := int64(5)
			if i/4%4 == 3 {
				pieces = -3
			}
			err := w.Engine.ChangeStock(context.Background(), sim.Shopkeeper, item.MerchantID, item.ID, item.Variants[0].ID, forms[i/4], pieces)
			if err != nil && postern.CodeOf(err) != postern.CodeInFlight { // the other of the two is at it
				t.Error(err)
			}
		})
		if got.Load() != 40 {
			t.Errorf("%d of 40 orders, %d refused", got.Load(), refused.Load())
		}
		stocked(t, w, item, 160, 120, 40, 0)
	})
}

// TestAThousandRacesForAPiece: two buyers at once want the last piece, a thousand times; one of them gets it. Then 200 buyers want 100 pieces at once.
//
// Two things hold it: `stock + $4 >= 0` in moveStock (store/item.go), and behind it the CHECK of the row. Red without both.
func TestAThousandRacesForAPiece(t *testing.T) {
	onBoth(t, func(t *testing.T, w *sim.World) {
		ctx, races := context.Background(), 1000
		if testing.Short() {
			races = 100
		}
		item := stall(t, w, int64(races), 0)
		must(t, w.Engine.ChangeStock(ctx, sim.Shopkeeper, item.MerchantID, item.ID, item.Variants[0].ID, postern.NewToken(w.Rand), -int64(races)+1))
		var got, refused atomic.Int64
		for race := range races {
			if race > 0 {
				must(t, w.Engine.ChangeStock(ctx, sim.Shopkeeper, item.MerchantID, item.ID, item.Variants[0].ID, postern.NewToken(w.Rand), 1))
			}
			atOnce(2, 2, func(i int) { tally(t, w, item, race*2+i, 1, &got, &refused) })
			if got.Load() != int64(race)+1 {
				t.Fatalf("race %d: %d orders for %d pieces", race, got.Load(), race+1)
			}
		}
		stocked(t, w, item, int64(races), 0, int64(races), 0)
		t.Logf("%d races, %d orders, %d refused", races, got.Load(), refused.Load())

		many := stall(t, w, 100, 0)
		got.Store(0)
		refused.Store(0)
		atOnce(200, 200, func(i int) { tally(t, w, many, 1_000_000+i, 1, &got, &refused) })
		if got.Load() != 100 || refused.Load() != 100 {
			t.Errorf("200 buyers of 100 pieces: %d orders, %d refused", got.Load(), refused.Load())
		}
		after, err := w.Store.Item(ctx, many.MerchantID, many.ID)
		must(t, err)
		if v := after.Variants[0]; v.Stock != 0 || v.Held != 100 {
			t.Errorf("%d left, %d held", v.Stock, v.Held)
		}
	})
}

// tally places an order and counts how it went. A buyer who was told that others were faster tries again, as the page does.
func tally(t *testing.T, w *sim.World, item postern.ShopItem, n int, quantity int64, got, refused *atomic.Int64) {
	for range 20 {
		_, err := w.Order(context.Background(), item, visitNo(n), fmt.Sprintf("138%08d", n), quantity)
		switch postern.CodeOf(err) {
		case postern.CodeConflict:
			continue
		case postern.CodeSoldOut:
			refused.Add(1)
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		got.Add(1)
		return
	}
	t.Error("a buyer got no answer")
}

// TestOneFormIsOneOrder: a form that arrives many times at once makes one order and holds its pieces once.
func TestOneFormIsOneOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, w *sim.World) {
		item := stall(t, w, 50, 0)
		numbers := make([]string, 40)
		atOnce(8, len(numbers), func(i int) {
			for range 20 {
				o, err := w.Order(context.Background(), item, visitNo(1), "13800138000", 2)
				if postern.CodeOf(err) == postern.CodeConflict && err != nil {
					continue
				}
				if err != nil {
					t.Error(err)
				}
				numbers[i] = o.Number
				return
			}
		})
		for _, n := range numbers {
			if n == "" || n != numbers[0] {
				t.Errorf("orders %v", numbers)
				break
			}
		}
		stocked(t, w, item, 50, 48, 2, 0)
	})
}

// shopFlow is an order from beginning to end beside one that is never paid, each step as often as its caller must repeat it.
type shopFlow struct {
	flow
	item        postern.ShopItem
	order, idle postern.Order
	refundForm  string
}

func (f *shopFlow) place(n int, into *postern.Order) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		*into, err = f.w.Order(ctx, f.item, visitNo(n), fmt.Sprintf("138%08d", n), 2)
		return err
	}
}

// walkShop orders, pays, asks for the money, ships, gives a part back and puts a piece on sale again, while another order expires.
func (f *shopFlow) walkShop(t *testing.T) {
	ctx := context.Background()
	var attempt postern.Attempt
	f.again(t, f.place(1, &f.order))
	f.again(t, f.place(2, &f.idle))
	f.p = paymentOf(t, f.w, f.order)
	f.again(t, f.start(f.code, &attempt))
	must(t, f.w.Approve(ctx, attempt, ""))
	f.run(t, 10*time.Second)
	f.again(t, func(ctx context.Context) error {
		_, err := f.w.Engine.AskRefund(ctx, f.order.MerchantID, f.order.ID, "碎了")
		return unless(err, postern.CodeConflict)
	})
	f.again(t, func(ctx context.Context) error {
		_, err := f.w.Engine.Ship(ctx, sim.Shopkeeper, f.order.MerchantID, f.order.ID, "顺丰", "SF1")
		return err
	})
	f.again(t, func(ctx context.Context) error {
		_, err := f.w.Engine.RefundOrder(ctx, sim.Shopkeeper, f.order.MerchantID, f.order.ID, engine.OrderRefund{Form: f.refundForm, Amount: 6800, Reason: "碎了", Restock: 1})
		return err
	})
	f.run(t, time.Hour)
}

// unless forgives one code: the step had got through before the answer was lost.
func unless(err error, code postern.Code) error {
	if err != nil && postern.CodeOf(err) == code {
		return nil
	}
	return err
}

func newShopFlow(t *testing.T, code string) *shopFlow {
	f := &shopFlow{flow: *newFlow(t, code), refundForm: visitNo(99)}
	f.item = stall(t, f.w, 5, 0)
	return f
}

// TestShopCrashes crashes the switch at every single point of an order's way, and loses something there in a second round. Pieces and orders agree afterwards, the
// refund was given once, and the piece was put back once.
func TestShopCrashes(t *testing.T) {
	for _, lose := range []bool{false, true} {
		t.Run(fmt.Sprint("lose=", lose), func(t *testing.T) {
			t.Parallel()
			counted := newShopFlow(t, wechat)
			counted.points.Arm(0, false)
			counted.walkShop(t)
			total, names := counted.points.Passed()
			counted.points.Disarm()
			if total < 100 {
				t.Fatalf("only %d points were passed", total)
			}
			every := 1
			if testing.Short() {
				every = 10
			}
			for k := 1; k <= total; k += every {
				f := newShopFlow(t, wechat)
				f.points.Arm(k, lose)
				f.walkShop(t)
				f.points.Disarm()
				f.checkShop(t)
				must(t, f.w.Store.Close())
				if t.Failed() {
					t.Fatalf("crash at point %d of %d: %s", k, total, names[k-1])
				}
			}
			t.Logf("%d points", total)
		})
	}
}

func (f *shopFlow) checkShop(t *testing.T) {
	t.Helper()
	o := wantOrder(t, f.w, f.order, postern.OrderPaid)
	if o.ShippedAt.IsZero() || o.Ask != postern.AskGiven || o.Restocked != 1 {
		t.Errorf("shipped %v, ask %q, %d pieces back", o.ShippedAt, o.Ask, o.Restocked)
	}
	wantOrder(t, f.w, f.idle, postern.OrderEnded)
	stocked(t, f.w, f.item, 5, 4, 0, 1)
	if list := refunds(t, f.w, f.p); len(list) != 1 || list[0].Status != postern.RefundRefunded || list[0].Amount != 6800 {
		t.Errorf("refunds: %+v", list)
	}
	audits, _, err := f.w.Store.Audits(context.Background(), f.order.MerchantID, store.Page{Limit: 100})
	must(t, err)
	acts := map[string]int{}
	for _, a := range audits {
		acts[a.Act]++
	}
	if acts["order.refund"] != 1 || acts["order.ship"] < 1 || acts["item.create"] != 1 {
		t.Errorf("audit: %v", acts)
	}
	checkEvents(t, f.w)
	agree(t, f.w)
}
