package sim_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/sim"
	"postern/store"
	"postern/store/storetest"
	"postern/webhook"
)

// takeIn moves the world to another database, takes the merchant in there and gives it what did not come along: keys, certificates, an API key, a webhook secret.
func takeIn(t *testing.T, w *sim.World, there *store.Store, files fstest.MapFS) store.Landed {
	t.Helper()
	ctx := context.Background()
	must(t, w.Move(ctx, there))
	landed, err := w.Engine.TakeIn(ctx, files, func(merchantID, endpointID string) ([]byte, error) {
		secret, err := webhook.NewSecret(w.Rand)
		must(t, err)
		w.Hook.Secret = secret
		return w.Vault.Seal(webhook.SecretRef(merchantID, endpointID), []byte(secret))
	})
	must(t, err)
	storetest.SameExport(t, files, storetest.Exported(t, there, w.Merchant.ID))
	for code, channel := range w.Channels {
		_, err := w.Engine.AddGeneration(ctx, engine.NewCredentials{OwnerID: channel.CredentialOwnerID, CredentialSetID: channel.CredentialSetID, Keys: w.Sandboxes[code].Keys})
		must(t, err)
		_, err = w.Engine.RefreshTrust(ctx, channel)
		must(t, err)
	}
	if w.Secret, _, err = w.API.MakeKey(ctx, w.Merchant.ID, "sim", false); err != nil {
		t.Fatal(err)
	}
	return landed
}

// middle is what a merchant has under way when it leaves.
type middle struct{ done, back, ends, pays, twice, stops postern.Payment }

// begun brings a world into the middle of things: a buyer pays and no notification arrives, an order is closed that is being paid, another that is not, a refund waits
// for its job, a payment is about to end, an event is not delivered and another has no number yet.
func begun(t *testing.T, w *sim.World) (m middle) {
	t.Helper()
	ctx := context.Background()
	m.done, _ = paid(t, w, wechat, "done", 6800)
	w.Hook.SetDown(true)
	m.back, _ = paid(t, w, alipay, "back", 5000)
	m.ends = payFor(t, w, "ends", 100, 30*time.Minute, postern.LateRefund)
	m.pays, m.twice, m.stops = pay(t, w, "pays", 4200), pay(t, w, "twice", 900), pay(t, w, "stops", 300)
	attempt := begin(t, w, m.pays, alipay, "native")
	canceled := begin(t, w, m.twice, wechat, "native")
	begin(t, w, m.stops, wechat, "native")
	w.Tap = func(string, provider.Message) bool { return false }
	approve(t, w, attempt)
	_, err := w.Engine.Refund(ctx, w.Merchant.ID, m.back.ID, engine.RefundInput{Reference: "r", Amount: 2000, Reason: "cold"})
	must(t, err)
	must(t, w.Break(ctx, wechat, "close", "drop_request", 2))
	must(t, w.Break(ctx, wechat, "query", "drop_request", 2))
	for _, p := range []postern.Payment{m.stops, m.twice} {
		_, err = w.Engine.Cancel(ctx, w.Merchant.ID, p.ID)
		must(t, err)
	}
	approve(t, w, canceled)
	_, err = w.Engine.Cancel(ctx, w.Merchant.ID, pay(t, w, "told", 300).ID)
	must(t, err)
	return m
}

// TestAMerchantLeavesInTheMiddle: a merchant goes to another switch, on the other engine, with everything under way that can be. Nothing of it is lost: the new switch
// finds the money, closes, gives back, ends and tells, and its books agree with the wallets' own and with the script that recomputes them.
//
// Red without: the jobs of store/import_check.go, each for its own kind (the one that numbers events, in store/storetest).
func TestAMerchantLeavesInTheMiddle(t *testing.T) {
	for _, way := range []struct {
		name     string
		from, to func(t *testing.T) *store.Store
	}{{"from SQLite to PostgreSQL", lite, post}, {"from PostgreSQL to SQLite", post, lite}} {
		t.Run(way.name, func(t *testing.T) {
			w := build(t, sim.Options{Store: way.from(t), Seed: 1, Makers: two()})
			m := begun(t, w)
			landed := takeIn(t, w, way.to(t), storetest.Exported(t, w.Store, w.Merchant.ID))
			if landed.Jobs == 0 {
				t.Fatal("nothing is gone on with")
			}
			w.Hook.SetDown(false)
			run(t, w, 5*time.Minute)
			wantPayment(t, w, m.stops, postern.PaymentCanceled) // Long before the wallet ends the order by itself.
			wantPayment(t, w, m.pays, postern.PaymentPaid)
			run(t, w, 2*time.Hour)
			w.Tap = nil
			wantPayment(t, w, m.done, postern.PaymentPaid)
			wantPayment(t, w, m.ends, postern.PaymentExpired)
			if list := refunds(t, w, m.back); len(list) != 1 || list[0].Status != postern.RefundRefunded {
				t.Errorf("the refund that left in the middle: %+v", list)
			}
			if s := state(t, w, m.twice); len(s.Receipts) != 1 {
				t.Errorf("the money of the canceled payment: %+v", s)
			}
			wantTypes(t, w, m.pays, "payment.paid")
			wantTypes(t, w, m.ends, "payment.expired")
			if told := types(w, m.back); !slices.Contains(told, "payment.paid") || !slices.Contains(told, "refund.refunded") {
				t.Errorf("the merchant was told %v", told) // In this order or the other: one had waited.
			}
			agree(t, w)
			goesOn(t, w, m)
		})
	}
}

// goesOn sells and gives back at the new place: the numbers of events go on, also a payment of the old place can be refunded, and the script agrees with the books.
func goesOn(t *testing.T, w *sim.World, m middle) {
	t.Helper()
	ctx := context.Background()
	late, _ := paid(t, w, wechat, "late", 700)
	_, err := w.Engine.Refund(ctx, w.Merchant.ID, m.done.ID, engine.RefundInput{Reference: "r", Amount: 6800, Reason: "late"})
	must(t, err)
	run(t, w, 10*time.Minute)
	wantTypes(t, w, late, "payment.paid")
	hash := ""
	events, err := w.Store.Events(ctx, w.Merchant.ID, 0, 1000)
	must(t, err)
	for i, e := range events {
		if hash = store.ChainHash(hash, e); e.Position != int64(i+1) || e.Hash != hash {
			t.Fatalf("event %d breaks the chain: %+v", i+1, e)
		}
	}
	agree(t, w)
	dir := t.TempDir()
	storetest.ExportTo(t, w.Store, w.Merchant.ID, dir)
	if out, err := storetest.Recompute(t, dir); err != nil || !strings.Contains(out, "sum CNY") {
		t.Errorf("the script says %s %v", out, err)
	}
}

func lite(t *testing.T) *store.Store {
	return opened(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{})
}

func post(t *testing.T) *store.Store { return opened(t, storetest.Postgres(t), store.Options{}) }
