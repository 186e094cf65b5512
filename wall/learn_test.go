package wall_test

import (
	"testing"
	"time"

	"postern/wall"
)

func TestLearn(t *testing.T) {
	m, policy := wall.Default(), wall.DefaultLearning
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	seen := wall.Seen{Container: "toutiao", Form: wall.Phone}
	unknown := m.ReachAt("wechatpay", "h5", seen, start)
	if unknown.State != wall.StateUnknown {
		t.Fatalf("this test needs a cell that nobody knows: %+v", unknown)
	}
	after := func(paid, lost int) wall.Learned {
		l := wall.Learned{Container: "toutiao", Provider: "wechatpay", Product: "h5"}
		for range lost {
			l = l.Observe(false, start, policy)
		}
		for range paid {
			l = l.Observe(true, start, policy)
		}
		return l
	}
	for _, c := range []struct {
		paid, lost int
		state      string
	}{{0, 0, "unknown"}, {4, 0, "unknown"}, {5, 0, "works"}, {5, 15, "works"}, {5, 16, "unknown"}, {0, 19, "unknown"}, {0, 20, "way_out"}, {1, 49, "way_out"}, {1, 48, "unknown"}} {
		l := after(c.paid, c.lost)
		got := m.Learn(unknown, seen, l, start, policy)
		if got.State != c.state || (c.state != "unknown") != (got.Evidence == wall.EvidenceObservation) || (got.State == "way_out") != (got.WayOut == wall.WayBrowser) {
			t.Errorf("%d paid, %d not: %+v, want %s", c.paid, c.lost, got, c.state)
		}
		if later := m.Learn(unknown, seen, l, start.Add(60*24*time.Hour), policy); later != unknown {
			t.Errorf("%d paid, %d not, two months later: %+v, want what it was", c.paid, c.lost, later)
		}
	}
	sure := m.ReachAt("alipay", "jsapi", seen, start)
	l := after(50, 0)
	l.Provider, l.Product = "alipay", "jsapi"
	if got := m.Learn(sure, seen, l, start, policy); got != sure || sure.State != wall.StateBlocked {
		t.Errorf("what is attested does not learn: %+v", got)
	}
	if got := m.Learn(unknown, wall.Seen{Container: "jd", Form: wall.Phone}, after(50, 0), start, policy); got != unknown {
		t.Errorf("another container's counts were taken: %+v", got)
	}
	browser := wall.Seen{Container: "browser-chrome", Form: wall.Desktop}
	desktop := m.ReachAt("wechatpay", "mini", browser, start)
	l = after(0, 30)
	l.Container, l.Product = "browser-chrome", "mini"
	if got := m.Learn(desktop, browser, l, start, policy); got.State != wall.StateBlocked || got.WayOut != "" {
		t.Errorf("a browser has no browser to go to: %+v", got)
	}
}

func TestLearnedFades(t *testing.T) {
	policy := wall.DefaultLearning
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := wall.Learned{Tried: 64 * wall.One, Worked: 16 * wall.One, At: wall.MomentOf(start)}
	for _, c := range []struct {
		days          int
		tried, worked int64
	}{{0, 64000, 16000}, {7, 32000, 8000}, {14, 16000, 4000}, {70, 62, 15}, {100000, 0, 0}, {-7, 64000, 16000}} {
		if got := l.Faded(start.AddDate(0, 0, c.days), policy); got.Tried != c.tried || got.Worked != c.worked {
			t.Errorf("after %d days: %+v, want %d and %d", c.days, got, c.tried, c.worked)
		}
	}
	last := l
	for h := range 24 * 30 { // never up, and never more paid than tried
		now := l.Faded(start.Add(time.Duration(h)*time.Hour), policy)
		if now.Tried > last.Tried || now.Worked > last.Worked || now.Worked > now.Tried {
			t.Fatalf("after %d hours %+v, before it %+v", h, now, last)
		}
		last = now
	}
}
