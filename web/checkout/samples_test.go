package checkout

import (
	"time"

	"postern"
	"postern/provider/all"
	"postern/route"
	"postern/wall"
	"postern/web/ui"
)

// samplePublic is where the samples are.
const samplePublic = "https://pay.example.com"

// weiboUA is an app of which the map knows nothing about links.
const weiboUA = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Weibo (iPhone15,2__weibo__14.1.0__iphone__os17.0)"

var (
	sampleNow  = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	sampleZone = time.FixedZone("+08:00", 8*3600)
)

// sampleScene is a fresh live payment, opened in the container that the preset stands for.
func sampleScene(preset string, lang ui.Lang) scene {
	m := wall.Default()
	p, ok := m.Preset(preset)
	if preset == "weibo" {
		p.UA, ok = weiboUA, true
	}
	if !ok {
		panic("no preset " + preset)
	}
	s := scene{
		merchant: postern.Merchant{ID: "mer_0", Name: "云上茶铺", Live: true}, zone: sampleZone, registry: all.Registry(), names: m, seen: m.Detect(p.UA), now: sampleNow,
		lang: lang, at: address{public: samplePublic, token: "7x2m9k4p8q3w6r5t1v0c8n2d4f"},
	}
	s.state.Payment = postern.Payment{
		MerchantID: "mer_0", ID: "pay_01jdsample", Version: 1, Reference: "T20261122-0187", Amount: 6800, Currency: "CNY", Description: "凤凰单丛 蜜兰香 100 克",
		Status: postern.PaymentOpen, Live: true, LinkToken: s.at.token, ExpiresAt: sampleNow.Add(25 * time.Minute), CreatedAt: sampleNow.Add(-5 * time.Minute),
		ReturnURL: "https://shop.example.com/orders/187",
	}
	if lang == ui.EN {
		s.merchant.Name, s.state.Payment.Description = "Cloud Tea", "Phoenix Dancong, Honey Orchid, 100 g"
	}
	s.replan()
	return s
}

// replan plans as the engine does, with every product of both wallets.
func (s *scene) replan() { s.plan = s.planned(s.seen, nil) }

func (s *scene) planned(seen wall.Seen, closures []postern.Closure) route.Plan {
	now := s.now
	if !s.on.IsZero() {
		now = s.on
	}
	in := route.Input{Payment: s.state.Payment, Buyer: route.Buyer{Container: seen.Container, OS: seen.OS, Form: seen.Form}, Now: now, Closures: postern.IndexClosures(closures)}
	for _, code := range s.registry.Codes() {
		d := s.registry[code].Describe()
		channel := postern.Channel{ID: "chn_" + code, Provider: code, Sandbox: !s.state.Payment.Live}
		for _, product := range d.Products {
			if !product.OnPages() {
				continue // as the engine does
			}
			cell := s.names.ReachAt(code, product.Code, seen, now)
			own := len(d.Wallets) > 0 && d.Wallets[0] == seen.Container
			in.Offers = append(in.Offers, route.Offer{
				Channel: &channel, Product: product.Code, OwnWallet: own, Reach: route.Reach{State: cell.State, Evidence: cell.Evidence, WayOut: cell.WayOut, Note: cell.Note},
			})
		}
	}
	return route.Make(in)
}

// try adds an attempt that a buyer has seen.
func (s *scene) try(code, product string, status postern.AttemptStatus, age time.Duration, action postern.Action) {
	at := s.now.Add(-age)
	s.state.Payment.Version++
	s.state.Payment.Status = postern.PaymentProcessing
	s.state.Attempts = append(s.state.Attempts, postern.Attempt{
		ID: "att_0", Version: 2, Provider: code, Product: product, Amount: s.state.Payment.Amount, Currency: "CNY", Status: status, Container: s.seen.Container,
		Action: action, CreatedAt: at, ExposedAt: at, ExpiresAt: at.Add(15 * time.Minute),
	})
}

// sell makes the scene that of a link, with shops elsewhere.
func (s *scene) sell(prefer postern.Prefer, targets ...string) {
	l := postern.Link{
		MerchantID: "mer_0", ID: "lnk_01jdsample", Token: "5q8w2k7m3x9p6r4t1v0c8n2d4f", Code: "7x2m9k4p", Title: s.state.Payment.Description, Amount: s.state.Payment.Amount,
		Currency: "CNY", Prefer: prefer, Live: true, CreatedAt: s.now,
	}
	for _, code := range targets {
		for _, t := range s.names.Targets() {
			if t.Target == code {
				l.Targets = append(l.Targets, postern.LinkTarget{Target: code, URL: "https://item." + t.Hosts[0] + "/1"})
			}
		}
	}
	s.setLink(l)
	s.opens, s.visit = s.names.LinkAt, "1v0c8n2d4f5q8w2k7m3x9p6r4t"
}

