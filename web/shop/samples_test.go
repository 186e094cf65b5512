package shop

import (
	"strings"
	"time"

	"postern"
	"postern/provider/all"
	"postern/wall"
	"postern/web/ui"
)

// samplePublic is where the samples are.
const samplePublic = "https://pay.example.com"

var (
	sampleNow  = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC) // a Tuesday
	sampleZone = time.FixedZone("+08:00", 8*3600)
)

const (
	sampleItem  = "5q8w2k7m3x9p6r4t1v0c8n2d4f"
	sampleOrder = "7x2m9k4p8q3w6r5t1v0c8n2d4f"
	sampleVisit = "1v0c8n2d4f5q8w2k7m3x9p6r4t"
)

func sampleBase(lang ui.Lang) base {
	b := base{
		merchant: postern.Merchant{ID: "mer_0", Name: "云上茶铺", Live: true}, brand: postern.Brand{OwnerID: "mer_0", Phone: "0768-1234567"}, registry: all.Registry(), names: wall.Default(),
		now: sampleNow, zone: sampleZone, lang: lang, at: address{public: samplePublic},
	}
	if lang == ui.EN {
		b.merchant.Name = "Cloud Tea"
	}
	return b
}

// sampleShop is an item on sale with three choices and three pictures, opened for the first time.
func sampleShop(lang ui.Lang) itemScene {
	s := itemScene{base: sampleBase(lang), visit: sampleVisit}
	s.at.root, s.at.token = rootItem, sampleItem
	s.item = postern.ShopItem{
		MerchantID: "mer_0", ID: "itm_0", Token: sampleItem, Code: "7x2m9k4p", Title: "凤凰单丛 蜜兰香", Description: "当年春茶，手工采摘，密封罐装。\n付款后 48 小时内从潮州发货。",
		Currency: "CNY", Delivers: true, DeliveryFee: 800,
		Variants: []postern.Variant{
			{ID: "var_0", Name: "50 克 罐装", Price: 6800, Counted: true, Stock: 40}, {ID: "var_1", Name: "100 克 罐装", Price: 12800, Counted: true, Stock: 3},
			{ID: "var_2", Name: "礼盒 250 克", Price: 28800, Counted: true},
		},
		Pictures: []postern.Picture{{ID: "pic_0", Width: 1080, Height: 1080}, {ID: "pic_1", Width: 1080, Height: 1440}, {ID: "pic_2", Width: 1080, Height: 720}},
	}
	if lang == ui.EN {
		s.item.Title, s.item.Description = "Phoenix Dancong, Honey Orchid", "This spring's leaves, picked by hand, in a sealed tin.\nSent from Chaozhou within 48 hours."
		for i, name := range []string{"Tin of 50 g", "Tin of 100 g", "Gift box, 250 g"} {
			s.item.Variants[i].Name = name
		}
	}
	return s
}

func (s *itemScene) single() {
	s.item.Variants = s.item.Variants[:1]
	s.item.Variants[0].Name = ""
}

func (s *itemScene) refuse(code postern.Code, field string) {
	s.refused = &postern.Error{Code: code, Field: field}
	s.typed = typed{variant: "var_1", price: "12800", quantity: "5", fee: "800", name: "李雷", phone: "138 0013 8000", region: "44", address: "广州市天河路 1 号", note: "放门卫", remember: "1"}
}

// sampleBought is an order of two tins that waits for its payment.
func sampleBought(lang ui.Lang) orderScene {
	s := orderScene{base: sampleBase(lang), item: sampleItem}
	s.at.root, s.at.token = rootOrder, sampleOrder
	at := sampleNow.Add(-3 * time.Minute)
	s.order = postern.Order{
		MerchantID: "mer_0", ID: "ord_0", Version: 1, Number: "7x2m9k4p", Token: sampleOrder, PaymentID: "pay_0", ItemID: "itm_0", VariantID: "var_0", Title: "凤凰单丛 蜜兰香", Variant: "50 克 罐装",
		Quantity: 2, UnitPrice: 6800, DeliveryFee: 800, Amount: 14400, Currency: "CNY", Counted: true, Delivers: true, State: postern.OrderWaiting, CreatedAt: at, UpdatedAt: at,
	}
	s.who = postern.OrderBuyer{MerchantID: "mer_0", OrderID: "ord_0", Name: "李雷", Phone: "13800138000", Region: "44", Address: "广州市天河路 1 号 203"}
	s.state.Payment = postern.Payment{
		MerchantID: "mer_0", ID: "pay_0", Version: 1, Amount: 14400, Currency: "CNY", Status: postern.PaymentOpen, Live: true, LinkToken: "0c8n2d4f5q8w2k7m3x9p6r4t1v", ExpiresAt: at.Add(15 * time.Minute), CreatedAt: at,
	}
	if lang == ui.EN {
		s.order.Title, s.order.Variant, s.who.Name, s.who.Address = "Phoenix Dancong, Honey Orchid", "Tin of 50 g", "Li Lei", "1 Tianhe Road, Guangzhou"
	}
	return s
}

