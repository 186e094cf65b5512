package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"testing"
	"time"

	"postern"
	"postern/api"
	"postern/engine"
	"postern/sim"
	"postern/store"
)

// fleetMove begins a move of the platform's over the world's merchant and returns its id.
func (b *bench) fleetMove() string {
	b.Helper()
	ctx := context.Background()
	c, err := b.w.Engine.AnnounceClosure(ctx, postern.Closure{
		OwnerID: postern.Platform, Title: "x", By: postern.ByProvider, Scope: postern.Scope{Providers: []string{"alipay"}},
		Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: b.w.Clock.Now().AddDate(1, 0, 0)}},
	})
	if err != nil {
		b.Fatal(err)
	}
	m, _, err := b.w.Engine.StartFleetMove(ctx, engine.NewFleetMove{OwnerID: postern.Platform, ClosureOwnerID: postern.Platform, ClosureID: c.ID, To: []string{"wechatpay"}, Who: "test"})
	if err != nil {
		b.Fatal(err)
	}
	b.run(time.Minute)
	return m.ID
}

// fleet adds a partner with n merchants, each with a channel at both wallets, and returns the partner's key and the merchants.
func (b *bench) fleet(n int) (ptn postern.Partner, key string, merchants []string) {
	b.Helper()
	ctx, now := context.Background(), b.w.Clock.Now()
	ptn = postern.Partner{ID: postern.NewID(postern.PrefixPartner, now, b.w.Rand), Name: "ISV", CreatedAt: now}
	if err := b.w.Store.SavePartner(ctx, ptn); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		m := postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, now.Add(time.Duration(i)*time.Millisecond), b.w.Rand), PartnerID: ptn.ID, Name: fmt.Sprint("shop ", i), Locale: "en", Zone: "UTC", CreatedAt: now}
		if err := b.w.Store.SaveMerchant(ctx, m); err != nil {
			b.Fatal(err)
		}
		for k, provider := range []string{"alipay", "wechatpay"} {
			model := b.w.Channels[provider]
			c := postern.Channel{
				MerchantID: m.ID, ID: postern.NewID(postern.PrefixChannel, now, b.w.Rand), CredentialSetID: model.CredentialSetID, CredentialOwnerID: model.CredentialOwnerID, Provider: provider,
				Products: model.Products, Rank: int64(k + i), Weight: 1, Sandbox: true, CreatedAt: now, UpdatedAt: now,
			}
			if err := b.w.Store.SaveChannel(ctx, c); err != nil {
				b.Fatal(err)
			}
		}
		merchants = append(merchants, m.ID)
	}
	key, _, err := b.w.API.MakeKey(ctx, ptn.ID, "partner", false)
	if err != nil {
		b.Fatal(err)
	}
	return ptn, key, merchants
}

// ranks are the ranks of all channels by merchant and provider; a retired channel is -1.
func (b *bench) ranks(merchants []string) map[string]int64 {
	b.Helper()
	out := map[string]int64{}
	for _, id := range merchants {
		list, err := b.w.Store.Channels(context.Background(), id)
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range list {
			out[id+" "+c.Provider+" "+c.SubMerchant] = c.Rank
			if !c.RetiredAt.IsZero() {
				out[id+" "+c.Provider+" "+c.SubMerchant] = -1
			}
		}
	}
	return out
}

func (b *bench) changed(before, after map[string]int64) (n int) {
	for key, rank := range after {
		if was, known := before[key]; !known || was != rank {
			n++
		}
	}
	return n
}

func (b *bench) closureOf(provider string) string {
	b.Helper()
	return b.post("/v1/closures", object{"title": "the gate closes", "by": "provider", "scope": object{"providers": []string{provider}},
		"withdraws": []object{{"act": "pay", "from": b.w.Clock.Now().AddDate(0, 1, 0).Format(time.RFC3339)}}}).want(http.StatusCreated).text("id")
}

