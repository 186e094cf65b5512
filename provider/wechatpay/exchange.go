package wechatpay

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// clockWindow is how far the time in a signature may be from ours, as wechatpay-go has it: a difference of 300 s is refused.
const clockWindow = 5 * time.Minute

const maxKept = 64 << 10 // bytes of a body that are kept for the payment's story

var (
	errWindow  = errors.New("wechatpay: the signature's time is five minutes or more away from ours; check the clock")
	errNoKey   = errors.New("wechatpay: no key of WeChat Pay is known to encrypt with: fetch the platform certificates or add the public key")
	errTooLong = errors.New("wechatpay: the answer is longer than one MiB")
)

// answer is what came back from one signed call. Exactly one holds: cause says why nothing can be believed, or status and body can be.
type answer struct {
	status int
	body   []byte
	header http.Header
	refuse wire.ErrorBody // outside 2xx, and 202
	// cause is set when the answer proves nothing. early says that not one byte was sent.
	cause error
	early bool
	// class goes with cause.
	class    provider.Class
	exchange provider.Exchange
}

// ok says that the call was answered with 200 or 204 and a valid signature.
func (a answer) ok() bool {
	return a.cause == nil && (a.status == http.StatusOK || a.status == http.StatusNoContent)
}

// words are the provider's code and message, or ours where it said nothing.
func (a answer) words() (code, message string) {
	if a.cause != nil {
		return "", a.cause.Error()
	}
	if a.refuse.Message == "" && !a.ok() {
		return a.refuse.Code, unreadable(a.status)
	}
	return a.refuse.Code, a.refuse.Message
}

// send makes one signed call and verifies its answer. It never resends.
func send(ctx context.Context, call provider.Call, op, method, target string, body any) answer {
	a := sendUnverified(ctx, call, op, method, target, body)
	if a.cause != nil || a.status < 200 || a.status > 299 {
		return a
	}
	if err := checkSignature(call.Env.Now(), a.header, a.body, verifiers(call)); err != nil {
		a.cause, a.class = fmt.Errorf("the answer (HTTP %d) cannot be believed: %w", a.status, err), provider.ClassUnknown
		a.exchange.Error = a.cause.Error()
	}
	return a
}

// sendUnverified is send for a caller that verifies by itself.
func sendUnverified(ctx context.Context, call provider.Call, op, method, target string, body any) answer {
	a := answer{exchange: provider.Exchange{Op: op}}
	ctx, cancel := within(ctx, call)
	defer cancel()
	req, err := request(ctx, call, method, target, body, &a.exchange)
	if err != nil {
		return a.fail(err, true, provider.ClassAuth)
	}
	res, err := call.Env.HTTP.Do(req)
	if err != nil {
		if errors.Is(err, provider.ErrNotSent) {
			return a.fail(err, true, provider.ClassUnavailable)
		}
		return a.fail(err, false, provider.ClassUnknown)
	}
	defer func() { _ = res.Body.Close() }() // read only
	a.status, a.header, a.exchange.Status = res.StatusCode, res.Header, res.StatusCode
	a.body, err = io.ReadAll(io.LimitReader(res.Body, wire.MaxBody+1))
	a.exchange.Response = kept(a.body)
	if err == nil && len(a.body) > wire.MaxBody {
		err = errTooLong
	}
	if err != nil {
		return a.fail(err, false, provider.ClassUnknown)
	}
	if a.status != http.StatusOK {
		a.refuse, _ = wire.ParseError(a.body)
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

// request builds and signs the request. Its errors are about our own configuration; nothing was sent.
func request(ctx context.Context, call provider.Call, method, target string, body any, ex *provider.Exchange) (*http.Request, error) {
	g, err := call.Newest()
	if err != nil {
		return nil, err
	}
	signer, err := g.Signer(KeyMerchantPrivate)
	if err != nil {
		return nil, err
	}
	mchID := setting(call, SettingMchID)
	if mchID == "" || signer.KeyID() == "" {
		return nil, errors.New("wechatpay: the setting mchid and the key field merchant_serial are required")
	}
	var raw []byte
	if body != nil {
		if raw, err = wire.Encode(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, setting(call, SettingBaseURL)+target, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("wechatpay: setting base_url: %w", err)
	}
	once(req)
	nonce, err := newNonce(call.Env.Rand)
	if err != nil {
		return nil, err
	}
	auth, err := wire.Authorize(wire.Authorization{MchID: mchID, Serial: signer.KeyID(), Timestamp: call.Env.Now().Unix(), Nonce: nonce},
		method, req.URL.RequestURI(), raw, func(m []byte) ([]byte, error) { return signer.Sign(provider.RSASHA256, m) })
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", auth)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "postern")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if v, err := g.Verifier(KeyPlatformPublic); err == nil { // public-key mode: ask for answers under this key
		req.Header.Set(wire.HeaderSerial, v.KeyID())
	}
	if b, ok := body.(interface{ SealedFor() string }); ok && b.SealedFor() != "" { // names inside are encrypted under this key
		req.Header.Set(wire.HeaderSerial, b.SealedFor())
	}
	ex.Request = method + " " + req.URL.RequestURI() + "\n" + kept(raw)
	return req, nil
}

// once keeps net/http from sending a request again by itself when a kept connection breaks: it repeats whatever it can rewind, and every GET without a body. An
// empty body that it cannot rewind leaves the bytes on the wire as they are.
func once(req *http.Request) {
	if req.Body == nil || req.Body == http.NoBody {
		req.Body = io.NopCloser(bytes.NewReader(nil))
	}
	req.GetBody = nil
}

// newNonce is 32 hex digits, the longest that nonce_str may be.
func newNonce(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("wechatpay: randomness: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

func kept(b []byte) string {
	return strings.ToValidUTF8(string(b[:min(len(b), maxKept)]), "\uFFFD")
}

// verifiers are the keys of WeChat Pay that this credential set believes: the public keys of its generations and the fetched certificates.
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
	sig, candidates, err := readSignature(now, h, all)
	if err != nil {
		return err
	}
	for _, v := range candidates {
		if sig.Check(body, func(m, s []byte) error { return v.Verify(provider.RSASHA256, m, s) }) == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: it is not key %s's", provider.ErrUnverified, sig.Serial)
}

// readSignature does what comes before the RSA check.
func readSignature(now time.Time, h http.Header, all []provider.Verifier) (wire.Signature, []provider.Verifier, error) {
	sig, err := wire.ParseSignature(h)
	if err != nil {
		return sig, nil, fmt.Errorf("%w: %w", provider.ErrUnverified, err)
	}
	if sig.Probe {
		return sig, nil, fmt.Errorf("%w: a signature probe, wrong on purpose; WeChat sends again", provider.ErrUnverified)
	}
	if d := now.Sub(time.Unix(sig.Timestamp, 0)).Abs(); d >= clockWindow {
		return sig, nil, fmt.Errorf("%w: %w", provider.ErrUnverified, errWindow)
	}
	candidates := named(all, sig.Serial)
	if len(candidates) == 0 {
		return sig, nil, fmt.Errorf("%w: key %s is unknown; refresh the platform certificates or add the public key", provider.ErrUnverified, sig.Serial)
	}
	return sig, candidates, nil
}
