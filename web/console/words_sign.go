package console

import "postern/web/ui"

func init() {
	for field, name := range map[string]label{
		"login": {"登录名", "Login"}, "name": {"名字", "Name"}, "role": {"身份", "Role"}, "password": {"密码", "Password"}, "old": {"现在的密码", "Present password"},
		"code": {"六位数字", "Six digits"}, "secret": {"密钥", "Key"}, "colour": {"颜色", "Colour"}, "phone": {"电话", "Phone"}, "notice": {"店铺说明", "Notice"}, "file": {"文件", "File"},
	} {
		labels[field] = name
	}
	refusals["store.LastOwner"] = label{"这是最后一位店主，不能停用也不能改身份。请先让另一个人成为店主。", "This is the last owner, who cannot be disabled or given another role. Make somebody else an owner first."}
	refusals["engine.SignIn"] = label{"登录名或密码不对。", "The login or the password is wrong."}
	refusals["engine.CheckCode"] = label{"这个数字不对，或者已经用过。请等下一个。", "This code is wrong or was used before. Wait for the next one."}
	refusals["engine.AddStaff"] = label{"已经有人用这个登录名。请换一个，比如邮箱。", "Somebody signs in with this already. Use another login, such as an e-mail address."}
	refusals["engine.InviteStaff"] = label{"这个人已停用。请先恢复，再发邀请。", "This person is disabled. Let them sign in again first."}
}

// signWords are the sentences of signing in and of one's own account.
type signWords struct {
	Title, Login, LoginHint, Password, Go, Forgot                            string
	CodeTitle, Code, CodeHint, CodeLost                                      string
	InviteTitle, InviteLine, InviteLogin, NewPassword, Rule, RuleBroken, Set string
	MeTitle, Role, ChangePassword, Old, Change                               string
	StepTitle, StepOn, StepOff, StepWhy, TurnOn, TurnOff                     string
	SetupTitle, SetupScan, SetupType, SetupCode, Confirm, StepAll            string
	Sessions, ThisOne, SignedInAt, SeenAt, EndOne, EndAll, Unknown           string
	Owner, Staff, Finance                                                    string
	InvalidInvite, InvalidInviteLine                                         string
}

var signZH = signWords{
	Title: "登录", Login: "登录名", LoginHint: "手机号或邮箱", Password: "密码", Go: "登录", Forgot: "忘记密码？请店主给您一个新的邀请链接。",
	CodeTitle: "两步验证", Code: "六位数字", CodeHint: "打开手机上的验证器，填它现在显示的数字。", CodeLost: "手机不在身边？请店主为您重置。",
	InviteTitle: "设置您的密码", InviteLine: "%s，欢迎来到%s。", InviteLogin: "以后用这个登录名登录", NewPassword: "新密码", Rule: "至少 10 个字符，不要用常见的密码，也不要和登录名一样。", RuleBroken: "这个密码太短，或者太容易被猜到。至少 10 个字符，用几个只有您会放在一起的词。", Set: "设好密码",
	MeTitle: "我的账号", Role: "身份", ChangePassword: "改密码", Old: "现在的密码", Change: "改密码",
	StepTitle: "两步验证", StepOn: "已打开。登录时除了密码，还要填手机验证器上的数字。", StepOff: "没有打开。", StepWhy: "打开以后，别人就算知道您的密码也进不来。", TurnOn: "打开两步验证", TurnOff: "关掉两步验证",
	SetupTitle: "打开两步验证", SetupScan: "用手机上的验证器扫这个码。钱包应用扫不了，请用系统自带的密码管理或验证器应用。", SetupType: "扫不了就手动输入这串字母", SetupCode: "填验证器现在显示的六位数字", Confirm: "确认打开", StepAll: "确认以后，您在别处的登录会全部退出。",
	Sessions: "登录在这些地方", ThisOne: "就是这里", SignedInAt: "登录于", SeenAt: "最近使用", EndOne: "退出", EndAll: "在其他地方全部退出", Unknown: "不知名的浏览器",
	Owner: "店主", Staff: "店员", Finance: "财务",
	InvalidInvite: "这个邀请链接不能用了", InvalidInviteLine: "链接只能用一次，48 小时内有效。请店主再给您一个。",
}

var signEN = signWords{
	Title: "Sign in", Login: "Login", LoginHint: "Phone number or e-mail", Password: "Password", Go: "Sign in", Forgot: "Forgot the password? Ask the shop's owner for a new invitation link.",
	CodeTitle: "Second step", Code: "Six digits", CodeHint: "Open the authenticator on your phone and type what it shows now.", CodeLost: "Phone not at hand? Ask the owner to reset it for you.",
	InviteTitle: "Choose your password", InviteLine: "%s, welcome to %s.", InviteLogin: "Sign in with this from now on", NewPassword: "New password", Rule: "At least 10 characters, none of the common ones, and not your login.", RuleBroken: "This password is too short or easy to guess. Use at least 10 characters: a few words that only you would put together.", Set: "Set the password",
	MeTitle: "My account", Role: "Role", ChangePassword: "Change the password", Old: "Present password", Change: "Change the password",
	StepTitle: "Second step", StepOn: "On. Signing in takes the number from your phone's authenticator besides the password.", StepOff: "Off.", StepWhy: "With it nobody gets in who merely knows your password.", TurnOn: "Turn the second step on", TurnOff: "Turn the second step off",
	SetupTitle: "Turn the second step on", SetupScan: "Scan this with the authenticator on your phone. A wallet app cannot; use your phone's password manager or an authenticator app.", SetupType: "Cannot scan? Type these letters", SetupCode: "Type the six digits that it shows now", Confirm: "Turn it on", StepAll: "You will be signed out everywhere else.",
	Sessions: "Where you are signed in", ThisOne: "this one", SignedInAt: "since", SeenAt: "last used", EndOne: "Sign out", EndAll: "Sign out everywhere else", Unknown: "Unknown browser",
	Owner: "Owner", Staff: "Staff", Finance: "Finance",
	InvalidInvite: "This invitation no longer works", InvalidInviteLine: "A link works once and within 48 hours. Ask the owner for another one.",
}

func signWordsOf(l ui.Lang) *signWords {
	if l == ui.EN {
		return &signEN
	}
	return &signZH
}
