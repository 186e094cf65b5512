package tidy_test

import (
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"postern/internal/tidy"
)

// TestHouse holds the repository against every rule.
func TestHouse(t *testing.T) {
	tree, err := tidy.Load(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Go) < 100 {
		t.Fatalf("only %d Go files were read: the walk is wrong", len(tree.Go))
	}
	for _, rule := range tidy.Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			findings := rule.Check(tree)
			sort.Slice(findings, func(i, j int) bool { return findings[i].String() < findings[j].String() })
			for _, f := range findings {
				t.Error(f)
			}
			if len(findings) > 0 {
				t.Logf("why: %s", rule.Why)
			}
		})
	}
}

// breaks are small trees that each break a rule, with a part of the finding. Where a rule has several legs, each has its line.
var breaks = []struct {
	rule, want string
	files      map[string]string
}{
	{"imports", "the domain is the standard library", map[string]string{"a.go": "package postern\nimport _ \"golang.org/x/text\"\n"}},
	{"imports", "a wire format is bytes", map[string]string{"provider/alipay/wire/a.go": "package wire\nimport _ \"postern\"\n"}},
	{"imports", "agree with our mistakes", map[string]string{"provider/alipay/sandbox/a_test.go": "package sandbox\nimport _ \"postern/provider\"\n"}},
	{"imports", "never another provider", map[string]string{"provider/alipay/a.go": "package alipay\nimport _ \"postern/provider/tenpay/wire\"\n"}},
	{"imports", "never another provider, the store or the engine", map[string]string{"provider/alipay/a.go": "package alipay\nimport _ \"postern/store\"\n"}},
	{"imports", "below every door", map[string]string{"engine/a.go": "package engine\nimport _ \"postern/api\"\n"}},
	{"imports", "pages over the engine", map[string]string{"web/checkout/a.go": "package checkout\nimport _ \"postern/store\"\n"}},
	{"imports", "has no line in the table", map[string]string{"cellar/a.go": "package cellar\nimport _ \"postern\"\n"}},
	{"imports", "knows no queue", map[string]string{"store/a.go": "package store\nimport _ \"postern/queue\"\n"}},
	{"bans", "only queue imports River", map[string]string{"engine/a_test.go": "package engine\nimport _ \"github.com/riverqueue/river\"\n"}},
	{"bans", "only what assembles the switch", map[string]string{"web/checkout/a.go": "package checkout\nimport _ \"postern/provider/all\"\n"}},
	{"bans", "only store writes SQL", map[string]string{"api/a.go": "package api\nimport _ \"database/sql\"\n"}},
	{"bans", "no test code", map[string]string{"api/a.go": "package api\nimport _ \"testing\"\n"}},
	{"pure", "no context", map[string]string{"ledger/a.go": "package ledger\nimport _ \"context\"\n"}},
	{"pure", "engine knows no HTTP", map[string]string{"engine/a.go": "package engine\nimport \"net/http\"\nvar c http.Client\n"}},
	{"pure", "speak no HTTP", map[string]string{"store/a.go": "package store\nimport _ \"net/http\"\n"}},
	{"sql", "SQL outside store", map[string]string{"engine/a.go": "package engine\nconst q = `SELECT id\nFROM payments`\n"}},
	{"sql", "SQL outside store", map[string]string{"api/a.go": "package api\nconst q = \"UPDATE payments SET status = 1\"\n"}},
	{"names", "identifier isWeChatPay", map[string]string{"engine/a.go": "package engine\nfunc isWeChatPay() {}\n"}},
	{"names", "names a provider", map[string]string{"api/a.go": "package api\nconst p = \"alipay\"\n"}},
	{"names", "names a provider", map[string]string{"web/checkout/a.go": "package checkout\nconst p = \"tenpay\"\n", "wall/data/c.jsonl": "{\"container\": \"wechat\"}\n"}},
	{"names", "names a provider", map[string]string{"cmd/postern/a.go": "package main\ntype c struct { A string `toml:\"alipay_key\"` }\n"}},
	{"codes", "names the provider yidian", map[string]string{"provider/yidian/a.go": "package yidian\n", "sim/a.go": "package sim\nconst p = \"yidian\"\n"}},
	{"codes", "identifier isYidian names", map[string]string{"provider/yidian/a.go": "package yidian\n", "provider/providertest/a.go": "package providertest\nfunc isYidian() {}\n"}},
	{"codes", "names the provider yidian", map[string]string{"provider/yidian/a.go": "package yidian\n", "provider/other/a.go": "package other\nconst p = \"like yidian\"\n"}},
	{"codes", "a page, script or style names", map[string]string{"provider/yidian/a.go": "package yidian\n", "web/ui/a.css": ".yidian { color: red }\n"}},
	{"writes", "writes to the store (Commit)", map[string]string{"api/a.go": "package api\nfunc (a *API) f() { a.Store.Commit() }\n"}},
	{"writes", "writes to the store (SaveEndpoint)", map[string]string{"web/console/a.go": "package console\nfunc f() { store.SaveEndpoint() }\n"}},
	{"reveal", "inside provider/X only", map[string]string{"engine/a.go": "package engine\nfunc f(s interface{ Reveal() []byte }) { s.Reveal() }\n"}},
	{"reveal", "inside provider/X only", map[string]string{"provider/sandboxkit/a.go": "package sandboxkit\nfunc f(s interface{ Reveal() []byte }) { s.Reveal() }\n"}},
	{"outside", "time.Now", map[string]string{"engine/a.go": "package engine\nimport clock \"time\"\nvar n = clock.Now()\n"}},
	{"outside", "crypto/rand.Reader", map[string]string{"store/a.go": "package store\nimport \"crypto/rand\"\nvar r = rand.Reader\n"}},
	{"outside", "math/rand/v2.IntN", map[string]string{"webhook/a.go": "package webhook\nimport \"math/rand/v2\"\nvar r = rand.IntN(9)\n"}},
	{"outside", "os.Getenv", map[string]string{"api/a.go": "package api\nimport \"os\"\nvar e = os.Getenv(\"HOME\")\n"}},
	{"outside", "net/http.DefaultClient", map[string]string{"api/a.go": "package api\nimport \"net/http\"\nvar c = http.DefaultClient\n"}},
	{"floats", "float64 near money", map[string]string{"ledger/a.go": "package ledger\nvar x float64\n"}},
	{"floats", "ParseFloat near money", map[string]string{"provider/alipay/wire/a.go": "package wire\nimport \"strconv\"\nvar _, _ = strconv.ParseFloat(\"1\", 64)\n"}},
	{"floats", "number 0.1", map[string]string{"recon/a.go": "package recon\nvar fee = 0.1\n"}},
	{"interfaces", "engine.Clock", map[string]string{"engine/a.go": "package engine\ntype Clock interface{ Now() int64 }\n"}},
	{"mocks", "use the real thing", map[string]string{"engine/a_test.go": "package engine\ntype mockStore struct{}\n"}},
	{"mocks", "a mocking library", map[string]string{"engine/a_test.go": "package engine\nimport _ \"github.com/stretchr/testify/mock\"\n"}},
	{"size", "501 lines", map[string]string{"a.go": "package postern\n" + strings.Repeat("\n", 500)}},
	{"size", "f has 71 lines", map[string]string{"a.go": "package postern\nfunc f() {" + strings.Repeat("\n", 70) + "}\n"}},
	{"size", "f has 71 lines", map[string]string{"a.go": "package postern\nfunc f() {\n\tx := []int{1,\n2}" + strings.Repeat("\n", 68) + "}\n"}},
	{"marks", "unfinished", map[string]string{"web/a.css": "/* " + "TO" + "DO: colours */\n"}},
	{"package comments", "no file of engine", map[string]string{"engine/a.go": "package engine\n"}},
	{"exported comments", "Do has no comment", map[string]string{"a.go": "package postern\nfunc Do() {}\n"}},
	{"exported comments", "Do has no comment", map[string]string{"a.go": "package postern\ntype x struct{}\n\n// T is one.\ntype T[A any] struct{}\nfunc (x) Ok() {}\nfunc (t *T[A]) Do() {}\n"}},
	{"exported comments", "Max has no comment", map[string]string{"a.go": "package postern\nconst Max = 1\n"}},
	{"dependencies", "has no line of reason", map[string]string{"go.mod": "module postern\n\nrequire (\n\texample.com/lib v1.0.0\n\texample.com/far v1.0.0 // indirect\n)\n"}},
	{"dependencies", "no direct dependency", map[string]string{"go.mod": "module postern\n", "docs/dependencies.md": "| `example.com/gone` | once useful |\n"}},
	{"paths", "a path of one machine", map[string]string{"docs/a.md": "see /" + "work/notes.txt\n"}},
	{"links", "leads nowhere", map[string]string{"docs/a.md": "[x](b.md)\n"}},
	{"links", "names no heading", map[string]string{"docs/a.md": "# One thing\n[x](#another-thing)\n"}},
	{"why", "there is no test", map[string]string{"docs/why.md": "`engine.TestGone`\n", "store/a_test.go": "package store\nimport \"testing\"\nfunc TestGone(t *testing.T) {}\n"}},
	{"why", "there is no command dance", map[string]string{"docs/why.md": "`postern dance`\n", "cmd/postern/a.go": commandLine}},
	{"why", "no command or no test", map[string]string{"docs/why.md": "# Why\n\n## 1. One\n\n> They said so.\n\n`postern demo`\n", "cmd/postern/a.go": commandLine}},
	{"why", "there is no flag --twice", map[string]string{"docs/why.md": "`postern demo --twice`\n", "cmd/postern/a.go": commandLine}},
}

