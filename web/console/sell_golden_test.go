package console

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern"
	"postern/web/ui"
	"postern/web/webtest"
)

var (
	sellUpdate   = flag.Bool("sell-update", false, "write the golden selling pages anew")
	sellPictures = flag.String("sell-pictures", "", "a folder for pictures of every selling page at 360 and 1280 px")
)

// titles are what the handlers call each family's pages.
func sellTitle(s sellSample, v *visit) string {
	w, i := sellWordsOf(v.Lang), itemWordsOf(v.Lang)
	family, _, _ := strings.Cut(s.name, "-")
	return map[string]string{
		"today": wordsOf(v.Lang).Today, "attention": w.Attention, "orders": wordsOf(v.Lang).Orders, "order": w.Order + " 7X2M 9K4P", "refund": w.RefundTitle, "ship": w.ShipTitle,
		"items": wordsOf(v.Lang).Items, "item": i.EditTitle, "share": i.ShareTitle, "money": moneyWordsOf(v.Lang).Title,
		"outside": handWordsOf(v.Lang).EnterTitle, "hand": handWordsOf(v.Lang).Title,
	}[family]
}

func renderSell(t *testing.T, s sellSample, l ui.Lang) []byte {
	t.Helper()
	h, v := sellHandler(), sellVisit(l, postern.RoleOwner)
	f := framed(v, page{Title: sellTitle(s, v), Section: s.section, Body: s.make(h, v)}, false)
	f.Nonce = "golden"
	var b bytes.Buffer
	if err := compose(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var (
	inlinePolicy = regexp.MustCompile(`<[a-z][^>]*\s(style|on[a-z]+)=`)
	fromElse     = regexp.MustCompile(`<(script|link|iframe|object|embed)[^>]*\s(src|href|data)=|<img[^>]*src="https?:|@import|url\(`)
)

// TestGoldenSellingPages compares every state with its golden file, and checks what holds for all: nothing from elsewhere, nothing that the policy forbids, no hole in a sentence.
func TestGoldenSellingPages(t *testing.T) {
	for _, s := range sellSamples {
		for _, l := range []ui.Lang{ui.ZH, ui.EN} {
			name := s.name + "." + string(l) + ".html"
			t.Run(name, func(t *testing.T) {
				text := string(renderSell(t, s, l))
				if len(text) > 60<<10 {
					t.Errorf("%d bytes", len(text))
				}
				for _, hole := range []string{"%!", "%s", "%d", "ZgotmplZ", "<no value>"} {
					if strings.Contains(strings.Replace(text, string(style), "", 1), hole) {
						t.Errorf("the page shows %s", hole)
					}
				}
				text = strings.Replace(strings.Replace(text, string(style), "/* style */", 1), string(script), "/* script */", 1)
				if m := inlinePolicy.FindString(text); m != "" {
					t.Errorf("%s does nothing under the content security policy", m)
				}
				if m := fromElse.FindString(text); m != "" {
					t.Errorf("the page loads something: %s", m)
				}
				for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
					if n := strings.Count(text, ` id="`+id[1]+`"`); n != 1 {
						t.Errorf("%d elements have the id %s", n, id[1])
					}
				}
				file := filepath.Join("testdata", "sell", name)
				if *sellUpdate {
					if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err, "(run go test ./web/console -sell-update and look at the page)")
				}
				if diff := cmp.Diff(string(want), text); diff != "" {
					t.Errorf("not the golden page (run with -sell-update and look at it):\n%s", diff)
				}
			})
		}
	}
}

// TestSellingPagesInABrowser opens every state at 320 px, 360 px, with text of twice the size and at 1280 px: nothing is cut off sideways, what can be tapped is large enough, and
// the browser has nothing to complain about.
func TestSellingPagesInABrowser(t *testing.T) {
	photo := sellPhoto()
	mux := http.NewServeMux()
	for _, s := range sellSamples {
		for _, l := range []ui.Lang{ui.ZH, ui.EN} {
			text := renderSell(t, s, l)
			mux.HandleFunc("GET /"+s.name+"/"+string(l), func(w http.ResponseWriter, _ *http.Request) {
				ui.Secure(w.Header(), ui.Policy{Nonce: "golden", Images: []string{"'self'"}})
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write(text)
			})
		}
	}
	mux.HandleFunc("GET /console/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(photo)
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, part := range [][]sellSample{sellSamples[:len(sellSamples)/2], sellSamples[len(sellSamples)/2:]} { // a browser lives for five minutes
		b := webtest.Open(t)
		for _, s := range part {
			for _, one := range sellViews() {
				lookAtSell(t, b, server.URL+"/"+s.name+"/"+string(one.lang), s.name+"."+string(one.lang), one.View)
			}
		}
	}
}

type sellView struct {
	webtest.View
	lang ui.Lang
}

// sellViews are how each page is looked at: narrow, with large text in the language of longer words, and wide; for pictures, as a telephone and as a computer show it.
func sellViews() []sellView {
	if *sellPictures != "" {
		return []sellView{{webtest.View{Width: 360}, ui.ZH}, {webtest.View{Width: 1280}, ui.ZH}, {webtest.View{Width: 360}, ui.EN}}
	}
	return []sellView{{webtest.View{Width: 320}, ui.ZH}, {webtest.View{Width: 360, Zoom: 2}, ui.EN}, {webtest.View{Width: 1280, Dark: true}, ui.ZH}}
}

const tooWide = `[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > screen.width && !e.closest('.scroll, .tabs')).map(e => e.outerHTML.slice(0, 60)).join(' | ')`

const tooSmall = `[...document.querySelectorAll('main a, main button, main summary, main input:not([type=hidden]), main select')].filter(e => {
	const r = (e.type == 'checkbox' || e.type == 'radio' ? e.closest('label') : e).getBoundingClientRect();
	return r.width > 1 && r.height > 0 && r.height < 40 && !e.closest('p, dd, .facts') && !e.matches('.sr') }).map(e => e.outerHTML.slice(0, 80)).join(' | ')`

func lookAtSell(t *testing.T, b *webtest.Browser, address, name string, v webtest.View) {
	t.Helper()
	if err := b.Show(address, v); err != nil {
		t.Fatal(err)
	}
	wide, err := webtest.Eval[int](b, "document.documentElement.scrollWidth")
	if err != nil {
		t.Fatal(err)
	}
	if wide > v.Width {
		which, err := webtest.Eval[string](b, tooWide)
		t.Errorf("%s at %d px (zoom %v) is %d px wide: %s %v", name, v.Width, v.Zoom, wide, which, err)
	}
	small, err := webtest.Eval[string](b, tooSmall)
	if err != nil {
		t.Fatal(err)
	}
	if small != "" {
		t.Errorf("%s at %d px: too small to tap: %s", name, v.Width, small)
	}
	for _, c := range b.Complaints() {
		t.Errorf("%s at %d px: the browser says: %s", name, v.Width, c)
	}
	if *sellPictures == "" || v.Zoom > 0 || v.Width == 320 {
		return
	}
	raw, err := b.Picture(false)
	if err != nil {
		t.Fatal(err)
	}
	if v.Dark {
		name += ".dark"
	}
	suffix := ".360.png"
	if v.Width > 600 {
		suffix = ".1280.png"
	}
	if err := os.WriteFile(filepath.Join(*sellPictures, name+suffix), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}
