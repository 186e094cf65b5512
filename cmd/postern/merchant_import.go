package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode"

	"postern"
	"postern/engine"
	"postern/roster"
)

// merchantImportCmd holds a partner's list of merchants against what is there and writes what differs once it is confirmed.
type merchantImportCmd struct {
	File     string `arg:"" help:"The list: CSV with one line a merchant (see docs/partners.md)." type:"existingfile"`
	Partner  string `required:"" help:"The partner (ptn_...) whose merchants they are."`
	Encoding string `enum:"utf-8,gbk" default:"utf-8" help:"utf-8 or gbk."`
	Confirm  string `help:"The digest of the plan that you saw; writes exactly that plan." placeholder:"DIGEST"`
	Yes      bool   `help:"Write at once what the plan says."`
	Report   string `help:"Write what becomes of each line into this CSV file." type:"path"`
}

// errImport is what a person hears who has not confirmed.
var errImport = errors.New("nothing is written: say --yes, or --confirm with the digest")

func (c *merchantImportCmd) Run(rt *runtime) error {
	file, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		list := engine.Import{PartnerID: c.Partner, Live: o.cfg.Live, Encoding: c.Encoding, File: file}
		plan, err := o.engine.PlanImport(ctx, list)
		if err != nil {
			return err
		}
		printImport(rt, plan)
		if err := c.report(plan); err != nil {
			return err
		}
		switch {
		case plan.Done:
			return nil
		case c.Yes:
			c.Confirm = plan.Digest
		case c.Confirm == "":
			fmt.Fprintf(rt.stdout, "digest %s\n", plan.Digest)
			return errImport
		}
		if plan, err = o.engine.RunImport(ctx, list, c.Confirm, 0); err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "%s written\n", postern.Count(int64(plan.Written), "merchant"))
		return nil
	})
}

// maxPrinted bounds the lines that are printed; the report has them all.
const maxPrinted = 50

func printImport(rt *runtime, plan engine.ImportPlan) {
	fmt.Fprintf(rt.stdout, "%d new, %d changed, %d unchanged, %d refused\n", plan.New, plan.Changed, plan.Unchanged, plan.Refused)
	for i, row := range plan.Rows {
		if i == maxPrinted {
			fmt.Fprintf(rt.stdout, "... and %d more lines; --report FILE has them all\n", len(plan.Rows)-i)
			return
		}
		fmt.Fprintf(rt.stdout, "line %d  %s  %s  %s\n", row.Line, row.Outcome, printable(row.Reference), printable(rowWords(row)))
	}
}

// printable leaves out what would move a terminal's cursor: what is refused may hold anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// rowWords says what a line changes, or why it is refused.
func rowWords(row engine.ImportLine) string {
	if row.Outcome == engine.ImportRefused {
		return row.Field + ": " + row.Message + "; " + row.Fix
	}
	if row.Outcome == engine.ImportNew {
		return row.Name
	}
	var words []string
	for _, c := range row.Changes {
		words = append(words, c.Field+": "+c.From+" -> "+c.To)
	}
	return strings.Join(words, ", ")
}

func (c *merchantImportCmd) report(plan engine.ImportPlan) error {
	if c.Report == "" {
		return nil
	}
	lines := [][]string{{"line", "outcome", "reference", "merchant", "name", "what"}}
	for _, row := range plan.Rows {
		lines = append(lines, []string{strconv.Itoa(row.Line), row.Outcome, row.Reference, row.MerchantID, row.Name, rowWords(row)})
	}
	f, err := os.Create(c.Report)
	if err != nil {
		return err
	}
	return errors.Join(roster.Write(f, lines), f.Close())
}
