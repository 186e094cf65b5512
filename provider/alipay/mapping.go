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
	Mini:   {wire.MethodCreate, wire.ProductJSAPI},
	App:    {wire.MethodAppPay, wire.ProductApp},

	Barcode: {wire.MethodPay, wire.ProductFaceToFace},
}

// refusals gives the class of each documented sub_code, without its prefix (the documents write isv., ACQ., aop., AQC. or nothing before the same word).
// Presence means that the code proves that this call had no effect on money. Codes that prove nothing are in undecided.
var refusals = classes(map[provider.Class]string{
	// The gate is shut for this merchant, app or product: frozen, punished, without agreement, or over what it may collect in a day or a month.
	provider.ClassClosed: "SELLER_BEEN_BLOCKED MERCHANT_STATUS_NOT_NORMAL ACCESS_FORBIDDEN insufficient-isv-permissions invalid-app-state not-online-app forbidden-api " +
		"no-product-reg-by-partner invalid-app-auth-token-no-api app-api-punished sevice-not-been-subscribed-to invalid-product BEYOND_PAY_RESTRICTION " +
		"BEYOND_PER_RECEIPT_RESTRICTION BEYOND_PER_RECEIPT_DAY_RESTRICTION MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT MERCHANT_PERM_RECEIPT_DAY_LIMIT MERCHANT_RISK_LIMIT " +
		"SECONDARY_MERCHANT_STATUS_ERROR SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT RESTRICTED_MERCHANT_INDUSTRY ERROR_SELLER_CERTIFY_LEVEL_LIMIT BIZ_PRODUCT_NOT_ALLOWED " +
		"UNBOUND_APPLICATION PRODUCT_NOT_SUPPORT_IN_TINY_APP MERCHANT_AGREEMENT_NOT_EXIST MERCHANT_AGREEMENT_INVALID UN_SUPPORT_TRADE_SCENE",
	// Keys, signatures and identities of ours that Alipay does not accept.
	provider.ClassAuth: "PARTNER_ERROR SELLER_NOT_EXIST missing-signature missing-signature-type missing-signature-key missing-signature-config missing-app-id invalid-signature " +
		"invalid-signature-type invalid-signature-type-said-interface missing-default-signature-type app-key-security-risk unsupported-expired-app-key-sign invalid-app-id " +
		"invalid-auth-token auth-token-time-out invalid-app-auth-token app-auth-token-time-out missing-app-access-token missing-session access-data-time-out not-support-app-auth " +
		"invalid-auth-relations invalid-app-auth-relations app-unbind-partner app-invalid-oid invalid-partnerid illegal-client-ip missing-app-cert-sn missing-alipay-cert-sn " +
		"missing-alipay-root-cert-sn invalid-alipay-root-cert-sn app-cert-expired app-cert-not-exist alipay-cert-not-exist unmatched-app-id insufficient-user-permissions " +
		"missing-encrypt-key decryption-error decryption-error-unknown decryption-error-not-valid-encrypt-type decryption-error-not-valid-encrypt-key SMILE_PAY_MERCHANT_NOT_MATCH " +
		"SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID SECONDARY_MERCHANT_ID_INVALID SECONDARY_MERCHANT_ID_BLANK SECONDARY_MERCHANT_NOT_MATCH SECONDARY_MERCHANT_CARD_ALIAS_NO_INVALID " +
		"INVALID_RECEIVE_ACCOUNT SUB_MERCHANT_CREATE_FAIL SUB_MERCHANT_TYPE_INVALID PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID",
	provider.ClassRateLimited: "app-call-limited method-call-limited app-auth-invoke-limit exceed-api-balance FREQUENCY_LIMITED",
	// The documents say to send the same refund again later.
	provider.ClassUnavailable: "REFUND_CHARGE_ERROR",
	// The buyer, or what the buyer has.
	provider.ClassDeclined: "BUYER_ENABLE_STATUS_FORBID BUYER_SELLER_EQUAL BUYER_BALANCE_NOT_ENOUGH BUYER_BANKCARD_BALANCE_NOT_ENOUGH ERROR_BALANCE_PAYMENT_DISABLE " +
		"PULL_MOBILE_CASHIER_FAIL MOBILE_PAYMENT_SWITCH_OFF USER_FACE_PAYMENT_SWITCH_OFF PAYMENT_AUTH_CODE_INVALID PAYMENT_FAIL NO_PAYMENT_INSTRUMENTS_AVAILABLE " +
		"NOT_SUPPORT_PAYMENT_INST BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR PAYMENT_REQUEST_HAS_RISK ERROR_BUYER_CERTIFY_LEVEL_LIMIT " +
		"NOT_CERTIFIED_USER BUYER_NOT_MAINLAND_CERT CERT_EXPIRED PAYER_UNMATCHED CARD_USER_NOT_MATCH CARD_TYPE_ERROR PRODUCT_AMOUNT_LIMIT_ERROR USER_LOGONID_DUP " +
		"CUSTOMER_VALIDATE_ERROR AGREEMENT_NOT_EXIST AGREEMENT_INVALID AGREEMENT_STATUS_NOT_NORMAL AGREEMENT_ERROR MERCHANT_UNSUPPORT_ADVANCE BUYER_UNSUPPORT_ADVANCE " +
		"ORDER_UNSUPPORT_ADVANCE CYCLE_PAY_DATE_NOT_MATCH CYCLE_PAY_SINGLE_FEE_EXCEED CYCLE_PAY_TOTAL_FEE_EXCEED CYCLE_PAY_TOTAL_TIMES_EXCEED AUTH_AMOUNT_NOT_ENOUGH " +
		"AUTH_ORDER_NOT_PAID AUTH_ORDER_HAS_FINISHED AUTH_ORDER_HAS_CLOSED ZM_AUTH_AMOUNT_EXCEED ZM_CREDIT_AUTH_FAIL ZM_AUTH_RULE_LIMIT OVER_MAX_DEDUCT_COUNT " +
		"OVER_MAX_UNDER_WAY_DEDUCT_COUNT OVER_DEDUCT_PERIOD OVER_MERCHANT_DAILY_DEDUCT_AMOUNT",
	// What we sent.
	provider.ClassInvalid: "INVALID_PARAMETER ILLEGAL_ARGUMENT EXIST_FORBIDDEN_WORD TOTAL_FEE_EXCEED REQUEST_AMOUNT_EXCEED BEYOND_PER_RECEIPT_SINGLE_RESTRICTION " +
		"MERCHANT_PERM_RECEIPT_SINGLE_LIMIT AMOUNT_OR_CURRENCY_ERROR CURRENCY_NOT_SUPPORT INVALID_STORE_ID STORE_INFO_INVALID BUYER_NOT_EXIST OPEN_ID_NOT_TINY_APP " +
		"NOW_TIME_AFTER_EXPIRE_TIME_ERROR SUB_GOODS_SIZE_MAX_COUNT DEFAULT_SETTLE_RULE_NOT_EXIST TRADE_SETTLE_ERROR ROYALTY_ACCOUNT_NOT_EXIST AUTH_NO_ERROR " +
		"AUTH_TOKEN_IS_NOT_EXIST PRE_AUTH_PROD_CODE_INCONSISTENT RISK_MERCHANT_IP_NOT_EXIST missing-method missing-timestamp missing-version missing-platform missing-app-uid " +
		"missing-encrypt-type decryption-error-missing-encrypt-type invalid-parameter invalid-method invalid-app-method invalid-platform invalid-format invalid-encrypt-type " +
		"invalid-encrypt invalid-timestamp illegal-timestamp invalid-version unsupported-version invalid-charset invalid-encoding invalid-digest invalid-digest-type " +
		"invalid-request-data illegal-json illegal-card-no openid-error suspected-attack unsupport-operation self-invoke-forbidden method-forbidden-batch-invoke " +
		"exist-blank-sub-request-id exist-repeated-sub-request-id invalid-subscribe-relations inner-app-no-access invalid-inner-invoke-scene invalid-app-api-field-config " +
		"upload-fail invalid-file-extension invalid-file-size file-check-fail code-invalid grant-type-invalid refresh-token-invalid refresh-token-time-out refreshed-token-invalid",
})

