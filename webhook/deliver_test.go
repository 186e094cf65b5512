package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/store"
	"postern/webhook"
)

func newWorld(t *testing.T) *sim.World {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w, err := sim.New(ctx, sim.Options{Store: s, Seed: 5, Key: sim.Key})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// cancel makes one event.
func cancel(t *testing.T, w *sim.World, reference string) {
	t.Helper()
	p, err := w.Pay(context.Background(), reference, 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Engine.Cancel(context.Background(), p.MerchantID, p.ID); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, w *sim.World, span time.Duration) {
	t.Helper()
	if err := w.Run(context.Background(), span); err != nil {
		t.Fatal(err)
	}
}

// answers is an endpoint that answers as it is told and notes when it was asked.
type answers struct {
	w      *sim.World
	mu     sync.Mutex
	answer func(n int, w http.ResponseWriter)
	at     []time.Duration
	bodies []string
	ids    []string
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "cut", http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at, a.bodies, a.ids = append(a.at, a.w.Clock.Now().Sub(sim.Start)), append(a.bodies, string(body)), append(a.ids, r.Header.Get("Webhook-Id"))
	a.answer(len(a.at), w)
}

// listen makes an endpoint for cancellations besides the world's own.
func listen(t *testing.T, w *sim.World, host string, answer func(n int, w http.ResponseWriter)) (store.Endpoint, *answers, string) {
	t.Helper()
	a := &answers{w: w, answer: answer}
	w.Net[host] = a
	e, secret, err := w.API.MakeEndpoint(context.Background(), w.Merchant, "http://"+host+"/", []string{string(postern.EventPaymentCanceled)})
	if err != nil {
		t.Fatal(err)
	}
	return e, a, secret
}

func delivery(t *testing.T, w *sim.World, e store.Endpoint) store.Delivery {
	t.Helper()
	rows, _, err := w.Store.Deliveries(context.Background(), w.Merchant.ID, e.ID, store.Page{Limit: 100})
	if err != nil || len(rows) == 0 {
		t.Fatalf("deliveries %v: %v", rows, err)
	}
	return rows[0]
}

func TestADeadEndpointIsTriedForMoreThanThreeDays(t *testing.T) {
	w := newWorld(t)
	e, a, _ := listen(t, w, "dead.test", func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) })
	cancel(t, w, "D1")
	run(t, w, 10*24*time.Hour)
	d := delivery(t, w, e)
	if d.Status != store.DeliveryFailed || d.Tries != int64(len(a.at)) || d.LastStatus != 500 || len(a.at) != 10 {
		t.Errorf("delivery %+v after %v", d, a.at)
	}
	if last := a.at[len(a.at)-1]; last < 72*time.Hour || last > 5*24*time.Hour {
		t.Errorf("the last try came after %s", last)
	}
	for i, body := range a.bodies {
		if body != a.bodies[0] || a.ids[i] != a.ids[0] {
			t.Errorf("try %d is another message", i+1)
		}
	}
	if got := len(w.Hook.Got()); got != 1 {
		t.Errorf("the other endpoint got %d", got)
	}
}

func TestFourDaysDownLoseNothing(t *testing.T) {
	w := newWorld(t)
	w.Hook.SetDown(true)
	for i := range 5 {
		cancel(t, w, fmt.Sprint("F", i))
	}
	run(t, w, 60*time.Hour)
	w.Hook.SetDown(false)
	run(t, w, 24*time.Hour)
	sequences := map[int64]bool{}
	for _, body := range w.Hook.Got() {
		sequences[body.Sequence] = true
	}
	if len(sequences) != 5 || len(w.Hook.Got()) != 5 || len(w.Hook.Bad()) != 0 {
		t.Errorf("got %v, not believed %v", w.Hook.Got(), w.Hook.Bad())
	}
}

func TestJitterSpreadsTheTries(t *testing.T) {
	w := newWorld(t)
	w.Sender.Jitter = func() int64 { return 500 }
	_, a, _ := listen(t, w, "dead.test", func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) })
	cancel(t, w, "J1")
	run(t, w, 6*time.Minute)
	if len(a.at) != 3 || a.at[1]-a.at[0] != 5500*time.Millisecond || a.at[2]-a.at[1] != 330*time.Second {
		t.Errorf("tries at %v: half of the jitter adds a tenth", a.at)
	}
}

