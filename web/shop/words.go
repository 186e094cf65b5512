package shop

import (
	"fmt"

	"postern/web/ui"
)

// words are the sentences of the shop in one language. Chinese is written, not translated; a test makes sure that none is missing. %s and %d stand for names, amounts
// and numbers.
type words struct {
	ProvidedBy, Direct, FindLink, CallLabel              string
	TestMode, TestLine, OpenAs, AsReally                 string
	PictureOf, Price, About, ScanWith, Camera            string
	NotDelivered, FreeDelivery, DeliveryFee, OnlyTo      string
	PerBuyer, Until, FeeAdded                            string
	OverTitle, OverLine, SoonTitle, SoonLine             string
	SoldOutTitle, SoldOutLine, SoldOutHeld               string
	SoldOut, Left, Choose, Quantity, Less, More          string
	Who, Change, Name, Phone, Region, ChooseRegion       string
	Address, AddressHint, Note, NoteHint, Remember       string
	Forget, OrderFor, SumLater, ShareLine                string
	PriceChanged, OnlyLeft, JustSoldOut, LimitReached    string
	NotOnSale, BadVariant, BadQuantity, BadName          string
	BadPhone, BadRegion, NotThere, BadAddress, BadNote   string
	OldForm                                              string
	OrderLabel, Number, Story, Bill, Delivery, Sum, To   string
	WaitingTitle, WaitingLine, UnknownTitle, UnknownLine string
	ClosingTitle, ClosingLine, LateTitle, LateLine       string
	CanceledTitle, CanceledLine                          string
	ExpiredTitle, ExpiredLine                            string
	PaidTitle, PaidLine, PaidHere                        string
	ShippedTitle, ShippedLine, DoneTitle, DoneLine       string
	AskedTitle, AskedLine                                string
	RefundingTitle, RefundingLine                        string
	RefundedTitle, RefundedLine                          string
	StepOrdered, StepToPay, StepPaid, StepPaidBy         string
	StepToShip, StepShipped, StepDone                    string
	StepAsked, StepAskedNow, StepDeclined                string
	StepRefunding, StepRefunded, StepRefundedTo          string
	StepRefundFailed, StepRefundStuck                    string
	RefundFailed, RefundStuck, RefundBy, RefundSlow      string
	SurplusTwice, SurplusLate, SurplusOther              string
	SurplusBack, SurplusKept, SurplusGoing, SurplusSlow  string
	RefundedOutside, StepRefundedOutside, SurplusOutside string
	SurplusHeld, CallShop                                string
	PayNow, CancelOrder, CancelWhat, OrderAgain          string
	AskLabel, AskReason, AskHint, AskSend, BadReason     string
	Copy, Copied, Keep                                   string
	ReceiptLink, ReceiptTitle, ReceiptPaidAt             string
	ReceiptWallet, ReceiptTxn, ReceiptRefund             string
	ReceiptNotice, Print, BackToOrder                    string
	FindTitle, FindLine, FindNumber, FindPhone, FindGo   string
	FindNone, FindWait                                   string
	NotFoundTitle, NotFoundLine                          string
	TroubleTitle, TroubleLine, TryAgain                  string
}

