package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// answer is what came back from one signed call. Exactly one holds: cause says why nothing can be believed, or status and body can be.
type answer struct {
	status int
	body   []byte
	header http.Header
	refuse wire.ErrorBody // outside 2xx, and 202
	// cause is set when the answer proves nothing, with its class. early says that not one byte was sent.
	cause    error
	early    bool
	class    provider.Class
	exchange provider.Exchange
}

// ok says that the call was answered with 200 or 204 and a valid signature.
func (a answer) ok() bool {
	return a.cause == nil && (a.status == http.StatusOK || a.status == http.StatusNoContent)
}

// meaning is what a refusal proves; of anything else it is nothing.
func (a answer) meaning() meaning {
	if a.cause != nil || a.ok() {
		return meaning{}
	}
	return meaningOf(a.status, a.refuse)
}

// words are the class, and the provider's code and message, or ours where it said nothing.
func (a answer) words() (class provider.Class, code, message string) {
	switch {
	case a.cause != nil:
		return a.class, "", a.cause.Error()
	case a.refuse.Message == "" && !a.ok():
		return a.meaning().class, a.refuse.Code, fmt.Sprintf("HTTP %d without WeChat Pay's error body", a.status)
	}
	return a.meaning().class, a.refuse.Code, a.refuse.Message // of a success nothing
}

// send makes one signed call and verifies its answer. It never resends.
func send(ctx context.Context, call provider.Call, ask wire.Ask) answer {
	if isV2(call) {
		return sendV2(ctx, call, ask)
	}
	a := sendUnverified(ctx, call, ask)
	if a.cause != nil || a.status < 200 || a.status > 299 {
		return a
	}
	if err := checkSignature(call.Env.Now(), a.header, a.body, verifiers(call)); err != nil {
		return a.fail(fmt.Errorf("the answer (HTTP %d) cannot be believed: %w", a.status, err), false, provider.ClassUnknown)
	}
	return a
}

// sendUnverified is send for a caller that verifies by itself.
func sendUnverified(ctx context.Context, call provider.Call, ask wire.Ask) answer {
	a := answer{exchange: provider.Exchange{Op: ask.Op}}
	ctx, cancel := within(ctx, call)
	defer cancel()
	req, shown, err := request(ctx, call, ask)
	if err != nil {
		return a.fail(err, true, provider.ClassAuth)
	}
	a.exchange.Request = shown
	a = a.exchanged(call.Env.HTTP, req)
	if a.cause == nil && a.status != http.StatusOK {
		a.refuse, _ = wire.ParseError(a.body)
	}
	return a
}

// exchanged sends a request once and reads the answer's bytes.
func (a answer) exchanged(doer provider.Doer, req *http.Request) answer {
	res, err := doer.Do(req)
	switch {
	case provider.NotSent(err):
		return a.fail(err, true, provider.ClassUnavailable)
	case err != nil:
		return a.fail(err, false, provider.ClassUnknown)
	}
	defer func() { _ = res.Body.Close() }() // read only
	a.status, a.header, a.exchange.Status = res.StatusCode, res.Header, res.StatusCode
	a.body, err = wire.ReadBody(res.Body)
	a.exchange.Response = wire.Kept(a.body)
	if err != nil {
		return a.fail(err, false, provider.ClassUnknown)
	}
	return a
}

// within bounds a call by its deadline.
func within(ctx context.Context, call provider.Call) (context.Context, context.CancelFunc) {
	if call.Timeout > 0 {
		return context.WithTimeout(ctx, call.Timeout)
	}
	return ctx, func() {}
}

func (a answer) fail(err error, early bool, class provider.Class) answer {
	a.cause, a.early, a.class = err, early, class
	a.exchange.Error = err.Error()
	return a
}

// signing is how the newest generation signs, and the serial number that it is known by.
func signing(call provider.Call) (wire.SignFunc, string, error) {
	g, err := call.Newest()
	if err != nil {
		return nil, "", err
	}
	signer, err := g.Signer(KeyMerchantPrivate)
	if err != nil {
		return nil, "", err
	}
	return func(m []byte) ([]byte, error) { return signer.Sign(provider.RSASHA256, m) }, signer.KeyID(), nil
}

// request signs a call. Its errors are about our own configuration; nothing was sent. In public-key mode every call asks for an answer under that key.
func request(ctx context.Context, call provider.Call, ask wire.Ask) (*http.Request, string, error) {
	sign, serial, err := signing(call)
	if err != nil {
		return nil, "", err
	}
	mchID := setting(call, SettingMchID)
	if mchID == "" || serial == "" {
		return nil, "", errors.New("wechatpay: the setting mchid and the key field merchant_serial are required")
	}
	nonce, err := wire.NewNonce(call.Env.Rand)
	if err != nil {
		return nil, "", err
	}
	if v, err := call.Keys[0].Verifier(KeyPlatformPublic); err == nil && ask.KeyID == "" {
		ask.KeyID = v.KeyID()
	}
	auth := wire.Authorization{MchID: mchID, Serial: serial, Timestamp: call.Env.Now().Unix(), Nonce: nonce}
	return ask.Request(ctx, setting(call, SettingBaseURL), auth, sign)
}

// verifiers are the keys of WeChat Pay that this credential set believes: the public keys of its generations and the fetched certificates, the newest first.
func verifiers(call provider.Call) []provider.Verifier {
	var all []provider.Verifier
	for _, g := range call.Keys {
		if v, err := g.Verifier(KeyPlatformPublic); err == nil {
			all = append(all, v)
		}
	}
	return append(all, call.Trust...)
}

// named are the verifiers whose id is the serial that a message names. There is no second guess: during a change of keys both are known, and a message that
// names one key and is signed by another is a mistake or worse.
func named(all []provider.Verifier, serial string) []provider.Verifier {
	return slices.DeleteFunc(slices.Clone(all), func(v provider.Verifier) bool {
		return v.KeyID() == "" || wire.NormalSerial(v.KeyID()) != wire.NormalSerial(serial)
	})
}

// checkSignature verifies the headers' signature over a raw body and that its time is near now. It returns nil, or provider.ErrUnverified wrapped with the reason.
func checkSignature(now time.Time, h http.Header, body []byte, all []provider.Verifier) error {
	signed, candidates, signature, err := unverified(now, h, body, all)
	if err != nil {
		return err
	}
	for _, v := range candidates {
		if v.Verify(provider.RSASHA256, signed, signature) == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: it is not key %s's", provider.ErrUnverified, h.Get(wire.HeaderSerial))
}

// unverified is what is to be verified of a message: the text that was signed, the keys that it may be signed with, and the signature.
func unverified(now time.Time, h http.Header, body []byte, all []provider.Verifier) (signed []byte, candidates []provider.Verifier, signature []byte, err error) {
	sig, err := wire.ReadSignature(now, h, body)
	if candidates = named(all, sig.Serial); err == nil && len(candidates) == 0 {
		err = fmt.Errorf("key %s is unknown; refresh the platform certificates or add the public key", sig.Serial)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%w: %w", provider.ErrUnverified, err)
	}
	return wire.ResponseMessage(sig.Timestamp, sig.Nonce, body), candidates, sig.Value, nil
}
