package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/drill"
	"postern/engine"
	"postern/store"
)

// fleetCmd moves the merchants that a closure will hit.
type fleetCmd struct {
	Move   fleetMoveCmd   `cmd:"" help:"Begin a move: a canary first."`
	Widen  fleetWidenCmd  `cmd:"" help:"Move a larger share; also goes on with a move that was stopped."`
	Status fleetStatusCmd `cmd:"" help:"Say how far a move is, how it does, and who did what."`
	Stop   fleetStopCmd   `cmd:"" help:"Move nobody further."`
	Undo   fleetUndoCmd   `cmd:"" help:"Give every merchant what it had."`
	List   fleetListCmd   `cmd:"" help:"List moves."`
}

// fleetOwner says whose fleet a command is about, and who acts.
type fleetOwner struct {
	Owner string `help:"Whose fleet: a partner (ptn_...); everybody's if not given." default:"platform"`
	Who   string `help:"Who does it, for the history." default:"operator"`
	Why   string `help:"Why, for the history."`
}

type fleetMoveCmd struct {
	fleetOwner
	Closure      string   `required:"" help:"The closure to move away from (clo_...)." placeholder:"ID"`
	ClosureOwner string   `help:"Whose closure it is." default:"platform"`
	To           []string `help:"Providers or channels, the first that a merchant has wins." placeholder:"PROVIDER|CHANNEL"`
	Account      string   `help:"A shared account (crs_...) of the owner's: merchants that have none of them get a channel through it."`
	Products     []string `help:"The products of those channels."`
	Subs         string   `type:"existingfile" help:"A CSV file of merchant,sub-merchant number."`
	Canary       string   `default:"1%" help:"The share of merchants that go first."`
	Least        int64    `default:"30" help:"How many attempts both sides must have before the move stops by itself."`
	Worse        string   `default:"3%" help:"By how much the moved side must do worse."`
	Live         *bool    `negatable:"" help:"Live merchants, or with --no-live test ones; by the switch's mode if not given."`
	Preview      bool     `help:"Only say what it would do."`
}

func (c *fleetMoveCmd) Run(rt *runtime) error {
	in := engine.NewFleetMove{
		OwnerID: c.Owner, ClosureOwnerID: c.ClosureOwner, ClosureID: c.Closure, To: c.To, Policy: postern.MovePolicy{Least: c.Least}, Who: c.Who, Why: c.Why,
	}
	var err, err2 error
	in.Share, err = readShare("--canary", c.Canary)
	in.Policy.WorseBP, err2 = readShare("--worse", c.Worse)
	if err = errors.Join(err, err2); err != nil {
		return err
	}
	if c.Account != "" {
		in.Shared = &engine.SharedAccount{CredentialSetID: c.Account, Products: c.Products, SubMerchants: map[string]string{}}
		if in.Shared.SubMerchants, err = readSubs(c.Subs); err != nil {
			return err
		}
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		in.Live = o.cfg.Live
		if c.Live != nil {
			in.Live = *c.Live
		}
		plan, err := o.engine.PlanFleetMove(ctx, in)
		if err != nil {
			return err
		}
		printPlan(rt.stdout, plan)
		if err := c.drill(ctx, rt, o); err != nil || c.Preview {
			return err
		}
		m, _, err := o.engine.StartFleetMove(ctx, in)
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "fleet move %s\n", m.ID)
		if err := finish(ctx, o, m); err != nil {
			return err
		}
		return printMove(ctx, rt, o, m.OwnerID, m.ID)
	})
}

// drill says what the closure would do to everybody's orders if nobody moved.
func (c *fleetMoveCmd) drill(ctx context.Context, rt *runtime, o *offline) error {
	if c.Owner != postern.Platform {
		return nil // The drill asks everybody's orders, which are the operator's to see.
	}
	closure, err := o.store.Closure(ctx, c.ClosureOwner, c.Closure)
	if err != nil {
		return err
	}
	q := drill.Question{Change: drill.Change{Closures: []postern.Closure{closure}}, At: time.Now(), Since: time.Now().AddDate(0, 0, -30)}
	if begins, pays := closure.Begins(postern.ActPay); pays && begins.After(q.At) {
		q.At = begins
	}
	report, err := drill.Replay(ctx, o.engine, q)
	if err == nil {
		fmt.Fprint(rt.stdout, "without the move, ")
		printDrill(rt.stdout, q, report)
	}
	return err
}

// finish does here what the job would do on the switch; both may, and neither does anything twice.
func finish(ctx context.Context, o *offline, m postern.FleetMove) error {
	for {
		again, err := o.engine.RunFleetMove(ctx, m.OwnerID, m.ID)
		if err != nil || again == 0 {
			return err
		}
	}
}

// readShare reads per cent with at most two decimals into hundredths.
func readShare(flag, text string) (int64, error) {
	whole, part, _ := strings.Cut(strings.TrimSuffix(text, "%"), ".")
	n, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 32)
	if err != nil || len(part) > 2 || n > 10_000 {
		return 0, fmt.Errorf("%s %q: write per cent, as 1%% or 0.5%%", flag, text)
	}
	return int64(n), nil
}

