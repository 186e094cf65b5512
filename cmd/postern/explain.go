package main

import (
	"context"
	"fmt"
	"io"

	"postern"
	"postern/engine"
	"postern/route"
	"postern/wall"
)

// explainCmd says why a payment was offered what it was offered.
type explainCmd struct {
	Payment  string `arg:"" help:"The payment (pay_...)."`
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
}

func (c *explainCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		state, told, err := o.engine.Explain(ctx, m.ID, c.Payment)
		if err != nil {
			return err
		}
		p := state.Payment
		fmt.Fprintf(rt.stdout, "Payment %s (%s) of %s is %s.\n", p.ID, p.Reference, postern.FormatMoney(p.Amount, p.Currency), p.Status)
		if len(told) == 0 {
			fmt.Fprintln(rt.stdout, "Nobody has chosen a wallet yet.")
		}
		for _, x := range told {
			explainAttempt(rt.stdout, x)
		}
		return nil
	})
}

// reasonWords says each reason as a person would.
var reasonWords = map[string]string{
	route.ReasonWorks: "works there", route.ReasonUnproven: "nobody knows whether it works there, so it comes last", route.ReasonBlocked: "does not work there",
	route.ReasonWayOut: "works only by a way out", route.ReasonNotAllowed: "the channel may not collect", route.ReasonSuspended: "the provider refused it, so it was suspended",
	route.ReasonAmountLow: "the amount is below the limit", route.ReasonAmountHigh: "the amount is above the limit", route.ReasonCurrency: "does not carry the currency",
	route.ReasonNeedsCode: "wants a scanned code", route.ReasonNotAsked: "was not asked for", route.ReasonOtherMode: "test and live never mix", route.ReasonClosed: "is closed",
}

func explainAttempt(w io.Writer, x engine.Explanation) {
	a := x.Attempt
	where := wall.Default().Name(x.Then.Container).EN
	if x.Then.Container == engine.ContainerAPI {
		where = "the merchant's own page"
	}
	fmt.Fprintf(w, "\nIn %s on %s the answer was %s %s, which is %s.\n", where, a.CreatedAt.In(postern.Beijing).Format("2006-01-02 15:04:05 -07:00"), a.Provider, a.Product, a.Status)
	for _, c := range x.Then.Candidates {
		fmt.Fprintln(w, line(c, a))
	}
	if same(x.Then, x.Now) {
		fmt.Fprintln(w, "Today the answer would be the same.")
		return
	}
	fmt.Fprintln(w, "Today the answer would be:")
	for _, c := range x.Now.Candidates {
		fmt.Fprintln(w, line(c, postern.Attempt{}))
	}
}

func line(c route.Candidate, chosen postern.Attempt) string {
	mark := "no "
	if c.Kept {
		mark = "yes"
	}
	if c.ChannelID == chosen.ChannelID && c.Product == chosen.Product {
		mark = " ->"
	}
	s := fmt.Sprintf("  %s %-10s %-8s %s", mark, c.Provider, c.Product, reasonWords[c.Reason])
	for _, more := range []string{c.Detail, c.ClosureID, c.Evidence} {
		if more != "" {
			s += " [" + more + "]"
		}
	}
	return s
}

// same says whether two plans offer the same in the same order.
func same(a, b route.Plan) bool {
	then, now := a.Kept(), b.Kept()
	if len(then) != len(now) {
		return false
	}
	for i := range then {
		if then[i].ChannelID != now[i].ChannelID || then[i].Product != now[i].Product {
			return false
		}
	}
	return true
}
