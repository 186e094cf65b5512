package wall

import (
	"slices"
	"time"
)

// Table is the map of one moment as people read it: places down, products across.
type Table struct {
	At      Moment
	Version string
	Rows    []Seen    // one place each: its usual form, and for browsers phone and desktop
	Columns []Product // those that anything is known of
	Cells   [][]Cell  // by row and column
}

// Table lays out the map at a moment, of one container and one provider, or of all for "". Browsers that answer alike stand in one row, under the label of the
// general one; containers that did not exist yet are left out, unless asked for.
func (m *Map) Table(at time.Time, container, provider string) Table {
	t := Table{At: MomentOf(at), Version: m.version}
	v := m.At(at)
	var products []Product
	for _, p := range m.products {
		if (provider == "" || p.Provider == provider) && t.At >= p.Since {
			products = append(products, p)
		}
	}
	for _, seen := range m.rows(t.At, container) {
		line := make([]Cell, len(products))
		for i, p := range products {
			line[i] = v.Reach(p.Provider, p.Product, seen)
		}
		if container == "" && m.family[seen.Container] == familyBrowser && slices.ContainsFunc(t.Cells, func(o []Cell) bool { return slices.EqualFunc(o, line, alike) }) {
			continue
		}
		t.Rows, t.Cells = append(t.Rows, seen), append(t.Cells, line)
	}
	for i := len(products) - 1; i >= 0; i-- {
		silent := !slices.ContainsFunc(t.Cells, func(line []Cell) bool { return line[i].State != StateUnknown || line[i].Note != "" })
		if silent && provider == "" {
			products = slices.Delete(products, i, i+1)
			for r := range t.Cells {
				t.Cells[r] = slices.Delete(t.Cells[r], i, i+1)
			}
		}
	}
	t.Columns = products
	return t
}

// Online is the table of the products for a page alone.
func (t Table) Online() Table {
	online := Table{At: t.At, Version: t.Version, Rows: t.Rows, Cells: make([][]Cell, len(t.Rows))}
	for i, p := range t.Columns {
		if p.Kind != KindOnline {
			continue
		}
		online.Columns = append(online.Columns, p)
		for r := range t.Rows {
			online.Cells[r] = append(online.Cells[r], t.Cells[r][i])
		}
	}
	return online
}

// alike says that two answers are the same cell, or none both.
func alike(a, b Cell) bool {
	if a.Evidence == EvidenceUnknown && a.Note == "" {
		a.Container, a.Form = b.Container, b.Form
	}
	return a == b
}

// BrowserOther is the general browser, which stands for all that answer alike, and for the device's own browser when it is not known.
const BrowserOther = "browser-other"

func (m *Map) rows(at Moment, container string) []Seen {
	if container != "" {
		return []Seen{{Container: container, Form: Phone}, {Container: container, Form: Tablet}, {Container: container, Form: Desktop}}
	}
	var rows, browsers []Seen
	for _, c := range m.Containers() {
		name := m.Name(c)
		switch {
		case name.Since > at:
		case m.family[c] != familyBrowser:
			rows = append(rows, Seen{Container: c, Form: name.Form})
		case c == BrowserOther:
			browsers = slices.Insert(browsers, 0, Seen{Container: c, Form: Phone}, Seen{Container: c, Form: Tablet}, Seen{Container: c, Form: Desktop})
		default:
			browsers = append(browsers, Seen{Container: c, Form: Phone}, Seen{Container: c, Form: Desktop})
		}
	}
	return append(browsers, rows...)
}
