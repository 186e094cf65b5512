package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postern"
	"postern/store"
)

// closureCmd keeps the dated restrictions that every checkout obeys.
type closureCmd struct {
	Announce closureAnnounceCmd `cmd:"" help:"Announce a closure."`
	Move     closureMoveCmd     `cmd:"" help:"Give a closure other dates."`
	Withdraw closureWithdrawCmd `cmd:"" help:"Withdraw a closure; what it closed is offered again at once."`
	List     closureListCmd     `cmd:"" help:"List closures with their history."`
}

// closureOwner says whose closures a command is about.
type closureOwner struct {
	Owner string `help:"Whose closure: a merchant (mer_...) or a partner (ptn_...); everybody's if not given." default:"platform"`
}

// withdrawals reads --withdraw flags: ACT=FROM or ACT=FROM/UNTIL.
type withdrawals struct {
	Withdraw []string `required:"" sep:"none" help:"What is closed and when, as pay=2026-12-01T00:00:00+08:00 or refund=FROM/UNTIL; may be given several times. Acts: sign, renew, pay, refund, settle, dispute."`
}

func (w withdrawals) parse() ([]postern.Withdrawal, error) {
	acts := []postern.Act{postern.ActSign, postern.ActRenew, postern.ActPay, postern.ActRefund, postern.ActSettle, postern.ActDispute}
	var out []postern.Withdrawal
	for _, text := range w.Withdraw {
		act, span, _ := strings.Cut(text, "=")
		from, until, dated := strings.Cut(span, "/")
		one := postern.Withdrawal{Act: postern.Act(act)}
		known := false
		for _, a := range acts {
			known = known || a == one.Act
		}
		var err error
		if one.From, err = time.Parse(time.RFC3339, from); err == nil && dated {
			one.Until, err = time.Parse(time.RFC3339, until)
		}
		if err != nil || !known {
			return nil, fmt.Errorf("--withdraw %q: write ACT=FROM or ACT=FROM/UNTIL with times as 2026-12-01T00:00:00+08:00", text)
		}
		out = append(out, one)
	}
	return out, nil
}

type closureAnnounceCmd struct {
	closureOwner
	withdrawals
	Title     string   `required:"" help:"What happens, for people."`
	By        string   `required:"" enum:"provider,host,regulator" help:"Whose wall it is: provider, host or regulator."`
	Who       string   `help:"The company or authority."`
	Source    string   `help:"Where it was announced."`
	Provider  []string `help:"Only these providers."`
	Product   []string `help:"Only these products."`
	Container []string `help:"Only these containers."`
	Merchant  []string `help:"Only these merchants."`
	MinAmount int64    `help:"Only payments of at least this many minor units."`
	MaxAmount int64    `help:"Only payments of at most this many minor units."`
}

func (c *closureAnnounceCmd) Run(rt *runtime) error {
	list, err := c.parse()
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		made, err := o.engine.AnnounceClosure(ctx, postern.Closure{
			OwnerID: c.Owner, Title: c.Title, By: postern.ClosedBy(c.By), Who: c.Who, Source: c.Source, Withdraws: list,
			Scope: postern.Scope{Providers: c.Provider, Products: c.Product, Containers: c.Container, Merchants: c.Merchant, MinAmount: c.MinAmount, MaxAmount: c.MaxAmount},
		})
		if err == nil {
			fmt.Fprintf(rt.stdout, "closure %s\n", made.ID)
		}
		return err
	})
}

type closureMoveCmd struct {
	closureOwner
	withdrawals
	ID   string `arg:"" help:"The closure (clo_...)."`
	Note string `help:"Why, for the history."`
}

func (c *closureMoveCmd) Run(rt *runtime) error {
	list, err := c.parse()
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		_, err := o.engine.MoveClosure(ctx, c.Owner, c.ID, c.Note, list...)
		return err
	})
}

type closureWithdrawCmd struct {
	closureOwner
	ID   string `arg:"" help:"The closure (clo_...)."`
	Note string `help:"Why, for the history."`
}

func (c *closureWithdrawCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		_, err := o.engine.MoveClosure(ctx, c.Owner, c.ID, c.Note)
		return err
	})
}

type closureListCmd struct{ closureOwner }

func (c *closureListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		zone, err := time.LoadLocation(o.cfg.Zone)
		if err != nil {
			return err
		}
		page := store.Page{Limit: 100}
		for {
			list, next, err := o.store.ClosuresOf(ctx, c.Owner, page)
			if err != nil {
				return err
			}
			for _, one := range list {
				printClosure(rt, one, zone)
			}
			if next == "" {
				return nil
			}
			page.After = next
		}
	})
}

func printClosure(rt *runtime, c postern.Closure, zone *time.Location) {
	fmt.Fprintf(rt.stdout, "%s  %s (by %s %s)\n", c.ID, c.Title, c.By, c.Who)
	for _, edit := range c.History {
		fmt.Fprintf(rt.stdout, "  %s  %-10s", edit.At.In(zone).Format("2006-01-02 15:04"), edit.What)
		for _, w := range edit.Withdraws {
			fmt.Fprintf(rt.stdout, " %s from %s", w.Act, w.From.In(zone).Format("2006-01-02 15:04 MST"))
			if !w.Until.IsZero() {
				fmt.Fprintf(rt.stdout, " until %s", w.Until.In(zone).Format("2006-01-02 15:04 MST"))
			}
		}
		if edit.Note != "" {
			fmt.Fprintf(rt.stdout, "  %s", edit.Note)
		}
		fmt.Fprintln(rt.stdout)
	}
}
