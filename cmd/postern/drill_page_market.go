package main

import (
	"fmt"
	"slices"
	"time"

	"postern/drill"
	"postern/web/ui"
)

// marketPage tells what playing a market found to somebody who decides.
func marketPage(r drill.MarketReport, lang ui.Lang) drillPage {
	w := marketWords{pageWords{lang, "CNY"}, r}
	p := drillPage{Lang: lang, Title: w.pick("这扇门关了会怎样：推演 ", "What if this gate closes: the market of ") + r.Market.Name, Headline: w.headline(), Lead: w.lead(), Figures: w.figures()}
	p.add(w.flowSection(w.pick("钱从哪里来，到哪里去", "Where the money goes"), fmt.Sprintf(w.pick("只留%s、别家都不签时，原来的每一元去了哪里。", "Each yuan of the sales without walls, when shops keep %s and sign nobody else."), w.wallet(r.Closer)), w.alone()))
	p.add(w.firstSection())
	all := r.Scenes[len(r.Scenes)-1].Report
	p.add(w.flowSection(w.pick("四家都签，钱怎么走", "The same, when shops sign all the others"), w.pick("挡住的部分由别的钱包接住，剩下的才是丢的。", "Other wallets take over what is shut out; the rest is lost."), all))
	p.add(w.timeSection(w.pick("一天天看", "Day by day"), w.pick("合同各有到期日，所以墙不是一刀切下来的：每天都有几家店停下。", "Every contract has its own last day, so the wall does not fall at once: a few shops stop every day."), w.alone(), w.events()))
	p.add(w.shutSection())
	p.add(w.providerSection(fmt.Sprintf(w.pick("%s自己丢了什么", "What %s does to itself"), w.wallet(r.Closer)), w.closerLead(), w.alone().Providers))
	p.add(w.groupSection(w.pick("按打开的地方", "By the app in which the page is opened"), "", w.pick("地方", "place"), w.alone().Places, w.container))
	p.add(w.losersSection())
	p.add(w.assumptionSection())
	p.add(w.methodSection())
	return p
}

type marketWords struct {
	pageWords
	r drill.MarketReport
}

func (w marketWords) alone() drill.Report { return w.r.Scenes[1].Report }

func (w marketWords) headline() []phrase {
	lost, before := w.money(w.alone().By.Lost.Amount), w.money(w.alone().Total.Amount)
	closer, months := w.wallet(w.r.Closer), len(w.r.Scenes[0].Months)
	then := ""
	if len(w.r.First) > 0 {
		first := w.r.First[0]
		then = fmt.Sprintf(w.pick("。先签%s，能多做成 %s。", " With %s signed first they sell %s more."), w.wallet(first.Provider), w.money(first.More.Amount))
	}
	if w.lang == ui.ZH {
		return []phrase{{Text: fmt.Sprintf("只靠%s的店，%d 个月 %s 的生意要丢掉 ", closer, months, before)}, {lost, true}, {Text: then}}
	}
	return []phrase{{Text: fmt.Sprintf("In %d months shops that keep %s alone lose ", months, closer)}, {lost, true}, {Text: " of " + before + "." + then}}
}

func (w marketWords) lead() string {
	return fmt.Sprintf(w.pick("合成推演，不是实测：%s 家店，%s 笔订单（%s），%s 至 %s，随机种子 %d。每一种情形用的是同一批买家，给他们看什么由收银台自己的路由决定。", "Synthetic, not measured: %s shops, %s orders of %s, %s to %s, seed %d. Every course of events is played with the same buyers, and the checkout's own planner decides what they are shown."),
		drill.Thousands(w.r.Shops), drill.Thousands(w.r.Asked.Orders), w.money(w.r.Asked.Amount), w.r.From.Format(time.DateOnly), w.r.Until.AddDate(0, 0, -1).Format(time.DateOnly), w.r.Market.Seed)
}