// paid is the order paid at once.
func (s *orderScene) paid() {
	at := s.order.CreatedAt.Add(time.Minute)
	s.order.State, s.order.Version = postern.OrderPaid, 2
	s.state.Payment.Status, s.state.Payment.PaidAt = postern.PaymentPaid, at
	s.state.Attempts = []postern.Attempt{{ID: "att_0", Version: 3, Provider: "wechatpay", Product: "jsapi", Status: postern.AttemptPaid}}
	s.state.Receipts = []postern.Receipt{{ID: "rcp_0", AttemptID: "att_0", Provider: "wechatpay", TxnNo: "4200002511202611241234567890", Amount: 14400, Currency: "CNY", Use: postern.ReceiptApplied, PaidAt: at}}
}

func (s *orderScene) shipped() {
	s.paid()
	s.order.Carrier, s.order.Tracking, s.order.ShippedAt = "顺丰速运", "SF1234567890123", s.now.Add(-time.Minute)
}

func (s *orderScene) asked(ask postern.OrderAsk) {
	s.shipped()
	s.order.Ask, s.order.AskReason, s.order.AskedAt = ask, "罐子压坏了，茶叶受潮", s.now.Add(-30*time.Second)
	if ask == postern.AskDeclined {
		s.order.AskAnswer, s.order.AnsweredAt = "照片里罐子是好的，请再拍一张", s.now.Add(-10*time.Second)
	}
}

func (s *orderScene) refund(amount int64, status postern.RefundStatus) {
	s.refunds = append(s.refunds, postern.Refund{ID: "ref_0", Version: 1, ReceiptID: "rcp_0", Amount: amount, Currency: "CNY", Status: status, CreatedAt: s.now.Add(-5 * time.Second), UpdatedAt: s.now})
	switch {
	case status.Open():
		s.state.Receipts[0].RefundReserved += amount
	case status == postern.RefundRefunded:
		s.state.Receipts[0].Refunded += amount
	}
}

func (s *orderScene) surplus(reason postern.SurplusReason, status postern.SurplusStatus) {
	s.state.Surpluses = append(s.state.Surpluses, postern.Surplus{Reason: reason, Status: status, Amount: 14400, Currency: "CNY", CreatedAt: s.now, UpdatedAt: s.now})
}

func (s *orderScene) end(status postern.PaymentStatus) {
	s.order.State, s.state.Payment.Status, s.order.UpdatedAt = postern.OrderEnded, status, s.now
}

// sample is one golden page.
type sample struct {
	name string
	make func(ui.Lang) *Page
}

func anItem(name string, edit func(*itemScene)) sample {
	return sample{name, func(l ui.Lang) *Page { s := sampleShop(l); edit(&s); return buildItem(s) }}
}

func anOrder(name string, edit func(*orderScene)) sample {
	return sample{name, func(l ui.Lang) *Page { s := sampleBought(l); edit(&s); return buildOrder(s) }}
}

