package drill

import (
	"slices"
	"time"

	"postern"
	"postern/engine"
	"postern/wall"
)

// Change is what a drill supposes, alone or together: closures, papers, new channels, rules, another wall map.
type Change struct {
	Closures []postern.Closure
	Papers   []Paper
	Channels []NewChannel
	// Rules takes the place of the merchants' own; nil leaves them.
	Rules *postern.RuleSet
	// Map takes the place of the engine's wall map; nil leaves it.
	Map *wall.Map
}

// Paper changes the agreement of every channel that it names; empty means any.
type Paper struct {
	Provider  string
	ChannelID string
	Merchants []string
	// EndsAt ends every term at this moment. Terms after it are gone; a channel without any gets one.
	EndsAt time.Time
	// FeeBP is another fee; negative leaves it.
	FeeBP int64
}

// NewChannel supposes that merchants (empty: all) sign a provider, from a moment on.
type NewChannel struct {
	Provider  string
	Products  []string
	Merchants []string
	FeeBP     int64
	From      time.Time
}

func (c *Change) check() error {
	for i := range c.Closures {
		if err := c.Closures[i].Check(); err != nil {
			return err
		}
	}
	for _, n := range c.Channels {
		if n.Provider == "" || len(n.Products) == 0 {
			return postern.Invalid("channels", postern.CodeInvalid, "a new channel has a provider and its products", "name both")
		}
	}
	return nil
}

// engine is one that makes offers as they would be under the change's wall map. It has a memory of its own and nothing but what offers need.
func (c *Change) engine(e *engine.Engine) *engine.Engine {
	what := &engine.Engine{Store: e.Store, Registry: e.Registry, Env: e.Env, Wall: e.Wall}
	if c.Map != nil {
		what.Wall = func() *wall.Map { return c.Map }
	}
	return what
}

// apply is what a merchant would have to offer. What is suspended at this hour says nothing about another, so it is left out.
func (c *Change) apply(s engine.Stall, at time.Time) engine.Stall {
	s.Health = nil
	if len(c.Closures) > 0 {
		s.Closures = postern.IndexClosures(append(slices.Clone(s.Closures.List()), c.Closures...))
	}
	if c.Rules != nil {
		s.Rules = c.Rules
	}
	s.Channels = slices.Clone(s.Channels)
	for _, p := range c.Papers {
		for i := range s.Channels {
			p.write(&s.Channels[i])
		}
	}
	for i, n := range c.Channels {
		if anyOf(n.Merchants, s.Merchant.ID) {
			from := n.From
			if from.IsZero() {
				from = at
			}
			s.Channels = append(s.Channels, suppose(s.Merchant, n.Provider, n.Products, n.FeeBP, from, i))
		}
	}
	return s
}

func (p Paper) write(c *postern.Channel) {
	if p.Provider != "" && p.Provider != c.Provider || p.ChannelID != "" && p.ChannelID != c.ID || !anyOf(p.Merchants, c.MerchantID) {
		return
	}
	if p.FeeBP >= 0 {
		c.Agreement.FeeBP = p.FeeBP
	}
	if p.EndsAt.IsZero() {
		return
	}
	terms := c.Agreement.Terms
	if len(terms) == 0 {
		terms = []postern.Term{{From: time.Unix(0, 0)}}
	}
	c.Agreement.Terms = nil
	for _, t := range terms {
		if t.From.Before(p.EndsAt) {
			if t.Until.IsZero() || t.Until.After(p.EndsAt) {
				t.Until = p.EndsAt
			}
			c.Agreement.Terms = append(c.Agreement.Terms, t)
		}
	}
	if len(c.Agreement.Terms) == 0 { // no term at all would count as one without an end
		c.Agreement.Terms = []postern.Term{{From: p.EndsAt, Until: p.EndsAt}}
	}
}

// suppose makes a channel that nobody has, signed from a moment on. Its rank is last: it must not push aside what the merchant chose.
func suppose(m postern.Merchant, provider string, products []string, feeBP int64, from time.Time, number int) postern.Channel {
	return postern.Channel{
		MerchantID: m.ID, ID: "supposed " + provider + " " + string(rune('a'+number)), Provider: provider, Products: products, Sandbox: !m.Live, Rank: 50,
		Agreement: postern.Agreement{FeeBP: feeBP, Terms: []postern.Term{{From: from}}},
	}
}

func anyOf(list []string, want string) bool { return len(list) == 0 || slices.Contains(list, want) }
