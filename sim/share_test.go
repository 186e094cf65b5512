package sim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/ledger"
	"postern/provider"
	"postern/sim"
	"postern/store"
)

// shareBills are the kinds of bills that tell of shares.
var shareBills = map[string]string{wechat: "fundflowbill", alipay: "signcustomer"}

// sharers runs a subtest for each of the two wallets.
func sharers(t *testing.T, test func(t *testing.T, wallet string)) {
	for _, wallet := range []string{wechat, alipay} {
		t.Run(wallet, func(t *testing.T) { test(t, wallet) })
	}
}

// shareable is a paid payment of 100.00 whose money may be shared.
func shareable(t *testing.T, w *sim.World, wallet, reference string) (postern.Payment, postern.Attempt) {
	t.Helper()
	s, err := w.Engine.Create(context.Background(), w.Merchant.ID, engine.CreateInput{Reference: reference, Amount: 10000, Currency: "CNY", Description: "烧饼 " + reference, ProfitSharing: true})
	must(t, err)
	a := begin(t, w, s.Payment, wallet, "native")
	approve(t, w, a)
	run(t, w, time.Minute)
	wantPayment(t, w, s.Payment, postern.PaymentPaid)
	return s.Payment, a
}

// baker is who gets parts at a wallet.
func baker(w *sim.World, wallet string, amount int64) engine.ShareInputPart {
	r := w.Sandboxes[wallet].Receiver
	return engine.ShareInputPart{Kind: r.Kind, Account: r.Account, Name: "烧饼师傅合作社", Amount: amount, Text: "分给师傅"}
}

func share(t *testing.T, w *sim.World, p postern.Payment, reference string, last bool, parts ...engine.ShareInputPart) postern.Share {
	t.Helper()
	s, err := w.Engine.Share(context.Background(), p.MerchantID, p.ID, engine.ShareInput{Reference: reference, Parts: parts, Last: last})
	must(t, err)
	return s
}

func wantShare(t *testing.T, w *sim.World, s postern.Share, want postern.ShareStatus, given int64) postern.Share {
	t.Helper()
	now, err := w.Store.Share(context.Background(), s.MerchantID, s.ID)
	must(t, err)
	if now.Status != want || now.Given != given || now.Number != s.Number {
		t.Errorf("the share is %s with %d given (%s %s), want %s with %d", now.Status, now.Given, now.Code, now.Message, want, given)
	}
	return now
}

// wantShared checks what the payment's receipt says of shares and refunds.
func wantShared(t *testing.T, w *sim.World, p postern.Payment, shared int64) {
	t.Helper()
	if r, _ := state(t, w, p).Applied(); r.Shared != shared {
		t.Errorf("%d of the receipt are shared, want %d", r.Shared, shared)
	}
}

// sharedInBooks is what the books say that receivers got of a payment, by account.
func sharedInBooks(t *testing.T, w *sim.World, p postern.Payment) map[string]int64 {
	t.Helper()
	list, err := w.Store.Transactions(context.Background(), p.MerchantID, p.ID)
	must(t, err)
	out := map[string]int64{}
	for _, tx := range list {
		for _, posting := range tx.Postings {
			if strings.HasPrefix(posting.Account, "shared:") {
				out[posting.Account] += posting.Amount
			}
		}
	}
	return out
}

// shareBill fetches the bill that tells of shares and books it.
func shareBill(t *testing.T, w *sim.World, wallet string, day time.Time) engine.Evidence {
	t.Helper()
	return bill(t, w, wallet, shareBills[wallet], day)
}

