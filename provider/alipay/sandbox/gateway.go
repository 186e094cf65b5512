package sandbox

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"postern/provider/alipay/wire"
)

// call is one verified request.
type call struct {
	account  Account
	method   string
	op       string
	signType string
	params   wire.Params
	biz      wire.Object
	now      time.Time
}

// refusal is an answer that is not a success.
type refusal struct {
	code, sub, message string
	with               wire.Fields // fields that stand beside the error
}

// method describes one method of the gateway. Exactly one of api and page is set; api answers JSON, page answers the buyer's browser.
type method struct {
	op   string
	bare bool // parameters are top-level, not in biz_content
	api  func(*Sandbox, call) (wire.Fields, *refusal)
	page func(*Sandbox, call) (location string, r *refusal)
}

var methods = map[string]method{
	wire.MethodPay:         {op: opBarcode, api: (*Sandbox).charge},
	wire.MethodPrecreate:   {op: opNative, api: (*Sandbox).precreate},
	wire.MethodCreate:      {op: opJSAPI, api: (*Sandbox).create},
	wire.MethodWapPay:      {op: opH5, page: (*Sandbox).wapPay},
	wire.MethodPagePay:     {op: opPage, page: (*Sandbox).pagePay},
	wire.MethodQuery:       {op: opQuery, api: (*Sandbox).query},
	wire.MethodClose:       {op: opClose, api: (*Sandbox).closeTrade},
	wire.MethodCancel:      {op: opCancel, api: (*Sandbox).cancel},
	wire.MethodRefund:      {op: opRefund, api: (*Sandbox).refund},
	wire.MethodRefundQuery: {op: opRefundQuery, api: (*Sandbox).refundQuery},
	wire.MethodOAuthToken:  {op: opOAuth, bare: true, api: (*Sandbox).oauthToken},
}

// gateway serves /gateway.do: GET or POST, parameters in the query, the body or both.
func (s *Sandbox) gateway(w http.ResponseWriter, r *http.Request) {
	params, err := requestParams(r)
	if err != nil {
		s.answer(w, r, "", "", nil, &refusal{code: wire.CodeInvalidArgument, sub: "isv.invalid-parameter", message: err.Error()})
		return
	}
	name := params["method"]
	m := methods[name]
	s.faults.Around(w, r, m.op, func(w http.ResponseWriter, r *http.Request) {
		c, bad := s.admit(params, name, m)
		if bad == nil {
			bad = s.ordered(m.op)
		}
		if m.page != nil {
			s.browse(w, r, c, m, bad)
			return
		}
		var fields wire.Fields
		if bad == nil {
			fields, bad = m.api(s, c)
		}
		if _, ok := s.faults.Take(m.op, FaultSystemErrorAfterEffect); ok {
			fields, bad = nil, systemError()
		}
		s.answer(w, r, name, params["sign_type"], fields, bad)
	})
}

// requestParams merges query and body. Multipart bodies (uploads) give their text fields.
func requestParams(r *http.Request) (wire.Params, error) {
	kind, attributes, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		body, err := io.ReadAll(r.Body) // LimitBody has bounded it
		if err != nil {
			return nil, err
		}
		return wire.ParseRequest(r.URL.RawQuery, string(body))
	}
	p, err := wire.ParseRequest(r.URL.RawQuery, "")
	if err != nil {
		return nil, err
	}
	parts := multipart.NewReader(r.Body, attributes["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		if _, known := p[part.FormName()]; part.FileName() == "" && !known {
			p[part.FormName()] = string(value)
		}
	}
}

// admit checks the common parameters and the signature. The real gateway looks at app_id before the signature (probed).
func (s *Sandbox) admit(p wire.Params, name string, m method) (call, *refusal) {
	c := call{method: name, op: m.op, signType: p["sign_type"], params: p, now: s.now()}
	missing := func(what string) (call, *refusal) {
		return c, &refusal{code: wire.CodeMissingArgument, sub: "isv.missing-" + what, message: "缺少参数" + what}
	}
	invalid := func(what, message string) (call, *refusal) {
		return c, &refusal{code: wire.CodeInvalidArgument, sub: "isv.invalid-" + what, message: message}
	}
	account, known := s.accounts[p["app_id"]]
	_, err := wire.ParseTime(p["timestamp"])
	switch charset := strings.ToLower(p["charset"]); {
	case name == "":
		return missing("method")
	case m.op == "":
		return invalid("method", "不存在的方法名")
	case p["app_id"] == "":
		return missing("app-id")
	case !known:
		return invalid("app-id", "无效的AppID参数")
	case p["sign"] == "":
		return missing("signature")
	case c.signType == "":
		return missing("signature-type")
	case c.signType != wire.SignTypeRSA2 && c.signType != wire.SignTypeRSA:
		return invalid("signature-type", "无效签名类型")
	case p["timestamp"] == "":
		return missing("timestamp")
	case err != nil:
		return invalid("timestamp", "非法的时间戳参数")
	case p["version"] == "":
		return missing("version")
	case charset != "" && charset != "utf-8" && charset != "utf8":
		return invalid("charset", "字符集错误: the sandbox reads utf-8 only")
	case p["format"] != "" && !strings.EqualFold(p["format"], "json"):
		return invalid("format", "无效的数据格式")
	}
	if err := p.VerifyRequest(wire.VerifyWith(account.AppPublicKey, c.signType)); err != nil {
		return invalid("signature", "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为："+html.EscapeString(string(wire.RequestString(p))))
	}
	c.account = account
	if m.bare {
		return c, nil
	}
	if c.biz, err = wire.ParseObject([]byte(p["biz_content"])); err != nil {
		return c, &refusal{code: wire.CodeInvalidArgument, sub: "isv.illegal-json", message: "biz_content: " + err.Error()}
	}
	return c, nil
}

