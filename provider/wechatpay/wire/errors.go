package wire

import (
	"encoding/json"
	"net/http"
	"strings"
)

// ErrorBody is the envelope of every answer outside 2xx. It is not signed.
type ErrorBody struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Detail  json.RawMessage `json:"detail,omitempty"`
}

// ErrorDetail is the usual form of ErrorBody.Detail; Field is a JSON pointer into the request.
type ErrorDetail struct {
	Field    string `json:"field,omitempty"`
	Value    any    `json:"value,omitempty"`
	Issue    string `json:"issue,omitempty"`
	Location string `json:"location,omitempty"`
}

// ParseError reads an error envelope. ok is false when the body is none, as with the HTML page of a gateway in between; the body is then empty.
func ParseError(raw []byte) (body ErrorBody, ok bool) {
	if Decode(raw, &body) != nil || body.Code == "" {
		return ErrorBody{}, false
	}
	return body, true
}

// reentry is in the message of an INVALID_REQUEST that says: this number has an order already, with other parameters. Then the first order may be live.
const reentry = "重入"

// Proof is the code, in its newer spelling, of an answer that proves something. 5xx proves nothing whatever its code says, because WeChat documents SYSTEM_ERROR after effects;
// nor does a body that is not WeChat's.
func (b ErrorBody) Proof(status int) string {
	code := NewSpelling(b.Code)
	if status >= http.StatusInternalServerError || status < http.StatusOK || code == CodeInvalidRequest && strings.Contains(b.Message, reentry) {
		return ""
	}
	return code
}

// Error codes in their newer spelling. Codes that an older page spells without underscores (ORDERNOTEXIST, NOAUTH, ...) go through NewSpelling.
const (
	CodeUserPaying         = "USERPAYING"
	CodeParamError         = "PARAM_ERROR"
	CodeInvalidRequest     = "INVALID_REQUEST"
	CodeOrderClosed        = "ORDER_CLOSED"
	CodeOrderPaid          = "ORDERPAID"
	CodeOrderReversed      = "ORDER_REVERSED"
	CodeAppIDMchIDNotMatch = "APPID_MCHID_NOT_MATCH"
	CodeAuthCodeInvalid    = "AUTH_CODE_INVALID"
	CodeMchNotExists       = "MCH_NOT_EXISTS"
	CodeNoStatementExist   = "NO_STATEMENT_EXIST"
	CodeStatementCreating  = "STATEMENT_CREATING"
	CodeSignError          = "SIGN_ERROR"
	CodeNoAuth             = "NO_AUTH"
	CodeNotEnough          = "NOT_ENOUGH"
	CodeOutTradeNoUsed     = "OUT_TRADE_NO_USED"
	CodeTradeError         = "TRADE_ERROR"
	CodeRuleLimit          = "RULE_LIMIT"
	CodeAccountError       = "ACCOUNT_ERROR"
	CodeAuthCodeExpire     = "AUTH_CODE_EXPIRE"
	CodeUserAbnormal       = "USER_ACCOUNT_ABNORMAL"
	CodeRequestBlocked     = "REQUEST_BLOCKED"
	CodeOrderNotExist      = "ORDER_NOT_EXIST"
	CodeResourceNotExists  = "RESOURCE_NOT_EXISTS"
	CodeUserNotExists      = "USER_NOT_EXISTS"
	CodeRefundNotExists    = "REFUND_NOT_EXISTS"
	CodeNotFound           = "NOT_FOUND"
	CodeFrequencyLimited   = "FREQUENCY_LIMITED"
	CodeRateLimitExceeded  = "RATELIMIT_EXCEEDED"
	CodeFrequencyLimit     = "FREQUENCY_LIMIT_EXCEED"
	CodeSystemError        = "SYSTEM_ERROR"
	CodeBankError          = "BANK_ERROR"
	CodeOpenIDMismatch     = "OPENID_MISMATCH"
	CodeInvalidTransaction = "INVALID_TRANSACTIONID"
	CodeNeedRetry          = "BIZ_ERR_NEED_RETRY"
	CodeServiceUnavailable = "SERVICE_UNAVAILABLE"

	// Codes of API v2 that v3 does not have.
	CodeAuthCodeError   = "AUTH_CODE_ERROR"
	CodeBuyerMismatch   = "BUYER_MISMATCH"
	CodeCardUnsupported = "NOTSUPORTCARD" // sic
	CodeAppIDNotExist   = "APPID_NOT_EXIST"
	CodeLackParams      = "LACK_PARAMS"
	CodeXMLFormat       = "XML_FORMAT_ERROR"
	CodeNotPost         = "REQUIRE_POST_METHOD"
	CodePostEmpty       = "POST_DATA_EMPTY"
	CodeNotUTF8         = "NOT_UTF8"
	CodeTradeOverdue    = "TRADE_OVERDUE"
	CodeReverseExpire   = "REVERSE_EXPIRE"
	CodeTooMany         = "INVALID_REQ_TOO_MUCH"
	CodeError           = "ERROR"
	CodeRecall          = "RECALL" // ours, for v2's recall=Y: the same reversal once more
)

// oldSpellings are the same codes as older pages of the documentation write them.
var oldSpellings = map[string]string{
	"ORDERCLOSED":     CodeOrderClosed,
	"ORDER_PAID":      CodeOrderPaid,
	"ORDERREVERSED":   CodeOrderReversed,
	"NOAUTH":          CodeNoAuth,
	"NOTENOUGH":       CodeNotEnough,
	"RULELIMIT":       CodeRuleLimit,
	"ACCOUNTERROR":    CodeAccountError,
	"ORDERNOTEXIST":   CodeOrderNotExist,
	"SYSTEMERROR":     CodeSystemError,
	"BANKERROR":       CodeBankError,
	"SIGNERROR":       CodeSignError,
	"MCHID_NOT_EXIST": CodeMchNotExists,
	"AUTHCODEEXPIRE":  CodeAuthCodeExpire,
	"REFUNDNOTEXIST":  CodeRefundNotExists,
}

// NewSpelling returns the newer spelling of an error code; codes without another spelling come back as they are.
func NewSpelling(code string) string {
	if s, ok := oldSpellings[code]; ok {
		return s
	}
	return code
}