// TestAShareWalksThrough: two parts and the rest. Nothing is booked before the bill, and the bill books each part once, however often it is read.
//
// Red without: the row's key in share_line (store/share_receiver.go, engine/share_evidence.go), or with a booking in ApplyShare.
func TestAShareWalksThrough(t *testing.T) {
	sharers(t, func(t *testing.T, wallet string) {
		w := newWorld(t, 1)
		day := w.Clock.Now()
		p, _ := shareable(t, w, wallet, "S1")
		first, second := share(t, w, p, "one", false, baker(w, wallet, 1000)), share(t, w, p, "two", false, baker(w, wallet, 700))
		wantShared(t, w, p, 1700)
		run(t, w, 5*time.Minute)
		wantShare(t, w, first, postern.ShareDone, 1000)
		wantShare(t, w, second, postern.ShareDone, 700)
		rest := share(t, w, p, "rest", true)
		run(t, w, 5*time.Minute)
		wantShare(t, w, rest, postern.ShareDone, 0)
		if _, err := w.Engine.Share(context.Background(), p.MerchantID, p.ID, engine.ShareInput{Reference: "late", Parts: []engine.ShareInputPart{baker(w, wallet, 1)}}); postern.CodeOf(err) != postern.CodeNothingToShare {
			t.Errorf("shared after the last: %v", err)
		}
		wantTypes(t, w, p, "payment.paid", "share.done", "share.done", "share.done")
		if got := sharedInBooks(t, w, p); len(got) != 0 {
			t.Errorf("booked before the bill: %v", got)
		}
		run(t, w, 36*time.Hour)
		for i, want := range []engine.Evidence{{Shares: 2}, {}} {
			if seen := shareBill(t, w, wallet, day); seen.Shares != want.Shares {
				t.Errorf("reading %d of the bill booked %+v", i+1, seen)
			}
		}
		account := ledger.Shared(first.Parts[0].ReceiverID)
		if got := sharedInBooks(t, w, p); len(got) != 1 || got[account] != 1700 {
			t.Errorf("the books say %v, want 1700 in %s", got, account)
		}
		agree(t, w)
	})
}

// TestTwoReceiversOfOneShare: each gets its part, the same amount, and the books tell them apart, also where the bill names none of them.
func TestTwoReceiversOfOneShare(t *testing.T) {
	sharers(t, func(t *testing.T, wallet string) {
		w := newWorld(t, 1)
		day := w.Clock.Now()
		p, _ := shareable(t, w, wallet, "S9")
		miller := baker(w, wallet, 400)
		miller.Account = map[string]string{wechat: "1900000120", alipay: "2088000000000078"}[wallet]
		s := share(t, w, p, "two", true, baker(w, wallet, 400), miller)
		run(t, w, 36*time.Hour)
		wantShare(t, w, s, postern.ShareDone, 800)
		if seen := shareBill(t, w, wallet, day); seen.Shares != 2 {
			t.Errorf("the bill booked %+v", seen)
		}
		got := sharedInBooks(t, w, p)
		if len(got) != 2 || got[ledger.Shared(s.Parts[0].ReceiverID)] != 400 || got[ledger.Shared(s.Parts[1].ReceiverID)] != 400 {
			t.Errorf("the books say %v", got)
		}
		agree(t, w)
	})
}

// shareOps are the simulators' names for the calls of a share.
var shareOps = map[string][]string{wechat: {"share"}, alipay: {"share_receiver", "share", "share_query"}}

// TestALostShareIsOneShare: the answers to a share are lost, to its query, or to the adding of its receiver. It is asked about, sent again with its one number, and
// shared once.
//
// Red without: the share's one number (engine/send_share.go), which a second one would share under.
func TestALostShareIsOneShare(t *testing.T) {
	t.Parallel()
	eachWallet(t, lost, func(t *testing.T, wallet, fault string) {
		for times := 1; times <= 3; times++ {
			for _, known := range []bool{false, true} {
				ctx, w := context.Background(), newWorld(t, 1)
				day := w.Clock.Now()
				p, _ := shareable(t, w, wallet, "S2")
				want := int64(1000)
				if known { // the receiver was added for another share
					share(t, w, p, "before", false, baker(w, wallet, 50))
					run(t, w, 5*time.Minute)
					want += 50
				}
				for _, op := range shareOps[wallet] {
					must(t, w.Break(ctx, wallet, op, fault, times))
				}
				s := share(t, w, p, "one", false, baker(w, wallet, 1000))
				run(t, w, 2*time.Hour)
				wantShare(t, w, s, postern.ShareDone, 1000)
				run(t, w, 36*time.Hour)
				shareBill(t, w, wallet, day)
				if got := sharedInBooks(t, w, p)[ledger.Shared(s.Parts[0].ReceiverID)]; got != want {
					t.Errorf("%d times, receiver known %v: the books say %d, want %d", times, known, got, want)
				}
				wantShared(t, w, p, want)
				agree(t, w)
				must(t, w.Store.Close())
			}
		}
	})
}