// obedience is one thing that an endpoint may answer, and what must come of it.
type obedience struct {
	answer func(n int, w http.ResponseWriter)
	span   time.Duration
	status string
	tries  int
	check  func(t *testing.T, a *answers, d store.Delivery, e store.Endpoint)
}

func obediences() map[string]obedience {
	return map[string]obedience{
		"gone": {func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusGone) }, 5 * 24 * time.Hour, store.DeliveryFailed, 1, func(t *testing.T, _ *answers, _ store.Delivery, e store.Endpoint) {
			if e.DisabledAt.IsZero() {
				t.Error("410 disables the endpoint")
			}
		}},
		"retry after seconds": {func(n int, w http.ResponseWriter) {
			if n == 1 {
				w.Header().Set("Retry-After", "600")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}, time.Hour, store.DeliveryDelivered, 2, func(t *testing.T, a *answers, _ store.Delivery, _ store.Endpoint) {
			if gap := a.at[1] - a.at[0]; gap != 10*time.Minute {
				t.Errorf("came again after %s", gap)
			}
		}},
		"retry after a date": {func(n int, w http.ResponseWriter) {
			if n == 1 {
				w.Header().Set("Retry-After", sim.Start.Add(20*time.Minute).Format(http.TimeFormat))
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, time.Hour, store.DeliveryDelivered, 2, func(t *testing.T, a *answers, _ store.Delivery, _ store.Endpoint) {
			if a.at[1] != 20*time.Minute {
				t.Errorf("came again at %s", a.at[1])
			}
		}},
		"retry after for ever": {func(n int, w http.ResponseWriter) {
			if n == 1 {
				w.Header().Set("Retry-After", "9223372036854775807")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, 7 * time.Hour, store.DeliveryDelivered, 2, func(*testing.T, *answers, store.Delivery, store.Endpoint) {}},
		"retry after the past": {func(n int, w http.ResponseWriter) {
			if n == 1 {
				w.Header().Set("Retry-After", "-5")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, time.Minute, store.DeliveryDelivered, 2, func(*testing.T, *answers, store.Delivery, store.Endpoint) {}},
		"redirect": {func(_ int, w http.ResponseWriter) {
			w.Header().Set("Location", "http://merchant.test/hook")
			w.WriteHeader(http.StatusMovedPermanently)
		}, time.Second, store.DeliveryWaiting, 1, func(t *testing.T, _ *answers, d store.Delivery, _ store.Endpoint) {
			if !strings.Contains(d.LastError, "redirect") || d.LastStatus != 301 {
				t.Errorf("delivery %+v", d)
			}
		}},
		"no content": {func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }, time.Minute, store.DeliveryDelivered, 1, func(*testing.T, *answers, store.Delivery, store.Endpoint) {}},
		"closed connection": {func(int, http.ResponseWriter) { panic(http.ErrAbortHandler) }, time.Second, store.DeliveryWaiting, 1, func(t *testing.T, _ *answers, d store.Delivery, _ store.Endpoint) {
			if d.LastError == "" || d.LastStatus != 0 {
				t.Errorf("delivery %+v", d)
			}
		}},
	}
}

func TestAnswersAreObeyed(t *testing.T) {
	for name, c := range obediences() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e, a, _ := listen(t, w, "told.test", c.answer)
			cancel(t, w, "A1")
			run(t, w, c.span)
			d := delivery(t, w, e)
			if d.Status != c.status || len(a.at) != c.tries || d.Tries != int64(c.tries) {
				t.Fatalf("delivery %+v after %v", d, a.at)
			}
			now, err := w.Store.Endpoint(context.Background(), w.Merchant.ID, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, a, d, now)
		})
	}
}

func TestADisabledEndpointIsNotCalled(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	e, a, _ := listen(t, w, "off.test", func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) })
	cancel(t, w, "O1")
	run(t, w, time.Second)
	e, err := w.Store.Endpoint(ctx, w.Merchant.ID, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	e.DisabledAt = w.Clock.Now()
	if err := w.Store.SaveEndpoint(ctx, e); err != nil {
		t.Fatal(err)
	}
	cancel(t, w, "O2")
	run(t, w, time.Hour)
	rows, _, err := w.Store.Deliveries(ctx, w.Merchant.ID, e.ID, store.Page{Limit: 10})
	if err != nil || len(rows) != 1 || rows[0].Status != store.DeliveryFailed || rows[0].Tries != 1 || len(a.at) != 1 {
		t.Errorf("deliveries %+v after %v: %v", rows, a.at, err)
	}
}

