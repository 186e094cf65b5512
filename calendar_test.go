package postern_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
)

func entries(in postern.CalendarInput) []string {
	in.From, in.Until = day("2026-01-01"), day("2027-01-01")
	var out []string
	for _, e := range postern.Calendar(in) {
		out = append(out, e.At.In(postern.Beijing).Format("01-02")+" "+e.What+" "+string(e.Severity))
	}
	return out
}

func TestCalendar(t *testing.T) {
	until := func(s string) postern.Term { return postern.Term{From: day("2025-01-01"), Until: day(s)} }
	channel := func(change func(*postern.Channel)) []postern.Channel {
		c := postern.Channel{ID: "chn_1", Provider: "p", Products: []string{"h5"}, CreatedAt: day("2025-12-01")}
		change(&c)
		return []postern.Channel{c}
	}
	plain := channel(func(*postern.Channel) {})
	key := func(id, until string) postern.Generation {
		g := postern.Generation{CredentialSetID: "crs_1", ID: id}
		if until != "" {
			g.NotAfter = day(until)
		}
		return g
	}
	trust := func(id, until string) postern.TrustKey {
		return postern.TrustKey{CredentialSetID: "crs_1", KeyID: id, NotAfter: day(until)}
	}
	for _, c := range []struct {
		name string
		in   postern.CalendarInput
		want string
	}{
		{"a term that is the last", postern.CalendarInput{Channels: channel(func(c *postern.Channel) { c.Agreement.Terms = []postern.Term{until("2026-03-01")} })}, "03-01 term_ends critical"},
		{"one that can be renewed", postern.CalendarInput{Channels: channel(func(c *postern.Channel) {
			c.Agreement.Renewable, c.Agreement.Terms = true, []postern.Term{until("2026-03-01")}
		})}, "03-01 term_ends warning"},
		{"one that runs on", postern.CalendarInput{Channels: channel(func(c *postern.Channel) {
			c.Agreement.Terms = []postern.Term{until("2026-03-01"), {From: day("2026-03-01"), Until: day("2026-06-01")}}
		})}, "06-01 term_ends critical"},
		{"a day between two terms is an end", postern.CalendarInput{Channels: channel(func(c *postern.Channel) {
			c.Agreement.Terms = []postern.Term{until("2026-03-01"), {From: day("2026-03-02")}}
		})}, "03-01 term_ends critical"},
		{"papers", postern.CalendarInput{Channels: channel(func(c *postern.Channel) {
			c.Agreement.Licences, c.Agreement.Certificates = []postern.Paper{{Name: "a", Until: day("2026-02-01")}}, []postern.Paper{{Name: "b", Until: day("2027-02-01")}}
		})}, "02-01 licence_ends warning"},
		{"a channel that never sold", postern.CalendarInput{Channels: channel(func(c *postern.Channel) { c.Agreement.DormantDays = 60 })}, "01-30 goes_dormant warning"},
		{"one that did", postern.CalendarInput{Channels: channel(func(c *postern.Channel) { c.Agreement.DormantDays = 60 }), Sales: map[string]time.Time{"chn_1": day("2026-01-01")}}, "03-02 goes_dormant warning"},
		{"a retired channel has no end", postern.CalendarInput{Channels: channel(func(c *postern.Channel) {
			c.RetiredAt, c.Agreement.Terms = day("2025-12-31"), []postern.Term{until("2026-03-01")}
		})}, ""},
		{"the only keys", postern.CalendarInput{Generations: []postern.Generation{key("g1", "2026-04-01")}}, "04-01 keys_end critical"},
		{"keys that others follow", postern.CalendarInput{Generations: []postern.Generation{key("g1", "2026-04-01"), key("g2", "")}}, "04-01 keys_end info"},
		{"the last of a provider's keys", postern.CalendarInput{Trust: []postern.TrustKey{trust("1", "2026-05-01"), trust("2", "2026-06-01")}}, "05-01 trust_ends info, 06-01 trust_ends warning"},
		{"a closure and its end", postern.CalendarInput{Channels: plain, Closures: []postern.Closure{closure(postern.ByHost, postern.Scope{}, off(postern.ActPay, "2026-03-01", "2026-04-01"), off(postern.ActRefund, "2026-05-01"))}},
			"03-01 closure_begins critical, 04-01 closure_ends info, 05-01 closure_begins warning"},
		{"another's closure", postern.CalendarInput{Channels: plain, Closures: []postern.Closure{closure(postern.ByHost, postern.Scope{Providers: []string{"q"}}, off(postern.ActPay, "2026-03-01"))}}, ""},
		{"a wall that moves", postern.CalendarInput{Channels: plain, Wall: []postern.WallAhead{
			{Provider: "p", Product: "h5", Container: "qq", At: day("2026-03-01"), Was: "works", State: "way_out"}, {Provider: "p", Product: "jsapi", Container: "qq", At: day("2026-03-01"), Was: "works", State: "blocked"},
		}}, "03-01 wall_changes warning"},
	} {
		if got := strings.Join(entries(c.in), ", "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAnEntryIsToldAtItsLatestStep(t *testing.T) {
	now := day("2026-01-01")
	for days, want := range map[int]int64{91: 0, 90: 90, 31: 90, 30: 30, 8: 30, 7: 7, 2: 7, 1: 1, 0: 0, -1: 0} {
		step, reached := postern.CalendarEntry{At: now.AddDate(0, 0, days)}.Step(now)
		if step != want || reached != (want > 0) {
			t.Errorf("%d days ahead: step %d, want %d", days, step, want)
		}
	}
	if step, _ := (postern.CalendarEntry{At: now.Add(time.Hour)}).Step(now); step != 1 {
		t.Errorf("an hour ahead: step %d", step)
	}
	a := postern.CalendarEntry{At: now, What: "x", ChannelID: "chn_1"}
	b := a
	b.At = now.Add(time.Hour)
	if a.Key() == b.Key() {
		t.Error("a date that moves is another entry")
	}
}

func TestAClosuresEditsCanBeReadBack(t *testing.T) {
	scope := func(containers ...string) postern.Scope { return postern.Scope{Containers: containers} }
	c := closure(postern.ByHost, scope("wechat", "qq"))
	c = c.Move(day("2026-01-01"), "announced", "", off(postern.ActPay, "2026-03-01"))
	c = c.Rescope(day("2026-01-02"), "", scope("qq"))
	c = c.Move(day("2026-01-03"), "moved", "", off(postern.ActPay, "2026-04-01"))
	c = c.Rescope(day("2026-01-04"), "", scope("qq", "douyin"))
	c = c.Move(day("2026-01-05"), "withdrawn", "")
	var whats []string
	for i, want := range []struct {
		containers []string
		from       string
	}{{[]string{"wechat", "qq"}, "2026-03-01"}, {[]string{"qq"}, "2026-03-01"}, {[]string{"qq"}, "2026-04-01"}, {[]string{"qq", "douyin"}, "2026-04-01"}, {[]string{"qq", "douyin"}, ""}} {
		whats = append(whats, c.History[i].What)
		known, ok := c.KnownAt(day("2026-01-01").AddDate(0, 0, i).Add(time.Hour))
		for _, got := range []postern.Closure{c.AsOf(i + 1), known} {
			begins, closed := got.Begins(postern.ActPay)
			if !ok || !slices.Equal(got.Scope.Containers, want.containers) || closed != (want.from != "") || closed && !begins.Equal(day(want.from)) || closed == !got.WithdrawnAt.IsZero() {
				t.Errorf("edit %d: %+v", i, got)
			}
		}
	}
	if !slices.Equal(whats, []string{"announced", "narrowed", "moved", "widened", "withdrawn"}) {
		t.Errorf("history %v", whats)
	}
	if was, ok := c.Before(); !ok || !was.WithdrawnAt.IsZero() || len(was.Withdraws) != 1 {
		t.Errorf("before %+v", was)
	}
}
