package sim_test

import (
	"context"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
)

// TestAClosureHoldsToTheSecond announces a closure for five seconds ahead on a running switch: the option leaves the open checkout at that second, an order
// begun before is paid and refunded, dates move, and when the closure is withdrawn the option is back.
func TestAClosureHoldsToTheSecond(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	before, after := pay(t, w, "C1", 6800), pay(t, w, "C2", 6800)
	begun := begin(t, w, before, alipay, "native")
	at := w.Clock.Now().Add(5 * time.Second)
	c, err := w.Engine.AnnounceClosure(ctx, postern.Closure{
		OwnerID: postern.Platform, Title: "the gate closes", By: postern.ByProvider, Who: "Alipay",
		Scope: postern.Scope{Providers: []string{alipay}, Containers: []string{"browser-chrome"}}, Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: at}},
	})
	must(t, err)
	offered := func(container string) bool {
		plan, err := w.Engine.Plan(ctx, after, route.Buyer{Container: container, Form: "desktop"}, alipay, "")
		must(t, err)
		for _, candidate := range plan.Candidates {
			if candidate.Reason == route.ReasonClosed && candidate.ClosureID != c.ID {
				t.Errorf("closed by %q", candidate.ClosureID)
			}
		}
		return len(plan.Kept()) > 0
	}
	if !offered("browser-chrome") {
		t.Error("the option left before the hour")
	}
	run(t, w, at.Sub(w.Clock.Now())+time.Second)
	if offered("browser-chrome") || !offered("alipay") {
		t.Error("the closure does not hold where it should, or holds where it should not")
	}
	approve(t, w, begun)
	run(t, w, time.Minute)
	wantPayment(t, w, before, postern.PaymentPaid)
	_, err = w.Engine.Refund(ctx, before.MerchantID, before.ID, engine.RefundInput{Reference: "R1", Amount: 6800})
	must(t, err)
	run(t, w, time.Minute)
	if r, _ := state(t, w, before).Applied(); r.Refunded != 6800 {
		t.Errorf("%d was refunded through the closed gate", r.Refunded)
	}
	if _, err := w.Engine.MoveClosure(ctx, postern.Platform, c.ID, "a month later", postern.Withdrawal{Act: postern.ActPay, From: at.AddDate(0, 1, 0)}); err != nil {
		t.Fatal(err)
	}
	if !offered("browser-chrome") {
		t.Error("the closure moved and still holds")
	}
	c, err = w.Engine.MoveClosure(ctx, postern.Platform, c.ID, "called off")
	must(t, err)
	run(t, w, 40*24*time.Hour)
	if len(c.History) != 3 || c.WithdrawnAt.IsZero() {
		t.Errorf("history %+v", c.History)
	}
	agree(t, w)
}

// TestAClosureOfRefunds: a closure that withdraws refunds stops new ones from its hour on and where it applies, reserves nothing, and lets what was begun finish.
func TestAClosureOfRefunds(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	hit, _ := paid(t, w, alipay, "R1", 6800)
	free, _ := paid(t, w, wechat, "R2", 6800)
	give := func(p postern.Payment, reference string) error {
		_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: reference, Amount: 1000})
		return err
	}
	at := w.Clock.Now().Add(5 * time.Second)
	c, err := w.Engine.AnnounceClosure(ctx, postern.Closure{
		OwnerID: postern.Platform, Title: "refunds end", By: postern.ByProvider, Scope: postern.Scope{Providers: []string{alipay}}, Withdraws: []postern.Withdrawal{{Act: postern.ActRefund, From: at}},
	})
	must(t, err)
	must(t, give(hit, "begun"))
	w.Clock.Advance(6 * time.Second)
	wantCode(t, give(hit, "late"), postern.CodeForbidden)
	must(t, give(free, "elsewhere"))
	run(t, w, time.Minute)
	if r, _ := state(t, w, hit).Applied(); r.Refunded != 1000 || r.RefundReserved != 0 {
		t.Errorf("refunded %d, reserved %d", r.Refunded, r.RefundReserved)
	}
	_, err = w.Engine.MoveClosure(ctx, postern.Platform, c.ID, "called off")
	must(t, err)
	must(t, give(hit, "again"))
	run(t, w, time.Minute)
	agree(t, w)
}