var samples = []sample{
	anItem("item", func(*itemScene) {}),
	anItem("item-single", func(s *itemScene) { s.single(); s.item.DeliveryFee, s.item.Pictures = 0, s.item.Pictures[:1] }),
	anItem("item-known", func(s *itemScene) {
		s.remember(buyer{Name: "李雷", Phone: "13800138000", Region: "44", Address: "广州市天河路 1 号 203"})
	}),
	anItem("item-known-elsewhere", func(s *itemScene) {
		s.item.Regions = []string{"11", "31"}
		s.remember(buyer{Name: "李雷", Phone: "13800138000", Region: "44", Address: "广州市天河路 1 号 203"})
	}),
	anItem("item-brand-partner", func(s *itemScene) {
		s.brand.Colour, s.brand.Notice, s.partner = "#f2b705", "春节前最后一批，1 月 20 日停发。", "东便门服务商"
		s.item.PerBuyer, s.item.SaleUntil = 2, s.now.Add(50*time.Hour)
	}),
	anItem("item-no-picture", func(s *itemScene) { s.item.Pictures = nil; s.single() }),
	anItem("item-not-delivered", func(s *itemScene) { s.single(); s.item.Delivers, s.item.DeliveryFee = false, 0 }),
	anItem("item-last", func(s *itemScene) { s.single(); s.item.Variants[0].Stock = 2 }),
	anItem("item-test-mode", func(s *itemScene) { s.merchant.Live, s.at.as = false, "wechat" }),
	anItem("item-sold-out", func(s *itemScene) { s.single(); s.item.Variants[0].Stock = 0 }),
	anItem("item-all-held", func(s *itemScene) { s.single(); s.item.Variants[0].Stock, s.item.Variants[0].Held = 0, 4 }),
	anItem("item-soon", func(s *itemScene) { s.item.SaleFrom = s.now.Add(26 * time.Hour) }),
	anItem("item-over", func(s *itemScene) { s.item.RemovedAt = s.now }),
	anItem("refused-phone", func(s *itemScene) { s.refuse(postern.CodeInvalid, "phone"); s.typed.phone = "12ab" }),
	anItem("refused-region", func(s *itemScene) { s.refuse("not_delivered_there", "region"); s.item.Regions = []string{"11", "31"} }),
	anItem("refused-left", func(s *itemScene) { s.refuse(postern.CodeSoldOut, "quantity") }),
	anItem("refused-price", func(s *itemScene) { s.refuse(postern.CodePriceChanged, "unit_price"); s.item.Variants[1].Price = 13800 }),
	anItem("refused-limit", func(s *itemScene) { s.refuse(postern.CodeLimitReached, ""); s.item.PerBuyer = 2 }),
	anItem("refused-sold-out", func(s *itemScene) { s.refuse(postern.CodeSoldOut, "quantity"); s.item.Variants[1].Stock = 0 }),
	anOrder("order-waiting", func(*orderScene) {}),
	anOrder("order-unknown", func(s *orderScene) {
		s.state.Attempts = []postern.Attempt{{ID: "att_0", Version: 2, Provider: "alipay", Status: postern.AttemptUnknown, ExposedAt: s.now}}
	}),
	anOrder("order-closing", func(s *orderScene) { s.state.Payment.ExpiresAt = s.now }),
	anOrder("order-expired", func(s *orderScene) { s.end(postern.PaymentExpired) }),
	anOrder("order-canceled", func(s *orderScene) { s.end(postern.PaymentCanceled); s.item = "" }),
	anOrder("order-paid", func(s *orderScene) { s.paid() }),
	anOrder("order-paid-here", func(s *orderScene) {
		s.order.Delivers, s.order.DeliveryFee, s.order.Amount, s.who.Region, s.who.Address = false, 0, 13600, "", ""
		s.paid()
	}),
	anOrder("order-paid-twice", func(s *orderScene) { s.paid(); s.surplus(postern.SurplusDuplicate, postern.SurplusRefunding) }),
	anOrder("order-paid-twice-back", func(s *orderScene) { s.shipped(); s.surplus(postern.SurplusDuplicate, postern.SurplusRefunded) }),
	anOrder("order-mismatch", func(s *orderScene) { s.surplus(postern.SurplusMismatch, postern.SurplusHeld) }),
	anOrder("order-too-late", func(s *orderScene) {
		s.end(postern.PaymentExpired)
		s.surplus(postern.SurplusLate, postern.SurplusRefunding)
	}),
	anOrder("order-shipped", func(s *orderScene) { s.shipped() }),
	anOrder("order-asked", func(s *orderScene) { s.asked(postern.AskOpen) }),
	anOrder("order-declined", func(s *orderScene) { s.asked(postern.AskDeclined) }),
	anOrder("order-refused-reason", func(s *orderScene) { s.shipped(); s.badReason = true }),
	anOrder("order-refunding", func(s *orderScene) { s.asked(postern.AskGiven); s.refund(14400, postern.RefundPending) }),
	anOrder("order-refund-outside", func(s *orderScene) { // one person of the shop says so: nothing is promised yet
		s.asked(postern.AskOpen)
		s.refund(14400, postern.RefundReserved)
		s.refunds[0].Hand.Way = postern.WayOutside
	}),
	anOrder("order-refunded-outside", func(s *orderScene) {
		s.asked(postern.AskGiven)
		s.refund(14400, postern.RefundRefunded)
		s.refunds[0].Hand.Way = postern.WayOutside
		s.surplus(postern.SurplusDuplicate, postern.SurplusRefunded)
		s.state.Surpluses[0].RefundID = s.refunds[0].ID
	}),
	anOrder("order-refunded", func(s *orderScene) { s.asked(postern.AskGiven); s.refund(14400, postern.RefundRefunded) }),
	anOrder("order-part-refunded", func(s *orderScene) { s.asked(postern.AskGiven); s.refund(3000, postern.RefundRefunded) }),
	anOrder("order-refund-slow", func(s *orderScene) {
		s.asked(postern.AskGiven)
		s.refund(14400, postern.RefundPending)
		s.now = s.now.AddDate(0, 0, 8)
	}),
	anOrder("order-refund-stuck", func(s *orderScene) { s.asked(postern.AskGiven); s.refund(14400, postern.RefundStuck) }),
	anOrder("order-forgotten-buyer", func(s *orderScene) { s.shipped(); s.who = postern.OrderBuyer{}; s.registry = nil }),
	anOrder("order-test-mode", func(s *orderScene) { s.merchant.Live = false }),
	{"receipt", func(l ui.Lang) *Page {
		s := sampleBought(l)
		s.asked(postern.AskGiven)
		s.refund(3000, postern.RefundRefunded)
		p, _ := buildReceipt(s)
		return p
	}},
	{"find", func(l ui.Lang) *Page { return buildFind(l, "", "") }},
	{"find-none", func(l ui.Lang) *Page { return buildFind(l, "7X2M 9K4P", wordsOf(l).FindNone) }},
	{"find-wait", func(l ui.Lang) *Page {
		return buildFind(l, strings.Repeat("7", 99), say(wordsOf(l).FindWait, span(l, 61*time.Second)))
	}},
	{"trouble", func(l ui.Lang) *Page { return troublePage(l, "/i/"+sampleItem+"/order") }},
}

func timeOf(day string) (time.Time, error) {
	return time.ParseInLocation(time.DateOnly, day, sampleZone)
}
