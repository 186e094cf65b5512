package postern_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"postern"
)

func TestClosuresThatContradictThemselves(t *testing.T) {
	pay := off(postern.ActPay, "2026-03-01")
	own := func(c postern.Closure, owner string) postern.Closure { c.OwnerID = owner; return c }
	for _, c := range []struct {
		name, field string
		closure     postern.Closure
	}{
		{"no act", "withdraws", closure(postern.ByHost, postern.Scope{})},
		{"an act that is none", "withdraws", closure(postern.ByHost, postern.Scope{}, postern.Withdrawal{Act: "sing", From: day("2026-03-01")})},
		{"nobody's wall", "by", closure("nobody", postern.Scope{}, pay)},
		{"it ends before it begins", "withdraws", closure(postern.ByHost, postern.Scope{}, off(postern.ActPay, "2026-03-01", "2026-02-01"))},
		{"one act twice at a time", "withdraws", closure(postern.ByHost, postern.Scope{}, pay, off(postern.ActPay, "2026-04-01"))},
		{"an empty name", "scope.providers", closure(postern.ByHost, postern.Scope{Providers: []string{""}}, pay)},
		{"a name with a blank", "scope.containers", closure(postern.ByHost, postern.Scope{Containers: []string{"qq "}}, pay)},
		{"a name twice", "scope.products", closure(postern.ByHost, postern.Scope{Products: []string{"h5", "h5"}}, pay)},
		{"half a day idle", "scope.idle_for", closure(postern.ByHost, postern.Scope{IdleFor: 1}, pay)},
		{"signed after it ends", "scope.ends_before", closure(postern.ByHost, postern.Scope{SignedFrom: day("2026-02-01"), EndsBefore: day("2026-01-01")}, pay)},
		{"a merchant's closure about another", "scope.merchants", own(closure(postern.ByHost, postern.Scope{Merchants: []string{"mer_2"}}, pay), "mer_1")},
		{"a partner's closure about another", "scope.partners", own(closure(postern.ByHost, postern.Scope{Partners: []string{"ptn_2"}}, pay), "ptn_1")},
	} {
		var bad *postern.Error
		if err := c.closure.Check(); !errors.As(err, &bad) || bad.Field != c.field || bad.Fix == "" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	good := own(closure(postern.ByHost, postern.Scope{Merchants: []string{"mer_2", "mer_1"}}, pay, off(postern.ActRefund, "2026-03-01")), "mer_1")
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestAFileOfClosuresIsReadLineByLine(t *testing.T) {
	const good = `{"title": "a", "by": "host", "scope": {"containers": ["qq"], "idle_days": 2}, "withdraws": [{"act": "pay", "from": "2026-03-01T00:00:00+08:00"}]}`
	list, bad := postern.ReadClosures(strings.NewReader("// a note\n\n"+good+"\r\n"), "mer_1")
	if len(bad) != 0 || len(list) != 1 || list[0].OwnerID != "mer_1" || list[0].Scope.IdleFor.Hours() != 48 {
		t.Errorf("%+v, %v", list, bad)
	}
	for text, want := range map[string]string{
		"":                                     "1: there is no closure in it",
		good + "\n" + good:                     "2: scope: line 1 closes the same; remove one of them",
		good + " {}":                           "1: there is something behind the object; write one a line",
		"\n{":                                  "2: not a closure: unexpected EOF",
		strings.Replace(good, `"a"`, `" "`, 1): "1: title: a closure says what happens; write a title for people",
		strings.Replace(good, `"host"`, `"me"`, 1): "1: by: a closure says whose it is; send provider, host or regulator",
		strings.Replace(good, `"pay"`, `"eat"`, 1): "1: withdraws: there is no such act; send sign, renew, pay, refund, settle or dispute",
	} {
		_, bad := postern.ReadClosures(strings.NewReader(text), postern.Platform)
		var got []string
		for _, b := range bad {
			got = append(got, b.Error())
		}
		if !slices.Contains(got, want) {
			t.Errorf("%.40q: %q, want %q", text, got, want)
		}
	}
}
