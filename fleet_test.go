package postern_test

import (
	"math/rand/v2"
	"testing"

	"postern"
)

func TestAMoveStopsOnWorseNumbersOnly(t *testing.T) {
	policy := postern.MovePolicy{Least: 30, WorseBP: 300}
	for _, c := range []struct {
		name         string
		moved, other postern.Tally
		want         bool
	}{
		{"nothing happened", postern.Tally{}, postern.Tally{}, false},
		{"too few to say", postern.Tally{Tried: 29}, postern.Tally{Tried: 1000, Paid: 900}, false},
		{"too few on the other side", postern.Tally{Tried: 1000}, postern.Tally{Tried: 29, Paid: 29}, false},
		{"nobody is paid any more", postern.Tally{Tried: 30}, postern.Tally{Tried: 1000, Paid: 900}, true},
		{"better", postern.Tally{Tried: 1000, Paid: 950}, postern.Tally{Tried: 1000, Paid: 900}, false},
		{"the same", postern.Tally{Tried: 1000, Paid: 900}, postern.Tally{Tried: 1000, Paid: 900}, false},
		{"a little worse, in a great many", postern.Tally{Tried: 1_000_000, Paid: 880_000}, postern.Tally{Tried: 1_000_000, Paid: 900_000}, false},
		{"a lot worse, in a great many", postern.Tally{Tried: 1_000_000_000, Paid: 850_000_000}, postern.Tally{Tried: 1_000_000_000, Paid: 900_000_000}, true},
		{"worse by chance", postern.Tally{Tried: 40, Paid: 34}, postern.Tally{Tried: 1000, Paid: 900}, false},
		{"worse beyond chance", postern.Tally{Tried: 40, Paid: 26}, postern.Tally{Tried: 1000, Paid: 900}, true},
	} {
		if got := policy.Worse(c.moved, c.other); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestAHealthyMoveIsSeldomStopped: both sides have the same share of paid attempts, and the numbers are looked at after every tenth moved attempt up to 2,000 of
// them, in 2,000 moves. Seed 2014, 213.
func TestAHealthyMoveIsSeldomStopped(t *testing.T) {
	r := rand.New(rand.NewPCG(2014, 213))
	policy, stopped, found := postern.MovePolicy{Least: 30, WorseBP: 300}, 0, 0
	for range 2_000 {
		if stoppedAfter(r, policy, 0) > 0 {
			stopped++
		}
		if n := stoppedAfter(r, policy, 100); n > 0 {
			found++
		}
	}
	t.Logf("of 2000 moves %d healthy ones were stopped, and %d of those that do 10 %% worse", stopped, found)
	if stopped > 10 || found < 1_900 {
		t.Errorf("%d healthy moves were stopped, and %d bad ones", stopped, found)
	}
}

// stoppedAfter is after how many moved attempts a move was stopped whose merchants do worse by so many in a thousand; zero when it never was.
func stoppedAfter(r *rand.Rand, policy postern.MovePolicy, worse int) int {
	share := 700 + r.IntN(290)
	var moved, other postern.Tally
	for n := 10; n <= 2_000; n += 10 {
		for range 10 {
			moved.Tried++
			if r.IntN(1000) < share-worse {
				moved.Paid++
			}
		}
		for range 50 {
			other.Tried++
			if r.IntN(1000) < share {
				other.Paid++
			}
		}
		if policy.Worse(moved, other) {
			return n
		}
	}
	return 0
}

func TestWaves(t *testing.T) {
	for _, c := range []struct{ n, share, want int64 }{{0, 100, 0}, {1, 100, 1}, {4, 100, 1}, {3000, 100, 30}, {3001, 100, 31}, {3000, 10_000, 3000}, {3000, 0, 0}, {7, 5000, 4}} {
		if got := postern.Wave(c.n, c.share); got != c.want {
			t.Errorf("%d merchants at %d: %d, want %d", c.n, c.share, got, c.want)
		}
	}
	if s := postern.NextShare(100); s != 1_000 || postern.NextShare(10_000) != 10_000 || postern.NextShare(250) != 1_000 {
		t.Errorf("after 1 %% comes %d", s)
	}
}
