package tidy

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"regexp"
	"strings"
)

const (
	maxFile = 500
	maxFunc = 70
)

// tables are the files that are one table and may be longer, each with its reason.
var tables = map[string]string{}

// longTable is from how many rows on a literal is a table, whose rows do not make its function longer.
const longTable = 12

func (t *Tree) lines(n ast.Node) int {
	return t.Fset.Position(n.End()).Line - t.Fset.Position(n.Pos()).Line + 1
}

// tableLines counts the lines of the tables in a function.
func (t *Tree) tableLines(body *ast.BlockStmt) int {
	lines := 0
	ast.Inspect(body, func(n ast.Node) bool {
		literal, ok := n.(*ast.CompositeLit)
		if !ok || len(literal.Elts) < longTable {
			return true
		}
		lines += t.Fset.Position(literal.Rbrace).Line - t.Fset.Position(literal.Lbrace).Line
		return false
	})
	return lines
}

// checkSize bounds files and functions. Generated files are exempt, and so are tables.
func checkSize(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		if f.Generated || tables[f.Path] != "" {
			continue
		}
		if f.Lines > maxFile {
			bad = append(bad, Finding{f.Path, 1, fmt.Sprintf("%d lines, at most %d: split it", f.Lines, maxFile)})
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			name, body := "a function literal", (*ast.BlockStmt)(nil)
			switch n := n.(type) {
			case *ast.FuncDecl:
				name, body = n.Name.Name, n.Body
			case *ast.FuncLit:
				body = n.Body
			}
			if body == nil {
				return true
			}
			if lines := t.lines(n) - t.tableLines(body); lines > maxFunc {
				bad = append(bad, t.at(f, n.Pos(), "%s has %d lines, at most %d: split it", name, lines, maxFunc))
			}
			return true
		})
	}
	return bad
}

var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

// checkMarks finds marks of unfinished work in every text of ours.
func checkMarks(t *Tree) []Finding {
	return grep(t, unfinished, "unfinished", func(p string) bool { return !vendored(p) })
}

// vendored are files of others, which keep their text.
func vendored(p string) bool {
	return strings.HasSuffix(p, "go.sum") || strings.Contains(p, "package-lock.json") || strings.Contains(p, "/vendored/") || strings.Contains(p, "/vendor/") || strings.HasSuffix(p, ".min.js")
}

var machinePath = regexp.MustCompile(`(^|[^A-Za-z0-9_.~/}-])/(work|root|tmp|home/[a-z]+|Users/[A-Za-z]+)/[A-Za-z0-9_.]`)

// checkMachinePaths finds absolute paths of somebody's machine.
func checkMachinePaths(t *Tree) []Finding {
	return grep(t, machinePath, "a path of one machine", func(p string) bool { return !vendored(p) && !strings.HasPrefix(p, "internal/tidy/") })
}

func grep(t *Tree, pattern *regexp.Regexp, what string, in func(path string) bool) []Finding {
	var bad []Finding
	for p, text := range t.Text {
		if !in(p) || !pattern.MatchString(text) {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if m := pattern.FindString(line); m != "" {
				bad = append(bad, Finding{p, i + 1, what + ": " + m})
			}
		}
	}
	return bad
}

var providerWord = regexp.MustCompile(`(?i)ali_?pay|we_?chat_?pay|wx_?pay|wechat|weixin|wxpay|union_?pay|bill_?99|99_?bill|ten_?pay`)

// Rooms that name no provider at all, and doors that may name a container (data of the wall map) as a whole string.
var (
	nameless = []string{".", "ledger", "route", "engine", "store", "queue", "webhook", "vault", "recon", "drill", "api"}
	doors    = []string{"web", "facade", "cmd", "callback"}
)

// checkNames finds providers' names in identifiers, string literals and struct tags. Comments, tests, documents and data files are free.
func checkNames(t *Tree) []Finding {
	codes := wallCodes(t)
	var bad []Finding
	for _, f := range t.Go {
		none, door := underAny(f.Dir, nameless...), underAny(f.Dir, doors...)
		if f.Test || !none && !door {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && providerWord.MatchString(id.Name) {
				bad = append(bad, t.at(f, id.Pos(), "the identifier %s names a provider; take it from the provider's Description", id.Name))
			}
			return true
		})
		for _, l := range f.literals() {
			if providerWord.MatchString(l.name) && (none || !codes[l.name]) && !suiteData[f.Dir] {
				bad = append(bad, t.at(f, l.pos, "the text %.60q names a provider; take it from the provider's Description", l.name))
			}
		}
	}
	return bad
}

// suiteData are folders of test suites outside _test.go files: their rows may look like real ones.
var suiteData = map[string]bool{"store/storetest": true, "web/webtest": true}

// wallCodes reads the codes of containers and presets from the wall map's data.
func wallCodes(t *Tree) map[string]bool {
	codes := map[string]bool{}
	for p, text := range t.Text {
		if !strings.HasPrefix(p, "wall/data/") {
			continue
		}
		for line := range strings.SplitSeq(text, "\n") {
			var row map[string]any
			if json.Unmarshal([]byte(line), &row) != nil {
				continue
			}
			for _, field := range []string{"container", "preset", "family"} {
				if s, ok := row[field].(string); ok {
					codes[s] = true
				}
			}
		}
	}
	return codes
}
