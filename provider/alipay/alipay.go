// Package alipay connects to Alipay's OpenAPI: gateway v2, key mode or certificate mode, sign_type RSA2 (SHA256withRSA, PKCS#1 v1.5). Products: native (alipay.trade.precreate), h5
// (alipay.trade.wap.pay), page (alipay.trade.page.pay), jsapi (alipay.trade.create with the buyer's id from OAuth), barcode (alipay.trade.pay, undone by
// alipay.trade.cancel), app (alipay.trade.app.pay) and mini (alipay.trade.create for a mini program).
//
// Quirks that shape the code:
//   - A precreated order, and one whose buyer never reached the cashier, does not exist at Alipay: a query answers ACQ.TRADE_NOT_EXIST, which is absent, never
//     failed.
//   - Code 10000 means that the request was understood, not that money moved; 20000 and ACQ.SYSTEM_ERROR mean that nobody knows.
//   - h5 and page orders start in the buyer's own browser, app orders in the merchant's own app: Start signs and calls nobody.
//   - A fully refunded trade is TRADE_CLOSED.
//   - A refund has moved money only when fund_change is Y; refund_fee is the sum of all refunds of the trade.
//   - Notifications are acknowledged with exactly the seven bytes "success" and signed without sign_type, which is therefore never believed.
package alipay

