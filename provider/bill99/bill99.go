// Package bill99 connects to 99Bill's RMB gateway v2.0. Products: page (the gateway on a big screen) and h5 (the same for phones).
//
// A dated protocol, verified against public client code and vectors only. Not attested: the schedule on which notifications are repeated (the simulator's can be
// set), a statement of the time zone (every sample is Beijing's), the windows of refunds, statuses of refunds other than 1, and a bill file.
//
// Quirks that shape the code:
//   - Fields are signed in the fixed order of the documents, empty ones skipped: with MD5 and the gateway key (signType 1), or with RSA and SHA-1 (signType 4).
//   - Orders begin in the buyer's own browser, as a form: Start signs it and calls nobody, and until the buyer gets there the order does not exist.
//   - A notification is a GET whose query carries the fields. Its answer may name where to send the buyer; ours leaves that empty, because the order's pageUrl is
//     that address already.
//   - Queries have a key of their own, and so have refunds. A query knows paid orders only: not paid and never placed are both the absence of money, and never a
//     failure. Each order in an answer is signed, and so is the answer.
//   - Refunds are in yuan, everything else in fen. The answer to a refund is not signed, so that it decides nothing about money by itself: Y is on its way, and N is
//     asked after in the signed refund query before it is believed.
//   - There is no close: an order ends when its orderTimeOut does.
package bill99

import (
	"postern/provider"
	"postern/provider/bill99/wire"
)

// Code is this provider's code in channels, plans and settings.
const Code = "bill99"

// Products of this connector.
const (
	Page = "page"
	H5   = "h5"
)

// Settings and key fields of a credential set.
const (
	SettingAccount  = "merchant_acct_id"
	SettingGateway  = "gateway_url"
	SettingSignType = "sign_type"
	SettingVariant  = "query_variant"
	KeyGateway      = "gateway_key"
	KeyQuery        = "query_key"
	KeyRefund       = "refund_key"
	KeyMerchant     = "merchant_private_key"
	KeyCertificate  = "gateway_certificate"
)

// Variants of the order query.
const (
	VariantJSON = "json"
	VariantSOAP = "soap"
)

// productionGateway is the documented address.
const productionGateway = "https://www.99bill.com"

// Connector speaks to 99Bill. It has no state and is safe for concurrent use.
type Connector struct{}

// New returns the connector.
func New() Connector { return Connector{} }

var (
	_ provider.Connector     = Connector{}
	_ provider.Refunder      = Connector{}
	_ provider.RefundQuerier = Connector{}
	_ provider.Notifiable    = Connector{}
	_ provider.Checker       = Connector{}
)

// currency is the only one that is collected here.
const currency = "CNY"

var currencies = []string{currency}

// Describe returns the static facts of 99Bill.
func (Connector) Describe() provider.Description { return description }

var description = provider.Description{
	Code: Code, NameZH: "快钱", NameEN: "99Bill", Colour: "#b0361e",
	// Two nines, drawn by us.
	Glyph: "M7 4a4 4 0 1 0 0 8l-3 8h3l4-11a4 4 0 0 0-4-5zm0 2a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM17 4a4 4 0 1 0 0 8l-3 8h3l4-11a4 4 0 0 0-4-5zm0 2a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
	Evidence: "A dated protocol, verified against public client code and vectors only: digests of real notifications, and one that 99Bill's sandbox signed with RSA. The JSON queries have one source. " +
		"Not attested: the retry schedule of notifications, a statement of the time zone, refund windows, refund statuses other than 1, a bill file (so there is no statement). Nothing was run against the live service.",
	Gaps: map[string]string{
		"close":          "v2.0 has none: an order ends when its orderTimeOut does",
		"payer sign-in":  "the form names no payer",
		"trust refresh":  "99Bill's certificate is the merchant's configuration",
		"statement":      "a bill file is attested nowhere",
		"permissions":    "no public source has a call that asks for an account's limits",
		"profit sharing": "the sharing gateway is another protocol",
	},
	Products: []provider.ProductInfo{
		{Code: H5, Action: "form", BrowserStart: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: Page, Action: "form", BrowserStart: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
	},
	Settings: []provider.Field{
		{Name: SettingAccount, LabelZH: "人民币账号 merchantAcctId", LabelEN: "RMB account", Required: true, Help: "the 11 digits of the member code, then 01", ReadyField: "merchant_acct_id"},
		{Name: SettingGateway, LabelZH: "网关地址", LabelEN: "Gateway", Default: productionGateway, Help: "change it for a test environment only", ReadyField: "gateway_url"},
		{Name: SettingSignType, LabelZH: "签名类型 signType", LabelEN: "Sign type", Default: wire.SignMD5, Help: "1 MD5 with the gateway key, 4 PKI with certificates"},
		{Name: SettingVariant, LabelZH: "订单查询方式", LabelEN: "Order query", Default: VariantJSON, Help: "json or soap: which one the account was given"},
	},
	Keys: []provider.KeyField{
		{Name: KeyGateway, Kind: provider.KeySecret, LabelZH: "人民币网关密钥", LabelEN: "Gateway key, for sign type 1"},
		{Name: KeyQuery, Kind: provider.KeySecret, LabelZH: "查询接口密钥", LabelEN: "Query key", Required: true},
		{Name: KeyRefund, Kind: provider.KeySecret, LabelZH: "退款接口密钥", LabelEN: "Refund key", Required: true},
		{Name: KeyMerchant, Kind: provider.KeyRSAPrivate, LabelZH: "商户私钥", LabelEN: "Merchant private key, for sign type 4"},
		{Name: KeyCertificate, Kind: provider.KeyCertificate, LabelZH: "快钱证书", LabelEN: "99Bill's certificate, for sign type 4"},
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
