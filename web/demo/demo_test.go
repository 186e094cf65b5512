package demo_test

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/sim"
	"postern/store"
	"postern/web/checkout"
	"postern/web/demo"
	"postern/web/webtest"
)

var pictures = flag.String("pictures", "", "a folder for pictures of the front page")

// stage is a whole switch in virtual time with the checkout and the front page.
type stage struct {
	*testing.T
	*sim.World
	orders []postern.Payment
}

func openStage(t *testing.T) *stage {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	world, err := sim.New(ctx, sim.Options{Store: db, Seed: 11, Key: sim.Key})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, World: world}
	mux := http.NewServeMux()
	mux.Handle("/", world.Net[sim.Host])
	world.Net[sim.Host] = mux
	sandbox := func(code string) string { return "http://" + code + ".sandbox" }
	checkout.New(checkout.Config{Engine: world.Engine, Sandbox: sandbox}).Register(mux)
	cfg := demo.Config{Engine: world.Engine, MerchantID: world.Merchant.ID, Link: s.link, NewLink: s.newLink}
	for _, code := range []string{"wechatpay", "alipay"} {
		cfg.Wallets = append(cfg.Wallets, demo.Wallet{Provider: code, URL: sandbox(code) + "/phone"})
	}
	demo.New(cfg).Register(mux)
	return s
}

func (s *stage) newLink(ctx context.Context) (string, error) {
	p, err := s.Pay(ctx, "D"+postern.NewToken(s.Rand)[:8], 6800)
	s.orders = append(s.orders, p)
	return s.Engine.CheckoutURL(p.LinkToken), err
}

func (s *stage) link(ctx context.Context) (string, error) {
	if n := len(s.orders); n > 0 {
		return s.Engine.CheckoutURL(s.orders[n-1].LinkToken), nil
	}
	return s.newLink(ctx)
}

func (s *stage) get(method, path string, headers ...string) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest(method, "http://"+sim.Host+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.Net[sim.Host].ServeHTTP(w, r)
	return w
}

func (s *stage) feed() demo.Feed {
	s.Helper()
	var f demo.Feed
	w := s.get(http.MethodGet, "/feed?lang=zh")
	if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil {
		s.Fatalf("%v: %s", err, w.Body)
	}
	return f
}

func (s *stage) pass(span time.Duration) {
	s.Helper()
	if err := s.World.Run(context.Background(), span); err != nil {
		s.Fatal(err)
	}
}

func TestFrontPage(t *testing.T) {
	s := openStage(t)
	w := s.get(http.MethodGet, "/?lang=en")
	page := w.Body.String()
	token := s.orders[0].LinkToken
	for _, want := range []string{
		"/c/" + token + "?as=wechat&amp;bare=1&amp;lang=en", "/c/" + token + "?as=alipay&amp;", "?as=browser&amp;", "?as=douyin&amp;", "?as=desktop&amp;",
		`src="http://wechatpay.sandbox/phone?lang=en"`, `src="http://alipay.sandbox/phone?lang=en"`, "One link that can be paid in every app",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if n := strings.Count(page, "<iframe"); n != 7 {
		t.Errorf("%d frames, want four phones, a computer and two wallets", n)
	}
	policy := w.Header().Get("Content-Security-Policy")
	if want := "frame-src 'self' http://postern.test http://wechatpay.sandbox http://alipay.sandbox"; !strings.Contains(policy, want) {
		t.Errorf("policy %s", policy)
	}
	if again := s.get(http.MethodGet, "/"); len(s.orders) != 1 || !strings.Contains(again.Body.String(), token) {
		t.Error("looking again made another order")
	}
	if s.get(http.MethodPost, "/new", "Sec-Fetch-Site", "cross-site"); len(s.orders) != 1 {
		t.Error("a foreign page made an order")
	}
	if w := s.get(http.MethodPost, "/new?lang=en"); len(s.orders) != 2 || w.Header().Get("Location") != "/?lang=en&link="+s.orders[1].LinkToken {
		t.Errorf("a new order: %d %s", len(s.orders), w.Header().Get("Location"))
	}
	if w := s.get(http.MethodGet, "/?link="+token); !strings.Contains(w.Body.String(), token) {
		t.Error("an earlier order's link cannot be shown")
	}
}

func TestFeedTellsWhatHappens(t *testing.T) {
	s := openStage(t)
	if f := s.feed(); len(f.Orders)+len(f.Postings)+len(f.Webhooks) != 0 {
		t.Fatalf("nothing happened yet: %+v", f)
	}
	s.get(http.MethodGet, "/")
	if f := s.feed(); len(f.Orders) != 1 || f.Orders[0].Status != "待付款" || f.Orders[0].Amount != "¥68.00" || f.Orders[0].Tone != "wait" {
		t.Fatalf("one open order: %+v", f)
	}
	a, err := s.Begin(context.Background(), s.orders[0], "wechatpay", "native")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Approve(context.Background(), a, ""); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Second)
	f := s.feed()
	if o := f.Orders[0]; o.Status != "已付款" || o.Wallet != "微信支付" || o.Tone != "ok" {
		t.Errorf("order %+v", o)
	}
	want := []demo.Line{{Account: "应收 · 微信支付", Debit: "¥68.00"}, {Account: "销售收入", Credit: "¥68.00"}}
	if len(f.Postings) != 1 || f.Postings[0].Title != "收款" || len(f.Postings[0].Lines) != 2 || f.Postings[0].Lines[0] != want[0] || f.Postings[0].Lines[1] != want[1] {
		t.Errorf("postings %+v", f.Postings)
	}
	if len(f.Webhooks) != 1 || f.Webhooks[0].Type != "payment.paid" || f.Webhooks[0].Status != "已送达" {
		t.Errorf("webhooks %+v", f.Webhooks)
	}
}

