package unionpay

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"postern/provider"
	"postern/provider/unionpay/wire"
)

// algKeyed is the name under which a shared key's verifier is asked: what it checks is the message's own digest.
const algKeyed provider.Alg = "UNIONPAY-SECURE-KEY"

// base is what every request carries.
func base(call provider.Call, txnType, subType, biz, channel string) wire.Message {
	return wire.Message{
		"version": wire.Version, "encoding": wire.Encoding, "txnType": txnType, "txnSubType": subType, "bizType": biz, "channelType": channel, "accessType": "0",
		"merId": setting(call, SettingMerID),
	}
}

// sign signs a request with the newest generation.
func sign(call provider.Call, m wire.Message) error {
	g, err := call.Newest()
	if err != nil {
		return err
	}
	if method := setting(call, SettingMethod); method != wire.MethodRSA {
		key, err := g.Secret(KeyShared)
		if err != nil {
			return err
		}
		return m.SignKey(method, key.Reveal())
	}
	signer, err := g.Signer(KeyMerchant)
	if err != nil {
		return err
	}
	certificate, err := g.Verifier(KeyCertificate)
	if err != nil {
		return err
	}
	id, err := wire.CertID(certificate.KeyID())
	if err != nil {
		return err
	}
	return m.SignRSA(id, func(b []byte) ([]byte, error) { return signer.Sign(provider.RSASHA256, b) })
}

// certified verifies with a certificate that came in a message and whose chain was checked.
type certified struct {
	key *rsa.PublicKey
	id  string
}

func (c certified) KeyID() string { return c.id }

func (c certified) Verify(alg provider.Alg, message, signature []byte) error {
	if alg != provider.RSASHA256 {
		return provider.ErrUnverified
	}
	return verifyRSA(c.key, message, signature)
}

// keyed verifies a message with a shared key. The message and its signature are the wire message itself, so what is handed in is only compared.
type keyed struct {
	message wire.Message
	method  string
	key     []byte
	id      string
}

func (k keyed) KeyID() string { return k.id }

func (k keyed) Verify(alg provider.Alg, _, _ []byte) error {
	if alg != algKeyed || !k.message.VerifyKey(k.method, k.key) {
		return provider.ErrUnverified
	}
	return nil
}

// verifiers lists who may have signed a message, the algorithm, and what was signed. The method is the account's; a message that names another is not believed.
func verifiers(call provider.Call, m wire.Message) ([]provider.Verifier, provider.Alg, []byte, []byte, error) {
	method := setting(call, SettingMethod)
	if m["signMethod"] != method {
		return nil, "", nil, nil, fmt.Errorf("%w: signMethod is %.8q, the account's is %s", provider.ErrUnverified, m["signMethod"], method)
	}
	var list []provider.Verifier
	if method != wire.MethodRSA {
		for _, g := range call.Keys {
			if key, err := g.Secret(KeyShared); err == nil {
				list = append(list, keyed{message: m, method: method, key: key.Reveal(), id: g.ID})
			}
		}
		return list, algKeyed, m.Digest(), []byte(m["signature"]), nil
	}
	signature, err := m.Signature()
	if err != nil {
		return nil, "", nil, nil, fmt.Errorf("%w: %w", provider.ErrUnverified, err)
	}
	why := provider.ErrUnverified
	for _, g := range call.Keys {
		middle, err1 := g.Secret(KeyMiddle)
		root, err2 := g.Secret(KeyRoot)
		if err := errors.Join(err1, err2); err != nil {
			why = err
			continue
		}
		key, err := wire.CheckChain(m["signPubKeyCert"], string(middle.Reveal()), string(root.Reveal()), call.Env.Now(), call.Sandbox)
		if err != nil {
			why = err
			continue
		}
		list = append(list, certified{key: key, id: m["certId"]})
	}
	if len(list) == 0 {
		return nil, "", nil, nil, fmt.Errorf("%w: %w", provider.ErrUnverified, why)
	}
	return list, provider.RSASHA256, m.Digest(), signature, nil
}

