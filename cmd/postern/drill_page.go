package main

import (
	_ "embed"
	"html/template"
	"io"

	"postern"
	"postern/drill"
	"postern/web/ui"
)

//go:embed drill_page.html
var drillHTML string

//go:embed drill.css
var drillCSS string

var drillTemplate = template.Must(template.New("drill").Parse(drillHTML))

// drillPage is one self-contained page: the words first, then each picture with its table.
type drillPage struct {
	Lang     ui.Lang
	Title    string
	Style    template.CSS
	Headline []phrase
	Lead     string
	Figures  []figure
	Sections []pageSection
}

// phrase is a piece of the headline; loud ones stand in the warning colour.
type phrase struct {
	Text string
	Loud bool
}

type figure struct {
	Label, Value, Note string
	Warned             bool
}

type pageSection struct {
	Title, Lead string
	Legend      []legend
	Chart       template.HTML
	Marks       []string
	Table       *pageTable
	Notes       []string
}

type legend struct{ Tone, Text string }

type pageTable struct {
	Title string
	Head  []column
	Rows  [][]string
	Open  bool
}

type column struct {
	Text   string
	Number bool
}

func (p drillPage) render(w io.Writer) error {
	p.Style = ui.Style(drillCSS)
	return drillTemplate.Execute(w, p)
}

// add appends a section, unless it has nothing to show.
func (p *drillPage) add(s pageSection) {
	if s.Chart != "" || s.Notes != nil || s.Table != nil && len(s.Table.Rows) > 0 {
		p.Sections = append(p.Sections, s)
	}
}

// pageWords says things in one language and one currency.
type pageWords struct {
	lang     ui.Lang
	currency string
}

func (w pageWords) pick(zh, en string) string { return w.lang.Pick(zh, en) }

// money writes an amount: exact up to a million, above that to the tenth of a million, or of ten thousand and a hundred million in Chinese.
func (w pageWords) money(amount int64) string {
	sign, symbol := "", "¥"
	if amount < 0 {
		sign, amount = "-", -amount
	}
	if w.currency != "CNY" || amount < 100_000_000 {
		return sign + postern.FormatMoney(amount, w.currency)
	}
	if w.lang == ui.EN {
		return sign + symbol + millions(amount) + " million"
	}
	if amount < 10_000_000_000 {
		return sign + symbol + drill.Thousands((amount+500_000)/1_000_000) + " 万"
	}
	hundredths := (amount + 50_000_000) / 100_000_000
	return sign + symbol + drill.Thousands(hundredths/100) + "." + string(rune('0'+hundredths/10%10)) + string(rune('0'+hundredths%10)) + " 亿"
}

func (w pageWords) wallet(code string) string { return walletName(code, w.lang) }

func (w pageWords) outcomes() []legend {
	return []legend{
		{"carried", w.pick("照旧", "as before")}, {"rerouted", w.pick("换了钱包", "another wallet")}, {"wayout", w.pick("改在浏览器付", "in the browser instead")},
		{"gained", w.pick("新增", "gained")}, {"lost", w.pick("丢失", "lost")},
	}
}

// without leaves out what no picture of the page shows.
func (w pageWords) shown(by ...drill.Split) []legend {
	var list []legend
	for i, l := range w.outcomes() {
		for _, b := range by {
			if partsOf(b)[i] > 0 {
				list = append(list, l)
				break
			}
		}
	}
	return list
}

func partsOf(by drill.Split) [5]int64 {
	return [5]int64{by.Carried.Amount, by.Rerouted.Amount, by.WayOut.Amount, by.Gained.Amount, by.Lost.Amount}
}

func (w pageWords) head(first string, more ...string) []column {
	list := []column{{Text: first}}
	for _, m := range more {
		list = append(list, column{Text: m, Number: true})
	}
	return list
}

func (w pageWords) table(head []column, rows [][]string) *pageTable {
	return &pageTable{Title: w.pick("看数字", "The numbers"), Head: head, Rows: rows}
}

// splitHead and splitCells are the columns of every table of outcomes.
func (w pageWords) splitHead(first string) []column {
	return w.head(first, w.pick("原来", "before"), w.pick("照旧", "as before"), w.pick("换了钱包", "another wallet"), w.pick("浏览器", "browser"), w.pick("丢失", "lost"), w.pick("丢失比例", "lost share"))
}

func (w pageWords) splitCells(name string, total drill.Sum, by drill.Split) []string {
	return []string{name, w.money(total.Amount), w.money(by.Carried.Amount), w.money(by.Rerouted.Amount), w.money(by.WayOut.Amount), w.money(by.Lost.Amount), drill.Percent(roundBP(share(by.Lost.Amount, total.Amount)))}
}

// roundBP rounds to the tenth of a per cent.
func roundBP(bp int64) int64 { return (bp + 5) / 10 * 10 }
