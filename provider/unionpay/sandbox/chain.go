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
	end := x509.Certificate{
		Subject:   pkix.Name{Country: []string{"cn"}, Organization: []string{"CFCA OCA1"}, CommonName: "041@8310000000083040@" + wire.Owner + "@00016495"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	rootPEM, err := mint(random, &top, &top, root, root)
	if err != nil {
		return Chain{}, err
	}
	middlePEM, err := mint(random, &below, &top, middle, root)
	if err != nil {
		return Chain{}, err
	}
	leafPEM, err := mint(random, &end, &below, leaf, middle)
	if err != nil {
		return Chain{}, err
	}
	return Chain{Key: leaf, Leaf: strings.ReplaceAll(strings.TrimSpace(leafPEM), "\n", "\r\n"), Middle: middlePEM, Root: rootPEM}, nil
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
