package queue_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern"
	"postern/queue"
	"postern/store"
)

// startRiver migrates and starts River with these handlers; it stops with the test.
func startRiver(t testing.TB, s *store.Store, registry *queue.Registry, logger *slog.Logger) *queue.River {
	t.Helper()
	if err := queue.Migrate(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	q, err := queue.NewRiver(s, registry, queue.RiverOptions{Now: time.Now, Random: rand.Reader, Logger: logger, Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	s.UseJobs(q.Insert)
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return q
}

// soon waits for a signal; a test that hangs fails here instead of at the end of the whole run.
func soon[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("waited 30 s for a job")
		panic("unreachable")
	}
}

// TestRiverJobsCommitAndFollowUp runs jobs that write with Commit and want further jobs, more at once than there are workers: on SQLite all of it goes through the
// one write connection that River shares.
func TestRiverJobsCommitAndFollowUp(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		const chains, length = 40, 4
		var runs atomic.Int64
		done := make(chan string, chains)
		registry := queue.NewRegistry()
		registry.Handle("step", func(ctx context.Context, j postern.Job) (time.Duration, error) {
			runs.Add(1)
			if len(j.Args) >= length+1 {
				done <- j.Args
				return 0, nil
			}
			next := `"` + strings.Trim(j.Args, `"`) + `x"`
			return 0, s.Commit(ctx, store.Change{MerchantID: j.MerchantID, Jobs: []postern.Job{{MerchantID: j.MerchantID, Kind: "step", Args: next, RunAt: time.Now()}}})
		})
		startRiver(t, s, registry, nil)
		for range chains {
			commit(t, s, job("step", `""`, epoch))
		}
		for range chains {
			soon(t, done)
		}
		if got := runs.Load(); got != chains*length {
			t.Errorf("%d runs, want %d", got, chains*length)
		}
	})
}

func TestRiverKeepsRunAtAndAgain(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		type run struct {
			at  time.Time
			job postern.Job
		}
		runs := make(chan run, 10)
		var n atomic.Int64
		registry := queue.NewRegistry()
		registry.Handle("wait", func(_ context.Context, j postern.Job) (time.Duration, error) {
			runs <- run{time.Now(), j}
			if n.Add(1) == 1 {
				return 300 * time.Millisecond, nil
			}
			return 0, nil
		})
		startRiver(t, s, registry, nil)
		at := time.Now().Add(500 * time.Millisecond).UTC().Truncate(time.Microsecond)
		commit(t, s, job("wait", `{"id":"a"}`, at), job("wait", `{"id":"b"}`, time.Now().Add(time.Hour)))
		first := soon(t, runs)
		second := soon(t, runs)
		if first.job != job("wait", `{"id":"a"}`, at) || second.job != first.job {
			t.Errorf("jobs %+v and %+v", first.job, second.job)
		}
		if first.at.Before(at) || second.at.Before(first.at.Add(300*time.Millisecond)) {
			t.Errorf("too early: due %v, ran %v and %v", at, first.at, second.at)
		}
	})
}

func TestRiverContainsPanicsAndShowsTheStuck(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		var log syncBuffer
		healthy, broken := make(chan bool, 1), make(chan bool, 10)
		var retried atomic.Bool
		registry := queue.NewRegistry()
		registry.Handle("panics", func(context.Context, postern.Job) (time.Duration, error) {
			broken <- true
			if retried.Load() {
				return 0, nil
			}
			panic("no luck")
		}, queue.WithAttempts(2))
		registry.Handle("healthy", func(context.Context, postern.Job) (time.Duration, error) { healthy <- true; return 0, nil })
		q := startRiver(t, s, registry, slog.New(slog.NewTextHandler(&log, nil)))
		commit(t, s, job("panics", `{"x":1}`, epoch))
		soon(t, broken)
		commit(t, s, job("healthy", `{}`, epoch))
		soon(t, healthy)
		soon(t, broken)
		var stuck []queue.Stuck
		for len(stuck) == 0 {
			var err error
			if stuck, err = q.Stuck(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if stuck[0].Attempts != 2 || !strings.Contains(stuck[0].Error, "panic: no luck") || stuck[0].Job.Args != `{"x":1}` || stuck[0].Job.MerchantID != merchant {
			t.Errorf("Stuck = %+v", stuck)
		}
		if !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("no alarm was logged: %s", log.String())
		}
		if err := q.Retry(t.Context(), stuck[0].ID+1000); postern.CodeOf(err) != postern.CodeNotFound {
			t.Errorf("Retry of no job: %v", err)
		}
		retried.Store(true)
		if err := q.Retry(t.Context(), stuck[0].ID); err != nil {
			t.Fatal(err)
		}
		soon(t, broken)
	})
}

