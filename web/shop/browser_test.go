package shop

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postern/web/ui"
	"postern/web/webtest"
)

var pictures = flag.String("pictures", "", "a folder for pictures of every state at 360 and 1280 px")

// serveSamples serves every sample page under its own headers at /{name}/{lang}, with pictures, and a status that never changes.
func serveSamples(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for _, one := range samples {
		for _, lang := range []ui.Lang{ui.ZH, ui.EN} {
			page := renderSample(t, one, lang)
			mux.HandleFunc("GET /"+one.name+"/"+string(lang), func(w http.ResponseWriter, r *http.Request) {
				ui.Secure(w.Header(), ui.Policy{Nonce: "golden", Connect: true, Images: []string{"'self'"}})
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write(bytes.ReplaceAll(page, []byte(samplePublic), []byte("http://"+r.Host)))
			})
		}
	}
	small := map[string][]byte{}
	for id, height := range map[string]int64{"pic_0": 1080, "pic_1": 1440, "pic_2": 720} {
		small[id] = samplePhoto(t, height).Small
	}
	mux.HandleFunc("GET /i/{token}/p/{id}/{file}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(small[r.PathValue("id")])
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /o/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	mux.HandleFunc("GET /i/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// TestPagesInABrowser opens every state at 320 px, at 360 px, with text of twice the size, and at 1280 px: nothing may be cut off sideways, nothing that can be
// tapped may be small, and the browser may have nothing to complain about.
func TestPagesInABrowser(t *testing.T) {
	server := serveSamples(t)
	b := webtest.Open(t)
	for _, one := range samples {
		for _, lang := range []ui.Lang{ui.ZH, ui.EN} {
			for _, v := range []webtest.View{{Width: 320}, {Width: 360}, {Width: 360, Zoom: 2}, {Width: 1280}} {
				if again := v.Width != 320 && lang == ui.EN || v.Width == 360 && v.Zoom == 0; again && *pictures == "" { // seen in the other language, or narrower
					continue
				}
				lookAt(t, b, server.URL+"/"+one.name+"/"+string(lang), one.name+"."+string(lang), v)
			}
		}
	}
}

// TestDarkPages opens every state in the dark.
func TestDarkPages(t *testing.T) {
	server := serveSamples(t)
	b := webtest.Open(t)
	for _, one := range samples {
		lookAt(t, b, server.URL+"/"+one.name+"/"+string(ui.ZH), one.name+"."+string(ui.ZH), webtest.View{Width: 360, Dark: true})
	}
}

func lookAt(t *testing.T, b *webtest.Browser, address, name string, v webtest.View) {
	t.Helper()
	if err := b.Show(address, v); err != nil {
		t.Fatal(err)
	}
	wide, err := webtest.Eval[int](b, "document.documentElement.scrollWidth")
	if err != nil {
		t.Fatal(err)
	}
	if wide > v.Width {
		t.Errorf("%s at %d px (zoom %v): the page is %d px wide", name, v.Width, v.Zoom, wide)
	}
	small, err := webtest.Eval[[]string](b, `Array.from(document.querySelectorAll('main button, main a, main summary, main label.check, .tiles span, .bar a, footer a, input:not([type=hidden]):not([type=radio]):not([type=checkbox])')).filter(function (e) { var r = e.getBoundingClientRect(); return r.width > 0 && r.height < 40 }).map(function (e) { return e.outerHTML })`)
	if err != nil {
		t.Fatal(err)
	}
	if len(small) > 0 && v.Zoom == 0 {
		t.Errorf("%s at %d px: too small to tap: %s", name, v.Width, strings.Join(small, " "))
	}
	if c := slices.DeleteFunc(b.Complaints(), func(s string) bool { return strings.Contains(s, "favicon") }); len(c) > 0 {
		t.Errorf("%s at %d px: the browser complains: %s", name, v.Width, strings.Join(c, "; "))
	}
	if *pictures != "" && v.Width >= 360 && v.Zoom == 0 {
		savePicture(t, b, name, v)
	}
}

func savePicture(t *testing.T, b *webtest.Browser, name string, v webtest.View) {
	t.Helper()
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
