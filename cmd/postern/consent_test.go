package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/store"
)

// sold stores a merchant with one channel and one paid order over it.
func sold(t *testing.T, dsn string) {
	t.Helper()
	ctx, now := context.Background(), time.Now().UTC().Truncate(time.Microsecond)
	s, err := store.Open(ctx, dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := postern.Merchant{ID: "mer_00000000000000000000000001", Name: "shop", Locale: "en", Zone: "UTC", CreatedAt: now}
	c := postern.Channel{MerchantID: m.ID, ID: "chn_1", Provider: "alipay", Products: []string{"h5"}, Sandbox: true, CreatedAt: now, UpdatedAt: now}
	p := postern.Payment{
		MerchantID: m.ID, ID: postern.DerivedID(postern.PrefixPayment, now), Reference: "r", Amount: 6800, Currency: "CNY", Description: "d", LatePayment: postern.LateRefund, Status: postern.PaymentPaid,
		LinkToken: "t", ExpiresAt: now, PaidAt: now, CreatedAt: now, UpdatedAt: now,
	}
	a := postern.Attempt{
		MerchantID: m.ID, ID: postern.DerivedID(postern.PrefixAttempt, now), PaymentID: p.ID, ChannelID: c.ID, Provider: "alipay", Product: "h5", Number: "n", Amount: 6800, Currency: "CNY",
		Status: postern.AttemptPaid, Container: "browser-mobile", Plan: "{}", ExpiresAt: now, CreatedAt: now, UpdatedAt: now,
	}
	r := postern.Receipt{
		MerchantID: m.ID, ID: postern.DerivedID(postern.PrefixReceipt, now), PaymentID: p.ID, AttemptID: a.ID, ChannelID: c.ID, Provider: "alipay", TxnNo: "x", Amount: 6800, Currency: "CNY",
		Use: postern.ReceiptApplied, PaidAt: now, CreatedAt: now,
	}
	for _, err := range []error{
		s.SaveMerchant(ctx, m), s.SaveChannel(ctx, c),
		s.Commit(ctx, store.Change{MerchantID: m.ID, At: now, Payment: &p, Attempts: []postern.Attempt{a}, Receipts: []postern.Receipt{r}}), s.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestALastWayWantsAYes: a closure that takes a merchant's last way to be paid is stored only by somebody who has read so.
func TestALastWayWantsAYes(t *testing.T) {
	t.Chdir(t.TempDir())
	postern := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if got := run(args, strings.NewReader(""), &out, &out); got != want {
			t.Fatalf("%v: exit %d: %s", args, got, out.String())
		}
		return out.String()
	}
	postern(0, "init")
	postern(0, "migrate")
	cfg, err := readConfig("postern.toml")
	if err != nil {
		t.Fatal(err)
	}
	sold(t, cfg.Database)
	announce := []string{"closure", "announce", "--title", "the gate shuts", "--by", "provider", "--provider", "alipay", "--withdraw", "pay=2099-01-01T00:00:00+08:00"}
	out := postern(1, announce...)
	for _, want := range []string{"1 order of ¥68.00 in the last 30 days", "warning: 1 merchant would lose the last way to be paid in browser-mobile, with 1 order of ¥68.00", "say --yes"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if out := postern(0, "closure", "list"); strings.Contains(out, "clo_") {
		t.Errorf("it is stored: %s", out)
	}
	narrow := postern(0, append(announce, "--container", "qq")...) // Nothing was sold there.
	id := strings.Fields(narrow[strings.Index(narrow, "closure clo_"):])[1]
	widen := []string{"closure", "scope", id, "--provider", "alipay"}
	if out := postern(1, widen...); !strings.Contains(out, "lose the last way to be paid in browser-mobile") || !strings.Contains(out, "say --yes") {
		t.Errorf("widened without a yes: %s", out)
	}
	if out := postern(0, "closure", "list"); strings.Contains(out, "widened") {
		t.Errorf("it is widened: %s", out)
	}
	if out := postern(0, append(widen, "--yes")...); !strings.Contains(out, "widened") {
		t.Errorf("not widened: %s", out)
	}
	postern(0, "closure", "move", id, "--withdraw", "pay=2099-02-01T00:00:00+08:00") // Nobody loses more than before.
	postern(0, "closure", "withdraw", id)
	if out := postern(0, append(announce, "--yes")...); !strings.Contains(out, "closure clo_") {
		t.Errorf("it is not stored: %s", out)
	}
}
