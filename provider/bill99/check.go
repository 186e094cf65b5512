package bill99

import (
	"context"

	"postern/provider"
)

// probeNumber names no order anywhere: asking for it is harmless.
const probeNumber = "postern0check0of0channel0and0key"

// Check asks for an order that does not exist. A verified answer that says so proves the account and the query key; the gateway and refund keys show themselves
// in the first payment only.
func (c Connector) Check(ctx context.Context, call provider.Call) provider.CheckResult {
	r := ask(ctx, call, "check", probeNumber)
	out := provider.CheckResult{OK: r.answer != nil && stateOf[r.code] == provider.Absent, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	if r.answer != nil && !out.OK {
		out.Class = class(classOf, r.code)
	}
	return out
}

// Registrations lists what a person arranges with 99Bill. Notification addresses are not registered: each order carries its own.
func (c Connector) Registrations(call provider.Call, publicURL, callbackURL string) []provider.Registration {
	account := setting(call, SettingAccount)
	return []provider.Registration{
		{Where: "快钱商户后台 > " + account + " > 密钥", Value: "网关、查询、退款三个密钥", Why: "each of the three interfaces has a key of its own; ask for the queries and refunds to be opened", WhyZH: "网关、查询、退款三个接口各有一个密钥；查询和退款要请快钱开通"},
		{Where: "快钱商户后台 > " + account + " > 交易网址", Value: publicURL, Why: "the pages from which buyers come", WhyZH: "买家从这个网址过来付款"},
		{Where: "防火墙", Value: callbackURL, Why: "notifications come from 99Bill's addresses to this one, as GET; they must get through with their query", WhyZH: "快钱从它的地址用 GET 发通知到这里；参数也要能通过"},
	}
}
