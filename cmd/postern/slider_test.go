package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postern"
	"postern/web/webtest"
)

var pictures = flag.String("pictures", "", "a folder for pictures of the slider")

// runDemo is the whole demo on this machine, with real simulators and its own clock.
func runDemo(t *testing.T) *demo {
	t.Helper()
	d, err := startDemo(t.Context(), &demoCmd{Listen: "127.0.0.1:0", Data: t.TempDir()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.stop()
		if err := <-d.done; err != nil {
			t.Error(err)
		}
	})
	return d
}

// storyDay is what the slider must show on a day: whether each of the three shops takes the story's wallet inside the app, and the first phone of the new shop.
type storyDay struct {
	on      string
	takes   [3]bool // new, signed, ended
	phone   string  // the state of the page inside the app
	wallets []string
	told    string
}

var storyDays = []storyDay{
	{"2014-02-12", [3]bool{true, true, true}, "choose", []string{"alipay", "bill99", "tenpay", "unionpay"}, "download page"},
	{"2014-02-13", [3]bool{false, true, false}, "choose", []string{"bill99", "tenpay", "unionpay"}, "signs no new shops"}, // what was left
	{"2014-10-01", [3]bool{false, false, false}, "choose", []string{"wechatpay", "bill99", "tenpay", "unionpay"}, "deposit"},
	{"2015-02-02", [3]bool{false, false, false}, "choose", []string{"wechatpay", "bill99", "tenpay", "unionpay"}, "red packets"},
	{"2021-09-17", [3]bool{false, false, false}, "choose", []string{"wechatpay", "bill99", "tenpay", "unionpay"}, "between two people"},
	{"2024-09-12", [3]bool{false, false, false}, "choose", []string{"wechatpay", "bill99", "tenpay", "unionpay"}, "Taobao and Tmall take WeChat Pay"},
	{"2026-02-04", [3]bool{false, false, false}, "choose", []string{"wechatpay", "bill99", "tenpay", "unionpay"}, "Yuanbao"},
}

