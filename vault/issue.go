package vault

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"time"
)

// issueBits is the size of the keys that the switch makes for itself.
const issueBits = 2048

// NewKeyPair makes a key for signing and returns both halves as PEM: PKCS #8 and SubjectPublicKeyInfo.
func NewKeyPair(random io.Reader) (private, public []byte, err error) {
	key, err := rsa.GenerateKey(random, issueBits)
	if err != nil {
		return nil, nil, fmt.Errorf("vault: make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("vault: make a key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("vault: make a key: %w", err)
	}
	return encodePEM("PRIVATE KEY", der), encodePEM("PUBLIC KEY", spki), nil
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Certificates are a certificate and that of the authority that issued it, both as PEM. Serial is the certificate's in upper-case hex: 40 digits, of a short one 32.
type Certificates struct {
	Certificate []byte
	Authority   []byte
	Serial      string
}

// NewCertificate makes a certificate for a private key that NewKeyPair made, by an authority of its own whose key is forgotten at once: nobody can issue another in
// its name. Names are plain, because SDKs of more than one language build texts out of them. hosts, if any, make it one for a server.
func NewCertificate(random io.Reader, private []byte, name string, from, to time.Time, hosts ...string) (Certificates, error) {
	return newCertificate(random, longSerial, private, name, from, to, hosts)
}

// NewShortCertificate is NewCertificate with serial numbers of 126 bits, as Alipay's are: what PHP reads out of a certificate has a serial number of 128 bits and more in hex and a
// shorter one in decimal, and Alipay's SDKs build a certificate's name out of the decimal.
func NewShortCertificate(random io.Reader, private []byte, name string, from, to time.Time) (Certificates, error) {
	return newCertificate(random, shortSerial, private, name, from, to, nil)
}

func newCertificate(random io.Reader, serial int, private []byte, name string, from, to time.Time, hosts []string) (Certificates, error) {
	var out Certificates
	key, err := privateOf(private)
	if err != nil {
		return out, err
	}
	root, err := rsa.GenerateKey(random, issueBits)
	if err != nil {
		return out, fmt.Errorf("vault: make an authority: %w", err)
	}
	authority := template(random, serial, name+" Root", from, to)
	authority.IsCA, authority.KeyUsage = true, x509.KeyUsageCertSign
	rootDER, err := x509.CreateCertificate(random, authority, authority, &root.PublicKey, root)
	if err != nil {
		return out, fmt.Errorf("vault: make an authority: %w", err)
	}
	leaf := template(random, serial, name, from, to)
	leaf.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	for _, host := range hosts {
		leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	parent, err := x509.ParseCertificate(rootDER)
	if err != nil {
		return out, fmt.Errorf("vault: make an authority: %w", err)
	}
	der, err := x509.CreateCertificate(random, leaf, parent, key.Public(), root)
	if err != nil {
		return out, fmt.Errorf("vault: make a certificate: %w", err)
	}
	out.Certificate, out.Authority = encodePEM("CERTIFICATE", der), encodePEM("CERTIFICATE", rootDER)
	out.Serial = strings.ToUpper(fmt.Sprintf("%0*x", 2*serial, leaf.SerialNumber))
	return out, nil
}

func privateOf(private []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(private)
	if block == nil {
		return nil, fmt.Errorf("vault: the key is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("vault: the key is unreadable")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("vault: the key cannot sign")
	}
	return signer, nil
}

// Bytes of a serial number: WeChat Pay's are of 40 hex digits.
const (
	longSerial  = 20
	shortSerial = 16
)

// template is a certificate with a serial number without a leading nought and positive, so that its digits are always as many.
func template(random io.Reader, size int, name string, from, to time.Time) *x509.Certificate {
	serial := make([]byte, size)
	if _, err := io.ReadFull(random, serial); err != nil {
		panic(fmt.Sprintf("vault: the random source failed: %v", err)) // a serial number must never repeat
	}
	serial[0] = serial[0]&0x6f | 0x10
	keyID := sha1.Sum(append([]byte(name), serial...)) // an identifier, not a protection
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"Postern"}, OrganizationalUnit: []string{"Facade"}, CommonName: name},
		NotBefore: from, NotAfter: to, BasicConstraintsValid: true, SignatureAlgorithm: x509.SHA256WithRSA, SubjectKeyId: keyID[:],
	}
}

// PublicHalf is the public key of a handle for signing or for verifying, as PEM: what a key of its own shows of itself. False for a handle of another kind.
func PublicHalf(handle any) ([]byte, bool) {
	var key *rsa.PublicKey
	switch h := handle.(type) {
	case *signer:
		key = &h.key.PublicKey
	case *verifier:
		key = h.key
	case *certificate:
		key = h.key
	default:
		return nil, false
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	return encodePEM("PUBLIC KEY", der), err == nil
}
