package shop

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern"
	"postern/web/ui"
)

var update = flag.Bool("update", false, "write the golden pages anew")

const (
	maxItemPage = 14_000   // bytes before pictures, as a buyer downloads them
	maxPage     = 32 << 10 // bytes of the fullest page that a seller can make
)

func renderSample(t testing.TB, one sample, lang ui.Lang) []byte {
	t.Helper()
	p := one.make(lang)
	p.Nonce = "golden"
	var b bytes.Buffer
	if err := Render(&b, p); err != nil {
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
	for lang, body := range theNotFound.body {
		checkGolden(t, "notfound."+string(lang)+".html", body)
	}
}

// checkGolden compares a page with its golden file. Style and script have files of their own, so the golden ones name them only.
func checkGolden(t *testing.T, name string, page []byte) {
	t.Helper()
	if most := map[bool]int{true: maxPage, false: maxItemPage}[strings.Contains(name, "test-mode")]; len(page) > most { // the test bar is no buyer's
		t.Errorf("%s has %d bytes, more than %d", name, len(page), most)
	}
	text := string(page)
	for _, state := range []State{StateItem, StateOrder, StateTrouble} { // the last one's style is how the others' begin
		text = strings.Replace(text, string(styles[state]), "/* style */", 1)
		if scripts[state] != "" {
			text = strings.Replace(text, string(scripts[state]), "/* script */", 1)
		}
	}
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err, "(run go test ./web/shop -update and look at the page)")
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s is not the golden page (run with -update and look at it):\n%s", name, diff)
	}
}

var (
	blockedByPolicy = regexp.MustCompile(`<[a-z][^>]*\s(style|on[a-z]+)=`)
	foreign         = regexp.MustCompile(`<(script|link|iframe|object|embed)[^>]*\s(src|href|data)=|@import|url\(|<img [^>]*src="[^/]`)
	shareCard       = regexp.MustCompile(`<div hidden><img src="https://pay\.example\.com/i/[0-9a-z]{26}/card\.jpg" width="480" height="480" alt=""></div>`)
	heading         = regexp.MustCompile(`<h1[^>]*id="title"[^>]*>`)
	unsized         = regexp.MustCompile(`<img [^>]*>`)
)

// TestEveryPageStandsAlone checks what must hold for every screen: it loads nothing but the item's pictures, each with its size, works under the policy, has its
// landmarks and one heading, and no sentence has a hole.
func TestEveryPageStandsAlone(t *testing.T) {
	for _, one := range samples {
		for _, lang := range []ui.Lang{ui.ZH, ui.EN} {
			page := string(renderSample(t, one, lang))
			where := one.name + " " + string(lang)
			if m := blockedByPolicy.FindString(page); m != "" {
				t.Errorf("%s: %s does nothing under the content security policy", where, m)
			}
			if m := foreign.FindString(shareCard.ReplaceAllString(page, "")); m != "" {
				t.Errorf("%s: the page loads something: %s", where, m)
			}
			for i, img := range unsized.FindAllString(page, -1) {
				if !strings.Contains(img, ` width="`) || !strings.Contains(img, ` height="`) || strings.Contains(img, "lazy") != (i > 0) {
					t.Errorf("%s: picture %d jumps, or waits for nothing: %s", where, i, img)
				}
			}
			if n := len(heading.FindAllString(page, -1)); n != 1 {
				t.Errorf("%s: %d headings named title, want 1", where, n)
			}
			for _, want := range []string{"<main>", "<footer>", `<html lang="` + string(lang) + `">`} {
				if strings.Count(page, want) != 1 {
					t.Errorf("%s: %d times %s, want once", where, strings.Count(page, want), want)
				}
			}
			for _, hole := range []string{"%!", "%s", "%d", "ZgotmplZ", "<no value>"} {
				if strings.Contains(page, hole) {
					t.Errorf("%s: the page shows %s", where, hole)
				}
			}
		}
	}
}

func TestNoWordIsMissing(t *testing.T) {
	zh, en := reflect.ValueOf(inChinese), reflect.ValueOf(inEnglish)
	verbs := regexp.MustCompile(`%(\[\d\])?[sd]`)
	for i := range zh.NumField() {
		name, a, b := zh.Type().Field(i).Name, zh.Field(i).String(), en.Field(i).String()
		if a == "" || b == "" {
			t.Errorf("%s: missing in one language: %q, %q", name, a, b)
		}
		if len(verbs.FindAllString(a, -1)) != len(verbs.FindAllString(b, -1)) {
			t.Errorf("%s: the languages take different values: %q, %q", name, a, b)
		}
		if strings.ContainsAny(a+b, "!！") || strings.Contains(b, "Oops") {
			t.Errorf("%s: no exclamation marks: %q, %q", name, a, b)
		}
	}
}

// TestMoneyGoesBackByADay: three working days, named by the weekday; over a weekend it is the next week's.
func TestMoneyGoesBackByADay(t *testing.T) {
	for at, want := range map[string]string{"2026-11-24": "周五（11月27日）", "2026-11-26": "周二（12月1日）", "2026-11-28": "周三（12月2日）"} {
		s := sampleBought(ui.ZH)
		day, err := timeOf(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.day(deadline(day, s.zone)); got != want {
			t.Errorf("from %s: got %s, want %s", at, got, want)
		}
	}
	s := sampleBought(ui.ZH)
	s.paid()
	s.surplus(postern.SurplusDuplicate, postern.SurplusRefunding)
	if n := s.notes(&inChinese); len(n) != 1 || n[0].Title+"，"+n[0].Line != "你付了两次，¥144.00 会在周五（11月27日）前退回，不用做任何事。" {
		t.Errorf("%+v", n)
	}
}
