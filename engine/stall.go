package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"postern"
	"postern/route"
	"postern/store"
	"postern/wall"
)

// memory keeps what was read and parsed once. It is a cache and nothing else: every entry is found by what the database says now, or is young enough. The zero
// value is ready.
type memory struct {
	mu       sync.Mutex
	closures map[string]*postern.ClosureIndex
	rules    map[string]*postern.RuleSet
	seen     map[string]*Seen
	asked    map[string]time.Time
	faces    map[string]rememberedFace
}

// Bounds of the memory. An entry costs a query when it is missing, so a full map is simply begun anew.
const (
	maxRemembered = 10_000
	seenFor       = 20 * time.Second
	seenAttempts  = 500
)

// remembered finds an entry or makes it. Two callers at once may both make it; both are right.
func remembered[V any](m *memory, table *map[string]V, key string, good func(V) bool, load func() (V, error)) (V, error) {
	m.mu.Lock()
	v, known := (*table)[key]
	m.mu.Unlock()
	if known && good(v) {
		return v, nil
	}
	v, err := load()
	if err != nil {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if *table == nil || len(*table) >= maxRemembered {
		*table = map[string]V{}
	}
	(*table)[key] = v
	return v, nil
}

func always[V any](V) bool { return true }

// closures returns what holds for a merchant. The database is asked for the state of the lists with every plan, so that a closure announced, moved or withdrawn
// on any node holds at once; the lists themselves are read and parsed when they changed. Merchants without closures of their own share one index.
func (e *Engine) closures(ctx context.Context, m postern.Merchant) (*postern.ClosureIndex, error) {
	stamps, err := e.Store.ClosureStamps(ctx, m.ID, m.PartnerID)
	if err != nil || len(stamps) == 0 {
		return nil, err
	}
	return remembered(&e.memory, &e.memory.closures, stampKey(stamps), always, func() (*postern.ClosureIndex, error) {
		list, err := e.Store.Closures(ctx, m.ID, m.PartnerID)
		return postern.IndexClosures(list), err
	})
}

func stampKey(stamps []store.Stamp) string {
	var b strings.Builder
	for _, s := range stamps {
		fmt.Fprintf(&b, "%s %d %d\n", s.OwnerID, s.Rows, s.Version)
	}
	return b.String()
}

// rules returns the merchant's own rules, or else its partner's, or else the platform's.
func (e *Engine) rules(ctx context.Context, m postern.Merchant) (*postern.RuleSet, error) {
	stamps, err := e.Store.RuleStamps(ctx, m.ID, m.PartnerID)
	if err != nil {
		return nil, err
	}
	for _, owner := range []string{m.ID, m.PartnerID, postern.Platform} {
		for _, s := range stamps {
			if s.OwnerID != owner {
				continue
			}
			return remembered(&e.memory, &e.memory.rules, stampKey([]store.Stamp{s}), always, func() (*postern.RuleSet, error) {
				set, err := e.Store.Rules(ctx, owner, s.Version)
				return &set, err
			})
		}
	}
	return nil, nil
}

// Seen is how a merchant's attempts went lately, by wallet, product and container.
type Seen struct {
	at     time.Time
	counts map[seenKey]wall.Learned
}

type seenKey struct{ provider, product, container string }

// seen reads how the merchant's latest attempts went: those that a buyer saw and that have ended. Old ones fade.
func (e *Engine) seen(ctx context.Context, merchantID string) (*Seen, error) {
	now := e.now()
	young := func(s *Seen) bool { return now.Sub(s.at) < seenFor && !now.Before(s.at) }
	return remembered(&e.memory, &e.memory.seen, merchantID, young, func() (*Seen, error) {
		list, err := e.Store.Outcomes(ctx, merchantID, seenAttempts)
		return count(list, now), err
	})
}

// count adds up outcomes, the oldest first, as they stand now.
func count(list []store.Outcome, now time.Time) *Seen {
	s := &Seen{at: now, counts: map[seenKey]wall.Learned{}}
	for i := len(list) - 1; i >= 0; i-- {
		o := &list[i]
		if ended := o.Status == postern.AttemptPaid || o.Status == postern.AttemptClosed || o.Status == postern.AttemptFailed; !ended || !o.Exposed {
			continue
		}
		key := seenKey{o.Provider, o.Product, o.Container}
		s.counts[key] = s.counts[key].Observe(o.Status == postern.AttemptPaid, o.CreatedAt, wall.DefaultLearning)
	}
	for key, l := range s.counts {
		l.Provider, l.Product, l.Container = key.provider, key.product, key.container
		s.counts[key] = l.Faded(now, wall.DefaultLearning)
	}
	return s
}

func (s *Seen) of(provider, product, container string) route.Outcomes {
	if s == nil {
		return route.Outcomes{}
	}
	l := s.counts[seenKey{provider, product, container}]
	return route.Outcomes{Tried: l.Tried, Paid: l.Worked}
}

// learn is a cell of the map as the merchant's own payments know it better. Only what the map does not know is learned.
func (s *Seen) learn(m *wall.Map, cell wall.Cell, place wall.Seen, now time.Time) wall.Cell {
	if s == nil || cell.State != wall.StateUnknown {
		return cell
	}
	return m.Learn(cell, place, s.counts[seenKey{cell.Provider, cell.Product, place.Container}], now, wall.DefaultLearning)
}

// used is what the channels that have a quota took today and this month.
func (e *Engine) used(ctx context.Context, channels []postern.Channel) (map[string]store.Taken, error) {
	var used map[string]store.Taken
	now := e.now().In(postern.Beijing)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, postern.Beijing)
	month := day.AddDate(0, 0, 1-day.Day())
	for i := range channels {
		c := &channels[i]
		if c.Agreement.Quota.Day == 0 && c.Agreement.Quota.Month == 0 {
			continue
		}
		taken, err := e.Store.TakenOver(ctx, c.MerchantID, c.ID, day, month)
		if err != nil {
			return nil, err
		}
		if used == nil {
			used = map[string]store.Taken{}
		}
		used[c.ID] = taken
	}
	return used, nil
}