// verified says whether a message is UnionPay's.
func verified(call provider.Call, m wire.Message) error {
	list, alg, message, signature, err := verifiers(call, m)
	if err != nil {
		return err
	}
	for _, v := range list {
		if v.Verify(alg, message, signature) == nil {
			return nil
		}
	}
	return provider.ErrUnverified
}

// reply is an answer whose signature was verified, or the reason why there is none.
type reply struct {
	message  wire.Message // nil when nothing may be believed
	class    provider.Class
	code     string
	text     string
	exchange provider.Exchange
}

// send makes one call to the gateway and verifies the answer. It never repeats a call.
func send(ctx context.Context, call provider.Call, op, path string, m wire.Message) reply {
	return sendTo(ctx, call, op, setting(call, SettingGateway)+path, m, maxAnswer)
}

// sendTo is send to any address, for an answer of at most so many bytes.
func sendTo(ctx context.Context, call provider.Call, op, address string, m wire.Message, most int64) reply {
	if err := sign(call, m); err != nil {
		return reply{class: provider.ClassAuth, code: "not_sent", text: err.Error(), exchange: provider.Exchange{Op: op, Error: err.Error()}}
	}
	out := reply{class: provider.ClassUnknown, exchange: provider.Exchange{Op: op, Request: masked(m)}}
	body, err := post(ctx, call, address, m, most, &out.exchange)
	switch {
	case errors.Is(err, provider.ErrNotSent):
		out.class, out.code, out.text = provider.ClassUnavailable, "not_sent", err.Error()
	case err != nil:
		out.code, out.text = "no_answer", err.Error()
	default:
		out.read(call, m, body)
	}
	if out.message == nil && out.exchange.Error == "" {
		out.exchange.Error = out.text
	}
	return out
}

func post(ctx context.Context, call provider.Call, address string, m wire.Message, most int64, exchange *provider.Exchange) (string, error) {
	if call.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, call.Timeout)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(m.Encode()))
	if err != nil {
		return "", fmt.Errorf("%w: %w", provider.ErrNotSent, err)
	}
	req.GetBody = nil // nothing below may send an order twice
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	resp, err := call.Env.HTTP.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	exchange.Status = resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	exchange.Response = clip(string(body))
	switch {
	case err != nil:
		return "", fmt.Errorf("the answer broke off: %s", err) // not %w: an error of reading must never look like one of sending
	case int64(len(body)) > most:
		return "", fmt.Errorf("the answer is longer than %d bytes", most)
	case resp.StatusCode != http.StatusOK:
		return "", fmt.Errorf("HTTP %d instead of 200", resp.StatusCode)
	}
	return string(body), nil
}

// maxAnswer bounds an answer to a payment call, in bytes.
const maxAnswer = 256 << 10

// read verifies an answer and only then believes it. It must be about the order and the merchant that were asked about.
func (r *reply) read(call provider.Call, asked wire.Message, body string) {
	m, err := wire.ParseBody(body)
	if err != nil {
		r.code, r.text = "unreadable_answer", err.Error()
		return
	}
	if err := verified(call, m); err != nil {
		r.code, r.text = "unverified_answer", err.Error()
		return
	}
	for _, name := range []string{"merId", "orderId", "txnTime"} {
		if m[name] != "" && m[name] != asked[name] {
			r.code, r.text = "other_order", "the answer is about "+name+" "+clip(m[name])
			return
		}
	}
	r.message, r.code, r.text = m, m["respCode"], m["respMsg"]
	if r.class = provider.ClassNone; r.code != "00" {
		r.class = class(r.code)
	}
}

// masked writes a request for the payment's story: readable, with the signature cut.
func masked(m wire.Message) string {
	shown := maps.Clone(m)
	if s := shown["signature"]; s != "" {
		shown["signature"] = s[:min(8, len(s))] + "..."
	}
	return shown.Encode()
}

// maxKept bounds what is kept of an answer, in bytes.
const maxKept = 16 << 10

func clip(s string) string {
	if len(s) > maxKept {
		return s[:maxKept] + "..."
	}
	return s
}
