package postern

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestNoticed: what the provider withdraws is withdrawn once, what it does not name any more is lifted and stays in the history, and what the operator withdrew stays
// withdrawn whatever the provider lifts.
func TestNoticed(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	c := Channel{Products: []string{"native"}, Permissions: []Permission{{Act: ActPay, From: now.Add(-time.Hour), Source: "operator"}}}
	pay, refund := Permission{Act: ActPay, Note: "risk"}, Permission{Act: ActRefund, Note: "no balance"}
	c, added, lifted := c.Noticed([]Permission{pay, refund, {Act: ActPay, Product: "h5"}}, true, now)
	if len(added) != 2 || len(lifted) != 0 || len(c.Permissions) != 3 {
		t.Fatalf("added %v, lifted %v", added, lifted)
	}
	if again, added, lifted := c.Noticed([]Permission{pay}, false, now.Add(time.Minute)); len(added)+len(lifted) != 0 || len(again.Permissions) != 3 {
		t.Errorf("a message that does not say all: added %v, lifted %v", added, lifted)
	}
	c, added, lifted = c.Noticed(nil, true, now.Add(time.Minute))
	if len(added) != 0 || len(lifted) != 2 || len(c.Permissions) != 3 {
		t.Errorf("added %v, lifted %v", added, lifted)
	}
	if allowed, p := c.Allows(ActPay, "native", now.Add(time.Hour)); allowed || p.Source != "operator" {
		t.Errorf("the provider's lifting gave back what the operator withdrew: %+v", p)
	}
	if allowed, _ := c.Allows(ActRefund, "native", now.Add(time.Hour)); !allowed {
		t.Error("a lifted act is not allowed")
	}
	if allowed, _ := c.Allows(ActRefund, "native", now.Add(time.Second)); allowed {
		t.Error("history was changed")
	}
}

// TestNoticedFollowsTheProvider: whatever the provider says, one whole answer after the other, the acts that are refused for its sake are those of the latest.
func TestNoticedFollowsTheProvider(t *testing.T) {
	acts := []Act{ActPay, ActRefund, ActSettle, ActDispute}
	rapid.Check(t, func(t *rapid.T) {
		now, c := time.Unix(1_795_000_000, 0), Channel{}
		for range rapid.IntRange(1, 20).Draw(t, "answers") {
			now = now.Add(time.Hour)
			wanted := map[Act]bool{}
			var withdrawn []Permission
			for _, act := range acts {
				if rapid.Bool().Draw(t, "withdrawn") {
					wanted[act], withdrawn = true, append(withdrawn, Permission{Act: act})
				}
			}
			c, _, _ = c.Noticed(withdrawn, true, now)
			c = c.Trimmed(10, now)
			for _, act := range acts {
				if allowed, _ := c.Allows(act, "", now); allowed == wanted[act] {
					t.Fatalf("%s is allowed: %v, withdrawn: %v", act, allowed, wanted[act])
				}
			}
			if len(c.Permissions) > 14 {
				t.Fatalf("%d entries", len(c.Permissions))
			}
		}
	})
}
