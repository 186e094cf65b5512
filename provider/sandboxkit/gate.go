package sandboxkit

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// gateActs are the acts that a provider takes away one by one.
var gateActs = []string{"pay", "refund", "settle"}

// Gate remembers which permissions were withdrawn from which merchants. It is a part of a Gatekeeper, and safe for concurrent use.
type Gate struct {
	merchants []string

	mu   sync.Mutex
	shut map[string]bool // by act and merchant
}

// NewGate knows the merchants by the provider's numbers; the first is meant where none is named.
func NewGate(merchants ...string) *Gate { return &Gate{merchants: merchants, shut: map[string]bool{}} }

// Permit withdraws an act or gives it back. It returns ErrNotFound for a merchant that there is not, and an error that lists the acts for another word.
func (g *Gate) Permit(act, merchant string, allowed bool) error {
	if !slices.Contains(gateActs, act) {
		return fmt.Errorf("act %q: use one of %s", act, strings.Join(gateActs, ", "))
	}
	if merchant == "" && len(g.merchants) > 0 {
		merchant = g.merchants[0]
	}
	if !slices.Contains(g.merchants, merchant) {
		return fmt.Errorf("merchant %s: %w", merchant, ErrNotFound)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut[act+"/"+merchant] = !allowed
	return nil
}

// Shut says that an act is withdrawn from a merchant.
func (g *Gate) Shut(act, merchant string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut[act+"/"+merchant]
}
