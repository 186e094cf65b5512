package sim_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/sim"
)

// TestAGenerationThatSignsNoMoreStillVerifies: an order is in flight when its generation's signing ends and the next one knows another key of the provider's.
// The provider goes on signing with the old key: its notification is believed until the generation is retired altogether, and not after.
//
// Red without: the generations that only verify in callFor (engine/call.go), or RetiredAt in Generation.Verifies (channel.go).
func TestAGenerationThatSignsNoMoreStillVerifies(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	c := w.Channels[alipay]
	first, second := pay(t, w, "G1", 100), pay(t, w, "G2", 100)
	a, b := begin(t, w, first, alipay, "native"), begin(t, w, second, alipay, "native")
	keys := maps.Clone(w.Sandboxes[alipay].Keys)
	keys["alipay_public_key"] = pemOf(t, sim.Key("another-gateway"), true)
	_, err := w.Engine.AddGeneration(ctx, engine.NewCredentials{OwnerID: c.CredentialOwnerID, CredentialSetID: c.CredentialSetID, Keys: keys})
	must(t, err)
	now := w.Clock.Now()
	_, err = w.Engine.RetireGeneration(ctx, c.CredentialOwnerID, c.CredentialSetID, a.GenerationID, now, now.Add(time.Minute))
	must(t, err)
	w.Clock.Advance(time.Second)
	approve(t, w, a)
	w.Sandboxes[alipay].RunDue(ctx)
	wantPayment(t, w, first, postern.PaymentPaid)
	w.Clock.Advance(time.Minute)
	approve(t, w, b)
	w.Sandboxes[alipay].RunDue(ctx)
	if s := state(t, w, second); s.Payment.Status == postern.PaymentPaid {
		t.Error("a message under a retired key was believed")
	}
	wantOutcomes(t, w, b, engine.OutcomeRejected)
}
