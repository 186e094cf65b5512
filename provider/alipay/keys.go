package alipay

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// identity is what a call is signed with, and how its answer is read. It is made of the newest generation for each call.
type identity struct {
	signer  provider.Signer
	content wire.ContentKey // empty: content is not encrypted
	token   string          // what the merchant authorised the partner's app with
	// In certificate mode the numbers of the app's certificate and of the roots are sent along.
	certified bool
	appSN     string
	rootSN    string
	root      []byte
	issuer    []byte // who issued the platform certificate that the merchant installed
}

// identityOf opens the newest generation. With the three certificate fields it is in certificate mode; with some of them, or with no key of Alipay's at all, it can do
// nothing.
func identityOf(call provider.Call) (identity, error) {
	var id identity
	g, err := call.Newest()
	if err != nil {
		return id, err
	}
	if id.signer, err = g.Signer(keyApp); err != nil {
		return id, err
	}
	if s, missing := g.Secret(keyContent); missing == nil {
		if id.content, err = wire.ParseContentKey(string(s.Reveal())); err != nil {
			return id, err
		}
	}
	if s, missing := g.Secret(keyAuth); missing == nil {
		id.token = strings.TrimSpace(string(s.Reveal())) // files end in a line break
	}
	return id, id.certify(g)
}

func (id *identity) certify(g provider.Generation) error {
	app, noApp := certificateOf(g, keyAppCert)
	platform, noPlatform := certificateOf(g, keyAlipayCert)
	root, noRoot := g.Secret(keyRootCert)
	if noApp != nil && noPlatform != nil && noRoot != nil {
		if _, err := g.Verifier(keyPlatform); err != nil {
			return fmt.Errorf("%w; or add %s, %s and %s", err, keyAppCert, keyAlipayCert, keyRootCert)
		}
		return nil
	}
	if err := errors.Join(noApp, noPlatform, noRoot); err != nil {
		return err
	}
	var err error
	id.certified, id.appSN, id.issuer, id.root = true, wire.CertSN(app), platform.RawIssuer, root.Reveal()
	id.rootSN, err = wire.RootSN(id.root)
	return err
}

func certificateOf(g provider.Generation, field string) (*x509.Certificate, error) {
	v, err := g.Verifier(field)
	if err != nil {
		return nil, err
	}
	c, ok := v.(provider.Certified)
	if !ok {
		return nil, fmt.Errorf("alipay: %s is not a certificate", field)
	}
	return x509.ParseCertificate(c.Certificate())
}

// extra are the parameters that name the identity.
func (id identity) extra() wire.Params {
	p := wire.Params{}
	if id.certified {
		p["app_cert_sn"], p["alipay_root_cert_sn"] = id.appSN, id.rootSN
	}
	if id.token != "" {
		p["app_auth_token"] = id.token
	}
	return p
}

func (id identity) sign(message []byte) ([]byte, error) {
	return id.signer.Sign(provider.RSASHA256, message)
}

// answerKeys are the keys that may have signed an answer: in certificate mode the one whose number the answer names, and nothing else.
func (id identity) answerKeys(call provider.Call, sn, attemptGeneration string) []provider.Verifier {
	if !id.certified {
		return call.Verifiers(keyPlatform, "", attemptGeneration)
	}
	return slices.DeleteFunc(call.Verifiers(keyAlipayCert, "", attemptGeneration), func(v provider.Verifier) bool {
		c, ok := v.(provider.Certified)
		if !ok {
			return true
		}
		cert, err := x509.ParseCertificate(c.Certificate())
		return err != nil || wire.CertSN(cert) != sn
	})
}
