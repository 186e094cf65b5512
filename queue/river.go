package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"postern"
	"postern/store"
)

// RiverOptions of NewRiver. Now and Random are required.
type RiverOptions struct {
	Now    func() time.Time
	Random io.Reader
	Logger *slog.Logger
	// Workers bounds the jobs that run at once in each lane of this process; 0 means 16.
	Workers int
}

// River runs jobs in production, on the store's own database: on SQLite it shares the single write connection, which it never holds while a job runs.
type River struct {
	registry *Registry
	opts     RiverOptions
	insert   func(ctx context.Context, tx store.Tx, params []river.InsertManyParams) error
	client   riverClient
}

// riverClient is what the clients of both engines share.
type riverClient interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
	JobGet(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobRetry(ctx context.Context, id int64) (*rivertype.JobRow, error)
}

// Migrate brings River's own tables to this binary's version. Call it after the store's Migrate.
func Migrate(ctx context.Context, s *store.Store) error {
	var err error
	if s.Dialect() == store.SQLite {
		err = migrate(ctx, riversqlite.New(s.DB()))
	} else {
		err = migrate(ctx, riverpgxv5.New(s.Pool()))
	}
	if err != nil {
		return fmt.Errorf("queue: migrate: %w", err)
	}
	return nil
}

func migrate[T any](ctx context.Context, driver riverdriver.Driver[T]) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// NewRiver makes the runner. It inserts at once and works after Start; give its Insert to the store's UseJobs.
func NewRiver(s *store.Store, registry *Registry, opts RiverOptions) (*River, error) {
	if opts.Now == nil || opts.Random == nil {
		return nil, errors.New("queue: Now and Random are required")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Workers == 0 {
		opts.Workers = 16
	}
	q := &River{registry: registry, opts: opts}
	var err error
	if s.Dialect() == store.SQLite {
		err = connect(q, riversqlite.New(s.DB()), true, func(tx store.Tx) *sql.Tx { inner, _ := store.Unwrap(tx); return inner })
	} else {
		err = connect(q, riverpgxv5.New(s.Pool()), false, func(tx store.Tx) pgx.Tx { _, inner := store.Unwrap(tx); return inner })
	}
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	return q, nil
}

func connect[T comparable](q *River, driver riverdriver.Driver[T], poll bool, unwrap func(store.Tx) T) error {
	client, err := river.NewClient(driver, q.config(poll))
	if err != nil {
		return err
	}
	q.client = client
	q.insert = func(ctx context.Context, tx store.Tx, params []river.InsertManyParams) error {
		var none T
		inner := unwrap(tx)
		if inner == none {
			return errors.New("queue: jobs are inserted within a transaction of the store only")
		}
		_, err := client.InsertManyTx(ctx, inner, params)
		return err
	}
	return nil
}

// config tunes River. On SQLite nothing notifies, so each lane asks every 20 ms, which is a read of an empty index; on PostgreSQL a notification wakes it and
// asking is the fallback. A run that outlives every timeout belongs to a dead process and is rescued soon after.
func (q *River) config(poll bool) *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{queue: q})
	longest := q.registry.longest()
	config := &river.Config{
		Logger:                      q.opts.Logger,
		Workers:                     workers,
		Queues:                      map[string]river.QueueConfig{LaneMoney: {MaxWorkers: q.opts.Workers}, LaneOutside: {MaxWorkers: q.opts.Workers}},
		FetchCooldown:               10 * time.Millisecond,
		FetchPollInterval:           500 * time.Millisecond,
		PollOnly:                    poll,
		JobTimeout:                  longest,
		RescueStuckJobsAfter:        longest + time.Minute,
		MaxAttempts:                 DefaultAttempts,
		RetryPolicy:                 policy{q},
		CompletedJobRetentionPeriod: time.Hour,
		CancelledJobRetentionPeriod: time.Hour,
		DiscardedJobRetentionPeriod: -1, // stuck jobs stay until a person has seen to them
		ReindexerIndexNames:         []string{},
	}
	if poll {
		config.FetchPollInterval = 20 * time.Millisecond
	}
	return config
}

// shortWait is below the interval at which River's leader looks for scheduled jobs. A job that is due sooner is handed out at once and waits in the worker's
// hands, by a snooze, which River keeps to the millisecond.
const shortWait = 6 * time.Second

