package engine

import (
	"context"
	"time"

	"postern"
)

// AnnounceClosure stores a closure, after the check that it does not contradict itself, with its announcement as the first line of its history. Every plan made
// from then on obeys it, to the second.
func (e *Engine) AnnounceClosure(ctx context.Context, c postern.Closure) (postern.Closure, error) {
	now := e.now()
	c.ID, c.Version, c.CreatedAt, c.WithdrawnAt, c.History = e.newID(postern.PrefixClosure), 0, now, time.Time{}, nil
	for _, field := range []struct {
		name, text string
		least      int
	}{{"title", c.Title, 1}, {"who", c.Who, 0}, {"source", c.Source, 0}, {"notice", c.Notice, 0}} {
		if err := checkText(field.name, field.text, field.least, maxMetaValue); err != nil {
			return c, err
		}
	}
	if err := c.Check(); err != nil {
		return c, err
	}
	c = c.Move(now, "announced", c.Notice, c.Withdraws...)
	if err := e.Store.SaveClosure(ctx, c); err != nil {
		return c, err
	}
	c.Version = 1
	return c, nil
}

// MoveClosure gives a closure other dates: an edit with history. No withdrawals at all withdraw the closure.
func (e *Engine) MoveClosure(ctx context.Context, ownerID, id, note string, withdraws ...postern.Withdrawal) (postern.Closure, error) {
	c, err := e.Store.Closure(ctx, ownerID, id)
	if err != nil {
		return c, err
	}
	if !c.WithdrawnAt.IsZero() {
		return c, &postern.Error{Code: postern.CodeConflict, Op: "engine.MoveClosure", Message: "the closure is withdrawn", Fix: "announce a new one", ID: id}
	}
	what := "moved"
	if len(withdraws) == 0 {
		what = "withdrawn"
	}
	c = c.Move(e.now(), what, note, withdraws...)
	if err := c.Check(); err != nil {
		return c, err
	}
	if err := e.Store.SaveClosure(ctx, c); err != nil {
		return c, err
	}
	c.Version++
	return c, nil
}
