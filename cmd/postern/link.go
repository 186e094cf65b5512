package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/store"
	"postern/web/checkout"
	"postern/web/ui"
)

// linkCmd keeps what is sold again and again under one address.
type linkCmd struct {
	Add     linkAddCmd     `cmd:"" help:"Make a link and print its address and its code."`
	List    linkListCmd    `cmd:"" help:"List links."`
	Disable linkDisableCmd `cmd:"" help:"End a link for good; payments that it made go on."`
	Poster  linkPosterCmd  `cmd:"" help:"Write a link's poster to a file, as PNG or SVG."`
}

type linkAddCmd struct {
	Merchant    string        `help:"The merchant (mer_...), if there are several."`
	Title       string        `required:"" help:"What is sold."`
	Description string        `help:"A few sentences for the page."`
	Amount      int64         `required:"" help:"In minor units: 6800 is 68.00."`
	Currency    string        `default:"CNY" help:"ISO 4217."`
	ReturnURL   string        `name:"return-url" help:"Where buyers go after paying."`
	Target      []string      `sep:"none" help:"The address of another shop of yours (Taobao, JD, Weidian, ...); may be given several times."`
	Prefer      string        `enum:"checkout,target,target_only" default:"checkout" help:"Where another shop opens, which goes first: checkout, target, or target_only."`
	ExpiresIn   time.Duration `help:"How long it is open, as 720h; for ever if not given."`
}

func (c *linkAddCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		in := engine.LinkInput{
			Title: c.Title, Description: c.Description, Amount: c.Amount, Currency: c.Currency, ReturnURL: c.ReturnURL, Targets: c.Target, Prefer: postern.Prefer(c.Prefer),
		}
		if c.ExpiresIn > 0 {
			in.ExpiresAt = time.Now().Add(c.ExpiresIn)
		}
		l, err := o.engine.CreateLink(ctx, m.ID, in)
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "link %s\n  %s\n  %s\nnext: postern link poster %s --out poster.svg\n", l.ID, o.engine.LinkURL(l.Token), o.engine.ShortURL(l.Code), l.ID)
		return nil
	})
}

type linkListCmd struct {
	Merchant string `help:"The merchant (mer_...), if there are several."`
}

func (c *linkListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		page := store.Page{Limit: 100}
		for {
			list, next, err := o.store.Links(ctx, m.ID, page)
			if err != nil {
				return err
			}
			for _, l := range list {
				state := "open"
				if l.Ended(time.Now()) {
					state = "ended"
				}
				fmt.Fprintf(rt.stdout, "%s  %-5s  %s  %12s  %s\n", l.ID, state, postern.FormatShortCode(l.Code), postern.FormatMoney(l.Amount, l.Currency), l.Title)
			}
			if next == "" {
				return nil
			}
			page.After = next
		}
	})
}

type linkDisableCmd struct {
	Merchant string `help:"The merchant (mer_...), if there are several."`
	ID       string `arg:"" help:"The link (lnk_...)."`
}

func (c *linkDisableCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		_, err = o.engine.DisableLink(ctx, m.ID, c.ID)
		return err
	})
}

type linkPosterCmd struct {
	Merchant string `help:"The merchant (mer_...), if there are several."`
	ID       string `arg:"" optional:"" help:"The link (lnk_...); the newest if not given."`
	Out      string `required:"" type:"path" help:"The file to write; its ending says which: .png or .svg."`
	Lang     string `enum:"zh,en" default:"zh" help:"The poster's language."`
}

func (c *linkPosterCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		l, err := c.link(ctx, o, m.ID)
		if err != nil {
			return err
		}
		lang, _ := ui.ParseLang(c.Lang)
		poster, err := checkout.New(checkout.Config{Engine: o.engine, Wall: o.engine.Wall()}).LinkPoster(ctx, l, m, lang)
		if err != nil {
			return err
		}
		draw := poster.SVG
		switch {
		case strings.HasSuffix(c.Out, ".png"):
			draw = poster.PNG
		case !strings.HasSuffix(c.Out, ".svg"):
			return fmt.Errorf("--out %s: end it in .png or .svg", c.Out)
		}
		raw, err := draw()
		if err != nil {
			return err
		}
		return os.WriteFile(c.Out, raw, 0o644)
	})
}

func (c *linkPosterCmd) link(ctx context.Context, o *offline, merchantID string) (postern.Link, error) {
	if c.ID != "" {
		return o.store.Link(ctx, merchantID, c.ID)
	}
	newest, _, err := o.store.Links(ctx, merchantID, store.Page{Limit: 1})
	if err != nil || len(newest) == 0 {
		return postern.Link{}, errors.Join(err, errors.New("there is no link yet: postern link add --title Tea --amount 6800"))
	}
	return newest[0], nil
}