func (w marketWords) figures() []figure {
	alone, all := w.r.Scenes[1], w.r.Scenes[len(w.r.Scenes)-1]
	last := alone.Report.Timeline[len(alone.Report.Timeline)-1]
	closer := alone.Report.Providers[0]
	return []figure{
		{w.pick("丢掉的生意", "sales lost"), w.money(alone.Report.By.Lost.Amount), fmt.Sprintf(w.pick("占 %s，%s 单", "%s of them, %s orders"), drill.Percent(roundBP(share(alone.Report.By.Lost.Amount, alone.Report.Total.Amount))), drill.Thousands(alone.Report.By.Lost.Orders)), true},
		{w.pick("改在浏览器付成", "paid in the browser instead"), w.money(alone.Report.By.WayOut.Amount), fmt.Sprintf(w.pick("%s 单", "%s orders"), drill.Thousands(alone.Report.By.WayOut.Orders)), false},
		{w.pick("最后在微信里没有合同的店", "shops without a contract for the app at the end"), drill.Thousands(last.Shut), fmt.Sprintf(w.pick("共 %s 家", "of %s"), drill.Thousands(w.r.Shops)), true},
		{w.pick("全部签下还丢", "lost with all of them signed"), w.money(all.Report.By.Lost.Amount), fmt.Sprintf(w.pick("占 %s", "%s of sales"), drill.Percent(roundBP(share(all.Report.By.Lost.Amount, all.Report.Total.Amount)))), false},
		{fmt.Sprintf(w.pick("%s少收手续费", "fees that %s forgoes"), w.wallet(w.r.Closer)), w.money(closer.BeforeFee - closer.AfterFee), fmt.Sprintf(w.pick("少经手 %s", "on %s that it no longer carries"), w.money(closer.Before.Amount-closer.After.Amount)), false},
	}
}

// firstSection compares the scenes: which one contract to sign first.
func (w marketWords) firstSection() pageSection {
	var rows []bar
	var all []drill.Split
	for _, s := range w.r.Scenes {
		rows = append(rows, bar{sceneName(s, w.lang, w.r.Closer), w.money(s.Sold.Amount) + w.pick(" 成交", " sold"), partsOf(s.Report.By)})
		all = append(all, s.Report.By)
	}
	var cells [][]string
	for i, f := range w.r.First {
		cells = append(cells, []string{fmt.Sprintf("%d. %s", i+1, w.wallet(f.Provider)), w.money(f.More.Amount), drill.Thousands(f.More.Orders), w.money(f.Sold.Amount), drill.Thousands(f.BestFor)})
	}
	if len(w.r.First) == 0 {
		return pageSection{}
	}
	first := w.wallet(w.r.First[0].Provider)
	most := w.r.First[0]
	for _, f := range w.r.First {
		if f.BestFor > most.BestFor {
			most = f
		}
	}
	lead := fmt.Sprintf(w.pick("先签%s。只签一家的话，它在 %d 个月里多做成的最多。", "Sign %s first: of all single contracts it adds most over the %d months."), first, len(w.r.Scenes[0].Months))
	if most.Provider != w.r.First[0].Provider {
		lead += fmt.Sprintf(w.pick("不过对 %s 家店来说，%s更合算：它们签得早。", " For %s shops, though, %s is worth more: those that can have it early."), drill.Thousands(most.BestFor), w.wallet(most.Provider))
	}
	table := w.table(w.head(w.pick("先签", "sign first"), w.pick("多做成", "sells more"), w.pick("订单", "orders"), w.pick("共成交", "sold"), w.pick("对几家店最合算", "best for shops")), cells)
	table.Open = true
	return pageSection{Title: w.pick("该先签哪一家", "Which contract to sign first"), Lead: lead, Legend: w.shown(all...), Chart: stackedBars(w.pick("各种情形的成交与丢失", "What is sold and lost in each scene"), rows), Table: table}
}

// events are the market's own dates.
func (w marketWords) events() []event {
	closer := w.wallet(w.r.Closer)
	list := []event{{w.r.Closing, fmt.Sprintf(w.pick("%s不再为微信里的店新签、续签", "%s signs and renews no shop in the app any more"), closer)}}
	for _, e := range timelineEntries() {
		if at := e.Date.Time(); slices.Contains(w.r.Market.Events, e.Event) && at.Before(w.r.Until) {
			list = append(list, event{at, w.pick(e.ZH, e.EN)})
		}
	}
	return list
}

