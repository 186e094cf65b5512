package sim_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/sim"
)

// billed lists the wallets whose bills are fetched, with the kind that lists orders and a product that a merchant's server starts.
func billed(t *testing.T, w *sim.World) map[string]string {
	t.Helper()
	kinds := map[string]string{}
	for code, connector := range w.Engine.Registry {
		if fetcher, ok := connector.(provider.StatementFetcher); ok {
			kinds[code] = fetcher.StatementKinds()[0]
		}
	}
	return kinds
}

// product is one that the wallet has and that nobody must be signed in for.
func product(w *sim.World, wallet string) string {
	for _, p := range []string{"native", "page"} {
		if slices.Contains(w.Channels[wallet].Products, p) {
			return p
		}
	}
	return ""
}

// bill fetches the bill of a day and books what it proves.
func bill(t *testing.T, w *sim.World, wallet, kind string, day time.Time) engine.Evidence {
	t.Helper()
	ctx := context.Background()
	s, err := w.Engine.FetchStatement(ctx, engine.StatementQuery{MerchantID: w.Merchant.ID, ChannelID: w.Channels[wallet].ID, Kind: kind, Day: day.In(postern.Beijing)})
	must(t, err)
	defer func() { _ = s.Close() }()
	if s.State != provider.FetchDone {
		t.Fatalf("the bill is %s: %s %s", s.State, s.Code, s.Message)
	}
	seen, err := w.Engine.ApplyStatement(ctx, s)
	must(t, err)
	return seen
}

// TestF12TheBillIsTheLastWord: every notification and every query of a day is lost. The bill of the next morning books what was paid and what went back, once, and whatever the attempt was called
// meanwhile.
//
// Red without: provePayment (engine/evidence.go).
func TestF12TheBillIsTheLastWord(t *testing.T) {
	for wallet, kind := range billed(t, newWorld(t, 1)) {
		t.Run(wallet, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t, 1)
			day := w.Clock.Now()
			known, _ := paidBy(t, w, wallet, "known")
			w.Tap = silent
			must(t, w.Break(ctx, wallet, "query", "drop_request", 100_000))
			p := pay(t, w, "lost", 6800)
			a := begin(t, w, p, wallet, product(w, wallet))
			approve(t, w, a)
			run(t, w, 36*time.Hour)
			if s := state(t, w, p); s.Payment.Status == postern.PaymentPaid || len(s.Receipts) > 0 {
				t.Fatalf("nobody told, and it is %s", s.Payment.Status)
			}
			must(t, w.Mend(ctx, wallet))
			if seen := bill(t, w, wallet, kind, day); seen.Payments != 1 || seen.Known != 1 {
				t.Errorf("the bill proved %+v", seen)
			}
			if seen := bill(t, w, wallet, kind, day); seen.Payments != 0 || seen.Known != 2 {
				t.Errorf("again, it proved %+v", seen)
			}
			run(t, w, time.Hour)
			s := state(t, w, p)
			if len(s.Receipts) != 1 || s.Receipts[0].Amount != 6800 {
				t.Errorf("the receipts are %+v", s.Receipts)
			}
			wantPayment(t, w, known, postern.PaymentPaid)
			agree(t, w)
		})
	}
}

// paidBy is a payment that was paid with a wallet, by whatever product it has.
func paidBy(t *testing.T, w *sim.World, wallet, reference string) (postern.Payment, postern.Attempt) {
	t.Helper()
	p := pay(t, w, reference, 6800)
	a := begin(t, w, p, wallet, product(w, wallet))
	approve(t, w, a)
	run(t, w, time.Minute)
	wantPayment(t, w, p, postern.PaymentPaid)
	return p, a
}

// TestT3UnknownUntilTheBill: a till's charge is never answered, no query and no reversal is for a day, and no second charge is made meanwhile. Then the bill says that it was paid.
//
// Red without: the case of attempts that are still live in release (engine/close.go), which lets the till charge again; or provePayment (engine/evidence.go).
func TestT3UnknownUntilTheBill(t *testing.T) {
	kinds := billed(t, newWorld(t, 1))
	for _, wallet := range tills {
		if kinds[wallet] == "" {
			continue
		}
		t.Run(wallet, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t, 1)
			day, kind := w.Clock.Now(), kinds[wallet]
			w.Tap = silent
			must(t, w.Break(ctx, wallet, "barcode", "drop_response", 1))
			must(t, w.Break(ctx, wallet, "query", "drop_request", 100_000))
			must(t, w.Break(ctx, wallet, "reverse", "drop_request", 100_000))
			p := payFor(t, w, "T3", 6800, 72*time.Hour, postern.LateRefund)
			got, _ := scan(t, w, p, showCode(t, w, wallet, false))
			wantCounter(t, got, "unknown")
			for range 5 {
				run(t, w, 2*time.Minute)
				if second, status := scan(t, w, p, showCode(t, w, wallet, false)); status != http.StatusConflict || second.Code != "attempt_unknown" {
					t.Fatalf("a second charge: HTTP %d %+v", status, second)
				}
				wantCounter(t, look(t, w, p, got.ID), "unknown")
			}
			run(t, w, 36*time.Hour)
			wantPayment(t, w, p, postern.PaymentProcessing)
			must(t, w.Mend(ctx, wallet))
			if seen := bill(t, w, wallet, kind, day); seen.Payments != 1 {
				t.Errorf("the bill proved %+v", seen)
			}
			run(t, w, time.Minute)
			wantCounter(t, look(t, w, p, got.ID), "paid")
			wantPayment(t, w, p, postern.PaymentPaid)
			wantTypes(t, w, p, "payment.attempt_unknown", "payment.paid")
			agree(t, w)
		})
	}
}
