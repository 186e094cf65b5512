package checkout_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/sim"
	"postern/wall"
	"postern/web/webtest"
)

// inBrowser serves the shop's whole network to a real browser under its own names.
func (s *shop) inBrowser() *webtest.Browser {
	s.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := s.Net[r.Host]; ok {
			h.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	s.Cleanup(server.Close)
	return webtest.Open(s.T, strings.TrimPrefix(server.URL, "http://"))
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// as is the user agent of a stand-in, sent for real.
func as(t *testing.T, preset string) webtest.View {
	t.Helper()
	p, ok := wall.Default().Preset(preset)
	if !ok {
		t.Fatal("no preset " + preset)
	}
	return webtest.View{Width: 360, UserAgent: p.UA, Language: "zh-CN"}
}

const screenIs = `document.body.className.split(' ')[0] === `

// TestObviousChoiceIsTakenOnce opens a link in the wallet's own app: the wallet is opened at once, and a buyer who turns back can choose and is not pushed again.
func TestObviousChoiceIsTakenOnce(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	b := s.inBrowser()
	s.must(b.Show("http://"+sim.Host+link, as(t, "wechat")))
	s.must(b.Wait(screenIs + `'bridge'`))
	s.must(b.Wait(`document.getElementById('live').textContent === '没有等到付款窗口，请再点一次。'`)) // this browser is not the app: the page says so
	if a := s.stateOf(p).Attempts; len(a) != 1 || a[0].Product != "jsapi" || a[0].PayerHash == "" {
		t.Fatalf("attempts %+v", a)
	}
	_, err := webtest.Eval[bool](b, `document.querySelector('form[action$="/switch"] button').click(), true`)
	s.must(err)
	s.must(b.Wait(screenIs + `'choose'`))
	s.must(b.Show("http://"+sim.Host+link, as(t, "wechat")))
	s.must(b.Wait(screenIs + `'choose'`))
	if a := s.stateOf(p).Attempts; len(a) != 1 || a[0].Status != postern.AttemptClosed {
		t.Errorf("attempts %+v", a)
	}
}

// TestBridgeOpensTheWallet puts the app's bridge into the page and checks what it is called with, and that its answer leads to a page that asks the server.
func TestBridgeOpensTheWallet(t *testing.T) {
	s := openShop(t)
	p, link := s.order("A1")
	b := s.inBrowser()
	s.must(b.Show("http://"+sim.Host+link, as(t, "wechat")))
	s.must(b.Wait(screenIs + `'bridge'`))
	_, err := webtest.Eval[bool](b, `window.WeixinJSBridge = { invoke: function (name, params, back) { window.got = name + ' ' + params.package; window.back = back } }, document.dispatchEvent(new Event('WeixinJSBridgeReady')), true`)
	s.must(err)
	s.must(b.Wait(`/^getBrandWCPayRequest prepay_id=wx/.test(window.got)`))
	s.must(s.Approve(context.Background(), s.stateOf(p).Attempts[0], ""))
	_, err = webtest.Eval[bool](b, `window.back({ err_msg: 'get_brand_wcpay_request:ok' }), true`)
	s.must(err)
	s.must(b.Wait(screenIs + `'waiting'`)) // the bridge's word is no proof
	s.pass(5 * time.Second)
	s.must(b.Wait(screenIs + `'paid'`))
	for _, c := range b.Complaints() {
		if !strings.Contains(c, "favicon") {
			t.Errorf("the browser complains: %s", c)
		}
	}
}

// TestCopySaysThatItCopied presses the button of the way out.
func TestCopySaysThatItCopied(t *testing.T) {
	s := openShop(t)
	_, link := s.order("A1")
	b := s.inBrowser()
	s.must(b.Show("http://"+sim.Host+link, as(t, "douyin")))
	s.must(b.Wait(screenIs + `'wayout' && !document.querySelector('[data-copy]').hidden`))
	_, err := webtest.Eval[bool](b, `document.querySelector('[data-copy]').click(), true`)
	s.must(err)
	s.must(b.Wait(`/^(已复制|请长按)/.test(document.getElementById('live').textContent)`))
}
