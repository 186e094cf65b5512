package sandbox

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

const (
	mchID  = "1900009191"
	appID  = "wxd678efh567hg6787"
	secret = "app-secret"
	apiKey = "0123456789abcdef0123456789abcdef"
	pubID  = "PUB_KEY_ID_0119000091912026112200000001"
)

// self is the merchant that tests are.
var self = wire.Parties{AppID: appID, MchID: mchID}

var (
	epoch = time.Date(2026, 11, 22, 12, 0, 0, 0, wire.CST)
	keys  = sync.OnceValue(func() (k struct {
		merchant, stranger, public *rsa.PrivateKey
		platform                   [2]PlatformKey
		serial                     string
	}) {
		var wg sync.WaitGroup
		for _, p := range []**rsa.PrivateKey{&k.merchant, &k.stranger, &k.public} {
			wg.Go(func() { *p, _ = rsa.GenerateKey(rand.Reader, 2048) })
		}
		for i := range k.platform {
			wg.Go(func() { k.platform[i], _ = NewPlatformKey(rand.Reader, epoch.Add(-time.Hour)) })
		}
		wg.Wait()
		_, k.serial, _ = NewMerchantCertificate(rand.Reader, k.merchant, epoch, mchID)
		return k
	})
)

// shop is a merchant with its own server, talking to a sandbox over real HTTP under a virtual clock.
type shop struct {
	t      *testing.T
	s      *Sandbox
	server *httptest.Server
	clock  *sandboxkit.Clock
	key    *rsa.PrivateKey
	serial string // Wechatpay-Serial of requests

	mu       sync.Mutex
	received []arrival
	answer   int // status of the shop's answer to notifications
}

type arrival struct {
	at     time.Time
	header http.Header
	body   []byte
}

func open(t *testing.T, edit func(*Config)) *shop {
	t.Helper()
	sh := &shop{t: t, key: keys().merchant, answer: http.StatusNoContent}
	sh.clock = sandboxkit.NewClock(func() time.Time { return epoch })
	mux := http.NewServeMux()
	mux.HandleFunc("/notify", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sh.mu.Lock()
		sh.received = append(sh.received, arrival{at: sh.clock.Now(), header: r.Header, body: body})
		sh.mu.Unlock()
		w.WriteHeader(sh.answer)
	})
	var inner http.Handler
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(w, r) })
	sh.server = httptest.NewServer(mux)
	t.Cleanup(sh.server.Close)
	cfg := Config{
		Accounts: []Account{{Name: "小店", MchID: mchID, AppID: appID, AppSecret: secret, MerchantSerial: keys().serial,
			MerchantPublicKey: &keys().merchant.PublicKey, APIv3Key: []byte(apiKey)}},
		PlatformKeys: []PlatformKey{keys().platform[0]}, PublicKeyID: pubID, PublicKey: keys().public,
		Clock: sh.clock, Rand: rand.Reader, HTTP: sh.server.Client(), BaseURL: sh.server.URL,
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sh.s, inner = s, s.Handler()
	return sh
}

// answer is a response with its raw body.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) code() string {
	b, _ := wire.ParseError(a.body)
	return b.Code
}

// call signs and sends; edit may spoil the request after it was signed.
func (sh *shop) call(method, target string, body any, edit func(*http.Request)) answer {
	sh.t.Helper()
	var raw []byte
	switch b := body.(type) {
	case nil:
	case string:
		raw = []byte(b)
	default:
		raw, _ = json.Marshal(b)
	}
	req, err := http.NewRequest(method, sh.server.URL+target, bytes.NewReader(raw))
	if err != nil {
		sh.t.Fatal(err)
	}
	auth, err := wire.Authorize(wire.Authorization{MchID: mchID, Serial: keys().serial, Timestamp: sh.clock.Now().Unix(), Nonce: "0123456789"},
		method, req.URL.RequestURI(), raw, signWith(sh.key))
	if err != nil {
		sh.t.Fatal(err)
	}
	req.Header.Set("Authorization", auth)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "test")
	req.Header.Set("Content-Type", "application/json")
	if sh.serial != "" {
		req.Header.Set(wire.HeaderSerial, sh.serial)
	}
	if edit != nil {
		edit(req)
	}
	return sh.do(req)
}

func (sh *shop) do(req *http.Request) answer {
	sh.t.Helper()
	client := *sh.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		return answer{}
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		sh.t.Fatal(err)
	}
	return answer{status: res.StatusCode, header: res.Header, body: got}
}

