package wall

import (
	"fmt"
	"slices"
	"strings"
)

// effects warns about lines that do not do what their writer may expect: a family's line under which containers have cells of their own, and a line that takes
// away a provider's, or everybody's, last way out of a container.
func (o *overlay) effects() {
	for _, c := range o.cells {
		o.shadowed(c)
		o.lost(c)
	}
}

// shadowed warns when a line for a family leaves containers untouched that have a cell of their own.
func (o *overlay) shadowed(c numbered[Cell]) {
	if !strings.HasPrefix(c.is.Container, familyMark) {
		return
	}
	under := strings.TrimPrefix(c.is.Container, familyMark)
	var spared []string
	for _, b := range o.m.cells {
		if b.Provider != c.is.Provider || b.Product != c.is.Product || b.Overlay || !b.overlaps(c.is.Span) || b.Container == c.is.Container {
			continue
		}
		if o.m.below(b.Container, under) && (c.is.Form == "" || b.Form == "" || b.Form == c.is.Form) && !slices.Contains(spared, b.Container) {
			spared = append(spared, b.Container)
		}
	}
	if len(spared) > 0 {
		o.warn(c.line, "%s does not touch %s: the map has lines of their own, which go before the family's", c.is.key(), few(spared))
	}
}

// below says whether a place lies in a family, however deep.
func (m *Map) below(place, family string) bool {
	f, ok := strings.CutPrefix(place, familyMark)
	if ok {
		f = m.parent[f]
	} else {
		f = m.family[place]
	}
	for ; f != ""; f = m.parent[f] {
		if f == family {
			return true
		}
	}
	return false
}

// lost warns where the line takes away the last way, at its first moment or, when that is open, on the day of the data.
func (o *overlay) lost(c numbered[Cell]) {
	if c.is.State != StateBlocked {
		return
	}
	at := c.is.From
	if at == 0 {
		at = o.m.asOf
		if !c.is.Holds(at) {
			at = c.is.Until - 1
		}
	}
	var wallet, all []string
	for _, container := range o.m.Containers() {
		for _, form := range []string{Phone, Tablet, Desktop} {
			seen := Seen{Container: container, Form: form}
			if got := o.m.find(c.is.Provider, c.is.Product, seen, at); got == nil || got.key() != c.is.key() {
				continue
			}
			name := fmt.Sprintf("%s (%s)", container, form)
			if o.base.ways(c.is.Provider, seen, at) > 0 && o.m.ways(c.is.Provider, seen, at) == 0 {
				wallet = append(wallet, name)
			}
			if o.base.ways("", seen, at) > 0 && o.m.ways("", seen, at) == 0 {
				all = append(all, name)
			}
		}
	}
	if len(all) > 0 {
		o.warn(c.line, "from %s nothing on the map can be paid with any more in %s", at, few(all))
	} else if len(wallet) > 0 {
		o.warn(c.line, "from %s %s has no way left in %s", at, c.is.Provider, few(wallet))
	}
}

// ways counts the online products of a provider, or of all, that work or have a way out.
func (m *Map) ways(provider string, seen Seen, at Moment) int {
	n := 0
	for _, p := range m.products {
		if p.Kind != KindOnline || provider != "" && p.Provider != provider {
			continue
		}
		if c := m.find(p.Provider, p.Product, seen, at); c != nil && (c.State == StateWorks || c.State == StateWayOut) {
			n++
		}
	}
	return n
}

// few lists the first names and counts the rest.
func few(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:4], ", "), len(names)-4)
	}
	return strings.Join(names, ", ")
}
