package alipay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// reply is a gateway answer whose signature was verified, or the reason why there is none.
type reply struct {
	object   wire.Object // nil when nothing may be believed
	class    provider.Class
	code     string // the sub_code, or the code when there is none; verbatim
	sub      string // the sub_code without its prefix
	message  string
	success  bool // verified, and code 10000
	waiting  bool // verified, and code 10003
	exchange provider.Exchange
}

// text reads a field of a verified answer.
func (r reply) text(name string) string { return r.object.Text(name) }

// request lays out and signs a call.
func request(call provider.Call, r wire.Request) (wire.Params, error) {
	generation, err := call.Newest()
	if err != nil {
		return nil, err
	}
	signer, err := generation.Signer(keyApp)
	if err != nil {
		return nil, err
	}
	r.AppID, r.SignType, r.Time = setting(call, settingAppID), wire.SignTypeRSA2, call.Env.Now()
	p := r.Params()
	return p, p.SignRequest(func(message []byte) ([]byte, error) { return signer.Sign(provider.RSASHA256, message) })
}

// send makes one call of the gateway and verifies the answer. It never repeats a call. attemptGeneration is whose platform key to try first.
func send(ctx context.Context, call provider.Call, op, attemptGeneration string, r wire.Request) reply {
	p, err := request(call, r)
	if err != nil {
		return reply{class: provider.ClassAuth, code: "not_sent", message: err.Error(), exchange: provider.Exchange{Op: op, Error: err.Error()}}
	}
	out := reply{class: provider.ClassUnknown, exchange: provider.Exchange{Op: op, Request: masked(p)}}
	body, err := post(ctx, call, p, &out.exchange)
	switch {
	case errors.Is(err, provider.ErrNotSent):
		out.class, out.code, out.message = provider.ClassUnavailable, "not_sent", err.Error()
	case err != nil:
		out.code, out.message = "no_answer", err.Error()
	default:
		out.read(call, attemptGeneration, r.Method, body)
	}
	if out.object == nil && out.exchange.Error == "" {
		out.exchange.Error = out.message
	}
	return out
}

// post sends the common parameters in the query and biz_content in the body, as the official SDKs do.
func post(ctx context.Context, call provider.Call, p wire.Params, exchange *provider.Exchange) ([]byte, error) {
	if call.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, call.Timeout)
		defer cancel()
	}
	query, form := p.Split()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, setting(call, settingGateway)+"?"+query, strings.NewReader(form))
	if err != nil {
		return nil, fmt.Errorf("%w: gateway_url: %w", provider.ErrNotSent, err)
	}
	req.GetBody = nil // nothing below may send an order twice
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	req.Header.Set("Accept", "application/json")
	resp, err := call.Env.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	exchange.Status = resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, wire.MaxResponse+1))
	exchange.Response = clip(string(body))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %s", err) // not %w: an error of reading must never look like one of sending
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP %d instead of 200", resp.StatusCode)
	}
	return body, nil
}

// read verifies an answer and only then believes it.
func (r *reply) read(call provider.Call, attemptGeneration, method string, body []byte) {
	env, err := wire.Extract(body, method)
	if err != nil {
		r.code, r.message = "unreadable_answer", err.Error()
		return
	}
	if err = env.Verify(anyOf(call.Verifiers(keyPlatform, "", attemptGeneration))); err != nil {
		r.code, r.message = "unverified_answer", err.Error()
		return
	}
	object, err := env.Object()
	if err != nil {
		r.code, r.message = "unreadable_answer", err.Error()
		return
	}
	r.object = object
	code := object.Text("code")
	r.code, r.message = code, object.Text("msg")
	if sub := object.Text("sub_code"); sub != "" {
		r.code, r.sub, r.message = sub, bare(sub), object.Text("sub_msg")
	}
	if r.success = code == wire.CodeSuccess && r.sub == ""; r.success {
		r.class = provider.ClassNone
		return
	}
	r.waiting = code == wire.CodeWaiting && r.sub == ""
	r.class = classOf(code, r.sub)
}

// anyOf verifies with each key in turn. The algorithm is ours to say, never the message's.
func anyOf(keys []provider.Verifier) wire.Verify {
	return func(message, signature []byte) error {
		err := provider.ErrUnverified
		for _, k := range keys {
			if err = k.Verify(provider.RSASHA256, message, signature); err == nil {
				return nil
			}
		}
		return err
	}
}

// sameOrder says that an answer is about the order that was asked about. The gateway names it in every success.
func (r reply) sameOrder(number string) bool { return r.text("out_trade_no") == number }

// answersOther turns an answer about another order into one that proves nothing.
func (r *reply) answersOther() {
	r.class, r.code, r.message = provider.ClassUnknown, "other_order", "the answer is about order "+clip(r.text("out_trade_no"))
	r.exchange.Error = r.message
}

// masked writes a request for the payment's story: readable, with the signature cut and one-time codes hidden.
func masked(p wire.Params) string {
	shown := wire.Params{}
	for k, v := range p {
		switch k {
		case "sign":
			v = v[:min(8, len(v))] + "..."
		case "biz_content":
			v = authCodes.ReplaceAllString(v, `$1[redacted]"`)
		case "code", "refresh_token", "auth_token", "app_auth_token":
			v = "[redacted]"
		}
		shown[k] = v
	}
	return shown.Encode()
}

// authCodes finds the code of a buyer's wallet in a biz_content.
var authCodes = regexp.MustCompile(`("auth_code":")[^"]*"`)

// maxKept bounds what is kept of an answer, in bytes.
const maxKept = 16 << 10

func clip(s string) string {
	if len(s) > maxKept {
		return s[:maxKept] + "..."
	}
	return s
}

// moment reads an optional time of the wire, falling back to another.
func moment(s string, otherwise time.Time) time.Time {
	if t, err := wire.ParseTime(s); err == nil {
		return t
	}
	return otherwise
}
