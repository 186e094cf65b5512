package postern_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern"
)

var noon = time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)

// trials are n trials of one sign, a second apart, the newest first and the last one a second ago.
func trials(now time.Time, signs ...postern.Sign) []postern.Trial {
	var list []postern.Trial
	for i, sign := range signs {
		list = append(list, postern.Trial{AttemptID: fmt.Sprint("att_", i), Sign: sign, Shown: sign == postern.SignTaken, Code: "C", At: now.Add(-time.Duration(i+1) * time.Second)})
	}
	return list
}

func times(n int, sign postern.Sign) []postern.Sign {
	list := make([]postern.Sign, n)
	for i := range list {
		list[i] = sign
	}
	return list
}

// TestEveryStepOfHealth walks a product through suspension, probes and back, and holds each wait.
func TestEveryStepOfHealth(t *testing.T) {
	h, now := postern.Health{State: postern.HealthOpen}, noon
	want := func(step postern.HealthStep, got postern.HealthStep, state postern.HealthState, share int64, wait time.Duration) {
		t.Helper()
		if got != step || h.State != state || h.Share != share || !h.NextAt.IsZero() && h.NextAt.Sub(now) != wait {
			t.Fatalf("%s: %s, share %d, next after %s; want %s: %s, %d, %s", got, h.State, h.Share, h.NextAt.Sub(now), step, state, share, wait)
		}
	}
	judge := func(signs ...postern.Sign) (step postern.HealthStep) {
		h, step = h.Judge(trials(now, signs...), now)
		return step
	}
	want(postern.StepSuspended, judge(postern.SignClosed, postern.SignTaken), postern.HealthSuspended, 0, 2*time.Minute)
	if step := judge(postern.SignClosed); step != "" {
		t.Fatalf("what is suspended was suspended again: %s", step)
	}
	var step postern.HealthStep
	for _, wait := range []time.Duration{4, 8, 15, 15, 15} {
		now = h.NextAt
		h, step = h.Claim(now).Checked(false, "503", "", now)
		want(postern.StepCheckFailed, step, postern.HealthSuspended, 0, wait*time.Minute)
	}
	now = h.NextAt
	h, step = h.Claim(now).Checked(true, "", "", now)
	want(postern.StepProbing, step, postern.HealthProbing, 100, time.Minute)
	now = h.NextAt
	want(postern.StepProbeRefused, judge(postern.SignClosed, postern.SignTaken), postern.HealthSuspended, 0, 15*time.Minute)
	now = h.NextAt
	h, _ = h.Claim(now).Checked(true, "", "", now)
	for i, wants := range []int{1, 3, 5} {
		now = h.NextAt
		if step := judge(times(wants-1, postern.SignTaken)...); step != "" {
			t.Fatalf("share %d grew by %d good orders", h.Share, wants-1)
		}
		want(postern.StepWidened, judge(times(wants, postern.SignTaken)...), postern.HealthProbing, []int64{500, 2_500, 10_000}[i], time.Minute)
	}
	now = h.NextAt
	want(postern.StepRestored, judge(times(10, postern.SignTaken)...), postern.HealthOpen, 0, 0)
	if step := judge(postern.SignNone); step != "" {
		t.Fatal(step)
	}
	now = now.Add(time.Hour)
	want(postern.StepHeld, judge(postern.SignClosed), postern.HealthSuspended, 0, 4*time.Minute) // a strike
	now = now.Add(time.Minute)
	h, step = h.Lift(now)
	want(postern.StepLifted, step, postern.HealthOpen, 0, 0)
	now = now.Add(25 * time.Hour)
	want(postern.StepSuspended, judge(postern.SignClosed), postern.HealthSuspended, 0, 2*time.Minute)
}

