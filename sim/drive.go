package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"postern"
	"postern/engine"
	"postern/provider/sandboxkit"
	"postern/route"
)

// lockedReader makes a seeded source safe for several goroutines.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// Run lets virtual time pass: jobs and notifications run when they are due, in order, until the span is over.
func (w *World) Run(ctx context.Context, span time.Duration) error {
	end := w.Clock.Now().Add(span)
	for {
		if err := w.settle(ctx); err != nil {
			return err
		}
		next, err := w.next(ctx, end)
		if err != nil {
			return err
		}
		now := w.Clock.Now()
		if !now.Before(end) {
			return nil
		}
		w.Clock.Advance(max(next.Sub(now), time.Microsecond))
	}
}

// settle runs everything that is due now, until nothing is.
func (w *World) settle(ctx context.Context) error {
	for {
		ran := 0
		for _, code := range w.codes() {
			ran += w.Sandboxes[code].RunDue(ctx)
		}
		n, err := w.Runner.RunDue(ctx, w.Clock.Now())
		if err != nil {
			return err
		}
		if ran+n == 0 {
			return nil
		}
	}
}

// next is when something is due next, at most end.
func (w *World) next(ctx context.Context, end time.Time) (time.Time, error) {
	next := end
	if at, ok, err := w.Runner.Next(ctx); err != nil {
		return next, err
	} else if ok && at.Before(next) {
		next = at
	}
	for _, code := range w.codes() {
		if at, ok := w.Sandboxes[code].Next(); ok && at.Before(next) {
			next = at
		}
	}
	return next, nil
}

// codes lists the sandboxes in a fixed order.
func (w *World) codes() []string { return w.Engine.Registry.Codes() }

// Pay creates a payment of this amount in minor units.
func (w *World) Pay(ctx context.Context, reference string, amount int64) (postern.Payment, error) {
	s, err := w.Engine.Create(ctx, w.Merchant.ID, engine.CreateInput{Reference: reference, Amount: amount, Currency: "CNY", Description: "烧饼 " + reference})
	return s.Payment, err
}

// Begin starts an attempt as a buyer in the provider's natural container would.
func (w *World) Begin(ctx context.Context, p postern.Payment, providerCode, product string) (postern.Attempt, error) {
	in := engine.StartInput{Provider: providerCode, Product: product, Buyer: route.Buyer{Container: engine.ContainerAPI}, ClientIP: "203.0.113.7"}
	r, err := w.Engine.Start(ctx, p.MerchantID, p.ID, in)
	return r.Attempt, err
}

// State loads a payment.
func (w *World) State(ctx context.Context, p postern.Payment) (postern.State, error) {
	return w.Store.LoadState(ctx, p.MerchantID, p.ID)
}

// Orders reads a sandbox's own book through its control address.
func (w *World) Orders(ctx context.Context, providerCode string) ([]sandboxkit.Order, error) {
	var orders []sandboxkit.Order
	err := w.control(ctx, http.MethodGet, providerCode, "/orders", "", &orders)
	return orders, err
}

// Approve lets a buyer pay an order in the simulated wallet; an empty payer is the sandbox's default buyer.
func (w *World) Approve(ctx context.Context, a postern.Attempt, payer string) error {
	return w.control(ctx, http.MethodPost, a.Provider, "/orders/"+a.Number+"/approve", fmt.Sprintf(`{"payer":%q}`, payer), nil)
}

// Break orders a fault of a sandbox.
func (w *World) Break(ctx context.Context, providerCode, op, fault string, times int) error {
	return w.control(ctx, http.MethodPost, providerCode, "/faults", fmt.Sprintf(`{"op":%q,"fault":%q,"times":%d}`, op, fault, times), nil)
}

func (w *World) control(ctx context.Context, method, providerCode, path, body string, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://control."+providerCode+".sandbox"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := w.Net.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		return fmt.Errorf("sim: control of %s %s: %d %s %w", providerCode, path, response.StatusCode, text, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
