package wall_test

import (
	"testing"
	"time"

	"postern"
	"postern/wall"
)

func TestReach(t *testing.T) {
	seen := func(container, form string) wall.Seen { return wall.Seen{Container: container, Form: form} }
	for _, c := range []struct {
		provider, product string
		seen              wall.Seen
		state, where      string
	}{
		{"wechatpay", "jsapi", seen("wechat", "phone"), "works", "family:wechat"},
		{"wechatpay", "jsapi", seen("wechat-miniprogram", "phone"), "way_out", "family:wechat-miniprogram"},
		{"wechatpay", "jsapi", seen("alipay", "phone"), "blocked", "family:app"},
		{"wechatpay", "h5", seen("wechat", "phone"), "way_out", "family:wechat"},
		{"wechatpay", "h5", seen("browser-safari", "phone"), "works", "family:browser"},
		{"wechatpay", "h5", seen("browser-safari", "desktop"), "blocked", "family:browser"},
		{"wechatpay", "h5", seen("douyin", "phone"), "way_out", "douyin"},
		{"wechatpay", "h5", seen("toutiao", "phone"), "unknown", "family:bytedance"},
		{"wechatpay", "native", seen("browser-chrome", "desktop"), "works", "family:browser"},
		{"wechatpay", "native", seen("browser-chrome", "phone"), "way_out", "family:browser"},
		{"alipay", "jsapi", seen("alipay", "phone"), "works", "family:alipay"},
		{"alipay", "h5", seen("wechat", "phone"), "way_out", "family:wechat"},
		{"alipay", "h5", seen("browser-miui", "phone"), "works", "family:browser"},
		{"alipay", "h5", seen("kuaishou", "phone"), "way_out", "family:app"},
		{"alipay", "page", seen("browser-edge", "desktop"), "works", "family:browser"},
		{"alipay", "native", seen("an-app-of-next-year", "phone"), "way_out", "family:unknown"},
		{"alipay", "h5", seen("an-app-of-next-year", "phone"), "unknown", "an-app-of-next-year"},
		{"a-provider-of-next-year", "h5", seen("wechat", "phone"), "unknown", "wechat"},
	} {
		got := wall.Reach(c.provider, c.product, c.seen)
		if got.State != c.state || got.Container != c.where {
			t.Errorf("%s %s in %+v: got %s by %s, want %s by %s", c.provider, c.product, c.seen, got.State, got.Container, c.state, c.where)
		}
	}
}

// TestEveryCellIsReachable proves that no cell of the table is dead, and that each carries its evidence honestly.
func TestEveryCellIsReachable(t *testing.T) {
	m, used := wall.Default(), map[wall.Cell]bool{}
	cells := m.Cells()
	for _, c := range cells {
		for _, container := range append(m.Containers(), "nobody-knows-it") {
			for _, form := range []string{wall.Phone, wall.Tablet, wall.Desktop} {
				seen := wall.Seen{Container: container, Form: form}
				for _, at := range append(m.Changes(), m.AsOf()) {
					used[m.ReachAt(c.Provider, c.Product, seen, at.Time())] = true
					used[m.ReachAt(c.Provider, c.Product, seen, at.Time().Add(-time.Second))] = true
				}
			}
		}
	}
	for _, c := range cells {
		if !used[c] {
			t.Errorf("no buyer can ever meet this cell: %+v", c)
		}
	}
}

func BenchmarkReach(b *testing.B) {
	seen := wall.Seen{Container: "kuaishou", OS: "ios", Form: wall.Phone}
	b.ReportAllocs()
	for b.Loop() {
		wall.Reach("alipay", "h5", seen)
	}
}

func BenchmarkReachAt(b *testing.B) {
	seen := wall.Seen{Container: "wechat", OS: "ios", Form: wall.Phone}
	at := time.Date(2014, 2, 18, 0, 0, 0, 0, postern.Beijing)
	b.ReportAllocs()
	for b.Loop() {
		wall.ReachAt("alipay", "h5", seen, at)
	}
}

func BenchmarkDetectRequest(b *testing.B) {
	all := ownSamples(b)
	header := func(name string) string {
		if name == "X-Requested-With" {
			return "com.xingin.xhs"
		}
		return ""
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		wall.DetectRequest(all[i%len(all)].UA, header)
	}
}
