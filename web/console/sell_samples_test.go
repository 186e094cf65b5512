package console

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/ledger"
	"postern/provider"
	"postern/provider/all"
	"postern/store"
	"postern/web/ui"
)

// sellSample is one state of a selling page with sample data.
type sellSample struct {
	name    string
	section string
	make    func(h *Handler, v *visit) any
}

// sellHandler has everything that pages ask of it but a store: samples are made of what would have been read.
func sellHandler() *Handler {
	return &Handler{cfg: Config{Engine: &engine.Engine{Registry: all.Registry(), PublicURL: "https://pay.example.com", Env: provider.Env{Rand: strings.NewReader(strings.Repeat("sample", 1000))}}}}
}

var sellNow = time.Date(2026, 11, 22, 12, 34, 0, 0, time.UTC)

const (
	sellMerchant = "mer_0192a7c00000000000000000m1"
	sellItem     = "itm_0192a7c00000000000000000i1"
	sellOrder    = "ord_0192a7c00000000000000000o1"
)

func sellVisit(l ui.Lang, role postern.Role) *visit {
	return &visit{
		Staff: postern.Staff{OwnerID: sellMerchant, ID: "stf_1", Name: "王芳", Role: role}, Merchant: postern.Merchant{ID: sellMerchant, Name: "老王烧饼", Live: true}, Lang: l, Zone: postern.Beijing, Now: sellNow,
	}
}

func sellShopItem() postern.ShopItem {
	return postern.ShopItem{
		MerchantID: sellMerchant, ID: sellItem, Version: 3, Token: "7x2m9k4p8q3w6r5t1v0c8n2d4f", Code: "7x2m9k4p", Title: "老面烧饼 十枚礼盒", Description: "凌晨四点开炉，当天发货。\n不放防腐剂，收到请冷藏。", Currency: "CNY", Delivers: true, DeliveryFee: 800,
		PerBuyer: 5, SaleUntil: sellNow.AddDate(0, 0, 9), Regions: []string{"31", "32", "33"},
		Variants: []postern.Variant{
			{ID: "var_1", Name: "原味", Price: 6800, Counted: true, Stock: 17, Held: 2, Sold: 131}, {ID: "var_2", Name: "椒盐", Price: 7200, Counted: true, Stock: 0, Sold: 80}, {ID: "var_3", Name: "混装", Price: 7000},
		},
		Pictures: []postern.Picture{{ID: "pic_1"}, {ID: "pic_2"}, {ID: "pic_3"}},
	}
}

func sellShopOrder(edit func(*orderStory)) orderStory {
	at := func(minutes int) time.Time {
		return sellNow.Add(time.Duration(minutes) * time.Minute)
	}
	o := postern.Order{
		MerchantID: sellMerchant, ID: sellOrder, Number: "7x2m9k4p", Token: "tok", Title: "老面烧饼 十枚礼盒", Variant: "原味", Quantity: 2, UnitPrice: 6800, DeliveryFee: 800, Amount: 14400, Currency: "CNY", Counted: true, Delivers: true,
		State: postern.OrderPaid, CreatedAt: at(-90), UpdatedAt: at(-80),
	}
	s := orderStory{
		order: o, buyer: postern.OrderBuyer{Name: "李小燕", Phone: "13800138000", Region: "31", Address: "黄浦区南京东路 800 弄 12 号 602 室", Note: "放门卫就行"},
		state: postern.State{
			Attempts: []postern.Attempt{
				{ID: "a1", Provider: "wechatpay", Product: "jsapi", Status: postern.AttemptClosed, Code: "NOTPAY", Message: "订单未支付", CreatedAt: at(-88)}, {ID: "a2", Provider: "alipay", Product: "h5", Status: postern.AttemptPaid, Code: "TRADE_SUCCESS", CreatedAt: at(-85)},
			},
			Receipts: []postern.Receipt{{ID: "r1", AttemptID: "a2", Provider: "alipay", TxnNo: "2026112222001438271455012345", Amount: 14400, Currency: "CNY", Use: postern.ReceiptApplied, PaidAt: at(-84)}},
		},
	}
	if edit != nil {
		edit(&s)
	}
	return s
}

