package tidy

import (
	"go/ast"
	"go/token"
	"maps"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// checkPackageComments wants one package comment per folder, in a file that is not a test.
func checkPackageComments(t *Tree) []Finding {
	first, said := map[string]*File{}, map[string]bool{}
	for _, f := range t.Go {
		if f.Test {
			continue
		}
		if first[f.Dir] == nil {
			first[f.Dir] = f
		}
		said[f.Dir] = said[f.Dir] || f.AST.Doc != nil
	}
	var bad []Finding
	for dir, f := range first {
		if !said[dir] {
			bad = append(bad, Finding{f.Path, 1, "no file of " + dir + " has a package comment"})
		}
	}
	return bad
}

// wellKnown are methods whose meaning the standard library sets.
var wellKnown = map[string]bool{"Error": true, "Unwrap": true, "String": true, "ServeHTTP": true}

// checkExportedComments wants a comment on every exported function, method, type, constant and variable. The comment of a group counts for its members;
// methods of unexported types need none.
func checkExportedComments(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		if f.Test || f.Generated {
			continue
		}
		for _, d := range f.AST.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !(d.Recv != nil && wellKnown[d.Name.Name]) && f.AST.Name.Name != "main" {
					bad = append(bad, t.at(f, d.Pos(), "%s has no comment", d.Name.Name))
				}
			case *ast.GenDecl:
				if d.Doc == nil && d.Tok != token.IMPORT {
					bad = append(bad, t.uncommented(f, d)...)
				}
			}
		}
	}
	return bad
}

func (t *Tree) uncommented(f *File, d *ast.GenDecl) []Finding {
	var bad []Finding
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Doc == nil && s.Name.IsExported() {
				bad = append(bad, t.at(f, s.Pos(), "%s has no comment", s.Name.Name))
			}
		case *ast.ValueSpec:
			if s.Doc == nil && s.Comment == nil && s.Names[0].IsExported() {
				bad = append(bad, t.at(f, s.Pos(), "%s has no comment", s.Names[0].Name))
			}
		}
	}
	return bad
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

var required = regexp.MustCompile(`(?m)^\s*(?:require\s+)?([a-z0-9.-]+\.[a-z]+/\S+|[a-z]+\.[a-z]+/\S+) v\S+\s*$`)

// checkDependencies wants a line in docs/dependencies.md for every direct dependency of go.mod, and none for what is gone.
func checkDependencies(t *Tree) []Finding {
	const document = "docs/dependencies.md"
	var bad []Finding
	direct := map[string]bool{}
	for i, line := range strings.Split(t.Text["go.mod"], "\n") {
		if m := required.FindStringSubmatch(line); m != nil {
			direct[m[1]] = true
			if !regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(m[1]) + "` \\|.*\\w").MatchString(t.Text[document]) {
				bad = append(bad, Finding{"go.mod", i + 1, m[1] + " has no line of reason in " + document})
			}
		}
	}
	for i, line := range strings.Split(t.Text[document], "\n") {
		if m := regexp.MustCompile("^\\| `([^`]+/[^`]+)` \\|").FindStringSubmatch(line); m != nil && !direct[m[1]] {
			bad = append(bad, Finding{document, i + 1, m[1] + " is no direct dependency of go.mod"})
		}
	}
	return bad
}

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)(?:\s+"[^"]*")?\)|(?:src|href)="([^"]+)"`)
	codeFence    = regexp.MustCompile("(?s)\n```.*?\n```")
	heading      = regexp.MustCompile(`(?m)^#{1,6}\s+(.+?)\s*$`)
	anchorDrop   = regexp.MustCompile(`[^\p{L}\p{N}\s_-]`)
)

// checkLinks wants every link of a Markdown file that stays inside the repository to lead to a file, and its anchor to a heading.
func checkLinks(t *Tree) []Finding {
	var bad []Finding
	for p, text := range t.Text {
		if !strings.HasSuffix(p, ".md") {
			continue
		}
		text = codeFence.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) })
		for i, line := range strings.Split(text, "\n") {
			for _, m := range markdownLink.FindAllStringSubmatch(line, -1) {
				if reason := t.broken(p, m[1]+m[2]); reason != "" {
					bad = append(bad, Finding{p, i + 1, reason})
				}
			}
		}
	}
	return bad
}

// broken says why a link leads nowhere, or nothing.
func (t *Tree) broken(from, link string) string {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return ""
	}
	file, anchor, _ := strings.Cut(link, "#")
	target := from
	if file != "" {
		target = path.Join(path.Dir(from), file)
	}
	if !t.Paths[target] {
		if !t.folder(target) {
			return "the link " + link + " leads nowhere"
		}
		return ""
	}
	if anchor == "" || !strings.HasSuffix(target, ".md") {
		return ""
	}
	for _, m := range heading.FindAllStringSubmatch(t.Text[target], -1) {
		slug := strings.ReplaceAll(anchorDrop.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
		if slug == anchor {
			return ""
		}
	}
	return "the link " + link + " names no heading of " + target
}

func (t *Tree) folder(dir string) bool {
	for p := range t.Paths {
		if strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/") {
			return true
		}
	}
	return false
}