func TestRiverLanesDoNotHoldUpTheMoney(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		release, started, money := make(chan bool), make(chan bool, 100), make(chan bool, 1)
		registry := queue.NewRegistry()
		registry.Handle("slow", func(ctx context.Context, _ postern.Job) (time.Duration, error) {
			started <- true
			select {
			case <-release:
			case <-ctx.Done():
			}
			return 0, nil
		}, queue.InLane(queue.LaneOutside))
		registry.Handle("money", func(context.Context, postern.Job) (time.Duration, error) { money <- true; return 0, nil })
		startRiver(t, s, registry, nil)
		defer close(release)
		for range 20 {
			commit(t, s, job("slow", `{}`, epoch))
		}
		soon(t, started)
		commit(t, s, job("money", `{}`, epoch))
		soon(t, money)
	})
}

func TestRiverStopWaitsAndAHardStopRunsTheJobAgain(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		started, ended := make(chan bool, 10), make(chan error, 10)
		registry := queue.NewRegistry()
		registry.Handle("long", func(ctx context.Context, _ postern.Job) (time.Duration, error) {
			started <- true
			<-ctx.Done()
			ended <- ctx.Err()
			return 0, ctx.Err()
		})
		q := startRiver(t, s, registry, nil)
		commit(t, s, job("long", `{}`, epoch))
		soon(t, started)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		if err := soon(t, ended); !errors.Is(err, context.Canceled) {
			t.Errorf("the job's context ended with %v", err)
		}
		second := queue.NewRegistry()
		second.Handle("long", func(context.Context, postern.Job) (time.Duration, error) { started <- true; return 0, nil })
		startRiver(t, s, second, nil)
		soon(t, started)
	})
}

func TestRiverInsertIsPartOfTheTransaction(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		ran := make(chan string, 10)
		registry := queue.NewRegistry()
		registry.Handle("x", func(_ context.Context, j postern.Job) (time.Duration, error) { ran <- j.Args; return 0, nil })
		q := startRiver(t, s, registry, nil)
		failure := errors.New("no")
		err := s.Write(t.Context(), func(tx store.Tx) error {
			if err := q.Insert(t.Context(), tx, []postern.Job{job("x", `"aborted"`, epoch)}); err != nil {
				return err
			}
			return failure
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		err = s.Read(t.Context(), func(store.Tx) error { return q.Insert(t.Context(), nil, []postern.Job{job("x", `1`, epoch)}) })
		if err == nil {
			t.Error("jobs were inserted without a transaction")
		}
		if err := q.Insert(t.Context(), nil, []postern.Job{job("x", `{`, epoch)}); err == nil || !strings.Contains(err.Error(), "not JSON") {
			t.Errorf("broken arguments: %v", err)
		}
		commit(t, s, job("x", `"committed"`, epoch))
		if got := soon(t, ran); got != `"committed"` {
			t.Errorf("ran %s", got)
		}
	})
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// BenchmarkRiverStart measures the time from the return of Commit to the start of its job.
func BenchmarkRiverStart(b *testing.B) {
	s := open(b, "sqlite:"+filepath.Join(b.TempDir(), "q.db"))
	ran := make(chan time.Time, 1)
	registry := queue.NewRegistry()
	registry.Handle("x", func(context.Context, postern.Job) (time.Duration, error) { ran <- time.Now(); return 0, nil })
	startRiver(b, s, registry, nil)
	var worst, sum time.Duration
	n := 0
	for b.Loop() {
		commit(b, s, job("x", `{}`, epoch))
		began := time.Now()
		wait := soon(b, ran).Sub(began)
		worst, sum, n = max(worst, wait), sum+wait, n+1
	}
	b.ReportMetric(float64(sum.Microseconds())/float64(n)/1000, "ms/start")
	b.ReportMetric(float64(worst.Microseconds())/1000, "ms-worst")
}
