package console

import (
	"fmt"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
	"postern/wall"
	"postern/web/ui"
)

// sample is one state of one page, with data of nobody's.
type sample struct {
	name string
	bare bool // without a session
	of   string
	done bool
	make func(v *visit) page
}

var sampleNow = time.Date(2014, 3, 8, 10, 30, 0, 0, postern.Beijing)

const sampleMerchant = "mer_01arz3ndektsv4rrffq69g5fav"

// sampleVisit is a visit of a shop's owner, or of a partner's with of "partner", or of a role.
func sampleVisit(one sample, lang ui.Lang) *visit {
	v := &visit{Lang: lang, Zone: postern.Beijing, Now: sampleNow}
	if one.bare {
		return v
	}
	v.Staff = postern.Staff{OwnerID: sampleMerchant, ID: "stf_01arz3ndektsv4rrffq69g5fa1", Login: "13800138000", Name: "王芳", Role: postern.RoleOwner, Password: "x"}
	v.Merchant = postern.Merchant{ID: sampleMerchant, Name: "云间茶铺", Zone: "Asia/Shanghai"}
	v.Brand = postern.Brand{OwnerID: sampleMerchant, Version: 3, Phone: "0571-1234567", Colour: "#7a3b10", Notice: "48 小时内发货。七天内可退，运费由买家承担。"}
	switch one.of {
	case "partner":
		v.Staff.OwnerID, v.PartnerID, v.Partner = "ptn_01arz3ndektsv4rrffq69g5fav", "ptn_01arz3ndektsv4rrffq69g5fav", "东便门科技"
		v.Merchant, v.Brand = postern.Merchant{}, postern.Brand{}
	case "visitor": // a partner's person in a shop
		v.Staff.OwnerID, v.PartnerID, v.Partner = "ptn_01arz3ndektsv4rrffq69g5fav", "ptn_01arz3ndektsv4rrffq69g5fav", "东便门科技"
	case "":
	default:
		v.Staff.Role = postern.Role(one.of)
	}
	return v
}

