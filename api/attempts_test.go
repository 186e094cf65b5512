package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// payer walks the provider's sign-in as a buyer's app would and returns who the buyer is.
func (b *bench) payer(provider string) string {
	b.Helper()
	ctx, channel := context.Background(), b.w.Channels[provider].ID
	address, err := b.w.Engine.AuthorizeURL(ctx, b.w.Merchant.ID, channel, "http://shop.example/back", "s")
	if err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		b.Fatal(err)
	}
	response, err := b.w.Net.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	back, err := response.Location()
	if err != nil {
		b.Fatalf("%s: %d: %v", address, response.StatusCode, err)
	}
	id, err := b.w.Engine.ResolvePayer(ctx, b.w.Merchant.ID, channel, back.Query().Get)
	if err != nil {
		b.Fatal(err)
	}
	return id
}

func TestAttemptsByEachProductSayWhatToDo(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		provider, product, action string
		fields                    []string
		extra                     object
	}{
		{"alipay", "native", "qr", []string{"content", "expires_at"}, nil},
		{"alipay", "h5", "redirect", []string{"url"}, nil},
		{"alipay", "page", "redirect", []string{"url"}, nil},
		{"alipay", "jsapi", "jsapi", []string{"bridge", "params"}, object{"payer_id": b.payer("alipay")}},
		{"wechatpay", "native", "qr", []string{"content", "expires_at"}, nil},
		{"wechatpay", "h5", "redirect", []string{"url"}, nil},
		{"wechatpay", "jsapi", "jsapi", []string{"bridge", "params"}, object{"payer_id": b.payer("wechatpay")}},
	} {
		t.Run(c.provider+" "+c.product, func(t *testing.T) {
			bb := *b
			bb.T = t
			p := bb.create("T-"+c.provider+c.product, 6800)
			body := object{"provider": c.provider, "product": c.product, "client_ip": "203.0.113.7"}
			for name, value := range c.extra {
				body[name] = value
			}
			at := bb.post("/v1/payments/"+p.text("id")+"/attempts", body).want(http.StatusCreated)
			action := at.object("action")
			if at.text("object") != "attempt" || at.text("status") != "pending" || at.text("provider") != c.provider || at.text("product") != c.product || action.text("type") != c.action {
				t.Fatalf("attempt %v", at)
			}
			for _, name := range c.fields {
				if action[name] == nil {
					t.Errorf("the action has no %s: %v", name, action)
				}
			}
			if got := bb.get("/v1/payments/" + p.text("id")).want(http.StatusOK); got.text("status") != "processing" {
				t.Errorf("payment %v", got)
			}
			read := bb.get("/v1/payments/" + p.text("id") + "/attempts/" + at.text("id")).want(http.StatusOK)
			if read.object("action").text("type") != c.action {
				t.Errorf("read %v", read)
			}
			again := bb.post("/v1/payments/"+p.text("id")+"/attempts", body).want(http.StatusCreated)
			if again.text("id") != at.text("id") {
				t.Errorf("a live attempt of the same product and payer was not used again: %v", again)
			}
		})
	}
}

func TestAnotherWalletClosesTheFirst(t *testing.T) {
	b := newBench(t)
	p := b.create("W1", 6800)
	first := b.start(p.text("id"), "alipay", "h5")
	second := b.start(p.text("id"), "wechatpay", "native")
	if read := b.get("/v1/payments/" + p.text("id") + "/attempts/" + first.text("id")).want(http.StatusOK); read.text("status") != "closed" || read.object("action").text("type") != "none" {
		t.Errorf("the first wallet %v", read)
	}
	third := b.start(p.text("id"), "alipay", "native")
	b.approve(third)
	b.run(10 * time.Second)
	o := b.post("/v1/payments/"+p.text("id")+"/attempts", object{"product": "native"}).problem(http.StatusConflict, "already_paid", "")
	if o.text("object_id") != p.text("id") {
		t.Errorf("problem %v of the payment after %v", o, second)
	}
	b.agree()
}

func TestAStartWithoutAnAnswerWaits(t *testing.T) {
	b := newBench(t)
	p := b.create("W2", 6800)
	if err := b.w.Break(context.Background(), "wechatpay", "native", "drop_response", 1); err != nil {
		t.Fatal(err)
	}
	path := "/v1/payments/" + p.text("id") + "/attempts"
	at := b.post(path, object{"provider": "wechatpay", "product": "native"}).want(http.StatusAccepted)
	if action := at.object("action"); at.text("status") != "unknown" || action.text("type") != "wait" || action.int("poll_after_ms") != 1000 {
		t.Fatalf("attempt %v", at)
	}
	if read := b.get(path + "/" + at.text("id")).want(http.StatusOK); read.object("action").text("type") != "wait" {
		t.Errorf("read %v", read)
	}
	b.run(time.Minute)
	if read := b.get(path + "/" + at.text("id")).want(http.StatusOK); read.text("status") != "closed" {
		t.Errorf("nobody saw the attempt, so it is closed behind the buyer's back: %v", read)
	}
	if got := b.events(); !slices.Equal(got, []string{"payment.attempt_unknown"}) {
		t.Errorf("events %v", got)
	}
	b.approve(b.start(p.text("id"), "alipay", "native"))
	b.run(10 * time.Second)
	if got := b.get("/v1/payments/" + p.text("id")).want(http.StatusOK); got.text("status") != "paid" {
		t.Errorf("payment %v", got)
	}
	b.agree()
}

func TestARefusedStartNamesItsAttempt(t *testing.T) {
	b := newBench(t)
	p := b.create("W3", 6800)
	if err := b.w.Break(context.Background(), "wechatpay", "native", "closed", 1); err != nil {
		t.Fatal(err)
	}
	path := "/v1/payments/" + p.text("id") + "/attempts"
	o := b.post(path, object{"provider": "wechatpay", "product": "native"}).problem(http.StatusUnprocessableEntity, "provider_refused", "")
	read := b.get(path + "/" + o.text("object_id")).want(http.StatusOK)
	if read.text("status") != "failed" || read.text("provider_code") == "" {
		t.Errorf("attempt %v", read)
	}
	// The provider says that the merchant may not collect: the product is out until a person restores it.
	b.post(path, object{"provider": "wechatpay", "product": "native"}).problem(http.StatusUnprocessableEntity, "no_route", "")
	channel := b.w.Channels["wechatpay"].ID
	if health := fmt.Sprint(b.get("/v1/channels/" + channel + "/health").want(http.StatusOK)); !strings.Contains(health, "NO_AUTH") || !strings.Contains(health, "suspended") {
		t.Errorf("health %s", health)
	}
	restored := b.do(http.MethodPost, "/v1/channels/"+channel+"/restore", "").want(http.StatusOK)
	if len(restored.list("permissions")) != 0 {
		t.Errorf("channel %v", restored)
	}
	b.start(p.text("id"), "wechatpay", "native")
	b.run(5 * time.Second)
	if got := b.events(); !slices.Equal(got, []string{"channel.suspended", "channel.restored"}) {
		t.Errorf("events %v", got)
	}
}
