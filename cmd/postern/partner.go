package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"postern"
)

// partnerCmd adds and lists service providers.
type partnerCmd struct {
	Add  partnerAddCmd  `cmd:"" help:"Add a partner and print its first API key."`
	List partnerListCmd `cmd:"" help:"List partners."`
}

type partnerAddCmd struct {
	Name string `required:"" help:"Its name, for people."`
}

func (c *partnerAddCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		now := time.Now().UTC().Truncate(time.Microsecond)
		p := postern.Partner{ID: postern.NewID(postern.PrefixPartner, now, rand.Reader), Name: c.Name, CreatedAt: now}
		if err := o.store.SavePartner(ctx, p); err != nil {
			return err
		}
		key, _, err := o.api.MakeKey(ctx, p.ID, "first key", o.cfg.Live)
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "partner %s\nsecret key %s (shown once)\nnext: postern credential add --partner %s --provider ...\n", p.ID, key, p.ID)
		return nil
	})
}

type partnerListCmd struct{}

func (c *partnerListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		rows, err := o.store.Partners(ctx)
		for _, p := range rows {
			fmt.Fprintf(rt.stdout, "%s  %s\n", p.ID, p.Name)
		}
		return err
	})
}
