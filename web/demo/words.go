package demo

import (
	"postern"
	"postern/web/ui"
)

// words are the sentences of the front page in one language.
type words struct {
	Title, Pitch, Line, LinkIs, New, Same         string
	Wallet, WalletsTitle, DesktopTitle            string
	Orders, Postings, Webhooks                    string
	NoOrders, NoPostings, NoWebhooks              string
	Debit, Credit, Unknown                        string
	HookWaiting, HookDelivered, HookFailed, Never string
	Statuses                                      map[postern.PaymentStatus]string
	Bookings                                      map[postern.BookingKind]string
	Accounts                                      map[string]string
}

var inChinese = words{
	Title: "便门 Postern", Pitch: "一个链接，在哪个应用里打开都能付款", Line: "下面四部手机和一台电脑打开的是同一个链接。在任何一个里付款，其他几个会跟着变。", LinkIs: "链接", New: "换一笔新订单", Same: "同一个链接，在这里打开",
	Wallet: "%s（模拟）", WalletsTitle: "模拟的钱包", DesktopTitle: "电脑", Orders: "订单", Postings: "记账", Webhooks: "通知商家",
	NoOrders: "还没有订单", NoPostings: "收到钱才记账", NoWebhooks: "付款后立刻通知", Debit: "借", Credit: "贷", Unknown: "等待答复",
	HookWaiting: "发送中", HookDelivered: "已送达", HookFailed: "未送达", Never: "本页是测试模式，钱包是模拟的，没有真钱。便门从不经手资金。",
	Statuses: map[postern.PaymentStatus]string{
		postern.PaymentOpen: "待付款", postern.PaymentProcessing: "付款中", postern.PaymentPaid: "已付款", postern.PaymentExpired: "已过期", postern.PaymentCanceled: "已取消",
	},
	Bookings: map[postern.BookingKind]string{
		postern.BookReceipt: "收款", postern.BookSurplus: "多收", postern.BookSurplusAccept: "多收转收入", postern.BookSurplusReturn: "多收退回", postern.BookRefund: "退款",
		postern.BookRefundStuck: "退款在途", postern.BookRefundUnstuck: "在途退款到账", postern.BookSurplusUnstuck: "在途多收退回",
	},
	Accounts: map[string]string{
		"receivable": "应收", "sales": "销售收入", "surplus": "多收待退", "refunds": "退款", "refunds_in_transit": "在途退款", "fees": "手续费", "discounts": "优惠", "bank": "银行",
		"shared": "分账", "disputes": "争议", "adjustments": "调整",
	},
}

var inEnglish = words{
	Title: "Postern", Pitch: "One link that can be paid in every app", Line: "Four phones and a computer have opened the same link. Pay in any of them and watch the others follow.", LinkIs: "Link", New: "New order", Same: "The same link, opened here",
	Wallet: "%s (simulated)", WalletsTitle: "Simulated wallets", DesktopTitle: "Computer", Orders: "Orders", Postings: "Books", Webhooks: "Webhooks",
	NoOrders: "No order yet", NoPostings: "Booked when money arrives", NoWebhooks: "Sent as soon as it is paid", Debit: "Debit", Credit: "Credit", Unknown: "Awaiting an answer",
	HookWaiting: "sending", HookDelivered: "delivered", HookFailed: "not delivered", Never: "Test mode with simulated wallets, no real money. Postern never holds your money.",
	Statuses: map[postern.PaymentStatus]string{
		postern.PaymentOpen: "open", postern.PaymentProcessing: "being paid", postern.PaymentPaid: "paid", postern.PaymentExpired: "expired", postern.PaymentCanceled: "canceled",
	},
	Bookings: map[postern.BookingKind]string{
		postern.BookReceipt: "Receipt", postern.BookSurplus: "Surplus", postern.BookSurplusAccept: "Surplus kept", postern.BookSurplusReturn: "Surplus given back", postern.BookRefund: "Refund",
		postern.BookRefundStuck: "Refund in transit", postern.BookRefundUnstuck: "Refund arrived", postern.BookSurplusUnstuck: "Surplus arrived",
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
