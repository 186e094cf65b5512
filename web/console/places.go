package console

import (
	"html/template"
)

// spot is a place of the navigation: a page of the route table. Who may not open the page does not see it.
type spot struct {
	section string
	rest    string
	word    func(*words) string
	icon    string // path data on a 24 by 24 grid, for the four of the bottom bar
}

// mainSpots are the four of the bottom bar, moreSpots the rest of a merchant's menu, partnerSpots a partner's own.
var (
	mainSpots = []spot{
		{"today", "", func(w *words) string { return w.Today }, "M4 11l8-7 8 7v9h-5v-6H9v6H4z"},
		{"orders", "/orders", func(w *words) string { return w.Orders }, "M5 3h14v18l-3.5-2L12 21l-3.5-2L5 21zM8.5 8h7M8.5 12h7"},
		{"items", "/items", func(w *words) string { return w.Items }, "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z"},
		{"money", "/money", func(w *words) string { return w.Money }, "M3 7h18v12H3zM3 11h18M7 15h4"},
	}
	moreSpots = []spot{
		{"golive", "/go-live", func(w *words) string { return w.GoLive }, ""},
		{"facades", "/facades", func(w *words) string { return w.Facades }, ""},
		{"brand", "/brand", func(w *words) string { return w.Brand }, ""},
		{"people", "/people", func(w *words) string { return w.People }, ""},
		{"audit", "/audit", func(w *words) string { return w.Audit }, ""},
	}
	partnerSpots = []spot{
		{"shops", "", func(w *words) string { return w.Shops }, "M4 10l1.5-6h13L20 10M5 10v10h14V10M9 20v-6h6v6"},
		{"open", "/open", func(w *words) string { return w.Open }, "M12 5v14M5 12h14"},
		{"people", "/people", func(w *words) string { return w.People }, "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0"},
		{"audit", "/audit", func(w *words) string { return w.Audit }, "M6 3h12v18H6zM9 8h6M9 12h6M9 16h4"},
	}
	partnerMore = []spot{{"brand", "/brand", func(w *words) string { return w.Brand }, ""}}
)

// places are the navigation of a visit.
func places(v *visit, w *words, section string) (first, rest []place) {
	base, bar, menu := merchantRoot, mainSpots, moreSpots
	if v.Merchant.ID == "" {
		base, bar, menu = partnerRoot, partnerSpots, partnerMore
	}
	show := func(spots []spot) (list []place) {
		for _, s := range spots {
			if !opens(v, "GET "+base+s.rest) {
				continue
			}
			p := place{URL: v.path(s.rest), Word: s.word(w), Here: s.section == section}
			if s.icon != "" {
				p.Icon = template.HTML(`<svg aria-hidden="true" viewBox="0 0 24 24"><path d="` + s.icon + `"/></svg>`)
			}
			list = append(list, p)
		}
		return list
	}
	return show(bar), append(show(menu), place{URL: root + "/me", Word: w.Me, Here: section == "me"})
}

// opens says whether a page exists and the person may open it.
func opens(v *visit, pattern string) bool {
	for _, one := range table() {
		if one.pattern == pattern {
			return v.may(one.roles...)
		}
	}
	return false
}

// table is the route table, through a function because the table's own pages ask for it.
var table = func() []route { return nil }

func init() { table = func() []route { return routes } }
