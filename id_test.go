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
