package engine

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"postern"
	"postern/store"
	"postern/wall"
)

// Calendar lists everything of a merchant that ends or begins in a window: agreements, papers, keys, closures, and walls that will move.
func (e *Engine) Calendar(ctx context.Context, merchantID string, from, until time.Time) ([]postern.CalendarEntry, error) {
	m, err := e.Store.Merchant(ctx, merchantID)
	if err != nil {
		return nil, err
	}
	channels, err := e.Store.Channels(ctx, merchantID)
	if err != nil {
		return nil, err
	}
	return e.calendarOf(ctx, m, channels, e.wallAhead(from, until), from, until)
}

// calendarOf makes the calendar of a merchant whose channels and walls are at hand.
func (e *Engine) calendarOf(ctx context.Context, m postern.Merchant, channels []postern.Channel, walls []wall.Moment, from, until time.Time) ([]postern.CalendarEntry, error) {
	in := postern.CalendarInput{PartnerID: m.PartnerID, From: from, Until: until, Sales: map[string]time.Time{}}
	type account struct{ owner, set string }
	seen, pairs := map[account]bool{}, map[[2]string]bool{}
	for _, c := range channels {
		if c.Sandbox == m.Live {
			continue
		}
		c.Seller = postern.Seller{Category: m.Category, Region: m.Region}
		in.Channels = append(in.Channels, c)
		if !c.RetiredAt.IsZero() {
			continue
		}
		for _, product := range c.Products {
			pairs[[2]string{c.Provider, product}] = true
		}
		if c.Agreement.DormantDays > 0 {
			last, err := e.Store.LastSale(ctx, m.ID, c.ID)
			if err != nil {
				return nil, err
			}
			in.Sales[c.ID] = last
		}
		a := account{c.CredentialOwnerID, c.CredentialSetID}
		if seen[a] || a.owner != m.ID { // A partner's keys are the partner's to look after, who is told once and not with each merchant.
			continue
		}
		seen[a] = true
		if err := e.keysOf(ctx, &in, a.owner, a.set); err != nil {
			return nil, err
		}
	}
	closures, err := e.closures(ctx, m)
	if err != nil {
		return nil, err
	}
	in.Closures = closures.List()
	for _, at := range walls {
		for pair := range pairs {
			in.Wall = append(in.Wall, e.moves(pair[0], pair[1], at.Time())...)
		}
	}
	return postern.Calendar(in), nil
}

// keysOf adds the keys of an account to what a calendar is made of.
func (e *Engine) keysOf(ctx context.Context, in *postern.CalendarInput, ownerID, setID string) error {
	generations, err := e.Store.Generations(ctx, ownerID, setID)
	if err != nil {
		return err
	}
	trust, err := e.Store.Trust(ctx, ownerID, setID)
	in.Generations, in.Trust = append(in.Generations, generations...), append(in.Trust, trust...)
	return err
}

// PartnerCalendar lists what ends of a partner's own accounts of one mode: keys, certificates and the providers' keys.
func (e *Engine) PartnerCalendar(ctx context.Context, partnerID string, live bool, from, until time.Time) ([]postern.CalendarEntry, error) {
	in := postern.CalendarInput{PartnerID: partnerID, From: from, Until: until}
	sets, err := e.Store.CredentialSets(ctx, partnerID)
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		if set.Sandbox == live {
			continue
		}
		if err := e.keysOf(ctx, &in, set.OwnerID, set.ID); err != nil {
			return nil, err
		}
	}
	return postern.Calendar(in), nil
}

