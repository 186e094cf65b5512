package wire

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// maxCertificates bounds the platform certificate list; WeChat has shown at most three at a time.
const maxCertificates = 32

// ErrCertificate is wrapped when a platform certificate is not usable.
var ErrCertificate = errors.New("wechatpay: unusable platform certificate")

// CertificateList is the answer of GET /v3/certificates. It is signed with one of the certificates it carries.
type CertificateList struct {
	Data []Certificate `json:"data"`
}

// Certificate is one encrypted platform certificate. EffectiveTime and ExpireTime are RFC 3339.
type Certificate struct {
	SerialNo      string   `json:"serial_no"`
	EffectiveTime string   `json:"effective_time"`
	ExpireTime    string   `json:"expire_time"`
	Encrypted     Resource `json:"encrypt_certificate"`
}

// ParseCertificateList reads the list strictly; every entry must have a serial number, two times and a well-formed box. It returns ErrJSON, ErrResource or
// ErrCertificate wrapped with the reason.
func ParseCertificateList(raw []byte) (CertificateList, error) {
	var l CertificateList
	if err := Decode(raw, &l); err != nil {
		return l, err
	}
	if len(l.Data) > maxCertificates {
		return l, fmt.Errorf("%w: %d entries, at most %d are read", ErrCertificate, len(l.Data), maxCertificates)
	}
	seen := make(map[string]bool, len(l.Data))
	for _, c := range l.Data {
		serial := NormalSerial(c.SerialNo)
		if serial == "" || seen[serial] {
			return l, fmt.Errorf("%w: serial_no %.60q is empty or repeated", ErrCertificate, c.SerialNo)
		}
		seen[serial] = true
		for _, t := range []string{c.EffectiveTime, c.ExpireTime} {
			if at, err := ParseTime(t); err != nil || at.IsZero() {
				return l, fmt.Errorf("%w: effective_time or expire_time %.40q", ErrCertificate, t)
			}
		}
		if err := c.Encrypted.check(); err != nil {
			return l, err
		}
	}
	return l, nil
}

// Open decrypts the certificate, parses it and checks that its real serial number is the one the list claims. It returns the PEM text too, for storage.
func (c Certificate) Open(open OpenFunc) (*x509.Certificate, []byte, error) {
	text, err := c.Encrypted.Open(open)
	if err != nil {
		return nil, nil, err
	}
	cert, err := ParseCertificatePEM(text)
	if err != nil {
		return nil, nil, err
	}
	if got := Serial(cert.SerialNumber); NormalSerial(got) != NormalSerial(c.SerialNo) {
		return nil, nil, fmt.Errorf("%w: the list says serial %.60s, the certificate %s", ErrCertificate, c.SerialNo, got)
	}
	return cert, text, nil
}

// VerifyRSA checks a signature of WeChat's: SHA-256 with RSA PKCS #1 v1.5.
func VerifyRSA(key *rsa.PublicKey, message, signature []byte) error {
	d := sha256.Sum256(message)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, d[:], signature)
}

// OpenedCertificate is a platform certificate in the clear.
type OpenedCertificate struct {
	Serial      string
	PEM         string
	From, Until time.Time
	Key         *rsa.PublicKey
}

// Opened decrypts every entry that has not ended. One that does not open condemns the list: half a trust would be kept for half a day.
func (l CertificateList) Opened(now time.Time, open OpenFunc) ([]OpenedCertificate, error) {
	var all []OpenedCertificate
	for _, c := range l.Data {
		cert, text, err := c.Open(open)
		if err != nil {
			return nil, fmt.Errorf("wechatpay: platform certificate %.60s: %w", c.SerialNo, err)
		}
		if now.After(cert.NotAfter) {
			continue
		}
		all = append(all, OpenedCertificate{Serial: Serial(cert.SerialNumber), PEM: string(text), From: cert.NotBefore, Until: cert.NotAfter,
			Key: cert.PublicKey.(*rsa.PublicKey)}) // ParseCertificatePEM checked the type
	}
	return all, nil
}

// ParseCertificatePEM reads one PEM X.509 certificate with an RSA key of at least 2048 bits. It returns ErrCertificate wrapped with the reason.
func ParseCertificatePEM(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%w: no PEM certificate", ErrCertificate)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < 2048 {
		return nil, fmt.Errorf("%w: serial %s has no RSA key of 2048 bits or more", ErrCertificate, Serial(cert.SerialNumber))
	}
	return cert, nil
}

// Serial writes a certificate serial number as WeChat does: upper-case hex of whole bytes.
func Serial(n *big.Int) string { return strings.ToUpper(fmt.Sprintf("%x", n.Bytes())) }
