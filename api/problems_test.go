package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestBadInputGetsAProblemThatNamesTheField(t *testing.T) {
	b := newBench(t)
	const good = `"reference":"X","currency":"CNY","description":"d"`
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
		field  string
	}{
		"zero":             {`{` + good + `,"amount":0}`, 422, "amount_out_of_range", "amount"},
		"negative":         {`{` + good + `,"amount":-1}`, 422, "amount_out_of_range", "amount"},
		"over":             {`{` + good + `,"amount":1000000000001}`, 422, "amount_out_of_range", "amount"},
		"over int64":       {`{` + good + `,"amount":99999999999999999999}`, 400, "invalid_request", "amount"},
		"float":            {`{` + good + `,"amount":1.5}`, 400, "invalid_request", "amount"},
		"float of integer": {`{` + good + `,"amount":100.0}`, 400, "invalid_request", "amount"},
		"exponent":         {`{` + good + `,"amount":1e3}`, 400, "invalid_request", "amount"},
		"string":           {`{` + good + `,"amount":"6800"}`, 422, "invalid_request", "amount"},
		"boolean":          {`{` + good + `,"amount":true}`, 422, "invalid_request", "amount"},
		"null":             {`{` + good + `,"amount":null}`, 422, "invalid_request", "amount"},
		"missing":          {`{` + good + `}`, 422, "invalid_request", "amount"},
		"unknown":          {`{` + good + `,"amount":1,"amuont_secret":5}`, 422, "invalid_request", "amuont_secret"},
		"another case":     {`{` + good + `,"Amount":1}`, 422, "invalid_request", "Amount"},
		"unknown inside":   {`{` + good + `,"amount":1,"items":[{"name":"n","quantity":1,"colour":"red"}]}`, 422, "invalid_request", "items[0].colour"},
		"missing inside":   {`{` + good + `,"amount":1,"items":[{"name":"n"}]}`, 422, "invalid_request", "items[0].quantity"},
		"item amount":      {`{` + good + `,"amount":1,"items":[{"name":"n","quantity":1,"amount":-5}]}`, 422, "amount_out_of_range", "items[0].amount"},
		"duplicate":        {`{` + good + `,"amount":1,"amount":2}`, 400, "invalid_request", "amount"},
		"duplicate inside": {`{` + good + `,"amount":1,"metadata":{"k":"1","k":"2"}}`, 400, "invalid_request", "metadata.k"},
		"trailing":         {`{` + good + `,"amount":1} {}`, 400, "invalid_request", ""},
		"cut":              {`{` + good + `,"amount":`, 400, "invalid_request", ""},
		"deep":             {strings.Repeat("[", 1000), 400, "invalid_request", ""},
		"deep inside":      {`{` + good + `,"amount":1,"metadata":` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat("}", 41), 400, "invalid_request", ""},
		"array":            {`[]`, 422, "invalid_request", ""},
		"text":             {`"pay"`, 422, "invalid_request", ""},
		"no body":          {``, 400, "invalid_request", ""},
		"oversized":        {`{"reference":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "body_too_large", ""},
		"not utf-8":        {"{" + good + ",\"amount\":1,\"return_url\":\"\xff\"}", 400, "invalid_request", ""},
		"nul":              {`{` + good + `,"amount":1,"metadata":{"k":"a\u0000b"}}`, 400, "invalid_request", "metadata.k"},
		"half a surrogate": {`{` + good + `,"amount":1,"metadata":{"k":"\ud800"}}`, 400, "invalid_request", "metadata.k"},
		"control":          {`{"reference":"X\n","currency":"CNY","description":"d","amount":1}`, 422, "invalid_request", "reference"},
		"currency":         {`{"reference":"X","currency":"XYZ","description":"d","amount":1}`, 422, "unknown_currency", "currency"},
		"currency length":  {`{"reference":"X","currency":"YUAN","description":"d","amount":1}`, 422, "invalid_request", "currency"},
		"reference":        {`{"reference":"` + strings.Repeat("x", 65) + `","currency":"CNY","description":"d","amount":1}`, 422, "invalid_request", "reference"},
		"empty reference":  {`{"reference":"","currency":"CNY","description":"d","amount":1}`, 422, "invalid_request", "reference"},
		"time":             {`{` + good + `,"amount":1,"expires_at":"tomorrow"}`, 422, "invalid_request", "expires_at"},
		"time as number":   {`{` + good + `,"amount":1,"expires_at":1795000000}`, 422, "invalid_request", "expires_at"},
		"time past":        {`{` + good + `,"amount":1,"expires_at":"2020-01-01T00:00:00Z"}`, 422, "invalid_request", "expires_at"},
		"time far":         {`{` + good + `,"amount":1,"expires_at":"2036-01-01T00:00:00Z"}`, 422, "invalid_request", "expires_at"},
		"both ends":        {`{` + good + `,"amount":1,"expires_in":60,"expires_at":"2026-11-23T00:00:00Z"}`, 422, "invalid_request", "expires_in"},
		"short":            {`{` + good + `,"amount":1,"expires_in":1}`, 422, "invalid_request", "expires_in"},
		"late payment":     {`{` + good + `,"amount":1,"late_payment":"keep"}`, 422, "invalid_request", "late_payment"},
		"return address":   {`{` + good + `,"amount":1,"return_url":"javascript:alert(1)"}`, 422, "invalid_request", "return_url"},
		"metadata type":    {`{` + good + `,"amount":1,"metadata":{"k":5}}`, 422, "invalid_request", "metadata.k"},
		"metadata value":   {`{` + good + `,"amount":1,"metadata":{"k":"` + strings.Repeat("x", 501) + `"}}`, 422, "invalid_request", "metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			bb := *b
			bb.T = t
			a := bb.do(http.MethodPost, "/v1/payments", c.body)
			o := a.problem(c.status, c.code, c.field)
			for _, value := range []string{"6800", "1.5", "100.0", "1e3", "tomorrow", "javascript", "keep", "XYZ", "YUAN", "xxxxx", "99999999"} {
				if strings.Contains(c.body, value) && strings.Contains(o.text("detail"), value) {
					t.Errorf("the detail echoes %q: %s", value, a.Body)
				}
			}
			if o.text("fix") == "" {
				t.Errorf("no fix: %s", a.Body)
			}
		})
	}
	if rows := b.get("/v1/payments").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("bad input left %d payments", len(rows))
	}
}

func TestTheLargestAndTheSmallestAmountAreTaken(t *testing.T) {
	b := newBench(t)
	for reference, amount := range map[string]int64{"least": 1, "most": 1_000_000_000_000} {
		if p := b.create(reference, amount); p.int("amount") != amount {
			t.Errorf("%s: %v", reference, p)
		}
	}
}

func TestProblemsOutsideTheBody(t *testing.T) {
	b := newBench(t)
	b.post("/v1/payments", order("P", 1), "Content-Type", "text/plain").problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Type")
	b.get("/v1/nowhere").problem(http.StatusNotFound, "not_found", "")
	a := b.do(http.MethodDelete, "/v1/payments", "")
	a.problem(http.StatusMethodNotAllowed, "method_not_allowed", "")
	if a.Header.Get("Allow") == "" {
		t.Error("405 without Allow")
	}
	b.get("/v1/payments/%00").problem(http.StatusNotFound, "not_found", "")
	b.get("/v1/payments/%ff").problem(http.StatusNotFound, "not_found", "")
	b.get("/v1/payments/"+strings.Repeat("x", 5000)).problem(http.StatusNotFound, "not_found", "")
	b.get("/v1/payments?after=%00").problem(http.StatusUnprocessableEntity, "invalid_request", "")
	b.get("/v1/payments?limit=1&limit=2").problem(http.StatusUnprocessableEntity, "invalid_request", "limit")
	b.post("/v1/payments", order("P", 1), "Idempotency-Key", "two words").problem(http.StatusUnprocessableEntity, "invalid_request", "Idempotency-Key")
	b.post("/v1/payments", order("P", 1), "Idempotency-Key", strings.Repeat("k", 256)).problem(http.StatusUnprocessableEntity, "invalid_request", "Idempotency-Key")
	p := b.create("P", 100)
	path := "/v1/payments/" + p.text("id") + "/attempts"
	b.do(http.MethodPost, path, `{}`).problem(http.StatusUnprocessableEntity, "invalid_request", "product")
	b.do(http.MethodPost, path, `{"product":"native","client_ip":"localhost"}`).problem(http.StatusUnprocessableEntity, "invalid_request", "client_ip")
	b.do(http.MethodPost, path, `{"product":"native","return_url":"/relative"}`).problem(http.StatusUnprocessableEntity, "invalid_request", "return_url")
	b.do(http.MethodPost, path, `{"product":"jsapi","provider":"wechatpay"}`).problem(http.StatusUnprocessableEntity, "invalid_request", "payer_id")
	b.do(http.MethodPost, path, `{"product":"teleport"}`).problem(http.StatusUnprocessableEntity, "no_route", "")
}

func TestWhatIsNotThereIsAlwaysTheSameAnswer(t *testing.T) {
	b := newBench(t)
	var first object
	for _, id := range []string{"pay_00000000000000000000000000", "x", "pay_", "att_00000000000000000000000000", "%27%20OR%201=1"} {
		o := b.get("/v1/payments/"+id).problem(http.StatusNotFound, "not_found", "")
		delete(o, "request_id")
		if first == nil {
			first = o
		}
		for name, value := range first {
			if o[name] != value {
				t.Errorf("%s: %s is %v, of another %v", id, name, o[name], value)
			}
		}
	}
}
