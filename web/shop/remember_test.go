package shop

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestBuyerCookie(t *testing.T) {
	b := buyer{Name: "李雷 🍵", Phone: "138 0013 8000", Region: "44", Address: strings.Repeat("广", 200)}
	value := formatBuyer(b)
	if got, ok := parseBuyer(value); !ok || got != b || len(value) > maxBuyer {
		t.Errorf("%d bytes, %v, %+v", len(value), ok, got)
	}
	cookie := func(json string) string { return "1." + base64.RawURLEncoding.EncodeToString([]byte(json)) }
	for name, bad := range map[string]string{
		"nothing": "", "another version": "2." + value[2:], "no base64": "1.!!", "no JSON": cookie("x"), "more JSON": cookie(`{"p":"13800138000"}{}`), "another field": cookie(`{"p":"13800138000","x":1}`),
		"no phone": cookie(`{"n":"x"}`), "a phone that is none": cookie(`{"p":"<script>"}`), "no region": cookie(`{"p":"13800138000","r":"99"}`), "a line": cookie(`{"p":"13800138000","a":"x\ny"}`),
		"too long a field": cookie(`{"p":"13800138000","a":"` + strings.Repeat("x", 201) + `"}`), "too long": cookie(`{"p":"13800138000"` + strings.Repeat(" ", 2000) + `}`),
		"bits that mean nothing": value[:len(value)-1] + "_",
	} {
		if got, ok := parseBuyer(bad); ok {
			t.Errorf("%s was read as %+v", name, got)
		}
	}
	if formatBuyer(buyer{Phone: "x"}) != "" {
		t.Error("what cannot be read is written")
	}
}

// FuzzBuyerCookie: what is read is bounded, and writes the same again.
func FuzzBuyerCookie(f *testing.F) {
	f.Add(formatBuyer(buyer{Name: "李雷", Phone: "13800138000", Region: "44", Address: "广州市天河路 1 号"}))
	f.Add("1.e30")
	f.Add("1.eyJwIjoiMTM4MDAxMzgwMDAiLCJhIjpudWxsfQ")
	f.Fuzz(func(t *testing.T, value string) {
		b, ok := parseBuyer(value)
		if !ok {
			return
		}
		again, ok := parseBuyer(formatBuyer(b))
		if !ok || again != b {
			t.Errorf("%+v became %+v", b, again)
		}
	})
}

// FuzzTyped: a number of pieces is read as what it says, or is none.
func FuzzTyped(f *testing.F) {
	for _, s := range []string{"1", "２", "", "-1", "1e3", "99999999999999999999", "0x10", "１２3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n := number(s); n < -1 || n > 0 && s == "" {
			t.Errorf("%q is %d", s, n)
		}
	})
}
