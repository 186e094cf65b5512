package alipay

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"postern"
	"postern/provider/alipay/wire"
)

// faceMethod is one method of the facade. Exactly one of api and page is set: api answers JSON, page sends the buyer's browser somewhere.
type faceMethod struct {
	bare bool // its parameters are top-level, not in biz_content
	api  func(*faceCall, context.Context) (wire.Fields, *faceRefusal)
	page func(*faceCall, context.Context) (location string, bad *faceRefusal)
	// forwards says that an order which is not ours is asked for at Alipay, where it was made before the switch-over.
	forwards bool
}

var faceMethods map[string]faceMethod

// The table is filled here, because the methods themselves answer by it.
func init() {
	faceMethods = map[string]faceMethod{
		wire.MethodPrecreate:   {api: (*faceCall).precreate},
		wire.MethodCreate:      {api: (*faceCall).create},
		wire.MethodPay:         {api: (*faceCall).charge},
		wire.MethodWapPay:      {page: placePage(H5, wire.ProductWap, "QUICK_WAP_PAY")},
		wire.MethodPagePay:     {page: placePage(Page, wire.ProductPage)},
		wire.MethodQuery:       {api: (*faceCall).query, forwards: true},
		wire.MethodClose:       {api: (*faceCall).closeTrade, forwards: true},
		wire.MethodCancel:      {api: (*faceCall).cancel, forwards: true},
		wire.MethodRefund:      {api: (*faceCall).refund, forwards: true},
		wire.MethodRefundQuery: {api: (*faceCall).refundQuery, forwards: true},
		wire.MethodBill:        {api: (*faceCall).billAddress},
		wire.MethodCertificate: {api: (*faceCall).certificate},
		wire.MethodOAuthToken:  {bare: true, api: (*faceCall).oauthToken},
	}
}

// perform does what an admitted call asks for; what is not ours is handed on to Alipay.
func (c *faceCall) perform(ctx context.Context, m faceMethod, bad *faceRefusal) (wire.Fields, *faceRefusal) {
	if bad != nil {
		return nil, bad
	}
	fields, bad := m.api(c, ctx)
	if bad != notExistFace || !m.forwards {
		return fields, bad
	}
	if handed, failed := c.forward(ctx); handed {
		return nil, failed
	}
	if c.method == wire.MethodCancel { // documented: canceling what is not there is a success without an action
		return wire.Fields{}.Set("out_trade_no", c.biz.Text("out_trade_no")).Set("retry_flag", "N"), nil
	}
	return nil, bad
}

var (
	notExistFace = businessFace("ACQ.TRADE_NOT_EXIST", "交易不存在")
	// systemFace says that nobody knows: the merchant's code asks, or calls again.
	systemFace = &faceRefusal{code: wire.CodeUnknown, sub: "aop.ACQ.SYSTEM_ERROR", message: "系统异常"}
)

func businessFace(sub, message string) *faceRefusal {
	return &faceRefusal{code: wire.CodeBusiness, sub: sub, message: message}
}

func parameterFace(field, message string) *faceRefusal {
	return businessFace("ACQ.INVALID_PARAMETER", "参数无效："+field+" "+message)
}

