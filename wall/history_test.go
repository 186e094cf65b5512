package wall_test

import (
	"strings"
	"testing"
	"time"

	"postern"
	"postern/wall"
)

func day(t testing.TB, s string) time.Time {
	t.Helper()
	m, err := wall.ParseMoment(s)
	if err != nil || m == 0 {
		t.Fatalf("%q: %v", s, err)
	}
	return m.Time()
}

// moved is a gate that moved on a day: what the map says the day before, and on the day and the day after.
type moved struct {
	event, date string
	provider    string // of a cell; "" for a link
	product     string // of a cell; the scene of a link
	container   string
	target      string // of a link
	before, on  string // a state, with a star when signing is restricted
}

// gates are written from the press, by hand, not from the data.
var gates = []moved{
	{"jd-stops-alipay", "2011-05-17", "alipay", "marketplace", "jd", "", "works", "blocked"},
	{"taobao-suspends-wechat-apps", "2013-08-01", "", "", "taobao", "wechat", "works", "blocked"},
	{"alipay-leaves-pos", "2013-08-27", "alipay", "pos", "unknown", "", "works", "blocked"},
	{"wechat-blocks-laiwang", "2013-11-01", "", "", "wechat", "laiwang", "works", "blocked"},
	{"taobao-blocks-wechat-links", "2013-11-22", "", "chat", "wechat", "taobao", "works", "blocked"},
	{"taobao-blocks-wechat-links", "2013-11-22", "", "group", "wechat", "tmall", "works", "blocked"},
	{"alipay-stops-signing-in-wechat", "2014-02-13", "alipay", "h5", "wechat", "", "works", "works*"},
	{"pboc-suspends-qr", "2014-03-13", "alipay", "barcode", "unknown", "", "works", "blocked"},
	{"pboc-suspends-qr", "2014-03-13", "wechatpay", "static-code", "wechat", "", "works", "blocked"},
	{"wechat-drops-deposit", "2014-09-13", "wechatpay", "jsapi", "wechat", "", "works*", "works"},
	{"wechat-blocks-red-packets", "2015-02-02", "alipay", "h5", "wechat", "", "works*", "way_out"},
	{"wechat-blocks-red-packets", "2015-02-02", "", "", "wechat", "alipay-red-packet", "unknown", "blocked"},
	{"wechat-moments-rule", "2018-05-21", "", "moments", "wechat", "password-code", "works", "blocked"},
	{"wechat-external-links-rule", "2019-10-28", "", "group", "wechat", "sharing-reward", "works", "blocked"},
	{"wechat-blocks-feishu", "2020-02-28", "", "chat", "wechat", "feishu", "works", "blocked"},
	{"meituan-hides-alipay", "2020-07-29", "alipay", "marketplace", "meituan", "", "works", "unknown"},
	{"douyin-fee", "2020-08-20", "", "live", "douyin", "taobao", "works", "works"},
	{"douyin-mediation", "2020-09-06", "", "live", "douyin", "taobao", "works", "unknown"},
	{"douyin-live-ban", "2020-10-09", "", "live", "douyin", "jd", "unknown", "blocked"},
	{"wechat-link-sweep", "2020-10-01", "", "", "wechat", "zhihu", "works", "blocked"},
	{"douyin-pay", "2021-01-01", "douyinpay", "marketplace", "douyin", "", "unknown", "works"},
	{"stripe-wechat-mobile-off", "2021-08-15", "stripe", "wechat-app", "app-other", "", "works", "blocked"},
	{"wechat-opens-links-in-chat", "2021-09-17", "", "chat", "wechat", "taobao", "blocked", "works"},
	{"wechat-opens-links-in-chat", "2021-09-17", "", "chat", "wechat", "douyin", "blocked", "works"},
	{"cloudpay-scans-wechat-codes", "2021-09-30", "wechatpay", "static-code", "unionpay-cloudpay", "", "unknown", "works"},
	{"cloudpay-in-taobao", "2021-10-02", "unionpay", "marketplace", "taobao", "", "unknown", "works"},
	{"cloudpay-in-taobao", "2021-10-02", "alipay", "static-code", "unionpay-cloudpay", "", "unknown", "works"},
	{"wechat-opens-links-in-groups", "2021-11-29", "", "group", "wechat", "taobao", "blocked", "works"},
	{"wechat-opens-links-in-groups", "2021-11-29", "", "chat", "wechat", "tmall", "works", "works"},
	{"kuaishou-cuts-links", "2022-03-01", "", "", "kuaishou", "taobao", "works", "blocked"},
	{"taobao-tests-wechat-qr", "2022-03-01", "wechatpay", "marketplace", "taobao", "", "blocked", "way_out"},
	{"kuaishou-reopens", "2022-10-28", "", "", "kuaishou", "jd", "blocked", "works"},
	{"cloudpay-scans-all-wechat-codes", "2024-06-19", "wechatpay", "static-code", "unionpay-cloudpay", "", "works", "works"},
	{"taobao-opens-wechat-pay", "2024-09-12", "wechatpay", "marketplace", "tmall", "", "way_out", "works"},
	{"jd-opens-alipay", "2024-10-01", "alipay", "marketplace", "jd", "", "blocked", "works"},
	{"xiaohongshu-opens-to-taobao", "2025-05-07", "", "ad", "xiaohongshu", "tmall", "unknown", "works"},
	{"xiaohongshu-opens-to-jd", "2025-05-12", "", "ad", "xiaohongshu", "jd", "unknown", "works"},
	{"wechat-blocks-yuanbao", "2026-02-04", "", "group", "wechat", "yuanbao", "works", "blocked"},
	{"wechat-blocks-yuanbao", "2026-02-08", "", "chat", "wechat", "password-code", "works", "unknown"},
}

