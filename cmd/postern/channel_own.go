package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postern"
	"postern/engine"
)

// oneChannel names a channel of a merchant.
type oneChannel struct {
	ID       string `arg:"" help:"The channel (chn_...)."`
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
}

// load finds the channel and its merchant.
func (c *oneChannel) load(ctx context.Context, o *offline) (postern.Merchant, postern.Channel, error) {
	m, err := o.merchant(ctx, c.Merchant)
	if err != nil {
		return m, postern.Channel{}, err
	}
	channel, err := o.store.Channel(ctx, m.ID, c.ID)
	return m, channel, err
}

type channelShowCmd struct{ oneChannel }

func (c *channelShowCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		_, channel, err := c.load(ctx, o)
		if err != nil {
			return err
		}
		settings, keys, err := o.engine.Settings(ctx, channel)
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "%s  %s  %s  account %s  version %d\n", channel.ID, channel.Provider, strings.Join(channel.Products, ","), channel.CredentialSetID, channel.Version)
		if channel.SubMerchant != "" {
			fmt.Fprintf(rt.stdout, "number %s\n", channel.SubMerchant)
		}
		for _, s := range settings {
			instead := ""
			if s.Account != "" {
				instead = " (in the place of " + s.Account + ")"
			}
			fmt.Fprintf(rt.stdout, "%s = %s  %s's%s\n", s.Name, s.Value, s.Source, instead)
		}
		for _, name := range keys {
			fmt.Fprintf(rt.stdout, "%s = [redacted]  channel's\n", name)
		}
		for _, p := range channel.Permissions {
			fmt.Fprintf(rt.stdout, "%s  %s\n", permissionWords(p), p.Note)
		}
		return nil
	})
}

func permissionWords(p postern.Permission) string {
	word := "withdrawn"
	if p.Allowed {
		word = "allowed"
	}
	text := string(p.Act) + " " + word + " by " + p.Source
	if p.Product != "" {
		text += " for " + p.Product
	}
	for _, at := range []struct {
		word string
		time time.Time
	}{{" from ", p.From}, {" until ", p.Until}} {
		if !at.time.IsZero() {
			text += at.word + at.time.In(postern.Beijing).Format("2006-01-02 15:04")
		}
	}
	return text
}

type channelSetCmd struct {
	oneChannel
	Set      map[string]string `help:"Settings as name=value; an empty value takes the channel's own back. 'postern channel fields' says which may be a channel's own."`
	KeyFile  map[string]string `help:"Keys as name=FILE."`
	Products []string          `help:"Products, separated by commas; as they are, if not given."`
}

func (c *channelSetCmd) Run(rt *runtime) error {
	keys, err := readKeys(c.KeyFile)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		_, channel, err := c.load(ctx, o)
		if err != nil {
			return err
		}
		_, err = o.engine.SetChannel(ctx, channel.MerchantID, channel.ID, channel.Version, engine.ChannelEdit{Settings: c.Set, Keys: keys, Products: c.Products})
		return err
	})
}

type channelReplaceCmd struct {
	oneChannel
	Account  string            `help:"An account that is already known (crs_...); otherwise --set and --key-file make one."`
	Provider string            `help:"The provider's code; the old channel's, if not given."`
	Set      map[string]string `help:"Settings as name=value."`
	KeyFile  map[string]string `help:"Keys as name=FILE."`
	Sub      string            `help:"The sub-merchant number under a partner's account."`
	Products []string          `help:"Products, separated by commas; the old channel's, if not given."`
}

func (c *channelReplaceCmd) Run(rt *runtime) error {
	keys, err := readKeys(c.KeyFile)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, old, err := c.load(ctx, o)
		if err != nil {
			return err
		}
		owner, err := o.accountOwner(ctx, m, c.Account)
		if err != nil {
			return err
		}
		fresh, err := o.engine.ReplaceChannel(ctx, m.ID, old.ID, engine.NewChannel{
			Merchant: m, OwnerID: owner, Provider: c.Provider, CredentialSetID: c.Account, Settings: c.Set, Keys: keys, SubMerchant: c.Sub, Products: c.Products,
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "channel %s takes new payments; %s takes none, and finishes what it began\nnext: postern channel check %s; later: postern channel retire %s\n", fresh.ID, old.ID, fresh.ID, old.ID)
		return nil
	})
}

type channelRetireCmd struct{ oneChannel }

func (c *channelRetireCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		_, channel, err := c.load(ctx, o)
		if err != nil {
			return err
		}
		_, err = o.engine.RetireChannel(ctx, channel.MerchantID, channel.ID)
		return err
	})
}
