package sandboxkit

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The faults that every sandbox understands.
const (
	Delay                 = "delay"                  // wait delay_ms before anything happens
	DropRequest           = "drop_request"           // close the connection before any effect
	DropResponse          = "drop_response"          // let the effect happen, then close the connection without an answer
	Error500              = "error_500"              // answer HTTP 500 before any effect
	ErrorAfterEffect      = "error_after_effect"     // let the effect happen, then answer HTTP 500
	WrongSignature        = "wrong_signature"        // answer with a signature that does not verify
	DropNotification      = "drop_notification"      // a try to notify is lost on its way; the schedule goes on
	DuplicateNotification = "duplicate_notification" // a try to notify is delivered twice
	DelayNotification     = "delay_notification"     // a try to notify is put off by delay_ms
)

// OpNotify is the op of notifications, whatever the provider; AnyOp in a fault matches every op.
const (
	OpNotify = "notify"
	AnyOp    = "*"
)

var kitFaults = []string{
	Delay, DropRequest, DropResponse, Error500, ErrorAfterEffect, WrongSignature, DropNotification, DuplicateNotification, DelayNotification,
}

// maxFaults bounds the list of armed faults, maxDelay a single delay.
const (
	maxFaults = 1000
	maxDelay  = 24 * time.Hour
)

// Fault is one ordered misbehaviour: the next Times requests of Op suffer it.
type Fault struct {
	ID      string `json:"id,omitempty"`
	Op      string `json:"op"`
	Fault   string `json:"fault"`
	Times   int    `json:"times"`
	DelayMS int64  `json:"delay_ms,omitempty"`
}

// FaultError says which field of a fault is wrong and lists what would be right. The control address answers it with 422.
type FaultError struct {
	Field string
	Value string
	Known []string // empty when the field is not one of a list
	Fix   string
}

func (e *FaultError) Error() string {
	if len(e.Known) > 0 {
		return fmt.Sprintf("%s %q is unknown: use one of %s", e.Field, e.Value, strings.Join(e.Known, ", "))
	}
	return fmt.Sprintf("%s %q: %s", e.Field, e.Value, e.Fix)
}

// Faults holds the armed faults of one sandbox. It is safe for concurrent use.
type Faults struct {
	ops   []string
	names []string
	// Sleep waits for a delay fault; NewFaults sets one that waits in real time. A simulation replaces it before the first request.
	Sleep func(ctx context.Context, d time.Duration)

	mu    sync.Mutex
	next  int
	armed []Fault
}

// NewFaults knows the kit's fault names and the given ops besides notify and *. More fault names (a provider's own rate limit, say) are added by Know.
func NewFaults(ops ...string) *Faults {
	all := append([]string{AnyOp, OpNotify}, ops...)
	slices.Sort(all)
	return &Faults{ops: slices.Compact(all), names: slices.Clone(kitFaults), Sleep: sleep}
}

// Know adds fault names that only this sandbox understands and asks for itself with Take. It returns f and is called before the first request.
func (f *Faults) Know(names ...string) *Faults {
	f.names = append(f.names, names...)
	return f
}

// Add arms a fault and returns its id. Times of 0 means once; DelayMS is in milliseconds. It returns *FaultError for an unknown name, op or a figure out of
// range.
func (f *Faults) Add(fault Fault) (string, error) {
	switch {
	case !slices.Contains(f.names, fault.Fault):
		return "", &FaultError{Field: "fault", Value: fault.Fault, Known: f.names}
	case !slices.Contains(f.ops, fault.Op):
		return "", &FaultError{Field: "op", Value: fault.Op, Known: f.ops}
	case fault.Times < 0:
		return "", &FaultError{Field: "times", Value: strconv.Itoa(fault.Times), Fix: "give 1 or more"}
	case fault.DelayMS < 0 || fault.DelayMS > maxDelay.Milliseconds():
		return "", &FaultError{Field: "delay_ms", Value: strconv.FormatInt(fault.DelayMS, 10), Fix: "give 0 to 86400000 milliseconds"}
	}
	if fault.Times == 0 {
		fault.Times = 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.armed) >= maxFaults {
		return "", &FaultError{Field: "fault", Value: fault.Fault, Fix: "1000 faults are armed already: delete some"}
	}
	f.next++
	fault.ID = "fault_" + strconv.Itoa(f.next)
	f.armed = append(f.armed, fault)
	return fault.ID, nil
}

// Remove disarms one fault and says whether it was armed.
func (f *Faults) Remove(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.armed)
	f.armed = slices.DeleteFunc(f.armed, func(a Fault) bool { return a.ID == id })
	return len(f.armed) < n
}

// Clear disarms everything.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = nil
}

// List returns the armed faults with the times that are left, oldest first.
func (f *Faults) List() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.armed)
}

// Take uses up one count of the oldest armed fault that is for op (or for *) and has one of the given names. Ops and names are exact. A nil *Faults has none.
func (f *Faults) Take(op string, names ...string) (Fault, bool) {
	if f == nil {
		return Fault{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.armed {
		a := &f.armed[i]
		if (a.Op != op && a.Op != AnyOp) || !slices.Contains(names, a.Fault) {
			continue
		}
		taken := *a
		if a.Times--; a.Times == 0 {
			f.armed = slices.Delete(f.armed, i, i+1)
		}
		return taken, true
	}
	return Fault{}, false
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
