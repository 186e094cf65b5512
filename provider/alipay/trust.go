package alipay

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"postern/provider"
	"postern/provider/alipay/wire"
)

var _ provider.TrustRefresher = (*Connector)(nil)

// RefreshTrust fetches the certificate that Alipay signs with now. In key mode there is none: that is an empty list and no error.
func (c *Connector) RefreshTrust(ctx context.Context, call provider.Call) ([]provider.Trust, error) {
	id, err := identityOf(call)
	if err != nil || !id.certified {
		return nil, err
	}
	env, err := ask(ctx, call, id, wire.Request{Method: wire.MethodQuery, Biz: wire.Fields{}.Set("out_trade_no", probeNumber)})
	if err != nil {
		return nil, err
	}
	cert, err := fetchCertificate(ctx, call, id, env.CertSN)
	if err != nil {
		return nil, err
	}
	if err := env.Verify(wire.VerifyWith(cert.PublicKey.(*rsa.PublicKey), wire.SignTypeRSA2)); err != nil { // CheckChain has checked the type
		return nil, err
	}
	return []provider.Trust{{
		KeyID: strings.ToUpper(fmt.Sprintf("%x", cert.SerialNumber.Bytes())), PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})),
		NotBefore: cert.NotBefore, NotAfter: cert.NotAfter,
	}}, nil
}

// verifier is what the answer that names this certificate is verified with. A certificate that is new to us is fetched, as the official SDKs do, so that nothing in flight waits for
// the next refresh.
func (id identity) verifier(ctx context.Context, call provider.Call, sn, attemptGeneration string) (wire.Verify, error) {
	keys := id.answerKeys(call, sn, attemptGeneration)
	if len(keys) > 0 || !id.certified || sn == "" {
		return anyOf(keys), nil
	}
	cert, err := fetchCertificate(ctx, call, id, sn)
	if err != nil {
		return nil, err
	}
	return wire.VerifyWith(cert.PublicKey.(*rsa.PublicKey), wire.SignTypeRSA2), nil
}

// fetchCertificate asks Alipay for one of its certificates. It is believed when it bears the number, leads up to the merchant's root, comes from who issued the installed one
// (merchants' own certificates lead up to the same root), and has signed this very answer.
func fetchCertificate(ctx context.Context, call provider.Call, id identity, sn string) (*x509.Certificate, error) {
	env, err := ask(ctx, call, id, wire.Request{Method: wire.MethodCertificate, Biz: wire.Fields{}.Set("alipay_cert_sn", sn)})
	if err != nil {
		return nil, err
	}
	object, err := id.open(env)
	if err != nil {
		return nil, err
	}
	chain, err := wire.ParseDownloaded(object.Text("alipay_cert_content"))
	if err != nil {
		return nil, fmt.Errorf("%w: %s %s", err, object.Text("code"), object.Text("sub_code"))
	}
	if wire.CertSN(chain[0]) != sn || !bytes.Equal(chain[0].RawIssuer, id.issuer) {
		return nil, fmt.Errorf("%w: the certificate %.40q is not Alipay's: compare it with the console's", provider.ErrUnverified, sn)
	}
	if err := wire.CheckChain(chain, id.root, call.Env.Now()); err != nil {
		return nil, err
	}
	verify := anyOf(id.answerKeys(call, env.CertSN, ""))
	if env.CertSN == sn {
		verify = wire.VerifyWith(chain[0].PublicKey.(*rsa.PublicKey), wire.SignTypeRSA2)
	}
	return chain[0], env.Verify(verify)
}

// ask makes a call outside any order's story and takes the answer apart, unverified.
func ask(ctx context.Context, call provider.Call, id identity, r wire.Request) (wire.Envelope, error) {
	id.token = "" // certificates are the app's own
	p, _, err := request(call, id, r)
	if err != nil {
		return wire.Envelope{}, err
	}
	body, err := post(ctx, call, p, &provider.Exchange{})
	if err != nil {
		return wire.Envelope{}, fmt.Errorf("alipay: %s: %w", r.Method, err)
	}
	return wire.Extract(body, r.Method)
}
