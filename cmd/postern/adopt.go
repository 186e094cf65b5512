package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
	"postern/route"
)

// adoptCmd switches a shop's code over from its provider to the facade of it. What it makes it finds again, so that it can be run until everything is well.
type adoptCmd struct {
	Provider  string            `arg:"" help:"Whose protocol the shop's code speaks."`
	DryRun    string            `name:"dry-run" placeholder:"LOG" help:"Only say which calls of a recorded log are covered (HAR, JSON Lines, or an access log; - reads the standard input). Needs no switch. Exit code 0: all are; 3: some are not." type:"path"`
	Merchant  string            `help:"The merchant (mer_...); the only one if there is one."`
	Channel   string            `help:"A channel (chn_...) over the shop's account that is there already; then no settings and keys are needed. The only one, if nothing is given."`
	Set       map[string]string `help:"Settings of the shop's account as name=value, and numbers of its keys that are no secret; 'postern channel fields' and 'postern facade fields' list them."`
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
	Files        []writtenFile     `json:"files,omitempty"`
	Changes      []adoptChange     `json:"changes"`
	Steps        []adoptStep       `json:"steps"`
	// Proven and Open say in words what this run showed and what it could not show.
	Proven []string `json:"proven"`
	Open   []string `json:"not_proven"`
	OK     bool     `json:"ok"`
}