var (
	inlineCode = regexp.MustCompile("`([^`\n]+)`")
	testName   = regexp.MustCompile(`^(?:([a-z0-9_./]+)\.)?((?:Test|Fuzz|Benchmark)[A-Z]\w*)$`)
	commandRun = regexp.MustCompile(`^(?:go run \./cmd/)?postern ([a-z].*)$`)
)

// checkWhy wants every test and command that docs/why.md and the other documents name in code marks to exist: `engine.TestX` in that folder, `postern x y
// --flag` as the command line has it.
func checkWhy(t *Tree) []Finding {
	tests, commands := t.tests(), t.commands()
	bad := t.unanswered("docs/why.md")
	for p, text := range t.Text {
		if !strings.HasSuffix(p, ".md") || p == "CHANGELOG.md" {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			for _, m := range inlineCode.FindAllStringSubmatch(line, -1) {
				if name := testName.FindStringSubmatch(m[1]); name != nil && !tests[name[1]+"."+name[2]] {
					bad = append(bad, Finding{p, i + 1, "there is no test " + m[1]})
				}
				if run := commandRun.FindStringSubmatch(m[1]); run != nil {
					if reason := commands.refuse(run[1]); reason != "" {
						bad = append(bad, Finding{p, i + 1, "`" + m[1] + "`: " + reason})
					}
				}
			}
		}
	}
	return bad
}

// unanswered finds sections that quote the story and name no command or no test. A section is what stands between two headings.
func (t *Tree) unanswered(document string) []Finding {
	var bad []Finding
	line := 1
	for _, section := range strings.Split(t.Text[document], "\n## ") {
		test, run := false, false
		for _, m := range inlineCode.FindAllStringSubmatch(section, -1) {
			test = test || testName.MatchString(m[1])
			run = run || commandRun.MatchString(m[1])
		}
		if strings.Contains(section, "\n> ") && (!test || !run) {
			bad = append(bad, Finding{document, line, "this sentence of the story has no command or no test"})
		}
		line += strings.Count(section, "\n") + 1
	}
	return bad
}

// tests lists the tests as "Name" with an empty folder and as "folder.Name".
func (t *Tree) tests() map[string]bool {
	found := map[string]bool{}
	for _, f := range t.Go {
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.Test && fn.Recv == nil && testName.MatchString(fn.Name.Name) {
				found["."+fn.Name.Name] = true
				found[f.Dir+"."+fn.Name.Name] = true
				if f.Dir == "." {
					found["postern."+fn.Name.Name] = true
				}
			}
		}
	}
	return found
}

// command is one node of the command line: its subcommands and flags.
type command struct {
	subs  map[string]command
	flags map[string]bool
	args  bool
}

// refuse says why a command line cannot be run, or nothing. Values are not looked at.
func (c command) refuse(line string) string {
	flags := map[string]bool{"help": true}
	for f := range c.flags {
		flags[f] = true
	}
	value := false // the word before was a flag, so this one may be its value
	for word := range strings.FieldsSeq(line) {
		word = strings.Trim(word, `"',;`)
		name, isFlag := strings.CutPrefix(word, "--")
		name, _, _ = strings.Cut(name, "=")
		switch sub, ok := c.subs[word]; {
		case isFlag && !flags[name]:
			return "there is no flag --" + name
		case isFlag:
			value = !strings.Contains(word, "=")
			continue
		case ok:
			c = sub
			for f := range c.flags {
				flags[f] = true
			}
		case len(c.subs) > 0 && !value:
			return "there is no command " + word
		}
		value = false
	}
	return ""
}

// commands reads the command line's tree from the struct tags of cmd/postern.
func (t *Tree) commands() command {
	structs := map[string]*ast.StructType{}
	for _, f := range t.Go {
		if f.Test || f.Dir != "cmd/postern" {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSpec); ok {
				if st, ok := s.Type.(*ast.StructType); ok {
					structs[s.Name.Name] = st
				}
			}
			return true
		})
	}
	return readCommand(structs, "cli")
}

func readCommand(structs map[string]*ast.StructType, name string) command {
	c := command{subs: map[string]command{}, flags: map[string]bool{}}
	if structs[name] == nil {
		return c
	}
	for _, field := range structs[name].Fields.List {
		if field.Tag == nil || len(field.Names) == 0 {
			continue
		}
		text, _ := strconv.Unquote(field.Tag.Value)
		word := kebab(field.Names[0].Name)
		if m := regexp.MustCompile(`\bname:"([^"]+)"`).FindStringSubmatch(text); m != nil {
			word = m[1]
		}
		typ, _ := field.Type.(*ast.Ident)
		switch {
		case strings.Contains(text, `cmd:"`) && typ != nil:
			c.subs[word] = readCommand(structs, typ.Name)
			if strings.Contains(text, `default:"withargs"`) { // it runs when none is named, with its own flags
				maps.Copy(c.flags, c.subs[word].flags)
			}
		case strings.Contains(text, `arg:"`):
			c.args = true
		default:
			c.flags[word] = true
		}
	}
	return c
}

// kebab writes a field's name as the command line does: ReadyFile as ready-file.
func kebab(name string) string {
	return strings.ToLower(regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(name, "$1-$2"))
}
