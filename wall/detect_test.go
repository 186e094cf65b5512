package wall_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

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

func BenchmarkDetect(b *testing.B) {
	all := ownSamples(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		wall.Detect(all[i%len(all)].UA)
	}
}
