package api_test

import (
	"net/http"
	"testing"
	"time"
)

func TestAClosureIsAnnouncedMovedAndWithdrawn(t *testing.T) {
	b := newBench(t)
	at := b.w.Clock.Now().Add(time.Hour)
	body := object{"title": "the gate closes", "by": "provider", "scope": object{"providers": []string{"alipay"}}, "withdraws": []object{{"act": "pay", "from": at.Format(time.RFC3339)}}}
	c := b.post("/v1/closures", body).want(http.StatusCreated)
	if c.text("object") != "closure" || len(c.list("history")) != 1 || c.list("history")[0].text("what") != "announced" {
		t.Fatalf("closure %v", c)
	}
	p := b.create("A1", 6800)
	begin := func(reference string, status int) {
		t.Helper()
		b.post("/v1/payments/"+b.create(reference, 6800).text("id")+"/attempts", object{"provider": "alipay", "product": "native"}).want(status)
	}
	b.post("/v1/payments/"+p.text("id")+"/attempts", object{"provider": "alipay", "product": "native"}).want(http.StatusCreated)
	b.w.Clock.Advance(2 * time.Hour)
	begin("A2", http.StatusUnprocessableEntity)
	later := object{"note": "they need more time", "withdraws": []object{{"act": "pay", "from": at.Add(24 * time.Hour).Format(time.RFC3339)}}}
	if c = b.post("/v1/closures/"+c.text("id")+"/move", later).want(http.StatusOK); len(c.list("history")) != 2 {
		t.Errorf("closure %v", c)
	}
	begin("A3", http.StatusCreated)
	c = b.post("/v1/closures/"+c.text("id")+"/withdraw", object{"note": "called off"}).want(http.StatusOK)
	if c["withdrawn_at"] == nil || len(c.list("history")) != 3 {
		t.Errorf("closure %v", c)
	}
	b.post("/v1/closures/"+c.text("id")+"/move", later).problem(http.StatusConflict, "conflict", "")
	b.w.Clock.Advance(48 * time.Hour)
	begin("A4", http.StatusCreated)
	if rows := b.get("/v1/closures").want(http.StatusOK).list("data"); len(rows) != 1 {
		t.Errorf("%d closures", len(rows))
	}
}

func TestAClosureThatContradictsItselfIsRefused(t *testing.T) {
	b := newBench(t)
	at := b.w.Clock.Now().Format(time.RFC3339)
	for field, body := range map[string]object{
		"withdraws":        {"title": "x", "by": "host", "withdraws": []object{{"act": "pay", "from": at, "until": at}}},
		"by":               {"title": "x", "by": "nobody", "withdraws": []object{{"act": "pay", "from": at}}},
		"scope.max_amount": {"title": "x", "by": "host", "scope": object{"min_amount": 2, "max_amount": 1}, "withdraws": []object{{"act": "pay", "from": at}}},
		"withdraws[0].act": {"title": "x", "by": "host", "withdraws": []object{{"act": "sing", "from": at}}},
	} {
		b.post("/v1/closures", body).problem(http.StatusUnprocessableEntity, "invalid_request", field)
	}
	if rows := b.get("/v1/closures").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("%d closures were taken", len(rows))
	}
}
