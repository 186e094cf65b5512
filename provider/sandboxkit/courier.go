package sandboxkit

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ErrCourierFull says that the courier holds as many deliveries as it may.
var ErrCourierFull = errors.New("sandboxkit: the courier's queue is full")

// ErrSkip is returned by a Build that finds, when its time has come, that there is nothing to notify: the delivery ends without a word.
var ErrSkip = errors.New("sandboxkit: nothing to notify")

// Delivery is one notification that must reach a merchant.
type Delivery struct {
	ID    string        // names it in logs
	URL   string        // where the merchant wants it
	Query bool          // GET: what Build made is merged into the address' own query. Else it is POSTed
	After time.Duration // waits this long before the first try
	// Build makes header and body afresh for each try (1, 2, ...), because signatures carry times. An error (ErrSkip silently) ends the delivery.
	Build func(try int, now time.Time) (http.Header, []byte, error)
	// Accept says whether the merchant's answer acknowledges the notification; anything else is a failed try.
	Accept func(status int, body []byte) bool
}

// CourierConfig is what a Courier needs. Schedule holds the wait after each failed try: n entries make n+1 tries.
type CourierConfig struct {
	Clock    *Clock
	HTTP     Doer // should not follow redirects: no provider does
	Schedule []time.Duration
	Timeout  time.Duration // of one try; 0 means 5 s
	Limit    int           // deliveries held at once; 0 means 100,000
	Faults   *Faults       // may be nil
	Log      *slog.Logger  // may be nil
}

// Courier delivers notifications on a provider's retry schedule. Under a virtual clock a caller drives it with Next and RunDue and it does the same things in
// the same order every time; Run drives it in real time. Tries are made one after the other.
type Courier struct {
	cfg  CourierConfig
	wake chan struct{}

	running sync.Mutex // one RunDue at a time: order is part of the promise

	mu    sync.Mutex
	queue deliveries
	seq   uint64
}

// NewCourier returns an idle courier. Clock and HTTP are required.
func NewCourier(cfg CourierConfig) *Courier {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.Limit <= 0 {
		cfg.Limit = 100_000
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Courier{cfg: cfg, wake: make(chan struct{}, 1)}
}

// Send queues a delivery; its first try is due now (or After from now). It returns ErrCourierFull, or an error when the delivery has no address or functions.
func (c *Courier) Send(d Delivery) error {
	if d.URL == "" || d.Build == nil || d.Accept == nil {
		return fmt.Errorf("sandboxkit: delivery %q needs URL, Build and Accept", d.ID)
	}
	due := c.cfg.Clock.Now().Add(d.After)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) >= c.cfg.Limit {
		return ErrCourierFull
	}
	c.push(&pending{Delivery: d, due: due})
	select {
	case c.wake <- struct{}{}:
	default: // a wake-up is waiting already
	}
	return nil
}

// push needs c.mu.
func (c *Courier) push(p *pending) {
	c.seq++
	p.seq = c.seq
	heap.Push(&c.queue, p)
}

// Next is when the next try is due, and false when nothing is queued.
func (c *Courier) Next() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		return time.Time{}, false
	}
	return c.queue[0].due, true
}

// Len is the number of deliveries that are still queued.
func (c *Courier) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// RunDue makes every try that is due by the clock, in order of time and then of arrival, and returns how many it made. Deliveries queued meanwhile are made too
// if they are due.
func (c *Courier) RunDue(ctx context.Context) int {
	c.running.Lock()
	defer c.running.Unlock()
	made := 0
	for ctx.Err() == nil {
		p := c.pop()
		if p == nil {
			break
		}
		if f, ok := c.cfg.Faults.Take(OpNotify, DelayNotification); ok {
			c.again(p, time.Duration(f.DelayMS)*time.Millisecond)
			continue
		}
		p.try++
		made++
		c.settle(p, c.attempt(ctx, p))
	}
	return made
}

