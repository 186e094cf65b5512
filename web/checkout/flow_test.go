package checkout_test

import (
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider/sandboxkit"
	"postern/sim"
	"postern/store"
	"postern/web/checkout"
)

// shop is a whole switch with both simulated wallets, its checkout, and one buyer's browser.
type shop struct {
	*testing.T
	*sim.World
	client *http.Client
}

func openShop(t *testing.T) *shop {
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
	world, err := sim.New(ctx, sim.Options{Store: db, Seed: 7, Key: sim.Key})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", world.Net[sim.Host])
	world.Net[sim.Host] = mux
	checkout.New(checkout.Config{Engine: world.Engine, Sandbox: func(code string) string { return "http://" + code + ".sandbox" }}).Register(mux)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &shop{T: t, World: world, client: &http.Client{Transport: referring{world.Net}, Jar: jar}}
}

// referring sends the origin along as browsers do under the checkout's policy; one wallet's cashier asks for it.
type referring struct{ net sandboxkit.Local }

func (r referring) RoundTrip(q *http.Request) (*http.Response, error) {
	q = q.Clone(q.Context())
	q.Header.Set("Referer", "http://"+sim.Host+"/")
	return r.net.Do(q)
}

// answer is a page as the buyer sees it.
type answer struct {
	status int
	url    *url.URL
	header http.Header
	body   string
}

