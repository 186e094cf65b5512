package console

import "postern/web/ui"

// partnerWords are the sentences of a partner's pages.
type partnerWords struct {
	Search, Find, Today, Month, NoShops, NoMatch, OpenMore, Test  string
	Intro, Columns, Optional, File, Encoding, EncodingHint, Check string
	Unreadable, Changed, NoFile, Summary, MoreLines               string
	New, ChangedLine, Refused, RefusedLine, Confirm, NothingToDo  string
	Written, Once, Download, Back, Line                           string
	ColReference, ColName, ColLogin, ColLink                      string
}

var partnerZH = partnerWords{
	Search: "按店名找", Find: "找", Today: "今天收款", Month: "30 天收款", NoShops: "还没有店铺。", NoMatch: "没有叫这个名字的店铺。", OpenMore: "批量开店", Test: "测试",
	Intro: "用一张表格一次开很多店。先看每一行会做什么，确认以后才写入。", Columns: "必须有的列：reference（您自己的编号）、name（店名）、login（店主的手机号或邮箱）。",
	Optional: "可以加：owner（店主名字）、phone（客服电话）、colour（颜色，如 #1a5c4a）、locale，以及收款渠道的列。", File: "表格（CSV，最大 512 KB）", Encoding: "编码", EncodingHint: "从中文版 Excel 另存的 CSV 多半是 GBK。", Check: "先看看",
	Unreadable: "这张表读不了：%s。", Changed: "从您看过以后，表格或店铺有了变化，没有写入。请重新选文件再看一遍。", NoFile: "没有选文件，或者文件太大。请选一个 512 KB 以内的 CSV。", Summary: "新开 %d 家，改动 %d 家，不变 %d 家，有 %d 行不能用。",
	MoreLines: "还有 %d 行没有列出。", New: "新开", ChangedLine: "改动", Refused: "不能用", RefusedLine: "不能用的行不会写入，其余的会。", Confirm: "确认写入", NothingToDo: "没有要写入的。",
	Written: "已写入 %d 家。", Once: "下面的邀请链接只显示这一次，48 小时内有效。下载下来，分别发给每家店主。", Download: "下载链接清单 (CSV)", Back: "看全部店铺", Line: "行",
	ColReference: "编号", ColName: "店名", ColLogin: "登录名", ColLink: "邀请链接",
}

var partnerEN = partnerWords{
	Search: "Find by name", Find: "Find", Today: "Today", Month: "30 days", NoShops: "There is no shop yet.", NoMatch: "No shop has such a name.", OpenMore: "Open shops", Test: "Test",
	Intro: "Open many shops with one list. First see what each line does; nothing is written before you confirm.", Columns: "Columns that must be there: reference (your own number), name (the shop's), login (the owner's phone number or e-mail).",
	Optional: "You may add owner (the owner's name), phone (for buyers), colour (such as #1a5c4a), locale, and the columns of channels.", File: "List (CSV, 512 KB at most)", Encoding: "Encoding", EncodingHint: "A CSV saved by a Chinese Excel is most often GBK.", Check: "Look first",
	Unreadable: "This list cannot be read: %s.", Changed: "The list or the shops have changed since you looked, and nothing was written. Choose the file and look again.", NoFile: "No file was chosen, or it is too large. Choose a CSV of at most 512 KB.", Summary: "%d new, %d changed, %d unchanged, %d lines refused.",
	MoreLines: "%d more lines are not shown.", New: "New", ChangedLine: "Changed", Refused: "Refused", RefusedLine: "Refused lines are not written; the others are.", Confirm: "Write this", NothingToDo: "There is nothing to write.",
	Written: "Shops written: %d.", Once: "These invitation links are shown this once and work for 48 hours. Download them and hand each to its owner.", Download: "Download the links (CSV)", Back: "All shops", Line: "Line",
	ColReference: "Reference", ColName: "Shop", ColLogin: "Login", ColLink: "Invitation",
}

func partnerWordsOf(l ui.Lang) *partnerWords {
	if l == ui.EN {
		return &partnerEN
	}
	return &partnerZH
}

// listWords say in Chinese what the reader of lists refuses; in English its own words are shown. A test makes sure that every key is still what the reader says.
var listWords = map[string]string{
	"the text is missing, too long or not UTF-8": "文字缺失、太长或者编码不对", "the text holds a control character": "文字里有看不见的控制符",
	"a login has 3 to 64 letters, digits or any of @ . _ + -": "登录名要有 3 到 64 个字母、数字或 @ . _ + -", "somebody signs in with this already": "已经有人用这个登录名",
	"owner, phone and colour are for a shop that somebody is invited to": "填了店主名字、电话或颜色，就要填登录名", "the colour must be written as #rrggbb": "颜色要写成 #1a5c4a 这样",
	"the text is too long or holds a control character": "文字太长，或者里面有看不见的控制符", "another merchant has this number under the account": "这个商户号已经属于另一家店",
	"a new channel needs products": "新渠道要写明产品", "the partner has no such merchant of this mode": "您名下没有这家店", "there are no pages in this language": "没有这种语言的页面",
	"there are more than 64 columns": "列太多，最多 64 列", "the columns are parted by something else than commas": "列之间要用逗号分隔", "a column stands twice": "有一列出现了两次",
	"no column says which merchant a line is about": "没有说明是哪家店的列：请加上 reference", "a column names an account that the partner does not have": "有一列写的收款账户您没有",
	"the list has more than 10000 lines": "表格超过 10000 行",
}

// listRefusal says why a list or a line of it is refused.
func listRefusal(l ui.Lang, message, fix string) string {
	if said, ok := listWords[message]; ok && l == ui.ZH {
		return said
	}
	return message + "; " + fix
}
