package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestImportOverHTTP: a list larger than any other body is planned, confirmed by its digest and then unchanged; a digest that does not fit writes nothing; a merchant's
// key may not; what is no list says where.
func TestImportOverHTTP(t *testing.T) {
	b := newBench(t)
	merchantKey := b.key
	b.partnerShop("before")
	var list strings.Builder
	list.WriteString("reference,name,alipay.products\n")
	for i := range 2000 {
		fmt.Fprintf(&list, "R-%d,%s,native h5\n", i, strings.Repeat("饼", 20))
	}
	send := func(text, confirm string) answer {
		return b.post("/v1/partner/imports", object{"file": base64.StdEncoding.EncodeToString([]byte(text)), "confirm": confirm})
	}
	plan := send(list.String(), "").want(http.StatusOK)
	if plan.int("new") != 2000 || plan["done"] != false || plan.int("written") != 0 {
		t.Fatalf("new %d, done %v", plan.int("new"), plan["done"])
	}
	send(list.String(), strings.Repeat("0", 64)).problem(http.StatusConflict, "conflict", "confirm")
	if n := len(b.get("/v1/merchants?limit=100").want(http.StatusOK).list("data")); n != 1 {
		t.Fatalf("%d merchants before anything was confirmed", n)
	}
	done := send(list.String(), plan.text("digest")).want(http.StatusOK)
	if done.int("written") != 2000 || done["done"] != true {
		t.Errorf("written %d, done %v", done.int("written"), done["done"])
	}
	again := send(list.String(), "").want(http.StatusOK)
	if again.int("unchanged") != 2000 || len(again.list("rows")) != 0 {
		t.Errorf("the same list again: %v", again)
	}
	send("name\nx\n", "").problem(http.StatusUnprocessableEntity, "invalid_request", "line 1")
	send("reference,nobody.products\na,b\n", "").problem(http.StatusUnprocessableEntity, "invalid_request", "line 1")
	b.do(http.MethodPost, "/v1/merchants", `{"name":"`+strings.Repeat("x", 70_000)+`"}`).problem(http.StatusRequestEntityTooLarge, "body_too_large", "")
	b.key = merchantKey
	send(list.String(), "").problem(http.StatusForbidden, "forbidden", "")
}

// TestAccountsOverHTTP: an account is added without a channel, its keys are never shown, a generation is added, and it is given up in one act that says what it does; a
// merchant's own key does not see its partner's.
func TestAccountsOverHTTP(t *testing.T) {
	b := newBench(t)
	_, _, merchantID, channel := b.partnerShop("shop")
	set := "/v1/credential_sets/" + channel.text("credential_set_id")
	got := b.get(set)
	if got.want(http.StatusOK).text("object") != "credential_set" || strings.Contains(string(got.Body), "PRIVATE") {
		t.Errorf("%s", got.Body)
	}
	keys := map[string]string{}
	for name, value := range b.w.Sandboxes["alipay"].Keys {
		keys[name] = string(value)
	}
	until := b.w.Clock.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339)
	b.post(set+"/generations", object{"keys": keys, "not_after": until}).want(http.StatusCreated)
	if rows := b.get(set + "/generations").want(http.StatusOK).list("data"); len(rows) != 2 || rows[0]["not_after"] == nil {
		t.Errorf("generations %v", rows)
	}
	if rows := b.get("/v1/calendar").want(http.StatusOK).list("data"); len(rows) != 1 || rows[0].text("what") != "keys_end" {
		t.Errorf("the partner's calendar: %v", rows)
	}
	b.as = merchantID
	b.start(b.create("U1", 700).text("id"), "alipay", "native")
	if rows := b.get("/v1/calendar").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("the merchant's calendar holds its partner's keys: %v", rows)
	}
	b.as = ""
	preview := b.post(set+"/revoke", object{"preview": true}).want(http.StatusCreated)
	if preview["closure"] != nil || preview.object("risk").int("merchants") != 1 || len(b.get("/v1/closures").want(http.StatusOK).list("data")) != 0 {
		t.Errorf("a preview: %v", preview)
	}
	done := b.post(set+"/revoke", object{"who": "Alipay", "acts": []string{"pay", "settle"}}).want(http.StatusCreated)
	line := done.object("risk").list("each")[0]
	if text, _ := json.Marshal(line["begun"]); line.text("merchant_id") != merchantID || string(text) != `[{"amount":700,"currency":"CNY","orders":1}]` {
		t.Errorf("risk %v", done)
	}
	b.post(set+"/revoke", object{}).problem(http.StatusConflict, "conflict", "")
	b.as = merchantID
	b.post("/v1/payments/"+b.create("U2", 700).text("id")+"/attempts", object{"product": "native"}).problem(http.StatusUnprocessableEntity, "no_route", "")
	own := b.post("/v1/api_keys", object{"name": "own"}).want(http.StatusCreated).text("secret")
	b.as, b.key = "", own
	b.get(set).problem(http.StatusNotFound, "not_found", "")
	b.post(set+"/revoke", object{}).problem(http.StatusNotFound, "not_found", "")
	if rows := b.get("/v1/account_notices").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("notices %v", rows)
	}
}