// shutHere is a shop whose wallets may not collect in this app, by a closure that says so.
func (s *scene) shutHere() {
	shut := []postern.Closure{{ID: "clo_0", Scope: postern.Scope{Containers: []string{s.seen.Container}}, Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: s.now}}}}
	outside := s.seen
	outside.Container = wall.BrowserOther
	s.plan = route.Outside(s.planned(s.seen, shut), s.planned(outside, shut))
}

func (s *scene) pay() {
	s.state.Payment.Status, s.state.Payment.PaidAt = postern.PaymentPaid, s.now.Add(-time.Minute)
}

func (s *scene) surplus(reason postern.SurplusReason, status postern.SurplusStatus) {
	s.state.Surpluses = append(s.state.Surpluses, postern.Surplus{Reason: reason, Status: status, Amount: s.state.Payment.Amount, Currency: "CNY", UpdatedAt: s.now})
}

var (
	redirect = postern.Action{Type: postern.ActionRedirect, URL: "https://wallet.example.com/h5?order=1"}
	launch   = postern.Action{Type: postern.ActionJSAPI, Bridge: "WeixinJSBridge", Params: map[string]string{"appId": "wx0", "package": "prepay_id=wx1", "timeStamp": "1", "nonceStr": "n", "signType": "RSA", "paySign": "c2ln</script>"}}
)

// sample is one golden page.
type sample struct {
	name   string
	preset string
	make   func(*scene)
}

