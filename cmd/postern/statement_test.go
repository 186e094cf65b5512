package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStatements: a bill is fetched over a channel's account when it is whole, and then reads as the simulator's own; a day without one, a day too early, a kind that there is
// not and a provider without bills each say so and leave no file; and what a simulator's control address gives out is the same bill.
func TestStatements(t *testing.T) {
	o := newOperator(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"))
	o.must(`schema version \d+`, "migrate")
	added, _ := o.run("merchant", "add", "--name", "老王烧饼铺")
	key := regexp.MustCompile(`sk_test_\w+`).FindString(added)
	boxes, err := startSandboxes(o.ctx, sandboxOptions{data: t.TempDir(), host: "127.0.0.1", name: "老王烧饼铺", log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	box := func(code string) runningSandbox {
		return boxes.list[slices.IndexFunc(boxes.list, func(b runningSandbox) bool { return b.Code == code })]
	}
	union, bill99 := o.must(`channel (chn_\w+)`, o.channelArgs(box("unionpay"))...), o.must(`channel (chn_\w+)`, o.channelArgs(box("bill99"))...)
	stop := o.serve()
	o.pay(key, box("unionpay"))
	outside := o.entersOutside(key)
	stop()
	o.handOver(outside) // the bill knows nothing of it
	dir := t.TempDir()
	today := time.Now().In(beijing).Add(time.Hour).Format(time.DateOnly) // a clearing day of UnionPay's ends at 23:00
	file := filepath.Join(dir, "bill.zip")
	fetchIt := func(channel, kind, date string) (string, int) {
		out, code := o.run("statement", "fetch", "--channel", channel, "--kind", kind, "--date", date, "-o", file)
		if _, err := os.Stat(file); err == nil && code != 0 {
			t.Errorf("%s of %s failed and left a file", kind, date)
		}
		return out, code
	}
	for _, c := range []struct {
		channel, kind, date, want string
		exit                      int
	}{
		{union, "ZM", today, "not made yet", 1}, {union, "PED", today, "field kind", 1}, {union, "ZM", "25.11.2026", "give a day", 1}, {bill99, "ZM", today, "not_supported", 1},
		{"chn_00000000000000000000000000", "ZM", today, "not_found", 1}, {union, "ZM", time.Now().AddDate(-1, 0, 0).Format(time.DateOnly), "provider_refused", 1},
		{union, "ZM", time.Now().AddDate(0, -1, 0).Format(time.DateOnly), "empty: nothing happened", 0},
	} {
		if out, exit := fetchIt(c.channel, c.kind, c.date); exit != c.exit || !strings.Contains(out, c.want) {
			t.Errorf("%s of %s: exit %d, want %d and %q in:\n%s", c.kind, c.date, exit, c.exit, c.want, out)
		}
	}
	boxes.clock.Advance(36 * time.Hour)
	if out, exit := fetchIt(union, "ZM", today); exit != 0 || !strings.Contains(out, "whole: 1 rows of account 777290058110048, 6800 in minor units, fees 41") {
		t.Fatalf("exit %d: %s", exit, out)
	}
	if out, exit := o.run("statement", "fetch", "--channel", union, "--kind", "ZM", "--date", today, "-o", file); exit == 0 || !strings.Contains(out, "exists") {
		t.Errorf("a bill was written over: exit %d: %s", exit, out)
	}
	o.must(`"kind":"payment".*"amount":6800,"fee":41`, "statement", "parse", "--provider", "unionpay", "--kind", "ZM", "--account", "777290058110048", file)
	o.sandboxBills(boxes, box("unionpay"), today, file)
}

// sandboxBills takes bills out of running simulators by their control addresses.
func (o *operator) sandboxBills(boxes *sandboxes, box runningSandbox, today, same string) {
	o.t.Helper()
	dir := o.t.TempDir()
	ready, path := newReady(), filepath.Join(dir, "ready.json")
	if err := ready.addSandboxes(dir, boxes); err != nil {
		o.t.Fatal(err)
	}
	if err := ready.write(path); err != nil {
		o.t.Fatal(err)
	}
	listed, code := o.run("sandbox", "bill", "--ready-file", path)
	for _, want := range []string{"unionpay ZM\n", "unionpay ZME\n", "tenpay all\n", "bill99 has no bills"} {
		if code != 0 || !strings.Contains(listed, want) {
			o.t.Errorf("exit %d, no %q in %s", code, want, listed)
		}
	}
	o.must(`^ZM\nZME\n$`, "sandbox", "bill", "--control", box.control)
	out := filepath.Join(dir, "out.zip")
	o.must(`out.zip: \d+ bytes`, "sandbox", "bill", "--ready-file", path, "--provider", box.Code, "--kind", "ZM", "--date", today, "-o", out)
	want, err1 := os.ReadFile(same)
	got, err2 := os.ReadFile(out)
	if err1 != nil || err2 != nil || string(got) != string(want) {
		o.t.Errorf("the control address gives %d bytes, the provider's address %d (%v %v)", len(got), len(want), err1, err2)
	}
	for _, args := range [][]string{
		{"--ready-file", path, "--provider", box.Code, "--kind", "ZM", "--date", "2020-01-01"}, {"--ready-file", path, "--provider", box.Code, "--kind", "nothing"},
		{"--ready-file", path, "--kind", "ZM"}, {"--ready-file", path, "--provider", "nobody"}, {"--ready-file", path, "--control", box.control}, {},
	} {
		if out, code := o.run(append([]string{"sandbox", "bill"}, args...)...); code == 0 {
			o.t.Errorf("%v: exit 0: %s", args, out)
		}
	}
}