// readSubs reads a CSV file of merchant and number; a first line that names no merchant is its head.
func readSubs(path string) (map[string]string, error) {
	if path == "" {
		return nil, errors.New("--subs: name the file with each merchant's number under the account")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord, reader.TrimLeadingSpace = 2, true
	subs, where := map[string]string{}, map[string]string{}
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return subs, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := reader.FieldPos(0)
		merchant, sub := strings.TrimSpace(row[0]), strings.TrimSpace(row[1])
		switch {
		case line == 1 && !postern.CheckID(postern.PrefixMerchant, merchant):
			continue
		case !postern.CheckID(postern.PrefixMerchant, merchant) || sub == "":
			return nil, fmt.Errorf("%s:%d: write a merchant (mer_...) and its number", path, line)
		case subs[merchant] != "":
			return nil, fmt.Errorf("%s:%d: the merchant stands there twice", path, line)
		case where[sub] != "":
			return nil, fmt.Errorf("%s:%d: another merchant has the same number", path, line)
		}
		subs[merchant], where[sub] = sub, merchant
	}
}

func printPlan(w io.Writer, p engine.FleetPlan) {
	fmt.Fprintf(w, "%s would move, with %s in the last 30 days through what closes\n", postern.Count(int64(len(p.Members)), "merchant"), sumWords(p.Through))
	for _, r := range p.Moves {
		fmt.Fprintf(w, "  from %s to %s: %s\n", r.From, r.To, postern.Count(r.Merchants, "merchant"))
	}
	if len(p.Members) > 0 {
		for _, s := range p.Steps() {
			fmt.Fprintf(w, "  at %s: %s, about %s\n", percent(s.Share), postern.Count(s.Merchants, "merchant"), sumWords(s.Sums))
		}
	}
	const few = 10
	for i, s := range p.Skipped {
		if i == few {
			fmt.Fprintf(w, "  and %d more are skipped\n", len(p.Skipped)-few)
			break
		}
		fmt.Fprintf(w, "  %s is skipped: %s\n", s.MerchantID, s.Why)
	}
}

func percent(bp int64) string {
	text := strconv.FormatInt(bp/100, 10)
	if bp%100 != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%02d", bp%100), "0")
	}
	return text + "%"
}

func printMove(ctx context.Context, rt *runtime, o *offline, ownerID, id string) error {
	s, err := o.engine.FleetStatus(ctx, ownerID, id)
	if err != nil {
		return err
	}
	m := s.Move
	fmt.Fprintf(rt.stdout, "%s: %s at %s; %d of %d merchants moved, %d undone\n", m.ID, m.Status, percent(m.Share), s.Counts[postern.MemberMoved], m.Merchants, s.Counts[postern.MemberUndone])
	fmt.Fprintf(rt.stdout, "paid: moved %d of %d attempts (%s), against %d of %d (%s)\n", s.Moved.Paid, s.Moved.Tried, percent(s.Moved.BP()), s.Against.Paid, s.Against.Tried, percent(s.Against.BP()))
	zone, err := time.LoadLocation(o.cfg.Zone)
	if err != nil {
		return err
	}
	for _, e := range m.History {
		fmt.Fprintf(rt.stdout, "  %s  %-8s %s by %s  %s\n", e.At.In(zone).Format("2006-01-02 15:04"), e.What, percent(e.Share), e.Who, e.Why)
	}
	return nil
}

// fleetOne is a command about one move.
type fleetOne struct {
	fleetOwner
	ID string `arg:"" help:"The move (flt_...)."`
}

// then changes a move, does what that wants done, and prints where it stands.
func (c *fleetOne) then(rt *runtime, do func(context.Context, *engine.Engine) (postern.FleetMove, error)) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := do(ctx, o.engine)
		if err != nil {
			return err
		}
		if err := finish(ctx, o, m); err != nil {
			return err
		}
		return printMove(ctx, rt, o, c.Owner, c.ID)
	})
}

type fleetWidenCmd struct {
	fleetOne
	To string `help:"The share of merchants; the next of 1, 10, 50 and 100 % if not given." placeholder:"SHARE"`
}

func (c *fleetWidenCmd) Run(rt *runtime) error {
	var share int64
	if c.To != "" {
		var err error
		if share, err = readShare("--to", c.To); err != nil {
			return err
		}
	}
	return c.then(rt, func(ctx context.Context, e *engine.Engine) (postern.FleetMove, error) {
		return e.WidenFleetMove(ctx, c.Owner, c.ID, share, c.Who, c.Why)
	})
}

type fleetStopCmd struct{ fleetOne }

func (c *fleetStopCmd) Run(rt *runtime) error {
	return c.then(rt, func(ctx context.Context, e *engine.Engine) (postern.FleetMove, error) {
		return e.StopFleetMove(ctx, c.Owner, c.ID, c.Who, c.Why)
	})
}

type fleetUndoCmd struct{ fleetOne }

func (c *fleetUndoCmd) Run(rt *runtime) error {
	return c.then(rt, func(ctx context.Context, e *engine.Engine) (postern.FleetMove, error) {
		return e.UndoFleetMove(ctx, c.Owner, c.ID, c.Who, c.Why)
	})
}

type fleetStatusCmd struct{ fleetOne }

func (c *fleetStatusCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error { return printMove(ctx, rt, o, c.Owner, c.ID) })
}

type fleetListCmd struct {
	Owner string `help:"Whose fleet." default:"platform"`
}

func (c *fleetListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		page := store.Page{Limit: 100}
		for {
			list, next, err := o.store.FleetMoves(ctx, c.Owner, page)
			if err != nil {
				return err
			}
			for _, m := range list {
				fmt.Fprintf(rt.stdout, "%s  %-8s %5s of %d %s merchants  away from %s\n", m.ID, m.Status, percent(m.Share), m.Merchants, mode(m.Live), m.ClosureID)
			}
			if next == "" {
				return nil
			}
			page.After = next
		}
	})
}
