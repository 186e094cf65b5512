package postern

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Severity says how much an entry of the calendar matters.
type Severity string

// Severities. Critical: a way to pay ends unless somebody acts. Warning: something ends that somebody should look after. Info: good to know.
const (
	SeverityInfo     Severity = "info"
	SeverityWarning  Severity = "warning"
	SeverityCritical Severity = "critical"
)

// What an entry of the calendar is about.
const (
	TermEnds        = "term_ends"
	LicenceEnds     = "licence_ends"
	CertificateEnds = "certificate_ends"
	KeysEnd         = "keys_end"
	TrustEnds       = "trust_ends"
	GoesDormant     = "goes_dormant"
	ClosureBegins   = "closure_begins"
	ClosureEnds     = "closure_ends"
	WallChanges     = "wall_changes"
)

// CalendarEntry is one thing that will end or begin, with what it does to the merchant in one sentence.
type CalendarEntry struct {
	At       time.Time `json:"at"`
	What     string    `json:"what" enum:"term_ends,licence_ends,certificate_ends,keys_end,trust_ends,goes_dormant,closure_begins,closure_ends,wall_changes"`
	Severity Severity  `json:"severity" enum:"info,warning,critical"`
	Effect   string    `json:"effect"`
	// The ids of what it is about; empty where it is about something else.
	ChannelID       string `json:"channel_id,omitempty"`
	Provider        string `json:"provider,omitempty"`
	CredentialSetID string `json:"credential_set_id,omitempty"`
	ClosureID       string `json:"closure_id,omitempty"`
	// Name tells apart what has the same ids: a paper, a generation, an act, a product in a container.
	Name string `json:"name,omitempty"`
}

// Key names an entry among a merchant's for good: a date that moves makes another entry.
func (e CalendarEntry) Key() string {
	return strings.Join([]string{e.What, e.ChannelID, e.Provider, e.CredentialSetID, e.ClosureID, e.Name, e.At.UTC().Format(time.RFC3339)}, "|")
}

// Days is in how many days of 24 hours an entry comes, rounded up; what is less than a day ahead comes in 1.
func (e CalendarEntry) Days(now time.Time) int64 {
	left := e.At.Sub(now)
	return int64((left + 24*time.Hour - 1) / (24 * time.Hour))
}

// AheadSteps are how many days before an entry its merchant is told.
var AheadSteps = []int64{90, 30, 7, 1}

// Step is the step that an entry has reached: the smallest that is not below the days left. Whoever was not there for the earlier ones is told the latest only.
func (e CalendarEntry) Step(now time.Time) (int64, bool) {
	days, reached := e.Days(now), int64(0)
	if days < 1 {
		return 0, false
	}
	for _, step := range AheadSteps {
		if days <= step {
			reached = step
		}
	}
	return reached, reached > 0
}

// WallAhead is a cell of the wall map that changes at a moment, for a product that the merchant has.
type WallAhead struct {
	Provider  string
	Product   string
	Container string
	At        time.Time
	State     string // what holds from then on; empty when nobody knows
	Was       string
}

// CalendarInput is what a calendar is made of. Sales is when each channel last took money, by its id; a channel that is not in it never did.
type CalendarInput struct {
	PartnerID   string
	Channels    []Channel
	Generations []Generation
	Trust       []TrustKey
	Closures    []Closure
	Wall        []WallAhead
	Sales       map[string]time.Time
	From, Until time.Time
}

// Calendar lists everything of a merchant that will end or begin from a moment (inclusive) until another (exclusive), in the order of time.
func Calendar(in CalendarInput) []CalendarEntry {
	c := calendar{in: in}
	for i := range in.Channels {
		if ch := &in.Channels[i]; ch.RetiredAt.IsZero() {
			c.paper(ch)
			c.dormancy(ch)
		}
	}
	c.keys()
	for i := range in.Closures {
		c.closure(&in.Closures[i])
	}
	for _, w := range in.Wall {
		c.wall(w)
	}
	slices.SortFunc(c.list, func(a, b CalendarEntry) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Key(), b.Key())) })
	return c.list
}

type calendar struct {
	in   CalendarInput
	list []CalendarEntry
}

func (c *calendar) add(e CalendarEntry) {
	if !e.At.IsZero() && spans(c.in.From, c.in.Until, e.At) {
		c.list = append(c.list, e)
	}
}

// paper enters the last day of each run of terms, and of the papers beside them.
func (c *calendar) paper(ch *Channel) {
	about := CalendarEntry{ChannelID: ch.ID, Provider: ch.Provider}
	for i, t := range ch.Agreement.Terms {
		if next := i + 1; next < len(ch.Agreement.Terms) && ch.Agreement.Terms[next].From.Equal(t.Until) {
			continue // It runs on into the next.
		}
		e := about
		e.At, e.What, e.Severity = t.Until, TermEnds, SeverityCritical
		e.Effect = "The agreement with " + ch.Provider + " ends and will not be renewed: from then on this channel takes no new payments."
		if ch.Agreement.Renewable {
			e.Severity = SeverityWarning
			e.Effect = "The agreement with " + ch.Provider + " ends: unless it is renewed, this channel takes no new payments from then on."
		}
		c.add(e)
	}
	for _, l := range []struct {
		what  string
		noun  string
		paper []Paper
	}{{LicenceEnds, "licence", ch.Agreement.Licences}, {CertificateEnds, "certificate", ch.Agreement.Certificates}} {
		for _, p := range l.paper {
			e := about
			e.At, e.What, e.Severity, e.Name = p.Until, l.what, SeverityWarning, p.Name
			e.Effect = "The " + l.noun + " " + p.Name + " ends: " + ch.Provider + " may suspend this channel without it."
			c.add(e)
		}
	}
}

