package wall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Map is a loaded set of rules, cells, links and entries. It is safe for concurrent use and never changes.
type Map struct {
	version string
	asOf    Moment // the day of the data

	matcher    *matcher
	containers []rule
	systems    []rule
	forms      []rule
	lines      map[string][]line // the rules as written, by file, so that an overlay can put its own before them

	family   map[string]string // container -> family
	parent   map[string]string // family -> broader family, "" at the root
	names    map[string]Name
	presets  []Preset
	packages map[string]string // Android package -> container

	providers map[string]Product
	products  []Product
	productOf map[productKey]int
	entries   []Entry
	entryOf   map[string]int
	cells     []Cell
	index     *index
	targets   []Target
	links     []Link
	codes     []Code
}

// line is one rule as written in containers.jsonl, systems.jsonl and forms.jsonl. Tokens are lower case; one that begins with a blank matches at a word's start
// only, one that begins with "^" at the string's start only.
type line struct {
	Container string   `json:"container,omitempty"`
	Family    string   `json:"family,omitempty"`
	OS        string   `json:"os,omitempty"`
	Form      string   `json:"form,omitempty"`
	All       []string `json:"all,omitempty"`
	Any       []string `json:"any,omitempty"`
	None      []string `json:"none,omitempty"`
	Why       string   `json:"why,omitempty"`
}

type familyLine struct {
	Family string `json:"family"`
	Parent string `json:"parent,omitempty"`
	Why    string `json:"why,omitempty"`
}

type versionLine struct {
	Format  int    `json:"format"`
	Version string `json:"version"`
	Date    Moment `json:"date"`
}

// Load reads version, families, containers, systems, forms, names, packages, presets, products, timeline, cells, targets, links and codes, each with the ending .jsonl.
// Blank lines and lines that begin with // are skipped. An error names file, line, field and fix.
func Load(fsys fs.FS) (*Map, error) {
	m := &Map{lines: map[string][]line{}, family: map[string]string{}, parent: map[string]string{}, names: map[string]Name{}, packages: map[string]string{},
		providers: map[string]Product{}, productOf: map[productKey]int{}, entryOf: map[string]int{}}
	for _, load := range []func(fs.FS) error{m.loadVersion, m.loadFamilies, m.loadAllRules, m.loadNames, m.loadPackages, m.loadPresets,
		m.loadProducts, m.loadTimeline, m.loadCells, m.loadTargets, m.loadLinks, m.loadCodes} {
		if err := load(fsys); err != nil {
			return nil, err
		}
	}
	m.build()
	return m, nil
}

// Version names the data: the embedded one's, and after a plus each overlay's.
func (m *Map) Version() string { return m.version }

// AsOf is the day of the embedded data, for which Reach answers.
func (m *Map) AsOf() Moment { return m.asOf }

func (m *Map) loadVersion(fsys fs.FS) error {
	err := eachLine(fsys, "version.jsonl", func(l versionLine) error {
		if l.Format != 1 || l.Version == "" || l.Date == 0 || m.version != "" {
			return fmt.Errorf("format, version, date: write one line, with format 1")
		}
		m.version, m.asOf = l.Version, l.Date
		return nil
	})
	if err == nil && m.version == "" {
		err = fmt.Errorf("version.jsonl: write one line with format, version and date")
	}
	return err
}

func (m *Map) loadAllRules(fsys fs.FS) error {
	tokens := newTokenTable()
	for _, list := range []struct {
		file string
		to   *[]rule
		name func(line) (string, error)
	}{
		{"containers.jsonl", &m.containers, m.nameContainer},
		{"systems.jsonl", &m.systems, nameOS},
		{"forms.jsonl", &m.forms, nameForm},
	} {
		if err := m.loadRules(fsys, list.file, tokens, list.to, list.name); err != nil {
			return err
		}
	}
	m.matcher = newMatcher(tokens.tokens)
	return nil
}

// eachLine decodes every data line of a file into a fresh T, refusing unknown fields and trailing bytes.
func eachLine[T any](fsys fs.FS, file string, do func(T) error) error {
	f, err := fsys.Open(file)
	if err != nil {
		return fmt.Errorf("open the wall's data: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	all, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return eachText(all, func(number int, text []byte) error {
		v, err := decodeLine[T](text)
		if err == nil {
			err = do(v)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", file, number, err)
		}
		return nil
	})
}

// eachText calls do for every data line with its number, counted from 1.
func eachText(all []byte, do func(number int, text []byte) error) error {
	number := 0
	for text := range bytes.Lines(bytes.TrimPrefix(all, []byte("\ufeff"))) { // some editors put the mark in front
		number++
		text = bytes.TrimSpace(text)
		if len(text) == 0 || bytes.HasPrefix(text, []byte("//")) {
			continue
		}
		if err := do(number, text); err != nil {
			return err
		}
	}
	return nil
}

func decodeLine[T any](text []byte) (v T, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return v, fmt.Errorf("%w (write one JSON object on the line)", err)
	}
	if dec.InputOffset() != int64(len(text)) {
		return v, fmt.Errorf("bytes after the object (write one JSON object on the line)")
	}
	return v, nil
}