// refusals of the switch, in Alipay's words. What is not here is unknown: ask again.
var faceRefusals = map[postern.Code]*faceRefusal{
	postern.CodeNotFound:        notExistFace,
	postern.CodeReferenceTaken:  businessFace("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
	postern.CodeAlreadyPaid:     businessFace("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
	postern.CodePaymentClosed:   businessFace("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
	postern.CodeInvalid:         businessFace("ACQ.INVALID_PARAMETER", "参数无效"),
	postern.CodeRefundExceeds:   businessFace("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效"),
	postern.CodeNothingToRefund: businessFace("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
	postern.CodeForbidden:       businessFace("ACQ.ACCESS_FORBIDDEN", "没有权限使用该产品"),
	postern.CodeNoRoute:         businessFace("ACQ.ACCESS_FORBIDDEN", "没有权限使用该产品"),
	postern.CodeRateLimited:     {code: wire.CodeLimited, sub: "isv.app-call-limited", message: "应用调用次数超限，包含调用频率超限"},
}

func refusalOf(err error) *faceRefusal {
	if bad, ok := faceRefusals[postern.CodeOf(err)]; ok {
		return bad
	}
	return systemFace
}

// answerFace writes a JSON answer, always with HTTP 200, under the method's own member, signed whenever there is an account to sign for. error_response is for what names no
// method, and for failures of the OAuth token method.
func answerFace(w http.ResponseWriter, c *faceCall, m faceMethod, fields wire.Fields, bad *faceRefusal) {
	old := !methodNames.MatchString(c.method) || len(c.method) > 128
	var value wire.Fields
	switch {
	case bad != nil:
		value = append(wire.Fields{}.Set("code", bad.code).Set("msg", wire.Messages[bad.code]).Set("sub_code", bad.sub).Set("sub_msg", bad.message), bad.with...)
		old = old || m.bare
	case m.bare:
		value = fields // the OAuth token method has no code and msg
	default:
		value = append(wire.Fields{}.Set("code", wire.CodeSuccess).Set("msg", wire.Messages[wire.CodeSuccess]), fields...)
	}
	text := c.forwarded
	if text == nil {
		text = value.Marshal()
	}
	text = c.charset.EncodeJSON(text) // before it is encrypted and signed
	if len(c.content) > 0 {
		hidden, err := c.content.Encrypt(text)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		text = []byte(`"` + hidden + `"`)
	}
	body, err := c.seal(text, old)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway) // no answer is better than one that cannot be believed
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html;charset="+string(c.charset)) // as the real gateway says, even of JSON (probed)
	asWritten(h, "trace_id", tagOf(32, c.params["sign"], c.account.Now.String()))
	_, _ = w.Write(body) // the caller is gone when this fails
}

// asWritten sets a header under exactly this name, where net/http would write Trace_id: the official PHP client of the third version looks alipay-signature up in that case.
func asWritten(h http.Header, name, value string) { h[name] = []string{value} }

// seal signs an answer. For an app that we do not know there is no key: that one answer is unsigned, as the real gateway's is (probed).
func (c *faceCall) seal(text []byte, old bool) ([]byte, error) {
	if !c.known || len(c.account.Keys) == 0 {
		key := wire.ResponseKey(c.method)
		if old {
			key = "error_response"
		}
		return slices.Concat([]byte(`{"`+key+`":`), text, []byte("}")), nil
	}
	return wire.SealCertified(c.method, text, old, c.certSN, c.sign)
}

// sign signs with the account's newest key, by the sign_type of the request or, when it has none that we know, RSA2.
func (c *faceCall) sign(message []byte) ([]byte, error) {
	return signFace(c.account, c.signType)(message)
}

// browse answers a method that the buyer's browser calls: on to the cashier, or a page that says what is wrong.
func (c *faceCall) browse(w http.ResponseWriter, r *http.Request, m faceMethod, bad *faceRefusal) {
	location := ""
	if bad == nil {
		location, bad = m.page(c, r.Context())
	}
	if bad != nil {
		errorPage(w, bad)
		return
	}
	http.Redirect(w, r, location, http.StatusFound)
}

// errorPage has HTTP 200 and GBK, as the real gateway's has (probed); Chinese is written in character references, which read the same in every charset.
func errorPage(w http.ResponseWriter, bad *faceRefusal) {
	w.Header().Set("Content-Type", "text/html;charset=GBK")
	_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title><h1>%s</h1><p>%s</p>", ascii("调试错误"), html.EscapeString(bad.sub), ascii(html.EscapeString(bad.message)))
}

func ascii(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		}
	}
	return b.String()
}
