package sim_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/store"
)

// The two persons of these tests, and the operator under both of its names.
var (
	li       = engine.Actor{StaffOwnerID: "mer_x", StaffID: "stf_li", Who: "李"}
	wang     = engine.Actor{StaffOwnerID: "ptn_x", StaffID: "stf_wang", Who: "王"}
	operator = []engine.Actor{{Who: "operator"}, {StaffOwnerID: postern.Platform, Who: "operator"}}
)

// books are the balances of the merchant that are not zero.
func books(t *testing.T, w *sim.World) map[string]int64 {
	t.Helper()
	list, err := w.Store.Balances(context.Background(), w.Merchant.ID)
	must(t, err)
	out, sum := map[string]int64{}, int64(0)
	for _, b := range list {
		if sum += b.Amount; b.Amount != 0 {
			out[strings.TrimSuffix(b.Account, w.Channels[wechat].ID)] = b.Amount
		}
	}
	if sum != 0 {
		t.Errorf("the books are out by %d", sum)
	}
	return out
}

func wantBooks(t *testing.T, w *sim.World, want map[string]int64) {
	t.Helper()
	if got := books(t, w); !maps.Equal(got, want) {
		t.Errorf("the books say %v, want %v", got, want)
	}
}

// TestARefundOutsideTheProvider: the channel is retired and refunds no more. One person enters what the merchant's own bank paid, another one agrees; nothing is sent, the books name the bank, and
// the provider's books and its bill of that day agree with ours.
//
// Red without: the order of DecideHand's checks (apply_refund.go), Outside in SendRefund (engine/send_refund.go), Outside in compareAttempt and comparePostings (recon/compare.go).
func TestARefundOutsideTheProvider(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	day := w.Clock.Now()
	p, _ := paid(t, w, wechat, "O1", 6800)
	_, err := w.Engine.RetireChannel(ctx, p.MerchantID, w.Channels[wechat].ID)
	must(t, err)
	_, err = w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R", Amount: 2000})
	wantCode(t, err, postern.CodeForbidden)
	in := engine.OutsideInput{Reference: "R", Amount: 2000, Reason: "碎了", Bank: "招行 6688", Evidence: "转账 20261122-77"}
	for field, spoil := range map[string]func(*engine.OutsideInput){
		"evidence": func(in *engine.OutsideInput) { in.Evidence = " " }, "reference": func(in *engine.OutsideInput) { in.Reference = "" }, "amount": func(in *engine.OutsideInput) { in.Amount = 6801 },
	} {
		bad := in
		spoil(&bad)
		if _, err := w.Engine.RefundOutside(ctx, li, p.MerchantID, p.ID, bad); err == nil || !strings.Contains(err.Error(), "field "+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	r, err := w.Engine.RefundOutside(ctx, li, p.MerchantID, p.ID, in)
	must(t, err)
	_, err = w.Engine.RefundOutside(ctx, li, p.MerchantID, p.ID, in)
	wantCode(t, err, postern.CodeReferenceTaken)
	if got, _ := state(t, w, p).Applied(); got.RefundReserved != 2000 {
		t.Errorf("%d reserved", got.RefundReserved)
	}
	run(t, w, 48*time.Hour)
	if again, err := w.Engine.SendRefund(ctx, p.MerchantID, r.ID); again != 0 || err != nil {
		t.Errorf("the job of other refunds: %v, %v", again, err)
	}
	wantBooks(t, w, map[string]int64{"receivable:": 6800, "sales": -6800})
	_, err = w.Engine.AgreeRefund(ctx, li, p.MerchantID, r.ID, "我自己转的", nil)
	wantCode(t, err, postern.CodeForbidden)
	_, err = w.Engine.AgreeRefund(ctx, wang, p.MerchantID, r.ID, "  ", nil)
	wantCode(t, err, postern.CodeInvalid)
	r, err = w.Engine.AgreeRefund(ctx, wang, p.MerchantID, r.ID, "流水上有", nil)
	must(t, err)
	if r.Status != postern.RefundRefunded || !r.Outside() || r.Hand.By.Name != "李" || r.Hand.Second.Name != "王" {
		t.Errorf("the refund is %+v", r)
	}
	_, err = w.Engine.AgreeRefund(ctx, wang, p.MerchantID, r.ID, "流水上有", nil)
	wantCode(t, err, postern.CodeConflict)
	run(t, w, 24*time.Hour)
	wantBooks(t, w, map[string]int64{"receivable:": 6800, "sales": -6800, "refunds": 2000, "bank:招行 6688": -2000})
	wantTypes(t, w, p, "payment.paid", "refund.refunded")
	if bodies := w.Hook.Got(); !strings.Contains(string(bodies[len(bodies)-1].Data), `"outside":true`) {
		t.Errorf("the merchant was told %s", bodies[len(bodies)-1].Data)
	}
	if seen := bill(t, w, wechat, billed(t, w)[wechat], day); seen.Known != 1 || seen.Refunds+seen.Foreign+seen.Doubtful+seen.Payments != 0 {
		t.Errorf("the bill proved %+v", seen)
	}
	agree(t, w)
	acts, _, err := w.Store.Audits(ctx, w.Merchant.ID, store.Page{Limit: 2})
	must(t, err)
	if acts[0].Act != "refund.agree" || acts[0].Who != "王" || acts[1].Act != "refund.outside" || acts[1].Who != "李" {
		t.Errorf("the acts are %+v", acts)
	}
}

// TestTheOperatorIsOnePerson: whoever is at the command line is one person, under either of its names; an API key that is younger than the entry is nobody, because its maker may have entered it.
func TestTheOperatorIsOnePerson(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	p, _ := paid(t, w, wechat, "O2", 6800)
	r, err := w.Engine.RefundOutside(ctx, operator[0], p.MerchantID, p.ID, engine.OutsideInput{Reference: "R", Amount: 1, Evidence: "cash"})
	must(t, err)
	for _, one := range operator {
		_, err := w.Engine.AgreeRefund(ctx, one, p.MerchantID, r.ID, "seen", nil)
		wantCode(t, err, postern.CodeForbidden)
	}
	run(t, w, time.Minute)
	young := store.APIKey{OwnerID: p.MerchantID, ID: postern.NewID(postern.PrefixKey, w.Clock.Now(), w.Rand), Prefix: "sk_test_xx", Hash: "h", CreatedAt: w.Clock.Now()}
	must(t, w.Store.SaveKey(ctx, young))
	key := engine.Actor{StaffOwnerID: p.MerchantID, StaffID: young.ID, Who: "API"}
	_, err = w.Engine.AgreeRefund(ctx, key, p.MerchantID, r.ID, "seen", nil)
	wantCode(t, err, postern.CodeForbidden)
	r, err = w.Engine.RefuseRefund(ctx, operator[1], p.MerchantID, r.ID, "twice", nil)
	must(t, err)
	if r.Status != postern.RefundFailed || r.Code != "withdrawn" {
		t.Errorf("taken back, it is %+v", r)
	}
	r, err = w.Engine.RefundOutside(ctx, operator[0], p.MerchantID, p.ID, engine.OutsideInput{Reference: "R2", Amount: 6800, Evidence: "cash"}) // the key is older than this
	must(t, err)
	r, err = w.Engine.AgreeRefund(ctx, key, p.MerchantID, r.ID, "seen", nil)
	must(t, err)
	run(t, w, time.Minute)
	wantBooks(t, w, map[string]int64{"receivable:": 6800, "sales": -6800, "refunds": 6800, "bank:" + postern.DefaultBank: -6800})
	wantTypes(t, w, p, "payment.paid", "refund.failed", "refund.refunded")
	agree(t, w)
}

// TestTwoPersonsResolveAStuckRefund: it left and did not reach the buyer. Given back by the merchant after it came back, the provider owes it again and the bank paid; brought to the buyer after all,
// it is as if the provider had said so. Until the second person agrees it stays stuck, and a provider's word that comes first ends the wait.
//
// Red without: BookTransitBack in refundEffects (apply_refund.go), or Awaits in ApplyRefund.
func TestTwoPersonsResolveAStuckRefund(t *testing.T) {
	for name, c := range map[string]struct {
		in   engine.StuckInput
		want map[string]int64
	}{
		"outside": {engine.StuckInput{Way: postern.WayOutside, Bank: "工行", Evidence: "转账 9"}, map[string]int64{"receivable:": 6800, "sales": -6800, "refunds": 800, "bank:工行": -800}},
		"reached": {engine.StuckInput{Way: postern.WayReached, Bank: "不算", Evidence: "客服工单 9"}, map[string]int64{"receivable:": 6000, "sales": -6800, "refunds": 800}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t, 1)
			p, _ := paid(t, w, wechat, "O3", 6800)
			must(t, w.Break(ctx, wechat, "refund", "refund_abnormal", 1))
			r, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R", Amount: 800})
			must(t, err)
			_, err = w.Engine.ResolveRefund(ctx, li, p.MerchantID, r.ID, c.in)
			wantCode(t, err, postern.CodeConflict) // not stuck yet
			run(t, w, 24*time.Hour)
			_, err = w.Engine.ResolveRefund(ctx, li, p.MerchantID, r.ID, engine.StuckInput{Way: "gone", Evidence: "x"})
			wantCode(t, err, postern.CodeInvalid)
			stuck := map[string]int64{"receivable:": 6000, "sales": -6800, "refunds_in_transit": 800}
			for range 2 { // refused, it may be entered anew
				_, err = w.Engine.ResolveRefund(ctx, li, p.MerchantID, r.ID, c.in)
				must(t, err)
				_, err = w.Engine.ResolveRefund(ctx, wang, p.MerchantID, r.ID, c.in)
				wantCode(t, err, postern.CodeConflict)
				wantBooks(t, w, stuck)
				r, err = w.Engine.RefuseRefund(ctx, wang, p.MerchantID, r.ID, "查不到", nil)
				must(t, err)
				if r.Status != postern.RefundStuck || r.Hand != (postern.Hand{}) {
					t.Errorf("refused, it is %+v", r)
				}
			}
			_, err = w.Engine.ResolveRefund(ctx, li, p.MerchantID, r.ID, c.in)
			must(t, err)
			_, err = w.Engine.AgreeRefund(ctx, li, p.MerchantID, r.ID, "看见了", nil)
			wantCode(t, err, postern.CodeForbidden)
			r, err = w.Engine.AgreeRefund(ctx, wang, p.MerchantID, r.ID, "看见了", nil)
			must(t, err)
			run(t, w, time.Hour)
			wantBooks(t, w, c.want)
			wantTypes(t, w, p, "payment.paid", "refund.stuck", "refund.refunded")
			if got, _ := state(t, w, p).Applied(); got.RefundReserved != 0 || got.Refunded != 800 {
				t.Errorf("the receipt is %+v", got)
			}
			if r.Outside() { // what persons say that the provider did, its simulator does not know
				agree(t, w)
			}
		})
	}
}

