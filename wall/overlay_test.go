package wall_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/wall"
)

const (
	shutH5   = `{"provider":"alipay","product":"h5","family":"browser","form":"phone","state":"blocked","valid_from":"2027-01-01","valid_to":"2027-02-01","closed_by":"provider","who":"Alipay","evidence":"observation"}`
	ownApp   = `{"container":"tea-shop","family":"app","any":["teashop/"],"zh":"茶铺","en":"Tea Shop","exit":"copy"}`
	teaWorks = `{"provider":"alipay","product":"h5","container":"tea-shop","state":"works","evidence":"observation","note":"Tried on two phones."}`
)

func TestOverlayWinsCellByCell(t *testing.T) {
	base := wall.Default()
	before := base.Cells()
	m, err := wall.Overlay(base, []byte("// ours\n"+`{"overlay":"tea"}`+"\n\n"+shutH5+"\n"+teaWorks+"\n"+ownApp+"\n"+
		`{"target":"taobao","container":"wechat","scene":"moments","state":"works","valid_from":"2027-01-01","evidence":"observation"}`+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	phone := wall.Seen{Container: "browser-safari", Form: wall.Phone}
	for _, c := range []struct {
		at, state string
		own       bool
	}{{"2026-12-31", "works", false}, {"2027-01-01", "blocked", true}, {"2027-01-31", "blocked", true}, {"2027-02-01", "works", false}, {"2040-01-01", "works", false}} {
		if got := m.ReachAt("alipay", "h5", phone, day(t, c.at)); got.State != c.state || got.Overlay != c.own {
			t.Errorf("%s: %+v, want %s", c.at, got, c.state)
		}
	}
	if got := m.ReachAt("alipay", "h5", phone, day(t, "2026-12-31")); got.Until != wall.MomentOf(day(t, "2027-01-01")) {
		t.Errorf("the cell below must end where the overlay begins: %+v", got)
	}
	if got := m.ReachAt("alipay", "page", phone, day(t, "2027-01-15")); got.Overlay {
		t.Errorf("a cell that the overlay does not name has changed: %+v", got)
	}
	tea := m.Detect("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 TeaShop/2.1")
	if tea.Container != "tea-shop" || tea.OS != "ios" || m.Reach("alipay", "h5", tea).State != "works" || m.Name("tea-shop").EN != "Tea Shop" || m.Reach("alipay", "jsapi", tea).State != "blocked" {
		t.Errorf("the operator's own container: %+v", tea)
	}
	for _, s := range ownSamples(t) {
		if got := m.Detect(s.UA); got != (wall.Seen{Container: s.Container, OS: s.OS, Form: s.Form}) {
			t.Errorf("a container of the base changed: %+v for %s", got, s.UA)
		}
	}
	if l := m.LinkAt("taobao", "wechat", "moments", day(t, "2027-03-01")); l.State != "works" || !l.Overlay {
		t.Errorf("the link: %+v", l)
	}
	if m.Version() != base.Version()+"+tea" {
		t.Errorf("version %s", m.Version())
	}
	if !slices.Equal(base.Cells(), before) || base.Detect("TeaShop/2.1").Container == "tea-shop" {
		t.Error("the base has changed")
	}
}

func TestCheckNamesTheLine(t *testing.T) {
	cell := func(rest string) string {
		return `{"provider":"alipay","product":"h5","container":"jd","state":"blocked","evidence":"practice"` + rest + `}`
	}
	for _, c := range []struct{ file, want string }{
		{"\n\nnonsense", "f:3: write one JSON object"},
		{`{"provider":"alipay","provider":"unionpay","state":"works"}`, "f:1: provider is written twice"},
		{cell("") + " {}", "f:1: bytes after the object"},
		{cell(`,"colour":"red"`), `f:1: json: unknown field "colour"`},
		{cell(`,"valid_from":"soon"`), `f:1: valid_from "soon"`},
		{cell(`,"valid_from":"2027-01-02","valid_to":"2027-01-01"`), "f:1: valid_to 2027-01-01 is not after valid_from 2027-01-02"},
		{cell(`,"valid_to":"2027-01-02"`) + "\n// between\n" + cell(`,"valid_from":"2027-01-01"`), `f:3: alipay h5 in jd from "2027-01-01" to "" overlaps line 1`},
		{cell(`,"closed_by":"fate","who":"us"`), `f:1: closed_by "fate"`},
		{cell(`,"event":"never"`), `f:1: event "never"`},
		{`{"provider":"alipay","product":"h5","family":"apps","state":"works","evidence":"practice"}`, `f:1: family "apps"`},
		{`{"provider":"alipay","product":"h5","container":"JD","state":"works","evidence":"practice"}`, `f:1: container "JD"`},
		{`{"container":"tea-shop","family":"app","any":["teashop/"]}`, "f:1: zh, en, exit"},
		{`{"container":"tea-shop","family":"app","any":[],"zh":"茶","en":"Tea","exit":"copy"}`, "f:1: any, all"},
		{`{"container":"wechat","family":"browser","any":["teashop/"]}`, `f:1: family "browser": an earlier line put`},
		{`{"target":"taobao","container":"jd","state":"works","evidence":"practice"}` + "\n" + `{"target":"taobao","container":"jd","state":"blocked","evidence":"practice"}`, "f:2: a link to taobao in jd"},
		{`{"target":"taobao","container":"jd","scene":"shelf","state":"works","evidence":"practice"}`, `f:1: scene "shelf"`},
		{`{"overlay":"a"}` + "\n" + `{"overlay":"b"}`, `f:2: overlay "b"`},
		{`{"provider":"alipay","zh":"支付宝","en":"Alipay"}`, `f:1: provider "alipay" is written twice`},
		{`{"hello":"world"}`, "f:1: not a line of an overlay"},
	} {
		m, problems := wall.Check(wall.Default(), "f", []byte(c.file))
		if m != nil || len(problems) == 0 || !slices.ContainsFunc(problems, func(p wall.Problem) bool { return !p.Warning && strings.HasPrefix(p.String(), c.want) }) {
			t.Errorf("%s\ngot %v\nwant %s", c.file, problems, c.want)
		}
	}
	_, err := wall.Overlay(wall.Default(), []byte("x\n"+shutH5+"\ny\n"))
	if err == nil || err.Error() != "overlay:1: write one JSON object on the line, or begin a comment with //\noverlay:3: write one JSON object on the line, or begin a comment with //" {
		t.Errorf("every bad line must be named: %v", err)
	}
}

func TestCheckWarns(t *testing.T) {
	shut := func(provider, product, where, form string) string {
		return `{"provider":"` + provider + `","product":"` + product + `",` + where + form + `,"state":"blocked","valid_from":"2027-01-01","evidence":"practice"}` + "\n"
	}
	wechat := `"container":"wechat"`
	var everything strings.Builder
	for _, p := range wall.Default().Products() {
		everything.WriteString(shut(p.Provider, p.Product, wechat, ""))
	}
	for _, c := range []struct{ file, want string }{
		{`{"provider":"newpay","product":"h5","container":"jd","state":"works","evidence":"observation"}`, "f:1: warning: provider, product: newpay h5 is not in products.jsonl; the line is kept"},
		{`{"provider":"alipay","product":"h5","container":"jd-next","state":"works","evidence":"observation"}`, `f:1: warning: container "jd-next"`},
		{`{"target":"newshop","container":"jd","state":"works","evidence":"observation"}`, `f:1: warning: target "newshop"`},
		{shut("wechatpay", "h5", `"family":"app"`, ""), "f:1: warning: wechatpay h5 in family:app does not touch"},
		{shut("alipay", "h5", wechat, "") + shut("alipay", "native", wechat, ""), "f:2: warning: from 2027-01-01 alipay has no way left in wechat (phone), wechat (tablet)"},
		{everything.String(), "warning: from 2027-01-01 nothing on the map can be paid with any more in wechat (phone), wechat (tablet), wechat (desktop)"},
	} {
		m, problems := wall.Check(wall.Default(), "f", []byte(c.file))
		if m == nil || !slices.ContainsFunc(problems, func(p wall.Problem) bool { return p.Warning && strings.Contains(p.String(), c.want) }) {
			t.Errorf("%s\ngot %v\nwant %s", c.file, problems, c.want)
		}
	}
	m, problems := wall.Check(wall.Default(), "f", []byte(`{"provider":"newpay","zh":"新","en":"New"}`+"\n"+`{"provider":"newpay","product":"h5","zh":"网","en":"web"}`+"\n"+`{"provider":"newpay","product":"h5","container":"jd","state":"works","evidence":"observation"}`))
	if m == nil || len(problems) != 0 || m.Reach("newpay", "h5", wall.Seen{Container: "jd"}).State != "works" {
		t.Errorf("a provider that the overlay names itself: %v", problems)
	}
}

// TestHolderKeepsTheLastGood swaps good and bad files while others read.
func TestHolderKeepsTheLastGood(t *testing.T) {
	h := wall.NewHolder(wall.Default())
	phone, at := wall.Seen{Container: "browser-safari", Form: wall.Phone}, day(t, "2027-01-15")
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if s := h.ReachAt("alipay", "h5", phone, at).State; s != "works" && s != "blocked" {
						t.Errorf("a reader saw %q", s)
						return
					}
				}
			}
		})
	}
	for range 10 {
		if changed, problems := h.Load("o", []byte(shutH5)); !changed || len(problems) != 0 {
			t.Fatal(changed, problems)
		}
		if changed, _ := h.Load("o", []byte(shutH5)); changed {
			t.Error("the same bytes are no change")
		}
		for _, bad := range []string{shutH5 + "\n{", shutH5 + "\n" + shutH5, "\x00"} {
			if changed, problems := h.Load("o", []byte(bad)); changed || len(problems) == 0 || h.ReachAt("alipay", "h5", phone, at).State != "blocked" || string(h.File()) != shutH5 {
				t.Errorf("a bad file must change nothing: %v %v", changed, problems)
			}
		}
		if changed, _ := h.Load("o", nil); !changed || h.ReachAt("alipay", "h5", phone, at).State != "works" || h.File() != nil || h.Map() != wall.Default() {
			t.Error("an empty file must take the overlay away")
		}
	}
	close(done)
	readers.Wait()
}

