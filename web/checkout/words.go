package checkout

import (
	"fmt"
	"strings"

	"postern/web/ui"
)

// words are the sentences of the checkout in one language. Chinese is written, not translated; a test makes sure that none is missing. %s and %d stand for names,
// amounts and numbers in the order that the methods below use.
type words struct {
	AmountDue, Items, Number, Time, Merchant, Status     string
	PayWith, OtherWays                                   string
	HintHere, HintMaybe, HintLeave, HintDevice, HintCode string
	NotPaidYet, FailedNotice, CanceledNotice             string
	ScanTitle, ScanApps, OrHere, Camera                  string
	ScanWait, AnyWallet                                  string
	WallTitle, WallLine, WallLineCopy                    string
	StepMenu, StepBrowserIOS, StepBrowserAndroid         string
	StepCopy, StepPaste                                  string
	CopyLink, Copied, CopyByHand, LinkLabel              string
	DeviceTitle, DeviceLine                              string
	GoTitle, GoButton, GoLine                            string
	BridgeTitle, BridgeLine                              string
	BridgeMissing, BridgeFailed, BridgeCanceled          string
	SimTitle, SimLine                                    string
	WaitTitle, WaitLine, WaitElsewhere, WaitHere         string
	WaitSomewhere                                        string
	WaitLate, Reopen, Check, Another, HereInstead        string
	StartingTitle, StartingLine                          string
	CodeTitle, CodeLine, CodeUntil                       string
	PaidTitle, PaidLine, Back, BackIn, PaidStay          string
	ExpiredTitle, ExpiredLine                            string
	CanceledTitle, CanceledLine                          string
	ClosingTitle, ClosingLine, PaidLate                  string
	UnknownTitle, UnknownLine, UnknownWhy                string
	NoWayTitle, NoWayLine                                string
	SurplusTitle, SurplusHeld, SurplusGoing              string
	SurplusDone, SurplusKept, SurplusOutside             string
	NotFoundTitle, NotFoundLine                          string
	TroubleTitle, TroubleLine, TryAgain                  string
	Direct, TestMode, TestLine, OpenAs, AsReally         string
	ShareLine, AsOf, NotOrderedYet, OrderFor             string
	BuyAt, HintOpens, HintMayOpen                        string
	LinkEndedTitle, LinkEndedLine                        string
	ShopUnsure, ShopLine, ShopLineCopy, ShopDevice       string
	ClosedHere, ShopScan                                 string
}