func sellEnded(s *orderStory) {
	s.order.State, s.order.Delivers, s.state.Receipts = postern.OrderEnded, false, nil
	s.buyer.Region, s.buyer.Address, s.buyer.Note = "", "", ""
	s.state.Attempts = s.state.Attempts[:1]
}

func sellTwice(s *orderStory) {
	s.order.Carrier, s.order.Tracking, s.order.ShippedAt = "顺丰", "SF1234567890123", sellNow.Add(-40*time.Minute)
	s.order.Ask, s.order.Restocked, s.gone = postern.AskGiven, 1, true
	s.state.Receipts[0].Refunded = 6800
	s.state.Receipts = append(s.state.Receipts, postern.Receipt{ID: "r2", Provider: "wechatpay", TxnNo: "4200002511202611221234567890", Amount: 14400, Currency: "CNY", Use: postern.ReceiptSurplus, PaidAt: sellNow.Add(-82 * time.Minute)})
	s.state.Surpluses = []postern.Surplus{{Amount: 14400, Currency: "CNY", Reason: postern.SurplusDuplicate, Status: postern.SurplusRefunded, UpdatedAt: sellNow.Add(-81 * time.Minute)}}
	s.refunds = []postern.Refund{
		{Amount: 14400, Currency: "CNY", SurplusID: "sur_1", Status: postern.RefundRefunded, Reason: "surplus duplicate", CreatedAt: sellNow.Add(-82 * time.Minute)}, {Amount: 6800, Currency: "CNY", Status: postern.RefundStuck, Reason: "少一盒", Code: "ABNORMAL", Message: "银行卡已注销", CreatedAt: sellNow.Add(-10 * time.Minute)},
	}
}

func sellTakings() ([]time.Time, []store.Taking) {
	var list []store.Taking
	for i, sold := range []int64{132000, 98600, 0, 204500, 176800, 312000, 190400} {
		t := store.Taking{Span: int64(i), Currency: "CNY", Orders: sold / 6800, Sold: sold}
		if i == 3 || i == 6 {
			t.Refunded = 13600
		}
		list = append(list, t)
	}
	return midnights(sellNow, postern.Beijing, week), list
}

func sellMoney() ([]channelMoney, []postern.Channel) {
	booked := func(channel string, kind postern.BookingKind, amount int64) store.Booked {
		return store.Booked{ChannelID: channel, Currency: "CNY", Kind: kind, Amount: amount, Count: 1}
	}
	sums := sumMoney([]store.Booked{
		booked("chn_aaaaaa1", postern.BookReceipt, 1234500), booked("chn_aaaaaa1", postern.BookRefund, -68000), booked("chn_aaaaaa1", postern.BookRefundStuck, -6800), booked("chn_aaaaaa1", postern.BookSurplus, 14400),
		booked("chn_aaaaaa1", postern.BookSurplusReturn, -14400), booked("chn_bbbbbb2", postern.BookReceipt, 980000), booked("chn_bbbbbb2", postern.BookShare, -30000), booked("chn_cccccc3", postern.BookRefund, -5000),
	}, []ledger.Balance{
		{Account: "receivable:chn_aaaaaa1", Currency: "CNY", Amount: 5159700}, {Account: "receivable:chn_bbbbbb2", Currency: "CNY", Amount: 2950000}, {Account: "receivable:chn_cccccc3", Currency: "CNY", Amount: 120000},
	}, []store.Stuck{{ChannelID: "chn_aaaaaa1", Currency: "CNY", Amount: 6800, Count: 1}})
	return sums, []postern.Channel{{ID: "chn_aaaaaa1", Provider: "wechatpay", SubMerchant: "1900000109"}, {ID: "chn_bbbbbb2", Provider: "alipay"}, {ID: "chn_cccccc3", Provider: "unionpay", RetiredAt: sellNow}}
}

