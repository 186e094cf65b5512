package wechatpay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// maxFaceBody bounds a request's body, in bytes: the largest genuine one is an order with its goods.
const maxFaceBody = 64 << 10

// faceCall is one request whose signature was verified.
type faceCall struct {
	*http.Request
	gateway provider.Gateway
	account provider.FaceAccount
	body    []byte
	// salt makes the answer's nonce: it is the request's own signature, which no other request has.
	salt []byte
	// signed is the merchant's key under which the request was verified.
	signed provider.Verifier
}

// said is what a call is answered with: a body of its own, or one that encodes; neither means 204. A status of 0 is 200.
type said struct {
	status int
	raw    []byte
	plain  string // the Content-Type of raw when it is no JSON
	value  any
}

// faceHandler does one call of API v3.
type faceHandler func(c *faceCall) (said, *refusal)

// faceRoutes are the addresses of API v3 that the facade has.
var faceRoutes = func() *http.ServeMux {
	base := wire.OrdersBase(false)
	mux := http.NewServeMux()
	for pattern, h := range map[string]faceHandler{
		"POST " + base + "/" + wire.KindNative:        placeFace(ProductNative),
		"POST " + base + "/" + wire.KindH5:            placeFace(ProductH5),
		"POST " + base + "/" + wire.KindCodePay:       codePayFace,
		"GET " + base + "/out-trade-no/{no}":          queryFace,
		"GET " + base + "/id/{id}":                    queryFace,
		"POST " + base + "/out-trade-no/{no}/close":   closeFace,
		"POST " + base + "/out-trade-no/{no}/reverse": reverseFace,
		"POST " + wire.PathRefunds:                    refundFace,
		"GET " + wire.PathRefunds + "/{no}":           refundQueryFace,
		"GET " + wire.PathCertificates:                certificatesFace,
		"GET " + wire.PathTradeBill:                   billFace(wire.BillTrade),
		"GET " + wire.PathFundFlowBill:                billFace(wire.BillFundFlow),
		"GET " + wire.PathBillFile:                    billFileFace,
	} {
		mux.Handle(pattern, h)
	}
	for pattern, product := range relayed {
		mux.Handle(pattern, relayFace(product))
	}
	return mux
}()

// ServeHTTP lets the mux hold handlers; it is never called, because what they need is more than a request.
func (faceHandler) ServeHTTP(http.ResponseWriter, *http.Request) {}

// ServeFace implements provider.Faced.
func (Connector) ServeFace(w http.ResponseWriter, r *http.Request, g provider.Gateway) {
	if serve, ok := v2Routes[r.URL.Path]; ok {
		serveV2(w, r, g, serve)
		return
	}
	if r.URL.Path == wire.PathH5Page && r.Method == http.MethodGet {
		serveH5(w, r, g)
		return
	}
	c, refused := authenticateFace(r, g)
	if refused != nil {
		writeRefusal(w, r, refused)
		return
	}
	h, ok := c.route()
	if !ok {
		g.Missed(r.Context(), c.account, missedName(r))
		writeRefusal(w, r, errNoAuth)
		return
	}
	answer, refused := h(c)
	switch {
	case refused == nil:
		c.write(w, answer)
	case refused.status < http.StatusMultipleChoices: // 202: accepted, and the outcome is not known yet; as every 2xx it is signed
		c.write(w, said{status: refused.status, value: wire.ErrorBody{Code: refused.code, Message: refused.message}})
	default:
		writeRefusal(w, r, refused)
	}
}

// route finds the handler of a request and gives it the parts of its path. A path that only differs by a redirect of the mux is another path.
func (c *faceCall) route() (faceHandler, bool) {
	h, pattern := faceRoutes.Handler(c.Request)
	found, ok := h.(faceHandler)
	if !ok {
		return nil, false
	}
	_, path, _ := strings.Cut(pattern, " ")
	parts, values := strings.Split(path, "/"), strings.Split(c.URL.EscapedPath(), "/")
	for i, part := range parts {
		if name, isName := strings.CutPrefix(part, "{"); isName {
			value, err := url.PathUnescape(values[i])
			if err != nil {
				return nil, false
			}
			c.SetPathValue(strings.TrimSuffix(name, "}"), value)
		}
	}
	return found, true
}

// plainPart is a part of a path that is a word of the protocol's: a number or a name of a person has digits, capitals or dots.
var plainPart = regexp.MustCompile(`^[a-z][a-z_-]{0,31}$`)

// missedName names a call without the numbers in its path, so that a thousand orders are one line for the operator.
func missedName(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, part := range parts {
		if part != "" && part != "v3" && !plainPart.MatchString(part) {
			parts[i] = "{}"
		}
	}
	return r.Method + " " + strings.Join(parts[:min(len(parts), 8)], "/")
}

