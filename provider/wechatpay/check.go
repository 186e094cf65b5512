package wechatpay

import (
	"context"
	"strings"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// probeNumber is an order number that no attempt can have: ours are 32 characters of 0-9a-z.
const probeNumber = "postern-check"

// Check implements provider.Checker: it asks for an order that does not exist. The refusal ORDER_NOT_EXIST proves that mchid, serial number, private key and
// clock are right, because WeChat looks for the order only after it verified the request.
func (Connector) Check(ctx context.Context, call provider.Call) provider.CheckResult {
	a := send(ctx, call, wire.AskQuery(partiesOf(call, ProductNative), probeNumber))
	result := provider.CheckResult{Exchange: a.exchange}
	result.Class, result.Code, result.Message = a.words()
	// Without a sub-merchant a partner's question is incomplete, which WeChat also says only to who signed rightly.
	incomplete := isPartner(call) && call.SubMerchant == "" && a.refuse.Code == wire.CodeParamError
	if result.OK = a.meaning().query == provider.Absent || incomplete; result.OK && len(verifiers(call)) == 0 && !isV2(call) {
		result.OK, result.Message = false, "the request was accepted, but no key of WeChat Pay is known: fetch the platform certificates or add the public key"
	}
	return result
}

// Registrations implements provider.Checker.
func (Connector) Registrations(call provider.Call, publicURL, _ string) []provider.Registration {
	host := wire.HostOf(publicURL)
	return []provider.Registration{
		{Where: "商户平台 > 产品中心 > 开发配置 > JSAPI支付授权目录", Value: strings.TrimSuffix(publicURL, "/") + "/c/", Why: "jsapi: the page that opens the wallet must lie below it", WhyZH: "jsapi：拉起微信支付的页面要在这个目录下面"},
		{Where: "商户平台 > 产品中心 > 开发配置 > H5支付域名", Value: host, Why: "h5: the Referer must be this domain", WhyZH: "h5：买家要从这个域名过来"},
		{Where: "公众平台 > 设置与开发 > 功能设置 > 网页授权域名", Value: host, Why: "jsapi: OAuth returns to this domain only; it serves MP_verify_*.txt at its root", WhyZH: "jsapi：微信授权只会回到这个域名；域名根目录要放 MP_verify_*.txt"},
		{Where: "商户平台 > 产品中心 > AppID账号管理", Value: setting(call, SettingAppID), Why: "the appid must be bound to merchant number " + setting(call, SettingMchID), WhyZH: "这个 AppID 要和商户号 " + setting(call, SettingMchID) + " 绑定"},
		{Where: "商户平台 > 账户中心 > API安全", Value: "APIv3密钥, 商户API证书, 微信支付公钥", Why: "the keys of the generation come from here", WhyZH: "密钥和证书从这里取"},
	}
}
