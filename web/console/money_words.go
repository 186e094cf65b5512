package console

import (
	"strconv"
	"strings"

	"postern/web/ui"
)

// moneyWords are the sentences of the page about the money in one language.
type moneyWords struct {
	Title, Rule, Today, Seven, Month, All, From, Until, Show, DatesWrong, Period, Ever                                string
	Channel, Received, Extra, Refunded, Given, Shared, Stuck, Left, Now, Total, Retired, Empty, Download, Needs, Look string
	NowLine, LeftLine, StuckLine, BooksLine                                                                           string
	Columns                                                                                                           []string
}

var moneyChinese = moneyWords{
	Title: "钱在哪里", Rule: "便门从不经手您的钱。买家付的钱在付款渠道那里，由渠道按它和您的约定，直接结到您自己的银行账户。", Today: "今天", Seven: "最近 7 天", Month: "本月", All: "全部", From: "从", Until: "到", Show: "查看", DatesWrong: "日期没有填对，下面是最近 7 天。", Period: "%s 至 %s", Ever: "从开始到现在",
	Channel: "渠道", Received: "收到", Extra: "多收", Refunded: "退款", Given: "多收已退", Shared: "分账", Stuck: "卡在半路", Left: "这段时间留在渠道", Now: "账面待结算", Total: "合计", Retired: "已停用", Empty: "这段时间没有收付。", Download: "下载表格", Needs: "有 %d 件事需要人处理", Look: "去处理",
	NowLine: "“账面待结算”是从开始到现在，收到的减去退回和分出的。渠道已经结到银行的部分和手续费还没有从里面扣，请和渠道的结算单核对。", LeftLine: "“这段时间留在渠道”＝收到＋多收－退款－多收已退－分账。", StuckLine: "“卡在半路”是现在还没到买家手里的退款，已经算在退款里。", BooksLine: "每个数字都直接来自账本，按入账时间算。",
	Columns: []string{"从", "到", "渠道编号", "渠道", "币种", "收到", "多收", "退款", "多收已退", "分账", "这段时间留在渠道", "账面待结算", "卡在半路"},
}

var moneyEnglish = moneyWords{
	Title: "Where is the money?", Rule: "Postern never holds your money. What buyers pay is with the payment provider, which settles it to your own bank account as you have agreed with it.", Today: "Today", Seven: "Last 7 days", Month: "This month", All: "All", From: "From", Until: "To", Show: "Show", DatesWrong: "These are no dates; below are the last 7 days.", Period: "%s to %s", Ever: "From the beginning until now",
	Channel: "Channel", Received: "Received", Extra: "Extra", Refunded: "Refunded", Given: "Extra given back", Shared: "Shared", Stuck: "Stuck", Left: "Left with the provider in this time", Now: "To be settled, by the books", Total: "Total", Retired: "retired", Empty: "Nothing moved in this time.", Download: "Download", Needs: "%d need a person", Look: "Have a look",
	NowLine: "“To be settled, by the books” is everything received since the beginning, less what went back or was shared. What the provider has paid to your bank already and its fees are not taken off yet: compare it with the provider's settlements.", LeftLine: "“Left with the provider” is received + extra − refunded − extra given back − shared.", StuckLine: "“Stuck” are refunds that have not reached their buyers now; they are part of what is refunded.", BooksLine: "Every figure is read from the books, by the time of booking.",
	Columns: []string{"From", "To", "Channel id", "Channel", "Currency", "Received", "Extra", "Refunded", "Extra given back", "Shared", "Left with the provider", "To be settled, by the books", "Stuck"},
}

func moneyWordsOf(l ui.Lang) *moneyWords {
	if l == ui.EN {
		return &moneyEnglish
	}
	return &moneyChinese
}

func (w *moneyWords) count(form string, n int64) string {
	return strings.Replace(form, "%d", strconv.FormatInt(n, 10), 1)
}

// said is a period in words.
func (w *moneyWords) said(s span) string {
	if s.fromDay == "" && s.untilDay == "" {
		return w.Ever
	}
	return strings.Replace(strings.Replace(w.Period, "%s", s.fromDay, 1), "%s", s.untilDay, 1)
}
