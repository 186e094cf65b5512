package facade

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

func tokens(code, key string) *gateway {
	return &gateway{handler: &Handler{cfg: Config{TokenKey: []byte(key)}, code: code}}
}

// TestTokens: a token is read until its end by whoever wrote it, and any other text is none: of another key, another facade, another end, with one bit changed or cut.
func TestTokens(t *testing.T) {
	const facts = "bill\n2026000000000001\ntrade\n2026-11-28"
	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	g := tokens("one", strings.Repeat("k", 32))
	token := g.Token(facts, now.Add(30*time.Second))
	for at, want := range map[time.Duration]bool{-time.Hour: true, 0: true, 29 * time.Second: true, 30 * time.Second: false, time.Hour: false} {
		got, ok := g.OpenToken(token, now.Add(at))
		if ok != want || ok && got != facts {
			t.Errorf("after %s: %q %v, want %v", at, got, ok, want)
		}
	}
	if strings.ContainsAny(token, "+/=&? ") {
		t.Errorf("%q cannot stand in an address", token)
	}
	for name, other := range map[string]*gateway{"another key": tokens("one", strings.Repeat("j", 32)), "another facade": tokens("two", strings.Repeat("k", 32))} {
		if _, ok := other.OpenToken(token, now); ok {
			t.Errorf("the token opens with %s", name)
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			forged := append([]byte{}, raw...)
			forged[i] ^= 1 << bit
			if _, ok := g.OpenToken(base64.RawURLEncoding.EncodeToString(forged), now); ok {
				t.Fatalf("bit %d of byte %d may be changed", bit, i)
			}
		}
		if _, ok := g.OpenToken(base64.RawURLEncoding.EncodeToString(raw[:i]), now); ok {
			t.Fatalf("the first %d bytes are enough", i)
		}
	}
	for _, bad := range []string{"", "=", "a", strings.Repeat("A", 22), strings.Repeat("A", 100), token + "=", token + "A", " " + token} {
		if _, ok := g.OpenToken(bad, now); ok {
			t.Errorf("%q is a token", bad)
		}
	}
}
