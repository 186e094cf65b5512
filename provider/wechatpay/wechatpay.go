// Package wechatpay connects Postern to WeChat Pay's API v3, for direct merchants and for the sub-merchants of a service provider: native (a QR code), h5 (a phone's
// browser), jsapi (inside WeChat), mini and app (for callers of the API) and barcode (the seller scans the buyer's code), with query, close, reversal, refund, refund
// query, notifications, the OAuth that names the payer, and platform certificates or the newer public key.
//
// Quirks that shaped it:
//   - Every 2xx is signed, the empty 204 too; errors are not. A 2xx that does not verify says nothing: the result is unknown.
//   - Refund answers mean "accepted". Only notification and query tell the outcome.
//   - A tiny share of messages is wrongly signed on purpose (WECHATPAY/SIGNTEST/...): they fail like any bad signature and come again.
//   - There is no notification of failure or closing, and none at all of a code that was scanned, so the switch polls.
//   - A reversal answers the same whether it closed or gave back: a query before it and one after it tell, and the first names the money where the second does not.
//   - The h5 page believes a payment only when the browser sends a Referer of a registered domain: pages that link to it must not suppress it.
//
// Amounts are integer fen; the only currency is CNY. Protocol facts come from the API v3 pages of pay.weixin.qq.com and the official SDKs; see wire.
package wechatpay