// shutSection is how the shops run out of contracts.
func (w marketWords) shutSection() pageSection {
	days := w.alone().Timeline
	step := (len(days) + maxPoints - 1) / maxPoints
	var points []point
	var cells [][]string
	month := ""
	for i := 0; i < len(days); i += step {
		p := point{parts: [5]int64{w.r.Shops - days[i].Shut, 0, 0, 0, days[i].Shut}}
		if m := days[i].At.Format("2006-01"); m != month {
			month, p.label = m, m
			cells = append(cells, []string{days[i].At.Format(time.DateOnly), drill.Thousands(w.r.Shops - days[i].Shut), drill.Thousands(days[i].Shut)})
		}
		points = append(points, p)
	}
	if len(points) < 2 {
		return pageSection{}
	}
	title := w.pick("哪些店没了合同", "Who is left without a contract")
	return pageSection{
		Title: title, Lead: fmt.Sprintf(w.pick("只靠%s的店：到那天，在微信里还有合同的和没有的。", "Shops that keep %s alone: those with a contract for the app on a day, and those without."), w.wallet(w.r.Closer)),
		Legend: []legend{{"carried", w.pick("还有合同", "with a contract")}, {"lost", w.pick("没有合同", "without")}},
		Chart:  areas(title, points, nil, func(most int64) string { return drill.Thousands(most) + w.pick(" 家店", " shops") }),
		Table:  w.table(w.head(w.pick("日期", "day"), w.pick("还有合同", "with a contract"), w.pick("没有合同", "without")), cells),
	}
}

func (w marketWords) closerLead() string {
	f := w.alone().Providers[0]
	return fmt.Sprintf(w.pick("关门的也在丢：%s少经手 %s，少收 %s 手续费。", "Whoever shuts the gate loses too: %s carries %s less, and forgoes %s in fees."), w.wallet(w.r.Closer), w.money(f.Before.Amount-f.After.Amount), w.money(f.BeforeFee-f.AfterFee))
}

func (w marketWords) losersSection() pageSection {
	var cells [][]string
	for _, g := range w.alone().Merchants[:min(20, len(w.alone().Merchants))] {
		cells = append(cells, []string{g.Name, w.money(g.Total.Amount), w.money(g.By.Lost.Amount), drill.Percent(roundBP(share(g.By.Lost.Amount, g.Total.Amount)))})
	}
	more := int64(max(len(w.alone().Merchants)-20, 0)) + w.alone().MoreMerchants
	return pageSection{
		Title: w.pick("丢得最多的店", "The shops that lose most"), Lead: fmt.Sprintf(w.pick("另有 %s 家也有损失。", "%s more lose something."), drill.Thousands(more)),
		Table: w.table(w.head(w.pick("店", "shop"), w.pick("原来", "before"), w.pick("丢失", "lost"), w.pick("比例", "share")), cells),
	}
}

// assumptionSection prints every number that the market is drawn from.
func (w marketWords) assumptionSection() pageSection {
	marks := map[string]string{"founding": w.pick("出自起因文章", "founding text"), "attested_once": w.pick("一处可查", "attested once"), "attested_twice": w.pick("两处可查", "attested twice"), "assumed": w.pick("假设", "assumed")}
	var cells [][]string
	for _, a := range w.r.Market.Assumptions {
		mark := marks[a.Mark]
		if a.Set {
			mark = w.pick("本次改过", "set for this run")
		}
		cells = append(cells, []string{w.pick(a.ZH, a.EN), a.Text(), mark, a.Key})
	}
	table := w.table([]column{{Text: w.pick("含义", "what it says")}, {Text: w.pick("值", "value"), Number: true}, {Text: w.pick("依据", "rests on")}, {Text: "--assume"}}, cells)
	table.Open = true
	return pageSection{Title: w.pick("全部假设", "Every assumption"), Lead: w.pick("没有一个数字藏在代码里，都能用 --assume 改了重算。", "No number is hidden in the code; give any of them another value with --assume."), Table: table}
}

func (w marketWords) methodSection() pageSection {
	notes := w.r.Notes
	if w.lang == ui.ZH {
		notes = []string{
			"全部是合成的：每个数字都在上面的假设表里，没有一个是实测。", "各种情形用同一批买家、同一批订单，差别来自情形，不来自运气。",
			"给买家看什么，由收银台自己的路由决定；这里不做探索，每隔几天才重看一次成功率。", "买家在某家店新开的钱包，只在那家店算数。", "“新增”是没有墙时也不会成交的生意，来自店家原来不收的钱包。",
		}
	}
	return pageSection{Title: w.pick("算法与限度", "Method and limits"), Notes: notes}
}