func TestTheAnswersBodyIsBounded(t *testing.T) {
	w := newWorld(t)
	read := &endless{}
	w.Sender.HTTP = doer(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: read}, nil
	})
	cancel(t, w, "B1")
	run(t, w, time.Second)
	if read.n == 0 || read.n > 64<<10 || !read.closed {
		t.Errorf("%d bytes were read, closed %v", read.n, read.closed)
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

type endless struct {
	n      int
	closed bool
}

func (e *endless) Read(p []byte) (int, error) { e.n += len(p); return len(p), nil }
func (e *endless) Close() error               { e.closed = true; return nil }

func TestErrorsFitTheirRow(t *testing.T) {
	w := newWorld(t)
	w.Sender.HTTP = doer(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("\x00\xff" + strings.Repeat("错", 1000))
	})
	cancel(t, w, "E1")
	run(t, w, time.Second)
	rows, _, err := w.Store.Deliveries(context.Background(), w.Merchant.ID, "", store.Page{Limit: 10})
	if err != nil || len(rows) != 1 || len(rows[0].LastError) == 0 || len(rows[0].LastError) > 300 || strings.ContainsAny(rows[0].LastError, "\x00\uFFFD") {
		t.Errorf("deliveries %+v: %v", rows, err)
	}
}

// TestOneDeadEndpointDelaysNobody works with fewer hands than one endpoint could take: eight workers, a hundred endpoints, and the dead one's deliveries first.
// The dead one never answers while the others are served, so that the test ends only if nobody waits for it.
func TestOneDeadEndpointDelaysNobody(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	const others, deadEvents, workers = 99, 40, 8
	release := make(chan struct{})
	var mu sync.Mutex
	served := map[string]int{}
	w.Sender.HTTP = doer(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "dead.test" {
			<-release
			return nil, io.ErrUnexpectedEOF
		}
		mu.Lock()
		served[r.URL.Host]++
		mu.Unlock()
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
	})
	event := firstEvent(t, w)
	var jobs []postern.Job
	add := func(host string, n int) {
		e, _, err := w.API.MakeEndpoint(ctx, w.Merchant, "http://"+host+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			d := store.Delivery{MerchantID: w.Merchant.ID, ID: postern.NewID(postern.PrefixDelivery, w.Clock.Now(), w.Rand), EndpointID: e.ID, EventID: event.ID, Status: store.DeliveryWaiting, NextAt: w.Clock.Now(), CreatedAt: w.Clock.Now()}
			if err := w.Store.SaveDelivery(ctx, d); err != nil {
				t.Fatal(err)
			}
			args, err := json.Marshal(map[string]string{"id": d.ID})
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, postern.Job{MerchantID: w.Merchant.ID, Kind: postern.JobDeliver, Args: string(args)})
		}
	}
	add("dead.test", deadEvents)
	for i := range others {
		add(fmt.Sprintf("shop%d.test", i), 1)
	}
	queue := make(chan postern.Job, len(jobs))
	for _, job := range jobs {
		queue <- job
	}
	close(queue)
	var wg, done sync.WaitGroup
	done.Add(others)
	for range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for job := range queue {
				again, err := w.Sender.Deliver(ctx, job)
				if err != nil {
					t.Error(err)
				}
				if again == 0 {
					done.Done()
				}
			}
		}()
	}
	done.Wait() // For ever, if the dead endpoint holds all hands.
	close(release)
	wg.Wait()
	if len(served) != others {
		t.Errorf("%d of %d endpoints were served", len(served), others)
	}
}

