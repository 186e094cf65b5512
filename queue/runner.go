package queue

import (
	"context"
	"io"
	"sync"
	"time"

	"postern"
	"postern/store"
)

// Runner is the deterministic runner: jobs lie in a plain table, written in the transaction of their change, and run on the caller's goroutine in the order of
// their time. The same database, clock and random source give the same run.
type Runner struct {
	store    *store.Store
	registry *Registry
	random   io.Reader
	through  func(any) bool

	mu   sync.Mutex
	last int64
}

// RunnerOptions of NewRunner.
type RunnerOptions struct {
	// Random adds jitter to retries; nil adds none.
	Random io.Reader
	// Through lets a panic pass instead of counting as a failed try, as the simulation wants for a crash.
	Through func(value any) bool
}

// NewRunner makes the runner of a migrated store. Several engines on one database must share one Runner, which numbers the jobs.
func NewRunner(ctx context.Context, s *store.Store, registry *Registry, opts RunnerOptions) (*Runner, error) {
	last, err := s.LastTestJob(ctx)
	if err != nil {
		return nil, err
	}
	return &Runner{store: s, registry: registry, random: opts.Random, through: opts.Through, last: last}, nil
}

// Insert writes jobs within the transaction; it is the store's Inserter.
func (r *Runner) Insert(ctx context.Context, tx store.Tx, jobs []postern.Job) error {
	for _, job := range jobs {
		r.mu.Lock()
		r.last++
		id := r.last
		r.mu.Unlock()
		if err := store.InsertTestJob(ctx, tx, store.TestJob{Job: job, ID: id, State: store.TestJobWaiting}); err != nil {
			return err
		}
	}
	return nil
}

// RunDue runs every job that is due at now, jobs that these jobs insert included, by time and then in the order of insertion. It returns how many ran. A failing
// job is no error of RunDue; an error of the database is, and the job then runs again next time.
func (r *Runner) RunDue(ctx context.Context, now time.Time) (n int, err error) {
	for ; ; n++ {
		job, err := r.store.NextTestJob(ctx)
		if postern.CodeOf(err) == postern.CodeNotFound {
			return n, nil
		}
		if err != nil || job.RunAt.After(now) {
			return n, err
		}
		if err := r.run(ctx, job, now); err != nil {
			return n, err
		}
	}
}

func (r *Runner) run(ctx context.Context, job store.TestJob, now time.Time) error {
	k := r.registry.find(job.Kind)
	again, failure := contain(ctx, k.run, job.Job, r.through)
	switch {
	case failure == nil && again <= 0:
		return r.store.DeleteTestJob(ctx, job.ID)
	case failure == nil:
		job.RunAt = now.Add(again)
	default:
		job.Attempt++
		job.Error = failure.Error()
		if job.Attempt >= int64(k.attempts) {
			job.State = store.TestJobStuck
			break
		}
		wait, err := Backoff(int(job.Attempt), r.random)
		if err != nil {
			return err
		}
		job.RunAt = now.Add(wait)
	}
	return r.store.UpdateTestJob(ctx, job)
}

// Next returns when the next job is due; false when none waits.
func (r *Runner) Next(ctx context.Context) (time.Time, bool, error) {
	job, err := r.store.NextTestJob(ctx)
	if postern.CodeOf(err) == postern.CodeNotFound {
		return time.Time{}, false, nil
	}
	return job.RunAt, err == nil, err
}

// Stuck lists the jobs that used up their attempts.
func (r *Runner) Stuck(ctx context.Context) ([]Stuck, error) {
	jobs, err := r.store.StuckTestJobs(ctx)
	var out []Stuck
	for _, j := range jobs {
		out = append(out, Stuck{ID: j.ID, Job: j.Job, Attempts: int(j.Attempt), Error: j.Error})
	}
	return out, err
}

// Retry gives a stuck job all its attempts again, due at now. A job that is not stuck is postern.CodeNotFound.
func (r *Runner) Retry(ctx context.Context, id int64, now time.Time) error {
	jobs, err := r.store.StuckTestJobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.ID == id {
			j.State, j.Attempt, j.RunAt = store.TestJobWaiting, 0, now
			return r.store.UpdateTestJob(ctx, j)
		}
	}
	return postern.E(postern.CodeNotFound, "queue.Retry", "there is no such stuck job")
}