func (m *Map) loadFamilies(fsys fs.FS) error {
	return eachLine(fsys, "families.jsonl", func(l familyLine) error {
		if !isCode(l.Family) {
			return fmt.Errorf("family %q: use lower-case letters, digits and hyphens", l.Family)
		}
		if _, twice := m.parent[l.Family]; twice {
			return fmt.Errorf("family %q is written twice: remove one line", l.Family)
		}
		if _, known := m.parent[l.Parent]; l.Parent != "" && !known {
			return fmt.Errorf("parent %q: no family of that name stands above this line", l.Parent) // which also rules out circles
		}
		m.parent[l.Family] = l.Parent
		return nil
	})
}

func (m *Map) nameContainer(l line) (string, error) {
	switch {
	case !isCode(l.Container):
		return "", fmt.Errorf("container %q: use lower-case letters, digits and hyphens", l.Container)
	case l.OS != "" || l.Form != "":
		return "", fmt.Errorf("os and form have files of their own: remove them here")
	}
	if _, known := m.parent[l.Family]; !known {
		return "", fmt.Errorf("family %q: add it to families.jsonl or use one that is there", l.Family)
	}
	if was, twice := m.family[l.Container]; twice && was != l.Family {
		return "", fmt.Errorf("family %q: an earlier line put container %q into %q", l.Family, l.Container, was)
	}
	m.family[l.Container] = l.Family
	return l.Container, nil
}

func nameOS(l line) (string, error) {
	if !isCode(l.OS) {
		return "", fmt.Errorf("os %q: use lower-case letters, digits and hyphens", l.OS)
	}
	if l.Container != "" || l.Family != "" || l.Form != "" {
		return "", fmt.Errorf("an os rule has no container, family or form: remove it")
	}
	return l.OS, nil
}

func nameForm(l line) (string, error) {
	if l.Form != Phone && l.Form != Tablet && l.Form != Desktop {
		return "", fmt.Errorf("form %q: use phone, tablet or desktop", l.Form)
	}
	if l.Container != "" || l.Family != "" || l.OS != "" {
		return "", fmt.Errorf("a form rule has no container, family or os: remove it")
	}
	return l.Form, nil
}

// tokenTable numbers the tokens of all rule files.
type tokenTable struct {
	tokens []string
	number map[string]int
	bytes  int
}

func newTokenTable() *tokenTable { return &tokenTable{number: map[string]int{}} }

func (t *tokenTable) set(field string, tokens []string) (bits, error) {
	var b bits
	for _, s := range tokens {
		if len(strings.Trim(s, "^ ")) < 2 || s != strings.ToLower(s) || strings.ContainsRune(s[1:], '^') || !isASCII(s) {
			return b, fmt.Errorf("%s token %q: write at least two characters of lower-case ASCII, \"^\" only in front", field, s)
		}
		n, known := t.number[s]
		if !known {
			n = len(t.tokens)
			t.bytes += len(s) + 2
			if n == maxTokens || t.bytes > maxStates {
				return b, fmt.Errorf("%s token %q: more than %d tokens or %d bytes of them; raise maxTokens or maxStates", field, s, maxTokens, maxStates)
			}
			t.number[s], t.tokens = n, append(t.tokens, s)
		}
		b.set(n)
	}
	return b, nil
}

// compile turns a line into a rule of that label.
func (t *tokenTable) compile(label string, l line) (r rule, err error) {
	r = rule{label: label, hasAny: len(l.Any) > 0}
	if r.all, err = t.set("all", l.All); err != nil {
		return r, err
	}
	if r.any, err = t.set("any", l.Any); err != nil {
		return r, err
	}
	if r.none, err = t.set("none", l.None); err != nil {
		return r, err
	}
	if r.none.intersects(&r.all) || r.none.intersects(&r.any) {
		return r, fmt.Errorf("none: a token stands in all or any as well: remove one")
	}
	return r, nil
}

func (l line) takesAll() bool { return len(l.All)+len(l.Any)+len(l.None) == 0 }

// loadRules compiles one rule file. The last rule must be without tokens, so that every string gets an answer, and no other may be.
func (m *Map) loadRules(fsys fs.FS, file string, tokens *tokenTable, to *[]rule, name func(line) (string, error)) error {
	closed := false
	err := eachLine(fsys, file, func(l line) error {
		if closed {
			return fmt.Errorf("this rule can never be reached: the one above has no tokens and takes everything")
		}
		label, err := name(l)
		if err != nil {
			return err
		}
		r, err := tokens.compile(label, l)
		if err != nil {
			return err
		}
		closed = l.takesAll()
		*to, m.lines[file] = append(*to, r), append(m.lines[file], l)
		return nil
	})
	if err == nil && !closed {
		err = fmt.Errorf("%s: the last rule must have no tokens, so that every user agent gets an answer", file)
	}
	return err
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func isCode(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-')
	}) && !slices.Contains([]byte{s[0], s[len(s)-1]}, '-')
}
