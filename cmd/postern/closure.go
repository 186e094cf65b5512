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
)

// closureCmd keeps the dated restrictions that every checkout obeys.
type closureCmd struct {
	Announce closureAnnounceCmd `cmd:"" help:"Announce a closure."`
	Import   closureImportCmd   `cmd:"" help:"Announce the closures of a file, all or none."`
	Move     closureMoveCmd     `cmd:"" help:"Give a closure other dates."`
	Scope    closureScopeCmd    `cmd:"" help:"Narrow or widen a closure."`
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
	Title  string `required:"" help:"What happens, for people."`
	By     string `required:"" enum:"provider,host,regulator" help:"Whose wall it is: provider, host or regulator."`
	Who    string `help:"The company or authority."`
	Source string `help:"Where it was announced."`
	closureScope
	consent
}

// closureScope says whom a closure hits; what is not given means any.
type closureScope struct {
	Provider   []string `help:"Only these providers."`
	Product    []string `help:"Only these products."`
	Container  []string `help:"Only these containers."`
	Merchant   []string `help:"Only these merchants."`
	Partner    []string `help:"Only these partners' merchants."`
	Account    []string `help:"Only these credential sets (crs_...)."`
	Category   []string `help:"Only merchants of these trades."`
	MinAmount  int64    `help:"Only payments of at least this many minor units."`
	MaxAmount  int64    `help:"Only payments of at most this many minor units."`
	SignedFrom string   `help:"Only agreements signed at or after this day, and shops without one." placeholder:"DAY"`
	EndsBefore string   `help:"Only agreements whose present term ends before this day." placeholder:"DAY"`
	IdleDays   int64    `help:"Only channels that have sold nothing for so many days."`
	Share      int64    `help:"Only so many of 10,000 buyers."`
}

func (s *closureScope) scope() (postern.Scope, error) {
	out := postern.Scope{
		Providers: s.Provider, Products: s.Product, Containers: s.Container, Merchants: s.Merchant, Partners: s.Partner, CredentialSets: s.Account, Categories: s.Category,
		MinAmount: s.MinAmount, MaxAmount: s.MaxAmount, IdleFor: time.Duration(s.IdleDays) * 24 * time.Hour, Share: s.Share,
	}
	var err, err2 error
	out.SignedFrom, err = readDay("--signed-from", s.SignedFrom)
	out.EndsBefore, err2 = readDay("--ends-before", s.EndsBefore)
	return out, errors.Join(err, err2)
}

// readDay reads a day, which is its midnight in Beijing, or a moment; nothing is the zero time.
func readDay(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, postern.Beijing); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%s: write a day as 2026-12-01, or a time as 2026-12-01T00:00:00+08:00", flag)
	}
	return t, nil
}

// consent is how a person says that a warning was read.
type consent struct {
	Preview bool `help:"Only say what it would do."`
	Yes     bool `help:"Go on even where merchants lose their last way to be paid."`
}

// errLastWay is what a person hears who has not said --yes.
var errLastWay = errors.New("nothing is stored: merchants would lose their last way to be paid; say --yes to go on all the same")

// agree prints what closures would do. It says false when nothing is to be stored, with an error when that is for want of a yes.
func (c *consent) agree(ctx context.Context, rt *runtime, o *offline, list ...postern.Closure) (bool, error) {
	lost := int64(0)
	for _, one := range list {
		effect, err := o.engine.PreviewClosure(ctx, one)
		if err != nil {
			return false, err
		}
		printEffect(rt, one, effect)
		lost += stranded(effect)
	}
	if !c.Preview && lost > 0 && !c.Yes {
		return false, errLastWay
	}
	return !c.Preview, nil
}

// agreeToEdit prints what a closure would do after an edit. A yes is wanted where more merchants would lose a last way than do already.
func (c *consent) agreeToEdit(ctx context.Context, rt *runtime, o *offline, owner, id string, edit func(postern.Closure, time.Time) postern.Closure) (bool, error) {
	now, err := o.store.Closure(ctx, owner, id)
	if err != nil {
		return false, err
	}
	before, err := o.engine.PreviewClosure(ctx, now)
	if err != nil {
		return false, err
	}
	edited := edit(now, time.Now())
	after, err := o.engine.PreviewClosure(ctx, edited)
	if err != nil {
		return false, err
	}
	printEffect(rt, edited, after)
	if !c.Preview && stranded(after) > stranded(before) && !c.Yes {
		return false, errLastWay
	}
	return !c.Preview, nil
}

