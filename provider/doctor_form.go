package provider

import (
	"html"
	"net/url"
	"slices"
	"strings"
)

// maxPairs bounds the parameters of a message that is examined.
const maxPairs = 512

// Pair is one parameter. Raw is its value as it stood on the wire; At and Len are that value's bytes in the body, with Len 0 for a parameter from elsewhere.
type Pair struct {
	Name, Value, Raw string
	At, Len          int
	InBody           bool
}

// Pairs reads a query or a form as it comes, without refusing anything: what cannot be decoded stays raw. inBody says that At counts in the message's body.
func Pairs(raw string, inBody bool) []Pair {
	var list []Pair
	at := 0
	for piece := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(piece, "=")
		p := Pair{Name: unescaped(name), Value: unescaped(value), Raw: value}
		if inBody {
			p.At, p.Len, p.InBody = at+len(piece)-len(value), len(value), true
		}
		at += len(piece) + 1
		if piece != "" && len(list) < maxPairs {
			list = append(list, p)
		}
	}
	return list
}

func unescaped(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}

// Form is a draft of a text of names and values: k=v joined by &, sorted by name.
type Form struct {
	Pairs []Pair
	// Without are the names that are left out; DropEmpty leaves out empty values too. AsSent does not sort.
	Without   []string
	DropEmpty bool
	AsSent    bool
	// Before and After stand around the whole; Encode turns the text into bytes of another charset.
	Before, After string
	Encode        func(string) []byte
	// Offset and Length are the bytes of the body that a way has changed.
	Offset, Length int
}

// Reading builds the text.
func (f Form) Reading() Reading {
	pairs := f.Pairs
	if !f.AsSent {
		pairs = slices.Clone(pairs)
		slices.SortStableFunc(pairs, func(a, b Pair) int { return strings.Compare(a.Name, b.Name) })
	}
	var b strings.Builder
	b.WriteString(f.Before)
	first := true
	for _, p := range pairs {
		if slices.Contains(f.Without, p.Name) || f.DropEmpty && p.Value == "" {
			continue
		}
		if !first {
			b.WriteByte('&')
		}
		first = false
		b.WriteString(p.Name + "=" + p.Value)
	}
	b.WriteString(f.After)
	r := Reading{Text: []byte(b.String()), Offset: f.Offset, Length: f.Length}
	if f.Encode != nil {
		r.Text = f.Encode(b.String())
	}
	return r
}

// Value is a parameter's value, empty when it is not there.
func (f Form) Value(name string) string {
	if i := f.index(name); i >= 0 {
		return f.Pairs[i].Value
	}
	return ""
}

func (f Form) index(name string) int {
	return slices.IndexFunc(f.Pairs, func(p Pair) bool { return p.Name == name })
}

// Set returns the form with another value of a parameter that it has.
func (f Form) Set(name, value string) Form {
	i := f.index(name)
	if i < 0 {
		return f
	}
	f.Pairs = slices.Clone(f.Pairs)
	f.Pairs[i].Value = value
	f.Offset, f.Length = f.Pairs[i].At, f.Pairs[i].Len
	return f
}

// Each is a way that changes all values alike.
func Each(code string, change func(Pair) string) Way[Form] {
	return Way[Form]{Code: code, Do: func(f Form) (Form, bool) {
		f.Pairs = slices.Clone(f.Pairs)
		changed := false
		for i, p := range f.Pairs {
			f.Pairs[i].Value = change(p)
			if f.Pairs[i].Value != p.Value {
				if !changed {
					f.Offset, f.Length = p.At, p.Len
				}
				changed = true
			}
		}
		return f, changed
	}}
}

// DecodeAxis is what people do to the encoding of values: not decoded, decoded twice, a plus sign taken for a blank or a blank for a plus sign, HTML left in or taken out.
func DecodeAxis() Axis[Form] {
	return Axis[Form]{
		Each("not_decoded", func(p Pair) string { return p.Raw }),
		Each("not_decoded", func(p Pair) string { return url.QueryEscape(p.Value) }),
		Each("plus_became_space", func(p Pair) string { // the signer's plus sign was not encoded
			if out, err := url.PathUnescape(p.Raw); err == nil {
				return out
			}
			return p.Value
		}),
		Each("space_became_plus", func(p Pair) string { return strings.ReplaceAll(p.Value, "+", " ") }),
		Each("decoded_twice", func(p Pair) string { return unescaped(p.Value) }),
		Each("html_in_value", func(p Pair) string { return html.EscapeString(p.Value) }),
		Each("html_in_value", func(p Pair) string { return strings.ReplaceAll(p.Value, `"`, "&quot;") }),
		Each("html_escaped", func(p Pair) string { return html.UnescapeString(p.Value) }),
	}
}