// dormancy enters the day on which a channel that takes nothing is suspended. One that never sold counts from when it was added.
func (c *calendar) dormancy(ch *Channel) {
	if ch.Agreement.DormantDays == 0 {
		return
	}
	last := c.in.Sales[ch.ID]
	if last.IsZero() {
		last = ch.CreatedAt
	}
	c.add(CalendarEntry{
		At: last.AddDate(0, 0, int(ch.Agreement.DormantDays)), What: GoesDormant, Severity: SeverityWarning, ChannelID: ch.ID, Provider: ch.Provider,
		Effect: ch.Provider + " suspends this channel when it has sold nothing for " + strconv.FormatInt(ch.Agreement.DormantDays, 10) + " days: send a small real order through it.",
	})
}

// keys enters when an account's last key that signs ends, and when its provider's keys do.
func (c *calendar) keys() {
	for _, g := range c.in.Generations {
		e := CalendarEntry{At: g.NotAfter, What: KeysEnd, Severity: SeverityCritical, CredentialSetID: g.CredentialSetID, Name: g.ID, Effect: "The only keys of this account that sign end: add a generation before."}
		if c.followed(g) {
			e.Severity, e.Effect = SeverityInfo, "A generation of keys stops signing; a later one goes on."
		}
		if g.RetiredAt.IsZero() || g.RetiredAt.After(g.NotAfter) {
			c.add(e)
		}
	}
	for _, k := range c.in.Trust {
		e := CalendarEntry{At: k.NotAfter, What: TrustEnds, Severity: SeverityWarning, CredentialSetID: k.CredentialSetID, Name: k.KeyID, Effect: "A key of the provider's ends: until a newer one is fetched, its messages are not believed."}
		if slices.ContainsFunc(c.in.Trust, func(o TrustKey) bool {
			return o.CredentialSetID == k.CredentialSetID && o.OwnerID == k.OwnerID && (o.NotAfter.IsZero() || o.NotAfter.After(k.NotAfter))
		}) {
			e.Severity, e.Effect = SeverityInfo, "A key of the provider's ends; a newer one is known."
		}
		c.add(e)
	}
}

// followed says that another generation of the account signs when this one has ended.
func (c *calendar) followed(g Generation) bool {
	return slices.ContainsFunc(c.in.Generations, func(o Generation) bool {
		return o.OwnerID == g.OwnerID && o.CredentialSetID == g.CredentialSetID && o.ID != g.ID && o.Usable(g.NotAfter)
	})
}

// closure enters each date of a closure once for the merchant, when it can hit one of the channels.
func (c *calendar) closure(cl *Closure) {
	if !cl.WithdrawnAt.IsZero() {
		return
	}
	for _, w := range cl.Withdraws {
		if c.hit(cl, w.From) {
			e := CalendarEntry{At: w.From, What: ClosureBegins, Severity: SeverityWarning, ClosureID: cl.ID, Name: string(w.Act), Effect: cl.Title + ": " + string(w.Act) + " ends."}
			if w.Act == ActPay {
				e.Severity = SeverityCritical
			}
			c.add(e)
		}
		if !w.Until.IsZero() && c.hit(cl, w.From) {
			c.add(CalendarEntry{At: w.Until, What: ClosureEnds, Severity: SeverityInfo, ClosureID: cl.ID, Name: string(w.Act), Effect: cl.Title + ": " + string(w.Act) + " is open again."})
		}
	}
}

func (c *calendar) hit(cl *Closure, at time.Time) bool {
	return slices.ContainsFunc(c.in.Channels, func(ch Channel) bool { return ch.RetiredAt.IsZero() && cl.CanHit(&ch, c.in.PartnerID, at) })
}

// wall enters a change of the map for a product that some channel has.
func (c *calendar) wall(w WallAhead) {
	if w.State == w.Was || !slices.ContainsFunc(c.in.Channels, func(ch Channel) bool {
		return ch.RetiredAt.IsZero() && ch.Provider == w.Provider && slices.Contains(ch.Products, w.Product)
	}) {
		return
	}
	name := w.Product + " in " + w.Container
	e := CalendarEntry{At: w.At, What: WallChanges, Severity: SeverityInfo, Provider: w.Provider, Name: name, Effect: w.Provider + " " + name + ": from " + word(w.Was) + " to " + word(w.State) + "."}
	if w.Was == "works" {
		e.Severity = SeverityWarning
	}
	c.add(e)
}

func word(state string) string {
	if state == "" {
		return "unknown"
	}
	return strings.ReplaceAll(state, "_", " ")
}