func TestAFleetMovesStepByStepAndBack(t *testing.T) {
	b := newBench(t)
	_, key, merchants := b.fleet(40)
	b.key = key
	closure := b.closureOf("alipay")
	before := b.ranks(merchants)
	body := object{"closure_id": closure, "to": []string{"wechatpay"}, "share": 500, "why": "the gate closes", "preview": true}
	preview := b.post("/v1/fleet_moves", body).want(http.StatusCreated)
	if r := preview.object("plan").list("routes"); len(r) != 1 || r[0].text("from") != "alipay" || r[0].text("to") != "wechatpay" || r[0].int("merchants") != 40 || preview.int("merchants") != 40 {
		t.Errorf("preview %v", preview)
	}
	if b.changed(before, b.ranks(merchants)) != 0 || len(b.get("/v1/fleet_moves").want(http.StatusOK).list("data")) != 0 {
		t.Fatal("a preview changed something")
	}
	body["preview"] = false
	move := "/v1/fleet_moves/" + b.post("/v1/fleet_moves", body).want(http.StatusCreated).text("id")
	status := func(want string, moved int64) object {
		t.Helper()
		b.run(30 * time.Second)
		got := b.get(move).want(http.StatusOK)
		if got.text("status") != want || got.object("numbers").int("moved") != moved {
			t.Fatalf("the move is %v, want %s with %d", got, want, moved)
		}
		return got
	}
	status("holding", 2) // 5 % of 40
	if n := b.changed(before, b.ranks(merchants)); n < 2 || n > 4 {
		t.Errorf("%d channels changed", n)
	}
	b.post(move+"/widen", object{"share": 100}).problem(http.StatusUnprocessableEntity, "invalid_request", "share")
	b.post(move+"/widen", object{}).want(http.StatusOK)
	status("holding", 4)
	b.post(move+"/widen", object{"share": 10000}).want(http.StatusOK)
	done := status("done", 40)
	if h := done.list("history"); len(h) != 3 || h[0].text("what") != "began" || h[0].text("why") != "the gate closes" || h[0].text("who") == "" {
		t.Errorf("history %v", h)
	}
	for key, rank := range b.ranks(merchants) {
		if want := map[bool]int64{true: postern.MoveBack, false: postern.MoveFront}[key[len(key)-7:] == "alipay "]; rank != want {
			t.Errorf("%s has rank %d, want %d", key, rank, want)
		}
	}
	page := b.get(move + "/merchants?limit=30").want(http.StatusOK)
	rest := b.get(move + "/merchants?limit=30&after=" + page.text("next_cursor")).want(http.StatusOK)
	if n := len(page.list("data")) + len(rest.list("data")); n != 40 || rest["next_cursor"] != nil || page.list("data")[29].int("place") != 29 || page.list("data")[0].text("state") != "moved" {
		t.Errorf("%d members: %v", n, page)
	}
	b.post(move+"/undo", object{"why": "it opened again"}).want(http.StatusOK)
	status("undone", 0)
	if after := b.ranks(merchants); !reflect.DeepEqual(before, after) {
		t.Errorf("not what they had:\n%v\n%v", before, after)
	}
	b.post(move+"/undo", object{}).problem(http.StatusConflict, "conflict", "")
	events := b.get("/v1/events?limit=100", "Postern-Merchant", merchants[0]).want(http.StatusOK).list("data")
	if last := events[len(events)-1]; last.text("type") != "channels.moved" || last.object("data")["undone"] != true {
		t.Errorf("the merchant was told %v", last)
	}
}

func TestAFleetMovesToASharedAccount(t *testing.T) {
	b := newBench(t)
	ptn, key, merchants := b.fleet(3)
	ctx := context.Background()
	set := postern.CredentialSet{OwnerID: ptn.ID, ID: postern.NewID(postern.PrefixCredentialSet, b.w.Clock.Now(), b.w.Rand), Provider: "wechatpay", Settings: map[string]string{}, Sandbox: true, CreatedAt: b.w.Clock.Now()}
	if err := b.w.Store.SaveCredentialSet(ctx, set); err != nil {
		t.Fatal(err)
	}
	b.key = key
	before := b.ranks(merchants)
	body := object{"closure_id": b.closureOf("alipay"), "share": 10000, "shared": object{"credential_set_id": set.ID, "products": []string{"native"}, "sub_merchants": object{merchants[0]: "1900000001", merchants[1]: "1900000002"}}}
	made := b.post("/v1/fleet_moves", body).want(http.StatusCreated)
	if reasons := made.object("plan").list("reasons"); made.int("merchants") != 2 || len(reasons) != 1 || reasons[0].text("merchant_id") != merchants[2] {
		t.Errorf("made %v", made)
	}
	b.run(30 * time.Second)
	after := b.ranks(merchants)
	if after[merchants[0]+" wechatpay 1900000001"] != 0 || len(after) != len(before)+2 || after[merchants[0]+" alipay "] != postern.MoveBack {
		t.Errorf("ranks %v", after)
	}
	b.post("/v1/fleet_moves/"+made.text("id")+"/undo", object{}).want(http.StatusOK)
	b.run(30 * time.Second)
	after = b.ranks(merchants)
	if after[merchants[0]+" wechatpay 1900000001"] != -1 || after[merchants[0]+" alipay "] != before[merchants[0]+" alipay "] {
		t.Errorf("after the undo %v", after)
	}
}

