package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"postern"
	"postern/drill"
	"postern/web/ui"
)

// drillOutcomes are the outcomes of stored orders, in the order in which people want to hear of them.
var drillOutcomes = []struct {
	outcome drill.Outcome
	words   string
}{{drill.Carried, "go on as they are"}, {drill.Rerouted, "are offered another wallet on the spot"}, {drill.WayOut, "are shown a way out only"}, {drill.Lost, "are lost"}}

func printDrill(w io.Writer, q drill.Question, r drill.Report) {
	yuan := func(amount int64) string { return postern.FormatMoney(amount, r.Currency) }
	onward := ""
	if q.Onward {
		onward = " onward"
	}
	fmt.Fprintf(w, "%d orders of %s since %s, planned as of %s%s:\n", r.Total.Orders, yuan(r.Total.Amount), q.Since.In(postern.Beijing).Format(time.DateOnly), q.At.In(postern.Beijing).Format("2006-01-02 15:04"), onward)
	for _, o := range drillOutcomes {
		s := r.By.Of(o.outcome)
		fmt.Fprintf(w, "  %8d  %14s  %s\n", s.Orders, yuan(s.Amount), o.words)
	}
	for _, m := range r.Moves {
		fmt.Fprintf(w, "from %s to %s: %d orders, %s, fees %s\n", m.From, m.To, m.Orders, yuan(m.Amount), signed(m.ExtraFee, r.Currency))
	}
	for _, p := range r.Places {
		fmt.Fprintf(w, "in %-20s %6d orders, %s; lost %s, way out %s\n", p.Name, p.Total.Orders, yuan(p.Total.Amount), yuan(p.By.Lost.Amount), yuan(p.By.WayOut.Amount))
	}
	printGroups(w, "merchant", r.Merchants, r.MoreMerchants, r.Currency)
	printGroups(w, "partner", r.Partners, r.MorePartners, r.Currency)
	for i, a := range r.Sign {
		fmt.Fprintf(w, "%d. sign %s %s: saves %d orders, %s, of %d merchants\n", i+1, walletName(a.Provider, ui.EN), a.Product, a.Saves.Orders, yuan(a.Saves.Amount), a.Merchants)
	}
	for _, f := range r.Providers {
		fmt.Fprintf(w, "%s carries %s instead of %s, and keeps %s instead of %s\n", walletName(f.Provider, ui.EN), yuan(f.After.Amount), yuan(f.Before.Amount), yuan(f.AfterFee), yuan(f.BeforeFee))
	}
	for _, id := range r.Stranded {
		fmt.Fprintf(w, "merchant %s would sell nothing\n", id)
	}
	if r.MoreStranded > 0 {
		fmt.Fprintf(w, "and %d more merchants would sell nothing\n", r.MoreStranded)
	}
	if r.OtherCurrency > 0 {
		fmt.Fprintf(w, "%d orders in other currencies are not counted\n", r.OtherCurrency)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
}

func printGroups(w io.Writer, kind string, list []drill.Group, more int64, currency string) {
	for _, g := range list[:min(len(list), 10)] {
		fmt.Fprintf(w, "%s %s: lost %s, way out %s, of %s\n", kind, g.Name, postern.FormatMoney(g.By.Lost.Amount, currency), postern.FormatMoney(g.By.WayOut.Amount, currency), postern.FormatMoney(g.Total.Amount, currency))
	}
	if rest := int64(max(len(list)-10, 0)) + more; rest > 0 {
		fmt.Fprintf(w, "and %d more %ss lose something\n", rest, kind)
	}
}

func signed(amount int64, currency string) string {
	if amount > 0 {
		return "+" + postern.FormatMoney(amount, currency)
	}
	return postern.FormatMoney(amount, currency)
}

// csvDrill is one table: each row a group of orders and what becomes of them, in minor units.
func csvDrill(w io.Writer, r drill.Report) error {
	rows := [][]string{{"kind", "name", "orders", "amount", "carried", "rerouted", "way_out", "lost"}}
	add := func(kind, name string, total drill.Sum, by drill.Split) {
		rows = append(rows, append([]string{kind, name, number(total.Orders), number(total.Amount)}, splitRow(by)...))
	}
	add("total", "", r.Total, r.By)
	for _, p := range r.Places {
		add("container", p.Name, p.Total, p.By)
	}
	for _, m := range r.Merchants {
		add("merchant", m.Name, m.Total, m.By)
	}
	for _, p := range r.Partners {
		add("partner", p.Name, p.Total, p.By)
	}
	for _, s := range r.Timeline {
		add("day", s.At.Format(time.DateOnly), s.Total, s.By)
	}
	return csv.NewWriter(w).WriteAll(rows)
}
