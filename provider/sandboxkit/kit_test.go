package sandboxkit

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// epoch is the virtual start of every test here.
var epoch = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func virtual() *Clock { return NewClock(func() time.Time { return epoch }) }

func TestClock(t *testing.T) {
	c := virtual()
	moved := c.Moved()
	c.Advance(-time.Hour)
	if got := c.Now(); !got.Equal(epoch) {
		t.Fatalf("a negative advance moved the clock to %v", got)
	}
	c.Advance(time.Hour)
	select {
	case <-moved:
	default:
		t.Fatal("Advance did not close Moved")
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { c.Advance(time.Second) })
	}
	wg.Wait()
	if want := epoch.Add(time.Hour + 50*time.Second); !c.Now().Equal(want) {
		t.Fatalf("Now = %v, want %v", c.Now(), want)
	}
}

func TestFaultsCountDown(t *testing.T) {
	f := NewFaults("query", "close")
	if _, err := f.Add(Fault{Op: "query", Fault: DropRequest, Times: 2}); err != nil {
		t.Fatal(err)
	}
	any, err := f.Add(Fault{Op: AnyOp, Fault: Error500})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := f.Take("close", DropRequest); ok {
		t.Fatal("a fault of query met close")
	}
	for i := range 3 {
		if _, ok := f.Take("query", DropRequest); ok != (i < 2) {
			t.Fatalf("take %d = %v", i, ok)
		}
	}
	if !f.Remove(any) || f.Remove(any) || len(f.List()) != 0 {
		t.Fatal("Remove must disarm exactly once")
	}
}

func TestFaultsRefuseUnknown(t *testing.T) {
	f := NewFaults("query")
	for field, bad := range map[string]Fault{
		"fault": {Op: "query", Fault: "explode"}, "op": {Op: "fly", Fault: Delay}, "times": {Op: "query", Fault: Delay, Times: -1},
		"delay_ms": {Op: "query", Fault: Delay, DelayMS: -5},
	} {
		_, err := f.Add(bad)
		var fe *FaultError
		if !errors.As(err, &fe) || fe.Field != field {
			t.Errorf("%+v: error %v, want one about %s", bad, err, field)
		}
	}
}

// TestAround checks what each fault does to the effect and to the caller, over a socket and in process.
func TestAround(t *testing.T) {
	for _, tt := range []struct {
		fault   string
		effects int
		status  int // 0: no answer
		spoiled bool
	}{
		{"", 1, 200, false}, {DropRequest, 0, 0, false}, {DropResponse, 1, 0, false}, {Error500, 0, 500, false}, {ErrorAfterEffect, 1, 500, false},
		{WrongSignature, 1, 200, true}, {Delay, 1, 200, false},
	} {
		t.Run("fault="+tt.fault, func(t *testing.T) {
			f := NewFaults("query")
			var slept time.Duration
			f.Sleep = func(_ context.Context, d time.Duration) { slept += d }
			effects, spoiled := 0, false
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				f.Around(w, r, "query", func(w http.ResponseWriter, r *http.Request) {
					effects++
					spoiled = SpoilSignature(r.Context())
					_, _ = io.WriteString(w, "done")
				})
			})
			srv := httptest.NewServer(h)
			defer srv.Close()
			for name, doer := range map[string]Doer{"socket": srv.Client(), "local": Local{strings.TrimPrefix(srv.URL, "http://"): h}} {
				effects = 0
				if tt.fault != "" {
					if _, err := f.Add(Fault{Op: "query", Fault: tt.fault, DelayMS: 7}); err != nil {
						t.Fatal(err)
					}
				}
				req, _ := http.NewRequest(http.MethodPost, srv.URL, nil)
				status := 0
				if resp, err := doer.Do(req); err == nil {
					status = resp.StatusCode
					_ = resp.Body.Close()
				}
				if effects != tt.effects || status != tt.status || spoiled != tt.spoiled || (slept > 0) != (tt.fault == Delay) {
					t.Errorf("%s: effects %d status %d spoiled %v slept %v", name, effects, status, spoiled, slept)
				}
			}
		})
	}
}

func TestLocal(t *testing.T) {
	l := Local{"a:1": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Path", r.URL.Path)
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("X-Late", "no")
		_, _ = w.Write(body)
	})}
	req, _ := http.NewRequest(http.MethodPost, "http://a:1/x?y=1", strings.NewReader("hello"))
	resp, err := l.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusTeapot || string(body) != "hello" || resp.Header.Get("X-Path") != "/x" || resp.Header.Get("X-Late") != "" {
		t.Fatalf("got %d %q %v", resp.StatusCode, body, resp.Header)
	}
	req, _ = http.NewRequest(http.MethodGet, "http://b:1/", nil)
	if _, err := l.Do(req); !errors.Is(err, ErrNoHost) {
		t.Fatalf("unknown host: %v", err)
	}
}

// merchant is an endpoint that notes when it was called and answers from a list, then success.
type merchant struct {
	clock   *Clock
	answers []string
	at      []time.Duration
	bodies  []string
}

func (m *merchant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m.at = append(m.at, m.clock.Now().Sub(epoch))
	m.bodies = append(m.bodies, string(body))
	answer := "success"
	if len(m.answers) > 0 {
		answer, m.answers = m.answers[0], m.answers[1:]
	}
	_, _ = io.WriteString(w, answer)
}

func testCourier(m *merchant, f *Faults) *Courier {
	return NewCourier(CourierConfig{Clock: m.clock, HTTP: Local{"shop": m}, Schedule: []time.Duration{time.Minute, time.Hour}, Faults: f, Limit: 3})
}

