package tenpay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"postern/provider"
	"postern/provider/tenpay/wire"
)

// algKeyed is the name under which a partner key's verifier is asked: what it checks is the message's own signature.
const algKeyed provider.Alg = "TENPAY-MD5"

// base is what every request carries.
func base(call provider.Call) wire.Params {
	return wire.Params{
		"sign_type": wire.SignType, "service_version": wire.Version, "input_charset": setting(call, SettingCharset), "sign_key_index": wire.KeyIndex,
		"partner": setting(call, SettingPartner),
	}
}

// sign signs a request with the newest generation.
func sign(call provider.Call, p wire.Params) error {
	g, err := call.Newest()
	if err != nil {
		return err
	}
	key, err := g.Secret(KeyPartner)
	if err != nil {
		return err
	}
	return p.Sign(key.Reveal())
}

// keyed verifies a message with a partner key. The message brings its own signature, so that what is handed in is not looked at.
type keyed struct {
	message wire.Params
	key     []byte
	id      string
}

func (k keyed) KeyID() string { return k.id }

func (k keyed) Verify(alg provider.Alg, _, _ []byte) error {
	if alg != algKeyed || !k.message.Verify(k.key) {
		return provider.ErrUnverified
	}
	return nil
}

// verifiers lists the partner keys of this credential set: the attempt's generation first, then the others.
func verifiers(call provider.Call, p wire.Params, generationID string) []provider.Verifier {
	var own, others []provider.Verifier
	for _, g := range call.Keys {
		key, err := g.Secret(KeyPartner)
		switch {
		case err != nil:
		case g.ID == generationID:
			own = append(own, keyed{p, key.Reveal(), g.ID})
		default:
			others = append(others, keyed{p, key.Reveal(), g.ID})
		}
	}
	return append(own, others...)
}

// reply is an answer. Params is nil unless it was a success whose signature was verified; refused says that it was a refusal, which TenPay does not sign.
type reply struct {
	params   wire.Params
	refused  bool
	class    provider.Class
	code     string
	text     string
	exchange provider.Exchange
}

// send makes one call and verifies the answer. It never repeats a call.
func send(ctx context.Context, call provider.Call, doer provider.Doer, op, address string, p wire.Params) reply {
	err := sign(call, p)
	body := ""
	if err == nil {
		body, err = p.Encode()
	}
	if err != nil {
		return reply{class: provider.ClassAuth, code: "not_sent", text: err.Error(), exchange: provider.Exchange{Op: op, Error: err.Error()}}
	}
	out := reply{class: provider.ClassUnknown, exchange: provider.Exchange{Op: op, Request: masked(p)}}
	answer, err := post(ctx, call, doer, address, body, &out.exchange)
	switch {
	case errors.Is(err, provider.ErrNotSent):
		out.class, out.code, out.text = provider.ClassUnavailable, "not_sent", err.Error()
	case err != nil:
		out.code, out.text = "no_answer", err.Error()
	default:
		out.read(call, p, answer)
	}
	if out.params == nil && out.exchange.Error == "" {
		out.exchange.Error = out.text
	}
	return out
}

func post(ctx context.Context, call provider.Call, doer provider.Doer, address, body string, exchange *provider.Exchange) ([]byte, error) {
	if call.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, call.Timeout)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.ErrNotSent, err)
	}
	req.GetBody = nil // nothing below may send a refund twice
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset="+setting(call, SettingCharset))
	resp, err := doer.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	exchange.Status = resp.StatusCode
	answer, err := io.ReadAll(io.LimitReader(resp.Body, wire.MaxMessage+1))
	exchange.Response = clip(string(answer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer broke off: %s", err) // not %w: an error of reading must never look like one of sending
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("HTTP %d instead of 200", resp.StatusCode)
	}
	return answer, nil
}

// read verifies an answer and only then believes it. It must be about the order and the merchant that were asked about. A refusal is never signed: it is kept with
// its code, and what may be made of it is each caller's to say.
func (r *reply) read(call provider.Call, asked wire.Params, answer []byte) {
	p, err := wire.ParseXML(answer)
	if err != nil {
		r.code, r.text = "unreadable_answer", err.Error()
		return
	}
	code, told := p["retcode"]
	if told && code != wire.RetOK {
		r.refused, r.code, r.text = true, clip(code), clip(p["retmsg"])
		return
	}
	if !told || !signed(call, p) {
		r.code, r.text = "unverified_answer", provider.ErrUnverified.Error()
		return
	}
	for _, name := range []string{"partner", "out_trade_no", "transaction_id", "out_refund_no"} {
		if p[name] != "" && asked[name] != "" && p[name] != asked[name] {
			r.code, r.text = "other_order", "the answer is about "+name+" "+clip(p[name])
			return
		}
	}
	r.params, r.code, r.text, r.class = p, code, p["retmsg"], provider.ClassNone
}

func signed(call provider.Call, p wire.Params) bool {
	for _, v := range verifiers(call, p, "") {
		if v.Verify(algKeyed, nil, nil) == nil {
			return true
		}
	}
	return false
}

// refundDoer is how the merchants' server is reached: over TLS with the account's client certificate. Only a sandbox is reached without.
func refundDoer(call provider.Call) (provider.Doer, error) {
	if !strings.HasPrefix(setting(call, SettingMerchant), "https://") {
		if call.Sandbox {
			return call.Env.HTTP, nil
		}
		return nil, fmt.Errorf("merchant_url must begin with https://")
	}
	g, err := call.Newest()
	if err != nil {
		return nil, err
	}
	pem, err := g.Secret(KeyClient)
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(pem.Reveal(), pem.Reveal())
	if err != nil {
		return nil, fmt.Errorf("client_pem is not a certificate with its private key") // not the error itself: it may quote the key
	}
	certified, ok := call.Env.HTTP.(provider.CertifiedDoer)
	if !ok {
		return nil, fmt.Errorf("this switch's way out shows no client certificates")
	}
	return certified.WithCertificate(certificate)
}

// masked writes a request for the payment's story: readable, with the signature and the operator's password cut.
func masked(p wire.Params) string {
	shown := maps.Clone(p)
	if s := shown["sign"]; s != "" {
		shown["sign"] = s[:min(4, len(s))] + "..."
	}
	if shown["op_user_passwd"] != "" {
		shown["op_user_passwd"] = "..."
	}
	text, err := shown.Encode()
	if err != nil {
		return ""
	}
	return text
}

// maxKept bounds what is kept of an answer, in bytes.
const maxKept = 16 << 10

func clip(s string) string {
	if len(s) > maxKept {
		return s[:maxKept] + "..."
	}
	return s
}
