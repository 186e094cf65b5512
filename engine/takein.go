package engine

import (
	"context"
	"io/fs"

	"postern"
	"postern/store"
)

// TakeIn takes a merchant in that left another switch: everything that store.Export wrote of it, in one commit with the jobs that what is under way needs. secret
// makes a new sealed secret for each of its endpoints. Keys come with nobody: until the accounts have keys again, the jobs are retried.
func (e *Engine) TakeIn(ctx context.Context, files fs.FS, secret func(merchantID, endpointID string) ([]byte, error)) (store.Landed, error) {
	if err := e.fault(ctx, "engine.takein.before"); err != nil {
		return store.Landed{}, err
	}
	landed, err := e.Store.Import(ctx, files, store.Landing{
		Live: e.Live, Now: e.now(), Secret: secret, ProbeID: probeID,
		Job: func(merchantID string, w postern.Wanted) postern.Job { return e.job(merchantID, w.Kind, w.ID, w.RunAt) },
	})
	if err != nil {
		return landed, err
	}
	return landed, e.fault(ctx, "engine.takein.after")
}