import (
	"cmp"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Code names this provider; Product* its products.
const (
	Code          = "wechatpay"
	ProductNative = "native"
	ProductH5     = "h5"
	ProductJSAPI  = "jsapi"
	ProductApp    = "app"
	ProductMini   = "mini"
	ProductCode   = "barcode"
)

// Names of the settings of a credential set.
const (
	SettingMchID    = "mchid"
	SettingAppID    = "appid"
	SettingBaseURL  = "base_url"
	SettingOpenURL  = "open_url"
	SettingOAuthURL = "oauth_url"
	SettingMiniApp  = "mini_appid"
	SettingMobile   = "app_appid"
	SettingStore    = "store_id"
	SettingPartner  = "partner"
	SettingSubApp   = "sub_appid"
	SettingProtocol = "protocol"
	SettingSignType = "v2_sign_type"
)

// Names of the key fields of a generation.
const (
	KeyMerchantPrivate  = "merchant_private_key"
	KeyMerchantSerial   = "merchant_serial"
	KeyMerchantCert     = "merchant_cert"
	KeyAPIv3            = "apiv3_key"
	KeyAppSecret        = "app_secret"
	KeyPlatformPublic   = "platform_public_key"
	KeyPlatformPublicID = "platform_public_key_id"
	KeySubAppSecret     = "sub_app_secret"
	KeyAPIv2            = "api_key_v2"
	KeyClient           = "client_pem"
)

const currency = "CNY"

// Connector implements the port for WeChat Pay. It has no state; its zero value is ready.
type Connector struct{}

// New returns the connector.
func New() Connector { return Connector{} }

var (
	_ provider.Connector        = Connector{}
	_ provider.Closer           = Connector{}
	_ provider.Reverser         = Connector{}
	_ provider.Refunder         = Connector{}
	_ provider.RefundQuerier    = Connector{}
	_ provider.Notifiable       = Connector{}
	_ provider.PayerResolver    = Connector{}
	_ provider.TrustRefresher   = Connector{}
	_ provider.Checker          = Connector{}
	_ provider.Sharer           = Connector{}
	_ provider.StatementFetcher = Connector{}
	_ provider.PermissionReader = Connector{}
	_ provider.AccountNoticer   = Connector{}
)

// glyph is two speech bubbles of our own drawing.
const glyph = "M9 3C4.6 3 1 5.9 1 9.5c0 2 1.1 3.8 2.9 5L3.2 17l2.9-1.5c.6.2 1.3.3 2 .4A6 6 0 0 1 8 14.600c0-3.400 3.300-6.100 7.400-6.100h.9C15.600 5.400 12.600 3 9 3z" +
	"M23 14.600c0-2.800-2.900-5.100-6.500-5.100S10 11.800 10 14.600s2.900 5.100 6.500 5.100c.7 0 1.300-.1 1.900-.2L21 21l-.6-2.200c1.600-1 2.600-2.500 2.600-4.200z"

// codeLife is how long a till waits for the buyer's password before it reverses: what the documentation of payment codes advises (ask every 10 s, give up at 45 s).
const codeLife = 45 * time.Second

// Describe implements provider.Connector.
func (Connector) Describe() provider.Description { return description }

var description = provider.Description{
	Code: Code, NameZH: "微信支付", NameEN: "WeChat Pay", Colour: "#06803f", Glyph: glyph,
	Evidence: "Signatures, notifications and certificates are held against published vectors of four SDKs and the documentation's own of API v2; the sandbox is driven by two " +
		"public npm SDKs with signature checking on. Nothing was run against the live service. The spelling of some error codes, the close of unknown orders and what a " +
		"query and a bill say of a reversed order are unconfirmed.",
	Gaps: map[string]string{
		"permissions":        "WeChat tells limits to service providers only",
		"v2: close":          "only codes that a seller scans are ordered by v2, and those are reversed",
		"v2: notification":   "payments by a scanned code are not notified",
		"v2: forgery":        "payments by a scanned code are not notified",
		"v2: trust refresh":  "v2 signs with a shared key: there is nothing to fetch",
		"v2: statement":      "v2's own download is not built; the account's bills come by v3",
		"v2: profit sharing": "v2 is kept for old merchants' queries, refunds and the counter",
	},
	Products: products(), Settings: settings(), Keys: keyFields(), Wallets: []string{"wechat"},
	Rates: []provider.Rate{{Op: "start", PerSecond: 600, Source: "Native FAQ"}, {Op: "refund", PerSecond: 150, Source: "refund page"}, {Op: "refund_query", PerSecond: 300, Source: "its page"}},
}

func products() []provider.ProductInfo {
	product := func(code string, action postern.ActionType) provider.ProductInfo {
		return provider.ProductInfo{Code: code, Action: string(action), MinAmount: 1, Currencies: []string{currency}}
	}
	jsapi, mini, barcode := product(ProductJSAPI, postern.ActionJSAPI), product(ProductMini, postern.ActionMini), product(ProductCode, "")
	jsapi.NeedsPayer, mini.NeedsPayer = true, true
	jsapi.Bridge = &provider.Bridge{Object: "WeixinJSBridge", ReadyEvent: "WeixinJSBridgeReady", Call: wire.BridgeCall, SimulatedPage: wire.SimulatedPage}
	barcode.NeedsAuthCode, barcode.ChargesAtOnce, barcode.Silent, barcode.Life = true, true, true, codeLife
	return []provider.ProductInfo{jsapi, product(ProductH5, postern.ActionRedirect), product(ProductNative, postern.ActionQR), mini, product(ProductApp, postern.ActionApp), barcode}
}

func settings() []provider.Field {
	return []provider.Field{
		{Name: SettingMchID, LabelZH: "商户号", LabelEN: "Merchant number (mchid)", Required: true, ReadyField: "mchid", Help: "A service provider's own number, where it is one."},
		{Name: SettingAppID, LabelZH: "公众号 AppID", LabelEN: "AppID of the official account", Required: true, ReadyField: "appid",
			Help: "It must be bound to the merchant number in the console."},
		{Name: SettingBaseURL, LabelZH: "接口地址", LabelEN: "API address", Default: "https://api.mch.weixin.qq.com", ReadyField: "base_url"},
		{Name: SettingOpenURL, LabelZH: "授权页地址", LabelEN: "OAuth page address", Default: "https://open.weixin.qq.com", ReadyField: "base_url"},
		{Name: SettingOAuthURL, LabelZH: "授权接口地址", LabelEN: "OAuth API address", Default: "https://api.weixin.qq.com", ReadyField: "base_url"},
		{Name: SettingMiniApp, LabelZH: "小程序 AppID", LabelEN: "AppID of the mini program", PerChannel: true, Help: "For mini; without it the AppID above is used."},
		{Name: SettingMobile, LabelZH: "移动应用 AppID", LabelEN: "AppID of the mobile app", PerChannel: true, Help: "For app; without it the AppID above is used."},
		{Name: SettingStore, LabelZH: "门店编号", LabelEN: "The shop's number at the till", PerChannel: true, Help: "For barcode; without it the merchant number is named."},
		{Name: SettingPartner, LabelZH: "服务商模式", LabelEN: "Service provider", Help: "yes: the account is a service provider's, and every channel names its sub-merchant."},
		{Name: SettingSubApp, LabelZH: "子商户 AppID", LabelEN: "AppID of the sub-merchant", PerChannel: true, Help: "Under a service provider, where buyers are known by the sub-merchant's own AppID."},
		{Name: SettingProtocol, LabelZH: "接口版本", LabelEN: "Protocol", Default: "v3", Help: "v3, or v2 for old merchants, who take barcode only."},
		{Name: SettingSignType, LabelZH: "v2 签名方式", LabelEN: "Signature of API v2", Default: wire.SignHMAC, Help: "MD5 or HMAC-SHA256."},
	}
}

func keyFields() []provider.KeyField {
	return []provider.KeyField{
		{Name: KeyMerchantPrivate, Kind: provider.KeyRSAPrivate, LabelZH: "商户API私钥", LabelEN: "Merchant API private key", Required: true, IDField: KeyMerchantSerial},
		{Name: KeyMerchantSerial, Kind: provider.KeySecret, LabelZH: "商户API证书序列号", LabelEN: "Serial number of the merchant certificate", Required: true},
		{Name: KeyMerchantCert, Kind: provider.KeyCertificate, LabelZH: "商户API证书", LabelEN: "Merchant certificate: its end is the keys' end", Own: true},
		{Name: KeyAPIv3, Kind: provider.KeyAES256GCM, LabelZH: "APIv3密钥", LabelEN: "APIv3 key (32 characters)", Required: true},
		{Name: KeyAppSecret, Kind: provider.KeySecret, LabelZH: "AppSecret", LabelEN: "AppSecret, needed for jsapi"},
		{Name: KeyPlatformPublic, Kind: provider.KeyRSAPublic, LabelZH: "微信支付公钥", LabelEN: "WeChat Pay public key (public-key mode)", IDField: KeyPlatformPublicID},
		{Name: KeyPlatformPublicID, Kind: provider.KeySecret, LabelZH: "微信支付公钥ID", LabelEN: "Id of that public key (" + wire.PublicKeyIDPrefix + "...)"},
		{Name: KeySubAppSecret, Kind: provider.KeySecret, LabelZH: "子商户 AppSecret", LabelEN: "AppSecret of the sub-merchant's AppID", PerChannel: true},
		{Name: KeyAPIv2, Kind: provider.KeySecret, LabelZH: "APIv2密钥", LabelEN: "API key of v2 (protocol v2)"},
		{Name: KeyClient, Kind: provider.KeySecret, LabelZH: "商户API证书与私钥（PEM，v2 退款和撤销）", LabelEN: "Client certificate with its private key, PEM (refunds and reversals of v2)"},
	}
}

// setting returns a setting of the call or its default.
func setting(call provider.Call, name string) string {
	if v := call.Settings[name]; v != "" {
		return v
	}
	for _, f := range settings() {
		if f.Name == name {
			return f.Default
		}
	}
	return ""
}

// isPartner says that the account is a service provider's, who acts for a sub-merchant.
func isPartner(call provider.Call) bool {
	return call.SubMerchant != "" || setting(call, SettingPartner) == "yes"
}

// partiesOf says whose order it is and under which appid. An openid belongs to one appid, so mini programs and mobile apps have their own.
func partiesOf(call provider.Call, product string) wire.Parties {
	own := setting(call, SettingAppID)
	if isPartner(call) {
		own = setting(call, SettingSubApp)
	}
	switch product {
	case ProductMini:
		own = cmp.Or(setting(call, SettingMiniApp), own)
	case ProductApp:
		own = cmp.Or(setting(call, SettingMobile), own)
	}
	if isPartner(call) {
		return wire.Parties{SpAppID: setting(call, SettingAppID), SpMchID: setting(call, SettingMchID), SubAppID: own, SubMchID: call.SubMerchant}
	}
	return wire.Parties{AppID: own, MchID: setting(call, SettingMchID)}
}