// ask answers a gate's question at a moment: the state and the event behind it.
func (g moved) ask(at time.Time) (string, string) {
	m := wall.Default()
	if g.provider == "" {
		l := m.LinkAt(g.target, g.container, g.product, at)
		return l.State, l.Event
	}
	c := m.ReachAt(g.provider, g.product, wall.Seen{Container: g.container, Form: wall.Phone}, at)
	if c.Signing != "" {
		c.State += "*"
	}
	return c.State, c.Event
}

func TestEachGateMovesOnItsDay(t *testing.T) {
	told := map[string]bool{}
	for _, g := range gates {
		at := day(t, g.date)
		told[g.event] = true
		for _, c := range []struct {
			at   time.Time
			want string
		}{{at.AddDate(0, 0, -1), g.before}, {at.Add(-time.Second), g.before}, {at, g.on}, {at.AddDate(0, 0, 1), g.on}} {
			if got, _ := g.ask(c.at); got != c.want {
				t.Errorf("%s: %+v at %s: got %s, want %s", g.event, g, wall.MomentOf(c.at), got, c.want)
			}
		}
		if _, event := g.ask(at); event != g.event {
			t.Errorf("%+v: the data says %q brought it about", g, event)
		}
		if _, event := g.ask(at.Add(-time.Second)); event == g.event {
			t.Errorf("%+v: the event was at work before its day", g)
		}
	}
	m := wall.Default()
	for _, c := range m.Cells() {
		if c.Event != "" && !told[c.Event] {
			t.Errorf("the gates of this test leave out %s", c.Event)
		}
	}
	for _, l := range m.Links() {
		if l.Event != "" && !told[l.Event] {
			t.Errorf("the gates of this test leave out %s", l.Event)
		}
	}
}

// TestEventsAreOnTheirDays holds the dates of cells and links against the timeline: whoever names an event begins, or the one before ends, within its days.
func TestEventsAreOnTheirDays(t *testing.T) {
	m := wall.Default()
	entries := map[string]wall.Entry{}
	for _, e := range m.Timeline() {
		entries[e.Event] = e
	}
	check := func(what, event string, from wall.Moment) {
		e := entries[event]
		last := max(e.Date, e.Until).Time().AddDate(0, 0, 31) // an opening may follow what was announced by some weeks
		if event != "" && (from == 0 || from < e.Date || from.Time().After(last)) {
			t.Errorf("%s begins on %q, its event %s was on %s", what, from, event, e.Date)
		}
	}
	for _, c := range m.Cells() {
		check(c.Provider+" "+c.Product+" in "+c.Container, c.Event, c.From)
	}
	for _, l := range m.Links() {
		check(l.Target+" in "+l.Container, l.Event, l.From)
	}
}

// TestHonestMarks keeps the corrections of the founding text in the data.
func TestHonestMarks(t *testing.T) {
	m := wall.Default()
	entry := func(event string) wall.Entry {
		for _, e := range m.Timeline() {
			if e.Event == event {
				return e
			}
		}
		t.Fatalf("no entry %s", event)
		return wall.Entry{}
	}
	if e := entry("alipay-stops-signing-in-wechat"); e.Evidence != wall.EvidenceOnce || e.Dates != wall.AboutBoth || !strings.Contains(e.Note, "no independent source for the exact day") {
		t.Errorf("13 Feb 2014 has no independent source for the day: %+v", e)
	}
	founding := m.ReachAt("alipay", "h5", wall.Seen{Container: "wechat", Form: wall.Phone}, day(t, "2014-02-18"))
	if founding.Evidence != wall.EvidenceOnce || founding.Dates != wall.AboutFrom || founding.ClosedBy != wall.ByProvider || founding.Signing != wall.SigningExisting {
		t.Errorf("the founding cell: %+v", founding)
	}
	later := m.ReachAt("alipay", "h5", wall.Seen{Container: "wechat", Form: wall.Phone}, day(t, "2026-11-22"))
	if later.Evidence != wall.EvidenceTwice || later.ClosedBy != wall.ByHost || later.WayOut != wall.WayBrowser || later.From != wall.MomentOf(day(t, "2015-02-02")) {
		t.Errorf("the same cell today: %+v", later)
	}
	if e := entry("nets-union"); e.Date.String() != "2017-08-04" || e.Until.String() != "2018-06-30" {
		t.Errorf("the Nets Union's notice is of 4 Aug 2017, its end on 30 Jun 2018: %+v", e)
	}
	for _, form := range []string{wall.Phone, wall.Desktop} {
		product := map[string]string{wall.Phone: "h5", wall.Desktop: "page"}[form]
		if c := m.Reach("tenpay", product, wall.Seen{Container: "browser-chrome", Form: form}); c.State != wall.StateUnknown || c.Evidence != wall.EvidenceUnknown {
			t.Errorf("TenPay's retirement is not verified, so today is unknown: %+v", c)
		}
	}
	for _, c := range m.Cells() {
		if c.Evidence == wall.EvidenceObservation {
			t.Errorf("no cell of the embedded table was observed by anybody: %+v", c)
		}
	}
}

