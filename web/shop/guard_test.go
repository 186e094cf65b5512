package shop_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/web/shop"
)

// filledPath puts an item and an order into a route's pattern.
func filledPath(pattern, item, order, picture string) string {
	token := item
	if strings.HasPrefix(pattern, "/o") {
		token = order
	}
	return strings.NewReplacer("{token}", token, "{picture}", picture, "{file}", "small.jpg").Replace(pattern)
}

// TestOtherSitesCannotPost takes every address that something can be posted to from the table of routes: none of them answers another site, and nothing changes.
func TestOtherSitesCannotPost(t *testing.T) {
	s := openWorld(t)
	item := s.sells(5)
	o, _ := s.buys(item, 0, "1")
	form := s.filled(item, 0, "1")
	form.Set("number", o.Number)
	form.Set("reason", "x")
	posts := 0
	for _, route := range shop.Routes() {
		method, pattern, _ := strings.Cut(route, " ")
		if method != http.MethodPost {
			continue
		}
		posts++
		path := filledPath(pattern, item.Token, o.Token, "")
		for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
			if a := s.do(method, path, form, headers...); a.status != http.StatusNotFound || len(a.header["Set-Cookie"]) > 0 {
				t.Errorf("%s with %v: %d", path, headers, a.status)
			}
		}
	}
	if got := s.order(o.ID); posts < 5 || s.orders() != 1 || got.Version != o.Version || s.payment(o).Status != postern.PaymentOpen {
		t.Errorf("%d routes, %d orders, %+v", posts, s.orders(), got)
	}
	if a := s.do(http.MethodPost, "/o/"+o.Token+"/cancel", nil, "Sec-Fetch-Site", "same-origin", "Origin", "http://"+sim.Host); a.status != http.StatusOK || s.order(o.ID).State != postern.OrderEnded {
		t.Errorf("the own page: %d", a.status)
	}
}

