package postern

import "time"

// ClosureIndex is a list of closures made ready for many questions: each act of each provider looks at the closures that could hit it and at no other. It answers
// as May does; a test asks both. It never changes and is safe for concurrent use. Nil is no closure at all.
type ClosureIndex struct {
	all  []Closure
	hits map[closureKey][]*Closure
	// any are, by act, the closures that name no provider.
	any map[Act][]*Closure
}

type closureKey struct {
	act      Act
	provider string
}

// IndexClosures makes the index. The list must not change afterwards.
func IndexClosures(list []Closure) *ClosureIndex {
	if len(list) == 0 {
		return nil
	}
	x := &ClosureIndex{all: list, hits: map[closureKey][]*Closure{}, any: map[Act][]*Closure{}}
	providers := map[string]bool{}
	for i := range list {
		for _, p := range list[i].Scope.Providers {
			providers[p] = true
		}
	}
	for i := range list {
		c := &list[i]
		for _, act := range c.acts() {
			if len(c.Scope.Providers) == 0 {
				x.any[act] = append(x.any[act], c)
			}
			for p := range providers { // in the order of the list, so that the first that hits is the same as May's
				if anyOf(c.Scope.Providers, p) {
					x.hits[closureKey{act, p}] = append(x.hits[closureKey{act, p}], c)
				}
			}
		}
	}
	return x
}

// acts lists what a closure withdraws, each act once.
func (c *Closure) acts() []Act {
	var acts []Act
	for _, w := range c.Withdraws {
		if !hasAct(acts, w.Act) {
			acts = append(acts, w.Act)
		}
	}
	return acts
}

func hasAct(acts []Act, act Act) bool {
	for _, a := range acts {
		if a == act {
			return true
		}
	}
	return false
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
	for _, c := range list {
		if e, hit := c.hits(act, who, at); hit {
			return Verdict{Because: ClosedByWall, Closure: c.ID, Since: e.From, Until: e.Until}
		}
	}
	return Verdict{Allowed: true}
}
