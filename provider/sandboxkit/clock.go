package sandboxkit

import (
	"sync"
	"time"
)

// Clock is a base clock plus an offset that only grows. With the system's clock as its base it is real time that a person can push forward; with a virtual base
// it belongs to a simulation. It is safe for concurrent use.
type Clock struct {
	base func() time.Time

	mu     sync.Mutex
	offset time.Duration
	moved  chan struct{} // closed and replaced by Advance
}

// NewClock returns a clock over base, which must not be nil (the caller decides whose time it is).
func NewClock(base func() time.Time) *Clock {
	if base == nil {
		panic("sandboxkit: NewClock needs a base clock")
	}
	return &Clock{base: base, moved: make(chan struct{})}
}

// Now is the base clock's time plus everything it was advanced by.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base().Add(c.offset)
}

// Advance moves the clock forward by d and wakes everyone who waits on Moved. A negative d is ignored: no provider's clock runs backwards.
func (c *Clock) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
	close(c.moved)
	c.moved = make(chan struct{})
}

// Moved returns a channel that is closed at the next Advance.
func (c *Clock) Moved() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moved
}
