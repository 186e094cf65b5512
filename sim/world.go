// Package sim is the whole switch under virtual time: a real database, the real engine, the real wire formats with real signatures, the providers' sandboxes
// behind an in-memory network, and one goroutine that moves the clock. Its checks compare our books with the sandboxes' own.
package sim

import (
	"context"
	"crypto/rsa"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"postern"
	"postern/api"
	"postern/callback"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
	"postern/provider/sandboxkit"
	"postern/queue"
	"postern/store"
	"postern/vault"
	"postern/webhook"
)

// Start is when every world begins.
var Start = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// Host is the switch's own name on the in-memory network; MerchantHost is the merchant's.
const (
	Host         = "postern.test"
	MerchantHost = "merchant.test"
)

// Options of New. Store is open and migrated; Key returns RSA keys by name.
type Options struct {
	Store *store.Store
	Seed  uint64
	Key   func(name string) *rsa.PrivateKey
	// Fault is called at the engine's named points; see Points.
	Fault func(ctx context.Context, point string) error
	// Log may be nil.
	Log *slog.Logger
	// Join makes another node over the same database and network: it shares the clock, the sandboxes, the jobs and the merchant of the given world.
	Join *World
	// Makers are the sandboxes to build; nil means every provider's.
	Makers []all.Maker
	// Twice runs every job twice in a row.
	Twice bool
	// Wall is a clock that moves by itself, for what must happen beside each other; nil means virtual time from Start on.
	Wall func() time.Time
}

// World is one switch with everything around it.
type World struct {
	Clock     *sandboxkit.Clock
	Rand      io.Reader
	Net       sandboxkit.Local
	Store     *store.Store
	Vault     *vault.Vault
	Engine    *engine.Engine
	Runner    *queue.Runner
	Sender    *webhook.Sender
	Callback  *callback.Handler
	API       *api.API
	Sandboxes map[string]all.Sandbox
	Merchant  postern.Merchant
	Channels  map[string]postern.Channel
	Secret    string // the merchant's API key
	Hook      *Hook
	Log       *slog.Logger

	// Tap sees every notification before the switch does; a false answer loses it on its way. It may be nil.
	Tap func(callbackID string, m provider.Message) bool
	// Answered sees what the switch answered to a notification. It may be nil.
	Answered func(callbackID string, status int, body string)
	// Between runs after a provider has done its part of a call and before the switch has the answer. It may be nil.
	Between func(r *http.Request)

	options   Options
	crashedAt string // the point of the crash; empty while the switch is up
}

// notifyPath is where providers notify.
const notifyPath = "/n/"

// New builds a world with one test merchant, a channel at every sandbox and a webhook endpoint.
func New(ctx context.Context, o Options) (*World, error) {
	w := &World{Store: o.Store, Log: o.Log, Channels: map[string]postern.Channel{}, Sandboxes: map[string]all.Sandbox{}, Net: sandboxkit.Local{}, options: o}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	if o.Join != nil {
		return w, w.join(o.Join)
	}
	var seed [32]byte
	for i := range 8 {
		seed[i] = byte(o.Seed >> (8 * i))
	}
	w.Rand = &lockedReader{r: rand.NewChaCha8(seed)}
	w.Clock = sandboxkit.NewClock(func() time.Time { return Start })
	if o.Wall != nil {
		w.Clock = sandboxkit.NewClock(o.Wall)
	}
	w.Hook = &Hook{}
	w.Net[MerchantHost] = w.Hook
	if err := w.assemble(); err != nil {
		return nil, err
	}
	if err := w.listen(ctx); err != nil {
		return nil, err
	}
	return w, w.populate(ctx)
}

// join makes this node one more over another's database.
func (w *World) join(o *World) error {
	w.Clock, w.Rand, w.Net, w.Sandboxes, w.Hook = o.Clock, o.Rand, o.Net, o.Sandboxes, o.Hook
	w.Merchant, w.Channels, w.Secret, w.Runner = o.Merchant, o.Channels, o.Secret, o.Runner
	if err := w.assemble(); err != nil {
		return err
	}
	w.Store.UseJobs(w.Runner.Insert)
	return nil
}

