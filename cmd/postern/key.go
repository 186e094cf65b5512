package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// keyCmd makes and revokes API keys.
type keyCmd struct {
	Add    keyAddCmd    `cmd:"" help:"Make an API key; it is shown once."`
	List   keyListCmd   `cmd:"" help:"List API keys by their first characters."`
	Revoke keyRevokeCmd `cmd:"" help:"Revoke an API key."`
}

type keyAddCmd struct {
	keyOwner
	Name  string   `default:"key" help:"What the key is for."`
	Scope []string `enum:"read,pay,refund,manage" help:"What the key may do: read, pay, refund, manage; everything, if not given."`
}

// keyOwner says whose keys a command is about.
type keyOwner struct {
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
	Partner  string `help:"The partner (ptn_...), whose keys act for all of its merchants."`
}

// of returns the owner's id and mode; a partner's keys are of the switch's mode.
func (k *keyOwner) of(ctx context.Context, o *offline) (id string, live bool, err error) {
	if k.Partner != "" {
		p, err := o.store.Partner(ctx, k.Partner)
		return p.ID, o.cfg.Live, err
	}
	m, err := o.merchant(ctx, k.Merchant)
	return m.ID, m.Live, err
}

func (c *keyAddCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, live, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		key, _, err := o.api.MakeKey(ctx, owner, c.Name, live, c.Scope...)
		if err == nil {
			fmt.Fprintln(rt.stdout, key)
		}
		return err
	})
}

type keyListCmd struct{ keyOwner }

func (c *keyListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, _, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		rows, err := o.store.Keys(ctx, owner)
		for _, k := range rows {
			state := "in use"
			if !k.RevokedAt.IsZero() {
				state = "revoked"
			}
			may := ""
			if len(k.Scopes) > 0 {
				may = "  only " + strings.Join(k.Scopes, ", ")
			}
			fmt.Fprintf(rt.stdout, "%s  %s...  %s  %s%s\n", k.ID, k.Prefix, state, k.Name, may)
		}
		return err
	})
}

type keyRevokeCmd struct {
	keyOwner
	Key string `arg:"" help:"The key's id (key_...)."`
}

func (c *keyRevokeCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, _, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		return o.store.RevokeKey(ctx, owner, c.Key, time.Now().UTC().Truncate(time.Microsecond))
	})
}
