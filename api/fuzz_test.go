package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern/api"
	"postern/sim"
)

// FuzzCheckJSON holds that what is accepted is JSON that reads back the same: two parsers cannot see two orders in it.
func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"a":2}`, `{"a":{"b":[1,{"c":"d"}]}}`, `[1.5]`, `[1e9]`, `"\ud800"`, `{"a":"\u0000"}`, `{} {}`, `{`, strings.Repeat("[", 100), "\xff", `{"\u0061":1,"a":2}`, `-0`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if api.CheckJSON(data) != nil {
			return
		}
		var v any
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		if err := decoder.Decode(&v); err != nil {
			t.Fatalf("accepted, but: %v", err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := api.CheckJSON(again); err != nil {
			t.Fatalf("%q is accepted and %q is not: %v", data, again, err)
		}
	})
}

// FuzzKey holds that no Authorization header but the true one opens anything.
func FuzzKey(f *testing.F) {
	b := newFuzzBench(f)
	for _, seed := range []string{"", "Bearer ", "Bearer sk_test_", "Bearer " + b.key[:len(b.key)-1], "bearer  " + b.key, "Bearer " + strings.ToUpper(b.key), "Basic YTpi"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if scheme, key, _ := strings.Cut(header, " "); strings.EqualFold(scheme, "Bearer") && key == b.key {
			return
		}
		r := httptest.NewRequest(http.MethodGet, "http://"+sim.Host+"/v1/payments", nil)
		r.Header["Authorization"] = []string{header}
		w := httptest.NewRecorder()
		b.w.Net[sim.Host].ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%q: %d %s", header, w.Code, w.Body)
		}
	})
}

// FuzzCreatePayment holds that no body makes a panic or a 5xx, and that every refusal is a problem.
func FuzzCreatePayment(f *testing.F) {
	b := newFuzzBench(f)
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"reference":"a","amount":1,"currency":"CNY","description":"d"}`, `{"reference":"a","amount":-0,"currency":"CNY","description":"d"}`,
		`{"reference":"b","amount":1,"currency":"CNY","description":"d","expires_at":"2026-11-22T05:00:00,5Z"}`,
		`{"reference":"b","amount":1,"currency":"CNY","description":"d","expires_at":"2026-11-22T5:00:00Z"}`,
		`{"reference":"c","amount":1,"currency":"CNY","description":"d","expires_in":9223372036854775807}`,
		`{"reference":"d","amount":1,"currency":"CNY","description":"d","metadata":null,"items":null}`, `{"reference":{"a":[]},"amount":[1]}`, `{"":1}`,
		`{"reference":"e","amount":1,"currency":"CNY","description":"d","return_url":"http://[::1%25x]/"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "http://"+sim.Host+"/v1/payments", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+b.key)
		w := httptest.NewRecorder()
		b.w.Net[sim.Host].ServeHTTP(w, r)
		var v map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code >= 500 {
			t.Fatalf("%q: %d %s: %v", body, w.Code, w.Body, err)
		}
		if w.Code >= 400 && (w.Header().Get("Content-Type") != "application/problem+json" || v["detail"] == "" || v["code"] == "") {
			t.Fatalf("%q: %d %s", body, w.Code, w.Body)
		}
	})
}
