package facade_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/facade"
	"postern/provider/alipay/wire"
	"postern/provider/all"
	"postern/sim"
	"postern/store"
)

// faces are the hosts of the facades in these tests, by provider.
var faces = map[string]string{"alipay": "alipay.face.test", "wechatpay": "wechat.face.test"}

// room is a switch with its facades at hosts of their own, and an Alipay account that the switch itself issued.
type room struct {
	testing.TB
	*sim.World
	account engine.IssuedFacade
	shop    http.HandlerFunc
}

func newRoom(t testing.TB) *room {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite::memory:", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	r := &room{TB: t, shop: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, wire.Acknowledged) }}
	if r.World, err = sim.New(ctx, sim.Options{Store: s, Seed: 7, Key: sim.Key, Makers: all.SandboxesOf("alipay", "wechatpay")}); err != nil {
		t.Fatal(err)
	}
	r.Engine.FacadeURLs = map[string]string{}
	for code, host := range faces {
		h, err := facade.New(facade.Config{Engine: r.Engine, TokenKey: []byte(strings.Repeat("k", 32))}, code)
		if err != nil {
			t.Fatal(err)
		}
		r.Net[host], r.Engine.FacadeURLs[code] = h, "http://"+host
	}
	r.Net["shop.test"] = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.shop(w, q) })
	if r.account, err = r.Engine.IssueFacade(ctx, engine.Actor{Who: "test"}, r.Merchant.ID, engine.FacadeInput{Provider: "alipay", Keys: map[string][]byte{"merchant_public": appPublic(t)}}); err != nil {
		t.Fatal(err)
	}
	return r
}

// appPublic is what a merchant hands in: the public half of what its code signs with, as PEM.
func appPublic(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&sim.Key("face-app").PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// signed is a call of the second version in one form, as a merchant's code makes it.
func (r *room) signed(method, biz string, more ...string) string {
	p := wire.Params{
		"app_id": r.account.Account.Number, "method": method, "format": "JSON", "charset": "utf-8", "sign_type": "RSA2", "timestamp": wire.FormatTime(r.Clock.Now()), "version": "1.0", "biz_content": biz,
	}
	for i := 0; i < len(more); i += 2 {
		p[more[i]] = more[i+1]
	}
	if err := p.SignRequest(wire.SignWith(sim.Key("face-app"), "RSA2")); err != nil {
		r.Fatal(err)
	}
	return p.Encode()
}

// post sends a form to a facade's host.
func (r *room) post(ctx context.Context, host, path, body string) *httptest.ResponseRecorder {
	q := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://"+host+path, strings.NewReader(body))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	r.Net[host].ServeHTTP(w, q)
	return w
}

// ask makes one call and returns its answer, verified with the public key that the switch handed out.
func (r *room) ask(method, biz string, more ...string) wire.Object {
	r.Helper()
	w := r.post(context.Background(), faces["alipay"], wire.GatewayPath, r.signed(method, biz, more...))
	env, err := wire.Extract(w.Body.Bytes(), method)
	if err != nil {
		r.Fatalf("%v: %s", err, w.Body)
	}
	block, _ := pem.Decode([]byte(r.account.Public["public_key"]))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		r.Fatal(err)
	}
	if err := env.Verify(wire.VerifyWith(key.(*rsa.PublicKey), "RSA2")); err != nil {
		r.Errorf("%v: %s", err, w.Body)
	}
	o, err := env.Object()
	if err != nil {
		r.Fatal(err)
	}
	return o
}

func (r *room) wants(o wire.Object, field, want string) {
	r.Helper()
	if got := o.Text(field); got != want {
		r.Errorf("%s is %q, want %q: %s", field, got, want, o)
	}
}

const create = `{"out_trade_no":"F-1","total_amount":"68.00","subject":"茶","buyer_id":"2088000000000009"}`

