package sim_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"postern"
)

// invariants hold after every step, whatever goes on.
func (d *driver) invariants() {
	d.t.Helper()
	ctx := context.Background()
	bad, err := d.w.Store.Imbalances(ctx)
	must(d.t, err)
	for _, b := range bad {
		d.t.Errorf("transaction %s does not balance", b.TransactionID)
	}
	payable := map[string]bool{}
	for _, code := range []string{wechat, alipay} {
		for number, status := range orders(d.t, d.w, code) {
			payable[number] = status == "NOTPAY" || status == "WAIT_BUYER_PAY"
		}
	}
	for _, p := range d.payments {
		s := state(d.t, d.w, p)
		open, applied := 0, 0
		for _, a := range s.Attempts {
			if a.Exposed() && a.Status.Live() && a.CloseRequestedAt.IsZero() {
				open++
			}
			// Alipay says absent of what no buyer has reached yet, and lets one reach it until it expires: that money is surplus then.
			reached := a.Provider == wechat || a.Product == "jsapi"
			if a.Exposed() && (a.Status == postern.AttemptClosed || a.Status == postern.AttemptFailed) && payable[a.Number] && reached {
				d.t.Errorf("%s: attempt %s (%s %s) is %s and can still be paid at its provider", p.Reference, a.Number, a.Provider, a.Product, a.Status)
			}
		}
		for _, r := range s.Receipts {
			if r.Use == postern.ReceiptApplied {
				applied++
			}
		}
		if open > 1 {
			d.t.Errorf("%s: a buyer is shown %d wallets at once: %v", p.Reference, open, statuses(s))
		}
		if applied > 1 || (applied == 1) != (s.Payment.Status == postern.PaymentPaid) {
			d.t.Errorf("%s is %s with %d applied receipts", p.Reference, s.Payment.Status, applied)
		}
	}
}

// calm ends every fault and lets time run until all is quiet.
func (d *driver) calm() {
	ctx := context.Background()
	d.points.Disarm()
	d.w.Hook.SetDown(false)
	for _, code := range []string{wechat, alipay} {
		must(d.t, d.w.Mend(ctx, code))
	}
	d.let(ctx, 5*24*time.Hour)
	d.note("quiet")
}

// judge compares everything at the end.
func (d *driver) judge() {
	d.t.Helper()
	agree(d.t, d.w)
	events := checkEvents(d.t, d.w)
	told := map[string][]string{}
	for _, e := range events {
		d.trace.Write([]byte(e.Hash))
		told[e.PaymentID] = append(told[e.PaymentID], string(e.Type))
	}
	for _, p := range d.payments {
		d.judgePayment(p, told[p.ID])
	}
}

func (d *driver) judgePayment(p postern.Payment, told []string) {
	d.t.Helper()
	s := state(d.t, d.w, p)
	d.note("%s %s %v", p.Reference, s.Payment.Status, statuses(s))
	if s.Payment.Status == postern.PaymentOpen || s.Payment.Status == postern.PaymentProcessing {
		d.t.Errorf("%s is still %s: %v", p.Reference, s.Payment.Status, statuses(s))
	}
	for _, a := range s.Attempts {
		if a.Status.Live() {
			d.t.Errorf("%s: attempt %s is still %s (%s %s)", p.Reference, a.Number, a.Status, a.Code, a.Message)
		}
	}
	want := map[string]int{}
	reserved, list := map[string]int64{}, refunds(d.t, d.w, p)
	for _, r := range list {
		if r.Status.Open() {
			d.t.Errorf("%s: refund %s is still %s (%s %s)", p.Reference, r.Reference, r.Status, r.Code, r.Message)
		}
		if r.Status == postern.RefundStuck {
			reserved[r.ReceiptID] += r.Amount
		}
		if r.SurplusID == "" || r.Status != postern.RefundRefunded {
			want["refund."+string(r.Status)]++
		}
	}
	for _, r := range s.Receipts {
		if r.RefundReserved != reserved[r.ID] {
			d.t.Errorf("%s: %d is reserved on a receipt, stuck refunds hold %d", p.Reference, r.RefundReserved, reserved[r.ID])
		}
		if r.Use == postern.ReceiptApplied {
			want["payment.paid"]++
		}
	}
	for _, u := range s.Surpluses {
		want["surplus.received"]++
		if u.Status == postern.SurplusAccepted || u.Status == postern.SurplusRefunded {
			want["surplus."+string(u.Status)]++
		}
		if u.Status == postern.SurplusRefunding && !slices.ContainsFunc(list, func(r postern.Refund) bool { return r.ID == u.RefundID && r.Status == postern.RefundStuck }) {
			d.t.Errorf("%s: surplus %s is still on its way", p.Reference, u.Reason)
		}
	}
	if s.Payment.Status == postern.PaymentExpired || s.Payment.Status == postern.PaymentCanceled {
		want["payment."+string(s.Payment.Status)]++
	}
	got := map[string]int{}
	for _, kind := range told {
		// What was said on the way may have been overtaken: unknown, expired before late money, failed before the money went back after all.
		overtaken := kind == "payment.attempt_unknown" || s.Payment.Status == postern.PaymentPaid && (kind == "payment.expired" || kind == "payment.canceled")
		if !overtaken {
			got[kind]++
		}
	}
	if !maps.Equal(got, want) {
		d.t.Errorf("%s: the merchant was told %v, the payment says %v", p.Reference, text(got), text(want))
	}
}

func text(m map[string]int) string {
	out, err := json.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(out)
}
