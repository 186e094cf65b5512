package wechatpay

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
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

func (c certificate) Verify(alg provider.Alg, message, signature []byte) error {
	if alg != provider.RSASHA256 {
		return fmt.Errorf("wechatpay: platform certificates verify %s only", provider.RSASHA256)
	}
	d := sha256.Sum256(message)
	return rsa.VerifyPKCS1v15(c.key, crypto.SHA256, d[:], signature)
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
	if a.status != http.StatusOK {
		if a.status == http.StatusNotFound && publicKeyMode(call) {
			return nil, nil
		}
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
	var carried []provider.Verifier
	for _, c := range opened {
		trust = append(trust, provider.Trust{KeyID: c.Serial, PEM: c.PEM, NotBefore: c.From, NotAfter: c.Until})
		carried = append(carried, certificate{serial: c.Serial, key: c.Key})
	}
	known := append(verifiers(call), carried...)
	if err := checkSignature(call.Env.Now(), a.header, a.body, known); err != nil {
		return nil, fmt.Errorf("wechatpay: platform certificates: %w", err)
	}
	if len(trust) == 0 && !publicKeyMode(call) {
		return nil, errors.New("wechatpay: the account has no platform certificate; add the WeChat Pay public key with `postern key add`")
	}
	return trust, nil
}

func publicKeyMode(call provider.Call) bool {
	for _, g := range call.Keys {
		if _, err := g.Verifier(KeyPlatformPublic); err == nil {
			return true
		}
	}
	return false
}
