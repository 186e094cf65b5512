package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"postern"
	"postern/engine"
	"postern/store"
)

// shopCmd opens a merchant's pages to people.
type shopCmd struct {
	Open shopOpenCmd `cmd:"" help:"Invite a shop's first owner and print the link with which they set a password."`
}

// byOperator is who acts at the command line, for the audit.
var byOperator = engine.Actor{Who: "operator"}

type shopOpenCmd struct {
	Merchant string `arg:"" optional:"" help:"The merchant (mer_...); the only one if there is one."`
	Login    string `required:"" help:"What the owner signs in with: a phone number or an e-mail address."`
	Name     string `required:"" help:"The owner's name."`
}

func (c *shopOpenCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		opened, err := o.engine.OpenShop(ctx, byOperator, m, engine.StaffInput{Login: c.Login, Name: c.Name})
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "shop %s is open for %s\n", m.ID, opened.Login)
		printInvitation(rt, opened.URL)
		return nil
	})
}

func printInvitation(rt *runtime, url string) {
	fmt.Fprintf(rt.stdout, "invitation %s (works once, for 48 hours, shown once)\n", url)
}

// staffCmd looks after the people of merchants and partners. Logins are unique in the whole switch, so a login says who.
type staffCmd struct {
	List      staffListCmd    `cmd:"" help:"List the people of a merchant or a partner."`
	Add       staffAddCmd     `cmd:"" help:"Add a person to a merchant or a partner and print the link with which they set a password."`
	Disable   staffDisableCmd `cmd:"" help:"Keep a person from signing in, and sign them out everywhere."`
	Enable    staffEnableCmd  `cmd:"" help:"Let a person sign in again."`
	Invite    staffInviteCmd  `cmd:"" help:"Print a new link with which a person sets a new password."`
	ResetTOTP staffResetCmd   `cmd:"" name:"reset-totp" help:"Turn the second step off for a person who has lost the phone."`
}

type staffListCmd struct {
	Owner string `arg:"" optional:"" help:"A merchant (mer_...) or a partner (ptn_...); the only merchant if there is one."`
}

func (c *staffListCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, err := o.staffOwner(ctx, c.Owner)
		if err != nil {
			return err
		}
		page := store.Page{Limit: 100}
		for {
			people, next, err := o.store.People(ctx, owner, page)
			if err != nil {
				return err
			}
			for _, p := range people {
				fmt.Fprintf(rt.stdout, "%s  %-7s  %-10s  %s  %s\n", p.ID, p.Role, staffState(p), p.Login, printable(p.Name))
			}
			if next == "" {
				return nil
			}
			page.After = next
		}
	})
}

func staffState(p postern.Staff) string {
	switch {
	case !p.DisabledAt.IsZero():
		return "disabled"
	case p.Password == "":
		return "invited"
	case len(p.TOTP) > 0:
		return "two steps"
	}
	return "in use"
}

// staffOwner checks whose people are meant.
func (o *offline) staffOwner(ctx context.Context, id string) (string, error) {
	if strings.HasPrefix(id, postern.PrefixPartner) {
		p, err := o.store.Partner(ctx, id)
		return p.ID, err
	}
	m, err := o.merchant(ctx, id)
	return m.ID, err
}

type staffAddCmd struct {
	Owner string `arg:"" help:"A merchant (mer_...) or a partner (ptn_...)."`
	Login string `required:"" help:"What the person signs in with: a phone number or an e-mail address."`
	Name  string `required:"" help:"The person's name."`
	Role  string `enum:"owner,staff,finance" default:"owner" help:"owner, staff or finance."`
}

func (c *staffAddCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		owner, err := o.staffOwner(ctx, c.Owner)
		if err != nil {
			return err
		}
		who, secret, err := o.engine.AddStaff(ctx, byOperator, owner, engine.StaffInput{Login: c.Login, Name: c.Name, Role: postern.Role(c.Role)})
		if err != nil {
			return err
		}
		fmt.Fprintf(rt.stdout, "person %s\n", who.ID)
		printInvitation(rt, o.engine.InvitationURL(secret))
		return nil
	})
}

// login is the argument that names a person.
type login struct {
	Login string `arg:"" help:"What the person signs in with."`
}

// change finds a person by the login and changes them.
func (l login) change(rt *runtime, act func(ctx context.Context, o *offline, who postern.Staff) error) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		who, err := o.store.StaffByLogin(ctx, engine.Login(l.Login))
		if postern.CodeOf(err) == postern.CodeNotFound && err != nil {
			return errors.New("nobody signs in with this: postern staff list")
		}
		if err != nil {
			return err
		}
		return act(ctx, o, who)
	})
}

type staffDisableCmd struct{ login }

func (c *staffDisableCmd) Run(rt *runtime) error {
	return c.change(rt, func(ctx context.Context, o *offline, who postern.Staff) error {
		_, err := o.engine.DisableStaff(ctx, byOperator, who.OwnerID, who.ID)
		return err
	})
}

type staffEnableCmd struct{ login }

func (c *staffEnableCmd) Run(rt *runtime) error {
	return c.change(rt, func(ctx context.Context, o *offline, who postern.Staff) error {
		_, err := o.engine.EnableStaff(ctx, byOperator, who.OwnerID, who.ID)
		return err
	})
}

type staffInviteCmd struct{ login }

func (c *staffInviteCmd) Run(rt *runtime) error {
	return c.change(rt, func(ctx context.Context, o *offline, who postern.Staff) error {
		_, secret, err := o.engine.InviteStaff(ctx, byOperator, who.OwnerID, who.ID)
		if err == nil {
			printInvitation(rt, o.engine.InvitationURL(secret))
		}
		return err
	})
}

type staffResetCmd struct{ login }

func (c *staffResetCmd) Run(rt *runtime) error {
	return c.change(rt, func(ctx context.Context, o *offline, who postern.Staff) error {
		_, err := o.engine.ResetTOTP(ctx, byOperator, who.OwnerID, who.ID)
		return err
	})
}
