package wire

import (
	"errors"
	"strings"
	"testing"
)

// The characters are those of GBK's table: 龙井 is C1 FA BE AE, 茶 is B2 E8, the euro sign is 80.
func TestCharset(t *testing.T) {
	for name, want := range map[string]Charset{"": UTF8, "utf-8": UTF8, "UTF8": UTF8, "GBK": GBK, "gb2312": GBK} {
		if c, err := ParseCharset(name); err != nil || c != want {
			t.Errorf("%q is %q, %v", name, c, err)
		}
	}
	if _, err := ParseCharset("big5"); !errors.Is(err, ErrMalformed) {
		t.Errorf("big5: %v", err)
	}
	const text, bytes = "龙井 €1 茶", "\xc1\xfa\xbe\xae \x801 \xb2\xe8"
	if got := GBK.Encode(text); got != bytes {
		t.Errorf("%x, want %x", got, bytes)
	}
	if got, err := GBK.Decode(bytes); err != nil || got != text {
		t.Errorf("%q, %v", got, err)
	}
	if got := GBK.Encode("茶😀"); got != "\xb2\xe8?" {
		t.Errorf("%x", got)
	}
	if got := string(GBK.EncodeJSON([]byte(`{"subject":"茶😀ก"}`))); got != "{\"subject\":\"\xb2\xe8\\ud83d\\ude00\\u0e01\"}" {
		t.Errorf("%q", got)
	}
	for c, raw := range map[Charset]string{UTF8: "\xc1\xfa", GBK: "\xff"} {
		if got, err := c.Decode(raw); err == nil {
			t.Errorf("%x is %q in %s", raw, got, c)
		}
	}
}

func TestReadRequest(t *testing.T) {
	p, err := ReadRequest("app_id=1&charset=GBK&x=%zz", "charset=utf-8&subject=%C1%FA&&method=m")
	if !errors.Is(err, ErrMalformed) || p["app_id"] != "1" || p["charset"] != "GBK" || p["subject"] != "\xc1\xfa" || p["method"] != "m" {
		t.Errorf("%q, %v", p, err)
	}
	if p, err = ReadRequest("app_id=1", strings.Repeat("x", MaxForm+1)); !errors.Is(err, ErrTooLarge) || p["app_id"] != "1" {
		t.Errorf("%q, %v", p, err)
	}
	if text, err := (Params{"subject": "\xc1\xfa"}).In(GBK); err != nil || text["subject"] != "龙" || text.Encoded(GBK)["subject"] != "\xc1\xfa" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := (Params{"subject": "\xc1\xfa"}).In(UTF8); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v", err)
	}
}

func FuzzReadRequest(f *testing.F) {
	f.Add("app_id=1&charset=GBK", "subject=%C1%FA%BE%AE")
	f.Add("a=%zz", "a=1&a=2&=3")
	f.Fuzz(func(t *testing.T, query, body string) {
		p, err := ReadRequest(query, body)
		if strict, bad := ParseRequest(query, body); bad == nil && (err != nil || string(RequestString(strict)) != string(RequestString(p))) {
			t.Fatalf("%q %q: %v, %q", query, body, err, p)
		}
		if again, bad := ReadRequest(p.Encode(), ""); err == nil && len(p.Encode()) <= MaxForm && (bad != nil || string(RequestString(again)) != string(RequestString(p))) {
			t.Fatalf("%q comes back as %q: %v", p, again, bad)
		}
		if text, err := p.In(GBK); err == nil {
			if _, err := text.Encoded(GBK).In(GBK); err != nil {
				t.Fatalf("%q does not come back: %v", text, err)
			}
		}
	})
}
