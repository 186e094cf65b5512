package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"postern"
	"postern/store"
)

// merchantCmd adds and lists merchants.
type merchantCmd struct {
	Add    merchantAddCmd    `cmd:"" help:"Add a merchant and print its first API key."`
	List   merchantListCmd   `cmd:"" help:"List merchants."`
	Import merchantImportCmd `cmd:"" help:"Add or change a partner's merchants by a list (CSV): first it says what would become of each line."`
	Trade  merchantTradeCmd  `cmd:"" help:"Say what a merchant sells and where, for agreements and closures that ask."`
	GoLive merchantGoLiveCmd `cmd:"" name:"go-live" help:"Make the live twin of a test merchant: settings copied, keys and channels not."`
}

type merchantAddCmd struct {
	Name    string `required:"" help:"What buyers see."`
	Partner string `help:"The partner (ptn_...) that runs it."`
}

func (c *merchantAddCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		now := time.Now().UTC().Truncate(time.Microsecond)
		m := postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, now, rand.Reader), PartnerID: c.Partner, Name: c.Name, Live: o.cfg.Live, Locale: o.cfg.Locale, Zone: o.cfg.Zone, CreatedAt: now}
		return addMerchant(ctx, rt, o, m)
	})
}

func addMerchant(ctx context.Context, rt *runtime, o *offline, m postern.Merchant) error {
	if err := o.store.SaveMerchant(ctx, m); err != nil {
		return err
	}
	key, _, err := o.api.MakeKey(ctx, m.ID, "first key", m.Live)
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.stdout, "merchant %s\nsecret key %s (shown once)\nnext: postern channel add --merchant %s --provider ...\n  or, for a shop whose code speaks a provider's protocol already: postern adopt %s --merchant %s ...\n", m.ID, key, m.ID, strings.Join(faced(), "|"), m.ID)
	return nil
}

type merchantListCmd struct{}

func (c *merchantListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		page := store.Page{Limit: 100}
		for {
			rows, next, err := o.store.Merchants(ctx, "", page)
			if err != nil {
				return err
			}
			for _, m := range rows {
				fmt.Fprintf(rt.stdout, "%s  %s  %s\n", m.ID, mode(m.Live), m.Name)
			}
			if next == "" {
				return nil
			}
			page.After = next
		}
	})
}

func mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

type merchantGoLiveCmd struct {
	Merchant string `arg:"" help:"The test merchant (mer_...)."`
}

func (c *merchantGoLiveCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.store.Merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		if m.Live {
			return fmt.Errorf("%s is live already", m.ID)
		}
		if !o.cfg.Live {
			return fmt.Errorf("this switch is in test mode: set live = true in %s first", rt.config)
		}
		now := time.Now().UTC().Truncate(time.Microsecond)
		m.ID, m.Version, m.Live, m.CreatedAt = postern.NewID(postern.PrefixMerchant, now, rand.Reader), 0, true, now
		return addMerchant(ctx, rt, o, m)
	})
}