func sellMoneyPage(h *Handler, v *visit, some bool) moneyPage {
	words := moneyWordsOf(v.Lang)
	p := moneyPage{W: words, From: "2026-11-16", Until: "2026-11-22", Action: v.path("/money"), CSV: v.path("/money.csv?period=7"), Said: words.said(span{fromDay: "2026-11-16", untilDay: "2026-11-22"})}
	p.Periods = []option{{URL: "?period=today", Word: words.Today}, {URL: "?period=7", Word: words.Seven, Here: true}, {URL: "?period=month", Word: words.Month}, {URL: "?period=all", Word: words.All}}
	if some {
		sums, channels := sellMoney()
		p.Tables, p.Held, p.Look = h.moneyTables(v, sums, channels), words.count(words.Needs, 2), v.path("/attention")
		p.Hand, p.Own = handWordsOf(v.Lang), []ownMoney{{"招行 6688", "¥88.00", handWordsOf(v.Lang).Put(handWordsOf(v.Lang).OwnTimes, "2")}}
	}
	return p
}

func sellOrders(v *visit, some bool) ordersPage {
	w := sellWordsOf(v.Lang)
	p := ordersPage{W: w, CSV: v.path("/orders.csv"), From: "2026-10-22", Until: "2026-11-22", List: "to_ship", Ship: v.path("/orders/ship")}
	p.Lists = []option{{URL: "?list=to_ship", Word: w.ListToShip, Count: 3, Here: true}, {URL: "?list=asked", Word: w.ListAsked, Count: 1}, {URL: "?list=waiting", Word: w.ListWaiting}, {URL: "?list=shipped", Word: w.ListShipped}, {URL: "?", Word: w.ListAll}}
	if !some {
		return p
	}
	for _, s := range []orderStory{sellShopOrder(nil), sellShopOrder(func(s *orderStory) { s.order.Ask = postern.AskOpen }), sellShopOrder(func(s *orderStory) { s.order.ShippedAt = sellNow }), sellShopOrder(sellEnded)} {
		o := s.order
		p.Rows = append(p.Rows, orderRow{URL: v.path("/orders/" + o.ID), Number: postern.FormatShortCode(o.Number), Title: o.Title, Choice: chosen(o), Amount: money(o.Amount, o.Currency), When: v.stamp(o.CreatedAt), Who: s.buyer.Name, State: w.orderState(o)})
	}
	p.Pager = pager{Next: "?after=x"}
	return p
}

func sellPlan(v *visit) shipPage {
	w := sellWordsOf(v.Lang)
	p := shipPage{W: w, Action: v.path("/orders/ship.csv"), CSV: v.path("/orders.csv?list=to_ship"), Back: v.path("/orders"), Fine: 2, Wrong: 2, Same: 1, Plan: "number,carrier,tracking\n"}
	p.Rows = []shipRow{
		{Line: 2, Number: "7X2M 9K4P", Carrier: "顺丰", Tracking: "SF1234567890123", Title: "老面烧饼 十枚礼盒", Who: "李小燕"}, {Line: 3, Number: "8Y3N 0Q5R", Carrier: "圆通", Tracking: "YT2002", Title: "老面烧饼 十枚礼盒", Who: "赵强"},
		{Line: 5, Number: "9Z4P 1R6S", Carrier: "中通", Tracking: "1.23E+15", Wrong: w.LineRounded}, {Line: 6, Number: "0A5Q 2S7T", Carrier: "韵达", Tracking: "3101", Wrong: w.NoSuchOrder},
	}
	return p
}

