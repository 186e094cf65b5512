package api_test

import (
	"context"
	"net/http"
	"testing"
)

// TestAHistoricChannelIsForcedOverTheAPI: a live merchant's channel over a provider of the past is refused by the field's name, unless it is forced; a test
// merchant's needs no force.
func TestAHistoricChannelIsForcedOverTheAPI(t *testing.T) {
	b := newBench(t)
	body := object{"provider": "tenpay", "settings": object{"partner": "1900000109"}, "keys": object{"partner_key": "k"}, "products": []string{"page"}}
	b.post("/v1/channels", body).want(http.StatusCreated)
	partnerID := b.partner(false)
	live, _, err := b.w.API.MakeKey(context.Background(), partnerID, "live", true)
	if err != nil {
		t.Fatal(err)
	}
	b.key = live
	b.as = b.post("/v1/merchants", object{"name": "live"}).want(http.StatusCreated).text("id")
	if p := b.post("/v1/channels", body).problem(http.StatusUnprocessableEntity, "invalid_request", "provider"); p.text("fix") == "" {
		t.Errorf("problem %v", p)
	}
	if rows := b.get("/v1/channels").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("the refused channel left %v", rows)
	}
	body["force_historic"] = true
	if c := b.post("/v1/channels", body).want(http.StatusCreated); c["sandbox"] != false || c.text("provider") != "tenpay" {
		t.Errorf("forced: %v", c)
	}
}
