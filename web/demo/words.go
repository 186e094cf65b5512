package demo

import (
	"postern"
	"postern/route"
	"postern/web/ui"
)

// words are the sentences of the front page in one language.
type words struct {
	Title, Pitch, Line, LinkIs, New, Same          string
	Wallet, WalletsTitle, DesktopTitle             string
	Orders, Postings, Webhooks                     string
	NoOrders, NoPostings, NoWebhooks               string
	Debit, Credit, Unknown                         string
	HookWaiting, HookDelivered, HookFailed, Never  string
	StoryTitle, StoryLine, Today, LookAt, DayLabel string
	About, Takes, TakesNot, TakesToo, NotYet       string
	TakesInstead                                   string
	ShopsTitle, OwnShop, LookingOnly               string
	GateTitle, GateLine, GateBegin, GatePay        string
	GateRefund, GateBegun, GateSoon, GateShut      string
	GateOffers, GateUnpaid, GatePaid               string
	GateRefunded, GateBooks, GateOff               string
	Evidence                                       map[string]string
	Because                                        map[string]string
	Statuses                                       map[postern.PaymentStatus]string
	Bookings                                       map[postern.BookingKind]string
	Accounts                                       map[string]string
}

var inChinese = words{
	Title: "便门 Postern", Pitch: "一个链接，在哪个应用里打开都能付款", Line: "下面四部手机和一台电脑打开的是同一个链接。在任何一个里付款，其他几个会跟着变。", LinkIs: "链接", New: "换一笔新订单", Same: "同一个链接，在这里打开",
	Wallet: "%s（模拟）", WalletsTitle: "模拟的钱包", DesktopTitle: "电脑", Orders: "订单", Postings: "记账", Webhooks: "通知商家",
	StoryTitle: "倒回去看：门是什么时候关的", StoryLine: "拖动日期，手机里的付款页会变成那一天的样子：按那天的围墙地图，按那天的公告和合同。", Today: "今天", LookAt: "看这一天", DayLabel: "日期",
	About: "约 ", Takes: "在%s里能收%s", TakesNot: "在%s里收不了%s", TakesToo: "也能收%s", TakesInstead: "改收%s", NotYet: "那时还没有%s", ShopsTitle: "这一天的三家店", OwnShop: "回到今天的店", LookingOnly: "手机里是%s在 %s 的付款页，只供查看。",
	GateTitle: "门关之前开的单", GateLine: "用真的公告试一次：先开一单，五秒后这家店的%s关门一分钟。门关了，先开的单照样能付、能退。", GateBegin: "开一单，五秒后关门", GatePay: "门关后付款", GateRefund: "退款",
	GateBegun: "%s 用%s开单 %s，买家拿到二维码", GateSoon: "%s %s关门，新订单不再用它", GateShut: "%s %s已关门，%s 再开", GateOffers: "现在新开的单可用：%s", GateUnpaid: "先开的单还等着付", GatePaid: "%s 门关之后，先开的单付成了",
	GateRefunded: "%s 退回 %s", GateBooks: "账是平的：全部科目合计为零", GateOff: "账不平：差 %s",
	Evidence: map[string]string{"attested_twice": "两处以上来源", "attested_once": "一处来源", "practice": "惯例，无来源", "unknown": "未查到来源", "observation": "自己观察"},
	Because: map[string]string{
		postern.NoAgreement: "：没签约，这天也签不了", postern.AgreementEnded: "：合同到期，续不了", postern.ClosedByWall: "：这天停了", route.ReasonWayOut: "：那里打不开，可以换到浏览器里付",
	},
	NoOrders: "还没有订单", NoPostings: "收到钱才记账", NoWebhooks: "付款后立刻通知", Debit: "借", Credit: "贷", Unknown: "等待答复",
	HookWaiting: "发送中", HookDelivered: "已送达", HookFailed: "未送达", Never: "本页是测试模式，钱包是模拟的，没有真钱。便门从不经手资金。",
	Statuses: map[postern.PaymentStatus]string{
		postern.PaymentOpen: "待付款", postern.PaymentProcessing: "付款中", postern.PaymentPaid: "已付款", postern.PaymentExpired: "已过期", postern.PaymentCanceled: "已取消",
	},
	Bookings: map[postern.BookingKind]string{
		postern.BookReceipt: "收款", postern.BookSurplus: "多收", postern.BookSurplusAccept: "多收转收入", postern.BookSurplusReturn: "多收退回", postern.BookRefund: "退款",
		postern.BookRefundStuck: "退款在途", postern.BookRefundUnstuck: "在途退款到账", postern.BookSurplusUnstuck: "在途多收退回", postern.BookRefundOutside: "自行退款", postern.BookSurplusOutside: "自行退回多收",
		postern.BookTransitBack: "在途退款退回商户", postern.BookShare: "分账", postern.BookShareReturn: "分账退回",
	},
	Accounts: map[string]string{
		"receivable": "应收", "sales": "销售收入", "surplus": "多收待退", "refunds": "退款", "refunds_in_transit": "在途退款", "fees": "手续费", "discounts": "优惠", "bank": "银行",
		"shared": "分账", "disputes": "争议", "adjustments": "调整",
	},
}

