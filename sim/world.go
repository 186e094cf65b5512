// Package sim is the whole switch under virtual time: a real database, the real engine, the real wire formats with real signatures, the providers' sandboxes
// behind an in-memory network, and one goroutine that moves the clock. Its checks compare our books with the sandboxes' own.
package sim

import (
	"context"
	"crypto/rsa"
	"errors"
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
	// Fault is called at the engine's named points.
	Fault func(ctx context.Context, point string) error
	// Log may be nil.
	Log *slog.Logger
	// Join makes another node over the same database and network: it shares the clock, the sandboxes and the merchant of the given world.
	Join *World
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
}

// New builds a world with one test merchant, a channel at every sandbox and a webhook endpoint.
func New(ctx context.Context, o Options) (*World, error) {
	w := &World{Store: o.Store, Log: o.Log, Channels: map[string]postern.Channel{}, Sandboxes: map[string]all.Sandbox{}, Net: sandboxkit.Local{}}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	var seed [32]byte
	for i := range 8 {
		seed[i] = byte(o.Seed >> (8 * i))
	}
	w.Rand = &lockedReader{r: rand.NewChaCha8(seed)}
	w.Clock = sandboxkit.NewClock(func() time.Time { return Start })
	if o.Join != nil {
		w.Clock, w.Rand, w.Net, w.Sandboxes, w.Hook = o.Join.Clock, o.Join.Rand, o.Join.Net, o.Join.Sandboxes, o.Join.Hook
	}
	if err := w.assemble(ctx, o); err != nil {
		return nil, err
	}
	if o.Join != nil {
		w.Merchant, w.Channels, w.Secret, w.Runner = o.Join.Merchant, o.Join.Channels, o.Join.Secret, o.Join.Runner
		w.Store.UseJobs(w.Runner.Insert)
		return w, nil
	}
	return w, w.populate(ctx, o)
}

// assemble builds the rooms of the switch.
func (w *World) assemble(ctx context.Context, o Options) error {
	var err error
	kek := make([]byte, 32)
	for i := range kek {
		kek[i] = byte(i * 7)
	}
	if w.Vault, err = vault.New(kek, false); err != nil {
		return err
	}
	w.Engine = &engine.Engine{
		Store: w.Store, Vault: w.Vault, Registry: all.Registry(), PublicURL: "http://" + Host, CallbackURL: "http://" + Host, Reach: engine.WallReach, Log: w.Log,
		Env: provider.Env{Now: w.Clock.Now, Rand: w.Rand, HTTP: network{w.Net}, Fault: o.Fault},
	}
	w.Sender = &webhook.Sender{Store: w.Store, Vault: w.Vault, HTTP: network{w.Net}, Now: w.Clock.Now, Jitter: func() int64 { return 0 }, Log: w.Log}
	w.Callback = callback.New(w.Engine, w.Log)
	w.API = &api.API{Engine: w.Engine, Store: w.Store, Vault: w.Vault, Sender: w.Sender, Rand: w.Rand, Now: w.Clock.Now, Log: w.Log, Version: "sim"}
	if o.Join != nil {
		return nil
	}
	registry := queue.NewRegistry()
	for kind, run := range w.Engine.Jobs() {
		registry.Handle(kind, queue.Handler(run))
	}
	for kind, run := range w.Sender.Jobs() {
		registry.Handle(kind, queue.Handler(run), queue.InLane(queue.LaneOutside))
	}
	if w.Runner, err = queue.NewRunner(ctx, w.Store, registry, queue.RunnerOptions{}); err != nil {
		return err
	}
	w.Store.UseJobs(w.Runner.Insert)
	mux := http.NewServeMux()
	w.Callback.Register(mux)
	w.API.Register(mux)
	w.Net[Host] = mux
	w.Hook = &Hook{}
	w.Net[MerchantHost] = w.Hook
	return nil
}

// populate makes the merchant, its accounts at the sandboxes, and where it is told.
func (w *World) populate(ctx context.Context, o Options) error {
	w.Merchant = postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, w.Clock.Now(), w.Rand), Name: "老王烧饼", Locale: "zh-CN", Zone: "Asia/Shanghai", CreatedAt: w.Clock.Now()}
	if err := w.Store.SaveMerchant(ctx, w.Merchant); err != nil {
		return err
	}
	w.Merchant.Version = 1
	for _, maker := range all.Sandboxes() {
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

// network is the in-memory network as the engine's Doer: a host that nobody has is certainly not reached.
type network struct{ local sandboxkit.Local }

func (n network) Do(r *http.Request) (*http.Response, error) {
	response, err := n.local.Do(r)
	if errors.Is(err, sandboxkit.ErrNoHost) {
		err = fmt.Errorf("%w: %w", provider.ErrNotSent, err)
	}
	return response, err
}
