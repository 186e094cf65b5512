package shop_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern"
	"postern/sim"
	"postern/store"
	"postern/wall"
	"postern/web/webtest"
)

// inBrowser serves the whole network to a real browser under its own names.
func (s *world) inBrowser() *webtest.Browser {
	s.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := s.Net[r.Host]; ok {
			h.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	s.Cleanup(server.Close)
	return webtest.Open(s.TB, strings.TrimPrefix(server.URL, "http://"))
}

// phone is a buyer's phone in an ordinary browser, or in an app.
func (s *world) phone(preset string) webtest.View {
	s.Helper()
	p, ok := wall.Default().Preset(preset)
	if !ok {
		s.Fatal("no preset " + preset)
	}
	return webtest.View{Width: 360, UserAgent: p.UA, Language: "zh-CN"}
}

// tap clicks what a person would see, and fails when it is not there or not in sight.
func (s *world) tap(b *webtest.Browser, selector string) {
	s.Helper()
	ok, err := webtest.Eval[bool](b, `(function () { var e = document.querySelector('`+selector+`'); if (!e) return false; var r = e.getBoundingClientRect(), seen = r.width > 0 && r.top >= 0 && r.bottom <= innerHeight; e.click(); return seen })()`)
	s.must(err)
	if !ok {
		s.Errorf("%s is not in sight", selector)
	}
}

func (s *world) fill(b *webtest.Browser, values map[string]string) {
	s.Helper()
	for name, value := range values {
		_, err := webtest.Eval[bool](b, `(function () { var e = document.forms.order.elements['`+name+`']; e.value = '`+value+`'; e.dispatchEvent(new Event('input', { bubbles: true })); return true })()`)
		s.must(err)
	}
}

// TestTwoTapsToTheWallet: a buyer whom the device remembers opens the item, taps once to order and once to pay, and is in the wallet; both buttons lie in sight.
func TestTwoTapsToTheWallet(t *testing.T) {
	s := openWorld(t)
	item := s.sells(9)
	s.pictured(item, postern.Picture{})
	b := s.inBrowser()
	address := "http://" + sim.Host + "/i/" + item.Token
	s.must(b.Show(address, s.phone("browser")))
	s.fill(b, map[string]string{"name": "李雷", "phone": "13800138000", "region": "44", "address": "广州市天河路 1 号 203"})
	_, err := webtest.Eval[bool](b, `document.forms.order.elements.remember.click(), document.forms.order.requestSubmit(), true`)
	s.must(err)
	s.must(b.Wait(`location.pathname.indexOf('/c/') === 0 && document.readyState === 'complete'`))

	s.must(b.Show(address, s.phone("browser")))
	s.must(b.Wait(`document.readyState === 'complete'`))
	s.tap(b, ".go button")
	s.must(b.Wait(`document.body.className.split(' ')[0] === 'choose' && document.readyState === 'complete'`))
	s.tap(b, "button.primary")
	s.must(b.Wait(`/\.sandbox$/.test(location.hostname)`))
	if n := s.orders(); n != 2 {
		t.Errorf("%d orders, want 2", n)
	}
	for _, c := range b.Complaints() {
		if strings.Contains(c, "Content Security Policy") {
			t.Errorf("the browser complains: %s", c)
		}
	}
}

// TestTheButtonAddsUp: the amount on the button follows the choice and the quantity, and the script writes money as the server does.
func TestTheButtonAddsUp(t *testing.T) {
	s := openWorld(t)
	item := s.sells(9)
	b := s.inBrowser()
	s.must(b.Show("http://"+sim.Host+"/i/"+item.Token, s.phone("browser")))
	sum := func(want string) {
		t.Helper()
		s.must(b.Wait(`document.getElementById('sum').textContent === '` + want + `'`))
	}
	sum("¥76.00")
	_, err := webtest.Eval[bool](b, `document.querySelector('[data-step="1"]').click(), true`)
	s.must(err)
	sum("¥144.00")
	_, err = webtest.Eval[bool](b, `document.querySelectorAll('[name=variant]')[1].click(), true`)
	s.must(err)
	sum("¥164.00")
	s.fill(b, map[string]string{"quantity": "999"})
	sum(postern.FormatMoney(999*7800+800, "CNY"))
	s.fill(b, map[string]string{"quantity": "1.5"})
	sum("")
}

// TestWithoutScripts: the button then promises no amount that it cannot keep, and the order is placed all the same.
func TestWithoutScripts(t *testing.T) {
	s := openWorld(t)
	item := s.sells(9)
	b := s.inBrowser()
	v := s.phone("browser")
	v.NoScript = true
	s.must(b.Show("http://"+sim.Host+"/i/"+item.Token, v))
	s.must(b.Wait(`getComputedStyle(document.getElementById('sum')).display === 'none' && document.querySelector('.qty button').hidden`))
	s.says(s.get("/i/"+item.Token), "总价在下一步付款前会写明")
	_, err := webtest.Eval[bool](b, `(function () { var e = document.forms.order.elements; e.name.value = '李雷'; e.phone.value = '13800138000'; e.region.value = '44'; e.address.value = '广州市天河路 1 号'; e.quantity.value = '2'; document.querySelector('.go button').click(); return true })()`)
	s.must(err)
	s.must(b.Wait(`location.pathname.indexOf('/c/') === 0`))
	list, _, err := s.Store.Orders(context.Background(), s.Merchant.ID, store.OrdersAll, store.Page{Limit: 2})
	s.must(err)
	if len(list) != 1 || list[0].Amount != 14400 {
		t.Fatalf("%+v", list)
	}
	o := list[0]
	s.must(b.Show("http://"+sim.Host+"/o/"+o.Token, v))
	s.says(s.get("/o/"+o.Token), `http-equiv="refresh" content="10;url=/o/`+o.Token)
}

// TestTheOrderPageFollows: the page turns by itself when money comes.
func TestTheOrderPageFollows(t *testing.T) {
	s := openWorld(t)
	item := s.sells(9)
	o, _ := s.buys(item, 0, "1")
	b := s.inBrowser()
	s.must(b.Show("http://"+sim.Host+"/o/"+o.Token, s.phone("wechat")))
	s.must(b.Wait(`document.getElementById('title').textContent === '等你付款'`))
	s.approves(s.begins(o, "wechatpay"))
	s.pass(3 * 1e9)
	s.must(b.Wait(`document.getElementById('title').textContent === '已付款'`))
}
