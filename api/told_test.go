package api_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
	"postern/sim"
	"postern/store"
)

// told returns the data of the merchant's events of a type, in order.
func (b *bench) told(kind string) []object {
	b.Helper()
	b.run(time.Minute)
	var out []object
	for _, row := range b.get("/v1/events?limit=100").want(http.StatusOK).list("data") {
		if row.text("type") == kind {
			out = append(out, row.object("data"))
		}
	}
	return out
}

func (b *bench) platform() string {
	b.Helper()
	key, _, err := b.w.API.MakeKey(context.Background(), postern.Platform, "operator", false)
	if err != nil {
		b.Fatal(err)
	}
	return key
}

func TestEachMerchantIsToldOfAClosureWithItsOwnNumbers(t *testing.T) {
	b := newBench(t)
	b.paid("A1", 6800)
	b.paid("A2", 200)
	at := b.w.Clock.Now().Add(48 * time.Hour)
	own := b.key
	b.key = b.platform()
	body := object{"title": "the gate closes", "by": "provider", "scope": object{"providers": []string{"alipay"}, "min_amount": 1000}, "withdraws": []object{{"act": "pay", "from": at.Format(time.RFC3339)}}}
	c := b.post("/v1/closures", body).want(http.StatusCreated)
	if effect := c.object("effect"); effect.int("merchants") != 1 || effect.list("through")[0].int("orders") != 1 || effect.list("through")[0].int("amount") != 6800 {
		t.Errorf("effect %v", effect)
	}
	b.post("/v1/closures", object{"title": "elsewhere", "by": "provider", "scope": object{"providers": []string{"tenpay"}}, "withdraws": body["withdraws"]}).want(http.StatusCreated)
	b.key = own
	list := b.told("closure.announced")
	if len(list) != 1 {
		t.Fatalf("told %v", list)
	}
	numbers := list[0].object("numbers")
	if numbers.int("share_bp") != 5000 || numbers.list("through")[0].int("amount") != 6800 || numbers.list("all")[0].int("orders") != 2 || numbers.int("days") != 30 {
		t.Errorf("numbers %v", numbers)
	}
	if others := list[0].list("others"); len(others) != 1 || others[0].text("provider") != "wechatpay" || len(list[0]["still_works"].([]any)) != 3 {
		t.Errorf("told %v", list[0])
	}
	for range 2 { // A job may run twice.
		if again, err := b.w.Engine.TellClosure(context.Background(), postern.Platform, c.text("id"), 1); again != 0 || err != nil {
			t.Errorf("again %v, %v", again, err)
		}
	}
	b.key = b.platform()
	b.post("/v1/closures/"+c.text("id")+"/move", object{"note": "later", "withdraws": []object{{"act": "pay", "from": at.Add(time.Hour).Format(time.RFC3339)}}}).want(http.StatusOK)
	b.post("/v1/closures/"+c.text("id")+"/scope", object{"note": "elsewhere only", "scope": object{"providers": []string{"alipay"}, "containers": []string{"wechat"}, "min_amount": 1000}}).want(http.StatusOK)
	b.run(time.Minute)
	b.post("/v1/closures/"+c.text("id")+"/scope", object{"note": "somebody else's", "scope": object{"providers": []string{"tenpay"}}}).want(http.StatusOK)
	b.run(time.Minute)
	after := b.post("/v1/closures/"+c.text("id")+"/withdraw", object{"note": "called off"}).want(http.StatusOK)
	history := after.list("history")
	if len(history) != 5 || history[2].text("what") != "narrowed" || history[0].object("scope") == nil || after["effect"] != nil {
		t.Errorf("history %v", history)
	}
	b.key = own
	moved, withdrawn := b.told("closure.moved"), b.told("closure.withdrawn")
	if len(moved) != 3 || len(withdrawn) != 0 || // It went away from this merchant before it was withdrawn.
		len(b.told("closure.announced")) != 1 {
		t.Fatalf("moved %v, withdrawn %v", moved, withdrawn)
	}
	if moved[1].object("closure").text("what") != "narrowed" || len(moved[1].object("numbers").list("through")) != 0 || len(moved[0].object("closure").list("was")) != 1 || moved[2].object("closure").text("what") != "widened" {
		t.Errorf("moved %v", moved)
	}
	b.key = b.platform()
	if got := b.get("/v1/closures/" + c.text("id")).want(http.StatusOK).object("told"); got.int("edit") != 5 || got.int("merchants") != 0 || got["done_at"] == nil {
		t.Errorf("progress %v", got)
	}
}

