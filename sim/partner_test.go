package sim_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/recon"
	"postern/route"
	"postern/sim"
	"postern/store"
)

// isv is a partner with many merchants under one account at Alipay; every third has a channel over a second account, at WeChat.
type isv struct {
	*sim.World
	partner postern.Partner
	account postern.CredentialSet
	other   postern.CredentialSet
	shops   []string // merchants' ids, in the order of the list
}

func newISV(t testing.TB, n int) *isv {
	t.Helper()
	ctx := context.Background()
	v := &isv{World: build(t, sim.Options{Seed: 20, Makers: two(), Store: opened(t, "sqlite::memory:", store.Options{})})}
	v.partner, v.account = partnerOf(t, v.World, alipay)
	box := v.Sandboxes[wechat]
	var err error
	v.other, err = v.Engine.AddCredentialSet(ctx, engine.NewAccount{OwnerID: v.partner.ID, Provider: wechat, Settings: box.Settings, Keys: box.Keys, Sandbox: true})
	must(t, err)
	in := engine.Import{PartnerID: v.partner.ID, File: listOf(t, alipay, n, nil)}
	plan, err := v.Engine.PlanImport(ctx, in)
	must(t, err)
	_, err = v.Engine.RunImport(ctx, in, plan.Digest, 0)
	must(t, err)
	for i := range n {
		id := postern.MerchantID(v.partner, false, "R-"+strconv.Itoa(i))
		v.shops = append(v.shops, id)
		if i%3 != 0 {
			continue
		}
		m, err := v.Store.Merchant(ctx, id)
		must(t, err)
		c, err := v.Engine.AddChannel(ctx, engine.NewChannel{Merchant: m, OwnerID: v.partner.ID, Provider: wechat, CredentialSetID: v.other.ID, Products: []string{"native"}})
		must(t, err)
		if i == 0 {
			_, err = v.Engine.RefreshTrust(ctx, c)
			must(t, err)
		}
	}
	return v
}

// order creates a payment of a merchant's and starts it, with any wallet that there is.
func (v *isv) order(t testing.TB, merchantID, reference string, amount int64) (postern.Payment, postern.Attempt, error) {
	t.Helper()
	ctx := context.Background()
	s, err := v.Engine.Create(ctx, merchantID, engine.CreateInput{Reference: reference, Amount: amount, Currency: "CNY", Description: "烧饼", ExpiresAt: v.Clock.Now().Add(20 * time.Minute)})
	must(t, err)
	r, err := v.Engine.Start(ctx, merchantID, s.Payment.ID, engine.StartInput{Product: "native", Buyer: route.Buyer{Container: engine.ContainerAPI}, ClientIP: "203.0.113.7"})
	return s.Payment, r.Attempt, err
}

// agrees holds the books of all merchants of the partner's against the simulators'.
func (v *isv) agrees(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	var orders []recon.Order
	for _, code := range []string{alipay, wechat} {
		rows, err := v.Orders(ctx, code)
		must(t, err)
		orders = append(orders, v.Sandboxes[code].Read(rows)...)
	}
	var books []recon.Books
	for _, id := range v.shops {
		own, err := sim.ReadBooks(ctx, v.Store, id)
		must(t, err)
		books = append(books, own...)
	}
	for _, d := range recon.Compare(orders, books) {
		t.Error(d)
	}
}

