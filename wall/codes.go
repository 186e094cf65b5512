package wall

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Code is a range of the numbers that wallets show to a seller's scanner.
type Code struct {
	Provider string `json:"provider"`
	// Prefixes are what the number begins with; From and To bound its length in digits.
	Prefixes []string `json:"prefixes"`
	From     int      `json:"from"`
	To       int      `json:"to"`
	Evidence string   `json:"evidence"`
	Source   string   `json:"source,omitempty"`
	Note     string   `json:"note,omitempty"`
}

// fits says that a scanned number is in the range.
func (c Code) fits(number string) bool {
	return len(number) >= c.From && len(number) <= c.To && slices.ContainsFunc(c.Prefixes, func(p string) bool { return strings.HasPrefix(number, p) })
}

// CodeOf returns the providers whose range a scanned code is in, in the order of the data; never nil. Blanks that a scanner adds at the ends do not count.
func (m *Map) CodeOf(code string) []string {
	code = strings.TrimSpace(code)
	list := []string{}
	if strings.ContainsFunc(code, func(r rune) bool { return r < '0' || r > '9' }) {
		return list
	}
	for _, c := range m.codes {
		if c.fits(code) && !slices.Contains(list, c.Provider) {
			list = append(list, c.Provider)
		}
	}
	return list
}

// Codes lists the ranges.
func (m *Map) Codes() []Code { return slices.Clone(m.codes) }

func (m *Map) loadCodes(fsys fs.FS) error {
	return eachLine(fsys, "codes.jsonl", func(c Code) error {
		switch _, known := m.providers[c.Provider]; {
		case !known:
			return fmt.Errorf("provider %q: add it to products.jsonl or use one that is there", c.Provider)
		case len(c.Prefixes) == 0:
			return fmt.Errorf("prefixes: write at least one")
		case c.From < 6 || c.To < c.From || c.To > 64:
			return fmt.Errorf("from, to: write the shortest and the longest length, 6 to 64 digits")
		case !slices.Contains([]string{EvidenceTwice, EvidenceOnce, EvidencePractice, EvidenceUnknown}, c.Evidence), (c.Evidence == EvidenceTwice || c.Evidence == EvidenceOnce) && c.Source == "":
			return fmt.Errorf("evidence %q: use attested_twice or attested_once with a source, practice or unknown", c.Evidence)
		}
		for _, p := range c.Prefixes {
			if p == "" || strings.ContainsFunc(p, func(r rune) bool { return r < '0' || r > '9' }) || len(p) >= c.From {
				return fmt.Errorf("prefix %q: write digits, fewer than the number has", p)
			}
		}
		m.codes = append(m.codes, c)
		return nil
	})
}