func TestALastWayToBePaidIsWarnedAbout(t *testing.T) {
	b := newBench(t)
	b.paid("A1", 6800)
	at := b.w.Clock.Now().Add(time.Hour).Format(time.RFC3339)
	body := object{"title": "all of it", "by": "provider", "withdraws": []object{{"act": "pay", "from": at}}, "preview": true}
	c := b.post("/v1/closures", body).want(http.StatusCreated)
	ways := c.object("effect").list("last_ways")
	if len(ways) != 1 || ways[0].text("container") != engine.ContainerAPI || ways[0].int("merchants") != 1 || ways[0].list("sums")[0].int("amount") != 6800 || c["warnings"] == nil {
		t.Errorf("effect %v", c)
	}
	if rows := b.get("/v1/closures").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("a preview stored %v", rows)
	}
	body["scope"] = object{"providers": []string{"alipay"}} // WeChat Pay is left.
	if c = b.post("/v1/closures", body).want(http.StatusCreated); c["warnings"] != nil {
		t.Errorf("warned without a reason: %v", c)
	}
}

func TestClosuresAreImportedAllOrNone(t *testing.T) {
	b := newBench(t)
	at := b.w.Clock.Now().Add(time.Hour).Format(time.RFC3339)
	one := func(title string, scope object) object {
		return object{"title": title, "by": "provider", "scope": scope, "withdraws": []object{{"act": "pay", "from": at}}}
	}
	bad := object{"closures": []object{one("a", object{"providers": []string{"tenpay"}}), one("b", object{"min_amount": 2, "max_amount": 1})}}
	b.post("/v1/closures/import", bad).problem(http.StatusUnprocessableEntity, "invalid_request", "closures[1].scope.max_amount")
	if rows := b.get("/v1/closures").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("%d closures were taken", len(rows))
	}
	good := object{"closures": []object{one("a", object{"providers": []string{"tenpay"}}), one("b", object{"providers": []string{"alipay"}})}}
	if rows := b.post("/v1/closures/import", good).want(http.StatusCreated).list("data"); len(rows) != 2 || rows[1].object("effect").int("merchants") != 1 {
		t.Errorf("imported %v", rows)
	}
	if rows := b.get("/v1/closures").want(http.StatusOK).list("data"); len(rows) != 2 || len(b.told("closure.announced")) != 1 {
		t.Errorf("%d closures", len(rows))
	}
}

// TestOneClosureComesAsAnotherGoes holds that a plan sees both: their number and versions are what they were.
func TestOneClosureComesAsAnotherGoes(t *testing.T) {
	b := newBench(t)
	announce := func(provider string) string {
		body := object{"title": "x", "by": "provider", "scope": object{"providers": []string{provider}}, "withdraws": []object{{"act": "pay", "from": b.w.Clock.Now().Format(time.RFC3339)}}}
		return b.post("/v1/closures", body).want(http.StatusCreated).text("id")
	}
	begin := func(reference, provider string, status int) {
		t.Helper()
		if a := b.post("/v1/payments/"+b.create(reference, 6800).text("id")+"/attempts", object{"provider": provider, "product": "native"}); a.Status != status {
			t.Errorf("%s: %d %s", reference, a.Status, a.Body)
		}
	}
	first := announce("alipay")
	begin("A1", "alipay", http.StatusUnprocessableEntity)
	b.post("/v1/closures/"+first+"/withdraw", object{}).want(http.StatusOK)
	announce("wechatpay")
	begin("A2", "alipay", http.StatusCreated)
	begin("A3", "wechatpay", http.StatusUnprocessableEntity)
}

