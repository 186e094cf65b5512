package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"postern"
	"postern/store"
	"postern/web/webtest"
)

// shopper drives one browser on a telephone through both sides of the shop.
type shopper struct {
	t    *testing.T
	d    *demo
	b    *webtest.Browser
	lang string
	n    int
}

func (s *shopper) must(err error) {
	s.t.Helper()
	if err != nil {
		s.picture("failed")
		here, _ := webtest.Eval[string](s.b, `location.href + " " + document.body.innerText.slice(0, 600)`)
		s.t.Fatalf("%v\nat %s", err, here)
	}
}

func (s *shopper) show(address string) {
	s.t.Helper()
	mark := "?"
	if strings.Contains(address, "?") {
		mark = "&"
	}
	s.must(s.b.Show(address+mark+"lang="+s.lang, webtest.View{Width: 360, Height: 740, Language: s.lang}))
	wide, err := webtest.Eval[int](s.b, "document.documentElement.scrollWidth")
	if s.must(err); wide > 360 {
		s.t.Errorf("%s is %d px wide on a telephone", address, wide)
	}
}

// fill types into fields by their names, and tells the page as a keyboard would.
func (s *shopper) fill(fields ...string) {
	s.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		name, value := quote(fields[i]), quote(fields[i+1])
		ok, err := webtest.Eval[bool](s.b, `(function(){var e=document.querySelector('[name="'+`+name+`+'"]');if(!e)return false;for(var d=e.closest('details');d;d=d.parentElement.closest('details'))d.open=true;`+
			`if(e.type=='checkbox'){e.checked=true}else{e.value=`+value+`}e.dispatchEvent(new Event('input',{bubbles:true}));e.dispatchEvent(new Event('change',{bubbles:true}));return true})()`)
		if s.must(err); !ok {
			s.must(fmt.Errorf("there is no field %s", fields[i]))
		}
	}
}

func quote(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(out)
}

// press taps what a selector finds and waits for what comes then.
func (s *shopper) press(selector, then string) {
	s.t.Helper()
	ok, err := webtest.Eval[bool](s.b, `(function(){var e=document.querySelector(`+quote(selector)+`);if(!e)return false;for(var d=e.closest('details');d;d=d.parentElement.closest('details'))d.open=true;e.scrollIntoView();e.click();return true})()`)
	if s.must(err); !ok {
		s.must(fmt.Errorf("there is nothing at %s", selector))
	}
	s.must(s.b.Wait(`document.readyState === 'complete' && !!(` + then + `)`))
}

func (s *shopper) picture(name string) {
	if *pictures == "" {
		return
	}
	s.n++
	raw, err := s.b.Picture(false)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*pictures, fmt.Sprintf("shop-%s-%02d-%s.png", s.lang, s.n, name)), raw, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// TestAShopOnATelephone is the whole of it at 360 px, in both languages: a seller photographs, prices and shares; a buyer in a chat app orders and pays on the simulated
// telephone; both see it; the seller ships; the buyer wants the money back; the seller gives it; both see that.
func TestAShopOnATelephone(t *testing.T) {
	d := runDemo(t)
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	raw, err := shopPictures.ReadFile("pictures/plate.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(photo, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"zh-CN", "en"} {
		t.Run(lang, func(t *testing.T) {
			s := &shopper{t: t, d: d, b: webtest.Open(t), lang: lang}
			item := s.sell(photo)
			order := s.buy(item)
			s.ship(order)
			s.giveBack(order)
			s.quiet()
		})
	}
}

// quiet holds that the browser has complained about nothing so far.
func (s *shopper) quiet() {
	s.t.Helper()
	for _, c := range s.b.Complaints() {
		if !strings.Contains(c, "favicon") { // a browser asks each host once for a picture for the tab
			s.t.Errorf("the browser complains: %s", c)
		}
	}
}

// sell signs in and puts an item on sale.
func (s *shopper) sell(photo string) postern.ShopItem {
	s.t.Helper()
	console := s.d.cfg.PublicURL + "/console"
	s.show(console)
	s.picture("sign-in")
	s.fill("login", demoLogin, "password", demoPassword)
	s.press(`form[action*="sign-in"] button`, `location.pathname.indexOf('/console/m/') == 0`)
	s.picture("today")
	title := "红糖烧饼 " + s.lang
	s.show(console + "/m/" + s.d.merchant.ID + "/items/new")
	s.must(s.b.Do(chromedp.SetUploadFiles(chromedp.CSS("#picture"), []string{photo})))
	s.fill("title", title, "description", "一天一炉，卖完为止。", "price", "12.50", "stock", "5", "counted", "1", "delivers", "1", "delivery_fee", "3")
	s.picture("new-item")
	s.press(`form.stack .acts button.primary, form.stack button.primary`, `location.pathname.indexOf('/items/new') < 0`)
	s.picture("item")
	list, _, err := s.d.store.Items(s.t.Context(), s.d.merchant.ID, store.Page{Limit: 10})
	s.must(err)
	item := list[0]
	if item.Title != title || len(item.Pictures) != 1 || item.Variants[0].Price != 1250 || item.Variants[0].Stock != 5 || item.DeliveryFee != 300 {
		s.t.Fatalf("the item is %+v", item)
	}
	return item
}

