package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/queue"
)

// ErrCrashed says that the switch crashed on the way: what was committed is committed, and nothing else happened. Restart brings it up again.
var ErrCrashed = errors.New("sim: the switch crashed")

// crash is the panic value of a crash.
type crash struct{ point string }

// isCrash tells the job runner which panics are no failed tries.
func isCrash(value any) bool {
	_, ok := value.(crash)
	return ok
}

// Points counts the named fault points that a run passes, and crashes the switch at one of them. One Points serves the engine (Options.Fault) and the store
// (store.Options.Fault) alike, so that every place is counted once and in order. The zero value counts nothing until Arm.
type Points struct {
	mu     sync.Mutex
	armed  bool
	passed int
	at     int
	lose   bool
	names  []string
}

// Arm begins to count at 0 and crashes at the kth point from now; k = 0 only counts. With lose the point returns an error instead of crashing, as a broken disk
// or a lost answer does.
func (p *Points) Arm(k int, lose bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.passed, p.at, p.lose, p.names = true, 0, k, lose, nil
}

// Disarm stops counting.
func (p *Points) Disarm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = false
}

// Passed is how many points were passed since Arm, and their names in order.
func (p *Points) Passed() (int, []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed, append([]string(nil), p.names...)
}

// errLost is what a point answers when it is to lose something.
var errLost = errors.New("sim: lost, as the test ordered")

// Hit is the fault function.
func (p *Points) Hit(_ context.Context, point string) error {
	p.mu.Lock()
	if !p.armed {
		p.mu.Unlock()
		return nil
	}
	p.passed++
	p.names = append(p.names, point)
	here, lose := p.passed == p.at, p.lose
	p.mu.Unlock()
	switch {
	case here && lose:
		return fmt.Errorf("%w at %s", errLost, point)
	case here:
		panic(crash{point})
	}
	return nil
}

// Guard runs something that the outside does to the switch (a buyer's tap, a merchant's call) and turns a crash on the way into ErrCrashed.
func (w *World) Guard(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			c, ok := value.(crash)
			if !ok {
				panic(value)
			}
			w.crashedAt = c.point
			err = fmt.Errorf("%w at %s", ErrCrashed, c.point)
		}
	}()
	if w.crashedAt != "" {
		return ErrCrashed
	}
	return do()
}

// Restart is what an operator does after a crash: a new process over the same database. The world outside went on meanwhile: clock, providers, merchant and
// network are the same. The old World must not be used any more.
func (w *World) Restart(ctx context.Context) (*World, error) {
	n := &World{
		Store: w.Store, Log: w.Log, Channels: w.Channels, Sandboxes: w.Sandboxes, Net: w.Net, Clock: w.Clock, Rand: w.Rand, Hook: w.Hook, Merchant: w.Merchant,
		Secret: w.Secret, Tap: w.Tap, Answered: w.Answered, Between: w.Between, options: w.options,
	}
	if err := n.assemble(); err != nil {
		return nil, err
	}
	return n, n.listen(ctx)
}

// front is where the network reaches the switch. While the switch is down nobody answers; a crash on the way is a connection that breaks.
type front struct {
	world *World
	mux   *http.ServeMux
}

func (f *front) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if f.world.crashedAt != "" {
		panic(http.ErrAbortHandler)
	}
	if strings.HasPrefix(r.URL.Path, notifyPath) && !f.world.tapped(r) {
		panic(http.ErrAbortHandler)
	}
	heard := &listener{ResponseWriter: rw}
	err := f.world.Guard(func() error {
		f.mux.ServeHTTP(heard, r)
		return nil
	})
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if id, ok := strings.CutPrefix(r.URL.Path, notifyPath); ok && f.world.Answered != nil {
		f.world.Answered(id, heard.status, heard.body.String())
	}
}

// listener hears an answer while it is written.
type listener struct {
	http.ResponseWriter
	status int
	body   strings.Builder
}

func (l *listener) WriteHeader(status int) {
	l.status = status
	l.ResponseWriter.WriteHeader(status)
}

func (l *listener) Write(p []byte) (int, error) {
	_, _ = l.body.Write(p) // a strings.Builder takes everything
	return l.ResponseWriter.Write(p)
}

// network is the in-memory network as the switch's Doer: a host that nobody has is certainly not reached.
type network struct{ world *World }

func (n network) Do(r *http.Request) (*http.Response, error) {
	response, err := n.world.Net.Do(r)
	if n.world.Between != nil && r.URL.Host != MerchantHost {
		n.world.Between(r)
	}
	if n.world.crashedAt != "" { // meanwhile, by a notification: this call dies with the process
		panic(crash{n.world.crashedAt})
	}
	if errors.Is(err, sandboxkit.ErrNoHost) {
		err = fmt.Errorf("%w: %w", provider.ErrNotSent, err)
	}
	return response, err
}

// twice runs a job and, as soon as it has run, once more: a job may run twice, and none may trust that it does not.
func twice(run queue.Handler) queue.Handler {
	return func(ctx context.Context, job postern.Job) (time.Duration, error) {
		if _, err := run(ctx, job); err != nil {
			return 0, err
		}
		return run(ctx, job)
	}
}
