package wechatpay

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
)

const (
	testMchID  = "1900009191"
	testAppID  = "wxd678efh567hg6787"
	testSecret = "s3cr3t+app"
	testKey    = "0123456789abcdef0123456789abcdef"
	testPubID  = "PUB_KEY_ID_0119000091912026112200000001"
)

var epoch = time.Date(2026, 11, 22, 12, 0, 0, 0, wire.CST)

type testKeys struct {
	merchant, public, stranger *rsa.PrivateKey
	platform                   [2]sandbox.PlatformKey
	serial                     string
}

var keys = sync.OnceValue(func() (k testKeys) {
	var wg sync.WaitGroup
	for _, p := range []**rsa.PrivateKey{&k.merchant, &k.public, &k.stranger} {
		wg.Go(func() { *p, _ = rsa.GenerateKey(rand.Reader, 2048) })
	}
	for i := range k.platform {
		wg.Go(func() { k.platform[i], _ = sandbox.NewPlatformKey(rand.Reader, epoch.Add(-time.Hour)) })
	}
	wg.Wait()
	_, k.serial, _ = sandbox.NewMerchantCertificate(rand.Reader, k.merchant, epoch, testMchID)
	return k
})

// handle is a key as the vault would hand it out: Signer and Verifier over one RSA pair.
type handle struct {
	id   string
	key  *rsa.PrivateKey
	open *rsa.PublicKey
}

func (h handle) KeyID() string { return h.id }

func (h handle) Sign(_ provider.Alg, m []byte) ([]byte, error) {
	d := sha256.Sum256(m)
	return rsa.SignPKCS1v15(nil, h.key, crypto.SHA256, d[:])
}

func (h handle) Verify(_ provider.Alg, m, sig []byte) error {
	d := sha256.Sum256(m)
	return rsa.VerifyPKCS1v15(h.open, crypto.SHA256, d[:], sig)
}

type box struct{ cipher.AEAD }

func newBox(key string) box {
	b, err := aes.NewCipher([]byte(key))
	if err != nil {
		panic(err)
	}
	g, err := cipher.NewGCM(b)
	if err != nil {
		panic(err)
	}
	return box{g}
}

func (b box) Open(nonce, ct, aad []byte) ([]byte, error) { return b.AEAD.Open(nil, nonce, ct, aad) }
func (b box) Seal(nonce, pt, aad []byte) ([]byte, error) {
	return b.AEAD.Seal(nil, nonce, pt, aad), nil
}

type secret string

func (s secret) Reveal() []byte { return []byte(s) }
func (s secret) String() string { return "[redacted]" }

func (h handle) EncryptOAEP(random io.Reader, m []byte) ([]byte, error) {
	return rsa.EncryptOAEP(sha1.New(), random, h.open, m, nil)
}

// rig is a connector in front of a sandbox, over real HTTP, under a virtual clock. Edits of answers happen in between, as a hostile or broken network would.
type rig struct {
	t        *testing.T
	s        *sandbox.Sandbox
	server   *httptest.Server
	clock    *sandboxkit.Clock
	now      func() time.Time // the switch's clock
	call     provider.Call
	edit     func(r *http.Request, rec *httptest.ResponseRecorder)
	sent     int
	received []provider.Message
	answer   int
}

func newRig(t *testing.T, edit func(*sandbox.Config)) *rig {
	t.Helper()
	r := &rig{t: t, answer: http.StatusOK}
	r.clock = sandboxkit.NewClock(func() time.Time { return epoch })
	r.now = r.clock.Now
	var inner http.Handler
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/cb/") {
			body, _ := io.ReadAll(req.Body)
			r.received = append(r.received, provider.Message{Header: req.Header, Body: body, ReceivedAt: r.now()})
			w.WriteHeader(r.answer)
			return
		}
		r.sent++
		if r.edit == nil {
			inner.ServeHTTP(w, req)
			return
		}
		rec := httptest.NewRecorder()
		inner.ServeHTTP(rec, req)
		r.edit(req, rec)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	t.Cleanup(r.server.Close)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: r.server.Client().Transport}
	cfg := sandbox.Config{
		Accounts: []sandbox.Account{{MchID: testMchID, AppID: testAppID, AppSecret: testSecret, MerchantSerial: keys().serial,
			MerchantPublicKey: &keys().merchant.PublicKey, APIv3Key: []byte(testKey)}},
		PlatformKeys: []sandbox.PlatformKey{keys().platform[0]}, PublicKeyID: testPubID, PublicKey: keys().public,
		Clock: r.clock, Rand: rand.Reader, HTTP: client, BaseURL: r.server.URL,
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.s, inner = s, s.Handler()
	r.call = provider.Call{
		Env: provider.Env{Now: func() time.Time { return r.now() }, Rand: rand.Reader, HTTP: client}, Sandbox: true, Timeout: 10 * time.Second,
		Settings: map[string]string{SettingMchID: testMchID, SettingAppID: testAppID, SettingBaseURL: r.server.URL, SettingOpenURL: r.server.URL, SettingOAuthURL: r.server.URL},
		Keys:     []provider.Generation{generation("gen_1", testKey)},
		Trust:    []provider.Verifier{platform(0)},
	}
	return r
}

