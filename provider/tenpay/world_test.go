package tenpay_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/tenpay"
	"postern/provider/tenpay/sandbox"
	"postern/provider/tenpay/wire"
	"postern/vault"
)

const (
	partner  = "1900000109"
	key      = "0123456789abcdef0123456789abcdef"
	password = "the operator's"
)

var ctx = context.Background()

// world is a simulator behind real HTTP, the call of its partner, and what it notified.
type world struct {
	*testing.T
	box     *sandbox.Sandbox
	clock   *sandboxkit.Clock
	call    provider.Call
	hook    string
	arrived []provider.Message
}

func newWorld(t *testing.T, charset wire.Charset, keys ...string) *world {
	t.Helper()
	w := &world{T: t, clock: sandboxkit.NewClock(func() time.Time { return time.Date(2013, 11, 22, 4, 0, 0, 0, time.UTC) })}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.box.Handler().ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.arrived = append(w.arrived, provider.Message{Header: r.Header, Body: body, ReceivedAt: w.clock.Now()})
		_, _ = io.WriteString(rw, tenpay.New().Acknowledge(true).Body)
	}))
	t.Cleanup(hook.Close)
	account := sandbox.Account{Partner: partner, Name: "烧饼铺", Password: []byte(password)}
	for _, k := range append(keys, key) {
		account.Keys = append(account.Keys, []byte(k))
	}
	var err error
	w.box, err = sandbox.New(sandbox.Config{Accounts: []sandbox.Account{account}, Clock: w.clock, Rand: rand.Reader, HTTP: http.DefaultClient, BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	w.hook = hook.URL + "/n/abc"
	w.call = provider.Call{
		Env: provider.Env{Now: w.clock.Now, Rand: rand.Reader, HTTP: provider.HTTPDoer{Client: &http.Client{Transport: &http.Transport{}}}},
		Settings: map[string]string{
			tenpay.SettingPartner: partner, tenpay.SettingGateway: server.URL, tenpay.SettingMerchant: server.URL, tenpay.SettingCharset: string(charset),
		},
		Sandbox: true, Timeout: 10 * time.Second, Keys: []provider.Generation{generation(t, "gen_1", key)},
	}
	return w
}

func secret(t *testing.T, text string) any {
	t.Helper()
	h, err := vault.Parse(provider.KeySecret, "", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func generation(t *testing.T, id, partnerKey string) provider.Generation {
	t.Helper()
	return provider.Generation{ID: id, Handles: map[string]any{tenpay.KeyPartner: secret(t, partnerKey), tenpay.KeyOperator: secret(t, password)}}
}

func (w *world) order() provider.StartRequest {
	now := w.clock.Now()
	return provider.StartRequest{
		Attempt:     postern.Attempt{Number: postern.NewNumber(now, rand.Reader), Product: tenpay.Page, Amount: 6800, Currency: "CNY", GenerationID: "gen_1", CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute)},
		Description: "烧饼礼盒 & 十二枚，芝麻花生核桃葡萄", NotifyURL: w.hook, ReturnURL: "http://127.0.0.1/c/x", ClientIP: "203.0.113.7",
	}
}

// browse opens an address as the buyer's browser and returns the page.
func (w *world) browse(address string) (int, string) {
	w.Helper()
	response, err := http.Get(address)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		w.Fatal(err)
	}
	return response.StatusCode, string(page)
}

func (w *world) approve(number string) {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, "/orders/"+number+"/approve", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1"
	rec := httptest.NewRecorder()
	w.box.Control().ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.Fatalf("approve: %d %s", rec.Code, rec.Body)
	}
}

// paid is an order that its buyer paid.
func (w *world) paid() (postern.Attempt, provider.Money) {
	w.Helper()
	o := w.order()
	r := tenpay.New().Start(ctx, w.call, o)
	if status, page := w.browse(r.Action.URL); status != http.StatusOK || !strings.Contains(page, "烧饼铺") {
		w.Fatalf("the cashier: %d %s", status, page)
	}
	w.approve(o.Attempt.Number)
	q := tenpay.New().Query(ctx, w.call, o.Attempt)
	if q.State != provider.Paid {
		w.Fatalf("paid: %+v", q)
	}
	return o.Attempt, *q.Money
}

func (w *world) back(a postern.Attempt, m provider.Money, amount int64) provider.RefundRequest {
	now := w.clock.Now()
	return provider.RefundRequest{Refund: postern.Refund{Number: postern.NewNumber(now, rand.Reader), Amount: amount, Currency: "CNY", CreatedAt: now}, Attempt: a, TxnNo: m.TxnNo, Total: 6800}
}

// saying is a gateway that answers every call with these fields, signed with the key unless it is empty.
type saying struct {
	fields wire.Params
	key    string
}

func (s saying) Do(*http.Request) (*http.Response, error) {
	p := wire.Params{"partner": partner}
	for k, v := range s.fields {
		p[k] = v
	}
	if s.key != "" {
		if err := p.Sign([]byte(s.key)); err != nil {
			return nil, err
		}
	}
	text, err := p.EncodeXML(wire.GBK)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(text)))}, nil
}

func (w *world) told(fields wire.Params, signedWith string) provider.Call {
	call := w.call
	call.Env.HTTP = saying{fields, signedWith}
	return call
}
