package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
	"postern/vault"
)

// Sender runs the two jobs of this room. It keeps no state but the count of deliveries under way per endpoint.
type Sender struct {
	Store *store.Store
	Vault *vault.Vault
	HTTP  provider.Doer
	Now   func() time.Time
	// Jitter returns a number of [0, 1000) for spreading retries.
	Jitter func() int64
	Log    *slog.Logger

	mu   sync.Mutex
	busy map[string]*line
}

// line is what stands at one endpoint's door: deliveries under way, and those that were told to come again.
type line struct{ busy, waiting int }

// retries is the schedule of the specification, 75 hours in all.
var retries = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

const (
	// perEndpoint bounds deliveries under way to one endpoint, so that a dead one cannot take every worker.
	perEndpoint   = 4
	sequencePage  = 200
	maxRetryAfter = 6 * time.Hour
	maxReply      = 16 << 10 // bytes of an answer's body that are read, and thrown away
	maxError      = 300      // bytes of an error that are kept
)

// SecretRef binds an endpoint's sealed secret to its row.
func SecretRef(merchantID, endpointID string) vault.Ref {
	return vault.Ref{Owner: merchantID, Table: "endpoints", Column: "secret", Row: endpointID}
}

// Sequence is the job that numbers a merchant's committed events and creates their deliveries.
func (s *Sender) Sequence(ctx context.Context, job postern.Job) (time.Duration, error) {
	for {
		events, err := s.Store.SequenceEvents(ctx, job.MerchantID, sequencePage)
		if postern.CodeOf(err) == postern.CodeConflict && err != nil {
			return 200 * time.Millisecond, nil // Another node is numbering; look once more that nothing was left.
		}
		if err != nil || len(events) < sequencePage {
			return 0, err
		}
	}
}

// Deliver is the job that sends one event to one endpoint until it is taken, the schedule ends, or the endpoint says that it is gone.
func (s *Sender) Deliver(ctx context.Context, job postern.Job) (time.Duration, error) {
	var args struct{ ID string }
	if err := json.Unmarshal([]byte(job.Args), &args); err != nil {
		return 0, postern.Wrap(postern.CodeInternal, "webhook.Deliver", err)
	}
	d, err := s.Store.Delivery(ctx, job.MerchantID, args.ID)
	if err != nil {
		return 0, err
	}
	if d.Status != store.DeliveryWaiting {
		return 0, nil
	}
	if early := d.NextAt.Sub(s.Now()); early > 0 {
		return early, nil
	}
	if turn, ok := s.enter(d.EndpointID); !ok {
		return turn + time.Duration(s.Jitter())*time.Millisecond, nil
	}
	defer s.leave(d.EndpointID)
	return s.deliver(ctx, d)
}

func (s *Sender) deliver(ctx context.Context, d store.Delivery) (time.Duration, error) {
	endpoint, err := s.Store.EndpointFor(ctx, d.MerchantID, d.EndpointID)
	if err != nil {
		return 0, err
	}
	event, err := s.Store.Event(ctx, d.MerchantID, d.EventID)
	if err != nil {
		return 0, err
	}
	d.UpdatedAt = s.Now().UTC()
	if !endpoint.DisabledAt.IsZero() {
		d.Status, d.LastError = store.DeliveryFailed, "the endpoint is disabled"
		return 0, s.Store.SaveDelivery(ctx, d)
	}
	d.Tries++
	status, after, err := s.post(ctx, endpoint, event)
	d.LastStatus, d.LastError = int64(status), tidy(err)
	switch {
	case err == nil && status >= 200 && status < 300:
		d.Status = store.DeliveryDelivered
	case status == http.StatusGone:
		d.Status, d.LastError = store.DeliveryFailed, "the endpoint says that it is gone, and was disabled"
		endpoint.DisabledAt = s.Now().UTC()
		if err := s.Store.SaveEndpoint(ctx, endpoint); err != nil {
			return 0, err
		}
	case int(d.Tries) > len(retries):
		d.Status = store.DeliveryFailed
	default:
		if status >= 300 && status < 400 {
			d.LastError = "the endpoint answered with a redirect; none is followed"
		}
		wait := max(retries[d.Tries-1], after)
		wait += wait / 5 * time.Duration(s.Jitter()) / 1000
		d.NextAt = s.Now().UTC().Add(wait)
		return wait, s.Store.SaveDelivery(ctx, d)
	}
	return 0, s.Store.SaveDelivery(ctx, d)
}

