package console

import "postern/web/ui"

// peopleWords are the sentences of the pages about people, their acts and the shop front.
type peopleWords struct {
	Off, Waiting, StepOn, You, Operator                                  string
	AddTitle, AddLine, Login, LoginHint, Name, Role, Add, RolesLine      string
	InvitedTitle, InvitedLine, InvitedHow, Link                          string
	ChangeRole, Disable, DisableWhy, Enable, Invite, Reset, Manage       string
	When, Who, What, About                                               string
	BrandLine, BrandName, BrandNameHint, Colour, House, Phone, PhoneHint string
	Notice, NoticeHint, Preview, PartnerBrandLine                        string
}

var peopleZH = peopleWords{
	Off: "已停用", Waiting: "还没设密码", StepOn: "两步验证", You: "您自己", Operator: "系统管理员",
	AddTitle: "添加人员", AddLine: "添加以后会得到一个链接。把链接发给本人，由本人设密码。", Login: "登录名", LoginHint: "本人的手机号或邮箱", Name: "名字", Role: "身份", Add: "添加",
	RolesLine:    "店主什么都能做。店员管商品、订单、发货和退款。财务看钱、退款、下载清单，不改商品和人员。",
	InvitedTitle: "邀请链接", InvitedLine: "把这个链接发给%s。", InvitedHow: "链接只显示这一次，只能用一次，48 小时内有效。打开链接就能设密码，所以只发给本人。", Link: "邀请链接",
	ChangeRole: "改身份", Disable: "停用", DisableWhy: "停用以后马上退出登录，也不能再登录。做过的事仍留在记录里。", Enable: "恢复", Invite: "重新给邀请链接", Reset: "重置两步验证", Manage: "管理",
	When: "时间", Who: "谁", What: "做了什么", About: "内容",
	BrandLine: "买家在收款页和商品页上看到的样子。", BrandName: "店名", BrandNameHint: "不填就用“%s”", Colour: "颜色", House: "用默认的绿色", Phone: "客服电话", PhoneHint: "买家有问题时打这个电话",
	Notice: "店铺说明", NoticeHint: "比如：48 小时内发货；七天内可退，运费由买家承担。", Preview: "买家看到的样子", PartnerBrandLine: "您名下店铺的页面上，会在店名旁边显示您的名字。",
}

var peopleEN = peopleWords{
	Off: "Disabled", Waiting: "No password yet", StepOn: "Second step", You: "You", Operator: "The operator",
	AddTitle: "Add somebody", AddLine: "You get a link. Hand it to the person, who chooses a password with it.", Login: "Login", LoginHint: "The person's phone number or e-mail", Name: "Name", Role: "Role", Add: "Add",
	RolesLine:    "An owner may do everything. Staff look after items, orders, shipping and refunds. Finance sees the money, gives refunds and downloads lists, and changes neither items nor people.",
	InvitedTitle: "Invitation link", InvitedLine: "Send this link to %s.", InvitedHow: "It is shown this once, works once and within 48 hours. Whoever opens it chooses the password, so send it to that person only.", Link: "Invitation link",
	ChangeRole: "Change the role", Disable: "Disable", DisableWhy: "The person is signed out at once and cannot sign in again. What they did stays on record.", Enable: "Let them in again", Invite: "New invitation link", Reset: "Reset the second step", Manage: "Manage",
	When: "When", Who: "Who", What: "What", About: "About",
	BrandLine: "How buyers see you on the pages where they order and pay.", BrandName: "Shop's name", BrandNameHint: "Left empty it is “%s”", Colour: "Colour", House: "Use the usual green", Phone: "Phone for buyers", PhoneHint: "Whom buyers call with a question",
	Notice: "About the shop", NoticeHint: "For example: ships within 48 hours; returns within seven days, the buyer pays the way back.", Preview: "What buyers see", PartnerBrandLine: "Your name stands beside the shop's on the pages of your shops.",
}

func peopleWordsOf(l ui.Lang) *peopleWords {
	if l == ui.EN {
		return &peopleEN
	}
	return &peopleZH
}

// acts are the words for what an audit names; a test finds an act of the engine's that has none.
var acts = map[string]label{
	"session.open": {"登录", "Signed in"}, "session.close_all": {"在其他地方全部退出", "Signed out everywhere else"},
	"session.sign_out": {"退出登录", "Signed out"}, "session.close": {"在另一处退出", "Signed out in one place"}, "channel.test": {"测试了渠道", "Tested a channel"},
	"facade.issue": {"开通兼容接口", "Issued a facade account"}, "facade.rotate": {"更换兼容接口密钥", "Changed a facade account's keys"}, "facade.disable": {"停用兼容接口", "Ended a facade account"},
	"facade.former": {"接上以前的订单", "Tied a facade account to its former channel"}, "facade.settings": {"更正兼容接口设置", "Corrected a facade account's settings"}, "facade.enable": {"重新开通兼容接口", "Opened a facade account again"},
	"credential.set": {"改了支付账户的设置", "Changed an account's settings at a provider"},
	"staff.add":      {"添加人员", "Added a person"}, "staff.role": {"改了身份", "Changed a role"}, "staff.disable": {"停用人员", "Disabled a person"}, "staff.enable": {"恢复人员", "Let a person in again"},
	"staff.invite": {"重新邀请", "Invited again"}, "staff.password": {"设了密码", "Set a password"}, "staff.rehash": {"密码换了更强的存法", "Password stored more strongly"},
	"staff.totp_on": {"打开两步验证", "Turned the second step on"}, "staff.totp_off": {"关掉两步验证", "Turned the second step off"}, "staff.totp_reset": {"重置两步验证", "Reset the second step"},
	"brand.set": {"改了店铺门面", "Changed the shop front"}, "shop.open": {"开了店", "Opened a shop"},
	"item.create": {"新建商品", "Made an item"}, "item.change": {"改了商品", "Changed an item"}, "item.remove": {"下架商品", "Took an item off"}, "item.restore": {"恢复商品", "Put an item back"},
	"item.stock": {"改了库存", "Changed the stock"}, "item.picture": {"加了图片", "Added a picture"}, "item.remove_picture": {"删了图片", "Took a picture off"},
	"order.ship": {"发货", "Shipped"}, "order.refund": {"退款", "Refunded"}, "order.decline_refund": {"拒绝退款", "Declined a refund"},
}
