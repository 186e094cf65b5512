package engine

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"postern"
	"postern/provider"
)

// Bulkheads bound how many provider calls are under way at once in this process, so that a provider which does not answer holds up neither another provider nor the
// jobs. Zero means 128 calls of one account, 256 of one provider, and of those 8 by jobs, which is half of the workers.
type Bulkheads struct {
	Account  int
	Provider int
	Jobs     int
}

func (b Bulkheads) account() int  { return orElse(b.Account, 128) }
func (b Bulkheads) provider() int { return orElse(b.Provider, 256) }
func (b Bulkheads) jobs() int     { return orElse(b.Jobs, 8) }

func orElse(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// gates counts the calls under way and fills the buckets of the providers' documented limits. It is process memory and nothing else: several nodes share a limit only
// as far as the operator divides it. The zero value is ready.
type gates struct {
	mu      sync.Mutex
	all     map[string]int // by provider
	jobs    map[string]int // by provider
	account map[string]int // by credential set
	buckets map[bucketKey]*rate.Limiter
}

type bucketKey struct{ set, op string }

// maxBuckets bounds the buckets that are kept. A full map is begun anew: a bucket forgotten is a full one.
const maxBuckets = 10_000

type jobKey struct{}

// asJob marks the calls of a job: nobody waits for them, so they give way.
func asJob(ctx context.Context) context.Context { return context.WithValue(ctx, jobKey{}, true) }

// heldBack is the code of a call that was not made because of a limit of ours. Nothing was sent.
const heldBack = "held_back"

// enter asks whether a call over a channel may be made now, and counts it until leave is called. Nobody waits here: a start takes the next candidate, a job comes again.
// The names of operations are those of the provider's documented limits (provider.Rate).
func (e *Engine) enter(ctx context.Context, c postern.Channel, op string) (leave func(), ok bool) {
	g, limits, job := &e.gates, e.Bulkheads, ctx.Value(jobKey{}) != nil
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all == nil {
		g.all, g.jobs, g.account = map[string]int{}, map[string]int{}, map[string]int{}
	}
	if g.all[c.Provider] >= limits.provider() || g.account[c.CredentialSetID] >= limits.account() || job && g.jobs[c.Provider] >= limits.jobs() {
		return nil, false
	}
	if !e.within(c, op) {
		return nil, false
	}
	count := func(by int) {
		g.all[c.Provider] += by
		if g.account[c.CredentialSetID] += by; g.account[c.CredentialSetID] == 0 {
			delete(g.account, c.CredentialSetID)
		}
		if job {
			g.jobs[c.Provider] += by
		}
	}
	count(1)
	var once sync.Once
	return func() {
		once.Do(func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			count(-1)
		})
	}, true
}

// within takes a token of each documented limit that the call falls under. The caller holds the lock.
func (e *Engine) within(c postern.Channel, op string) bool {
	connector, known := e.Registry[c.Provider]
	if !known {
		return true
	}
	now := e.now()
	for _, r := range connector.Describe().Rates {
		if r.Op != "" && r.Op != op {
			continue
		}
		key := bucketKey{c.CredentialSetID, r.Op}
		bucket, there := e.gates.buckets[key]
		if !there {
			if e.gates.buckets == nil || len(e.gates.buckets) >= maxBuckets {
				e.gates.buckets = map[bucketKey]*rate.Limiter{}
			}
			bucket = rate.NewLimiter(rate.Limit(r.PerSecond), r.PerSecond)
			e.gates.buckets[key] = bucket
		}
		if !bucket.AllowN(now, 1) {
			return false
		}
	}
	return true
}

// againWhenBusy is when a job that was held back comes again.
const againWhenBusy = 3 * time.Second

// notNow is what a query says that was held back: nothing.
func notNow() provider.Result {
	return provider.Result{State: provider.Unknown, Class: provider.ClassUnavailable, Code: heldBack, Message: "too many calls are under way"}
}
