package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/sim"
)

// route is one line of the document's table of routes.
type routeLine struct {
	method, path, operation, scope string
}

func (b *bench) routes() []routeLine {
	b.Helper()
	var d object
	if err := json.Unmarshal(b.document(), &d); err != nil {
		b.Fatal(err)
	}
	var out []routeLine
	for path, item := range d.object("paths") {
		for method, raw := range item.(map[string]any) {
			o := object(raw.(map[string]any))
			out = append(out, routeLine{strings.ToUpper(method), path, o.text("operationId"), o.text("x-postern-scope")})
		}
	}
	return out
}

// alipayAccount is a partner's account at the simulated Alipay, and a channel over it for a merchant of the partner's.
func (b *bench) partnerShop(name string) (partnerID, key, merchantID string, channel object) {
	b.Helper()
	partnerID = b.partner(false)
	key = b.key
	m := b.post("/v1/merchants", object{"name": name, "reference": name}).want(http.StatusCreated)
	box := b.w.Sandboxes["alipay"]
	keys := map[string]string{}
	for k, v := range box.Keys {
		keys[k] = string(v)
	}
	set := b.post("/v1/credential_sets", object{"provider": "alipay", "settings": box.Settings, "keys": keys}).want(http.StatusCreated)
	channel = b.post("/v1/channels", object{"provider": "alipay", "credential_set_id": set.text("id"), "products": []string{"native"}}, "Postern-Merchant", m.text("id")).want(http.StatusCreated)
	return partnerID, key, m.text("id"), channel
}

// TestAPartnersKeyReachesItsOwnMerchantsOnly goes through the route table: every route refuses another partner's key that names this partner's merchant, and what
// belongs to the partner itself does not exist for the other. Nothing changes.
//
// Red without: the comparison of owners in authenticate (api/auth.go).
func TestAPartnersKeyReachesItsOwnMerchantsOnly(t *testing.T) {
	b := newBench(t)
	_, first, merchantID, channel := b.partnerShop("first")
	b.as = merchantID
	p := b.create("X1", 500)
	a := b.start(p.text("id"), "alipay", "native")
	b.as = ""
	endpoint := b.post("/v1/webhook_endpoints", object{"url": "http://" + sim.MerchantHost + "/partner"}).want(http.StatusCreated)
	b.approve(a)
	b.run(time.Minute)
	b.partner(false)
	second := b.key
	everything := func() string {
		b.key, b.as = first, merchantID
		out := b.everything()
		b.as = ""
		for _, path := range []string{"/v1/webhook_endpoints", "/v1/credential_sets", "/v1/merchants", "/v1/events", "/v1/partner/payments", "/v1/partner/events"} {
			out += string(b.get(path).Body)
		}
		return out
	}
	before := everything()
	ids := map[string]string{
		"credential_sets": channel.text("credential_set_id"), "webhook_endpoints": endpoint.text("id"), "merchants": merchantID, "channels": channel.text("id"), "payments": p.text("id"),
		"attempt_id": a.text("id"),
	}
	b.key = second
	for _, r := range b.routes() {
		path := parameter.ReplaceAllStringFunc(r.path, func(p string) string {
			name := strings.Trim(p, "{}")
			if name == "id" {
				name = strings.Split(r.path, "/")[2]
			}
			if ids[name] == "" {
				return "x_00000000000000000000000000"
			}
			return ids[name]
		})
		if got := b.do(r.method, path, goodBodies[r.operation], "Postern-Merchant", merchantID); got.Status != http.StatusNotFound {
			t.Errorf("%s %s with another's merchant: %d %s", r.method, r.path, got.Status, got.Body)
		}
		if !strings.Contains(r.path, "{") {
			continue
		}
		if got := b.do(r.method, path, goodBodies[r.operation]); got.Status != http.StatusNotFound && got.Status != http.StatusForbidden && got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s %s of another's: %d %s", r.method, r.path, got.Status, got.Body)
		}
	}
	if after := everything(); after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
	b.key = second
	for _, path := range []string{"/v1/partner/payments", "/v1/partner/refunds", "/v1/partner/events", "/v1/merchants", "/v1/webhook_endpoints", "/v1/credential_sets"} {
		if rows := b.get(path).want(http.StatusOK).list("data"); len(rows) != 0 {
			t.Errorf("%s shows another partner %v", path, rows)
		}
	}
}

