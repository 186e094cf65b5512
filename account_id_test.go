package postern

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAccountID: the address of an account leads back to it and its owner, and nothing else is one.
func TestAccountID(t *testing.T) {
	random := strings.NewReader(strings.Repeat("0123456789abcdef", 100))
	for _, prefix := range []string{PrefixMerchant, PrefixPartner} {
		owner, set := NewID(prefix, time.Unix(1_795_000_000, 0), random), NewID(PrefixCredentialSet, time.Unix(1_795_000_001, 0), random)
		id := AccountID(owner, set)
		if gotOwner, gotSet, ok := SplitAccountID(id); !ok || gotOwner != owner || gotSet != set {
			t.Errorf("%s leads to %s %s %v", id, gotOwner, gotSet, ok)
		}
		if strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%s is no address of small letters and digits", id)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[mpx][0-9a-z]{51,53}`)).Draw(t, "id")
		if owner, set, ok := SplitAccountID(s); ok && AccountID(owner, set) != s {
			t.Fatalf("%q is taken for the account %s of %s", s, set, owner)
		}
	})
}

// TestMerchantID: the same reference of the same partner and mode is the same merchant; anything else another.
func TestMerchantID(t *testing.T) {
	p := Partner{ID: "ptn_1", CreatedAt: time.Unix(1_795_000_000, 0)}
	q := p
	q.ID = "ptn_2"
	seen := map[string]bool{}
	for _, id := range []string{MerchantID(p, false, "R-1"), MerchantID(p, true, "R-1"), MerchantID(p, false, "R-2"), MerchantID(q, false, "R-1")} {
		if seen[id] || !CheckID(PrefixMerchant, id) {
			t.Errorf("%s", id)
		}
		seen[id] = true
	}
	if MerchantID(p, false, "R-1") != MerchantID(p, false, "R-1") {
		t.Error("the same merchant has two ids")
	}
}
