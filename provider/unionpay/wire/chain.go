package wire

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" // the chain of the real certificates is signed with it
	_ "crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Owner is the third part of the name in a certificate that signs for UnionPay, as in 041@8310000000083040@中国银联股份有限公司@00016495.
const Owner = "中国银联股份有限公司"

// TestOwner is the name of an old test certificate, believed in test mode only.
const TestOwner = "00040000:SIGN"

// ErrChain says that a certificate was not issued for UnionPay by the authority that the merchant trusts, or not for this day.
var ErrChain = errors.New("unionpay: the certificate is not UnionPay's")

// ParseCertificate reads one PEM certificate with an RSA key of 2048 bits or more.
func ParseCertificate(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%w: not a PEM certificate", ErrChain)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChain, err)
	}
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < 2048 || key.N.BitLen() > 8192 {
		return nil, fmt.Errorf("%w: its key is not RSA of 2048 to 8192 bits", ErrChain)
	}
	return c, nil
}

// CheckChain believes the certificate in a message when it was issued by the middle one, that one by the root, all three are in date, and it is made out to
// UnionPay. The links are checked here and not by crypto/x509, because the real chain is signed with SHA-1, which Go refuses; the root and the middle certificate
// are the merchant's own configuration, so that SHA-1 lets nobody in who cannot also find a second preimage of a signed certificate.
func CheckChain(leaf, middle, root string, at time.Time, test bool) (*rsa.PublicKey, error) {
	l, err1 := ParseCertificate(leaf)
	m, err2 := ParseCertificate(middle)
	r, err3 := ParseCertificate(root)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	for _, link := range [][2]*x509.Certificate{{l, m}, {m, r}, {r, r}} {
		if err := issued(link[0], link[1], at); err != nil {
			return nil, err
		}
	}
	if !m.IsCA || !r.IsCA {
		return nil, fmt.Errorf("%w: the issuer is no authority", ErrChain)
	}
	parts := strings.Split(l.Subject.CommonName, "@")
	if len(parts) > 2 && parts[2] == Owner || test && l.Subject.CommonName == TestOwner {
		return l.PublicKey.(*rsa.PublicKey), nil
	}
	return nil, fmt.Errorf("%w: it is made out to somebody else", ErrChain)
}

// issued checks one link of the chain: name, signature, dates.
func issued(c, by *x509.Certificate, at time.Time) error {
	if string(c.RawIssuer) != string(by.RawSubject) {
		return fmt.Errorf("%w: it names another issuer", ErrChain)
	}
	if at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return fmt.Errorf("%w: it holds from %s to %s", ErrChain, c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly))
	}
	hash := map[x509.SignatureAlgorithm]crypto.Hash{x509.SHA1WithRSA: crypto.SHA1, x509.SHA256WithRSA: crypto.SHA256}[c.SignatureAlgorithm]
	if hash == 0 {
		return fmt.Errorf("%w: signed with %s", ErrChain, c.SignatureAlgorithm)
	}
	h := hash.New()
	h.Write(c.RawTBSCertificate)
	if err := rsa.VerifyPKCS1v15(by.PublicKey.(*rsa.PublicKey), hash, h.Sum(nil), c.Signature); err != nil {
		return fmt.Errorf("%w: its signature is not the issuer's", ErrChain)
	}
	return nil
}
