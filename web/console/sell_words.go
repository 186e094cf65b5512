package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/picture"
	"postern/roster"
	"postern/web/ui"
)

// sellWords are the sentences of today, orders and shipping in one language. Chinese is written, not translated. %s and %d stand for names, amounts and numbers.
type sellWords struct {
	// Today.
	SoldToday, RefundedToday, NetToday, NOrders, AlsoIn, Week, WeekLine, WeekNone, DayWord, OrdersWord, SoldWord, RefundedWord, NetWord string
	ToShip, Asked, Held, HeldLine, Stuck, StuckLine, Failed, FailedLine, Unknown, UnknownLine, CalmLine, WaitTitle, Where               string
	StartTitle, StartLine, StartAct                                                                                                     string
	// What needs a person.
	Attention, AttentionEmpty, HeldTitle, HeldHow, WrongTitle, WrongHow, UnknownTitle, UnknownHow, Accept, GiveBack, More, ToOrder string
	// Orders.
	Order, ListToShip, ListWaiting, ListShipped, ListAsked, ListAll, NoOrders, Download, DownloadHint, FromDay, UntilDay, ByList string
	UnitPrice, DeliveryFee, Total, Buyer, BuyerGone, Name, Phone, Address, Note, CopyAddress, StoryTitle, BuyerPage              string
	ShipHead, ShipAgain, Carrier, CarrierHint, Tracking, ShipAct, CorrectAct                                                     string
	AskHead, RefundHead, RefundLeft, Amount, Reason, ReasonHint, Restock, RestockHint, RefundNext, DeclineHead, DeclineHint      string
	DeclineAct                                                                                                                   string
	RefundTitle, EffectHead, EffectBack, EffectLeft, EffectStock, EffectNoStock, EffectNoShip, TypeAgain, TypedWrong, RefundAct  string
	Cancel                                                                                                                       string
	DidOrder, DidTry, DidPay, DidPayMore, ReceiptNo, DidSurplus, DidRefund, DidShip, DidAsk, DidDecline, DidEnd                  string
	StateWaiting, StateToShip, StateShipped, StateEnded, StateAsked, StateGiven                                                  string
	// Shipping by a list.
	ShipTitle, ShipHow, ShipGet, File, ShowPlan, NoFile, PlanFine, PlanWrong, PlanSame, Confirm, ShipDone, ShipLeft, Nothing string
	LineWord, NumberWord, WhatWord, NoSuchOrder, Twice, NotPaid, GivenBack, NoCarrier, NotReached                            string
	ListTooLong, ListTooLarge, ListNoHeader, ListUnreadable, LineRounded, LineNoNumber, LineUnreadable                       string
	// Refusals.
	SoldOut, Exceeds, NothingLeft, MayNotRefund, MayNotShip, Settled, FormBad, PictureLarge, PicturePixels, PictureHEIC, PictureUnknown, PictureBroken string

	Carriers []string
	Columns  []string // of the download, in its order
}

