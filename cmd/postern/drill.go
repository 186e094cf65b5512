package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/drill"
	"postern/wall"
	"postern/web/ui"
)

// drillCmd answers what a change would cost, from real orders or from a synthetic market, before it happens.
type drillCmd struct {
	Closure   string   `help:"A closure that is announced (clo_...), or describe one with the next three flags." placeholder:"ID" group:"What if"`
	Owner     string   `help:"Whose closure it is." default:"platform" group:"What if"`
	Provider  []string `help:"What if these providers close" group:"What if"`
	Product   []string `help:"... these products" group:"What if"`
	Container []string `help:"... in these containers." group:"What if"`
	Ends      []string `help:"What if every agreement with a provider ended on a day: PROVIDER=2026-12-31." placeholder:"P=DAY" group:"What if" sep:"none"`
	Sign      []string `help:"What if merchants signed a provider: PROVIDER:product,product, with @60 for a fee of 0.6 %." placeholder:"P:PRODUCTS" group:"What if" sep:"none"`
	Rules     string   `help:"What if these rules held: a JSON file with a list of rules." type:"existingfile" group:"What if"`
	Map       string   `help:"What if this overlay lay over the wall map." type:"existingfile" group:"What if"`

	At       string        `help:"When, as 2026-12-01T00:00:00+08:00; now, or when the announced closure begins." group:"Orders"`
	Onward   bool          `help:"Keep the orders' distances in time from --at on, so that what begins or ends on the way is met on its day." group:"Orders"`
	Since    time.Duration `default:"720h" help:"How far back the orders go." group:"Orders"`
	Merchant []string      `help:"Only these merchants (mer_...)." group:"Orders"`
	Partner  string        `help:"Only this partner's merchants." group:"Orders"`
	Currency string        `help:"The currency that is added up." default:"CNY" group:"Orders"`

	Market string   `help:"Play a synthetic market instead of stored orders: 2014." placeholder:"NAME" group:"Market"`
	Seed   int64    `help:"The market's seed." default:"2014" group:"Market"`
	Assume []string `help:"Give one of the market's assumptions another value: KEY=NUMBER." placeholder:"KEY=N" group:"Market" sep:"none"`
	Oracle int      `help:"Play so many random markets against an oracle that knows every buyer, and print the regret." placeholder:"N" group:"Market"`

	JSON   bool   `name:"json" help:"For programs." group:"Output"`
	CSV    bool   `name:"csv" help:"One table for spreadsheets." group:"Output"`
	Report string `help:"Write one self-contained page for a browser." placeholder:"FILE.html" type:"path" group:"Output"`
	Lang   string `help:"The page's language: en or zh-CN." default:"en" group:"Output"`
}

func (c *drillCmd) Run(rt *runtime) error {
	lang, ok := ui.ParseLang(c.Lang)
	switch {
	case !ok:
		return errors.New("--lang: en or zh-CN")
	case c.Oracle > 0:
		return c.oracle(rt)
	case c.Market != "":
		return c.market(rt, lang)
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		q, err := c.question(ctx, rt, o)
		if err != nil {
			return err
		}
		bar := newProgress(rt.stderr)
		q.Progress = func(orders int64) { bar.count(orders) }
		report, err := drill.Replay(ctx, o.engine, q)
		bar.end()
		if err != nil {
			return err
		}
		return c.write(rt, report, func(w io.Writer) { printDrill(w, q, report) }, func(w io.Writer) error { return csvDrill(w, report) }, replayPage(q, report, lang))
	})
}

// write puts a result where it was asked for. The page is written beside the text.
func (c *drillCmd) write(rt *runtime, result any, text func(io.Writer), table func(io.Writer) error, page drillPage) error {
	if c.Report != "" {
		var b bytes.Buffer
		if err := page.render(&b); err != nil {
			return err
		}
		if err := os.WriteFile(c.Report, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	switch {
	case c.JSON:
		encoder := json.NewEncoder(rt.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(result)
	case c.CSV:
		return table(rt.stdout)
	}
	text(rt.stdout)
	return nil
}

// question reads the flags. Several kinds of change may be asked about at once.
func (c *drillCmd) question(ctx context.Context, rt *runtime, o *offline) (drill.Question, error) {
	now := time.Now()
	q := drill.Question{At: now, Since: now.Add(-c.Since), Until: now, Onward: c.Onward, Merchants: c.Merchant, PartnerID: c.Partner, Currency: c.Currency}
	if c.Closure != "" {
		announced, err := o.store.Closure(ctx, c.Owner, c.Closure)
		if err != nil {
			return q, err
		}
		q.Change.Closures = append(q.Change.Closures, announced)
		for _, w := range announced.Withdraws {
			if w.Act == postern.ActPay {
				q.At = w.From
			}
		}
	}
	if c.At != "" {
		at, err := wall.ParseMoment(c.At)
		if err != nil {
			return q, fmt.Errorf("--at %w", err)
		}
		q.At = at.Time()
	}
	if len(c.Provider)+len(c.Product)+len(c.Container) > 0 {
		q.Change.Closures = append(q.Change.Closures, postern.Closure{
			Title: "what if", By: postern.ByProvider, Scope: postern.Scope{Providers: c.Provider, Products: c.Product, Containers: c.Container},
			Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: q.At}},
		})
	}
	if err := c.papers(&q.Change); err != nil {
		return q, err
	}
	if c.Rules != "" {
		rules, err := readRules(c.Rules)
		if err != nil {
			return q, err
		}
		q.Change.Rules = &postern.RuleSet{OwnerID: postern.Platform, Rules: rules}
	}
	if c.Map != "" {
		m, err := overlaid(rt.stderr, wall.Default(), c.Map)
		if err != nil {
			return q, err
		}
		q.Change.Map = m
	}
	if changes := q.Change; len(changes.Closures)+len(changes.Papers)+len(changes.Channels) == 0 && changes.Rules == nil && changes.Map == nil {
		return q, errors.New("say what changes: --closure ID, or --provider, --product, --container; --ends, --sign, --rules, --map; or play --market 2014")
	}
	return q, nil
}

// papers reads --ends and --sign.
func (c *drillCmd) papers(change *drill.Change) error {
	for _, text := range c.Ends {
		provider, day, ok := strings.Cut(text, "=")
		at, err := wall.ParseMoment(day)
		if !ok || err != nil || at == 0 {
			return fmt.Errorf("--ends %s: write PROVIDER=2026-12-31", text)
		}
		change.Papers = append(change.Papers, drill.Paper{Provider: provider, EndsAt: at.Time(), FeeBP: -1})
	}
	for _, text := range c.Sign {
		paper, fee, priced := strings.Cut(text, "@")
		provider, products, ok := strings.Cut(paper, ":")
		n := drill.NewChannel{Provider: provider, Products: strings.Split(products, ",")}
		if priced {
			bp, err := strconv.ParseInt(fee, 10, 64)
			if err != nil || bp < 0 || bp > 10_000 {
				return fmt.Errorf("--sign %s: the fee is in hundredths of a per cent, as @60", text)
			}
			n.FeeBP = bp
		}
		if !ok || products == "" {
			return fmt.Errorf("--sign %s: write PROVIDER:product,product", text)
		}
		change.Channels = append(change.Channels, n)
	}
	return nil
}

// walletName is what people call a provider, by the wall map.
func walletName(code string, lang ui.Lang) string {
	p, known := wall.Default().Provider(code)
	if !known {
		return code
	}
	return lang.Pick(p.ZH, p.EN)
}
