package api_test

import (
	"net/http"
	"testing"
)

func TestADrillOverTheAPI(t *testing.T) {
	b := newBench(t)
	own := b.key
	for _, reference := range []string{"D1", "D2"} {
		b.paid(reference, 300)
	}
	closing := object{"closures": []object{{"scope": object{"providers": []string{"alipay"}}}}}
	d := b.post("/v1/drills", closing).want(http.StatusOK)
	if d.text("object") != "drill" || d["cut"] != false || d.object("total").int("orders") != 2 || d.object("by").object("rerouted").int("amount") != 600 {
		t.Errorf("drill %v", d)
	}
	if both := b.post("/v1/drills", object{"closures": []object{{"scope": object{}}}}).want(http.StatusOK); both.object("by").object("lost").int("orders") != 2 || both.list("merchants")[0].text("name") != b.w.Merchant.ID {
		t.Errorf("every gate closed: %v", both)
	}
	rules := object{"rules": []object{{"id": "none", "do": "drop", "providers": []string{"alipay", "wechatpay"}}}}
	if r := b.post("/v1/drills", rules).want(http.StatusOK); r.object("by").object("lost").int("orders") != 2 {
		t.Errorf("rules that drop everything: %v", r)
	}
	if r := b.post("/v1/drills", object{"ends": []object{{"provider": "alipay", "at": "2020-01-01T00:00:00Z"}}}).want(http.StatusOK); r.object("by").object("rerouted").int("orders") != 2 {
		t.Errorf("an agreement that ended: %v", r)
	}
	b.post("/v1/drills", object{}).problem(http.StatusUnprocessableEntity, "invalid_request", "closures")
	b.post("/v1/drills", object{"closures": []object{{"scope": object{"min_amount": 5, "max_amount": 1}}}}).problem(http.StatusUnprocessableEntity, "invalid_request", "scope.max_amount")
	b.post("/v1/drills", object{"days": 4_000, "closures": closing["closures"]}).want(http.StatusUnprocessableEntity)

	// Another partner's key sees nothing of it, its own merchants' orders, and no other merchant by name.
	b.partner(false)
	if r := b.post("/v1/drills", closing).want(http.StatusOK); r.object("total").int("orders") != 0 {
		t.Errorf("a partner sees another's orders: %v", r)
	}
	b.post("/v1/drills", closing, "Postern-Merchant", b.w.Merchant.ID).problem(http.StatusNotFound, "not_found", "Postern-Merchant")
	b.key = own
	if d := b.post("/v1/drills", closing).want(http.StatusOK); d.object("total").int("orders") != 2 {
		t.Errorf("a drill changed something: %v", d)
	}
}
