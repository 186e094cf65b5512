package wall_test

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"postern/wall"
)

// sample is one user agent with its right answer; extra fields of outside files are ignored.
type sample struct {
	UA        string `json:"ua"`
	Container string `json:"container"`
	OS        string `json:"os"`
	Form      string `json:"form"`
}

func ownSamples(t testing.TB) []sample {
	t.Helper()
	f, err := os.Open("testdata/useragents.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []sample
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var s sample
		if err := json.Unmarshal(sc.Bytes(), &s); err != nil {
			t.Fatalf("line %d: %v", len(all)+1, err)
		}
		all = append(all, s)
	}
	return all
}

func TestDetectOwnSamples(t *testing.T) {
	answered := map[string]bool{}
	for _, s := range ownSamples(t) {
		want := wall.Seen{Container: s.Container, OS: s.OS, Form: s.Form}
		if got := wall.Detect(s.UA); got != want {
			t.Errorf("got %+v, want %+v for\n%s", got, want, s.UA)
		}
		if got := wall.Detect(strings.ToUpper(s.UA)); got != want {
			t.Errorf("in capitals: got %+v, want %+v for\n%s", got, want, s.UA)
		}
		answered[s.Container] = true
	}
	for _, c := range wall.Default().Containers() {
		if !answered[c] {
			t.Errorf("container %s has no user agent in testdata/useragents.jsonl", c)
		}
	}
}

// TestOutsideFile scores the rules on a file that is not ours: POSTERN_UA_FILE names a JSON array of {ua, container, os}.
func TestOutsideFile(t *testing.T) {
	path := os.Getenv("POSTERN_UA_FILE")
	if path == "" {
		t.Skip("POSTERN_UA_FILE is not set: no outside user agents to score")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	right, sameOS := 0, 0
	for _, s := range all {
		got := wall.Detect(s.UA)
		if got.Container == s.Container {
			right++
		} else {
			t.Errorf("got %s, the file says %s for\n%s", got.Container, s.Container, s.UA)
		}
		if got.OS == s.OS {
			sameOS++
		} else {
			t.Logf("os: got %s, the file says %s for\n%s", got.OS, s.OS, s.UA)
		}
	}
	t.Logf("containers %d/%d, operating systems %d/%d", right, len(all), sameOS, len(all))
}

func TestDetectOddStrings(t *testing.T) {
	for ua, want := range map[string]wall.Seen{
		"":                        {Container: "unknown", OS: "unknown", Form: "phone"},
		"curl/8.5.0":              {Container: "unknown", OS: "unknown", Form: "phone"},
		"\x01 jdapp;iPhone":       {Container: "jd", OS: "ios", Form: "phone"},
		"^jdapp;iPhone":           {Container: "unknown", OS: "ios", Form: "phone"},
		"Mozilla/5.0 \xff\xfe 微信": {Container: "browser-other", OS: "unknown", Form: "desktop"},
		strings.Repeat("Mozilla/5.0 ", 10000) + "MicroMessenger/8": {Container: "browser-other", OS: "unknown", Form: "desktop"},
	} {
		if got := wall.Detect(ua); got != want {
			t.Errorf("got %+v, want %+v for %.60q", got, want, ua)
		}
	}
}

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
				used[m.Reach(c.Provider, c.Product, wall.Seen{Container: container, Form: form})] = true
			}
		}
	}
	for _, c := range cells {
		if !used[c] {
			t.Errorf("no buyer can ever meet this cell: %+v", c)
		}
	}
}

