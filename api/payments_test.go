package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
)

func TestAPaymentIsCreatedReadAndListed(t *testing.T) {
	b := newBench(t)
	body := order("A1", 6800)
	body["metadata"] = object{"table": "7"}
	body["items"] = []object{{"name": "烧饼", "quantity": 10, "amount": 6800}}
	body["return_url"] = "https://shop.example/orders/A1"
	p := b.post("/v1/payments", body).want(http.StatusCreated)
	if p.text("object") != "payment" || p.text("status") != "open" || p.text("reference") != "A1" || p.int("amount") != 6800 || p.text("late_payment") != "refund" {
		t.Errorf("payment %v", p)
	}
	for _, name := range []string{"amount_received", "amount_refunded", "amount_surplus", "amount_surplus_refunded"} {
		if _, there := p[name]; !there || p.int(name) != 0 {
			t.Errorf("%s is %v", name, p[name])
		}
	}
	if !strings.HasPrefix(p.text("checkout_url"), b.w.Engine.PublicURL+"/c/") || p.object("metadata").text("table") != "7" || p.list("items")[0].text("name") != "烧饼" {
		t.Errorf("payment %v", p)
	}
	created, err := time.Parse(time.RFC3339, p.text("created_at"))
	if err != nil {
		t.Fatal(err)
	}
	expires, err := time.Parse(time.RFC3339, p.text("expires_at"))
	if err != nil || !expires.Equal(created.Add(30*time.Minute)) {
		t.Errorf("created_at %s, expires_at %s: %v", created, expires, err)
	}
	if got := b.get("/v1/payments/" + p.text("id")).want(http.StatusOK); got.text("checkout_url") != p.text("checkout_url") || len(got.list("items")) != 1 {
		t.Errorf("read %v", got)
	}
	job, err := b.w.Store.NextTestJob(context.Background())
	if err != nil || job.Kind != postern.JobExpire || !job.RunAt.Equal(expires) {
		t.Errorf("job %+v: %v", job, err)
	}
}

func TestListsArePagedNewestFirst(t *testing.T) {
	b := newBench(t)
	var ids []string
	for _, reference := range []string{"L1", "L2", "L3", "L4", "L5"} {
		ids = append([]string{b.create(reference, 100).text("id")}, ids...)
		b.w.Clock.Advance(time.Second)
	}
	var got []string
	path, pages := "/v1/payments?limit=2", 0
	for path != "" {
		page := b.get(path).want(http.StatusOK)
		pages++
		if page.text("object") != "list" {
			t.Fatalf("list %v", page)
		}
		for _, row := range page.list("data") {
			got = append(got, row.text("id"))
		}
		path = ""
		if next := page.text("next_cursor"); next != "" {
			path = "/v1/payments?limit=2&after=" + next
		} else if value, there := page["next_cursor"]; !there || value != nil {
			t.Errorf("the last next_cursor is %v", value)
		}
	}
	if !slices.Equal(got, ids) || pages != 3 {
		t.Errorf("%d pages of %v, want %v", pages, got, ids)
	}
	found := b.get("/v1/payments?reference=L3").want(http.StatusOK).list("data")
	if len(found) != 1 || found[0].text("id") != ids[2] {
		t.Errorf("by reference: %v", found)
	}
	if none := b.get("/v1/payments?reference=none").want(http.StatusOK).list("data"); len(none) != 0 {
		t.Errorf("by reference: %v", none)
	}
	for _, path := range []string{"/v1/api_keys", "/v1/channels", "/v1/webhook_endpoints", "/v1/ledger/balances"} {
		page := b.get(path + "?limit=1").want(http.StatusOK)
		if page.text("object") != "list" || len(page.list("data")) > 1 {
			t.Errorf("%s: %v", path, page)
		}
	}
	first := b.get("/v1/channels?limit=1").want(http.StatusOK)
	second := b.get("/v1/channels?limit=1&after=" + first.text("next_cursor")).want(http.StatusOK)
	if second.list("data")[0].text("id") == first.list("data")[0].text("id") || second["next_cursor"] != nil {
		t.Errorf("the second page of two channels is %v", second)
	}
	b.get("/v1/payments?limit=101").problem(http.StatusUnprocessableEntity, "invalid_request", "limit")
	b.get("/v1/payments?limit=0").problem(http.StatusUnprocessableEntity, "invalid_request", "limit")
	b.get("/v1/payments?limit=ten").problem(http.StatusUnprocessableEntity, "invalid_request", "limit")
	b.get("/v1/payments?limt=10").problem(http.StatusUnprocessableEntity, "invalid_request", "limt")
}

