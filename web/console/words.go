package console

import (
	"fmt"
	"strings"
	"time"

	"postern"
	"postern/web/ui"
)

// words are the sentences of the frame in one language; every family of pages has its own besides. Chinese is written, not translated; a test makes sure that none
// is missing. %s and %d stand for names and numbers.
type words struct {
	Console, Today, Orders, Items, Money, More                 string
	GoLive, Facades, Brand, People, Audit                      string
	Shops, Open, Me, AllShops                                  string
	SignIn, SignOut, Test, TestLine, Saved, Back, Skip, Places string
	NotFoundTitle, NotFoundLine                                string
	SorryTitle, TroubleTitle, TroubleLine                      string
	Forbidden, SignedOut, TooOften, Stale, Refused, Wrong      string
	Next, Newer, Copy, Copied, CopyFail, Empty, Save, Cancel   string
}

var inChinese = words{
	Console: "便门", Today: "今天", Orders: "订单", Items: "商品", Money: "钱", More: "更多",
	GoLive: "开通收款", Facades: "兼容接口", Brand: "店铺门面", People: "人员", Audit: "操作记录", Shops: "店铺", Open: "开店", Me: "我的账号", AllShops: "全部店铺",
	SignIn: "登录", SignOut: "退出登录", Test: "测试", TestLine: "测试店铺，不收真钱", Saved: "已保存。", Back: "返回", Skip: "跳到正文", Places: "导航",
	NotFoundTitle: "没有这个页面", NotFoundLine: "地址可能不完整，或者不属于您的店铺。",
	SorryTitle: "没有做成", TroubleTitle: "这一步没有完成", TroubleLine: "我们这边出了问题，已经记下。请稍等片刻再试一次。",
	Forbidden: "您的身份不能做这件事。请让店主来做，或请店主改您的身份。", SignedOut: "您还没有登录，或者登录已经过期。刚才的操作没有执行。", TooOften: "试的次数太多，请过%s再试。",
	Stale: "刚才有人改过这里的内容。请返回看一眼最新的，再改一次。", Refused: "现在不能这样做。请返回看一眼最新情况。", Wrong: "“%s”这一项没有填对，请改一下再提交。",
	Next: "更早的", Newer: "回到最新", Copy: "复制", Copied: "已复制", CopyFail: "请长按上面的文字复制", Empty: "还没有。", Save: "保存", Cancel: "取消",
}

var inEnglish = words{
	Console: "Postern", Today: "Today", Orders: "Orders", Items: "Items", Money: "Money", More: "More",
	GoLive: "Go live", Facades: "Facades", Brand: "Shop front", People: "People", Audit: "Who did what", Shops: "Shops", Open: "Open shops", Me: "My account", AllShops: "All shops",
	SignIn: "Sign in", SignOut: "Sign out", Test: "Test", TestLine: "Test shop, no real money", Saved: "Saved.", Back: "Back", Skip: "Skip to content", Places: "Navigation",
	NotFoundTitle: "There is no such page", NotFoundLine: "The address may be incomplete, or not one of your shop's.",
	SorryTitle: "This was not done", TroubleTitle: "This step did not finish", TroubleLine: "Something went wrong on our side and has been noted. Please wait a moment and try again.",
	Forbidden: "Your role may not do this. Ask the shop's owner to do it, or to change your role.", SignedOut: "You are not signed in, or your session has ended. Nothing was done.", TooOften: "Too many tries. Please wait %s and try again.",
	Stale: "Somebody has changed this in the meantime. Go back, look at the latest and change it again.", Refused: "This cannot be done now. Go back and look at how things stand.", Wrong: "“%s” is not filled in correctly. Please correct it and send again.",
	Next: "Earlier", Newer: "Back to the latest", Copy: "Copy", Copied: "Copied", CopyFail: "Press and hold the text above to copy it", Empty: "Nothing yet.", Save: "Save", Cancel: "Cancel",
}

func wordsOf(l ui.Lang) *words {
	if l == ui.EN {
		return &inEnglish
	}
	return &inChinese
}

// label is a field's name in both languages.
type label struct{ zh, en string }

// labels are the fields that the engine may refuse. A family of pages adds its own in its words file (in an init function), because the engine names fields and
// does not know forms.
var labels = map[string]label{}

// refusal says an error in words. It never shows the engine's own text, which is written for programmers, nor what was refused.
func (w *words) refusal(l ui.Lang, err error) string {
	known, ok := asError(err)
	if !ok {
		return w.TroubleLine
	}
	if said, ok := refusals[known.Op]; ok {
		return l.Pick(said.zh, said.en)
	}
	switch known.Code {
	case postern.CodeInternal, postern.CodeCommitUnknown:
		return w.TroubleLine
	case postern.CodeForbidden:
		return w.Forbidden
	case postern.CodeUnauthenticated:
		return w.SignedOut
	case postern.CodeConflict:
		return w.Stale
	case postern.CodeRateLimited:
		return fmt.Sprintf(w.TooOften, howLong(l, known.Fix))
	}
	if name, ok := labels[known.Field]; ok && known.Field != "" {
		return fmt.Sprintf(w.Wrong, l.Pick(name.zh, name.en))
	}
	return w.Refused
}

// howLong says in words how long the engine says to wait ("wait 8m0s").
func howLong(l ui.Lang, fix string) string {
	d, err := time.ParseDuration(strings.TrimPrefix(fix, "wait "))
	switch {
	case err != nil:
		return l.Pick("一会儿", "a while")
	case d < time.Minute:
		return fmt.Sprintf(l.Pick("%d 秒", "%d seconds"), max(int(d.Seconds()), 1))
	}
	return fmt.Sprintf(l.Pick("%d 分钟", "%d minutes"), int((d+time.Minute-1)/time.Minute))
}

// refusals are the words for what single verbs of the engine refuse, by the operation that an error names.
var refusals = map[string]label{}

// sprint fills a sentence's holes; the languages may take them in another order.
func sprint(sentence string, values ...any) string { return fmt.Sprintf(sentence, values...) }
