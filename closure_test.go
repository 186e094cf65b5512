package postern_test

import (
	"testing"
	"time"

	"postern"
)

// day reads a date as its midnight in Beijing.
func day(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02", s, postern.Beijing)
	if err != nil {
		panic(err)
	}
	return t
}

func off(act postern.Act, from string, until ...string) postern.Withdrawal {
	w := postern.Withdrawal{Act: act, From: day(from)}
	if len(until) > 0 {
		w.Until = day(until[0])
	}
	return w
}

// ask is one question about one shop on one day, with the answer that history gave.
type ask struct {
	act  postern.Act
	who  postern.Asker
	on   string
	want bool
}

// closureCase is one pattern of how channels close, with a real case and its real dates (facts: the wall map's table of patterns).
type closureCase struct {
	name     string
	closures []postern.Closure
	asks     []ask
}

func shop(provider, container string, terms ...string) postern.Asker {
	w := postern.Asker{MerchantID: "mer_1", PartnerID: "ptn_1", CredentialSetID: "crs_1", Provider: provider, Product: "h5", Container: container, Amount: 10000}
	for i := 0; i+1 < len(terms); i += 2 {
		t := postern.Term{From: day(terms[i])}
		if terms[i+1] != "" {
			t.Until = day(terms[i+1])
		}
		w.Agreement.Terms = append(w.Agreement.Terms, t)
	}
	return w
}

func with(w postern.Asker, change func(*postern.Asker)) postern.Asker {
	change(&w)
	return w
}

func closure(by postern.ClosedBy, scope postern.Scope, withdraws ...postern.Withdrawal) postern.Closure {
	return postern.Closure{OwnerID: postern.Platform, ID: "clo_1", By: by, Scope: scope, Withdraws: withdraws}
}

// founding is February 2014: no signing and no renewing inside WeChat. The day itself has no independent source; the report is of the 18th.
var founding = closure(postern.ByProvider, postern.Scope{Providers: []string{"alipay"}, Containers: []string{"wechat"}}, off(postern.ActSign, "2014-02-13"), off(postern.ActRenew, "2014-02-13"))

// TestTheFoundingCase asks three shops: one that never signed, one signed until a date, one whose contract has run out; inside WeChat and outside it.
func TestTheFoundingCase(t *testing.T) {
	unsigned, signed, ended := shop("alipay", "wechat"), shop("alipay", "wechat", "2013-06-01", "2014-06-01"), shop("alipay", "wechat", "2013-02-01", "2014-02-01")
	outside := func(w postern.Asker) postern.Asker {
		return with(w, func(w *postern.Asker) { w.Container = "browser-mobile" })
	}
	var asks []ask
	for on, open := range map[string]bool{"2014-02-12": true, "2014-02-13": false, "2014-02-14": false, "2014-02-18": false} {
		asks = append(asks,
			ask{postern.ActSign, unsigned, on, open}, ask{postern.ActPay, unsigned, on, false}, ask{postern.ActSign, outside(unsigned), on, true},
			ask{postern.ActPay, signed, on, true}, ask{postern.ActRenew, signed, on, open}, ask{postern.ActRefund, signed, on, true}, ask{postern.ActRenew, outside(signed), on, true},
			ask{postern.ActPay, ended, on, false}, ask{postern.ActRenew, ended, on, open}, ask{postern.ActRefund, ended, on, true}, ask{postern.ActPay, outside(ended), on, false},
		)
	}
	// On each renewal day: the shop that renewed for a year on the eve sells on for that year, and then it is over inside WeChat.
	renewed := shop("alipay", "wechat", "2013-02-12", "2014-02-12", "2014-02-12", "2015-02-12")
	asks = append(asks,
		ask{postern.ActPay, signed, "2014-05-31", true}, ask{postern.ActPay, signed, "2014-06-01", false}, ask{postern.ActRenew, signed, "2014-06-01", false},
		ask{postern.ActRenew, outside(signed), "2014-06-01", true}, ask{postern.ActPay, renewed, "2015-02-11", true}, ask{postern.ActPay, renewed, "2015-02-12", false},
		ask{postern.ActRenew, renewed, "2015-02-12", false}, ask{postern.ActRefund, renewed, "2015-03-01", true},
	)
	check(t, closureCase{"founding", []postern.Closure{founding}, asks})
}