// buy opens the link as the chat app, orders and pays.
func (s *shopper) buy(item postern.ShopItem) postern.Order {
	s.t.Helper()
	s.show(s.d.engine.ItemURL(item.Token) + "?as=wechat")
	s.picture("bought-item")
	s.fill("quantity", "2", "name", "韩梅梅", "phone", "138 0013 8000", "region", "44", "address", "深南大道 1 号 2 栋 301", "remember", "1")
	s.picture("order-form")
	s.press(`button.primary`, `location.pathname.indexOf('/c/') == 0`)
	s.picture("checkout")
	s.press(`form[action*="/start"] button`, `document.querySelector('iframe[data-bridge]') && document.querySelector('iframe[data-bridge]').src`)
	s.picture("wallet")
	orders, _, err := s.d.store.Orders(s.t.Context(), item.MerchantID, store.OrdersAll, store.Page{Limit: 1})
	s.must(err)
	order := orders[0]
	frame, err := webtest.Eval[string](s.b, `document.querySelector('iframe[data-bridge]').src`)
	s.must(err)
	s.quiet()
	s.must(s.b.Show(frame, webtest.View{Width: 360, Height: 740}))
	s.press(`form[action*="approve"] button`, `true`)
	s.show(s.d.engine.OrderURL(order.Token) + "?as=wechat")
	s.must(s.b.Wait(`!!document.querySelector('form[action*="/ask"]')`)) // the page turns by itself when the money is there
	s.picture("paid-buyer")
	if order.Quantity != 2 || order.Amount != 2800 {
		s.t.Errorf("the order is %+v", order)
	}
	return order
}

// ship sends the order from its page in the console; the buyer's page names the parcel.
func (s *shopper) ship(order postern.Order) {
	s.t.Helper()
	s.show(s.d.cfg.PublicURL + "/console/m/" + order.MerchantID + "/orders")
	s.picture("orders")
	s.show(s.d.cfg.PublicURL + "/console/m/" + order.MerchantID + "/orders/" + order.ID)
	s.picture("paid-seller")
	s.fill("carrier", "顺丰", "tracking", "SF"+order.Number)
	s.press(`form[action$="/ship"] button`, `document.body.innerText.indexOf('SF`+order.Number+`') >= 0`)
	s.show(s.d.engine.OrderURL(order.Token))
	s.must(s.b.Wait(`document.body.innerText.indexOf('SF` + order.Number + `') >= 0`))
	s.picture("shipped-buyer")
}

// giveBack has the buyer ask and the seller give the money back; both pages say so in the end.
func (s *shopper) giveBack(order postern.Order) {
	s.t.Helper()
	s.fill("reason", "红糖漏了")
	s.press(`form[action*="/ask"] button`, `document.body.innerText.indexOf('红糖漏了') >= 0 || !document.querySelector('form[action*="/ask"]')`)
	s.picture("asked-buyer")
	s.show(s.d.cfg.PublicURL + "/console/m/" + order.MerchantID + "/orders/" + order.ID)
	s.must(s.b.Wait(`document.body.innerText.indexOf('红糖漏了') >= 0`))
	s.picture("asked-seller")
	s.press(`form[action$="/refund"] button`, `document.querySelector('[name=typed]')`)
	s.fill("typed", "28.00")
	s.picture("refund-effect")
	s.press(`form[action$="/refund"] button.danger`, `!document.querySelector('[name=typed]')`)
	s.show(s.d.engine.OrderURL(order.Token))
	refunded := map[string]string{"zh-CN": "已退", "en": "refunded"}[s.lang]
	s.must(s.b.Wait(`document.querySelector('#live').innerText.toLowerCase().indexOf('` + refunded + `') >= 0`))
	s.picture("refunded-buyer")
	s.show(s.d.cfg.PublicURL + "/console/m/" + order.MerchantID + "/money")
	s.picture("money")
	got, err := s.d.store.Order(s.t.Context(), order.MerchantID, order.ID)
	if s.must(err); got.Ask != postern.AskGiven || got.State != postern.OrderPaid {
		s.t.Errorf("the order is %s, its ask %s", got.State, got.Ask)
	}
}
