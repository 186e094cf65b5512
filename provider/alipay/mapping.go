package alipay

import (
	"strings"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// This file is THE table: every word of Alipay's that means something here, by its documented meaning. What is not in it is pending (a state) or unknown (a
// code).

// currencies lists what a domestic account collects; amounts are yuan on the wire.
var currencies = []string{currency}

const currency = "CNY"

// tradeStates reads trade_status. TRADE_CLOSED covers a timeout, a close, and a full refund.
var tradeStates = map[string]provider.State{
	wire.WaitBuyerPay: provider.Pending, wire.TradeSuccess: provider.Paid, wire.TradeFinished: provider.Paid, wire.TradeClosed: provider.Closed,
}

func stateOf(tradeStatus string) provider.State {
	if s, ok := tradeStates[tradeStatus]; ok {
		return s
	}
	return provider.Pending
}

// product says how a product is ordered.
type product struct {
	method string
	code   string // product_code
}

var products = map[string]product{
	Native: {wire.MethodPrecreate, wire.ProductFaceToFace},
	H5:     {wire.MethodWapPay, wire.ProductWap},
	Page:   {wire.MethodPagePay, wire.ProductPage},
	JSAPI:  {wire.MethodCreate, wire.ProductJSAPI},

	Barcode: {wire.MethodPay, wire.ProductFaceToFace},
}

// refusals gives the class of each documented sub_code, without its prefix (the documents write isv., ACQ., aop., AQC. or nothing before the same word).
// Presence means that the code proves that this call had no effect on money. Codes that prove nothing, such as SYSTEM_ERROR, are not here.
var refusals = classes(map[provider.Class][]string{
	// The gate is shut for this merchant, app or product.
	provider.ClassClosed: {
		"SELLER_BEEN_BLOCKED", "MERCHANT_STATUS_NOT_NORMAL", "ACCESS_FORBIDDEN", "insufficient-isv-permissions", "invalid-app-state", "not-online-app", "forbidden-api",
		"no-product-reg-by-partner",
	},
	// Keys, signatures and identities of ours that Alipay does not accept.
	provider.ClassAuth: {
		"PARTNER_ERROR", "SELLER_NOT_EXIST", "missing-signature", "missing-signature-type", "missing-signature-key", "missing-signature-config", "missing-app-id",
		"invalid-signature", "invalid-signature-type", "invalid-app-id", "invalid-auth-token", "auth-token-time-out", "invalid-app-auth-token",
		"invalid-app-auth-token-no-api", "app-auth-token-time-out", "missing-app-cert-sn", "missing-alipay-root-cert-sn", "app-cert-expired", "unmatched-app-id",
		"insufficient-user-permissions", "decryption-error-unknown",
	},
	provider.ClassRateLimited: {"app-call-limited", "method-call-limited"},
	// The buyer, or what the buyer has.
	provider.ClassDeclined: {
		"BUYER_ENABLE_STATUS_FORBID", "BUYER_SELLER_EQUAL", "TRADE_BUYER_NOT_MATCH", "BUYER_BALANCE_NOT_ENOUGH", "BUYER_BANKCARD_BALANCE_NOT_ENOUGH",
		"ERROR_BALANCE_PAYMENT_DISABLE", "PULL_MOBILE_CASHIER_FAIL", "MOBILE_PAYMENT_SWITCH_OFF", "PAYMENT_AUTH_CODE_INVALID", "NO_PAYMENT_INSTRUMENTS_AVAILABLE",
		"BEYOND_PAY_RESTRICTION", "BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR", "BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR", "PAYMENT_REQUEST_HAS_RISK",
	},
	// What we sent.
	provider.ClassInvalid: {
		"INVALID_PARAMETER", "EXIST_FORBIDDEN_WORD", "TOTAL_FEE_EXCEED", "INVALID_STORE_ID", "BUYER_NOT_EXIST", "NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "missing-method",
		"missing-timestamp", "missing-version", "decryption-error-missing-encrypt-type", "invalid-parameter", "invalid-method", "invalid-format", "invalid-encrypt-type",
		"invalid-encrypt", "invalid-timestamp", "invalid-charset", "illegal-json", "suspected-attack", "code-invalid", "grant-type-invalid", "refresh-token-invalid",
		"refresh-token-time-out",
	},
})

// refundRefusals are the sub_codes by which a refund is refused for good, with their classes.
var refundRefusals = classes(map[provider.Class][]string{
	provider.ClassDeclined: {"SELLER_BALANCE_NOT_ENOUGH", "TRADE_HAS_FINISHED", "TRADE_NOT_ALLOW_REFUND", "TRADE_STATUS_ERROR", "REASON_TRADE_BEEN_FREEZEN"},
	provider.ClassInvalid:  {"REASON_TRADE_REFUND_FEE_ERR", "REFUND_AMT_NOT_EQUAL_TOTAL", "TRADE_NOT_EXIST", "INVALID_PARAMETER"},
})

// Sub_codes, without prefix, that are about the order and not about the call.
const (
	subNotExist    = "TRADE_NOT_EXIST"
	subHasSuccess  = "TRADE_HAS_SUCCESS"
	subHasClose    = "TRADE_HAS_CLOSE"
	subInconsist   = "CONTEXT_INCONSISTENT"
	subDiscordant  = "DISCORDANT_REPEAT_REQUEST"
	subStatusError = "TRADE_STATUS_ERROR"
	subSystemError = "SYSTEM_ERROR"
)

// notClosable are the answers of a close that only say that the trade is not waiting: paid or closed already.
var notClosable = map[string]bool{subStatusError: true, "REASON_TRADE_STATUS_INVALID": true, "REASON_ILLEGAL_STATUS": true, subHasSuccess: true, subHasClose: true}

// notReversible are the answers of a cancel that leave a paid trade as it is: too late, too little money, or given back in another way.
var notReversible = classes(map[provider.Class][]string{
	provider.ClassDeclined: {
		"SELLER_BALANCE_NOT_ENOUGH", "REASON_TRADE_BEEN_FREEZEN", "TRADE_HAS_FINISHED", "TRADE_CANCEL_TIME_OUT", "REASON_TRADE_REFUND_FEE_ERR", "CANCEL_NOT_ALLOWED",
	},
})

// domainFields names the domain's field for each field of the wire, for people who never see the wire.
var domainFields = map[string]string{
	"total_amount": "amount", "refund_amount": "amount", "subject": "description", "out_trade_no": "number", "out_request_no": "number", "buyer_id": "payer_id",
	"refund_reason": "reason", "time_expire": "expires_at",
}

// classOf gives the class of an answer that is not a success. Code 20000 proves nothing whatever its sub_code; 40005 is a limit whatever its sub_code.
func classOf(code, sub string) provider.Class {
	if code == wire.CodeUnknown {
		return provider.ClassUnknown
	}
	if c, ok := refusals[bare(sub)]; ok {
		return c
	}
	if code == wire.CodeLimited {
		return provider.ClassRateLimited
	}
	return provider.ClassUnknown
}

// bare strips the prefixes of a sub_code: aop.ACQ.SYSTEM_ERROR is SYSTEM_ERROR.
func bare(sub string) string {
	for {
		prefix, rest, ok := strings.Cut(sub, ".")
		if !ok {
			return sub
		}
		switch prefix {
		case "ACQ", "AQC", "isv", "isp", "aop":
			sub = rest
		default:
			return sub
		}
	}
}

func classes(by map[provider.Class][]string) map[string]provider.Class {
	m := map[string]provider.Class{}
	for class, subs := range by {
		for _, sub := range subs {
			m[sub] = class
		}
	}
	return m
}
