package console

import (
	"strings"

	"postern"
	"postern/web/ui"
)

// handWords are the sentences about refunds that two persons end, in one language. %s stands for names, amounts and accounts.
type handWords struct {
	EnterTitle, EnterHow, Left, SurplusLine, Amount, Bank, BankHint, Evidence, EvidenceHint, Reason, ReasonHint, EffectHead, EffectHold, EffectBooks, Enter, Cancel string
	Title, About, Asked, Number, Said, ToOrder, ByOutside, ByReached, Awaits, Agreed, Refused, Withdrawn                                                            string
	Own, Alone, ConfirmHead, ConfirmHow, Saw, Confirm, RejectHead, RejectWhy, Reject, WithdrawHead, Withdraw, NotYours                                              string
	StuckHead, StuckHow, Way, Reached, CameBack, BankFor, Resolve, FailedHow, EnterLink                                                                             string
	Waiting, WaitingLine, WaitingHow, Handle, OrderLink, OutsideState, AwaitsState, OwnMoney, OwnMoneyLine, OwnTimes                                                string
}

var handZH = handWords{
	EnterTitle: "不从渠道退", EnterHow: "渠道退不了，或者您已经用银行转账、现金把钱还给了买家，在这里记下来。便门不会再让渠道退这笔钱。", Left: "还可以退 %s。", SurplusLine: "这是多收的 %s，要整笔退。", Amount: "退款金额（元）",
	Bank: "从哪个账户付的", BankHint: "自己的叫法就行，比如“招行 6688”“现金”，账本按这个名字记", Evidence: "凭据", EvidenceHint: "别人查得到的，比如转账的流水号、收条的编号", Reason: "原因", ReasonHint: "会记在退款单上", EffectHead: "这样做以后",
	EffectHold: "这笔钱先留出来，不能再退第二次", EffectBooks: "另一个人核对以后才入账：记成您自己的账户付的，渠道该结给您的钱不变", Enter: "记下，请别人核对", Cancel: "不记了",
	Title: "退款", About: "付款", Asked: "时间", Number: "退款单号", Said: "渠道的话", ToOrder: "看订单", ByOutside: "%s：已从“%s”把钱还给买家", ByReached: "%s：渠道后来把钱送到了买家手里", Awaits: "等另一个人核对", Agreed: "%s核对过", Refused: "%s没有同意", Withdrawn: "%s收回了",
	Own: "这是您记下的，要由另一个人核对。", Alone: "店里没有别人的话，可以在“人员”里添加一位，或者请服务商、系统管理员核对。", ConfirmHead: "核对", ConfirmHow: "请自己看过银行流水、收条或渠道的答复，再写下看到了什么。确认以后马上入账，不能改回。", Saw: "您看到了什么", Confirm: "对，入账",
	RejectHead: "不对", RejectWhy: "哪里不对", Reject: "不同意", WithdrawHead: "记错了", Withdraw: "收回", NotYours: "多收的钱由店主或财务处理。",
	StuckHead: "弄清楚了吗", StuckHow: "钱已离开您在渠道的账户，没有到买家手里。请先拿退款单号向渠道客服查清楚，再由两个人记下结果。", Way: "结果", Reached: "渠道后来把钱送到了买家手里", CameBack: "钱退回了您在渠道的账户，您自己把钱还给了买家", BankFor: "您自己还的，从哪个账户付的", Resolve: "记下，请别人核对",
	FailedHow: "渠道没有退成，买家还没收到。可以打开订单再退一次；渠道退不了的，用别的办法还给买家，再记下来。", EnterLink: "不从渠道退",
	Waiting: "等第二个人核对的退款", WaitingLine: "一个人记下，另一个人核对以后才入账", WaitingHow: "这些退款不是渠道说的结果，是一个人记下的。请没有记它的人核对。", Handle: "处理", OrderLink: "渠道退不了，或者已经用别的办法还给买家了？", OutsideState: "已用别的办法还给买家", AwaitsState: "等另一个人核对",
	OwnMoney: "从您自己的账户还给买家的", OwnMoneyLine: "不经过渠道，由两个人核对过，不算在各渠道里。", OwnTimes: "%s 笔",
}