// TestARefusedShareLetsGo: more than the provider shares of an order is refused, and what was reserved may be shared again.
//
// Red without: the Unshare of a failed share (apply_share.go).
func TestARefusedShareLetsGo(t *testing.T) {
	sharers(t, func(t *testing.T, wallet string) {
		w := newWorld(t, 1)
		p, _ := shareable(t, w, wallet, "S3")
		s := share(t, w, p, "all", false, baker(w, wallet, 10000))
		wantShared(t, w, p, 10000)
		run(t, w, 5*time.Minute)
		if now := wantShare(t, w, s, postern.ShareFailed, 0); now.Code == "" {
			t.Error("the provider's word is missing")
		}
		wantShared(t, w, p, 0)
		again := share(t, w, p, "less", false, baker(w, wallet, 3000))
		run(t, w, 5*time.Minute)
		wantShare(t, w, again, postern.ShareDone, 3000)
		wantTypes(t, w, p, "payment.paid", "share.failed", "share.done")
		agree(t, w)
	})
}

// TestSharesNeverExceedWhatIsLeft: shares and refunds together are bounded when a share is ordered; the buyer is given back the whole all the same.
//
// Red without: the condition of shareReceipt (store/share.go).
func TestSharesNeverExceedWhatIsLeft(t *testing.T) {
	sharers(t, func(t *testing.T, wallet string) {
		ctx, w := context.Background(), newWorld(t, 1)
		p, _ := shareable(t, w, wallet, "S4")
		_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R", Amount: 9000})
		must(t, err)
		_, err = w.Engine.Share(ctx, p.MerchantID, p.ID, engine.ShareInput{Reference: "too much", Parts: []engine.ShareInputPart{baker(w, wallet, 1001)}})
		wantCode(t, err, postern.CodeShareExceeds)
		share(t, w, p, "one", false, baker(w, wallet, 600))
		_, err = w.Engine.Share(ctx, p.MerchantID, p.ID, engine.ShareInput{Reference: "two", Parts: []engine.ShareInputPart{baker(w, wallet, 401)}})
		wantCode(t, err, postern.CodeShareExceeds)
		run(t, w, 5*time.Minute)
		shareable(t, w, wallet, "money of another order") // WeChat refunds out of the merchant's balance
		_, err = w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "the rest", Amount: 1000})
		must(t, err)
		run(t, w, time.Hour)
		if r, _ := state(t, w, p).Applied(); r.Refunded != 10000 || r.Shared != 600 {
			t.Errorf("refunded %d, shared %d", r.Refunded, r.Shared)
		}
		agree(t, w)
	})
}

// TestShareProblems: who may not be shared is told which and why.
func TestShareProblems(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	plain, _ := paid(t, w, alipay, "plain", 6800)
	p, _ := shareable(t, w, alipay, "S5")
	good := baker(w, alipay, 100)
	try := func(payment postern.Payment, parts ...engine.ShareInputPart) error {
		_, err := w.Engine.Share(ctx, payment.MerchantID, payment.ID, engine.ShareInput{Reference: "x", Parts: parts})
		return err
	}
	wantCode(t, try(plain, good), postern.CodeNotForSharing)
	wantCode(t, try(p), postern.CodeInvalid)
	wantCode(t, try(p, good, good), postern.CodeInvalid)
	open, err := w.Engine.Create(ctx, w.Merchant.ID, engine.CreateInput{Reference: "open", Amount: 100, Currency: "CNY", Description: "x", ProfitSharing: true})
	must(t, err)
	wantCode(t, try(open.Payment, good), postern.CodeNothingToShare)
	must(t, try(p, good))
	wantCode(t, try(p, good), postern.CodeReferenceTaken)
}

// TestReceiversStayApart: neither the money row, nor the event, nor what is kept of the calls says who the receiver is by name.
//
// Red without: masked (engine/send_share.go).
func TestReceiversStayApart(t *testing.T) {
	sharers(t, func(t *testing.T, wallet string) {
		ctx, w := context.Background(), newWorld(t, 1)
		p, a := shareable(t, w, wallet, "S6")
		part := baker(w, wallet, 100)
		s := share(t, w, p, "one", false, part)
		run(t, w, 5*time.Minute)
		now := wantShare(t, w, s, postern.ShareDone, 100)
		calls, err := w.Store.Exchanges(ctx, a.MerchantID, a.ID)
		must(t, err)
		shown, asked := fmt.Sprintf("%+v", now), 0
		for _, x := range calls {
			if strings.HasPrefix(x.Op, "share") {
				asked++
			}
			shown += x.Request + x.Response
		}
		for _, body := range w.Hook.Got() {
			shown += string(body.Data)
		}
		if asked < 2 || strings.Contains(shown, part.Name) || strings.Contains(shown, "%E7%83%A7%E9%A5%BC%E5%B8%88%E5%82%85") {
			t.Errorf("%d calls are kept, and the receiver's name among them", asked)
		}
		row, err := w.Store.ShareReceiver(ctx, s.MerchantID, s.Parts[0].ReceiverID)
		must(t, err)
		if row.Name != part.Name || row.AddedAt.IsZero() {
			t.Errorf("the receiver is %+v", row)
		}
		w.Clock.Advance(401 * 24 * time.Hour)
		_, err = w.Engine.Forget(ctx)
		must(t, err)
		_, err = w.Store.ShareReceiver(ctx, s.MerchantID, s.Parts[0].ReceiverID)
		wantCode(t, err, postern.CodeNotFound)
	})
}

