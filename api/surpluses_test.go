package api_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"
)

// mismatch makes a payment for which the provider reports one fen more than was asked: a surplus that waits for a person.
func (b *bench) mismatch(reference string) (payment, surplus object) {
	b.Helper()
	p := b.create(reference, 500)
	at := b.start(p.text("id"), "wechatpay", "native")
	if err := b.w.Break(context.Background(), "wechatpay", "pay", "wrong_amount", 1); err != nil {
		b.Fatal(err)
	}
	b.approve(at)
	b.run(10 * time.Second)
	rows := b.get("/v1/surpluses").want(http.StatusOK).list("data")
	if len(rows) == 0 {
		b.Fatal("no surplus")
	}
	return p, rows[0]
}

func TestASurplusIsReadAcceptedAndRefundedOnce(t *testing.T) {
	b := newBench(t)
	p, u := b.mismatch("U1")
	if u.text("object") != "surplus" || u.text("reason") != "mismatch" || u.text("status") != "held" || u.int("amount") != 501 || u.text("payment_id") != p.text("id") {
		t.Fatalf("surplus %v", u)
	}
	if got := b.get("/v1/payments/" + p.text("id")).want(http.StatusOK); got.text("status") == "paid" || got.int("amount_surplus") != 501 || got.int("amount_received") != 0 {
		t.Errorf("payment %v", got)
	}
	path := "/v1/surpluses/" + u.text("id")
	if got := b.get(path).want(http.StatusOK); got.text("id") != u.text("id") {
		t.Errorf("read %v", got)
	}
	accepted := b.do(http.MethodPost, path+"/accept", "", "Idempotency-Key", "s1").want(http.StatusOK)
	if accepted.text("status") != "accepted" {
		t.Errorf("accepted %v", accepted)
	}
	a := b.do(http.MethodPost, path+"/accept", "", "Idempotency-Key", "s1")
	if a.want(http.StatusOK).text("status") != "accepted" || a.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again: %v %s", a.Header, a.Body)
	}
	b.do(http.MethodPost, path+"/refund", "", "Idempotency-Key", "s1").problem(http.StatusUnprocessableEntity, "idempotency_mismatch", "Idempotency-Key")
	for _, verb := range []string{"accept", "refund"} {
		if o := b.do(http.MethodPost, path+"/"+verb, "").problem(http.StatusConflict, "surplus_settled", ""); o.text("object_id") != u.text("id") {
			t.Errorf("problem %v", o)
		}
	}
	_, second := b.mismatch("U2")
	refunding := b.do(http.MethodPost, "/v1/surpluses/"+second.text("id")+"/refund", "").want(http.StatusOK)
	if refunding.text("status") != "refunding" || refunding.text("refund_id") == "" {
		t.Errorf("refunding %v", refunding)
	}
	b.run(time.Minute)
	if got := b.get("/v1/surpluses/" + second.text("id")).want(http.StatusOK); got.text("status") != "refunded" {
		t.Errorf("surplus %v", got)
	}
	if got := b.get("/v1/payments/" + second.text("payment_id")).want(http.StatusOK); got.int("amount_surplus_refunded") != 501 {
		t.Errorf("payment %v", got)
	}
	got := b.balances()
	if got["surplus"] != 0 || got["sales"] != -501 || got["receivable:"+b.w.Channels["wechatpay"].ID] != 501 {
		t.Errorf("balances %v", got)
	}
	want := []string{"surplus.received", "surplus.accepted", "surplus.received", "surplus.refunded"}
	if got := b.events(); !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
	b.agree()
}

func TestMoneyPaidTwiceGoesBack(t *testing.T) {
	b := newBench(t)
	p := b.create("U3", 800)
	first := b.start(p.text("id"), "wechatpay", "h5")
	if err := b.w.Break(context.Background(), "wechatpay", "notify", "drop_notification", 1); err != nil {
		t.Fatal(err)
	}
	b.approve(first)
	// The switch asks before it offers another wallet, and finds out.
	b.post("/v1/payments/"+p.text("id")+"/attempts", object{"provider": "alipay", "product": "native"}).problem(http.StatusConflict, "already_paid", "")
	b.run(time.Minute)
	if got := b.get("/v1/payments/" + p.text("id")).want(http.StatusOK); got.text("status") != "paid" || got.int("amount_surplus") != 0 {
		t.Errorf("payment %v", got)
	}
	b.agree()
}

func TestRefundsAreListedByPayment(t *testing.T) {
	b := newBench(t)
	one, two := b.paid("V1", 900), b.paid("V2", 900)
	for i, p := range []object{one, two, two} {
		b.post("/v1/payments/"+p.text("id")+"/refunds", object{"reference": string(rune('a' + i)), "amount": 100}).want(http.StatusCreated)
	}
	if rows := b.get("/v1/refunds?payment_id=" + two.text("id")).want(http.StatusOK).list("data"); len(rows) != 2 {
		t.Errorf("refunds of one payment: %v", rows)
	}
	rows := b.get("/v1/refunds").want(http.StatusOK).list("data")
	if len(rows) != 3 || rows[0].text("status") != "reserved" || rows[0].text("object") != "refund" {
		t.Errorf("refunds: %v", rows)
	}
	job, err := b.w.Store.NextTestJob(context.Background())
	if err != nil || job.Kind != "refund_send" {
		t.Errorf("job %+v: %v", job, err)
	}
	b.run(time.Minute)
	if got := b.get("/v1/refunds/" + rows[0].text("id")).want(http.StatusOK); got.text("status") != "refunded" {
		t.Errorf("refund %v", got)
	}
	open := b.create("V3", 100)
	path := "/v1/payments/" + open.text("id") + "/refunds"
	b.post(path, object{"reference": "x", "amount": 1}).problem(http.StatusConflict, "nothing_to_refund", "")
	for _, amount := range []int64{0, -1, 1_000_000_000_001} {
		b.post("/v1/payments/"+one.text("id")+"/refunds", object{"reference": "y", "amount": amount}).problem(http.StatusUnprocessableEntity, "amount_out_of_range", "amount")
	}
	b.agree()
}
