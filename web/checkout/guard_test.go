package checkout_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/sim"
)

// TestSwitchWallet: the first wallet is closed at its provider before the second is offered.
func TestSwitchWallet(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	s.wantScreen(s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5")), "go")
	s.Clock.Advance(time.Second)
	a := s.do(http.MethodPost, link+"/switch?as=browser", nil)
	s.wantScreen(a, "choose")
	if first := s.stateOf(p).Attempts[0]; first.Status != postern.AttemptClosed {
		t.Fatalf("the first attempt is %s", first.Status)
	}
	s.wantScreen(s.do(http.MethodPost, link+"/start?as=browser", choice("wechatpay", "h5")), "go")
	if err := s.Approve(context.Background(), s.stateOf(p).Attempts[1], ""); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Second)
	s.wantScreen(s.get(link+"?as=browser"), "paid")
}

// TestUnknownOffersNoSecondWallet: when the provider does not say whether the first wallet was paid, the page offers no other and says why.
func TestUnknownOffersNoSecondWallet(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	s.wantScreen(s.do(http.MethodPost, link+"/start?as=browser", choice("wechatpay", "h5")), "go")
	for _, op := range []string{"close", "query"} {
		if err := s.Break(context.Background(), "wechatpay", op, "system_error", 20); err != nil {
			t.Fatal(err)
		}
	}
	a := s.do(http.MethodPost, link+"/switch?as=browser", nil)
	s.wantScreen(a, "unknown")
	if strings.Contains(a.body, `name="provider"`) || !strings.Contains(a.body, "请先不要再付一次") {
		t.Error("the page offers a second wallet, or does not say why it does not")
	}
	a = s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5"))
	s.wantScreen(a, "unknown")
	if n := len(s.stateOf(p).Attempts); n != 1 {
		t.Errorf("%d attempts, want the one", n)
	}
}

// TestElsewhere: what a second device shows while the first one pays, and that it follows.
func TestElsewhere(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	s.follow(s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5")))
	a := s.get(link + "?as=desktop")
	s.wantScreen(a, "waiting")
	if !strings.Contains(a.body, "改在这里付") {
		t.Error("the second device offers no way to pay there")
	}
	if err := s.Approve(context.Background(), s.stateOf(p).Attempts[0], ""); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Second)
	s.wantScreen(s.get(link+"?as=desktop"), "paid")
}

func (s *shop) news(link string) (state, rev string) {
	s.Helper()
	var n struct{ State, Rev string }
	a := s.get(link + "/status?as=browser")
	if err := json.Unmarshal([]byte(a.body), &n); err != nil {
		s.Fatalf("%v: %s", err, a.body)
	}
	return n.State, n.Rev
}

// TestStatusTells: the live status changes exactly when the page would.
func TestStatusTells(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	page := s.get(link + "?as=browser")
	state, rev := s.news(link)
	if state != "open" || !strings.Contains(page.body, `data-rev="`+rev+`"`) {
		t.Errorf("status %s %s does not fit the page", state, rev)
	}
	if _, again := s.news(link); again != rev {
		t.Error("nothing happened, and the status says something else")
	}
	s.follow(s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5")))
	if now, next := s.news(link); now != "processing" || next == rev {
		t.Errorf("after the start: %s %s", now, next)
	}
	if err := s.Approve(context.Background(), s.stateOf(p).Attempts[0], ""); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Second)
	if now, _ := s.news(link); now != "paid" {
		t.Errorf("after paying: %s", now)
	}
}

