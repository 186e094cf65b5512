package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
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

// Run lets virtual time pass: jobs and notifications run when they are due, in order, until the span is over. It stops early with ErrCrashed.
func (w *World) Run(ctx context.Context, span time.Duration) error {
	end := w.Clock.Now().Add(span)
	for {
		if err := w.Guard(func() error { return w.settle(ctx) }); err != nil {
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
		if w.crashedAt != "" { // by a notification: the provider saw a broken connection
			return fmt.Errorf("%w at %s", ErrCrashed, w.crashedAt)
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
func (w *World) codes() []string { return slices.Sorted(maps.Keys(w.Sandboxes)) }

// Pay creates a payment of this amount in minor units.
func (w *World) Pay(ctx context.Context, reference string, amount int64) (postern.Payment, error) {
	s, err := w.Engine.Create(ctx, w.Merchant.ID, engine.CreateInput{Reference: reference, Amount: amount, Currency: "CNY", Description: "烧饼 " + reference})
	return s.Payment, err
}

// Begin starts an attempt as a merchant's server would; the buyer is signed in where the product wants to know who it is, and a page is opened where the order
// begins in the buyer's browser.
func (w *World) Begin(ctx context.Context, p postern.Payment, providerCode, product string) (postern.Attempt, error) {
	in := engine.StartInput{Provider: providerCode, Product: product, Buyer: route.Buyer{Container: engine.ContainerAPI}, ClientIP: "203.0.113.7"}
	about, known := w.Engine.Registry[providerCode].Describe().Product(product)
	if known && about.NeedsPayer {
		var err error
		if in.PayerID, err = w.SignIn(ctx, providerCode); err != nil {
			return postern.Attempt{}, err
		}
	}
	r, err := w.Engine.Start(ctx, p.MerchantID, p.ID, in)
	if err == nil && known && about.BrowserStart && r.Attempt.Action.URL != "" {
		err = w.Open(ctx, r.Attempt.Action)
	}
	return r.Attempt, err
}

// SignIn sends the default buyer through the provider's OAuth page and returns the payer's id.
func (w *World) SignIn(ctx context.Context, providerCode string) (string, error) {
	channel := w.Channels[providerCode]
	page, err := w.Engine.AuthorizeURL(ctx, channel.MerchantID, channel.ID, "http://"+Host+"/c/back", "state")
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return "", err
	}
	response, err := w.Net.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	back, err := response.Location()
	if err != nil {
		return "", fmt.Errorf("sim: sign in at %s: HTTP %d: %w", providerCode, response.StatusCode, err)
	}
	return w.Engine.ResolvePayer(ctx, channel.MerchantID, channel.ID, back.Query().Get)
}

// Open lets the buyer's browser open an address, or bring a form to it, and go where it leads, once.
func (w *World) Open(ctx context.Context, action postern.Action) error {
	method, form := http.MethodGet, url.Values{}
	if action.Type == postern.ActionForm {
		method = http.MethodPost
		for name, value := range action.Fields {
			form.Set(name, value)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, action.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := w.Net.Do(r)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// Send delivers a notification that a Tap has kept, byte for byte, and returns the answer.
func (w *World) Send(ctx context.Context, callbackID string, m provider.Message) (status int, body string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+Host+notifyPath+callbackID, bytes.NewReader(m.Body))
	if err != nil {
		return 0, "", err
	}
	r.Header = m.Header.Clone()
	response, err := w.Net.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// tapped shows a notification to the Tap and says whether it may pass.
func (w *World) tapped(r *http.Request) bool {
	if w.Tap == nil {
		return true
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if r.Method == http.MethodGet {
		body = []byte(r.URL.RawQuery)
	}
	return w.Tap(strings.TrimPrefix(r.URL.Path, notifyPath), provider.Message{Header: r.Header.Clone(), Body: body})
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

// Decline lets a buyer turn an order away in the simulated wallet.
func (w *World) Decline(ctx context.Context, a postern.Attempt) error {
	return w.control(ctx, http.MethodPost, a.Provider, "/orders/"+a.Number+"/decline", "{}", nil)
}

// ShowCode lets a buyer show a payment code; with password, what it pays waits for the buyer.
func (w *World) ShowCode(ctx context.Context, providerCode string, password bool) (string, error) {
	var out struct{ Code string }
	err := w.control(ctx, http.MethodPost, providerCode, "/codes", fmt.Sprintf(`{"password":%t}`, password), &out)
	return out.Code, err
}

// Mend ends every fault of a sandbox.
func (w *World) Mend(ctx context.Context, providerCode string) error {
	return w.control(ctx, http.MethodDelete, providerCode, "/faults", "", nil)
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
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("HTTP %d %s", response.StatusCode, bytes.TrimSpace(text))
	}
	if err != nil {
		return fmt.Errorf("sim: control of %s %s: %w", providerCode, path, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
