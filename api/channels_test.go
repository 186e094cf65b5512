package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func (b *bench) channelBody(provider string) object {
	b.Helper()
	box := b.w.Sandboxes[provider]
	keys := map[string]string{}
	for name, value := range box.Keys {
		keys[name] = string(value)
	}
	return object{"provider": provider, "settings": box.Settings, "keys": keys, "products": box.Products}
}

func TestAChannelIsAddedOverTheAPI(t *testing.T) {
	b := newBench(t)
	a := b.post("/v1/channels", b.channelBody("alipay"), "Idempotency-Key", "c1")
	c := a.want(http.StatusCreated)
	if c.text("object") != "channel" || c.text("provider") != "alipay" || c["sandbox"] != true || strings.Contains(string(a.Body), "PRIVATE") {
		t.Errorf("channel %s", a.Body)
	}
	if again := b.post("/v1/channels", b.channelBody("alipay"), "Idempotency-Key", "c1").want(http.StatusCreated); again.text("id") != c.text("id") {
		t.Errorf("again %v", again)
	}
	second := b.post("/v1/channels", object{"provider": "alipay", "credential_set_id": c.text("credential_set_id"), "products": []string{"native"}, "rank": 5}).want(http.StatusCreated)
	if second.text("credential_set_id") != c.text("credential_set_id") || second.int("rank") != 5 {
		t.Errorf("second %v", second)
	}
	if got := b.get("/v1/channels/" + c.text("id")).want(http.StatusOK); got.text("id") != c.text("id") {
		t.Errorf("read %v", got)
	}
	for field, change := range map[string]func(object){
		"provider":               func(o object) { o["provider"] = "paypal" },
		"products":               func(o object) { o["products"] = []string{"teleport_product"} },
		"keys.app_private_key":   func(o object) { o["keys"] = map[string]string{} },
		"keys.alipay_public_key": func(o object) { o["keys"].(map[string]string)["alipay_public_key"] = "no key" },
		"keys.nonsense":          func(o object) { o["keys"].(map[string]string)["nonsense"] = "x" },
		"settings.app_id":        func(o object) { o["settings"] = map[string]string{} },
		"settings.unknown_setting": func(o object) {
			o["settings"] = map[string]string{"app_id": "2", "seller_id": "3", "unknown_setting": "x"}
		},
	} {
		body := b.channelBody("alipay")
		change(body)
		a := b.post("/v1/channels", body)
		a.problem(http.StatusUnprocessableEntity, "invalid_request", field)
		if strings.Contains(string(a.Body), "teleport_product") || strings.Contains(string(a.Body), "no key") {
			t.Errorf("the problem echoes a value: %s", a.Body)
		}
	}
	if rows := b.get("/v1/channels").want(http.StatusOK).list("data"); len(rows) != 4 {
		t.Errorf("%d channels, want the world's two and these two", len(rows))
	}
}

func TestPermissionsAreDatedAndObeyed(t *testing.T) {
	b := newBench(t)
	path := "/v1/channels/" + b.w.Channels["alipay"].ID + "/permissions"
	paid := b.paid("paid", 100)
	from, until := b.w.Clock.Now().Add(time.Hour), b.w.Clock.Now().Add(2*time.Hour)
	c := b.post(path, object{"act": "pay", "allowed": false, "from": from, "until": until, "note": "the gate is shut for an hour"}).want(http.StatusOK)
	if p := c.list("permissions"); len(p) != 1 || p[0].text("source") != "operator" || p[0]["allowed"] != false {
		t.Fatalf("channel %v", c)
	}
	start := func(reference string) answer {
		p := b.create(reference, 100)
		return b.post("/v1/payments/"+p.text("id")+"/attempts", object{"provider": "alipay", "product": "native"})
	}
	start("before").want(http.StatusCreated)
	b.w.Clock.Advance(90 * time.Minute)
	start("within").problem(http.StatusUnprocessableEntity, "no_route", "")
	b.w.Clock.Advance(time.Hour)
	start("after").want(http.StatusCreated)
	// One product only, and refunds.
	b.post(path, object{"act": "pay", "allowed": false, "product": "native"}).want(http.StatusOK)
	start("product").problem(http.StatusUnprocessableEntity, "no_route", "")
	p := b.create("h5", 100)
	b.post("/v1/payments/"+p.text("id")+"/attempts", object{"provider": "alipay", "product": "h5"}).want(http.StatusCreated)
	p = paid
	b.post(path, object{"act": "refund", "allowed": false}).want(http.StatusOK)
	b.post("/v1/payments/"+p.text("id")+"/refunds", object{"reference": "r", "amount": 1}).problem(http.StatusForbidden, "forbidden", "")
	b.post(path, object{"act": "refund", "allowed": true}).want(http.StatusOK)
	b.post("/v1/payments/"+p.text("id")+"/refunds", object{"reference": "r", "amount": 1}).want(http.StatusCreated)
	b.post(path, object{"act": "steal", "allowed": true}).problem(http.StatusUnprocessableEntity, "invalid_request", "act")
	b.post(path, object{"act": "pay", "allowed": true, "from": until, "until": from}).problem(http.StatusUnprocessableEntity, "invalid_request", "until")
	b.post(path, object{"act": "pay", "allowed": true, "product": "teleport"}).problem(http.StatusUnprocessableEntity, "invalid_request", "product")
}

func TestGenerationsRotate(t *testing.T) {
	b := newBench(t)
	path := "/v1/channels/" + b.w.Channels["wechatpay"].ID + "/generations"
	old := b.get(path).want(http.StatusOK).list("data")
	if len(old) != 1 || old[0].text("object") != "generation" {
		t.Fatalf("generations %v", old)
	}
	b.do(http.MethodPost, path+"/"+old[0].text("id")+"/retire", "").problem(http.StatusConflict, "conflict", "")
	a := b.post(path, object{"keys": b.channelBody("wechatpay")["keys"]})
	fresh := a.want(http.StatusCreated)
	if strings.Contains(string(a.Body), "PRIVATE KEY") || len(fresh["fields"].([]any)) == 0 {
		t.Errorf("generation %s", a.Body)
	}
	retired := b.do(http.MethodPost, path+"/"+old[0].text("id")+"/retire", "").want(http.StatusOK)
	if retired["not_after"] == nil || retired["retired_at"] != nil {
		t.Errorf("retired %v", retired)
	}
	b.paid("G1", 100)
	p := b.create("G2", 100)
	b.start(p.text("id"), "wechatpay", "native")
	state, err := b.w.State(t.Context(), paymentOf(b, p))
	if err != nil || state.Attempts[0].GenerationID != fresh.text("id") {
		t.Errorf("signed by %v, want %s: %v", state.Attempts, fresh.text("id"), err)
	}
	b.do(http.MethodPost, path+"/gen_nowhere/retire", "").problem(http.StatusNotFound, "not_found", "")
	b.post(path, object{"keys": object{}}).want(http.StatusUnprocessableEntity)
	b.post(path, object{"keys": b.channelBody("wechatpay")["keys"], "not_before": "2027-01-01T00:00:00Z", "not_after": "2026-12-01T00:00:00Z"}).problem(http.StatusUnprocessableEntity, "invalid_request", "not_after")
}
