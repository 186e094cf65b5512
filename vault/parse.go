package vault

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"postern/provider"
)

// Sizes of RSA keys in bits. The upper bound keeps a hostile certificate from making every verification slow.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// Parse makes the handle that kind names (see provider.KeyKind) of a key's plaintext. keyID is what the provider calls the key; for a certificate it may be
// empty and must otherwise be its serial number. RSA keys come as PEM (PKCS#8, PKCS#1, SPKI, X.509) or as bare base64 of the same DER and have at least
// 2048 bits. The errors name the fix and never quote the input.
func Parse(kind provider.KeyKind, keyID string, plaintext []byte) (any, error) {
	handle, err := parse(kind, keyID, plaintext)
	if err != nil {
		return nil, fmt.Errorf("vault: %s key: %w", kind, err)
	}
	return handle, nil
}

func parse(kind provider.KeyKind, keyID string, plaintext []byte) (any, error) {
	if len(plaintext) == 0 {
		return nil, errors.New("the value is empty")
	}
	switch kind {
	case provider.KeyRSAPrivate:
		return parsePrivate(keyID, plaintext)
	case provider.KeyRSAPublic:
		return parsePublic(keyID, plaintext)
	case provider.KeyCertificate:
		return parseCertificate(keyID, plaintext)
	case provider.KeyAES256GCM:
		if len(plaintext) != 32 {
			return nil, fmt.Errorf("wants exactly 32 bytes, got %d: remove a trailing newline or blank, and do not encode the key", len(plaintext))
		}
		return newGCM(plaintext)
	case provider.KeyAuthority:
		return parseAuthority(plaintext)
	case provider.KeyHMACSHA256:
		return &mac{key: slices.Clone(plaintext)}, nil
	case provider.KeySecret:
		return &secret{value: slices.Clone(plaintext)}, nil
	default:
		return nil, errors.New("no such kind of key")
	}
}

// der finds the DER bytes in PEM or bare base64 and says what the PEM label claims ("" for base64).
func der(plaintext []byte) (label string, out []byte, err error) {
	text := strings.TrimSpace(strings.TrimPrefix(string(plaintext), "\ufeff"))
	if strings.HasPrefix(text, "-----BEGIN ") {
		return derOfPEM(text)
	}
	if strings.Contains(text, "-----BEGIN ") {
		return "", nil, errors.New("there is text before -----BEGIN: give the key alone")
	}
	compact := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	out, err = base64.StdEncoding.DecodeString(compact)
	if err != nil {
		out, err = base64.RawStdEncoding.DecodeString(compact)
	}
	if err != nil || len(out) == 0 {
		return "", nil, errors.New("neither PEM nor base64: give the whole file including its BEGIN and END lines, or the base64 text alone")
	}
	return "", out, nil
}

func derOfPEM(text string) (string, []byte, error) {
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil && strings.Contains(text, `\n`):
		return "", nil, errors.New(`the PEM contains the two characters \n instead of line breaks: replace them by real line breaks`)
	case block == nil:
		return "", nil, errors.New("the PEM is damaged: its base64 or its END line is incomplete")
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return "", nil, errors.New("this private key is protected by a passphrase: remove it with `openssl pkcs8 -topk8 -nocrypt`")
	case block.Type == "OPENSSH PRIVATE KEY":
		return "", nil, errors.New("this is an OpenSSH key: convert it with `ssh-keygen -p -m PKCS8`")
	case strings.TrimSpace(string(rest)) != "":
		return "", nil, errors.New("there is more than one PEM block: give the wanted one alone")
	}
	return block.Type, block.Bytes, nil
}

// found is what the DER turned out to be, whatever its label said.
type found struct {
	private *rsa.PrivateKey
	public  *rsa.PublicKey
	cert    *x509.Certificate
	other   string // a description of something that is not wanted anywhere
}

func (f found) String() string {
	switch {
	case f.private != nil:
		return "a private key"
	case f.cert != nil:
		return "a certificate"
	case f.public != nil:
		return "a public key"
	case f.other != "":
		return f.other
	}
	return "nothing known"
}

