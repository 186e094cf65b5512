package alipay

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// protocolV3 is the value of the setting protocol that turns calls to the third version. Page and app orders stay what they are: there is no other form of them.
const protocolV3 = "v3"

// sendV3 makes one call of the third version: the same fields as JSON, signed in headers. Alipay does not sign its refusals there
// (probed; the official SDK does not ask for it): TLS vouches for them. One that is signed must verify.
func sendV3(ctx context.Context, call provider.Call, id identity, op, attemptGeneration string, r wire.Request) reply {
	req, shown, err := requestV3(ctx, call, id, r)
	if err != nil {
		return notSent(op, err)
	}
	out := reply{class: provider.ClassUnknown, exchange: provider.Exchange{Op: op, Request: shown}}
	header, body, err := roundTrip(call, req, &out.exchange)
	if err != nil {
		out.unanswered(err)
	} else if err = out.readV3(ctx, call, id, attemptGeneration, header, body); err != nil {
		out.code, out.message = "unverified_answer", err.Error()
	}
	return out.told()
}

// requestV3 lays out and signs a call, and returns it also as the payment's story shows it.
func requestV3(ctx context.Context, call provider.Call, id identity, r wire.Request) (req *http.Request, shown string, err error) {
	fields := r.Biz.Set("notify_url", r.NotifyURL)
	for _, name := range []string{"grant_type", "code"} {
		fields = fields.Set(name, r.Extra[name])
	}
	random := make([]byte, 32)
	if _, err := io.ReadFull(call.Env.Rand, random); err != nil {
		return nil, "", err
	}
	base, err := url.Parse(setting(call, settingGateway))
	if err != nil {
		return nil, "", fmt.Errorf("alipay: gateway_url: %w", err)
	}
	m, err := wire.V3Call{
		Method: r.Method, AppID: setting(call, settingAppID), CertSN: id.appSN, RootSN: id.rootSN, Token: id.token, Fields: fields, Key: id.content,
		Nonce: hex.EncodeToString(random[:16]), RequestID: hex.EncodeToString(random[16:]), Time: call.Env.Now(),
	}.Message(id.sign)
	if err != nil {
		return nil, "", err
	}
	req, err = http.NewRequestWithContext(ctx, m.Verb, base.Scheme+"://"+base.Host+m.Target, strings.NewReader(m.Body))
	if err != nil {
		return nil, "", fmt.Errorf("alipay: gateway_url: %w", err)
	}
	for name, value := range m.Header {
		req.Header.Set(name, value)
	}
	return req, m.Verb + " " + m.Target + " " + authCodes.ReplaceAllString(m.Content, `$1[redacted]"`), nil
}

// readV3 verifies an answer and only then believes it. HTTP 429 is a limit and 5xx proves nothing, whatever the code.
func (r *reply) readV3(ctx context.Context, call provider.Call, id identity, attemptGeneration string, header http.Header, body []byte) error {
	signature := header.Get(wire.V3Signature)
	if signature != "" || r.exchange.Status/100 != 4 {
		verify, err := id.verifier(ctx, call, header.Get(wire.V3SN), attemptGeneration)
		if err == nil {
			err = wire.VerifyV3(header.Get(wire.V3Timestamp), header.Get(wire.V3Nonce), body, signature, verify, call.Env.Now())
		}
		if err != nil {
			return err
		}
	}
	var err error
	if len(id.content) > 0 && header.Get(wire.V3EncryptType) == wire.EncryptAES {
		if body, err = id.content.Decrypt(string(body)); err != nil {
			return err
		}
		r.exchange.Response = clip(string(body))
	}
	if r.object, err = wire.ParseObject(body); err != nil {
		return err
	}
	switch status := r.exchange.Status; {
	case status/100 == 2:
		r.judge(wire.CodeSuccess, "", "")
	case status == http.StatusTooManyRequests:
		r.judge(wire.CodeLimited, r.text("code"), r.text("message"))
	case status/100 == 4:
		r.judge(wire.CodeBusiness, r.text("code"), r.text("message"))
	default:
		r.judge(wire.CodeUnknown, r.text("code"), r.text("message"))
	}
	return nil
}
