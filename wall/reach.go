package wall

import (
	"fmt"
	"io/fs"
	"slices"
)

// The states of a cell.
const (
	StateWorks   = "works"   // the buyer can finish paying right here
	StateWayOut  = "way_out" // not here, but by a way the platforms allow: another browser, a second device, a mini-program page
	StateBlocked = "blocked" // cannot be done from here
	StateUnknown = "unknown" // nobody has told us
)

// The ways out of a container in which a product does not work.
const (
	WayBrowser      = "browser"       // the same page in the device's own browser
	WaySecondDevice = "second_device" // a QR for another device's camera
	WayMiniProgram  = "mini_program"  // a page of the host's mini-program
)

// The evidence marks, strongest first.
const (
	EvidenceTwice    = "attested_twice" // two or more independent public sources
	EvidenceOnce     = "attested_once"  // one public source
	EvidencePractice = "practice"       // common practice or first principles (no bridge, no token), no source at hand
	EvidenceUnknown  = "unknown"
)

// Cell says whether a provider's product works in a container, and how we know. No cell of the embedded table is device-tested.
type Cell struct {
	Provider string `json:"provider"`
	Product  string `json:"product"`
	// Container is what the cell was written for: a container's label, or a family when Matched by the fallback.
	Container string `json:"container"`
	// Form is the form factor the cell was written for, "" for any.
	Form  string `json:"form,omitempty"`
	State string `json:"state"`
	// WayOut is how the buyer gets on when State is StateWayOut, "" otherwise.
	WayOut   string `json:"way_out,omitempty"`
	Evidence string `json:"evidence"`
	Note     string `json:"note,omitempty"`
	Source   string `json:"source,omitempty"`
}

type cellKey struct{ provider, product, container, form string }

// cellLine is a cell as written: exactly one of container and family.
type cellLine struct {
	Provider  string `json:"provider"`
	Product   string `json:"product"`
	Container string `json:"container,omitempty"`
	Family    string `json:"family,omitempty"`
	Form      string `json:"form,omitempty"`
	State     string `json:"state"`
	WayOut    string `json:"way_out,omitempty"`
	Evidence  string `json:"evidence"`
	Note      string `json:"note,omitempty"`
	Source    string `json:"source,omitempty"`
}

const familyMark = "family:" // keeps a family's key apart from a container of the same name

func (m *Map) loadReach(fsys fs.FS) error {
	return eachLine(fsys, "reach.jsonl", func(l cellLine) error {
		if err := m.checkCell(l); err != nil {
			return err
		}
		where := l.Container
		if where == "" {
			where = familyMark + l.Family
		}
		key := cellKey{l.Provider, l.Product, where, l.Form}
		if _, twice := m.cells[key]; twice {
			return fmt.Errorf("a cell for %s %s in %s %s stands above already: remove one", l.Provider, l.Product, where, l.Form)
		}
		m.cells[key] = Cell{Provider: l.Provider, Product: l.Product, Container: where, Form: l.Form, State: l.State, WayOut: l.WayOut, Evidence: l.Evidence, Note: l.Note, Source: l.Source}
		return nil
	})
}

func (m *Map) checkCell(l cellLine) error {
	for _, f := range [][2]string{{"provider", l.Provider}, {"product", l.Product}} {
		if !isCode(f[1]) {
			return fmt.Errorf("%s %q: use lower-case letters, digits and hyphens", f[0], f[1])
		}
	}
	if (l.Container == "") == (l.Family == "") {
		return fmt.Errorf("container, family: write exactly one of them")
	}
	if _, known := m.family[l.Container]; l.Container != "" && !known {
		return fmt.Errorf("container %q: no rule in containers.jsonl answers that label", l.Container)
	}
	if _, known := m.parent[l.Family]; l.Family != "" && !known {
		return fmt.Errorf("family %q: it is not in families.jsonl", l.Family)
	}
	if !slices.Contains([]string{"", Phone, Tablet, Desktop}, l.Form) {
		return fmt.Errorf("form %q: use phone, tablet, desktop, or leave it out for any", l.Form)
	}
	if !slices.Contains([]string{StateWorks, StateWayOut, StateBlocked, StateUnknown}, l.State) {
		return fmt.Errorf("state %q: use works, way_out, blocked or unknown", l.State)
	}
	if (l.State == StateWayOut) != slices.Contains([]string{WayBrowser, WaySecondDevice, WayMiniProgram}, l.WayOut) || l.State != StateWayOut && l.WayOut != "" {
		return fmt.Errorf("way_out %q: use browser, second_device or mini_program with the state way_out, and leave it out with any other", l.WayOut)
	}
	if !slices.Contains([]string{EvidenceTwice, EvidenceOnce, EvidencePractice, EvidenceUnknown}, l.Evidence) {
		return fmt.Errorf("evidence %q: use attested_twice, attested_once, practice or unknown", l.Evidence)
	}
	if (l.Evidence == EvidenceTwice || l.Evidence == EvidenceOnce) && l.Source == "" {
		return fmt.Errorf("source: name where it was attested, or mark the cell practice")
	}
	return nil
}

// Reach looks for the cell of the container itself, then of its family and each broader family; at every step the cell for the buyer's form factor goes before
// the one for any. A container that no rule names is treated like the family "unknown". Without a cell the answer is StateUnknown with EvidenceUnknown.
func (m *Map) Reach(provider, product string, seen Seen) Cell {
	if c, ok := m.cellAt(provider, product, seen.Container, seen.Form); ok {
		return c
	}
	family, known := m.family[seen.Container]
	if !known {
		family = "unknown"
	}
	for ; family != ""; family = m.parent[family] {
		if c, ok := m.cellAt(provider, product, familyMark+family, seen.Form); ok {
			return c
		}
	}
	return Cell{Provider: provider, Product: product, Container: seen.Container, Form: seen.Form, State: StateUnknown, Evidence: EvidenceUnknown}
}

func (m *Map) cellAt(provider, product, where, form string) (Cell, bool) {
	if c, ok := m.cells[cellKey{provider, product, where, form}]; ok {
		return c, true
	}
	c, ok := m.cells[cellKey{provider, product, where, ""}]
	return c, ok
}

// Cells returns every cell of the table, for the matrix and for exports. The order is not defined.
func (m *Map) Cells() []Cell {
	cells := make([]Cell, 0, len(m.cells))
	for _, c := range m.cells {
		cells = append(cells, c)
	}
	return cells
}
