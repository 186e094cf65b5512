package checkout_test

import (
	"bytes"
	"context"
	"image/png"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/store"
	"postern/wall"
)

func (s *shop) sells(in engine.LinkInput) postern.Link {
	s.Helper()
	if in.Title == "" {
		in.Title = "烧饼礼盒"
	}
	in.Amount, in.Currency = 6800, "CNY"
	l, err := s.Engine.CreateLink(context.Background(), s.Merchant.ID, in)
	if err != nil {
		s.Fatal(err)
	}
	return l
}

func (s *shop) payments() []postern.Payment {
	s.Helper()
	list, _, err := s.Store.Payments(context.Background(), s.Merchant.ID, store.Page{Limit: 100})
	if err != nil {
		s.Fatal(err)
	}
	return list
}

var visitForm = regexp.MustCompile(`name="visit" value="([0-9a-z]{26})"`)

func visitOf(t *testing.T, a answer) url.Values {
	t.Helper()
	m := visitForm.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("the page %s has no order form: %d", a.screen(), a.status)
	}
	return url.Values{"visit": {m[1]}}
}

// TestOneLinkManyOrders: opening makes nothing, each buyer's button makes one payment, and a form sent again makes none.
func TestOneLinkManyOrders(t *testing.T) {
	s := openShop(t)
	l := s.sells(engine.LinkInput{ReturnURL: "https://shop.example.com/"})
	address := "/l/" + l.Token + "?as=browser"
	first, second := s.get(address), s.get(address)
	s.wantScreen(first, "link")
	if n := len(s.payments()); n != 0 {
		t.Fatalf("looking made %d payments", n)
	}
	form := visitOf(t, first)
	paid := s.do(http.MethodPost, "/l/"+l.Token+"/order?as=browser", form)
	s.wantScreen(paid, "choose")
	if again := s.do(http.MethodPost, "/l/"+l.Token+"/order?as=browser", form); again.url.Path != paid.url.Path || len(s.payments()) != 1 {
		t.Errorf("the form sent again led to %s and made %d payments in all", again.url, len(s.payments()))
	}
	other := s.do(http.MethodPost, "/l/"+l.Token+"/order?as=browser", visitOf(t, second))
	list := s.payments()
	if len(list) != 2 || other.url.Path == paid.url.Path {
		t.Fatalf("a second visit: %d payments, %s", len(list), other.url)
	}
	for _, p := range list {
		if p.Amount != 6800 || p.Description != l.Title || p.Metadata["link_id"] != l.ID || !strings.HasPrefix(p.Reference, l.Code+"-") || p.ReturnURL != l.ReturnURL {
			t.Errorf("payment %+v", p)
		}
	}
	request, err := s.Store.ReplayRequest(context.Background(), s.Merchant.ID, "link "+form.Get("visit"))
	if err != nil || request.Replays < 2 {
		t.Errorf("the replay committed nothing of its own: %+v %v", request, err)
	}
	for name, form := range map[string]url.Values{"no visit": {}, "a visit of no form": {"visit": {"x"}}, "too much": {"visit": {strings.Repeat("x", 5000)}}} {
		s.do(http.MethodPost, "/l/"+l.Token+"/order", form)
		if n := len(s.payments()); n != 2 {
			t.Errorf("%s: %d payments", name, n)
		}
	}
	if a := s.do(http.MethodPost, "/l/"+l.Token+"/order", visitOf(t, s.get(address)), "Sec-Fetch-Site", "cross-site"); a.status != http.StatusNotFound || len(s.payments()) != 2 {
		t.Errorf("another site ordered: %d", a.status)
	}
}

// TestTwoPressesAtOnce: the same form from two tabs at the same moment is one payment.
func TestTwoPressesAtOnce(t *testing.T) {
	s := openShop(t)
	l := s.sells(engine.LinkInput{})
	visit := postern.NewToken(s.Rand)
	done := make(chan postern.State, 8)
	for range cap(done) {
		go func() {
			state, err := s.Engine.OrderLink(context.Background(), l, visit)
			if err != nil {
				t.Error(err)
			}
			done <- state
		}()
	}
	ids := map[string]bool{}
	for range cap(done) {
		ids[(<-done).Payment.ID] = true
	}
	if len(ids) != 1 || len(s.payments()) != 1 {
		t.Errorf("%d answers, %d payments", len(ids), len(s.payments()))
	}
	if _, err := s.Engine.OrderLink(context.Background(), s.sells(engine.LinkInput{}), visit); err == nil || len(s.payments()) != 1 {
		t.Errorf("another link's visit was taken: %v", err)
	}
}

