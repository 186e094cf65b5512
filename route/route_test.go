package route_test

import (
	"testing"
	"time"

	"postern"
	"postern/route"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func offer(provider, product, state string) route.Offer {
	return route.Offer{
		Channel: &postern.Channel{ID: "chn_" + provider, Provider: provider, Sandbox: true}, Product: product,
		Reach: route.Reach{State: state, Evidence: "attested_twice"}, Currencies: []string{"CNY"}, MinAmount: 1,
	}
}

func input(offers ...route.Offer) route.Input {
	return route.Input{Payment: postern.Payment{Amount: 6800, Currency: "CNY"}, Buyer: route.Buyer{Container: "wechat", Form: "phone"}, Offers: offers, Now: noon}
}

func TestEveryReason(t *testing.T) {
	allowed := func(allowed bool, source string) []postern.Permission {
		return []postern.Permission{{Act: postern.ActPay, Allowed: allowed, Source: source, From: noon.Add(-time.Hour)}}
	}
	for _, c := range []struct {
		want  string
		kept  bool
		spoil func(*route.Input)
	}{
		{route.ReasonWorks, true, func(*route.Input) {}},
		{route.ReasonUnproven, true, func(in *route.Input) { in.Offers[0].Reach.State = route.Unknown }},
		{route.ReasonBlocked, false, func(in *route.Input) { in.Offers[0].Reach.State = route.Blocked }},
		{route.ReasonWayOut, false, func(in *route.Input) { in.Offers[0].Reach.State = route.WayOut }},
		{route.ReasonNotAsked, false, func(in *route.Input) { in.Provider = "other" }},
		{route.ReasonNotAsked, false, func(in *route.Input) { in.Product = "page" }},
		{route.ReasonOtherMode, false, func(in *route.Input) { in.Payment.Live = true }},
		{route.ReasonNotAllowed, false, func(in *route.Input) { in.Offers[0].Channel.Permissions = allowed(false, "closure") }},
		{route.ReasonSuspended, false, func(in *route.Input) { in.Offers[0].Channel.Permissions = allowed(false, "observation") }},
		{route.ReasonCurrency, false, func(in *route.Input) { in.Payment.Currency = "USD" }},
		{route.ReasonAmountLow, false, func(in *route.Input) { in.Offers[0].Channel.MinAmount = 6801 }},
		{route.ReasonAmountHigh, false, func(in *route.Input) { in.Offers[0].MaxAmount = 6799 }},
		{route.ReasonNeedsCode, false, func(in *route.Input) { in.Offers[0].NeedsAuthCode = true }},
		{route.ReasonOtherCode, false, func(in *route.Input) {
			in.Offers[0].NeedsAuthCode, in.Buyer.HasCode, in.Buyer.CodeOf = true, true, []string{"another"}
		}},
	} {
		in := input(offer("a", "jsapi", route.Works))
		c.spoil(&in)
		got := route.Make(in).Candidates[0]
		if got.Reason != c.want || got.Kept != c.kept {
			t.Errorf("got %s (kept %v), want %s (kept %v)", got.Reason, got.Kept, c.want, c.kept)
		}
	}
}

func TestPermissionsAreObeyedToTheSecond(t *testing.T) {
	in := input(offer("a", "jsapi", route.Works))
	in.Offers[0].Channel.Permissions = []postern.Permission{{Act: postern.ActPay, Source: "closure", From: noon}}
	in.Now = noon.Add(-time.Microsecond)
	if len(route.Make(in).Kept()) != 1 {
		t.Error("the option left before the hour")
	}
	in.Now = noon
	if len(route.Make(in).Kept()) != 0 {
		t.Error("the option is still offered at the hour")
	}
}

func TestUnknownIsOfferedButNeverFirst(t *testing.T) {
	unknown, works := offer("a", "jsapi", route.Unknown), offer("b", "page", route.Works)
	unknown.OwnWallet = true
	kept := route.Make(input(unknown, works)).Kept()
	if len(kept) != 2 || kept[0].Provider != "b" {
		t.Errorf("got %+v", kept)
	}
}

func TestOwnWalletComesFirst(t *testing.T) {
	other, own := offer("a", "jsapi", route.Works), offer("b", "h5", route.Works)
	own.OwnWallet = true
	if kept := route.Make(input(other, own)).Kept(); kept[0].Provider != "b" {
		t.Errorf("got %+v", kept)
	}
}
