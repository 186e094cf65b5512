package postern

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"
)

func TestShortCodesAreReadAsTheyAreTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"7x2m9k4p": "7x2m9k4p", "7X2M 9K4P": "7x2m9k4p", "7x2m-9k4p": "7x2m9k4p", "oIl0-1234": "01101234", "OOOO LLLL": "00001111",
		"": "", "7x2m9k4": "", "7x2m9k4p8": "", "7x2m9k4u": "", "七x2m9k4p": "", "7x2m/9k4p": "", strings.Repeat("-", 40) + "7x2m9k4p": "",
	} {
		if got, ok := ParseShortCode(typed); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", typed, got, ok, want)
		}
	}
	if got := FormatShortCode("7x2m9k4p"); got != "7X2M 9K4P" {
		t.Error(got)
	}
	if got := NewShortCode(bytes.NewReader([]byte{0, 31, 32, 255, 1, 2, 3, 4})); got != "0z0z1234" {
		t.Errorf("every character carries five bits: %s", got)
	}
}

func TestALinkEnds(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		link Link
		want bool
	}{
		{Link{}, false}, {Link{ExpiresAt: now.Add(time.Second)}, false}, {Link{ExpiresAt: now}, true}, {Link{DisabledAt: now}, true}, {Link{DisabledAt: now.Add(time.Second)}, false},
	} {
		if got := c.link.Ended(now); got != c.want {
			t.Errorf("%+v: %v", c.link, got)
		}
	}
}

// FuzzShortCode holds that what is read is a code, reads as itself, and reads the same in capitals and groups.
func FuzzShortCode(f *testing.F) {
	for _, seed := range []string{"7x2m9k4p", "7X2M 9K4P", "", "oil", "İİİİİİİİ", "\xff", "ooooiiii-", strings.Repeat("1", 33)} {
		f.Add(seed)
	}
	f.Add(NewShortCode(rand.Reader))
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := ParseShortCode(typed)
		if !ok {
			if code != "" {
				t.Fatalf("%q is refused and read as %q", typed, code)
			}
			return
		}
		if len(code) != codeLength || strings.Trim(code, idAlphabet) != "" {
			t.Fatalf("%q is read as %q", typed, code)
		}
		for _, again := range []string{code, FormatShortCode(code), strings.ToUpper(code)} {
			if got, ok := ParseShortCode(again); !ok || got != code {
				t.Fatalf("%q of %q is read as %q", again, typed, got)
			}
		}
	})
}