func generation(id, apiv3 string) provider.Generation {
	return provider.Generation{ID: id, Handles: map[string]any{
		KeyMerchantPrivate: handle{id: keys().serial, key: keys().merchant}, KeyAPIv3: newBox(apiv3), KeyAppSecret: secret(testSecret)}}
}

func platform(i int) handle {
	return handle{id: keys().platform[i].Serial, key: keys().platform[i].Key, open: &keys().platform[i].Key.PublicKey}
}

func publicKey() handle {
	return handle{id: testPubID, key: keys().public, open: &keys().public.PublicKey}
}

func attempt(product, number string) postern.Attempt {
	return postern.Attempt{ID: "att_1", GenerationID: "gen_1", Provider: Code, Product: product, Number: number, Amount: 6800, Currency: "CNY",
		ExpiresAt: epoch.Add(15 * time.Minute), CreatedAt: epoch}
}

func (r *rig) request(product, number string) provider.StartRequest {
	return provider.StartRequest{Attempt: attempt(product, number), Description: "乌龙茶 <500g> & 茶杯", NotifyURL: r.server.URL + "/cb/abc123",
		ReturnURL: "https://shop.example/c/1?x=y", ClientIP: "127.0.0.1", PayerID: r.s.OpenID(testAppID, sandbox.DefaultBuyer)}
}

func (r *rig) start(product, number string) provider.Result {
	r.t.Helper()
	return New().Start(context.Background(), r.call, r.request(product, number))
}

func (r *rig) query(number string) provider.Result {
	r.t.Helper()
	return New().Query(context.Background(), r.call, attempt(ProductNative, number))
}

// paid starts and pays an order and returns what the query says.
func (r *rig) paid(number string) provider.Result {
	r.t.Helper()
	if got := r.start(ProductNative, number); got.State != provider.Pending {
		r.t.Fatalf("start: %+v", got)
	}
	r.press(number, "approve")
	got := r.query(number)
	if got.State != provider.Paid || got.Money == nil {
		r.t.Fatalf("query: %+v", got)
	}
	return got
}

// press uses the control address as a person would and delivers what is due.
func (r *rig) press(number, button string) {
	r.t.Helper()
	req, _ := http.NewRequest("POST", "http://control/orders/"+number+"/"+button, nil)
	res, err := sandboxkit.Local{"control": r.s.Control()}.Do(req)
	if err != nil || res.StatusCode != 200 {
		r.t.Fatalf("%s: %v %v", button, res, err)
	}
	r.run(0)
}

func (r *rig) run(d time.Duration) int {
	r.clock.Advance(d)
	return r.s.RunDue(context.Background())
}

func (r *rig) arm(op, fault string) {
	r.t.Helper()
	if _, err := r.s.Faults().Add(sandboxkit.Fault{Op: op, Fault: fault}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) refundOf(paid provider.Result, order, number string, fen int64) provider.RefundRequest {
	return provider.RefundRequest{Refund: postern.Refund{Number: number, Amount: fen, Currency: "CNY", Reason: "不要了"}, Attempt: attempt(ProductNative, order),
		TxnNo: paid.Money.TxnNo, Total: paid.Money.Amount, NotifyURL: r.server.URL + "/cb/abc123"}
}

// resigned replaces an answer's body by a changed one with a good signature: WeChat itself saying something else.
func resigned(t *testing.T, rec *httptest.ResponseRecorder, change func([]byte) []byte) {
	t.Helper()
	body := change(rec.Body.Bytes())
	p := platform(0)
	at := epoch.Unix()
	if was, err := wire.ParseTimestamp(rec.Header().Get(wire.HeaderTimestamp)); err == nil {
		at = was
	}
	if err := wire.SignHeaders(rec.Header(), p.id, at, "nonce", body, func(m []byte) ([]byte, error) { return p.Sign(provider.RSASHA256, m) }); err != nil {
		t.Fatal(err)
	}
	rec.Body = bytes.NewBuffer(body)
}

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }
