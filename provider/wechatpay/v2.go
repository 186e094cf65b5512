package wechatpay

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// algV2 stands for both signatures of API v2, MD5 and HMAC-SHA256 over the sorted fields with a key that both sides know, and for what its refunds have in their place.
const algV2 provider.Alg = "wechatpay-v2"

// v2Key verifies notifications of API v2: the signature stands in the message.
type v2Key struct{ key []byte }

func (v2Key) KeyID() string { return "" }

func (k v2Key) Verify(_ provider.Alg, message, _ []byte) error {
	_, err := wire.ReadV2Notice(message, k.key)
	return err
}

// v2Keys are the API keys of the generations, the newest first.
func v2Keys(call provider.Call) []v2Key {
	var all []v2Key
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
	req, shown, err := ask.V2Request(ctx, setting(call, SettingBaseURL), nonce, setting(call, SettingSignType), keys[0].key)
	if err != nil {
		return a.fail(err, true, provider.ClassAuth)
	}
	a.exchange.Request = shown
	if a = a.exchanged(doer, req); a.cause != nil || a.status != http.StatusOK {
		return a
	}
	if a.status, a.body, a.refuse, err = wire.V2Read(ask.V2Path, a.body, keys[0].key); err != nil {
		return a.fail(err, false, provider.ClassUnknown)
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
	return provider.ShowCertificate(call.Env.HTTP, pem.Reveal())
}

// readV2 reads a notification of API v2. A payment's is signed and proves money. A refund's is only encrypted, in a way that authenticates nothing: it is read as a reason to
// ask, and believed in nothing more.
func readV2(call provider.Call, attempt postern.Attempt, message provider.Message) (provider.Verified, error) {
	for _, k := range v2Keys(call) {
		n, err := wire.ReadV2Notice(message.Body, k.key)
		if err != nil {
			continue
		}
		return provider.Verify([]provider.Verifier{k}, algV2, message.Body, []byte(n.OutTradeNo), func() (provider.Notice, error) {
			notice := provider.Notice{Account: n.Merchant(), Number: n.OutTradeNo, RefundNumber: n.OutRefundNo, SettingsMatch: partiesOf(call, attempt.Product).SameAs(n.Parties),
				Code: n.Code, OccurredAt: message.ReceivedAt, State: provider.Pending}
			if n.OutRefundNo != "" {
				notice.State, notice.RefundState = "", provider.RefundPending
			}
			if n.Paid == nil {
				return notice, nil
			}
			return paidNotice(notice, *n.Paid, message)
		})
	}
	return provider.Verified{}, provider.ErrUnverified
}
