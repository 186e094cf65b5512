// Package tenpay connects to TenPay's classic B2C gateway (gw.tenpay.com/gateway/pay.htm). It is historic: kept for archives, migrations and the founding story, and
// verified against public client code and published vectors only. A live channel over it is refused unless forced. Products: page and h5, the same address opened
// in the buyer's browser on a big screen and on a phone.
//
// Quirks that shape the code:
//   - Orders begin in the buyer's browser: Start signs an address and calls nobody, and until the buyer gets there the order does not exist.
//   - Signatures are MD5 over the sorted fields and the key, over their bytes in the message's own charset, GBK or UTF-8.
//   - Replies with a retcode other than 0 are not signed. Two codes are attested: 88222005 (a notify_id is too old) and 88221009 (no such order, or one older than
//     half a year). Every other refusal proves nothing.
//   - A verified notification is asked back (verifynotifyid) before it counts; that can be done for ten minutes. Later the order itself is asked for.
//   - The notified total_fee and discount add up to what was ordered.
//   - trade_state 0 is paid. Other values are not attested: such an order is on the way until its time_expire, and ended after it.
//   - Refunds go to another host, which wants a client certificate. The same out_refund_no refunds once.
//   - There is no close: an order ends when time_expire does.
package tenpay

import (
	"postern/provider"
	"postern/provider/tenpay/wire"
)

// Code is this provider's code in channels, plans and settings.
const Code = "tenpay"

// Products of this connector.
const (
	Page = "page"
	H5   = "h5"
)

// Settings and key fields of a credential set.
const (
	SettingPartner  = "partner"
	SettingGateway  = "gateway_url"
	SettingMerchant = "merchant_url"
	SettingCharset  = "input_charset"
	KeyPartner      = "partner_key"
	KeyOperator     = "op_user_password"
	KeyClient       = "client_pem"
)

// The documented addresses.
const (
	productionGateway  = "https://gw.tenpay.com"
	productionMerchant = "https://mch.tenpay.com"
)

// Connector speaks to TenPay. It has no state and is safe for concurrent use.
type Connector struct{}

// New returns the connector.
func New() Connector { return Connector{} }

var (
	_ provider.Connector        = Connector{}
	_ provider.Refunder         = Connector{}
	_ provider.RefundQuerier    = Connector{}
	_ provider.NotifyConfirmer  = Connector{}
	_ provider.Checker          = Connector{}
	_ provider.StatementFetcher = Connector{}
)

// currency is the only one that is collected here.
const currency = "CNY"

var currencies = []string{currency}

// Describe returns the static facts of TenPay.
func (Connector) Describe() provider.Description { return description }

var description = provider.Description{
	Code: Code, NameZH: "财付通", NameEN: "TenPay", Colour: "#b45309", Historic: true,
	// A coin with a square hole, drawn by us.
	Glyph: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM9 9h6v6H9z",
	Evidence: "Historic: kept for archives, migrations and the founding story; refused for live channels unless forced. Signatures: the worked example of TenPay's guide and published vectors of public " +
		"Ruby clients. Fields, limits, refund states and the bill: TenPay's guide and demos as found in public repositories. Of the return codes only 0, 88222005 and (one source) 88221009 are attested; " +
		"when the service was retired is not. Never run against the real gateway. The conformance suite reaches the refund over plain HTTP; its client certificate has a test of its own.",
	Gaps: map[string]string{
		"close":          "the guide has none: an order ends when its time_expire does",
		"payer sign-in":  "the address needs no payer",
		"trust refresh":  "keys are shared: TenPay has no certificate to fetch",
		"permissions":    "no public source has a call that asks for an account's limits",
		"profit sharing": "split payments are attested by name only",
	},
	Products: []provider.ProductInfo{
		{Code: H5, Action: "redirect", BrowserStart: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: Page, Action: "redirect", BrowserStart: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
	},
	Settings: []provider.Field{
		{Name: SettingPartner, LabelZH: "商户号 partner", LabelEN: "Partner number", Required: true, Help: "10 digits", ReadyField: "partner"},
		{Name: SettingGateway, LabelZH: "网关地址", LabelEN: "Gateway", Default: productionGateway, Help: "change it for a test environment only", ReadyField: "gateway_url"},
		{Name: SettingMerchant, LabelZH: "商户接口地址", LabelEN: "Merchant server", Default: productionMerchant, Help: "refunds go there, with the client certificate; bills come from there"},
		{Name: SettingCharset, LabelZH: "字符集 input_charset", LabelEN: "Charset", Default: string(wire.UTF8), Help: "UTF-8 or GBK, as the account's systems expect it"},
	},
	Keys: []provider.KeyField{
		{Name: KeyPartner, Kind: provider.KeySecret, LabelZH: "商户密钥", LabelEN: "Partner key", Required: true},
		{Name: KeyOperator, Kind: provider.KeySecret, LabelZH: "操作员密码", LabelEN: "Operator's password, for refunds"},
		{Name: KeyClient, Kind: provider.KeySecret, LabelZH: "商户证书与私钥 PEM", LabelEN: "Client certificate with its private key (PEM), for refunds"},
	},
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
