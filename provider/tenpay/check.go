package tenpay

import (
	"context"

	"postern/provider"
	"postern/provider/tenpay/wire"
)

// probeNumber names no order anywhere: asking for it is harmless.
const probeNumber = "postern0check0of0channel0and0key"

// Check asks for an order that does not exist. TenPay does not sign a refusal, so that what proves the key is that it read the question: 88221009 instead of a
// complaint about the signature.
func (c Connector) Check(ctx context.Context, call provider.Call) provider.CheckResult {
	r := query(ctx, call, "check", probeNumber)
	out := provider.CheckResult{OK: r.refused && r.code == wire.RetNoOrder, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	if out.OK {
		out.Class = provider.ClassNone
	}
	return out
}

// Registrations lists what a person sees to at TenPay. Notification addresses are not registered: each order carries its own.
func (c Connector) Registrations(call provider.Call, publicURL, callbackURL string) []provider.Registration {
	partner := setting(call, SettingPartner)
	return []provider.Registration{
		{Where: "财付通商户平台 > " + partner + " > 密钥", Value: "商户密钥与 " + partner + ".pfx", Why: "the key signs; the certificate, turned into PEM, is shown for refunds", WhyZH: "密钥用来签名；证书转成 PEM，退款时要出示"},
		{Where: "财付通商户平台 > " + partner + " > 网站域名", Value: publicURL, Why: "TenPay looks at the page from which buyers come", WhyZH: "财付通会看买家从哪个网址过来"},
		{Where: "防火墙", Value: callbackURL, Why: "notifications come from TenPay's addresses to this one; they must get through", WhyZH: "财付通从它的地址发通知到这里；防火墙要放行"},
	}
}