func (s *shop) do(method, address string, form url.Values, headers ...string) answer {
	s.Helper()
	if strings.HasPrefix(address, "/") {
		address = "http://" + sim.Host + address
	}
	q, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		s.Fatal(err)
	}
	if method == http.MethodPost {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	r, err := s.client.Do(q)
	if err != nil {
		s.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer{r.StatusCode, r.Request.URL, r.Header, string(body)}
}

func (s *shop) get(address string) answer { return s.do(http.MethodGet, address, nil) }

var (
	classForm = regexp.MustCompile(`<body class="([a-z]+)`)
	refresh   = regexp.MustCompile(`http-equiv="refresh" content="0;url=([^"]+)"`)
)

// screen is the state that the page shows.
func (a answer) screen() string {
	if m := classForm.FindStringSubmatch(a.body); m != nil {
		return m[1]
	}
	return ""
}

// follow goes where the page sends the browser at once, as a launch page does.
func (s *shop) follow(a answer) answer {
	s.Helper()
	m := refresh.FindStringSubmatch(a.body)
	if m == nil {
		s.Fatalf("the page %s sends nobody anywhere:\n%s", a.screen(), a.body)
	}
	return s.get(html.UnescapeString(m[1]))
}

func (s *shop) pass(span time.Duration) {
	s.Helper()
	if err := s.World.Run(context.Background(), span); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) order(reference string) (postern.Payment, string) {
	s.Helper()
	p, err := s.Pay(context.Background(), reference, 6800)
	if err != nil {
		s.Fatal(err)
	}
	return p, "/c/" + p.LinkToken
}

func (s *shop) stateOf(p postern.Payment) postern.State {
	s.Helper()
	state, err := s.State(context.Background(), p)
	if err != nil {
		s.Fatal(err)
	}
	return state
}

func (s *shop) wantScreen(a answer, want string) {
	s.Helper()
	if a.screen() != want || a.status != http.StatusOK {
		s.Fatalf("%s shows %d %s, want %s:\n%s", a.url, a.status, a.screen(), want, a.body[max(0, strings.Index(a.body, "<body")):])
	}
}

func choice(provider, product string) url.Values {
	return url.Values{"provider": {provider}, "product": {product}}
}

// TestPayInEveryContainer walks the whole way in each container: open, choose, pay in the simulated wallet, see the page turn.
func TestPayInEveryContainer(t *testing.T) {
	for _, c := range []struct{ as, provider, product, launch string }{
		{"wechat", "wechatpay", "jsapi", "bridge"},
		{"alipay", "alipay", "jsapi", "bridge"},
		{"browser", "wechatpay", "h5", "go"},
		{"browser", "alipay", "h5", "go"},
		{"desktop", "alipay", "page", "go"},
		{"desktop", "wechatpay", "native", "code"},
	} {
		t.Run(c.as+" "+c.provider+" "+c.product, func(t *testing.T) {
			s := openShop(t)
			p, link := s.order("A1")
			as := "?as=" + c.as
			s.get(link + as)
			a := s.do(http.MethodPost, link+"/start"+as, choice(c.provider, c.product))
			if c.product == "jsapi" {
				s.wantScreen(a, "go") // to the provider's sign-in, silently
				a = s.follow(a)
			}
			s.wantScreen(a, c.launch)
			attempt := s.stateOf(p).Attempts[0]
			if attempt.Provider != c.provider || attempt.Product != c.product || attempt.Amount != 6800 || !attempt.Exposed() {
				t.Fatalf("attempt %+v", attempt)
			}
			switch c.launch {
			case "bridge":
				if !strings.Contains(a.body, `<iframe src="http://`+c.provider+`.sandbox/phone/pay?`) {
					t.Error("no simulated phone on the page")
				}
			case "go":
				if wallet := s.follow(a); wallet.status != http.StatusOK || wallet.url.Host != c.provider+".sandbox" {
					t.Errorf("the launch page leads to %d %s:\n%s", wallet.status, wallet.url, wallet.body)
				}
				s.wantScreen(s.get(link+as), "waiting") // the buyer comes back
			}
			if err := s.Approve(context.Background(), attempt, ""); err != nil {
				t.Fatal(err)
			}
			s.pass(5 * time.Second)
			s.wantScreen(s.get(link+as), "paid")
			if got := s.stateOf(p); got.Payment.Status != postern.PaymentPaid {
				t.Errorf("the payment is %s", got.Payment.Status)
			}
		})
	}
}

func TestWhatEachContainerIsOffered(t *testing.T) {
	s := openShop(t)
	_, link := s.order("A1")
	for as, want := range map[string]string{"wechat": "choose", "alipay": "choose", "browser": "choose", "douyin": "wayout", "mini": "wayout", "desktop": "scan"} {
		s.wantScreen(s.get(link+"?as="+as), want)
	}
	if a := s.get(link + "?as=wechat&w=alipay"); a.screen() != "wayout" || !strings.Contains(a.body, "支付宝在微信里打不开") || !strings.Contains(a.body, `value="http://`+sim.Host+link+`?w=alipay"`) {
		t.Errorf("the way out of WeChat: %s", a.body)
	}
	if a := s.get(link + "?as=browser&w=wechatpay"); !strings.Contains(a.body, "用微信支付 ¥68.00") {
		t.Error("the wallet that the buyer asked for is not first")
	}
}

// TestConstantNotFound: links cannot be told from guesses by anything in the answer.
func TestConstantNotFound(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	want := s.get("/c/00000000000000000000000000")
	if want.status != http.StatusNotFound {
		t.Fatal(want.status)
	}
	for _, c := range [][2]string{
		{"GET", "/c/" + p.LinkToken[:25] + "0"}, {"GET", "/c/x"}, {"GET", "/c/"}, {"GET", "/c/" + strings.ToUpper(p.LinkToken)}, {"GET", link + "/nothing"}, {"GET", "/c/a/status"},
		{"POST", "/c/00000000000000000000000000/start"}, {"PUT", link}, {"GET", "/c/00000000000000000000000000/oauth"}, {"GET", link + "?as=nobody"},
	} {
		got := s.do(c[0], c[1], nil)
		if got.status != want.status || got.body != want.body || !sameHeaders(got.header, want.header) {
			t.Errorf("%s %s: %d %v", c[0], c[1], got.status, got.header)
		}
	}
}

func sameHeaders(a, b http.Header) bool {
	var x, y bytes.Buffer
	if a.Write(&x) != nil || b.Write(&y) != nil {
		return false
	}
	return x.String() == y.String()
}

// TestPretendingIsForTestMerchants tries the test bar's query on a live merchant's link.
func TestPretendingIsForTestMerchants(t *testing.T) {
	s := openShop(t)
	s.Merchant = postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, s.Clock.Now(), s.Rand), Name: "真商家", Live: true, Locale: "zh-CN", CreatedAt: s.Clock.Now()}
	if err := s.Store.SaveMerchant(context.Background(), s.Merchant); err != nil {
		t.Fatal(err)
	}
	_, link := s.order("L1")
	l := s.sells(engine.LinkInput{})
	a := s.get(link)
	if a.status != http.StatusOK || strings.Contains(a.body, `class="bar"`) {
		t.Errorf("a live link: %d", a.status)
	}
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("a live checkout may be framed: %s", policy)
	}
	for _, q := range []string{"?as=wechat", "?as=", "?bare=1", "?as=desktop&lang=en", "?on=2014-02-12", "?on="} {
		if got := s.get("/l/" + l.Token + q); got.status != http.StatusNotFound {
			t.Errorf("a live link%s: %d", q, got.status)
		}
		for _, below := range []string{"", "/status", "/oauth"} {
			if got := s.get(link + below + q); got.status != http.StatusNotFound {
				t.Errorf("%s%s: %d", below, q, got.status)
			}
		}
		if got := s.do(http.MethodPost, link+"/start"+q, choice("wechatpay", "native")); got.status != http.StatusNotFound {
			t.Errorf("start%s: %d", q, got.status)
		}
	}
}
