package checkout

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

const maxPage = 30 << 10 // bytes for everything: a page loads no other file

func renderSample(t *testing.T, one sample, lang ui.Lang) []byte {
	t.Helper()
	s := sampleScene(one.preset, lang)
	one.make(&s)
	make := build
	if s.link != nil {
		make = buildLink
	}
	p, err := make(s)
	if err != nil {
		t.Fatal(err)
	}
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

// checkGolden compares a page with its golden file. The style and the script are the same in every page and have files of their own, so the golden ones name
// them only.
func checkGolden(t *testing.T, name string, page []byte) {
	t.Helper()
	if len(page) > maxPage {
		t.Errorf("%s has %d bytes, more than %d", name, len(page), maxPage)
	}
	text := strings.Replace(string(page), string(style), "/* style */", 1)
	for _, s := range []State{StateBridge, StateChoose} {
		text = strings.Replace(text, string(scripts[s]), "/* script */", 1)
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
		t.Fatal(err, "(run go test ./web/checkout -update and look at the page)")
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s is not the golden page (run with -update and look at it):\n%s", name, diff)
	}
}

// TestLargestPageIsSmall renders the page with the most drawing and the longest texts that the engine lets in.
func TestLargestPageIsSmall(t *testing.T) {
	s := sampleScene("douyin", ui.ZH)
	s.merchant.Name, s.state.Payment.Description = strings.Repeat("云", 127), strings.Repeat("茶", 127)
	for range 100 {
		s.state.Payment.Items = append(s.state.Payment.Items, postern.Item{Name: strings.Repeat("茶", 127), Quantity: 1_000_000, Amount: postern.MaxAmount})
	}
	s.at.public = "https://" + strings.Repeat("a", 60) + ".example.com"
	p, err := build(s)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Render(&b, p); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", b.Len())
	if b.Len() > maxPage || p.State != StateWayOut {
		t.Errorf("%s has %d bytes, more than %d", p.State, b.Len(), maxPage)
	}
}

var (
	blockedByPolicy = regexp.MustCompile(`<[a-z][^>]*\s(style|on[a-z]+)=`)
	foreign         = regexp.MustCompile(`<(script|link|img|iframe|object|embed)[^>]*\s(src|href|data)=|@import|url\(`)
	shareCard       = regexp.MustCompile(`<div hidden><img src="https://pay\.example\.com/[cl]/[0-9a-z]{26}/card\.png" width="480" height="480" alt=""></div>`)
	heading         = regexp.MustCompile(`<h1[^>]*id="title"[^>]*>`)
)

// TestEveryPageStandsAlone checks what must hold for every screen: it loads nothing but the picture of its own share card, works under the policy, has its landmarks, one heading and a live region,
// and no sentence has a hole.
func TestEveryPageStandsAlone(t *testing.T) {
	for _, one := range samples {
		for _, lang := range []ui.Lang{ui.ZH, ui.EN} {
			page := string(renderSample(t, one, lang))
			where := one.name + " " + string(lang)
			if m := blockedByPolicy.FindString(page); m != "" {
				t.Errorf("%s: %s does nothing under the content security policy", where, m)
			}
			if n := len(shareCard.FindAllString(page, -1)); n != 1 {
				t.Errorf("%s: %d pictures for share cards, want the one", where, n)
			}
			if m := foreign.FindString(shareCard.ReplaceAllString(page, "")); m != "" && one.name != "bridge-simulated" { // test mode: the simulated phone in a frame
				t.Errorf("%s: the page loads something: %s", where, m)
			}
			if n := len(heading.FindAllString(page, -1)); n != 1 {
				t.Errorf("%s: %d headings named title, want 1", where, n)
			}
			for _, want := range []string{"<main>", "<header>", "<footer>", `id="live"`, `<html lang="` + string(lang) + `">`} {
				if strings.Count(page, want) != 1 {
					t.Errorf("%s: %d times %s, want once", where, strings.Count(page, want), want)
				}
			}
			for _, hole := range []string{"%!", "%s", "ZgotmplZ", "<no value>"} {
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

func TestButtonsNameWalletAndAct(t *testing.T) {
	for _, c := range []struct {
		lang         ui.Lang
		wallet, want string
	}{
		{ui.ZH, "微信支付", "用微信支付 ¥68.00"}, {ui.ZH, "支付宝", "用支付宝支付 ¥68.00"}, {ui.EN, "WeChat Pay", "Pay ¥68.00 with WeChat Pay"},
	} {
		if got := wordsOf(c.lang).payWith(c.lang, c.wallet, "¥68.00"); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if got := list(ui.ZH, []string{"微信支付", "支付宝", "手机相机"}); got != "微信支付、支付宝或手机相机" {
		t.Error(got)
	}
	if got := list(ui.EN, []string{"A", "B", "C"}); got != "A, B or C" {
		t.Error(got)
	}
}