var inChinese = words{
	AmountDue: "应付金额", Items: "商品明细", Number: "单号", Time: "时间", Merchant: "商家", Status: "付款状态",
	PayWith: "用%s %s", OtherWays: "其他方式",
	HintHere: "在这里直接付", HintMaybe: "这里不一定能付", HintLeave: "换到浏览器里付", HintDevice: "用另一台设备扫码", HintCode: "只能用%s扫的码",
	NotPaidYet: "还没有付款", FailedNotice: "刚才用%s没有付成，没有扣款。可以再试一次，或换一种方式。", CanceledNotice: "刚才没有付款。可以再试一次，或换一种方式。",
	ScanTitle: "用手机扫码付款", ScanApps: "用%s扫一扫", OrHere: "或在这台电脑上付", Camera: "手机相机",
	ScanWait: "等待扫码，付款后本页自动更新", AnyWallet: "付款码",
	WallTitle: "%s在%s里打不开", WallLine: "请用浏览器打开本页，再用%s付款。", WallLineCopy: "请复制链接，粘贴到浏览器里打开，再用%s付款。",
	StepMenu: "点右上角的菜单", StepBrowserIOS: "选「在默认浏览器中打开」", StepBrowserAndroid: "选「在浏览器打开」",
	StepCopy: "点「复制链接」", StepPaste: "打开浏览器，粘贴到地址栏",
	CopyLink: "复制链接", Copied: "已复制，去浏览器粘贴打开", CopyByHand: "请长按上面的链接复制", LinkLabel: "本页链接",
	DeviceTitle: "用另一台设备扫码付款", DeviceLine: "用另一台手机的%s扫这个码。",
	GoTitle: "正在打开%s", GoButton: "打开%s", GoLine: "没有反应？点下面的按钮。付款后回到本页。",
	BridgeTitle: "正在打开%s", BridgeLine: "请在弹出的窗口里确认付款。",
	BridgeMissing: "没有等到付款窗口，请再点一次。", BridgeFailed: "付款窗口报错了。还没付的话，请再试一次，或换一种方式。", BridgeCanceled: "你取消了付款。可以接着付，或换一种方式。",
	SimTitle: "模拟的%s", SimLine: "测试模式：在模拟的手机上批准或拒绝这笔付款，本页会自动更新。",
	WaitTitle: "等待%s确认", WaitLine: "通常几秒钟，付好后本页自动更新。", WaitElsewhere: "正在%s里付款", WaitSomewhere: "付款正在进行", WaitHere: "在那边付好后，本页自动更新。",
	WaitLate: "比平时久一点。如果已经付了，查一下结果；如果还没付，可以接着付或换一种方式。", Reopen: "重新打开%s", Check: "我已付款，查询结果", Another: "换一种方式", HereInstead: "改在这里付",
	StartingTitle: "正在向%s下单", StartingLine: "通常一两秒，请稍候。",
	CodeTitle: "用%s扫码付款", CodeLine: "请用另一台手机的%s扫码；长按识别和相册识别都不行。", CodeUntil: "本码在 %s 前有效",
	PaidTitle: "已付款", PaidLine: "%s已收到你的付款。", Back: "返回商家", BackIn: "%d 秒后自动返回商家", PaidStay: "可以关闭本页了。",
	ExpiredTitle: "已过付款时间", ExpiredLine: "这笔订单没有付款，也不能再付了。请回到%s重新下单。",
	CanceledTitle: "订单已取消", CanceledLine: "%s取消了这笔订单，没有扣款。还想要的话，请重新下单。",
	ClosingTitle: "正在关闭这笔订单", ClosingLine: "请不要再付款。如果刚刚已经付了，结果会显示在这里。", PaidLate: "你的付款在订单结束之后才到。",
	UnknownTitle: "还在等%s答复", UnknownLine: "请先不要再付一次。", UnknownWhy: "订单已经发给%s，还没有收到结果。为免你付两次，查清之前不能换别的方式。我们每隔几秒查一次，查清后本页自动更新。",
	NoWayTitle: "暂时没有可用的付款方式", NoWayLine: "没有扣款。请把本页发给%s，商家会告诉你怎么付。",
	SurplusTitle: "多收的 %s", SurplusHeld: "商家已看到这笔钱，会与你联系或退回。", SurplusGoing: "正在原路退回，通常 1 至 3 天到账。", SurplusDone: "已于 %s 原路退回。", SurplusOutside: "已于 %s 由商家直接付给你。", SurplusKept: "商家已确认收下。",
	NotFoundTitle: "没有这个链接", NotFoundLine: "链接可能不完整，或已经失效。请向商家要一个新的链接。",
	TroubleTitle: "这一步没有完成", TroubleLine: "请稍等片刻再试。如果刚刚已经付了，请不要再付，结果会显示在这里。", TryAgain: "再试一次",
	Direct: "钱直接进商家账户", TestMode: "测试", TestLine: "测试模式，不会真的扣款", OpenAs: "当作在这里打开", AsReally: "真实环境",
	ShareLine: "%s收款 %s，在哪个应用里打开都能付。", AsOf: "这是 %s的样子，只供查看，不能付款。", NotOrderedYet: "还没有下单", OrderFor: "下单并付款 %s",
	BuyAt: "去%s买", HintOpens: "商家在那里也有店", HintMayOpen: "商家在那里也有店，在这里不一定打得开",
	LinkEndedTitle: "这个链接已经停用", LinkEndedLine: "%s不再用这个链接接单。还想要的话，请向商家要一个新的链接。",
	ShopUnsure: "%s在%s里不一定打得开", ShopLine: "请用浏览器打开本页，再去%s。", ShopLineCopy: "请复制链接，粘贴到浏览器里打开，再去%s。", ShopDevice: "用另一台手机的相机扫这个码。",
	ShopScan: "用另一台设备打开", ClosedHere: "这家店在%[2]s里收不了%[1]s",
}

