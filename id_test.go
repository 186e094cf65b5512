package postern_test

import (
	"crypto/rand"
	"testing"
	"time"

	"postern"
)

// TestIDsSortByTime: what one process mints a microsecond apart sorts by time; a merchant's events are numbered in the order of their ids.
func TestIDsSortByTime(t *testing.T) {
	at, last := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC), ""
	for i := range 5000 {
		id := postern.NewID(postern.PrefixEvent, at.Add(time.Duration(i)*time.Microsecond), rand.Reader)
		if id <= last {
			t.Fatalf("after %d microseconds %s does not sort after %s", i, id, last)
		}
		if !postern.CheckID(postern.PrefixEvent, id) {
			t.Fatalf("%s is no id", id)
		}
		last = id
	}
}

func TestFirstIDBounds(t *testing.T) {
	at := time.Date(2026, 11, 22, 4, 0, 0, 5e6, time.UTC)
	first := postern.FirstID(postern.PrefixAttempt, at)
	for _, c := range []struct {
		at    time.Time
		after bool
	}{{at, true}, {at.Add(time.Hour), true}, {at.Add(-time.Millisecond), false}, {at.Add(-time.Hour), false}} {
		for range 100 {
			for _, id := range []string{postern.NewID(postern.PrefixAttempt, c.at, rand.Reader), postern.DerivedID(postern.PrefixAttempt, c.at, "x", c.at.String())} {
				if !postern.CheckID(postern.PrefixAttempt, id) || (id >= first) != c.after {
					t.Errorf("%s of %s against %s", id, c.at, first)
				}
			}
		}
	}
	if postern.DerivedID("a", at, "b", "c") != postern.DerivedID("a", at, "b", "c") || postern.DerivedID("a", at, "b", "c") == postern.DerivedID("a", at, "c", "b") {
		t.Error("an id follows from what it stands for")
	}
}