var samples = []sample{
	{name: "signin", bare: true, make: func(v *visit) page {
		return page{Title: signWordsOf(v.Lang).Title, Body: signInBody{W: signWordsOf(v.Lang)}}
	}},
	{name: "signin-bad", bare: true, make: func(v *visit) page {
		err := &postern.Error{Code: postern.CodeRateLimited, Fix: "wait 8m0s"}
		return page{Title: signWordsOf(v.Lang).Title, Body: signInBody{W: signWordsOf(v.Lang), Login: "13800138000", Bad: wordsOf(v.Lang).refusal(v.Lang, err), Next: "/console/me"}}
	}},
	{name: "code", bare: true, make: func(v *visit) page {
		return page{Title: signWordsOf(v.Lang).CodeTitle, Body: codeBody{W: signWordsOf(v.Lang), Ticket: "sealed", Bad: wordsOf(v.Lang).refusal(v.Lang, &postern.Error{Op: "engine.CheckCode"})}}
	}},
	{name: "invitation", bare: true, make: func(v *visit) page {
		w := signWordsOf(v.Lang)
		return page{Title: w.InviteTitle, Body: invitationBody{W: w, Line: sprint(w.InviteLine, "李强", "云间茶铺"), Login: "li@example.com", Bad: w.RuleBroken}}
	}},
	{name: "lapsed", bare: true, make: func(v *visit) page {
		return page{Title: signWordsOf(v.Lang).InvalidInvite, Body: lapsedBody{signWordsOf(v.Lang)}}
	}},
	{name: "signed-out", bare: true, make: func(v *visit) page {
		return page{Title: wordsOf(v.Lang).SorryTitle, Body: sorry{W: wordsOf(v.Lang), Line: wordsOf(v.Lang).SignedOut, Back: "/console/sign-in", BackTo: wordsOf(v.Lang).SignIn}}
	}},
	{name: "forbidden", of: "staff", make: func(v *visit) page {
		return page{Title: wordsOf(v.Lang).SorryTitle, Body: sorry{W: wordsOf(v.Lang), Line: wordsOf(v.Lang).Forbidden, Back: v.path(""), BackTo: wordsOf(v.Lang).Back}}
	}},
	{name: "trouble", make: func(v *visit) page {
		return page{Title: wordsOf(v.Lang).TroubleTitle, Body: sorry{W: wordsOf(v.Lang), Line: wordsOf(v.Lang).TroubleLine, Back: v.path(""), BackTo: wordsOf(v.Lang).Back, Problem: true}}
	}},
	{name: "me", done: true, make: func(v *visit) page { return sampleMe(v, false) }},
	{name: "me-step", of: "finance", make: func(v *visit) page { return sampleMe(v, true) }},
	{name: "totp", make: func(v *visit) page {
		const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
		w := signWordsOf(v.Lang)
		code, err := ui.QR(engine.TOTPAddress(secret, v.Staff.Login), w.SetupTitle)
		if err != nil {
			panic(err)
		}
		return page{Title: w.SetupTitle, Section: "me", Body: totpBody{W: w, QR: code, Secret: secret, Spaced: spaced(secret)}}
	}},
	{name: "people", make: samplePeople},
	{name: "people-bad", of: "visitor", make: func(v *visit) page {
		p := samplePeople(v)
		body := p.Body.(peopleBody)
		body.Bad, body.Login, body.Name = wordsOf(v.Lang).refusal(v.Lang, &postern.Error{Code: postern.CodeConflict, Op: "engine.AddStaff"}), "li@example.com", "李强"
		p.Body = body
		return p
	}},
	{name: "invited", make: func(v *visit) page {
		w := peopleWordsOf(v.Lang)
		return page{Title: w.InvitedTitle, Section: "people", Body: invitedBody{W: w, Line: sprint(w.InvitedLine, "李强"), Link: "https://pay.example.com/console/invitation/Z3VhcmRlZC1ieS1hLXNtYWxsLWdhdGUtaW4tdGhlLXdhbA", Back: v.path("/people")}}
	}},
	{name: "audit", make: sampleAudit},
	{name: "audit-empty", of: "partner", make: func(v *visit) page {
		return page{Title: wordsOf(v.Lang).Audit, Section: "audit", Body: auditBody{W: peopleWordsOf(v.Lang)}}
	}},
	{name: "brand", done: true, make: func(v *visit) page {
		return page{Title: wordsOf(v.Lang).Brand, Section: "brand", Body: brandOf(v, v.Brand)}
	}},
	{name: "brand-partner", of: "partner", make: func(v *visit) page {
		return page{Title: wordsOf(v.Lang).Brand, Section: "brand", Body: brandOf(v, v.Brand)}
	}},
	{name: "golive", make: func(v *visit) page { return sampleGoLive(v, false) }},
	{name: "golive-tested", make: func(v *visit) page { return sampleGoLive(v, true) }},
	{name: "shops", of: "partner", make: sampleShops},
	{name: "shops-none", of: "partner", make: func(v *visit) page {
		w := partnerWordsOf(v.Lang)
		return page{Title: wordsOf(v.Lang).Shops, Section: "shops", Body: shopsBody{W: w, Action: partnerRoot, Query: "龙井", Nothing: w.NoMatch, Open: partnerRoot + "/open"}}
	}},
	{name: "open", of: "partner", make: func(v *visit) page { return sampleOpen(v, openBody{}) }},
	{name: "open-plan", of: "partner", make: func(v *visit) page {
		return sampleOpen(v, openBody{Plan: planOf(v, samplePlan(), engine.Import{File: []byte("reference\n"), Encoding: "utf-8"})})
	}},
	{name: "open-done", of: "partner", make: func(v *visit) page {
		opened := []engine.ImportInvitation{{Reference: "A-1", Name: "云间茶铺", Login: "13800138000", URL: "https://pay.example.com/console/invitation/Z3VhcmRlZC1ieS1hLXNtYWxsLWdhdGUtaW4tdGhlLXdhbA"}}
		return sampleOpen(v, openBody{Done: sprint(partnerWordsOf(v.Lang).Written, 1), Opened: opened, NoLines: true})
	}},
}

