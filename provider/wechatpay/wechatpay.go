// Package wechatpay connects Postern to WeChat Pay's API v3 for direct merchants: native (a QR code), h5 (a phone's browser) and jsapi (inside WeChat), with
// query, close, refund, refund query, notifications, the OAuth that names the payer, and platform certificates or the newer public key.
//
// Quirks that shaped it:
//   - Every 2xx is signed, the empty 204 too; errors are not. A 2xx that does not verify says nothing: the result is unknown.
//   - Refund answers mean "accepted". Only notification and query tell the outcome.
//   - A tiny share of answers and notifications is wrongly signed on purpose (WECHATPAY/SIGNTEST/...): they fail like any bad signature and come again.
//   - There is no notification of failure or closing, so the switch polls.
//   - The h5 page believes a payment only when the browser sends a Referer of a registered domain: pages that link to it must not suppress it.
//
// Amounts are integer fen; the only currency is CNY. Protocol facts come from the API v3 pages of pay.weixin.qq.com and the official SDKs; see wire.
package wechatpay

import (
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
)

// Names of the settings of a credential set.
const (
	SettingMchID    = "mchid"
	SettingAppID    = "appid"
	SettingBaseURL  = "base_url"
	SettingOpenURL  = "open_url"
	SettingOAuthURL = "oauth_url"
)

// Names of the key fields of a generation.
const (
	KeyMerchantPrivate  = "merchant_private_key"
	KeyMerchantSerial   = "merchant_serial"
	KeyAPIv3            = "apiv3_key"
	KeyAppSecret        = "app_secret"
	KeyPlatformPublic   = "platform_public_key"
	KeyPlatformPublicID = "platform_public_key_id"
)

const currency = "CNY"

// Connector implements the port for WeChat Pay. It has no state; its zero value is ready.
type Connector struct{}

// New returns the connector.
func New() Connector { return Connector{} }

var (
	_ provider.Connector      = Connector{}
	_ provider.Closer         = Connector{}
	_ provider.Refunder       = Connector{}
	_ provider.RefundQuerier  = Connector{}
	_ provider.Notifiable     = Connector{}
	_ provider.PayerResolver  = Connector{}
	_ provider.TrustRefresher = Connector{}
	_ provider.Checker        = Connector{}
)

// bridgeCall opens the wallet inside WeChat. Its answer "ok" is no proof of payment: the switch asks.
const bridgeCall = `WeixinJSBridge.invoke("getBrandWCPayRequest",params,function(r){var m=(r&&r.err_msg)||"";` +
	`done(m==="get_brand_wcpay_request:ok"?"ok":m==="get_brand_wcpay_request:cancel"?"cancel":"fail")})`

// simulatedPage hands the sandbox's phone everything that the bridge would get, so that paySign is checked there as well.
const simulatedPage = "/phone/pay?prepay_id={package}&appId={appId}&timeStamp={timeStamp}&nonceStr={nonceStr}&signType={signType}&paySign={paySign}"

// glyph is two speech bubbles of our own drawing.
const glyph = "M9 3C4.6 3 1 5.9 1 9.5c0 2 1.1 3.8 2.9 5L3.2 17l2.9-1.5c.6.2 1.3.3 2 .4A6 6 0 0 1 8 14.600c0-3.400 3.300-6.100 7.400-6.100h.9C15.600 5.400 12.600 3 9 3z" +
	"M23 14.600c0-2.800-2.900-5.100-6.500-5.100S10 11.800 10 14.600s2.900 5.100 6.500 5.100c.7 0 1.300-.1 1.900-.2L21 21l-.6-2.200c1.600-1 2.600-2.500 2.600-4.200z"

// Describe implements provider.Connector.
func (Connector) Describe() provider.Description {
	product := func(code string, action postern.ActionType) provider.ProductInfo {
		return provider.ProductInfo{Code: code, Action: string(action), MinAmount: 1, Currencies: []string{currency}}
	}
	native, h5, jsapi := product(ProductNative, postern.ActionQR), product(ProductH5, postern.ActionRedirect), product(ProductJSAPI, postern.ActionJSAPI)
	jsapi.NeedsPayer = true
	jsapi.Bridge = &provider.Bridge{Object: "WeixinJSBridge", ReadyEvent: "WeixinJSBridgeReady", Call: bridgeCall, SimulatedPage: simulatedPage}
	return provider.Description{
		Code: Code, NameZH: "微信支付", NameEN: "WeChat Pay", Colour: "#06803f", Glyph: glyph,
		Evidence: "Signatures, notifications and certificates are held against published vectors of three SDKs; the sandbox is driven by a public npm SDK with " +
			"signature checking on. Nothing was run against the live service. The spelling of some error codes and the close of unknown orders are unconfirmed.",
		Products: []provider.ProductInfo{jsapi, h5, native},
		Settings: settings(), Keys: keyFields(), Wallets: []string{"wechat"},
	}
}

func settings() []provider.Field {
	return []provider.Field{
		{Name: SettingMchID, LabelZH: "商户号", LabelEN: "Merchant number (mchid)", Required: true, ReadyField: "mchid"},
		{Name: SettingAppID, LabelZH: "公众号 AppID", LabelEN: "AppID of the official account", Required: true, ReadyField: "appid",
			Help: "It must be bound to the merchant number in the console."},
		{Name: SettingBaseURL, LabelZH: "接口地址", LabelEN: "API address", Default: "https://api.mch.weixin.qq.com", ReadyField: "base_url"},
		{Name: SettingOpenURL, LabelZH: "授权页地址", LabelEN: "OAuth page address", Default: "https://open.weixin.qq.com", ReadyField: "base_url"},
		{Name: SettingOAuthURL, LabelZH: "授权接口地址", LabelEN: "OAuth API address", Default: "https://api.weixin.qq.com", ReadyField: "base_url"},
	}
}

func keyFields() []provider.KeyField {
	return []provider.KeyField{
		{Name: KeyMerchantPrivate, Kind: provider.KeyRSAPrivate, LabelZH: "商户API私钥", LabelEN: "Merchant API private key", Required: true, IDField: KeyMerchantSerial},
		{Name: KeyMerchantSerial, Kind: provider.KeySecret, LabelZH: "商户API证书序列号", LabelEN: "Serial number of the merchant certificate", Required: true},
		{Name: KeyAPIv3, Kind: provider.KeyAES256GCM, LabelZH: "APIv3密钥", LabelEN: "APIv3 key (32 characters)", Required: true},
		{Name: KeyAppSecret, Kind: provider.KeySecret, LabelZH: "AppSecret", LabelEN: "AppSecret, needed for jsapi"},
		{Name: KeyPlatformPublic, Kind: provider.KeyRSAPublic, LabelZH: "微信支付公钥", LabelEN: "WeChat Pay public key (public-key mode)", IDField: KeyPlatformPublicID},
		{Name: KeyPlatformPublicID, Kind: provider.KeySecret, LabelZH: "微信支付公钥ID", LabelEN: "Id of that public key (" + wire.PublicKeyIDPrefix + "...)"},
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
