package wire

import (
	"crypto/md5" //nolint:gosec // names certificates; proves nothing
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"
)

// maxCertificates bounds the certificates of one file.
const maxCertificates = 32

// rsaSignatures is what the object ids of all RSA signatures begin with.
const rsaSignatures = "1.2.840.113549.1.1."

// CertSN is the protocol's number of a certificate: MD5 of the issuer's name (RFC 2253) and the serial number in decimal.
//
// Source: the official SDKs; published numbers of three certificates.
func CertSN(cert *x509.Certificate) string {
	sum := md5.Sum([]byte(cert.Issuer.String() + cert.SerialNumber.String())) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// Names says whether a request's app_cert_sn names a certificate: by its number, or by what PHP's clients make of one whose serial number has 128 bits and more. Their parser writes
// such a serial number as 0x and upper-case hex (OpenSSL's i2s_ASN1_INTEGER), and the number is made of that text.
func Names(sn string, cert *x509.Certificate) bool {
	if sn == CertSN(cert) {
		return true
	}
	if cert.SerialNumber.BitLen() < 128 {
		return false
	}
	sum := md5.Sum([]byte(cert.Issuer.String() + "0x" + strings.ToUpper(hex.EncodeToString(cert.SerialNumber.Bytes())))) //nolint:gosec // see the import
	return sn == hex.EncodeToString(sum[:])
}

// RootSN is the number of a file of root certificates: those of its certificates that are signed with RSA, joined. The real file holds others besides, of kinds that
// x509 does not read.
func RootSN(file []byte) (string, error) {
	certs, err := ParseCertificates(file)
	if err != nil {
		return "", err
	}
	var sns []string
	for _, c := range certs {
		sns = append(sns, CertSN(c))
	}
	return strings.Join(sns, "_"), nil
}

// ParseCertificates reads the certificates of a PEM file that are signed with RSA, in order. One that is and cannot be read is an error; others are passed over.
func ParseCertificates(file []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for n := 0; ; n++ {
		var block *pem.Block
		if block, file = pem.Decode(file); block == nil {
			break
		}
		var outer struct {
			Body      asn1.RawValue
			Algorithm pkix.AlgorithmIdentifier
			Signature asn1.BitString
		}
		if _, err := asn1.Unmarshal(block.Bytes, &outer); err != nil || block.Type != "CERTIFICATE" || n >= maxCertificates {
			return nil, fmt.Errorf("%w: a file of at most %d certificates is wanted", ErrMalformed, maxCertificates)
		}
		if !strings.HasPrefix(outer.Algorithm.Algorithm.String(), rsaSignatures) {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate: %w", ErrMalformed, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%w: no PEM certificate that is signed with RSA", ErrMalformed)
	}
	return certs, nil
}

// ParseDownloaded reads alipay_cert_content: base64 of a certificate of Alipay's with those of its issuers.
func ParseDownloaded(content string) ([]*x509.Certificate, error) {
	file, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		return nil, fmt.Errorf("%w: alipay_cert_content is not base64", ErrMalformed)
	}
	return ParseCertificates(file)
}

// CheckChain says that the first certificate leads up to one of the merchant's roots at this time, and has a key that is long enough.
func CheckChain(chain []*x509.Certificate, roots []byte, now time.Time) error {
	trusted, err := ParseCertificates(roots)
	if err != nil {
		return fmt.Errorf("the root certificates: %w", err)
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	for _, c := range trusted {
		options.Roots.AddCert(c)
	}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	if _, err := chain[0].Verify(options); err != nil {
		return fmt.Errorf("%w: the certificate does not lead up to the merchant's root: %w", ErrMalformed, err)
	}
	if key, ok := chain[0].PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() < 2048 {
		return fmt.Errorf("%w: the certificate has no RSA key of 2048 bits or more", ErrMalformed)
	}
	return nil
}
