package callback_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern"
	alipaywire "postern/provider/alipay/wire"
	wechatwire "postern/provider/wechatpay/wire"
	"postern/sim"
	"postern/store"
)

// bench is a world whose notifications are caught on their way, to be changed and sent by hand.
type bench struct {
	*testing.T
	w      *sim.World
	tap    *tap
	secret string // the WeChat account's APIv3 key
}

// message is a notification as it was sent: the body of a POST, or the query of a GET.
type message struct {
	path   string
	header http.Header
	body   []byte
}

// byQuery are the providers that notify by GET.
const byQuery = "bill99"

// tap stands before the switch: it keeps every notification and lets it through only when told.
type tap struct {
	next    http.Handler
	through bool
	caught  []message
}

func (p *tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/n/") {
		p.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "cut", http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodGet {
		body = []byte(r.URL.RawQuery)
	}
	p.caught = append(p.caught, message{r.URL.Path, r.Header.Clone(), body})
	if !p.through {
		http.Error(w, "lost", http.StatusBadGateway)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.next.ServeHTTP(w, r)
}

func newBench(t *testing.T, fault func(context.Context, string) error) *bench {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w, err := sim.New(ctx, sim.Options{Store: s, Seed: 11, Key: sim.Key, Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, w: w, tap: &tap{next: w.Net[sim.Host]}, secret: string(w.Sandboxes["wechatpay"].Keys["apiv3_key"])}
	w.Net[sim.Host] = b.tap
	return b
}

// caught lets a buyer pay and returns the payment, its attempt and the notification, which never arrived.
func (b *bench) caught(reference, provider string) (postern.Payment, postern.Attempt, message) {
	b.Helper()
	ctx := context.Background()
	p, err := b.w.Pay(ctx, reference, 6800)
	if err != nil {
		b.Fatal(err)
	}
	product := "native"
	if provider == byQuery {
		product = "page"
	}
	a, err := b.w.Begin(ctx, p, provider, product)
	if err != nil {
		b.Fatal(err)
	}
	if err := b.w.Approve(ctx, a, ""); err != nil {
		b.Fatal(err)
	}
	n := len(b.tap.caught)
	b.w.Sandboxes[provider].RunDue(ctx) // The wallet tells; our own polls do not run.
	if len(b.tap.caught) == n {
		b.Fatal("no notification")
	}
	return p, a, b.tap.caught[n]
}

// send delivers a message to the switch over HTTP.
func (b *bench) send(m message) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://"+sim.Host+m.path, bytes.NewReader(m.body))
	r.Header = m.header.Clone()
	w := httptest.NewRecorder()
	b.tap.next.ServeHTTP(w, r)
	return w
}

// acks are the exact answers of each provider: stop, and come again.
var acks = map[string]struct{ good, bad string }{
	"alipay":    {"200 text/plain; charset=utf-8 success", "200 text/plain; charset=utf-8 fail"},
	"wechatpay": {`200 application/json {"code":"SUCCESS","message":"成功"}`, `500 application/json {"code":"FAIL","message":"失败"}`},
}

// want fails unless the answer is this one, byte for byte.
func (b *bench) want(what string, w *httptest.ResponseRecorder, want string) {
	b.Helper()
	status, body, _ := strings.Cut(want, " ")
	kind, text, _ := strings.Cut(body, " ")
	if kind == "text/plain;" {
		kind, text = "text/plain; charset=utf-8", strings.TrimPrefix(text, "charset=utf-8 ")
	}
	if got := w.Result(); got.Status[:3] != status || got.Header.Get("Content-Type") != kind || w.Body.String() != text {
		b.Errorf("%s: answered %s %q %q, want %s", what, got.Status, got.Header.Get("Content-Type"), w.Body, want)
	}
}

func (b *bench) state(p postern.Payment) postern.State {
	b.Helper()
	s, err := b.w.State(context.Background(), p)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// outcomes counts the kept messages of an attempt by outcome.
func (b *bench) outcomes(a postern.Attempt) map[string]int {
	b.Helper()
	rows, err := b.w.Store.Notifications(context.Background(), a.MerchantID, a.ID)
	if err != nil {
		b.Fatal(err)
	}
	out := map[string]int{}
	for _, row := range rows {
		out[row.Outcome]++
	}
	return out
}

// run lets time pass and compares the books at the end.
func (b *bench) run(span time.Duration) {
	b.Helper()
	if err := b.w.Run(context.Background(), span); err != nil {
		b.Fatal(err)
	}
	differences, err := b.w.Compare(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for _, d := range differences {
		b.Error(d)
	}
}

// alipaySigned changes fields of a real notification and signs it again with the gateway's own key.
func (b *bench) alipaySigned(m message, key *rsa.PrivateKey, change func(alipaywire.Params)) message {
	b.Helper()
	p, err := alipaywire.ParseForm(string(m.body))
	if err != nil {
		b.Fatal(err)
	}
	change(p)
	if err := p.SignNotify(alipaywire.SignWith(key, alipaywire.SignTypeRSA2)); err != nil {
		b.Fatal(err)
	}
	return message{m.path, m.header, []byte(p.Encode())}
}

// wechatSigned signs a body with the key whose serial the real notification named, now.
func (b *bench) wechatSigned(m message, key *rsa.PrivateKey, body []byte) message {
	b.Helper()
	header := m.header.Clone()
	sign := func(text []byte) ([]byte, error) {
		sum := sha256.Sum256(text)
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	}
	if err := wechatwire.SignHeaders(header, m.header.Get("Wechatpay-Serial"), b.w.Clock.Now().Unix(), "abcdefghijklmnopqrstuvwxyz012345", body, sign); err != nil {
		b.Fatal(err)
	}
	return message{m.path, header, body}
}

// wechatKey is the key that signed a notification.
func wechatKey(m message) *rsa.PrivateKey {
	if strings.HasPrefix(m.header.Get("Wechatpay-Serial"), "PUB_KEY_ID") {
		return sim.Key("wechatpay-public")
	}
	return sim.Key("wechatpay-platform")
}

// wechatResealed changes the plaintext of a real notification, encrypts and signs it again.
func (b *bench) wechatResealed(m message, change func(plain string) string) message {
	b.Helper()
	n, err := wechatwire.ParseNotification(m.body)
	if err != nil {
		b.Fatal(err)
	}
	block, err := aes.NewCipher([]byte(b.secret))
	if err != nil {
		b.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	plain, err := n.Resource.Open(func(nonce, text, additional []byte) ([]byte, error) { return gcm.Open(nil, nonce, text, additional) })
	if err != nil {
		b.Fatal(err)
	}
	changed := change(string(plain))
	seal := func(nonce, text, additional []byte) ([]byte, error) {
		return gcm.Seal(nil, nonce, text, additional), nil
	}
	if n.Resource, err = wechatwire.SealResource(n.Resource.OriginalType, n.Resource.AssociatedData, n.Resource.Nonce, []byte(changed), seal); err != nil {
		b.Fatal(err)
	}
	body, err := json.Marshal(n)
	if err != nil {
		b.Fatal(err)
	}
	return b.wechatSigned(m, wechatKey(m), body)
}
