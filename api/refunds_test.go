package api_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"
)

// another makes one more key, and returns what acts through it. It is there before what it is to confirm.
func (b *bench) another(name string) *bench {
	b.Helper()
	other := *b
	other.key = b.post("/v1/api_keys", object{"name": name, "scopes": []string{"refund", "read"}}).want(http.StatusCreated).text("secret")
	b.run(time.Second)
	return &other
}

// TestTwoKeysRefundOutside: one key enters what was given back by hand, its own word does not confirm it, another one's does; nothing is sent, every answer is the same when it is asked for again, and
// the books name the bank.
func TestTwoKeysRefundOutside(t *testing.T) {
	b := newBench(t)
	p, second := b.paid("O1", 900), b.another("second")
	path := "/v1/payments/" + p.text("id") + "/refunds"
	body := object{"reference": "r", "amount": 300, "reason": "broken", "outside": object{"evidence": "transfer 77", "bank": "CMB 6688"}}
	b.post(path, object{"reference": "r", "amount": 300, "outside": object{}}).problem(http.StatusUnprocessableEntity, "invalid_request", "outside.evidence")
	b.post(path, object{"reference": "r", "amount": 901, "outside": body["outside"]}).problem(http.StatusUnprocessableEntity, "refund_exceeds_received", "amount")
	r := b.post(path, body, "Idempotency-Key", "k1").want(http.StatusCreated)
	hand := r.object("by_hand")
	if r["outside"] != true || r.text("status") != "reserved" || hand["waiting"] != true || hand.text("bank") != "CMB 6688" || hand.text("evidence") != "transfer 77" || hand.text("entered_by") == "" {
		t.Errorf("entered %v", r)
	}
	if again := b.post(path, body, "Idempotency-Key", "k1"); again.want(http.StatusCreated).text("id") != r.text("id") || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again: %s", again.Body)
	}
	b.post(path, body).problem(http.StatusConflict, "reference_taken", "reference")
	b.run(time.Hour)
	if rows := b.get("/v1/refunds?waiting=true").want(http.StatusOK).list("data"); len(rows) != 1 || rows[0].text("id") != r.text("id") {
		t.Errorf("waiting: %v", rows)
	}
	confirm, saw := "/v1/refunds/"+r.text("id")+"/confirm", object{"saw": "the statement of the bank"}
	b.post(confirm, saw, "Idempotency-Key", "k2").problem(http.StatusForbidden, "forbidden", "")
	b.another("young").post(confirm, saw).problem(http.StatusForbidden, "forbidden", "")
	second.post(confirm, object{"saw": ""}).problem(http.StatusUnprocessableEntity, "invalid_request", "saw")
	for i := range 2 {
		a := second.post(confirm, saw, "Idempotency-Key", "k3")
		if got := a.want(http.StatusOK); got.text("status") != "refunded" || got.object("by_hand")["waiting"] != false || got.object("by_hand").text("saw") == "" || (a.Header.Get("Idempotency-Replayed") == "true") != (i == 1) {
			t.Errorf("confirmed %s", a.Body)
		}
	}
	second.post(confirm, saw).problem(http.StatusConflict, "conflict", "")
	b.post("/v1/refunds/"+r.text("id")+"/reject", object{"reason": "no"}).problem(http.StatusConflict, "conflict", "")
	if rows := b.get("/v1/refunds?waiting=true").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("still waiting: %v", rows)
	}
	if got := b.balances(); got["bank:CMB 6688"] != -300 || got["refunds"] != 300 || got["receivable:"+b.w.Channels["alipay"].ID] != 900 {
		t.Errorf("balances %v", got)
	}
	b.run(time.Minute)
	if got, want := b.events(), []string{"payment.paid", "refund.refunded"}; !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
	if got := b.get("/v1/payments/" + p.text("id")).want(http.StatusOK); got.int("amount_refunded") != 300 {
		t.Errorf("payment %v", got)
	}
	b.agree()
}

// TestAStuckRefundIsResolvedByTwoKeys: it is not stuck before the provider says so; rejected it stays stuck, confirmed it is refunded.
func TestAStuckRefundIsResolvedByTwoKeys(t *testing.T) {
	b := newBench(t)
	second := b.another("second")
	p := b.create("O2", 900)
	b.approve(b.start(p.text("id"), "wechatpay", "native"))
	b.run(10 * time.Second)
	if err := b.w.Break(context.Background(), "wechatpay", "refund", "refund_abnormal", 1); err != nil {
		t.Fatal(err)
	}
	r := b.post("/v1/payments/"+p.text("id")+"/refunds", object{"reference": "r", "amount": 200}).want(http.StatusCreated)
	path, word := "/v1/refunds/"+r.text("id"), object{"way": "outside", "evidence": "cash, receipt 3"}
	b.post(path+"/resolve", word).problem(http.StatusConflict, "conflict", "")
	b.run(24 * time.Hour)
	b.post(path+"/resolve", object{"way": "gone", "evidence": "x"}).problem(http.StatusUnprocessableEntity, "invalid_request", "way")
	if got := b.post(path+"/resolve", word).want(http.StatusOK); got.text("status") != "stuck" || got["outside"] != nil || got.object("by_hand")["waiting"] != true {
		t.Errorf("resolved %v", got)
	}
	b.post(path+"/confirm", object{"saw": "me"}).problem(http.StatusForbidden, "forbidden", "")
	if got := second.post(path+"/reject", object{"reason": "no receipt"}).want(http.StatusOK); got.text("status") != "stuck" || got["by_hand"] != nil {
		t.Errorf("rejected %v", got)
	}
	b.post(path+"/resolve", word).want(http.StatusOK)
	if got := second.post(path+"/confirm", object{"saw": "receipt 3"}).want(http.StatusOK); got.text("status") != "refunded" || got["outside"] != true {
		t.Errorf("confirmed %v", got)
	}
	if got := b.balances(); got["bank:outside"] != -200 || got["refunds_in_transit"] != 0 || got["receivable:"+b.w.Channels["wechatpay"].ID] != 900 {
		t.Errorf("balances %v", got)
	}
	b.agree()
}

// TestASurplusGoesBackOutsideWhole: another amount is refused, and so is another payment's surplus.
func TestASurplusGoesBackOutsideWhole(t *testing.T) {
	b := newBench(t)
	second := b.another("second")
	p, u := b.mismatch("O3")
	other := b.paid("O4", 900)
	body := func(amount int64) object {
		return object{"reference": "r", "amount": amount, "outside": object{"evidence": "transfer 77", "surplus_id": u.text("id")}}
	}
	b.post("/v1/payments/"+p.text("id")+"/refunds", body(500)).problem(http.StatusUnprocessableEntity, "invalid_request", "amount")
	b.post("/v1/payments/"+other.text("id")+"/refunds", body(501)).problem(http.StatusNotFound, "not_found", "surplus_id")
	r := b.post("/v1/payments/"+p.text("id")+"/refunds", body(501)).want(http.StatusCreated)
	second.post("/v1/refunds/"+r.text("id")+"/confirm", object{"saw": "the statement"}).want(http.StatusOK)
	if got := b.get("/v1/surpluses/" + u.text("id")).want(http.StatusOK); got.text("status") != "refunded" || got.text("refund_id") != r.text("id") {
		t.Errorf("surplus %v", got)
	}
	b.run(time.Minute)
	if got := b.events(); !slices.Contains(got, "surplus.refunded") {
		t.Errorf("events %v", got)
	}
	b.agree()
}
