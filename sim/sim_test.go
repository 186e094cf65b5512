package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
	"postern/sim"
	"postern/store"
	"postern/store/storetest"
)

// The two wallets.
const (
	wechat = "wechatpay"
	alipay = "alipay"
)

// opened is a migrated store that ends with the test.
func opened(t testing.TB, dsn string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// build is a fresh switch.
func build(t testing.TB, o sim.Options) *sim.World {
	t.Helper()
	o.Key = sim.Key
	w, err := sim.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// newWorld is a fresh switch on SQLite in memory, for tests on one goroutine.
func newWorld(t testing.TB, seed uint64) *sim.World {
	t.Helper()
	return build(t, sim.Options{Store: opened(t, "sqlite::memory:", store.Options{}), Seed: seed})
}

// twoWallets is a fresh switch whose merchant has two wallets and no third, for tests of what the other one does.
func twoWallets(t testing.TB) *sim.World {
	t.Helper()
	return build(t, sim.Options{Store: opened(t, "sqlite::memory:", store.Options{}), Seed: 1, Makers: two()})
}

func two() []all.Maker { return all.SandboxesOf(alipay, wechat) }

// fileWorld is a fresh switch on an SQLite file, whose readers run beside the writer.
func fileWorld(t testing.TB, seed uint64) *sim.World {
	t.Helper()
	return build(t, sim.Options{Store: opened(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{}), Seed: seed})
}

// onBoth runs a test on both engines.
func onBoth(t *testing.T, test func(t *testing.T, w *sim.World)) {
	t.Run("sqlite", func(t *testing.T) { test(t, fileWorld(t, 1)) })
	t.Run("postgres", func(t *testing.T) {
		test(t, build(t, sim.Options{Store: opened(t, storetest.Postgres(t), store.Options{MaxConns: 16}), Seed: 1}))
	})
}

// must ends the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run lets time pass or fails the test.
func run(t testing.TB, w *sim.World, span time.Duration) {
	t.Helper()
	must(t, w.Run(context.Background(), span))
}

// agree fails the test when our books and the sandboxes' differ, or a job is stuck.
func agree(t testing.TB, w *sim.World) {
	t.Helper()
	differences, err := w.Compare(context.Background())
	must(t, err)
	for _, d := range differences {
		t.Error(d)
	}
	stuck, err := w.Runner.Stuck(context.Background())
	must(t, err)
	for _, job := range stuck {
		t.Errorf("stuck job: %+v", job)
	}
}

func state(t testing.TB, w *sim.World, p postern.Payment) postern.State {
	t.Helper()
	s, err := w.State(context.Background(), p)
	must(t, err)
	return s
}

// pay creates a payment that stays open for a while.
func pay(t testing.TB, w *sim.World, reference string, amount int64) postern.Payment {
	t.Helper()
	p, err := w.Pay(context.Background(), reference, amount)
	must(t, err)
	return p
}

// payFor creates a payment with a life and a policy.
func payFor(t testing.TB, w *sim.World, reference string, amount int64, life time.Duration, late postern.LatePolicy) postern.Payment {
	t.Helper()
	s, err := w.Engine.Create(context.Background(), w.Merchant.ID, engine.CreateInput{
		Reference: reference, Amount: amount, Currency: "CNY", Description: "烧饼", ExpiresAt: w.Clock.Now().Add(life), LatePayment: late,
	})
	must(t, err)
	return s.Payment
}

func begin(t testing.TB, w *sim.World, p postern.Payment, providerCode, product string) postern.Attempt {
	t.Helper()
	a, err := w.Begin(context.Background(), p, providerCode, product)
	must(t, err)
	return a
}

func approve(t testing.TB, w *sim.World, a postern.Attempt) {
	t.Helper()
	must(t, w.Approve(context.Background(), a, ""))
}

// paid is a payment that was paid with a wallet's code and is settled.
func paid(t testing.TB, w *sim.World, providerCode, reference string, amount int64) (postern.Payment, postern.Attempt) {
	t.Helper()
	p := pay(t, w, reference, amount)
	a := begin(t, w, p, providerCode, "native")
	approve(t, w, a)
	run(t, w, time.Minute)
	wantPayment(t, w, p, postern.PaymentPaid)
	return p, a
}

func wantPayment(t testing.TB, w *sim.World, p postern.Payment, want postern.PaymentStatus) postern.State {
	t.Helper()
	s := state(t, w, p)
	if s.Payment.Status != want {
		t.Errorf("the payment is %s, want %s; attempts: %v", s.Payment.Status, want, statuses(s))
	}
	return s
}

func wantAttempt(t testing.TB, w *sim.World, a postern.Attempt, want postern.AttemptStatus) {
	t.Helper()
	s, err := w.Store.LoadStateByAttempt(context.Background(), a.MerchantID, a.ID)
	must(t, err)
	if now, _ := s.Attempt(a.ID); now.Status != want {
		t.Errorf("the attempt is %s (%s %s), want %s", now.Status, now.Code, now.Message, want)
	}
}

func statuses(s postern.State) (out []string) {
	for _, a := range s.Attempts {
		out = append(out, a.Provider+" "+a.Product+" "+string(a.Status))
	}
	return out
}

func wantCode(t testing.TB, err error, want postern.Code) {
	t.Helper()
	if err == nil || postern.CodeOf(err) != want {
		t.Errorf("the error is %v, want code %s", err, want)
	}
}

// types lists the webhooks that arrived about a payment, in their order.
func types(w *sim.World, p postern.Payment) (out []string) {
	for _, body := range w.Hook.Got() {
		var data struct{ Payment struct{ ID string } }
		if json.Unmarshal(body.Data, &data) == nil && data.Payment.ID == p.ID {
			out = append(out, body.Type)
		}
	}
	return out
}

func wantTypes(t testing.TB, w *sim.World, p postern.Payment, want ...string) {
	t.Helper()
	if got := types(w, p); !slices.Equal(got, want) {
		t.Errorf("the merchant was told %v, want %v; not believed: %v", got, want, w.Hook.Bad())
	}
}

// refunds lists a payment's refunds, oldest first.
func refunds(t testing.TB, w *sim.World, p postern.Payment) []postern.Refund {
	t.Helper()
	list, _, err := w.Store.Refunds(context.Background(), p.MerchantID, p.ID, store.Page{Limit: 100})
	must(t, err)
	slices.Reverse(list)
	return list
}

// call makes a call of the merchant API and decodes the answer.
func call(t testing.TB, w *sim.World, method, path string, body, out any) int {
	t.Helper()
	text, err := json.Marshal(body)
	must(t, err)
	if body == nil {
		text = nil
	}
	r, err := http.NewRequest(method, "http://"+sim.Host+path, bytes.NewReader(text))
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+w.Secret)
	r.Header.Set("Content-Type", "application/json")
	response, err := w.Net.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	must(t, err)
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s %s: %d %s: %v", method, path, response.StatusCode, answer, err)
		}
	}
	return response.StatusCode
}

