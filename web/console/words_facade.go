package console

import (
	"net/http"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/web/ui"
)

// facadeWords are the sentences of the pages about accounts for code that speaks a provider's protocol.
type facadeWords struct {
	Intro, None, Off, New, NewTitle, NewLine, Adopt                  string
	KeysTitle, KeysLine, Instead, Number, NumberHint                 string
	Former, FormerNone, FormerHint, Settings, Issue                  string
	Issued, Rotated, SecretsTitle, SecretsLine                       string
	Unserved, NoAddress, FactsTitle, FactsLine, Address              string
	PublicKey, PublicFile, Serial, PasteTitle, PasteLine             string
	SetsTitle, SetsLine, Signs, SignsFrom, SignsUntil                string
	BelievedUntil, Over, MadeOn                                      string
	RotateTitle, RotateLine, RotateKept, NewKeys, NewKeysLine, Begin string
	Overlap, Rotate                                                  string
	Now, Hour, Day, Week, Month                                      string
	DisableTitle, DisableLine, Effect, TypeNumber, Disable           string
	OffSince, MissedTitle, MissedLine, MissedNone, Times             string
	PrivateGiven, KeyMissing, KeyUnread, Taken, NumberBad, BadTyped  string
	FormBad                                                          string
}

var facadeZH = facadeWords{
	Intro: "您的程序本来是按某家钱包的接口写的？程序不用改，只换接口地址和平台公钥，别家的钱包也能收。", None: "还没有账号。", Off: "已停用", New: "开一个账号", NewTitle: "开通%s接口", NewLine: "程序说的是哪家的接口，就选哪家。",
	Adopt:     "原来的商户密钥就在手边？系统管理员运行 postern adopt，一步做完，并且试一遍。",
	KeysTitle: "程序签名用的公钥", KeysLine: "只贴公钥或证书。私钥留在您的程序里，不要贴到任何网页上。", Instead: "没有这一份，就填：%s", Number: "账号（AppID 或商户号）", NumberHint: "程序里已有的号码可以沿用；不填就给一个新的",
	Former: "切换以前的订单", FormerNone: "不查以前的订单", FormerHint: "选了原来的渠道，以前的订单还能查询、退款、关单", Settings: "其他设置", Issue: "开通",
	Issued: "账号开好了。把下面这些填进程序，就可以收款。", Rotated: "新密钥做好了。在它开始签名之前，把它填进程序。", SecretsTitle: "只显示这一次", SecretsLine: "现在就存进程序的配置。离开这一页，谁也看不到它们；丢了只能更换密钥。",
	Unserved: "这套系统还没有开这个接口的地址。请系统管理员在配置里写上 [facades]，账号可以先开好。", NoAddress: "（地址还没有开）", FactsTitle: "填进程序", FactsLine: "别的都不用改。", Address: "接口地址",
	PublicKey: "平台公钥（一行）", PublicFile: "平台公钥", Serial: "平台证书序列号", PasteTitle: "各种 SDK 怎么填", PasteLine: "找到您用的那一个。",
	SetsTitle: "密钥和证书", SetsLine: "要文件的 SDK，从这里下载。", Signs: "正在用它签名", SignsFrom: "%s 起用它签名", SignsUntil: "用它签名到 %s", BelievedUntil: "不再签名，验签到 %s", Over: "已作废", MadeOn: "生成于",
	RotateTitle: "更换密钥", RotateLine: "平台的密钥和密码会换成新的。您的公钥不填就不变。", RotateKept: "平台的密钥会换成新的。密码不变：程序里的是您从支付机构那里拿到的。您的公钥不填就不变。", NewKeys: "连我的公钥一起换", NewKeysLine: "程序也换了签名密钥时才填。", Begin: "新密钥什么时候开始签名", Overlap: "旧密钥再认多久", Rotate: "更换",
	Now: "马上", Hour: "一小时", Day: "一天", Week: "七天", Month: "三十天",
	DisableTitle: "停用账号", DisableLine: "停用以后，程序的请求几秒内就会被当作没有这个账号；要恢复，只有请系统管理员。已有的订单照常进行，照常通知。", Effect: "最近七天，它收了 %s 笔。", TypeNumber: "要停用，请再输一遍账号", Disable: "停用",
	OffSince: "%s 起已停用。已有的订单照常进行。", MissedTitle: "没有接上的调用", MissedLine: "最近三十天，程序调过、这里没有的接口。", MissedNone: "没有。程序调的接口这里都有。", Times: "次",
	PrivateGiven: "您贴的是私钥，没有保存。请改贴公钥；这把私钥已经离开过程序，最好换一把。", KeyMissing: "“%s”没有填。", KeyUnread: "“%s”读不出来。请贴整个 PEM 文件，从 BEGIN 到 END。", Taken: "这个号码已经有账号了。请换一个，或者不填。",
	NumberBad: "号码没有填对：最多 32 个字。", BadTyped: "输入的账号不一样，没有停用。", FormBad: "没有做成。请看一眼账号的最新情况。",
}

