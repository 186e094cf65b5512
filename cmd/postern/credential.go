package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"postern"
	"postern/engine"
	"postern/roster"
)

// credentialCmd keeps accounts at providers.
type credentialCmd struct {
	Add    credentialAddCmd    `cmd:"" help:"Add an account with its first keys and without a channel."`
	List   credentialListCmd   `cmd:"" help:"List accounts."`
	Keys   credentialKeysCmd   `cmd:"" help:"Add a generation of keys; older ones go on verifying."`
	Set    credentialSetCmd    `cmd:"" help:"Change settings of an account for all of its channels."`
	Revoke credentialRevokeCmd `cmd:"" help:"Give an account up with all of its channels, in one act, and print who sells over it."`
}

// readKeys reads keys from files.
func readKeys(files map[string]string) (map[string][]byte, error) {
	keys := map[string][]byte{}
	for name, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", name, err)
		}
		keys[name] = []byte(strings.TrimSpace(string(content)))
	}
	return keys, nil
}

// accountOwner is who owns an account that a merchant may use: the merchant or its partner. Without an account it is the merchant.
func (o *offline) accountOwner(ctx context.Context, m postern.Merchant, setID string) (string, error) {
	if setID == "" {
		return m.ID, nil
	}
	for _, owner := range []string{m.ID, m.PartnerID} {
		_, err := o.store.CredentialSet(ctx, owner, setID)
		if err == nil {
			return owner, nil
		}
		if postern.CodeOf(err) != postern.CodeNotFound {
			return "", err
		}
	}
	return "", fmt.Errorf("neither the merchant nor its partner has the account %s", setID)
}

type credentialAddCmd struct {
	keyOwner
	Provider string            `required:"" help:"The provider's code; 'postern version' lists them."`
	Set      map[string]string `help:"Settings as name=value; 'postern channel fields' lists them."`
	KeyFile  map[string]string `help:"Keys as name=FILE."`
}

func (c *credentialAddCmd) Run(rt *runtime) error {
	keys, err := readKeys(c.KeyFile)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, live, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		set, err := o.engine.AddCredentialSet(ctx, engine.NewAccount{OwnerID: owner, Provider: c.Provider, Settings: c.Set, Keys: keys, Sandbox: !live})
		if err == nil {
			fmt.Fprintf(rt.stdout, "account %s\n", set.ID)
		}
		return err
	})
}

type credentialListCmd struct{ keyOwner }

func (c *credentialListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, _, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		rows, err := o.store.CredentialSets(ctx, owner)
		for _, s := range rows {
			fmt.Fprintf(rt.stdout, "%s  %s  %s\n", s.ID, mode(!s.Sandbox), s.Provider)
		}
		return err
	})
}

type credentialKeysCmd struct {
	keyOwner
	Account  string            `required:"" help:"The account (crs_...)."`
	KeyFile  map[string]string `required:"" help:"Keys as name=FILE."`
	NotAfter string            `help:"When it stops signing; the end of its own certificate, if there is one, or never." placeholder:"DAY"`
}

func (c *credentialKeysCmd) Run(rt *runtime) error {
	keys, err := readKeys(c.KeyFile)
	if err != nil {
		return err
	}
	until, err := readDay("--not-after", c.NotAfter)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, _, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		g, err := o.engine.AddGeneration(ctx, engine.NewCredentials{OwnerID: owner, CredentialSetID: c.Account, Keys: keys, NotAfter: until})
		if err != nil {
			return err
		}
		end := "never"
		if !g.NotAfter.IsZero() {
			end = g.NotAfter.In(postern.Beijing).Format("2006-01-02 15:04")
		}
		fmt.Fprintf(rt.stdout, "generation %s, stops signing: %s\n", g.ID, end)
		return nil
	})
}

type credentialSetCmd struct {
	keyOwner
	Account string            `required:"" help:"The account (crs_...)."`
	Set     map[string]string `required:"" help:"Settings as name=value; an empty value takes the provider's own back. 'postern channel fields' lists them."`
}

