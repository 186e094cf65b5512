package main

import (
	"context"
	"fmt"
	"time"
)

// keyCmd makes and revokes API keys.
type keyCmd struct {
	Add    keyAddCmd    `cmd:"" help:"Make an API key; it is shown once."`
	List   keyListCmd   `cmd:"" help:"List API keys by their first characters."`
	Revoke keyRevokeCmd `cmd:"" help:"Revoke an API key."`
}

type keyAddCmd struct {
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
	Name     string `default:"key" help:"What the key is for."`
}

func (c *keyAddCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		key, _, err := o.api.MakeKey(ctx, m.ID, c.Name, m.Live)
		if err == nil {
			fmt.Fprintln(rt.stdout, key)
		}
		return err
	})
}

type keyListCmd struct {
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
}

func (c *keyListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		rows, err := o.store.Keys(ctx, m.ID)
		for _, k := range rows {
			state := "in use"
			if !k.RevokedAt.IsZero() {
				state = "revoked"
			}
			fmt.Fprintf(rt.stdout, "%s  %s...  %s  %s\n", k.ID, k.Prefix, state, k.Name)
		}
		return err
	})
}

type keyRevokeCmd struct {
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
	Key      string `arg:"" help:"The key's id (key_...)."`
}

func (c *keyRevokeCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		return o.store.RevokeKey(ctx, m.ID, c.Key, time.Now().UTC().Truncate(time.Microsecond))
	})
}
