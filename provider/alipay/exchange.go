package alipay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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

// request lays out and signs a call, and returns it also as the payment's story shows it: before its content is encrypted.
func request(call provider.Call, id identity, r wire.Request) (p wire.Params, shown string, err error) {
	r.AppID, r.SignType, r.Time = setting(call, settingAppID), wire.SignTypeRSA2, call.Env.Now()
	p = r.Params()
	maps.Copy(p, id.extra())
	shown = masked(p)
	if content := p["biz_content"]; len(id.content) > 0 && content != "" {
		if p["biz_content"], err = id.content.Encrypt([]byte(content)); err != nil {
			return nil, shown, err
		}
		p["encrypt_type"] = wire.EncryptAES
	}
	return p, shown, p.SignRequest(id.sign)
}

// send makes one call and verifies the answer. It never repeats a call. attemptGeneration is whose platform key to try first.
func send(ctx context.Context, call provider.Call, op, attemptGeneration string, r wire.Request) reply {
	id, err := identityOf(call)
	if err != nil {
		return notSent(op, err)
	}
	if r.Method == wire.MethodOAuthToken {
		id.token = "" // the buyer gave the code to our app, whoever it acts for
	}
	if setting(call, settingProtocol) == protocolV3 {
		return sendV3(ctx, call, id, op, attemptGeneration, r)
	}
	p, shown, err := request(call, id, r)
	if err != nil {
		return notSent(op, err)
	}
	out := reply{class: provider.ClassUnknown, exchange: provider.Exchange{Op: op, Request: shown}}
	if body, err := post(ctx, call, p, &out.exchange); err != nil {
		out.unanswered(err)
	} else {
		out.read(ctx, call, id, attemptGeneration, r.Method, body)
	}
	return out.told()
}

// notSent is a call that our own keys or settings made impossible.
func notSent(op string, err error) reply {
	return reply{class: provider.ClassAuth, code: "not_sent", message: err.Error(), exchange: provider.Exchange{Op: op, Error: err.Error()}}
}

// unanswered tells what was certainly not sent from what may have been.
func (r *reply) unanswered(err error) {
	r.code, r.message = "no_answer", err.Error()
	if errors.Is(err, provider.ErrNotSent) {
		r.class, r.code = provider.ClassUnavailable, "not_sent"
	}
}

// told puts into the payment's story why an answer was not believed.
func (r *reply) told() reply {
	if r.object == nil && r.exchange.Error == "" {
		r.exchange.Error = r.message
	}
	return *r
}

// post sends the common parameters in the query and biz_content in the body, as the official SDKs do.
func post(ctx context.Context, call provider.Call, p wire.Params, exchange *provider.Exchange) ([]byte, error) {
	query, form := p.Split()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, setting(call, settingGateway)+"?"+query, strings.NewReader(form))
	if err != nil {
		return nil, fmt.Errorf("%w: gateway_url: %w", provider.ErrNotSent, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	_, body, err := roundTrip(call, req, exchange)
	if err == nil && exchange.Status != http.StatusOK {
		err = fmt.Errorf("HTTP %d instead of 200", exchange.Status)
	}
	return body, err
}

// roundTrip sends a request once and reads the answer.
func roundTrip(call provider.Call, req *http.Request, exchange *provider.Exchange) (http.Header, []byte, error) {
	if call.Timeout > 0 {
		ctx, cancel := context.WithTimeout(req.Context(), call.Timeout)
		defer cancel()
		req = req.WithContext(ctx)
	}
	req.GetBody = nil // nothing below may send an order twice
	req.Header.Set("Accept", "application/json")
	resp, err := call.Env.HTTP.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	exchange.Status = resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, wire.MaxResponse+1))
	exchange.Response = clip(string(body))
	if err != nil {
		return nil, nil, fmt.Errorf("the answer broke off: %s", err) // not %w: an error of reading must never look like one of sending
	}
	return resp.Header, body, nil
}

// read verifies an answer and only then believes it.
func (r *reply) read(ctx context.Context, call provider.Call, id identity, attemptGeneration, method string, body []byte) {
	env, err := wire.Extract(body, method)
	if err != nil {
		r.code, r.message = "unreadable_answer", err.Error()
		return
	}
	verify, err := id.verifier(ctx, call, env.CertSN, attemptGeneration)
	if err == nil {
		err = env.Verify(verify)
	}
	if err != nil {
		r.code, r.message = "unverified_answer", err.Error()
		return
	}
	object, err := id.open(env)
	if err != nil {
		r.code, r.message = "unreadable_answer", err.Error()
		return
	}
	if env.Encrypted() {
		r.exchange.Response = clip(object.String())
	}
	r.object = object
	code := object.Text("code")
	r.judge(code, object.Text("sub_code"), object.Text("sub_msg"))
	if r.sub == "" {
		r.code, r.message = code, object.Text("msg")
	}
}

// judge gives an answer its meaning, by its code and sub_code.
func (r *reply) judge(code, sub, message string) {
	r.code, r.sub, r.message = sub, bare(sub), message
	r.success, r.waiting = code == wire.CodeSuccess && sub == "", code == wire.CodeWaiting && sub == ""
	if r.class = classOf(code, sub); r.success {
		r.class = provider.ClassNone
	}
}

// open reads the value of an answer, decrypting it where the account's content is encrypted.
func (id identity) open(env wire.Envelope) (wire.Object, error) {
	if env.Encrypted() {
		return env.Decrypt(id.content)
	}
	return env.Object()
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

// addresses finds the address of a bill in an answer: whoever has it has the bill.
var addresses = regexp.MustCompile(`("bill_download_url":")[^"]*"`)

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
