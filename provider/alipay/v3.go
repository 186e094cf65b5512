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
	base, err := url.Parse(setting(call, settingGateway))
	if err == nil {
		_, err = io.ReadFull(call.Env.Rand, random)
	}
	if err != nil {
		return nil, "", fmt.Errorf("alipay: gateway_url or randomness: %w", err)
	}
	verb, target, body := http.MethodPost, wire.V3Path(r.Method), string(fields.Marshal())
	kind := "application/json"
	if wire.V3Get(r.Method) {
		verb, target, body = http.MethodGet, target+"?"+wire.V3Query(fields), ""
	}
	shown = verb + " " + target + " " + authCodes.ReplaceAllString(body, `$1[redacted]"`)
	encrypted := len(id.content) > 0 && body != ""
	if encrypted {
		kind = "text/plain"
		if body, err = id.content.Encrypt([]byte(body)); err != nil {
			return nil, shown, err
		}
	}
	authority := wire.V3Authority(setting(call, settingAppID), id.appSN, hex.EncodeToString(random[:16]), call.Env.Now())
	signature, err := id.sign(wire.V3RequestString(authority, verb, target, body, id.token))
	if err != nil {
		return nil, shown, err
	}
	if req, err = http.NewRequestWithContext(ctx, verb, base.Scheme+"://"+base.Host+target, strings.NewReader(body)); err != nil {
		return nil, shown, fmt.Errorf("alipay: gateway_url: %w", err)
	}
	for name, value := range map[string]string{
		"Authorization": wire.V3Authorization(authority, signature), "Content-Type": kind, wire.V3RequestID: hex.EncodeToString(random[16:]), wire.V3RootSN: id.rootSN,
		wire.V3AppAuthToken: id.token, wire.V3EncryptType: map[bool]string{true: wire.EncryptAES}[encrypted], wire.V3Algorithm: map[bool]string{true: wire.EncryptAES}[encrypted],
	} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	return req, shown, nil
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