// TestOneLook opens the front page in a real browser, pays in one phone, and sees every frame and all three columns follow.
func TestOneLook(t *testing.T) {
	s := openStage(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := s.Net[r.Host]; ok {
			h.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	b := webtest.Open(t, strings.TrimPrefix(server.URL, "http://"))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, lang := range []string{"zh-CN", "en"} {
		s.get(http.MethodPost, "/new")
		must(b.Show("http://"+sim.Host+"/?lang="+lang, webtest.View{Width: 1280, Height: 900, Language: lang}))
		must(b.Wait(frames(`d.body.className.indexOf('wayout') >= 0`, 1)))
		picture(t, b, "demo-open."+lang)
		_, err := webtest.Eval[bool](b, `document.querySelector('.phone iframe').contentDocument.querySelector('form button').click(), true`)
		must(err)
		must(b.Wait(frames(`d.querySelector('.sheet iframe')`, 1)))
		must(b.Wait(frames(`/waiting/.test(d.body.className)`, 4)))
		picture(t, b, "demo-paying."+lang)
		state, err := s.State(context.Background(), s.orders[len(s.orders)-1])
		must(err)
		must(s.Approve(context.Background(), state.Attempts[0], ""))
		s.pass(5 * time.Second)
		must(b.Wait(frames(`/paid/.test(d.body.className)`, 5)))
		must(b.Wait(`document.querySelectorAll('#orders .ok').length > 0 && document.querySelectorAll('#postings .leg').length > 1 && document.querySelectorAll('#webhooks .ok').length > 0`))
		picture(t, b, "demo-paid."+lang)
		for _, c := range b.Complaints() {
			if !strings.Contains(c, "favicon") {
				t.Errorf("the browser complains: %s", c)
			}
		}
	}
	must(b.Show("http://"+sim.Host+"/", webtest.View{Width: 360}))
	wide, err := webtest.Eval[int](b, "document.documentElement.scrollWidth")
	if must(err); wide > 360 {
		t.Errorf("on a phone the page is %d px wide", wide)
	}
}

// frames is true when the condition holds in that many of the checkout's frames; d is a frame's document.
func frames(condition string, n int) string {
	return `Array.from(document.querySelectorAll('iframe')).filter(function (f) { var d = f.contentDocument; return d && d.body && (` + condition + `) }).length >= ` + string(rune('0'+n))
}

func picture(t *testing.T, b *webtest.Browser, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	raw, err := b.Picture(false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*pictures, name+".1280.png"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}