func (c *credentialSetCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, _, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		set, err := o.engine.SetAccount(ctx, theOperator, owner, c.Account, c.Set)
		if err == nil {
			fmt.Fprintf(rt.stdout, "account %s, version %d\nnext: postern channel check, for a channel over it\n", set.ID, set.Version)
		}
		return err
	})
}

type credentialRevokeCmd struct {
	keyOwner
	Set    string   `required:"" help:"The account (crs_...)."`
	Act    []string `enum:"sign,renew,pay,refund,settle,dispute" help:"What ends; new payments, if not given."`
	From   string   `help:"When it begins; at once, if not given." placeholder:"DAY"`
	Who    string   `help:"The company or authority."`
	Source string   `help:"Where it was announced."`
	Report string   `help:"Write every merchant that sells over the account into this CSV file." type:"path"`
	consent
}

// errRevoke is what a person hears who has not said --yes.
var errRevoke = errors.New("nothing is stored: say --yes to revoke the account")

func (c *credentialRevokeCmd) Run(rt *runtime) error {
	from, err := readDay("--from", c.From)
	if err != nil {
		return err
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, _, err := c.of(ctx, o)
		if err != nil {
			return err
		}
		r := engine.Revocation{OwnerID: owner, CredentialSetID: c.Set, From: from, Who: c.Who, Source: c.Source}
		for _, act := range c.Act {
			r.Acts = append(r.Acts, postern.Act(act))
		}
		if err := c.report(ctx, o, r); err != nil {
			return err
		}
		if c.Preview || !c.Yes {
			risk, err := o.engine.PreviewRevocation(ctx, r)
			if err != nil {
				return err
			}
			printRisk(rt, risk)
			if c.Preview {
				return nil
			}
			return errRevoke
		}
		closure, risk, err := o.engine.RevokeCredentialSet(ctx, r)
		if err != nil {
			return err
		}
		printRisk(rt, risk)
		fmt.Fprintf(rt.stdout, "closure %s; undo it with: postern closure withdraw %s --owner %s\n", closure.ID, closure.ID, closure.OwnerID)
		return nil
	})
}

// report writes every merchant of the account into a file, if one is wanted.
func (c *credentialRevokeCmd) report(ctx context.Context, o *offline, r engine.Revocation) error {
	if c.Report == "" {
		return nil
	}
	list, err := o.engine.RiskReport(ctx, r)
	if err != nil {
		return err
	}
	lines := [][]string{{"merchant", "name", "orders_30_days", "amount_30_days", "orders_under_way", "amount_under_way", "other_channels", "no_way_left"}}
	for _, l := range list {
		orders, amount := totals(l.Through)
		begun, beginning := totals(l.Begun)
		lines = append(lines, []string{l.MerchantID, l.Name, orders, amount, begun, beginning, strconv.Itoa(l.Others), strings.Join(l.NoWayLeft, " ")})
	}
	f, err := os.Create(c.Report)
	if err != nil {
		return err
	}
	return errors.Join(roster.Write(f, lines), f.Close())
}

// totals writes sums of several currencies side by side.
func totals(list []engine.Turnover) (orders, amounts string) {
	var counts, sums []string
	for _, t := range list {
		counts, sums = append(counts, strconv.FormatInt(t.Orders, 10)), append(sums, postern.FormatMoney(t.Amount, t.Currency))
	}
	return strings.Join(counts, " + "), strings.Join(sums, " + ")
}

func printRisk(rt *runtime, risk engine.Risk) {
	orders, amounts := totals(risk.Through)
	begun, beginning := totals(risk.Begun)
	fmt.Fprintf(rt.stdout, "%s over the account", postern.Count(risk.Merchants, "merchant"))
	if orders != "" {
		fmt.Fprintf(rt.stdout, "; in the last %d days %s orders of %s", risk.Days, orders, amounts)
	}
	if begun != "" {
		fmt.Fprintf(rt.stdout, "; under way, and finished in any case: %s orders of %s", begun, beginning)
	}
	fmt.Fprintln(rt.stdout)
	for _, warning := range risk.Warnings() {
		fmt.Fprintln(rt.stdout, "warning: "+warning)
	}
}