// TestT20OneRevokedAccount: a partner with 3,000 merchants under one account loses it at once. One act, one row: the next plan of every merchant obeys it; those who have
// another wallet go on with it, the others are told that nothing is left. What was under way is asked after, paid, closed and refunded; the report says who and
// how much; every merchant is told once; the act is undone as it was done. (peers.md T20)
//
// Red without: the account in Scope.fits (closure.go), the poll of attempts whose channel may not pay, or the begun orders in riskLines (engine/revoke.go).
func TestT20OneRevokedAccount(t *testing.T) {
	t.Parallel()
	n := 3000
	if testing.Short() {
		n = 60
	}
	ctx, v := context.Background(), newISV(t, n)
	var under []postern.Payment
	var attempts []postern.Attempt
	for i := 1; i < n; i += n / 30 {
		p, a, err := v.order(t, v.shops[i], "T20-before", 1000)
		must(t, err)
		under, attempts = append(under, p), append(attempts, a)
	}
	over, sum := int64(0), int64(0)
	for _, a := range attempts {
		if a.CredentialSetID == v.account.ID {
			over, sum = over+1, sum+a.Amount
		}
	}
	began := time.Now()
	c, risk, err := v.Engine.RevokeCredentialSet(ctx, engine.Revocation{OwnerID: v.partner.ID, CredentialSetID: v.account.ID, Who: "Alipay", Source: "letter of 2026-11-22"})
	must(t, err)
	t.Logf("%d merchants: revoked, with the report, in %v", n, time.Since(began))
	if risk.Merchants != int64(n) || len(risk.Begun) != 1 || risk.Begun[0] != (engine.Turnover{Currency: "CNY", Orders: over, Amount: sum}) {
		t.Errorf("the report says %d merchants and %+v under way, want %d and %d orders of %d", risk.Merchants, risk.Begun, n, over, sum)
	}
	if _, _, err := v.Engine.RevokeCredentialSet(ctx, engine.Revocation{OwnerID: v.partner.ID, CredentialSetID: v.account.ID}); postern.CodeOf(err) != postern.CodeConflict {
		t.Errorf("revoked twice: %v", err)
	}
	v.obeyed(t)
	for i, a := range attempts {
		if i%4 == 0 { // found by polling alone
			must(t, v.Break(ctx, a.Provider, "notify", "drop_notification", 1))
		}
		if i%2 == 0 {
			approve(t, v.World, a)
			v.Sandboxes[a.Provider].RunDue(ctx)
		}
	}
	run(t, v.World, 2*time.Minute)
	for i := range under {
		if i%2 == 0 {
			wantPayment(t, v.World, under[i], postern.PaymentPaid)
			_, err := v.Engine.Refund(ctx, under[i].MerchantID, under[i].ID, engine.RefundInput{Reference: "R", Amount: 400})
			must(t, err)
		}
	}
	run(t, v.World, 30*time.Minute)
	for i := range under {
		switch s := state(t, v.World, under[i]); {
		case i%2 == 0:
			if r, _ := s.Applied(); r.Refunded != 400 {
				t.Errorf("order %d: %d was refunded", i, r.Refunded)
			}
		case s.Payment.Status != postern.PaymentExpired:
			t.Errorf("order %d was never paid and is %s", i, s.Payment.Status)
		}
	}
	v.told(t, postern.EventClosureAnnounced)
	v.agrees(t)
	_, err = v.Engine.MoveClosure(ctx, v.partner.ID, c.ID, "the account is back")
	must(t, err)
	if _, a, err := v.order(t, v.shops[1], "T20-after", 1000); err != nil || a.CredentialSetID != v.account.ID {
		t.Errorf("after the act was undone: %+v %v", a.CredentialSetID, err)
	}
}

// obeyed starts an order at every merchant: over the other account where there is one, nowhere else.
func (v *isv) obeyed(t *testing.T) {
	t.Helper()
	for i, id := range v.shops {
		_, a, err := v.order(t, id, "T20-"+strconv.Itoa(i), 500)
		switch {
		case i%3 == 0 && (err != nil || a.CredentialSetID != v.other.ID):
			t.Fatalf("merchant %d has another wallet and got %q, %v", i, a.CredentialSetID, err)
		case i%3 != 0 && postern.CodeOf(err) != postern.CodeNoRoute:
			t.Fatalf("merchant %d: %v", i, err)
		}
	}
}

// told checks that every merchant has one event of a type.
func (v *isv) told(t *testing.T, kind postern.EventType) {
	t.Helper()
	for i, id := range v.shops {
		events, err := v.Store.Events(context.Background(), id, 0, 100)
		must(t, err)
		n := 0
		for _, e := range events {
			if e.Type == kind {
				n++
			}
		}
		if n != 1 {
			t.Fatalf("merchant %d was told %d times", i, n)
		}
	}
}
