// Command scaffold writes a new provider from a template: its folder, its file in provider/all with one line in the list, and its page. What is written compiles at once, and its
// conformance run is red and says what to write where. See docs/adding-a-provider.md.
package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed all:template
var files embed.FS

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: make provider NAME=yourpay")
		os.Exit(2)
	}
	if err := write(".", os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "scaffold:", err)
		os.Exit(1)
	}
	fmt.Printf("provider/%[1]s is there, and compiles. Now:\n  go test ./provider/all -run Conformance/%[1]s\nsays what to write, and docs/adding-a-provider.md how.\n", os.Args[1])
}

// names are what a template may say.
type names struct {
	Name   string // the code: folder, package, channels
	Export string // as a part of exported names
	Upper  string
	Title  string // for people
}

var goodName = regexp.MustCompile(`^[a-z][a-z0-9]{1,19}$`)

// taken are the folders below provider that are none.
var taken = []string{"all", "providertest", "sandboxkit", "provider", "postern", "wire", "sandbox", "errors", "context", "slices", "http"}

// write makes the provider below root, which is the repository. Nothing that exists is written over, but for the one line in the list.
func write(root, name string) error {
	if !goodName.MatchString(name) || token.IsKeyword(name) {
		return errors.New("NAME: give 2 to 20 small letters and digits, beginning with a letter: it is a folder, a package and a code")
	}
	for _, t := range taken {
		if name == t {
			return fmt.Errorf("NAME: %s means something else here", name)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "provider", name)); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("provider/%s is there already", name)
	}
	list := filepath.Join(root, "provider", "all", "all.go")
	text, err := os.ReadFile(list)
	if err != nil {
		return fmt.Errorf("run it in the root of the repository: %w", err)
	}
	added, err := addLine(string(text), name)
	if err != nil {
		return err
	}
	export := strings.ToUpper(name[:1]) + name[1:]
	if err := writeFiles(root, names{Name: name, Export: export, Upper: strings.ToUpper(name), Title: export}); err != nil {
		return err
	}
	return os.WriteFile(list, []byte(added), 0o644) //nolint:gosec // source text
}

// addLine adds the provider as the last one of the list.
func addLine(text, name string) (string, error) {
	const begin, end = "return []Maker{\n", "\t}\n"
	at := strings.Index(text, begin)
	if at < 0 {
		return "", errors.New("provider/all/all.go has no list of makers")
	}
	stop := strings.Index(text[at:], end)
	if stop < 0 {
		return "", errors.New("provider/all/all.go: the list of makers does not end")
	}
	return text[:at+stop] + "\t\t" + name + "Maker,\n" + text[at+stop:], nil
}

// place is where a file of the template goes.
func place(path string, n names) string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "template/"), ".tmpl")
	switch path {
	case "all.go":
		return filepath.Join("provider", "all", n.Name+".go")
	case "page.md":
		return filepath.Join("docs", "providers", n.Name+".md")
	case "provider.go":
		return filepath.Join("provider", n.Name, n.Name+".go")
	}
	return filepath.Join("provider", n.Name, filepath.FromSlash(path))
}

func writeFiles(root string, n names) error {
	return fs.WalkDir(files, "template", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		t, err := template.New(path).Delims("«", "»").Option("missingkey=error").Parse(string(text))
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := t.Execute(&out, n); err != nil {
			return err
		}
		to, content := filepath.Join(root, place(path, n)), out.Bytes()
		if strings.HasSuffix(to, ".go") {
			if content, err = format.Source(content); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // source text
			return err
		}
		file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // source text
		if err != nil {
			return err
		}
		_, err = file.Write(content)
		return errors.Join(err, file.Close())
	})
}