// TestConstantNotFound: what is none cannot be told from a guess by anything in the answer, whichever route it would have been.
func TestConstantNotFound(t *testing.T) {
	s := openWorld(t)
	item := s.sells(5)
	o, _ := s.buys(item, 0, "1")
	pic := s.pictured(item, postern.Picture{})
	want := s.get("/i/00000000000000000000000000")
	if want.status != http.StatusNotFound {
		t.Fatal(want.status)
	}
	tries := []string{
		"GET /i/", "GET /o/x/y", "GET /i/" + item.Token + "/nothing", "GET /i/" + strings.ToUpper(item.Token), "PUT /i/" + item.Token, "DELETE /o/" + o.Token, "GET /i/" + item.Token + "?as=nobody",
		"GET /i/" + o.Token, "GET /o/" + item.Token, "GET /o/" + o.ID, "GET /o/" + o.Number, "GET /i/" + item.ID, "POST /o", "GET /o/find", "GET /o/" + s.payment(o).LinkToken,
		"GET /i/" + item.Token + "/p/" + pic.ID + "/medium.jpg", "GET /i/" + item.Token + "/p/x/small.jpg", "GET /i/" + item.Token + "/p/" + pic.ID[:29] + "0/small.jpg",
	}
	for _, route := range shop.Routes() {
		if strings.Contains(route, "{token}") {
			tries = append(tries, filledPath(route, "00000000000000000000000000", "00000000000000000000000000", pic.ID))
		}
	}
	for _, try := range tries {
		method, path, _ := strings.Cut(filledPath(try, "00000000000000000000000000", "00000000000000000000000000", pic.ID), " ")
		path = strings.ReplaceAll(path, "{token}", "00000000000000000000000000")
		if got := s.do(method, path, nil); got.status != want.status || got.body != want.body || !sameHeaders(got.header, want.header) {
			t.Errorf("%s: %d %v", try, got.status, got.header)
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

// TestPicturesAreTheItems: a picture is served below its own item only, may be kept for ever, and is nothing but a picture.
func TestPicturesAreTheItems(t *testing.T) {
	s := openWorld(t)
	mine, other := s.sells(1), s.sells(1)
	pic := s.pictured(mine, postern.Picture{})
	a := s.get("/i/" + mine.Token + "/p/" + pic.ID + "/small.jpg")
	if a.status != http.StatusOK || a.body != string(pic.Small) || a.header.Get("Content-Type") != "image/jpeg" || !strings.Contains(a.header.Get("Cache-Control"), "immutable") ||
		a.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v", a.status, a.header)
	}
	if a := s.get("/i/" + other.Token + "/p/" + pic.ID + "/small.jpg"); a.status != http.StatusNotFound {
		t.Errorf("another item shows the picture: %d", a.status)
	}
	if a := s.get("/i/" + mine.Token + "/card.jpg"); a.body != string(pic.Small) {
		t.Error("the card is not the item's picture")
	}
	if a := s.get("/i/" + other.Token + "/card.jpg"); a.status != http.StatusOK || http.DetectContentType([]byte(a.body)) != "image/jpeg" {
		t.Errorf("the card without a picture: %d %s", a.status, http.DetectContentType([]byte(a.body)))
	}
	for ext, kind := range map[string]string{"png": "image/png", "pdf": "application/pdf", "svg": "text/xml; charset=utf-8"} {
		a := s.get("/i/" + mine.Token + "/poster." + ext)
		if got := http.DetectContentType([]byte(a.body)); ext != "svg" && got != kind || a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("poster.%s: %d %s", ext, a.status, got)
		}
	}
}

// evil is what somebody might write into a text that others see: markup, a broken quote, an emoji, and marks that turn the direction of what follows.
const evil = `<script>alert(1)</script>"><img src=x onerror=alert(2)>' 🍵 ` + "\u202e\u2066" + `&lt;b`

var (
	foreignTag = regexp.MustCompile(`<script>|<img src=x|<b>alert|onerror=alert\(2\)>`)
	turned     = regexp.MustCompile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
)

// TestTextsOfOthersAreTexts: what sellers and buyers write is shown as it is written, on every page, and turns nothing around.
func TestTextsOfOthersAreTexts(t *testing.T) {
	s := openWorld(t)
	ctx := context.Background()
	short := evil[:28] + evil[len(evil)-30:]
	s.Merchant.Name = short
	s.must(s.Store.SaveMerchant(ctx, s.Merchant))
	_, err := s.Engine.SetBrand(ctx, seller, postern.Brand{OwnerID: s.Merchant.ID, Notice: evil, Phone: `<b>alert(1)</b>`})
	s.must(err)
	item := s.sells(5, func(in *engine.ItemInput) {
		in.Title, in.Description, in.Variants[0].Name = `"><script>alert(1)</script> 🍵`+"\u202e", evil+"\n"+evil, "<script>alert(1)</script>🍵"
	})
	o, checkout := s.buys(item, 0, "1")
	pages := map[string]answer{"item": s.get("/i/" + item.Token), "checkout": checkout}
	form := s.filled(item, 0, "1")
	for _, field := range []string{"name", "phone", "region", "address", "note", "variant", "quantity", "fee"} {
		form.Set(field, evil)
	}
	pages["refused"] = s.do(http.MethodPost, "/i/"+item.Token+"/order", form)
	pages["find"] = s.do(http.MethodPost, "/o/find", url.Values{"number": {evil}, "phone": {evil}})
	pages["find by a link"] = s.get("/o?number=" + url.QueryEscape(evil))
	s.approves(s.begins(o, "alipay"))
	s.pass(5 * time.Second)
	_, err = s.Engine.Ship(ctx, seller, o.MerchantID, o.ID, "<b>alert</b>"[:12], evil[:30])
	s.must(err)
	s.do(http.MethodPost, "/o/"+o.Token+"/ask", url.Values{"reason": {evil}})
	_, err = s.Engine.DeclineRefund(ctx, seller, o.MerchantID, o.ID, evil)
	s.must(err)
	pages["order"], pages["receipt"] = s.get("/o/"+o.Token), s.get("/o/"+o.Token+"/receipt")
	for name, a := range pages {
		if m := foreignTag.FindString(a.body); m != "" {
			t.Errorf("%s: markup came through: %s", name, m)
		}
		if m := turned.FindString(a.body); m != "" && name != "checkout" {
			t.Errorf("%s: a mark that turns the text came through: %q", name, m)
		}
		if name != "checkout" && !strings.Contains(a.header.Get("Content-Security-Policy"), "script-src 'nonce-") {
			t.Errorf("%s: %s", name, a.header.Get("Content-Security-Policy"))
		}
	}
	s.says(pages["order"], "<script>alert(1)</script>", "🍵")
	for _, ext := range []string{"svg", "pdf", "png"} {
		if a := s.get("/i/" + item.Token + "/poster." + ext); a.status != http.StatusOK || foreignTag.MatchString(a.body) {
			t.Errorf("poster.%s: %d", ext, a.status)
		}
	}
}

// TestFindAnOrder: number and phone lead back from any device, after retention has deleted the buyer and the channel is gone; everything else is one answer.
func TestFindAnOrder(t *testing.T) {
	s := openWorld(t)
	ctx := context.Background()
	item, other := s.sells(5), s.sells(5)
	o, _ := s.buys(item, 0, "1")
	s.approves(s.begins(o, "alipay"))
	s.pass(5 * time.Second)
	_, err := s.Store.Forget(ctx, s.Merchant.ID, s.Clock.Now().Add(time.Hour), s.Clock.Now())
	s.must(err)
	if _, err := s.Store.OrderBuyer(ctx, o.MerchantID, o.ID); postern.CodeOf(err) != postern.CodeNotFound {
		t.Fatalf("retention left the buyer: %v", err)
	}
	c := s.Channels["alipay"]
	c.RetiredAt = s.Clock.Now()
	s.must(s.Store.SaveChannel(ctx, c))
	s.client = s.browser()
	find := func(number, phone string) answer {
		return s.do(http.MethodPost, "/o/find", url.Values{"number": {number}, "phone": {phone}}, "X-Test-IP", number+phone)
	}
	for _, c := range [][2]string{{o.Number, "13800138000"}, {postern.FormatShortCode(o.Number), "+86 138-0013-8000"}, {strings.ToUpper(o.Number), "１３８００１３８０００"}} {
		if a := find(c[0], c[1]); a.url.Path != "/o/"+o.Token {
			t.Errorf("%v: %d %s", c, a.status, a.url)
		}
	}
	s.says(find(o.Number, "13800138000"), "已付款", "¥76.00 · 支付宝")
	one := find("zzzzzzzz", "13800138000")
	s.says(one, "没有找到")
	for name, c := range map[string][2]string{
		"a wrong phone": {o.Number, "13800138001"}, "no phone": {o.Number, ""}, "no number": {"", "13800138000"}, "an item's code": {item.Code, "13800138000"}, "another item's": {other.Code, "13800138000"},
	} {
		a := find(c[0], c[1])
		mask := func(s string) string {
			return regexp.MustCompile(`nonce="[^"]*"| value="[^"]*"`).ReplaceAllString(s, "")
		}
		if a.status != one.status || mask(a.body) != mask(one.body) {
			t.Errorf("%s is told from a wrong number: %d", name, a.status)
		}
	}
	code := s.do(http.MethodGet, "/s/"+strings.ToUpper(o.Number), nil)
	if code.url.Path != "/o" || code.url.Query().Get("number") != o.Number {
		t.Errorf("the number as a short code leads to %s", code.url)
	}
	s.says(code, postern.FormatShortCode(o.Number))
	if a := s.get("/s/" + item.Code); a.url.Path != "/i/"+item.Token {
		t.Errorf("an item's code leads to %s", a.url)
	}
}

// TestTriesAreCounted: phones tried against one number, and numbers tried from one address, wait ever longer; another number from elsewhere does not.
func TestTriesAreCounted(t *testing.T) {
	s := openWorld(t)
	item := s.sells(5)
	o, _ := s.buys(item, 0, "1")
	try := func(number, phone, ip string) answer {
		return s.do(http.MethodPost, "/o/find", url.Values{"number": {number}, "phone": {phone}}, "X-Test-IP", ip)
	}
	blocked := func(next func(i int) answer) int {
		for i := range 20 {
			if a := next(i); a.status == http.StatusTooManyRequests {
				s.says(a, "试得太多了")
				if a.header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
				return i
			}
		}
		return 20
	}
	if n := blocked(func(i int) answer {
		return try(o.Number, "1380013800"+string(rune('1'+i%9)), "203.0.113."+string(rune('1'+i%9)))
	}); n > 6 {
		t.Errorf("%d phones were tried against one number", n)
	}
	if a := try(o.Number, "13800138000", "198.51.100.7"); a.status != http.StatusTooManyRequests {
		t.Errorf("the right phone while the number waits: %d", a.status)
	}
	if n := blocked(func(i int) answer { return try("zzzzzzz"+string(rune('0'+i%9)), "13800138000", "192.0.2.9") }); n > 6 {
		t.Errorf("%d numbers were tried from one address", n)
	}
	s.Clock.Advance(20 * time.Minute)
	if a := try(o.Number, "13800138000", "198.51.100.7"); a.url.Path != "/o/"+o.Token {
		t.Errorf("after the wait: %d", a.status)
	}
}

// TestPretendingIsForTestMerchants: a live shop shows no test bar, refuses to pretend and cannot be framed; a test shop passes what is pretended on to the checkout.
func TestPretendingIsForTestMerchants(t *testing.T) {
	s := openWorld(t)
	item := s.sells(5)
	a := s.do(http.MethodPost, "/i/"+item.Token+"/order?as=wechat", s.filled(item, 0, "1"))
	if !strings.HasPrefix(a.url.Path, "/c/") || a.url.Query().Get("as") != "wechat" {
		t.Errorf("led to %s", a.url)
	}
	s.says(s.get("/i/"+item.Token+"?as=wechat"), `class="bar"`, "测试模式")
	s.Merchant = postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, s.Clock.Now(), s.Rand), Name: "真商家", Live: true, Locale: "zh-CN", CreatedAt: s.Clock.Now()}
	s.must(s.Store.SaveMerchant(context.Background(), s.Merchant))
	live := s.sells(5)
	o, _ := s.placed(live)
	page := s.get("/i/" + live.Token)
	if page.status != http.StatusOK || strings.Contains(page.body, `class="bar"`) || !strings.Contains(page.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("a live item: %d %s", page.status, page.header.Get("Content-Security-Policy"))
	}
	for _, q := range []string{"?as=wechat", "?as=", "?bare=1"} {
		for _, path := range []string{"/i/" + live.Token, "/o/" + o.Token, "/o/" + o.Token + "/status"} {
			if got := s.get(path + q); got.status != http.StatusNotFound {
				t.Errorf("%s%s: %d", path, q, got.status)
			}
		}
	}
}

