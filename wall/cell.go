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

// The evidence marks, strongest first; an observation is the operator's own and stands beside them.
const (
	EvidenceTwice       = "attested_twice" // two or more independent public sources
	EvidenceOnce        = "attested_once"  // one public source
	EvidencePractice    = "practice"       // common practice or first principles (no bridge, no token), no source at hand
	EvidenceUnknown     = "unknown"
	EvidenceObservation = "observation" // seen in one's own payments, or tried on a phone
)

// Who closed a gate. Empty with a name in Who is a third party, such as a regulator; empty without is the nature of the product.
const (
	ByProvider = "provider" // the wallet's own house; of a link, the target's
	ByHost     = "host"     // the app in which the page is open
)

// Which dates of a line are rough.
const (
	AboutBoth = "about"
	AboutFrom = "from_about"
	AboutTo   = "to_about"
)

// Who may still sign an agreement for a use. Empty is everybody.
const (
	SigningExisting = "existing" // no new agreements: those that are signed run until they end
	SigningLimited  = "limited"  // new ones on conditions that the note names
)

// Cell says whether a provider's product works in a container, since when and until when, who closed it, and how we know. No cell of the embedded table is
// device-tested.
type Cell struct {
	Provider string `json:"provider"`
	Product  string `json:"product"`
	// Container is what the cell was written for: a container's label, or "family:" and a family.
	Container string `json:"container"`
	// Form is the form factor the cell was written for, "" for any.
	Form  string `json:"form,omitempty"`
	State string `json:"state"`
	// WayOut is how the buyer gets on when State is StateWayOut, "" otherwise.
	WayOut string `json:"way_out,omitempty"`
	Span
	// Dates says which dates the sources give only roughly: AboutBoth, AboutFrom, AboutTo, or "" for none.
	Dates    string `json:"dates,omitempty"`
	Signing  string `json:"signing,omitempty"`
	ClosedBy string `json:"closed_by,omitempty"`
	Who      string `json:"who,omitempty"`
	Evidence string `json:"evidence"`
	Note     string `json:"note,omitempty"`
	Source   string `json:"source,omitempty"`
	// Event is the entry of the timeline that brought the cell about, "" when none is known.
	Event string `json:"event,omitempty"`
	// Overlay marks a cell of the operator's own.
	Overlay bool `json:"overlay,omitempty"`
}

// Open says that a buyer may be offered something here: it works, there is a way out, or nobody knows.
func (c Cell) Open() bool { return c.State != StateBlocked }

func (c Cell) key() cellKey { return cellKey{c.Provider, c.Product, c.Container, c.Form} }

type cellKey struct{ provider, product, container, form string }

func (k cellKey) String() string {
	s := k.provider + " " + k.product + " in " + k.container
	if k.form != "" {
		s += " (" + k.form + ")"
	}
	return s
}

// cellLine is a cell as written: exactly one of container and family.
type cellLine struct {
	Provider  string `json:"provider"`
	Product   string `json:"product"`
	Container string `json:"container,omitempty"`
	Family    string `json:"family,omitempty"`
	Form      string `json:"form,omitempty"`
	State     string `json:"state"`
	WayOut    string `json:"way_out,omitempty"`
	Signing   string `json:"signing,omitempty"`
	factLine
}

// factLine is what cells and link targets share: since when, until when, by whom, and how we know.
type factLine struct {
	From     string `json:"valid_from,omitempty"`
	Until    string `json:"valid_to,omitempty"`
	Dates    string `json:"dates,omitempty"`
	ClosedBy string `json:"closed_by,omitempty"`
	Who      string `json:"who,omitempty"`
	Evidence string `json:"evidence"`
	Note     string `json:"note,omitempty"`
	Source   string `json:"source,omitempty"`
	Event    string `json:"event,omitempty"`
}

const familyMark = "family:" // keeps a family's key apart from a container of the same name

func (m *Map) loadCells(fsys fs.FS) error {
	taken := map[cellKey][]Cell{}
	return eachLine(fsys, "cells.jsonl", func(l cellLine) error {
		c, odd, err := m.parseCell(l)
		if err != nil {
			return err
		}
		if len(odd) > 0 {
			return fmt.Errorf("%s", odd[0])
		}
		for _, o := range taken[c.key()] {
			if o.overlaps(c.Span) {
				return fmt.Errorf("%s from %q to %q overlaps the line from %q to %q above: a cell has one state at a time", c.key(), c.From, c.Until, o.From, o.Until)
			}
		}
		taken[c.key()] = append(taken[c.key()], c)
		m.cells = append(m.cells, c)
		return nil
	})
}