// Insert writes jobs within the transaction; it is the store's Inserter.
func (q *River) Insert(ctx context.Context, tx store.Tx, jobs []postern.Job) error {
	now := q.opts.Now()
	params := make([]river.InsertManyParams, 0, len(jobs))
	for _, job := range jobs {
		if !json.Valid([]byte(job.Args)) {
			return fmt.Errorf("queue: the arguments of a %s job are not JSON", job.Kind)
		}
		k := q.registry.find(job.Kind)
		opts := &river.InsertOpts{Queue: k.lane, MaxAttempts: k.attempts}
		if job.RunAt.Sub(now) > shortWait {
			opts.ScheduledAt = job.RunAt
		}
		params = append(params, river.InsertManyParams{Args: arguments{job.Kind, job.MerchantID, job.Args, job.RunAt.UnixMicro()}, InsertOpts: opts})
	}
	if len(params) == 0 {
		return nil
	}
	return q.insert(ctx, tx, params)
}

// Start begins to work. It goes on until Stop, whatever becomes of ctx.
func (q *River) Start(ctx context.Context) error { return q.client.Start(context.WithoutCancel(ctx)) }

// Stop fetches no more jobs and waits for those that run. When ctx ends first their contexts end too, and they run again at the next start.
func (q *River) Stop(ctx context.Context) error {
	err := q.client.Stop(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return q.client.StopAndCancel(hard)
}

// Stuck lists up to 1,000 jobs that used up their attempts, the last first.
func (q *River) Stuck(ctx context.Context) ([]Stuck, error) {
	params := river.NewJobListParams().States(rivertype.JobStateDiscarded).OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(1000)
	result, err := q.client.JobList(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("queue.Stuck: %w", err)
	}
	var out []Stuck
	for _, row := range result.Jobs {
		job, err := decode(row.EncodedArgs)
		if err != nil {
			return nil, err
		}
		s := Stuck{ID: row.ID, Job: job, Attempts: row.Attempt}
		if n := len(row.Errors); n > 0 {
			s.Error = row.Errors[n-1].Error
		}
		out = append(out, s)
	}
	return out, nil
}

// Retry lets a stuck job run once more at once. A job that is not stuck is postern.CodeNotFound.
func (q *River) Retry(ctx context.Context, id int64) error {
	row, err := q.client.JobGet(ctx, id)
	if errors.Is(err, rivertype.ErrNotFound) || err == nil && row.State != rivertype.JobStateDiscarded {
		return postern.E(postern.CodeNotFound, "queue.Retry", "there is no such stuck job")
	}
	if err == nil {
		_, err = q.client.JobRetry(ctx, id)
	}
	return err
}

// arguments is how a job lies in River: one kind for all, because kinds are ours and not River's. Args is JSON in a string, so that PostgreSQL does not write it
// anew; RunAt is microseconds since 1970.
type arguments struct {
	JobKind    string `json:"kind"`
	MerchantID string `json:"merchant_id"`
	Args       string `json:"args"`
	RunAt      int64  `json:"run_at"`
}

func (arguments) Kind() string { return "postern" }

func (a arguments) job() postern.Job {
	return postern.Job{MerchantID: a.MerchantID, Kind: a.JobKind, Args: a.Args, RunAt: time.UnixMicro(a.RunAt).UTC()}
}

func decode(encoded []byte) (postern.Job, error) {
	var a arguments
	if err := json.Unmarshal(encoded, &a); err != nil {
		return postern.Job{}, fmt.Errorf("queue: a stored job cannot be read: %w", err)
	}
	return a.job(), nil
}

// worker is River's one worker: it finds the handler by the job's own kind.
type worker struct {
	river.WorkerDefaults[arguments]
	queue *River
}

func (w *worker) Timeout(job *river.Job[arguments]) time.Duration {
	return w.queue.registry.find(job.Args.JobKind).timeout
}

func (w *worker) Work(ctx context.Context, row *river.Job[arguments]) error {
	job := row.Args.job()
	if wait := job.RunAt.Sub(w.queue.opts.Now()); wait > 0 && len(row.Errors) == 0 && wait <= shortWait {
		return river.JobSnooze(wait)
	}
	again, err := contain(ctx, w.queue.registry.find(job.Kind).run, job, nil)
	switch {
	case errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled):
		return river.JobSnooze(0) // Stop did not wait for it: not a failure, and the next start runs it.
	case err != nil:
		level := slog.LevelWarn
		if row.Attempt >= row.MaxAttempts {
			level = slog.LevelError
		}
		w.queue.opts.Logger.Log(ctx, level, "job failed", "kind", job.Kind, "merchant_id", job.MerchantID, "attempt", row.Attempt, "of", row.MaxAttempts, "error", err)
		return err
	case again > 0:
		return river.JobSnooze(again)
	}
	return nil
}

// policy is Backoff for River.
type policy struct{ queue *River }

func (p policy) NextRetry(row *rivertype.JobRow) time.Time {
	wait, err := Backoff(len(row.Errors)+1, p.queue.opts.Random)
	if err != nil {
		p.queue.opts.Logger.Error("retries without jitter", "error", err)
	}
	return p.queue.opts.Now().Add(wait)
}
