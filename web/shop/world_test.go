package shop_test

import (
	"bytes"
	"context"
	"html"
	"image"
	"image/color"
	"image/jpeg"
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
	"postern/web/shop"
)

// world is a whole switch with the simulated wallets, its checkout, its shop, and one buyer's browser.
type world struct {
	testing.TB
	*sim.World
	client *http.Client
}

func openWorld(t testing.TB) *world {
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
	w, err := sim.New(ctx, sim.Options{Store: db, Seed: 7, Key: sim.Key})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", w.Net[sim.Host])
	w.Net[sim.Host] = mux
	checkout.New(checkout.Config{Engine: w.Engine, Sandbox: func(code string) string { return "http://" + code + ".sandbox" }}).Register(mux)
	shop.New(shop.Config{Engine: w.Engine, ClientIP: func(r *http.Request) string { return r.Header.Get("X-Test-IP") }}).Register(mux)
	s := &world{TB: t, World: w}
	s.client = s.browser()
	return s
}

// browser is another device, which remembers nothing.
func (s *world) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	s.must(err)
	return &http.Client{Transport: referring{s.Net}, Jar: jar}
}

// referring sends the origin along as browsers do; one wallet's cashier asks for it.
type referring struct{ net sandboxkit.Local }

func (r referring) RoundTrip(q *http.Request) (*http.Response, error) {
	q = q.Clone(q.Context())
	q.Header.Set("Referer", "http://"+sim.Host+"/")
	return r.net.Do(q)
}

func (s *world) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// answer is a page as the buyer sees it.
type answer struct {
	status int
	url    *url.URL
	header http.Header
	body   string
}

func (s *world) do(method, address string, form url.Values, headers ...string) answer {
	s.Helper()
	if strings.HasPrefix(address, "/") {
		address = "http://" + sim.Host + address
	}
	q, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	s.must(err)
	if method == http.MethodPost {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	r, err := s.client.Do(q)
	s.must(err)
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	s.must(err)
	return answer{r.StatusCode, r.Request.URL, r.Header, string(body)}
}

func (s *world) get(address string) answer { s.Helper(); return s.do(http.MethodGet, address, nil) }

// says wants sentences on the page.
func (s *world) says(a answer, wants ...string) {
	s.Helper()
	text := html.UnescapeString(a.body)
	for _, want := range wants {
		if !strings.Contains(text, want) {
			s.Errorf("%s (%d) does not say %q:\n%s", a.url, a.status, want, text[max(0, strings.Index(text, "<main>")):])
		}
	}
}

func (s *world) pass(span time.Duration) {
	s.Helper()
	s.must(s.Run(context.Background(), span))
}

var seller = engine.Actor{Who: "王老板"}

// sells makes an item of two choices, the first of which has so many pieces.
func (s *world) sells(stock int64, edits ...func(*engine.ItemInput)) postern.ShopItem {
	s.Helper()
	in := engine.ItemInput{
		Title: "烧饼礼盒", Description: "当天现烤，顺丰冷链。", Delivers: true, DeliveryFee: 800,
		Variants: []engine.VariantInput{{Name: "甜", Price: 6800, Counted: true, Stock: stock}, {Name: "咸", Price: 7800}},
	}
	for _, edit := range edits {
		edit(&in)
	}
	item, err := s.Engine.CreateItem(context.Background(), seller, s.Merchant.ID, in)
	s.must(err)
	return item
}

// pictured adds a picture to an item.
func (s *world) pictured(item postern.ShopItem, p postern.Picture) postern.Picture {
	s.Helper()
	if p.Large == nil {
		img := image.NewRGBA(image.Rect(0, 0, 36, 36))
		img.Set(1, 1, color.White)
		var raw bytes.Buffer
		s.must(jpeg.Encode(&raw, img, nil))
		p.Large, p.Small, p.Width, p.Height = raw.Bytes(), raw.Bytes(), 36, 36
	}
	p, err := s.Engine.AddPicture(context.Background(), seller, s.Merchant.ID, item.ID, p)
	s.must(err)
	return p
}

var hidden = regexp.MustCompile(`name="visit" value="([0-9a-z]{26})"`)

// filled is the item's form as a buyer fills it: what the page says, and who it is.
func (s *world) filled(item postern.ShopItem, variant int, quantity string) url.Values {
	s.Helper()
	page := s.get("/i/" + item.Token)
	m := hidden.FindStringSubmatch(page.body)
	if m == nil {
		s.Fatalf("the item cannot be ordered: %d %s", page.status, page.body)
	}
	v := item.Variants[variant]
	return url.Values{
		"visit": {m[1]}, "fee": {"800"}, "variant": {v.ID + ":" + postern.FormatDecimal(v.Price, "JPY")}, "quantity": {quantity},
		"name": {"李雷"}, "phone": {"138 0013 8000"}, "region": {"44"}, "address": {"广州市天河路 1 号 203"}, "note": {"放门卫"},
	}
}

// buys orders and returns the order and the page after it.
func (s *world) buys(item postern.ShopItem, variant int, quantity string) (postern.Order, answer) {
	s.Helper()
	a := s.do(http.MethodPost, "/i/"+item.Token+"/order?as=browser", s.filled(item, variant, quantity))
	token, found := strings.CutPrefix(a.url.Path, "/c/")
	if !found {
		s.Fatalf("the order led to %d %s:\n%s", a.status, a.url, a.body)
	}
	merchant, payment, err := s.Store.PaymentByLink(context.Background(), token)
	s.must(err)
	state, err := s.Store.LoadState(context.Background(), merchant, payment)
	s.must(err)
	return s.order(state.Payment.OrderID), a
}

func (s *world) order(id string) postern.Order {
	s.Helper()
	o, err := s.Store.Order(context.Background(), s.Merchant.ID, id)
	s.must(err)
	return o
}

func (s *world) payment(o postern.Order) postern.Payment {
	s.Helper()
	state, err := s.Store.LoadState(context.Background(), o.MerchantID, o.PaymentID)
	s.must(err)
	return state.Payment
}

// begins starts a wallet for an order's payment, as its checkout would.
func (s *world) begins(o postern.Order, provider string) postern.Attempt {
	s.Helper()
	a, err := s.Begin(context.Background(), s.payment(o), provider, "native")
	s.must(err)
	return a
}

func (s *world) approves(a postern.Attempt) {
	s.Helper()
	s.must(s.Approve(context.Background(), a, ""))
}

// stock is where the pieces of the first choice are.
func (s *world) stock(item postern.ShopItem) (stock, held, sold int64) {
	s.Helper()
	item, err := s.Store.Item(context.Background(), item.MerchantID, item.ID)
	s.must(err)
	v := item.Variants[0]
	return v.Stock, v.Held, v.Sold
}

func (s *world) orders() int {
	s.Helper()
	list, _, err := s.Store.Orders(context.Background(), s.Merchant.ID, store.OrdersAll, store.Page{Limit: 100})
	s.must(err)
	return len(list)
}
