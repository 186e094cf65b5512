package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"postern"
	"postern/ledger"
)

// ledgerCmd prints the books.
type ledgerCmd struct {
	Balance ledgerBalanceCmd `cmd:"" help:"Print a merchant's trial balance."`
	Check   ledgerCheckCmd   `cmd:"" help:"Check that every transaction of every merchant balances."`
}

type ledgerBalanceCmd struct {
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
}

func (c *ledgerBalanceCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		rows, err := o.store.Balances(ctx, m.ID)
		if err != nil {
			return err
		}
		channels, err := o.store.Channels(ctx, m.ID)
		if err != nil {
			return err
		}
		return printBalance(rt.stdout, rows, channels)
	})
}

// printBalance writes a trial balance, with the provider's name beside each channel, and refuses one that does not add up to zero.
func printBalance(w io.Writer, rows []ledger.Balance, channels []postern.Channel) error {
	sums, names := map[string]int64{}, map[string]string{}
	for _, c := range channels {
		names[ledger.Receivable(c.ID)] = c.Provider
	}
	fmt.Fprintf(w, "%-48s %16s %16s\n", "account", "debit", "credit")
	for _, b := range rows {
		debit, credit := "", ""
		if b.Amount >= 0 {
			debit = postern.FormatDecimal(b.Amount, b.Currency)
		} else {
			credit = postern.FormatDecimal(-b.Amount, b.Currency)
		}
		fmt.Fprintf(w, "%-48s %16s %16s %s\n", strings.TrimSpace(b.Account+" "+names[b.Account]), debit, credit, b.Currency)
		sums[b.Currency] += b.Amount
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("the books are off by %s %s", postern.FormatDecimal(sum, currency), currency)
		}
		fmt.Fprintf(w, "%-48s %16s\n", "sum "+currency, postern.FormatDecimal(sum, currency))
	}
	return nil
}

type ledgerCheckCmd struct{}

func (c *ledgerCheckCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		bad, err := o.store.Imbalances(ctx)
		if err != nil {
			return err
		}
		for _, b := range bad {
			fmt.Fprintf(rt.stdout, "%+v\n", b)
		}
		if len(bad) > 0 {
			return errors.New("the books do not balance")
		}
		fmt.Fprintln(rt.stdout, "every transaction balances")
		return nil
	})
}
