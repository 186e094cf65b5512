package wire

import (
	"cmp"
	"net/url"
)

// Parties says whose order it is: a direct merchant's (appid and mchid), or a sub-merchant's under a service provider (sp_ and sub_ fields). Requests, answers and
// notifications carry them alike.
type Parties struct {
	AppID    string `json:"appid,omitempty"`
	MchID    string `json:"mchid,omitempty"`
	SpAppID  string `json:"sp_appid,omitempty"`
	SpMchID  string `json:"sp_mchid,omitempty"`
	SubAppID string `json:"sub_appid,omitempty"`
	SubMchID string `json:"sub_mchid,omitempty"`
}

// Partner reports whether a service provider acts for a sub-merchant.
func (p Parties) Partner() bool { return p.SpMchID != "" || p.SubMchID != "" }

// Merchant is the number of the merchant whose order it is.
func (p Parties) Merchant() string {
	if p.Partner() {
		return p.SubMchID
	}
	return p.MchID
}

// Numbers are the parties without appids, as queries and closes name them.
func (p Parties) Numbers() Parties {
	return Parties{MchID: p.MchID, SpMchID: p.SpMchID, SubMchID: p.SubMchID}
}

// Bases of the order addresses.
const (
	baseDirect  = "/v3/pay/transactions"
	basePartner = "/v3/pay/partner/transactions"
)

// OrdersBase begins the addresses of orders.
func OrdersBase(partner bool) string {
	if partner {
		return basePartner
	}
	return baseDirect
}

func (p Parties) base() string { return OrdersBase(p.Partner()) }

func (p Parties) query() string {
	if p.Partner() {
		return "?sp_mchid=" + url.QueryEscape(p.SpMchID) + "&sub_mchid=" + url.QueryEscape(p.SubMchID)
	}
	return "?mchid=" + url.QueryEscape(p.MchID)
}

// OrderPath is where orders of a kind (native, h5, jsapi, app, codepay) are placed.
func (p Parties) OrderPath(kind string) string { return p.base() + "/" + kind }

// QueryByOrderNo is the request target that asks for an order by the merchant's number.
func (p Parties) QueryByOrderNo(outTradeNo string) string {
	return p.base() + "/out-trade-no/" + url.PathEscape(outTradeNo) + p.query()
}

// QueryByTransactionID is the request target that asks for a paid order by WeChat's number.
func (p Parties) QueryByTransactionID(id string) string {
	return p.base() + "/id/" + url.PathEscape(id) + p.query()
}

// ClosePath is the request target that closes an order.
func (p Parties) ClosePath(outTradeNo string) string {
	return p.base() + "/out-trade-no/" + url.PathEscape(outTradeNo) + "/close"
}

// ReversePath is the request target that reverses an order of a payment code. Its body names the appids too: a partner's without sp_appid was seen to fail with SYSTEM_ERROR.
func (p Parties) ReversePath(outTradeNo string) string {
	return p.base() + "/out-trade-no/" + url.PathEscape(outTradeNo) + "/reverse"
}

// SameAs reports whether an answer is about these parties: the numbers must be equal, and so must the appids that the answer names. Orders that nobody paid are answered
// without appids.
func (p Parties) SameAs(got Parties) bool {
	named := func(want, got string) bool { return got == "" || got == want }
	return got.Numbers() == p.Numbers() && named(p.AppID, got.AppID) && named(p.SpAppID, got.SpAppID) && named(p.SubAppID, got.SubAppID)
}

// WalletAppID is the appid that opens the wallet: the sub-merchant's where the order names one.
func (p Parties) WalletAppID() string { return cmp.Or(p.AppID, p.SubAppID, p.SpAppID) }

// PayerAppID is the appid under which a payer's openid stands.
func (p Parties) PayerAppID(payer *Payer) string {
	switch {
	case payer == nil:
		return ""
	case payer.SubOpenID != "":
		return p.SubAppID
	case payer.SpOpenID != "":
		return p.SpAppID
	}
	return p.AppID
}
