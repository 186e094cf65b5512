package api_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver keeps what it is sent.
type receiver struct {
	mu     sync.Mutex
	status int
	bodies []string
	heads  []http.Header
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		http.Error(w, "cut", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies, r.heads = append(r.bodies, string(body)), append(r.heads, q.Header.Clone())
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
}

func (b *bench) endpoint(host string, types ...string) (object, *receiver) {
	b.Helper()
	r := &receiver{}
	b.w.Net[host] = r
	e := b.post("/v1/webhook_endpoints", object{"url": "http://" + host + "/in", "types": types}).want(http.StatusCreated)
	return e, r
}

func TestEventsArePulledWithACursor(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		p := b.create(fmt.Sprint("E", i), 100)
		b.do(http.MethodPost, "/v1/payments/"+p.text("id")+"/cancel", "").want(http.StatusOK)
	}
	if rows := b.get("/v1/events").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("events have no place before the sequencer gave them one: %v", rows)
	}
	b.run(time.Second)
	var sequences []int64
	after := ""
	for pages := 0; pages < 10; pages++ {
		page := b.get("/v1/events?limit=2&after=" + after).want(http.StatusOK)
		for _, e := range page.list("data") {
			sequences = append(sequences, e.int("sequence"))
			if e.text("type") != "payment.canceled" || e["livemode"] != false || e.text("created_at") == "" || e.object("data").object("payment").text("status") != "canceled" {
				t.Errorf("event %v", e)
			}
			if one := b.get("/v1/events/" + e.text("id")).want(http.StatusOK); one.int("sequence") != e.int("sequence") {
				t.Errorf("event %v", one)
			}
		}
		if after = page.text("next_cursor"); after == "" {
			break
		}
	}
	if !slices.Equal(sequences, []int64{1, 2, 3, 4, 5}) {
		t.Errorf("sequences %v", sequences)
	}
	b.get("/v1/events?after=evt_1").problem(http.StatusUnprocessableEntity, "invalid_request", "after")
}

func TestADeliveryIsListedAndReplayed(t *testing.T) {
	b := newBench(t)
	e, r := b.endpoint("two.test", "payment.canceled")
	if e.text("object") != "webhook_endpoint" || !strings.HasPrefix(e.text("secret"), "whsec_") || e["disabled_at"] != nil {
		t.Fatalf("endpoint %v", e)
	}
	if again := b.get("/v1/webhook_endpoints/" + e.text("id")).want(http.StatusOK); again["secret"] != nil {
		t.Errorf("the secret is shown again: %v", again)
	}
	b.paid("D1", 100)
	p := b.create("D2", 100)
	b.do(http.MethodPost, "/v1/payments/"+p.text("id")+"/cancel", "").want(http.StatusOK)
	b.run(time.Minute)
	rows := b.get("/v1/webhook_endpoints/" + e.text("id") + "/deliveries").want(http.StatusOK).list("data")
	if len(rows) != 1 || rows[0].text("status") != "delivered" || rows[0].int("tries") != 1 || rows[0].int("last_status") != 200 {
		t.Fatalf("deliveries %v", rows)
	}
	replay := b.do(http.MethodPost, "/v1/deliveries/"+rows[0].text("id")+"/replay", "").want(http.StatusCreated)
	if replay.text("id") == rows[0].text("id") || replay.text("event_id") != rows[0].text("event_id") || replay.text("status") != "waiting" {
		t.Errorf("replay %v", replay)
	}
	b.run(time.Minute)
	if got := b.get("/v1/deliveries/" + replay.text("id")).want(http.StatusOK); got.text("status") != "delivered" {
		t.Errorf("delivery %v", got)
	}
	if len(r.bodies) != 2 || r.bodies[0] != r.bodies[1] || r.heads[0].Get("Webhook-Id") != r.heads[1].Get("Webhook-Id") {
		t.Errorf("a replay has the same id and body: %v %v", r.bodies, r.heads)
	}
	b.do(http.MethodPost, "/v1/webhook_endpoints/"+e.text("id")+"/disable", "").want(http.StatusOK)
	b.do(http.MethodPost, "/v1/deliveries/"+replay.text("id")+"/replay", "").problem(http.StatusConflict, "conflict", "")
	if got := b.do(http.MethodPost, "/v1/webhook_endpoints/"+e.text("id")+"/enable", "").want(http.StatusOK); got["disabled_at"] != nil {
		t.Errorf("endpoint %v", got)
	}
}

func TestASecretRotatesWithAnOverlap(t *testing.T) {
	b := newBench(t)
	e, r := b.endpoint("three.test", "payment.canceled")
	path := "/v1/webhook_endpoints/" + e.text("id")
	rotated := b.post(path+"/rotate", object{"overlap_seconds": 3600}).want(http.StatusOK)
	if rotated.text("secret") == e.text("secret") || !strings.HasPrefix(rotated.text("secret"), "whsec_") {
		t.Fatalf("rotated %v", rotated)
	}
	cancel := func(reference string) {
		p := b.create(reference, 100)
		b.do(http.MethodPost, "/v1/payments/"+p.text("id")+"/cancel", "").want(http.StatusOK)
		b.run(time.Second)
	}
	believed := func(i int, secret string) bool {
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		return verifier.VerifyIgnoringTimestamp([]byte(r.bodies[i]), r.heads[i]) == nil
	}
	cancel("R1")
	b.w.Clock.Advance(2 * time.Hour)
	cancel("R2")
	if len(r.bodies) != 2 {
		t.Fatalf("%d messages", len(r.bodies))
	}
	if !believed(0, e.text("secret")) || !believed(0, rotated.text("secret")) {
		t.Error("within the overlap both secrets sign")
	}
	if believed(1, e.text("secret")) || !believed(1, rotated.text("secret")) {
		t.Error("after it only the new one does")
	}
	now := b.do(http.MethodPost, path+"/rotate", `{"overlap_seconds":0}`).want(http.StatusOK)
	cancel("R3")
	if believed(2, rotated.text("secret")) || !believed(2, now.text("secret")) {
		t.Error("without an overlap the old secret ends at once")
	}
	b.do(http.MethodPost, path+"/rotate", "").want(http.StatusOK)
	b.post(path+"/rotate", object{"overlap_seconds": 604801}).problem(http.StatusUnprocessableEntity, "invalid_request", "overlap_seconds")
}

func TestBadEndpoints(t *testing.T) {
	b := newBench(t)
	for _, url := range []string{"shop.example/hooks", "ftp://shop.example/x", "https://u:p@shop.example/", "https:///nohost", "https://shop.example/#x"} {
		b.post("/v1/webhook_endpoints", object{"url": url}).problem(http.StatusUnprocessableEntity, "invalid_request", "url")
	}
	o := b.post("/v1/webhook_endpoints", object{"url": "https://shop.example/", "types": []string{"payment.paid", "payment.piad"}}).problem(http.StatusUnprocessableEntity, "invalid_request", "types[1]")
	if !strings.Contains(o.text("fix"), "payment.paid") {
		t.Errorf("problem %v", o)
	}
}