func (c *Courier) pop() *pending {
	now := c.cfg.Clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 || c.queue[0].due.After(now) {
		return nil
	}
	return heap.Pop(&c.queue).(*pending)
}

// again queues p once more. It ignores Limit: p was admitted before.
func (c *Courier) again(p *pending, wait time.Duration) {
	p.due = c.cfg.Clock.Now().Add(wait)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.push(p)
}

// settle queues the next try of a delivery that failed, if the schedule has one.
func (c *Courier) settle(p *pending, err error) {
	switch {
	case err == nil:
		c.cfg.Log.Debug("notification accepted", "id", p.ID, "try", p.try)
	case errors.Is(err, ErrSkip):
	case errors.Is(err, errNoBody) || p.try > len(c.cfg.Schedule):
		c.cfg.Log.Warn("notification given up", "id", p.ID, "try", p.try, "reason", err)
	default:
		c.cfg.Log.Debug("notification failed", "id", p.ID, "try", p.try, "reason", err)
		c.again(p, c.cfg.Schedule[p.try-1])
	}
}

var (
	errNoBody   = errors.New("the notification could not be built")
	errRefused  = errors.New("the answer is not an acknowledgement")
	errOrdered  = errors.New("lost on its way, as a fault ordered")
	maxAnswered = int64(MaxBody)
)

// attempt makes one try; nil means acknowledged.
func (c *Courier) attempt(ctx context.Context, p *pending) error {
	if _, ok := c.cfg.Faults.Take(OpNotify, DropNotification); ok {
		return errOrdered
	}
	header, body, err := p.Build(p.try, c.cfg.Clock.Now())
	if err != nil {
		return fmt.Errorf("%w: %w", errNoBody, err)
	}
	copies := 1
	if _, ok := c.cfg.Faults.Take(OpNotify, DuplicateNotification); ok {
		copies = 2
	}
	for range copies {
		if e := c.post(ctx, p, header, body); e != nil {
			err = e
		}
	}
	return err
}

func (c *Courier) post(ctx context.Context, p *pending, header http.Header, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	method, address := http.MethodPost, p.URL
	if p.Query {
		method, address, body = http.MethodGet, merged(p.URL, body), nil
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.GetBody = nil // a try is one try: nothing below may repeat it
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := c.cfg.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswered))
	if err != nil {
		return err
	}
	if !p.Accept(resp.StatusCode, answer) {
		return fmt.Errorf("%w: HTTP %d", errRefused, resp.StatusCode)
	}
	return nil
}

// merged adds a query to an address that may have one already.
func merged(address string, query []byte) string {
	joint := "?"
	if strings.Contains(address, "?") {
		joint = "&"
	}
	return address + joint + string(query)
}

// Run delivers in real time until ctx ends: it sleeps until the next try is due and wakes early for new work or when the clock is advanced. It returns ctx's
// error.
func (c *Courier) Run(ctx context.Context) error {
	for {
		moved := c.cfg.Clock.Moved()
		c.RunDue(ctx)
		wait := time.Hour // long enough to cost nothing; every change wakes us earlier
		if due, ok := c.Next(); ok {
			wait = min(wait, max(0, due.Sub(c.cfg.Clock.Now())))
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		case <-c.wake:
		case <-moved:
		}
		t.Stop()
	}
}

// pending is a queued delivery.
type pending struct {
	Delivery
	due time.Time
	seq uint64
	try int
}

// deliveries is a heap by due time, then by order of arrival.
type deliveries []*pending

func (d deliveries) Len() int { return len(d) }
func (d deliveries) Less(i, j int) bool {
	if !d[i].due.Equal(d[j].due) {
		return d[i].due.Before(d[j].due)
	}
	return d[i].seq < d[j].seq
}
func (d deliveries) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *deliveries) Push(x any)   { *d = append(*d, x.(*pending)) }
func (d *deliveries) Pop() any {
	old := *d
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*d = old[:len(old)-1]
	return last
}
