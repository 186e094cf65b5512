package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"postern"
	"postern/store"
)

// tellArgs is the JSON of the job that tells merchants of one edit of a closure.
type tellArgs struct {
	Closure string `json:"closure"`
	Edit    int64  `json:"edit"`
}

// tellingJob tells of a closure's latest edit.
func tellingJob(c *postern.Closure, now time.Time) postern.Job {
	args, err := json.Marshal(tellArgs{Closure: c.ID, Edit: int64(len(c.History))})
	if err != nil {
		panic(fmt.Sprintf("engine: job arguments: %v", err)) // A struct of a string and a number always marshals.
	}
	return postern.Job{MerchantID: c.OwnerID, Kind: postern.JobTellClosure, Args: string(args), RunAt: now}
}

// pagesAtOnce is after how many pages of merchants a run of the job makes room for others; it goes on from where it was.
const pagesAtOnce = 200

func (e *Engine) tellJob(ctx context.Context, job postern.Job) (time.Duration, error) {
	var args tellArgs
	if err := json.Unmarshal([]byte(job.Args), &args); err != nil {
		return 0, postern.Wrap(postern.CodeInternal, "engine.tellJob", err)
	}
	return e.TellClosure(ctx, job.MerchantID, args.Closure, args.Edit)
}

// TellClosure tells every merchant that one edit of a closure is about, each with its own numbers. It may be repeated and may end at any point: the ids of the
// events follow from the closure, the edit and the merchant, and each page is committed with its place.
func (e *Engine) TellClosure(ctx context.Context, ownerID, id string, edit int64) (time.Duration, error) {
	c, err := e.Store.Closure(ctx, ownerID, id)
	if err != nil {
		return 0, err
	}
	if edit < 1 || edit > int64(len(c.History)) {
		return 0, postern.E(postern.CodeInternal, "engine.TellClosure", "the closure has no such edit")
	}
	t := teller{Engine: e, now: c.AsOf(int(edit)), edit: edit}
	t.was, t.moved = t.now.Before()
	progress, err := e.Store.Telling(ctx, ownerID, id, edit)
	if postern.CodeOf(err) == postern.CodeNotFound && err != nil {
		progress, err = store.Telling{OwnerID: ownerID, ClosureID: id, Edit: edit, CreatedAt: e.now()}, nil
	}
	if err != nil || !progress.DoneAt.IsZero() {
		return 0, err
	}
	pages := 0
	reach := t.reach()
	err = e.eachShop(ctx, &reach, progress.AfterID, func(page []shop, last string) (bool, error) {
		events, err := t.page(ctx, page)
		if err != nil {
			return false, err
		}
		progress.AfterID = last
		if last == "" {
			progress.DoneAt = e.now()
		}
		if err := e.fault(ctx, "engine.tell.before"); err != nil {
			return false, err
		}
		fresh, err := e.Store.TellMany(ctx, events, &progress)
		progress.Told += fresh
		pages++
		return pages < pagesAtOnce, err
	})
	switch {
	case err != nil:
		return 0, err
	case pages == 0: // There was nobody.
		progress.DoneAt = e.now()
		_, err = e.Store.TellMany(ctx, nil, &progress)
		return 0, err
	case progress.DoneAt.IsZero():
		return time.Millisecond, nil
	}
	return 0, nil
}

// teller makes the events of one edit.
type teller struct {
	*Engine
	now   postern.Closure
	was   postern.Closure
	moved bool // there was a closure before this edit
	edit  int64
}

// reach is the closure with a scope that reaches everybody whom it is or was about, as far as merchants are named.
func (t *teller) reach() postern.Closure {
	c := t.now
	switch {
	case !t.moved:
	case len(c.Scope.Merchants) == 0 || len(t.was.Scope.Merchants) == 0:
		c.Scope.Merchants = nil
	default:
		c.Scope.Merchants = union(c.Scope.Merchants, t.was.Scope.Merchants)
	}
	return c
}