// post sends one message and returns the status and what the endpoint asked for by Retry-After. The answer's body is read to a small bound and thrown away.
func (s *Sender) post(ctx context.Context, endpoint store.Endpoint, event postern.Event) (status int, after time.Duration, err error) {
	ring, err := s.Vault.Open(SecretRef(endpoint.MerchantID, endpoint.ID), endpoint.Secret)
	if err != nil {
		return 0, 0, errors.New("webhook: the endpoint's secret does not open")
	}
	body, err := json.Marshal(bodyFor(event, endpoint))
	if err != nil {
		return 0, 0, fmt.Errorf("webhook: event body: %w", err)
	}
	now := s.Now()
	signature, err := Sign(event.ID, now, body, ringAt(string(ring), now)...)
	if err != nil {
		return 0, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.URL, bytes.NewReader(body))
	if err != nil {
		return 0, 0, fmt.Errorf("webhook: address: %w", err)
	}
	request.GetBody = nil
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Postern-Webhooks/1")
	request.Header.Set("Webhook-Id", event.ID)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("Webhook-Signature", signature)
	response, err := s.HTTP.Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxReply)
	return response.StatusCode, retryAfter(response.Header.Get("Retry-After"), now), nil
}

// retryAfter reads seconds or an HTTP date (RFC 9110, 10.2.3), at most six hours: an endpoint may ask for patience, not for silence.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(min(max(seconds, 0), int(maxRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// tidy makes an error fit for a row: short, and valid text whatever a stranger's server sent.
func tidy(err error) string {
	if err == nil {
		return ""
	}
	text := strings.ReplaceAll(err.Error(), "\x00", "")
	return strings.ToValidUTF8(text[:min(len(text), maxError)], "")
}

// Replay sends an event to an endpoint again, as a new delivery.
func (s *Sender) Replay(ctx context.Context, merchantID, deliveryID string, newID func() string) (store.Delivery, error) {
	old, err := s.Store.Delivery(ctx, merchantID, deliveryID)
	if err != nil {
		return old, err
	}
	endpoint, err := s.Store.EndpointFor(ctx, merchantID, old.EndpointID)
	if err != nil {
		return old, err
	}
	if !endpoint.DisabledAt.IsZero() {
		return old, &postern.Error{Code: postern.CodeConflict, Op: "webhook.Replay", Message: "the endpoint is disabled", Fix: "enable the endpoint first", ID: endpoint.ID}
	}
	now := s.Now().UTC().Truncate(time.Microsecond)
	d := store.Delivery{MerchantID: merchantID, ID: newID(), EndpointID: old.EndpointID, EventID: old.EventID, Status: store.DeliveryWaiting, NextAt: now, CreatedAt: now, UpdatedAt: now}
	args, err := json.Marshal(map[string]string{"id": d.ID})
	if err != nil {
		return d, postern.Wrap(postern.CodeInternal, "webhook.Replay", err)
	}
	return d, s.Store.SaveDelivery(ctx, d, postern.Job{MerchantID: merchantID, Kind: postern.JobDeliver, Args: string(args), RunAt: now})
}

// enter lets a delivery through when its endpoint has room. Else it says how long to wait: the longer the line, the later, so that a dead endpoint with ten
// thousand events behind it costs next to nothing.
func (s *Sender) enter(endpointID string) (wait time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy == nil {
		s.busy = map[string]*line{}
	}
	l := s.busy[endpointID]
	if l == nil {
		l = &line{}
		s.busy[endpointID] = l
	}
	if l.busy < perEndpoint {
		l.busy++
		return 0, true
	}
	l.waiting++
	return min(time.Second+time.Duration(l.waiting/perEndpoint)*100*time.Millisecond, time.Minute), false
}

func (s *Sender) leave(endpointID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.busy[endpointID]
	l.waiting = max(0, l.waiting-1)
	if l.busy--; l.busy <= 0 {
		delete(s.busy, endpointID)
	}
}