func check(t *testing.T, c closureCase) {
	t.Helper()
	for i := range c.closures {
		if err := c.closures[i].Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, a := range c.asks {
		v := postern.May(a.act, a.who, day(a.on), c.closures)
		if v.Allowed != a.want {
			t.Errorf("%s: on %s may %s in %s with %s: got %v (%s), want %v", c.name, a.on, a.act, a.who.Container, a.who.Provider, v.Allowed, v.Because, a.want)
		}
		if naive := naiveMay(a.act, a.who, day(a.on), c.closures); naive != v.Allowed {
			t.Errorf("%s: on %s the naive reading of %s says %v", c.name, a.on, a.act, naive)
		}
	}
}

func TestEighteenWaysToClose(t *testing.T) {
	for _, c := range eighteen() {
		t.Run(c.name, func(t *testing.T) { check(t, c) })
	}
}

func TestAClosureThatContradictsItselfIsRefused(t *testing.T) {
	for name, c := range map[string]postern.Closure{
		"nothing withdrawn":    closure(postern.ByHost, postern.Scope{}),
		"nobody's":             closure("", postern.Scope{}, off(postern.ActPay, "2026-01-01")),
		"ends before begin":    closure(postern.ByHost, postern.Scope{}, off(postern.ActPay, "2026-01-02", "2026-01-01")),
		"twice the same act":   closure(postern.ByHost, postern.Scope{}, off(postern.ActPay, "2026-01-01"), off(postern.ActPay, "2026-02-01")),
		"empty range":          closure(postern.ByHost, postern.Scope{MinAmount: 2, MaxAmount: 1}, off(postern.ActPay, "2026-01-01")),
		"more than everybody":  closure(postern.ByHost, postern.Scope{Share: 10001}, off(postern.ActPay, "2026-01-01")),
		"signed after it ends": closure(postern.ByHost, postern.Scope{SignedFrom: day("2026-02-01"), EndsBefore: day("2026-01-01")}, off(postern.ActPay, "2026-01-01")),
	} {
		if c.Check() == nil {
			t.Errorf("%s: let through", name)
		}
	}
}

func TestDatesMoveAndClosuresAreWithdrawn(t *testing.T) {
	c := postern.Closure{ID: "clo_1", By: postern.ByRegulator, Scope: postern.Scope{Providers: []string{"paytm"}}}
	c = c.Move(day("2024-01-31"), "announced", "order", off(postern.ActPay, "2024-02-29"))
	c = c.Move(day("2024-02-16"), "moved", "fifteen days more", off(postern.ActPay, "2024-03-15"))
	who := shop("paytm", "browser-mobile", "2020-01-01", "")
	for _, a := range []struct {
		known, on string
		want      bool
	}{
		{"2024-01-30", "2024-03-01", true}, // not announced yet
		{"2024-02-01", "2024-03-01", false},
		{"2024-02-20", "2024-03-01", true}, // moved
		{"2024-02-20", "2024-03-15", false},
	} {
		var list []postern.Closure
		if known, ok := c.KnownAt(day(a.known)); ok {
			list = append(list, known)
		}
		if got := postern.May(postern.ActPay, who, day(a.on), list).Allowed; got != a.want {
			t.Errorf("known on %s, asked for %s: got %v", a.known, a.on, got)
		}
	}
	c = c.Move(day("2024-03-01"), "withdrawn", "")
	if !postern.May(postern.ActPay, who, day("2024-04-01"), []postern.Closure{c}).Allowed {
		t.Error("a withdrawn closure still holds")
	}
	if len(c.History) != 3 {
		t.Errorf("the history has %d lines", len(c.History))
	}
}
