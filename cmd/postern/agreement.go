package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"postern"
)

// channelAgreementCmd prints the agreement behind a channel, and replaces the parts that are given.
type channelAgreementCmd struct {
	ID          string   `arg:"" help:"The channel (chn_...)."`
	Merchant    string   `help:"The merchant (mer_...); the only one if there is one."`
	Term        []string `sep:"none" help:"Signed spans in the order of time, as FROM/UNTIL or FROM/; days as 2026-12-01." placeholder:"FROM/UNTIL"`
	Renewable   *bool    `help:"Whether the provider renews it." negatable:""`
	Scene       []string `help:"The containers that it covers."`
	Category    []string `help:"The trades that it covers."`
	Region      []string `help:"The places that it covers."`
	FeeBP       *int64   `name:"fee-bp" help:"What the provider keeps, in hundredths of a per cent."`
	QuotaOrder  *int64   `help:"The most in one order, in minor units."`
	QuotaDay    *int64   `help:"The most in a day."`
	QuotaMonth  *int64   `help:"The most in a month."`
	Licence     []string `sep:"none" help:"Licences, as NAME=UNTIL." placeholder:"NAME=UNTIL"`
	Certificate []string `sep:"none" help:"Certificates, as NAME=UNTIL." placeholder:"NAME=UNTIL"`
	DormantDays *int64   `help:"After how many days without a sale the provider suspends the channel."`
	Clear       bool     `help:"Begin from an empty agreement instead of the present one."`
}

func (c *channelAgreementCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		channel, err := o.store.Channel(ctx, m.ID, c.ID)
		if err != nil {
			return err
		}
		agreement, changed, err := c.edit(channel.Agreement)
		if err != nil {
			return err
		}
		if changed {
			if channel, err = o.engine.SetAgreement(ctx, m.ID, channel.ID, channel.Version, agreement); err != nil {
				return err
			}
		}
		encoder := json.NewEncoder(rt.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(channel.Agreement)
	})
}

// edit replaces what was given.
func (c *channelAgreementCmd) edit(a postern.Agreement) (postern.Agreement, bool, error) {
	changed := c.Clear
	if c.Clear {
		a = postern.Agreement{}
	}
	for _, l := range []struct {
		given []string
		to    *[]string
	}{{c.Scene, &a.Scenes}, {c.Category, &a.Categories}, {c.Region, &a.Regions}} {
		if len(l.given) > 0 {
			*l.to, changed = l.given, true
		}
	}
	for _, n := range []struct{ given, to *int64 }{
		{c.FeeBP, &a.FeeBP}, {c.QuotaOrder, &a.Quota.Order}, {c.QuotaDay, &a.Quota.Day}, {c.QuotaMonth, &a.Quota.Month}, {c.DormantDays, &a.DormantDays},
	} {
		if n.given != nil {
			*n.to, changed = *n.given, true
		}
	}
	if c.Renewable != nil {
		a.Renewable, changed = *c.Renewable, true
	}
	if len(c.Term) > 0 {
		a.Terms, changed = nil, true
	}
	for _, text := range c.Term {
		from, until, _ := strings.Cut(text, "/")
		var t postern.Term
		var err error
		if t.From, err = readDay("--term", from); err == nil {
			t.Until, err = readDay("--term", until)
		}
		if err != nil {
			return a, false, err
		}
		a.Terms = append(a.Terms, t)
	}
	for _, p := range []struct {
		flag  string
		given []string
		to    *[]postern.Paper
	}{{"--licence", c.Licence, &a.Licences}, {"--certificate", c.Certificate, &a.Certificates}} {
		if len(p.given) == 0 {
			continue
		}
		list, err := readPapers(p.flag, p.given)
		if err != nil {
			return a, false, err
		}
		*p.to, changed = list, true
	}
	return a, changed, nil
}

func readPapers(flag string, given []string) ([]postern.Paper, error) {
	var list []postern.Paper
	for _, text := range given {
		name, until, _ := strings.Cut(text, "=")
		t, err := readDay(flag, until)
		if err != nil {
			return nil, err
		}
		list = append(list, postern.Paper{Name: name, Until: t})
	}
	return list, nil
}

type merchantTradeCmd struct {
	Merchant string `arg:"" help:"The merchant (mer_...)."`
	Category string `help:"The trade, by the code that your agreements and closures use."`
	Region   string `help:"The place."`
}

func (c *merchantTradeCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.engine.SetTrade(ctx, c.Merchant, c.Category, c.Region)
		if err == nil {
			fmt.Fprintf(rt.stdout, "%s  category %q, region %q\n", m.ID, m.Category, m.Region)
		}
		return err
	})
}
