package wire

import "net/url"

// Paths of API v3, without host. The values in braces are replaced by the functions below.
const (
	PathNative       = "/v3/pay/transactions/native"
	PathH5           = "/v3/pay/transactions/h5"
	PathJSAPI        = "/v3/pay/transactions/jsapi"
	PathRefunds      = "/v3/refund/domestic/refunds"
	PathCertificates = "/v3/certificates"
	PathAuthorize    = "/connect/oauth2/authorize"
	PathAccessToken  = "/sns/oauth2/access_token"
)

// QueryByOrderNo is the request target that asks for an order by the merchant's number.
func QueryByOrderNo(outTradeNo, mchID string) string {
	return "/v3/pay/transactions/out-trade-no/" + url.PathEscape(outTradeNo) + "?mchid=" + url.QueryEscape(mchID)
}

// QueryByTransactionID is the request target that asks for a paid order by WeChat's number.
func QueryByTransactionID(id, mchID string) string {
	return "/v3/pay/transactions/id/" + url.PathEscape(id) + "?mchid=" + url.QueryEscape(mchID)
}

// ClosePath is the request target that closes an order.
func ClosePath(outTradeNo string) string {
	return "/v3/pay/transactions/out-trade-no/" + url.PathEscape(outTradeNo) + "/close"
}

// RefundPath is the request target that asks for a refund by the merchant's refund number.
func RefundPath(outRefundNo string) string { return PathRefunds + "/" + url.PathEscape(outRefundNo) }

// Order is the body of POST /v3/pay/transactions/{native,h5,jsapi}.
type Order struct {
	AppID       string   `json:"appid"`
	MchID       string   `json:"mchid"`
	Description string   `json:"description"`
	OutTradeNo  string   `json:"out_trade_no"`
	TimeExpire  string   `json:"time_expire,omitempty"`
	Attach      string   `json:"attach,omitempty"`
	NotifyURL   string   `json:"notify_url"`
	GoodsTag    string   `json:"goods_tag,omitempty"`
	Amount      Amount   `json:"amount"`
	Payer       *Payer   `json:"payer,omitempty"`      // jsapi only
	SceneInfo   *Scene   `json:"scene_info,omitempty"` // required by h5
	SettleInfo  *Settle  `json:"settle_info,omitempty"`
	LimitPay    []string `json:"limit_pay,omitempty"`
}

// Amount is an order's amount in fen; Currency is empty or CNY.
type Amount struct {
	Total    int64  `json:"total"`
	Currency string `json:"currency,omitempty"`
}

// Payer names the buyer; openid belongs to one appid.
type Payer struct {
	OpenID string `json:"openid"`
}

// Scene is the payer's surroundings.
type Scene struct {
	PayerClientIP string  `json:"payer_client_ip"`
	DeviceID      string  `json:"device_id,omitempty"`
	H5Info        *H5Info `json:"h5_info,omitempty"`
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

// OrderResult is the answer to an order: exactly one field is set. PrepayID (jsapi) and CodeURL (native) live two hours, H5URL five minutes.
type OrderResult struct {
	PrepayID string `json:"prepay_id,omitempty"`
	CodeURL  string `json:"code_url,omitempty"`
	H5URL    string `json:"h5_url,omitempty"`
}

// CloseRequest is the body of a close; its answer is 204 without body.
type CloseRequest struct {
	MchID string `json:"mchid"`
}

// Transaction is what a query and a payment notification say about an order. TransactionID, BankType and SuccessTime are absent or empty while it is unpaid.
type Transaction struct {
	AppID           string             `json:"appid,omitempty"`
	MchID           string             `json:"mchid"`
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
)
