package provider

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"time"
)

// Alg names a signature algorithm. It is fixed by the connector and its configuration, never taken from a message.
type Alg string

// The signature algorithms of the providers built so far, all RSA PKCS#1 v1.5.
const (
	RSASHA256 Alg = "RSA-SHA256"
	RSASHA1   Alg = "RSA-SHA1"
)

// KeyKind says how the vault parses a key field and which handle it makes of it.
type KeyKind string

// Kinds of key fields. Each names the handle that Generation returns for it.
const (
	KeyRSAPrivate  KeyKind = "rsa_private"  // PEM (PKCS#8, PKCS#1) or bare base64 of either: Signer
	KeyRSAPublic   KeyKind = "rsa_public"   // PEM SPKI or bare base64: Verifier
	KeyCertificate KeyKind = "certificate"  // PEM X.509, with those of its issuers after it or not: Certified, whose KeyID is the serial number in upper-case hex
	KeyAES256GCM   KeyKind = "aes_256_gcm"  // 32 raw bytes: AEAD
	KeySecret      KeyKind = "secret"       // any text: Secret
	KeyAuthority   KeyKind = "authority"    // PEM X.509 of one who issues certificates: Secret, whose value is the PEM
	KeyHMACSHA256  KeyKind = "hmac_sha_256" // any bytes: MAC
)

// Signer signs with one private key that never leaves the vault.
type Signer interface {
	// KeyID is the serial number or key id that the provider knows this key by; it may be empty.
	KeyID() string
	Sign(alg Alg, message []byte) (signature []byte, err error)
}

// Verifier checks signatures with one public key.
type Verifier interface {
	KeyID() string
	// Verify returns nil only when the signature is this key's over exactly this message.
	Verify(alg Alg, message, signature []byte) error
}

// Encrypter encrypts short texts for the holder of a public key, as providers want names. A Verifier may be one.
type Encrypter interface {
	KeyID() string
	// EncryptOAEP uses RSAES-OAEP with SHA-1.
	EncryptOAEP(random io.Reader, plaintext []byte) ([]byte, error)
}

// Certified is a Verifier that was made of a certificate. Certificate is the X.509 DER, which is public: some protocols name a certificate by more than its serial number.
type Certified interface {
	Verifier
	Certificate() []byte
}

// AEAD opens and seals with one symmetric key (AES-256-GCM).
type AEAD interface {
	Open(nonce, ciphertext, additional []byte) ([]byte, error)
	Seal(nonce, plaintext, additional []byte) ([]byte, error)
}

// MAC computes and compares message authentication codes in constant time.
type MAC interface {
	Sum(message []byte) []byte
	Verify(message, mac []byte) bool
}

// Secret is a value that a protocol wants in the clear, as WeChat's OAuth wants the app secret. It prints as [redacted]; Reveal is called inside provider/X
// only, which internal/tidy checks.
type Secret interface {
	Reveal() []byte
	String() string
}

// Doer sends HTTP requests. An implementation reports ErrNotSent (wrapped) when it can prove that not one byte of the request was written.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// CertifiedDoer is a Doer that can show a client certificate, for the servers of providers that ask for one.
type CertifiedDoer interface {
	Doer
	WithCertificate(certificate tls.Certificate) (Doer, error)
}

// Env is the outside world as a connector may see it. Tests and sim replace all of it.
type Env struct {
	Now  func() time.Time
	Rand io.Reader
	HTTP Doer
	// Fault is called at named points; it is a no-op in production, and may panic or return an error to simulate a crash in sim.
	Fault func(ctx context.Context, point string) error
}
