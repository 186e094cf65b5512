package wechatpay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// algV2 is the signature of API v2: MD5 or HMAC-SHA256 over the sorted fields, with a key that both sides know. Only v2Key understands it.
const (
	algV2      provider.Alg = "wechatpay-v2"
	algReqInfo provider.Alg = "wechatpay-v2-req-info"
)

// v2Key verifies messages of API v2. The message is its XML; the signature stands in it.
type v2Key struct{ key []byte }

func (v2Key) KeyID() string { return "" }

func (k v2Key) Verify(alg provider.Alg, message, _ []byte) error {
	f, err := wire.ParseXML(message, "xml")
	if err == nil && alg == algReqInfo {
		_, err = wire.OpenReqInfo(f["req_info"], k.key)
		return err
	}
	if err != nil || alg != algV2 {
		return wire.ErrV2
	}
	return f.Verify(k.key)
}

// v2Keys are the API keys of the generations, the newest first.
func v2Keys(call provider.Call) []provider.Verifier {
	var all []provider.Verifier
	for _, g := range call.Keys {
		if s, err := g.Secret(KeyAPIv2); err == nil {
			all = append(all, v2Key{s.Reveal()})
		}
	}
	return all
}

func isV2(call provider.Call) bool { return setting(call, SettingProtocol) == "v2" }

// sendV2 makes the same call in API v2 and turns its answer into what v3 would have said. Its answers are believed when they are signed; one that says that a message was not
// understood is not signed and proves nothing.
func sendV2(ctx context.Context, call provider.Call, ask wire.Ask) answer {
	a := answer{exchange: provider.Exchange{Op: ask.Op}}
	keys := v2Keys(call)
	nonce, err := wire.NewNonce(call.Env.Rand)
	switch {
	case err != nil:
	case ask.V2Path == "":
		err = errors.New("wechatpay: API v2 is not spoken for this: set protocol to v3")
	case len(keys) == 0:
		err = errors.New("wechatpay: the key field api_key_v2 is missing; add it with `postern key add`")
	}
	if err != nil {
		return a.fail(err, true, provider.ClassAuth)
	}
	doer, err := v2Doer(call, ask)
	if err != nil {
		return a.fail(err, true, provider.ClassAuth)
	}
	ctx, cancel := within(ctx, call)
	defer cancel()
	req, shown, err := ask.V2Request(ctx, setting(call, SettingBaseURL), nonce, setting(call, SettingSignType), keys[0].(v2Key).key)
	if err != nil {
		return a.fail(err, true, provider.ClassAuth)
	}
	a.exchange.Request = shown
	if a = a.exchanged(doer, req); a.cause != nil || a.status != http.StatusOK {
		return a
	}
	f, err := wire.ParseXML(a.body, "xml")
	if err == nil && f["return_code"] == wire.V2Success {
		err = keys[0].Verify(algV2, a.body, nil)
	}
	if err != nil {
		return a.fail(err, false, provider.ClassUnknown)
	}
	var body any
	if a.status, body, a.refuse = wire.V2Answer(ask.V2Path, f); body != nil {
		a.body, err = wire.Encode(body)
	}
	if err != nil {
		return a.fail(err, false, provider.ClassBug)
	}
	return a
}

// v2Doer shows the merchant's client certificate where WeChat asks for it. Only a sandbox is reached without TLS.
func v2Doer(call provider.Call, ask wire.Ask) (provider.Doer, error) {
	if !ask.Certified() || call.Sandbox && strings.HasPrefix(setting(call, SettingBaseURL), "http://") {
		return call.Env.HTTP, nil
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
		return nil, errors.New("wechatpay: client_pem is not a certificate with its private key") // not the error itself: it may quote the key
	}
	certified, ok := call.Env.HTTP.(provider.CertifiedDoer)
	if !ok {
		return nil, errors.New("wechatpay: this switch's way out shows no client certificates")
	}
	return certified.WithCertificate(certificate)
}

// readV2 reads a notification of API v2. A payment's is signed and proves money. A refund's is only encrypted, in a way that authenticates nothing: it is read as a reason to
// ask, and believed in nothing more.
func readV2(call provider.Call, attempt postern.Attempt, message provider.Message) (provider.Verified, error) {
	own := partiesOf(call, attempt.Product)
	f, err := wire.ParseXML(message.Body, "xml")
	if err != nil {
		return provider.Verified{}, fmt.Errorf("%w: %w", provider.ErrUnverified, err)
	}
	notice := provider.Notice{Account: f.Parties().Merchant(), Number: f["out_trade_no"], SettingsMatch: own.SameAs(f.Parties()), OccurredAt: message.ReceivedAt}
	keys, alg := v2Keys(call), algV2
	if f["req_info"] != "" {
		alg = algReqInfo
	}
	return provider.Verify(keys, alg, message.Body, []byte("in the message"), func() (provider.Notice, error) {
		if alg == algV2 {
			t := wire.V2Transaction(f, wire.StateSuccess)
			if f["result_code"] != wire.V2Success {
				notice.State, notice.Code = provider.Pending, f["err_code"]
				return notice, nil
			}
			return paidNotice(notice, t, message)
		}
		for _, k := range keys {
			if inner, err := wire.OpenReqInfo(f["req_info"], k.(v2Key).key); err == nil {
				notice.Number, notice.RefundNumber, notice.RefundState, notice.Code = inner["out_trade_no"], inner["out_refund_no"], provider.RefundPending, inner["refund_status"]
			}
		}
		return notice, nil
	})
}
