package alipay

import (
	"net/http"
	"strings"
	"testing"

	"postern/provider"
)

// forMerchant is a call of the partner's app for one of its merchants.
func (w *world) forMerchant(sub, app, token string) provider.Call {
	call := w.call
	call.Settings = map[string]string{settingAppID: partnerApp, settingSeller: "2088000000000004", settingMerchant: app, settingGateway: w.call.Settings[settingGateway]}
	call.SubMerchant = sub
	g := generation("gen_1", keys()[1], &keys()[0].PublicKey)
	g.Handles[keyAuth] = secret(token)
	call.Keys = []provider.Generation{g}
	return call
}

// TestPartner: each merchant has its own orders, the token never shows, and a notification counts for the merchant that it names.
func TestPartner(t *testing.T) {
	w := newWorld(t)
	first := w.forMerchant("2088000000000011", "2021000000000011", "token-of-the-first\n")
	second := w.forMerchant("2088000000000012", "2021000000000012", "token-of-the-second")
	w.call = first
	o, r := w.start(JSAPI, 6800)
	if strings.Contains(r.Exchange.Request, "token-of") {
		t.Errorf("kept %s", r.Exchange.Request)
	}
	if q := w.c.Query(t.Context(), second, o.Attempt); q.State != provider.Absent {
		t.Errorf("another merchant sees the order: %+v", q)
	}
	if q := w.query(o.Attempt); q.State != provider.Pending {
		t.Errorf("the merchant's own: %+v", q)
	}
	w.press(o.Attempt.Number, "approve")
	w.s.RunDue(t.Context())
	if len(w.notes) != 1 {
		t.Fatalf("%d notifications", len(w.notes))
	}
	for name, tt := range map[string]struct {
		call  provider.Call
		match bool
	}{"the merchant": {first, true}, "another merchant": {second, false}, "another app of this seller": {w.forMerchant("2088000000000011", "2021000000000099", "x"), false}, "the partner itself": {w.forMerchant("", "", "x"), false}} {
		v, err := w.c.ReadNotification(tt.call, o.Attempt, w.notes[0])
		if notice, _ := v.Notice(); err != nil || notice.SettingsMatch != tt.match {
			t.Errorf("%s: matches %v, %v", name, notice.SettingsMatch, err)
		}
	}
	bad := w.forMerchant("2088000000000011", "2021000000000011", "nobody's token")
	if r := w.c.Start(t.Context(), bad, w.order(Native, 100)); r.State != provider.Failed || r.Class != provider.ClassAuth || r.Code != "aop.invalid-app-auth-token" {
		t.Errorf("a token of nobody's: %+v", r)
	}
}

// TestPermissions withdraws acts one by one: of the partner's merchant, and of a merchant of its own.
func TestPermissions(t *testing.T) {
	w := newWorld(t)
	permit := func(act, merchant string, allowed bool) {
		t.Helper()
		w.control("/permissions", map[string]any{"act": act, "merchant": merchant, "allowed": allowed}, nil)
	}
	own := w.call
	partner := w.forMerchant("2088000000000011", "2021000000000011", "token-of-the-first")
	for name, tt := range map[string]struct {
		call      provider.Call
		merchant  string
		pay, back string
	}{
		"its own":   {own, "", "ACQ.SELLER_BEEN_BLOCKED", "isv.insufficient-isv-permissions"},
		"a partner": {partner, "2088000000000011", "aop.invalid-app-auth-token-no-api", "aop.invalid-app-auth-token-no-api"},
	} {
		w.call = tt.call
		a := w.paid(Native, 1000)
		permit("pay", tt.merchant, false)
		if r := w.c.Start(t.Context(), w.call, w.order(Native, 100)); r.State != provider.Failed || r.Class != provider.ClassClosed || r.Code != tt.pay {
			t.Errorf("%s, pay: %+v", name, r)
		}
		if r := w.c.Refund(t.Context(), w.call, w.refund(a, "r1"+tt.merchant, 100)); r.State != provider.RefundDone {
			t.Errorf("%s: refunds are allowed, and %+v", name, r)
		}
		permit("refund", tt.merchant, false)
		if r := w.c.Refund(t.Context(), w.call, w.refund(a, "r2"+tt.merchant, 100)); r.State != provider.RefundAbsent || r.Class != provider.ClassClosed || r.Code != tt.back {
			t.Errorf("%s, refund: %+v", name, r)
		}
		if q := w.query(a); q.State != provider.Paid {
			t.Errorf("%s: queries are always allowed, and %+v", name, q)
		}
		permit("settle", tt.merchant, false)
		q := w.query(a)
		if gone := q.State == provider.Unknown && q.Code == "aop.invalid-app-auth-token"; gone != (tt.merchant != "") {
			t.Errorf("%s: everything is withdrawn, and %+v", name, q)
		}
		for _, act := range []string{"pay", "refund", "settle"} {
			permit(act, tt.merchant, true)
		}
		if r := w.c.Start(t.Context(), w.call, w.order(Native, 100)); r.State != provider.Pending {
			t.Errorf("%s, given back: %+v", name, r)
		}
	}
}

// TestPartnerSignsBuyersInAsItself: the code that a buyer gave to the partner's app is exchanged by that app, not for the merchant.
func TestPartnerSignsBuyersInAsItself(t *testing.T) {
	w := newWorld(t)
	call := w.forMerchant("2088000000000011", "2021000000000011", "nobody's token")
	call.Settings[settingAuthorize] = w.call.Settings[settingAuthorize]
	back, _ := w.browse(http.MethodGet, w.c.AuthorizeURL(call, "http://shop.example/oauth", "s"), nil)
	if payer, err := w.c.ResolvePayer(t.Context(), call, back.Query().Get(w.c.CodeParam())); err != nil || payer == "" {
		t.Errorf("payer %q: %v", payer, err)
	}
}