var sellChinese = sellWords{
	SoldToday: "今日收款", RefundedToday: "今日退款", NetToday: "净收入", NOrders: "%d 笔", AlsoIn: "另收", Week: "最近 7 天", WeekLine: "按入账时间统计，不扣渠道手续费。", WeekNone: "这七天还没有收款，也没有退款。", DayWord: "日期", OrdersWord: "笔数", SoldWord: "收款", RefundedWord: "退款", NetWord: "净额",
	ToShip: "待发货", Asked: "买家申请退款", Held: "多收的钱待您决定", HeldLine: "同一单付了两次，或金额不对", Stuck: "退款卡在半路", StuckLine: "钱已退出，还没到买家手里", Failed: "退款失败", FailedLine: "买家还没收到，请再退一次", Unknown: "付款结果不明", UnknownLine: "渠道还没有答复，系统会继续查",
	CalmLine: "没有需要您处理的异常。", WaitTitle: "等您处理", Where: "钱在哪里", StartTitle: "上架第一件商品", StartLine: "拍张照，写个价，分享出去就能卖。", StartAct: "上架商品",
	Attention: "需要人处理", AttentionEmpty: "没有需要处理的异常。", HeldTitle: "多收的钱", HeldHow: "这些钱不是任何订单该收的。确认是您该得的就收下，不是就退给买家，原路退回。", WrongTitle: "没有到买家手里的退款",
	WrongHow: "退款失败的，请打开订单再退一次，渠道退不了的点“处理”。卡在半路的，钱已离开您的账户，请拿渠道的单号向渠道客服查询；账单到了以后，系统会自己记上结果；先弄清楚了的，点“处理”，由两个人记上。", UnknownTitle: "结果不明的付款", UnknownHow: "渠道没有说付了还是没付。系统会一直查到有结果，在此之前不会当作没付。不需要您做什么；超过一天，请到渠道后台看一眼。",
	Accept: "收下", GiveBack: "退给买家", More: "还有更多，处理完这些再看。", ToOrder: "看订单",
	Order: "订单", ListToShip: "待发货", ListWaiting: "待付款", ListShipped: "已发货", ListAsked: "申请退款", ListAll: "全部", NoOrders: "这里还没有订单。", Download: "下载订单表", DownloadHint: "表格可以直接填上快递和单号，再传回来批量发货。", FromDay: "从", UntilDay: "到", ByList: "填表批量发货",
	UnitPrice: "单价", DeliveryFee: "运费", Total: "合计", Buyer: "收件人", BuyerGone: "收件人的资料已按保存期限删除。", Name: "姓名", Phone: "电话", Address: "地址", Note: "留言", CopyAddress: "复制地址", StoryTitle: "经过", BuyerPage: "买家看到的页面",
	ShipHead: "发货", ShipAgain: "更正快递信息", Carrier: "快递", CarrierHint: "也可以自己写，比如“自己送”", Tracking: "快递单号", ShipAct: "标记已发货", CorrectAct: "更正",
	AskHead: "买家申请退款", RefundHead: "退款", RefundLeft: "还可以退 %s。", Amount: "退款金额（元）", Reason: "原因", ReasonHint: "会记在退款单上", Restock: "退回库存的件数", RestockHint: "最多 %d 件。货不回来就填 0", RefundNext: "下一步", DeclineHead: "不退，回复买家", DeclineHint: "买家会看到这句话",
	DeclineAct: "回复并拒绝", RefundTitle: "确认退款", EffectHead: "这样做以后", EffectBack: "%s 从%s原路退给买家", EffectLeft: "这一单还可以再退 %s", EffectStock: "%s 件放回库存", EffectNoStock: "库存不变", EffectNoShip: "还没发货：这一单会从待发货里拿走，请不要再发",
	TypeAgain: "请再输入一次退款金额", TypedWrong: "两次输入的金额不一样。没有退款，请核对后再输。", RefundAct: "退款", Cancel: "不退了",
	DidOrder: "买家下单，%s", DidTry: "用%s付款：%s", DidPay: "收到 %s，%s", DidPayMore: "又收到 %s，%s，不是这一单该收的", ReceiptNo: "交易号 %s", DidSurplus: "多收 %s（%s）：%s", DidRefund: "退款 %s：%s", DidShip: "已发货", DidAsk: "买家申请退款", DidDecline: "您没有同意退款", DidEnd: "没有付款，订单已结束，货放回库存",
	StateWaiting: "待付款", StateToShip: "待发货", StateShipped: "已发货", StateEnded: "已结束", StateAsked: "申请退款", StateGiven: "已退款",
	ShipTitle: "填表批量发货", ShipHow: "下载待发货的表格，填上“快递”和“快递单号”两列，存成 CSV 传回来。先给您看会发哪些，确认以后才算数。最多 5000 行。", ShipGet: "下载待发货表格", File: "填好的表格（CSV）", ShowPlan: "看看会发哪些", NoFile: "还没有选文件。",
	PlanFine: "可以发货 %d 单", PlanWrong: "有问题 %d 行，不会处理", PlanSame: "已经发过 %d 单，不重复处理", Confirm: "确认发货 %d 单", ShipDone: "已发货 %d 单。", ShipLeft: "还有 %d 单没来得及处理，请把同一张表再传一次。", Nothing: "表里没有可以发货的行。",
	LineWord: "行", NumberWord: "订单号", WhatWord: "内容", NoSuchOrder: "没有这个订单号", Twice: "表里有两行是这个订单", NotPaid: "还没有付款", GivenBack: "已经退款，不要发货", NoCarrier: "没有填快递", NotReached: "没来得及处理",
	ListTooLong: "表格超过 5000 行，请分成几张。", ListTooLarge: "文件超过 2 MB，请分成几张。", ListNoHeader: "第一行要有列名：订单号、快递、快递单号。", ListUnreadable: "读不出这个文件。请在表格软件里另存为 CSV 再传。", LineRounded: "表格软件把长号码改成了科学计数，尾数丢了。请把这一列设成文本，重新填写。", LineNoNumber: "没有订单号", LineUnreadable: "这一行读不出来，可能多了引号",
	SoldOut: "没有这么多件可以减。", Exceeds: "退款合计不能超过收到的钱。请看一眼还可以退多少。", NothingLeft: "这一单没有可以退的钱。", MayNotRefund: "这个渠道现在不能退款。请用别的办法把钱还给买家，再从下面记下来，由另一个人核对。", MayNotShip: "这一单没有付款，或者已经退款，不能发货。", Settled: "这笔钱已经有人处理了。", FormBad: "提交的内容太大，或者不完整。请回到上一页再试。",
	PictureLarge: "图片超过 16 MB，请换小一点的。", PicturePixels: "图片像素太多，请换一张不超过 5000 万像素的。", PictureHEIC: "这是 iPhone 的 HEIC 格式，这里打不开。请在“设置 › 相机 › 格式”里选“兼容性最佳”，或者截图后上传。", PictureUnknown: "这不是图片，或者格式不认识。请用 JPG、PNG、GIF 或 WebP。", PictureBroken: "图片不完整，请重新保存或换一张。",
	Carriers: []string{"顺丰", "圆通", "中通", "韵达", "申通", "邮政 EMS", "京东", "极兔"},
	Columns:  []string{"订单号", "下单时间", "商品", "规格", "数量", "金额", "币种", "状态", "姓名", "电话", "地区", "地址", "留言", "快递", "快递单号", "发货时间"},
}

