package drill

import (
	"context"
	"testing"
)

// TestRoutingKeepsWhatAnOracleSells plays random markets against an oracle that knows every buyer. Over all of them together routing keeps at least 98 per cent of
// the oracle's sales; single markets may fall below, and the worst is told with its seed.
func TestRoutingKeepsWhatAnOracleSells(t *testing.T) {
	n := 1_000
	if testing.Short() {
		n = 200
	}
	r, err := Trials(context.Background(), n, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d markets of seeds 1 to %d, %d orders: routing keeps %s of the oracle's sales (mean %s, worst %s with seed %d), an order without thought %s; %d markets below 98 %%",
		r.Trials, n, r.Orders, Percent(r.KeptBP), Percent(r.MeanBP), Percent(r.WorstBP), r.WorstSeed, Percent(r.BlindBP), r.Below)
	if r.KeptBP < 9_800 || r.MeanBP < 9_800 {
		t.Errorf("routing keeps %s over all, %s on the mean: less than 98 %%", Percent(r.KeptBP), Percent(r.MeanBP))
	}
	if r.KeptBP > bpFull || r.BlindBP >= r.KeptBP {
		t.Errorf("the oracle is beaten (%s), or thought is worth nothing (%s without)", Percent(r.KeptBP), Percent(r.BlindBP))
	}
	if again := PlayTrial(r.WorstSeed); again.KeptBP() != r.WorstBP {
		t.Errorf("seed %d gives %s, and then %s", r.WorstSeed, Percent(r.WorstBP), Percent(again.KeptBP()))
	}
}
