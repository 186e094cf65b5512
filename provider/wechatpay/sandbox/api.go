package sandbox

import (
	"encoding/base64"
	"mime"
	"net/http"
	"slices"
	"strings"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

// clockWindow is how far, in seconds, a request's timestamp may be from ours.
const clockWindow = 300

// call is an authenticated request.
type call struct {
	*http.Request
	account *Account
	body    []byte
}

// refusal is an answer outside 2xx. It implements error so that handlers read naturally.
type refusal struct {
	status  int
	code    string
	message string
	detail  any
}

func (e *refusal) Error() string { return e.code + " " + e.message }

func refuse(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

// badField is PARAM_ERROR with a JSON pointer to the field.
func badField(pointer, issue string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: wire.CodeParamError, message: "参数错误",
		detail: map[string]any{"field": pointer, "issue": issue, "location": "body"}}
}

// handler does one call. A nil answer is 204.
type handler func(c *call) (answer any, err *refusal)

// api authenticates a request, lets the armed faults happen, runs h and signs its answer.
func (s *Sandbox) api(op string, h handler) http.Handler {
	effect := func(w http.ResponseWriter, r *http.Request) {
		if refused := s.ordered(op); refused != nil {
			s.writeRefusal(w, refused)
			return
		}
		c, refused := s.authenticate(r)
		if refused != nil {
			s.writeRefusal(w, refused)
			return
		}
		answer, refused := h(c)
		if refused != nil {
			s.cfg.Log.Debug("refused", "op", op, "code", refused.code, "message", refused.message)
			s.writeRefusal(w, refused)
			return
		}
		s.writeSigned(w, r, op, answer)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.faults.Around(w, r, op, effect) })
}

// inside is api for orders that are paid inside WeChat: by a page (jsapi) or by a mini program, which order at the same address.
func (s *Sandbox) inside(h handler) http.Handler {
	page, mini := s.api(OpJSAPI, h), s.api(OpMini, h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.ContainsFunc(s.faults.List(), func(f sandboxkit.Fault) bool { return f.Op == OpMini }) {
			mini.ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
}

// ordered is the refusal that an armed fault asks for.
func (s *Sandbox) ordered(op string) *refusal {
	f, ok := s.faults.Take(op, FaultSystemError, FaultRateLimited, FaultClosed)
	switch {
	case !ok:
		return nil
	case f.Fault == FaultSystemError:
		return refuse(http.StatusInternalServerError, wire.CodeSystemError, "系统异常，请稍后重试")
	case f.Fault == FaultRateLimited:
		return refuse(http.StatusTooManyRequests, wire.CodeFrequencyLimited, "频率超限")
	default:
		return refuse(http.StatusForbidden, wire.CodeNoAuth, "商户无权限")
	}
}

// authenticate does what stands in front of every API v3 address, in the order in which WeChat complains.
func (s *Sandbox) authenticate(r *http.Request) (*call, *refusal) {
	if r.Header.Get("Accept") == "" || r.Header.Get("User-Agent") == "" {
		return nil, refuse(http.StatusBadRequest, wire.CodeParamError, "Http头缺少Accept或User-Agent")
	}
	if a := r.Header.Get("Accept"); !strings.Contains(a, "application/json") && !strings.Contains(a, "*/*") {
		return nil, refuse(http.StatusNotAcceptable, wire.CodeParamError, "Http头Accept须包含application/json")
	}
	body, err := sandboxkit.ReadBody(r.Body)
	if err != nil {
		return nil, refuse(http.StatusRequestEntityTooLarge, wire.CodeParamError, "请求包体过大")
	}
	auth, err := wire.ParseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return nil, signError(r, 0, "", body, err.Error())
	}
	account := s.account(auth.MchID, auth.Serial)
	if account == nil {
		return nil, signError(r, auth.Timestamp, auth.Nonce, body, "certificate not found")
	}
	if d := s.cfg.Wall().Unix() - auth.Timestamp; d > clockWindow || d < -clockWindow {
		return nil, signError(r, auth.Timestamp, auth.Nonce, body, "timestamp expired")
	}
	message := wire.RequestMessage(r.Method, r.RequestURI, auth.Timestamp, auth.Nonce, body)
	if verifyWith(account.MerchantPublicKey)(message, auth.Signature) != nil {
		return nil, signError(r, auth.Timestamp, auth.Nonce, body, "sign not match")
	}
	if r.Method == http.MethodPost {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return nil, refuse(http.StatusUnsupportedMediaType, wire.CodeParamError, "Http头Content-Type须为application/json")
		}
	}
	return &call{Request: r, account: account, body: body}, nil
}

// signError is the 401 as merchants have seen it, with the beginning of the text that was verified.
func signError(r *http.Request, timestamp int64, nonce string, body []byte, issue string) *refusal {
	message := wire.RequestMessage(r.Method, r.RequestURI, timestamp, nonce, body)
	head := wire.RequestMessage(r.Method, r.RequestURI, timestamp, nonce, body[:min(8, len(body))])
	return &refusal{status: http.StatusUnauthorized, code: wire.CodeSignError, message: "签名错误,请检查后再试", detail: map[string]any{
		"detail": map[string]any{"issue": issue}, "field": "signature", "location": "authorization",
		"sign_information": map[string]any{"method": r.Method, "sign_message_length": len(message),
			"truncated_sign_message": strings.ToValidUTF8(string(head), ""), "url": r.RequestURI},
	}}
}

