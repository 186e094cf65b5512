package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern/store"
)

// row reads an idempotent request's row by counting one more replay.
func (b *bench) row(key string) store.Request {
	b.Helper()
	r, err := b.w.Store.ReplayRequest(context.Background(), b.w.Merchant.ID, key)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func TestAReplayAnswersThePresentStateAfterItsOwnWrite(t *testing.T) {
	b := newBench(t)
	a := b.post("/v1/payments", order("I1", 6800), "Idempotency-Key", "k1")
	p := a.want(http.StatusCreated)
	if a.Header.Get("Idempotency-Replayed") != "" {
		t.Error("the first answer says that it was replayed")
	}
	before := b.row("k1").Replays
	b.post("/v1/payments/"+p.text("id")+"/cancel", nil).want(http.StatusOK)
	a = b.post("/v1/payments", order("I1", 6800), "Idempotency-Key", "k1")
	again := a.want(http.StatusCreated)
	if again.text("id") != p.text("id") || again.text("status") != "canceled" || a.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("replayed %q: %v", a.Header.Get("Idempotency-Replayed"), again)
	}
	if after := b.row("k1").Replays; after != before+2 { // One is the replay's, one is this look's.
		t.Errorf("the row counts %d replays, %d before", after, before)
	}
}

func TestAKeyBelongsToOneBody(t *testing.T) {
	b := newBench(t)
	p := b.post("/v1/payments", order("I2", 6800), "Idempotency-Key", "k2").want(http.StatusCreated)
	b.post("/v1/payments", order("I2", 6801), "Idempotency-Key", "k2").problem(http.StatusUnprocessableEntity, "idempotency_mismatch", "Idempotency-Key")
	b.post("/v1/payments/"+p.text("id")+"/attempts", object{"product": "native"}, "Idempotency-Key", "k2").problem(http.StatusUnprocessableEntity, "idempotency_mismatch", "Idempotency-Key")
	// The order of fields and blanks are no other body.
	b.do(http.MethodPost, "/v1/payments", `{ "description":"烧饼", "currency":"CNY", "amount":6800, "reference":"I2" }`, "Idempotency-Key", "k2").want(http.StatusCreated)
}

func TestAReferenceIsTakenForEver(t *testing.T) {
	b := newBench(t)
	p := b.post("/v1/payments", order("I3", 6800), "Idempotency-Key", "k3").want(http.StatusCreated)
	for range 2 {
		if o := b.post("/v1/payments", order("I3", 6800)).problem(http.StatusConflict, "reference_taken", "reference"); o.text("object_id") != p.text("id") {
			t.Errorf("problem %v", o)
		}
	}
	b.run(31 * 24 * time.Hour)
	if _, err := b.w.Engine.Forget(context.Background()); err != nil {
		t.Fatal(err)
	}
	// The key is forgotten after 30 days, the reference never.
	if o := b.post("/v1/payments", order("I3", 6800), "Idempotency-Key", "k3").problem(http.StatusConflict, "reference_taken", "reference"); o.text("object_id") != p.text("id") {
		t.Errorf("after 31 days: %v", o)
	}
}

func TestRefusalsAreNotStored(t *testing.T) {
	b := newBench(t)
	b.post("/v1/payments", order("I4", 0), "Idempotency-Key", "k4").problem(http.StatusUnprocessableEntity, "amount_out_of_range", "amount")
	wrong := order("I4", 6800)
	wrong["currency"] = "XYZ" // Refused by the engine, after the row was begun.
	b.post("/v1/payments", wrong, "Idempotency-Key", "k4").problem(http.StatusUnprocessableEntity, "unknown_currency", "currency")
	b.post("/v1/payments", order("I4", 6800), "Idempotency-Key", "k4").want(http.StatusCreated)
}

func TestOneKeyFromManyHandsHasOneEffect(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct{ name, path string }{{"payment", "/v1/payments"}, {"refund", "/v1/payments/" + b.paid("I5", 10000).text("id") + "/refunds"}} {
		var wg sync.WaitGroup
		var made, replayed, flying atomic.Int64
		ids := sync.Map{}
		for range 64 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				body := order("I6", 100)
				if c.name == "refund" {
					body = object{"reference": "R", "amount": 100}
				}
				a := b.post(c.path, body, "Idempotency-Key", "many-"+c.name)
				switch {
				case a.Status == http.StatusConflict:
					flying.Add(1)
					return
				case a.Status != http.StatusCreated:
					t.Errorf("%d %s", a.Status, a.Body)
				case a.Header.Get("Idempotency-Replayed") == "true":
					replayed.Add(1)
				default:
					made.Add(1)
				}
				ids.Store(a.want(http.StatusCreated).text("id"), true)
			}()
		}
		wg.Wait()
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		if made.Load() != 1 || n != 1 || made.Load()+replayed.Load()+flying.Load() != 64 {
			t.Errorf("%s: %d made, %d replayed, %d in flight, %d objects", c.name, made.Load(), replayed.Load(), flying.Load(), n)
		}
	}
}