func sampleMe(v *visit, step bool) page {
	w := signWordsOf(v.Lang)
	body := meBody{W: w, Name: v.Staff.Name, Login: v.Staff.Login, Role: roleWord(v.Lang, v.Staff.Role), Step: step, Sessions: []sessionRow{
		{Browser: (&Handler{cfg: Config{Wall: wall.Default()}}).browser(v, w, "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49"), Since: v.stamp(sampleNow.Add(-time.Hour)), Seen: v.stamp(sampleNow), Here: true},
		{Browser: w.Unknown, Since: v.stamp(sampleNow.Add(-50 * time.Hour)), Seen: v.stamp(sampleNow.Add(-3 * time.Hour)), End: "/console/me/sessions/0f/end"},
	}}
	if step {
		body.Bad = wordsOf(v.Lang).refusal(v.Lang, postern.Invalid("old", postern.CodeInvalid, "", ""))
	}
	return page{Title: w.MeTitle, Section: "me", Body: body}
}

func samplePeople(v *visit) page {
	w := peopleWordsOf(v.Lang)
	body := peopleBody{W: w, Add: v.path("/people"), Roles: roleChoices(v, postern.RoleStaff)}
	for _, p := range []postern.Staff{
		v.Staff, {ID: "stf_01arz3ndektsv4rrffq69g5fa2", Login: "li@example.com", Name: "李强", Role: postern.RoleStaff},
		{ID: "stf_01arz3ndektsv4rrffq69g5fa3", Login: "13900139000", Name: "赵敏", Role: postern.RoleFinance, Password: "x", TOTP: []byte{1}},
		{ID: "stf_01arz3ndektsv4rrffq69g5fa4", Login: "a.very.long.login.that.somebody.chose@mail.example.com", Name: "一个名字很长很长很长的人", Role: postern.RoleStaff, DisabledAt: sampleNow},
	} {
		body.People = append(body.People, personOf(v, w, p))
	}
	return page{Title: wordsOf(v.Lang).People, Section: "people", Body: body}
}

func sampleAudit(v *visit) page {
	body := auditBody{W: peopleWordsOf(v.Lang), Older: v.path("/audit?after=aud_1"), First: v.path("/audit")}
	for i, a := range []postern.Audit{
		{StaffID: "s", Who: "王芳", Act: "order.refund", ObjectID: "ord_01arz3ndektsv4rrffq69g5fav", Detail: "¥68.00 买家不要了"}, {StaffID: "s", Who: "李强 (东便门科技)", Act: "item.stock", ObjectID: "itm_01arz3ndektsv4rrffq69g5fav", Detail: "+20"},
		{Act: "shop.open", MerchantID: sampleMerchant, ObjectID: sampleMerchant, Detail: "云间茶铺 王芳"}, {StaffID: "s", Who: "<b>王</b>", Act: "staff.add", ObjectID: "stf_01arz3ndektsv4rrffq69g5fav", Detail: "赵敏 finance"},
		{StaffID: "s", Who: "王芳", Act: "something.new"},
	} {
		a.CreatedAt = sampleNow.Add(-time.Duration(i) * time.Hour)
		body.Acts = append(body.Acts, actOf(v, body.W, a))
	}
	return page{Title: wordsOf(v.Lang).Audit, Section: "audit", Body: body}
}