// tellPartners tells every partner of what comes for its own accounts, each entry and step once however many merchants there are.
func (e *Engine) tellPartners(ctx context.Context, now, until time.Time) (int64, error) {
	partners, err := e.Store.Partners(ctx)
	if err != nil {
		return 0, err
	}
	var events []postern.Event
	for _, p := range partners {
		for _, live := range []bool{false, true} {
			entries, err := e.PartnerCalendar(ctx, p.ID, live, now, until)
			if err != nil {
				return 0, err
			}
			if events, err = ahead(events, postern.Merchant{ID: p.ID, Live: live}, entries, now); err != nil {
				return 0, err
			}
		}
	}
	if len(events) == 0 {
		return 0, nil
	}
	return e.Store.TellMany(ctx, events, nil)
}

// wallAhead lists the moments in a window at which any wall moves.
func (e *Engine) wallAhead(from, until time.Time) []wall.Moment {
	all := e.theWall().Changes()
	return slices.DeleteFunc(all, func(m wall.Moment) bool { return m.Time().Before(from) || !m.Time().Before(until) })
}

// moves are the containers in which a product changes its state at a moment.
func (e *Engine) moves(provider, product string, at time.Time) []postern.WallAhead {
	m := e.theWall()
	var list []postern.WallAhead
	for _, container := range m.Containers() {
		seen := wall.Seen{Container: container}
		was, now := m.ReachAt(provider, product, seen, at.Add(-time.Second)).State, m.ReachAt(provider, product, seen, at).State
		if was != now {
			list = append(list, postern.WallAhead{Provider: provider, Product: product, Container: container, At: at, State: now, Was: was})
		}
	}
	return list
}

// calendarTold is the data of calendar.ahead.
type calendarTold struct {
	postern.CalendarEntry
	DaysLeft int64 `json:"days_left"`
	Step     int64 `json:"step"`
}

// TellCalendar tells every merchant, and every partner about its own accounts, of what comes in 90, 30, 7 and 1 days, each entry and step once: the id of the event follows from them, so that restarts and
// other nodes insert nothing. Once an hour is enough. It returns how many events were new.
func (e *Engine) TellCalendar(ctx context.Context) (int64, error) {
	now := e.now()
	until := now.AddDate(0, 0, int(postern.AheadSteps[0])+1)
	walls := e.wallAhead(now, until)
	page, total := store.Page{Limit: pageOfMerchants}, int64(0)
	for {
		merchants, next, err := e.Store.Merchants(ctx, "", page)
		if err != nil {
			return total, err
		}
		ids := make([]string, len(merchants))
		for i, m := range merchants {
			ids[i] = m.ID
		}
		channels, err := e.Store.ChannelsOf(ctx, ids)
		if err != nil {
			return total, err
		}
		var events []postern.Event
		for _, m := range merchants {
			entries, err := e.calendarOf(ctx, m, channels[m.ID], walls, now, until)
			if err != nil {
				return total, err
			}
			if events, err = ahead(events, m, entries, now); err != nil {
				return total, err
			}
		}
		if len(events) > 0 {
			fresh, err := e.Store.TellMany(ctx, events, nil)
			total += fresh
			if err != nil {
				return total, err
			}
		}
		if next == "" {
			fresh, err := e.tellPartners(ctx, now, until)
			return total + fresh, err
		}
		page.After = next
	}
}

// ahead makes the events of the steps that a merchant's entries have reached.
func ahead(events []postern.Event, m postern.Merchant, entries []postern.CalendarEntry, now time.Time) ([]postern.Event, error) {
	for _, entry := range entries {
		step, reached := entry.Step(now)
		if !reached {
			continue
		}
		text, err := json.Marshal(calendarTold{entry, entry.Days(now), step})
		if err != nil {
			return events, postern.Wrap(postern.CodeInternal, "engine.TellCalendar", err)
		}
		due := entry.At.AddDate(0, 0, -int(step))
		events = append(events, postern.Event{
			MerchantID: m.ID, ID: postern.DerivedID(postern.PrefixEvent, due, m.ID, entry.Key(), strconv.FormatInt(step, 10)), Type: postern.EventCalendarAhead,
			Data: string(text), Live: m.Live, CreatedAt: now,
		})
	}
	return events, nil
}