import (
	"time"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// Code is this provider's code in channels, plans and settings.
const Code = "alipay"

// Products of this connector.
const (
	Native = "native"
	H5     = "h5"
	Page   = "page"
	JSAPI  = "jsapi"
	// App is opened by the merchant's own app, Mini by a mini program inside the wallet.
	App  = "app"
	Mini = "mini"
	// Barcode is paid by a code that the buyer's wallet shows and the seller scans.
	Barcode = "barcode"
)

// barcodeLife is how long a buyer at the counter is waited for (documented: ask every 3 to 5 seconds for 30 to 60, then cancel at once).
const barcodeLife = 45 * time.Second

// Settings and key fields of a credential set.
const (
	settingAppID     = "app_id"
	settingSeller    = "seller_id"
	settingMini      = "mini_app_id"
	settingProtocol  = "protocol"
	settingMerchant  = "merchant_app_id"
	settingGateway   = "gateway_url"
	settingAuthorize = "authorize_url"
	keyApp           = "app_private_key"
	keyPlatform      = "alipay_public_key"
	keyAppCert       = "app_cert"
	keyAlipayCert    = "alipay_cert"
	keyRootCert      = "alipay_root_cert"
	keyContent       = "encrypt_key"
	keyAuth          = "app_auth_token"
)

// The production addresses (documented).
const (
	productionGateway   = "https://openapi.alipay.com/gateway.do"
	productionAuthorize = "https://openauth.alipay.com" + wire.AuthorizePath
)

// bridgeObject is the script object of the Alipay app's web view.
const bridgeObject = "AlipayJSBridge"

// Connector speaks to Alipay. It has no state and is safe for concurrent use.
type Connector struct{}

// New returns the connector.
func New() *Connector { return &Connector{} }

var (
	_ provider.Connector     = (*Connector)(nil)
	_ provider.Closer        = (*Connector)(nil)
	_ provider.Reverser      = (*Connector)(nil)
	_ provider.Refunder      = (*Connector)(nil)
	_ provider.RefundQuerier = (*Connector)(nil)
	_ provider.Notifiable    = (*Connector)(nil)
	_ provider.PayerResolver = (*Connector)(nil)
	_ provider.Checker       = (*Connector)(nil)
)

// Describe returns the static facts of Alipay.
func (*Connector) Describe() provider.Description { return description }

var description = provider.Description{
	Code: Code, NameZH: "支付宝", NameEN: "Alipay", Colour: "#1264d6",
	// The character for "branch" and "pay" that the wallet's name begins with, drawn by us.
	Glyph: "M4 5h7V2h2.5v3H21v2h-7.5v2.5H19v2c-.9 2.5-2.3 4.600-4.2 6.300 2 1.200 4.300 2 7 2.400l-1 2.300c-3.200-.6-5.900-1.700-8.200-3.300-2.400 1.600-5.300 2.700-8.700 3.300L3 18.200c2.900-.4 5.400-1.200 7.500-2.400-1.700-1.600-3-3.200-3.900-4.900l2.200-1c.9 1.700 2.100 3.200 3.700 4.500 1.400-1.200 2.500-2.600 3.200-4.300H4.800v-2H11V7H4z",
	Evidence: "Canonical strings, envelopes, signatures, content encryption and certificate numbers: published vectors of the Node, Java, gopay and yansongda SDKs; a published chain up to " +
		"the published root; and the official Node SDK driving the sandbox in key and certificate mode, with encrypted content, for a partner, and in v3. Codes: the enumerations of the " +
		"official PHP SDK, each by its documented meaning. Limits, the cancel and the freeze for sharing: the documents as embedded in the official SDKs. Not attested: a production account, " +
		"what a query says of an unknown sharing, how v3 tells of a password, the signs of fees in bills, and any call that says what an account may not do (so there is none). " +
		"The bill's address is signed, the file is not.",
	Gaps: map[string]string{
		"trust refresh": "with keys Alipay's public key is the merchant's configuration; only certificates are fetched",
		"permissions":   "no public source has a call that asks for an account's limits; orders are refused with the documented codes",
	},
	Products: []provider.ProductInfo{
		{Code: JSAPI, Action: "jsapi", NeedsPayer: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies, Bridge: bridge},
		{Code: H5, Action: "redirect", BrowserStart: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: Page, Action: "redirect", BrowserStart: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: Native, Action: "qr", MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: App, Action: "app", BrowserStart: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: Mini, Action: "mini", NeedsPayer: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: Barcode, NeedsAuthCode: true, ChargesAtOnce: true, Life: barcodeLife, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
	},
	Settings: []provider.Field{
		{Name: settingAppID, LabelZH: "应用 APPID", LabelEN: "App id", Required: true, Help: "16 digits, from the open platform's console", ReadyField: "app_id"},
		{Name: settingSeller, LabelZH: "收款账号 PID", LabelEN: "Seller id", Required: true, PerChannel: true, Help: "2088 and 12 digits; notifications for anybody else change nothing",
			ReadyField: "seller_id"},
		{Name: settingMini, LabelZH: "小程序 APPID", LabelEN: "Mini program's app id", PerChannel: true, Help: "where the product mini pays, if it is not the app itself"},
		{Name: settingMerchant, LabelZH: "商家应用 APPID（服务商）", LabelEN: "The merchant's own app id (for partners)", PerChannel: true,
			Help: "notifications name it; when it is given, those for another app change nothing"},
		{Name: settingGateway, LabelZH: "网关地址", LabelEN: "Gateway", Default: productionGateway, Help: "change it for a sandbox only", ReadyField: "gateway_url"},
		{Name: settingAuthorize, LabelZH: "授权页地址", LabelEN: "Authorization page", Default: productionAuthorize, Help: "change it for a sandbox only",
			ReadyField: "authorize_url"},
		{Name: settingProtocol, LabelZH: "接口版本", LabelEN: "Protocol", Default: "v2", Help: "v2 (gateway.do), or v3 (JSON) where it exists"},
	},
	Keys: []provider.KeyField{
		{Name: keyApp, Kind: provider.KeyRSAPrivate, LabelZH: "应用私钥", LabelEN: "App private key", Required: true},
		{Name: keyPlatform, Kind: provider.KeyRSAPublic, LabelZH: "支付宝公钥（不是应用公钥）", LabelEN: "Alipay public key (not the app's); or the three certificates", Required: true,
			Instead: []string{keyAppCert, keyAlipayCert, keyRootCert}},
		{Name: keyAppCert, Kind: provider.KeyCertificate, LabelZH: "应用公钥证书（证书模式）", LabelEN: "App certificate (certificate mode)", Own: true},
		{Name: keyAlipayCert, Kind: provider.KeyCertificate, LabelZH: "支付宝公钥证书（证书模式）", LabelEN: "Alipay's certificate (certificate mode)"},
		{Name: keyRootCert, Kind: provider.KeySecret, LabelZH: "支付宝根证书（证书模式）", LabelEN: "Alipay's root certificates (certificate mode)"},
		{Name: keyContent, Kind: provider.KeySecret, LabelZH: "接口内容加密密钥（AES）", LabelEN: "Content encryption key (AES)"},
		{Name: keyAuth, Kind: provider.KeySecret, LabelZH: "应用授权令牌（服务商代商家）", LabelEN: "Merchant's app_auth_token (for partners)", PerChannel: true},
	},
	Wallets: []string{"alipay"},
}

// bridge opens the wallet inside the Alipay app. 8000 and 6004 mean that the outcome is still being worked out: the page goes on to ask the switch.
var bridge = &provider.Bridge{
	Object: bridgeObject, ReadyEvent: "AlipayJSBridgeReady",
	Call: `AlipayJSBridge.call("tradePay",{tradeNO:params.tradeNO},function(r){var c=String(r.resultCode);` +
		`done(c==="9000"||c==="8000"||c==="6004"?"ok":c==="6001"?"cancel":"fail")})`,
	SimulatedPage: "/phone/pay?trade_no={tradeNO}",
}

// seller is the account that is paid: under a partner's app, the merchant's.
func seller(call provider.Call) string {
	if call.SubMerchant != "" {
		return call.SubMerchant
	}
	return setting(call, settingSeller)
}

// setting returns a setting or its default.
func setting(call provider.Call, name string) string {
	if v := call.Settings[name]; v != "" {
		return v
	}
	for _, f := range description.Settings {
		if f.Name == name {
			return f.Default
		}
	}
	return ""
}