// undecided are the published sub_codes that prove nothing about this call: it may have had its effect, or an earlier one may, and a query decides.
var undecided = words("SYSTEM_ERROR UNKNOWN_ERROR unknow-error unknown-sub-code invalid-response-data TRADE_HAS_SUCCESS TRADE_HAS_CLOSE CONTEXT_INCONSISTENT TRADE_BUYER_NOT_MATCH " +
	"TRADE_STATUS_ERROR APPLY_PC_MERCHANT_CODE_ERROR ENTERPRISE_PAY_BIZ_ERROR TRADE_NOT_EXIST")

// refundRefusals are the sub_codes by which a refund is refused for good, with their classes.
var refundRefusals = classes(map[provider.Class]string{
	provider.ClassDeclined: "SELLER_BALANCE_NOT_ENOUGH TRADE_HAS_FINISHED TRADE_NOT_ALLOW_REFUND TRADE_STATUS_ERROR REASON_TRADE_STATUS_INVALID REASON_TRADE_BEEN_FREEZEN " +
		"BUYER_NOT_EXIST BUYER_ENABLE_STATUS_FORBID BUYER_ERROR ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND USER_NOT_MATCH_ERR CUSTOMER_VALIDATE_ERROR REFUND_ACCOUNT_NOT_EXIST " +
		"REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST REFUNDALLOC_UNAUTH_LIMIT OVERDRAFT_ASSIGN_ACCOUNT_INVALID OVERDRAFT_AGREEMENT_NOT_MATCH",
	provider.ClassInvalid: "REASON_TRADE_REFUND_FEE_ERR REFUND_AMT_NOT_EQUAL_TOTAL REFUND_FEE_ERROR NOT_ALLOW_PARTIAL_REFUND CURRENCY_NOT_SUPPORT TRADE_NOT_EXIST " +
		"INVALID_PARAMETER TRADE_SETTLE_ERROR ALLOC_AMOUNT_VALIDATE_ERROR",
})

