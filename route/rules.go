package route

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"postern"
)

// Way is one product of one channel that rules may name.
type Way struct{ Provider, Product, Channel string }

// Finding is what is wrong or odd about one rule. A bad one must not hold; the others are said and may.
type Finding struct {
	Line int    `json:"line"` // the rule's place, from 1
	Rule string `json:"rule"`
	Kind string `json:"kind"`
	Text string `json:"text"`
	Bad  bool   `json:"bad"`
}

// Kinds of findings.
const (
	RuleContradicts = "contradicts_itself"
	RuleNoSuchWay   = "no_such_way"
	RuleShadowed    = "shadowed"
	RuleNeverAlone  = "unreachable"
)

// CheckRules reads a list of rules against the ways that their owner has and names what can never decide anything: rules that contradict themselves, that name a
// way which nobody has, and that rules above them leave nothing to, alone (shadowed) or together (unreachable). It is exact: a rule that is not named does decide
// about some payment.
func CheckRules(rules []postern.Rule, ways []Way) []Finding {
	var found []Finding
	for i := range rules {
		if text := contradiction(&rules[i], rules[:i]); text != "" {
			found = append(found, Finding{Line: i + 1, Rule: rules[i].ID, Kind: RuleContradicts, Text: text, Bad: true})
		}
	}
	if len(found) > 0 {
		return found
	}
	s := newSpace(rules, ways)
	boxes := make([]box, len(rules))
	for i := range rules {
		boxes[i] = s.box(&rules[i])
		f := Finding{Line: i + 1, Rule: rules[i].ID}
		switch {
		case len(ways) > 0 && boxes[i].sets[dimWay].empty():
			f.Kind, f.Text = RuleNoSuchWay, "no channel here has such a product: the rule can never match"
		default:
			f.Kind, f.Text = shadow(rules, boxes, i)
		}
		if f.Kind != "" {
			found = append(found, f)
		}
	}
	return found
}

// contradiction says what makes a rule impossible to follow.
func contradiction(r *postern.Rule, above []postern.Rule) string {
	switch {
	case r.ID == "":
		return "a rule needs an id of its own, so that plans can name it"
	case slices.ContainsFunc(above, func(o postern.Rule) bool { return o.ID == r.ID }):
		return "another rule above has the same id"
	case !slices.Contains([]postern.RuleAct{postern.RuleAllow, postern.RuleDrop, postern.RulePrefer, postern.RuleAvoid}, r.Do):
		return "do is allow, drop, prefer or avoid"
	case (r.Do == postern.RulePrefer || r.Do == postern.RuleAvoid) && (r.Points < 1 || r.Points > full):
		return "prefer and avoid want points from 1 to 10000"
	case (r.Do == postern.RuleAllow || r.Do == postern.RuleDrop) && r.Points != 0:
		return "allow and drop take no points"
	case r.MinAmount < 0 || r.MaxAmount < 0 || r.MaxAmount != 0 && r.MinAmount > r.MaxAmount:
		return "no amount lies between min_amount and max_amount: the rule can never match"
	case !r.From.IsZero() && !r.Until.IsZero() && !r.From.Before(r.Until):
		return "from is not before until: the rule can never match"
	}
	return ""
}

// shadow says whether the rules above leave anything to rule i.
func shadow(rules []postern.Rule, boxes []box, i int) (kind, text string) {
	for j := range i {
		if steps := maxSteps; covered(boxes[i], boxes[j:j+1], &steps) {
			return RuleShadowed, fmt.Sprintf("rule %d (%s) decides about all of it first", j+1, rules[j].ID)
		}
	}
	if steps := maxSteps; i == 0 || !covered(boxes[i], boxes[:i], &steps) {
		return "", ""
	}
	var above []string
	for j := range i {
		if _, meet := boxes[i].meet(&boxes[j]); meet {
			above = append(above, fmt.Sprintf("%d (%s)", j+1, rules[j].ID))
		}
	}
	return RuleNeverAlone, "together the rules " + strings.Join(above, ", ") + " decide about all of it first"
}

// The dimensions of what rules look at: sets of names, and spans of whole numbers.
const (
	dimWay = iota
	dimContainer
	dimSystem
	dimForm
	dimCurrency
	dimSets
	spanAmount = 0
	spanTime   = 1
	dimSpans   = 2
	// maxSteps bounds the search for what is left; beyond it a rule counts as reachable.
	maxSteps = 200_000
)

