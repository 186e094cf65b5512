package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/store"
)

// facadeCmd issues accounts to merchants whose code speaks a provider's protocol.
type facadeCmd struct {
	Issue   facadeIssueCmd   `cmd:"" help:"Issue an account, with the keys that the merchant's code needs; secrets are shown this once."`
	List    facadeListCmd    `cmd:"" help:"List accounts."`
	Show    facadeShowCmd    `cmd:"" help:"Say what to paste where, for each SDK."`
	Rotate  facadeRotateCmd  `cmd:"" help:"Give an account new keys, with an overlap."`
	Disable facadeDisableCmd `cmd:"" help:"End an account: its requests are answered as of an unknown one."`
	Missed  facadeMissedCmd  `cmd:"" help:"List calls that merchants' code made and the facade does not have."`
	Fields  facadeFieldsCmd  `cmd:"" help:"List what a facade's accounts are made of."`
}

type facadeIssueCmd struct {
	Provider string            `arg:"" help:"Whose protocol the merchant's code speaks."`
	Merchant string            `help:"The merchant (mer_...), if there are several."`
	Number   string            `help:"The number that the code has already (its app_id or mchid); a new one is minted if not given."`
	Set      map[string]string `help:"A setting of the account: name=value. See 'postern facade fields'."`
	KeyFile  map[string]string `help:"A key that the merchant gives: field=FILE, the public half of what its code signs with."`
	Former   string            `help:"The channel (chn_...) over the merchant's own account at the provider: orders of before are asked for there."`
	Out      string            `help:"Write keys and certificates for the merchant into this folder." type:"path"`
}

func (c *facadeIssueCmd) Run(rt *runtime) error {
	given, err := readKeyFiles(c.KeyFile)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		issued, err := o.engine.IssueFacade(ctx, theOperator, m.ID, engine.FacadeInput{Provider: c.Provider, Number: c.Number, Settings: c.Set, Keys: given, FormerChannelID: c.Former})
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "account %s\n", issued.Account.ID)
		return errors.Join(o.paste(rt.stdout, issued.Account, issued.Public), tellSecrets(rt.stdout, issued, c.Out))
	})
}

// theOperator is who acts at the command line.
var theOperator = engine.Actor{StaffOwnerID: postern.Platform, Who: "operator"}

func readKeyFiles(files map[string]string) (map[string][]byte, error) {
	given := map[string][]byte{}
	for field, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		given[field] = text
	}
	return given, nil
}

// tellSecrets shows what is shown once, or writes it with the keys into a folder that only its owner may read.
func tellSecrets(w io.Writer, issued engine.IssuedFacade, dir string) error {
	if dir == "" {
		for _, name := range slices.Sorted(maps.Keys(issued.Secrets)) {
			fmt.Fprintf(w, "secret %s (shown once): %s\n", name, issued.Secrets[name])
		}
		for _, name := range slices.Sorted(maps.Keys(issued.Public)) {
			fmt.Fprintf(w, "%s:\n%s\n", name, strings.TrimSpace(issued.Public[name]))
		}
		return nil
	}
	if err := writeIssued(issued, dir); err != nil {
		return err
	}
	fmt.Fprintf(w, "keys and secrets are in %s\n", dir)
	return nil
}

// writeIssued writes an account's keys and secrets into a folder that only its owner may read.
func writeIssued(issued engine.IssuedFacade, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, texts := range []map[string]string{issued.Public, issued.Secrets} {
		for name, text := range texts {
			end := ".txt"
			if strings.HasPrefix(text, "-----BEGIN") {
				end = ".pem"
			}
			if err := writeFile(filepath.Join(dir, name+end), []byte(text)); err != nil {
				return err
			}
		}
	}
	return nil
}

// paste says what to change in the merchant's code, per SDK.
func (o *offline) paste(w io.Writer, a postern.FacadeAccount, public map[string]string) error {
	faced, err := o.engine.Faced(a.Provider)
	if err != nil {
		return err
	}
	base := o.engine.FacadeURLs[a.Provider]
	if base == "" {
		base = "(not served yet: set facades." + a.Provider + ".listen and .url)"
	}
	fmt.Fprintf(w, "%s %s at %s\n", a.Provider, a.Number, base)
	fill := strings.NewReplacer("{base_url}", base, "{number}", a.Number, "{serial}", public["serial"])
	for _, p := range faced.Face().Paste {
		fmt.Fprintf(w, "  %s\n    %s\n    %s\n", p.SDK, fill.Replace(p.ZH), fill.Replace(p.EN))
	}
	return nil
}

type facadeListCmd struct {
	Merchant string `help:"The merchant (mer_...), if there are several."`
	After    string `help:"Go on after this account."`
}