// kept is a notification as it arrived.
type kept struct {
	id      string
	message provider.Message
}

// keep makes the network keep every notification; pass says whether it still reaches the switch.
func keep(w *sim.World, pass bool) *[]kept {
	var all []kept
	w.Tap = func(id string, m provider.Message) bool {
		all = append(all, kept{id, m})
		return pass
	}
	return &all
}

// orders reads a sandbox's book by order number.
func orders(t testing.TB, w *sim.World, providerCode string) map[string]string {
	t.Helper()
	rows, err := w.Orders(context.Background(), providerCode)
	must(t, err)
	out := map[string]string{}
	for _, o := range rows {
		out[o.OrderNo] = o.Status
	}
	return out
}

func TestAPaymentWalksThroughEveryRoom(t *testing.T) {
	for _, way := range []struct{ provider, product string }{
		{wechat, "native"}, {wechat, "h5"}, {wechat, "jsapi"}, {alipay, "native"}, {alipay, "h5"}, {alipay, "page"}, {alipay, "jsapi"},
	} {
		t.Run(way.provider+" "+way.product, func(t *testing.T) {
			w := newWorld(t, 1)
			p := pay(t, w, "A1", 6800)
			approve(t, w, begin(t, w, p, way.provider, way.product))
			run(t, w, time.Minute)
			if s := wantPayment(t, w, p, postern.PaymentPaid); len(s.Receipts) != 1 {
				t.Fatalf("%d receipts", len(s.Receipts))
			}
			wantTypes(t, w, p, "payment.paid")
			agree(t, w)
		})
	}
}

// textLog writes what the switch logs, warnings and worse.
func textLog(to io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
