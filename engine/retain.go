package engine

import (
	"context"
	"time"

	"postern/store"
)

// How long what is not money is kept: idempotency keys, and raw messages, exchanges and buyers unless KeepPersonal says otherwise.
const (
	keepRequests        = 30 * 24 * time.Hour
	defaultKeepPersonal = 400 * 24 * time.Hour
)

// Forget deletes, merchant by merchant, what retention says: idempotency keys after 30 days, raw messages, exchanges and buyers after KeepPersonal. Sessions and invitations go when they
// have ended. Money, events and books stay for ever. It is safe to run on several nodes at once and at any time; once a day is enough. It returns how many rows went.
func (e *Engine) Forget(ctx context.Context) (int64, error) {
	personal := e.KeepPersonal
	if personal <= 0 {
		personal = defaultKeepPersonal
	}
	now := e.now()
	page := store.Page{Limit: 100}
	total, err := e.Store.ForgetSessions(ctx, now, now.Add(-sessionIdle))
	if err != nil {
		return total, err
	}
	partners, err := e.Store.Partners(ctx)
	if err != nil {
		return 0, err
	}
	for _, p := range partners {
		deleted, err := e.Store.Forget(ctx, p.ID, now.Add(-personal), now.Add(-keepRequests))
		if err != nil {
			return total, err
		}
		total += deleted
	}
	for {
		merchants, next, err := e.Store.Merchants(ctx, "", page)
		if err != nil {
			return total, err
		}
		for _, m := range merchants {
			deleted, err := e.Store.Forget(ctx, m.ID, now.Add(-personal), now.Add(-keepRequests))
			if err != nil {
				return total, err
			}
			total += deleted
		}
		if next == "" {
			return total, nil
		}
		page.After = next
	}
}
