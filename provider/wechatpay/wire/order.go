package wire

import (
	"cmp"
	"net/url"
)

// Kinds of orders: the last part of their address. See Parties for the addresses themselves.
const (
	KindNative  = "native"
	KindH5      = "h5"
	KindJSAPI   = "jsapi"
	KindApp     = "app"
	KindCodePay = "codepay" // a payment code that the seller scans, in API v3 since 2024
)

// Paths of API v3, without host.
const (
	PathRefunds      = "/v3/refund/domestic/refunds"
	PathCertificates = "/v3/certificates"
	PathH5Page       = "/cgi-bin/mmpayweb-bin/checkmweb" // of wx.tenpay.com: the buyer's browser opens it
	PathAuthorize    = "/connect/oauth2/authorize"
	PathAccessToken  = "/sns/oauth2/access_token"
)

// RefundPath is the request target that asks for a refund by the merchant's refund number; a partner names the sub-merchant.
func RefundPath(outRefundNo, subMchID string) string {
	path := PathRefunds + "/" + url.PathEscape(outRefundNo)
	if subMchID != "" {
		path += "?sub_mchid=" + url.QueryEscape(subMchID)
	}
	return path
}

// Order is the body of an order of any kind. A code-pay order has no time_expire and no notify_url: nothing but its answer and queries tell of it.
type Order struct {
	Parties
	Description string   `json:"description"`
	OutTradeNo  string   `json:"out_trade_no"`
	TimeExpire  string   `json:"time_expire,omitempty"`
	Attach      string   `json:"attach,omitempty"`
	NotifyURL   string   `json:"notify_url,omitempty"`
	GoodsTag    string   `json:"goods_tag,omitempty"`
	Amount      Amount   `json:"amount"`
	Payer       *Payer   `json:"payer,omitempty"`      // jsapi and codepay
	SceneInfo   *Scene   `json:"scene_info,omitempty"` // required by h5 and codepay
	SettleInfo  *Settle  `json:"settle_info,omitempty"`
	LimitPay    []string `json:"limit_pay,omitempty"`
}

// Amount is an order's amount in fen; Currency is empty or CNY.
type Amount struct {
	Total    int64  `json:"total"`
	Currency string `json:"currency,omitempty"`
}

// Payer names the buyer by an openid, which belongs to one appid (a partner's sp_appid or sub_appid), or by the payment code that they show.
type Payer struct {
	OpenID    string `json:"openid,omitempty"`
	SpOpenID  string `json:"sp_openid,omitempty"`
	SubOpenID string `json:"sub_openid,omitempty"`
	AuthCode  string `json:"auth_code,omitempty"`
}

// ID is the openid that the payer is known by, the sub-merchant's own first.
func (p *Payer) ID() string {
	if p == nil {
		return ""
	}
	return cmp.Or(p.OpenID, p.SubOpenID, p.SpOpenID)
}

// Scene is the surroundings of the payer, or of the till.
type Scene struct {
	PayerClientIP string  `json:"payer_client_ip,omitempty"`
	DeviceID      string  `json:"device_id,omitempty"`
	DeviceIP      string  `json:"device_ip,omitempty"`
	H5Info        *H5Info `json:"h5_info,omitempty"`
	StoreInfo     *Store  `json:"store_info,omitempty"`
}

// Store names the shop of a till, by WeChat's number for it or by the merchant's own.
type Store struct {
	ID    string `json:"id,omitempty"`
	OutID string `json:"out_id,omitempty"`
}

// H5Info says what kind of page asks for an h5 payment. Type is iOS, Android or Wap.
type H5Info struct {
	Type    string `json:"type"`
	AppName string `json:"app_name,omitempty"`
	AppURL  string `json:"app_url,omitempty"`
}

// Settle holds settlement switches of an order.
type Settle struct {
	ProfitSharing bool `json:"profit_sharing"`
}

// OrderResult is the answer to an order: exactly one field is set. PrepayID (jsapi, app) and CodeURL (native) live two hours, H5URL five minutes.
type OrderResult struct {
	PrepayID string `json:"prepay_id,omitempty"`
	CodeURL  string `json:"code_url,omitempty"`
	H5URL    string `json:"h5_url,omitempty"`
}

// ReverseAnswer is what a reversal answers; the body of the request is the Parties. It says only that the reversal was accepted.
type ReverseAnswer struct {
	Parties
	OutTradeNo string `json:"out_trade_no"`
}

// Transaction is what a query and a payment notification say about an order. TransactionID, BankType and SuccessTime are absent or empty while it is unpaid.
type Transaction struct {
	Parties
	OutTradeNo      string             `json:"out_trade_no"`
	TransactionID   string             `json:"transaction_id,omitempty"`
	TradeType       string             `json:"trade_type,omitempty"`
	TradeState      string             `json:"trade_state"`
	TradeStateDesc  string             `json:"trade_state_desc"`
	BankType        string             `json:"bank_type,omitempty"`
	Attach          string             `json:"attach,omitempty"`
	SuccessTime     string             `json:"success_time,omitempty"`
	Payer           *Payer             `json:"payer,omitempty"`
	Amount          *TransactionAmount `json:"amount,omitempty"`
	SceneInfo       *Scene             `json:"scene_info,omitempty"` // the till's device_id, where the order named one
	PromotionDetail []Promotion        `json:"promotion_detail,omitempty"`
}

// TransactionAmount is in fen. Total is what was ordered and is what our books compare; PayerTotal is less when WeChat or the merchant gave a coupon.
type TransactionAmount struct {
	Total         int64  `json:"total"`
	PayerTotal    int64  `json:"payer_total,omitempty"`
	Currency      string `json:"currency,omitempty"`
	PayerCurrency string `json:"payer_currency,omitempty"`
}

// Promotion is one coupon of a paid order, amounts in fen. MerchantContribute is the part the merchant paid for.
type Promotion struct {
	CouponID            string `json:"coupon_id"`
	Name                string `json:"name,omitempty"`
	Scope               string `json:"scope,omitempty"`
	Type                string `json:"type,omitempty"` // CASH or NOCASH
	Amount              int64  `json:"amount"`
	WechatpayContribute int64  `json:"wechatpay_contribute,omitempty"`
	MerchantContribute  int64  `json:"merchant_contribute,omitempty"`
	OtherContribute     int64  `json:"other_contribute,omitempty"`
	Currency            string `json:"currency,omitempty"`
}

// Trade states.
const (
	StateNotPay     = "NOTPAY"
	StateSuccess    = "SUCCESS"
	StateRefund     = "REFUND" // paid, and at least one refund was accepted, whole or partial
	StateClosed     = "CLOSED"
	StateRevoked    = "REVOKED"    // payment code only
	StateUserPaying = "USERPAYING" // payment code only
	StatePayError   = "PAYERROR"   // payment code only
	StateAccept     = "ACCEPT"     // accepted, waiting for the debit
)

// Trade types.
const (
	TypeJSAPI  = "JSAPI"
	TypeNative = "NATIVE"
	TypeH5     = "MWEB"
	TypeApp    = "APP"
	TypeCode   = "MICROPAY"
)