func TestNamesAndPresets(t *testing.T) {
	m := wall.Default()
	if n := m.Name("douyin"); n.ZH != "抖音" || n.EN != "Douyin" || n.Exit != wall.ExitMenu {
		t.Errorf("douyin: %+v", n)
	}
	if n := m.Name("an-app-of-next-year"); n.EN != "this app" || n.Exit != wall.ExitCopy {
		t.Errorf("an unknown container: %+v", n)
	}
	for word, want := range map[string]string{"wechat": "wechat", "alipay": "alipay", "browser": "browser-safari", "douyin": "douyin", "desktop": "browser-edge"} {
		p, ok := m.Preset(word)
		if got := m.Detect(p.UA).Container; !ok || got != want {
			t.Errorf("preset %s stands for %s, want %s", word, got, want)
		}
	}
	if _, ok := m.Preset("nobody"); ok {
		t.Error("a preset that is not in the data was found")
	}
	if len(m.Presets()) < 5 {
		t.Errorf("only %d presets", len(m.Presets()))
	}
}

func good() fstest.MapFS {
	return fstest.MapFS{
		"families.jsonl":   {Data: []byte("{\"family\":\"app\"}\n{\"family\":\"unknown\"}\n")},
		"containers.jsonl": {Data: []byte("// one app\n{\"container\":\"one\",\"family\":\"app\",\"any\":[\"one/\"]}\n\n{\"container\":\"unknown\",\"family\":\"unknown\"}\n")},
		"systems.jsonl":    {Data: []byte(`{"os":"unknown"}`)},
		"forms.jsonl":      {Data: []byte(`{"form":"phone"}`)},
		"names.jsonl":      {Data: []byte("{\"container\":\"one\",\"zh\":\"一\",\"en\":\"One\",\"exit\":\"menu\"}\n{\"container\":\"unknown\",\"zh\":\"这里\",\"en\":\"here\",\"exit\":\"copy\"}\n")},
		"presets.jsonl":    {Data: []byte(`{"preset":"one","zh":"一","en":"One","ua":"One/1"}`)},
		"reach.jsonl":      {Data: []byte(`{"provider":"p","product":"h5","family":"app","state":"works","evidence":"practice"}`)},
	}
}

