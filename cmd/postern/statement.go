package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"postern/engine"
	"postern/provider"
	"postern/provider/all"
)

// statementCmd reads bills.
type statementCmd struct {
	Fetch statementFetchCmd `cmd:"" help:"Download a channel's bill from its provider and check that it is whole."`
	Parse statementParseCmd `cmd:"" help:"Write a bill as one JSON object a line: kind, numbers, amount and fee in minor units, time, raw columns."`
}

// beijing is the zone of providers' days.
var beijing = time.FixedZone("+08:00", 8*60*60)

type statementFetchCmd struct {
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
	Channel  string `required:"" help:"The channel (chn_...)."`
	Kind     string `required:"" help:"Which of the provider's bills."`
	Date     string `required:"" help:"A day in the provider's zone (Beijing), as 2026-11-24."`
	Out      string `short:"o" help:"Write the file here, as the provider sent it; without it nothing is kept, and what the bill adds up to is printed." type:"path"`
	Apply    bool   `help:"Book what the bill proves and nothing else had told: money that was taken, refunds that went back, parts that others got."`
}

// Run writes the file only when it is the whole bill of the account and the day.
func (c *statementFetchCmd) Run(rt *runtime) error {
	day, err := time.ParseInLocation(time.DateOnly, c.Date, beijing)
	if err != nil {
		return errors.New("--date: give a day as 2026-11-24")
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		bill, err := o.engine.FetchStatement(ctx, engine.StatementQuery{MerchantID: m.ID, ChannelID: c.Channel, Kind: c.Kind, Day: day})
		if err != nil {
			return err
		}
		return errors.Join(c.keep(rt, bill), c.apply(rt, o, bill), bill.Close())
	})
}

// keep checks a bill and copies it to where it was wanted.
func (c *statementFetchCmd) keep(rt *runtime, bill *engine.Statement) error {
	switch bill.State {
	case provider.FetchEmpty:
		fmt.Fprintf(rt.stdout, "empty: nothing happened on %s\n", c.Date)
		return nil
	case provider.FetchNotReady:
		return fmt.Errorf("the bill of %s is not made yet, says the provider (%s): ask again later", c.Date, strings.TrimSpace(bill.Code+" "+bill.Message))
	}
	sum, err := bill.Each(func(provider.StatementLine) error { return rt.ctx.Err() })
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.stdout, "whole: %d rows of account %s, %d in minor units, fees %d\n", sum.Lines, sum.Account, sum.Amount, sum.Fee)
	if c.Out == "" {
		return nil
	}
	file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // a bill is never written over
	if err != nil {
		return err
	}
	_, err = bill.WriteTo(file)
	return errors.Join(err, file.Close())
}

// apply books what the bill proves. It reads the bill whole before it counts any row.
func (c *statementFetchCmd) apply(rt *runtime, o *offline, bill *engine.Statement) error {
	if !c.Apply || bill.State != provider.FetchDone {
		return nil
	}
	seen, err := o.engine.ApplyStatement(rt.ctx, bill)
	if err != nil {
		return err
	}
	fmt.Fprintf(rt.stdout, "booked: %d payments and %d refunds that nothing else had told, and %d shares; %d rows were known, %d are not this merchant's, %d name no number of ours, %d are in doubt and in the log\n", seen.Payments, seen.Refunds, seen.Shares, seen.Known, seen.Foreign, seen.Nameless, seen.Doubtful)
	return nil
}

type statementParseCmd struct {
	Provider string `required:"" help:"The provider's code; 'postern version' lists them."`
	Kind     string `required:"" help:"Which of the provider's bills it is."`
	Account  string `help:"Refuse the bill of any other account."`
	File     string `arg:"" help:"The bill as it was downloaded, packed or not." type:"existingfile"`
}

// Run streams the rows. They are written as they are read, so only a zero exit says that the bill was whole.
func (c *statementParseCmd) Run(rt *runtime) error {
	reader, ok := all.Registry()[c.Provider].(provider.Statementer)
	if !ok {
		return errors.New("this binary reads no bills of such a provider; 'postern version' lists its providers")
	}
	if !slices.Contains(reader.StatementKinds(), c.Kind) {
		return fmt.Errorf("--kind is one of %s", strings.Join(reader.StatementKinds(), ", "))
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // read only
	about, err := file.Stat()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(rt.stdout, 64<<10)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	sum, err := reader.ReadStatement(c.Kind, c.Account, provider.StatementFile{ReaderAt: file, Size: about.Size()}, func(l provider.StatementLine) error {
		if err := rt.ctx.Err(); err != nil {
			return err
		}
		return encoder.Encode(l)
	})
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	fmt.Fprintf(rt.stderr, "%d rows, %d in minor units, fees %d; whole\n", sum.Lines, sum.Amount, sum.Fee)
	return nil
}