var inChinese = words{
	ProvidedBy: "由%s提供服务", Direct: "钱直接进商家账户", FindLink: "查订单", CallLabel: "商家电话",
	TestMode: "测试", TestLine: "测试模式，不会真的扣款", OpenAs: "当作在这里打开", AsReally: "真实环境",
	PictureOf: "图片 %d / %d", Price: "价格", About: "商品说明", ScanWith: "用%s扫一扫", Camera: "手机相机",
	NotDelivered: "不用寄送", FreeDelivery: "免运费", DeliveryFee: "运费 %s", OnlyTo: "只寄%s",
	PerBuyer: "每人限 %d 件", Until: "%s 截止", FeeAdded: "另加运费 %s，已算在总价里",
	OverTitle: "已经下架", OverLine: "%s不再卖这一件。还想要的话，请直接问商家。",
	SoonTitle: "%s 开卖", SoonLine: "还没到时间。到点后刷新本页就能下单。",
	SoldOutTitle: "卖完了", SoldOutLine: "想要的话，请问%s什么时候补货。", SoldOutHeld: "剩下的都有人订了，还没付款。15 分钟内没付的会放出来，请过一会儿再看。",
	SoldOut: "卖完了", Left: "还剩 %d 件", Choose: "选一款", Quantity: "数量", Less: "少一件", More: "多一件",
	Who: "收货人", Change: "修改", Name: "姓名", Phone: "手机号", Region: "地区", ChooseRegion: "请选择",
	Address: "详细地址", AddressHint: "市、区、街道、门牌号", Note: "备注", NoteHint: "可以不填", Remember: "在这台设备上记住，下次不用再填",
	Forget: "忘掉这台设备上的资料", OrderFor: "下单", SumLater: "总价在下一步付款前会写明。", ShareLine: "%s的小店，在哪个应用里打开都能买。",
	PriceChanged: "价格刚刚改了，现在一共 %s。请看好再下单。", OnlyLeft: "只剩 %d 件了，请改少一点。", JustSoldOut: "这一款刚刚卖完，请换一款。", LimitReached: "每人限 %d 件，算上你已经订的就超过了。",
	NotOnSale: "现在不能下单。", BadVariant: "请选一款。", BadQuantity: "数量请填 1 到 9999 的整数。要得更多，请直接找商家。", BadName: "请填姓名，最多 40 个字。",
	BadPhone: "请填能打通的手机号，7 到 15 位数字。", BadRegion: "请选地区。", NotThere: "商家不寄这个地区，请换一个或问问商家。", BadAddress: "请填详细地址，5 到 200 个字。", BadNote: "备注最多 200 个字。",
	OldForm:    "本页放得太久了，请再点一次下单。",
	OrderLabel: "订单", Number: "单号", Story: "进展", Bill: "明细", Delivery: "运费", Sum: "合计", To: "收货人",
	WaitingTitle: "等你付款", WaitingLine: "给你留到 %s，还有 %d 分钟。", UnknownTitle: "付款结果还没查清", UnknownLine: "还在等%s答复，请先不要再付一次。查清后本页自动更新。",
	ClosingTitle: "正在关闭订单", ClosingLine: "请不要再付款。如果刚刚已经付了，结果会显示在这里。", LateTitle: "付款来晚了", LateLine: "钱到的时候订单已经结束，东西也没有了。",
	CanceledTitle: "订单已取消", CanceledLine: "没有扣款。还想要的话，可以再下一单。",
	ExpiredTitle: "没有付款，订单已过期", ExpiredLine: "没有扣款。还想要的话，可以再下一单。",
	PaidTitle: "已付款", PaidLine: "%s会尽快发货，发出后这里有单号。", PaidHere: "需要时给商家看本页。",
	ShippedTitle: "已发货", ShippedLine: "包裹在路上。", DoneTitle: "已完成", DoneLine: "商家已经办好。",
	AskedTitle: "已申请退款", AskedLine: "等%s答复，答复后本页自动更新。",
	RefundingTitle: "退款中", RefundingLine: "%s 正在原路退回，不用做任何事。",
	RefundedTitle: "已退款", RefundedLine: "%s 已原路退回。", RefundedOutside: "%s 已退给你，由商家直接付给你，不是原路退回。",
	StepOrdered: "已下单", StepToPay: "等你付款", StepPaid: "已付款", StepPaidBy: "%[2]s · %[1]s",
	StepToShip: "等商家发货", StepShipped: "已发货", StepDone: "已完成",
	StepAsked: "你申请了退款", StepAskedNow: "等商家答复", StepDeclined: "商家没有同意退款",
	StepRefunding: "退款 %s", StepRefunded: "已退款 %s", StepRefundedTo: "已原路退回", StepRefundedOutside: "由商家直接付给你，不是原路退回", StepRefundFailed: "退款 %s 没有成功", StepRefundStuck: "退款 %s 还没到你账上",
	RefundFailed: "商家会再退一次。", RefundStuck: "钱已经离开商家，正在查。", RefundBy: "正在原路退回，%s前到账", RefundSlow: "比平时久，商家已经看到。",
	SurplusTwice: "你付了两次", SurplusLate: "你的付款来晚了", SurplusOther: "多收了 %s",
	SurplusBack: "%s 已于 %s 原路退回。", SurplusOutside: "%s 已于 %s 由商家直接付给你。", SurplusKept: "商家已确认收下这 %s。", SurplusGoing: "%s 会在%s前退回，不用做任何事。", SurplusSlow: "%s 正在退回，比平时久，商家已经看到。",
	SurplusHeld: "%s 商家已经看到，会联系你或退回。", CallShop: "商家电话 %s。",
	PayNow: "去付款 %s", CancelOrder: "取消订单", CancelWhat: "取消后东西会放出来卖给别人，没有扣款。", OrderAgain: "再下一单",
	AskLabel: "申请退款", AskReason: "原因", AskHint: "说说为什么，商家看了会答复", AskSend: "提交", BadReason: "请写原因，最多 200 个字。",
	Copy: "复制单号", Copied: "已复制", Keep: "收藏本页，或记下单号和手机号，以后都能查。",
	ReceiptLink: "收据", ReceiptTitle: "收据", ReceiptPaidAt: "付款时间", ReceiptWallet: "付款方式", ReceiptTxn: "交易单号", ReceiptRefund: "%s 退款",
	ReceiptNotice: "这是收款凭据，不是发票。需要发票请联系商家。", Print: "打印", BackToOrder: "回到订单",
	FindTitle: "查订单", FindLine: "单号在付款记录和收据上，手机号是下单时填的那个。", FindNumber: "单号", FindPhone: "手机号", FindGo: "查询",
	FindNone: "没有找到。请核对单号和下单时填的手机号。", FindWait: "试得太多了，请过 %s再试。",
	NotFoundTitle: "没有这一页", NotFoundLine: "链接可能不完整，或已经失效。请向商家要一个新的链接。",
	TroubleTitle: "这一步没有完成", TroubleLine: "请稍等片刻再试。如果刚刚已经付了，请不要再付，结果会显示在订单页。", TryAgain: "再试一次",
}

