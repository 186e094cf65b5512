package wall

import (
	"cmp"
	"slices"
	"time"
)

type productKey struct{ provider, product string }

// index finds cells without allocating: two look-ups by name, then arrays.
type index struct {
	places map[string]int32    // container or family -> its number
	chains map[string][]int32  // container -> its own place, its family's, and so on up
	stray  []int32             // the chain of a container that no rule names
	tables map[productKey]rows // one table a product
}

// rows are the entries of one product by place and form.
type rows [][]entry

// entry is a cell with the span in which it answers: its own, cut to the time since the product exists.
type entry struct {
	Span
	cell *Cell
}

const formSlots = 4

func formSlot(form string) int {
	switch form {
	case Phone:
		return 1
	case Tablet:
		return 2
	case Desktop:
		return 3
	}
	return 0
}

// build makes the index of the map's cells.
func (m *Map) build() {
	x := &index{places: map[string]int32{}, chains: map[string][]int32{}, tables: map[productKey]rows{}}
	place := func(name string) int32 {
		if _, known := x.places[name]; !known {
			x.places[name] = int32(len(x.places))
		}
		return x.places[name]
	}
	families := func(chain []int32, f string) []int32 {
		for ; f != ""; f = m.parent[f] {
			chain = append(chain, place(familyMark+f))
		}
		return chain
	}
	x.stray = families(nil, "unknown")
	for container, f := range m.family {
		x.chains[container] = families([]int32{place(container)}, f)
	}
	for i := range m.cells { // a cell may name a container that no rule answers: the code is data, and a caller may pass it
		where := m.cells[i].Container
		if _, known := x.places[where]; !known {
			x.chains[where] = append([]int32{place(where)}, x.stray...)
		}
	}
	for i := range m.cells {
		c := &m.cells[i]
		key := productKey{c.Provider, c.Product}
		t := x.tables[key]
		if t == nil {
			t = make(rows, len(x.places)*formSlots)
			x.tables[key] = t
		}
		e := entry{c.Span, c}
		if since := m.productSince(key); since != 0 && (e.From == 0 || e.From < since) {
			if e.Until != 0 && e.Until <= since {
				continue
			}
			e.From = since
		}
		at := int(x.places[c.Container])*formSlots + formSlot(c.Form)
		t[at] = append(t[at], e)
	}
	for _, t := range x.tables {
		for _, list := range t { // the newest first: that is what is asked for nearly always
			slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(b.From, a.From) })
		}
	}
	m.index = x
}

func (m *Map) productSince(key productKey) Moment {
	if i, known := m.productOf[key]; known {
		return m.products[i].Since
	}
	return 0
}

// Reach is ReachAt on the day of the map's data.
func (m *Map) Reach(provider, product string, seen Seen) Cell {
	return m.reach(provider, product, seen, m.asOf)
}

// ReachAt says whether a provider's product works where the buyer is at a moment. It looks for the cell of the container itself, then of its family and each
// broader family; at every step the cell for the buyer's form factor goes before the one for any, and only cells that hold at that moment count. A container that
// no rule names is treated like the family "unknown". Without a cell the answer is StateUnknown with EvidenceUnknown. It allocates nothing.
func (m *Map) ReachAt(provider, product string, seen Seen, at time.Time) Cell {
	return m.reach(provider, product, seen, MomentOf(at))
}

func (m *Map) reach(provider, product string, seen Seen, at Moment) Cell {
	if c := m.find(provider, product, seen, at); c != nil {
		return *c
	}
	return Cell{Provider: provider, Product: product, Container: seen.Container, Form: seen.Form, State: StateUnknown, Evidence: EvidenceUnknown}
}

func (m *Map) find(provider, product string, seen Seen, at Moment) *Cell {
	t := m.index.tables[productKey{provider, product}]
	if t == nil {
		return nil
	}
	chain, known := m.index.chains[seen.Container]
	if !known {
		chain = m.index.stray
	}
	form := formSlot(seen.Form)
	for _, place := range chain {
		slot := int(place) * formSlots
		if form != 0 {
			if c := holding(t[slot+form], at); c != nil {
				return c
			}
		}
		if c := holding(t[slot], at); c != nil {
			return c
		}
	}
	return nil
}

func holding(list []entry, at Moment) *Cell {
	for i := range list {
		if list[i].Holds(at) {
			return list[i].cell
		}
	}
	return nil
}

// Cells returns every cell of the table with its whole history, in the order of the data, for the matrix and for exports.
func (m *Map) Cells() []Cell { return slices.Clone(m.cells) }

// Changes lists the moments at which any cell or link begins or ends, oldest first and each once.
func (m *Map) Changes() []Moment {
	var all []Moment
	add := func(s Span) {
		for _, at := range []Moment{s.From, s.Until} {
			if at != 0 {
				all = append(all, at)
			}
		}
	}
	for _, c := range m.cells {
		add(c.Span)
	}
	for _, l := range m.links {
		add(l.Span)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// View is the map on one day.
type View struct {
	m  *Map
	at Moment
}

// At is the map as it stands at a moment.
func (m *Map) At(at time.Time) View { return View{m, MomentOf(at)} }

// Moment is the moment of the view.
func (v View) Moment() Moment { return v.at }

// Reach is ReachAt at the view's moment.
func (v View) Reach(provider, product string, seen Seen) Cell {
	return v.m.reach(provider, product, seen, v.at)
}

// Link is LinkAt at the view's moment.
func (v View) Link(target, container, scene string) Link {
	return v.m.link(target, container, scene, v.at)
}

// Cells returns the cells that hold at the view's moment, in the order of the data.
func (v View) Cells() []Cell {
	var cells []Cell
	for _, c := range v.m.cells {
		if since := v.m.productSince(productKey{c.Provider, c.Product}); c.Holds(v.at) && v.at >= since {
			cells = append(cells, c)
		}
	}
	return cells
}

// Links returns the links that hold at the view's moment, in the order of the data.
func (v View) Links() []Link {
	var links []Link
	for _, l := range v.m.links {
		if l.Holds(v.at) {
			links = append(links, l)
		}
	}
	return links
}