func note(id string) Delivery {
	return Delivery{
		ID: id, URL: "http://shop/n",
		Build: func(try int, now time.Time) (http.Header, []byte, error) {
			return http.Header{"Content-Type": {"text/plain"}}, []byte(id + "/" + now.Sub(epoch).String()), nil
		},
		Accept: func(status int, body []byte) bool { return status == http.StatusOK && string(body) == "success" },
	}
}

// drain advances the clock from due time to due time until nothing is queued.
func drain(t *testing.T, c *Courier, m *merchant) {
	t.Helper()
	for range 100 {
		c.RunDue(t.Context())
		due, ok := c.Next()
		if !ok {
			return
		}
		m.clock.Advance(due.Sub(m.clock.Now()))
	}
	t.Fatal("the courier never came to rest")
}

func TestCourierSchedule(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []string
		faults  []Fault
		want    []time.Duration
	}{
		"at once":       {nil, nil, []time.Duration{0}},
		"third time":    {[]string{"fail", "SUCCESS"}, nil, []time.Duration{0, time.Minute, 61 * time.Minute}},
		"never":         {[]string{"a", "b", "c", "d"}, nil, []time.Duration{0, time.Minute, 61 * time.Minute}},
		"dropped once":  {nil, []Fault{{Op: OpNotify, Fault: DropNotification}}, []time.Duration{time.Minute}},
		"dropped often": {nil, []Fault{{Op: OpNotify, Fault: DropNotification, Times: 9}}, nil},
		"twice":         {nil, []Fault{{Op: OpNotify, Fault: DuplicateNotification}}, []time.Duration{0, 0}},
		"late":          {nil, []Fault{{Op: OpNotify, Fault: DelayNotification, DelayMS: 5000}}, []time.Duration{5 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &merchant{clock: virtual(), answers: tt.answers}
			f := NewFaults()
			for _, fault := range tt.faults {
				if _, err := f.Add(fault); err != nil {
					t.Fatal(err)
				}
			}
			c := testCourier(m, f)
			if err := c.Send(note("n")); err != nil {
				t.Fatal(err)
			}
			drain(t, c, m)
			if !slices.Equal(m.at, tt.want) {
				t.Fatalf("tries at %v, want %v", m.at, tt.want)
			}
			for i, b := range m.bodies {
				if b != "n/"+m.at[i].String() {
					t.Errorf("try %d carried %q: the body must be built for its try", i, b)
				}
			}
		})
	}
}

// TestCourierByQuery: a delivery by query is a GET without a body, and what the address asks already stays.
func TestCourierByQuery(t *testing.T) {
	var seen []string
	shop := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen = append(seen, r.Method+" "+r.URL.RawQuery+" "+string(body))
	})
	c := NewCourier(CourierConfig{Clock: virtual(), HTTP: Local{"shop.test": shop}})
	for _, address := range []string{"http://shop.test/n", "http://shop.test/n?own=1"} {
		d := note("a=b&c=%2B")
		d.URL, d.Query = address, true
		d.Build = func(int, time.Time) (http.Header, []byte, error) { return http.Header{}, []byte("a=b&c=%2B"), nil }
		d.Accept = func(status int, _ []byte) bool { return status == http.StatusOK }
		if err := c.Send(d); err != nil {
			t.Fatal(err)
		}
	}
	c.RunDue(t.Context())
	if want := []string{"GET a=b&c=%2B ", "GET own=1&a=b&c=%2B "}; !slices.Equal(seen, want) {
		t.Errorf("the merchant saw %q", seen)
	}
}

func TestCourierOrderAndBounds(t *testing.T) {
	m := &merchant{clock: virtual()}
	c := testCourier(m, nil)
	late := note("late")
	late.After = time.Second
	for _, d := range []Delivery{late, note("a"), note("b")} {
		if err := c.Send(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Send(note("c")); !errors.Is(err, ErrCourierFull) {
		t.Fatalf("the fourth of three: %v", err)
	}
	if err := c.Send(Delivery{ID: "x"}); err == nil {
		t.Fatal("a delivery without an address was accepted")
	}
	if n := c.RunDue(t.Context()); n != 2 || c.Len() != 1 {
		t.Fatalf("%d tries, %d left; want 2 and 1", n, c.Len())
	}
	drain(t, c, m)
	if want := []string{"a/0s", "b/0s", "late/1s"}; !slices.Equal(m.bodies, want) {
		t.Fatalf("delivered %v, want %v", m.bodies, want)
	}
}

func TestCourierRun(t *testing.T) {
	arrived := make(chan struct{}, 4)
	m := &merchant{clock: NewClock(time.Now), answers: []string{"fail"}}
	shop := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.ServeHTTP(w, r)
		arrived <- struct{}{}
	})
	c := NewCourier(CourierConfig{Clock: m.clock, HTTP: Local{"shop": shop}, Schedule: []time.Duration{time.Hour}})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	if err := c.Send(note("n")); err != nil {
		t.Fatal(err)
	}
	<-arrived // woken by new work
	for c.Len() == 0 {
		time.Sleep(time.Millisecond) // until the failed try is queued again
	}
	m.clock.Advance(2 * time.Hour)
	<-arrived // woken by the clock
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("Run returned %v", err)
	}
}

func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{"", "{}", `{"op":"query","fault":"delay","times":1}`, `{"op":1}`, `{} {}`, `{"x":1}`, "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(s))
		var in Fault
		if err := ReadJSON(r, &in); err != nil || strings.TrimSpace(s) == "" {
			return
		}
		if !json.Valid([]byte(s)) {
			t.Fatalf("%q is not one JSON value and was accepted", s)
		}
	})
}
