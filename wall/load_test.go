package wall_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"postern/wall"
)

func good() fstest.MapFS {
	return fstest.MapFS{
		"families.jsonl":   {Data: []byte("{\"family\":\"app\"}\n{\"family\":\"unknown\"}\n")},
		"containers.jsonl": {Data: []byte("// one app\n{\"container\":\"one\",\"family\":\"app\",\"any\":[\"one/\"]}\n\n{\"container\":\"unknown\",\"family\":\"unknown\"}\n")},
		"systems.jsonl":    {Data: []byte(`{"os":"unknown"}`)},
		"forms.jsonl":      {Data: []byte(`{"form":"phone"}`)},
		"names.jsonl":      {Data: []byte("{\"container\":\"one\",\"zh\":\"一\",\"en\":\"One\",\"exit\":\"menu\"}\n{\"container\":\"unknown\",\"zh\":\"这里\",\"en\":\"here\",\"exit\":\"copy\"}\n")},
		"presets.jsonl":    {Data: []byte(`{"preset":"one","zh":"一","en":"One","ua":"One/1"}`)},
		"cells.jsonl":      {Data: []byte(`{"provider":"p","product":"h5","family":"app","state":"works","evidence":"practice"}`)},
		"version.jsonl":    {Data: []byte(`{"format":1,"version":"one","date":"2026-11-22"}`)},
		"packages.jsonl":   {Data: []byte(`{"package":"org.one","container":"one","evidence":"practice"}`)},
		"products.jsonl":   {Data: []byte("{\"provider\":\"p\",\"zh\":\"某\",\"en\":\"P\"}\n{\"provider\":\"p\",\"product\":\"h5\",\"zh\":\"网\",\"en\":\"web\"}\n")},
		"timeline.jsonl":   {Data: []byte(`{"event":"gate","date":"2014-02-13","en":"A gate.","zh":"门。","who":"P","evidence":"practice"}`)},
		"targets.jsonl":    {Data: []byte(`{"target":"shop","zh":"店","en":"Shop","hosts":["shop.test"]}`)},
		"codes.jsonl":      {Data: []byte(`{"provider":"p","prefixes":["10"],"from":18,"to":18,"evidence":"practice"}`)},
		"links.jsonl":      {Data: []byte(`{"target":"shop","container":"one","state":"works","evidence":"practice"}`)},
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
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"way_out","evidence":"practice"}`, `cells.jsonl:1: way_out ""`},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","way_out":"browser","evidence":"practice"}`, `cells.jsonl:1: way_out "browser"`},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"maybe","evidence":"practice"}`, `cells.jsonl:1: state "maybe"`},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","evidence":"attested_once"}`, "cells.jsonl:1: source:"},
		{"cells.jsonl", `{"provider":"p","product":"h5","container":"two","state":"works","evidence":"practice"}`, `cells.jsonl:1: container "two"`},
		{"cells.jsonl", `{"provider":"p","product":"h5","container":"one","family":"app","state":"works","evidence":"practice"}`, "cells.jsonl:1: container, family"},
		{"cells.jsonl", `{"provider":"p","product":"h6","family":"app","state":"works","evidence":"practice"}`, "cells.jsonl:1: provider, product: p h6"},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","valid_from":"2014-2-13","evidence":"practice"}`, `cells.jsonl:1: valid_from "2014-2-13"`},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","valid_from":"2014-02-13","valid_to":"2014-02-13","evidence":"practice"}`, "cells.jsonl:1: valid_to 2014-02-13 is not after"},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","dates":"about","evidence":"practice"}`, `cells.jsonl:1: dates "about"`},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"blocked","closed_by":"host","evidence":"practice"}`, "cells.jsonl:1: who"},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","closed_by":"host","who":"P","evidence":"practice"}`, "cells.jsonl:1: closed_by, who"},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"blocked","signing":"existing","evidence":"practice"}`, `cells.jsonl:1: signing "existing"`},
		{"cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"blocked","evidence":"practice","event":"gone"}`, `cells.jsonl:1: event "gone"`},
		{"cells.jsonl", "{\"provider\":\"p\",\"product\":\"h5\",\"family\":\"app\",\"state\":\"blocked\",\"valid_to\":\"2015-01-01\",\"evidence\":\"practice\"}\n{\"provider\":\"p\",\"product\":\"h5\",\"family\":\"app\",\"state\":\"works\",\"valid_from\":\"2014-12-31\",\"evidence\":\"practice\"}", "cells.jsonl:2: p h5 in family:app from"},
		{"version.jsonl", `{"format":2,"version":"one","date":"2026-11-22"}`, "version.jsonl:1: format, version, date"},
		{"version.jsonl", `// nothing`, "version.jsonl: write one line"},
		{"packages.jsonl", `{"package":"org.One","container":"one","evidence":"practice"}`, `packages.jsonl:1: package "org.One"`},
		{"packages.jsonl", `{"package":"org.two","container":"two","evidence":"practice"}`, `packages.jsonl:1: container "two"`},
		{"products.jsonl", `{"provider":"p","product":"h5","zh":"网","en":"web"}`, `products.jsonl:1: provider "p": name the provider`},
		{"timeline.jsonl", `{"event":"gate","date":"2014-02-30","en":"A gate.","zh":"门。","who":"P","evidence":"practice"}`, `timeline.jsonl:1: "2014-02-30"`},
		{"timeline.jsonl", `{"event":"gate","date":"2014-02-13","en":"A gate.","who":"P","evidence":"practice"}`, "timeline.jsonl:1: en, zh, who"},
		{"targets.jsonl", `{"target":"shop","zh":"店","en":"Shop","hosts":["https://shop.test"]}`, "targets.jsonl:1: hosts"},
		{"codes.jsonl", `{"provider":"cash","prefixes":["10"],"from":18,"to":18,"evidence":"practice"}`, `codes.jsonl:1: provider "cash"`},
		{"codes.jsonl", `{"provider":"p","prefixes":[],"from":18,"to":18,"evidence":"practice"}`, `codes.jsonl:1: prefixes`},
		{"codes.jsonl", `{"provider":"p","prefixes":["1x"],"from":18,"to":18,"evidence":"practice"}`, `codes.jsonl:1: prefix "1x"`},
		{"codes.jsonl", `{"provider":"p","prefixes":["10"],"from":18,"to":17,"evidence":"practice"}`, `codes.jsonl:1: from, to`},
		{"codes.jsonl", `{"provider":"p","prefixes":["10"],"from":18,"to":18,"evidence":"attested_once"}`, `codes.jsonl:1: evidence "attested_once"`},
		{"links.jsonl", `{"target":"mall","container":"one","state":"works","evidence":"practice"}`, `links.jsonl:1: target "mall"`},
		{"links.jsonl", `{"target":"shop","container":"one","scene":"shelf","state":"works","evidence":"practice"}`, `links.jsonl:1: scene "shelf"`},
		{"links.jsonl", "{\"target\":\"shop\",\"container\":\"one\",\"state\":\"works\",\"evidence\":\"practice\"}\n{\"target\":\"shop\",\"container\":\"one\",\"state\":\"blocked\",\"evidence\":\"practice\"}", "links.jsonl:2: a link to shop in one from"},
	} {
		fsys := good()
		fsys[c.file] = &fstest.MapFile{Data: []byte(c.data)}
		if _, err := wall.Load(fsys); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s with %s: got error %v, want it to begin with %s", c.file, c.data, err, c.want)
		}
	}
	missing := good()
	delete(missing, "cells.jsonl")
	if _, err := wall.Load(missing); err == nil || !strings.Contains(err.Error(), "cells.jsonl") {
		t.Errorf("a missing file: got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("containers.jsonl", `{"container":"one","family":"app","any":["^one/"," two"]}`)
	f.Add("cells.jsonl", `{"provider":"p","product":"h5","family":"app","state":"works","evidence":"practice"}`)
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
