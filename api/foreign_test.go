package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern"
)

// theirs makes one of everything for the world's merchant and returns the ids by the parameter that would name them, per path.
func (b *bench) theirs() map[string]string {
	b.Helper()
	p := b.paid("F1", 500)
	refund := b.post("/v1/payments/"+p.text("id")+"/refunds", object{"reference": "r", "amount": 100}).want(http.StatusCreated)
	_, surplus := b.mismatch("F2")
	shared, part := b.shareable("F3")
	share := b.post("/v1/payments/"+shared.text("id")+"/shares", part).want(http.StatusCreated)
	story := b.get("/v1/payments/" + p.text("id") + "?expand=story").want(http.StatusOK).object("story")
	endpoint := b.get("/v1/webhook_endpoints").want(http.StatusOK).list("data")[0]
	b.run(time.Minute)
	delivery := b.get("/v1/webhook_endpoints/" + endpoint.text("id") + "/deliveries").want(http.StatusOK).list("data")[0]
	channel := b.w.Channels["alipay"].ID
	closure := b.post("/v1/closures", object{"title": "x", "by": "host", "scope": object{"providers": []string{"nobody"}}, "withdraws": []object{{"act": "pay", "from": "2027-01-01T00:00:00Z"}}}).want(http.StatusCreated)
	link := b.post("/v1/links", object{"title": "x", "amount": 1, "currency": "CNY"}).want(http.StatusCreated)
	return map[string]string{
		"fleet_moves": b.fleetMove(), "credential_sets": b.w.Channels["alipay"].CredentialSetID, "kind": "x",
		"links": link.text("id"), "facade_accounts": b.face().text("id"),
		"payments": p.text("id"), "refunds": refund.text("id"), "shares": share.text("id"), "surpluses": surplus.text("id"), "webhook_endpoints": endpoint.text("id"),
		"deliveries": delivery.text("id"), "channels": channel, "closures": closure.text("id"), "merchants": b.w.Merchant.ID, "attempt_id": story.list("attempts")[0].text("id"),
		"events":        b.get("/v1/events").want(http.StatusOK).list("data")[0].text("id"),
		"api_keys":      b.get("/v1/api_keys").want(http.StatusOK).list("data")[0].text("id"),
		"generation_id": b.get("/v1/channels/" + channel + "/generations").want(http.StatusOK).list("data")[0].text("id"),
	}
}

// goodBodies are bodies that would be taken if the object were the caller's own.
var goodBodies = map[string]string{
	"create-attempt": `{"product":"native"}`, "create-refund": `{"reference":"x","amount":1}`, "confirm-refund": `{"saw":"x"}`, "reject-refund": `{"reason":"x"}`, "resolve-refund": `{"way":"reached","evidence":"x"}`, "create-share": `{"reference":"x","last":true}`, "unfreeze-share": `{"reference":"x"}`, "add-permission": `{"act":"pay","allowed":false}`,
	"set-channel": `{"version":1}`, "replace-channel": `{}`, "set-agreement": `{"version":1,"agreement":{}}`, "set-trade": `{"category":"x"}`, "rescope-closure": `{"scope":{}}`,
	"move-closure": `{"withdraws":[{"act":"pay","from":"2027-01-01T00:00:00Z"}]}`, "add-generation": `{"keys":{}}`, "add-account-generation": `{"keys":{}}`, "create-payment": `{"reference":"own","amount":1,"currency":"CNY","description":"d"}`,
}

// TestAnothersObjectsDoNotExist goes through the route table of the document: every route that names an object answers 404 for another merchant's, and what
// only partners may do answers 403. Nothing of the other merchant changes.
func TestAnothersObjectsDoNotExist(t *testing.T) {
	b := newBench(t)
	ids := b.theirs()
	var d object
	if err := json.Unmarshal(b.document(), &d); err != nil {
		t.Fatal(err)
	}
	owner := b.key
	before := b.everything()
	stranger := postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, b.w.Clock.Now(), b.w.Rand), Name: "stranger", Locale: "en", Zone: "UTC", CreatedAt: b.w.Clock.Now()}
	if err := b.w.Store.SaveMerchant(context.Background(), stranger); err != nil {
		t.Fatal(err)
	}
	merchantKey, _, err := b.w.API.MakeKey(context.Background(), stranger.ID, "stranger", false)
	if err != nil {
		t.Fatal(err)
	}
	b.partner(false)
	partnerKey := b.key
	named := 0
	for path, item := range d.object("paths") {
		for method, raw := range item.(map[string]any) {
			o := object(raw.(map[string]any))
			if !strings.Contains(path, "{") {
				continue
			}
			named++
			full := fill(t, path, ids)
			for who, key := range map[string]string{"a merchant": merchantKey, "a partner": partnerKey} {
				b.key = key
				header := []string{}
				if who == "a partner" && !strings.HasPrefix(path, "/v1/merchants") && !strings.HasPrefix(path, "/v1/api_keys") {
					header = []string{"Postern-Merchant", b.w.Merchant.ID}
				}
				a := b.do(strings.ToUpper(method), full, goodBodies[o.text("operationId")], header...)
				if a.Status != http.StatusNotFound {
					t.Errorf("%s %s as %s: %d %s", method, path, who, a.Status, a.Body)
				}
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d routes name an object", named)
	}
	b.key = merchantKey
	b.get("/v1/refunds?payment_id="+ids["payments"]).problem(http.StatusNotFound, "not_found", "")
	b.get("/v1/merchants").problem(http.StatusForbidden, "forbidden", "")
	for _, path := range []string{"/v1/payments", "/v1/refunds", "/v1/shares", "/v1/surpluses", "/v1/events", "/v1/webhook_endpoints", "/v1/channels", "/v1/links", "/v1/facade_accounts", "/v1/ledger/balances"} {
		if rows := b.get(path).want(http.StatusOK).list("data"); len(rows) != 0 {
			t.Errorf("%s shows a stranger %v", path, rows)
		}
	}
	b.key = owner
	if after := b.everything(); after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
}

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// fill puts ids in the place of a path's parameters: {id} is of the resource that stands before it.
func fill(t *testing.T, path string, ids map[string]string) string {
	t.Helper()
	resource := strings.Split(path, "/")[2]
	return parameter.ReplaceAllStringFunc(path, func(p string) string {
		name := strings.Trim(p, "{}")
		if name == "id" {
			name = resource
		}
		if ids[name] == "" {
			t.Fatalf("no id for %s of %s", p, path)
		}
		return ids[name]
	})
}

// everything is all that the merchant's lists show, as text.
func (b *bench) everything() string {
	b.Helper()
	var out strings.Builder
	for _, path := range []string{"/v1/payments", "/v1/refunds", "/v1/shares", "/v1/surpluses", "/v1/events", "/v1/webhook_endpoints", "/v1/channels", "/v1/links", "/v1/facade_accounts", "/v1/credential_sets", "/v1/api_keys", "/v1/ledger/balances"} {
		out.Write(b.get(path + "?limit=100").Body)
	}
	return out.String()
}
