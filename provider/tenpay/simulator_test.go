package tenpay_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/tenpay"
	"postern/provider/tenpay/sandbox"
	"postern/provider/tenpay/wire"
)

func (w *world) fault(op, name string) {
	w.Helper()
	if _, err := w.box.Faults().Add(sandboxkit.Fault{Op: op, Fault: name}); err != nil {
		w.Fatal(err)
	}
}

// TestTheSameOrderTwice: a number with the same data is the same order; with other data it is refused, and the first one stands.
func TestTheSameOrderTwice(t *testing.T) {
	w, c := newWorld(t, wire.UTF8), tenpay.New()
	o := w.order()
	first := c.Start(ctx, w.call, o).Action.URL
	for range 2 {
		if status, page := w.browse(first); status != http.StatusOK || !strings.Contains(page, "¥68.00") {
			t.Fatalf("%d %s", status, page)
		}
	}
	o.Attempt.Amount = 1
	if status, page := w.browse(c.Start(ctx, w.call, o).Action.URL); status == http.StatusOK || !strings.Contains(page, "不一致") {
		t.Errorf("with another amount: %d %s", status, page)
	}
	w.approve(o.Attempt.Number)
	if q := c.Query(ctx, w.call, o.Attempt); q.Money == nil || q.Money.Amount != 6800 {
		t.Errorf("%+v", q)
	}
}

// TestPermissionWithdrawn: a merchant that may not collect any more sees its buyers turned away with a reason; a phone's page and a desktop's go one by one; what was
// paid before is asked after and given back as before.
func TestPermissionWithdrawn(t *testing.T) {
	w, c := newWorld(t, wire.UTF8), tenpay.New()
	a, m := w.paid()
	w.fault("page", sandbox.FaultClosed)
	o := w.order()
	address := c.Start(ctx, w.call, o).Action.URL
	phone, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	phone.Header.Set("User-Agent", "Mozilla/5.0 (iPhone) Mobile")
	response, err := http.DefaultClient.Do(phone)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("the phone's page: %v %v", response, err)
	}
	_ = response.Body.Close()
	other := w.order()
	if status, page := w.browse(c.Start(ctx, w.call, other).Action.URL); status == http.StatusOK || !strings.Contains(page, "权限已关闭") {
		t.Errorf("the desktop's page: %d %s", status, page)
	}
	if q := c.Query(ctx, w.call, other.Attempt); q.State != provider.Absent {
		t.Errorf("an order that was turned away is %+v", q)
	}
	if q := c.Query(ctx, w.call, a); q.State != provider.Paid {
		t.Errorf("what was paid before is %+v", q)
	}
	r := w.back(a, m, 6800)
	w.fault("refund", sandbox.FaultBusy)
	if got := c.Refund(ctx, w.call, r); got.State != provider.RefundUnknown {
		t.Errorf("busy: %+v", got)
	}
	if got := c.Refund(ctx, w.call, r); got.State != provider.RefundPending {
		t.Errorf("the same number again: %+v", got)
	}
}

// TestRepeatedNotifications: eight sends within thirty minutes until one is acknowledged, each with an id of its own that can be asked back for ten minutes.
func TestRepeatedNotifications(t *testing.T) {
	spoiled, w, c := newWorld(t, wire.GBK), newWorld(t, wire.GBK), tenpay.New()
	spoiled.fault(sandboxkit.OpNotify, sandboxkit.WrongSignature)
	a, _ := spoiled.paid()
	spoiled.box.RunDue(ctx)
	if _, err := c.ReadNotification(spoiled.call, a, spoiled.arrived[0]); err == nil {
		t.Error("a wrong signature was believed")
	}
	began := w.clock.Now()
	for range len(sandbox.Schedule) {
		w.fault(sandboxkit.OpNotify, sandboxkit.DropNotification)
	}
	b, _ := w.paid()
	for tries := 0; len(w.arrived) == 0; tries++ {
		next, ok := w.box.Next()
		if !ok || tries > len(sandbox.Schedule) {
			t.Fatalf("given up after %d tries", tries)
		}
		w.clock.Advance(next.Sub(w.clock.Now()))
		w.box.RunDue(ctx)
	}
	if took := w.clock.Now().Sub(began); took != 30*time.Minute {
		t.Errorf("the eighth send was after %s", took)
	}
	if got := c.ConfirmNotification(ctx, w.call, b, w.arrived[0]); got.State != provider.ConfirmDone {
		t.Errorf("the eighth: %+v", got)
	}
	w.clock.Advance(wire.NotifyLife)
	if got := c.ConfirmNotification(ctx, w.call, b, w.arrived[0]); got.State != provider.ConfirmDone {
		t.Errorf("after ten minutes: %+v", got)
	}
	w.clock.Advance(time.Second)
	if got := c.ConfirmNotification(ctx, w.call, b, w.arrived[0]); got.State != provider.ConfirmTooLate || got.Code != wire.RetExpired {
		t.Errorf("a second later: %+v", got)
	}
	if _, left := w.box.Next(); left {
		t.Error("an acknowledged notification comes again")
	}
}

// TestTheSimulatorIsParticular: what the guide asks for is asked for.
func TestTheSimulatorIsParticular(t *testing.T) {
	w, c := newWorld(t, wire.UTF8), tenpay.New()
	o := w.order()
	_, query, _ := strings.Cut(c.Start(ctx, w.call, o).Action.URL, wire.PathPay+"?")
	for name, change := range map[string][2]string{
		"no body": {"body", ""}, "no address": {"spbill_create_ip", ""}, "IPv6": {"spbill_create_ip", "::1"}, "no amount": {"total_fee", "0"}, "another currency": {"fee_type", "2"},
		"expired": {"time_expire", "20131122115959"}, "too long a body": {"body", strings.Repeat("饼", 11)}, "another partner": {"partner", "1900000113"},
	} {
		p, err := wire.ParseForm(query)
		if err != nil {
			t.Fatal(err)
		}
		p[change[0]] = change[1]
		if err := p.Sign([]byte(key)); err != nil {
			t.Fatal(err)
		}
		address, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if status, page := w.browse(w.call.Settings[tenpay.SettingGateway] + wire.PathPay + "?" + address); status == http.StatusOK {
			t.Errorf("%s: %s", name, page)
		}
	}
	if q := c.Query(ctx, w.call, o.Attempt); q.State != provider.Absent {
		t.Errorf("%+v", q)
	}
	a, m := w.paid()
	wrong := w.call
	wrong.Keys = []provider.Generation{generation(t, "gen_1", key)}
	wrong.Keys[0].Handles[tenpay.KeyOperator] = secret(t, "another")
	if got := c.Refund(ctx, wrong, w.back(a, m, 1)); got.State != provider.RefundUnknown {
		t.Errorf("with another password: %+v", got)
	}
	if got := c.QueryRefund(ctx, w.call, w.back(a, m, 1)); got.State != provider.RefundAbsent {
		t.Errorf("%+v", got)
	}
}
