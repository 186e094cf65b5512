package wechatpay

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// certificate is a Verifier made of a fetched platform certificate, for the one answer that brings its own key. Its key is public.
type certificate struct {
	serial string
	key    *rsa.PublicKey
}

func (c certificate) KeyID() string { return c.serial }

func (c certificate) Verify(_ provider.Alg, message, signature []byte) error {
	return wire.VerifyRSA(c.key, message, signature)
}

// RefreshTrust implements provider.TrustRefresher. The list is encrypted with the APIv3 key and signed with one of the certificates it carries, so it is
// decrypted first and then verified: only who knows the APIv3 key can have made it. Certificates that have ended are left out. A merchant who has only the
// public key, or speaks API v2, has no certificates; that is an empty list and no error.
func (Connector) RefreshTrust(ctx context.Context, call provider.Call) ([]provider.Trust, error) {
	if isV2(call) {
		return nil, nil
	}
	a := sendUnverified(ctx, call, wire.Ask{Op: "certificates", Method: http.MethodGet, Target: wire.PathCertificates})
	if a.cause != nil {
		return nil, fmt.Errorf("wechatpay: platform certificates: %w", a.cause)
	}
	if a.status == http.StatusNotFound && publicKeyMode(call) {
		return nil, nil
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("wechatpay: platform certificates: HTTP %d %s %s", a.status, a.refuse.Code, a.refuse.Message)
	}
	list, err := wire.ParseCertificateList(a.body)
	if err != nil {
		return nil, err
	}
	opened, err := list.Opened(call.Env.Now(), func(nonce, ciphertext, additional []byte) ([]byte, error) {
		return opening(call, "", func(open wire.OpenFunc) ([]byte, error) { return open(nonce, ciphertext, additional) })
	})
	if err != nil {
		return nil, err
	}
	var trust []provider.Trust
	known := verifiers(call)
	for _, c := range opened {
		trust = append(trust, provider.Trust{KeyID: c.Serial, PEM: c.PEM, NotBefore: c.From, NotAfter: c.Until})
		known = append(known, certificate{serial: c.Serial, key: c.Key})
	}
	if err := checkSignature(call.Env.Now(), a.header, a.body, known); err != nil {
		return nil, fmt.Errorf("wechatpay: platform certificates: %w", err)
	}
	if len(trust) == 0 && !publicKeyMode(call) {
		return nil, errors.New("wechatpay: the account has no platform certificate; add the WeChat Pay public key with `postern key add`")
	}
	return trust, nil
}

func publicKeyMode(call provider.Call) bool {
	call.Trust = nil
	return len(verifiers(call)) > 0
}
