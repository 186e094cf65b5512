package main

import (
	"fmt"
	"time"

	"postern"
	"postern/drill"
	"postern/wall"
	"postern/web/ui"
)

// replayPage tells what a drill over stored orders found.
func replayPage(q drill.Question, r drill.Report, lang ui.Lang) drillPage {
	w := pageWords{lang, r.Currency}
	p := drillPage{Lang: lang, Title: w.pick("这扇门关了会怎样", "What if this gate closes"), Headline: w.replayHeadline(r), Lead: w.replayLead(q, r), Figures: w.replayFigures(r)}
	p.add(w.flowSection(w.pick("钱从哪里来，到哪里去", "Where the money goes"), "", r))
	p.add(w.signSection(r))
	p.add(w.timeSection(w.pick("一天天看", "Day by day"), "", r, nil))
	p.add(w.groupSection(w.pick("按打开的地方", "By the app in which the page is opened"), "", w.pick("地方", "place"), r.Places, w.container))
	same := func(name string) string { return name }
	p.add(w.groupSection(w.pick("损失最大的商户", "The merchants that lose most"), w.more(r.MoreMerchants), w.pick("商户", "merchant"), r.Merchants, same))
	p.add(w.groupSection(w.pick("按服务商", "By partner"), w.more(r.MorePartners), w.pick("服务商", "partner"), r.Partners, same))
	p.add(w.strandedSection(r))
	p.add(w.providerSection(w.pick("各家钱包", "What each wallet carries and keeps"), "", r.Providers))
	p.add(pageSection{Title: w.pick("说明", "Method and limits"), Notes: w.replayNotes(r)})
	return p
}

func (w pageWords) replayHeadline(r drill.Report) []phrase {
	switch {
	case r.Total.Orders == 0:
		return []phrase{{Text: w.pick("这段时间没有已付的订单。", "There are no paid orders in this span.")}}
	case r.By.Stopped() == 0:
		return []phrase{{Text: fmt.Sprintf(w.pick("%s 的订单一笔不丢。", "Nothing of %s is lost."), w.money(r.Total.Amount))}}
	}
	return []phrase{
		{Text: fmt.Sprintf(w.pick("%s 的订单里，", "Of %s, "), w.money(r.Total.Amount))}, {w.money(r.By.Lost.Amount) + w.pick(" 会丢", " would be lost"), true},
		{Text: fmt.Sprintf(w.pick("，%s 只剩别处的路，%s 换个钱包照收。", "; %s would be shown a way out only, and another wallet would take %s."), w.money(r.By.WayOut.Amount), w.money(r.By.Rerouted.Amount))},
	}
}

func (w pageWords) replayLead(q drill.Question, r drill.Report) string {
	return fmt.Sprintf(w.pick("%s 笔已付订单，自 %s 起，按 %s 的样子重新规划。什么都没有改动。", "%s paid orders since %s, planned as of %s. Nothing was changed."),
		drill.Thousands(r.Total.Orders), q.Since.In(postern.Beijing).Format(time.DateOnly), q.At.In(postern.Beijing).Format("2006-01-02 15:04 -07:00"))
}

func (w pageWords) replayFigures(r drill.Report) []figure {
	orders := func(s drill.Sum) string { return fmt.Sprintf(w.pick("%s 单", "%s orders"), drill.Thousands(s.Orders)) }
	stranded := int64(len(r.Stranded)) + r.MoreStranded
	return []figure{
		{w.pick("照旧", "as before"), w.money(r.By.Carried.Amount), orders(r.By.Carried), false}, {w.pick("换个钱包", "another wallet"), w.money(r.By.Rerouted.Amount), orders(r.By.Rerouted), false},
		{w.pick("只剩别处的路", "a way out only"), w.money(r.By.WayOut.Amount), orders(r.By.WayOut), false}, {w.pick("丢失", "lost"), w.money(r.By.Lost.Amount), orders(r.By.Lost), true},
		{w.pick("一单也做不成的商户", "merchants that would sell nothing"), drill.Thousands(stranded), "", stranded > 0},
		{w.pick("多付的手续费", "extra fees"), w.money(r.ExtraFee), w.pick("按合同费率", "by the agreements' fees"), false},
	}
}

func (w pageWords) signSection(r drill.Report) pageSection {
	var rows []bar
	var cells [][]string
	for i, a := range r.Sign {
		name := fmt.Sprintf("%d. %s %s", i+1, w.wallet(a.Provider), w.product(a.Way))
		rows = append(rows, bar{name, w.money(a.Saves.Amount), [5]int64{0, a.Saves.Amount}})
		cells = append(cells, []string{name, w.money(a.Saves.Amount), drill.Thousands(a.Saves.Orders), drill.Thousands(a.Merchants)})
	}
	if len(rows) == 0 {
		return pageSection{}
	}
	title := w.pick("该先签哪一家", "Which contract to sign first")
	return pageSection{
		Title: title, Lead: w.pick("只多签这一样，丢失和只剩别处的路的订单里能当场收下多少。", "How much of what is lost, or left with a way out only, this one contract would take on the spot."),
		Chart: stackedBars(title, rows[:min(len(rows), 8)]), Table: w.table(w.head(w.pick("签", "sign"), w.pick("救回", "saves"), w.pick("订单", "orders"), w.pick("商户", "merchants")), cells),
	}
}

func (w pageWords) product(way drill.Way) string {
	for _, p := range wall.Default().Products() {
		if p.Provider == way.Provider && p.Product == way.Product {
			return w.pick(p.ZH, p.EN)
		}
	}
	return way.Product
}

func (w pageWords) more(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(w.pick("另有 %s 家。", "%s more lose something."), drill.Thousands(n))
}

func (w pageWords) strandedSection(r drill.Report) pageSection {
	var cells [][]string
	for _, id := range r.Stranded {
		cells = append(cells, []string{id})
	}
	return pageSection{Title: w.pick("一单也做不成的商户", "Merchants that would sell nothing"), Lead: w.more(r.MoreStranded), Table: w.table(w.head(w.pick("商户", "merchant")), cells)}
}

func (w pageWords) replayNotes(r drill.Report) []string {
	notes := append([]string{w.pick("已付订单用收银台自己的路由重新规划；换了钱包的买家会不会真的付，谁也不知道。", "Paid orders, planned by the checkout's own planner. Whether a buyer who is offered another wallet pays with it nobody knows.")}, r.Notes...)
	if r.OtherCurrency > 0 {
		notes = append(notes, fmt.Sprintf(w.pick("另有 %s 笔其他币种的订单未计入。", "%s orders in other currencies are not counted."), drill.Thousands(r.OtherCurrency)))
	}
	return notes
}

func timelineEntries() []wall.Entry { return wall.Default().Timeline() }
