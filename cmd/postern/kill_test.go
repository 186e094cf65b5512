package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/engine"
	"postern/store/storetest"
)

// victim is a switch in a process of its own, which is killed where no defer and no signal handler runs.
type victim struct {
	*operator
	mu      sync.Mutex
	process *exec.Cmd
	kills   int
}

// begin starts the process and waits until it answers.
func (v *victim) begin() {
	v.t.Helper()
	cmd := exec.CommandContext(v.ctx, "postern", "--config", v.config, "serve")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	v.mu.Lock()
	v.process = cmd
	v.mu.Unlock()
	v.expect(v.admin+"/readyz", "ready")
	if v.t.Failed() {
		v.t.Fatal(out.String())
	}
}

// kill is kill -9. It returns when the process is gone.
func (v *victim) kill() {
	v.mu.Lock()
	defer v.mu.Unlock()
	_ = v.process.Process.Kill()
	_ = v.process.Wait() // killed
	v.kills++
}

// between stands in front of a simulator: the provider does its part, and before the answer is back the switch is killed, as often as it is armed for that.
type between struct {
	victim *victim
	proxy  *httputil.ReverseProxy
	mu     sync.Mutex
	arm    string // what the address of the call must hold
}

func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	mine := b.arm != "" && strings.Contains(r.URL.Path, b.arm)
	if mine {
		b.arm = ""
	}
	b.mu.Unlock()
	if !mine {
		b.proxy.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	b.proxy.ServeHTTP(answer, r)
	if answer.Code >= 300 {
		b.victim.t.Errorf("the provider did not do its part: %d %s", answer.Code, answer.Body)
	}
	b.victim.kill()
	panic(http.ErrAbortHandler)
}

// receiver is the merchant's endpoint. The first delivery kills the switch before it is answered.
type receiver struct {
	victim *victim
	mu     sync.Mutex
	ids    []string
	types  []string
	killed bool
}

func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var event struct{ Type string }
	_ = json.Unmarshal(body, &event)
	h.mu.Lock()
	h.ids, h.types = append(h.ids, r.Header.Get("webhook-id")), append(h.types, event.Type)
	first := !h.killed
	h.killed = true
	h.mu.Unlock()
	if first {
		h.victim.kill()
		panic(http.ErrAbortHandler)
	}
}

func (h *receiver) got() (ids, types []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ids), slices.Clone(h.types)
}

// TestT15KillNine kills a real process with the provider's charge done and not committed, and again while the merchant is being told. After each start the payment is found, booked once and told at
// least once, always with one id.
//
// Red without both: the poll job in the commit of the attempt (change.start, apply.go) and Recover (engine/recover.go), after which nobody asks for the charge whose answer died.
func TestT15KillNine(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until River takes a dead process's job for dead: two to three minutes")
	}
	for name, dsn := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "postern.db") },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killNine(t, dsn(t), name == "sqlite") // where one process is all there is, the second kill is waited out; a job is a job on both
		})
	}
}

func killNine(t *testing.T, dsn string, twice bool) {
	v := &victim{operator: newOperator(t, dsn)}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	t.Cleanup(cancel)
	v.ctx = ctx
	hook := &receiver{victim: v, killed: !twice}
	told := httptest.NewServer(hook)
	t.Cleanup(told.Close)
	text, err := os.ReadFile(v.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.config, append(text, "\nwebhook_allow = [\"127.0.0.0/8\"]\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	key, box, middle := v.prepare()
	v.begin()
	var discard struct{}
	post := func(path, body string, out any) error {
		return fetch(ctx, http.MethodPost, v.base+path, key, strings.NewReader(body), out)
	}
	if err := post("/v1/webhook_endpoints", fmt.Sprintf(`{"url":%q}`, told.URL), &discard); err != nil {
		t.Fatal(err)
	}
	var p engine.PaymentView
	if err := post("/v1/payments", `{"reference":"T15","amount":6800,"currency":"CNY","description":"烧饼"}`, &p); err != nil {
		t.Fatal(err)
	}
	var shown struct{ Code string }
	if err := fetch(ctx, http.MethodPost, box.control+"/codes", "", strings.NewReader("{}"), &shown); err != nil {
		t.Fatal(err)
	}
	middle.arm = "/codepay"
	if err := post("/v1/payments/"+p.ID+"/attempts", fmt.Sprintf(`{"product":"barcode","auth_code":%q}`, shown.Code), &discard); err == nil {
		t.Fatal("the switch lived on")
	}
	v.begin() // the charge is done and nowhere in our books; the first delivery kills the switch once more
	v.until("the event", func() bool { ids, _ := hook.got(); return len(ids) > 0 })
	if twice {
		v.begin()
		v.until("the event a second time", func() bool { ids, _ := hook.got(); return len(ids) > 1 })
	}
	if err := fetch(ctx, http.MethodGet, v.base+"/v1/payments/"+p.ID, key, http.NoBody, &p); err != nil || p.Status != "paid" || p.AmountReceived != 6800 || p.AmountSurplus != 0 {
		t.Errorf("%+v %v", p, err)
	}
	ids, types := hook.got()
	if ids[0] != ids[len(ids)-1] || types[0] != "payment.paid" {
		t.Errorf("told %v %v", ids, types)
	}
	var orders []struct{ Status string }
	if err := fetch(ctx, http.MethodGet, box.control+"/orders", "", http.NoBody, &orders); err != nil || len(orders) != 1 {
		t.Errorf("the provider has %+v %v", orders, err)
	}
	v.kill()
	if want := map[bool]int{true: 3, false: 2}[twice]; v.kills != want {
		t.Errorf("killed %d times", v.kills)
	}
	v.must(`sum CNY +0\.00`, "ledger", "balance")
}

// prepare makes the merchant and its channel at a simulator that stands behind a between.
func (v *victim) prepare() (key string, box runningSandbox, middle *between) {
	v.t.Helper()
	v.must(`schema version \d+`, "migrate")
	key = v.must(`sk_test_\w+`, "merchant", "add", "--name", "老王烧饼铺")
	boxes, err := startSandboxes(v.ctx, sandboxOptions{data: v.t.TempDir(), host: "127.0.0.1", name: "老王烧饼铺", log: slog.New(slog.DiscardHandler)})
	if err != nil {
		v.t.Fatal(err)
	}
	box = boxes.list[slices.IndexFunc(boxes.list, func(b runningSandbox) bool { return b.Code == "wechatpay" })]
	to, err := url.Parse(box.base)
	if err != nil {
		v.t.Fatal(err)
	}
	middle = &between{victim: v, proxy: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host }, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}}
	front := httptest.NewServer(middle)
	v.t.Cleanup(front.Close)
	for name, value := range box.Settings {
		if value == box.base {
			box.Settings[name] = front.URL
		}
	}
	channel := v.must(`channel (chn_\w+)`, v.channelArgs(box)...)
	v.must(`ok   signed call`, "channel", "check", channel)
	return key, box, middle
}

// until waits for something that a real process does in its own time.
func (v *victim) until(what string, true func() bool) {
	v.t.Helper()
	for !true() {
		select {
		case <-v.ctx.Done():
			v.t.Fatalf("waited in vain for %s", what)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
