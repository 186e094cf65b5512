package sim_test

import (
	"context"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
)

// scan charges by a code as a till does that tries again when its call broke off: with a new code, because the old one may be used up.
func (f *flow) scan(wallet string) func(context.Context) error {
	return func(ctx context.Context) error {
		code, err := f.w.ShowCode(ctx, wallet, false)
		if err != nil {
			return err
		}
		_, err = f.w.Engine.Start(ctx, f.p.MerchantID, f.p.ID, engine.StartInput{Product: "barcode", AuthCode: code, Buyer: route.Buyer{Container: engine.ContainerAPI}})
		switch postern.CodeOf(err) {
		case postern.CodeAttemptUnknown, postern.CodeAlreadyPaid: // the till waits
			return nil
		}
		return err
	}
}

// atTheCounter: the first charge's answer is lost and nobody answers queries for a while, so that it is reversed; then a second buyer pays.
func (f *flow) atTheCounter(t *testing.T, wallet string) {
	ctx := context.Background()
	f.again(t, f.create)
	must(t, f.w.Break(ctx, wallet, "barcode", "error_after_effect", 1))
	must(t, f.w.Break(ctx, wallet, "query", "drop_response", 12))
	f.w.Tap = silent
	f.again(t, f.scan(wallet))
	f.run(t, 3*time.Minute)
	must(t, f.w.Mend(ctx, wallet))
	f.w.Tap = nil
	for range 3 { // as often as the till is told that nothing was taken
		f.again(t, func(ctx context.Context) error {
			if s, err := f.w.State(ctx, f.p); err != nil || s.Payment.Status != postern.PaymentOpen {
				return err
			}
			return f.scan(wallet)(ctx)
		})
		f.run(t, 3*time.Minute)
	}
	f.run(t, time.Hour)
}

// TestF4CrashesAtTheCounter crashes at every point of a charge that is lost, reversed and made again. However it goes the buyer pays once, and what was reversed is in the books both
// ways.
//
// Red without: reversing in facts (engine/settle.go), after which a query that only says closed hides what was taken and given back.
func TestF4CrashesAtTheCounter(t *testing.T) {
	for i, wallet := range tills {
		t.Run(wallet, func(t *testing.T) {
			t.Parallel()
			counted := newFlow(t, wallet)
			counted.points.Arm(0, false)
			counted.atTheCounter(t, wallet)
			total, names := counted.points.Passed()
			counted.points.Disarm()
			if total < 60 {
				t.Fatalf("only %d points were passed", total)
			}
			every := sized(1, 3, 7)
			first := 1 + i%every // between them the wallets crash at every place: the rooms are the same
			for _, lose := range []bool{false, true} {
				if lose {
					every *= 3 // the same places, more gently
				}
				for k := first; k <= total; k += every {
					f := newFlow(t, wallet)
					f.points.Arm(k, lose)
					f.atTheCounter(t, wallet)
					f.points.Disarm()
					s := state(t, f.w, f.p)
					if s.Payment.Status != postern.PaymentPaid {
						t.Errorf("the payment is %s: %v", s.Payment.Status, statuses(s))
					}
					for _, a := range s.Attempts {
						if a.Status.Live() {
							t.Errorf("attempt %s is still %s", a.ID, a.Status)
						}
					}
					checkEvents(t, f.w)
					agree(t, f.w)
					must(t, f.w.Store.Close())
					if t.Failed() {
						t.Fatalf("lose=%t at point %d of %d: %s", lose, k, total, names[k-1])
					}
				}
			}
			t.Logf("%d points", total)
		})
	}
}
