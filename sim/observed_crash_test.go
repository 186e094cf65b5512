package sim_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
	"postern/sim"
	"postern/store"
)

// siege is a gate that shuts, stays shut through one probe, and opens again, with a buyer every half minute; any step may crash.
type siege struct {
	flow
	knocks []time.Time // harmless calls
	n      int
	spans  [][2]int // the points in which health moves
}

func newSiege(t *testing.T) *siege {
	points := &sim.Points{}
	s := opened(t, "sqlite::memory:", store.Options{Fault: points.Hit})
	f := &siege{flow: flow{points: points}}
	f.w = build(t, sim.Options{Store: s, Seed: 7, Makers: two(), Fault: func(ctx context.Context, point string) error {
		if point == "engine.probe.after_call" {
			f.knocks = append(f.knocks, f.w.Clock.Now())
		}
		return points.Hit(ctx, point)
	}})
	c := f.w.Channels[wechat]
	c.Rank = 20
	must(t, s.SaveChannel(context.Background(), c))
	return f
}

// buyer pays an order, whatever happens on the way: who is cut off asks again.
func (f *siege) buyer(t *testing.T) {
	t.Helper()
	f.n++
	reference := fmt.Sprint("S", f.n)
	var p postern.Payment
	f.again(t, func(ctx context.Context) (err error) {
		p, err = f.w.Pay(ctx, reference, 6800)
		var taken *postern.Error
		if errors.As(err, &taken) && taken.Code == postern.CodeReferenceTaken {
			s, err := f.w.Store.LoadState(ctx, f.w.Merchant.ID, taken.ID)
			p = s.Payment
			return err
		}
		return err
	})
	var shown postern.Attempt
	f.again(t, func(ctx context.Context) error {
		r, err := f.w.Engine.Start(ctx, p.MerchantID, p.ID, engine.StartInput{Product: "native", Buyer: route.Buyer{Container: engine.ContainerAPI}, ClientIP: "203.0.113.7"})
		if shown = r.Attempt; err == nil && shown.Action.Type == "" {
			err = errors.New("nothing to show yet")
		}
		return err
	})
	must(t, f.w.Approve(context.Background(), shown, ""))
	f.run(t, 30*time.Second)
}

func (f *siege) walk(t *testing.T) {
	ctx := context.Background()
	f.buyer(t)
	must(t, f.w.Break(ctx, alipay, "native", "closed", 1_000))
	f.span(func() { f.buyer(t) })
	f.buyer(t)
	f.run(t, time.Minute)
	f.span(func() {
		f.run(t, 37*time.Minute) // one probe, and nobody comes: the share grows
		f.buyer(t)               // refused, and suspended again
	})
	must(t, f.w.Mend(ctx, alipay))
	f.span(func() { f.run(t, 50*time.Minute) })
	for range 12 {
		f.buyer(t)
	}
	f.run(t, time.Hour)
}

// span notes the points that a part of the walk passes.
func (f *siege) span(part func()) {
	from, _ := f.points.Passed()
	part()
	to, _ := f.points.Passed()
	f.spans = append(f.spans, [2]int{from + 1, to})
}

// check is what must hold wherever the switch crashed: the gate was found shut and found open again, there was never more than one knock in a wait, no job is left
// over, and everybody paid once.
func (f *siege) check(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	h, err := f.w.Store.Health(ctx, f.w.Merchant.ID, f.w.Channels[alipay].ID, "native")
	must(t, err)
	records, err := f.w.Store.HealthRecords(ctx, f.w.Merchant.ID, h.ChannelID, 100)
	must(t, err)
	slices.Reverse(records)
	if h.State != postern.HealthOpen || len(records) < 6 || records[0].Step != postern.StepSuspended || records[len(records)-1].Step != postern.StepRestored {
		t.Errorf("it is %s by %v", h.State, steps(records))
	}
	for i := 1; i < len(f.knocks); i++ {
		if apart := f.knocks[i].Sub(f.knocks[i-1]); apart < 2*time.Minute {
			t.Errorf("two knocks %s apart", apart)
		}
	}
	if len(f.knocks) < 2 || len(f.knocks) > 6 {
		t.Errorf("%d knocks", len(f.knocks))
	}
	if job, err := f.w.Store.NextTestJob(ctx); err == nil && job.Kind == postern.JobProbe {
		t.Errorf("a probe is left over: %+v", job)
	}
	checkEvents(t, f.w)
	agree(t, f.w)
}

func steps(records []postern.HealthRecord) (out []string) {
	for _, r := range records {
		out = append(out, fmt.Sprint(r.Step, " ", r.Share))
	}
	return out
}

// TestProbesSurviveCrashes crashes at points from the refusal that suspends, through probe, refusal, probe and widening: at all points of a probe and every
// ninth of the others, or at every one with SIM_POINTS=1 (three minutes).
//
// Red without: the commit of Claim before the call (engine/probe.go): a crash behind the call knocks twice in one wait.
func TestProbesSurviveCrashes(t *testing.T) {
	every := 9
	if os.Getenv("SIM_POINTS") != "" {
		every = 1
	} else if testing.Short() {
		every = 41
	}
	for _, lose := range []bool{false, true} {
		t.Run(fmt.Sprint("lose=", lose), func(t *testing.T) {
			t.Parallel()
			counted := newSiege(t)
			counted.points.Arm(0, false)
			counted.walk(t)
			total, names := counted.points.Passed()
			counted.points.Disarm()
			counted.check(t)
			t.Logf("%d points; %d knocks", total, len(counted.knocks))
			if t.Failed() {
				return
			}
			tried := 0
			for k := 1; k <= total; k++ {
				inSpan := slices.ContainsFunc(counted.spans, func(s [2]int) bool { return s[0] <= k && k <= s[1] })
				if !inSpan || k%every != 0 && !strings.HasPrefix(names[k-1], "engine.probe") {
					continue // the rest is TestF4Crashes'
				}
				tried++
				f := newSiege(t)
				f.points.Arm(k, lose)
				f.walk(t)
				f.points.Disarm()
				f.check(t)
				must(t, f.w.Store.Close())
				if t.Failed() {
					t.Fatalf("crash at point %d of %d: %s", k, total, names[k-1])
				}
			}
			t.Logf("crashed at %d of %d points", tried, total)
		})
	}
}
