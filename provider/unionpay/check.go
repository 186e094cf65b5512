package unionpay

import (
	"context"

	"postern/provider"
)

// probeNumber names no order anywhere: asking for it is harmless.
const probeNumber = "postern0check0of0channel0and0key"

// Check asks for an order that does not exist. A verified answer that says so proves the merchant number, the keys and the clock.
func (c Connector) Check(ctx context.Context, call provider.Call) provider.CheckResult {
	r := query(ctx, call, "check", probeNumber, call.Env.Now())
	out := provider.CheckResult{OK: r.message != nil && (r.code == "34" || r.code == "00" && r.message["origRespCode"] == "34"), Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	if out.OK {
		out.Class = provider.ClassNone
	}
	return out
}

// Registrations lists what a person enters at UnionPay's merchant service platform. Notification addresses are not registered: each order carries its own.
func (c Connector) Registrations(call provider.Call, publicURL, callbackURL string) []provider.Registration {
	mer := setting(call, SettingMerID)
	return []provider.Registration{
		{Where: "银联商户服务平台 > " + mer + " > 证书", Value: "商户签名证书", Why: "the certificate whose private key signs here; its serial number goes along as certId", WhyZH: "用这张证书的私钥签名，序列号随报文发送 (certId)"},
		{Where: "银联商户服务平台 > " + mer + " > 交易网址", Value: publicURL, Why: "the pages from which buyers come", WhyZH: "买家从这个网址过来付款"},
		{Where: "防火墙", Value: callbackURL, Why: "notifications come from UnionPay's addresses to this one; they must get through", WhyZH: "银联从它的地址发通知到这里；防火墙要放行"},
	}
}