// authenticateFace does what stands in front of every address of API v3, in the order in which WeChat complains.
func authenticateFace(r *http.Request, g provider.Gateway) (*faceCall, *refusal) {
	accept := r.Header.Get("Accept")
	switch {
	case accept == "" || r.Header.Get("User-Agent") == "":
		return nil, refuse(http.StatusBadRequest, wire.CodeParamError, "Http头缺少Accept或User-Agent")
	case !strings.Contains(accept, "application/json") && !strings.Contains(accept, "*/*"):
		return nil, refuse(http.StatusNotAcceptable, wire.CodeParamError, "Http头Accept须包含application/json")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxFaceBody+1))
	if err != nil || len(body) > maxFaceBody {
		return nil, refuse(http.StatusRequestEntityTooLarge, wire.CodeParamError, "请求包体过大")
	}
	auth, err := wire.ParseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return nil, signError(r, auth, body, "malformed authorization")
	}
	a, err := g.Account(r.Context(), auth.MchID)
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound:
		return nil, signError(r, auth, body, "certificate not found")
	case err != nil:
		return nil, errSystem
	case a.Now.Sub(time.Unix(auth.Timestamp, 0)).Abs() >= wire.ClockWindow:
		return nil, signError(r, auth, body, "timestamp expired")
	}
	keys := merchantKeys(a, auth.Serial)
	if len(keys) == 0 {
		return nil, signError(r, auth, body, "certificate not found")
	}
	signed := verifiedFace(r, a.BaseURL, auth, body, keys)
	if signed == nil {
		return nil, signError(r, auth, body, "sign not match")
	}
	if r.Method == http.MethodPost {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return nil, refuse(http.StatusUnsupportedMediaType, wire.CodeParamError, "Http头Content-Type须为application/json")
		}
	}
	return &faceCall{Request: r, gateway: g, account: a, body: body, salt: auth.Signature, signed: signed}, nil
}

// merchantKeys are the merchant's keys that a serial number names, whatever its case.
func merchantKeys(a provider.FaceAccount, serial string) []provider.Verifier {
	var found []provider.Verifier
	for _, k := range a.Keys {
		for _, field := range []string{FaceMerchantCertificate, FaceMerchantPublic} {
			if v, err := k.Verifier(field); err == nil && wire.NormalSerial(v.KeyID()) == wire.NormalSerial(serial) {
				found = append(found, v)
			}
		}
	}
	return found
}

// verifiedFace checks the signature over the request as it stands on the wire, and failing that over the spellings of the address that SDKs and the proxies in front of us
// are known to disagree about. Each is a whole check of a signature over this method, time, nonce and body. It returns the key that signed, nil when none did.
func verifiedFace(r *http.Request, base string, auth wire.Authorization, body []byte, keys []provider.Verifier) provider.Verifier {
	for _, target := range spellings(r, base) {
		message := wire.RequestMessage(r.Method, target, auth.Timestamp, auth.Nonce, body)
		for _, k := range keys {
			if k.Verify(provider.RSASHA256, message, auth.Signature) == nil {
				return k
			}
		}
	}
	return nil
}

// spellings are the request targets that may have been signed: as received, with and without the path of our own address, with its path decoded, and as a whole address.
func spellings(r *http.Request, base string) []string {
	raw := r.RequestURI
	all := []string{raw}
	if u, err := url.Parse(base); err == nil && u.Path != "" {
		all = append(all, u.Path+raw)
		if rest, ok := strings.CutPrefix(raw, u.Path); ok && strings.HasPrefix(rest, "/") {
			all = append(all, rest)
		}
	}
	decoded := r.URL.Path
	if r.URL.RawQuery != "" {
		decoded += "?" + r.URL.RawQuery
	}
	if decoded != raw && !strings.ContainsFunc(decoded, func(c rune) bool { return c < 0x20 || c == 0x7f }) { // a line feed would let one text be read as two
		all = append(all, decoded)
	}
	return append(all, base+raw)
}

// signError is the 401 as merchants have seen it, with the beginning of the text that was verified.
func signError(r *http.Request, auth wire.Authorization, body []byte, issue string) *refusal {
	message := wire.RequestMessage(r.Method, r.RequestURI, auth.Timestamp, auth.Nonce, body)
	head := wire.RequestMessage(r.Method, r.RequestURI, auth.Timestamp, auth.Nonce, body[:min(8, len(body))])
	return &refusal{status: http.StatusUnauthorized, code: wire.CodeSignError, message: "签名错误,请检查后再试", detail: map[string]any{
		"detail": map[string]any{"issue": issue}, "field": "signature", "location": "authorization",
		"sign_information": map[string]any{"method": r.Method, "sign_message_length": len(message), "truncated_sign_message": strings.ToValidUTF8(string(head), ""), "url": r.RequestURI},
	}}
}

// decode reads the body strictly and refuses characters of four UTF-8 bytes, as API v3 does.
func (c *faceCall) decode(v any) *refusal {
	err := wire.Decode(c.body, v)
	var wrong *wire.TypeError
	if errors.As(err, &wrong) {
		return badField("/"+strings.ReplaceAll(wrong.Field, ".", "/"), "the type is another than documented")
	}
	if err != nil {
		return &refusal{status: http.StatusBadRequest, code: wire.CodeParamError, message: "请求参数错误", detail: wire.ErrorDetail{Issue: "malformed JSON", Location: "body"}}
	}
	for _, r := range string(c.body) {
		if r > 0xffff {
			return badField("", "characters of four UTF-8 bytes are not supported")
		}
	}
	return nil
}

