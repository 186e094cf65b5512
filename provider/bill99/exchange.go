package bill99

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"postern/provider"
	"postern/provider/bill99/wire"
)

// algKeyed is the name under which the verifier of an MD5 key is asked.
const algKeyed provider.Alg = "99BILL-MD5"

// keyed verifies with one MD5 key.
type keyed struct {
	key []byte
	id  string
}

func (k keyed) KeyID() string { return k.id }

func (k keyed) Verify(alg provider.Alg, message, signature []byte) error {
	if alg != algKeyed || !wire.CheckMD5(string(message), k.key, string(signature)) {
		return provider.ErrUnverified
	}
	return nil
}

// verifiers lists the credential set's own keys of a field, the generation of the attempt first.
func verifiers(call provider.Call, field, generationID string) []provider.Verifier {
	var own, others []provider.Verifier
	for _, g := range call.Keys {
		key, err := g.Secret(field)
		switch {
		case err != nil:
		case g.ID == generationID:
			own = append(own, keyed{key.Reveal(), g.ID})
		default:
			others = append(others, keyed{key.Reveal(), g.ID})
		}
	}
	return append(own, others...)
}

// signed says whether one of the credential set's query keys made a signature.
func signed(call provider.Call, text, signature string) bool {
	for _, v := range verifiers(call, KeyQuery, "") {
		if signature != "" && v.Verify(algKeyed, []byte(text), []byte(signature)) == nil {
			return true
		}
	}
	return false
}

// sign signs a form for the gateway with the newest generation.
func sign(call provider.Call, f wire.Fields) error {
	g, err := call.Newest()
	if err != nil {
		return err
	}
	switch method := setting(call, SettingSignType); method {
	case wire.SignMD5:
		key, err := g.Secret(KeyGateway)
		if err != nil {
			return err
		}
		f["signType"] = method
		f["signMsg"] = wire.MD5(f.Text(wire.PayOrder), key.Reveal())
	case wire.SignPKI:
		signer, err := g.Signer(KeyMerchant)
		if err != nil {
			return err
		}
		f["signType"] = method
		signature, err := signer.Sign(provider.RSASHA1, []byte(f.Text(wire.PayOrder)))
		if err != nil {
			return err
		}
		f["signMsg"] = wire.EncodeSignature(signature)
	default:
		return fmt.Errorf("bill99: the sign type %.8q is not 1 or 4; set %s", method, SettingSignType)
	}
	return nil
}

// secret returns a key of the newest generation.
func secret(call provider.Call, field string) ([]byte, error) {
	g, err := call.Newest()
	if err != nil {
		return nil, err
	}
	key, err := g.Secret(field)
	if err != nil {
		return nil, err
	}
	return key.Reveal(), nil
}

// reply is an answer whose signature was verified, or the reason why there is none.
type reply struct {
	answer   *wire.Answer // nil when nothing may be believed
	class    provider.Class
	code     string
	text     string
	exchange provider.Exchange
}

// unsent is the reply of a call that was never made.
func unsent(op string, err error) reply {
	return reply{class: provider.ClassAuth, code: "not_sent", text: err.Error(), exchange: provider.Exchange{Op: op, Error: err.Error()}}
}

// request is one call: its address below the gateway's, its body, and what of it may be shown.
type request struct {
	op, path, kind, body, shown string
}

// send makes one call and hands the bytes to read, which says what may be believed. It never repeats a call.
func send(ctx context.Context, call provider.Call, q request, read func(out *reply, body []byte)) reply {
	out := reply{class: provider.ClassUnknown, exchange: provider.Exchange{Op: q.op, Request: q.shown}}
	body, err := post(ctx, call, q, &out.exchange)
	switch {
	case errors.Is(err, provider.ErrNotSent):
		out.class, out.code, out.text = provider.ClassUnavailable, "not_sent", err.Error()
	case err != nil:
		out.code, out.text = "no_answer", err.Error()
	default:
		read(&out, body)
	}
	if out.answer == nil && out.exchange.Error == "" {
		out.exchange.Error = out.text
	}
	return out
}

func post(ctx context.Context, call provider.Call, q request, exchange *provider.Exchange) ([]byte, error) {
	if call.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, call.Timeout)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, setting(call, SettingGateway)+q.path, strings.NewReader(q.body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.ErrNotSent, err)
	}
	req.GetBody = nil
	req.Header.Set("Content-Type", q.kind)
	if q.kind == kindSOAP {
		req.Header.Set("SOAPAction", `""`)
	}
	resp, err := call.Env.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	exchange.Status = resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, wire.MaxMessage+1))
	exchange.Response = clip(string(body))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer broke off: %s", err) // not %w: an error of reading must never look like one of sending
	case len(body) > wire.MaxMessage:
		return nil, fmt.Errorf("the answer is longer than %d bytes", wire.MaxMessage)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("HTTP %d instead of 200", resp.StatusCode)
	}
	return body, nil
}

// Kinds of bodies.
const (
	kindForm = "application/x-www-form-urlencoded;charset=UTF-8"
	kindJSON = "application/json;charset=utf-8"
	kindSOAP = "text/xml; charset=utf-8"
)

// believe verifies a query's answer and only then takes it. It must be about the account that asked.
func (r *reply) believe(call provider.Call, a wire.Answer, order []string) {
	switch f := a.Fields; {
	case !signed(call, f.Text(order), f["signMsg"]):
		r.code, r.text = "unverified_answer", provider.ErrUnverified.Error()
	case f["merchantAcctId"] != setting(call, SettingAccount):
		r.code, r.text = "other_account", "the answer is about the account "+clip(f["merchantAcctId"])
	default:
		r.answer, r.code, r.class = &a, f["errCode"], provider.ClassNone
	}
}

// masked writes a request for the payment's story: readable, with the signature cut.
func masked(f wire.Fields, order []string) string {
	shown := maps.Clone(f)
	for _, name := range []string{"signMsg", "mac"} {
		if s := shown[name]; s != "" {
			shown[name] = s[:min(8, len(s))] + "..."
		}
	}
	return shown.Encode(order)
}

// maxKept bounds what is kept of an answer, in bytes.
const maxKept = 16 << 10

func clip(s string) string {
	if len(s) > maxKept {
		return s[:maxKept] + "..."
	}
	return s
}