var handEN = handWords{
	EnterTitle: "Refund outside the provider", EnterHow: "The provider cannot refund, or you have given the money back by bank transfer or in cash: enter it here. Postern will not have the provider refund it again.", Left: "Up to %s can be refunded.", SurplusLine: "This is the extra %s. It goes back whole.", Amount: "Amount (yuan)",
	Bank: "Paid from which account", BankHint: "Your own name for it, such as “CMB 6688” or “cash”; the books use it", Evidence: "Evidence", EvidenceHint: "What somebody else can look up, such as the number of the transfer or of the receipt", Reason: "Reason", ReasonHint: "It goes onto the refund", EffectHead: "What this does",
	EffectHold: "The money is kept apart, and cannot be refunded twice", EffectBooks: "It is booked when a second person has checked it: as paid by your own account. What the provider owes you stays the same", Enter: "Enter it for a second person", Cancel: "Do not enter it",
	Title: "Refund", About: "Payment", Asked: "When", Number: "Refund number", Said: "The provider's words", ToOrder: "See the order", ByOutside: "%s: given back to the buyer from “%s”", ByReached: "%s: the provider brought it to the buyer after all", Awaits: "Waits for a second person", Agreed: "%s checked it", Refused: "%s did not agree", Withdrawn: "%s took it back",
	Own: "You entered this; a second person has to check it.", Alone: "If nobody else is in the shop, add somebody under People, or ask your service provider or the operator.", ConfirmHead: "Check it", ConfirmHow: "Look at the bank statement, the receipt or the provider's answer yourself, and write what you saw. It is booked at once and cannot be undone.", Saw: "What you saw", Confirm: "Right, book it",
	RejectHead: "Not right", RejectWhy: "What is wrong", Reject: "Do not agree", WithdrawHead: "Entered by mistake", Withdraw: "Take it back", NotYours: "Extra money is for an owner or finance to deal with.",
	StuckHead: "What became of it", StuckHow: "The money has left your account at the provider and not reached the buyer. Ask the provider with the refund number first; then two persons record the outcome.", Way: "Outcome", Reached: "The provider brought it to the buyer after all", CameBack: "It came back to your account at the provider, and you gave it back yourself", BankFor: "If you paid, from which account", Resolve: "Enter it for a second person",
	FailedHow: "The provider did not refund, and the buyer has nothing yet. Open the order and refund again; if the provider cannot, give it back another way and enter that.", EnterLink: "Refund outside the provider",
	Waiting: "Refunds that wait for a second person", WaitingLine: "One person entered it; it is booked when another has checked it", WaitingHow: "One person says how these ended, not the provider. Somebody else has to check them.", Handle: "Deal with it", OrderLink: "The provider cannot refund, or you gave it back another way?", OutsideState: "given back another way", AwaitsState: "waits for a second person",
	OwnMoney: "Given back from your own accounts", OwnMoneyLine: "Not through a provider, checked by two persons, and not part of the channels.", OwnTimes: "%s times",
}

func handWordsOf(l ui.Lang) *handWords {
	if l == ui.EN {
		return &handEN
	}
	return &handZH
}

// Put writes texts into a sentence's holes, in their order.
func (w *handWords) Put(form string, texts ...string) string {
	for _, text := range texts {
		form = strings.Replace(form, "%s", text, 1)
	}
	return form
}

// refundSaid is where a refund stands, a person's word and all.
func (v *visit) refundSaid(r postern.Refund) string {
	w := handWordsOf(v.Lang)
	switch {
	case r.Awaits():
		return w.AwaitsState
	case r.Outside() && r.Status == postern.RefundRefunded:
		return w.OutsideState
	}
	return sellWordsOf(v.Lang).refundStatus(r.Status)
}

func init() {
	labels["evidence"], labels["bank"], labels["saw"], labels["way"] = label{"凭据", "Evidence"}, label{"从哪个账户付的", "The account"}, label{"您看到了什么", "What you saw"}, label{"结果", "The outcome"}
	acts["refund.outside"], acts["refund.resolve"] = label{"记下不从渠道退的退款", "Entered a refund outside the provider"}, label{"记下卡住的退款的结果", "Entered what became of a stuck refund"}
	acts["refund.agree"], acts["refund.refuse"] = label{"核对了退款", "Confirmed a refund as the second person"}, label{"没有同意退款，或收回", "Refused a refund, or took it back"}
	refusals["postern.SecondPerson"] = label{"记下的人不能自己核对，请另一个人来。", "Whoever entered it cannot check it. Somebody else has to."}
	settled := label{"已经有人处理了，或者渠道已经有了结果。", "Somebody has dealt with it already, or the provider has said what became of it."}
	refusals["postern.DecideHand"], refusals["postern.ResolveStuck"] = settled, settled
}
