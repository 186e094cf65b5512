package provider

import (
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Watch is a Doer that notes the provider's own clock, as its answers' Date header gives it, in whole seconds, and how the latest call was answered.
type Watch struct {
	Doer Doer
	Now  func() time.Time

	mu   sync.Mutex
	skew time.Duration
	seen bool
	last Answered
}

// Answered is how the latest call was answered, without what the call said: signed calls have a signature in their address.
type Answered struct {
	// Host and Path are where it went; empty when nothing was called.
	Host string
	Path string
	// Status is the answer's; 0 beside Err, which is why there was none.
	Status int
	Err    error
	// MovedTo is where a redirect points. No signed call follows one.
	MovedTo string
}

// Redirected says that the answer pointed elsewhere, which no provider's does.
func (a Answered) Redirected() bool { return a.Status/100 == 3 }

// Missing says that there was nothing at the path.
func (a Answered) Missing() bool {
	return a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed
}

// Plain says that the answer was one that a provider gives to a call that it took.
func (a Answered) Plain() bool { return a.Status == http.StatusOK }

// Last is how the latest call was answered.
func (w *Watch) Last() Answered {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// note keeps how a call was answered.
func (w *Watch) note(r *http.Request, response *http.Response, err error) {
	last := Answered{Host: r.URL.Host, Path: r.URL.Path, Err: err}
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		last.Err = wrapped.Err
	}
	if err == nil {
		last.Status, last.MovedTo = response.StatusCode, response.Header.Get("Location")
	}
	w.mu.Lock()
	w.last = last
	w.mu.Unlock()
}

// Do implements Doer.
func (w *Watch) Do(r *http.Request) (*http.Response, error) {
	response, err := w.Doer.Do(r)
	w.note(r, response, err)
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
