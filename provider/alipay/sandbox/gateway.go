package sandbox

import (
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
	"postern/provider/sandboxkit"
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
	partner  bool // a partner's app acts for a merchant
}

// refusal is an answer that is not a success.
type refusal struct {
	code, sub, message string
	with               wire.Fields // fields that stand beside the error
}

// method describes one method of the gateway. Exactly one of api and page is set; api answers JSON, page answers the buyer's browser.
type method struct {
	op   string
	app  bool // comes from the merchant's app by way of the wallet, and never from a server
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
	wire.MethodAppPay:      {op: opApp, app: true, page: (*Sandbox).appPay},
	wire.MethodQuery:       {op: opQuery, api: (*Sandbox).query},
	wire.MethodClose:       {op: opClose, api: (*Sandbox).closeTrade},
	wire.MethodCancel:      {op: opCancel, api: (*Sandbox).cancel},
	wire.MethodRefund:      {op: opRefund, api: (*Sandbox).refund},
	wire.MethodRefundQuery: {op: opRefundQuery, api: (*Sandbox).refundQuery},
	wire.MethodReceiver:    {op: opReceiver, api: (*Sandbox).bindReceiver},
	wire.MethodShare:       {op: opShare, api: (*Sandbox).settleOrder},
	wire.MethodShareQuery:  {op: opShareQuery, api: (*Sandbox).settleQuery},
	wire.MethodBill:        {op: opBill, api: (*Sandbox).billAddress},
	wire.MethodCertificate: {op: opCertificate, api: (*Sandbox).certificate},
	wire.MethodOAuthToken:  {op: opOAuth, bare: true, api: (*Sandbox).oauthToken},
}

// gateway serves /gateway.do: GET or POST, parameters in the query, the body or both.
func (s *Sandbox) gateway(w http.ResponseWriter, r *http.Request) {
	params, err := requestParams(r)
	if err != nil {
		s.answer(w, r, call{}, nil, &refusal{code: wire.CodeInvalidArgument, sub: "isv.invalid-parameter", message: err.Error()})
		return
	}
	name := params["method"]
	m := methods[name]
	if m.app {
		m = method{} // as an unknown one
	}
	m.op = s.opOf(params, m)
	s.faults.Around(w, r, m.op, func(w http.ResponseWriter, r *http.Request) {
		c, bad := s.admit(params, name, m)
		if bad == nil {
			bad = s.ordered(c)
		}
		if m.page != nil {
			s.browse(w, r, c, m, bad)
			return
		}
		fields, bad := s.perform(c, m, bad)
		s.answer(w, r, c, fields, bad)
	})
}

// perform does what an admitted call asks for.
func (s *Sandbox) perform(c call, m method, bad *refusal) (fields wire.Fields, _ *refusal) {
	if bad == nil {
		fields, bad = m.api(s, c)
	}
	if _, ok := s.faults.Take(c.op, FaultSystemErrorAfterEffect); ok {
		return nil, systemError()
	}
	return fields, bad
}

// opOf tells a mini program's order from other trades that are created for a buyer.
func (s *Sandbox) opOf(p wire.Params, m method) string {
	a := s.accounts[p["app_id"]]
	if m.op != opJSAPI || a.MiniAppID == "" {
		return m.op
	}
	if biz, _ := content(a, p); biz.Text("op_app_id") == a.MiniAppID {
		return opMini
	}
	return m.op
}

// content reads biz_content, decrypting it where it is encrypted.
func content(a Account, p wire.Params) (wire.Object, *refusal) {
	text := []byte(p["biz_content"])
	switch {
	case p["encrypt_type"] == "":
	case p["encrypt_type"] != wire.EncryptAES || len(a.ContentKey) == 0:
		return nil, &refusal{code: wire.CodeInvalidArgument, sub: "isv.invalid-encrypt-type", message: "无效加密类型"}
	default:
		var err error
		if text, err = a.ContentKey.Decrypt(string(text)); err != nil {
			return nil, &refusal{code: wire.CodeCondition, sub: "isv.decryption-error-unknown", message: "解密出错"}
		}
	}
	biz, err := wire.ParseObject(text)
	if err != nil {
		return nil, &refusal{code: wire.CodeInvalidArgument, sub: "isv.illegal-json", message: "biz_content: " + err.Error()}
	}
	return biz, nil
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
	c.account = account
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
	bad := certificateNumbers(account, p, c.now)
	if bad == nil {
		bad = c.authorised()
	}
	if bad == nil && !m.bare {
		c.biz, bad = content(account, p)
	}
	return c, bad
}

// ordered returns the refusal that a withdrawn permission or a fault ordered for this call, if any.
func (s *Sandbox) ordered(c call) *refusal {
	if bad := s.permitted(c); bad != nil {
		return bad
	}
	f, ok := s.faults.Take(c.op, FaultRateLimited, FaultSystemError, FaultUnavailable, FaultClosed, FaultSellerBalance)
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
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, c call, fields wire.Fields, bad *refusal) {
	m := methods[c.method]
	value := wire.Fields{{Name: "code", Value: wire.CodeSuccess}, {Name: "msg", Value: wire.Messages[wire.CodeSuccess]}}
	old := m.op == "" || m.app
	switch {
	case bad != nil:
		value = append(wire.Fields{}.Set("code", bad.code).Set("msg", wire.Messages[bad.code]).Set("sub_code", bad.sub).Set("sub_msg", bad.message), bad.with...)
		old = old || m.bare
	case m.bare:
		value = fields // the OAuth token method has no code and msg
	default:
		value = append(value, fields...)
	}
	text := value.Marshal()
	if c.biz != nil && c.params["encrypt_type"] != "" { // [GEN] what is refused before the content was read is answered in the clear
		hidden, err := c.account.ContentKey.Encrypt(text)
		if err != nil {
			http.Error(w, "the answer could not be encrypted", http.StatusInternalServerError)
			return
		}
		text = []byte(`"` + hidden + `"`)
	}
	sign, sn := s.signer(c.account, c.signType)
	if sandboxkit.SpoilSignature(r.Context()) {
		sign = s.spoil
	}
	if _, ok := s.faults.Take(c.op, FaultWrongSerial); ok && sn != "" {
		sn = strings.Repeat("0", len(sn))
	}
	body, err := wire.SealCertified(c.method, text, old, sn, sign)
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
func (s *Sandbox) notifySigner(spoiled bool, o *order) wire.Sign {
	if spoiled {
		return s.spoil
	}
	sign, _ := s.signer(o.account, o.signType)
	return sign
}
