package provider

import (
	"slices"
	"time"

	"postern"
)

// Description is what other rooms know of a provider: names, colours and fields are taken from here and never written elsewhere.
type Description struct {
	Code   string
	NameZH string
	NameEN string
	// Colour is the wallet's colour as #rrggbb; Glyph is a simple inline SVG path of our own drawing on a 24 by 24 grid.
	Colour string
	Glyph  string
	// Evidence says for docs what is attested and what is not.
	Evidence string
	// Gaps says, by the conformance suite's name of a scenario, why the provider does not have it; for one kind of account only, with its title and a colon before ("v2: close").
	Gaps     map[string]string
	Products []ProductInfo
	Settings []Field
	Keys     []KeyField
	// Historic says that the provider's service is of the past: new live channels over it are refused unless forced.
	Historic bool
	// Wallets are the containers that are this provider's own wallet app, where it is the natural first choice.
	Wallets []string
	// Rates are the provider's documented limits on calls.
	Rates []Rate
}

// Rate is a documented limit on the calls of one account: so many in a second, for one operation (by the names of Exchange.Op: start, query, close, refund, ...) or,
// with an empty Op, for all together.
type Rate struct {
	Op        string
	PerSecond int
	Source    string
}

// ProductInfo describes one product.
type ProductInfo struct {
	Code string
	// Action is what Start answers with.
	Action string
	// NeedsPayer says that ordering wants the payer's id (OAuth first); NeedsAuthCode, the scanned barcode.
	NeedsPayer    bool
	NeedsAuthCode bool
	// ChargesAtOnce says that the start may take money without showing the buyer anything.
	ChargesAtOnce bool
	// AcceptsFirst says that of a product that charges at once the start only says that the order was taken in: that it was paid comes by a query or a notification,
	// even where the buyer is asked nothing.
	AcceptsFirst bool
	// Silent says that the provider does not notify of this product's payments: only its answers and queries tell.
	Silent bool
	// Life bounds how long an order waits for the buyer, zero for the common bound; what charges at once is then reversed.
	Life time.Duration
	// BrowserStart says that the start happens in the buyer's own browser (redirect or form).
	BrowserStart bool
	MinAmount    int64
	MaxAmount    int64
	Currencies   []string
	// Bridge is the script that opens the wallet with the action's params inside its own app; it calls done("ok"|"cancel"|"fail"). BridgeReady is the event
	// that announces the bridge object named BridgeObject.
	Bridge *Bridge
}

// OnPages says that a page can start the product for the buyer who looks at it. What wants a scanned code, the merchant's own app or its mini program is started by the merchant's server.
func (p ProductInfo) OnPages() bool {
	return !p.NeedsAuthCode && p.Action != string(postern.ActionApp) && p.Action != string(postern.ActionMini)
}

// Bridge describes a wallet's JavaScript bridge as data for the checkout page.
type Bridge struct {
	Object     string
	ReadyEvent string
	// Call is JavaScript with two free names: params (the action's params) and done (a function of "ok", "cancel" or "fail").
	Call string
	// SimulatedPage is, for the sandbox, the path below the sandbox's address that shows the simulated wallet; {param} is replaced by that action param.
	SimulatedPage string
}

// Field is one public setting of a credential set.
type Field struct {
	Name     string
	LabelZH  string
	LabelEN  string
	Required bool
	Default  string
	Help     string
	// PerChannel says that a channel may have its own value, beside or in the place of the account's: a merchant's own number or app under a partner's account.
	PerChannel bool
	// ReadyField is the name of the field in the ready file's sandboxes section, when it has one.
	ReadyField string
	// TestOnly says that an issued account may have it where its merchant is no live one.
	TestOnly bool
}

// KeyField is one key or secret of a generation.
type KeyField struct {
	Name     string
	Kind     KeyKind
	LabelZH  string
	LabelEN  string
	Required bool
	// IDField names the setting or key field whose text is the key's id (a serial number), if any.
	IDField string
	// PerChannel says that the field belongs to a channel and not to the account: what a merchant authorised a partner with.
	PerChannel bool
	// Instead names the fields that, all together, may stand in the place of a required one.
	Instead []string
	// Own marks the certificate of the account's own signing key: its end is the generation's end.
	Own bool
}

// Replaced says that every field that may stand in the place of this one is given.
func (f KeyField) Replaced(given map[string][]byte) bool {
	for _, name := range f.Instead {
		if len(given[name]) == 0 {
			return false
		}
	}
	return len(f.Instead) > 0
}

// Product returns the description of a product.
func (d Description) Product(code string) (ProductInfo, bool) {
	i := slices.IndexFunc(d.Products, func(p ProductInfo) bool { return p.Code == code })
	if i < 0 {
		return ProductInfo{}, false
	}
	return d.Products[i], true
}

// Registry finds connectors by provider code.
type Registry map[string]Connector

// NewRegistry makes a registry of connectors by their own codes.
func NewRegistry(connectors ...Connector) Registry {
	r := Registry{}
	for _, c := range connectors {
		r[c.Describe().Code] = c
	}
	return r
}

// Codes lists the provider codes in order.
func (r Registry) Codes() []string {
	codes := make([]string, 0, len(r))
	for code := range r {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}
