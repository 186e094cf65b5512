package route_test

import (
	"fmt"
	"testing"

	"postern"
	"postern/route"
)

// ailing makes an offer suspended, or probed with a share.
func ailing(o route.Offer, share int64) route.Offer {
	o.Health = &postern.Health{State: postern.HealthSuspended, Cause: postern.CauseClosed, Evidence: postern.Evidence{Code: "NO_AUTH"}}
	if share > 0 {
		o.Health.State, o.Health.Share = postern.HealthProbing, share
	}
	return o
}

// verdict is what becomes of the first offer's provider.
func verdict(in route.Input) string {
	for _, c := range route.Make(in).Candidates {
		if c.Provider == in.Offers[0].Channel.Provider {
			return fmt.Sprint(c.Reason, " ", c.Kept)
		}
	}
	return ""
}

// TestSuspendedIsOfferedLast: what is suspended is offered when there is nothing else at all, and the page and the tap agree about it.
//
// Red without: each line of judge.alone, and the order of settle and asked.
func TestSuspendedIsOfferedLast(t *testing.T) {
	works, wayOut, blocked := offer("b", "h5", route.Works), offer("b", "h5", route.WayOut), offer("b", "h5", route.Blocked)
	cases := []struct {
		name  string
		share int64
		other []route.Offer
		want  string
	}{
		{"another works", 0, []route.Offer{works}, "suspended false"},
		{"another is a way out", 0, []route.Offer{wayOut}, "suspended false"},
		{"another does not work", 0, []route.Offer{blocked}, "last_resort true"},
		{"there is no other", 0, nil, "last_resort true"},
		{"probed, another works", 10_000, []route.Offer{works}, "probe true"},
		{"probed a little, another works, and it is not this payment's turn", 1, []route.Offer{works}, "suspended false"},
		{"probed a little, nothing else", 1, nil, "last_resort true"},
		{"probed, nothing else", 10_000, nil, "last_resort true"},
		{"probed with nearly all, only a way out beside", 9_999, []route.Offer{wayOut}, "suspended false"},
		{"probed with all, only a way out beside", 10_000, []route.Offer{wayOut}, "probe true"},
	}
	for _, c := range cases {
		in := input(append([]route.Offer{ailing(offer("a", "jsapi", route.Works), c.share)}, c.other...)...)
		in.Payment.ID = "pay_1"
		if got := verdict(in); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		in.Provider, in.Product = "a", "jsapi" // the tap on what the page showed
		if got := verdict(in); got != c.want {
			t.Errorf("%s, asked for: %s, want %s", c.name, got, c.want)
		}
		in.Provider, in.Product = "b", "h5"
		if got := verdict(in); got == "probe true" || got == "last_resort true" {
			t.Errorf("%s, another asked for: %s", c.name, got)
		}
	}
	dear := input(ailing(offer("a", "jsapi", route.Works), 0))
	dear.Offers[0].MaxAmount = 1
	if got := verdict(dear); got != "suspended false" {
		t.Errorf("what would not fit anyway: %s", got)
	}
}

// TestSharesOfProbes: a share lets that many payments through, always the same ones, and a larger share lets those of a smaller one through as well.
func TestSharesOfProbes(t *testing.T) {
	const payments = 20_000
	before := map[int]bool{}
	for _, share := range []int64{100, 500, 2_500, 10_000} {
		through := map[int]bool{}
		for i := range payments {
			in := input(ailing(offer("a", "jsapi", route.Works), share), offer("b", "h5", route.Works))
			in.Payment.ID = fmt.Sprint("pay_", i)
			if verdict(in) == "probe true" {
				through[i] = true
			}
		}
		if n, want := int64(len(through)), share*payments/10_000; n < want*8/10 || n > want*12/10 {
			t.Errorf("%d of %d payments were let through by a share of %d", n, payments, share)
		}
		for i := range before {
			if !through[i] {
				t.Fatalf("payment %d probed with a smaller share and does not with %d", i, share)
			}
		}
		before = through
	}
}

// TestAProbeGoesFirst: the few payments that probe really knock, whatever the score says, and a buyer inside a wallet keeps it; at full share the score decides.
//
// Red without: knockFirst (score.go).
func TestAProbeGoesFirst(t *testing.T) {
	first := func(share int64, own bool) string {
		in := input(ailing(offer("a", "jsapi", route.Works), share), offer("b", "jsapi", route.Works))
		in.Offers[0].Channel.Rank, in.Offers[1].OwnWallet = 30, own
		in.Payment.ID = "pay_1"
		return route.Make(in).Candidates[0].Provider
	}
	if got := first(9_999, false) + first(10_000, false) + first(9_999, true); got != "abb" {
		t.Errorf("first are %s", got)
	}
}
