package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

// TestRules: a version is checked before it holds, holds from the next plan on, and an edit over an old version is refused.
func TestRules(t *testing.T) {
	b := newBench(t)
	none := b.get("/v1/rules").want(http.StatusOK)
	if none.int("version") != 0 || len(none.list("rules")) != 0 {
		t.Errorf("at first: %v", none)
	}
	put := func(body object) answer {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return b.do(http.MethodPut, "/v1/rules", string(text))
	}
	put(object{"version": 0, "rules": []object{{"id": "x", "do": "drop", "min_amount": 5, "max_amount": 4}}}).problem(http.StatusUnprocessableEntity, "invalid_request", "rules[0]")
	all := []object{{"id": "everything", "do": "drop"}}
	put(object{"version": 0, "rules": all}).problem(http.StatusConflict, "conflict", "rules")
	found := b.post("/v1/rules/check", object{"rules": append(all, object{"id": "below", "do": "allow"})}).want(http.StatusOK)
	if f := found.list("findings"); len(f) != 1 || f[0].text("rule") != "below" || f[0].text("kind") != "shadowed" || len(found.list("last_ways")) == 0 {
		t.Errorf("check: %v", found)
	}
	one := put(object{"version": 0, "note": "no Alipay", "confirm": true, "rules": []object{{"id": "no-alipay", "do": "drop", "providers": []string{"alipay"}}}}).want(http.StatusOK)
	if one.int("version") != 1 {
		t.Errorf("saved: %v", one)
	}
	p := b.create("R1", 500)
	if refused := b.post("/v1/payments/"+p.text("id")+"/attempts", object{"provider": "alipay", "product": "native"}); refused.Status == http.StatusCreated {
		t.Errorf("a dropped wallet was started: %s", refused.Body)
	}
	put(object{"version": 0, "rules": []object{}}).want(http.StatusConflict)
	put(object{"version": 1, "rules": []object{}}).want(http.StatusOK)
	b.post("/v1/payments/"+p.text("id")+"/attempts", object{"provider": "alipay", "product": "native"}).want(http.StatusCreated)
	if list := b.get("/v1/rules/versions?limit=1").want(http.StatusOK); len(list.list("data")) != 1 || list.list("data")[0].int("version") != 2 || list.text("next_cursor") != "2" {
		t.Errorf("versions: %v", list)
	}
}

// TestOwnWall: the merchant's own map shows what a closure does to its channels, and on other days it does not.
func TestOwnWall(t *testing.T) {
	b := newBench(t)
	b.post("/v1/closures", object{"title": "the gate", "by": "host", "who": "Tencent", "scope": object{"providers": []string{"alipay"}}, "withdraws": []object{{"act": "pay", "from": "2027-01-01T00:00:00Z"}}}).want(http.StatusCreated)
	at := func(on string) object {
		t.Helper()
		rows := b.get("/v1/wall?container=browser-safari&on=" + on).want(http.StatusOK).list("data")
		for _, cell := range rows[0].list("cells") {
			if cell.text("provider") == "alipay" && cell.text("product") == "h5" {
				return cell
			}
		}
		t.Fatal("no cell of the channel")
		return nil
	}
	if c := at("2026-12-31"); c.text("state") != "works" || c.text("reason") != "works" {
		t.Errorf("before: %v", c)
	}
	if c := at("2027-01-02"); c.text("state") != "blocked" || c.text("closed_by") != "host" || c.text("who") != "Tencent" || c.text("since") == "" {
		t.Errorf("after: %v", c)
	}
	b.get("/v1/wall?on=tomorrow").problem(http.StatusUnprocessableEntity, "invalid_request", "on")
}