// TestIdleChannelsAreClosedByTheirLastSale: the clock of a dormancy closure runs from the channel's last sale.
func TestIdleChannelsAreClosedByTheirLastSale(t *testing.T) {
	b := newBench(t)
	b.post("/v1/closures", object{"title": "dormant", "by": "provider", "scope": object{"idle_days": 180}, "withdraws": []object{{"act": "pay", "from": b.w.Clock.Now().Format(time.RFC3339)}}}).want(http.StatusCreated)
	b.w.Clock.Advance(100 * 24 * time.Hour)
	b.paid("A1", 100)
	b.w.Clock.Advance(100 * 24 * time.Hour) // 200 days after the channels were added, 100 after Alipay's last sale.
	for provider, status := range map[string]int{"alipay": http.StatusCreated, "wechatpay": http.StatusUnprocessableEntity} {
		if a := b.post("/v1/payments/"+b.create("B"+provider, 6800).text("id")+"/attempts", object{"provider": provider, "product": "native"}); a.Status != status {
			t.Errorf("%s: %d %s", provider, a.Status, a.Body)
		}
	}
}

// TestTellingSurvivesACrashAnywhere crashes the switch around every commit of the telling: in the end each of 130 merchants was told once, numbered from one.
func TestTellingSurvivesACrashAnywhere(t *testing.T) {
	points := &sim.Points{}
	commits := func(ctx context.Context, point string) error {
		if point == store.FaultStatement {
			return nil
		}
		return points.Hit(ctx, point)
	}
	b := (&bench{T: t, w: newWorldOver(t, store.Options{Fault: commits}, commits)}).signedIn()
	_, key, merchants := b.fleet(130)
	b.key = key
	for k, all := 0, 0; k <= all; k++ {
		c := b.closureOf("alipay")
		points.Arm(k, false)
		b.crashing(time.Second)
		if passed, _ := points.Passed(); k == 0 {
			if all = passed; all < 4 {
				t.Fatalf("only %d points", all)
			}
		}
		points.Disarm()
		b.run(2 * time.Minute)
		if told := b.get("/v1/closures/" + c).want(http.StatusOK).object("told"); told.int("merchants") != 130 || told["done_at"] == nil {
			t.Fatalf("point %d: %v", k, told)
		}
		for _, id := range merchants {
			list, err := b.w.Store.Events(context.Background(), id, int64(k), 10)
			if err != nil || len(list) != 1 || list[0].Position != int64(k+1) {
				t.Fatalf("point %d: merchant %s was told %v, %v", k, id, list, err)
			}
		}
	}
}

// TestAShareOfBuyersIsHit: a closure that is rolled out to half of the buyers leaves the other half alone, and the same payment is always on the same side.
func TestAShareOfBuyersIsHit(t *testing.T) {
	b := newBench(t)
	b.post("/v1/closures", object{"title": "in batches", "by": "host", "scope": object{"share": 5000}, "withdraws": []object{{"act": "pay", "from": b.w.Clock.Now().Format(time.RFC3339)}}}).want(http.StatusCreated)
	hit := 0
	for i := range 60 {
		p, kept := b.create(fmt.Sprint("A", i), 6800), [2]int{}
		for k := range kept {
			payment := postern.Payment{MerchantID: b.w.Merchant.ID, ID: p.text("id"), Amount: 6800, Currency: "CNY"}
			plan, err := b.w.Engine.Plan(context.Background(), payment, route.Buyer{Container: engine.ContainerAPI}, "", "")
			if err != nil {
				t.Fatal(err)
			}
			kept[k] = len(plan.Kept())
		}
		if kept[0] != kept[1] {
			t.Errorf("payment %d is on both sides: %v", i, kept)
		}
		if kept[0] == 0 {
			hit++
		}
	}
	if hit < 15 || hit > 45 {
		t.Errorf("%d of 60 payments were hit by a half", hit)
	}
}
