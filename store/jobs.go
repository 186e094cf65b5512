package store

import (
	"context"

	"postern"
)

// Inserter puts jobs into the queue within the transaction. The queue gives it to the store, which knows neither the queue nor its runner.
type Inserter func(ctx context.Context, tx Tx, jobs []postern.Job) error

// UseJobs sets where the jobs of a Change go. Call it once, before the first Commit.
func (s *Store) UseJobs(insert Inserter) { s.jobs = insert }
