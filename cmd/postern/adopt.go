package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
)

// adoptCmd switches a shop's code over from its provider to the facade of it. What it makes it finds again, so that it can be run until everything is well.
type adoptCmd struct {
	Provider  string            `arg:"" help:"Whose protocol the shop's code speaks."`
	DryRun    string            `name:"dry-run" placeholder:"LOG" help:"Only say which calls of a recorded log are covered (HAR, JSON Lines, or an access log; - reads the standard input). Needs no switch. Exit code 0: all are; 3: some are not." type:"path"`
	Merchant  string            `help:"The merchant (mer_...); the only one if there is one."`
	Channel   string            `help:"A channel (chn_...) over the shop's account that is there already; then no settings and keys are needed."`
	Set       map[string]string `help:"Settings of the shop's account as name=value; 'postern channel fields' and 'postern facade fields' list them."`
	KeyFile   map[string]string `help:"Keys of the shop's account as name=FILE, the private ones too: they are sealed, and printed nowhere."`
	Products  []string          `help:"What the shop's account may collect by, separated by commas; everything that a page can start for any buyer, if not given."`
	Number    string            `help:"The number of the issued account; the shop's own app_id or mchid, if not given, so that the code keeps it."`
	BaseURL   string            `name:"base-url" help:"Where the shop reaches the facade, if postern.toml does not say it yet."`
	Out       string            `help:"Write the switch's key and certificates for the shop into this folder." type:"path"`
	OldNumber string            `name:"old-number" help:"The number of a real order of before, to ask for through the facade; an invented one, if not given."`
	Smoke     bool              `default:"true" negatable:"" help:"Place, query and close an order of the smallest amount through the facade; nobody is charged."`
	JSON      bool              `name:"json" help:"As JSON."`
}

// adoption is what the command says, as --json writes it.
type adoption struct {
	Provider     string            `json:"provider"`
	Merchant     string            `json:"merchant"`
	Channel      string            `json:"channel"`
	ChannelFound bool              `json:"channel_found"`
	Account      string            `json:"account"`
	AccountFound bool              `json:"account_found"`
	Number       string            `json:"number"`
	BaseURL      string            `json:"base_url"`
	Public       map[string]string `json:"public"`
	Secrets      map[string]string `json:"secrets,omitempty"`
	Folder       string            `json:"folder,omitempty"`
	Steps        []adoptStep       `json:"steps"`
	OK           bool              `json:"ok"`
}

// adoptStep is one thing that was made or tried. Said is the provider's or the facade's own word.
type adoptStep struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Said string `json:"said"`
}

// errAdopt ends a run in which something was not well; it has been said line by line.
var errAdopt = errors.New("something is not well yet: mend what is marked FAIL and run the same command again; what was made is found")

func (c *adoptCmd) Run(rt *runtime) error {
	adopter, ok := all.Registry()[c.Provider].(provider.Adopter)
	if !ok {
		return fmt.Errorf("%q has no facade; there are %s", c.Provider, strings.Join(faced(), ", "))
	}
	if c.DryRun != "" {
		return c.dryRun(rt, adopter)
	}
	keys, err := readKeys(c.KeyFile)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		if c.BaseURL != "" {
			if err := checkBase("--base-url", c.BaseURL, o.cfg.Live); err != nil {
				return err
			}
			o.engine.FacadeURLs[c.Provider] = strings.TrimSuffix(c.BaseURL, "/")
		}
		done, err := o.engine.Adopt(ctx, theOperator, engine.AdoptInput{
			Merchant: m, Provider: c.Provider, ChannelID: c.Channel, Settings: c.Set, Keys: keys, Products: c.products(adopter), Number: c.Number,
		})
		if err != nil {
			return err
		}
		return c.tell(ctx, rt, o, done)
	})
}

// products are those that were named, else those that a page starts for whoever comes.
func (c *adoptCmd) products(adopter provider.Adopter) []string {
	codes := c.Products
	if len(codes) > 0 {
		return codes
	}
	for _, p := range adopter.Describe().Products {
		if p.OnPages() && !p.NeedsPayer {
			codes = append(codes, p.Code)
		}
	}
	return codes
}