// TestCheckAsks: the buyer's "I have paid" asks the provider, so that a lost notification is no matter.
func TestCheckAsks(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	s.follow(s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5")))
	if err := s.Approve(context.Background(), s.stateOf(p).Attempts[0], ""); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(3 * time.Second) // no job runs: nothing but the button can know
	s.wantScreen(s.do(http.MethodPost, link+"/check?as=browser", nil), "paid")
}

// TestBuyersCannotBend tries what a buyer might post.
func TestBuyersCannotBend(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	for name, form := range map[string]url.Values{
		"no wallet":                      {},
		"a wallet that nobody has":       choice("nobody", "h5"),
		"a product that is blocked here": choice("wechatpay", "jsapi"),
		"a product without a wallet":     {"product": {"h5"}},
		"a scanned product":              choice("alipay", "barcode"),
	} {
		if a := s.do(http.MethodPost, link+"/start?as=browser", form); a.screen() != "choose" || len(s.stateOf(p).Attempts) > 0 {
			t.Errorf("%s: %s and %d attempts", name, a.screen(), len(s.stateOf(p).Attempts))
		}
	}
	if a := s.do(http.MethodPost, link+"/start?as=browser", url.Values{"provider": {strings.Repeat("x", 5000)}}); a.status != http.StatusNotFound {
		t.Errorf("an oversized form: %d", a.status)
	}
	form := choice("alipay", "h5")
	form.Set("amount", "1")
	form.Set("currency", "USD")
	s.do(http.MethodPost, link+"/start?as=browser&amount=1", form)
	if a := s.stateOf(p).Attempts[0]; a.Amount != 6800 || a.Currency != "CNY" {
		t.Errorf("the buyer's amount was believed: %d %s", a.Amount, a.Currency)
	}
}

// TestOtherSitesCannotPost: a foreign page in the buyer's browser cannot start or abandon anything.
func TestOtherSitesCannotPost(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		if a := s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5"), headers...); a.status != http.StatusNotFound {
			t.Errorf("%v: %d", headers, a.status)
		}
	}
	if n := len(s.stateOf(p).Attempts); n != 0 {
		t.Errorf("%d attempts from other sites", n)
	}
	if a := s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5"), "Origin", "http://postern.test", "Sec-Fetch-Site", "same-origin"); a.screen() != "go" {
		t.Errorf("the own page: %s", a.screen())
	}
}

// TestABuyerComesBackWithAForm: a provider's page that sends the buyer back by a POST from elsewhere leads to the payment's page, and what it carries changes
// nothing. Nothing below the link's address is open to it.
func TestABuyerComesBackWithAForm(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5"))
	before := s.stateOf(p)
	post := func(address string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, address, strings.NewReader("payResult=10&orderId=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://cashier.example.net")
		w := httptest.NewRecorder()
		s.Net[sim.Host].ServeHTTP(w, r)
		return w
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	if got := post("http://" + sim.Host + u.Path + "?as=browser"); got.Code != http.StatusSeeOther || got.Header().Get("Location") != u.Path || got.Body.Len() > 0 {
		t.Errorf("the buyer gets %d %q", got.Code, got.Header().Get("Location"))
	}
	for _, path := range []string{u.Path + "/start", u.Path + "/switch", u.Path + "/check", "/c/", "/c/../x", u.Path + "/"} {
		if got := post("http://" + sim.Host + path); got.Code == http.StatusSeeOther || got.Code == http.StatusOK {
			t.Errorf("%s is open to others", path)
		}
	}
	if after := s.stateOf(p); after.Payment.Status != before.Payment.Status || after.Payment.Version != before.Payment.Version {
		t.Errorf("the payment was %s and is %s", before.Payment.Status, after.Payment.Status)
	}
}

// TestForeignSignIn: coming back from the sign-in with another state than this browser took along starts nothing.
func TestForeignSignIn(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	a := s.do(http.MethodPost, link+"/start?as=wechat", choice("wechatpay", "jsapi"))
	s.wantScreen(a, "go")
	for _, q := range []string{"", "&code=x", "&code=x&state=00000000000000000000000000"} {
		s.wantScreen(s.get(link+"/oauth?as=wechat"+q), "choose")
	}
	s.wantScreen(s.follow(a), "choose") // the cookie was used up by the foreign returns
	if n := len(s.stateOf(p).Attempts); n != 0 {
		t.Errorf("%d attempts", n)
	}
}

// TestEndedTakesNothing: an expired or canceled payment starts no attempt.
func TestEndedTakesNothing(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	q, other := s.order("A2")
	if _, err := s.Engine.Cancel(context.Background(), q.MerchantID, q.ID); err != nil {
		t.Fatal(err)
	}
	s.pass(31 * time.Minute)
	for link, p := range map[string]postern.Payment{link: p, other: q} {
		s.wantScreen(s.get(link+"?as=browser"), "ended")
		s.wantScreen(s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5")), "ended")
		if n := len(s.stateOf(p).Attempts); n != 0 {
			t.Errorf("%d attempts on an ended payment", n)
		}
	}
}
