package alipay

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/sandbox"
	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

const (
	testApp    = "2021000000000001"
	testSeller = "2088000000000001"
	otherApp   = "2021000000000002"
	testMini   = "2021000000000009"
	certApp    = "2021000000000003"
	partnerApp = "2021000000000004"
)

// testContent is the content key of the account in certificate mode.
var testContent = wire.ContentKey("0123456789abcdef")

// keys are generated once for the package: the platform's, our app's, another app's, a stranger's (who is also the root of the certificates) and the authorities' below it.
var keys = sync.OnceValue(func() [5]*rsa.PrivateKey {
	var k [5]*rsa.PrivateKey
	var wg sync.WaitGroup
	for i := range k {
		wg.Go(func() {
			var err error
			if k[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
				panic(err)
			}
		})
	}
	wg.Wait()
	return k
})

// signer and verifier are real RSA behind the port's handles.
type signer struct{ key *rsa.PrivateKey }

func (signer) KeyID() string { return "" }

func (s signer) Sign(alg provider.Alg, message []byte) ([]byte, error) {
	if alg != provider.RSASHA256 {
		return nil, fmt.Errorf("asked to sign with %s", alg)
	}
	d := sha256.Sum256(message)
	return rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, d[:])
}

type verifier struct{ key *rsa.PublicKey }

func (verifier) KeyID() string { return "" }

func (v verifier) Verify(alg provider.Alg, message, signature []byte) error {
	if alg != provider.RSASHA256 {
		return fmt.Errorf("asked to verify with %s", alg)
	}
	d := sha256.Sum256(message)
	return rsa.VerifyPKCS1v15(v.key, crypto.SHA256, d[:], signature)
}

// doer is the house's own HTTP seam; it counts what leaves.
type doer struct {
	http  provider.HTTPDoer
	calls int
	seen  func(r *http.Request, body string) // may be nil
}

func (d *doer) Do(r *http.Request) (*http.Response, error) {
	d.calls++
	if d.seen != nil {
		body := []byte{}
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		d.seen(r, string(body))
	}
	return d.http.Do(r)
}

