package api_test

import (
	"net/http"
	"strings"
	"testing"

	"postern"
)

func TestLinks(t *testing.T) {
	b := newBench(t)
	body := object{"title": "烧饼礼盒", "amount": 6800, "currency": "CNY", "targets": []string{"https://item.taobao.com/item.htm?id=1"}, "prefer": "target"}
	made := b.post("/v1/links", body, "Idempotency-Key", "k1").want(http.StatusCreated)
	code := made.text("short_code")
	if _, ok := postern.ParseShortCode(code); !ok || !strings.HasSuffix(made.text("short_url"), "/s/"+code) || !strings.Contains(made.text("url"), "/l/") ||
		made.text("poster_svg") != made.text("url")+"/poster.svg" || made["expires_at"] != nil || made.list("targets")[0].text("target") != "taobao" {
		t.Errorf("link %v", made)
	}
	again := b.post("/v1/links", body, "Idempotency-Key", "k1")
	if again.want(http.StatusCreated).text("id") != made.text("id") || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("the same key made a second link")
	}
	body["amount"] = 1
	b.post("/v1/links", body, "Idempotency-Key", "k1").problem(http.StatusUnprocessableEntity, "idempotency_mismatch", "Idempotency-Key")
	if rows := b.get("/v1/links").want(http.StatusOK).list("data"); len(rows) != 1 || rows[0].text("id") != made.text("id") {
		t.Errorf("links %v", rows)
	}
	path := "/v1/links/" + made.text("id")
	first := b.post(path+"/disable", nil).want(http.StatusOK)
	if first["disabled_at"] == nil || b.post(path+"/disable", nil).want(http.StatusOK)["disabled_at"] != first["disabled_at"] || b.get(path).want(http.StatusOK)["disabled_at"] != first["disabled_at"] {
		t.Errorf("disabled %v", first)
	}
}

func TestBadLinksAreRefusedWithTheFix(t *testing.T) {
	b := newBench(t)
	for field, change := range map[string]object{
		"targets[0]": {"targets": []string{"https://shop.example/"}}, "prefer": {"prefer": "target"}, "expires_at": {"expires_at": "2001-01-01T00:00:00Z"}, "return_url": {"return_url": "ftp://x"},
		"currency": {"currency": "ZZZ"}, "items[0].name": {"items": []object{{"name": "\u0007", "quantity": 1}}},
	} {
		body := object{"title": "x", "amount": 1, "currency": "CNY"}
		for k, v := range change {
			body[k] = v
		}
		a := b.post("/v1/links", body)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(string(a.Body), `"`+field+`"`) || !strings.Contains(string(a.Body), `"fix"`) {
			t.Errorf("%s: %d %s", field, a.Status, a.Body)
		}
	}
	if rows := b.get("/v1/links").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("links %v", rows)
	}
}

func TestAPaymentHasOneShortCode(t *testing.T) {
	b := newBench(t)
	p := b.post("/v1/payments", object{"reference": "r1", "amount": 100, "currency": "CNY", "description": "d"}).want(http.StatusCreated)
	path := "/v1/payments/" + p.text("id") + "/short_code"
	code := b.post(path, nil).want(http.StatusOK)
	if again := b.post(path, nil).want(http.StatusOK); again.text("short_code") != code.text("short_code") || len(code.text("short_code")) != 8 || code.text("poster_png") != p.text("checkout_url")+"/poster.png" {
		t.Errorf("%v, then %v", code, again)
	}
}