// TestEachFacadeHasItsHost: paths are at the root of one provider's own host; another provider's path, another host's account and a path of nobody's answer as the provider does.
func TestEachFacadeHasItsHost(t *testing.T) {
	r := newRoom(t)
	r.wants(r.ask(wire.MethodCreate, create), "code", "10000")
	ctx, call := context.Background(), r.signed(wire.MethodQuery, `{"out_trade_no":"F-1"}`)
	if w := r.post(ctx, faces["wechatpay"], wire.GatewayPath, call); w.Code < 400 || strings.Contains(w.Body.String(), "alipay") || strings.Contains(w.Body.String(), "F-1") {
		t.Errorf("the other facade answers %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/", "/gateway", "/gateway.do/", "/v1/payments", "/metrics", "/console"} {
		w := r.post(ctx, faces["alipay"], path, call)
		if w.Code != http.StatusNotFound || w.Body.Len() != 0 {
			t.Errorf("%s answers %d %s", path, w.Code, w.Body)
		}
	}
	foreign := strings.Replace(call, r.account.Account.Number, "2026999999999999", 1)
	if w := r.post(ctx, faces["alipay"], wire.GatewayPath, foreign); !strings.Contains(w.Body.String(), "isv.invalid-app-id") {
		t.Errorf("a number of nobody's: %s", w.Body)
	}
	if _, err := facade.New(facade.Config{Engine: r.Engine}, "nobody"); postern.CodeOf(err) != postern.CodeNotSupported {
		t.Errorf("a facade of nobody's: %v", err)
	}
}

// TestDisabledAccountIsUnknown: from the next look on (accounts are remembered for five seconds) a disabled account is answered as one that never was, and its buyers
// still find their way back.
func TestDisabledAccountIsUnknown(t *testing.T) {
	r := newRoom(t)
	r.wants(r.ask(wire.MethodCreate, create), "code", "10000")
	if _, err := r.Engine.DisableFacade(t.Context(), engine.Actor{Who: "test"}, r.Merchant.ID, r.account.Account.ID); err != nil {
		t.Fatal(err)
	}
	r.Clock.Advance(6 * time.Second)
	w := r.post(t.Context(), faces["alipay"], wire.GatewayPath, r.signed(wire.MethodQuery, `{"out_trade_no":"F-1"}`))
	if !strings.Contains(w.Body.String(), "isv.invalid-app-id") {
		t.Errorf("a disabled account: %s", w.Body)
	}
}

// TestNewKeysVerifyBesideTheOld: after a rotation answers are signed with the new key at once, what the merchant signs with its old key is believed until the overlap
// is over, and not longer.
func TestNewKeysVerifyBesideTheOld(t *testing.T) {
	r := newRoom(t)
	old := r.account
	next, err := r.Engine.RotateFacade(t.Context(), engine.Actor{Who: "test"}, r.Merchant.ID, old.Account.ID, engine.FacadeRotation{
		Keys: map[string][]byte{"merchant_public": otherPublic(t)}, From: r.Clock.Now().Add(time.Hour), Overlap: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.wants(r.ask(wire.MethodCreate, create), "code", "10000") // not yet: the old key signs
	r.Clock.Advance(time.Hour + time.Minute)
	r.account = next
	r.account.Account = old.Account
	r.wants(r.ask(wire.MethodQuery, `{"out_trade_no":"F-1"}`), "trade_status", "WAIT_BUYER_PAY")
	r.Clock.Advance(time.Hour)
	r.wants(r.ask(wire.MethodQuery, `{"out_trade_no":"F-1"}`), "sub_code", "isv.invalid-signature")
}

func otherPublic(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&sim.Key("face-other").PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// TestBodiesAreBounded: a byte more than the bound is refused in the provider's words before anything is done, however it is sent.
func TestBodiesAreBounded(t *testing.T) {
	r := newRoom(t)
	call := r.signed(wire.MethodCreate, create)
	fit := call + "&" + strings.Repeat("x", wire.MaxForm-len(call)-1)
	over := fit + "x"
	if w := r.post(t.Context(), faces["alipay"], wire.GatewayPath, fit); strings.Contains(w.Body.String(), "isv.invalid-parameter") {
		t.Errorf("a body of %d bytes: %s", len(fit), w.Body)
	}
	if w := r.post(t.Context(), faces["alipay"], wire.GatewayPath, over); !strings.Contains(w.Body.String(), "isv.invalid-parameter") {
		t.Errorf("a body of %d bytes: %s", len(over), w.Body)
	}
	endless := httptest.NewRequest(http.MethodPost, "http://"+faces["alipay"]+wire.V3Prefix+"alipay/trade/query", io.LimitReader(zeros{}, 1<<40))
	w := httptest.NewRecorder()
	r.Net[faces["alipay"]].ServeHTTP(w, endless) // returns at all
	if w.Code != http.StatusBadRequest || !json.Valid(w.Body.Bytes()) {
		t.Errorf("an endless body: %d %s", w.Code, w.Body)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestACallerWhoHangsUp: nobody is told of a success that was not written, and the same call made again is the same order.
func TestACallerWhoHangsUp(t *testing.T) {
	r := newRoom(t)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	first := r.post(gone, faces["alipay"], wire.GatewayPath, r.signed(wire.MethodCreate, create)).Body.String()
	_, _, err := r.Store.FacadeOrder(t.Context(), r.Merchant.ID, r.account.Account.ID, "F-1")
	if strings.Contains(first, `"code":"10000"`) && err != nil {
		t.Errorf("a success that was not written: %s, %v", first, err)
	}
	again := r.ask(wire.MethodCreate, create)
	r.wants(again, "code", "10000")
	r.wants(r.ask(wire.MethodCreate, create), "trade_no", again.Text("trade_no"))
}

// TestNoticesHaveADeadline: a merchant's server that never answers holds nothing up; the next try is due, and the request was ended by us.
func TestNoticesHaveADeadline(t *testing.T) {
	r := newRoom(t)
	r.ask(wire.MethodCreate, create, "notify_url", "http://shop.test/notify")
	r.ask(wire.MethodClose, `{"out_trade_no":"F-1"}`)
	o := r.ask(wire.MethodCreate, strings.Replace(create, "F-1", "F-2", 1), "notify_url", "http://shop.test/notify")
	bounded := false
	r.shop = func(w http.ResponseWriter, q *http.Request) {
		_, bounded = q.Context().Deadline()
		w.WriteHeader(http.StatusGatewayTimeout)
	}
	r.payTrade(o.Text("out_trade_no"))
	if !bounded {
		t.Error("the merchant's server was called without a deadline, or not at all")
	}
	list, _, err := r.Store.FacadeNotices(t.Context(), r.Merchant.ID, store.Page{Limit: 10})
	if err != nil || !slices.ContainsFunc(list, func(n postern.FacadeNotice) bool {
		return n.Number == "F-2" && n.Tries == 1 && n.LastStatus == http.StatusGatewayTimeout && n.DoneAt.IsZero()
	}) {
		t.Errorf("notices: %+v, %v", list, err)
	}
}

// payTrade lets a buyer pay a merchant's number with WeChat Pay.
func (r *room) payTrade(number string) {
	r.Helper()
	ctx := context.Background()
	o, _, err := r.Store.FacadeOrder(ctx, r.Merchant.ID, r.account.Account.ID, number)
	if err != nil {
		r.Fatal(err)
	}
	p, err := r.Store.Payment(ctx, r.Merchant.ID, o.PaymentID)
	if err != nil {
		r.Fatal(err)
	}
	a, err := r.Begin(ctx, p, "wechatpay", "native")
	if err == nil {
		err = errors.Join(r.Approve(ctx, a, ""), r.Run(ctx, time.Minute))
	}
	if err != nil {
		r.Fatal(err)
	}
}

// TestReturns: a token leads on to the merchant's own address, signed; what is no token, and an order that says nowhere to go, is not found; a switch in trouble says no more
// than that.
func TestReturns(t *testing.T) {
	r := newRoom(t)
	const back = "http://shop.test/back?cart=7&x=%E8%8C%B6"
	page := r.signed(wire.MethodPagePay, `{"out_trade_no":"P-1","total_amount":"68.00","subject":"茶","product_code":"FAST_INSTANT_TRADE_PAY"}`, "return_url", back)
	if w := r.post(t.Context(), faces["alipay"], wire.GatewayPath, page); w.Code != http.StatusFound {
		t.Fatalf("a page payment: %d %s", w.Code, w.Body)
	}
	r.ask(wire.MethodCreate, create)
	r.payTrade("P-1")
	mux := http.NewServeMux()
	mux.Handle("GET /f/{token}", facade.Returns(r.Engine, http.NotFoundHandler()))
	get := func(token string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://postern.test/f/"+url.PathEscape(token), nil))
		return w
	}
	tokenOf := func(number string) string {
		o, _, err := r.Store.FacadeOrder(t.Context(), r.Merchant.ID, r.account.Account.ID, number)
		if err != nil {
			t.Fatal(err)
		}
		return o.Token
	}
	w := get(tokenOf("P-1"))
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusSeeOther {
		t.Fatalf("%d %v", w.Code, err)
	}
	q := to.Query()
	if to.Host != "shop.test" || q.Get("cart") != "7" || q.Get("x") != "茶" || q.Get("out_trade_no") != "P-1" || q.Get("sign") == "" || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the buyer goes to %s with %v", to, w.Header())
	}
	for name, token := range map[string]string{"nobody's": strings.Repeat("0", 26), "malformed": "../../etc", "another kind": r.account.Account.ID, "nowhere to go": tokenOf("F-1")} {
		if w := get(token); w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	token := tokenOf("P-1")
	if err := r.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if w := get(token); w.Code != http.StatusServiceUnavailable || strings.TrimSpace(w.Body.String()) != http.StatusText(http.StatusServiceUnavailable) {
		t.Errorf("without a store: %d %s", w.Code, w.Body)
	}
}
