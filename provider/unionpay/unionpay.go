// Package unionpay connects to UnionPay's ACP 5.1.0: certificates (signMethod 01) or a shared key (11 with SHA-256, 12 with SM3). Products: page (gateway on a
// big screen), h5 (the same for phones), native (the buyer scans a code), barcode (the seller scans one), app (a tn for the merchant's own app), jsapi (the page
// that CloudPay and bank apps open inside themselves).
//
// Quirks that shape the code:
//   - An order is named by merId, orderId and txnTime together; txnTime is the attempt's own creation, so that a query can name it after any crash.
//   - page and h5 orders begin in the buyer's own browser, as a form: Start signs it and calls nobody, and until the buyer gets there the order does not exist.
//   - Synchronous answers are raw k=v pairs, not URL-encoded; notifications are ordinary forms.
//   - respCode says whether the question was understood; origRespCode says what became of the order. 00 and A6 are paid; 03, 04 and 05 mean that nobody knows yet,
//     whichever of the two says it.
//   - Before payTimeout every other word about an order that a buyer may still pay is on the way; after it, it is final.
//   - An accepted refund (00) has not moved money: its own query says when it has.
//   - A refund of the whole order within its clearing day is sent as an undo (31), any other as a refund (04); either has a number of its own.
//   - There is no close: an order ends when payTimeout does. A scanned code is reversed instead, within its clearing day.
//   - The answer to a scanned code is 00 when it was taken in: whether the buyer has paid, a query or a notification says.
//   - The certificate that signed stands in each message. Its chain is checked link by link against the merchant's own root and middle certificates, because the
//     real chain is signed with SHA-1, which crypto/x509 refuses.
package unionpay

import (
	"postern/provider"
	"postern/provider/unionpay/wire"
)

// Code is this provider's code in channels, plans and settings.
const Code = "unionpay"

// Products of this connector.
const (
	Page    = "page"
	H5      = "h5"
	Native  = "native"
	Barcode = "barcode"
	App     = "app"
	JSAPI   = "jsapi"
)

// Settings and key fields of a credential set.
const (
	SettingMerID    = "mer_id"
	SettingGateway  = "gateway_url"
	SettingFiles    = "file_url"
	SettingMethod   = "sign_method"
	SettingTerminal = "term_id"
	SettingUndo     = "same_day_undo"
	KeyMerchant     = "merchant_private_key"
	KeyCertificate  = "merchant_certificate"
	KeyMiddle       = "middle_certificate"
	KeyRoot         = "root_certificate"
	KeyShared       = "secure_key"
)

// The two values of SettingUndo.
const (
	undoWhole = "yes"
	undoNever = "no"
)

// The documented addresses.
const (
	productionGateway = "https://gateway.95516.com"
	productionFiles   = "https://filedownload.95516.com"
)

// Connector speaks to UnionPay. It has no state and is safe for concurrent use.
type Connector struct{}

// New returns the connector.
func New() Connector { return Connector{} }

var (
	_ provider.Connector        = Connector{}
	_ provider.Reverser         = Connector{}
	_ provider.Refunder         = Connector{}
	_ provider.RefundQuerier    = Connector{}
	_ provider.Notifiable       = Connector{}
	_ provider.Checker          = Connector{}
	_ provider.StatementFetcher = Connector{}
)

// currency is the only one that is collected here.
const currency = "CNY"

var currencies = []string{currency}

// Describe returns the static facts of UnionPay.
func (Connector) Describe() provider.Description { return description }

var description = provider.Description{
	Code: Code, NameZH: "银联", NameEN: "UnionPay", Colour: "#0a6a74",
	// Three slanted cards, drawn by us.
	Glyph: "M6 4h5L8 20H3zM12 4h4l-3 16H9zM17 4h4l-3 16h-4z",
	Evidence: "Strings, digests and signatures: published vectors of public PHP clients, among them a real answer of UnionPay's test gateway. Fields, codes and the bill's layout: UnionPay's own " +
		"demos as found in public repositories. SM2 certificates are attested nowhere and not claimed. Not yet attested: a production account.",
	Gaps: map[string]string{
		"close":          "ACP has none: an order ends when its payTimeout does",
		"payer sign-in":  "how a userAuth code becomes a user id is attested at acquirers only, and orders do without",
		"trust refresh":  "the certificate that signed comes in each message; those above it are the merchant's configuration",
		"permissions":    "no public source has a call that asks for an account's limits",
		"profit sharing": "accSplitData is attested as a name; what stands in it is not",
	},
	Products: []provider.ProductInfo{
		{Code: H5, Action: "form", BrowserStart: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: Page, Action: "form", BrowserStart: true, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: Native, Action: "qr", MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{
			Code: Barcode, NeedsAuthCode: true, ChargesAtOnce: true, AcceptsFirst: true, Life: scanLife, MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies,
		},
		{Code: JSAPI, Action: "redirect", MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
		{Code: App, Action: "app", MinAmount: wire.MinAmount, MaxAmount: wire.MaxAmount, Currencies: currencies},
	},
	Settings: []provider.Field{
		{Name: SettingMerID, LabelZH: "商户号 merId", LabelEN: "Merchant number", Required: true, Help: "15 letters and digits", ReadyField: "mer_id"},
		{Name: SettingGateway, LabelZH: "网关地址", LabelEN: "Gateway", Default: productionGateway, Help: "change it for a test environment only", ReadyField: "gateway_url"},
		{Name: SettingFiles, LabelZH: "文件下载地址", LabelEN: "File download", Default: productionFiles, Help: "bills come from there; change it for a test environment only"},
		{Name: SettingMethod, LabelZH: "签名方法 signMethod", LabelEN: "Sign method", Default: wire.MethodRSA, Help: "01 certificates, 11 shared key with SHA-256, 12 shared key with SM3"},
		{Name: SettingTerminal, LabelZH: "终端号 termId", LabelEN: "Terminal number", Default: "00000001", Help: "8 characters, for codes that the seller scans; a shop may have its own", PerChannel: true},
		{Name: SettingUndo, LabelZH: "当日全额退款走消费撤销", LabelEN: "Undo whole refunds of the day", Default: undoWhole, Help: "yes, or no where UnionPay has not opened the undo (31) for the account: then all are sent as refunds (04)"},
	},
	Keys: []provider.KeyField{
		{Name: KeyMerchant, Kind: provider.KeyRSAPrivate, LabelZH: "商户私钥", LabelEN: "Merchant private key"},
		{Name: KeyCertificate, Kind: provider.KeyCertificate, LabelZH: "商户证书", LabelEN: "Merchant certificate"},
		{Name: KeyMiddle, Kind: provider.KeyAuthority, LabelZH: "银联中级证书", LabelEN: "UnionPay's middle certificate"},
		{Name: KeyRoot, Kind: provider.KeyAuthority, LabelZH: "银联根证书", LabelEN: "UnionPay's root certificate"},
		{Name: KeyShared, Kind: provider.KeySecret, LabelZH: "密钥 secureKey", LabelEN: "Shared key, for sign methods 11 and 12"},
	},
	Wallets: []string{"unionpay-cloudpay", "unionpay-other"},
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
