package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"postern"
)

// AnnounceClosure stores a closure, after the check that it does not contradict itself, with its announcement as the first line of its history, and the job that
// tells the merchants. Every plan made from then on obeys it, to the second.
func (e *Engine) AnnounceClosure(ctx context.Context, c postern.Closure) (postern.Closure, error) {
	made, err := e.AnnounceClosures(ctx, []postern.Closure{c})
	if err != nil {
		return c, err
	}
	return made[0], nil
}

// AnnounceClosures stores several closures with their jobs, all of them or none.
func (e *Engine) AnnounceClosures(ctx context.Context, list []postern.Closure) ([]postern.Closure, error) {
	now := e.now()
	made, jobs := make([]postern.Closure, len(list)), []postern.Job{}
	for i, c := range list {
		if err := CheckClosure(&c); err != nil {
			return nil, err
		}
		c.ID, c.Version, c.CreatedAt, c.WithdrawnAt, c.History = e.newID(postern.PrefixClosure), 0, now, time.Time{}, nil
		c = c.Move(now, "announced", c.Notice, c.Withdraws...)
		made[i], jobs = c, append(jobs, tellingJob(&c, now))
	}
	if err := e.Store.SaveClosures(ctx, made, jobs...); err != nil {
		return nil, err
	}
	for i := range made {
		made[i].Version = 1
	}
	return made, nil
}

// CheckClosure refuses texts that are no texts, and a closure that contradicts itself.
func CheckClosure(c *postern.Closure) error {
	for _, field := range []struct {
		name, text string
		least      int
	}{{"title", c.Title, 1}, {"who", c.Who, 0}, {"source", c.Source, 0}, {"notice", c.Notice, 0}} {
		if err := checkText(field.name, field.text, field.least, maxMetaValue); err != nil {
			return err
		}
	}
	return c.Check()
}

// MoveClosure gives a closure other dates: an edit with history. No withdrawals at all withdraw the closure.
func (e *Engine) MoveClosure(ctx context.Context, ownerID, id, note string, withdraws ...postern.Withdrawal) (postern.Closure, error) {
	return e.editClosure(ctx, ownerID, id, note, func(c postern.Closure, now time.Time) postern.Closure {
		what := "moved"
		if len(withdraws) == 0 {
			what = "withdrawn"
		}
		return c.Move(now, what, note, withdraws...)
	})
}

// RescopeClosure gives a closure another scope: it is narrowed or widened, with history.
func (e *Engine) RescopeClosure(ctx context.Context, ownerID, id, note string, scope postern.Scope) (postern.Closure, error) {
	return e.editClosure(ctx, ownerID, id, note, func(c postern.Closure, now time.Time) postern.Closure { return c.Rescope(now, note, scope) })
}

func (e *Engine) editClosure(ctx context.Context, ownerID, id, note string, edit func(postern.Closure, time.Time) postern.Closure) (postern.Closure, error) {
	if err := checkText("note", note, 0, maxNote); err != nil {
		return postern.Closure{}, err
	}
	c, err := e.Store.Closure(ctx, ownerID, id)
	if err != nil {
		return c, err
	}
	if !c.WithdrawnAt.IsZero() {
		return c, &postern.Error{Code: postern.CodeConflict, Op: "engine.MoveClosure", Message: "the closure is withdrawn", Fix: "announce a new one", ID: id}
	}
	now := e.now()
	c = edit(c, now)
	if err := c.Check(); err != nil {
		return c, err
	}
	if err := e.Store.SaveClosure(ctx, c, tellingJob(&c, now)); err != nil {
		return c, err
	}
	c.Version++
	return c, nil
}

// ClosureEffect is what a closure would do to everybody whom it is about, in numbers, by the orders of the last 30 days.
type ClosureEffect struct {
	Days      int        `json:"days"`
	Merchants int64      `json:"merchants" doc:"Merchants with a channel that it is about."`
	Through   []Turnover `json:"through" doc:"What went through what it closes."`
	LastWays  []LastWays `json:"last_ways" doc:"Containers in which merchants lose their last way to be paid."`
	// Examples are a few merchants that lose a last way.
	Examples []string `json:"examples"`
}

// LastWays is a container in which some merchants would have nothing left, with their orders there.
type LastWays struct {
	Container string     `json:"container"`
	Merchants int64      `json:"merchants"`
	Sums      []Turnover `json:"sums"`
}

const maxExamples = 5

// PreviewClosure holds a closure against the orders of everybody whom it is about. Nothing is stored. A closure that is announced already is left out of what holds
// besides.
func (e *Engine) PreviewClosure(ctx context.Context, c postern.Closure) (ClosureEffect, error) {
	effect := ClosureEffect{Days: impactDays, Through: []Turnover{}, LastWays: []LastWays{}, Examples: []string{}}
	if err := CheckClosure(&c); err != nil {
		return effect, err
	}
	err := e.eachShop(ctx, &c, "", func(page []shop, _ string) (bool, error) {
		for i := range page {
			others, err := e.closures(ctx, page[i].Merchant)
			if err != nil {
				return false, err
			}
			if one, hit := e.impact(&page[i], &c, withoutClosure(others, c.ID)); hit {
				effect.add(page[i].ID, one)
			}
		}
		return true, nil
	})
	slices.SortFunc(effect.LastWays, func(a, b LastWays) int { return strings.Compare(a.Container, b.Container) })
	return effect, err
}

// Warnings are the effect in words, where somebody loses the last way to be paid; none otherwise.
func (f *ClosureEffect) Warnings() []string {
	var out []string
	for _, w := range f.LastWays {
		text := postern.Count(w.Merchants, "merchant") + " would lose the last way to be paid in " + w.Container
		for _, s := range w.Sums {
			text += ", with " + postern.Count(s.Orders, "order") + " of " + postern.FormatMoney(s.Amount, s.Currency)
		}
		out = append(out, text+" in the last "+itoa(f.Days)+" days")
	}
	return out
}

func (f *ClosureEffect) add(merchantID string, one Impact) {
	f.Merchants++
	through := sums(f.Through)
	through.all(one.Through)
	f.Through = through
	for _, s := range one.Stranded {
		i := slices.IndexFunc(f.LastWays, func(w LastWays) bool { return w.Container == s.Container })
		if i < 0 {
			f.LastWays = append(f.LastWays, LastWays{Container: s.Container})
			i = len(f.LastWays) - 1
		}
		f.LastWays[i].Merchants++
		all := sums(f.LastWays[i].Sums)
		all.all(s.Sums)
		f.LastWays[i].Sums = all
	}
	if len(one.Stranded) > 0 && len(f.Examples) < maxExamples {
		f.Examples = append(f.Examples, merchantID)
	}
}