// adoptChange is a value that changes in the shop's code. Or: for code that has this in the place of the one before it.
type adoptChange struct {
	ZH    string   `json:"zh"`
	EN    string   `json:"en"`
	Value string   `json:"value,omitempty"`
	Files []string `json:"files,omitempty"`
	Or    bool     `json:"or,omitempty"`
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
			if err := c.checkMixed(); err != nil {
				return err
			}
			o.engine.FacadeURLs[c.Provider] = strings.TrimRight(c.BaseURL, "/")
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

// checkMixed refuses one address for both ends: the names of the two are alike (base_url, --base-url).
func (c *adoptCmd) checkMixed() error {
	ours, err := url.Parse(c.BaseURL)
	if err != nil {
		return err
	}
	for name, value := range c.Set {
		if theirs, err := url.Parse(value); err == nil && theirs.Host != "" && theirs.Host == ours.Host {
			return fmt.Errorf("--base-url and --set %s are one address: --base-url is where this switch serves the facade to the shop, %s is where the provider itself is called", name, name)
		}
	}
	return nil
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
	out.made(done)
	report, err := o.engine.CheckChannel(ctx, a.MerchantID, a.FormerChannelID)
	if err != nil {
		return err
	}
	for _, l := range report.Lines {
		out.step("the shop's own account: "+l.What, l.OK, l.Detail)
	}
	out.shown(report.OK, "the shop's own account answers", "that the shop's own account answers")
	if err := out.collecting(ctx, o, a.MerchantID); err != nil {
		return err
	}
	if c.Smoke {
		if err := out.smoke(ctx, o, a, c.OldNumber); err != nil {
			return err
		}
	} else {
		out.shown(false, "", "the facade: it was not tried (--no-smoke)")
	}
	out.Open = append(out.Open, "that the shop reaches the facade's address, and that a buyer pays: place one small order with the shop's code and pay it")
	out.OK = !slices.ContainsFunc(out.Steps, func(s adoptStep) bool { return !s.OK })
	if out.BaseURL == "" {
		o.engine.FacadeURLs[c.Provider] = exampleBase(c.Provider)
	}
	out.changes(o)
	if c.Out != "" {
		if out.Files, err = o.writeIssued(done.Issued, c.Out); err != nil {
			return err
		}
	}
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

// made says what was made, found, corrected and moved.
func (a *adoption) made(done engine.Adopted) {
	said := map[bool]string{true: "found as it was", false: "made"}
	channel, account := said[done.ChannelFound], said[done.AccountFound]
	if len(done.Changed) > 0 {
		channel = "found, and changed: " + strings.Join(done.Changed, ", ")
	}
	if len(done.Added) > 0 {
		account = "found, and given: " + strings.Join(done.Added, ", ")
	}
	a.step("channel "+a.Channel, true, channel)
	a.step("account "+a.Account+" with the number "+a.Number, true, account)
	if done.Moved != "" {
		a.step("orders of before", true, "are asked for over "+done.Channel.ID+" from now on, and no more over "+done.Moved)
	}
}

// shown notes what a part of the run proves, or what it leaves open.
func (a *adoption) shown(ok bool, proven, open string) {
	switch {
	case !ok:
		a.Open = append(a.Open, open)
	case proven != "":
		a.Proven = append(a.Proven, proven)
	}
}

// collecting asks the planner, as the cashier's page does, where a buyer of a real order could pay now. Nothing is sent.
func (a *adoption) collecting(ctx context.Context, o *offline, merchantID string) error {
	places, err := o.engine.Places(ctx, merchantID, "", 100, time.Now())
	if err != nil {
		return err
	}
	every, open, reasons := map[string]bool{}, []string{}, []string{}
	for _, p := range places {
		well := false
		every[p.EN] = true
		for _, cell := range p.Cells {
			if well = well || cell.State != route.Blocked; cell.Reason != "" && !slices.Contains(reasons, cell.Reason) {
				reasons = append(reasons, cell.Reason)
			}
		}
		if well && !slices.Contains(open, p.EN) {
			open = append(open, p.EN)
		}
	}
	said := fmt.Sprintf("a buyer is offered a way to pay in %d of %d apps and browsers, as %s (by the plan; nothing was ordered)", len(open), len(every), strings.Join(open[:min(len(open), 4)], ", "))
	if len(open) == 0 {
		said = "no channel of the merchant can take an order now: " + strings.Join(reasons, ", ")
	}
	a.step("collecting", len(open) > 0, said)
	a.shown(len(open) > 0, "a channel may collect real orders now", "that any channel may collect")
	return nil
}

// changes lists what the shop's code has otherwise from now on, with the files where they were written.
func (a *adoption) changes(o *offline) {
	adopter, ok := o.engine.Registry[a.Provider].(provider.Adopter)
	if !ok {
		return
	}
	for _, change := range adopter.Changes(o.engine.FacadeURLs[a.Provider], a.Public) {
		one := adoptChange{ZH: change.ZH, EN: change.EN, Value: change.Value, Or: change.Or}
		for _, name := range change.Files {
			if a.Folder != "" {
				name = filepath.Join(a.Folder, fileOf(name, a.Public[name]))
			}
			one.Files = append(one.Files, name)
		}
		a.Changes = append(a.Changes, one)
	}
}

func (a *adoption) step(what string, ok bool, said string) {
	a.Steps = append(a.Steps, adoptStep{what, ok, strings.TrimSpace(said)})
}

// writeJSON writes one object. Secrets are in it only where no folder takes them.
func (c *adoptCmd) writeJSON(rt *runtime, out adoption, issued engine.IssuedFacade) error {
	if c.Out == "" {
		out.Secrets = issued.Secrets
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
	fmt.Fprintf(rt.stdout, "\nshown: %s\nnot shown: %s\n", orNothing(out.Proven), orNothing(out.Open))
	base := o.engine.FacadeURLs[out.Provider]
	if out.BaseURL == "" {
		fmt.Fprintf(rt.stdout, "\n%s is an example; say yours with --base-url or in %s.\n", base, rt.config)
	}
	fmt.Fprintf(rt.stdout, "\nChange two settings in the shop. Its number %s, its own keys and its secrets stay.\n店里只改两项；号码 %s、自己的密钥都不变。\n", out.Number, out.Number)
	n := 0
	for _, change := range out.Changes {
		lead := "     or / 或: "
		if !change.Or {
			n++
			lead = fmt.Sprintf("  %d. ", n)
		}
		what := append([]string{change.Value}, change.Files...)
		fmt.Fprintf(rt.stdout, "%s%s / %s: %s\n", lead, change.EN, change.ZH, strings.Join(slices.DeleteFunc(what, func(s string) bool { return s == "" }), "  "))
	}
	fmt.Fprintln(rt.stdout)
	if err := o.paste(rt.stdout, issued.Account, issued.Public); err != nil {
		return err
	}
	if _, served := o.cfg.Facades[out.Provider]; !served {
		fmt.Fprintf(rt.stdout, "\nThe facade is not served yet. Add this to %s, and start the switch:\n\n%s", rt.config, hosting(out.Provider, base))
	}
	fmt.Fprintln(rt.stdout)
	if c.Out == "" {
		tellSecrets(rt.stdout, issued)
	} else {
		tellFiles(rt.stdout, out.Files)
	}
	fmt.Fprintln(rt.stdout, "To go back, set the two settings to what they were and leave the switch running until its orders are done: nothing is lost on either side.")
	return nil
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, "; ")
}

// exampleBase stands for the address of a facade that has none yet.
func exampleBase(code string) string { return "https://" + code + ".pay.example.com" }

// hosting is what the configuration needs for a facade at an address. What is reached on this machine alone listens on it alone.
func hosting(code, base string) string {
	host, port, certificate := "0.0.0.0", "80", ""
	if strings.HasPrefix(base, "https://") {
		port, certificate = "443", "tls_cert = \"FILE\"\ntls_key = \"FILE\"\n"
	}
	if u, err := url.Parse(base); err == nil {
		port = cmp.Or(u.Port(), port)
		if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() == "localhost" || err == nil && ip.IsLoopback() {
			host = u.Hostname()
		}
	}
	return fmt.Sprintf("[facades.%s]\nlisten = %q\nurl = %q\n%s", code, net.JoinHostPort(host, port), base, certificate)
}

// amountOf is how an order's amount is written for people.
func amountOf(s provider.StartRequest) string {
	return postern.FormatMoney(s.Attempt.Amount, s.Attempt.Currency)
}