var sellEnglish = sellWords{
	SoldToday: "Taken today", RefundedToday: "Refunded today", NetToday: "Net", NOrders: "%d paid", AlsoIn: "Also", Week: "Last 7 days", WeekLine: "By the time of booking, before the providers' fees.", WeekNone: "Nothing came in or went back in these seven days.", DayWord: "Day", OrdersWord: "Paid", SoldWord: "Taken", RefundedWord: "Refunded", NetWord: "Net",
	ToShip: "To ship", Asked: "Buyers asking for money back", Held: "Extra money for you to decide", HeldLine: "Paid twice, or another amount", Stuck: "Refunds stuck on their way", StuckLine: "The money has left and not arrived", Failed: "Refunds that failed", FailedLine: "The buyer has nothing yet; refund again", Unknown: "Payments without an answer", UnknownLine: "The provider has not said; we keep asking",
	CalmLine: "Nothing else needs you.", WaitTitle: "Waiting for you", Where: "Where is the money?", StartTitle: "Put your first item on sale", StartLine: "Take a picture, name a price, share the link.", StartAct: "New item",
	Attention: "Needs a person", AttentionEmpty: "Nothing needs a person.", HeldTitle: "Extra money", HeldHow: "No order asked for this money. Keep it if it is yours; otherwise give it back the way it came.", WrongTitle: "Refunds that did not arrive",
	WrongHow: "If a refund failed, open the order and refund again; if the provider cannot, press “Deal with it”. If it is stuck, the money has left your account: ask the provider with its number. When the bill comes, the outcome is booked by itself; if you know it before, two persons record it under “Deal with it”.", UnknownTitle: "Payments without an answer", UnknownHow: "The provider has not said whether these were paid. We ask until it does, and never take them for unpaid before. There is nothing to do; after a day, look at the provider's own pages.",
	Accept: "Keep it", GiveBack: "Give it back", More: "There are more. They show when these are dealt with.", ToOrder: "See the order",
	Order: "Order", ListToShip: "To ship", ListWaiting: "Unpaid", ListShipped: "Shipped", ListAsked: "Refund asked", ListAll: "All", NoOrders: "No orders here yet.", Download: "Download orders", DownloadHint: "Fill carrier and tracking number into the same list and hand it in to ship many at once.", FromDay: "From", UntilDay: "To", ByList: "Ship by a list",
	UnitPrice: "Price", DeliveryFee: "Delivery", Total: "Total", Buyer: "Goes to", BuyerGone: "Name and address were deleted when their time was over.", Name: "Name", Phone: "Phone", Address: "Address", Note: "Note", CopyAddress: "Copy address", StoryTitle: "What happened", BuyerPage: "The buyer's page",
	ShipHead: "Ship", ShipAgain: "Correct the carrier", Carrier: "Carrier", CarrierHint: "Or write your own, such as \"by hand\"", Tracking: "Tracking number", ShipAct: "Mark as shipped", CorrectAct: "Correct",
	AskHead: "The buyer asks for the money back", RefundHead: "Refund", RefundLeft: "Up to %s can be refunded.", Amount: "Amount (yuan)", Reason: "Reason", ReasonHint: "It goes onto the refund", Restock: "Pieces back in stock", RestockHint: "Up to %d. Write 0 if nothing comes back", RefundNext: "Next", DeclineHead: "Decline and answer", DeclineHint: "The buyer reads this",
	DeclineAct: "Answer and decline", RefundTitle: "Confirm the refund", EffectHead: "What this does", EffectBack: "%s goes back to the buyer through %s", EffectLeft: "%s of this order can still be refunded", EffectStock: "%s back in stock", EffectNoStock: "The stock stays as it is", EffectNoShip: "Not shipped yet: the order leaves the list to ship; do not send it",
	TypeAgain: "Type the amount once more", TypedWrong: "The two amounts differ. Nothing was refunded; check and type again.", RefundAct: "Refund", Cancel: "Do not refund",
	DidOrder: "Ordered, %s", DidTry: "Paying with %s: %s", DidPay: "%s received through %s", DidPayMore: "%s more received through %s, which this order did not ask for", ReceiptNo: "Transaction %s", DidSurplus: "%s too much (%s): %s", DidRefund: "Refund of %s: %s", DidShip: "Shipped", DidAsk: "The buyer asks for the money back", DidDecline: "You declined", DidEnd: "Not paid; the order ended and its pieces are back in stock",
	StateWaiting: "Unpaid", StateToShip: "To ship", StateShipped: "Shipped", StateEnded: "Ended", StateAsked: "Refund asked", StateGiven: "Refunded",
	ShipTitle: "Ship by a list", ShipHow: "Download the list of what is to be shipped, fill in the columns Carrier and Tracking number, save it as CSV and hand it in. You see what would be shipped before anything is done. At most 5,000 lines.", ShipGet: "Download the list", File: "The list, filled in (CSV)", ShowPlan: "Show what would be shipped", NoFile: "No file was chosen.",
	PlanFine: "%d to be shipped", PlanWrong: "%d with a problem, left alone", PlanSame: "%d shipped so already, left alone", Confirm: "Ship %d now", ShipDone: "%d shipped.", ShipLeft: "%d are left for lack of time. Hand in the same list again.", Nothing: "No line of the list can be shipped.",
	LineWord: "Line", NumberWord: "Order", WhatWord: "What", NoSuchOrder: "There is no such order", Twice: "The list has this order twice", NotPaid: "Not paid yet", GivenBack: "Refunded: do not send it", NoCarrier: "No carrier", NotReached: "Not reached in time",
	ListTooLong: "The list has more than 5,000 lines. Cut it into several.", ListTooLarge: "The file is larger than 2 MB. Cut it into several.", ListNoHeader: "The first line must name the columns: Order number, Carrier, Tracking number.", ListUnreadable: "This file cannot be read. Save it as CSV and hand it in again.", LineRounded: "The spreadsheet has rounded a long number and lost its last digits. Make the column text and put it in again.", LineNoNumber: "No order number", LineUnreadable: "The line cannot be read; a quote may be out of place",
	SoldOut: "There are not so many pieces to take off.", Exceeds: "All refunds together cannot exceed what was received. Look at what is left.", NothingLeft: "This order has no money to give back.", MayNotRefund: "This channel may not refund now. Give the money back another way and enter it below; a second person checks it.", MayNotShip: "This order is not paid or was refunded, so it cannot be shipped.", Settled: "Somebody has dealt with this already.", FormBad: "What was sent is too large or not whole. Go back and try again.",
	PictureLarge: "The picture is larger than 16 MB. Choose a smaller one.", PicturePixels: "The picture has too many pixels. Choose one of at most 50 megapixels.", PictureHEIC: "This is an iPhone's HEIC, which cannot be opened here. Choose Settings › Camera › Formats › Most Compatible, or upload a screenshot of it.", PictureUnknown: "This is no picture, or of a kind that cannot be read. Use JPG, PNG, GIF or WebP.", PictureBroken: "The picture is not whole. Save it again or choose another.",
	Carriers: []string{"SF Express", "YTO", "ZTO", "Yunda", "STO", "China Post EMS", "JD Logistics", "J&T"},
	Columns:  []string{"Order number", "Ordered", "Item", "Choice", "Quantity", "Amount", "Currency", "State", "Name", "Phone", "Region", "Address", "Note", "Carrier", "Tracking number", "Shipped"},
}