// TestASurplusGivenBackOutside: money that nobody asked for goes back whole by the merchant's own bank; refused, it is held again.
func TestASurplusGivenBackOutside(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	must(t, w.Break(ctx, wechat, "pay", "wrong_amount", 1))
	p := pay(t, w, "O4", 6800)
	approve(t, w, begin(t, w, p, wechat, "native"))
	run(t, w, time.Minute)
	u := state(t, w, p).Surpluses[0]
	in := engine.OutsideInput{Reference: "S1", SurplusID: u.ID, Evidence: "现金，收条 3"}
	r, err := w.Engine.RefundOutside(ctx, li, p.MerchantID, p.ID, in)
	must(t, err)
	in.Reference = "S2"
	_, err = w.Engine.RefundOutside(ctx, wang, p.MerchantID, p.ID, in)
	wantCode(t, err, postern.CodeSurplusSettled)
	_, err = w.Engine.RefuseRefund(ctx, wang, p.MerchantID, r.ID, "没有收条", nil)
	must(t, err)
	if got := state(t, w, p).Surpluses[0]; got.Status != postern.SurplusHeld {
		t.Errorf("refused, the surplus is %s", got.Status)
	}
	r, err = w.Engine.RefundOutside(ctx, li, p.MerchantID, p.ID, in)
	must(t, err)
	run(t, w, time.Minute)
	_, err = w.Engine.AgreeRefund(ctx, wang, p.MerchantID, r.ID, "收条在柜子里", nil)
	must(t, err)
	run(t, w, time.Minute)
	if got := state(t, w, p).Surpluses[0]; got.Status != postern.SurplusRefunded || got.RefundID != r.ID {
		t.Errorf("the surplus is %+v", got)
	}
	wantBooks(t, w, map[string]int64{"receivable:": u.Amount, "bank:" + postern.DefaultBank: -u.Amount})
	wantTypes(t, w, p, "surplus.received", "refund.failed", "surplus.refunded")
	agree(t, w)
}