func (c *facadeListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		list, next, err := o.store.Facades(ctx, m.ID, store.Page{After: c.After, Limit: 100})
		if err != nil {
			return err
		}
		for _, a := range list {
			state := "open"
			if !a.DisabledAt.IsZero() {
				state = "disabled"
			}
			fmt.Fprintf(rt.stdout, "%s  %-10s %-20s %s\n", a.ID, a.Provider, a.Number, state)
		}
		if next != "" {
			fmt.Fprintf(rt.stdout, "more: --after %s\n", next)
		}
		return nil
	})
}

type facadeShowCmd struct {
	Account  string `arg:"" help:"The account (fac_...)."`
	Merchant string `help:"The merchant (mer_...), if there are several."`
	JSON     bool   `name:"json" help:"As JSON."`
}

func (c *facadeShowCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		a, err := o.store.Facade(ctx, m.ID, c.Account)
		if err != nil {
			return err
		}
		keys, err := o.store.FacadeKeys(ctx, m.ID, a.ID)
		if err != nil {
			return err
		}
		public := map[string]string{}
		if len(keys) > 0 {
			public = keys[0].Public
		}
		if !c.JSON {
			return o.paste(rt.stdout, a, public)
		}
		text, err := json.MarshalIndent(map[string]any{
			"id": a.ID, "provider": a.Provider, "number": a.Number, "base_url": o.engine.FacadeURLs[a.Provider], "settings": a.Settings, "public": public,
		}, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(rt.stdout, string(text))
		return nil
	})
}

type facadeRotateCmd struct {
	Account  string            `arg:"" help:"The account (fac_...)."`
	Merchant string            `help:"The merchant (mer_...), if there are several."`
	KeyFile  map[string]string `help:"A new key of the merchant's: field=FILE. Without one only the switch's own keys are new."`
	In       time.Duration     `default:"0s" help:"When the new keys begin to sign."`
	Overlap  time.Duration     `default:"168h" help:"How long the keys before still verify."`
	Out      string            `help:"Write keys and certificates for the merchant into this folder." type:"path"`
}

func (c *facadeRotateCmd) Run(rt *runtime) error {
	given, err := readKeyFiles(c.KeyFile)
	if err != nil {
		return err
	}
	if c.In < 0 || c.Overlap < 0 || c.Overlap > 366*24*time.Hour {
		return errors.New("--in and --overlap: give spans of up to a year, as 168h")
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		issued, err := o.engine.RotateFacade(ctx, theOperator, m.ID, c.Account, engine.FacadeRotation{Keys: given, From: time.Now().Add(c.In), Overlap: c.Overlap})
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "new keys sign from %s\n", issued.Key.NotBefore.Format(time.RFC3339))
		return tellSecrets(rt.stdout, issued, c.Out)
	})
}

type facadeDisableCmd struct {
	Account  string `arg:"" help:"The account (fac_...)."`
	Merchant string `help:"The merchant (mer_...), if there are several."`
}

func (c *facadeDisableCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		a, err := o.engine.DisableFacade(ctx, theOperator, m.ID, c.Account)
		if err == nil {
			fmt.Fprintf(rt.stdout, "account %s is disabled; its orders go on\n", a.ID)
		}
		return err
	})
}

type facadeMissedCmd struct {
	Merchant string `help:"The merchant (mer_...), if there are several."`
	Days     int    `default:"30" help:"Of so many days."`
}

func (c *facadeMissedCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		since := time.Now().In(postern.Beijing).AddDate(0, 0, -c.Days)
		list, err := o.store.MissedCalls(ctx, m.ID, int64(since.Year()*10000+int(since.Month())*100+since.Day()))
		if err != nil {
			return err
		}
		if len(list) == 0 {
			fmt.Fprintln(rt.stdout, "nothing was missed")
		}
		for _, missed := range list {
			fmt.Fprintf(rt.stdout, "%6d times, last on %d: %s (%s)\n", missed.Times, missed.LastDay, missed.What, missed.AccountID)
		}
		return nil
	})
}

type facadeFieldsCmd struct {
	Provider string `arg:"" help:"Whose protocol."`
}

func (c *facadeFieldsCmd) Run(rt *runtime) error {
	return rt.withStore(func(_ context.Context, o *offline) error {
		faced, err := o.engine.Faced(c.Provider)
		if err != nil {
			return err
		}
		for _, f := range faced.Face().Settings {
			fmt.Fprintf(rt.stdout, "--set %s=...  %s\n", f.Name, f.LabelEN)
		}
		for _, f := range faced.Face().Keys {
			if !f.Own {
				fmt.Fprintf(rt.stdout, "--key-file %s=FILE  %s\n", f.Name, f.LabelEN)
			}
		}
		return nil
	})
}
