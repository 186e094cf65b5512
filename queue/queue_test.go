package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern"
	"postern/queue"
	"postern/store"
	"postern/store/storetest"
)

const merchant = "mer_00000000000000000000000001"

var epoch = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// engines runs a test on both databases.
func engines(t *testing.T, run func(t *testing.T, s *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { run(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "q.db"))) })
	t.Run("postgres", func(t *testing.T) { run(t, open(t, storetest.Postgres(t))) })
}

func open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func runner(t *testing.T, s *store.Store, registry *queue.Registry, opts queue.RunnerOptions) *queue.Runner {
	t.Helper()
	r, err := queue.NewRunner(t.Context(), s, registry, opts)
	if err != nil {
		t.Fatal(err)
	}
	s.UseJobs(r.Insert)
	return r
}

func job(kind, args string, at time.Time) postern.Job {
	return postern.Job{MerchantID: merchant, Kind: kind, Args: args, RunAt: at}
}

func commit(t testing.TB, s *store.Store, jobs ...postern.Job) {
	t.Helper()
	if err := s.Commit(t.Context(), store.Change{MerchantID: merchant, Jobs: jobs}); err != nil {
		t.Fatal(err)
	}
}

func TestRunnerRunsInOrderAndFollowsUp(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		var ran []string
		registry := queue.NewRegistry()
		registry.Handle("note", func(_ context.Context, j postern.Job) (time.Duration, error) {
			ran = append(ran, j.Args)
			if j.Args == `"b"` {
				commit(t, s, job("note", `"from b"`, epoch))
			}
			if j.Args == `"twice"` && len(ran) < 7 {
				return time.Hour, nil
			}
			return 0, nil
		})
		r := runner(t, s, registry, queue.RunnerOptions{})
		commit(t, s, job("note", `"late"`, epoch.Add(time.Minute)), job("note", `"b"`, epoch), job("note", `"twice"`, epoch), job("note", `"a"`, epoch.Add(-time.Second)))
		n, err := r.RunDue(t.Context(), epoch)
		want := []string{`"a"`, `"b"`, `"twice"`, `"from b"`}
		if diff := cmp.Diff(want, ran); n != 4 || err != nil || diff != "" {
			t.Fatalf("n = %d, err = %v, order -want +got:\n%s", n, err, diff)
		}
		next, waits, err := r.Next(t.Context())
		if !next.Equal(epoch.Add(time.Minute)) || !waits || err != nil {
			t.Errorf("Next = %v, %v, %v", next, waits, err)
		}
		if n, err := r.RunDue(t.Context(), epoch.Add(59*time.Second)); n != 0 || err != nil {
			t.Errorf("early RunDue = %d, %v", n, err)
		}
		if n, err := r.RunDue(t.Context(), epoch.Add(time.Hour)); n != 2 || err != nil {
			t.Errorf("last RunDue = %d, %v", n, err)
		}
	})
}

func TestRunnerRetriesByThePolicyAndKeepsTheStuck(t *testing.T) {
	s := open(t, "sqlite::memory:")
	var runs []time.Duration
	now := epoch
	registry := queue.NewRegistry()
	registry.Handle("fails", func(context.Context, postern.Job) (time.Duration, error) {
		runs = append(runs, now.Sub(epoch))
		if len(runs)%2 == 0 {
			panic("no luck")
		}
		return 0, errors.New("no luck")
	}, queue.WithAttempts(4))
	r := runner(t, s, registry, queue.RunnerOptions{})
	commit(t, s, job("fails", `{"x":1}`, epoch), job("unheard of", `{}`, epoch.Add(100*24*time.Hour)))
	for ; now.Before(epoch.Add(time.Hour)); now = now.Add(time.Second) {
		if _, err := r.RunDue(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second}, runs); diff != "" {
		t.Errorf("runs -want +got:\n%s", diff)
	}
	stuck, err := r.Stuck(t.Context())
	if err != nil || len(stuck) != 1 || stuck[0].Attempts != 4 || !strings.Contains(stuck[0].Error, "panic: no luck") || stuck[0].Job.Args != `{"x":1}` {
		t.Fatalf("Stuck = %+v, %v", stuck, err)
	}
	if err := r.Retry(t.Context(), stuck[0].ID+1, now); postern.CodeOf(err) != postern.CodeNotFound {
		t.Errorf("Retry of another job: %v", err)
	}
	if err := r.Retry(t.Context(), stuck[0].ID, now); err != nil {
		t.Fatal(err)
	}
	if n, err := r.RunDue(t.Context(), now); n != 1 || err != nil {
		t.Errorf("after Retry RunDue = %d, %v", n, err)
	}
}

