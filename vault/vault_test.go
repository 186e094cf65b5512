package vault_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"postern/provider"
	"postern/vault"
)

var place = vault.Ref{Owner: "mer_1", Table: "generation", Column: "app_private_key", Row: "gen_1"}

func kek(seed byte) []byte {
	out := make([]byte, 32)
	for i := range out {
		out[i] = seed + byte(i*7)
	}
	return out
}

func open(t *testing.T, current []byte, previous ...[]byte) *vault.Vault {
	t.Helper()
	v, err := vault.New(current, true, previous...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSealedValueOpensOnlyAtItsPlace(t *testing.T) {
	v := open(t, kek(1))
	sealed, err := v.Seal(place, []byte("the secret"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("the secret")) {
		t.Fatal("plaintext is visible in the ciphertext")
	}
	got, err := v.Open(place, sealed)
	if err != nil || string(got) != "the secret" {
		t.Fatalf("Open = %q, %v", got, err)
	}
	moved := []vault.Ref{
		{Owner: "mer_2", Table: place.Table, Column: place.Column, Row: place.Row},
		{Owner: place.Owner, Table: "endpoint", Column: place.Column, Row: place.Row},
		{Owner: place.Owner, Table: place.Table, Column: "apiv3_key", Row: place.Row},
		{Owner: place.Owner, Table: place.Table, Column: place.Column, Row: "gen_2"},
		{Owner: place.Owner + place.Table, Table: "x", Column: place.Column, Row: place.Row},
	}
	for _, ref := range moved {
		if _, err := v.Open(ref, sealed); !errors.Is(err, vault.ErrTampered) {
			t.Errorf("Open at %v = %v, want ErrTampered", ref, err)
		}
	}
}

func TestEveryFlippedBitAndEveryTruncationIsRefused(t *testing.T) {
	v := open(t, kek(1))
	sealed, err := v.Seal(place, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := v.Open(place, bad); err == nil {
			t.Errorf("byte %d flipped and still opened", i)
		}
		if _, err := v.Open(place, sealed[:i]); err == nil {
			t.Errorf("truncated to %d bytes and still opened", i)
		}
	}
}

func TestRotationRewrapsAndOldKeyCanThenGo(t *testing.T) {
	old := open(t, kek(1))
	sealed, err := old.Seal(place, []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, kek(2)).Open(place, sealed); !errors.Is(err, vault.ErrUnknownKEK) {
		t.Fatalf("without the old key: %v, want ErrUnknownKEK", err)
	}
	both := open(t, kek(2), kek(1))
	if both.Current(sealed) {
		t.Fatal("an old ciphertext claims to be current")
	}
	renewed, err := both.Rewrap(place, sealed)
	if err != nil {
		t.Fatal(err)
	}
	if !both.Current(renewed) {
		t.Fatal("Rewrap left the old key in place")
	}
	again, err := both.Rewrap(place, renewed)
	if err != nil || !bytes.Equal(again, renewed) {
		t.Fatalf("a current value was sealed again (%v)", err)
	}
	got, err := open(t, kek(2)).Open(place, renewed)
	if err != nil || string(got) != "kept" {
		t.Fatalf("Open = %q, %v", got, err)
	}
}

func TestLiveRefusesPublicAndWeakKeys(t *testing.T) {
	for name, key := range map[string][]byte{"test key": []byte(vault.TestKEK), "zeros": make([]byte, 32), "short": make([]byte, 31), "long": kek(1)[:0:0]} {
		if _, err := vault.New(key, true); err == nil {
			t.Errorf("%s was accepted in live", name)
		}
	}
	if _, err := vault.New(kek(1), true, []byte(vault.TestKEK)); err == nil {
		t.Error("the test key was accepted in live as a previous key")
	}
	if _, err := vault.New([]byte(vault.TestKEK), false); err != nil {
		t.Errorf("test mode refuses its own key: %v", err)
	}
}

func TestIncompletePlaceAndOversizeAreRefused(t *testing.T) {
	v := open(t, kek(1))
	if _, err := v.Seal(vault.Ref{Owner: "a", Table: "b", Column: "c"}, nil); err == nil {
		t.Error("a place without a row was accepted")
	}
	if _, err := v.Seal(place, make([]byte, 1<<20+1)); err == nil {
		t.Error("an oversized value was accepted")
	}
}

func TestNothingPrintsKeyBytes(t *testing.T) {
	const canary = "canary-5c1f0d3e"
	v := open(t, kek(1))
	things := map[string]any{"vault": v}
	for _, kind := range []provider.KeyKind{provider.KeySecret, provider.KeyHMACSHA256} {
		handle, err := vault.Parse(kind, "", []byte(canary))
		if err != nil {
			t.Fatal(err)
		}
		things[string(kind)] = handle
	}
	things["private"] = parse(t, provider.KeyRSAPrivate, pkcs8(t))
	for name, thing := range things {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "thing", thing)
		encoded, err := json.Marshal(map[string]any{"thing": thing})
		if err != nil {
			t.Fatal(err)
		}
		out := fmt.Sprintf("%v %+v %#v %s %q %x %d|%+v", thing, thing, thing, thing, thing, thing, thing, struct{ Inner any }{thing})
		out += log.String() + string(encoded)
		if strings.Contains(out, canary) || strings.Contains(out, "0x") || strings.Contains(out, fmt.Sprintf("%x", canary)) {
			t.Errorf("%s shows itself: %s", name, out)
		}
		if strings.Count(out, "[redacted]") < 9 {
			t.Errorf("%s does not print as [redacted] everywhere: %s", name, out)
		}
	}
}

func TestHandlesAreParsedOnceAndFollowTheCiphertext(t *testing.T) {
	v := open(t, kek(1))
	seal := func(value string) []byte {
		out, err := v.Seal(place, []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	handle := func(sealed []byte) any {
		h, err := v.Handle(place, provider.KeySecret, "", sealed)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first, second := seal("one"), seal("two")
	if handle(first) != handle(first) {
		t.Error("the same ciphertext was parsed twice")
	}
	if got := handle(second).(provider.Secret).Reveal(); string(got) != "two" {
		t.Errorf("after the row changed the handle reveals %q", got)
	}
	if _, err := v.Handle(vault.Ref{Owner: "mer_2", Table: "generation", Column: "app_private_key", Row: "gen_1"}, provider.KeySecret, "", first); err == nil {
		t.Error("a cached handle was given out at another place")
	}
	revealed := handle(first).(provider.Secret).Reveal()
	clear(revealed)
	if got := handle(first).(provider.Secret).Reveal(); string(got) != "one" {
		t.Errorf("a caller changed the cached secret to %q", got)
	}
}