// stranded counts the merchants and containers without a last way.
func stranded(effect engine.ClosureEffect) (n int64) {
	for _, w := range effect.LastWays {
		n += w.Merchants
	}
	return n
}

func printEffect(rt *runtime, c postern.Closure, effect engine.ClosureEffect) {
	fmt.Fprintf(rt.stdout, "%s: about %s, %s in the last %d days went through what it closes\n", c.Title, postern.Count(effect.Merchants, "merchant"), sumWords(effect.Through), effect.Days)
	for _, w := range effect.Warnings() {
		fmt.Fprintln(rt.stdout, "warning:", w)
	}
	if len(effect.Examples) > 0 {
		fmt.Fprintln(rt.stdout, "         for example", strings.Join(effect.Examples, ", "))
	}
}

// sumWords are orders and amounts for people.
func sumWords(list []engine.Turnover) string {
	if len(list) == 0 {
		return "no orders"
	}
	var parts []string
	for _, s := range list {
		parts = append(parts, fmt.Sprintf("%s of %s", postern.Count(s.Orders, "order"), postern.FormatMoney(s.Amount, s.Currency)))
	}
	return strings.Join(parts, " and ")
}

func (c *closureAnnounceCmd) Run(rt *runtime) error {
	list, err := c.parse()
	if err != nil {
		return err
	}
	scope, err := c.scope()
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		wanted := postern.Closure{OwnerID: c.Owner, Title: c.Title, By: postern.ClosedBy(c.By), Who: c.Who, Source: c.Source, Withdraws: list, Scope: scope}
		if ok, err := c.agree(ctx, rt, o, wanted); !ok {
			return err
		}
		made, err := o.engine.AnnounceClosure(ctx, wanted)
		if err == nil {
			fmt.Fprintf(rt.stdout, "closure %s\n", made.ID)
		}
		return err
	})
}

type closureImportCmd struct {
	closureOwner
	consent
	File string `arg:"" type:"existingfile" help:"One JSON object a line; see docs/closures.md."`
}

func (c *closureImportCmd) Run(rt *runtime) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	list, bad := postern.ReadClosures(file, c.Owner)
	if len(bad) > 0 {
		errs := []error{errors.New("nothing is stored")}
		for _, b := range bad {
			errs = append(errs, fmt.Errorf("%s:%w", c.File, b))
		}
		return errors.Join(errs...)
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		if ok, err := c.agree(ctx, rt, o, list...); !ok {
			return err
		}
		made, err := o.engine.AnnounceClosures(ctx, list)
		for _, one := range made {
			fmt.Fprintf(rt.stdout, "closure %s  %s\n", one.ID, one.Title)
		}
		return err
	})
}

type closureScopeCmd struct {
	closureOwner
	closureScope
	consent
	ID   string `arg:"" help:"The closure (clo_...)."`
	Note string `help:"Why, for the history."`
}

func (c *closureScopeCmd) Run(rt *runtime) error {
	scope, err := c.scope()
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		ok, err := c.agreeToEdit(ctx, rt, o, c.Owner, c.ID, func(old postern.Closure, now time.Time) postern.Closure { return old.Rescope(now, c.Note, scope) })
		if !ok {
			return err
		}
		edited, err := o.engine.RescopeClosure(ctx, c.Owner, c.ID, c.Note, scope)
		if err == nil {
			fmt.Fprintln(rt.stdout, edited.History[len(edited.History)-1].What)
		}
		return err
	})
}

type closureMoveCmd struct {
	closureOwner
	withdrawals
	consent
	ID   string `arg:"" help:"The closure (clo_...)."`
	Note string `help:"Why, for the history."`
}

func (c *closureMoveCmd) Run(rt *runtime) error {
	list, err := c.parse()
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		ok, err := c.agreeToEdit(ctx, rt, o, c.Owner, c.ID, func(old postern.Closure, now time.Time) postern.Closure {
			return old.Move(now, "moved", c.Note, list...)
		})
		if !ok {
			return err
		}
		_, err = o.engine.MoveClosure(ctx, c.Owner, c.ID, c.Note, list...)
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
