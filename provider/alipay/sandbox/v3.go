package sandbox

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// statusV3 gives the HTTP status of a refusal. [GEN] Beyond that parameters and business are 400, signatures 401, permissions 403 and limits 429.
var statusV3 = map[string]int{
	wire.CodeUnknown: http.StatusInternalServerError, wire.CodeTokenPermission: http.StatusForbidden, wire.CodePermission: http.StatusForbidden, wire.CodeLimited: http.StatusTooManyRequests,
}

// v3 serves the third version of the protocol: the methods that a server calls, as JSON over paths.
func (s *Sandbox) v3(w http.ResponseWriter, r *http.Request) {
	name := wire.V3Method(r.URL.Path)
	m := methods[name]
	if m.api == nil || (r.Method == http.MethodGet) != wire.V3Get(name) || name == wire.MethodCertificate {
		m = method{}
	}
	body, err := io.ReadAll(r.Body) // LimitBody has bounded it
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c, bad := s.admitV3(r, name, m, string(body))
	s.faults.Around(w, r, c.op, func(w http.ResponseWriter, r *http.Request) {
		if bad == nil {
			bad = s.ordered(c)
		}
		fields, bad := s.perform(c, m, bad)
		s.answerV3(w, r, c, fields, bad)
	})
}

// admitV3 checks who calls and reads what is asked for. A call is one of the second version from here on.
func (s *Sandbox) admitV3(r *http.Request, name string, m method, body string) (call, *refusal) {
	c := call{method: name, op: m.op, signType: wire.SignTypeRSA2, params: wire.Params{"app_auth_token": r.Header.Get(wire.V3AppAuthToken)}, now: s.now()}
	refuse := func(code, sub, message string) (call, *refusal) {
		return c, &refusal{code: code, sub: sub, message: message}
	}
	credentials, err := wire.ParseV3Authorization(r.Header.Get("Authorization"))
	account, known := s.accounts[credentials.AppID]
	c.account = account
	switch {
	case m.op == "":
		return refuse(wire.CodeInvalidArgument, "isv.invalid-method", "不存在的方法名")
	case r.Header.Get("Authorization") == "":
		return refuse(wire.CodeMissingArgument, "isv.missing-timestamp", "缺少时间戳参数") // as the real gateway says (probed)
	case err != nil:
		return refuse(wire.CodeInvalidArgument, "isv.invalid-signature", err.Error())
	case !known:
		return refuse(wire.CodeInvalidArgument, "isv.invalid-app-id", "无效的AppID参数")
	}
	message := wire.V3RequestString(credentials.Authority, r.Method, r.URL.RequestURI(), body, r.Header.Get(wire.V3AppAuthToken))
	if wire.VerifyWith(account.AppPublicKey, wire.SignTypeRSA2)(message, credentials.Signature) != nil {
		return refuse(wire.CodeInvalidArgument, "isv.invalid-signature", "验签出错")
	}
	if d := c.now.Sub(credentials.Time); d > wire.V3Skew || d < -wire.V3Skew {
		return refuse(wire.CodeInvalidArgument, "isv.invalid-timestamp", "非法的时间戳参数")
	}
	bad := certificateNumbers(account, wire.Params{"app_cert_sn": credentials.CertSN, "alipay_root_cert_sn": r.Header.Get(wire.V3RootSN)}, c.now)
	if bad == nil {
		bad = c.authorised()
	}
	if bad != nil {
		return c, bad
	}
	if c.biz, bad = s.contentV3(r, &c, body); bad != nil {
		return c, bad
	}
	for _, field := range []string{"notify_url", "grant_type", "code", "refresh_token"} {
		c.params[field] = c.biz.Text(field)
	}
	if mini := account.MiniAppID; c.op == opJSAPI && mini != "" && c.biz.Text("op_app_id") == mini {
		c.op = opMini
	}
	return c, nil
}

// contentV3 reads the fields of a call, from the query of a GET or from the body.
func (s *Sandbox) contentV3(r *http.Request, c *call, body string) (wire.Object, *refusal) {
	if r.Method == http.MethodGet {
		return objectOf(r.URL.Query())
	}
	p := wire.Params{"biz_content": body, "encrypt_type": r.Header.Get(wire.V3EncryptType)}
	c.params["encrypt_type"] = p["encrypt_type"]
	return content(c.account, p)
}

func objectOf(q url.Values) (wire.Object, *refusal) {
	f := wire.Fields{}
	for name := range q {
		f = f.Set(name, q.Get(name))
	}
	o, err := wire.ParseObject(f.Marshal())
	if err != nil {
		return nil, parameter(err.Error())
	}
	return o, nil
}

// answerV3 writes an answer, signed unless it is a refusal (probed). An order that waits for the buyer's password is a success without a time of payment. [GEN]
func (s *Sandbox) answerV3(w http.ResponseWriter, r *http.Request, c call, fields wire.Fields, bad *refusal) {
	status := http.StatusOK
	switch {
	case bad != nil && bad.code == wire.CodeWaiting:
		fields = bad.with
	case bad != nil:
		if status = statusV3[bad.code]; status == 0 {
			status = http.StatusBadRequest
		}
		if strings.HasSuffix(bad.sub, "signature") {
			status = http.StatusUnauthorized
		}
		code := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(bad.sub, "aop."), "isv."), "isp.")
		fields = wire.Fields{}.Set("code", code).Set("message", bad.message)
	}
	body := fields.Marshal()
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=utf-8")
	if c.biz != nil && c.params["encrypt_type"] != "" && status == http.StatusOK { // the official SDK reads refusals in the clear
		hidden, err := c.account.ContentKey.Encrypt(body)
		if err != nil {
			http.Error(w, "the answer could not be encrypted", http.StatusInternalServerError)
			return
		}
		body = []byte(hidden)
		h.Set("Content-Type", "text/plain;charset=utf-8")
		h.Set(wire.V3EncryptType, wire.EncryptAES)
	}
	sign, sn := s.signer(c.account, wire.SignTypeRSA2)
	spoiled := sandboxkit.SpoilSignature(r.Context())
	if spoiled {
		sign = s.spoil
	}
	if _, ok := s.faults.Take(c.op, FaultWrongSerial); ok && sn != "" {
		sn = strings.Repeat("0", len(sn))
	}
	timestamp, nonce := strconv.FormatInt(s.now().UnixMilli(), 10), hex.EncodeToString([]byte(s.digits(16)))
	signature, err := sign(wire.V3ResponseString(timestamp, nonce, body))
	if err != nil {
		http.Error(w, "the answer could not be signed", http.StatusInternalServerError)
		return
	}
	if status >= http.StatusBadRequest && !spoiled {
		signature, sn = nil, ""
	}
	for name, value := range map[string]string{
		wire.V3Timestamp: timestamp, wire.V3Nonce: nonce, wire.V3Signature: wire.EncodeSignature(signature), wire.V3SN: sn, "alipay-trace-id": s.digits(32),
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller is gone when this fails
}
