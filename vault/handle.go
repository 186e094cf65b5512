package vault

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the digest of the providers' older signature type, RSA with SHA-1, and of their OAEP
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"postern/provider"
)

// digest maps the algorithms of provider.Alg to hashes; an algorithm that is not here is refused.
var digests = map[provider.Alg]crypto.Hash{
	provider.RSASHA256: crypto.SHA256,
	provider.RSASHA1:   crypto.SHA1,
}

func digest(alg provider.Alg, message []byte) (crypto.Hash, []byte, error) {
	hash, ok := digests[alg]
	if !ok {
		return 0, nil, fmt.Errorf("vault: algorithm %q is not supported by an RSA key: use %s or %s", alg, provider.RSASHA256, provider.RSASHA1)
	}
	h := hash.New()
	h.Write(message)
	return hash, h.Sum(nil), nil
}

type signer struct {
	redacted
	id  string
	key *rsa.PrivateKey
}

var _ provider.Signer = (*signer)(nil)

func (s *signer) KeyID() string { return s.id }

// Sign makes an RSA PKCS#1 v1.5 signature, which is deterministic and needs no randomness.
func (s *signer) Sign(alg provider.Alg, message []byte) ([]byte, error) {
	hash, sum, err := digest(alg, message)
	if err != nil {
		return nil, err
	}
	return rsa.SignPKCS1v15(nil, s.key, hash, sum)
}

type verifier struct {
	redacted
	id  string
	key *rsa.PublicKey
}

var _ provider.Verifier = (*verifier)(nil)

func (v *verifier) KeyID() string { return v.id }

func (v *verifier) Verify(alg provider.Alg, message, signature []byte) error {
	hash, sum, err := digest(alg, message)
	if err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(v.key, hash, sum, signature)
}

var _ provider.Encrypter = (*verifier)(nil)

// EncryptOAEP encrypts for whoever holds the private half. SHA-1 is the providers' choice; OAEP does not rest on its collisions.
func (v *verifier) EncryptOAEP(random io.Reader, plaintext []byte) ([]byte, error) {
	return rsa.EncryptOAEP(sha1.New(), random, v.key, plaintext, nil) //nolint:gosec // see above
}

// certificate is the verifier of a certificate, which shows the certificate itself.
type certificate struct {
	verifier
	der []byte
}

var _ provider.Certified = (*certificate)(nil)

func (c *certificate) Certificate() []byte { return slices.Clone(c.der) }

type gcm struct {
	redacted
	aead cipher.AEAD
}

var _ provider.AEAD = (*gcm)(nil)

func newGCM(key []byte) (*gcm, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &gcm{aead: aead}, nil
}

// nonce is checked here because the standard library panics on a wrong length, and nonces arrive from outside.
func (g *gcm) checkNonce(nonce []byte) error {
	if len(nonce) != g.aead.NonceSize() {
		return fmt.Errorf("vault: the nonce must be %d bytes, got %d", g.aead.NonceSize(), len(nonce))
	}
	return nil
}

func (g *gcm) Open(nonce, ciphertext, additional []byte) ([]byte, error) {
	if err := g.checkNonce(nonce); err != nil {
		return nil, err
	}
	return g.aead.Open(nil, nonce, ciphertext, additional)
}

func (g *gcm) Seal(nonce, plaintext, additional []byte) ([]byte, error) {
	if err := g.checkNonce(nonce); err != nil {
		return nil, err
	}
	return g.aead.Seal(nil, nonce, plaintext, additional), nil
}

type mac struct {
	redacted
	key []byte
}

var _ provider.MAC = (*mac)(nil)

func (m *mac) Sum(message []byte) []byte {
	h := hmac.New(sha256.New, m.key)
	h.Write(message)
	return h.Sum(nil)
}

func (m *mac) Verify(message, sum []byte) bool { return hmac.Equal(m.Sum(message), sum) }

type secret struct {
	redacted
	value []byte
}

var _ provider.Secret = (*secret)(nil)

// Reveal returns a copy, so that a caller cannot change what the cache holds.
func (s *secret) Reveal() []byte { return slices.Clone(s.value) }
