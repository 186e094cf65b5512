package console

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/web/ui"
	"postern/web/webtest"
)

var (
	update   = flag.Bool("update", false, "write the golden pages anew")
	pictures = flag.String("pictures", "", "a folder for pictures of every state at 360 and 1280 px")
)

func renderSample(t *testing.T, one sample, lang ui.Lang) []byte {
	t.Helper()
	v := sampleVisit(one, lang)
	f := framed(v, one.make(v), one.done)
	f.Nonce = "golden"
	var b bytes.Buffer
	if err := compose(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGoldenPages(t *testing.T) {
	for _, one := range samples {
		for _, lang := range []ui.Lang{ui.ZH, ui.EN} {
			name := one.name + "." + string(lang) + ".html"
			t.Run(name, func(t *testing.T) { checkGolden(t, name, renderSample(t, one, lang)) })
		}
	}
	for lang, body := range theNotFound {
		checkGolden(t, "notfound."+string(lang)+".html", body)
	}
}

// checkGolden compares a page with its golden file. Style and script are the same in every page and have files of their own, so the golden ones name them only.
func checkGolden(t *testing.T, name string, page []byte) {
	t.Helper()
	text := strings.Replace(string(page), string(style), "/* style */", 1)
	text = strings.Replace(text, string(script), "/* script */", 1)
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err, "(run go test ./web/console -update and look at the page)")
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s is not the golden page (run with -update and look at it):\n%s", name, diff)
	}
}

var (
	blockedByPolicy = regexp.MustCompile(`<[a-z][^>]*\s(style|on[a-z]+)=`)
	foreign         = regexp.MustCompile(`<(script|link|iframe|object|embed)[^>]*\s(src|href|data)=|<img[^>]*\ssrc="[^/]|@import|url\(`)
	unlabelled      = regexp.MustCompile(`<(?:input|select|textarea)[^>]*>`)
)

// TestEveryPageStandsAlone: it loads nothing from elsewhere, works under the policy, has one heading and its landmarks, names every field, and no sentence has a hole.
func TestEveryPageStandsAlone(t *testing.T) {
	for _, one := range samples {
		for _, lang := range []ui.Lang{ui.ZH, ui.EN} {
			page, where := string(renderSample(t, one, lang)), one.name+" "+string(lang)
			for _, p := range []*regexp.Regexp{blockedByPolicy, foreign} {
				if m := p.FindString(page); m != "" {
					t.Errorf("%s: %s", where, m)
				}
			}
			for _, want := range []string{"<main", "<h1", `id="title"`, `<html lang="` + string(lang) + `">`} {
				if strings.Count(page, want) != 1 {
					t.Errorf("%s: %d times %s, want once", where, strings.Count(page, want), want)
				}
			}
			for _, hole := range []string{"%!", "%s", "%d", "ZgotmplZ", "<no value>", "<script>alert", "<b>五</b>", "<b>王</b>"} {
				if strings.Contains(page, hole) {
					t.Errorf("%s: the page shows %s", where, hole)
				}
			}
			checkFields(t, where, page)
		}
	}
}

// checkFields wants a label or a name for every field that a person fills in.
func checkFields(t *testing.T, where, page string) {
	t.Helper()
	id := regexp.MustCompile(`\sid="([^"]+)"`)
	for _, field := range unlabelled.FindAllString(page, -1) {
		if strings.Contains(field, `type="hidden"`) || strings.Contains(field, `type="checkbox"`) || strings.Contains(field, "aria-label=") {
			continue
		}
		if m := id.FindStringSubmatch(field); m == nil || !strings.Contains(page, `for="`+m[1]+`"`) {
			t.Errorf("%s: nothing names %s", where, field)
		}
	}
}

func serveSamples(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for _, one := range samples {
		for _, lang := range []ui.Lang{ui.ZH, ui.EN} {
			page := renderSample(t, one, lang)
			mux.HandleFunc("GET /"+one.name+"/"+string(lang), func(w http.ResponseWriter, _ *http.Request) {
				ui.Secure(w.Header(), ui.Policy{Nonce: "golden", Images: []string{"'self'"}})
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write(page)
			})
		}
	}
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// TestPagesInABrowser opens every state on the narrowest phone, with text of twice the size, and on a wide screen in the dark: nothing may be cut off sideways, nothing that can be tapped may be small, and the
// browser may have nothing to complain about.
func TestPagesInABrowser(t *testing.T) {
	server := serveSamples(t)
	b := webtest.Open(t)
	for _, one := range samples {
		for _, lang := range []ui.Lang{ui.ZH, ui.EN} {
			for _, v := range viewsOf(lang) {
				lookAt(t, b, server.URL+"/"+one.name+"/"+string(lang), one.name+"."+string(lang), v)
			}
		}
	}
}

// viewsOf are how a page is looked at: the narrowest with one language, the widest and the largest text with the other; for pictures, what is shown to people.
func viewsOf(lang ui.Lang) []webtest.View {
	switch {
	case *pictures != "":
		return []webtest.View{{Width: 360}, {Width: 1280}}
	case lang == ui.ZH:
		return []webtest.View{{Width: 320}}
	}
	return []webtest.View{{Width: 360, Zoom: 2}, {Width: 1280, Dark: true}}
}

func lookAt(t *testing.T, b *webtest.Browser, address, name string, v webtest.View) {
	t.Helper()
	if err := b.Show(address, v); err != nil {
		t.Fatal(err)
	}
	if _, err := webtest.Eval[bool](b, `document.querySelectorAll('main details').forEach(function (e) { e.open = true }), true`); err != nil {
		t.Fatal(err)
	}
	wide, err := webtest.Eval[int](b, "document.documentElement.scrollWidth")
	if err != nil {
		t.Fatal(err)
	}
	if wide > v.Width {
		t.Errorf("%s at %d px (zoom %v): the page is %d px wide", name, v.Width, v.Zoom, wide)
	}
	small, err := webtest.Eval[[]string](b, `Array.from(document.querySelectorAll('button, summary, nav a, .second, .primary, input:not([type=hidden]):not([type=checkbox]), select, .check, .pager a')).filter(function (e) { var r = e.getBoundingClientRect(); return r.width > 0 && r.height < 40 }).map(function (e) { return e.outerHTML })`)
	if err != nil {
		t.Fatal(err)
	}
	if len(small) > 0 && v.Zoom == 0 {
		t.Errorf("%s at %d px: too small to tap: %s", name, v.Width, strings.Join(small, " "))
	}
	if c := slices.DeleteFunc(b.Complaints(), func(s string) bool { return strings.Contains(s, "favicon") }); len(c) > 0 {
		t.Errorf("%s at %d px: the browser complains: %s", name, v.Width, strings.Join(c, "; "))
	}
	if *pictures == "" || v.Width < 360 || v.Zoom > 0 {
		return
	}
	raw, err := b.Picture(false)
	if err != nil {
		t.Fatal(err)
	}
	width := "360"
	if v.Width > 360 {
		width = "1280"
	}
	if v.Dark {
		width += "-dark"
	}
	if err := os.WriteFile(filepath.Join(*pictures, name+"."+width+".png"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}