func decode(plaintext []byte) (found, error) {
	_, data, err := der(plaintext)
	if err != nil {
		return found{}, err
	}
	if key, err := x509.ParsePKCS8PrivateKey(data); err == nil {
		if private, ok := key.(*rsa.PrivateKey); ok {
			return found{private: private}, nil
		}
		return found{other: "a private key of another algorithm" + algorithm(key)}, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(data); err == nil {
		return found{private: key}, nil
	}
	if _, err := x509.ParseECPrivateKey(data); err == nil {
		return found{other: "a private key of another algorithm (EC)"}, nil
	}
	if key, err := x509.ParsePKIXPublicKey(data); err == nil {
		if public, ok := key.(*rsa.PublicKey); ok {
			return found{public: public}, nil
		}
		return found{other: "a public key of another algorithm" + algorithm(key)}, nil
	}
	if key, err := x509.ParsePKCS1PublicKey(data); err == nil {
		return found{public: key}, nil
	}
	if cert, err := x509.ParseCertificate(data); err == nil {
		return found{cert: cert}, nil
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		return found{other: "a certificate signing request"}, nil
	}
	var outer struct {
		Version int
		Rest    asn1.RawValue
	}
	if _, err := asn1.Unmarshal(data, &outer); err == nil && outer.Version == 3 {
		return found{other: "a PKCS#12 container (export the key from it with `openssl pkcs12 -nodes`)"}, nil
	}
	return found{}, errors.New("the bytes are no key, certificate or public key that is known: check that nothing was cut off")
}

func algorithm(key any) string {
	switch key.(type) {
	case *ecdsa.PrivateKey, *ecdsa.PublicKey:
		return " (EC)"
	case ed25519.PrivateKey, ed25519.PublicKey:
		return " (Ed25519)"
	}
	return ""
}

func checkSize(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return fmt.Errorf("the RSA key has %d bits, wanted are %d to %d: make a new pair and register its public half", bits, minRSABits, maxRSABits)
	}
	if key.E < 3 || key.E%2 == 0 {
		return errors.New("the RSA key has an impossible public exponent")
	}
	return nil
}

func parsePrivate(keyID string, plaintext []byte) (any, error) {
	f, err := decode(plaintext)
	if err != nil {
		return nil, err
	}
	if f.private == nil {
		return nil, fmt.Errorf("this is %s, the RSA private key is wanted", f)
	}
	if err := checkSize(&f.private.PublicKey); err != nil {
		return nil, err
	}
	return &signer{id: keyID, key: f.private}, nil
}

func parsePublic(keyID string, plaintext []byte) (any, error) {
	f, err := decode(plaintext)
	if err != nil {
		return nil, err
	}
	if f.private != nil {
		return nil, errors.New("this is a private key, the public key is wanted: keep the private one secret")
	}
	if f.public == nil {
		return nil, fmt.Errorf("this is %s, the RSA public key is wanted", f)
	}
	if err := checkSize(f.public); err != nil {
		return nil, err
	}
	return &verifier{id: keyID, key: f.public}, nil
}

func parseCertificate(keyID string, plaintext []byte) (any, error) {
	f, err := decode(firstOfChain(plaintext))
	if err != nil {
		return nil, err
	}
	if f.cert == nil {
		return nil, fmt.Errorf("this is %s, the X.509 certificate is wanted", f)
	}
	public, ok := f.cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the certificate's key is not RSA")
	}
	if err := checkSize(public); err != nil {
		return nil, err
	}
	serial := strings.ToUpper(hex.EncodeToString(f.cert.SerialNumber.Bytes()))
	if keyID != "" && strings.TrimLeft(strings.ToUpper(keyID), "0") != strings.TrimLeft(serial, "0") {
		return nil, fmt.Errorf("the certificate's serial number is %s, not %q: correct the serial number or give the other certificate", serial, keyID)
	}
	return &certificate{verifier: verifier{id: serial, key: public}, der: f.cert.Raw}, nil
}

// firstOfChain cuts a file of nothing but certificates after its first one, which is whose it is: consoles hand out a certificate with its issuers'.
func firstOfChain(plaintext []byte) []byte {
	block, rest := pem.Decode(plaintext)
	if block == nil || block.Type != "CERTIFICATE" {
		return plaintext
	}
	first := plaintext[:len(plaintext)-len(rest)]
	for len(bytes.TrimSpace(rest)) > 0 {
		var next *pem.Block
		if next, rest = pem.Decode(rest); next == nil || next.Type != "CERTIFICATE" {
			return plaintext
		}
	}
	return first
}

// parseAuthority takes the certificate of somebody who issues certificates. Which links of a chain hold is the protocol's to say, so the text is handed on.
func parseAuthority(plaintext []byte) (any, error) {
	f, err := decode(plaintext)
	if err != nil {
		return nil, err
	}
	switch {
	case f.cert == nil:
		return nil, fmt.Errorf("this is %s, the X.509 certificate of an authority is wanted", f)
	case !f.cert.IsCA:
		return nil, errors.New("the certificate is not one of an authority: give the root's or the middle one")
	}
	return &secret{value: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.cert.Raw})}, nil
}

// CertificateEnd is the moment from which a certificate no longer counts: the second after its last.
func CertificateEnd(plaintext []byte) (time.Time, error) {
	f, err := decode(firstOfChain(plaintext))
	if err != nil {
		return time.Time{}, err
	}
	if f.cert == nil {
		return time.Time{}, fmt.Errorf("this is %s, the X.509 certificate is wanted", f)
	}
	return f.cert.NotAfter.UTC().Add(time.Second), nil
}
