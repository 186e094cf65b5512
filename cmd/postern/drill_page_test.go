package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/drill"
	"postern/web/ui"
	"postern/web/webtest"
)

// samplePages are both kinds of pages: of a small market that is played, and of stored orders.
func samplePages(t *testing.T, lang ui.Lang) map[string][]byte {
	t.Helper()
	m, err := drill.LoadMarket("2014")
	if err != nil {
		t.Fatal(err)
	}
	m.Seed = 2014
	if err := m.Set("accounts", 600); err != nil {
		t.Fatal(err)
	}
	market, err := drill.Play(context.Background(), m, nil)
	if err != nil {
		t.Fatal(err)
	}
	q := drill.Question{At: time.Date(2026, 12, 1, 0, 0, 0, 0, postern.Beijing), Since: time.Date(2026, 11, 1, 0, 0, 0, 0, postern.Beijing)}
	pages := map[string][]byte{}
	for name, page := range map[string]drillPage{"market": marketPage(market, lang), "replay": replayPage(q, sampleReport(), lang)} {
		var b bytes.Buffer
		if err := page.render(&b); err != nil {
			t.Fatal(err)
		}
		pages[name] = b.Bytes()
	}
	return pages
}

// sampleReport runs real sums over orders of our own making.
func sampleReport() drill.Report {
	day := time.Date(2026, 11, 1, 10, 0, 0, 0, postern.Beijing)
	r := drill.Run(func(yield func(drill.Order) bool) {
		for i := range 3_000 {
			o := drill.Order{
				MerchantID: "mer_" + string(rune('a'+i/300)), PartnerID: "par_" + string(rune('a'+i/1_500)), Container: []string{"wechat", "alipay", "browser-safari", "qq"}[i%4], Provider: []string{"alipay", "alipay", "wechatpay"}[i%3],
				Product: "h5", FeeBP: 60, Amount: int64(5_000 + i*37%9_000), Currency: "CNY", At: day.AddDate(0, 0, i%30),
			}
			if !yield(o) {
				return
			}
		}
	}, func(o drill.Order) drill.Verdict {
		switch {
		case o.Provider == "wechatpay" || o.Container == "alipay":
			return drill.Verdict{Outcome: drill.Carried, To: o.Provider, FeeBP: 60}
		case o.Container == "wechat" && o.MerchantID < "mer_f":
			return drill.Verdict{Outcome: drill.Rerouted, To: "wechatpay", FeeBP: 100}
		case o.Container == "browser-safari":
			return drill.Verdict{Outcome: drill.WayOut, To: "alipay", Saved: []drill.Way{{Provider: "wechatpay", Product: "h5"}}}
		}
		return drill.Verdict{Outcome: drill.Lost, Saved: []drill.Way{{Provider: "wechatpay", Product: "h5"}, {Provider: "wechatpay", Product: "jsapi"}}}
	})
	r.Currency = "CNY"
	return r
}

var outside = regexp.MustCompile(`(?i)\b(src|href)="(https?:)?//|@import|url\(`)

// TestDrillPagesInABrowser opens every page on a phone and on a desk, light and dark, in both languages: nothing is loaded, nothing is complained of, nothing sticks
// out, and every picture has its table. The flag -pictures names a folder for pictures.
func TestDrillPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	for _, lang := range []ui.Lang{ui.EN, ui.ZH} {
		for name, page := range samplePages(t, lang) {
			if outside.Match(page) || bytes.Contains(page, []byte("<script")) {
				t.Errorf("%s %s loads something or runs a script", name, lang)
			}
			if bytes.Contains(page, []byte("%!")) || bytes.Contains(page, []byte("ZgotmplZ")) {
				t.Errorf("%s %s has a broken word", name, lang)
			}
			loads := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				loads++
				w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write(page)
			}))
			for _, v := range []webtest.View{{Width: 360}, {Width: 1280}, {Width: 1280, Dark: true}, {Width: 360, Dark: true}} {
				look(t, browser, server.URL, strings.Join([]string{name, string(lang)}, "."), v)
			}
			server.Close()
			if loads != 4 {
				t.Errorf("%s %s: %d requests for 4 views", name, lang, loads)
			}
		}
	}
}

func look(t *testing.T, browser *webtest.Browser, address, name string, v webtest.View) {
	t.Helper()
	if err := browser.Show(address, v); err != nil {
		t.Fatal(err)
	}
	wide, err := webtest.Eval[int](browser, "document.documentElement.scrollWidth")
	if err != nil || wide > v.Width {
		t.Errorf("%s at %d is %d wide: %v", name, v.Width, wide, err)
	}
	bare, err := webtest.Eval[int](browser, "[...document.querySelectorAll('section')].filter(s => s.querySelector('svg') && !s.querySelector('table')).length")
	if err != nil || bare != 0 {
		t.Errorf("%s: %d pictures without a table: %v", name, bare, err)
	}
	shown, err := webtest.Eval[int](browser, "[...document.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 0).length * 2 - document.querySelectorAll('svg').length")
	if err != nil || shown != 0 {
		t.Errorf("%s at %d does not show one of each two pictures: %d, %v", name, v.Width, shown, err)
	}
	cut, err := webtest.Eval[int](browser, "[...document.querySelectorAll('svg')].filter(s => { const w = s.getBoundingClientRect(); return w.width > 0 && [...s.querySelectorAll('text')].some(t => { const b = t.getBoundingClientRect(); return b.left < w.left - 2 || b.right > w.right + 2 }) }).length")
	if err != nil || cut != 0 {
		t.Errorf("%s at %d: words stick out of %d pictures: %v", name, v.Width, cut, err)
	}
	if said := browser.Complaints(); len(said) > 0 {
		t.Errorf("%s: the browser complains: %v", name, said)
	}
	folder := *pictures
	if folder == "" {
		return
	}
	picture, err := browser.Picture(false)
	if err != nil {
		t.Fatal(err)
	}
	file := strings.Join([]string{"drill", name, number(int64(v.Width)), map[bool]string{true: "dark", false: "light"}[v.Dark], "png"}, ".")
	if err := os.WriteFile(filepath.Join(folder, file), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
