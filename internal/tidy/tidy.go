// Package tidy polices the rules of the house: who may know whom, where the clock is read, where SQL is written, how long a file may be. Each rule carries
// the reason for it, and each has an example in the tests that breaks it: a rule that cannot fail is not a rule.
//
// The rules read source text (go/parser) and documents; they run neither the compiler nor the product.
package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// File is one Go file, parsed. Path and Dir are relative to the repository, with slashes.
type File struct {
	Path      string
	Dir       string
	Test      bool
	Generated bool
	AST       *ast.File
	Lines     int
}

// Tree is the repository as the rules see it. Text holds every text file that is not Go, and Paths every file.
type Tree struct {
	Fset  *token.FileSet
	Go    []*File
	Text  map[string]string
	Paths map[string]bool
}

// Finding is one place that breaks a rule.
type Finding struct {
	Path string
	Line int
	Text string
}

// String prints a finding as compilers do.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Text) }

// Rule is one law of the house with its reason.
type Rule struct {
	Name  string
	Why   string
	Check func(*Tree) []Finding
}

// Rules lists every rule.
func Rules() []Rule {
	return []Rule{
		{"imports", "each room knows only the rooms below it, so that a change in one is a change in one", checkImports},
		{"bans", "some libraries and rooms belong to one place", checkBans},
		{"pure", "the pure rooms are tested by tables because nothing outside reaches them", checkPure},
		{"sql", "one room writes SQL, so that one room is checked on both engines", checkSQL},
		{"writes", "money changes in one room; a door that wrote would be a second one", checkWrites},
		{"names", "a provider is one folder and one line: no other room branches on its name", checkNames},
		{"codes", "adding a provider touches its folder, one line in provider/all, and data: nothing else may know its code", checkCodes},
		{"reveal", "key bytes are seen only where a protocol wants them in the clear", checkReveal},
		{"outside", "clock, randomness, environment and HTTP come in as parameters, or sim could not replace them", checkOutside},
		{"floats", "money is integer minor units; a float loses a cent and nobody knows where", checkFloats},
		{"interfaces", "an interface stands only at a real seam; elsewhere it hides where the code goes", checkInterfaces},
		{"mocks", "tests use a real database and real simulators: a mock agrees with whoever wrote it", checkMocks},
		{"size", "a file of 500 lines or a function of 70 has more than one subject", checkSize},
		{"marks", "what is not done is in the issue, not in a comment", checkMarks},
		{"package comments", "a room says at its door what it is for", checkPackageComments},
		{"exported comments", "what others may use says what it does, in which unit and with which errors", checkExportedComments},
		{"dependencies", "a library is somebody else's code in a switch for money: it wants a reason", checkDependencies},
		{"paths", "a path of one machine is wrong on every other", checkMachinePaths},
		{"links", "a document that points nowhere is worse than none", checkLinks},
		{"why", "docs/why.md promises commands and tests: they exist", checkWhy},
	}
}

// Load reads the repository at root. Folders beginning with a dot are left out, except .ci.
func Load(root string) (*Tree, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != root && (strings.HasPrefix(name, ".") && name != ".ci" || name == "node_modules" || name == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || name == ".git" {
			return nil
		}
		relative, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(p)
		files[filepath.ToSlash(relative)] = content
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("tidy: %w", err)
	}
	return Read(files)
}

var generatedMark = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// Read makes a tree of files in memory.
func Read(files map[string][]byte) (*Tree, error) {
	t := &Tree{Fset: token.NewFileSet(), Text: map[string]string{}, Paths: map[string]bool{}}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		content := files[name]
		t.Paths[name] = true
		if !strings.HasSuffix(name, ".go") {
			if utf8.Valid(content) && !bytes.ContainsRune(content, 0) {
				t.Text[name] = string(content)
			}
			continue
		}
		parsed, err := parser.ParseFile(t.Fset, name, content, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("tidy: %w", err)
		}
		t.Go = append(t.Go, &File{
			Path: name, Dir: path.Dir(name), Test: strings.HasSuffix(name, "_test.go"), Generated: generatedMark.Match(content), AST: parsed, Lines: bytes.Count(content, []byte("\n")),
		})
		t.Text[name] = string(content)
	}
	return t, nil
}

// at makes a finding at a position of a Go file.
func (t *Tree) at(f *File, pos token.Pos, format string, args ...any) Finding {
	return Finding{Path: f.Path, Line: t.Fset.Position(pos).Line, Text: fmt.Sprintf(format, args...)}
}

// under says that dir is the room or a folder below it. The root package is ".".
func under(dir, room string) bool {
	return dir == room || room != "." && strings.HasPrefix(dir, room+"/")
}

// underAny says that dir is below one of the rooms.
func underAny(dir string, rooms ...string) bool {
	for _, r := range rooms {
		if under(dir, r) {
			return true
		}
	}
	return false
}

// imports returns the paths that a file imports with their local names.
func (f *File) imports() map[string]string {
	names := map[string]string{}
	for _, spec := range f.AST.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if regexp.MustCompile(`^v[0-9]+$`).MatchString(name) {
			name = path.Base(path.Dir(p))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}