// Sub_codes, without prefix, that are about the order and not about the call.
const (
	subNotExist    = "TRADE_NOT_EXIST"
	subHasClose    = "TRADE_HAS_CLOSE"
	subInconsist   = "CONTEXT_INCONSISTENT"
	subDiscordant  = "DISCORDANT_REPEAT_REQUEST"
	subSystemError = "SYSTEM_ERROR"
)

// notClosable are the answers of a close that only say that the trade is not waiting: paid or closed already.
var notClosable = words("TRADE_STATUS_ERROR REASON_TRADE_STATUS_INVALID REASON_ILLEGAL_STATUS TRADE_HAS_SUCCESS TRADE_HAS_CLOSE")

// shareRefusals are the sub_codes by which a sharing is refused for good, with their classes.
var shareRefusals = classes(map[provider.Class]string{
	provider.ClassClosed: "NOT_SUPPORT_ROYALTY PRODUCT_UNSIGN MERCHANT_RISK_LIMIT",
	provider.ClassDeclined: "TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH USER_ACCOUNT_HAD_FREEZEN CUSTOMER_VALIDATE_ERROR USER_LOGONID_DUP USER_NOT_EXIST USERNAME_NOT_MATCH ALREADY_FINISH_ALLOC " +
		"ALLOC_REFUSE_BEFORE_SETTLE ALLOC_REFUSE_AFTER_REFUND ROYALTY_RECEIVER_INVALID ROYALTY_ACCOUNT_NOT_EXIST ROYALTY_ACCOUNT_INVALID ROYALTY_ACCOUNTS_EQUAL " +
		"ROYALTY_ACCOUNT_NAME_NOT_MATCH ROYALTY_PAYER_ACCOUNT_NOT_EXIST ROYALTY_PAYER_ACCOUNT_NOT_CERTIFY ROYALTY_PAYER_ACCOUNT_NO_BALANCE ROYALTY_RECEIVER_ACCOUNT_NOT_EXIST " +
		"ROYALTY_RECEIVER_ACCOUNT_NOT_CERTIFY ROYALTY_RECEIVER_ACCOUNT_NO_BALANCE RECEIVER_ACCOUNT_NOT_CERTIFY RECEIVER_ACCOUNT_NO_BALANCE RECEIVER_ACCOUNT_STATE_INVALID",
	provider.ClassInvalid: "INVALID_PARAMETER TRADE_NOT_EXIST TRADE_STATUS_ERROR REASON_TRADE_STATUS_INVALID ILLEGAL_SETTLE_STATE ALLOC_AMOUNT_VALIDATE_ERROR TRADE_SETTLE_ERROR " +
		"SETTLE_ENTITY_ID_INVALID SETTLE_TO_CARD_NOT_SUPPORT SETTLE_SCENE_NOT_SUPPORT REPLENISH_ACCOUNT_INVALID INVALID_REPLENISH_AMOUNT ASYNC_ALLOC_NOT_SUPPORT_IN_PERIOD " +
		"MUST_ALLOC_FROM_ROOT_ACCOUNT UN_SUPPORT_BIZ_TYPE ILLEGAL_REQUEST MERCHANT_TRADE_NOT_MATCH OPENID_APPID_NOT_MATCH RELATION_QUANTITY_LIMIT RECEIVER_LIST_EMPTY " +
		"RECEIVER_LIST_OVERLOAD INVALID_RECEIVER_TYPE",
})

// notReversible are the answers of a cancel that leave a paid trade as it is: too late, too little money, or given back in another way.
var notReversible = words("SELLER_BALANCE_NOT_ENOUGH REASON_TRADE_BEEN_FREEZEN TRADE_HAS_FINISHED TRADE_CANCEL_TIME_OUT REASON_TRADE_REFUND_FEE_ERR CANCEL_NOT_ALLOWED")

// The answers to a day without a bill: there is nothing, or not yet; and there never will be.
var (
	noBill     = words("NO_BILL_DATA BILL_NOT_EXIST")
	noSuchBill = words("INVAILID_ARGUMENTS BILL_DATE_BEFORE_REGISTRATION TYPE_NOT_SUPPORTED")
)

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

// classes turns lists of sub_codes, written one after another, into a table.
func classes(by map[provider.Class]string) map[string]provider.Class {
	m := map[string]provider.Class{}
	for class, subs := range by {
		for sub := range words(subs) {
			m[sub] = class
		}
	}
	return m
}

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, word := range strings.Fields(list) {
		m[word] = true
	}
	return m
}
