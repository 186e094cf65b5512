package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"postern"
	"postern/drill"
)

// drillCmd answers what a closure would cost, from real orders, before it happens.
type drillCmd struct {
	Closure   string        `help:"A closure that is announced (clo_...), or describe one with the flags below." placeholder:"ID"`
	Owner     string        `help:"Whose closure it is." default:"platform"`
	Provider  []string      `help:"What if these providers close"`
	Product   []string      `help:"... these products"`
	Container []string      `help:"... in these containers."`
	At        string        `help:"When, as 2026-12-01T00:00:00+08:00; now, or when the announced closure begins."`
	Since     time.Duration `default:"720h" help:"How far back the orders go."`
	Merchant  string        `help:"Only this merchant (mer_...)."`
	JSON      bool          `name:"json" help:"For programs."`
}

func (c *drillCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		q, err := c.question(ctx, o)
		if err != nil {
			return err
		}
		report, err := drill.Replay(ctx, o.engine, q)
		if err != nil {
			return err
		}
		if c.JSON {
			encoder := json.NewEncoder(rt.stdout)
			encoder.SetIndent("", "  ")
			return encoder.Encode(report)
		}
		printDrill(rt.stdout, q, report)
		return nil
	})
}

func (c *drillCmd) question(ctx context.Context, o *offline) (drill.Question, error) {
	q := drill.Question{At: time.Now(), Since: time.Now().Add(-c.Since), MerchantID: c.Merchant}
	if c.Closure != "" {
		announced, err := o.store.Closure(ctx, c.Owner, c.Closure)
		if err != nil {
			return q, err
		}
		q.Closure = announced
		for _, w := range announced.Withdraws {
			if w.Act == postern.ActPay {
				q.At = w.From
			}
		}
	}
	if c.At != "" {
		at, err := time.Parse(time.RFC3339, c.At)
		if err != nil {
			return q, fmt.Errorf("--at: write a time as 2026-12-01T00:00:00+08:00")
		}
		q.At = at
	}
	if c.Closure == "" {
		if len(c.Provider)+len(c.Product)+len(c.Container) == 0 {
			return q, fmt.Errorf("say what closes: --closure ID, or --provider, --product, --container")
		}
		q.Closure = postern.Closure{
			Title: "what if", By: postern.ByProvider, Scope: postern.Scope{Providers: c.Provider, Products: c.Product, Containers: c.Container},
			Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: q.At}},
		}
	}
	return q, nil
}

func printDrill(w io.Writer, q drill.Question, r drill.Report) {
	yuan := func(s drill.Sum) string { return postern.FormatMoney(s.Amount, "CNY") }
	fmt.Fprintf(w, "%d orders of %s since %s, planned as of %s:\n", r.Total.Orders, yuan(r.Total), q.Since.In(postern.Beijing).Format(time.DateOnly), q.At.In(postern.Beijing).Format("2006-01-02 15:04"))
	for _, o := range []struct {
		outcome drill.Outcome
		words   string
	}{{drill.Carried, "go on as they are"}, {drill.Rerouted, "are offered another wallet on the spot"}, {drill.WayOut, "are shown a way out only"}, {drill.Lost, "are lost"}} {
		s := r.By[o.outcome]
		fmt.Fprintf(w, "  %8d  %14s  %s\n", s.Orders, yuan(s), o.words)
	}
	for _, m := range r.Moves {
		fmt.Fprintf(w, "from %s to %s: %d orders, %s\n", m.From, m.To, m.Orders, yuan(m.Sum))
	}
	for _, p := range r.Places {
		fmt.Fprintf(w, "in %-20s %6d orders, %s; lost %s, way out %s\n", p.Container, p.Total.Orders, yuan(p.Total), yuan(p.By[drill.Lost]), yuan(p.By[drill.WayOut]))
	}
	for _, id := range r.Stranded {
		fmt.Fprintf(w, "merchant %s would sell nothing\n", id)
	}
}
