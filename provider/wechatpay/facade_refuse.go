package wechatpay

import (
	"errors"
	"net/http"
	"strings"

	"postern"
	"postern/provider/wechatpay/wire"
)

// refusal is an answer outside of success, in the words of API v3; API v2 spells some codes otherwise (see v2Spelling).
type refusal struct {
	status  int
	code    string
	message string
	detail  any
}

func refuse(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

// badField is PARAM_ERROR with a JSON pointer to the field. Issue is for people.
func badField(pointer, issue string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: wire.CodeParamError, message: "参数错误", detail: wire.ErrorDetail{Field: pointer, Issue: issue, Location: "body"}}
}

// What a merchant is told, once for both protocols.
var (
	errReentry    = refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "订单重入时要求参数值与原请求一致，请确认参数问题")
	errPaid       = refuse(http.StatusBadRequest, wire.CodeOrderPaid, "该订单已支付")
	errClosed     = refuse(http.StatusBadRequest, wire.CodeOrderClosed, "该订单已关闭")
	errReversed   = refuse(http.StatusBadRequest, wire.CodeOrderReversed, "该订单已撤销")
	errNoOrder    = refuse(http.StatusNotFound, wire.CodeOrderNotExist, "订单不存在")
	errNoRefund   = refuse(http.StatusNotFound, wire.CodeResourceNotExists, "退款单不存在")
	errNoAuth     = refuse(http.StatusForbidden, wire.CodeNoAuth, "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试")
	errSystem     = refuse(http.StatusInternalServerError, wire.CodeSystemError, "系统异常，请用相同参数重新调用")
	errBadCode    = refuse(http.StatusBadRequest, wire.CodeAuthCodeInvalid, "付款码无效，请重新扫码")
	errPayFailed  = refuse(http.StatusForbidden, wire.CodeTradeError, "支付失败，请更换订单号重新支付")
	errUserPaying = refuse(http.StatusAccepted, wire.CodeUserPaying, "需要用户输入支付密码")
	errMchID      = refuse(http.StatusBadRequest, wire.CodeParamError, "http header中的mchid与post payload中的mchid不匹配")
	errAppID      = refuse(http.StatusBadRequest, wire.CodeAppIDMchIDNotMatch, "appid和mch_id不匹配，请检查后再试")
)

func errInvalid(message string) *refusal {
	return refuse(http.StatusBadRequest, wire.CodeInvalidRequest, message)
}

// faceRefusals says what the gateway's errors are in WeChat's words. A code that is not here is SYSTEM_ERROR: the same call once more.
var faceRefusals = map[postern.Code]*refusal{
	postern.CodeNotFound:        errNoOrder,
	postern.CodeReferenceTaken:  errReentry,
	postern.CodeAlreadyPaid:     errPaid,
	postern.CodePaymentClosed:   errClosed,
	postern.CodeRefundExceeds:   errInvalid("退款金额大于订单剩余可退金额"),
	postern.CodeNothingToRefund: errInvalid("订单未支付，不能退款"),
	postern.CodeNoRoute:         errNoAuth,
	postern.CodeForbidden:       errNoAuth,
	postern.CodeNotSupported:    errNoAuth,
	postern.CodeRateLimited:     refuse(http.StatusTooManyRequests, wire.CodeFrequencyLimited, "频率超限"),
}

// facePointers names our fields as JSON pointers into an order or a refund.
var facePointers = map[string]string{
	"number": "/out_trade_no", "reference": "/out_trade_no", "amount": "/amount/total", "currency": "/amount/currency", "description": "/description", "expires_at": "/time_expire",
	"return_url": "/notify_url", "client_ip": "/scene_info/payer_client_ip", "auth_code": "/payer/auth_code", "payer_id": "/payer/openid", "items": "/detail/goods_detail",
}

// refusalOf says an error of the gateway; nil for nil.
func refusalOf(err error) *refusal {
	if err == nil {
		return nil
	}
	var e *postern.Error
	if !errors.As(err, &e) {
		return errSystem
	}
	if e.Code == postern.CodeInvalid {
		field, _, _ := strings.Cut(e.Field, "[")
		return badField(facePointers[field], e.Message)
	}
	if r, ok := faceRefusals[e.Code]; ok {
		return r
	}
	return errSystem
}