func sellWordsOf(l ui.Lang) *sellWords {
	if l == ui.EN {
		return &sellEnglish
	}
	return &sellChinese
}

// did writes a sentence with names and amounts in it.
func (w *sellWords) did(form string, args ...any) string { return fmt.Sprintf(form, args...) }

// count writes a sentence with a number in it.
func (w *sellWords) count(form string, n int64) string {
	return strings.Replace(form, "%d", strconv.FormatInt(n, 10), 1)
}

// Count is count for templates.
func (w *sellWords) Count(form string, n int64) string { return w.count(form, n) }

// Put is did for templates, with one text.
func (w *sellWords) Put(form, text string) string { return strings.Replace(form, "%s", text, 1) }

// day writes a day without its year.
func (w *sellWords) day(l ui.Lang, t time.Time) string { return t.Format(l.Pick("1月2日", "2 Jan")) }

// orderState is where an order stands for the seller.
func (w *sellWords) orderState(o postern.Order) state {
	switch {
	case o.Ask == postern.AskOpen:
		return state{w.StateAsked, "stop"}
	case o.Ask == postern.AskGiven:
		return state{w.StateGiven, "off"}
	case o.State == postern.OrderWaiting:
		return state{w.StateWaiting, "off"}
	case o.State == postern.OrderEnded:
		return state{w.StateEnded, "off"}
	case o.ShippedAt.IsZero():
		return state{w.StateToShip, "warn"}
	}
	return state{w.StateShipped, ""}
}