// decode reads a call's JSON body strictly and refuses characters of four UTF-8 bytes.
func (c *call) decode(v any) *refusal {
	if err := wire.Decode(c.body, v); err != nil {
		return &refusal{status: http.StatusBadRequest, code: wire.CodeParamError, message: "请求参数错误",
			detail: map[string]any{"issue": err.Error(), "location": "body"}}
	}
	for _, r := range string(c.body) {
		if r > 0xffff {
			return badField("", "characters of four UTF-8 bytes are not supported")
		}
	}
	return nil
}

// parties checks whose order it is against who signed: a direct merchant's own, or that of a sub-merchant of the service provider who signed.
func (c *call) parties(partner bool, p wire.Parties) *refusal {
	signer, pointer := p.MchID, "/mchid"
	if partner {
		signer, pointer = p.SpMchID, "/sp_mchid"
	}
	switch {
	case signer == "":
		return badField(pointer, "the merchant number is missing")
	case signer != c.account.MchID:
		return refuse(http.StatusBadRequest, wire.CodeParamError, "http header中的mchid与post payload中的mchid不匹配")
	case p.Partner() != partner:
		return badField("", "fields of a direct merchant and of a service provider are mixed")
	case partner && p.SubMchID == "":
		return badField("/sub_mchid", "sub_mchid is missing")
	case partner && c.account.sub(p.SubMchID) == nil:
		return refuse(http.StatusForbidden, wire.CodeNoAuth, "特约商户未授权给该服务商")
	}
	return nil
}

// asked are the parties that a query names.
func (c *call) asked(partner bool) (wire.Parties, *refusal) {
	q := c.URL.Query()
	p := wire.Parties{MchID: q.Get("mchid"), SpMchID: q.Get("sp_mchid"), SubMchID: q.Get("sub_mchid")}
	return p, c.parties(partner, p)
}

// merchant is the number of the merchant whose money a call is about: the caller's, or that of a sub-merchant of the caller.
func (c *call) merchant(subMchID string) (string, *refusal) {
	if subMchID == "" {
		return c.account.MchID, nil
	}
	return subMchID, c.parties(true, wire.Parties{SpMchID: c.account.MchID, SubMchID: subMchID})
}

// commonHeaders are those of a genuine answer. Request-ID keeps its capitals because wechatpay-java looks names up by exact case.
func (s *Sandbox) commonHeaders(h http.Header) {
	h.Set("Server", "nginx")
	h.Set("Cache-Control", "no-cache, must-revalidate")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Language", "zh-CN")
	h[wire.RequestIDHeader] = []string{"08" + strings.ToUpper(s.lockedText(hexes, 38)) + "-0"}
}

func (s *Sandbox) writeRefusal(w http.ResponseWriter, e *refusal) {
	s.commonHeaders(w.Header())
	body := map[string]any{"code": e.code, "message": e.message}
	if e.detail != nil {
		body["detail"] = e.detail
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(e.status)
	_, _ = w.Write(encode(body)) // the merchant is gone when this fails
}

// writeSigned signs and writes a 2xx. The bytes signed are the bytes written; a 204 is signed over an empty body.
func (s *Sandbox) writeSigned(w http.ResponseWriter, r *http.Request, op string, answer any) {
	var body []byte
	status := http.StatusNoContent
	if answer != nil {
		status, body = http.StatusOK, encode(answer)
		if _, waits := answer.(wire.ErrorBody); waits { // 202: accepted, and the outcome is not known yet
			status = http.StatusAccepted
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	s.commonHeaders(w.Header())
	f, _ := s.faults.Take(op, FaultUnsigned, FaultUnknownSerial, FaultWrongSerial, FaultProbe)
	if f.Fault != FaultUnsigned {
		serial, key := s.signer(r.Header.Get(wire.HeaderSerial))
		if err := s.signHeaders(w.Header(), serial, body, signWith(key)); err != nil {
			s.cfg.Log.Error("signing failed", "err", err)
			http.Error(w, "signing failed", http.StatusInternalServerError)
			return
		}
		s.spoil(w.Header(), f.Fault, sandboxkit.SpoilSignature(r.Context()))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the merchant is gone when this fails
}

func (s *Sandbox) signHeaders(h http.Header, serial string, body []byte, sign wire.SignFunc) error {
	return wire.SignHeaders(h, serial, s.cfg.Wall().Unix(), s.lockedText(hexes, 32), body, sign)
}

// spoil makes good signature headers bad as a fault ordered.
func (s *Sandbox) spoil(h http.Header, fault string, wrong bool) {
	switch {
	case fault == FaultUnknownSerial:
		h.Set(wire.HeaderSerial, strings.Repeat("0123456789ABCDEF", 3)[:40])
	case fault == FaultWrongSerial:
		h.Set(wire.HeaderSerial, s.otherSerial(h.Get(wire.HeaderSerial)))
	case fault == FaultProbe:
		h.Set(wire.HeaderSignature, wire.ProbePrefix+h.Get(wire.HeaderSignature))
	case wrong:
		sig, err := base64.StdEncoding.DecodeString(h.Get(wire.HeaderSignature))
		if err == nil && len(sig) > 0 {
			sig[0] ^= 1
			h.Set(wire.HeaderSignature, base64.StdEncoding.EncodeToString(sig))
		}
	}
}

// encode writes compact JSON without escaping <, > and &, as WeChat does. Its arguments are our own structs and maps, which always encode.
func encode(v any) []byte {
	b, err := wire.Encode(v)
	if err != nil {
		panic("wechatpay sandbox: " + err.Error())
	}
	return b
}

func notFound(*call) (any, *refusal) {
	return nil, refuse(http.StatusNotFound, wire.CodeNotFound, "请求的资源不存在")
}
