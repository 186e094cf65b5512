// Package wire speaks Alipay's OpenAPI: gateway v2 in key and certificate mode, and v3. Canonical strings, signatures, certificates, encrypted content, envelopes, forms, bills,
// amounts and times. It knows bytes, not meaning: what a code or status stands for is decided elsewhere, by the connector in its mapping and by the sandbox in its book. Facts come
// from the documented API text and from Alipay's official SDKs; each rule names its source.
package wire

import (
	"errors"
	"fmt"
)

// Bounds on what is read from outside, in bytes.
const (
	MaxForm     = 64 << 10 // a notification or a gateway request
	MaxResponse = 1 << 20  // a gateway answer
	maxParams   = 256      // parameters in one form
	maxDepth    = 32       // nesting of JSON values
)

// Gateway methods of this package.
const (
	MethodAppPay      = "alipay.trade.app.pay"
	MethodPay         = "alipay.trade.pay"
	MethodPrecreate   = "alipay.trade.precreate"
	MethodWapPay      = "alipay.trade.wap.pay"
	MethodPagePay     = "alipay.trade.page.pay"
	MethodCreate      = "alipay.trade.create"
	MethodQuery       = "alipay.trade.query"
	MethodClose       = "alipay.trade.close"
	MethodCancel      = "alipay.trade.cancel"
	MethodRefund      = "alipay.trade.refund"
	MethodRefundQuery = "alipay.trade.fastpay.refund.query"
	MethodReceiver    = "alipay.trade.royalty.relation.bind"
	MethodShare       = "alipay.trade.order.settle"
	MethodShareQuery  = "alipay.trade.order.settle.query"
	MethodBill        = "alipay.data.dataservice.bill.downloadurl.query"
	MethodCertificate = "alipay.open.app.alipaycert.download"
	MethodOAuthToken  = "alipay.system.oauth.token"
)

// Product codes sent in biz_content (documented per method).
const (
	ProductFaceToFace = "FACE_TO_FACE_PAYMENT"
	ProductQROffline  = "QR_CODE_OFFLINE"
	ProductWap        = "QUICK_WAP_WAY"
	ProductPage       = "FAST_INSTANT_TRADE_PAY"
	ProductJSAPI      = "JSAPI_PAY"
	ProductApp        = "QUICK_MSECURITY_PAY"
)

// Trade states (trade_status). CLOSED and FINISHED are terminal; SUCCESS and FINISHED are paid.
const (
	WaitBuyerPay  = "WAIT_BUYER_PAY"
	TradeSuccess  = "TRADE_SUCCESS"
	TradeFinished = "TRADE_FINISHED"
	TradeClosed   = "TRADE_CLOSED"
)

// Gateway codes of a v2 answer. CodeSuccess says that the request was understood, never by itself that money moved.
const (
	CodeSuccess              = "10000"
	CodeWaiting              = "10003" // alipay.trade.pay: the buyer's wallet asks for the password
	CodeUnknown              = "20000"
	CodeTokenPermission      = "20001"
	CodeMissingArgument      = "40001"
	CodeInvalidArgument      = "40002"
	CodeCondition            = "40003"
	CodeBusiness             = "40004"
	CodeLimited              = "40005"
	CodePermission           = "40006"
	RefundSuccess            = "REFUND_SUCCESS" // refund_status of a refund query
	NotifyTypeTrade          = "trade_status_sync"
	Acknowledged             = "success" // exactly these seven bytes acknowledge a notification
	NotAcknowledged          = "fail"
	SceneBarCode             = "bar_code"
	SceneSecurityCode        = "security_code"
	ActionClose              = "close" // action of a cancel
	ActionRefund             = "refund"
	ResultPaid               = "9000" // resultCode of the JSAPI bridge and resultStatus of the app SDK
	ResultCanceled           = "6001"
	SignTypeRSA2             = "RSA2" // SHA256withRSA, PKCS#1 v1.5
	SignTypeRSA              = "RSA"  // SHA1withRSA, PKCS#1 v1.5; old apps only
	GrantAuthorizationCode   = "authorization_code"
	GrantRefreshToken        = "refresh_token"
	ScopeBase                = "auth_base"
	EncryptAES               = "AES"
	BillEmpty                = "EMPTY_DATA_WITH_BILL_FILE" // bill_file_code of a day on which nothing happened
	AuthorizePath            = "/oauth2/publicAppAuthorize.htm"
	GatewayPath              = "/gateway.do"
	MethodPageReturn         = "alipay.trade.page.pay.return"
	MethodWapReturn          = "alipay.trade.wap.pay.return"
	errorResponseKey         = "error_response"
	signKey, signTypeKey     = "sign", "sign_type"
	certSNKey, responseEnd   = "alipay_cert_sn", "_response"
	charsetKey, charsetValue = "charset", "utf-8"
)

// Messages are the literal msg texts that belong to the gateway codes.
var Messages = map[string]string{
	CodeSuccess: "Success", CodeWaiting: " order success pay inprocess", CodeUnknown: "Service Currently Unavailable", CodeTokenPermission: "Insufficient Token Permissions",
	CodeMissingArgument: "Missing Required Arguments", CodeInvalidArgument: "Invalid Arguments", CodeCondition: "Insufficient Conditions",
	CodeBusiness: "Business Failed", CodeLimited: "Call Limited", CodePermission: "Insufficient Permissions",
}

// Errors of parsing and verifying. They are wrapped with what was wrong; match with errors.Is.
var (
	ErrTooLarge  = errors.New("alipay: message too large")
	ErrMalformed = errors.New("alipay: malformed message")
	ErrUnsigned  = errors.New("alipay: message without a signature")
	ErrSignature = errors.New("alipay: signature does not verify")
)

// FieldError says which field of a request breaks a documented limit, before a byte is sent.
type FieldError struct {
	Field string
	Fix   string
}

func (e *FieldError) Error() string { return fmt.Sprintf("alipay: %s: %s", e.Field, e.Fix) }