// pair is a word in both languages.
type pair struct{ zh, en string }

func (w *sellWords) pick(p pair) string {
	if w == &sellEnglish {
		return p.en
	}
	return p.zh
}

var (
	reasons = map[postern.SurplusReason]pair{
		postern.SurplusDuplicate: {"付了两次", "paid twice"}, postern.SurplusLate: {"过期后才付", "paid too late"}, postern.SurplusMismatch: {"金额不对", "another amount"}, postern.SurplusReversed: {"已撤销", "reversed"},
	}
	surplusStates = map[postern.SurplusStatus]pair{
		postern.SurplusHeld: {"等您决定", "waits for you"}, postern.SurplusAccepted: {"已收下", "kept"}, postern.SurplusRefunding: {"正在退回", "going back"}, postern.SurplusRefunded: {"已退回", "given back"},
	}
	refundStates = map[postern.RefundStatus]pair{
		postern.RefundReserved: {"正在办理", "under way"}, postern.RefundSending: {"正在办理", "under way"}, postern.RefundPending: {"渠道处理中", "with the provider"}, postern.RefundUnknown: {"结果待查", "being looked up"},
		postern.RefundRefunded: {"已到账", "arrived"}, postern.RefundFailed: {"失败", "failed"}, postern.RefundStuck: {"卡在半路", "stuck"},
	}
	attemptStates = map[postern.AttemptStatus]pair{
		postern.AttemptCreated: {"还没开始", "not begun"}, postern.AttemptSending: {"正在打开", "opening"}, postern.AttemptPending: {"等买家付款", "waiting for the buyer"}, postern.AttemptUnknown: {"结果不明", "no answer"},
		postern.AttemptPaid: {"已付", "paid"}, postern.AttemptFailed: {"没付成", "failed"}, postern.AttemptClosed: {"已关闭", "closed"},
	}
)

