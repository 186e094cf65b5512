package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider/all"
	"postern/sim"
	"postern/store"
)

// bench is a world with the API's real handlers in front.
type bench struct {
	*testing.T
	w   *sim.World
	key string
	// as names the merchant that a partner's key acts for.
	as string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return newBenchWith(t, nil)
}

func newBenchWith(t *testing.T, fault func(context.Context, string) error) *bench {
	t.Helper()
	return (&bench{T: t, w: newWorld(t, fault)}).signedIn()
}

// newFuzzBench is one world for all inputs of a fuzz target; what an input does there is no other input's business.
func newFuzzBench(f *testing.F) *bench {
	f.Helper()
	return (&bench{w: newWorld(f, nil)}).signedIn()
}

func (b *bench) signedIn() *bench {
	b.key = b.w.Secret
	return b
}

func newWorld(t testing.TB, fault func(context.Context, string) error) *sim.World {
	t.Helper()
	return newWorldOver(t, store.Options{}, fault)
}

func newWorldOver(t testing.TB, options store.Options, fault func(context.Context, string) error) *sim.World {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w, err := sim.New(ctx, sim.Options{Store: s, Seed: 7, Key: sim.Key, Fault: fault, Makers: all.SandboxesOf("alipay", "wechatpay")})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// answer is a response that was read.
type answer struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   []byte
}

// do sends a request as it is. Header pairs come last; an empty value removes what would be sent.
func (b *bench) do(method, path, body string, header ...string) answer {
	b.Helper()
	r := httptest.NewRequest(method, "http://"+sim.Host+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+b.key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if b.as != "" {
		r.Header.Set("Postern-Merchant", b.as)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			r.Header.Del(header[i])
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	b.w.Net[sim.Host].ServeHTTP(recorder, r)
	result := recorder.Result()
	text, err := io.ReadAll(result.Body)
	if err != nil {
		b.Fatal(err)
	}
	return answer{t: b.T, Status: result.StatusCode, Header: result.Header, Body: text}
}

// object is a JSON object of an answer.
type object map[string]any

// want fails unless the status is this one, and returns the body.
func (a answer) want(status int) object {
	a.t.Helper()
	var o object
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	decoder.UseNumber()
	if err := decoder.Decode(&o); err != nil {
		a.t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
	if a.Status != status {
		a.t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	return o
}

// problem fails unless the answer is a whole problem of this status, code and field.
func (a answer) problem(status int, code, field string) object {
	a.t.Helper()
	o := a.want(status)
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("content type %q of %s", got, a.Body)
	}
	for _, name := range []string{"type", "title", "detail"} {
		if o.text(name) == "" {
			a.t.Errorf("the problem has no %s: %s", name, a.Body)
		}
	}
	if o.int("status") != int64(status) || o.text("code") != code || o.text("field") != field {
		a.t.Errorf("problem %s, want status %d, code %s, field %q", a.Body, status, code, field)
	}
	if id := o.text("request_id"); !strings.HasPrefix(id, "req_") || id != a.Header.Get("Request-Id") {
		a.t.Errorf("request_id %q, header %q", id, a.Header.Get("Request-Id"))
	}
	return o
}

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

func (o object) int(name string) int64 {
	n, _ := o[name].(json.Number)
	i, _ := n.Int64()
	return i
}

func (o object) object(name string) object {
	m, _ := o[name].(map[string]any)
	return m
}

// list returns the objects of a list field.
func (o object) list(name string) []object {
	rows, _ := o[name].([]any)
	var out []object
	for _, row := range rows {
		m, _ := row.(map[string]any)
		out = append(out, m)
	}
	return out
}

func (b *bench) post(path string, body any, header ...string) answer {
	b.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.Fatal(err)
	}
	return b.do(http.MethodPost, path, string(text), header...)
}

func (b *bench) get(path string, header ...string) answer {
	b.Helper()
	return b.do(http.MethodGet, path, "", header...)
}

// order is a good body of POST /v1/payments.
func order(reference string, amount int64) object {
	return object{"reference": reference, "amount": amount, "currency": "CNY", "description": "烧饼"}
}

func (b *bench) create(reference string, amount int64) object {
	b.Helper()
	return b.post("/v1/payments", order(reference, amount)).want(http.StatusCreated)
}

// start starts an attempt of a payment at one provider.
func (b *bench) start(paymentID, provider, product string) object {
	b.Helper()
	return b.post("/v1/payments/"+paymentID+"/attempts", object{"provider": provider, "product": product, "client_ip": "203.0.113.7"}).want(http.StatusCreated)
}

// approve pays an attempt in the simulated wallet.
func (b *bench) approve(attempt object) {
	b.Helper()
	at := postern.Attempt{Provider: attempt.text("provider"), Number: attempt.text("number")}
	if err := b.w.Approve(context.Background(), at, ""); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) run(span time.Duration) {
	b.Helper()
	if err := b.w.Run(context.Background(), span); err != nil {
		b.Fatal(err)
	}
}

// paid makes a payment that is paid over alipay's QR code.
func (b *bench) paid(reference string, amount int64) object {
	b.Helper()
	p := b.create(reference, amount)
	b.approve(b.start(p.text("id"), "alipay", "native"))
	b.run(10 * time.Second)
	p = b.get("/v1/payments/" + p.text("id")).want(http.StatusOK)
	if p.text("status") != "paid" {
		b.Fatalf("the payment is %s", p.text("status"))
	}
	return p
}

// agree fails when our books and the sandboxes' differ.
func (b *bench) agree() {
	b.Helper()
	differences, err := b.w.Compare(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for _, d := range differences {
		b.Error(d)
	}
}

// balances returns the balance by account.
func (b *bench) balances() map[string]int64 {
	b.Helper()
	out := map[string]int64{}
	for _, row := range b.get("/v1/ledger/balances").want(http.StatusOK).list("data") {
		out[row.text("account")] = row.int("amount")
	}
	return out
}

// events returns the types of all events so far, in order.
func (b *bench) events() []string {
	b.Helper()
	var types []string
	for _, row := range b.get("/v1/events?limit=100").want(http.StatusOK).list("data") {
		types = append(types, row.text("type"))
	}
	return types
}

// paymentOf names a payment for the world's own methods.
func paymentOf(b *bench, p object) postern.Payment {
	return postern.Payment{MerchantID: b.w.Merchant.ID, ID: p.text("id")}
}
