package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"postern"
)

// partner makes a partner with a key and acts as it.
func (b *bench) partner(live bool) string {
	b.Helper()
	ctx := context.Background()
	p := postern.Partner{ID: postern.NewID(postern.PrefixPartner, b.w.Clock.Now(), b.w.Rand), Name: "东便门科技", CreatedAt: b.w.Clock.Now()}
	if err := b.w.Store.SavePartner(ctx, p); err != nil {
		b.Fatal(err)
	}
	var err error
	if b.key, _, err = b.w.API.MakeKey(ctx, p.ID, "partner", live); err != nil {
		b.Fatal(err)
	}
	return p.ID
}

func TestAPartnerActsForItsMerchants(t *testing.T) {
	b := newBench(t)
	direct := b.w.Merchant.ID
	merchantKey := b.key
	partnerID := b.partner(false)
	m := b.post("/v1/merchants", object{"name": "老李包子", "locale": "en", "surplus": object{"hold_late": true}}).want(http.StatusCreated)
	if m.text("object") != "merchant" || m.text("partner_id") != partnerID || m["livemode"] != false || m.text("zone") != "Asia/Shanghai" || m.object("surplus")["hold_late"] != true {
		t.Errorf("merchant %v", m)
	}
	b.post("/v1/payments", order("P1", 100)).problem(http.StatusUnprocessableEntity, "invalid_request", "Postern-Merchant")
	b.post("/v1/payments", order("P1", 100), "Postern-Merchant", direct).problem(http.StatusNotFound, "not_found", "Postern-Merchant")
	b.post("/v1/payments", order("P1", 100), "Postern-Merchant", "mer_x").problem(http.StatusNotFound, "not_found", "Postern-Merchant")
	p := b.post("/v1/payments", order("P1", 100), "Postern-Merchant", m.text("id")).want(http.StatusCreated)
	if rows := b.get("/v1/merchants").want(http.StatusOK).list("data"); len(rows) != 1 || rows[0].text("id") != m.text("id") {
		t.Errorf("merchants %v", rows)
	}
	b.get("/v1/merchants/"+direct).problem(http.StatusNotFound, "not_found", "")
	// A key of the merchant's own, made by the partner, sees the payment and not the partner.
	key := b.post("/v1/api_keys", object{"name": "till"}, "Postern-Merchant", m.text("id")).want(http.StatusCreated)
	b.key = key.text("secret")
	if got := b.get("/v1/payments/" + p.text("id")).want(http.StatusOK); got.text("reference") != "P1" {
		t.Errorf("payment %v", got)
	}
	if got := b.get("/v1/merchants/" + m.text("id")).want(http.StatusOK); got.text("name") != "老李包子" {
		t.Errorf("merchant %v", got)
	}
	b.get("/v1/merchants").problem(http.StatusForbidden, "forbidden", "")
	b.post("/v1/merchants", object{"name": "x"}).problem(http.StatusForbidden, "forbidden", "")
	b.get("/v1/payments", "Postern-Merchant", direct).problem(http.StatusNotFound, "not_found", "Postern-Merchant")
	b.get("/v1/payments", "Postern-Merchant", m.text("id")).want(http.StatusOK)
	b.key = merchantKey
	b.get("/v1/payments/"+p.text("id")).problem(http.StatusNotFound, "not_found", "")
}

func TestTestAndLiveNeverMix(t *testing.T) {
	b := newBench(t)
	partnerID := b.partner(false)
	m := b.post("/v1/merchants", object{"name": "test"}).want(http.StatusCreated)
	live, _, err := b.w.API.MakeKey(context.Background(), partnerID, "live", true)
	if err != nil {
		t.Fatal(err)
	}
	b.key = live
	if !strings.HasPrefix(live, "sk_live_") {
		t.Errorf("live keys begin with %.8s", live)
	}
	b.get("/v1/payments", "Postern-Merchant", m.text("id")).problem(http.StatusForbidden, "mode_mismatch", "")
	b.get("/v1/merchants/"+m.text("id")).problem(http.StatusNotFound, "not_found", "")
	if rows := b.get("/v1/merchants").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("merchants of the other mode: %v", rows)
	}
	lm := b.post("/v1/merchants", object{"name": "live"}).want(http.StatusCreated)
	if lm["livemode"] != true {
		t.Errorf("merchant %v", lm)
	}
	b.as = lm.text("id")
	b.post("/v1/webhook_endpoints", object{"url": "http://shop.example/plain"}).problem(http.StatusUnprocessableEntity, "invalid_request", "url")
	box := b.w.Sandboxes["wechatpay"]
	keys := map[string]string{}
	for name, value := range box.Keys {
		keys[name] = string(value)
	}
	body := object{"provider": "wechatpay", "settings": box.Settings, "keys": keys, "products": []string{"native"}}
	o := b.post("/v1/channels", body).problem(http.StatusUnprocessableEntity, "invalid_request", "settings.base_url")
	if o.text("fix") == "" {
		t.Errorf("problem %v", o)
	}
	if rows := b.get("/v1/channels").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("channels %v", rows)
	}
}

func TestKeysAreMadeUsedAndRevoked(t *testing.T) {
	b := newBench(t)
	first := b.key
	k := b.post("/v1/api_keys", object{"name": "till 2"}).want(http.StatusCreated)
	secret := k.text("secret")
	if k.text("object") != "api_key" || !strings.HasPrefix(secret, "sk_test_") || !strings.HasPrefix(secret, k.text("prefix")) || k["livemode"] != false {
		t.Fatalf("key %v", k)
	}
	b.key = secret
	b.create("K1", 100)
	rows := b.get("/v1/api_keys").want(http.StatusOK).list("data")
	for _, row := range rows {
		if row["secret"] != nil {
			t.Errorf("a secret is shown again: %v", row)
		}
	}
	if len(rows) != 2 {
		t.Errorf("keys %v", rows)
	}
	b.key = first
	if got := b.do(http.MethodPost, "/v1/api_keys/"+k.text("id")+"/revoke", "").want(http.StatusOK); got["revoked_at"] == nil {
		t.Errorf("revoked %v", got)
	}
	b.key = secret
	a := b.get("/v1/payments")
	a.problem(http.StatusUnauthorized, "unauthenticated", "Authorization")
	if a.Header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic " + first, "Bearer " + first + "x", "Bearer " + first[:len(first)-1] + "0", "Bearer sk_test_" + strings.Repeat("0", 34), first} {
		b.get("/v1/payments", "Authorization", header).problem(http.StatusUnauthorized, "unauthenticated", "Authorization")
	}
	b.get("/v1/payments", "Authorization", "bearer "+first).want(http.StatusOK)
}