func TestRunnerLetsACrashPassAndRunsTheJobAgain(t *testing.T) {
	s := open(t, "sqlite::memory:")
	type crash struct{}
	runs := 0
	registry := queue.NewRegistry()
	registry.Handle("crashes", func(context.Context, postern.Job) (time.Duration, error) {
		if runs++; runs == 1 {
			panic(crash{})
		}
		return 0, nil
	})
	r := runner(t, s, registry, queue.RunnerOptions{Through: func(v any) bool { _, ok := v.(crash); return ok }})
	commit(t, s, job("crashes", `{}`, epoch))
	func() {
		defer func() {
			if _, ok := recover().(crash); !ok {
				t.Error("the crash did not pass")
			}
		}()
		_, _ = r.RunDue(t.Context(), epoch)
	}()
	again := runner(t, s, registry, queue.RunnerOptions{})
	if n, err := again.RunDue(t.Context(), epoch); n != 1 || err != nil || runs != 2 {
		t.Errorf("after the crash: %d, %v, %d runs", n, err, runs)
	}
}

func TestAbortedChangeLeavesNoJob(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		r := runner(t, s, queue.NewRegistry(), queue.RunnerOptions{})
		err := s.Commit(t.Context(), store.Change{MerchantID: merchant, Jobs: []postern.Job{job("x", "{}", epoch)},
			Moves: []postern.ReceiptMove{{ReceiptID: "rcp_none", Reserve: 1}}})
		if postern.CodeOf(err) != postern.CodeNotFound {
			t.Fatal(err)
		}
		if _, waits, err := r.Next(t.Context()); waits || err != nil {
			t.Errorf("a job of an aborted change waits (%v)", err)
		}
	})
}

func TestBackoffGrowsIsCappedAndJitters(t *testing.T) {
	for failures, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 12: 2048 * time.Second, 13: time.Hour, 1000: time.Hour} {
		if got, err := queue.Backoff(failures, nil); got != want || err != nil {
			t.Errorf("Backoff(%d) = %v, %v, want %v", failures, got, err, want)
		}
		for _, random := range []byte{0, 1, 0x7f, 0xff} {
			got, err := queue.Backoff(failures, bytes.NewReader(bytes.Repeat([]byte{random}, 8)))
			if err != nil || got < want || got >= want+want/4 {
				t.Errorf("Backoff(%d) with jitter = %v, %v, want %v and up to a quarter more", failures, got, err, want)
			}
		}
	}
	if _, err := queue.Backoff(1, strings.NewReader("short")); err == nil {
		t.Error("a failing random source went unnoticed")
	}
}

func TestRegistryRefusesASecondHandler(t *testing.T) {
	registry := queue.NewRegistry()
	handler := func(context.Context, postern.Job) (time.Duration, error) { return 0, nil }
	registry.Handle("x", handler)
	for _, name := range []string{"x", ""} {
		func() {
			defer func() {
				if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), "queue: kind") {
					t.Errorf("kind %q was registered (%v)", name, v)
				}
			}()
			registry.Handle(name, handler)
		}()
	}
}

// TestRunnerUnderVirtualTime runs store and queue inside a synctest bubble, as the simulation does: a thousand days pass at once.
func TestRunnerUnderVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, "sqlite::memory:")
		runs := 0
		registry := queue.NewRegistry()
		registry.Handle("daily", func(context.Context, postern.Job) (time.Duration, error) {
			runs++
			return 24 * time.Hour, nil
		})
		r := runner(t, s, registry, queue.RunnerOptions{})
		commit(t, s, job("daily", `{}`, time.Now()))
		end := time.Now().Add(1000 * 24 * time.Hour)
		for {
			next, waits, err := r.Next(t.Context())
			if err != nil || !waits {
				t.Fatal(waits, err)
			}
			if next.After(end) {
				break
			}
			time.Sleep(time.Until(next))
			if _, err := r.RunDue(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if runs != 1001 {
			t.Errorf("%d runs in 1000 days, want 1001", runs)
		}
	})
}