// TestWhatIsNoSign: neither declined buyers, nor what was judged before, nor a blink, however many orders it hits, suspends a product.
func TestWhatIsNoSign(t *testing.T) {
	open := postern.Health{State: postern.HealthOpen}
	lifted := postern.Health{State: postern.HealthOpen, Since: noon, SuspendedAt: noon.Add(-time.Hour), RestoredAt: noon}
	blink := trials(noon, times(40, postern.SignDown)...)
	for i := range blink {
		blink[i].At = noon.Add(-time.Duration(i) * time.Millisecond)
	}
	poor := append(times(20, postern.SignDown), times(100, postern.SignTaken)...)
	for range 100 {
		poor = append(poor, postern.SignDown, postern.SignTaken)
	}
	cases := map[string]struct {
		health postern.Health
		trials []postern.Trial
		want   postern.HealthStep
	}{
		"fourteen in a row":               {open, trials(noon, times(14, postern.SignDown)...), ""},
		"fifteen in a row":                {open, trials(noon, times(15, postern.SignDown)...), postern.StepSuspended},
		"forty within a blink":            {open, blink, ""},
		"fifteen before a person's word":  {lifted, trials(noon, times(15, postern.SignDown)...), ""},
		"a closed gate before it":         {lifted, trials(noon, postern.SignClosed), ""},
		"a channel that was always so":    {open, trials(noon, poor...), ""},
		"buyers without money":            {open, trials(noon, times(100, postern.SignTaken)...), ""},
		"nobody pays a shop without past": {open, unpaid(400, 0), ""},
		"nobody pays any more":            {open, unpaid(71, 200), postern.StepSuspended},
		"nobody paid for a while":         {open, unpaid(69, 200), ""},
	}
	for name, c := range cases {
		next, step := c.health.Judge(c.trials, noon)
		if step != c.want {
			t.Errorf("%s: %q, want %q; evidence %+v", name, step, c.want, next.Evidence)
		}
		if suspect := c.health.Suspect(c.trials[:min(len(c.trials), postern.TrialsGlance)]); step != "" && !suspect {
			t.Errorf("%s: the glance sees nothing", name)
		}
	}
}

// unpaid are buyers who saw the wallet: the latest did not pay, and of those before seven of ten did.
func unpaid(n, before int) []postern.Trial {
	list := trials(noon, times(n+before, postern.SignTaken)...)
	for i := range list {
		list[i].Paid = i >= n && i%10 < 7
		list[i].Over, list[i].At = !list[i].Paid, noon.Add(-time.Duration(i)*time.Minute)
	}
	return list
}

// TestHealthIsBounded lets anything happen: waits stay within their bounds, shares within theirs, and what is open is never probed.
func TestHealthIsBounded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h, now := postern.Health{State: postern.HealthOpen}, noon
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 7_200).Draw(rt, "seconds")) * time.Second)
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				h, _ = h.Lift(now)
			case 1, 2, 3:
				if h.State == postern.HealthSuspended && !now.Before(h.NextAt) {
					h, _ = h.Claim(now).Checked(rapid.Bool().Draw(rt, "good"), "", "", now)
				}
			default:
				sign := rapid.SampledFrom([]postern.Sign{postern.SignTaken, postern.SignTaken, postern.SignClosed, postern.SignDown, postern.SignNone}).Draw(rt, "sign")
				h, _ = h.Judge(trials(now, times(rapid.IntRange(1, 20).Draw(rt, "trials"), sign)...), now)
			}
			takes, probe := h.Takes(9_999)
			wait := h.NextAt.Sub(now)
			switch {
			case h.State == postern.HealthOpen && (!takes || probe || h.Share != 0 || !h.NextAt.IsZero()):
				rt.Fatalf("open, but %+v", h)
			case h.State == postern.HealthSuspended && (takes || h.Share != 0 || wait > time.Hour):
				rt.Fatalf("suspended, but %+v", h)
			case h.State == postern.HealthProbing && (h.Share < 100 || h.Share > 10_000 || takes && !probe || wait > 16*time.Minute):
				rt.Fatalf("probing, but %+v", h)
			case h.Strikes > 6 || len(h.Evidence.Attempts) > 5 || len(h.Evidence.Codes) > 5:
				rt.Fatalf("beyond its bounds: %+v", h)
			}
		}
	})
}