func (w *sellWords) reason(r postern.SurplusReason) string        { return w.pick(reasons[r]) }
func (w *sellWords) surplusStatus(s postern.SurplusStatus) string { return w.pick(surplusStates[s]) }
func (w *sellWords) refundStatus(s postern.RefundStatus) string   { return w.pick(refundStates[s]) }
func (w *sellWords) attempt(s postern.AttemptStatus) string       { return w.pick(attemptStates[s]) }

// picture says why an upload was not taken.
func (w *sellWords) picture(why picture.Reason) string {
	switch why {
	case picture.TooLarge:
		return w.PictureLarge
	case picture.TooManyPixels:
		return w.PicturePixels
	case picture.HEIC:
		return w.PictureHEIC
	case picture.Broken:
		return w.PictureBroken
	}
	return w.PictureUnknown
}

// refused are the sentences for what the verbs of selling refuse; empty leaves it to the frame.
func (w *sellWords) refused(e *postern.Error) string {
	switch {
	case e.Op == opForm:
		return w.FormBad
	case e.Code == postern.CodeSoldOut:
		return w.SoldOut
	case e.Code == postern.CodeRefundExceeds:
		return w.Exceeds
	case e.Code == postern.CodeNothingToRefund:
		return w.NothingLeft
	case e.Code == postern.CodeSurplusSettled:
		return w.Settled
	case e.Op == "engine.Refund" && e.Code == postern.CodeForbidden:
		return w.MayNotRefund
	case e.Op == "engine.Ship":
		return w.MayNotShip
	case e.Op == "engine.DeclineRefund":
		return w.Settled
	}
	return ""
}

// listWrong says why a list as a whole cannot be read.
func (w *sellWords) listWrong(err error) string {
	known, ok := asError(err)
	switch {
	case !ok || known.Field == "encoding":
		return w.ListUnreadable
	case known.Field == "line 1":
		return w.ListNoHeader
	case known.Field == "file" && strings.Contains(known.Message, "lines"):
		return w.ListTooLong
	case known.Field == "file" && strings.Contains(known.Message, "larger"):
		return w.ListTooLarge
	}
	return w.ListUnreadable
}

// lineWrong says why a line cannot be read.
func (w *sellWords) lineWrong(e *postern.Error) string {
	switch e.Code {
	case roster.CodeScientific:
		return w.LineRounded
	case roster.CodeNoNumber:
		return w.LineNoNumber
	}
	return w.LineUnreadable
}
