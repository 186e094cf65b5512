// Package queue runs jobs: plain, idempotent functions that were committed together with the change that wants them. River runs them in production (package
// queue alone imports it), Runner runs them one by one under a virtual clock in tests and in the simulation. A job runs at least once and may run twice; none
// may trust that it is alone.
package queue

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"postern"
)

// Handler does one job. It answers how long to wait before the job runs again (0: done), or an error, after which the job is tried again later, a bounded number
// of times. Waiting does not count as a try.
type Handler func(ctx context.Context, job postern.Job) (again time.Duration, err error)

// Lanes keep slow strangers from holding up the money: each has workers of its own.
const (
	LaneMoney   = "money"   // the default
	LaneOutside = "outside" // calls to addresses that merchants choose
)

// Defaults of a kind.
const (
	DefaultTimeout  = time.Minute
	DefaultAttempts = 20 // with the policy below about 16 hours
)

type kind struct {
	run      Handler
	lane     string
	timeout  time.Duration
	attempts int
}

// Registry maps kinds of jobs to handlers. Fill it before a runner starts.
type Registry struct{ kinds map[string]kind }

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{kinds: map[string]kind{}} }

// Option changes a default of a kind.
type Option func(*kind)

// InLane moves the kind to a lane.
func InLane(lane string) Option { return func(k *kind) { k.lane = lane } }

// WithTimeout bounds one run; its context ends then.
func WithTimeout(d time.Duration) Option { return func(k *kind) { k.timeout = d } }

// WithAttempts bounds how often a failing job is tried before it is stuck.
func WithAttempts(n int) Option { return func(k *kind) { k.attempts = n } }

// Handle registers the handler of a kind. It panics on a second registration, which is a mistake of the program.
func (r *Registry) Handle(name string, run Handler, options ...Option) {
	if _, taken := r.kinds[name]; taken || name == "" || run == nil {
		panic("queue: kind " + name + " is empty, taken or has no handler")
	}
	k := kind{run: run, lane: LaneMoney, timeout: DefaultTimeout, attempts: DefaultAttempts}
	for _, option := range options {
		option(&k)
	}
	r.kinds[name] = k
}

// find returns the kind, or its defaults with a handler that fails: a job of a newer program must wait for that program and not disappear.
func (r *Registry) find(name string) kind {
	if k, ok := r.kinds[name]; ok {
		return k
	}
	run := func(context.Context, postern.Job) (time.Duration, error) {
		return 0, fmt.Errorf("queue: no handler for jobs of kind %q in this program", name)
	}
	return kind{run: run, lane: LaneMoney, timeout: DefaultTimeout, attempts: DefaultAttempts}
}

// longest is the longest timeout of all kinds; a job that runs longer belongs to a process that died.
func (r *Registry) longest() time.Duration {
	longest := DefaultTimeout
	for _, k := range r.kinds {
		longest = max(longest, k.timeout)
	}
	return longest
}

// Stuck is a job that used up its attempts. It stays until a person retries it.
type Stuck struct {
	ID       int64
	Job      postern.Job
	Attempts int
	Error    string
}

// Panic is the error that a handler's panic becomes.
type Panic struct {
	Value any
	Stack string
}

func (p *Panic) Error() string { return fmt.Sprintf("queue: panic: %v", p.Value) }

// contain runs a handler and turns its panic into an error, except one that through lets pass.
func contain(ctx context.Context, run Handler, job postern.Job, through func(any) bool) (again time.Duration, err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		if through != nil && through(value) {
			panic(value)
		}
		again, err = 0, &Panic{value, string(debug.Stack())}
	}()
	return run(ctx, job)
}

// The retry policy: 1 s doubled with each failure, at most an hour, and up to a quarter more at random so that what failed together does not return together.
const (
	firstRetry = time.Second
	lastRetry  = time.Hour
)

// Backoff is the wait after the nth failure, n >= 1. A nil random source adds no jitter.
func Backoff(failures int, random io.Reader) (time.Duration, error) {
	wait := lastRetry
	if n := max(failures, 1) - 1; n < 12 {
		wait = min(firstRetry<<n, lastRetry)
	}
	if random == nil {
		return wait, nil
	}
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return wait, fmt.Errorf("queue: random source: %w", err)
	}
	return wait + time.Duration(binary.BigEndian.Uint64(b[:])%uint64(wait/4)), nil
}
