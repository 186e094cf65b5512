package checkout

import (
	"context"
	"time"

	"postern"
	"postern/provider"
	"postern/route"
	"postern/wall"
	"postern/web/ui"
)

// described is a connector that only describes itself: pages take nothing else of one.
type described struct{ d provider.Description }

func (c described) Describe() provider.Description { return c.d }
func (c described) Start(context.Context, provider.Call, provider.StartRequest) provider.Result {
	panic("a page never starts an order")
}
func (c described) Query(context.Context, provider.Call, postern.Attempt) provider.Result {
	panic("a page never asks a provider")
}

var (
	sampleNow  = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	sampleZone = time.FixedZone("+08:00", 8*3600)
)

// sampleRegistry describes two wallets as their packages do; the glyphs are drawn for these samples.
func sampleRegistry() provider.Registry {
	return provider.NewRegistry(
		described{provider.Description{
			Code: "wechatpay", NameZH: "微信支付", NameEN: "WeChat Pay", Colour: "#07a850", Wallets: []string{"wechat"},
			Glyph: "M9.200 4C4.700 4 1 7 1 10.700c0 2.100 1.200 4 3.100 5.200l-.8 2.400 2.800-1.400c1 .3 2 .4 3.100.4h.4a5.600 5.600 0 0 1-.2-1.500c0-3.500 3.400-6.300 7.600-6.300h.4C16.700 6.200 13.300 4 9.200 4zM23 15.800c0-3-2.900-5.400-6.400-5.400s-6.400 2.400-6.400 5.400 2.900 5.400 6.400 5.400c.8 0 1.600-.1 2.300-.3l2.100 1.100-.6-1.900c1.600-1 2.600-2.500 2.600-4.300z",
			Products: []provider.ProductInfo{{Code: "jsapi", NeedsPayer: true, Bridge: &provider.Bridge{
				Object: "WeixinJSBridge", ReadyEvent: "WeixinJSBridgeReady",
				Call:          `WeixinJSBridge.invoke('getBrandWCPayRequest', params, function (r) { done(/:ok$/.test(r.err_msg) ? 'ok' : /:cancel$/.test(r.err_msg) ? 'cancel' : 'fail') })`,
				SimulatedPage: "/phone?prepay={package}",
			}}, {Code: "h5"}, {Code: "native"}},
		}},
		described{provider.Description{
			Code: "alipay", NameZH: "支付宝", NameEN: "Alipay", Colour: "#1677ff", Wallets: []string{"alipay"},
			Glyph:    "M4 5h7V2h2.500v3H21v2h-7.500v2.500H19v2c-.9 2.500-2.300 4.600-4.200 6.300 2 1.200 4.300 2 7 2.400l-1 2.300c-3.200-.6-5.900-1.700-8.200-3.300-2.400 1.600-5.300 2.700-8.700 3.300L3 18.200c2.900-.4 5.400-1.200 7.500-2.400-1.700-1.600-3-3.200-3.900-4.900l2.200-1c.9 1.700 2.100 3.200 3.700 4.500 1.400-1.200 2.500-2.600 3.200-4.300H4.800v-2H11V7H4z",
			Products: []provider.ProductInfo{{Code: "jsapi", NeedsPayer: true, Bridge: &provider.Bridge{Object: "AlipayJSBridge", ReadyEvent: "AlipayJSBridgeReady", Call: `AlipayJSBridge.call('tradePay', params, function (r) { done(r.resultCode === '9000' ? 'ok' : r.resultCode === '6001' ? 'cancel' : 'fail') })`, SimulatedPage: "/phone?trade={tradeNO}"}}, {Code: "h5"}, {Code: "page"}, {Code: "native"}},
		}},
	)
}

// sampleScene is a fresh live payment, opened in the container that the preset stands for.
func sampleScene(preset string, lang ui.Lang) scene {
	m := wall.Default()
	p, ok := m.Preset(preset)
	if !ok {
		panic("no preset " + preset)
	}
	s := scene{
		merchant: postern.Merchant{ID: "mer_0", Name: "云上茶铺", Live: true}, zone: sampleZone, registry: sampleRegistry(), names: m, seen: m.Detect(p.UA), now: sampleNow,
		lang: lang, at: address{public: "https://pay.example.com", token: "7x2m9k4p8q3w6r5t1v0c8n2d4f"},
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
func (s *scene) replan() {
	in := route.Input{Payment: s.state.Payment, Buyer: route.Buyer{Container: s.seen.Container, OS: s.seen.OS, Form: s.seen.Form}, Now: s.now}
	for _, code := range s.registry.Codes() {
		d := s.registry[code].Describe()
		channel := postern.Channel{ID: "chn_" + code, Provider: code, Sandbox: !s.state.Payment.Live}
		for _, product := range d.Products {
			cell := s.names.Reach(code, product.Code, s.seen)
			own := len(d.Wallets) > 0 && d.Wallets[0] == s.seen.Container
			in.Offers = append(in.Offers, route.Offer{
				Channel: channel, Product: product.Code, OwnWallet: own, Reach: route.Reach{State: cell.State, Evidence: cell.Evidence, WayOut: cell.WayOut, Note: cell.Note},
			})
		}
	}
	s.plan = route.Make(in)
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

func (s *scene) pay() {
	s.state.Payment.Status, s.state.Payment.PaidAt = postern.PaymentPaid, s.now.Add(-time.Minute)
}

func (s *scene) surplus(reason postern.SurplusReason, status postern.SurplusStatus) {
	s.state.Surpluses = append(s.state.Surpluses, postern.Surplus{Reason: reason, Status: status, Amount: s.state.Payment.Amount, Currency: "CNY", UpdatedAt: s.now})
}

var (
	redirect = postern.Action{Type: postern.ActionRedirect, URL: "https://wallet.example.com/h5?order=1"}
	launch   = postern.Action{Type: postern.ActionJSAPI, Bridge: "WeixinJSBridge", Params: map[string]string{"appId": "wx0", "package": "prepay_id=wx1", "paySign": "c2ln</script>"}}
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
	{"starting", "browser", func(s *scene) {
		s.try("alipay", "h5", postern.AttemptSending, time.Second, postern.Action{})
		s.state.Attempts[0].ExposedAt = time.Time{}
	}},
	{"code", "desktop", func(s *scene) {
		s.try("wechatpay", "native", postern.AttemptPending, time.Second, postern.Action{Type: postern.ActionQR, Content: "weixin://wxpay/bizpayurl?pr=0123456789"})
	}},
	{"paid", "wechat", func(s *scene) { s.pay() }},
	{"paid-twice", "browser", func(s *scene) { s.pay(); s.surplus(postern.SurplusDuplicate, postern.SurplusRefunding) }},
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
}