// TestOutsideAndOrdinaryRefundsRace: whoever comes first, all of them together never exceed what was received, and many who agree at once agree once.
func TestOutsideAndOrdinaryRefundsRace(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	p, _ := paid(t, w, wechat, "O5", 1000)
	var done atomic.Int64
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			var err error
			if reference := fmt.Sprint(i); i%2 == 0 {
				_, err = w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: reference, Amount: 100})
			} else {
				_, err = w.Engine.RefundOutside(ctx, li, p.MerchantID, p.ID, engine.OutsideInput{Reference: reference, Amount: 100, Evidence: "x"})
			}
			if err == nil {
				done.Add(1)
			} else if postern.CodeOf(err) != postern.CodeRefundExceeds {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if done.Load() != 10 {
		t.Errorf("%d refunds of 100 out of 1000", done.Load())
	}
	outside := int64(0)
	for _, r := range refunds(t, w, p) {
		if !r.Outside() {
			continue
		}
		outside += r.Amount
		var agreed atomic.Int64
		for i := range 4 {
			group.Go(func() {
				if _, err := w.Engine.AgreeRefund(ctx, engine.Actor{StaffID: fmt.Sprint("stf_", i), Who: "王"}, p.MerchantID, r.ID, "seen", nil); err == nil {
					agreed.Add(1)
				} else if postern.CodeOf(err) != postern.CodeConflict {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if agreed.Load() != 1 {
			t.Errorf("%d persons agreed to one refund", agreed.Load())
		}
	}
	run(t, w, time.Hour)
	got := books(t, w)
	if got["refunds"] != 1000 || got["receivable:"] != outside || got["bank:"+postern.DefaultBank] != -outside {
		t.Errorf("the books say %v, outside %d", got, outside)
	}
	agree(t, w)
}
