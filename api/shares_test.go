package api_test

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// shareable is a paid payment of 100.00 whose money may be shared, and the body of a share of 10.00.
func (b *bench) shareable(reference string) (payment, body object) {
	b.Helper()
	wanted := order(reference, 10000)
	wanted["profit_sharing"] = true
	p := b.post("/v1/payments", wanted).want(http.StatusCreated)
	b.approve(b.start(p.text("id"), "alipay", "native"))
	b.run(10 * time.Second)
	r := b.w.Sandboxes["alipay"].Receiver
	return p, object{"reference": "S", "parts": []object{{"receiver": object{"kind": r.Kind, "account": r.Account}, "amount": 1000}}}
}

// TestOneKeyIsOneShare: the same key and body from many hands share once, and a replay answers with the share as it is.
func TestOneKeyIsOneShare(t *testing.T) {
	b := newBench(t)
	p, body := b.shareable("S1")
	path := "/v1/payments/" + p.text("id") + "/shares"
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if a := b.post(path, body, "Idempotency-Key", "one"); a.Status != http.StatusCreated && a.Status != http.StatusConflict {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	wg.Wait()
	b.run(time.Minute)
	if rows := b.get("/v1/shares").want(http.StatusOK).list("data"); len(rows) != 1 || rows[0].text("status") != "done" || rows[0].int("amount_given") != 1000 {
		t.Fatalf("the shares are %v", rows)
	}
	if a := b.post(path, body, "Idempotency-Key", "one"); a.Header.Get("Idempotency-Replayed") != "true" || a.want(http.StatusCreated).text("status") != "done" {
		t.Errorf("the replay is %d %s", a.Status, a.Body)
	}
	if told := b.told("share.done"); len(told) != 1 || told[0].object("share").int("amount") != 1000 || told[0].object("payment").text("id") != p.text("id") {
		t.Errorf("told %v", told)
	}
	body["reference"] = "another body"
	b.post(path, body, "Idempotency-Key", "one").problem(http.StatusUnprocessableEntity, "idempotency_mismatch", "Idempotency-Key")
	b.agree()
}

// TestWhatCannotBeShared names what is wrong and what to do.
func TestWhatCannotBeShared(t *testing.T) {
	b := newBench(t)
	p, body := b.shareable("S2")
	path := "/v1/payments/" + p.text("id") + "/shares"
	b.post("/v1/payments/"+b.paid("plain", 6800).text("id")+"/shares", body).problem(http.StatusConflict, "not_for_sharing", "")
	b.post(path, object{"reference": "none"}).problem(http.StatusUnprocessableEntity, "invalid_request", "parts")
	part := body["parts"].([]object)[0]
	b.post(path, object{"reference": "twice", "parts": []object{part, part}}).problem(http.StatusUnprocessableEntity, "invalid_request", "parts.1.receiver")
	b.post(path, object{"reference": "much", "parts": []object{{"receiver": part["receiver"], "amount": 10001}}}).problem(http.StatusUnprocessableEntity, "share_exceeds_received", "parts")
	b.post(path, body).want(http.StatusCreated)
	b.post(path, body).problem(http.StatusConflict, "reference_taken", "reference")
	b.post(path+"/unfreeze", object{"reference": "rest"}).want(http.StatusCreated)
	b.post(path, object{"reference": "late", "parts": []object{part}}).problem(http.StatusConflict, "nothing_to_share", "")
	b.run(5 * time.Minute)
	b.agree()
}