var inEnglish = words{
	ProvidedBy: "Provided by %s", Direct: "Your money goes straight to the shop", FindLink: "Find my order", CallLabel: "Call the shop",
	TestMode: "Test", TestLine: "Test mode, no real money", OpenAs: "Open as if in", AsReally: "As it is",
	PictureOf: "Picture %d of %d", Price: "Price", About: "About it", ScanWith: "Scan with %s", Camera: "the phone's camera",
	NotDelivered: "Not delivered", FreeDelivery: "Free delivery", DeliveryFee: "Delivery %s", OnlyTo: "Only to %s",
	PerBuyer: "At most %d each", Until: "Until %s", FeeAdded: "Delivery of %s is in the total",
	OverTitle: "No longer sold", OverLine: "%s does not sell this any more. Please ask the shop if you still want it.",
	SoonTitle: "On sale from %s", SoonLine: "It is too early. Load this page again then to order.",
	SoldOutTitle: "Sold out", SoldOutLine: "Please ask %s when there will be more.", SoldOutHeld: "The last ones are on order and not yet paid. What is not paid within 15 minutes comes back, so look again a little later.",
	SoldOut: "Sold out", Left: "%d left", Choose: "Choose one", Quantity: "How many", Less: "One less", More: "One more",
	Who: "Send to", Change: "Change", Name: "Name", Phone: "Mobile number", Region: "Region", ChooseRegion: "Please choose",
	Address: "Address", AddressHint: "City, district, street and number", Note: "Note", NoteHint: "Optional", Remember: "Remember me on this device",
	Forget: "Forget me on this device", OrderFor: "Order", SumLater: "The total is shown before you pay.", ShareLine: "%s sells this. It can be bought in any app.",
	PriceChanged: "The price has just changed. It is %s in all now. Please look again before you order.", OnlyLeft: "Only %d left. Please take fewer.", JustSoldOut: "This one has just sold out. Please choose another.", LimitReached: "At most %d each, and with what you have ordered already this would be more.",
	NotOnSale: "It cannot be ordered now.", BadVariant: "Please choose one.", BadQuantity: "Please enter a whole number from 1 to 9999. For more, talk to the shop.", BadName: "Please enter a name of at most 40 characters.",
	BadPhone: "Please enter a number that can be called, 7 to 15 digits.", BadRegion: "Please choose a region.", NotThere: "The shop does not deliver there. Choose another region or ask the shop.", BadAddress: "Please enter an address of 5 to 200 characters.", BadNote: "At most 200 characters, please.",
	OldForm:    "This page was open for too long. Please order once more.",
	OrderLabel: "Order", Number: "Number", Story: "What happened", Bill: "The bill", Delivery: "Delivery", Sum: "Total", To: "Send to",
	WaitingTitle: "Waiting for your payment", WaitingLine: "Kept for you until %s, %d minutes from now.", UnknownTitle: "The payment is not clear yet", UnknownLine: "%s has not answered yet. Please do not pay a second time. This page updates by itself.",
	ClosingTitle: "Closing this order", ClosingLine: "Please do not pay any more. If you have just paid, the result will appear here.", LateTitle: "The payment came too late", LateLine: "The order had ended when your money arrived, and there is none left.",
	CanceledTitle: "Order canceled", CanceledLine: "Nothing was charged. You can order again if you still want it.",
	ExpiredTitle: "Not paid, the order has ended", ExpiredLine: "Nothing was charged. You can order again if you still want it.",
	PaidTitle: "Paid", PaidLine: "%s will send it soon. The parcel's number will be here.", PaidHere: "Show this page to the shop when you need it.",
	ShippedTitle: "On its way", ShippedLine: "The parcel has been sent.", DoneTitle: "Done", DoneLine: "The shop has done its part.",
	AskedTitle: "Refund asked for", AskedLine: "%s will answer, and this page updates by itself.",
	RefundingTitle: "Being refunded", RefundingLine: "%s is on its way back to you. There is nothing to do.",
	RefundedTitle: "Refunded", RefundedLine: "%s was given back to you.", RefundedOutside: "%s was given back to you by the shop itself, not the way it was paid.",
	StepOrdered: "Ordered", StepToPay: "Waiting for your payment", StepPaid: "Paid", StepPaidBy: "%[2]s · %[1]s",
	StepToShip: "Waiting for the shop to send it", StepShipped: "Sent", StepDone: "Done",
	StepAsked: "You asked for a refund", StepAskedNow: "Waiting for the shop's answer", StepDeclined: "The shop declined the refund",
	StepRefunding: "Refund of %s", StepRefunded: "%s refunded", StepRefundedTo: "Given back the way it was paid", StepRefundedOutside: "By the shop itself, not the way it was paid", StepRefundFailed: "The refund of %s did not work", StepRefundStuck: "The refund of %s has not reached you",
	RefundFailed: "The shop will try again. ", RefundStuck: "The money has left the shop and is being looked for. ", RefundBy: "On its way back, there by %s", RefundSlow: "It takes longer than usual. The shop knows. ",
	SurplusTwice: "You paid twice", SurplusLate: "Your payment came too late", SurplusOther: "%s too much",
	SurplusBack: "%s was given back on %s.", SurplusOutside: "%s was given back by the shop itself on %s.", SurplusKept: "The shop has confirmed that it keeps %s.", SurplusGoing: "%s goes back by %s. There is nothing to do.", SurplusSlow: "%s is on its way back and takes longer than usual. The shop knows. ",
	SurplusHeld: "The shop has seen %s and will contact you or give it back. ", CallShop: "Call %s.",
	PayNow: "Pay %s", CancelOrder: "Cancel the order", CancelWhat: "It goes back on sale for others. Nothing was charged.", OrderAgain: "Order again",
	AskLabel: "Ask for a refund", AskReason: "Reason", AskHint: "Say why. The shop reads it and answers", AskSend: "Send", BadReason: "Please write a reason of at most 200 characters.",
	Copy: "Copy the number", Copied: "Copied", Keep: "Keep this page, or the number and your mobile number: they lead back here.",
	ReceiptLink: "Receipt", ReceiptTitle: "Receipt", ReceiptPaidAt: "Paid at", ReceiptWallet: "Paid with", ReceiptTxn: "Transaction", ReceiptRefund: "Refund of %s",
	ReceiptNotice: "This is a receipt, not a tax invoice (fapiao). Please ask the shop for one.", Print: "Print", BackToOrder: "Back to the order",
	FindTitle: "Find my order", FindLine: "The number is on the payment's record and on the receipt. The mobile number is the one you ordered with.", FindNumber: "Order number", FindPhone: "Mobile number", FindGo: "Find it",
	FindNone: "Nothing was found. Please check the number and the mobile number you ordered with.", FindWait: "That was too many tries. Please wait %s.",
	NotFoundTitle: "There is no such page", NotFoundLine: "The link may be incomplete or no longer valid. Please ask the shop for a new one.",
	TroubleTitle: "This step did not finish", TroubleLine: "Please wait a moment and try again. If you have just paid, do not pay again: the order's page will show it.", TryAgain: "Try again",
}

func wordsOf(l ui.Lang) *words {
	if l == ui.EN {
		return &inEnglish
	}
	return &inChinese
}

// say fills a sentence.
func say(sentence string, values ...any) string { return fmt.Sprintf(sentence, values...) }
