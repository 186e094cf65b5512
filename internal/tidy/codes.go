package tidy

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// notProviders are the folders below provider that are none.
var notProviders = []string{"all", "providertest", "sandboxkit"}

// providers lists the codes of this binary's providers: the folders below provider.
func (t *Tree) providers() []string {
	seen := map[string]bool{}
	for _, f := range t.Go {
		parts := strings.Split(f.Dir, "/")
		if len(parts) == 2 && parts[0] == "provider" && !slices.Contains(notProviders, parts[1]) {
			seen[parts[1]] = true
		}
	}
	codes := make([]string, 0, len(seen))
	for code := range seen {
		codes = append(codes, code)
	}
	sort.Strings(codes)
	return codes
}

// checkCodes finds a provider's code outside its own folder and the one list: in an identifier as a part of it, in a literal as a word. Pages, scripts and styles
// are bound as well. Tests are free, and so is what is data: the wall map, the market's mix, a story. So a provider that is added or taken away is its folder, one line, and data.
func checkCodes(t *Tree) []Finding {
	var bad []Finding
	for _, code := range t.providers() {
		word := regexp.MustCompile(`\b` + code + `\b`)
		for _, f := range t.Go {
			if f.Test || under(f.Dir, path.Join("provider", code)) || under(f.Dir, "provider/all") || suiteData[f.Dir] {
				continue
			}
			ast.Inspect(f.AST, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && strings.Contains(strings.ToLower(id.Name), code) {
					bad = append(bad, t.at(f, id.Pos(), "the identifier %s names the provider %s outside its folder; take it from the Description", id.Name, code))
				}
				return true
			})
			for _, l := range f.literals() {
				if word.MatchString(l.name) {
					bad = append(bad, t.at(f, l.pos, "the text %.60q names the provider %s outside its folder; take it from the Description", l.name, code))
				}
			}
		}
		for p, text := range t.Text {
			if page.MatchString(p) && !vendored(p) && !strings.HasPrefix(p, "provider/") && !strings.Contains(p, "testdata/") && word.MatchString(text) {
				bad = append(bad, Finding{p, 1, "a page, script or style names the provider " + code})
			}
		}
	}
	return bad
}

var page = regexp.MustCompile(`\.(html|css|js|tmpl)$`)
