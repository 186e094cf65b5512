package main

import (
	"context"
	"fmt"

	"postern"
	"postern/engine"
	"postern/store"
)

// refundCmd looks after refunds that no provider ends. Whoever is at the command line is one person, the operator: what is entered here somebody else confirms, in the console or with an API key.
type refundCmd struct {
	Waiting refundWaitingCmd `cmd:"" help:"List the refunds that wait for a second person."`
	Outside refundOutsideCmd `cmd:"" help:"Enter what was given back outside the provider, by bank transfer or in cash; it is reserved and never sent."`
	Resolve refundResolveCmd `cmd:"" help:"Say what became of a stuck refund."`
	Confirm refundConfirmCmd `cmd:"" help:"Confirm, as the second person, how a refund ended: it is refunded and booked."`
	Reject  refundRejectCmd  `cmd:"" help:"Refuse or take back how a refund is said to have ended."`
}

type refundWaitingCmd struct {
	Merchant string `help:"The merchant (mer_...), if there are several."`
}

func (c *refundWaitingCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		page := store.Page{Limit: 100}
		for {
			list, next, err := o.store.RefundsAwaiting(ctx, m.ID, page)
			if err != nil {
				return err
			}
			for _, r := range list {
				tellHand(rt, r)
			}
			if next == "" {
				return nil
			}
			page.After = next
		}
	})
}

// tellHand prints where a refund stands between its two persons.
func tellHand(rt *runtime, r postern.Refund) {
	fmt.Fprintf(rt.stdout, "%s  %-8s  %12s  of %s", r.ID, r.Status, postern.FormatMoney(r.Amount, r.Currency), r.PaymentID)
	if h := r.Hand; h.Way != "" {
		fmt.Fprintf(rt.stdout, "\n  %s says %s", printable(h.By.Name), h.Way)
		if h.Bank != "" {
			fmt.Fprintf(rt.stdout, ", paid by bank:%s", printable(h.Bank))
		}
		fmt.Fprintf(rt.stdout, ": %s", printable(h.Evidence))
		if !r.Awaits() {
			fmt.Fprintf(rt.stdout, "\n  %s: %s", printable(h.Second.Name), printable(h.Saw))
		}
	}
	fmt.Fprintln(rt.stdout)
}

// oneRefund is the refund that a command is about.
type oneRefund struct {
	Refund   string `arg:"" help:"The refund (ref_...)."`
	Merchant string `help:"The merchant (mer_...), if there are several."`
}

// act does something to a refund and prints where it stands then.
func (n oneRefund) act(rt *runtime, do func(ctx context.Context, o *offline, merchantID string) (postern.Refund, error)) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, n.Merchant)
		if err != nil {
			return err
		}
		r, err := do(ctx, o, m.ID)
		if err == nil {
			tellHand(rt, r)
		}
		return err
	})
}

type refundOutsideCmd struct {
	Payment   string `arg:"" help:"The payment (pay_...)."`
	Merchant  string `help:"The merchant (mer_...), if there are several."`
	Amount    int64  `help:"In minor units: 6800 is 68.00. Not for a surplus, which goes back whole."`
	Surplus   string `help:"Give this held surplus (sur_...) back instead of what paid the payment."`
	Evidence  string `required:"" help:"What a second person can look up, such as the bank's number of the transfer."`
	Bank      string `help:"A name of the merchant's own account that paid; the books name it bank:NAME."`
	Reason    string `help:"Why."`
	Reference string `required:"" help:"The merchant's own number of this refund, unique per payment."`
}

func (c *refundOutsideCmd) Run(rt *runtime) error {
	return oneRefund{Merchant: c.Merchant}.act(rt, func(ctx context.Context, o *offline, merchantID string) (postern.Refund, error) {
		return o.engine.RefundOutside(ctx, theOperator, merchantID, c.Payment, engine.OutsideInput{
			Reference: c.Reference, Amount: c.Amount, SurplusID: c.Surplus, Reason: c.Reason, Bank: c.Bank, Evidence: c.Evidence,
		})
	})
}

type refundResolveCmd struct {
	oneRefund
	Way      string `required:"" enum:"reached,outside" help:"reached: the provider brought it to the buyer after all. outside: it came back to the account at the provider, and the merchant paid the buyer."`
	Evidence string `required:"" help:"What a second person can look up."`
	Bank     string `help:"The merchant's own account that paid, for outside."`
}

func (c *refundResolveCmd) Run(rt *runtime) error {
	return c.act(rt, func(ctx context.Context, o *offline, merchantID string) (postern.Refund, error) {
		return o.engine.ResolveRefund(ctx, theOperator, merchantID, c.Refund, engine.StuckInput{Way: postern.Way(c.Way), Bank: c.Bank, Evidence: c.Evidence})
	})
}

type refundConfirmCmd struct {
	oneRefund
	Saw string `required:"" help:"What you looked at yourself."`
}

func (c *refundConfirmCmd) Run(rt *runtime) error {
	return c.act(rt, func(ctx context.Context, o *offline, merchantID string) (postern.Refund, error) {
		return o.engine.AgreeRefund(ctx, theOperator, merchantID, c.Refund, c.Saw, nil)
	})
}

type refundRejectCmd struct {
	oneRefund
	Why string `required:"" help:"Why not."`
}

func (c *refundRejectCmd) Run(rt *runtime) error {
	return c.act(rt, func(ctx context.Context, o *offline, merchantID string) (postern.Refund, error) {
		return o.engine.RefuseRefund(ctx, theOperator, merchantID, c.Refund, c.Why, nil)
	})
}