var facadeEN = facadeWords{
	Intro: "Was your code written against one wallet's API? Keep it. Change the address and the platform's public key, and other wallets can be collected too.", None: "There is no account yet.", Off: "Ended", New: "Issue an account", NewTitle: "Issue: %s", NewLine: "Choose the protocol that your code speaks.",
	Adopt:     "Are your present merchant keys at hand? The operator's postern adopt does all of this in one step, and tries it.",
	KeysTitle: "The public half of what your code signs with", KeysLine: "Paste public keys or certificates only. The private key stays in your code; paste it into no page.", Instead: "Without it, fill in: %s", Number: "Account (app id or merchant number)", NumberHint: "Keep the number that your code has; left empty you get a new one",
	Former: "Orders of before", FormerNone: "Do not look for them", FormerHint: "With the former channel, earlier orders can still be queried, refunded and closed", Settings: "More settings", Issue: "Issue",
	Issued: "The account is ready. Put the following into your code and it can collect.", Rotated: "The new keys are made. Put them into your code before they begin to sign.", SecretsTitle: "Shown this once", SecretsLine: "Store them in your code's configuration now. Nobody can see them after this page; if they are lost, the keys must be changed.",
	Unserved: "This switch has no address for this protocol yet. Ask the operator to write [facades] into the configuration; the account can be issued before.", NoAddress: "(no address yet)", FactsTitle: "Put into your code", FactsLine: "Nothing else changes.", Address: "Address",
	PublicKey: "Platform public key (one line)", PublicFile: "Platform public key", Serial: "Serial number of the platform certificate", PasteTitle: "Where it goes, per SDK", PasteLine: "Find the one that you use.",
	SetsTitle: "Keys and certificates", SetsLine: "For SDKs that want files.", Signs: "Signs now", SignsFrom: "Signs from %s", SignsUntil: "Signs until %s", BelievedUntil: "Signs no more, believed until %s", Over: "Over", MadeOn: "made on",
	RotateTitle: "Change the keys", RotateLine: "The platform's keys and secrets become new ones. Your own public key stays unless you give another.", RotateKept: "The platform's keys become new ones. Secrets stay: your code has them from the provider. Your own public key stays unless you give another.", NewKeys: "Change my public key too", NewKeysLine: "Only when your code has a new key to sign with.", Begin: "When the new keys begin to sign", Overlap: "How long the old ones are still believed", Rotate: "Change",
	Now: "At once", Hour: "One hour", Day: "One day", Week: "Seven days", Month: "Thirty days",
	DisableTitle: "End the account", DisableLine: "Within seconds your code's requests are answered as an unknown account's. Only the operator can open it again. Orders that exist go on, and your code is told of them.", Effect: "In the last seven days it took %s payments.", TypeNumber: "To end it, type the account's number again", Disable: "End it",
	OffSince: "Ended on %s. Orders that exist go on.", MissedTitle: "Calls that were missed", MissedLine: "What your code asked for in the last thirty days and is not here.", MissedNone: "None. Everything your code asks for is here.", Times: "times",
	PrivateGiven: "That was a private key. It was not stored. Paste the public one; and since this one has left your code, make a new pair.", KeyMissing: "“%s” is missing.", KeyUnread: "“%s” cannot be read. Paste the whole PEM file, from BEGIN to END.", Taken: "An account has this number already. Take another, or leave it empty.",
	NumberBad: "The number is not right: at most 32 characters.", BadTyped: "That is another number. Nothing was ended.", FormBad: "This was not done. Look at how the account stands now.",
}