func TestCancelAnswersByWhatIsKnown(t *testing.T) {
	b := newBench(t)
	open := b.create("C1", 100)
	for range 2 { // Again is the same answer.
		if p := b.post("/v1/payments/"+open.text("id")+"/cancel", nil).want(http.StatusOK); p.text("status") != "canceled" {
			t.Errorf("canceled: %v", p)
		}
	}
	live := b.create("C2", 100)
	b.start(live.text("id"), "wechatpay", "native")
	if err := b.w.Break(context.Background(), "wechatpay", "*", "drop_request", 4); err != nil {
		t.Fatal(err)
	}
	if p := b.do(http.MethodPost, "/v1/payments/"+live.text("id")+"/cancel", "").want(http.StatusAccepted); p.text("status") != "processing" || p["cancel_requested"] != true {
		t.Errorf("under way: %v", p)
	}
	b.run(time.Minute)
	if p := b.get("/v1/payments/" + live.text("id")).want(http.StatusOK); p.text("status") != "canceled" {
		t.Errorf("after a minute: %v", p)
	}
	paid := b.paid("C3", 100)
	o := b.do(http.MethodPost, "/v1/payments/"+paid.text("id")+"/cancel", "").problem(http.StatusConflict, "already_paid", "")
	if o.text("object_id") != paid.text("id") {
		t.Errorf("problem %v", o)
	}
	short := order("C4", 100)
	short["expires_in"] = 5
	expired := b.post("/v1/payments", short).want(http.StatusCreated)
	b.run(time.Minute)
	b.do(http.MethodPost, "/v1/payments/"+expired.text("id")+"/cancel", "").problem(http.StatusConflict, "payment_closed", "")
	b.do(http.MethodPost, "/v1/payments/"+expired.text("id")+"/attempts", `{"product":"native"}`).problem(http.StatusConflict, "payment_closed", "")
	if got := b.events(); !slices.Equal(got, []string{"payment.canceled", "payment.attempt_unknown", "payment.canceled", "payment.paid", "payment.expired"}) {
		t.Errorf("events %v", got)
	}
	b.agree()
}

func TestTheStoryTellsEverything(t *testing.T) {
	b := newBench(t)
	p := b.paid("S1", 6800)
	b.post("/v1/payments/"+p.text("id")+"/refunds", object{"reference": "R1", "amount": 1800, "reason": "two were burnt"}).want(http.StatusCreated)
	b.run(time.Minute)
	if plain := b.get("/v1/payments/" + p.text("id")).want(http.StatusOK); plain["story"] != nil || plain.int("amount_refunded") != 1800 || plain.int("amount_received") != 6800 {
		t.Errorf("payment %v", plain)
	}
	story := b.get("/v1/payments/" + p.text("id") + "?expand=story").want(http.StatusOK).object("story")
	attempts := story.list("attempts")
	if len(attempts) != 1 || attempts[0].object("action").text("type") != "none" || attempts[0].text("container") == "" {
		t.Fatalf("attempts %v", attempts)
	}
	reasons := 0
	for _, c := range attempts[0].object("plan").list("candidates") {
		if c.text("reason") != "" {
			reasons++
		}
	}
	if reasons == 0 {
		t.Errorf("the plan gives no reasons: %v", attempts[0]["plan"])
	}
	if n := attempts[0].list("notifications"); len(n) == 0 || n[0].text("outcome") != "applied" || n[0].text("body") == "" {
		t.Errorf("notifications %v", n)
	}
	if x := attempts[0].list("exchanges"); len(x) < 2 || x[0].text("request") == "" || x[0].text("response") == "" {
		t.Errorf("exchanges %v", x)
	}
	if r := story.list("receipts"); len(r) != 1 || r[0].text("use") != "applied" || r[0].int("refunded") != 1800 || r[0].text("transaction_no") == "" {
		t.Errorf("receipts %v", r)
	}
	if r := story.list("refunds"); len(r) != 1 || r[0].text("status") != "refunded" {
		t.Errorf("refunds %v", r)
	}
	kinds, sum := map[string]int{}, int64(0)
	for _, posting := range story.list("postings") {
		kinds[posting.text("account")[:4]]++
		sum += posting.int("amount")
	}
	if kinds["rece"] != 2 || kinds["sale"] != 1 || kinds["refu"] != 1 || sum != 0 {
		t.Errorf("postings %v", story["postings"])
	}
	b.get("/v1/payments/"+p.text("id")+"?expand=all").problem(http.StatusUnprocessableEntity, "invalid_request", "expand")
	b.agree()
}
