package api_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"postern/sim"
)

// tellCalendar runs the hourly job twice, as two nodes do, and returns how many events of it there are in all.
func (b *bench) tellCalendar() int {
	b.Helper()
	for range 2 {
		if _, err := b.w.Engine.TellCalendar(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	n := 0
	for _, kind := range b.events() {
		if kind == "calendar.ahead" {
			n++
		}
	}
	return n
}

func TestTheCalendarListsWhatEndsAndTellsEachStepOnce(t *testing.T) {
	b := newBench(t)
	now := b.w.Clock.Now()
	day := func(n int) string { return now.AddDate(0, 0, n).Format(time.RFC3339) }
	before := len(b.get("/v1/calendar?days=3660&limit=100").want(http.StatusOK).list("data"))
	told := b.tellCalendar()
	b.agreement(b.w.Channels["alipay"].ID, object{
		"terms": []object{{"from": day(-10), "until": day(20)}, {"from": day(20), "until": day(40)}}, "licences": []object{{"name": "food licence", "until": day(25)}},
		"certificates": []object{{"name": "merchant certificate", "until": day(-1)}}, "dormant_days": 60,
	}).want(http.StatusOK)
	b.post("/v1/closures", object{"title": "the gate shuts", "by": "provider", "scope": object{"providers": []string{"alipay"}},
		"withdraws": []object{{"act": "pay", "from": day(50)}, {"act": "refund", "from": day(80), "until": day(95)}}}).want(http.StatusCreated)
	b.post("/v1/closures", object{"title": "another's gate", "by": "provider", "scope": object{"providers": []string{"tenpay"}}, "withdraws": []object{{"act": "pay", "from": day(5)}}}).want(http.StatusCreated)
	rows := b.get("/v1/calendar?days=100&limit=100").want(http.StatusOK).list("data")
	var got []string
	for _, row := range rows {
		if row.text("effect") == "" || row.int("days_left") < 1 || row.text("severity") == "" {
			t.Errorf("entry %v", row)
		}
		got = append(got, row.text("what"))
	}
	want := []string{"licence_ends", "term_ends", "closure_begins", "goes_dormant", "closure_begins", "closure_ends"} // The first term runs on into the second.
	if kept := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s == "trust_ends" || s == "keys_end" }); !slices.Equal(kept, want) {
		t.Errorf("calendar %v, want %v (beside %d of keys)", got, want, before)
	}
	first := b.get("/v1/calendar?days=100&limit=1").want(http.StatusOK)
	if second := b.get("/v1/calendar?days=100&limit=100&after=" + first.text("next_cursor")).want(http.StatusOK).list("data"); len(second) != len(rows)-1 {
		t.Errorf("the second page has %d of %d", len(second), len(rows)-1)
	}
	// 25, 40, 50, 60 and 80 days ahead: each is told once, at its latest step.
	if n := b.tellCalendar() - told; n != 5 {
		t.Errorf("%d steps were told, want 5: %v", n, b.events())
	}
	b.w.Clock.Advance(18 * 24 * time.Hour) // 7, 22, 32, 42, 62 and 77 days ahead: three new steps.
	if n := b.tellCalendar() - told; n != 8 {
		t.Errorf("%d steps were told, want 8", n)
	}
	b.agree()
}

func TestKeysThatEndAreCritical(t *testing.T) {
	b := newBench(t)
	channel := b.w.Channels["alipay"]
	generations, err := b.w.Store.Generations(context.Background(), channel.CredentialOwnerID, channel.CredentialSetID)
	if err != nil {
		t.Fatal(err)
	}
	at := sim.Start.AddDate(0, 0, 10)
	if err := b.w.Store.RetireGeneration(context.Background(), channel.CredentialOwnerID, channel.CredentialSetID, generations[0].ID, at, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for _, row := range b.get("/v1/calendar").want(http.StatusOK).list("data") {
		if row.text("what") == "keys_end" && row.text("severity") == "critical" && row.text("credential_set_id") == channel.CredentialSetID {
			return
		}
	}
	t.Errorf("the end of the only keys is not in the calendar")
}