// firstEvent makes one numbered event.
func firstEvent(t *testing.T, w *sim.World) postern.Event {
	t.Helper()
	cancel(t, w, "first")
	events, err := w.Store.SequenceEvents(context.Background(), w.Merchant.ID, 10)
	if err != nil || len(events) != 1 {
		t.Fatalf("events %v: %v", events, err)
	}
	return events[0]
}

func TestTheLongerTheLineTheLaterTheTurn(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	gate, inside := make(chan struct{}), make(chan struct{}, 4)
	w.Sender.HTTP = doer(func(*http.Request) (*http.Response, error) {
		inside <- struct{}{}
		<-gate
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
	})
	firstEvent(t, w)
	rows, _, err := w.Store.Deliveries(ctx, w.Merchant.ID, "", store.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	job := postern.Job{MerchantID: w.Merchant.ID, Kind: postern.JobDeliver, Args: fmt.Sprintf(`{"id":%q}`, rows[0].ID)}
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, err := w.Sender.Deliver(ctx, job)
			if err != nil && postern.CodeOf(err) != postern.CodeConflict { // Four hands on one row: three lose, and their jobs run again.
				t.Error(err)
			}
		}()
	}
	for range 4 {
		<-inside
	}
	var last time.Duration
	for range 5000 {
		again, err := w.Sender.Deliver(ctx, job)
		if err != nil || again < max(last, time.Second) || again > time.Minute {
			t.Fatalf("turn in %s after %s: %v", again, last, err)
		}
		last = again
	}
	if last != time.Minute {
		t.Errorf("the last of five thousand comes again in %s", last)
	}
	close(gate)
	wg.Wait()
}

func TestSignaturesSatisfyThePublicLibrary(t *testing.T) {
	w := newWorld(t)
	secret, err := webhook.NewSecret(w.Rand)
	if err != nil {
		t.Fatal(err)
	}
	other, err := webhook.NewSecret(w.Rand)
	if err != nil {
		t.Fatal(err)
	}
	body, at := []byte(`{"a":"烧饼 <&>"}`), time.Now()
	signature, err := webhook.Sign("evt_1", at, body, secret, other)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	header.Set("Webhook-Id", "evt_1")
	header.Set("Webhook-Timestamp", fmt.Sprint(at.Unix()))
	header.Set("Webhook-Signature", signature)
	for _, s := range []string{secret, other} {
		verifier, err := standardwebhooks.NewWebhook(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(body, header); err != nil {
			t.Error(err)
		}
		if err := verifier.Verify(append(body, ' '), header); err == nil {
			t.Error("another body is believed")
		}
		theirs, err := verifier.Sign("evt_1", at, body)
		if err != nil || !strings.Contains(signature, theirs) {
			t.Errorf("the library signs %s, we %s: %v", theirs, signature, err)
		}
	}
	for _, bad := range []string{"", "whsec_", "whsec_AAAA", "whsec_!!!!"} {
		if _, err := webhook.Sign("evt_1", at, body, bad); err == nil {
			t.Errorf("secret %q signs", bad)
		}
	}
}

func TestEveryEventIsSentAsPromised(t *testing.T) {
	w := newWorld(t)
	p, err := w.Pay(context.Background(), "P1", 6800)
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.Begin(context.Background(), p, "alipay", "native")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Approve(context.Background(), a, ""); err != nil {
		t.Fatal(err)
	}
	run(t, w, time.Minute)
	if _, err := w.Engine.Refund(context.Background(), p.MerchantID, p.ID, engine.RefundInput{Reference: "r", Amount: 100}); err != nil {
		t.Fatal(err)
	}
	run(t, w, time.Minute)
	got := w.Hook.Got()
	if len(got) != 2 || len(w.Hook.Bad()) != 0 {
		t.Fatalf("got %v, not believed %v", got, w.Hook.Bad())
	}
	for i, want := range []postern.EventType{postern.EventPaymentPaid, postern.EventRefundRefunded} {
		var data struct {
			Payment engine.PaymentView `json:"payment"`
		}
		if err := json.Unmarshal(got[i].Data, &data); err != nil || got[i].Type != string(want) || got[i].Sequence != int64(i+1) || got[i].Livemode || data.Payment.Status != "paid" || data.Payment.AmountRefunded != int64(100*i) {
			t.Errorf("event %d is %+v: %v", i, got[i], err)
		}
	}
}
