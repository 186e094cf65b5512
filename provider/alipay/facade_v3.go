package alipay

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// faceStatuses are the HTTP statuses of refusals in the third version; everything else is 400.
var faceStatuses = map[string]int{
	wire.CodeUnknown: http.StatusInternalServerError, wire.CodeTokenPermission: http.StatusForbidden, wire.CodePermission: http.StatusForbidden, wire.CodeLimited: http.StatusTooManyRequests,
}

// faceV3 serves the third version: the methods that a server calls, as JSON over paths, signed in headers.
func (c *Connector) faceV3(w http.ResponseWriter, r *http.Request, g provider.Gateway) {
	call := &faceCall{g: g, ip: remoteIP(r), v3: true, method: wire.V3Method(r.URL.Path), signType: wire.SignTypeRSA2, params: wire.Params{"sign": r.Header.Get("Authorization")}}
	body, err := bodyV3(r)
	if err != nil {
		answerFaceV3(w, call, nil, invalidFace("parameter", "参数无效"))
		return
	}
	m := methodV3(call.method)
	bad := call.admitV3(r.Context(), r, m, string(body))
	fields, bad := call.perform(r.Context(), m, bad)
	answerFaceV3(w, call, fields, bad)
}

// bodyV3 is what a request's signature covers: its body, of a form with files the text of the part "data" (the official Node client).
func bodyV3(r *http.Request) ([]byte, error) {
	kind, attributes, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(r.Body) // ServeFace has bounded it
	}
	parts := multipart.NewReader(r.Body, attributes["boundary"])
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, err
		case part.FormName() == "data" && part.FileName() == "":
			return io.ReadAll(part)
		}
	}
}

// methodV3 is a method that the third version has: not those of a buyer's browser, and not the certificate's download.
func methodV3(name string) faceMethod {
	if m := faceMethods[name]; m.api != nil && name != wire.MethodCertificate {
		return m
	}
	return faceMethod{}
}

// admitV3 checks who calls and reads what is asked for.
func (c *faceCall) admitV3(ctx context.Context, r *http.Request, m faceMethod, body string) *faceRefusal {
	if !methodNames.MatchString(c.method) || len(c.method) > 128 {
		return invalidFace("method", "不存在的方法名")
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return missingFace("timestamp") // as the real gateway says (probed)
	}
	credentials, err := wire.ParseV3Authorization(header)
	if err != nil {
		return c.unverified()
	}
	if bad := c.find(ctx, credentials.AppID); bad != nil {
		return bad
	}
	token := r.Header.Get(wire.V3AppAuthToken)
	message := wire.V3RequestString(credentials.Authority, r.Method, r.URL.RequestURI(), body, token)
	generation, bad := c.verify(credentials.CertSN, r.Header.Get(wire.V3RootSN), func(v provider.Verifier) bool {
		return v.Verify(provider.RSASHA256, message, credentials.Signature) == nil
	})
	if bad != nil {
		return bad
	}
	d := c.account.Now.Sub(credentials.Time)
	switch {
	case d > wire.V3Skew || d < -wire.V3Skew:
		return invalidFace("timestamp", "非法的时间戳参数")
	case m.api == nil:
		return c.missed(ctx)
	case (r.Method == http.MethodGet) != wire.V3Get(c.method):
		return invalidFace("method", "不存在的方法名")
	case token != "":
		return c.delegated(ctx)
	case r.Method == http.MethodGet:
		return c.readQuery(r.URL.Query())
	}
	return c.readContent(generation, body, r.Header.Get(wire.V3EncryptType))
}

// readQuery reads the fields of a GET.
func (c *faceCall) readQuery(q url.Values) *faceRefusal {
	f := wire.Fields{}
	for name := range q {
		f = f.Set(name, q.Get(name))
	}
	return c.readContent(provider.Generation{}, string(f.Marshal()), "")
}

// answerFaceV3 writes an answer, signed unless it is a refusal (probed). An order that waits for the buyer's password is a success without a time of payment.
func answerFaceV3(w http.ResponseWriter, c *faceCall, fields wire.Fields, bad *faceRefusal) {
	body, status := fields.Marshal(), http.StatusOK
	switch {
	case bad != nil && bad.code == wire.CodeWaiting:
		body = bad.with.Marshal()
	case bad != nil:
		body, status = refusalV3(bad)
	case c.forwarded != nil:
		body, status = forwardedV3(c.forwarded)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=utf-8")
	if len(c.content) > 0 && status == http.StatusOK { // the official SDK reads refusals in the clear
		hidden, err := c.content.Encrypt(body)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		body = []byte(hidden)
		h.Set("Content-Type", "text/plain;charset=utf-8")
		asWritten(h, wire.V3EncryptType, wire.EncryptAES)
	}
	timestamp := strconv.FormatInt(c.account.Now.UnixMilli(), 10)
	nonce := tagOf(32, "nonce", c.params["sign"], timestamp)
	asWritten(h, "alipay-trace-id", tagOf(32, "trace", c.params["sign"], timestamp))
	if c.known {
		asWritten(h, wire.V3Timestamp, timestamp)
		asWritten(h, wire.V3Nonce, nonce)
	}
	if status == http.StatusOK {
		signature, err := c.sign(wire.V3ResponseString(timestamp, nonce, body))
		if err != nil {
			w.WriteHeader(http.StatusBadGateway) // no answer is better than one that cannot be believed
			return
		}
		asWritten(h, wire.V3Signature, wire.EncodeSignature(signature))
		if c.certSN != "" {
			asWritten(h, wire.V3SN, c.certSN)
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller is gone when this fails
}

// refusalV3 writes a refusal: its code is the second version's sub_code without the prefix of its kind.
func refusalV3(bad *faceRefusal) ([]byte, int) {
	status := faceStatuses[bad.code]
	switch {
	case strings.HasSuffix(bad.sub, "signature"):
		status = http.StatusUnauthorized
	case status == 0:
		status = http.StatusBadRequest
	}
	return wire.Fields{}.Set("code", codeV3(bad.sub)).Set("message", bad.message).Marshal(), status
}

func codeV3(sub string) string {
	for _, prefix := range []string{"aop.", "isv.", "isp."} {
		sub = strings.TrimPrefix(sub, prefix)
	}
	return sub
}

// forwardedV3 puts Alipay's answer of the second version into the third's form: a success without its code and msg, a refusal as one.
func forwardedV3(value []byte) ([]byte, int) {
	o, err := wire.ParseObject(value)
	if err != nil {
		return refusalV3(systemFace)
	}
	if code := o.Text("code"); code != wire.CodeSuccess {
		return refusalV3(&faceRefusal{code: code, sub: o.Text("sub_code"), message: o.Text("sub_msg")})
	}
	head := `{"code":"` + wire.CodeSuccess + `","msg":"` + wire.Messages[wire.CodeSuccess] + `",`
	if rest, ok := strings.CutPrefix(string(value), head); ok {
		return []byte("{" + rest), http.StatusOK
	}
	return value, http.StatusOK
}