func FuzzOverlay(f *testing.F) {
	for _, s := range []string{shutH5, ownApp, teaWorks, shutH5 + "\n" + teaWorks + "\n" + ownApp, `{"overlay":"x"}`, `{"provider":"alipay","product":"h5","container":"jd","state":"works","evidence":"practice","valid_from":"2199-12-31"}`} {
		f.Add(s)
	}
	seen := wall.Seen{Container: "wechat", Form: wall.Phone}
	f.Fuzz(func(t *testing.T, file string) {
		m, problems := wall.Check(wall.Default(), "f", []byte(file))
		if bad := slices.ContainsFunc(problems, func(p wall.Problem) bool { return !p.Warning }); bad != (m == nil) {
			t.Fatalf("a map with errors, or none without: %v", problems)
		}
		if m == nil {
			return
		}
		for _, at := range m.Changes() {
			if m.ReachAt("alipay", "h5", seen, at.Time()).State == "" || m.Detect(file).Container == "" {
				t.Fatal("a map that holds must answer")
			}
		}
	})
}

func BenchmarkOverlay(b *testing.B) {
	file := []byte(shutH5 + "\n" + teaWorks + "\n" + ownApp)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wall.Overlay(wall.Default(), file); err != nil {
			b.Fatal(err)
		}
	}
}

func TestMoment(t *testing.T) {
	for text, want := range map[string]string{"2014-02-13": "2014-02-13", "2014-02-12T16:00:00Z": "2014-02-13", "2014-02-13T12:30:00+08:00": "2014-02-13T12:30:00+08:00", "": ""} {
		if m, err := wall.ParseMoment(text); err != nil || m.String() != want {
			t.Errorf("%q: got %q, %v", text, m, err)
		}
	}
	for _, text := range []string{"13 Feb 2014", "2014-02-30", "1989-12-31", "2200-01-01", "2014-02-13T12:30:00", "0001-01-01"} {
		if m, err := wall.ParseMoment(text); err == nil {
			t.Errorf("%q was read as %s", text, m)
		}
	}
	s := wall.Span{From: wall.MomentOf(time.Unix(100, 0)), Until: wall.MomentOf(time.Unix(200, 0))}
	for at, want := range map[int64]bool{99: false, 100: true, 199: true, 200: false} {
		if s.Holds(wall.Moment(at)) != want {
			t.Errorf("at %d: %v", at, !want)
		}
	}
}
