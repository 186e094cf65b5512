package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

func (b *bench) put(path string, body any, header ...string) answer {
	b.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.Fatal(err)
	}
	return b.do(http.MethodPut, path, string(text), header...)
}

func (b *bench) agreement(channel string, agreement object) answer {
	b.Helper()
	version := b.get("/v1/channels/" + channel).want(http.StatusOK).int("version")
	return b.put("/v1/channels/"+channel+"/agreement", object{"version": version, "agreement": agreement})
}

func TestAnAgreementIsEditedAndObeyed(t *testing.T) {
	b := newBench(t)
	channel, now := b.w.Channels["alipay"].ID, b.w.Clock.Now()
	day := func(n int) string { return now.AddDate(0, 0, n).Format(time.RFC3339) }
	begin := func(reference string, status int) answer {
		t.Helper()
		p := b.create(reference, 6800)
		a := b.post("/v1/payments/"+p.text("id")+"/attempts", object{"provider": "alipay", "product": "native"})
		if a.Status != status {
			t.Errorf("%s: %d %s, want %d", reference, a.Status, a.Body, status)
		}
		return a
	}
	c := b.agreement(channel, object{
		"terms": []object{{"from": day(-10), "until": day(1)}}, "renewable": true, "fee_bp": 60, "quota": object{"order": 10000, "day": 20000}, "dormant_days": 180,
		"licences": []object{{"name": "food licence", "until": day(400)}}, "categories": []string{"food"},
	}).want(http.StatusOK)
	if got := c.object("agreement"); got.int("fee_bp") != 60 || got["renewable"] != true || len(got.list("terms")) != 1 || got.list("licences")[0].text("name") != "food licence" {
		t.Errorf("agreement %v", got)
	}
	b.put("/v1/channels/"+channel+"/agreement", object{"version": 1, "agreement": object{}}).problem(http.StatusConflict, "conflict", "version")
	begin("A1", http.StatusCreated) // Nobody recorded the merchant's trade: it is not held against it.
	trade := "/v1/merchants/" + b.w.Merchant.ID + "/trade"
	b.put(trade, object{"category": "tobacco"}).want(http.StatusOK)
	begin("A2", http.StatusUnprocessableEntity)
	b.put(trade, object{"category": "food", "region": "CN-11"}).want(http.StatusOK)
	begin("A3", http.StatusCreated)
	b.agreement(channel, object{"regions": []string{"CN-31"}}).want(http.StatusOK) // Without a term as well.
	begin("A4", http.StatusUnprocessableEntity)
	b.agreement(channel, object{"terms": []object{{"from": day(-10), "until": day(1)}, {"from": day(1), "until": day(30)}}}).want(http.StatusOK)
	b.w.Clock.Advance(36 * time.Hour)
	begin("A5", http.StatusCreated) // The renewal runs.
	b.w.Clock.Advance(30 * 24 * time.Hour)
	begin("A6", http.StatusUnprocessableEntity)
}

func TestAnAgreementThatContradictsItselfIsRefused(t *testing.T) {
	b := newBench(t)
	channel := b.w.Channels["alipay"].ID
	term := func(from, until string) object {
		o := object{"from": from + "T00:00:00Z"}
		if until != "" {
			o["until"] = until + "T00:00:00Z"
		}
		return o
	}
	for field, agreement := range map[string]object{
		"agreement.terms[0].until": {"terms": []object{term("2026-02-01", "2026-01-01")}}, "agreement.terms[1].from": {"terms": []object{term("2026-01-01", "2026-03-01"), term("2026-02-01", "")}},
		"agreement.quota.day": {"quota": object{"order": 2, "day": 1}}, "agreement.quota.month": {"quota": object{"day": 2, "month": 1}}, "agreement.quota": {"quota": object{"order": -1}},
		"agreement.fee_bp": {"fee_bp": 10001}, "agreement.dormant_days": {"dormant_days": -1}, "agreement.categories": {"categories": []string{"a", "a"}},
		"agreement.licences[0].name":     {"licences": []object{{"name": "", "until": "2026-01-01T00:00:00Z"}}},
		"agreement.certificates[0].name": {"certificates": []object{{"name": "", "until": "2026-01-01T00:00:00Z"}}},
	} {
		o := b.agreement(channel, agreement).problem(http.StatusUnprocessableEntity, "invalid_request", field)
		if o.text("fix") == "" {
			t.Errorf("%s: no fix in %v", field, o)
		}
	}
	open := []object{term("2026-01-01", ""), term("2027-01-01", "")}
	b.agreement(channel, object{"terms": open}).problem(http.StatusUnprocessableEntity, "invalid_request", "agreement.terms[1].from")
	if c := b.get("/v1/channels/" + channel).want(http.StatusOK); c.int("version") != 1 {
		t.Errorf("something was stored: %v", c)
	}
}
