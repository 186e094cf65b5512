package console

import "postern/web/ui"

// goLiveWords are the sentences of the go-live guide.
type goLiveWords struct {
	Intro, Missing, AllDone, Done, ToDo, Look                 string
	Live, LiveDone, LiveLine, LiveSwitchLine                  string
	HTTPS, HTTPSLine, Key, KeyLine                            string
	Channel, ChannelDone, ChannelLine                         string
	Contact, ContactDone, ContactLine, OnSale, OnSaleDone     string
	OnSaleLine, ChannelsTitle, NoChannels                     string
	MayCollect, NoKeys, NoKeysLine, MayNot, MayNotLine        string
	Register, RegisterLine, Test, TestLine, TestGood, TestBad string
	Good, Bad, Keys, KeysFix, Certificates, CertificatesFix   string
	Call, CallFix, Clock, ClockFix, Collect, CollectFix       string
	Callback, CallbackGood, CallbackBad, Never                string
}

var goLiveZH = goLiveWords{
	Intro: "从测试到收真钱，还要做完这些事。", Missing: "还差 %d 件", AllDone: "该做的都做完了。用自己的手机买一件最便宜的，付款，再退款，就可以开张。", Done: "好了", ToDo: "没做", Look: "请确认",
	Live: "正式店铺", LiveDone: "这是正式店铺，收的是真钱。", LiveLine: "这是测试店铺，永远不收真钱。请系统管理员运行 postern merchant go-live，会另建一个正式店铺：设置带过去，密钥和收款渠道不带。",
	LiveSwitchLine: "这套系统还在测试模式。请系统管理员在配置里写 live = true，再运行 postern merchant go-live。",
	HTTPS:          "https 网址", HTTPSLine: "钱包只认 https。请系统管理员配好域名和证书，写进 public_url 和 callback_url。",
	Key: "密钥文件有备份", KeyLine: "没有密钥文件，数据库里的收款密钥就打不开。请系统管理员把它抄一份，和数据库的备份分开放。系统看不到备份在不在，要人来确认。",
	Channel: "能收款的渠道", ChannelDone: "至少有一个渠道可以收款。", ChannelLine: "还没有能用的收款渠道。请系统管理员运行 postern channel add。",
	Contact: "客服电话和退换货说明", ContactDone: "买家知道找谁、怎么退。", ContactLine: "钱包审核时会看这两项，买家也会看。", OnSale: "在卖的商品", OnSaleDone: "至少有一件商品可以买。",
	OnSaleLine: "还没有在卖的商品。", ChannelsTitle: "收款渠道", NoChannels: "还没有收款渠道。",
	MayCollect: "可以收款", NoKeys: "密钥不能用", NoKeysLine: "这个渠道的密钥缺失或者打不开。请系统管理员运行 postern credential 补上。", MayNot: "不能收款", MayNotLine: "协议没有签、已经到期，或者被服务商限制。",
	Register: "要在服务商那边填的", RegisterLine: "逐项照抄。填错一个字，买家就付不了款。", Test: "现在测试", TestLine: "发一个签了名的查询，不动钱。最多 25 秒。", TestGood: "测试通过。", TestBad: "测试没有通过。",
	Good: "通过", Bad: "不通过", Keys: "密钥", KeysFix: "密钥缺失或者打不开。", Certificates: "服务商的证书", CertificatesFix: "取不到服务商的证书：多半是 API 密钥不对。",
	Call: "签名调用", CallFix: "服务商没有接受这个调用：请看它说的原因，核对商户号、AppID 和密钥。", Clock: "时钟", ClockFix: "服务器的时间差得太多，签名会被拒绝。请系统管理员校准时间。", Collect: "收款权限", CollectFix: "现在不能收款。",
	Callback: "通知地址", CallbackGood: "这套系统在通知地址上应答（从服务器自己看）。", CallbackBad: "通知地址上没有应答，或者不是这套系统。服务商的付款通知会收不到。", Never: "买家的钱由服务商直接结算给您，便门从不经手。",
}

var goLiveEN = goLiveWords{
	Intro: "From testing to real money, these things remain.", Missing: "%d to do", AllDone: "Everything is done. Buy your cheapest item with your own phone, pay, refund it, and open the shop.", Done: "Done", ToDo: "To do", Look: "Please confirm",
	Live: "A live shop", LiveDone: "This is a live shop: the money is real.", LiveLine: "This is a test shop and never takes real money. Ask the operator to run postern merchant go-live, which makes a live shop beside it: settings come along, keys and channels do not.",
	LiveSwitchLine: "This switch is in test mode. Ask the operator to set live = true in the configuration and to run postern merchant go-live.",
	HTTPS:          "An https address", HTTPSLine: "Wallets want https. Ask the operator to set up a domain with a certificate as public_url and callback_url.",
	Key: "The key file is backed up", KeyLine: "Without the key file nobody can open the payment keys in the database. Ask the operator to keep a copy, apart from the database's. The switch cannot see a copy, so a person has to confirm it.",
	Channel: "A channel that may collect", ChannelDone: "At least one channel may collect.", ChannelLine: "No channel can be used yet. Ask the operator to run postern channel add.",
	Contact: "A phone number and what you say of returns", ContactDone: "Buyers know whom to call and how to return.", ContactLine: "Wallets look at both when they review a shop, and so do buyers.", OnSale: "An item on sale", OnSaleDone: "At least one item can be bought.",
	OnSaleLine: "Nothing is on sale yet.", ChannelsTitle: "Channels", NoChannels: "There is no channel yet.",
	MayCollect: "May collect", NoKeys: "Keys unusable", NoKeysLine: "The channel's keys are missing or cannot be opened. Ask the operator to add them with postern credential.", MayNot: "May not collect", MayNotLine: "The agreement is not signed, has ended, or the provider has restricted it.",
	Register: "What to enter at the provider", RegisterLine: "Copy each of them exactly. One wrong letter, and buyers cannot pay.", Test: "Test now", TestLine: "Sends a signed question and moves no money. Takes 25 seconds at most.", TestGood: "The test went well.", TestBad: "The test did not go well.",
	Good: "Well", Bad: "Not well", Keys: "Keys", KeysFix: "A key is missing or cannot be opened.", Certificates: "The provider's certificates", CertificatesFix: "The provider's certificates cannot be fetched: most often the API key is wrong.",
	Call: "Signed call", CallFix: "The provider did not accept the call: read its reason and compare merchant number, app id and keys.", Clock: "Clock", ClockFix: "The server's clock is off by too much, and signatures will be refused. Ask the operator to set it.", Collect: "May collect", CollectFix: "It may not collect now.",
	Callback: "Notification address", CallbackGood: "This switch answers there, as seen from the server itself.", CallbackBad: "Nothing answers there, or not this switch. The provider's notices of payment will be lost.", Never: "Buyers' money is settled to you by the provider. Postern never holds it.",
}

func goLiveWordsOf(l ui.Lang) *goLiveWords {
	if l == ui.EN {
		return &goLiveEN
	}
	return &goLiveZH
}