// TestAlwaysAnswers walks every committed user agent through every day of change and every product: an answer always, and never a contradiction.
func TestAlwaysAnswers(t *testing.T) {
	m := wall.Default()
	states := map[string]bool{wall.StateWorks: true, wall.StateWayOut: true, wall.StateBlocked: true, wall.StateUnknown: true}
	var moments []time.Time
	for _, at := range append(m.Changes(), m.AsOf()) {
		moments = append(moments, at.Time().Add(-time.Second), at.Time())
	}
	products := append(m.Products(), wall.Product{Provider: "a-provider-of-next-year", Product: "h5"}, wall.Product{})
	asked := 0
	for _, s := range ownSamples(t) {
		seen := wall.Detect(s.UA)
		for _, at := range moments {
			open := false
			for _, p := range products {
				c := m.ReachAt(p.Provider, p.Product, seen, at)
				asked++
				if !states[c.State] || c.Evidence == "" || (c.WayOut != "") != (c.State == wall.StateWayOut) || c.Provider != p.Provider || c.Product != p.Product {
					t.Fatalf("%s %s in %+v at %s: %+v", p.Provider, p.Product, seen, at, c)
				}
				open = open || p.Kind == wall.KindOnline && c.State != wall.StateBlocked && c.Evidence != wall.EvidenceUnknown
			}
			if at.Year() >= 2014 && !open {
				t.Errorf("a dead end in %+v at %s", seen, at)
			}
		}
	}
	if asked < 100_000 {
		t.Errorf("only %d questions", asked)
	}
}

func TestReachIsFrozenAtTheDataDay(t *testing.T) {
	m := wall.Default()
	for _, c := range m.Cells() {
		seen := wall.Seen{Container: strings.TrimPrefix(c.Container, "family:"), Form: wall.Phone}
		if a, b := m.Reach(c.Provider, c.Product, seen), m.ReachAt(c.Provider, c.Product, seen, m.AsOf().Time()); a != b {
			t.Errorf("%+v and %+v", a, b)
		}
	}
	if seen := (wall.Seen{Container: "wechat", Form: wall.Phone}); m.At(day(t, "2009-01-01")).Reach("wechatpay", "jsapi", seen).State != wall.StateUnknown {
		t.Error("WeChat Pay answers before it existed")
	}
}

func TestReachAllocatesNothing(t *testing.T) {
	seen, at := wall.Seen{Container: "kuaishou", OS: "ios", Form: wall.Phone}, time.Date(2014, 2, 18, 0, 0, 0, 0, postern.Beijing)
	ua := ownSamples(t)[0].UA
	hints := map[string]string{"Sec-CH-UA-Platform": `"Android"`, "Sec-CH-UA-Mobile": "?1", "Sec-CH-UA": `"Chromium";v="131", "Android WebView";v="131"`}
	header := func(name string) string { return hints[name] }
	if n := testing.AllocsPerRun(100, func() {
		wall.ReachAt("alipay", "h5", seen, at)
		wall.Reach("nobody", "h5", wall.Seen{Container: "nowhere"})
		wall.DetectRequest(ua, header)
		wall.DetectRequest(androidChrome, header)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLinks(t *testing.T) {
	m := wall.Default()
	for host, want := range map[string]string{"item.taobao.com": "taobao", "m.tb.cn": "taobao", "TMALL.com.": "tmall", "mp.weixin.qq.com": "wechat", "haokan.baidu.com": "haokan"} {
		if got, ok := m.TargetOf(host); !ok || got.Target != want {
			t.Errorf("%s: got %q, want %s", host, got.Target, want)
		}
	}
	for _, host := range []string{"", "faketaobao.com", "taobao.com.example", "com"} {
		if got, ok := m.TargetOf(host); ok {
			t.Errorf("%s was taken for %s", host, got.Target)
		}
	}
	if l := m.LinkAt("nobody", "wechat", "chat", day(t, "2026-01-01")); l.State != wall.StateUnknown || l.Evidence != wall.EvidenceUnknown {
		t.Errorf("a target that nobody knows: %+v", l)
	}
}