func sellAttention(v *visit) attentionPage {
	w := sellWordsOf(v.Lang)
	return attentionPage{
		W: w, Hand: handWordsOf(v.Lang), Decides: true, More: true,
		Second:  []secondRow{{Amount: "¥68.00", Said: handStory(v, handRefund(nil))[0].What, When: v.stamp(sellNow), About: "8y3n0q5r · 老面烧饼", URL: v.path("/refunds/x")}},
		Held:    []heldRow{{Amount: "¥144.00", Reason: w.reason(postern.SurplusMismatch), When: v.stamp(sellNow), About: "7x2m9k4p · 老面烧饼 十枚礼盒", Order: v.path("/orders/x"), Act: v.path("/surpluses/x"), Outside: v.path("/payments/x/outside?surplus=x")}},
		Wrong:   []wrongRow{{URL: v.path("/refunds/x"), Amount: "¥68.00", Status: w.refundStatus(postern.RefundStuck), Stuck: true, When: v.stamp(sellNow), Said: "ABNORMAL 银行卡已注销", About: "8y3n0q5r · 老面烧饼", Order: v.path("/orders/x")}},
		Unknown: []unknownRow{{Amount: "¥72.00", Channel: v.Lang.Pick("微信支付", "WeChat Pay"), When: v.stamp(sellNow), About: "9z4p1r6s · 老面烧饼", Order: v.path("/orders/x")}},
	}
}

func sellShare(h *Handler, v *visit, off bool) any {
	i, w := sellShopItem(), itemWordsOf(v.Lang)
	if off {
		i.RemovedAt = sellNow
	}
	code, err := ui.QR(h.cfg.Engine.ItemURL(i.Token), w.Put(w.QRLabel, i.Title))
	if err != nil {
		panic(err)
	}
	return h.sharePageOf(v, i, code)
}

