package alipay

import (
	"context"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// probeNumber names no order anywhere: asking for it is harmless.
const probeNumber = "postern0check0of0channel0and0keys"

// Check asks for an order that does not exist. A verified answer that says so proves app_id, both keys and the clock.
func (c *Connector) Check(ctx context.Context, call provider.Call) provider.CheckResult {
	r := send(ctx, call, "check", "", wire.Request{Method: wire.MethodQuery, Biz: wire.Fields{}.Set("out_trade_no", probeNumber)})
	out := provider.CheckResult{OK: r.sub == subNotExist, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	if out.OK {
		out.Class = provider.ClassNone
	}
	return out
}

// Registrations lists what a person enters in Alipay's open platform console. Notification addresses are not registered: each order carries its own.
func (c *Connector) Registrations(call provider.Call, publicURL, _ string) []provider.Registration {
	app := setting(call, settingAppID)
	return []provider.Registration{
		{Where: "开放平台 > 应用 " + app + " > 开发设置 > 接口加签方式", Value: "公钥模式或证书模式 / RSA2", Why: "the app's public key goes in and Alipay's comes out (alipay_public_key); or three certificates come out", WhyZH: "应用公钥填进去，支付宝公钥取出来 (alipay_public_key)；用证书模式就取出三张证书"},
		{Where: "开放平台 > 应用 " + app + " > 开发设置 > 授权回调地址", Value: publicURL, Why: "inside the Alipay app the buyer's id is asked for there (jsapi)", WhyZH: "在支付宝里付款时，要在这个地址取买家的编号 (jsapi)"},
		{Where: "开放平台 > 应用 " + app + " > 产品绑定", Value: "当面付, 手机网站支付, 电脑网站支付, JSAPI 支付, APP 支付, 商家分账", Why: "each product has its own agreement; leave out what the channel does not use", WhyZH: "每个产品都要单独签约；用不到的可以不开"},
	}
}