func union(a, b []string) []string {
	seen, out := map[string]bool{}, []string{}
	for _, list := range [][]string{a, b} {
		for _, s := range list {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}

func (t *teller) page(ctx context.Context, page []shop) ([]postern.Event, error) {
	var events []postern.Event
	for i := range page {
		others, err := t.closures(ctx, page[i].Merchant)
		if err != nil {
			return nil, err
		}
		others = withoutClosure(others, t.now.ID)
		what := &t.now
		if len(t.now.Withdraws) == 0 {
			what = &t.was // Withdrawn: the numbers are of what comes back.
		}
		impact, hit := t.impact(&page[i], what, others)
		if what == &t.was {
			impact.Stranded = nil
		}
		if !hit && t.moved { // It is about this merchant no more, which is worth telling too.
			if impact, hit = t.impact(&page[i], &t.was, others); hit {
				impact.Channels, impact.Through, impact.Stranded = nil, nil, nil
			}
		}
		if !hit {
			continue
		}
		event, err := t.event(&page[i], impact)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

// closureTold is the data of closure.announced, closure.moved and closure.withdrawn: what holds now, and what it means to this merchant.
type closureTold struct {
	Closure    closureNotice `json:"closure"`
	ChannelIDs []string      `json:"channel_ids"`
	Numbers    numbers       `json:"numbers"`
	// Others are the merchant's channels that it leaves alone; StillWorks what goes on over those that it is about.
	Others     []Other       `json:"others"`
	StillWorks []postern.Act `json:"still_works"`
	// NoWayLeft are containers in which nothing is left to pay with.
	NoWayLeft []Stranded `json:"no_way_left"`
}

type closureNotice struct {
	ID        string               `json:"id"`
	Title     string               `json:"title"`
	By        postern.ClosedBy     `json:"by"`
	Who       string               `json:"who,omitempty"`
	Source    string               `json:"source,omitempty"`
	Edit      int64                `json:"edit"`
	What      string               `json:"what"`
	At        time.Time            `json:"at"`
	Note      string               `json:"note,omitempty"`
	Scope     postern.Scope        `json:"scope"`
	Withdraws []postern.Withdrawal `json:"withdraws"`
	Was       []postern.Withdrawal `json:"was,omitempty"`
}

// numbers are of the last days: what went through what closes, and all that was sold. ShareBP is the part of the orders, in hundredths of a per cent.
type numbers struct {
	Days    int        `json:"days"`
	Through []Turnover `json:"through"`
	All     []Turnover `json:"all"`
	ShareBP int64      `json:"share_bp"`
}

var tellingTypes = map[string]postern.EventType{"announced": postern.EventClosureAnnounced, "withdrawn": postern.EventClosureWithdrawn}

func (t *teller) event(s *shop, impact Impact) (postern.Event, error) {
	edit := t.now.History[t.edit-1]
	told := closureTold{
		ChannelIDs: append([]string{}, impact.Channels...), Others: append([]Other{}, impact.Others...), NoWayLeft: append([]Stranded{}, impact.Stranded...), StillWorks: []postern.Act{},
		Closure: closureNotice{
			ID: t.now.ID, Title: t.now.Title, By: t.now.By, Who: t.now.Who, Source: t.now.Source, Edit: t.edit, What: edit.What, At: edit.At, Note: edit.Note,
			Scope: t.now.Scope, Withdraws: append([]postern.Withdrawal{}, t.now.Withdraws...), Was: t.was.Withdraws,
		},
		Numbers: numbers{Days: impactDays, Through: append([]Turnover{}, impact.Through...), All: append([]Turnover{}, impact.All...)},
	}
	through, all := orders(impact.Through), orders(impact.All)
	if all > 0 {
		told.Numbers.ShareBP = through * 10_000 / all
	}
	for _, act := range []postern.Act{postern.ActPay, postern.ActRefund, postern.ActSettle, postern.ActDispute} {
		if _, closed := t.now.Begins(act); !closed {
			told.StillWorks = append(told.StillWorks, act)
		}
	}
	text, err := json.Marshal(told)
	if err != nil {
		return postern.Event{}, postern.Wrap(postern.CodeInternal, "engine.TellClosure", err)
	}
	kind, known := tellingTypes[edit.What]
	if !known {
		kind = postern.EventClosureMoved
	}
	id := postern.DerivedID(postern.PrefixEvent, edit.At, t.now.ID, itoa(int(t.edit)), s.ID)
	return postern.Event{MerchantID: s.ID, ID: id, Type: kind, Data: string(text), Live: s.Live, CreatedAt: edit.At}, nil
}

func orders(list []Turnover) int64 {
	var n int64
	for _, s := range list {
		n += s.Orders
	}
	return n
}
