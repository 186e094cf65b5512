package sim_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"postern"
	"postern/engine"
)

// TestALiveSwitchCallsProvidersOnly: on a switch that takes real money even a test merchant's account stays at its provider's addresses, because whoever may add
// a channel could otherwise make the switch call any machine that it reaches.
func TestALiveSwitchCallsProvidersOnly(t *testing.T) {
	ctx, w := context.Background(), newWorld(t, 1)
	for _, code := range []string{alipay, wechat} {
		box := w.Sandboxes[code]
		in := engine.NewChannel{Merchant: w.Merchant, OwnerID: w.Merchant.ID, Provider: code, Settings: maps.Clone(box.Settings), Keys: box.Keys, Products: box.Products}
		if _, err := w.Engine.AddChannel(ctx, in); err != nil {
			t.Fatalf("%s on a test switch: %v", code, err)
		}
		w.Engine.Live = true
		_, err := w.Engine.AddChannel(ctx, in)
		wantCode(t, err, postern.CodeInvalid)
		for name, value := range in.Settings {
			if strings.HasPrefix(value, "http") {
				delete(in.Settings, name)
			}
		}
		if _, err := w.Engine.AddChannel(ctx, in); err != nil {
			t.Errorf("%s at its own address on a live switch: %v", code, err)
		}
		w.Engine.Live = false
	}
}