var sellSamples = []sellSample{
	{"today", "today", func(_ *Handler, v *visit) any {
		bounds, takings := sellTakings()
		return todayOf(v, bounds, takings, store.Waiting{ToShip: 3, Asked: 1, Held: 1, Stuck: 1, Failed: 1, Second: 1, Unknown: 2})
	}},
	{"today-new", "today", func(_ *Handler, v *visit) any {
		p := todayOf(v, midnights(sellNow, postern.Beijing, week), nil, store.Waiting{})
		p.NewItem = v.path("/items/new")
		return p
	}},
	{"attention", "today", func(_ *Handler, v *visit) any { return sellAttention(v) }},
	{"attention-none", "today", func(_ *Handler, v *visit) any { return attentionPage{W: sellWordsOf(v.Lang)} }},
	{"orders", "orders", func(_ *Handler, v *visit) any { return sellOrders(v, true) }},
	{"orders-none", "orders", func(_ *Handler, v *visit) any { return sellOrders(v, false) }},
	{"order-to-ship", "orders", func(h *Handler, v *visit) any { return h.orderPageOf(v, sellShopOrder(nil)) }},
	{"order-asked", "orders", func(h *Handler, v *visit) any {
		return h.orderPageOf(v, sellShopOrder(func(s *orderStory) {
			s.order.Ask, s.order.AskReason, s.order.AskedAt = postern.AskOpen, "盒子压坏了，碎了四个", sellNow.Add(-5*time.Minute)
			s.order.Carrier, s.order.Tracking, s.order.ShippedAt = "顺丰", "SF1234567890123", sellNow.Add(-40*time.Minute)
		}))
	}},
	{"order-ended", "orders", func(h *Handler, v *visit) any { return h.orderPageOf(v, sellShopOrder(sellEnded)) }},
	{"order-twice", "orders", func(h *Handler, v *visit) any { return h.orderPageOf(v, sellShopOrder(sellTwice)) }},
	{"order-refused", "orders", func(h *Handler, v *visit) any {
		p := h.orderPageOf(v, sellShopOrder(nil))
		p.Error = p.W.Exceeds
		p.Refund.Amount = "200"
		return p
	}},
	{"refund", "orders", func(h *Handler, v *visit) any {
		return h.refundPageOf(v, sellShopOrder(nil), engine.OrderRefund{Form: "00000000000000000000000000", Amount: 6800, Restock: 1, Reason: "少一盒"})
	}},
	{"refund-mistyped", "orders", func(h *Handler, v *visit) any {
		p := h.refundPageOf(v, sellShopOrder(nil), engine.OrderRefund{Form: "00000000000000000000000000", Amount: 14400})
		p.Typed, p.Error = "1440", p.W.TypedWrong
		return p
	}},
	{"ship", "orders", func(h *Handler, v *visit) any { return h.shipPageOf(v) }},
	{"ship-plan", "orders", func(_ *Handler, v *visit) any { return sellPlan(v) }},
	{"ship-done", "orders", func(_ *Handler, v *visit) any {
		p := sellPlan(v)
		p.Plan, p.Done, p.Left = "", true, 1
		return p
	}},
	{"ship-refused", "orders", func(h *Handler, v *visit) any {
		p := h.shipPageOf(v)
		p.Error = p.W.ListNoHeader
		return p
	}},
	{"items", "items", func(_ *Handler, v *visit) any {
		i, w := sellShopItem(), itemWordsOf(v.Lang)
		gone := i
		gone.RemovedAt, gone.Variants = sellNow, gone.Variants[:1]
		p := itemsPage{W: w, New: v.path("/items/new")}
		for _, one := range []postern.ShopItem{i, gone} {
			p.Rows = append(p.Rows, itemRow{URL: v.path("/items/" + i.ID), Title: one.Title, Price: prices(one), Stock: w.stock(one), State: w.state(one, v.Now), Picture: pictureURL(v, i.ID, "pic_1")})
		}
		p.Rows[1].Picture = ""
		return p
	}},
	{"items-none", "items", func(_ *Handler, v *visit) any {
		return itemsPage{W: itemWordsOf(v.Lang), New: v.path("/items/new")}
	}},
	{"item-new", "items", func(h *Handler, v *visit) any {
		return h.editorOf(v, postern.ShopItem{}, freshForm("00000000000000000000000000"))
	}},
	{"item", "items", func(h *Handler, v *visit) any { i := sellShopItem(); return h.editorOf(v, i, formOf(v, i)) }},
	{"item-moved", "items", func(h *Handler, v *visit) any {
		i := sellShopItem()
		p := h.editorOf(v, i, formOf(v, i))
		p.Moved = p.moved("var_1")
		return p
	}},
	{"item-refused", "items", func(h *Handler, v *visit) any {
		f := freshForm("00000000000000000000000000")
		f.Title, f.Choices = "老面烧饼", []choiceForm{{Name: "原味", Price: "68.001", Stock: "20", Counted: true}, {}}
		p := h.editorOf(v, postern.ShopItem{}, f)
		p.Error = v.said(postern.Invalid("variants[0].price", postern.CodeInvalid, "", ""))
		return p
	}},
	{"item-gone", "items", func(h *Handler, v *visit) any {
		i := sellShopItem()
		i.RemovedAt, i.Pictures, i.Variants, i.Regions, i.PerBuyer, i.SaleUntil, i.DeliveryFee = sellNow, nil, i.Variants[2:], nil, 0, time.Time{}, 0
		return h.editorOf(v, i, formOf(v, i))
	}},
	{"share", "items", func(h *Handler, v *visit) any { return sellShare(h, v, false) }},
	{"share-off", "items", func(h *Handler, v *visit) any { return sellShare(h, v, true) }},
	{"money", "money", func(h *Handler, v *visit) any { return sellMoneyPage(h, v, true) }},
	{"money-none", "money", func(h *Handler, v *visit) any { return sellMoneyPage(h, v, false) }},
	{"money-mistyped", "money", func(h *Handler, v *visit) any {
		p := sellMoneyPage(h, v, false)
		p.Error = p.W.DatesWrong
		return p
	}},
}

// sellPhoto is a picture of our own drawing that looks like a photograph: a round loaf with sesame on a board.
func sellPhoto() []byte {
	m := image.NewRGBA(image.Rect(0, 0, 480, 480))
	for y := range 480 {
		for x := range 480 {
			c := color.RGBA{uint8(150 - y/16), uint8(110 - y/20 + x%37/6), uint8(70 - y/24), 255}
			if dx, dy := x-240, y-250; dx*dx+dy*dy < 180*180 {
				light := 60 - (dx+dy)/8 - (dx*dx+dy*dy)/900
				c = color.RGBA{uint8(min(250, 190+light)), uint8(min(240, 130+light)), uint8(max(20, 50+light/2)), 255}
				if (x*7+y*13)%97 < 6 && (x*3-y*5)%11 == 0 {
					c = color.RGBA{248, 236, 200, 255}
				}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}