// space numbers the names that the rules use; one more number stands for all other names.
type space struct {
	ways  []Way
	names [dimSets][]string
}

func newSpace(rules []postern.Rule, ways []Way) space {
	s := space{ways: ways}
	if len(ways) == 0 { // nobody's channels in particular: every combination of the names, and one of other names
		providers, products, channels := []string{""}, []string{""}, []string{""}
		for _, r := range rules {
			providers, products, channels = append(providers, r.Providers...), append(products, r.Products...), append(channels, r.Channels...)
		}
		for _, p := range distinct(providers) {
			for _, q := range distinct(products) {
				for _, c := range distinct(channels) {
					s.ways = append(s.ways, Way{p, q, c})
				}
			}
		}
	}
	for _, r := range rules {
		for d, list := range map[int][]string{dimContainer: r.Containers, dimSystem: r.Systems, dimForm: r.Forms, dimCurrency: r.Currencies} {
			s.names[d] = append(s.names[d], list...)
		}
	}
	for d := range s.names {
		s.names[d] = append(distinct(s.names[d]), "") // "" stands for every other name
	}
	return s
}

func distinct(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// box is everything that a rule is about.
type box struct {
	sets   [dimSets]set
	lo, hi [dimSpans]int64 // both inclusive
}

type set []bool

func (s set) empty() bool { return !slices.Contains(s, true) }

func (s space) box(r *postern.Rule) box {
	var b box
	b.sets[dimWay] = make(set, len(s.ways))
	for i, w := range s.ways {
		b.sets[dimWay][i] = has(r.Providers, w.Provider) && has(r.Products, w.Product) && has(r.Channels, w.Channel)
	}
	for d, list := range map[int][]string{dimContainer: r.Containers, dimSystem: r.Systems, dimForm: r.Forms, dimCurrency: r.Currencies} {
		b.sets[d] = make(set, len(s.names[d]))
		for i, name := range s.names[d] {
			b.sets[d][i] = has(list, name)
		}
	}
	b.lo, b.hi = [dimSpans]int64{r.MinAmount, math.MinInt64}, [dimSpans]int64{math.MaxInt64, math.MaxInt64}
	if r.MaxAmount != 0 {
		b.hi[spanAmount] = r.MaxAmount
	}
	if !r.From.IsZero() {
		b.lo[spanTime] = micros(r.From)
	}
	if !r.Until.IsZero() {
		b.hi[spanTime] = micros(r.Until) - 1
	}
	return b
}

func has(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

func micros(t time.Time) int64 { return t.UnixMicro() }

// meet is what two boxes share, and whether that is anything.
func (b *box) meet(o *box) (box, bool) {
	var m box
	for d := range b.sets {
		m.sets[d] = make(set, len(b.sets[d]))
		for i := range m.sets[d] {
			m.sets[d][i] = b.sets[d][i] && o.sets[d][i]
		}
		if m.sets[d].empty() {
			return m, false
		}
	}
	for d := range b.lo {
		m.lo[d], m.hi[d] = max(b.lo[d], o.lo[d]), min(b.hi[d], o.hi[d])
		if m.lo[d] > m.hi[d] {
			return m, false
		}
	}
	return m, true
}

// covered says whether the boxes above leave nothing of b. It cuts from b what lies outside the first that meets it, dimension by dimension, and asks the others
// about each piece.
func covered(b box, above []box, steps *int) bool {
	for i := range above {
		*steps--
		if *steps < 0 {
			return false
		}
		common, meets := b.meet(&above[i])
		if !meets {
			continue
		}
		rest := b
		for d := range rest.sets {
			piece := rest
			piece.sets[d] = make(set, len(rest.sets[d]))
			for k := range piece.sets[d] {
				piece.sets[d][k] = rest.sets[d][k] && !common.sets[d][k]
			}
			if !piece.sets[d].empty() && !covered(piece, above[i+1:], steps) {
				return false
			}
			rest.sets[d] = common.sets[d]
		}
		for d := range rest.lo {
			below, beyond := rest, rest
			below.hi[d], beyond.lo[d] = common.lo[d]-1, common.hi[d]+1
			if common.lo[d] > rest.lo[d] && !covered(below, above[i+1:], steps) || common.hi[d] < rest.hi[d] && !covered(beyond, above[i+1:], steps) {
				return false
			}
			rest.lo[d], rest.hi[d] = common.lo[d], common.hi[d]
		}
		return true // what is left lies inside
	}
	return false
}