const commandLine = "package main\ntype cli struct {\n\tDemo demoCmd `cmd:\"\"`\n}\ntype demoCmd struct {\n\tReadyFile string `help:\"x\"`\n}\n"

// TestEveryRuleCanFail shows each rule something that breaks it.
func TestEveryRuleCanFail(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range breaks {
		seen[b.rule] = true
		findings := check(t, b.rule, b.files)
		if len(findings) == 0 {
			t.Errorf("%s: nothing was found in %v", b.rule, b.files)
			continue
		}
		if text := findings[0].String(); !strings.Contains(text, b.want) {
			t.Errorf("%s: found %q, want something about %q", b.rule, text, b.want)
		}
	}
	for _, rule := range tidy.Rules() {
		if !seen[rule.Name] || rule.Why == "" {
			t.Errorf("the rule %q has no example that breaks it, or no reason", rule.Name)
		}
	}
}

// TestRulesLetGoodCodePass shows the rules what they might wrongly catch.
func TestRulesLetGoodCodePass(t *testing.T) {
	for rule, files := range map[string]map[string]string{
		"imports":    {"provider/alipay/a.go": "package alipay\nimport _ \"postern/provider/alipay/wire\"\nimport _ \"postern\"\n", "web/checkout/a_test.go": "package checkout\nimport _ \"postern/store\"\n"},
		"size":       {"a_test.go": "package postern\nfunc f() {\n\tx := []int{\n" + strings.Repeat("\t\t1,\n", 80) + "\t}\n}\n"},
		"sql":        {"engine/a.go": "package engine\n// SELECT the best FROM what is there.\nconst s = \"select a wallet from the list; update your app\"\n", "store/a.go": "package store\nconst q = \"DELETE FROM x\"\n"},
		"names":      {"web/checkout/a.go": "package checkout\n// Alipay does so.\nconst c = \"wechat\"\n", "wall/data/c.jsonl": "{\"container\": \"wechat\"}\n", "engine/a_test.go": "package engine\nconst p = \"alipay\"\n"},
		"codes":      {"provider/yidian/a.go": "package yidian\nconst Code = \"yidian\"\n", "provider/all/a.go": "package all\nvar yidianMaker = 1\n", "sim/a_test.go": "package sim\nconst p = \"yidian\"\n", "sim/a.go": "package sim\nconst p = \"Yidian.com\"\n", "wall/data/p.jsonl": "{\"provider\": \"yidian\"}\n"},
		"outside":    {"cmd/postern/a.go": "package main\nimport \"time\"\nvar n = time.Now()\n", "engine/a.go": "package engine\ntype e struct{ Now func() int64 }\nfunc f(time e) { time.Now() }\n"},
		"interfaces": {"engine/a.go": "package engine\ntype number interface{ ~int | ~int64 }\nvar x interface{}\n"},
		"floats":     {"cmd/postern/a.go": "package main\nvar seconds float64\n"},
		"paths":      {"docs/a.md": "https://example.com/work/x and `GET /v1/tmp/x`\n"},
		"links":      {"docs/a.md": "# Keys, at rest\n[x](#keys-at-rest) [y](../b/) [z](https://example.com)\n```\n[not](a-link)\n```\n", "b/c.txt": "x"},
		"why":        {"docs/why.md": "`postern demo --ready-file F`, `store.TestX`, `TestX`\n", "store/a_test.go": "package store\nimport \"testing\"\nfunc TestX(t *testing.T) {}\n", "cmd/postern/a.go": commandLine},
	} {
		for _, f := range check(t, rule, files) {
			t.Errorf("%s: wrongly found %s", rule, f)
		}
	}
}

func check(t *testing.T, name string, files map[string]string) []tidy.Finding {
	t.Helper()
	raw := map[string][]byte{}
	for p, text := range files {
		raw[p] = []byte(text)
	}
	tree, err := tidy.Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range tidy.Rules() {
		if rule.Name == name {
			return rule.Check(tree)
		}
	}
	t.Fatalf("there is no rule %q", name)
	return nil
}