// digestOf is a hash in hex for what must be unlike any other: a nonce, an id. It needs no secret and no randomness, because nothing rests on its being unknown.
func digestOf(parts ...[]byte) string { return hex.EncodeToString(digestBytes(parts...)) }

func digestBytes(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
		h.Write([]byte{'\n'})
	}
	return h.Sum(nil)
}

// commonHeaders are those of a genuine answer. Request-ID keeps its capitals because wechatpay-java looks names up by exact case.
func commonHeaders(h http.Header, id string) {
	h.Set("Cache-Control", "no-cache, must-revalidate")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Language", "zh-CN")
	h[wire.RequestIDHeader] = []string{"08" + strings.ToUpper(id[:38]) + "-0"}
}

// writeRefusal writes an answer outside of 2xx, which is not signed.
func writeRefusal(w http.ResponseWriter, r *http.Request, e *refusal) {
	raw, err := wire.Encode(struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Detail  any    `json:"detail,omitempty"`
	}{e.code, e.message, e.detail})
	if err != nil {
		raw = []byte(`{"code":"SYSTEM_ERROR","message":"系统异常，请用相同参数重新调用"}`) // what we encode are our own structs and valid texts
	}
	commonHeaders(w.Header(), digestOf([]byte(r.Header.Get("Authorization")), raw))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(e.status)
	_, _ = w.Write(raw) // the merchant is gone when this fails
}

// write signs and writes a 2xx. The bytes signed are the bytes written; a 204 is signed over an empty body.
func (c *faceCall) write(w http.ResponseWriter, s said) {
	status, body := s.status, s.raw
	if s.value != nil {
		var err error
		if body, err = wire.Encode(s.value); err != nil {
			writeRefusal(w, c.Request, errSystem)
			return
		}
	}
	switch {
	case status == 0 && len(body) == 0:
		status = http.StatusNoContent
	case status == 0:
		status = http.StatusOK
	}
	serial, sign, err := platformKey(c.account, c.Header.Get(wire.HeaderSerial))
	nonce := digestOf(c.salt, body)
	if err == nil {
		err = wire.SignHeaders(w.Header(), serial, c.account.Now.Unix(), nonce[:32], body, sign)
	}
	if err != nil {
		writeRefusal(w, c.Request, errSystem)
		return
	}
	commonHeaders(w.Header(), nonce)
	if len(body) > 0 {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	if s.plain != "" {
		w.Header().Set("Content-Type", s.plain)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the merchant is gone when this fails
}

// errNoKeys is about an account whose keys were not issued whole: an operator's matter, and the merchant's "try again".
var errNoKeys = errors.New("wechatpay: the issued account has no usable platform key")

// platformKey is how we sign, and under which id: that of the public key when the request names it or the account has no certificates to verify with.
func platformKey(a provider.FaceAccount, wanted string) (string, wire.SignFunc, error) {
	if len(a.Keys) == 0 {
		return "", nil, errNoKeys
	}
	g := a.Keys[0]
	for _, k := range a.Keys { // a request may name the public key of an older generation: during a change both are alive
		if publicID(k) == wanted && wanted != "" {
			g = k
		}
	}
	signer, err := g.Signer(FacePlatformPrivate)
	if err != nil {
		return "", nil, err
	}
	sign := func(m []byte) ([]byte, error) { return signer.Sign(provider.RSASHA256, m) }
	if id := publicID(g); id != "" && (id == wanted || a.Settings[FaceVerify] == faceVerifyPublic) {
		return id, sign, nil
	}
	certificate, err := g.Verifier(FacePlatformCertificate)
	if err != nil {
		return "", nil, err
	}
	return certificate.KeyID(), sign, nil
}

// publicID is the id under which a generation's public key is known.
func publicID(g provider.Generation) string {
	s, err := g.Secret(FacePublicID)
	if err != nil {
		return ""
	}
	return string(s.Reveal())
}

// forward hands a request about an order of before the switch-over to WeChat itself; false when there is nobody to ask.
func (c *faceCall) forward(ctx context.Context) (said, bool, *refusal) {
	answer, known, err := c.gateway.Forward(ctx, c.account, provider.ForwardRequest{Method: c.Method, Target: c.RequestURI, Header: c.Header, Body: c.body})
	switch {
	case err != nil:
		return said{}, true, errSystem
	case !known:
		return said{}, false, nil
	case answer.Status < http.StatusMultipleChoices:
		return said{status: answer.Status, raw: answer.Body}, true, nil
	}
	body, ok := wire.ParseError(answer.Body)
	if !ok {
		return said{}, true, errSystem
	}
	r := refuse(answer.Status, body.Code, body.Message)
	if len(body.Detail) > 0 {
		r.detail = json.RawMessage(body.Detail)
	}
	return said{}, true, r
}
