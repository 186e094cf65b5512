package postern

import (
	"math"
	"slices"
	"time"
)

// ClosureIndex is a list of closures made ready for many questions: each act of each provider looks at the withdrawals that could hit it and at no other. It
// answers as May does; a test asks both. It never changes and is safe for concurrent use. Nil is no closure at all.
type ClosureIndex struct {
	all  []Closure
	hits map[closureKey][]dated
	// any are, by act, the withdrawals of closures that name no provider.
	any map[Act][]dated
}

type closureKey struct {
	act      Act
	provider string
}

// dated is one withdrawal with its span in whole microseconds, both inclusive: what lies outside cannot be hit, and what lies inside is asked exactly.
type dated struct {
	from, until int64
	closure     *Closure
}

// IndexClosures makes the index. The list must not change afterwards.
func IndexClosures(list []Closure) *ClosureIndex {
	if len(list) == 0 {
		return nil
	}
	x := &ClosureIndex{all: list, hits: map[closureKey][]dated{}, any: map[Act][]dated{}}
	var providers []string
	for i := range list {
		providers = append(providers, list[i].Scope.Providers...)
	}
	slices.Sort(providers)
	providers = slices.Compact(providers)
	for i := range list { // in the order of the list, so that the first that hits is the same as May's
		c := &list[i]
		for _, w := range c.Withdraws {
			d := dated{from: w.From.UnixMicro(), until: math.MaxInt64, closure: c}
			if !w.Until.IsZero() {
				d.until = w.Until.UnixMicro()
			}
			if len(c.Scope.Providers) == 0 {
				x.any[w.Act] = append(x.any[w.Act], d)
			}
			for _, p := range providers {
				if anyOf(c.Scope.Providers, p) {
					x.hits[closureKey{w.Act, p}] = append(x.hits[closureKey{w.Act, p}], d)
				}
			}
		}
	}
	return x
}

// List returns the closures.
func (x *ClosureIndex) List() []Closure {
	if x == nil {
		return nil
	}
	return x.all
}

// May answers as the function May does.
func (x *ClosureIndex) May(act Act, who *Asker, at time.Time) Verdict {
	if because := who.paper(act, at); because != "" {
		return Verdict{Because: because}
	}
	if x == nil {
		return Verdict{Allowed: true}
	}
	list, named := x.hits[closureKey{act, who.Provider}]
	if !named {
		list = x.any[act]
	}
	now := at.UnixMicro()
	for i := range list {
		if d := &list[i]; now >= d.from && now <= d.until {
			if e, hit := d.closure.hits(act, who, at); hit {
				return Verdict{Because: ClosedByWall, Closure: d.closure.ID, Since: e.From, Until: e.Until}
			}
		}
	}
	return Verdict{Allowed: true}
}
