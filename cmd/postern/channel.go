package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"postern/engine"
)

// channelCmd adds, lists and checks channels.
type channelCmd struct {
	Health    channelHealthCmd    `cmd:"" help:"Print what was observed of a channel: suspended, probed and restored, with the evidence."`
	Add       channelAddCmd       `cmd:"" help:"Add a channel with its first keys."`
	List      channelListCmd      `cmd:"" help:"List channels."`
	Show      channelShowCmd      `cmd:"" help:"Print a channel: its settings and whose they are, its permissions with their history."`
	Set       channelSetCmd       `cmd:"" help:"Give a channel settings and keys of its own beside its account's."`
	Replace   channelReplaceCmd   `cmd:"" help:"Put another channel in the place of one; what is under way over the old one is finished there."`
	Retire    channelRetireCmd    `cmd:"" help:"End a channel over which nothing is under way any more."`
	Check     channelCheckCmd     `cmd:"" help:"Make a harmless signed call and print what to register where."`
	Restore   channelRestoreCmd   `cmd:"" help:"Lift what was observed about a channel, so that it is offered again."`
	Agreement channelAgreementCmd `cmd:"" help:"Print or change the agreement behind a channel."`
	Fields    channelFieldsCmd    `cmd:"" help:"Print the settings and keys that a provider wants."`
}

type channelAddCmd struct {
	Merchant string            `help:"The merchant (mer_...); the only one if there is one."`
	Provider string            `required:"" help:"The provider's code; 'postern version' lists them."`
	Account  string            `help:"An account that is already known (crs_...), the merchant's or its partner's; --set and --key-file are then the channel's own."`
	Products []string          `required:"" help:"Products, separated by commas."`
	Set      map[string]string `help:"Settings as name=value; 'postern channel fields' lists them."`
	KeyFile  map[string]string `help:"Keys as name=FILE."`
	Sub      string            `help:"The sub-merchant number under a partner's account."`
	Force    bool              `name:"force-historic" help:"Add a live channel over a provider whose service is of the past."`
}

func (c *channelAddCmd) Run(rt *runtime) error {
	keys, err := readKeys(c.KeyFile)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		owner, err := o.accountOwner(ctx, m, c.Account)
		if err != nil {
			return err
		}
		ch, err := o.engine.AddChannel(ctx, engine.NewChannel{Merchant: m, OwnerID: owner, Provider: c.Provider, CredentialSetID: c.Account, Settings: c.Set, Keys: keys, SubMerchant: c.Sub, Products: c.Products, ForceHistoric: c.Force})
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "channel %s\nnext: postern channel check %s\n", ch.ID, ch.ID)
		return nil
	})
}

type channelListCmd struct {
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
}

func (c *channelListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		rows, err := o.store.Channels(ctx, m.ID)
		for _, ch := range rows {
			state := "open"
			if !ch.RetiredAt.IsZero() {
				state = "retired"
			}
			fmt.Fprintf(rt.stdout, "%s  %s  %s  %s\n", ch.ID, ch.Provider, strings.Join(ch.Products, ","), state)
		}
		return err
	})
}

type channelCheckCmd struct {
	ID       string `arg:"" help:"The channel (chn_...)."`
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
}

func (c *channelCheckCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		report, err := o.engine.CheckChannel(ctx, m.ID, c.ID)
		if err != nil {
			return err
		}
		printReport(rt, report)
		fmt.Fprintln(rt.stdout, checkCallback(ctx, o.cfg.CallbackURL))
		if !report.OK {
			return errors.New("the channel is not ready")
		}
		return nil
	})
}

// checkCallback says whether the notification address leads here. It is asked from this machine, and over an embedded database only while the switch stands still, so
// it is a note and no verdict; that the provider reaches it is for the first test payment to show.
func checkCallback(ctx context.Context, callbackURL string) string {
	if err := reachCallback(ctx, callbackURL); err != nil {
		return "note callback address: " + err.Error()
	}
	return "ok   callback address: the switch answers at " + callbackURL + ", as seen from this machine"
}

// reachCallback asks the notification address for something that does not exist: whatever serves it must be a Postern.
func reachCallback(ctx context.Context, callbackURL string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, callbackURL+"/n/nobody", http.NoBody)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return errors.New("nothing answers at " + callbackURL + " now; start the switch and open it to the provider")
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		return errors.New(callbackURL + " is not this switch (" + response.Status + ")")
	}
	return nil
}

func printReport(rt *runtime, r engine.ChannelReport) {
	for _, line := range r.Lines {
		mark := "ok  "
		if !line.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(rt.stdout, "%s %s: %s\n", mark, line.What, line.Detail)
	}
	if len(r.Registrations) > 0 {
		fmt.Fprintln(rt.stdout, "\nRegister at the provider:")
	}
	for _, reg := range r.Registrations {
		fmt.Fprintf(rt.stdout, "  %s\n    %s\n    %s\n", reg.Where, reg.Value, reg.Why)
	}
}

type channelRestoreCmd struct {
	ID       string `arg:"" help:"The channel (chn_...)."`
	Product  string `help:"Only this product."`
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
}

func (c *channelRestoreCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		_, err = o.engine.RestoreChannel(ctx, m.ID, c.ID, c.Product)
		return err
	})
}

type channelFieldsCmd struct {
	Provider string `arg:"" help:"The provider's code."`
}

func (c *channelFieldsCmd) Run(rt *runtime) error {
	d, err := describe(c.Provider)
	if err != nil {
		return err
	}
	for _, f := range d.Settings {
		fmt.Fprintf(rt.stdout, "--set %s=...  %s (%s)%s\n", f.Name, f.LabelEN, f.LabelZH, optional(f.Required)+perChannel(f.PerChannel))
	}
	for _, k := range d.Keys {
		fmt.Fprintf(rt.stdout, "--key-file %s=FILE  %s (%s)%s\n", k.Name, k.LabelEN, k.LabelZH, optional(k.Required)+perChannel(k.PerChannel))
	}
	for _, p := range d.Products {
		fmt.Fprintf(rt.stdout, "--products %s\n", p.Code)
	}
	return nil
}

func optional(required bool) string {
	if required {
		return ""
	}
	return ", optional"
}

func perChannel(own bool) string {
	if own {
		return ", may be a channel's own"
	}
	return ""
}