// tell tries what was made and says everything.
func (c *adoptCmd) tell(ctx context.Context, rt *runtime, o *offline, done engine.Adopted) error {
	a := done.Issued.Account
	out := adoption{
		Provider: c.Provider, Merchant: a.MerchantID, Channel: done.Channel.ID, ChannelFound: done.ChannelFound, Account: a.ID, AccountFound: done.AccountFound, Number: a.Number,
		BaseURL: o.engine.FacadeURLs[c.Provider], Public: done.Issued.Public, Folder: c.Out,
	}
	made := map[bool]string{true: "found as it was", false: "made"}
	out.step("channel "+out.Channel, true, made[done.ChannelFound])
	out.step("account "+out.Account+" with the number "+a.Number, true, made[done.AccountFound])
	report, err := o.engine.CheckChannel(ctx, a.MerchantID, a.FormerChannelID)
	if err != nil {
		return err
	}
	for _, l := range report.Lines {
		out.step("the shop's own account: "+l.What, l.OK, l.Detail)
	}
	if c.Smoke {
		if err := out.smoke(ctx, o, a, c.OldNumber); err != nil {
			return err
		}
	}
	out.OK = !slices.ContainsFunc(out.Steps, func(s adoptStep) bool { return !s.OK })
	if c.JSON {
		err = c.writeJSON(rt, out, done.Issued)
	} else {
		err = c.print(rt, o, out, done.Issued)
	}
	if err == nil && !out.OK {
		err = errAdopt
	}
	return err
}

func (a *adoption) step(what string, ok bool, said string) {
	a.Steps = append(a.Steps, adoptStep{what, ok, strings.TrimSpace(said)})
}

// writeJSON writes one object. Secrets are in it only where no folder takes them.
func (c *adoptCmd) writeJSON(rt *runtime, out adoption, issued engine.IssuedFacade) error {
	if c.Out == "" {
		out.Secrets = issued.Secrets
	} else if err := writeIssued(issued, c.Out); err != nil {
		return err
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err == nil {
		fmt.Fprintln(rt.stdout, string(text))
	}
	return err
}

func (c *adoptCmd) print(rt *runtime, o *offline, out adoption, issued engine.IssuedFacade) error {
	for _, s := range out.Steps {
		mark := "ok  "
		if !s.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(rt.stdout, "%s %s: %s\n", mark, s.What, s.Said)
	}
	if out.BaseURL == "" {
		out.BaseURL = "https://" + out.Provider + ".pay.example.com"
		o.engine.FacadeURLs[out.Provider] = out.BaseURL
		fmt.Fprintf(rt.stdout, "\n%s is an example; say yours with --base-url or in %s.\n", out.BaseURL, rt.config)
	}
	key := "public_key"
	if c.Out != "" {
		key = filepath.Join(c.Out, "public_key.pem")
	}
	if faced, err := o.engine.Faced(out.Provider); err == nil {
		for _, name := range faced.Face().Public {
			key += ", known as " + issued.Public[name]
		}
	}
	fmt.Fprintf(rt.stdout, "\nChange two settings in the shop. The number %s, its own keys and its secrets stay.\n", out.Number)
	fmt.Fprintf(rt.stdout, "  1. the provider's address: %s\n  2. the provider's public key: %s; or its certificate, serial number %s\n\n", out.BaseURL, key, issued.Public["serial"])
	if err := o.paste(rt.stdout, issued.Account, issued.Public); err != nil {
		return err
	}
	if _, served := o.cfg.Facades[out.Provider]; !served {
		fmt.Fprintf(rt.stdout, "\nThe facade is not served yet. Add this to %s, and start the switch:\n\n%s", rt.config, hosting(out.Provider, out.BaseURL))
	}
	fmt.Fprintln(rt.stdout)
	if err := tellSecrets(rt.stdout, issued, c.Out); err != nil {
		return err
	}
	if len(issued.Secrets) > 0 {
		fmt.Fprintf(rt.stdout, "%s: new, and of use only to code that had none before\n", strings.Join(slices.Sorted(maps.Keys(issued.Secrets)), ", "))
	}
	fmt.Fprintln(rt.stdout, "To go back, set the two settings to what they were: nothing is lost on either side.")
	return nil
}

// hosting is what the configuration needs for a facade at an address.
func hosting(code, base string) string {
	port, certificate := "80", ""
	if strings.HasPrefix(base, "https://") {
		port, certificate = "443", "tls_cert = \"FILE\"\ntls_key = \"FILE\"\n"
	}
	if u, err := url.Parse(base); err == nil && u.Port() != "" {
		port = u.Port()
	}
	return fmt.Sprintf("[facades.%s]\nlisten = \"0.0.0.0:%s\"\nurl = %q\n%s", code, port, base, certificate)
}

// amountOf is how an order's amount is written for people.
func amountOf(s provider.StartRequest) string {
	return postern.FormatMoney(s.Attempt.Amount, s.Attempt.Currency)
}
