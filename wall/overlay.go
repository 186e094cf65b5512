package wall

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Problem is one thing that is wrong, or odd, about a line of an overlay.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	// Warning marks a line that holds all the same.
	Warning bool   `json:"warning,omitempty"`
	Text    string `json:"text"`
}

func (p Problem) String() string {
	if p.Warning {
		return fmt.Sprintf("%s:%d: warning: %s", p.File, p.Line, p.Text)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// maxOverlay is far above any overlay that a person writes.
const maxOverlay = 1 << 20

// Overlay lays an operator's file over a map and returns the map of both; the base stays as it is. The error names every bad line; warnings are Check's.
func Overlay(base *Map, file []byte) (*Map, error) {
	m, problems := Check(base, "overlay", file)
	if m != nil {
		return m, nil
	}
	var errs []error
	for _, p := range problems {
		if !p.Warning {
			errs = append(errs, errors.New(p.String()))
		}
	}
	return nil, errors.Join(errs...)
}

// Check reads an overlay named name, and returns the map of both, or nil when a line is in error, with all problems in the order of the lines.
//
// An overlay is one JSON object a line, in any order. A line with a state and a provider is a cell, one with a target is a link, one with any or all is a rule
// for a container, which goes before the base's, one with zh and a provider names a product, and one with overlay names the file itself. See docs/wall.md.
func Check(base *Map, name string, file []byte) (*Map, []Problem) {
	o := &overlay{base: base, m: base.clone(), name: name, tokens: newTokenTable()}
	if len(file) > maxOverlay {
		o.bad(1, "%d bytes, at most %d", len(file), maxOverlay)
		return nil, o.problems
	}
	for _, pass := range []func(int, map[string]json.RawMessage, []byte) error{o.first, o.second} { // cells may use what later lines declare
		_ = eachText(file, func(number int, text []byte) error {
			if slices.Contains(o.broken, number) {
				return nil
			}
			keys, err := keysOf(text)
			if err == nil {
				err = pass(number, keys, text)
			}
			if err != nil {
				o.bad(number, "%s", err)
			}
			return nil
		})
	}
	if len(o.broken) == 0 {
		o.finish()
	}
	slices.SortStableFunc(o.problems, func(a, b Problem) int { return a.Line - b.Line })
	if len(o.broken) > 0 {
		return nil, o.problems
	}
	return o.m, o.problems
}

// overlay is one check under way.
type overlay struct {
	base, m  *Map
	name     string
	title    string
	tokens   *tokenTable
	rules    []rule
	lines    []line
	cells    []numbered[Cell]
	links    []numbered[Link]
	problems []Problem
	broken   []int
}

type numbered[T any] struct {
	line int
	is   T
}

func (o *overlay) bad(line int, format string, args ...any) {
	o.problems = append(o.problems, Problem{File: o.name, Line: line, Text: fmt.Sprintf(format, args...)})
	o.broken = append(o.broken, line)
}

func (o *overlay) warn(line int, format string, args ...any) {
	o.problems = append(o.problems, Problem{File: o.name, Line: line, Warning: true, Text: fmt.Sprintf(format, args...)})
}

// keysOf lists the fields of a line, refusing one that is written twice.
func keysOf(text []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	keys := map[string]json.RawMessage{}
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("write one JSON object on the line, or begin a comment with //")
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("%w (write one JSON object on the line)", err)
		}
		key, _ := t.(string)
		if _, twice := keys[key]; twice {
			return nil, fmt.Errorf("%s is written twice on the line: remove one", key)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, fmt.Errorf("%w (write one JSON object on the line)", err)
		}
		keys[key] = value
	}
	return keys, nil
}

func has(keys map[string]json.RawMessage, names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { _, ok := keys[n]; return !ok })
}

func isCell(keys map[string]json.RawMessage) bool { return has(keys, "provider", "state") }
func isLink(keys map[string]json.RawMessage) bool { return has(keys, "target") }

// ruleLine is a container with its rule and its name on one line.
type ruleLine struct {
	line
	ZH   string `json:"zh"`
	EN   string `json:"en"`
	Exit string `json:"exit"`
}

type titleLine struct {
	Overlay string `json:"overlay"`
	Note    string `json:"note,omitempty"`
}

// first reads what other lines may refer to: the file's name, containers and products.
func (o *overlay) first(_ int, keys map[string]json.RawMessage, text []byte) error {
	switch {
	case isCell(keys) || isLink(keys):
		return nil
	case has(keys, "overlay"):
		t, err := decodeLine[titleLine](text)
		if err == nil && (o.title != "" || !isCode(t.Overlay)) {
			err = fmt.Errorf("overlay %q: name the file once, with lower-case letters, digits and hyphens", t.Overlay)
		}
		o.title = t.Overlay
		return err
	case has(keys, "any") || has(keys, "all"):
		r, err := decodeLine[ruleLine](text)
		if err != nil {
			return err
		}
		return o.container(r)
	case has(keys, "provider", "zh"):
		p, err := decodeLine[Product](text)
		if err != nil {
			return err
		}
		return o.m.addProduct(p)
	}
	return fmt.Errorf("not a line of an overlay: write provider, product, container or family, and state for a cell; target, container and state for a link; container, family and any or all for a container; provider, zh and en for a product")
}

