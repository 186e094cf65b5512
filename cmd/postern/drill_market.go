package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"postern"
	"postern/drill"
	"postern/web/ui"
)

// market plays a synthetic market.
func (c *drillCmd) market(rt *runtime, lang ui.Lang) error {
	m, err := drill.LoadMarket(c.Market)
	if err != nil {
		return err
	}
	m.Seed = c.Seed
	for _, text := range c.Assume {
		key, value, ok := strings.Cut(text, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		if !ok || err != nil {
			return fmt.Errorf("--assume %s: write KEY=NUMBER", text)
		}
		if err := m.Set(key, n); err != nil {
			return fmt.Errorf("--assume %s: %w", text, err)
		}
	}
	bar := newProgress(rt.stderr)
	report, err := drill.Play(rt.ctx, m, bar.of)
	bar.end()
	if err != nil {
		return err
	}
	return c.write(rt, report, func(w io.Writer) { printMarket(w, report) }, func(w io.Writer) error { return csvMarket(w, report) }, marketPage(report, lang))
}

// oracle prints what routing loses against somebody who knows everything.
func (c *drillCmd) oracle(rt *runtime) error {
	bar := newProgress(rt.stderr)
	r, err := drill.Trials(rt.ctx, c.Oracle, bar.of)
	bar.end()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(rt.stdout).Encode(r)
	}
	fmt.Fprintf(rt.stdout, "%d random markets (seeds 1 to %d), %d orders.\n", r.Trials, r.Trials, r.Orders)
	fmt.Fprintf(rt.stdout, "Routing keeps %s of what an oracle sells that knows every buyer: %s on the mean of the markets, %s in the worst (seed %d).\n",
		drill.Percent(r.KeptBP), drill.Percent(r.MeanBP), drill.Percent(r.WorstBP), r.WorstSeed)
	fmt.Fprintf(rt.stdout, "%d of them keep less than 98 %%. Without any thought, the ways in alphabetical order: %s.\n", r.Below, drill.Percent(r.BlindBP))
	return nil
}

// millions writes an amount of fen as millions of yuan, for tables that are read at a glance.
func millions(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	tenths := (fen + 5_000_000) / 10_000_000
	return fmt.Sprintf("%s%s.%d", sign, drill.Thousands(tenths/10), tenths%10)
}

func sceneName(s drill.Scene, lang ui.Lang, closer string) string {
	switch s.Name {
	case drill.SceneOpen:
		return lang.Pick("没有墙", "no wall")
	case drill.SceneAlone:
		return lang.Pick("只有"+walletName(closer, lang), walletName(closer, lang)+" alone")
	case drill.SceneAll:
		return lang.Pick("全部签下", "all of them")
	}
	return lang.Pick("＋", "+ ") + walletName(s.Name, lang)
}

func printMarket(w io.Writer, r drill.MarketReport) {
	closer := walletName(r.Closer, ui.EN)
	fmt.Fprintf(w, "The market of %s, seed %d: %s shops, %s orders of %s set out, from %s to %s.\n", r.Market.Name, r.Market.Seed, drill.Thousands(r.Shops), drill.Thousands(r.Asked.Orders),
		postern.FormatMoney(r.Asked.Amount, "CNY"), r.From.Format(time.DateOnly), r.Until.AddDate(0, 0, -1).Format(time.DateOnly))
	fmt.Fprintf(w, "Million yuan; every scene with the same buyers. Rerouted: paid with another wallet. Out: paid in the browser instead. Gained: not sold without walls.\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "shops take\tsold\tcarried\trerouted\tout\tlost\tgained\tfees\twithout contract\t")
	for _, s := range r.Scenes {
		by, last := s.Report.By, s.Report.Timeline[len(s.Report.Timeline)-1]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t\n", sceneName(s, ui.EN, r.Closer), millions(s.Sold.Amount), millions(by.Carried.Amount), millions(by.Rerouted.Amount), millions(by.WayOut.Amount),
			millions(by.Lost.Amount), millions(by.Gained.Amount), millions(s.Fees), last.Shut)
	}
	_ = t.Flush()
	fmt.Fprintln(w, "\nWhich contract to sign first, by what shops sell more than with "+closer+" alone:")
	for i, f := range r.First {
		fmt.Fprintf(w, "  %d. %s: %s million yuan, %s orders; best for %s shops\n", i+1, walletName(f.Provider, ui.EN), millions(f.More.Amount), drill.Thousands(f.More.Orders), drill.Thousands(f.BestFor))
	}
	alone := r.Scenes[1].Report.Providers[0]
	fmt.Fprintf(w, "\n%s itself carries %s instead of %s million yuan, and keeps %s instead of %s million in fees.\n", closer, millions(alone.After.Amount), millions(alone.Before.Amount),
		millions(alone.AfterFee), millions(alone.BeforeFee))
	fmt.Fprintln(w, "\nMonth by month, lost of what is sold without walls:")
	printMonths(w, r)
	fmt.Fprintln(w, "\nAssumptions (set one with --assume KEY=NUMBER):")
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range r.Market.Assumptions {
		mark := a.Mark
		if a.Set {
			mark = "set by you"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", a.Key, a.Text(), mark, a.EN)
	}
	_ = t.Flush()
	fmt.Fprintln(w)
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
}

func printMonths(w io.Writer, r drill.MarketReport) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "month\t")
	for _, s := range r.Scenes[1:] {
		fmt.Fprint(t, sceneName(s, ui.EN, r.Closer), "\t")
	}
	fmt.Fprintln(t)
	for m := range r.Scenes[0].Months {
		fmt.Fprint(t, r.Scenes[0].Months[m].At.Format("2006-01"), "\t")
		for _, s := range r.Scenes[1:] {
			lost, before := monthLoss(s, r.Scenes[0].Months[m].At)
			fmt.Fprint(t, drill.Percent(share(lost, before)/10*10), "\t")
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush()
}

// monthLoss is what a scene loses in a calendar month, of what is sold without walls.
func monthLoss(s drill.Scene, month time.Time) (lost, before int64) {
	for _, d := range s.Report.Timeline {
		if d.At.Year() == month.Year() && d.At.Month() == month.Month() {
			lost, before = lost+d.By.Lost.Amount, before+d.Total.Amount
		}
	}
	return lost, before
}

// share is a part of a whole in hundredths of a per cent.
func share(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return part / 100 * 10_000 / max(whole/100, 1)
}

func csvMarket(w io.Writer, r drill.MarketReport) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"scene", "day", "before", "carried", "rerouted", "way_out", "lost", "gained", "shops_without_contract"}}
	for _, s := range r.Scenes {
		for _, d := range s.Report.Timeline {
			rows = append(rows, append(append([]string{s.Name, d.At.Format(time.DateOnly), number(d.Total.Amount)}, splitRow(d.By)...), number(d.By.Gained.Amount), number(d.Shut)))
		}
	}
	return out.WriteAll(rows)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func splitRow(by drill.Split) []string {
	return []string{number(by.Carried.Amount), number(by.Rerouted.Amount), number(by.WayOut.Amount), number(by.Lost.Amount)}
}