func TestLoadNamesTheLine(t *testing.T) {
	if _, err := wall.Load(good()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, data, want string }{
		{"families.jsonl", `{"family":"App"}`, `families.jsonl:1: family "App"`},
		{"families.jsonl", `{"family":"app","parent":"above"}`, `families.jsonl:1: parent "above"`},
		{"families.jsonl", "{\"family\":\"app\"}\n{\"family\":\"app\"}", `families.jsonl:2: family "app" is written twice`},
		{"containers.jsonl", "\n{\"container\":\"one\"", "containers.jsonl:2: unexpected EOF"},
		{"containers.jsonl", "\n\n{\"container\":\"one\",\"famly\":\"app\"}", `containers.jsonl:3: json: unknown field "famly"`},
		{"containers.jsonl", `{"container":"one","family":"app"} {}`, "containers.jsonl:1: bytes after the object"},
		{"containers.jsonl", `{"container":"one","family":"apps"}`, `containers.jsonl:1: family "apps"`},
		{"containers.jsonl", `{"container":"one","family":"app","any":["One/"]}`, `containers.jsonl:1: any token "One/"`},
		{"containers.jsonl", `{"container":"one","family":"app","any":["一个"]}`, `containers.jsonl:1: any token "一个"`},
		{"containers.jsonl", `{"container":"one","family":"app","all":["one/"],"none":["one/"]}`, "containers.jsonl:1: none:"},
		{"containers.jsonl", `{"container":"one","family":"app","any":["one/"]}`, "containers.jsonl: the last rule must have no tokens"},
		{"containers.jsonl", "{\"container\":\"one\",\"family\":\"app\"}\n{\"container\":\"two\",\"family\":\"app\",\"any\":[\"two/\"]}", "containers.jsonl:2: this rule can never be reached"},
		{"containers.jsonl", "{\"container\":\"one\",\"family\":\"app\",\"any\":[\"one/\"]}\n{\"container\":\"one\",\"family\":\"unknown\"}", `containers.jsonl:2: family "unknown"`},
		{"systems.jsonl", `{"os":"ios","form":"phone"}`, "systems.jsonl:1: an os rule"},
		{"forms.jsonl", `{"form":"watch"}`, `forms.jsonl:1: form "watch"`},
		{"names.jsonl", `{"container":"two","zh":"二","en":"Two","exit":"menu"}`, `names.jsonl:1: container "two"`},
		{"names.jsonl", `{"container":"one","zh":"一","en":"","exit":"menu"}`, "names.jsonl:1: zh, en"},
		{"names.jsonl", `{"container":"one","zh":"一","en":"One","exit":"door"}`, `names.jsonl:1: exit "door"`},
		{"names.jsonl", `{"container":"one","zh":"一","en":"One","exit":"menu"}`, `names.jsonl: container "unknown" has no line`},
		{"presets.jsonl", `{"preset":"one","zh":"一","en":"One"}`, "presets.jsonl:1: ua, zh, en"},
		{"presets.jsonl", "{\"preset\":\"one\",\"ua\":\"x\"}\n{\"preset\":\"one\",\"ua\":\"x\"}", `presets.jsonl:2: preset "one" is written twice`},
		{"reach.jsonl", `{"provider":"p","product":"h5","family":"app","state":"way_out","evidence":"practice"}`, `reach.jsonl:1: way_out ""`},
		{"reach.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","way_out":"browser","evidence":"practice"}`, `reach.jsonl:1: way_out "browser"`},
		{"reach.jsonl", `{"provider":"p","product":"h5","family":"app","state":"maybe","evidence":"practice"}`, `reach.jsonl:1: state "maybe"`},
		{"reach.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","evidence":"attested_once"}`, "reach.jsonl:1: source:"},
		{"reach.jsonl", `{"provider":"p","product":"h5","container":"two","state":"works","evidence":"practice"}`, `reach.jsonl:1: container "two"`},
		{"reach.jsonl", `{"provider":"p","product":"h5","container":"one","family":"app","state":"works","evidence":"practice"}`, "reach.jsonl:1: container, family"},
	} {
		fsys := good()
		fsys[c.file] = &fstest.MapFile{Data: []byte(c.data)}
		if _, err := wall.Load(fsys); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s with %s: got error %v, want it to begin with %s", c.file, c.data, err, c.want)
		}
	}
	missing := good()
	delete(missing, "reach.jsonl")
	if _, err := wall.Load(missing); err == nil || !strings.Contains(err.Error(), "reach.jsonl") {
		t.Errorf("a missing file: got %v", err)
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range ownSamples(f) {
		f.Add(s.UA)
	}
	f.Add("")
	f.Add("\x01\x01 ^jdapp;")
	known := map[string]bool{}
	for _, c := range wall.Default().Containers() {
		known[c] = true
	}
	f.Fuzz(func(t *testing.T, ua string) {
		got := wall.Detect(ua)
		if !known[got.Container] || got.OS == "" || got.Form != wall.Phone && got.Form != wall.Tablet && got.Form != wall.Desktop {
			t.Fatalf("no proper answer for %q: %+v", ua, got)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add("containers.jsonl", `{"container":"one","family":"app","any":["^one/"," two"]}`)
	f.Add("reach.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","evidence":"practice"}`)
	f.Fuzz(func(t *testing.T, file, data string) {
		fsys := good()
		if _, ours := fsys[file]; !ours || !fs.ValidPath(file) {
			t.Skip()
		}
		fsys[file] = &fstest.MapFile{Data: []byte(data)}
		if m, err := wall.Load(fsys); err == nil && m.Detect(data).Container == "" {
			t.Fatal("a map that loads must answer every string")
		}
	})
}

func BenchmarkDetect(b *testing.B) {
	all := ownSamples(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		wall.Detect(all[i%len(all)].UA)
	}
}

func BenchmarkReach(b *testing.B) {
	seen := wall.Seen{Container: "kuaishou", OS: "ios", Form: wall.Phone}
	b.ReportAllocs()
	for b.Loop() {
		wall.Reach("alipay", "h5", seen)
	}
}
