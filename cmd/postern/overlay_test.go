package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/wall"
)

// TestTheOverlayIsReadAgain: the operator's cell holds at its date, a changed file holds without a restart, a bad one never replaces a good one, and a file that
// is bad at the start is refused with its line.
func TestTheOverlayIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "overlay.jsonl")
	write := func(state string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(state), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cell := func(state string) string {
		return `{"overlay":"ours"}` + "\n" + `{"provider":"wechatpay","product":"jsapi","container":"wechat","state":"` + state + `","valid_from":"2027-01-01","evidence":"observation"}` + "\n"
	}
	write(cell("blocked"))
	o, err := newOverlay(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	at := func(day string) string {
		t.Helper()
		when, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return o.holder.ReachAt("wechatpay", "jsapi", wall.Seen{Container: "wechat", Form: "phone"}, when).State
	}
	if at("2026-12-30") != wall.StateWorks || at("2027-01-02") != wall.StateBlocked {
		t.Errorf("before: %s, after: %s", at("2026-12-30"), at("2027-01-02"))
	}
	write(cell("no such state"))
	if o.look(context.Background()); at("2027-01-02") != wall.StateBlocked {
		t.Error("a bad file replaced a good one")
	}
	write(cell("unknown"))
	if o.look(context.Background()); at("2027-01-02") != wall.StateUnknown {
		t.Error("the new file does not hold")
	}
	write(cell("no such state"))
	if _, err := newOverlay(path, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), ":2:") {
		t.Errorf("a bad file at the start: %v", err)
	}
}
