package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"postern"
	"postern/api"
	"postern/callback"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
	"postern/queue"
	"postern/store"
	"postern/vault"
	"postern/web/checkout"
	"postern/web/console"
	"postern/web/shop"
	"postern/webhook"
)

// theSwitch is the assembled product: every room, wired once.
type theSwitch struct {
	cfg      config
	log      *slog.Logger
	store    *store.Store
	engine   *engine.Engine
	vault    *vault.Vault
	river    *queue.River
	sender   *webhook.Sender
	api      *api.API
	callback *callback.Handler
	checkout *checkout.Handler
	metrics  *metrics
	overlay  *overlay
	public   *http.ServeMux
	facades  []facadeHost
}

// version is set by the build; a build from a checkout says so.
var version = "dev"

// openStore opens the database and brings it to this binary's schema, or on PostgreSQL refuses an older one, because a migration there is an act of the operator's.
func openStore(ctx context.Context, cfg config, log *slog.Logger, migrate bool) (*store.Store, error) {
	s, err := store.Open(ctx, cfg.Database, store.Options{Logger: log})
	if err != nil {
		return nil, err
	}
	if s.Dialect() == store.SQLite || migrate {
		err = errors.Join(s.Migrate(ctx))
		if err == nil {
			err = queue.Migrate(ctx, s)
		}
	} else {
		err = s.CheckSchema(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// build assembles the switch over a configuration. Nothing listens and no job runs yet.
func build(ctx context.Context, cfg config, log *slog.Logger, options ...func(*checkout.Config)) (*theSwitch, error) {
	s := &theSwitch{cfg: cfg, log: log, public: http.NewServeMux(), metrics: newMetrics()}
	var err error
	if s.vault, err = vault.New(cfg.kek, cfg.Live); err != nil {
		return nil, err
	}
	client, err := outbound(cfg.EgressProxy, time.Duration(cfg.CallTimeout))
	if err != nil {
		return nil, fmt.Errorf("egress_proxy: %w", err)
	}
	bills, err := downloads(cfg.EgressProxy)
	if err != nil {
		return nil, fmt.Errorf("egress_proxy: %w", err)
	}
	if s.store, err = openStore(ctx, cfg, log, false); err != nil {
		return nil, err
	}
	if s.overlay, err = newOverlay(cfg.WallOverlay, log); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	s.engine = &engine.Engine{
		Store: s.store, Vault: s.vault, Registry: all.Registry(), PublicURL: cfg.PublicURL, CallbackURL: cfg.CallbackURL, Wall: s.overlay.holder.Map, Log: log,
		Env: provider.Env{Now: time.Now, Rand: rand.Reader, HTTP: provider.HTTPDoer{Client: client}}, Download: bills,
		StartTimeout: time.Duration(cfg.StartTimeout), CallTimeout: time.Duration(cfg.CallTimeout), Deadlines: cfg.deadlines(), Live: cfg.Live,
		Bulkheads: engine.Bulkheads(cfg.Bulkheads), FacadeURLs: facadeURLs(cfg.Facades), Outward: provider.HTTPDoer{Client: webhook.NewClient(cfg.allow, 15*time.Second)},
	}
	s.sender = &webhook.Sender{Store: s.store, Vault: s.vault, HTTP: provider.HTTPDoer{Client: webhook.NewClient(cfg.allow, 15*time.Second)}, Now: time.Now, Jitter: jitter, Log: log}
	if err := s.startQueue(); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	s.api = &api.API{Engine: s.engine, Store: s.store, Vault: s.vault, Sender: s.sender, Rand: rand.Reader, Now: time.Now, Log: log, Version: version}
	s.callback = callback.New(s.engine, log)
	pages := checkout.Config{Engine: s.engine, Log: log}
	for _, option := range options {
		option(&pages)
	}
	s.checkout = checkout.New(pages)
	s.api.Register(s.public)
	s.callback.Register(s.public)
	s.checkout.Register(s.public)
	shop.New(shop.Config{Engine: s.engine, Wall: pages.Wall, ClientIP: pages.ClientIP, Framers: pages.Framers, Log: log}).Register(s.public)
	reach := func(ctx context.Context) error { return reachCallback(ctx, cfg.CallbackURL) }
	console.New(console.Config{Engine: s.engine, Reach: reach, Log: log}).Register(s.public)
	return s, errors.Join(s.openFacades(), s.serveVerifyFiles())
}

// startQueue makes River over the store and gives the store its insert.
func (s *theSwitch) startQueue() error {
	registry := queue.NewRegistry()
	for kind, run := range s.engine.Jobs() {
		registry.Handle(kind, queue.Handler(run))
	}
	registry.Handle(postern.JobSequence, s.sender.Sequence)
	registry.Handle(postern.JobDeliver, s.sender.Deliver, queue.InLane(queue.LaneOutside))
	var err error
	if s.river, err = queue.NewRiver(s.store, registry, queue.RiverOptions{Now: time.Now, Random: rand.Reader, Logger: s.log}); err != nil {
		return err
	}
	s.store.UseJobs(s.river.Insert)
	return nil
}

// serveVerifyFiles serves the small files that a provider wants at the root of a domain (MP_verify_*.txt), each read once at the start.
func (s *theSwitch) serveVerifyFiles() error {
	if s.cfg.VerifyFiles == "" {
		return nil
	}
	paths, err := filepath.Glob(filepath.Join(s.cfg.VerifyFiles, "*.txt"))
	if err != nil {
		return fmt.Errorf("verify_files: %w", err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil || len(content) > 4096 {
			return fmt.Errorf("verify_files: %s: unreadable or larger than 4096 bytes", filepath.Base(path))
		}
		s.public.HandleFunc("GET /"+filepath.Base(path), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write(content)
		})
	}
	return nil
}

// run works until ctx ends: jobs first, then the listeners; at the end no new request is taken, those under way finish, then the jobs, then the database.
func (s *theSwitch) run(ctx context.Context, public, admin net.Listener) error {
	ctx, cancelRun := context.WithCancel(ctx)
	defer cancelRun()
	if err := s.river.Start(ctx); err != nil {
		return err
	}
	var housekeeping sync.WaitGroup
	housekeeping.Go(func() { s.housekeep(ctx) })
	housekeeping.Go(func() { s.overlay.watch(ctx) })
	housekeeping.Go(func() { s.permissions(ctx) })
	quiet := slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	outer := &http.Server{
		Handler: realClient(s.cfg.proxies, s.metrics.count(s.public)), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 40 * time.Second,
		IdleTimeout: 90 * time.Second, MaxHeaderBytes: 32 << 10, ErrorLog: quiet,
	}
	inner := &http.Server{Handler: s.adminMux(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 20 * time.Second, ErrorLog: quiet}
	failed := make(chan error, 2+len(s.facades))
	err := s.serveFacades(failed)
	if err != nil {
		cancelRun()
	}
	go func() { failed <- s.serve(outer, public) }()
	if admin != nil {
		go func() { failed <- inner.Serve(admin) }()
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
		cancelRun()
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 25*time.Second)
	defer cancel()
	err = errors.Join(err, outer.Shutdown(grace), inner.Shutdown(grace), s.shutFacades(grace), s.river.Stop(grace))
	housekeeping.Wait()
	err = errors.Join(err, s.store.Close())
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *theSwitch) serve(server *http.Server, l net.Listener) error {
	if s.cfg.TLSCert != "" {
		return server.ServeTLS(l, s.cfg.TLSCert, s.cfg.TLSKey)
	}
	return server.Serve(l)
}

// adminMux is what the operator's own network sees: liveness, readiness and metrics.
func (s *theSwitch) adminMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := s.store.Ping(ctx); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	mux.Handle("GET /metrics", s.metrics.handler(s))
	return mux
}

// jitter returns a number of [0, 1000) for spreading retries.
func jitter() int64 {
	n, err := rand.Int(rand.Reader, big.NewInt(1000))
	if err != nil {
		return 500 // Without randomness retries are merely less spread.
	}
	return n.Int64()
}