// EmptyAxis turns around whether empty values stand in the text; kept is the code where the signer kept them.
func EmptyAxis(kept, dropped string) Axis[Form] {
	has := func(f Form) bool {
		return slices.ContainsFunc(f.Pairs, func(p Pair) bool { return p.Value == "" && !slices.Contains(f.Without, p.Name) })
	}
	return Axis[Form]{
		{Code: kept, Do: func(f Form) (Form, bool) { was := f.DropEmpty; f.DropEmpty = false; return f, was && has(f) }},
		{Code: dropped, Do: func(f Form) (Form, bool) { was := f.DropEmpty; f.DropEmpty = true; return f, !was && has(f) }},
	}
}

// OrderAxis leaves the parameters in the order of the wire, or sorts them without regard to case or by the whole of name and value.
func OrderAxis() Axis[Form] {
	sorted := func(compare func(a, b Pair) int) func(Form) (Form, bool) {
		return func(f Form) (Form, bool) {
			f.Pairs, f.AsSent = slices.Clone(f.Pairs), true
			slices.SortStableFunc(f.Pairs, compare)
			return f, true
		}
	}
	return Axis[Form]{
		{Code: "not_sorted", Do: func(f Form) (Form, bool) { f.AsSent = true; return f, true }},
		{Code: "not_sorted", Do: sorted(func(a, b Pair) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })},
		{Code: "not_sorted", Do: sorted(func(a, b Pair) int { return strings.Compare(b.Name, a.Name) })},
	}
}

// ExtraAxis leaves out one parameter: the signer did not have it. Names in keep are not tried.
func ExtraAxis(f Form, keep ...string) Axis[Form] {
	var axis Axis[Form]
	seen := map[string]bool{}
	for _, p := range f.Pairs {
		if seen[p.Name] || slices.Contains(keep, p.Name) || slices.Contains(f.Without, p.Name) {
			continue
		}
		seen[p.Name] = true
		axis = append(axis, Way[Form]{Code: "parameter_added", Detail: p.Name, Do: func(f Form) (Form, bool) {
			if slices.Contains(f.Without, p.Name) {
				return f, false
			}
			f.Without = append(slices.Clip(f.Without), p.Name)
			f.Offset, f.Length = p.At, p.Len
			return f, true
		}})
	}
	return axis
}

// LostAxis adds a parameter with the value that it always has: the signer had it, and it was dropped on the way.
func LostAxis(f Form, always ...Pair) Axis[Form] {
	var axis Axis[Form]
	for _, p := range always {
		if f.index(p.Name) >= 0 {
			continue
		}
		axis = append(axis, Way[Form]{Code: "parameter_lost", Detail: p.Name, Do: func(f Form) (Form, bool) {
			f.Pairs = append(slices.Clip(f.Pairs), p)
			f.Without = slices.DeleteFunc(slices.Clone(f.Without), func(name string) bool { return name == p.Name })
			return f, true
		}})
	}
	return axis
}

// EndAxis is what stands after the text, or around its values, and should not.
func EndAxis() Axis[Form] {
	after := func(code, s string) Way[Form] {
		return Way[Form]{Code: code, Do: func(f Form) (Form, bool) { f.After += s; return f, true }}
	}
	return Axis[Form]{
		Each("blanks_in_value", func(p Pair) string { return strings.TrimSpace(p.Value) }), after("text_newline", "\n"), after("text_newline", "\r\n"), after("text_blank", " "), after("text_ampersand", "&"),
	}
}

// ValueAxes are the ways of BodyAxes for a parameter that holds JSON.
func ValueAxes(name string) []Axis[Form] {
	return BodyAxes(func(f Form) []byte { return []byte(f.Value(name)) }, func(f Form, b []byte) Form { return f.Set(name, string(b)) })
}
