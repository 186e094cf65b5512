package ui

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestMatchLang(t *testing.T) {
	for _, c := range []struct {
		query, header string
		want          Lang
	}{
		{"", "", ZH}, {"", "en-GB,en;q=0.9", EN}, {"", "fr, en;q=0.5, zh;q=0.4", EN}, {"", "zh-Hant-TW,en", ZH},
		{"lang=en", "zh-CN", EN}, {"lang=fr", "en", EN}, {"", "*", ZH}, {"", ";;,,", ZH},
	} {
		r := httptest.NewRequest(http.MethodGet, "/?"+c.query, nil)
		r.Header.Set("Accept-Language", c.header)
		if got := MatchLang(r, ZH); got != c.want {
			t.Errorf("query %q, header %q: got %s, want %s", c.query, c.header, got, c.want)
		}
	}
}

func TestFormatTime(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 5, 7, 0, time.UTC)
	zone := time.FixedZone("", 8*3600)
	if got := FormatTime(at, zone, ZH); got != "2026年11月22日 17:05" {
		t.Error(got)
	}
	if got := FormatTime(at, zone, EN); got != "22 Nov 2026, 17:05" {
		t.Error(got)
	}
	if got := FormatTimeZone(at, zone); got != "2026-11-22 17:05:07 +08:00" {
		t.Error(got)
	}
}

func TestPolicy(t *testing.T) {
	got := Policy{Nonce: "n0", Connect: true, FormAction: []string{"https://pay.example"}}.String()
	want := "default-src 'none'; base-uri 'none'; style-src 'nonce-n0'; script-src 'nonce-n0'; connect-src 'self'; form-action 'self' https://pay.example; frame-ancestors 'none'"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	h := http.Header{}
	Secure(h, Policy{StyleHash: HashSource("a{}"), FrameAncestors: []string{"'self'"}})
	if h.Get("X-Frame-Options") != "" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'self'") || strings.Contains(h.Get("Content-Security-Policy"), "script-src") {
		t.Errorf("headers: %v", h)
	}
	if _, err := NewNonce(bytes.NewReader(make([]byte, 15))); err == nil {
		t.Error("a nonce of too little randomness must be an error")
	}
}

func TestOrigin(t *testing.T) {
	for in, want := range map[string]string{
		"https://pay.example/path?q": "https://pay.example", "http://127.0.0.1:8080/x": "http://127.0.0.1:8080",
		"javascript:alert(1)": "", "weixin://x": "", "//host/x": "", "https://a;b/x": "", "%": "", "": "",
	} {
		if got, ok := Origin(in); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v", in, got, ok)
		}
	}
}

func TestQR(t *testing.T) {
	svg, err := QR("https://shop.example/c/0123456789abcdefghjkmnpqrs", `say "it" <now>`)
	if err != nil {
		t.Fatal(err)
	}
	s := string(svg)
	if !strings.Contains(s, "&#34;it&#34; &lt;now&gt;") {
		t.Error("the label is not escaped")
	}
	// The three finders: seven dark modules at the corners, four modules of quiet around.
	for _, want := range []string{"M4 4.5h7m", "M4 10.5h7m"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %s in the drawing", want)
		}
	}
	if len(s) > 5000 {
		t.Errorf("the drawing has %d bytes", len(s))
	}
	if _, err := QR(strings.Repeat("x", 5000), ""); err == nil {
		t.Error("content that fits no code must be an error")
	}
}

func TestMark(t *testing.T) {
	if got := string(Mark("#1677ff", "M1 2l3-4z")); !strings.Contains(got, `fill="#1677ff" d="M1 2l3-4z"`) {
		t.Error(got)
	}
	if got := string(Mark(`red" onload="x`, `M0 0"/><script>`)); strings.Contains(got, "onload") || strings.Contains(got, "script") {
		t.Error("markup came through: " + got)
	}
	for name, want := range map[string]string{"云上茶铺": "云", "¡hola!": "H", "": "·", "7 Days": "7"} {
		if got := Initial(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestScriptAndStyle(t *testing.T) {
	if got := string(Script("// why\n  a('//x')\n\n")); got != "a('//x')\n" {
		t.Errorf("%q", got)
	}
	if got := string(Style(".own { color: red; margin: 0 } /* why */\n@media x {\n  a :checked + b, i { top: 0 }\n}")); strings.Contains(got, "/*") ||
		!strings.Contains(got, ".own{color:red;margin:0}@media x{a :checked + b,i{top:0}}") || !strings.Contains(got, "--paper") {
		t.Error(got)
	}
}

// TestTokensMeetAA computes the contrast (WCAG 2.2, 1.4.3) of every pair of text and surface in both schemes.
func TestTokensMeetAA(t *testing.T) {
	schemes := strings.SplitN(tokensCSS, "@media", 2)
	if len(schemes) != 2 {
		t.Fatal("tokens.css has no dark part")
	}
	token := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`)
	for i, css := range schemes {
		colour := map[string]string{}
		for _, m := range token.FindAllStringSubmatch(css, -1) {
			colour[m[1]] = m[2]
		}
		for _, pair := range []string{
			"ink paper", "ink card", "ink tint", "ink warn-tint", "ink stop-tint", "quiet paper", "quiet card", "quiet tint", "accent paper", "accent card", "accent tint",
			"on-accent accent", "warn warn-tint", "warn card", "warn paper", "stop stop-tint", "stop card", "stop paper", "ok card", "ok paper", "ok tint",
		} {
			text, surface, _ := strings.Cut(pair, " ")
			if got := contrast(t, colour[text], colour[surface]); got < 4.5 {
				t.Errorf("scheme %d: %s on %s has a contrast of %.2f, want 4.5", i, text, surface, got)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) != 7 {
		t.Fatalf("no such colour: %q", colour)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(fmt.Errorf("colour %s: %w", colour, err))
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