// world is the connector, a sandbox behind real HTTP, and a merchant's notification address.
type world struct {
	t     *testing.T
	c     *Connector
	s     *sandbox.Sandbox
	base  string
	clock *sandboxkit.Clock
	doer  *doer
	call  provider.Call
	hook  string
	notes []provider.Message
	// What a merchant in certificate mode installs, as PEM.
	appCert, root, apps string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, c: New()}
	w.clock = sandboxkit.NewClock(func() time.Time { return time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC) })
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.notes = append(w.notes, provider.Message{Header: r.Header, Body: body, ReceivedAt: w.clock.Now()})
		reply := w.c.Acknowledge(true)
		rw.WriteHeader(reply.Status)
		_, _ = io.WriteString(rw, reply.Body)
	}))
	t.Cleanup(hook.Close)
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { h.ServeHTTP(rw, r) }))
	t.Cleanup(srv.Close)
	authority, err := sandbox.NewAuthority(rand.Reader, keys()[3], keys()[4], w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if w.appCert, err = authority.App(&keys()[1].PublicKey, "2088000000000003", certApp); err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(sandbox.Config{
		Accounts: []sandbox.Account{
			{AppID: testApp, SellerID: testSeller, MiniAppID: testMini, AppPublicKey: &keys()[1].PublicKey}, {AppID: otherApp, SellerID: "2088000000000002", AppPublicKey: &keys()[2].PublicKey},
			{AppID: certApp, SellerID: "2088000000000003", AppCertificate: w.appCert, ContentKey: testContent},
			{AppID: partnerApp, SellerID: "2088000000000004", AppPublicKey: &keys()[1].PublicKey, Merchants: []sandbox.Merchant{
				{AppID: "2021000000000011", SellerID: "2088000000000011", Token: "token-of-the-first"}, {AppID: "2021000000000012", SellerID: "2088000000000012", Token: "token-of-the-second"},
			}},
		},
		PrivateKey: keys()[0], NextKey: keys()[2], Authority: authority, Clock: w.clock, Rand: rand.Reader, HTTP: hook.Client(), BaseURL: srv.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.root, w.apps = authority.Root, authority.Apps
	h, w.s, w.base, w.hook = s.Handler(), s, srv.URL, hook.URL
	w.doer = &doer{http: provider.HTTPDoer{Client: srv.Client()}}
	w.call = provider.Call{
		Env: provider.Env{Now: w.clock.Now, Rand: rand.Reader, HTTP: w.doer}, Sandbox: true, Timeout: 10 * time.Second,
		Settings: map[string]string{settingAppID: testApp, settingSeller: testSeller, settingGateway: srv.URL + wire.GatewayPath, settingAuthorize: srv.URL + wire.AuthorizePath},
		Keys:     []provider.Generation{generation("gen_1", keys()[1], &keys()[0].PublicKey)},
	}
	return w
}

func generation(id string, app *rsa.PrivateKey, platform *rsa.PublicKey) provider.Generation {
	return provider.Generation{ID: id, Handles: map[string]any{keyApp: signer{app}, keyPlatform: verifier{platform}}}
}

// order makes the request for one attempt of a product.
func (w *world) order(product string, amount int64) provider.StartRequest {
	now := w.clock.Now()
	return provider.StartRequest{
		Attempt: postern.Attempt{
			Number: postern.NewNumber(now, rand.Reader), Product: product, Amount: amount, Currency: "CNY", GenerationID: "gen_1", CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute),
		},
		Description: "龙井 250g", NotifyURL: w.hook, ReturnURL: "http://shop.example/c/x", QuitURL: "http://shop.example/c/x", PayerID: "2088123412341234",
	}
}

// start places an order that must be accepted.
func (w *world) start(product string, amount int64) (provider.StartRequest, provider.Result) {
	w.t.Helper()
	o := w.order(product, amount)
	r := w.c.Start(w.t.Context(), w.call, o)
	if r.State != provider.Pending || r.Action.Type == "" {
		w.t.Fatalf("start %s: %+v", product, r)
	}
	return o, r
}

// press presses a button at the control address and returns the status.
func (w *world) press(number, button string) int {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/orders/"+number+"/"+button, nil)
	r.RemoteAddr = "127.0.0.1:9"
	rec := httptest.NewRecorder()
	w.s.Control().ServeHTTP(rec, r)
	return rec.Code
}

// paid places an order and lets the buyer pay it.
func (w *world) paid(product string, amount int64) postern.Attempt {
	w.t.Helper()
	o, _ := w.start(product, amount)
	if product == H5 || product == Page {
		w.t.Fatal("browser products are walked with a browser")
	}
	if status := w.press(o.Attempt.Number, "approve"); status != http.StatusOK {
		w.t.Fatalf("approve: %d", status)
	}
	return o.Attempt
}

func (w *world) query(a postern.Attempt) provider.Result {
	w.t.Helper()
	return w.c.Query(w.t.Context(), w.call, a)
}

func (w *world) fault(op, name string) {
	w.t.Helper()
	if _, err := w.s.Faults().Add(sandboxkit.Fault{Op: op, Fault: name}); err != nil {
		w.t.Fatal(err)
	}
}

// browse follows redirects like a buyer's browser and returns the last address and page.
func (w *world) browse(method, address string, form url.Values) (*url.URL, string) {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "shop.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, _ := io.ReadAll(resp.Body)
	if to, err := resp.Location(); err == nil {
		return to, string(page)
	}
	return resp.Request.URL, string(page)
}

// gateway is an Alipay that answers whatever a test makes it say, for answers that no honest one gives.
func (w *world) gateway(answer func(method string) (status int, body []byte)) provider.Call {
	w.t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		status, body := answer(r.URL.Query().Get("method"))
		rw.WriteHeader(status)
		_, _ = io.Copy(rw, bytes.NewReader(body))
	}))
	w.t.Cleanup(srv.Close)
	call := w.call
	call.Settings = map[string]string{settingAppID: testApp, settingSeller: testSeller, settingGateway: srv.URL}
	return call
}

// says makes a gateway answer with these fields, signed with the platform's key.
func says(fields ...string) func(string) (int, []byte) {
	return func(method string) (int, []byte) {
		value := wire.Fields{}
		for i := 0; i < len(fields); i += 2 {
			value = value.Set(fields[i], fields[i+1])
		}
		body, err := wire.Seal(method, value.Marshal(), false, wire.SignWith(keys()[0], wire.SignTypeRSA2))
		if err != nil {
			panic(err)
		}
		return http.StatusOK, body
	}
}

// code is what a buyer shows to the scanner.
func (w *world) code(password bool) string {
	w.t.Helper()
	var out struct{ Code string }
	w.control("/codes", map[string]any{"password": password}, &out)
	return out.Code
}

// control posts to the sandbox's control address and reads the answer, which must be a success.
func (w *world) control(path string, in, out any) {
	w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.RemoteAddr = "127.0.0.1:9"
	rec := httptest.NewRecorder()
	w.s.Control().ServeHTTP(rec, r)
	if rec.Code/100 != 2 {
		w.t.Fatalf("POST %s: %d %s", path, rec.Code, rec.Body)
	}
	if out != nil {
		if err := json.Unmarshal(rec.Body.Bytes(), out); err != nil {
			w.t.Fatal(err)
		}
	}
}
