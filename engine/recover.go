package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"postern/store"
)

// Bounds of a recovery: so many attempts, so many at once.
const (
	recoverAtMost = 10_000
	recoverers    = 8
)

// Recover asks once after every attempt that is live and was last touched before the switch came up: the process that had its jobs in hand may be gone, and their own time comes
// minutes later, when they are taken for dead. It is for the start of a process, and harmless beside others. It returns how many were asked after.
func (e *Engine) Recover(ctx context.Context) (int64, error) {
	ctx = asJob(ctx)
	list, err := e.Store.LiveAttempts(ctx, e.now(), recoverAtMost)
	if err != nil {
		return 0, err
	}
	var asked atomic.Int64
	refs := make(chan store.AttemptRef)
	var workers sync.WaitGroup
	for range recoverers {
		workers.Go(func() {
			for ref := range refs {
				if _, err := e.Query(ctx, ref.MerchantID, ref.AttemptID); err != nil {
					e.Log.WarnContext(ctx, "an attempt could not be asked after; its job will", "attempt", ref.AttemptID, "err", err)
				}
				asked.Add(1)
			}
		})
	}
	for _, ref := range list {
		if ctx.Err() != nil {
			break
		}
		refs <- ref
	}
	close(refs)
	workers.Wait()
	return asked.Load(), ctx.Err()
}
