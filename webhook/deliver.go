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
	busy map[string]int
}

// retries is the schedule of the specification, 75 hours in all.
var retries = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

const (
	// perEndpoint bounds deliveries under way to one endpoint, so that a dead one cannot take every worker.
	perEndpoint   = 4
	sequencePage  = 200
	maxRetryAfter = 6 * time.Hour
)

// SecretRef binds an endpoint's sealed secret to its row.
func SecretRef(merchantID, endpointID string) vault.Ref {
	return vault.Ref{Owner: merchantID, Table: "endpoints", Column: "secret", Row: endpointID}
}

// Jobs maps this room's kinds of jobs to their functions.
func (s *Sender) Jobs() map[string]func(context.Context, postern.Job) (time.Duration, error) {
	return map[string]func(context.Context, postern.Job) (time.Duration, error){postern.JobSequence: s.Sequence, postern.JobDeliver: s.Deliver}
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
	if d.Status != "waiting" {
		return 0, nil
	}
	if early := d.NextAt.Sub(s.Now()); early > 0 {
		return early, nil
	}
	if !s.enter(d.EndpointID) {
		return time.Second + time.Duration(s.Jitter())*time.Millisecond, nil
	}
	defer s.leave(d.EndpointID)
	return s.deliver(ctx, d)
}

func (s *Sender) deliver(ctx context.Context, d store.Delivery) (time.Duration, error) {
	endpoint, err := s.Store.Endpoint(ctx, d.MerchantID, d.EndpointID)
	if err != nil {
		return 0, err
	}
	event, err := s.Store.Event(ctx, d.MerchantID, d.EventID)
	if err != nil {
		return 0, err
	}
	d.Tries++
	d.UpdatedAt = s.Now().UTC()
	if !endpoint.DisabledAt.IsZero() {
		d.Status, d.LastError = "failed", "the endpoint is disabled"
		return 0, s.Store.SaveDelivery(ctx, d)
	}
	status, after, err := s.post(ctx, endpoint, event)
	d.LastStatus, d.LastError = int64(status), ""
	if err != nil {
		d.LastError = err.Error()
	}
	switch {
	case err == nil && status >= 200 && status < 300:
		d.Status = "delivered"
	case status == http.StatusGone:
		d.Status = "failed"
		endpoint.DisabledAt = s.Now().UTC()
		if err := s.Store.SaveEndpoint(ctx, endpoint); err != nil {
			return 0, err
		}
	case int(d.Tries) > len(retries):
		d.Status = "failed"
	default:
		wait := max(retries[d.Tries-1], after)
		wait += wait / 5 * time.Duration(s.Jitter()) / 1000
		d.NextAt = s.Now().UTC().Add(wait)
		return wait, s.Store.SaveDelivery(ctx, d)
	}
	return 0, s.Store.SaveDelivery(ctx, d)
}

// post sends one message and returns the status and what the endpoint asked for by Retry-After. The answer's body is read to a small bound and thrown away.
func (s *Sender) post(ctx context.Context, endpoint store.Endpoint, event postern.Event) (status int, after time.Duration, err error) {
	secret, err := s.Vault.Open(SecretRef(endpoint.MerchantID, endpoint.ID), endpoint.Secret)
	if err != nil {
		return 0, 0, errors.New("webhook: the endpoint's secret does not open")
	}
	body, err := json.Marshal(BodyOf(event))
	if err != nil {
		return 0, 0, fmt.Errorf("webhook: event body: %w", err)
	}
	now := s.Now()
	signature, err := Sign(event.ID, now, body, string(secret))
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
	_, _ = io.CopyN(io.Discard, response.Body, 16<<10)
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		after = min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	return response.StatusCode, after, nil
}

// Replay sends an event to an endpoint again, as a new delivery.
func (s *Sender) Replay(ctx context.Context, merchantID, deliveryID string, newID func() string) (store.Delivery, error) {
	old, err := s.Store.Delivery(ctx, merchantID, deliveryID)
	if err != nil {
		return old, err
	}
	now := s.Now().UTC().Truncate(time.Microsecond)
	d := store.Delivery{MerchantID: merchantID, ID: newID(), EndpointID: old.EndpointID, EventID: old.EventID, Status: "waiting", NextAt: now, CreatedAt: now, UpdatedAt: now}
	args, err := json.Marshal(map[string]string{"id": d.ID})
	if err != nil {
		return d, postern.Wrap(postern.CodeInternal, "webhook.Replay", err)
	}
	return d, s.Store.SaveDelivery(ctx, d, postern.Job{MerchantID: merchantID, Kind: postern.JobDeliver, Args: string(args), RunAt: now})
}

func (s *Sender) enter(endpointID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy == nil {
		s.busy = map[string]int{}
	}
	if s.busy[endpointID] >= perEndpoint {
		return false
	}
	s.busy[endpointID]++
	return true
}

func (s *Sender) leave(endpointID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[endpointID]--; s.busy[endpointID] <= 0 {
		delete(s.busy, endpointID)
	}
}