func facadeWordsOf(l ui.Lang) *facadeWords {
	if l == ui.EN {
		return &facadeEN
	}
	return &facadeZH
}

// opFacade is the operation of refusals that the page makes itself.
const opFacade = "console.facade"

var (
	errPrivate = postern.Invalid("private", postern.CodeInvalid, "a private key was given", "give the public half")
	errTyped   = postern.Invalid("typed", postern.CodeInvalid, "the number is another one", "type the account's number")
)

// facadeSpan is one choice of a wait.
type facadeSpan struct {
	value string
	span  time.Duration
	word  func(*facadeWords) string
}

// The first of each list is what is chosen when nobody chooses: time enough to install a new key, and a week for what is on its way.
var (
	facadeBegins = []facadeSpan{
		{"day", 24 * time.Hour, func(w *facadeWords) string { return w.Day }}, {"hour", time.Hour, func(w *facadeWords) string { return w.Hour }},
		{"now", 0, func(w *facadeWords) string { return w.Now }}, {"week", 7 * 24 * time.Hour, func(w *facadeWords) string { return w.Week }},
	}
	facadeOverlaps = []facadeSpan{
		{"week", 7 * 24 * time.Hour, func(w *facadeWords) string { return w.Week }}, {"day", 24 * time.Hour, func(w *facadeWords) string { return w.Day }},
		{"month", 30 * 24 * time.Hour, func(w *facadeWords) string { return w.Month }},
	}
)

func waitOf(list []facadeSpan, value string) (time.Duration, bool) {
	for _, one := range list {
		if one.value == value {
			return one.span, true
		}
	}
	return 0, false
}

func (w *facadeWords) choices(list []facadeSpan) (out []choice) {
	for i, one := range list {
		out = append(out, choice{one.value, one.word(w), i == 0})
	}
	return out
}

func (w *facadeWords) begins() []choice   { return w.choices(facadeBegins) }
func (w *facadeWords) overlaps() []choice { return w.choices(facadeOverlaps) }

// field is what a key or a setting of an account is called.
func (w *facadeWords) field(v *visit, face provider.FaceDescription, name string) string {
	switch name {
	case "public_key":
		return w.PublicKey
	case "serial":
		return w.Serial
	}
	for _, f := range face.Keys {
		if f.Name == name {
			return v.Lang.Pick(f.LabelZH, f.LabelEN)
		}
	}
	for _, f := range face.Settings {
		if f.Name == name {
			return v.Lang.Pick(f.LabelZH, f.LabelEN)
		}
	}
	return name
}

// refused says in words why a form was not taken; r is asked for what was given, and none of it is repeated.
func (w *facadeWords) refused(v *visit, face provider.FaceDescription, r *http.Request, err error) string {
	known, ok := asError(err)
	if !ok {
		return w.FormBad
	}
	name, isKey := strings.CutPrefix(known.Field, "keys.")
	setting, isSetting := strings.CutPrefix(known.Field, "settings.")
	switch {
	case known == errPrivate:
		return w.PrivateGiven
	case known == errTyped:
		return w.BadTyped
	case isKey && strings.TrimSpace(r.PostFormValue("key."+name)) == "":
		return sprint(w.KeyMissing, w.field(v, face, name))
	case isKey:
		return sprint(w.KeyUnread, w.field(v, face, name))
	case isSetting:
		return sprint(wordsOf(v.Lang).Wrong, w.field(v, face, setting))
	case known.Field == "number" && known.Code == postern.CodeConflict:
		return w.Taken
	case known.Field == "number":
		return w.NumberBad
	}
	return w.FormBad
}
