package sandbox

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"strings"
	"time"

	"postern/provider/unionpay/wire"
)

// Chain is the certificate that signs for the simulated UnionPay, with the middle and the root one above it, as PEM.
type Chain struct {
	Key    *rsa.PrivateKey
	Leaf   string // with CRLF line ends and none at its end, as the real gateway sends it
	Middle string
	Root   string

	issuer *rsa.PrivateKey // of the middle one
	above  x509.Certificate
}

// NewChain mints a root, a middle and a leaf certificate whose names have the shape of the real ones. The real chain is signed with SHA-1; this one with SHA-256.
func NewChain(random io.Reader, root, middle, leaf *rsa.PrivateKey, now time.Time) (Chain, error) {
	authority := func(name string) x509.Certificate {
		return x509.Certificate{
			Subject:   pkix.Name{Country: []string{"CN"}, Organization: []string{"China Financial Certification Authority"}, CommonName: name},
			NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(20, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
	}
	top, below := authority("SIMULATED CFCA CS CA"), authority("SIMULATED CFCA OCA1")
	rootPEM, err := mint(random, &top, &top, root, root)
	if err != nil {
		return Chain{}, err
	}
	middlePEM, err := mint(random, &below, &top, middle, root)
	if err != nil {
		return Chain{}, err
	}
	chain := Chain{Middle: middlePEM, Root: rootPEM, issuer: middle, above: below}
	_, err = chain.renew(random, leaf, now)
	return chain, err
}

// renew gives the gateway another certificate, of the same owner and under the same authorities, and returns its serial number in decimal.
func (c *Chain) renew(random io.Reader, key *rsa.PrivateKey, now time.Time) (string, error) {
	end := x509.Certificate{
		Subject:   pkix.Name{Country: []string{"cn"}, Organization: []string{"CFCA OCA1"}, CommonName: "041@8310000000083040@" + wire.Owner + "@00016495"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	text, err := mint(random, &end, &c.above, key, c.issuer)
	if err != nil {
		return "", err
	}
	c.Key, c.Leaf = key, strings.ReplaceAll(strings.TrimSpace(text), "\n", "\r\n")
	return end.SerialNumber.String(), nil
}

// RotateKey lets UnionPay sign with another certificate, as it does every few years. Nothing is published anywhere: the certificate comes in each message.
func (b buttons) RotateKey() (string, error) {
	s := b.s
	key, err := rsa.GenerateKey(s.cfg.Rand, 2048)
	if err != nil {
		return "", err
	}
	s.chainMu.Lock()
	defer s.chainMu.Unlock()
	return s.cfg.Chain.renew(s.cfg.Rand, key, s.now())
}

// chain is the certificate that signs now.
func (s *Sandbox) chain() Chain {
	s.chainMu.Lock()
	defer s.chainMu.Unlock()
	return s.cfg.Chain
}

// NewMerchantCertificate mints a merchant's signing certificate and returns it with its certId, the serial number in decimal.
func NewMerchantCertificate(random io.Reader, key *rsa.PrivateKey, now time.Time, merID string) (certificate, certID string, err error) {
	c := x509.Certificate{
		Subject:   pkix.Name{Country: []string{"cn"}, Organization: []string{"CFCA OCA1"}, CommonName: "041@Z" + merID + "@00000001"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	certificate, err = mint(random, &c, &c, key, key)
	return certificate, c.SerialNumber.String(), err
}

// mint signs a certificate. Serial numbers have 16 bytes, as the real ones: 38 or 39 digits.
func mint(random io.Reader, c, by *x509.Certificate, key, issuer *rsa.PrivateKey) (string, error) {
	serial := make([]byte, 16)
	if _, err := io.ReadFull(random, serial); err != nil {
		return "", err
	}
	serial[0] = serial[0]&0x7f | 0x10
	c.SerialNumber = new(big.Int).SetBytes(serial)
	der, err := x509.CreateCertificate(random, c, by, &key.PublicKey, issuer)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}