// TestSharesByAPI: the merchant's own calls, with their idempotency.
func TestSharesByAPI(t *testing.T) {
	w := newWorld(t, 1)
	p, _ := shareable(t, w, wechat, "S7")
	part := baker(w, wechat, 500)
	body := map[string]any{"reference": "one", "parts": []any{map[string]any{"receiver": map[string]any{"kind": part.Kind, "account": part.Account, "name": part.Name}, "amount": part.Amount}}}
	var made engine.ShareView
	if status := call(t, w, http.MethodPost, "/v1/payments/"+p.ID+"/shares", body, &made); status != http.StatusCreated || made.Status != "reserved" || made.Amount != 500 || made.Parts[0].Text != "烧饼 S7" {
		t.Fatalf("HTTP %d %+v", status, made)
	}
	var problem struct{ Code, ObjectID string }
	if status := call(t, w, http.MethodPost, "/v1/payments/"+p.ID+"/shares", body, &problem); status != http.StatusConflict || problem.Code != "reference_taken" {
		t.Errorf("again: HTTP %d %+v", status, problem)
	}
	run(t, w, 5*time.Minute)
	var kept engine.ShareView
	if status := call(t, w, http.MethodPost, "/v1/payments/"+p.ID+"/shares/unfreeze", map[string]any{"reference": "rest"}, &kept); status != http.StatusCreated || !kept.Last {
		t.Errorf("unfreeze: HTTP %d %+v", status, kept)
	}
	run(t, w, 5*time.Minute)
	var list struct{ Data []engine.ShareView }
	if status := call(t, w, http.MethodGet, "/v1/shares?payment_id="+p.ID, nil, &list); status != http.StatusOK || len(list.Data) != 2 || list.Data[1].Status != "done" || list.Data[0].Status != "done" {
		t.Errorf("HTTP %d %+v", status, list)
	}
	var one engine.ShareView
	if status := call(t, w, http.MethodGet, "/v1/shares/"+made.ID, nil, &one); status != http.StatusOK || one.AmountGiven != 500 {
		t.Errorf("HTTP %d %+v", status, one)
	}
	var story struct {
		Story struct {
			Shares   []engine.ShareView
			Receipts []struct{ Shared int64 }
		}
	}
	if status := call(t, w, http.MethodGet, "/v1/payments/"+p.ID+"?expand=story", nil, &story); status != http.StatusOK || len(story.Story.Shares) != 2 || story.Story.Receipts[0].Shared != 500 {
		t.Errorf("HTTP %d %+v", status, story)
	}
}