// ordered returns the refusal that a fault ordered for this op, if any.
func (s *Sandbox) ordered(op string) *refusal {
	f, ok := s.faults.Take(op, FaultRateLimited, FaultSystemError, FaultUnavailable, FaultClosed, FaultSellerBalance)
	if !ok {
		return nil
	}
	switch f.Fault {
	case FaultRateLimited:
		return &refusal{code: wire.CodeLimited, sub: "isv.app-call-limited", message: "应用调用次数超限，包含调用频率超限"}
	case FaultUnavailable:
		return &refusal{code: wire.CodeUnknown, sub: "isp.unknow-error", message: "系统繁忙"}
	case FaultClosed:
		return business("ACQ.SELLER_BEEN_BLOCKED", "商家账号被冻结")
	case FaultSellerBalance:
		return business("ACQ.SELLER_BALANCE_NOT_ENOUGH", "商户余额不足")
	default:
		return systemError()
	}
}

func systemError() *refusal { return business("ACQ.SYSTEM_ERROR", "系统错误") }

func business(sub, message string) *refusal {
	return &refusal{code: wire.CodeBusiness, sub: sub, message: message}
}

// answer writes a signed JSON answer, always with HTTP 200. It is put under the method's own member, except where the real gateway uses error_response: unknown
// methods, and failures of the OAuth token method.
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, name, signType string, fields wire.Fields, bad *refusal) {
	m := methods[name]
	value := wire.Fields{{Name: "code", Value: wire.CodeSuccess}, {Name: "msg", Value: wire.Messages[wire.CodeSuccess]}}
	old := m.op == ""
	switch {
	case bad != nil:
		value = append(wire.Fields{}.Set("code", bad.code).Set("msg", wire.Messages[bad.code]).Set("sub_code", bad.sub).Set("sub_msg", bad.message), bad.with...)
		old = old || m.bare
	case m.bare:
		value = fields // the OAuth token method has no code and msg
	default:
		value = append(value, fields...)
	}
	body, err := wire.Seal(name, value.Marshal(), old, s.signer(r.Context(), signType))
	if err != nil {
		http.Error(w, "the answer could not be signed", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html;charset=utf-8") // as the real gateway says, even of JSON (probed)
	h.Set("trace_id", s.digits(32))
	_, _ = w.Write(body) // the caller is gone when this fails
}

// browse answers a page method: to the cashier, or a page that says what is wrong, with HTTP 200 as the real gateway does. Its error page is in GBK; ours spells
// Chinese in character references, which read the same in every charset.
func (s *Sandbox) browse(w http.ResponseWriter, r *http.Request, c call, m method, bad *refusal) {
	location := ""
	if bad == nil {
		location, bad = m.page(s, c)
	}
	if bad == nil {
		http.Redirect(w, r, location, http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html;charset=GBK")
	_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title><h1>%s</h1><p>%s</p>", ascii("调试错误"), html.EscapeString(bad.sub), ascii(html.EscapeString(bad.message)))
}

func ascii(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			_, _ = fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}

// digits returns n random decimal digits.
func (s *Sandbox) digits(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		panic("alipay sandbox: the random source failed: " + err.Error())
	}
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}

// notifiesClosed says whether an order of this product notifies its closing.
func (s *Sandbox) notifiesClosed(op string) bool { return slices.Contains(s.cfg.NotifyClosed, op) }

// notifySigner signs notifications; an armed wrong_signature fault of notify spoils one.
func (s *Sandbox) notifySigner(spoiled bool, signType string) wire.Sign {
	if spoiled {
		return s.spoil
	}
	return s.signer(context.Background(), signType)
}
