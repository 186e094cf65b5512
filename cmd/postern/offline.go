package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"postern"
	"postern/api"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
	"postern/queue"
	"postern/store"
	"postern/vault"
	"postern/webhook"
)

// offline is what the operator's tools need: the database, the vault and the verbs, without listeners and without working jobs.
type offline struct {
	cfg    config
	store  *store.Store
	engine *engine.Engine
	api    *api.API
}

// withStore runs a tool over the configured database. While an embedded database is served it belongs to the server, and the tool says so.
func (rt *runtime) withStore(do func(ctx context.Context, o *offline) error) error {
	cfg, err := readConfig(rt.config)
	if err != nil {
		return err
	}
	v, err := vault.New(cfg.kek, cfg.Live)
	if err != nil {
		return err
	}
	s, err := openStore(rt.ctx, cfg, rt.log, false)
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("the embedded database is in use by a running switch: stop it for this command, or do it in the console (%s/console) or by the API (%s/v1); over PostgreSQL nothing has to stop", cfg.PublicURL, cfg.PublicURL)
	}
	if err != nil {
		return err
	}
	river, err := queue.NewRiver(s, queue.NewRegistry(), queue.RiverOptions{Now: time.Now, Random: rand.Reader, Logger: rt.log})
	if err != nil {
		return errors.Join(err, s.Close())
	}
	s.UseJobs(river.Insert) // What a tool wants done, the switch does when it runs.
	client, err := outbound(cfg.EgressProxy, time.Duration(cfg.CallTimeout))
	if err != nil {
		return errors.Join(err, s.Close())
	}
	bills, err := downloads(cfg.EgressProxy)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	own, err := newOverlay(cfg.WallOverlay, rt.log)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	o := &offline{cfg: cfg, store: s}
	o.engine = &engine.Engine{
		Store: s, Vault: v, Registry: all.Registry(), PublicURL: cfg.PublicURL, CallbackURL: cfg.CallbackURL, Wall: own.holder.Map, Log: rt.log,
		Env: provider.Env{Now: time.Now, Rand: rand.Reader, HTTP: provider.HTTPDoer{Client: client}}, Download: bills, CallTimeout: time.Duration(cfg.CallTimeout), Deadlines: cfg.deadlines(), Live: cfg.Live, FacadeURLs: facadeURLs(cfg.Facades),
	}
	o.api = &api.API{Engine: o.engine, Store: s, Vault: v, Rand: rand.Reader, Now: time.Now, Log: rt.log, Sender: &webhook.Sender{Store: s, Vault: v, Now: time.Now, Log: rt.log}}
	return errors.Join(do(rt.ctx, o), s.Close())
}

// withReader runs a tool that only reads over the configured database, beside a running switch too. The tool has no keys and calls nobody.
func (rt *runtime) withReader(do func(ctx context.Context, o *offline) error) error {
	cfg, err := readConfig(rt.config)
	if err != nil {
		return err
	}
	s, err := store.Open(rt.ctx, cfg.Database, store.Options{Logger: rt.log, ReadOnly: true})
	if err != nil {
		return err
	}
	if err := s.CheckSchema(rt.ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	o := &offline{cfg: cfg, store: s, engine: &engine.Engine{Store: s, Registry: all.Registry(), PublicURL: cfg.PublicURL, Log: rt.log, Live: cfg.Live, FacadeURLs: facadeURLs(cfg.Facades)}}
	return errors.Join(do(rt.ctx, o), s.Close())
}

// merchant loads a merchant, or the only one there is when no id is given.
func (o *offline) merchant(ctx context.Context, id string) (postern.Merchant, error) {
	if id != "" {
		return o.store.Merchant(ctx, id)
	}
	rows, _, err := o.store.Merchants(ctx, "", store.Page{Limit: 2})
	if err != nil {
		return postern.Merchant{}, err
	}
	switch len(rows) {
	case 0:
		return postern.Merchant{}, errors.New("there is no merchant yet: postern merchant add --name 'My shop'")
	case 1:
		return rows[0], nil
	}
	return postern.Merchant{}, errors.New("there are several merchants: say which by its id, mer_...")
}

// describe finds a provider by its code.
func describe(code string) (provider.Description, error) {
	c, ok := all.Registry()[code]
	if !ok {
		return provider.Description{}, errors.New("this binary has no such provider; 'postern version' lists them")
	}
	return c.Describe(), nil
}