func TestAFleetIsThePartnersOnly(t *testing.T) {
	b := newBench(t)
	closure := b.closureOf("alipay")
	b.post("/v1/fleet_moves", object{"closure_id": closure, "to": []string{"wechatpay"}}).problem(http.StatusForbidden, "forbidden", "")
	b.get("/v1/fleet_moves").problem(http.StatusForbidden, "forbidden", "")
	_, key, merchants := b.fleet(2)
	b.key = key
	b.post("/v1/fleet_moves", object{"closure_id": closure, "to": []string{"wechatpay"}}).problem(http.StatusNotFound, "not_found", "")
	own := b.closureOf("alipay")
	b.post("/v1/fleet_moves", object{"closure_id": own}).problem(http.StatusUnprocessableEntity, "invalid_request", "to")
	b.post("/v1/fleet_moves", object{"closure_id": own, "to": []string{"tenpay"}}).problem(http.StatusConflict, "conflict", "")
	if m := b.post("/v1/fleet_moves", object{"closure_id": own, "to": []string{"wechatpay"}, "preview": true}).want(http.StatusCreated); m.int("merchants") != int64(len(merchants)) {
		t.Errorf("the move reaches beyond the partner: %v", m)
	}
	live, _, err := b.w.API.MakeKey(context.Background(), b.keyOwner(key), "live", true)
	if err != nil {
		t.Fatal(err)
	}
	b.run(time.Minute)
	move := b.post("/v1/fleet_moves", object{"closure_id": own, "to": []string{"wechatpay"}}).want(http.StatusCreated).text("id")
	b.key = live
	b.post("/v1/fleet_moves/"+move+"/undo", object{}).problem(http.StatusNotFound, "not_found", "")
	if m := b.post("/v1/fleet_moves", object{"closure_id": own, "to": []string{"wechatpay"}, "preview": true}).want(http.StatusCreated); m.int("merchants") != 0 {
		t.Errorf("a live key moves test merchants: %v", m)
	}
}

func (b *bench) keyOwner(key string) string {
	b.Helper()
	row, err := b.w.Store.KeyByHash(context.Background(), api.HashKey(key))
	if err != nil {
		b.Fatal(err)
	}
	return row.OwnerID
}

// TestAFleetMoveSurvivesACrashAnywhere crashes the switch before every statement, around every commit and at every named point of a move and of its undo: no
// merchant is moved twice, and each gets back exactly what it had.
func TestAFleetMoveSurvivesACrashAnywhere(t *testing.T) {
	points := &sim.Points{}
	b := (&bench{T: t, w: newWorldOver(t, store.Options{Fault: points.Hit}, points.Hit)}).signedIn()
	_, key, merchants := b.fleet(3)
	b.key = key
	before := b.ranks(merchants)
	closure := b.closureOf("alipay")
	b.run(time.Minute)
	sequence := "0"
	for _, undoing := range []bool{false, true} {
		for k, all := 0, 0; k <= all; k++ { // The run with k = 0 only counts the points.
			move := "/v1/fleet_moves/" + b.post("/v1/fleet_moves", object{"closure_id": closure, "to": []string{"wechatpay"}, "share": 10000}).want(http.StatusCreated).text("id")
			phase := func(now bool, status, state string) {
				t.Helper()
				if now {
					points.Arm(k, false)
				}
				b.crashing(10 * time.Second)
				if passed, _ := points.Passed(); now && k == 0 {
					all = passed
				}
				points.Disarm()
				b.run(2 * time.Minute)
				if got := b.get(move).want(http.StatusOK); got.text("status") != status || got.object("numbers").int(state) != int64(len(merchants)) {
					t.Fatalf("point %d: %v", k, got)
				}
			}
			phase(!undoing, "done", "moved")
			b.post(move+"/undo", object{}).want(http.StatusOK)
			phase(undoing, "undone", "undone")
			if after := b.ranks(merchants); !reflect.DeepEqual(before, after) {
				t.Fatalf("point %d: not what they had:\n%v\n%v", k, before, after)
			}
			events := b.get("/v1/events?limit=100&after="+sequence, "Postern-Merchant", merchants[0]).want(http.StatusOK).list("data")
			if len(events) > 0 {
				sequence = strconv.FormatInt(events[len(events)-1].int("sequence"), 10)
			}
			if k > 0 && len(events) != 2 {
				t.Fatalf("point %d: the merchant was told %d times", k, len(events))
			}
			if k == 0 && all < 20 {
				t.Fatalf("only %d points were passed", all)
			}
		}
	}
}

