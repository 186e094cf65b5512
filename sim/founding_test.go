package sim_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider/all"
	"postern/route"
)

// TestTheSellerMovesToWhatWasLeft is the founding story with a way on: Alipay is about to close, and one move of the fleet puts each of the four wallets that were
// left in its place. After the closing a buyer is paid for by that wallet, through its own protocol; undone, the seller has exactly what it had.
func TestTheSellerMovesToWhatWasLeft(t *testing.T) {
	for _, to := range all.Registry().Codes() {
		if to == alipay {
			continue
		}
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			ctx, w := context.Background(), newWorld(t, 1)
			had := ranksOf(t, w.Store.Channels, w.Merchant.ID)
			closes := w.Clock.Now().Add(time.Hour)
			closure, err := w.Engine.AnnounceClosure(ctx, closing(closes, alipay))
			must(t, err)
			m, plan, err := w.Engine.StartFleetMove(ctx, engine.NewFleetMove{
				OwnerID: postern.Platform, ClosureOwnerID: postern.Platform, ClosureID: closure.ID, To: []string{to}, Share: 10_000, Who: "test",
			})
			must(t, err)
			if len(plan.Members) != 1 || len(plan.Moves) != 1 || plan.Moves[0].From != alipay || plan.Moves[0].To != to {
				t.Fatalf("the plan is %+v", plan)
			}
			run(t, w, closes.Sub(w.Clock.Now())+time.Minute)
			if got := ranksOf(t, w.Store.Channels, w.Merchant.ID); got[alipay] != postern.MoveBack || got[to] != postern.MoveFront {
				t.Errorf("ranks %v", got)
			}
			p := pay(t, w, "after", 6800)
			made, err := w.Engine.Plan(ctx, p, safari, "", "")
			must(t, err)
			offered := false
			for _, c := range made.Candidates {
				offered = offered || c.Kept && c.Provider == to
				if c.Provider == alipay && c.Reason != route.ReasonClosed {
					t.Errorf("alipay's %s is %s", c.Product, c.Reason)
				}
			}
			if !offered {
				t.Errorf("%s is not offered: %+v", to, made.Candidates)
			}
			approve(t, w, begin(t, w, p, to, "h5"))
			run(t, w, time.Minute)
			wantPayment(t, w, p, postern.PaymentPaid)
			agree(t, w)
			_, err = w.Engine.UndoFleetMove(ctx, postern.Platform, m.ID, "test", "it opened again")
			must(t, err)
			run(t, w, time.Minute)
			if got := ranksOf(t, w.Store.Channels, w.Merchant.ID); !reflect.DeepEqual(got, had) {
				t.Errorf("after the undo %v, it had %v", got, had)
			}
		})
	}
}

func ranksOf(t *testing.T, channels func(context.Context, string) ([]postern.Channel, error), merchantID string) map[string]int64 {
	t.Helper()
	list, err := channels(context.Background(), merchantID)
	must(t, err)
	ranks := map[string]int64{}
	for _, c := range list {
		ranks[c.Provider] = c.Rank
	}
	return ranks
}
