package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"postern/provider"
	"postern/provider/all"
)

// statementCmd reads bills.
type statementCmd struct {
	Parse statementParseCmd `cmd:"" help:"Write a bill as one JSON object a line: kind, numbers, amount and fee in minor units, time, raw columns."`
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
	fmt.Fprintf(rt.stderr, "%d rows, %d in minor units, fees %d; whole by the bill's own totals\n", sum.Lines, sum.Amount, sum.Fee)
	return nil
}
