package store

import (
	"context"

	"postern"
)

// States of a TestJob.
const (
	TestJobWaiting = "waiting"
	TestJobStuck   = "stuck"
)

// TestJob is a job of the deterministic runner. Jobs that are done are deleted.
type TestJob struct {
	postern.Job
	ID      int64
	Attempt int64 // how often it was tried
	State   string
	Error   string // the last one
}

const testJobColumns = "id, merchant_id, kind, args, run_at, attempt, state, error"

const selectTestJob = "SELECT " + testJobColumns + " FROM test_job WHERE "

func scanTestJob(r Row) (TestJob, error) {
	var j TestJob
	err := r.Scan(&j.ID, &j.MerchantID, &j.Kind, &j.Args, at(&j.RunAt), &j.Attempt, &j.State, &j.Error)
	return j, err
}

// InsertTestJob inserts a job within a transaction; the id is the runner's.
func InsertTestJob(ctx context.Context, tx Tx, j TestJob) error {
	_, err := tx.Exec(ctx, insertInto("test_job", testJobColumns), j.ID, j.MerchantID, j.Kind, j.Args, micros(j.RunAt), j.Attempt, j.State, j.Error)
	return err
}

// LastTestJob returns the highest id in use, 0 when there is none.
func (s *Store) LastTestJob(ctx context.Context) (id int64, err error) {
	err = s.reader().QueryRow(ctx, "SELECT coalesce(max(id), 0) FROM test_job").Scan(&id)
	return id, err
}

// NextTestJob returns the waiting job that is due first, by time and then id, or postern.CodeNotFound.
func (s *Store) NextTestJob(ctx context.Context) (TestJob, error) {
	return one(ctx, s.reader(), "NextTestJob", "waiting job", scanTestJob, selectTestJob+"state = 'waiting' ORDER BY run_at, id LIMIT 1 -- sweep")
}

// StuckTestJobs lists the jobs that used up their attempts.
func (s *Store) StuckTestJobs(ctx context.Context) ([]TestJob, error) {
	return many(ctx, s.reader(), "StuckTestJobs", scanTestJob, selectTestJob+"state = 'stuck' ORDER BY id -- sweep")
}

// UpdateTestJob saves when a job runs again, or that it is stuck.
func (s *Store) UpdateTestJob(ctx context.Context, j TestJob) error {
	return s.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, "UPDATE test_job SET run_at = $2, attempt = $3, state = $4, error = $5 WHERE id = $1", j.ID, micros(j.RunAt), j.Attempt, j.State, j.Error)
		return err
	})
}

// DeleteTestJob removes a job that is done.
func (s *Store) DeleteTestJob(ctx context.Context, id int64) error {
	return s.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM test_job WHERE id = $1", id)
		return err
	})
}