var inEnglish = words{
	Title: "Postern", Pitch: "One link that can be paid in every app", Line: "Four phones and a computer have opened the same link. Pay in any of them and watch the others follow.", LinkIs: "Link", New: "New order", Same: "The same link, opened here",
	Wallet: "%s (simulated)", WalletsTitle: "Simulated wallets", DesktopTitle: "Computer", Orders: "Orders", Postings: "Books", Webhooks: "Webhooks",
	StoryTitle: "Go back to when the gates closed", StoryLine: "Move the date, and the phones show the checkout as it was: by that day's map of the walls, under that day's closures and contracts.", Today: "Today", LookAt: "Look at this day", DayLabel: "Date",
	About: "about ", Takes: "Inside %s it takes %s", TakesNot: "Inside %s it cannot take %s", TakesToo: "It takes %s too", TakesInstead: "It takes %s instead", NotYet: "%s was not there yet", ShopsTitle: "Three shops on that day", OwnShop: "Back to today's shop", LookingOnly: "The phones show the checkout of: %s, on %s. It is for looking only.",
	GateTitle: "An order begun before the gate closed", GateLine: "Try it with a real closure: begin an order, and five seconds later this shop's %s closes for a minute. The order that was begun is still paid, and refunded.", GateBegin: "Begin an order, close the gate in five seconds", GatePay: "Pay it after the gate has closed", GateRefund: "Refund it",
	GateBegun: "%s  order begun with %s, %s; the buyer has its code", GateSoon: "%s  %s closes; no new order goes that way then", GateShut: "%s  %s has closed, until %s", GateOffers: "A new order is offered: %s", GateUnpaid: "The order that was begun is waiting to be paid", GatePaid: "%s  paid, after the gate had closed",
	GateRefunded: "%s  refunded %s", GateBooks: "The books balance: all accounts sum to zero", GateOff: "The books are off by %s",
	Evidence: map[string]string{"attested_twice": "two or more sources", "attested_once": "one source", "practice": "common practice, no source", "unknown": "no source found", "observation": "our own observation"},
	Because: map[string]string{
		postern.NoAgreement: ": never signed, and no signing that day", postern.AgreementEnded: ": its contract ended and is not renewed", postern.ClosedByWall: ": closed that day", route.ReasonWayOut: ": it does not open there; the browser does",
	},
	NoOrders: "No order yet", NoPostings: "Booked when money arrives", NoWebhooks: "Sent as soon as it is paid", Debit: "Debit", Credit: "Credit", Unknown: "Awaiting an answer",
	HookWaiting: "sending", HookDelivered: "delivered", HookFailed: "not delivered", Never: "Test mode with simulated wallets, no real money. Postern never holds your money.",
	Statuses: map[postern.PaymentStatus]string{
		postern.PaymentOpen: "open", postern.PaymentProcessing: "being paid", postern.PaymentPaid: "paid", postern.PaymentExpired: "expired", postern.PaymentCanceled: "canceled",
	},
	Bookings: map[postern.BookingKind]string{
		postern.BookReceipt: "Receipt", postern.BookSurplus: "Surplus", postern.BookSurplusAccept: "Surplus kept", postern.BookSurplusReturn: "Surplus given back", postern.BookRefund: "Refund",
		postern.BookRefundStuck: "Refund in transit", postern.BookRefundUnstuck: "Refund arrived", postern.BookSurplusUnstuck: "Surplus arrived", postern.BookRefundOutside: "Refund outside", postern.BookSurplusOutside: "Surplus given back outside",
		postern.BookTransitBack: "Refund came back", postern.BookShare: "Shared", postern.BookShareReturn: "Share returned",
	},
	Accounts: map[string]string{
		"receivable": "Receivable", "sales": "Sales", "surplus": "Surplus", "refunds": "Refunds", "refunds_in_transit": "Refunds in transit", "fees": "Fees", "discounts": "Discounts",
		"bank": "Bank", "shared": "Shared", "disputes": "Disputes", "adjustments": "Adjustments",
	},
}

func wordsOf(l ui.Lang) *words {
	if l == ui.EN {
		return &inEnglish
	}
	return &inChinese
}