// TestALinkThatEnded says so, and makes nothing.
func TestALinkThatEnded(t *testing.T) {
	s := openShop(t)
	l := s.sells(engine.LinkInput{ExpiresAt: s.Clock.Now().Add(time.Hour)})
	form := visitOf(t, s.get("/l/"+l.Token))
	s.Clock.Advance(time.Hour)
	a := s.do(http.MethodPost, "/l/"+l.Token+"/order", form)
	if a.screen() != "ended" || a.status != http.StatusGone || len(s.payments()) != 0 {
		t.Errorf("%d %s, %d payments", a.status, a.screen(), len(s.payments()))
	}
	l = s.sells(engine.LinkInput{})
	if _, err := s.Engine.DisableLink(context.Background(), l.MerchantID, l.ID); err != nil {
		t.Fatal(err)
	}
	if a := s.get("/l/" + l.Token); a.status != http.StatusGone || strings.Contains(a.body, "<form") {
		t.Errorf("a disabled link: %d", a.status)
	}
}

// TestShortCodes lead to links and to payments, however they are typed; every other one gets the constant 404.
func TestShortCodes(t *testing.T) {
	s := openShop(t)
	l := s.sells(engine.LinkInput{})
	p, link := s.order("A1")
	code, err := s.Engine.PaymentCode(context.Background(), p.MerchantID, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Engine.PaymentCode(context.Background(), p.MerchantID, p.ID); again != code || err != nil {
		t.Errorf("the payment's second code is %s, the first %s: %v", again, code, err)
	}
	typed := strings.ReplaceAll(postern.FormatShortCode(l.Code), " ", "-")
	for address, want := range map[string]string{"/s/" + l.Code: "/l/" + l.Token, "/S/" + typed: "/l/" + l.Token, "/s/" + strings.ToUpper(code): link} {
		if a := s.get(address); a.url.Path != want || a.status != http.StatusOK {
			t.Errorf("%s led to %s: %d", address, a.url, a.status)
		}
	}
	unknown := s.get("/c/none")
	for _, address := range []string{"/s/", "/s/00000000", "/s/x", "/s/" + l.Code + "/x", "/l/", "/l/none", "/l/" + p.LinkToken, "/c/" + l.Token, "/l/" + l.Token + "/x", "/l/" + p.LinkToken + "/poster.png", "/l/" + l.Token + "?as=nowhere", "/l/" + l.Token + "?on=yesterday"} {
		if a := s.get(address); a.status != http.StatusNotFound || a.body != unknown.body || !reflect.DeepEqual(a.header, unknown.header) {
			t.Errorf("%s: %d, or another page than the constant one", address, a.status)
		}
	}
}

// TestPostersAndCards: both addresses have a poster and a picture, and the poster's code is the ordinary address.
func TestPostersAndCards(t *testing.T) {
	s := openShop(t)
	l := s.sells(engine.LinkInput{})
	_, link := s.order("A1")
	for _, base := range []string{"/l/" + l.Token, link} {
		for _, file := range []string{"/card.png", "/poster.png"} {
			a := s.get(base + file)
			if _, err := png.Decode(bytes.NewReader([]byte(a.body))); err != nil || a.header.Get("Content-Type") != "image/png" {
				t.Errorf("%s%s: %v", base, file, err)
			}
		}
		for lang, words := range map[string][]string{"zh": {"支付宝", "微信", "手机相机扫一扫", "¥68.00", "老王烧饼"}, "en": {"Scan with ", "WeChat", "Alipay", "camera", "¥68.00"}} {
			a := s.get(base + "/poster.svg?lang=" + lang)
			for _, want := range append(words, "TEST") {
				if a.header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(a.body, want) {
					t.Errorf("%s in %s does not say %s", base, lang, want)
				}
			}
		}
	}
	if a := s.get("/l/" + l.Token + "/poster.svg"); !strings.Contains(a.body, sim.Host+"/s/"+strings.ToUpper(l.Code)) {
		t.Error("the poster has no code to type")
	}
}

// TestShareCardsNameNoBuyer: what a chat shows of an address is the merchant's and the same before and after somebody has paid.
func TestShareCardsNameNoBuyer(t *testing.T) {
	s := openShop(t)
	made, err := s.Engine.Create(context.Background(), s.Merchant.ID, engine.CreateInput{
		Reference: "BUYER-ZHANG-138", Amount: 6800, Currency: "CNY", Description: "烧饼礼盒", Metadata: map[string]string{"phone": "13800138000"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, link := made.Payment, "/c/"+made.Payment.LinkToken
	meta := regexp.MustCompile(`<meta property="og:[^>]*>`)
	before := meta.FindAllString(s.get(link+"?as=browser").body, -1)
	if len(before) < 6 {
		t.Fatalf("share meta %v", before)
	}
	s.follow(s.do(http.MethodPost, link+"/start?as=browser", choice("alipay", "h5")))
	if err := s.Approve(context.Background(), s.stateOf(p).Attempts[0], ""); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Second)
	page := s.get(link + "?as=wechat")
	s.wantScreen(page, "paid")
	if after := meta.FindAllString(page.body, -1); !reflect.DeepEqual(before, after) {
		t.Errorf("the card changed with the buyer:\n%v\n%v", before, after)
	}
	for _, word := range []string{p.Reference, p.ID, "138"} {
		if strings.Contains(strings.Join(before, ""), word) {
			t.Errorf("the card says %s", word)
		}
	}
}

// TestOtherShops: where a platform's links open, the seller's choice decides; where they do not, the buyer gets the checkout here or the way out. No page of ours
// ever redirects to another host.
func TestOtherShops(t *testing.T) {
	s := openShop(t)
	taobao, jd := "https://item.taobao.com/item.htm?id=1", "https://item.jd.com/1.html"
	for _, c := range []struct {
		prefer  postern.Prefer
		targets []string
		as      string
		screen  string
		first   string // the page's first button leads there; "" orders here
		beside  string
	}{
		{postern.PreferCheckout, []string{taobao}, "browser", "link", "", taobao},
		{postern.PreferTarget, []string{taobao}, "browser", "link", taobao, ""},
		{postern.PreferTarget, []string{taobao}, "taobao", "link", taobao, ""},
		{postern.PreferTarget, []string{taobao}, "wechat", "link", "", ""}, // opens in a chat, not in Moments: nobody tells us which
		{postern.PreferTarget, []string{taobao, jd}, "wechat", "link", jd, ""},
		{postern.PreferTarget, []string{jd}, "alipay", "link", "", jd}, // nothing is known: beside, never first
		{postern.PreferOnly, []string{taobao}, "browser", "link", taobao, ""},
		{postern.PreferOnly, []string{taobao}, "wechat", "wayout", "", ""},
		{postern.PreferOnly, []string{taobao}, "douyin", "wayout", "", ""},
	} {
		l := s.sells(engine.LinkInput{Targets: c.targets, Prefer: c.prefer})
		a := s.get("/l/" + l.Token + "?as=" + c.as)
		where := string(c.prefer) + " in " + c.as
		if a.url.Host != sim.Host || a.screen() != c.screen {
			t.Errorf("%s: %s at %s", where, a.screen(), a.url)
		}
		button := regexp.MustCompile(`<a class="primary" href="([^"]+)"`).FindStringSubmatch(a.body)
		if got := strings.Join(append(button, "", "")[1:2], ""); got != c.first {
			t.Errorf("%s: the first button leads to %q, want %q", where, got, c.first)
		}
		if rows := strings.Count(a.body, `class="row" href="https://`); (c.beside != "") != (rows > 0) || c.beside != "" && !strings.Contains(a.body, `class="row" href="`+c.beside) {
			t.Errorf("%s: %d rows lead elsewhere, want %q", where, rows, c.beside)
		}
		if orders := visitForm.MatchString(a.body); orders != (c.prefer != postern.PreferOnly) {
			t.Errorf("%s: orders here: %v", where, orders)
		}
		if c.screen == "wayout" && !strings.Contains(a.body, `value="http://`+sim.Host+"/l/"+l.Token+`"`) {
			t.Errorf("%s: no link to copy", where)
		}
		if c.prefer == postern.PreferOnly {
			if s.do(http.MethodPost, "/l/"+l.Token+"/order", url.Values{"visit": {postern.NewToken(s.Rand)}}); len(s.payments()) != 0 {
				t.Errorf("%s: an order here, where the seller does not sell", where)
			}
		}
	}
}

// TestOtherShopsOnAnotherDay: looked at as of another day, a link asks that day's map.
func TestOtherShopsOnAnotherDay(t *testing.T) {
	s := openShop(t)
	l := s.sells(engine.LinkInput{Targets: []string{"https://item.taobao.com/1"}, Prefer: postern.PreferOnly})
	for on, want := range map[string]string{"2013-11-21": "link", "2013-11-22": "wayout"} {
		s.wantScreen(s.get("/l/"+l.Token+"?as=wechat&on="+on), want)
	}
	l = s.sells(engine.LinkInput{})
	form := visitOf(t, s.get("/l/"+l.Token+"?on=2013-11-21"))
	if s.do(http.MethodPost, "/l/"+l.Token+"/order?on=2013-11-21", form); len(s.payments()) != 0 {
		t.Error("an order on another day")
	}
}

// TestStrangersAreNoTargets: only addresses of platforms that the map knows are kept, whole and by https.
func TestStrangersAreNoTargets(t *testing.T) {
	s := openShop(t)
	for _, address := range []string{
		"https://evil.example/", "http://item.taobao.com/1", "https://taobao.com.evil.example/", "https://eviltaobao.com/", "https://user@item.taobao.com/", "https://item.taobao.com:8443/",
		"javascript:alert(1)//taobao.com", "//item.taobao.com/", "taobao.com", "", "https://item.taobao.com/" + strings.Repeat("x", 1100),
	} {
		_, err := s.Engine.CreateLink(context.Background(), s.Merchant.ID, engine.LinkInput{Title: "x", Amount: 1, Currency: "CNY", Targets: []string{address}})
		known, ok := err.(*postern.Error)
		if !ok || known.Field != "targets[0]" || known.Fix == "" {
			t.Errorf("%.60s: %v", address, err)
		}
	}
	for _, in := range []engine.LinkInput{{Prefer: postern.PreferTarget}, {Prefer: "x"}, {Targets: []string{"https://a.taobao.com/", "https://b.taobao.com/"}}} {
		in.Title, in.Amount, in.Currency = "x", 1, "CNY"
		if _, err := s.Engine.CreateLink(context.Background(), s.Merchant.ID, in); postern.CodeOf(err) != postern.CodeInvalid {
			t.Errorf("%+v was taken: %v", in, err)
		}
	}
}

// TestNoEvasions holds what the wall map's facts list as not legitimate against what is served: no page differs for a crawler or a checker, no header forces an
// app to let go of the page, and no setting names a domain to rotate to.
func TestNoEvasions(t *testing.T) {
	s := openShop(t)
	l := s.sells(engine.LinkInput{Targets: []string{"https://item.taobao.com/1"}, Prefer: postern.PreferOnly})
	_, link := s.order("A1")
	once := regexp.MustCompile(`nonce="[^"]*"|name="visit" value="[^"]*"`)
	const wechat = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E236 MicroMessenger/8.0.49(0x1800312c) NetType/WIFI Language/zh_CN"
	const browser = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
	for _, address := range []string{"/l/" + l.Token, link} {
		for _, pair := range [][2]string{
			{browser, browser + " (compatible; Googlebot/2.1)"}, {browser, browser + " Baiduspider/2.0"}, {browser, browser + " Bytespider"},
			{wechat, wechat + " TencentSecurityCheck"}, {wechat, wechat + " mpcrawler"}, {wechat, wechat + " Wechat-Url-Checker"},
		} {
			person, checker := s.do(http.MethodGet, address, nil, "User-Agent", pair[0]), s.do(http.MethodGet, address, nil, "User-Agent", pair[1], "From", "checker@example.com")
			if once.ReplaceAllString(person.body, "") != once.ReplaceAllString(checker.body, "") || person.status != checker.status {
				t.Errorf("%s: %s sees another page", address, pair[1])
			}
			for _, header := range []string{"Content-Disposition", "Refresh", "Location", "Content-Range"} {
				if v := person.header.Get(header); v != "" {
					t.Errorf("%s sends %s: %s", address, header, v)
				}
			}
			if person.status != http.StatusOK || strings.Contains(person.body, `http-equiv="refresh"`) && !strings.Contains(person.body, "<noscript><meta http-equiv") {
				t.Errorf("%s is forced on: %d", address, person.status)
			}
		}
	}
	for _, kind := range []reflect.Type{reflect.TypeFor[postern.Link](), reflect.TypeFor[postern.Payment](), reflect.TypeFor[engine.LinkInput](), reflect.TypeFor[wall.Target]()} {
		for i := range kind.NumField() {
			if name := strings.ToLower(kind.Field(i).Name); strings.Contains(name, "domain") || strings.Contains(name, "mirror") || strings.Contains(name, "rotat") {
				t.Errorf("%s has a field %s", kind, name)
			}
		}
	}
}