func (o *overlay) container(r ruleLine) error {
	label, err := o.m.nameContainer(r.line)
	if err != nil {
		return err
	}
	compiled, err := o.tokens.compile(label, r.line)
	if err != nil {
		return err
	}
	if len(r.Any)+len(r.All) == 0 {
		return fmt.Errorf("any, all: a rule without tokens would take every buyer; write at least one")
	}
	if r.ZH != "" || r.EN != "" || r.Exit != "" {
		if r.ZH == "" || r.EN == "" || !slices.Contains([]string{ExitMenu, ExitCopy, ExitNone}, r.Exit) {
			return fmt.Errorf("zh, en, exit: name the container in both languages, and say menu, copy or none; or leave out all three")
		}
		was := o.m.names[label]
		o.m.names[label] = Name{ZH: r.ZH, EN: r.EN, Exit: r.Exit, Since: was.Since, Form: cmp.Or(was.Form, Phone)}
	} else if _, named := o.m.names[label]; !named {
		return fmt.Errorf("zh, en, exit: container %q is new: name it in both languages, and say whether its menu opens a browser (menu), only copies (copy), or it is one (none)", label)
	}
	o.rules, o.lines = append(o.rules, compiled), append(o.lines, r.line)
	return nil
}

// second reads cells and links.
func (o *overlay) second(number int, keys map[string]json.RawMessage, text []byte) error {
	switch {
	case isLink(keys):
		line, err := decodeLine[linkLine](text)
		if err != nil {
			return err
		}
		l, odd, err := o.m.parseLink(line)
		if err != nil {
			return err
		}
		for _, p := range o.links {
			if p.is.key() == l.key() && p.is.overlaps(l.Span) {
				return fmt.Errorf("%s from %q to %q overlaps line %d, from %q to %q: a link has one state at a time", l.key(), l.From, l.Until, p.line, p.is.From, p.is.Until)
			}
		}
		o.odd(number, odd)
		l.Overlay = true
		o.links = append(o.links, numbered[Link]{number, l})
	case isCell(keys):
		line, err := decodeLine[cellLine](text)
		if err != nil {
			return err
		}
		c, odd, err := o.m.parseCell(line)
		if err != nil {
			return err
		}
		for _, p := range o.cells {
			if p.is.key() == c.key() && p.is.overlaps(c.Span) {
				return fmt.Errorf("%s from %q to %q overlaps line %d, from %q to %q: a cell has one state at a time", c.key(), c.From, c.Until, p.line, p.is.From, p.is.Until)
			}
		}
		o.odd(number, odd)
		c.Overlay = true
		o.cells = append(o.cells, numbered[Cell]{number, c})
	}
	return nil
}

func (o *overlay) odd(line int, odd []string) {
	for _, text := range odd {
		o.warn(line, "%s; the line is kept", text)
	}
}

// finish puts the lines into the map.
func (o *overlay) finish() {
	if err := o.recompile(); err != nil {
		o.bad(1, "%s", err)
		return
	}
	for _, c := range o.cells {
		o.m.cells = over(o.m.cells, c.is, Cell.key, func(c *Cell) *Span { return &c.Span })
	}
	for _, l := range o.links {
		o.m.links = over(o.m.links, l.is, Link.key, func(l *Link) *Span { return &l.Span })
	}
	o.m.version += "+" + strings.TrimPrefix(o.title, "+")
	if o.title == "" {
		o.m.version += "overlay"
	}
	o.m.build()
	o.effects()
}

// over puts one line above those of the same key: they keep what of their time it leaves.
func over[T any, K comparable](all []T, top T, key func(T) K, span func(*T) *Span) []T {
	var left []T
	for _, old := range all {
		if key(old) != key(top) {
			left = append(left, old)
			continue
		}
		for _, s := range span(&old).without(*span(&top)) {
			piece := old
			*span(&piece) = s
			left = append(left, piece)
		}
	}
	return append(left, top)
}

// recompile puts the overlay's containers before the base's.
func (o *overlay) recompile() error {
	if len(o.rules) == 0 {
		return nil
	}
	m := o.m
	m.containers, m.systems, m.forms = o.rules, nil, nil
	for _, list := range []struct {
		file  string
		to    *[]rule
		label func(line) string
	}{
		{"containers.jsonl", &m.containers, func(l line) string { return l.Container }},
		{"systems.jsonl", &m.systems, func(l line) string { return l.OS }},
		{"forms.jsonl", &m.forms, func(l line) string { return l.Form }},
	} {
		for _, l := range m.lines[list.file] {
			r, err := o.tokens.compile(list.label(l), l)
			if err != nil {
				return err
			}
			*list.to = append(*list.to, r)
		}
	}
	m.lines["containers.jsonl"] = slices.Concat(o.lines, m.lines["containers.jsonl"])
	m.matcher = newMatcher(o.tokens.tokens)
	return nil
}

// clone is a copy that may be changed; what never changes in an overlay is shared.
func (m *Map) clone() *Map {
	c := *m
	c.lines, c.family, c.names = maps.Clone(m.lines), maps.Clone(m.family), maps.Clone(m.names)
	c.providers, c.productOf, c.products = maps.Clone(m.providers), maps.Clone(m.productOf), slices.Clone(m.products)
	c.cells, c.links = slices.Clone(m.cells), slices.Clone(m.links)
	return &c
}
