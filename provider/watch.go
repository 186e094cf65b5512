package provider

import (
	"net/http"
	"sync"
	"time"
)

// Watch is a Doer that notes the provider's own clock, as its answers' Date header gives it, in whole seconds.
type Watch struct {
	Doer Doer
	Now  func() time.Time

	mu   sync.Mutex
	skew time.Duration
	seen bool
}

// Do implements Doer.
func (w *Watch) Do(r *http.Request) (*http.Response, error) {
	response, err := w.Doer.Do(r)
	if err != nil {
		return response, err
	}
	if date, parseErr := http.ParseTime(response.Header.Get("Date")); parseErr == nil {
		w.mu.Lock()
		w.skew, w.seen = w.Now().Sub(date), true
		w.mu.Unlock()
	}
	return response, nil
}

// Skew is how far our clock is ahead of the provider's, and whether an answer told.
func (w *Watch) Skew() (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.skew, w.seen
}
