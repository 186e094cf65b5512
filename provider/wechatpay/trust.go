package wechatpay

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
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
// public key has no certificates; that is an empty list and no error.
func (Connector) RefreshTrust(ctx context.Context, call provider.Call) ([]provider.Trust, error) {
	a := sendUnverified(ctx, call, "certificates", http.MethodGet, wire.PathCertificates, nil)
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
	trust, carried, err := openCertificates(call, list)
	if err != nil {
		return nil, err
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

// openCertificates decrypts every entry. One that does not open condemns the list: half a trust would be kept for half a day.
func openCertificates(call provider.Call, list wire.CertificateList) ([]provider.Trust, []provider.Verifier, error) {
	now := call.Env.Now()
	var trust []provider.Trust
	var carried []provider.Verifier
	for _, c := range list.Data {
		cert, text, err := openCertificate(call, c)
		if err != nil {
			return nil, nil, fmt.Errorf("wechatpay: platform certificate %.60s: %w", c.SerialNo, err)
		}
		if now.After(cert.NotAfter) {
			continue
		}
		serial := wire.Serial(cert.SerialNumber)
		trust = append(trust, provider.Trust{KeyID: serial, PEM: string(text), NotBefore: cert.NotBefore, NotAfter: cert.NotAfter})
		carried = append(carried, certificate{serial: serial, key: cert.PublicKey.(*rsa.PublicKey)}) // wire checked the type
	}
	return trust, carried, nil
}

func openCertificate(call provider.Call, c wire.Certificate) (cert *x509.Certificate, text []byte, err error) {
	err = errors.New("no generation has the key field apiv3_key; add it with `postern key add`")
	for _, g := range call.Keys {
		aead, missing := g.AEAD(KeyAPIv3)
		if missing != nil {
			continue
		}
		if cert, text, err = c.Open(aead.Open); err == nil {
			return cert, text, nil
		}
	}
	return nil, nil, err
}

func publicKeyMode(call provider.Call) bool {
	for _, g := range call.Keys {
		if _, err := g.Verifier(KeyPlatformPublic); err == nil {
			return true
		}
	}
	return false
}