// crashing lets time pass and restarts the switch when it crashes.
func (b *bench) crashing(span time.Duration) {
	b.Helper()
	err := b.w.Run(context.Background(), span)
	if !errors.Is(err, sim.ErrCrashed) {
		if err != nil {
			b.Fatal(err)
		}
		return
	}
	if b.w, err = b.w.Restart(context.Background()); err != nil {
		b.Fatal(err)
	}
}

func TestAFleetMoveStopsWhenItsClosureIsWithdrawn(t *testing.T) {
	b := newBench(t)
	_, key, _ := b.fleet(4)
	b.key = key
	closure := b.closureOf("alipay")
	move := "/v1/fleet_moves/" + b.post("/v1/fleet_moves", object{"closure_id": closure, "to": []string{"wechatpay"}}).want(http.StatusCreated).text("id")
	b.run(5 * time.Minute)
	if got := b.get(move).want(http.StatusOK); got.text("status") != "holding" {
		t.Fatalf("move %v", got)
	}
	b.post("/v1/closures/"+closure+"/withdraw", object{}).want(http.StatusOK)
	b.run(2 * time.Minute)
	if got := b.get(move).want(http.StatusOK); got.text("status") != "stopped" || got.list("history")[1].text("why") != "the closure was withdrawn" {
		t.Errorf("move %v", got)
	}
}

// attempts commits attempts of a merchant that a buyer saw and that ended, so many of them paid.
func (b *bench) attempts(merchantID string, tried, paid int) {
	b.Helper()
	now := b.w.Clock.Now()
	id := func(prefix string) string { return postern.NewID(prefix, now, b.w.Rand) }
	for i := range tried {
		p := postern.Payment{
			MerchantID: merchantID, ID: id(postern.PrefixPayment), Amount: 100, Currency: "CNY", Description: "d", LatePayment: postern.LateRefund, Status: postern.PaymentExpired,
			LinkToken: id("tok"), ExpiresAt: now, CreatedAt: now, UpdatedAt: now,
		}
		p.Reference = p.ID
		a := postern.Attempt{
			MerchantID: merchantID, ID: id(postern.PrefixAttempt), PaymentID: p.ID, ChannelID: "chn_1", Provider: "wechatpay", Product: "native", Number: id("no"), Amount: 100, Currency: "CNY",
			Status: postern.AttemptFailed, ExposedAt: now, ExpiresAt: now, Plan: "{}", CreatedAt: now, UpdatedAt: now,
		}
		if i < paid {
			a.Status = postern.AttemptPaid
		}
		if err := b.w.Store.Commit(context.Background(), store.Change{MerchantID: merchantID, At: now, Payment: &p, Attempts: []postern.Attempt{a}}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAFleetMoveStopsOnWorseNumbers(t *testing.T) {
	b := newBench(t)
	_, key, merchants := b.fleet(4)
	b.key = key
	body := object{"closure_id": b.closureOf("alipay"), "to": []string{"wechatpay"}, "share": 100}
	for name, c := range map[string]struct {
		paid   int
		status string
	}{"healthy": {36, "holding"}, "worse": {12, "stopped"}} {
		move := "/v1/fleet_moves/" + b.post("/v1/fleet_moves", body).want(http.StatusCreated).text("id")
		b.run(10 * time.Second)
		moved := ""
		for _, id := range merchants {
			m, err := b.w.Store.Member(context.Background(), id, move[len("/v1/fleet_moves/"):])
			if err != nil {
				t.Fatal(err)
			}
			if m.State == postern.MemberMoved {
				moved = id
			}
		}
		for _, id := range merchants {
			if id != moved {
				b.attempts(id, 40, 36)
			}
		}
		b.attempts(moved, 40, c.paid)
		b.run(2 * time.Minute)
		got := b.get(move).want(http.StatusOK)
		if n := got.object("numbers"); got.text("status") != c.status || n.object("success").int("tried") != 40 || n.object("success").int("paid") != int64(c.paid) || n.object("against").int("tried") != 120 {
			t.Errorf("%s: %v", name, got)
		}
		history := got.list("history")
		if last := history[len(history)-1]; c.status == "stopped" && (last.text("who") != "postern" || last.text("why") != "paid of 10,000 attempts: moved 3000, others 9000") {
			t.Errorf("history %v", history)
		}
		b.post(move+"/widen", object{"why": "looked at it"}).want(http.StatusOK) // A person may go on.
		b.post(move+"/undo", object{}).want(http.StatusOK)
		b.run(2 * time.Minute)
		b.w.Clock.Advance(time.Hour)
	}
}