// faults fails the engine at one of its named points, as often as told.
type faults struct {
	mu    sync.Mutex
	point string
	times int
}

var errCrash = errors.New("the process died here")

func (f *faults) hit(_ context.Context, point string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if point != f.point || f.times == 0 {
		return nil
	}
	f.times--
	return errCrash
}

func (f *faults) set(point string, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.point, f.times = point, times
}

func TestACrashBetweenBeginAndFinishResumes(t *testing.T) {
	for _, point := range []string{"engine.commit.before", "engine.commit.after"} {
		t.Run(point, func(t *testing.T) {
			f := &faults{}
			b := newBenchWith(t, f.hit)
			f.set(point, 1)
			b.post("/v1/payments", order("I7", 100), "Idempotency-Key", "k7").problem(http.StatusInternalServerError, "internal", "")
			if point == "engine.commit.before" {
				// Nothing is done yet, and for all we know the first request is still at it.
				a := b.post("/v1/payments", order("I7", 100), "Idempotency-Key", "k7")
				a.problem(http.StatusConflict, "request_in_flight", "Idempotency-Key")
				if a.Header.Get("Retry-After") == "" {
					t.Error("in flight without Retry-After")
				}
				b.w.Clock.Advance(time.Minute)
			}
			a := b.post("/v1/payments", order("I7", 100), "Idempotency-Key", "k7")
			p := a.want(http.StatusCreated)
			if replayed := a.Header.Get("Idempotency-Replayed") == "true"; replayed != (point == "engine.commit.after") {
				t.Errorf("replayed is %v", replayed)
			}
			if rows := b.get("/v1/payments").want(http.StatusOK).list("data"); len(rows) != 1 || rows[0].text("id") != p.text("id") {
				t.Errorf("payments %v", rows)
			}
		})
	}
}

func TestAnInterruptedStartIsNotStartedAgain(t *testing.T) {
	for _, point := range []string{"engine.start.before_call", "engine.start.after_call"} {
		t.Run(point, func(t *testing.T) {
			f := &faults{}
			b := newBenchWith(t, f.hit)
			p := b.create("I8", 100)
			path, body := "/v1/payments/"+p.text("id")+"/attempts", object{"provider": "alipay", "product": "native"}
			f.set(point, 1)
			b.post(path, body, "Idempotency-Key", "k8").problem(http.StatusInternalServerError, "internal", "")
			b.post(path, body, "Idempotency-Key", "k8").problem(http.StatusConflict, "request_in_flight", "Idempotency-Key")
			b.w.Clock.Advance(time.Minute) // No job has run meanwhile: the attempt is as the crash left it.
			a := b.post(path, body, "Idempotency-Key", "k8")
			attempt := a.want(http.StatusAccepted)
			if attempt.object("action").text("type") != "wait" || a.Header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("replayed %q: %v", a.Header.Get("Idempotency-Replayed"), attempt)
			}
			story := b.get("/v1/payments/" + p.text("id") + "?expand=story").want(http.StatusOK).object("story")
			if n := len(story.list("attempts")); n != 1 {
				t.Errorf("%d attempts", n)
			}
			again := b.post(path, body, "Idempotency-Key", "k8").want(http.StatusAccepted)
			if again.text("id") != attempt.text("id") {
				t.Errorf("another attempt: %v", again)
			}
			b.agree()
		})
	}
}

func TestRefundsAreIdempotentByReferenceAndKey(t *testing.T) {
	b := newBench(t)
	p := b.paid("I9", 3000)
	path := "/v1/payments/" + p.text("id") + "/refunds"
	first := b.post(path, object{"reference": "R1", "amount": 1000}, "Idempotency-Key", "r1").want(http.StatusCreated)
	a := b.post(path, object{"reference": "R1", "amount": 1000}, "Idempotency-Key", "r1")
	if again := a.want(http.StatusCreated); again.text("id") != first.text("id") || a.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("replay %v", again)
	}
	if o := b.post(path, object{"reference": "R1", "amount": 1000}).problem(http.StatusConflict, "reference_taken", "reference"); o.text("object_id") != first.text("id") {
		t.Errorf("problem %v", o)
	}
	for i, want := range []int{http.StatusCreated, http.StatusCreated, http.StatusUnprocessableEntity} {
		a := b.post(path, object{"reference": fmt.Sprint("S", i), "amount": 1000})
		if a.Status != want {
			t.Errorf("refund %d: %d %s", i, a.Status, a.Body)
		}
		if want == http.StatusUnprocessableEntity {
			a.problem(want, "refund_exceeds_received", "amount")
		}
	}
	b.run(time.Minute)
	if got := b.balances(); got["refunds"] != 3000 || got["sales"] != -3000 {
		t.Errorf("balances %v", got)
	}
	b.agree()
}