var inEnglish = words{
	AmountDue: "Amount due", Items: "What you are buying", Number: "Number", Time: "Time", Merchant: "Shop", Status: "Payment status",
	PayWith: "Pay %[2]s with %[1]s", OtherWays: "Other ways",
	HintHere: "Pay right here", HintMaybe: "May not work here", HintLeave: "Continue in the browser", HintDevice: "Scan with another device", HintCode: "A code for %s only",
	NotPaidYet: "Not paid yet", FailedNotice: "Paying with %s did not work, and nothing was charged. Try again or choose another way.", CanceledNotice: "Nothing was paid. Try again or choose another way.",
	ScanTitle: "Scan with your phone to pay", ScanApps: "Scan with %s", OrHere: "or pay on this computer", Camera: "the phone's camera",
	ScanWait: "Waiting for your phone. This page updates by itself.", AnyWallet: "Payment code",
	WallTitle: "%s does not open inside %s", WallLine: "Open this page in your browser, then pay with %s.", WallLineCopy: "Copy the link, paste it into your browser, then pay with %s.",
	StepMenu: "Tap the menu at the top right", StepBrowserIOS: "Choose Open in Default Browser", StepBrowserAndroid: "Choose Open in Browser",
	StepCopy: "Tap Copy link", StepPaste: "Open your browser and paste it into the address bar",
	CopyLink: "Copy link", Copied: "Copied. Paste it into your browser.", CopyByHand: "Press and hold the link above to copy it.", LinkLabel: "Link to this page",
	DeviceTitle: "Scan with another device", DeviceLine: "Scan this code with %s on another phone.",
	GoTitle: "Opening %s", GoButton: "Open %s", GoLine: "Nothing happens? Use the button. Come back here after paying.",
	BridgeTitle: "Opening %s", BridgeLine: "Confirm the payment in the window that opens.",
	BridgeMissing: "The payment window did not open. Please tap again.", BridgeFailed: "The payment window reported an error. If you have not paid yet, try again or choose another way.", BridgeCanceled: "You canceled. Continue, or choose another way.",
	SimTitle: "Simulated %s", SimLine: "Test mode: approve or decline on the simulated phone. This page updates by itself.",
	WaitTitle: "Waiting for %s", WaitLine: "This usually takes a few seconds. The page updates by itself.", WaitElsewhere: "Being paid in %s", WaitSomewhere: "A payment is under way", WaitHere: "This page updates when it is paid there.",
	WaitLate: "This takes longer than usual. If you have paid, check the result. If not, continue or choose another way.", Reopen: "Open %s again", Check: "I have paid, check", Another: "Choose another way", HereInstead: "Pay here instead",
	StartingTitle: "Placing the order with %s", StartingLine: "This usually takes a second or two.",
	CodeTitle: "Scan with %s to pay", CodeLine: "Use %s on another phone. Pressing the code or choosing it from an album does not work.", CodeUntil: "Valid until %s",
	PaidTitle: "Paid", PaidLine: "%s has received your payment.", Back: "Back to the shop", BackIn: "Back to the shop in %d seconds", PaidStay: "You can close this page.",
	ExpiredTitle: "The time to pay is over", ExpiredLine: "This order was not paid and cannot be paid any more. Please order again at %s.",
	CanceledTitle: "The order was canceled", CanceledLine: "%s canceled this order. Nothing was charged. Please order again if you still want it.",
	ClosingTitle: "Closing this order", ClosingLine: "Please do not pay any more. If you have just paid, the result will appear here.", PaidLate: "Your payment arrived after the order had ended.",
	UnknownTitle: "Waiting for an answer from %s", UnknownLine: "Please do not pay a second time.", UnknownWhy: "The order was sent to %s and no result has come back yet. So that you do not pay twice, no other way is offered until that is clear. We ask every few seconds, and this page updates by itself.",
	NoWayTitle: "No way to pay right now", NoWayLine: "Nothing was charged. Send this page to %s and ask how to pay.",
	SurplusTitle: "%s too much", SurplusHeld: "The shop has seen this money and will contact you or give it back.", SurplusGoing: "It is on its way back to you, usually within 1 to 3 days.", SurplusDone: "Given back to you on %s.", SurplusOutside: "Given back to you by the shop itself on %s.", SurplusKept: "The shop has confirmed that it keeps this money.",
	NotFoundTitle: "There is no such link", NotFoundLine: "The link may be incomplete or no longer valid. Please ask the shop for a new one.",
	TroubleTitle: "This step did not finish", TroubleLine: "Please wait a moment and try again. If you have just paid, do not pay again: the result will appear here.", TryAgain: "Try again",
	Direct: "Your money goes straight to the shop", TestMode: "Test", TestLine: "Test mode, no real money", OpenAs: "Open as if in", AsReally: "As it is",
	ShareLine: "%s asks for %s. It can be paid in any app.", AsOf: "This is how the page looked on %s. It is for looking only.", NotOrderedYet: "Nothing ordered yet", OrderFor: "Order and pay %s",
	BuyAt: "Buy on %s", HintOpens: "The seller has a shop there too", HintMayOpen: "The seller has a shop there too; it may not open here",
	LinkEndedTitle: "This link is no longer in use", LinkEndedLine: "%s takes no more orders through this link. Please ask for a new one if you still want to buy.",
	ShopUnsure: "%s may not open inside %s", ShopLine: "Open this page in your browser, then go on to %s.", ShopLineCopy: "Copy the link, paste it into your browser, then go on to %s.", ShopDevice: "Scan this code with the camera of another phone.",
	ShopScan: "Open on another device", ClosedHere: "This shop cannot take %[1]s inside %[2]s",
}

func wordsOf(l ui.Lang) *words {
	if l == ui.EN {
		return &inEnglish
	}
	return &inChinese
}

// payWith writes the button: it names the wallet and the act. A Chinese wallet name that does not end in the word for paying gets it, so that it reads as a
// sentence.
func (w *words) payWith(l ui.Lang, wallet, amount string) string {
	return fmt.Sprintf(w.PayWith, act(l, wallet), amount)
}

func act(l ui.Lang, wallet string) string {
	if l == ui.ZH && !strings.HasSuffix(wallet, "支付") {
		return wallet + "支付"
	}
	return wallet
}

// list joins names as the language does: 甲、乙或丙; A, B or C.
func list(l ui.Lang, names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], l.Pick("、", ", ")) + l.Pick("或", " or ") + names[last]
}
