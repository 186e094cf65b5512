package all_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postern/provider"
	"postern/provider/all"
)

// doctorMark stands where the table of mistakes begins in the document.
const doctorMark = "<!-- the table below is written by the test of it -->\n"

// TestDoctorDocument holds the table of docs/doctor.md against what the doctors can say, in both directions.
func TestDoctorDocument(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "doctor.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(text), doctorMark)
	if !found {
		t.Fatalf("%s has no mark", path)
	}
	if want := head + doctorMark + mistakesTable(); want != string(text) {
		if !*update {
			t.Fatalf("%s is not what the code says; run the test with -update", path)
		}
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// mistakesTable writes the common mistakes once, and then each provider's own.
func mistakesTable() string {
	var b strings.Builder
	common := map[string]bool{}
	table := func(title string, list provider.Mistakes) {
		b.WriteString("\n### " + title + "\n\n| code | what is wrong, and the remedy | 说明 |\n|---|---|---|\n")
		for _, m := range list {
			hole := strings.NewReplacer("{}", "…", "|", "\\|", "<", "&lt;")
			b.WriteString("| `" + m.Code + "` | " + hole.Replace(m.EN) + " | " + hole.Replace(m.ZH) + " |\n")
		}
	}
	table("Any provider", provider.CommonMistakes)
	for _, m := range provider.CommonMistakes {
		common[m.Code] = true
	}
	for _, code := range all.Registry().Codes() {
		d, ok := all.Registry()[code].(provider.Diagnoser)
		if !ok {
			continue
		}
		var own provider.Mistakes
		for _, m := range d.Mistakes() {
			if !common[m.Code] {
				own = append(own, m)
			}
		}
		table(all.Registry()[code].Describe().NameEN, own)
	}
	return b.String()
}

// TestDoctorsWords: each sentence is whole, and each code that the source uses has one.
func TestDoctorsWords(t *testing.T) {
	listed := map[string]bool{}
	for _, code := range all.Registry().Codes() {
		d, ok := all.Registry()[code].(provider.Diagnoser)
		if !ok {
			continue
		}
		seen := map[string]bool{}
		for _, m := range d.Mistakes() {
			if seen[m.Code] || !strings.HasSuffix(m.ZH, "。") || !strings.HasSuffix(m.EN, ".") || strings.ContainsAny(strings.ReplaceAll(m.ZH+m.EN, "<![CDATA[", ""), "!！") || strings.Count(m.ZH, "{}") != strings.Count(m.EN, "{}") {
				t.Errorf("%s: %s: twice, or not a sentence in both languages", code, m.Code)
			}
			seen[m.Code], listed[m.Code] = true, true
		}
	}
	used := regexp.MustCompile(`(?:Note|Remark|Blame|BlameFirst|Doubt|Head|Each|way|around|flag|suffix|body|fit|after|only|add|Accept)\((?:r, )?"([a-z0-9_]{4,})"|Code: "([a-z0-9_]+)"|EmptyAxis\("(\w+)", "(\w+)"\)`)
	files, err := filepath.Glob("../*/doctor*.go")
	shared, err2 := filepath.Glob("../doctor*.go")
	if err != nil || err2 != nil || len(files) < 6 || len(shared) < 6 {
		t.Fatal(files, shared, err, err2)
	}
	codes := 0
	for _, path := range append(files, shared...) {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_words.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllStringSubmatch(string(source), -1) {
			for _, code := range m[1:] {
				if code != "" && !listed[code] {
					t.Errorf("%s uses %s, which has no words", path, code)
				}
				if code != "" {
					codes++
				}
			}
		}
	}
	if codes < 120 {
		t.Errorf("only %d codes are used: the pattern sees too little", codes)
	}
}