// assemble builds the rooms of the switch.
func (w *World) assemble() error {
	var err error
	kek := make([]byte, 32)
	for i := range kek {
		kek[i] = byte(i * 7)
	}
	if w.Vault, err = vault.New(kek, false); err != nil {
		return err
	}
	w.Engine = &engine.Engine{
		Store: w.Store, Vault: w.Vault, Registry: all.Registry(), PublicURL: "http://" + Host, CallbackURL: "http://" + Host, Log: w.Log,
		Env: provider.Env{Now: w.tick, Rand: w.Rand, HTTP: network{w}, Fault: w.options.Fault},
	}
	w.Sender = &webhook.Sender{Store: w.Store, Vault: w.Vault, HTTP: network{w}, Now: w.Clock.Now, Jitter: func() int64 { return 0 }, Log: w.Log}
	w.Callback = callback.New(w.Engine, w.Log)
	w.API = &api.API{Engine: w.Engine, Store: w.Store, Vault: w.Vault, Sender: w.Sender, Rand: w.Rand, Now: w.Clock.Now, Log: w.Log, Version: "sim"}
	return nil
}

// tick is the engine's clock: a microsecond passes between two readings, so that what happens one after the other is seen to.
func (w *World) tick() time.Time {
	w.Clock.Advance(time.Microsecond)
	return w.Clock.Now()
}

// listen starts the job runner and opens the switch to the network.
func (w *World) listen(ctx context.Context) error {
	handler := func(run queue.Handler) queue.Handler {
		if w.options.Twice {
			return twice(run)
		}
		return run
	}
	registry := queue.NewRegistry()
	for kind, run := range w.Engine.Jobs() {
		registry.Handle(kind, handler(queue.Handler(run)))
	}
	registry.Handle(postern.JobSequence, handler(w.Sender.Sequence))
	registry.Handle(postern.JobDeliver, handler(w.Sender.Deliver), queue.InLane(queue.LaneOutside))
	var err error
	if w.Runner, err = queue.NewRunner(ctx, w.Store, registry, queue.RunnerOptions{Through: isCrash}); err != nil {
		return err
	}
	w.Store.UseJobs(w.Runner.Insert)
	mux := http.NewServeMux()
	w.Callback.Register(mux)
	w.API.Register(mux)
	w.Net[Host] = &front{world: w, mux: mux}
	return nil
}

// populate makes the merchant, its accounts at the sandboxes, and where it is told.
func (w *World) populate(ctx context.Context) error {
	o := w.options
	w.Merchant = postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, w.Clock.Now(), w.Rand), Name: "老王烧饼", Locale: "zh-CN", Zone: "Asia/Shanghai", CreatedAt: w.Clock.Now()}
	if err := w.Store.SaveMerchant(ctx, w.Merchant); err != nil {
		return err
	}
	w.Merchant.Version = 1
	makers := o.Makers
	if makers == nil {
		makers = all.Sandboxes()
	}
	for _, maker := range makers {
		host := maker.Code + ".sandbox"
		box, err := maker.Make(all.Setup{Clock: w.Clock, Rand: w.Rand, HTTP: w.Net, BaseURL: "http://" + host, Name: w.Merchant.Name, Key: o.Key, Log: w.Log})
		if err != nil {
			return fmt.Errorf("sim: %s: %w", maker.Code, err)
		}
		w.Sandboxes[maker.Code], w.Net[host], w.Net["control."+host] = box, box.Handler, box.Control
		channel, err := w.Engine.AddChannel(ctx, engine.NewChannel{
			Merchant: w.Merchant, OwnerID: w.Merchant.ID, Provider: maker.Code, Settings: box.Settings, Keys: box.Keys, Sandbox: true, Products: box.Products,
		})
		if err != nil {
			return fmt.Errorf("sim: %s: %w", maker.Code, err)
		}
		w.Channels[maker.Code] = channel
		if _, err := w.Engine.RefreshTrust(ctx, channel); err != nil {
			return fmt.Errorf("sim: %s: %w", maker.Code, err)
		}
	}
	var err error
	if w.Secret, _, err = w.API.MakeKey(ctx, w.Merchant.ID, "sim", false); err != nil {
		return err
	}
	_, w.Hook.Secret, err = w.API.MakeEndpoint(ctx, w.Merchant, "http://"+MerchantHost+"/hook", nil)
	return err
}