// TestScopes goes through the route table with keys of one scope each: what wants another is refused before its body is looked at, and a key makes keys with its own
// scopes only.
//
// Red without: guard (api/scopes.go).
func TestScopes(t *testing.T) {
	b := newBench(t)
	full := b.key
	keys := map[string]string{}
	for _, scope := range []string{"read", "pay", "refund", "manage"} {
		keys[scope] = b.post("/v1/api_keys", object{"name": scope, "scopes": []string{scope}}).want(http.StatusCreated).text("secret")
	}
	before := b.everything()
	for _, r := range b.routes() {
		if r.scope == "" {
			t.Errorf("%s %s says no scope", r.method, r.path)
		}
		for scope, key := range keys {
			if scope == r.scope {
				continue
			}
			b.key = key
			path := parameter.ReplaceAllString(r.path, "x_00000000000000000000000000")
			b.do(r.method, path, goodBodies[r.operation]).problem(http.StatusForbidden, "forbidden", "")
		}
	}
	b.key = full
	if after := b.everything(); after != before {
		t.Error("something changed")
	}
	b.key = keys["read"]
	b.get("/v1/payments").want(http.StatusOK)
	b.key = keys["pay"]
	b.create("S1", 100)
	b.key = keys["manage"]
	b.post("/v1/api_keys", object{"name": "more"}).problem(http.StatusForbidden, "forbidden", "scopes")
	b.post("/v1/api_keys", object{"name": "more", "scopes": []string{"manage", "pay"}}).problem(http.StatusForbidden, "forbidden", "scopes")
	own := b.post("/v1/api_keys", object{"name": "own", "scopes": []string{"manage"}}).want(http.StatusCreated)
	b.post("/v1/api_keys", object{"name": "x", "scopes": []string{"root"}}).want(http.StatusUnprocessableEntity)
	rows := b.get("/v1/api_keys")
	if rows.Status != http.StatusForbidden {
		t.Errorf("a key that manages reads: %d", rows.Status)
	}
	b.key = full
	for _, row := range b.get("/v1/api_keys").want(http.StatusOK).list("data") {
		if scopes, _ := row["scopes"].([]any); row.text("id") == own.text("id") && (len(scopes) != 1 || scopes[0] != "manage") {
			t.Errorf("scopes %v", row)
		}
	}
}

// TestAPartnerSeesAllItsMerchants: lists of payments, refunds and events over several merchants, page by page, each row with its merchant; one endpoint hears of all
// of them and of nobody else, in its own mode only; the merchant's own key knows nothing of it.
func TestAPartnerSeesAllItsMerchants(t *testing.T) {
	b := newBench(t)
	_, partnerKey, firstID, channel := b.partnerShop("one")
	second := b.post("/v1/merchants", object{"name": "two", "reference": "two"}).want(http.StatusCreated)
	b.post("/v1/merchants", object{"name": "again", "reference": "two"}).problem(http.StatusConflict, "reference_taken", "reference")
	b.post("/v1/channels", object{"provider": "alipay", "credential_set_id": channel.text("credential_set_id"), "products": []string{"native"}}, "Postern-Merchant", second.text("id")).want(http.StatusCreated)
	endpoint := b.post("/v1/webhook_endpoints", object{"url": "http://" + sim.MerchantHost + "/partner", "types": []string{"payment.paid"}}).want(http.StatusCreated)
	for i, m := range []string{firstID, second.text("id"), firstID} {
		b.as = m
		b.approve(b.start(b.create("A"+string(rune('0'+i)), int64(100+i)).text("id"), "alipay", "native"))
	}
	b.run(time.Minute)
	b.as = ""
	var seen []string
	for after := ""; ; {
		page := b.get("/v1/partner/payments?limit=2" + after).want(http.StatusOK)
		for _, row := range page.list("data") {
			seen = append(seen, row.text("merchant_id")+" "+row.text("reference")+" "+row.text("status"))
		}
		if page.text("next_cursor") == "" {
			break
		}
		after = "&after=" + page.text("next_cursor")
	}
	if want := []string{firstID + " A2 paid", second.text("id") + " A1 paid", firstID + " A0 paid"}; !slices.Equal(seen, want) {
		t.Errorf("payments %v, want %v", seen, want)
	}
	events := b.get("/v1/partner/events?limit=100").want(http.StatusOK).list("data")
	if len(events) != 3 || events[0].text("merchant_id") == "" {
		t.Errorf("events %v", events)
	}
	b.get("/v1/partner/events?since=2026-01-01T00:00:00Z").problem(http.StatusUnprocessableEntity, "invalid_request", "since")
	deliveries := b.get("/v1/webhook_endpoints/" + endpoint.text("id") + "/deliveries").want(http.StatusOK).list("data")
	if len(deliveries) != 3 {
		t.Fatalf("deliveries %v", deliveries)
	}
	own := b.post("/v1/api_keys", object{"name": "own"}, "Postern-Merchant", firstID).want(http.StatusCreated).text("secret")
	foreign := ""
	for _, d := range deliveries {
		if d.text("status") != "delivered" && d.text("status") != "waiting" {
			t.Errorf("delivery %v", d)
		}
		if d.text("merchant_id") == firstID {
			foreign = d.text("id")
		}
	}
	b.post("/v1/deliveries/"+foreign+"/replay", nil, "Postern-Merchant", firstID).want(http.StatusCreated)
	b.key = own
	b.get("/v1/deliveries/"+foreign).problem(http.StatusNotFound, "not_found", "")
	b.post("/v1/deliveries/"+foreign+"/replay", nil).problem(http.StatusNotFound, "not_found", "")
	b.get("/v1/partner/payments").problem(http.StatusForbidden, "forbidden", "")
	b.key = partnerKey
	if rows := b.get("/v1/webhook_endpoints", "Postern-Merchant", firstID).want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("the merchant has endpoints of its own: %v", rows)
	}
}

