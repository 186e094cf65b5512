package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"postern"
	"postern/engine"
	"postern/provider"
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
		x := explainer{w: rt.stdout, registry: o.engine.Registry, names: wall.Default()}
		for _, one := range told {
			x.attempt(one)
		}
		return nil
	})
}

// explainer writes plans as a person would tell them.
type explainer struct {
	w        io.Writer
	registry provider.Registry
	names    *wall.Map
}

// reasonWords says, after "because", why a way was not offered.
var reasonWords = map[string]string{
	route.ReasonBlocked: "it does not work there", route.ReasonWayOut: "it works only by a way out", route.ReasonNotAllowed: "the channel may not collect",
	route.ReasonSuspended: "it was found shut, so it is suspended", route.ReasonAmountLow: "the amount is below the limit", route.ReasonAmountHigh: "the amount is above the limit",
	route.ReasonQuota: "the channel's quota is used up", route.ReasonCurrency: "it does not carry the currency", route.ReasonNeedsCode: "it wants a scanned code",
	route.ReasonOtherMode: "test and live never mix", route.ReasonClosed: "it is closed", route.ReasonRule: "a rule of the shop drops it",
}

// closedWords says what about an agreement or a closure stood in the way.
var closedWords = map[string]string{
	postern.NoAgreement: "no agreement was ever signed for it", postern.AgreementEnded: "its agreement had ended", postern.OtherScene: "its agreement does not cover this app",
	postern.ClosedByWall: "a closure holds",
}

func (x explainer) attempt(e engine.Explanation) {
	a, then := e.Attempt, e.Then
	fmt.Fprintf(x.w, "\nOn %s the buyer was %s.\n", a.CreatedAt.In(postern.Beijing).Format("2006-01-02 15:04:05 -07:00"), x.where(then))
	if then.Explored {
		fmt.Fprintln(x.w, "This was one of the few payments that try what has been tried least, so that we go on learning.")
	}
	for i, c := range then.Offered() {
		fmt.Fprintf(x.w, "  %d. %s: %s.\n", i+1, x.name(c), x.merits(c))
	}
	x.dropped("Not offered:", then)
	fmt.Fprintf(x.w, "The answer was %s, which is %s", x.name(route.Candidate{Provider: a.Provider, Product: a.Product}), a.Status)
	if a.Code != "" || a.Message != "" {
		fmt.Fprintf(x.w, " (the wallet said: %s)", strings.TrimSpace(a.Code+" "+a.Message))
	}
	fmt.Fprintln(x.w, ".")
	x.today(then, e.Now)
}

func (x explainer) where(p route.Plan) string {
	if p.Container == engine.ContainerAPI {
		return "on the shop's own page, which chose the way to pay"
	}
	s := "in " + x.names.Name(p.Container).EN
	for _, more := range []string{p.Form, p.OS} {
		if more != "" {
			s += ", " + more
		}
	}
	if len(p.Used) > 0 {
		s += ", and had paid before with " + strings.Join(p.Used, " and ")
	}
	return s
}

func (x explainer) name(c route.Candidate) string {
	name := c.Provider
	if connector, ok := x.registry[c.Provider]; ok {
		name = connector.Describe().NameEN
	}
	return name + " (" + c.Product + ")"
}

// merits says what was good and bad about a way that was offered.
func (x explainer) merits(c route.Candidate) string {
	var all []string
	if c.Reach == route.Works {
		all = append(all, "works right there")
	} else {
		all = append(all, "nobody knows whether it works there, so it comes last")
	}
	switch c.Reason {
	case route.ReasonProbe:
		all = append(all, "it was suspended, and a few payments try it again")
	case route.ReasonLastResort:
		all = append(all, "it is suspended, and there was nothing else to offer")
	}
	if c.OwnWallet {
		all = append(all, "the buyer sits inside that wallet")
	}
	if c.Used {
		all = append(all, "this browser has paid with it before")
	}
	if c.Tried > 0 {
		all = append(all, fmt.Sprintf("about %d of 100 such payments succeed here", (c.Success+50)/100))
	}
	if c.Steps > 0 {
		all = append(all, plural(c.Steps, "step"))
	}
	if c.FeeBP != 0 {
		all = append(all, fmt.Sprintf("costs %d.%02d %%", c.FeeBP/100, c.FeeBP%100))
	}
	if c.Rule != "" {
		all = append(all, "the shop's rule "+c.Rule+" has a say")
	}
	return strings.Join(all, ", ")
}

func plural(n int64, word string) string {
	if n == 1 {
		return "one " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// dropped lists what was not offered, with the reason.
func (x explainer) dropped(title string, p route.Plan) {
	for _, c := range p.Candidates {
		if c.Kept || c.Reason == route.ReasonNotAsked || c.Reason == route.ReasonNeedsCode {
			continue
		}
		if title != "" {
			fmt.Fprintln(x.w, title)
			title = ""
		}
		fmt.Fprintf(x.w, "  - %s, because %s.\n", x.name(c), x.why(c))
	}
}

func (x explainer) why(c route.Candidate) string {
	s := reasonWords[c.Reason]
	switch {
	case c.Reason == route.ReasonClosed && closedWords[c.Detail] != "":
		s = closedWords[c.Detail]
		if c.ClosureID != "" {
			s += " (" + c.ClosureID + ")"
		}
	case c.Reason == route.ReasonRule:
		s = "the shop's rule " + c.Rule + " drops it"
	case c.Reason == route.ReasonWayOut && c.WayOut != "":
		s += " (" + strings.ReplaceAll(c.WayOut, "_", " ") + ")"
	}
	if c.Detail != "" && c.Reason != route.ReasonClosed {
		s += ": " + strings.TrimSuffix(c.Detail, ".")
	}
	if c.Evidence != "" && (c.Reason == route.ReasonBlocked || c.Reason == route.ReasonWayOut) {
		s += " [" + strings.ReplaceAll(c.Evidence, "_", " ") + "]"
	}
	return s
}

// today says what the same question is answered now, by what became of each way.
func (x explainer) today(then, now route.Plan) {
	if same(then, now) {
		fmt.Fprintln(x.w, "Today the answer would be the same.")
		return
	}
	fmt.Fprintln(x.w, "Today it would be another:")
	was := map[string]bool{}
	for _, c := range then.Offered() {
		was[c.ChannelID+c.Product] = true
	}
	for i, c := range now.Offered() {
		news := ""
		if !was[c.ChannelID+c.Product] {
			news = ", which was not offered then"
		}
		fmt.Fprintf(x.w, "  %d. %s: %s%s.\n", i+1, x.name(c), x.merits(c), news)
	}
	for _, c := range now.Candidates {
		if !c.Kept && was[c.ChannelID+c.Product] {
			fmt.Fprintf(x.w, "  - %s no more, because %s.\n", x.name(c), x.why(c))
		}
	}
	if len(now.Offered()) == 0 {
		fmt.Fprintln(x.w, "  Nothing could be paid with.")
	}
}

// same says whether two plans offer the same in the same order.
func same(a, b route.Plan) bool {
	return slices.EqualFunc(a.Offered(), b.Offered(), func(x, y route.Candidate) bool { return x.ChannelID == y.ChannelID && x.Product == y.Product })
}