// placed orders through the engine.
func (s *world) placed(item postern.ShopItem) (postern.Order, error) {
	s.Helper()
	v := item.Variants[0]
	o, err := s.Engine.PlaceOrder(context.Background(), item.MerchantID, item.ID, engine.OrderInput{
		Visit: postern.NewToken(s.Rand), VariantID: v.ID, Quantity: 1, UnitPrice: v.Price, DeliveryFee: item.DeliveryFee, Name: "李雷", Phone: "13800138000", Region: "44", Address: "广州市天河路 1 号",
	})
	s.must(err)
	return o, err
}

// TestShareMeta: a chat's preview sees what, how much and whose without a script, and looking makes nothing.
func TestShareMeta(t *testing.T) {
	s := openWorld(t)
	item := s.sells(5)
	s.pictured(item, postern.Picture{})
	a := s.get("/i/" + item.Token)
	for _, want := range []string{
		`<meta property="og:title" content="烧饼礼盒 ¥68.00 – ¥78.00 · 老王烧饼">`, `<meta property="og:description" content="当天现烤，顺丰冷链。">`,
		`<meta property="og:image" content="http://` + sim.Host + `/i/` + item.Token + `/card.jpg">`, `<meta property="og:url" content="http://` + sim.Host + `/i/` + item.Token + `">`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %s", want)
		}
	}
	r := httptest.NewRecorder()
	s.Net[sim.Host].ServeHTTP(r, httptest.NewRequest(http.MethodHead, "http://"+sim.Host+"/i/"+item.Token, nil))
	if r.Code != http.StatusOK || r.Body.Len() != 0 || s.orders() != 0 {
		t.Errorf("HEAD: %d, %d bytes, %d orders", r.Code, r.Body.Len(), s.orders())
	}
	if !slices.Contains(shop.Routes(), "GET /i/{token}") {
		t.Error("the table of routes is empty")
	}
}