func sampleGoLive(v *visit, tested bool) page {
	h := &Handler{cfg: Config{Engine: &engine.Engine{Registry: all.Registry(), PublicURL: "https://pay.example.com"}}}
	w := goLiveWordsOf(v.Lang)
	registrations := []provider.Registration{
		{Where: "商户平台 > 产品中心 > 开发配置 > JSAPI支付授权目录", Value: "https://pay.example.com/c/", Why: "jsapi: the page that opens the wallet must lie below it", WhyZH: "jsapi：拉起微信支付的页面要在这个目录下面"},
		{Where: "商户平台 > 产品中心 > 开发配置 > H5支付域名", Value: "pay.example.com", Why: "h5: the Referer must be this domain", WhyZH: "h5：买家要从这个域名过来"},
	}
	ready := engine.Readiness{Live: tested, SwitchLive: true, PublicHTTPS: true, CallbackHTTPS: true, Phone: true, Notice: true, OnSale: tested, Channels: []engine.ChannelReadiness{
		{Channel: postern.Channel{ID: "chn_01arz3ndektsv4rrffq69g5fa1", Provider: "wechatpay", Products: []string{"jsapi", "h5", "native"}}, MayCollect: true, Registrations: registrations},
		{Channel: postern.Channel{ID: "chn_01arz3ndektsv4rrffq69g5fa2", Provider: "alipay", Products: []string{"page"}}, Problem: "no usable generation"},
		{Channel: postern.Channel{ID: "chn_01arz3ndektsv4rrffq69g5fa3", Provider: "unionpay", Products: []string{"native"}}},
	}}
	report := engine.ChannelReport{Lines: []engine.CheckLine{
		{What: engine.CheckKeys, OK: true, Detail: "generation gen_01arz3ndektsv4rrffq69g5fav signs; 2 verify"}, {What: engine.CheckCall, Detail: "SIGN_ERROR 签名错误 (84ms)"}, {What: engine.CheckClock, OK: true, Detail: "ours differs from the provider's by about 1s"},
	}}
	unreached := false
	body := goLiveBody{W: w, Steps: h.steps(v, w, ready), Missing: sprint(w.Missing, 2), Ready: tested}
	for i, c := range ready.Channels {
		one := h.channelOf(v, w, c)
		if tested && i == 0 {
			one.tested(w, report, &unreached)
		}
		body.Channels = append(body.Channels, one)
	}
	return page{Title: wordsOf(v.Lang).GoLive, Section: "golive", Body: body}
}

func sampleShops(v *visit) page {
	body := shopsBody{W: partnerWordsOf(v.Lang), Action: partnerRoot, Open: partnerRoot + "/open", Older: older(partnerRoot, "mer_1")}
	for i, name := range []string{"云间茶铺", "一家名字特别特别长的店：手工竹编与老茶具专营", "Harbour Books", "<script>alert(1)</script>"} {
		body.Shops = append(body.Shops, shopRow{URL: fmt.Sprintf("/console/m/mer_%d", i), Name: name, Reference: fmt.Sprintf("A-%03d", i), Test: i == 2,
			Recent: []string{postern.FormatMoney(int64(i)*123_456, "CNY")}, Long: []string{postern.FormatMoney(int64(i)*9_876_543, "CNY")}})
	}
	body.Shops[1].Recent, body.Shops[1].Long = append(body.Shops[1].Recent, "US$12.00"), append(body.Shops[1].Long, "US$340.00")
	return page{Title: wordsOf(v.Lang).Shops, Section: "shops", Body: body}
}

func samplePlan() engine.ImportPlan {
	return engine.ImportPlan{Digest: "0f0f", New: 1, Changed: 1, Unchanged: 7, Refused: 2, Rows: []engine.ImportLine{
		{Line: 2, Reference: "A-1", Name: "云间茶铺", Outcome: engine.ImportNew, Changes: []engine.ImportChange{{Field: "login", To: "13800138000"}}},
		{Line: 3, Reference: "A-2", Name: "Harbour Books", Outcome: engine.ImportChanged, Changes: []engine.ImportChange{{Field: "name", From: "Harbor", To: "Harbour Books"}}},
		{Line: 4, Reference: "A-3", Outcome: engine.ImportRefused, Field: "login", Message: "somebody signs in with this already", Fix: "use another one, such as an e-mail address"},
		{Line: 5, Reference: "=1+1", Name: "<b>五</b>", Outcome: engine.ImportRefused, Field: "colour", Message: "the colour must be written as #rrggbb", Fix: "send #1a5c4a, or none"},
	}}
}

func sampleOpen(v *visit, body openBody) page {
	body.W, body.Action, body.List, body.Shops = partnerWordsOf(v.Lang), partnerRoot+"/open", partnerRoot+"/open/invitations.csv", partnerRoot
	return page{Title: wordsOf(v.Lang).Open, Section: "open", Body: body}
}