// TestTheSlider moves the demo's date through the story in a real browser: the three shops, the phones, the words and their evidence, by mouse and keyboard.
func TestTheSlider(t *testing.T) {
	d := runDemo(t)
	b := webtest.Open(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, lang := range []string{"en", "zh-CN"} {
		for _, day := range storyDays {
			must(b.Show(d.cfg.PublicURL+"/?lang="+lang+"&shop=new&on="+day.on, webtest.View{Width: 1280, Height: 1080, Language: lang}))
			must(b.Wait(`document.readyState === 'complete' && document.querySelector('.phone iframe').contentDocument.body.className.indexOf('` + day.phone + `') >= 0`))
			checkDay(t, b, day, lang)
			slidePicture(t, b, "slider-"+day.on+"."+lang)
		}
	}
	must(b.Show(d.cfg.PublicURL+"/?lang=en&shop=signed&on=2014-02-12", webtest.View{Width: 1280, Height: 900, Language: "en"}))
	for _, step := range []struct{ key, to string }{{"PageUp", "2014-02-13"}, {"PageUp", "2014-03-13"}, {"PageDown", "2014-02-13"}} {
		_, err := webtest.Eval[bool](b, `document.getElementById('when').dispatchEvent(new KeyboardEvent('keydown', {key: '`+step.key+`', cancelable: true}))`)
		must(err)
		must(b.Wait(`location.search.indexOf('on=` + step.to + `') >= 0 && document.getElementById('when') && document.activeElement === document.getElementById('when') && document.readyState === 'complete'`))
	}
	must(b.Wait(`document.querySelector('.phone iframe').contentDocument.body.className.indexOf('choose') >= 0`)) // the signed shop sells on
	for _, c := range b.Complaints() {
		if !strings.Contains(c, "favicon") {
			t.Errorf("the browser complains: %s", c)
		}
	}
	must(b.Show(d.cfg.PublicURL+"/?lang=en&shop=new&on=2014-02-13", webtest.View{Width: 360}))
	wide, err := webtest.Eval[int](b, "document.documentElement.scrollWidth")
	if must(err); wide > 360 {
		t.Errorf("on a phone the page is %d px wide", wide)
	}
}

func checkDay(t *testing.T, b *webtest.Browser, day storyDay, lang string) {
	t.Helper()
	got, err := webtest.Eval[[]string](b, `Array.from(document.querySelectorAll('.shops a')).map(function (a) { return a.className })`)
	if err != nil {
		t.Fatal(err)
	}
	for i, class := range got {
		if (class == "sells") != day.takes[i] {
			t.Errorf("%s: the %s shop %s", day.on, []string{"new", "signed", "ended"}[i], class)
		}
	}
	wallets, err := webtest.Eval[[]string](b, `Array.from(document.querySelector('.phone iframe').contentDocument.querySelectorAll('[name=provider]')).map(function (i) { return i.value })`)
	if err != nil || !slices.Equal(slices.Compact(wallets), day.wallets) && len(wallets)+len(day.wallets) > 0 {
		t.Errorf("%s: the phone offers %v, want %v (%v)", day.on, wallets, day.wallets, err)
	}
	open, err := webtest.Eval[int](b, `document.querySelector('.phone iframe').contentDocument.querySelectorAll('form[action*="/start"] button:not([disabled])').length`)
	if err != nil || open != 0 {
		t.Errorf("%s: %d buttons of another day can be pressed (%v)", day.on, open, err)
	}
	young, err := webtest.Eval[bool](b, `Array.from(document.querySelector('.desktop iframe').contentDocument.querySelectorAll('[name=product]')).some(function (i) { return i.value === 'jsapi' })`)
	if err != nil || young {
		t.Errorf("%s: the computer offers a product that was not there yet, or works in an app only (%v)", day.on, err)
	}
	words, err := webtest.Eval[string](b, `document.querySelector('.day').textContent`)
	if err != nil || lang == "en" && (!strings.Contains(words, day.told) || !strings.Contains(words, "source")) {
		t.Errorf("%s: the page says %q, want %s (%v)", day.on, words, day.told, err)
	}
	if lang == "en" && day.on == "2014-02-13" && (!strings.Contains(words, "one source") || !strings.Contains(words, "about 2014-02-13") || !strings.Contains(words, "no independent source")) {
		t.Errorf("the 13th is not marked as what it is: %s", words)
	}
}

// TestAnotherDayIsForLooking: nothing starts from a page of another day, nobody else can be looked at that way, and without scripts it is a plain form.
func TestAnotherDayIsForLooking(t *testing.T) {
	d := runDemo(t)
	for _, p := range storyShops(t, d) {
		address := d.cfg.PublicURL + "/c/" + p.LinkToken
		for _, verb := range []string{"/start", "/switch", "/check"} {
			post(t, address+verb+"?as=browser&on=2014-02-12", url.Values{"provider": {"alipay"}, "product": {"h5"}})
		}
		state, err := d.store.LoadState(context.Background(), p.MerchantID, p.ID)
		if err != nil || len(state.Attempts) != 0 {
			t.Errorf("%d attempts from another day (%v)", len(state.Attempts), err)
		}
		for _, odd := range []string{"yesterday", "2014-02-30", "", "0001-01-01", "20140213"} {
			if status, _ := get(t, address+"?on="+odd); status != http.StatusNotFound {
				t.Errorf("on=%s: %d", odd, status)
			}
		}
	}
	_, page := get(t, d.cfg.PublicURL+"/?lang=en&on=2014-02-13&shop=ended")
	for _, want := range []string{`<form method="get" action="/">`, `type="date" name="on"`, `value="2014-02-13"`, "on=2014-02-13", `aria-valuetext="13 February 2014"`} {
		if !strings.Contains(page, want) {
			t.Errorf("without scripts: no %s", want)
		}
	}
	for _, odd := range []string{"2012-12-31", "2199-01-01", "x"} { // not a day of the story: today
		if _, page := get(t, d.cfg.PublicURL+"/?on="+odd); strings.Contains(page, "&amp;on="+odd) || !strings.Contains(page, "倒回去看") {
			t.Errorf("on=%s is shown", odd)
		}
	}
}

// TestBegunBeforeTheGateClosed presses the demo's three buttons: a real closure shuts the wallet for new orders, and the order that was begun is still paid and
// refunded, with balanced books.
func TestBegunBeforeTheGateClosed(t *testing.T) {
	d := runDemo(t)
	b := webtest.Open(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	press := func(verb string) {
		t.Helper()
		_, err := webtest.Eval[bool](b, `window.pressed = true, document.querySelector('form[action^="/story/`+verb+`"] button').click(), true`)
		must(err)
		must(b.Wait(`!window.pressed && document.readyState === 'complete'`)) // the page came back
	}
	must(b.Show(d.cfg.PublicURL+"/?lang=en", webtest.View{Width: 1280, Height: 900, Language: "en"}))
	press("pay")
	press("refund") // too early: nothing happens
	press("begin")
	must(b.Wait(`/has closed, until/.test(document.getElementById('gate').textContent)`))
	must(b.Wait(`/A new order is offered: WeChat Pay/.test(document.getElementById('gate').textContent)`))
	press("pay")
	must(b.Wait(`/paid, after the gate had closed/.test(document.getElementById('gate').textContent)`))
	press("refund")
	must(b.Wait(`/refunded/.test(document.getElementById('gate').textContent) && /books balance/.test(document.getElementById('gate').textContent)`))
	_, err := webtest.Eval[bool](b, `document.getElementById('gate-box').scrollIntoView(), true`)
	must(err)
	slidePicture(t, b, "slider-gate.en")
}

// TestAnItemIsOrderedInABrowser opens the demo's link, presses its one button, and comes to the checkout of a payment of its own, under the pages' own headers.
func TestAnItemIsOrderedInABrowser(t *testing.T) {
	d := runDemo(t)
	b := webtest.Open(t)
	var seen []string
	for _, noScript := range []bool{false, true} {
		if err := b.Show(d.engine.LinkURL(d.item.Token)+"?lang=en&as=browser", webtest.View{Width: 360, NoScript: noScript}); err != nil {
			t.Fatal(err)
		}
		if err := b.Wait(`document.querySelector('img').naturalWidth === 480`); err != nil { // the share card's picture is let in
			t.Error(err)
		}
		if _, err := webtest.Eval[bool](b, `document.querySelector('form[action*="/order"] button').click(), true`); err != nil {
			t.Fatal(err)
		}
		if err := b.Wait(`location.pathname.indexOf('/c/') === 0 && document.querySelectorAll('form[action*="/start"]').length > 0`); err != nil {
			t.Fatal(err)
		}
		path, err := webtest.Eval[string](b, "location.pathname")
		if err != nil || slices.Contains(seen, path) {
			t.Errorf("the second visit came to %s (%v)", path, err)
		}
		seen = append(seen, path)
	}
	for _, c := range b.Complaints() {
		if !strings.Contains(c, "favicon") {
			t.Errorf("the browser complains: %s", c)
		}
	}
}

// storyShops are the orders of the three shops.
func storyShops(t *testing.T, d *demo) []postern.Payment {
	t.Helper()
	var out []postern.Payment
	for _, code := range []string{"new", "signed", "ended"} {
		_, page := get(t, d.cfg.PublicURL+"/?on=2014-02-13&shop="+code)
		_, rest, ok := strings.Cut(page, d.cfg.PublicURL+"/c/")
		if !ok {
			t.Fatal("the page links to no checkout")
		}
		merchantID, id, err := d.store.PaymentByLink(context.Background(), rest[:26])
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.store.Payment(context.Background(), merchantID, id)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	return answerOf(t, http.MethodGet, address, nil)
}

func post(t *testing.T, address string, form url.Values) {
	t.Helper()
	answerOf(t, http.MethodPost, address, form)
}

func answerOf(t *testing.T, method, address string, form url.Values) (int, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r, err := (&http.Client{}).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func slidePicture(t *testing.T, b *webtest.Browser, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	raw, err := b.Picture(true)
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, name+".1280.png"), raw, 0o644)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("picture %s: %w", name, err))
	}
}