func (sh *shop) get(target string, header ...string) answer {
	sh.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = sh.server.URL + target
	}
	req, err := http.NewRequest("GET", target, nil)
	if err != nil {
		sh.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return sh.do(req)
}

// ok demands a status and a valid signature of the named key and decodes the body into v.
func (sh *shop) ok(a answer, status int, v any) {
	sh.t.Helper()
	if a.status != status {
		sh.t.Fatalf("HTTP %d %s, want %d", a.status, a.body, status)
	}
	sh.verify(a.header, a.body)
	if v != nil {
		if err := wire.Decode(a.body, v); err != nil {
			sh.t.Fatalf("%s: %v", a.body, err)
		}
	}
}

func (sh *shop) verify(h http.Header, body []byte) {
	sh.t.Helper()
	sig, err := wire.ParseSignature(h)
	if err != nil {
		sh.t.Fatal(err)
	}
	known := map[string]*rsa.PublicKey{pubID: &keys().public.PublicKey}
	for _, p := range keys().platform {
		known[p.Serial] = &p.Key.PublicKey
	}
	if known[sig.Serial] == nil || sig.Check(body, verifyWith(known[sig.Serial])) != nil {
		sh.t.Fatalf("signature of %s does not verify", sig.Serial)
	}
}

// refused demands an unsigned refusal.
func (sh *shop) refused(what string, a answer, status int, code string) {
	sh.t.Helper()
	if a.status != status || a.code() != code {
		sh.t.Errorf("%s: HTTP %d %s, want %d %s", what, a.status, a.body, status, code)
	}
	if a.header.Get(wire.HeaderSignature) != "" || a.header.Get(wire.HeaderSerial) != "" {
		sh.t.Errorf("%s: an error is signed", what)
	}
}

func (sh *shop) order(no string) wire.Order {
	return wire.Order{Parties: self, Description: "乌龙茶", OutTradeNo: no, NotifyURL: sh.server.URL + "/notify",
		Amount: wire.Amount{Total: 6800, Currency: "CNY"}}
}

func (sh *shop) native(no string) string {
	sh.t.Helper()
	var r wire.OrderResult
	sh.ok(sh.call("POST", self.OrderPath(wire.KindNative), sh.order(no), nil), 200, &r)
	return r.CodeURL
}

func (sh *shop) query(no string) (tr wire.Transaction) {
	sh.t.Helper()
	sh.ok(sh.call("GET", self.QueryByOrderNo(no), nil, nil), 200, &tr)
	return tr
}

// paid orders and pays natively.
func (sh *shop) paid(no string) wire.Transaction {
	sh.t.Helper()
	sh.native(no)
	if err := (controlBook{sh.s}).ApproveOrder(no, ""); err != nil {
		sh.t.Fatal(err)
	}
	sh.run(0)
	return sh.query(no)
}

func (sh *shop) run(d time.Duration) int {
	sh.clock.Advance(d)
	return sh.s.RunDue(context.Background())
}

func (sh *shop) arm(op, fault string) {
	sh.t.Helper()
	if _, err := sh.s.Faults().Add(sandboxkit.Fault{Op: op, Fault: fault}); err != nil {
		sh.t.Fatal(err)
	}
}

// notices verifies and opens everything that arrived.
func (sh *shop) notices(v func() any) (notes []wire.Notification, opened []any) {
	sh.t.Helper()
	for _, a := range sh.received {
		sh.verify(a.header, a.body)
		n, err := wire.ParseNotification(a.body)
		if err != nil {
			sh.t.Fatal(err)
		}
		plain, err := n.Resource.Open(func(nonce, ct, aad []byte) ([]byte, error) {
			block, _ := aes.NewCipher([]byte(apiKey))
			gcm, _ := cipher.NewGCM(block)
			return gcm.Open(nil, nonce, ct, aad)
		})
		if err != nil {
			sh.t.Fatal(err)
		}
		x := v()
		if err := wire.Decode(plain, x); err != nil {
			sh.t.Fatal(err)
		}
		notes, opened = append(notes, n), append(opened, x)
	}
	return notes, opened
}

func (sh *shop) refundBody(no string, n int, fen int64) wire.RefundRequest {
	return wire.RefundRequest{OutTradeNo: no, OutRefundNo: fmt.Sprintf("%s_r%d", no, n), NotifyURL: sh.server.URL + "/notify",
		Amount: wire.RefundAmount{Refund: fen, Total: 6800, Currency: "CNY"}}
}