// parseCell checks a line. What is odd is a code that the map does not know: an error in the embedded data, a warning in an overlay.
func (m *Map) parseCell(l cellLine) (c Cell, odd []string, err error) {
	for _, f := range [][2]string{{"provider", l.Provider}, {"product", l.Product}} {
		if !isCode(f[1]) {
			return c, nil, fmt.Errorf("%s %q: use lower-case letters, digits and hyphens", f[0], f[1])
		}
	}
	if (l.Container == "") == (l.Family == "") {
		return c, nil, fmt.Errorf("container, family: write exactly one of them")
	}
	if l.Container != "" && !isCode(l.Container) {
		return c, nil, fmt.Errorf("container %q: use lower-case letters, digits and hyphens", l.Container)
	}
	if _, known := m.family[l.Container]; l.Container != "" && !known {
		odd = append(odd, fmt.Sprintf("container %q: no rule in containers.jsonl answers that label", l.Container))
	}
	if _, known := m.parent[l.Family]; l.Family != "" && !known {
		return c, nil, fmt.Errorf("family %q: it is not in families.jsonl", l.Family)
	}
	if !slices.Contains([]string{"", Phone, Tablet, Desktop}, l.Form) {
		return c, nil, fmt.Errorf("form %q: use phone, tablet, desktop, or leave it out for any", l.Form)
	}
	if _, known := m.productOf[productKey{l.Provider, l.Product}]; !known {
		odd = append(odd, fmt.Sprintf("provider, product: %s %s is not in products.jsonl", l.Provider, l.Product))
	}
	where := l.Container
	if where == "" {
		where = familyMark + l.Family
	}
	c = Cell{Provider: l.Provider, Product: l.Product, Container: where, Form: l.Form, State: l.State, WayOut: l.WayOut, Signing: l.Signing,
		Dates: l.Dates, ClosedBy: l.ClosedBy, Who: l.Who, Evidence: l.Evidence, Note: l.Note, Source: l.Source, Event: l.Event}
	if err := checkState(l.State, l.WayOut, l.Signing); err != nil {
		return c, nil, err
	}
	c.Span, err = m.checkFact(l.factLine, l.State == StateWorks && l.Signing == "")
	return c, odd, err
}

func checkState(state, wayOut, signing string) error {
	if !slices.Contains([]string{StateWorks, StateWayOut, StateBlocked, StateUnknown}, state) {
		return fmt.Errorf("state %q: use works, way_out, blocked or unknown", state)
	}
	known := slices.Contains([]string{WayBrowser, WaySecondDevice, WayMiniProgram}, wayOut)
	if (state == StateWayOut) != known || state != StateWayOut && wayOut != "" {
		return fmt.Errorf("way_out %q: use browser, second_device or mini_program with the state way_out, and leave it out with any other", wayOut)
	}
	if !slices.Contains([]string{"", SigningExisting, SigningLimited}, signing) || signing != "" && state == StateBlocked {
		return fmt.Errorf("signing %q: use existing or limited with a state that is not blocked, or leave it out", signing)
	}
	return nil
}

// checkFact checks the part that cells and links share; free means that nothing is closed, so that nobody can have closed it.
func (m *Map) checkFact(l factLine, free bool) (Span, error) {
	span, err := parseSpan(l.From, l.Until)
	if err != nil {
		return span, err
	}
	if from, to := l.From != "", l.Until != ""; l.Dates != "" && !(l.Dates == AboutBoth && (from || to) || l.Dates == AboutFrom && from || l.Dates == AboutTo && to) {
		return span, fmt.Errorf("dates %q: write about, from_about or to_about where such a date is not exact, or leave it out", l.Dates)
	}
	if !slices.Contains([]string{"", ByProvider, ByHost}, l.ClosedBy) {
		return span, fmt.Errorf("closed_by %q: use provider or host, or leave it out", l.ClosedBy)
	}
	if l.ClosedBy != "" && l.Who == "" {
		return span, fmt.Errorf("who: name who closed it")
	}
	if l.Who != "" && free {
		return span, fmt.Errorf("closed_by, who: what works was closed by nobody: remove them")
	}
	if !slices.Contains([]string{EvidenceTwice, EvidenceOnce, EvidencePractice, EvidenceUnknown, EvidenceObservation}, l.Evidence) {
		return span, fmt.Errorf("evidence %q: use attested_twice, attested_once, practice, unknown or observation", l.Evidence)
	}
	if (l.Evidence == EvidenceTwice || l.Evidence == EvidenceOnce) && l.Source == "" {
		return span, fmt.Errorf("source: name where it was attested, or mark the line practice")
	}
	if _, known := m.entryOf[l.Event]; l.Event != "" && !known {
		return span, fmt.Errorf("event %q: timeline.jsonl has no entry of that name", l.Event)
	}
	return span, nil
}
