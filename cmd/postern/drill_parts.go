package main

import (
	"time"

	"postern/drill"
	"postern/wall"
)

// The sections that a page over stored orders and one over a market have in common.

// flowSection is the before and after of money.
func (w pageWords) flowSection(title, lead string, r drill.Report) pageSection {
	left, right, bands := []node{}, []node{}, []band{}
	at := map[string]int{}
	to := func(key, label, tone string, amount int64) int {
		i, known := at[key]
		if !known {
			i = len(right)
			at[key] = i
			right = append(right, node{label: label, tone: tone})
		}
		right[i].amount += amount
		return i
	}
	for _, f := range r.Providers {
		if f.Before.Amount == 0 {
			continue
		}
		from := len(left)
		left = append(left, node{w.wallet(f.Provider), w.money(f.Before.Amount), "carried", f.Before.Amount})
		if f.By.Carried.Amount > 0 {
			bands = append(bands, band{from, to("as "+f.Provider, w.wallet(f.Provider)+" "+w.pick("照旧", "as before"), "carried", f.By.Carried.Amount), f.By.Carried.Amount, "carried"})
		}
		for _, m := range r.Moves {
			if m.From == f.Provider && m.Outcome == drill.Rerouted {
				bands = append(bands, band{from, to("to "+m.To, w.wallet(m.To), "rerouted", m.Amount), m.Amount, "rerouted"})
			}
		}
		if f.By.WayOut.Amount > 0 {
			bands = append(bands, band{from, to("out", w.pick("浏览器", "in the browser"), "wayout", f.By.WayOut.Amount), f.By.WayOut.Amount, "wayout"})
		}
	}
	from := 0
	for _, f := range r.Providers { // what is lost comes last, so that it stands at the foot
		if f.Before.Amount == 0 {
			continue
		}
		if f.By.Lost.Amount > 0 {
			bands = append(bands, band{from, to("lost", w.pick("丢失", "lost"), "lost", f.By.Lost.Amount), f.By.Lost.Amount, "lost"})
		}
		from++
	}
	var rows [][]string
	for i := range right {
		right[i].value = w.money(right[i].amount)
		rows = append(rows, []string{right[i].label, right[i].value, drill.Percent(roundBP(share(right[i].amount, r.Total.Amount)))})
	}
	if len(left) == 0 {
		return pageSection{}
	}
	return pageSection{Title: title, Lead: lead, Legend: w.shown(withoutGain(r.By)), Chart: flow(title, left, right, bands), Table: w.table(w.head(w.pick("去向", "where it goes"), w.pick("金额", "amount"), w.pick("占比", "share")), rows)}
}

func withoutGain(by drill.Split) drill.Split {
	by.Gained = drill.Sum{}
	return by
}

// event is a dated thing to mark on a time line.
type event struct {
	at   time.Time
	text string
}

// maxPoints is how many spans a time line shows; more days are joined.
const maxPoints = 70

// timeSection is what becomes of each day's orders.
func (w pageWords) timeSection(title, lead string, r drill.Report, events []event) pageSection {
	step := (len(r.Timeline) + maxPoints - 1) / maxPoints
	if len(r.Timeline) < 2 {
		return pageSection{}
	}
	s := pageSection{Title: title, Lead: lead, Legend: w.shown(withoutGain(r.By))}
	var points []point
	var rows [][]string
	var marks []mark
	month := ""
	for i := 0; i+step <= len(r.Timeline); i += step {
		var p point
		var total drill.Sum
		var by drill.Split
		for _, d := range r.Timeline[i : i+step] {
			total.Add(d.Total)
			by.Add(withoutGain(d.By))
		}
		p.parts = partsOf(by)
		if m := r.Timeline[i].At.Format("2006-01"); m != month {
			month, p.label = m, m
		}
		if step == 1 {
			p.label = r.Timeline[i].At.Format("01-02")
		}
		points = append(points, p)
		rows = append(rows, w.splitCells(r.Timeline[i].At.Format(time.DateOnly), total, by))
	}
	for _, e := range events {
		day := int(e.at.Sub(r.Timeline[0].At) / (24 * time.Hour))
		if at := day / step; day >= 0 && at < len(points) {
			s.Marks = append(s.Marks, circled(len(marks))+" "+e.at.Format(time.DateOnly)+"  "+e.text)
			marks = append(marks, mark{at, e.text})
		}
	}
	unit := w.pick("每天 ", "a day: ")
	if step > 1 {
		unit = w.pick("每 "+number(int64(step))+" 天 ", "in "+number(int64(step))+" days: ")
	}
	s.Chart = areas(title, points, marks, func(most int64) string { return unit + w.money(most) })
	s.Table = w.table(w.splitHead(w.pick("从", "from")), rows)
	return s
}

// groupSection is one row of outcomes a group.
func (w pageWords) groupSection(title, lead, first string, groups []drill.Group, name func(string) string) pageSection {
	var rows []bar
	var cells [][]string
	var all []drill.Split
	for _, g := range groups {
		if g.Total.Orders == 0 {
			continue
		}
		by := withoutGain(g.By)
		rows = append(rows, bar{name(g.Name), w.money(g.Total.Amount), partsOf(by)})
		cells = append(cells, w.splitCells(name(g.Name), g.Total, by))
		all = append(all, by)
	}
	if len(rows) == 0 {
		return pageSection{}
	}
	return pageSection{Title: title, Lead: lead, Legend: w.shown(all...), Chart: stackedBars(title, rows[:min(len(rows), 12)]), Table: w.table(w.splitHead(first), cells)}
}

func (w pageWords) container(code string) string {
	n := wall.Default().Name(code)
	return w.pick(n.ZH, n.EN)
}

// providerSection is what the providers carry and keep: the one that closes loses too.
func (w pageWords) providerSection(title, lead string, flows []drill.Flow) pageSection {
	var rows []bar
	var cells [][]string
	for _, f := range flows {
		if f.Before.Amount+f.After.Amount == 0 {
			continue
		}
		rows = append(rows, bar{w.wallet(f.Provider) + w.pick(" 原来", ", before"), w.money(f.Before.Amount), [5]int64{f.Before.Amount}},
			bar{w.wallet(f.Provider) + w.pick(" 之后", ", after"), w.money(f.After.Amount), [5]int64{0, f.After.Amount}})
		cells = append(cells, []string{w.wallet(f.Provider), w.money(f.Before.Amount), w.money(f.After.Amount), w.money(f.After.Amount - f.Before.Amount), w.money(f.BeforeFee), w.money(f.AfterFee), w.money(f.AfterFee - f.BeforeFee)})
	}
	if len(rows) == 0 {
		return pageSection{}
	}
	head := w.head(w.pick("钱包", "wallet"), w.pick("原来经手", "carried before"), w.pick("之后经手", "after"), w.pick("差", "difference"), w.pick("原来手续费", "fees before"), w.pick("之后手续费", "after"), w.pick("差", "difference"))
	return pageSection{
		Title: title, Lead: lead, Legend: []legend{{"carried", w.pick("原来", "before")}, {"rerouted", w.pick("之后", "after")}},
		Chart: stackedBars(title, rows), Table: w.table(head, cells),
	}
}
