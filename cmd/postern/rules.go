package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"postern"
	"postern/drill"
	"postern/engine"
	"postern/wall"
)

// rulesCmd keeps the merchant's own rules about what is offered to whom.
type rulesCmd struct {
	Show  rulesShowCmd  `cmd:"" help:"Print the rules that hold, as set takes them."`
	Check rulesCheckCmd `cmd:"" help:"Say what is wrong with rules, and what they would have done to the paid orders of the last days. Nothing is kept."`
	Set   rulesSetCmd   `cmd:"" help:"Let other rules hold, after the same check."`
	List  rulesListCmd  `cmd:"" help:"List the versions of the rules."`
}

// rulesOwner says whose rules a command is about.
type rulesOwner struct {
	Owner string `help:"Whose rules: a merchant (mer_...), a partner (ptn_...) or platform; the only merchant if there is one."`
}

func (r rulesOwner) of(ctx context.Context, o *offline) (string, error) {
	switch {
	case r.Owner == postern.Platform:
		return r.Owner, nil
	case postern.CheckID(postern.PrefixPartner, r.Owner):
		p, err := o.store.Partner(ctx, r.Owner)
		return p.ID, err
	}
	m, err := o.merchant(ctx, r.Owner)
	return m.ID, err
}

// readRules reads a JSON list of rules. An error names the line on which its rule begins.
func readRules(path string) ([]postern.Rule, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if open, err := decoder.Token(); err != nil || open != json.Delim('[') {
		return nil, fmt.Errorf("%s: write a JSON list of rules: [ ... ]", path)
	}
	rules := []postern.Rule{}
	for decoder.More() {
		before := text[:decoder.InputOffset()]
		gap := text[len(before):]
		gap = gap[:len(gap)-len(bytes.TrimLeft(gap, ", \t\r\n"))]
		var r postern.Rule
		if err := decoder.Decode(&r); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, 1+bytes.Count(before, []byte("\n"))+bytes.Count(gap, []byte("\n")), err)
		}
		rules = append(rules, r)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("%s: the list does not end: %w", path, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: one list of rules and nothing after it", path)
	}
	return rules, nil
}

type rulesShowCmd struct{ rulesOwner }

func (c *rulesShowCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		set, err := o.engine.LatestRules(ctx, owner)
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stderr, "version %d %s\n", set.Version, set.Note)
		encoder := json.NewEncoder(rt.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(set.Rules)
	})
}

type rulesCheckCmd struct {
	rulesOwner
	File  string        `arg:"" help:"A JSON list of rules." type:"path"`
	Since time.Duration `default:"720h" help:"How far back the paid orders go against which the rules are tried."`
}

func (c *rulesCheckCmd) Run(rt *runtime) error {
	rules, err := readRules(c.File)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		return tryRules(ctx, rt, o, c.File, owner, rules, c.Since)
	})
}

// tryRules prints what is known of rules before they hold. An error means that they are refused.
func tryRules(ctx context.Context, rt *runtime, o *offline, file, owner string, rules []postern.Rule, since time.Duration) error {
	p, err := o.engine.ProposeRules(ctx, owner, rules)
	if err != nil {
		return err
	}
	for _, f := range p.Findings {
		fmt.Fprintf(rt.stdout, "%s: rule %d (%s): %s\n", file, f.Line, f.Rule, f.Text)
	}
	if err := p.Refused(); err != nil {
		return err
	}
	printLastWays(rt.stdout, p.LastWays)
	q := drill.Question{Change: drill.Change{Rules: &postern.RuleSet{OwnerID: owner, Rules: rules}}, At: time.Now(), Since: time.Now().Add(-since)}
	switch {
	case postern.CheckID(postern.PrefixMerchant, owner):
		q.Merchants = []string{owner}
	case postern.CheckID(postern.PrefixPartner, owner):
		q.PartnerID = owner
	}
	report, err := drill.Replay(ctx, o.engine, q)
	if err != nil {
		return err
	}
	fmt.Fprintln(rt.stdout, "With these rules, of the orders that were paid:")
	printDrill(rt.stdout, q, report)
	return nil
}

func printLastWays(w io.Writer, lost []engine.LastWay) {
	for i, l := range lost {
		if i == 10 {
			fmt.Fprintf(w, "... and in %d more places\n", len(lost)-i)
			return
		}
		fmt.Fprintf(w, "in %s (%s) nothing would be left to pay with from %s\n", wall.Default().Name(l.Container).EN, l.Form, postern.FormatMoney(l.Amount, "CNY"))
	}
}

type rulesSetCmd struct {
	rulesOwner
	File  string        `arg:"" help:"A JSON list of rules." type:"path"`
	Note  string        `help:"Why, for the list of versions."`
	Since time.Duration `default:"720h" help:"How far back the paid orders go against which the rules are tried."`
	Yes   bool          `help:"Take the rules although they leave some buyers no way to pay."`
}

func (c *rulesSetCmd) Run(rt *runtime) error {
	rules, err := readRules(c.File)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		if err := tryRules(ctx, rt, o, c.File, owner, rules, c.Since); err != nil {
			return err
		}
		p, err := o.engine.ProposeRules(ctx, owner, rules)
		if err != nil {
			return err
		}
		if len(p.LastWays) > 0 && !c.Yes {
			return errors.New("the rules would leave some buyers no way to pay: mend them, or say --yes")
		}
		latest, err := o.engine.LatestRules(ctx, owner)
		if err != nil {
			return err
		}
		set, err := o.engine.SaveRules(ctx, owner, latest.Version, rules, c.Note)
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "version %d holds from the next plan on\n", set.Version)
		return nil
	})
}

type rulesListCmd struct{ rulesOwner }

func (c *rulesListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		for below := int64(0); ; {
			list, err := o.store.RuleVersions(ctx, owner, below, 100)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, s := range list {
				fmt.Fprintf(rt.stdout, "%4d  %s  %d rules  %s\n", s.Version, s.CreatedAt.In(postern.Beijing).Format("2006-01-02 15:04"), len(s.Rules), s.Note)
				below = s.Version
			}
		}
	})
}
