package sandbox

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// Authority issues the certificates of a simulated Alipay: a root, below it one authority for apps (Class 1) and one for Alipay itself (Class 2), as the real one has. Names
// have plain CN, OU, O and C only, because clients spell others in different ways.
type Authority struct {
	Root         string // PEM: the file that a merchant installs
	Apps         string // PEM: who issues apps' certificates
	root, middle *rsa.PrivateKey
	apps, own    *x509.Certificate
	random       io.Reader
	from         time.Time
}

// How long the simulated certificates are good.
const (
	authorityYears   = 20
	certificateYears = 5
)

// NewAuthority makes an authority of two keys.
func NewAuthority(random io.Reader, root, middle *rsa.PrivateKey, now time.Time) (*Authority, error) {
	a := &Authority{root: root, middle: middle, random: random, from: now.AddDate(0, 0, -1).UTC().Truncate(time.Second)}
	top, err := a.issue("Simulated Certification Authority R1", &root.PublicKey, nil, root)
	if err != nil {
		return nil, err
	}
	a.Root = string(pemOf(top))
	if a.apps, err = a.issue("Simulated Certification Authority Class 1 R1", &middle.PublicKey, top, root); err != nil {
		return nil, err
	}
	a.Apps = string(pemOf(a.apps))
	a.own, err = a.issue("Simulated Certification Authority Class 2 R1", &middle.PublicKey, top, root)
	return a, err
}

// issue makes the certificate of an authority, signed by itself when there is no parent.
func (a *Authority) issue(name string, key *rsa.PublicKey, parent *x509.Certificate, by *rsa.PrivateKey) (*x509.Certificate, error) {
	return a.sign(&x509.Certificate{
		Subject:  pkix.Name{CommonName: name, OrganizationalUnit: []string{"Certification Authority"}, Organization: []string{"Postern Sandbox"}, Country: []string{"CN"}},
		NotAfter: a.from.AddDate(authorityYears, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, key, parent, by)
}

// App issues the certificate of an app's key, as PEM.
func (a *Authority) App(key *rsa.PublicKey, sellerID, appID string) (string, error) {
	cert, err := a.leaf(sellerID+"-"+appID, key, a.apps)
	if err != nil {
		return "", err
	}
	return string(pemOf(cert)), nil
}

// platform issues the certificate of a key of the gateway.
func (a *Authority) platform(key *rsa.PublicKey) (*x509.Certificate, error) {
	return a.leaf("Simulated Alipay", key, a.own)
}

func (a *Authority) leaf(name string, key *rsa.PublicKey, parent *x509.Certificate) (*x509.Certificate, error) {
	return a.sign(&x509.Certificate{
		Subject:  pkix.Name{CommonName: name, OrganizationalUnit: []string{"Alipay"}, Organization: []string{"Postern Sandbox"}, Country: []string{"CN"}},
		NotAfter: a.from.AddDate(certificateYears, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}, key, parent, a.middle)
}

func (a *Authority) sign(template *x509.Certificate, key *rsa.PublicKey, parent *x509.Certificate, by *rsa.PrivateKey) (*x509.Certificate, error) {
	serial := make([]byte, 16)
	if _, err := io.ReadFull(a.random, serial); err != nil {
		return nil, err
	}
	serial[0] = serial[0]&0x3f | 0x20 // positive, and of sixteen bytes
	template.SerialNumber, template.NotBefore = new(big.Int).SetBytes(serial), a.from
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(a.random, template, parent, key, by)
	if err != nil {
		return nil, fmt.Errorf("alipay sandbox: certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

func pemOf(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// platformKey is one key of the gateway with its certificate.
type platformKey struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
	sn   string
}

// certify makes the gateway's next certificate and signs with it from now on.
func (s *Sandbox) certify(key *rsa.PrivateKey) error {
	cert, err := s.cfg.Authority.platform(&key.PublicKey)
	if err != nil {
		return err
	}
	s.platform = append(s.platform, platformKey{key: key, cert: cert, sn: wire.CertSN(cert)})
	return nil
}

// signs is the certificate that the gateway signs with now.
func (s *Sandbox) signs() platformKey {
	s.keys.Lock()
	defer s.keys.Unlock()
	return s.platform[len(s.platform)-1]
}

// PlatformCertificate is what a merchant in certificate mode installs today, as PEM, with its issuer's after it.
func (s *Sandbox) PlatformCertificate() string {
	if s.cfg.Authority == nil {
		return ""
	}
	return s.chain(s.signs())
}

func (s *Sandbox) chain(k platformKey) string {
	return string(pemOf(k.cert)) + string(pemOf(s.cfg.Authority.own))
}

// RotateKey lets the gateway sign for apps in certificate mode with another key and certificate. The old one can still be fetched.
func (b buttons) RotateKey() (string, error) {
	s := b.s
	s.keys.Lock()
	defer s.keys.Unlock()
	if s.cfg.Authority == nil || s.cfg.NextKey == nil {
		return "", fmt.Errorf("this sandbox has no certificates: %w", sandboxkit.ErrConflict)
	}
	key := s.cfg.NextKey
	if len(s.platform)%2 == 0 {
		key = s.cfg.PrivateKey
	}
	if err := s.certify(key); err != nil {
		return "", err
	}
	return s.platform[len(s.platform)-1].sn, nil
}

// certificate answers alipay.open.app.alipaycert.download.
func (s *Sandbox) certificate(c call) (wire.Fields, *refusal) {
	s.keys.Lock()
	defer s.keys.Unlock()
	for _, k := range s.platform {
		if k.sn == c.biz.Text("alipay_cert_sn") {
			return wire.Fields{}.Set("alipay_cert_content", base64.StdEncoding.EncodeToString([]byte(s.chain(k)))), nil
		}
	}
	return nil, &refusal{code: wire.CodeInvalidArgument, sub: "isv.invalid-parameter", message: "alipay_cert_sn: 证书不存在"} // [GEN]
}

// certified reads the certificates of an app in certificate mode.
func (a *Account) certified(root string) error {
	if a.AppCertificate == "" {
		return nil
	}
	certs, err := wire.ParseCertificates([]byte(a.AppCertificate))
	if err != nil {
		return err
	}
	key, ok := certs[0].PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("the certificate's key is not RSA")
	}
	a.AppPublicKey, a.certSN, a.certEnd = key, wire.CertSN(certs[0]), certs[0].NotAfter
	a.rootSN, err = wire.RootSN([]byte(root))
	return err
}

// certificateNumbers checks what an app in certificate mode sends besides.
func certificateNumbers(a Account, p wire.Params, now time.Time) *refusal {
	wrong := func(sub, message string) *refusal {
		return &refusal{code: wire.CodeInvalidArgument, sub: sub, message: message}
	}
	switch {
	case a.certSN == "":
		return nil
	case p["app_cert_sn"] == "":
		return wrong("isv.missing-app-cert-sn", "缺少应用公钥证书序列号")
	case p["alipay_root_cert_sn"] == "":
		return wrong("isv.missing-alipay-root-cert-sn", "缺少支付宝根证书序列号")
	case p["app_cert_sn"] != a.certSN || p["alipay_root_cert_sn"] != a.rootSN:
		return wrong("isv.invalid-signature", "验签出错: 证书序列号与应用不匹配") // [GEN]
	case now.After(a.certEnd):
		return wrong("isv.app-cert-expired", "应用公钥证书已过期")
	}
	return nil
}
