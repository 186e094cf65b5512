package console

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// families are the words of every family of pages, Chinese and English.
var families = map[string][2]any{
	"frame": {inChinese, inEnglish}, "sign": {signZH, signEN}, "people": {peopleZH, peopleEN}, "golive": {goLiveZH, goLiveEN}, "partner": {partnerZH, partnerEN}, "facade": {facadeZH, facadeEN},
}

func TestNoWordIsMissing(t *testing.T) {
	verbs := regexp.MustCompile(`%(\[\d\])?[sd]`)
	for family, both := range families {
		zh, en := reflect.ValueOf(both[0]), reflect.ValueOf(both[1])
		for i := range zh.NumField() {
			name := family + "." + zh.Type().Field(i).Name
			checkWord(t, verbs, name, label{zh.Field(i).String(), en.Field(i).String()})
		}
	}
	for name, said := range acts {
		checkWord(t, verbs, name, said)
	}
	for name, said := range refusals {
		checkWord(t, verbs, name, said)
	}
	for name, said := range labels {
		checkWord(t, verbs, name, said)
	}
}

func checkWord(t *testing.T, verbs *regexp.Regexp, name string, said label) {
	t.Helper()
	if said.zh == "" || said.en == "" {
		t.Errorf("%s: missing in one language: %q, %q", name, said.zh, said.en)
	}
	if len(verbs.FindAllString(said.zh, -1)) != len(verbs.FindAllString(said.en, -1)) {
		t.Errorf("%s: the languages take different values: %q, %q", name, said.zh, said.en)
	}
	if strings.ContainsAny(said.zh+said.en, "!！") || strings.Contains(said.en, "Oops") {
		t.Errorf("%s: no exclamation marks: %q, %q", name, said.zh, said.en)
	}
}

// TestEveryActHasWords finds the acts that the engine writes into audits, and wants words for each.
func TestEveryActHasWords(t *testing.T) {
	files, err := filepath.Glob("../../engine/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no engine", err)
	}
	act := regexp.MustCompile(`(?:e\.audit\(.*?|act:\s*)"([a-z]+\.[a-z_]+)"`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range act.FindAllStringSubmatch(string(text), -1) {
			found++
			if _, ok := acts[m[1]]; !ok {
				t.Errorf("%s: the act %s has no words", filepath.Base(file), m[1])
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d acts found: the pattern has gone stale", found)
	}
}