// TestSharesCrash walks a share and its bill through and crashes at every point on the way. Afterwards there is one share, it is done, and the books have it once.
//
// Red without: the query before a share is sent again together with its one number (engine/send_share.go), or the row's key (engine/share_evidence.go).
func TestSharesCrash(t *testing.T) {
	for _, wallet := range []string{wechat, alipay} {
		for _, lose := range []bool{false, true} {
			t.Run(fmt.Sprint(wallet, " lose=", lose), func(t *testing.T) {
				t.Parallel()
				walk := func(k int) (total int, names []string) {
					points := &sim.Points{}
					s := opened(t, "sqlite::memory:", store.Options{Fault: points.Hit})
					f := &flow{w: build(t, sim.Options{Store: s, Seed: 7, Fault: points.Hit}), points: points, code: wallet}
					day := f.w.Clock.Now()
					f.p, _ = shareable(t, f.w, wallet, "F4")
					points.Arm(k, lose)
					f.again(t, func(ctx context.Context) error {
						_, err := f.w.Engine.Share(ctx, f.p.MerchantID, f.p.ID, engine.ShareInput{Reference: "S", Parts: []engine.ShareInputPart{baker(f.w, wallet, 1000)}})
						if postern.CodeOf(err) == postern.CodeReferenceTaken && err != nil {
							return nil
						}
						return err
					})
					f.run(t, 36*time.Hour)
					f.again(t, func(ctx context.Context) error { return f.read(ctx, shareBills[wallet], day) })
					total, names = points.Passed()
					points.Disarm()
					f.run(t, time.Hour)
					list, err := f.w.Store.SharesOfPayment(context.Background(), f.p.MerchantID, f.p.ID)
					must(t, err)
					if len(list) != 1 || list[0].Status != postern.ShareDone {
						t.Errorf("the shares are %+v", list)
					}
					if got := sharedInBooks(t, f.w, f.p); len(got) != 1 || got[ledger.Shared(list[0].Parts[0].ReceiverID)] != 1000 {
						t.Errorf("the books say %v", got)
					}
					wantShared(t, f.w, f.p, 1000)
					checkEvents(t, f.w)
					agree(t, f.w)
					must(t, f.w.Store.Close())
					return total, names
				}
				total, names := walk(0)
				if total < 30 {
					t.Fatalf("only %d points were passed", total)
				}
				every := 1
				if testing.Short() {
					every = 7
				}
				for k := 1; k <= total; k += every {
					if walk(k); t.Failed() {
						t.Fatalf("crash at point %d of %d: %s", k, total, names[k-1])
					}
				}
				t.Logf("%d points", total)
			})
		}
	}
}

// read fetches a bill and books it.
func (f *flow) read(ctx context.Context, kind string, day time.Time) error {
	s, err := f.w.Engine.FetchStatement(ctx, engine.StatementQuery{MerchantID: f.w.Merchant.ID, ChannelID: f.w.Channels[f.code].ID, Kind: kind, Day: day.In(postern.Beijing)})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if s.State != provider.FetchDone {
		return fmt.Errorf("the bill is %s", s.State)
	}
	_, err = f.w.Engine.ApplyStatement(ctx, s)
	return err
}

// TestTheBillProvesAShare: no answer to a share ever arrives, and the bill of the next morning says that the receiver got it. The same when it had been taken for failed:
// then its part is taken from the receipt again, unless that was given away meanwhile; the books have it either way.
//
// Red without: settle (engine/share_evidence.go).
func TestTheBillProvesAShare(t *testing.T) {
	sharers(t, func(t *testing.T, wallet string) {
		for _, way := range []string{"unknown", "failed", "given away"} {
			ctx, w := context.Background(), newWorld(t, 1)
			day := w.Clock.Now()
			p, _ := shareable(t, w, wallet, "S8")
			share(t, w, p, "before", false, baker(w, wallet, 50))
			run(t, w, 5*time.Minute)
			for _, op := range shareOps[wallet] {
				must(t, w.Break(ctx, wallet, op, "drop_response", 100_000))
			}
			s := share(t, w, p, "one", false, baker(w, wallet, 1000))
			run(t, w, 5*time.Hour)
			now := wantShare(t, w, s, postern.ShareUnknown, 0)
			want, shared := postern.ShareDone, int64(1050)
			if way != "unknown" {
				now.Status = postern.ShareFailed
				must(t, w.Store.Commit(ctx, store.Change{MerchantID: p.MerchantID, Shares: []postern.Share{now}, Moves: []postern.ReceiptMove{{ReceiptID: s.ReceiptID, Unshare: 1000}}}))
			}
			if way == "given away" {
				must(t, w.Store.Commit(ctx, store.Change{MerchantID: p.MerchantID, Moves: []postern.ReceiptMove{{ReceiptID: s.ReceiptID, Reserve: 9000}}}))
				want, shared = postern.ShareFailed, 50
			}
			run(t, w, 36*time.Hour)
			for range 2 {
				shareBill(t, w, wallet, day)
			}
			wantShare(t, w, s, want, map[bool]int64{true: 1000}[want == postern.ShareDone])
			wantShared(t, w, p, shared)
			if got := sharedInBooks(t, w, p)[ledger.Shared(s.Parts[0].ReceiverID)]; got != 1050 {
				t.Errorf("%s: the books say %d", way, got)
			}
			agree(t, w)
			must(t, w.Store.Close())
		}
	})
}
