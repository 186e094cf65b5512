// Package wire is the message format of 99Bill's RMB gateway v2.0: fields in their fixed order, signatures, the reply to a notification, and the queries and
// refunds in JSON, SOAP and XML. It knows no payments of ours.
//
// The protocol is dated. Sources: 99Bill's own samples as found in public repositories, and public clients in PHP, Ruby, Java, C# and Python that agree with
// them. What only one of them shows is marked so beside it.
package wire

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ErrMalformed is wrapped by every error about bytes that are no message.
var ErrMalformed = errors.New("bill99: malformed message")

// Paths below the gateway's address.
const (
	PathPay         = "/gateway/recvMerchantInfoAction.htm"
	PathMobile      = "/mobilegateway/recvMerchantInfoAction.htm"
	PathQuery       = "/gatewayapi/gatewayOrderQuery.do" // JSON, one source
	PathQuerySOAP   = "/apipay/services/gatewayOrderQuery"
	PathRefund      = "/webapp/receiveDrawbackAction.do"
	PathRefundQuery = "/gatewayapi/gatewayRefundQuery.do" // JSON, one source
)

// Constants of messages.
const (
	Version       = "v2.0"
	VersionMobile = "mobile1.0"
	VersionRefund = "bill_drawback_api_1"
	CharsetUTF8   = "1"
	LanguageZH    = "1"
	SignMD5       = "1"
	SignPKI       = "4"
	PayTypeAll    = "00"
	MobileGateway = "phone"
	RedoUntilPaid = "0" // the buyer may try again until the order is paid
	QueryByOrder  = "0"
	QuerySimple   = "1"
	CommandRefund = "001"
)

// Results of a payment.
const (
	PayResultPaid   = "10"
	PayResultFailed = "11"
)

// RefundStatusDone is the one attested status of a refund.
const RefundStatusDone = "1"

// Results of a refund's submission.
const (
	RefundTaken   = "Y"
	RefundRefused = "N"
)

// The order of fields is the order of signing. Absent and empty fields are skipped, so that one list serves every age of the protocol.
var (
	// PayOrder is that of the form which the buyer's browser brings.
	PayOrder = []string{
		"inputCharset", "pageUrl", "bgUrl", "version", "language", "signType", "merchantAcctId", "payerName", "payerContactType", "payerContact", "payerIdType", "payerId",
		"payerIP", "orderId", "orderAmount", "orderTime", "orderTimestamp", "productName", "productNum", "productId", "productDesc", "ext1", "ext2", "payType", "bankId",
		"period", "cardIssuer", "cardNum", "remitType", "remitCode", "redoFlag", "pid", "mobileGateway", "submitType", "orderTimeOut", "extDataType", "extDataContent",
	}
	// NotifyOrder is that of a notification.
	NotifyOrder = []string{
		"merchantAcctId", "version", "language", "signType", "payType", "bankId", "orderId", "orderTime", "orderAmount", "bindCard", "bindMobile", "dealId", "bankDealId",
		"dealTime", "payAmount", "fee", "ext1", "ext2", "payResult", "aggregatePay", "errCode",
	}
	// QueryOrder is that of a question for orders, AnswerOrder of its answer, DetailOrder of one order in it.
	QueryOrder  = []string{"inputCharset", "version", "signType", "merchantAcctId", "queryType", "queryMode", "startTime", "endTime", "requestPage", "orderId"}
	AnswerOrder = []string{"version", "signType", "merchantAcctId", "errCode", "currentPage", "pageCount", "pageSize", "recordCount"}
	DetailOrder = []string{"orderId", "orderAmount", "orderTime", "dealTime", "payResult", "payType", "payAmount", "fee", "dealId"}
	// RefundQueryOrder is that of a question for refunds, RefundAnswerOrder of its answer. Rows of that answer carry a signInfo whose order is attested nowhere.
	RefundQueryOrder = []string{
		"version", "signType", "merchantAcctId", "startDate", "endDate", "lastUpdateStartDate", "lastUpdateEndDate", "customerBatchId", "orderId", "requestPage", "rOrderId",
		"seqId", "extra_output_column", "status",
	}
	RefundAnswerOrder = []string{"version", "signType", "merchantAcctId", "recordCount", "pageCount", "currentPage", "pageSize", "errCode"}
	// RefundOrder is that of a refund, whose mac is made without separators.
	RefundOrder = []string{"merchant_id", "version", "command_type", "orderid", "amount", "postdate", "txOrder"}
)

// Beijing is the time zone of every time on this wire. No document found says so; every sample agrees with it.
var Beijing = time.FixedZone("+08:00", 8*60*60)

const (
	timeLayout = "20060102150405"
	dateLayout = "20060102"
)

// FormatTime writes yyyyMMddHHmmss.
func FormatTime(t time.Time) string { return t.In(Beijing).Format(timeLayout) }

// FormatDate writes yyyyMMdd.
func FormatDate(t time.Time) string { return t.In(Beijing).Format(dateLayout) }

// ParseTime reads yyyyMMddHHmmss.
func ParseTime(s string) (time.Time, error) { return parseTime(timeLayout, s) }

// ParseDate reads yyyyMMdd.
func ParseDate(s string) (time.Time, error) { return parseTime(dateLayout, s) }

func parseTime(layout, s string) (time.Time, error) {
	t, err := time.ParseInLocation(layout, s, Beijing)
	if err != nil || len(s) != len(layout) {
		return time.Time{}, fmt.Errorf("%w: time %.20q: write %s", ErrMalformed, s, layout)
	}
	return t, nil
}

// Fields are a message's fields, raw.
type Fields map[string]string

// Bounds of a message. The longest documented form has fewer than forty fields.
const (
	maxFields = 64
	// MaxMessage bounds the bytes of a message that is read.
	MaxMessage = 64 << 10
)

// ParseQuery reads a form or a notification's query. A field that stands twice is refused.
func ParseQuery(text string) (Fields, error) {
	f := Fields{}
	if len(text) > MaxMessage {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxMessage)
	}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		k, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err := errors.Join(err1, err2); err != nil || !found {
			return nil, fmt.Errorf("%w: %.40q is not a field and its value", ErrMalformed, pair)
		}
		if err := f.add(k, v); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f Fields) add(name, value string) error {
	if name == "" || len(f) >= maxFields {
		return fmt.Errorf("%w: a field without a name, or more than %d fields", ErrMalformed, maxFields)
	}
	if _, twice := f[name]; twice {
		return fmt.Errorf("%w: field %.40q stands twice", ErrMalformed, name)
	}
	f[name] = value
	return nil
}

// Encode writes the fields as a form or a query: those of the order first and in it, then the rest by name. Empty values are left out.
func (f Fields) Encode(order []string) string {
	var b strings.Builder
	for i, name := range f.names(order) {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(f[name]))
	}
	return b.String()
}

// Reply is the answer to a notification: result 1 says that it was taken, and 99Bill sends the buyer's browser to the address; without one it brings the browser
// to the order's pageUrl.
func Reply(taken bool, redirect string) string {
	result := "0"
	if taken {
		result = "1"
	}
	return "<result>" + result + "</result><redirecturl>" + redirect + "</redirecturl>"
}

// ParseReply reads an answer to a notification.
func ParseReply(body string) (taken bool, redirect string) {
	result, rest, found := strings.Cut(body, "</result>")
	if !found || !strings.HasPrefix(result, "<result>") {
		return false, ""
	}
	redirect, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(rest), "<redirecturl>"), "</redirecturl>")
	return result == "<result>1", redirect
}
