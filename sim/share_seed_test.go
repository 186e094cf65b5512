package sim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/store"
)

// shareFaults are the ways in which a call of a share may go wrong.
var shareFaults = []string{"drop_request", "drop_response", "error_500", "error_after_effect", "wrong_signature"}

// TestSeededShares lets shares, refunds and faults meet at random. In the end every share has its outcome, what a receipt says is shared is what its shares gave, the bills
// book exactly that, once, and the books agree. A failure names its seed.
func TestSeededShares(t *testing.T) {
	t.Parallel()
	seeds := sized(60, 30, 8)
	outcomes := map[postern.ShareStatus]int{}
	for seed := range seeds {
		for _, wallet := range []string{wechat, alipay} {
			for status, n := range seededShares(t, uint64(seed+1), wallet) {
				outcomes[status] += n
			}
			if t.Failed() {
				t.Fatalf("seed %d, %s", seed+1, wallet)
			}
		}
	}
	if outcomes[postern.ShareDone] == 0 || outcomes[postern.ShareFailed] == 0 {
		t.Errorf("the seeds reach too little: %v", outcomes)
	}
	t.Logf("%v", outcomes)
}

func seededShares(t *testing.T, seed uint64, wallet string) map[postern.ShareStatus]int {
	t.Helper()
	ctx, w, dice := context.Background(), newWorld(t, seed), rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a seed must say the same again
	day := w.Clock.Now()
	var payments []postern.Payment
	for i := range 3 {
		p, _ := shareable(t, w, wallet, fmt.Sprint("seed-", i))
		payments = append(payments, p)
	}
	for i := range 15 {
		p := payments[dice.IntN(len(payments))]
		switch dice.IntN(4) {
		case 0:
			ops := shareOps[wallet]
			must(t, w.Break(ctx, wallet, ops[dice.IntN(len(ops))], shareFaults[dice.IntN(len(shareFaults))], 1+dice.IntN(3)))
		case 1:
			_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: fmt.Sprint("R", i), Amount: 1 + dice.Int64N(2000)})
			onlyCodes(t, err, postern.CodeRefundExceeds)
		default:
			in := engine.ShareInput{Reference: fmt.Sprint("S", i), Parts: []engine.ShareInputPart{baker(w, wallet, 1+dice.Int64N(2500))}, Last: dice.IntN(12) == 0}
			_, err := w.Engine.Share(ctx, p.MerchantID, p.ID, in)
			onlyCodes(t, err, postern.CodeShareExceeds, postern.CodeNothingToShare)
		}
		run(t, w, time.Duration(dice.IntN(90))*time.Second)
	}
	must(t, w.Mend(ctx, wallet))
	run(t, w, 40*time.Hour)
	for range 2 {
		shareBill(t, w, wallet, day)
	}
	agree(t, w)
	return settledShares(t, w, payments)
}

// settledShares counts the outcomes of all shares and holds them against the receipts and the books.
func settledShares(t *testing.T, w *sim.World, payments []postern.Payment) map[postern.ShareStatus]int {
	t.Helper()
	outcomes := map[postern.ShareStatus]int{}
	for _, p := range payments {
		list, _, err := w.Store.Shares(context.Background(), p.MerchantID, p.ID, store.Page{Limit: 100})
		must(t, err)
		var given, booked int64
		for _, s := range list {
			outcomes[s.Status]++
			if given += s.Given; s.Status.Open() {
				t.Errorf("share %s is still %s (%s %s)", s.Reference, s.Status, s.Code, s.Message)
			}
		}
		for _, amount := range sharedInBooks(t, w, p) {
			booked += amount
		}
		if r, _ := state(t, w, p).Applied(); r.Shared != given || booked != given {
			t.Errorf("%s: receivers got %d, the receipt says %d, the books %d", p.Reference, given, r.Shared, booked)
		}
	}
	return outcomes
}

// onlyCodes fails the test on an error with another code than these.
func onlyCodes(t *testing.T, err error, codes ...postern.Code) {
	t.Helper()
	if err == nil {
		return
	}
	for _, code := range codes {
		if postern.CodeOf(err) == code {
			return
		}
	}
	t.Error(err)
}
