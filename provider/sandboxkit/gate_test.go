package sandboxkit

import (
	"errors"
	"testing"
)

// TestGate: an act is withdrawn from one merchant and no other, and given back; who is not there, and what is no act, is refused.
func TestGate(t *testing.T) {
	g := NewGate("m1", "m2")
	if err := g.Permit("pay", "", false); err != nil {
		t.Fatal(err)
	}
	if !g.Shut("pay", "m1") || g.Shut("pay", "m2") || g.Shut("refund", "m1") {
		t.Error("more or less than paying was withdrawn from the first merchant")
	}
	if err := g.Permit("pay", "m1", true); err != nil || g.Shut("pay", "m1") {
		t.Errorf("given back: %v", err)
	}
	if err := g.Permit("pay", "m3", false); !errors.Is(err, ErrNotFound) {
		t.Errorf("a stranger: %v", err)
	}
	if err := g.Permit("dance", "m1", false); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("no act: %v", err)
	}
	if err := NewGate().Permit("pay", "", false); !errors.Is(err, ErrNotFound) {
		t.Errorf("no merchants: %v", err)
	}
}