var samples = []sample{
	{"choose-wechat", "wechat", func(*scene) {}},
	{"choose-alipay", "alipay", func(*scene) {}},
	{"choose-browser", "browser", func(*scene) {}},
	{"choose-after-failure", "browser", func(s *scene) {
		s.try("alipay", "h5", postern.AttemptFailed, time.Minute, redirect)
		s.state.Payment.Status = postern.PaymentOpen
	}},
	{"choose-test-mode", "wechat", func(s *scene) {
		s.state.Payment.Live, s.merchant.Live, s.at.as = false, false, "wechat"
		s.replan()
	}},
	{"choose-large-amount", "browser-android", func(s *scene) { s.state.Payment.Amount = 123_456_789_000; s.replan() }},
	{"choose-items", "browser", func(s *scene) {
		s.state.Payment.Items = []postern.Item{{Name: "凤凰单丛 蜜兰香 50 克", Quantity: 2, Amount: 5600}, {Name: "竹制茶则", Quantity: 1, Amount: 1200}}
	}},
	{"scan-desktop", "desktop", func(*scene) {}},
	{"wayout-wechat-ios", "wechat", func(s *scene) { s.wallet = "alipay" }},
	{"wayout-wechat-android", "wechat-android", func(s *scene) { s.wallet = "alipay" }},
	{"wayout-douyin", "douyin", func(*scene) {}},
	{"wayout-mini", "mini", func(*scene) {}},
	{"go-redirect", "browser", func(s *scene) { s.try("alipay", "h5", postern.AttemptPending, time.Second, redirect); s.launch = true }},
	{"go-form", "desktop", func(s *scene) {
		s.try("alipay", "page", postern.AttemptPending, time.Second, postern.Action{Type: postern.ActionForm, Method: "POST", URL: "https://wallet.example.com/gateway", Fields: map[string]string{"sign": `a"b`, "biz_content": "{}"}})
		s.launch = true
	}},
	{"bridge-wechat", "wechat", func(s *scene) {
		s.try("wechatpay", "jsapi", postern.AttemptPending, time.Second, launch)
		s.launch = true
	}},
	{"bridge-canceled", "wechat", func(s *scene) {
		s.try("wechatpay", "jsapi", postern.AttemptPending, time.Second, launch)
		s.answer = "cancel"
	}},
	{"bridge-simulated", "wechat", func(s *scene) {
		s.state.Payment.Live, s.merchant.Live, s.at.as = false, false, "wechat"
		s.sim = func(a postern.Attempt) string {
			return "http://127.0.0.1:9002/phone?prepay=" + a.Action.Params["package"]
		}
		s.try("wechatpay", "jsapi", postern.AttemptPending, time.Second, launch)
	}},
	{"waiting", "browser", func(s *scene) { s.try("wechatpay", "h5", postern.AttemptPending, 3*time.Second, redirect) }},
	{"waiting-late", "browser", func(s *scene) { s.try("wechatpay", "h5", postern.AttemptPending, 14*time.Second, redirect) }},
	{"waiting-elsewhere", "desktop", func(s *scene) {
		s.try("wechatpay", "jsapi", postern.AttemptPending, 4*time.Second, launch)
		s.state.Attempts[0].Container = "wechat"
	}},
	{"waiting-api", "browser", func(s *scene) {
		s.try("alipay", "h5", postern.AttemptPending, 4*time.Second, redirect)
		s.state.Attempts[0].Container = "api"
	}},
	{"starting", "browser", func(s *scene) {
		s.try("alipay", "h5", postern.AttemptSending, time.Second, postern.Action{})
		s.state.Attempts[0].ExposedAt = time.Time{}
	}},
	{"code", "desktop", func(s *scene) {
		s.try("wechatpay", "native", postern.AttemptPending, time.Second, postern.Action{Type: postern.ActionQR, Content: "weixin://wxpay/bizpayurl?pr=0123456789"})
	}},
	{"paid", "wechat", func(s *scene) { s.pay() }},
	{"paid-twice", "browser", func(s *scene) { s.pay(); s.surplus(postern.SurplusDuplicate, postern.SurplusRefunding) }},
	{"paid-twice-outside", "browser", func(s *scene) {
		s.pay()
		s.surplus(postern.SurplusDuplicate, postern.SurplusRefunded)
		s.surplus(postern.SurplusMismatch, postern.SurplusRefunding)
		for i := range s.state.Surpluses {
			s.state.Surpluses[i].RefundID = "ref_0"
		}
		s.outside = map[string]bool{"ref_0": true}
	}},
	{"expired", "browser", func(s *scene) { s.state.Payment.Status = postern.PaymentExpired }},
	{"expired-late-money", "browser", func(s *scene) {
		s.state.Payment.Status = postern.PaymentExpired
		s.surplus(postern.SurplusLate, postern.SurplusRefunded)
	}},
	{"canceled", "browser", func(s *scene) { s.state.Payment.Status = postern.PaymentCanceled }},
	{"closing", "browser", func(s *scene) {
		s.try("alipay", "h5", postern.AttemptPending, time.Minute, redirect)
		s.state.Payment.ExpiresAt = s.now
	}},
	{"unknown", "browser", func(s *scene) { s.try("alipay", "h5", postern.AttemptUnknown, time.Minute, redirect) }},
	{"noway", "browser", func(s *scene) { s.plan = route.Plan{} }},
	{"link", "wechat", func(s *scene) { s.sell(postern.PreferCheckout) }},
	{"link-description", "browser", func(s *scene) {
		s.sell(postern.PreferCheckout)
		s.link.Description = "当年春茶，手工采摘，密封罐装。付款后 48 小时内从潮州发货。"
	}},
	{"link-shop-first", "browser", func(s *scene) { s.sell(postern.PreferTarget, "taobao") }},
	{"link-shop-beside", "browser", func(s *scene) { s.sell(postern.PreferCheckout, "taobao", "jd") }},
	{"link-shop-blocked", "wechat", func(s *scene) { s.sell(postern.PreferTarget, "taobao", "jd") }},
	{"link-shop-unknown", "weibo", func(s *scene) { s.sell(postern.PreferCheckout, "dianping") }},
	{"link-only-here", "browser", func(s *scene) { s.sell(postern.PreferOnly, "taobao") }},
	{"link-only-blocked", "wechat", func(s *scene) { s.sell(postern.PreferOnly, "taobao") }},
	{"link-only-unknown", "weibo", func(s *scene) { s.sell(postern.PreferOnly, "dianping") }},
	{"link-ended", "browser", func(s *scene) { s.sell(postern.PreferCheckout); s.link.DisabledAt = s.now }},
	{"closed-by-contract", "wechat", func(s *scene) { s.shutHere() }},
	{"as-of-2014", "wechat", func(s *scene) {
		s.state.Payment.Live, s.merchant.Live, s.at.as, s.at.on = false, false, "wechat", "2014-02-12"
		s.on, _ = parseDay(s.at.on)
		s.replan()
	}},
}