// TestAChannelsOwnValues: what is given beside a known account is the channel's own and only what the provider has per channel; it is never shown again where it is
// a key, and each setting says whose it is.
//
// Red without: the field's PerChannel in equip or sealOwn (engine/own.go), or the partner in checkChannel (engine/channel.go).
func TestAChannelsOwnValues(t *testing.T) {
	b := newBench(t)
	b.w.Engine.Registry["alipay"] = sim.Partnered(b.w.Engine.Registry["alipay"])
	_, _, merchantID, channel := b.partnerShop("own")
	b.as = merchantID
	path := "/v1/channels/" + channel.text("id")
	set := func(version int64, settings, keys map[string]string) answer {
		return b.post(path+"/settings", object{"version": version, "settings": settings, "keys": keys})
	}
	set(1, map[string]string{"app_id": "2021"}, nil).problem(http.StatusUnprocessableEntity, "invalid_request", "settings.app_id")
	set(1, map[string]string{"colour": "red"}, nil).problem(http.StatusUnprocessableEntity, "invalid_request", "settings.colour")
	set(1, nil, map[string]string{"app_private_key": "x"}).problem(http.StatusUnprocessableEntity, "invalid_request", "keys.app_private_key")
	set(1, nil, map[string]string{"colour": "x"}).problem(http.StatusUnprocessableEntity, "invalid_request", "keys.colour")
	set(7, nil, nil).problem(http.StatusConflict, "conflict", "version")
	got := set(1, map[string]string{"shop_no": "S-1"}, map[string]string{"shop_token": "201510BBaabdb44d8fd04607abf8d5931ec75D84"}).want(http.StatusOK)
	if text, _ := json.Marshal(got); strings.Contains(string(text), "201510BB") {
		t.Error("a key is shown again")
	}
	sources := map[string]string{}
	for _, s := range b.get(path).want(http.StatusOK).list("settings") {
		sources[s.text("name")] = s.text("source") + " " + s.text("value")
	}
	if sources["shop_no"] != "channel S-1" || !strings.HasPrefix(sources["app_id"], "account ") {
		t.Errorf("settings %v", sources)
	}
	c, err := b.w.Store.Channel(context.Background(), merchantID, channel.text("id"))
	if err != nil || len(c.Secrets["shop_token"]) == 0 || strings.Contains(string(c.Secrets["shop_token"]), "201510BB") {
		t.Errorf("the token is not sealed: %q %v", c.Secrets, err)
	}
	set(2, map[string]string{"shop_no": ""}, map[string]string{"shop_token": ""}).want(http.StatusOK)
	if after := b.get(path).want(http.StatusOK); after["own_keys"] != nil {
		t.Errorf("%v", after)
	}
	// The account is the partner's: another's merchant gets no channel over it, and the merchant's own key neither.
	setID := channel.text("credential_set_id")
	partnerID := c.CredentialOwnerID
	_, err = b.w.Engine.AddChannel(context.Background(), engine.NewChannel{Merchant: b.w.Merchant, OwnerID: partnerID, Provider: "alipay", CredentialSetID: setID, Products: []string{"native"}})
	if postern.CodeOf(err) != postern.CodeForbidden {
		t.Errorf("another's merchant over a partner's account: %v", err)
	}
	b.key = b.post("/v1/api_keys", object{"name": "own"}).want(http.StatusCreated).text("secret")
	b.post("/v1/channels", object{"provider": "alipay", "credential_set_id": setID, "products": []string{"native"}}).problem(http.StatusNotFound, "not_found", "")
	set(3, nil, nil).problem(http.StatusForbidden, "forbidden", "")
}
