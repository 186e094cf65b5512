package bill99_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/bill99"
	"postern/provider/bill99/sandbox"
	"postern/provider/bill99/wire"
	"postern/provider/sandboxkit"
	"postern/vault"
)

const (
	account    = "1001213884201"
	gatewayKey = "GATEWAYKEY000001"
	queryKey   = "QUERYKEY00000002"
	refundKey  = "REFUNDKEY0000003"
	box        = "http://bill99.test"
	hook       = "http://switch.test/n/abc"
)

// keys are made once: the merchant's, 99Bill's, a stranger's.
var keys = sync.OnceValue(func() [3]*rsa.PrivateKey {
	var k [3]*rsa.PrivateKey
	for i := range k {
		var err error
		if k[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return k
})

// counting is randomness that is the same every time.
type counting struct{ n byte }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		c.n = c.n*73 + 41
		p[i] = c.n >> 1
	}
	return len(p), nil
}

// world is a simulator and a switch's address on a network without sockets, and the call of the simulated account.
type world struct {
	*testing.T
	sandbox *sandbox.Sandbox
	clock   *sandboxkit.Clock
	call    provider.Call
	net     sandboxkit.Local
	arrived []*http.Request
	bodies  []string
	reply   provider.Reply
}

func newWorld(t *testing.T, settings map[string]string, change func(*sandbox.Config)) *world {
	t.Helper()
	k := keys()
	w := &world{T: t, clock: sandboxkit.NewClock(func() time.Time { return time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC) }), net: sandboxkit.Local{}, reply: bill99.New().Acknowledge(true)}
	cfg := sandbox.Config{
		Accounts:   []sandbox.Account{{Number: account, GatewayKey: []byte(gatewayKey), QueryKey: []byte(queryKey), RefundKey: []byte(refundKey), PublicKey: &k[0].PublicKey}},
		PrivateKey: k[1], Clock: w.clock, Rand: &counting{}, HTTP: w.net, BaseURL: box,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if w.sandbox, err = sandbox.New(cfg); err != nil {
		t.Fatal(err)
	}
	w.net["bill99.test"] = w.sandbox.Handler()
	w.net["switch.test"] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.arrived, w.bodies = append(w.arrived, r), append(w.bodies, string(body))
		rw.WriteHeader(w.reply.Status)
		_, _ = io.WriteString(rw, w.reply.Body)
	})
	w.call = provider.Call{
		Env:      provider.Env{Now: w.clock.Now, Rand: &counting{}, HTTP: w.net},
		Settings: map[string]string{bill99.SettingAccount: account, bill99.SettingGateway: box}, Sandbox: true, Timeout: 10 * time.Second,
		Keys: []provider.Generation{generation(t, "gen_1", gatewayKey, queryKey, refundKey)},
	}
	for name, value := range settings {
		w.call.Settings[name] = value
	}
	return w
}

func generation(t *testing.T, id, gateway, query, refund string) provider.Generation {
	t.Helper()
	k := keys()
	der, err := x509.MarshalPKCS8PrivateKey(k[0])
	if err != nil {
		t.Fatal(err)
	}
	return provider.Generation{ID: id, Handles: map[string]any{
		bill99.KeyGateway: handle(t, provider.KeySecret, []byte(gateway)), bill99.KeyQuery: handle(t, provider.KeySecret, []byte(query)), bill99.KeyRefund: handle(t, provider.KeySecret, []byte(refund)),
		bill99.KeyMerchant:    handle(t, provider.KeyRSAPrivate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		bill99.KeyCertificate: handle(t, provider.KeyCertificate, certificate(t, k[1])),
	}}
}

func certificate(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	template := x509.Certificate{SerialNumber: big.NewInt(99), Subject: pkix.Name{CommonName: "99bill"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func handle(t *testing.T, kind provider.KeyKind, text []byte) any {
	t.Helper()
	h, err := vault.Parse(kind, "", text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// order is an order of 68 yuan with a number of its own.
func (w *world) order(number string) provider.StartRequest {
	now := w.clock.Now()
	return provider.StartRequest{
		Attempt:     postern.Attempt{Number: number, Product: bill99.Page, Amount: 6800, Currency: "CNY", GenerationID: "gen_1", CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute)},
		Description: "烧饼礼盒 & 十二枚", NotifyURL: hook, ReturnURL: "http://switch.test/c/x",
	}
}

// place starts an order and brings the buyer's browser to the cashier.
func (w *world) place(o provider.StartRequest) {
	w.Helper()
	r := bill99.New().Start(context.Background(), w.call, o)
	if r.State != provider.Pending || r.Action.Type != postern.ActionForm {
		w.Fatalf("start %+v", r)
	}
	if status, page := w.post(r.Action.URL, r.Action.Fields); status != http.StatusFound {
		w.Fatalf("the cashier says %d %s", status, page)
	}
}

func (w *world) post(address string, fields map[string]string) (int, string) {
	w.Helper()
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		w.Fatal(err)
	}
	resp, err := w.net.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp.StatusCode, string(page)
}

// control talks to the simulator's control address.
func (w *world) control(path, body string) {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:1"
	rec := httptest.NewRecorder()
	w.sandbox.Control().ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
	}
}

// paid places an order and pays it.
func (w *world) paid(number string) (provider.StartRequest, provider.Money) {
	w.Helper()
	o := w.order(number)
	w.place(o)
	w.control("/orders/"+number+"/approve", "{}")
	q := bill99.New().Query(context.Background(), w.call, o.Attempt)
	if q.State != provider.Paid || q.Money == nil {
		w.Fatalf("paid: %+v", q)
	}
	return o, *q.Money
}

func (w *world) back(o provider.StartRequest, m provider.Money, number string, amount int64) provider.RefundRequest {
	return provider.RefundRequest{
		Refund:  postern.Refund{Number: number, Amount: amount, Currency: "CNY", CreatedAt: w.clock.Now()},
		Attempt: o.Attempt, TxnNo: m.TxnNo, Total: o.Attempt.Amount, NotifyURL: hook,
	}
}

// answering is a gateway that says what it is told, signed with the query key where it is a query.
type answering struct {
	answer wire.Answer
	order  []string
	list   string
	raw    string // said instead, as it is
	status int
	seen   []string
}

func (a *answering) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.seen = append(a.seen, string(body))
	text := a.raw
	if text == "" {
		f := wire.Fields{"version": wire.Version, "signType": wire.SignMD5, "merchantAcctId": account}
		for name, value := range a.answer.Fields {
			f[name] = value
		}
		if f["signMsg"] == "" {
			f["signMsg"] = wire.MD5(f.Text(a.order), []byte(queryKey))
		}
		text = string(wire.Answer{Fields: f, Rows: a.answer.Rows}.JSON(a.list))
	}
	status := http.StatusOK
	if a.status != 0 {
		status = a.status
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader([]byte(text)))}, nil
}

// detail is an order in an answer, signed.
func detail(number string, change func(wire.Fields)) wire.Fields {
	f := wire.Fields{
		"orderId": number, "orderAmount": "6800", "orderTime": "20261122120000", "dealTime": "20261122120100", "payResult": "10", "payType": "10", "payAmount": "6500", "fee": "27", "dealId": "25753688",
	}
	if change != nil {
		change(f)
	}
	f["signInfo"] = wire.MD5(f.Text(wire.DetailOrder), []byte(queryKey))
	return f
}
