package sandbox

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

// certificateLife is how long WeChat's platform certificates live.
const certificateLife = 5 * 365 * 24 * time.Hour

// PlatformKey is a key pair that WeChat signs with, and its certificate. Serial is 40 upper-case hex digits. Certificate is PEM.
type PlatformKey struct {
	Serial      string
	Key         *rsa.PrivateKey
	Certificate []byte
	From, Until time.Time
}

// NewPlatformKey makes a key pair of 2048 bits and a self-signed certificate that is valid for five years from from. random supplies the serial number; key
// generation itself takes the system's randomness, as crypto/rsa insists.
func NewPlatformKey(random io.Reader, from time.Time) (PlatformKey, error) {
	key, err := rsa.GenerateKey(random, 2048)
	if err != nil {
		return PlatformKey{}, err
	}
	return PlatformKeyFor(random, key, from)
}

// PlatformKeyFor makes the certificate of an existing key pair, for callers that keep keys between runs.
func PlatformKeyFor(random io.Reader, key *rsa.PrivateKey, from time.Time) (PlatformKey, error) {
	pemText, serial, err := selfSigned(random, key, from, "Tenpay.com sandbox")
	if err != nil {
		return PlatformKey{}, err
	}
	return PlatformKey{Serial: serial, Key: key, Certificate: pemText, From: from, Until: from.Add(certificateLife)}, nil
}

// NewMerchantCertificate makes a self-signed merchant certificate for key, as a merchant would download it, and its serial number in upper-case hex.
func NewMerchantCertificate(random io.Reader, key *rsa.PrivateKey, from time.Time, mchID string) (pemText []byte, serial string, err error) {
	return selfSigned(random, key, from, mchID)
}

func selfSigned(random io.Reader, key *rsa.PrivateKey, from time.Time, name string) ([]byte, string, error) {
	raw := make([]byte, 20)
	if _, err := io.ReadFull(random, raw); err != nil {
		return nil, "", err
	}
	raw[0] = raw[0]&0x3f | 0x40 // positive, and 40 hex digits without padding
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(raw), Subject: pkix.Name{CommonName: name, Organization: []string{"Postern sandbox"}},
		NotBefore: from.Truncate(time.Second), NotAfter: from.Add(certificateLife).Truncate(time.Second),
		KeyUsage: x509.KeyUsageDigitalSignature, SignatureAlgorithm: x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(random, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, "", err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), wire.Serial(template.SerialNumber), nil
}

// AddPlatformKey makes one more platform certificate live. It signs only after SignWith: WeChat publishes a certificate a day before using it.
func (s *Sandbox) AddPlatformKey(k PlatformKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, k)
}

// SignWith makes the platform key with this serial the one that signs answers and notifications. It returns an error for a serial that is not live.
func (s *Sandbox) SignWith(serial string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, k := range s.keys {
		if k.Serial == serial {
			s.signing = i
			return nil
		}
	}
	return fmt.Errorf("wechatpay sandbox: no platform key %s: add it first", serial)
}

// RetirePlatformKey takes a certificate off the list. It returns an error for the one that signs now.
func (s *Sandbox) RetirePlatformKey(serial string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, k := range s.keys {
		if k.Serial != serial {
			continue
		}
		if i == s.signing {
			return errors.New("wechatpay sandbox: this platform key signs now: let another one sign first")
		}
		s.keys = append(s.keys[:i:i], s.keys[i+1:]...)
		if s.signing > i {
			s.signing--
		}
		return nil
	}
	return fmt.Errorf("wechatpay sandbox: no platform key %s", serial)
}

// RotateKey implements sandboxkit.Rotator: a new platform certificate signs from now on, and the old one is published still. Merchants who never had certificates have none
// to change.
func (b controlBook) RotateKey() (string, error) {
	s := b.s
	k, err := NewPlatformKey(s.cfg.Rand, s.now())
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) == 0 {
		return "", fmt.Errorf("%w: the account is in public-key mode only", sandboxkit.ErrConflict)
	}
	s.keys, s.signing = append(s.keys, k), len(s.keys)
	return k.Serial, nil
}

// otherSerial names another live key than the one that signed.
func (s *Sandbox) otherSerial(serial string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.Serial != serial {
			return k.Serial
		}
	}
	return s.cfg.PublicKeyID
}

// signer is the key that answers a request which named wanted in its Wechatpay-Serial header: the public key when it was named or is the only one.
func (s *Sandbox) signer(wanted string) (serial string, key *rsa.PrivateKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.PublicKey != nil && (wanted == s.cfg.PublicKeyID || len(s.keys) == 0) {
		return s.cfg.PublicKeyID, s.cfg.PublicKey
	}
	return s.keys[s.signing].Serial, s.keys[s.signing].Key
}

func signWith(key *rsa.PrivateKey) wire.SignFunc {
	return func(message []byte) ([]byte, error) {
		d := sha256.Sum256(message)
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, d[:])
	}
}

func verifyWith(key *rsa.PublicKey) wire.VerifyFunc {
	return func(message, signature []byte) error {
		d := sha256.Sum256(message)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, d[:], signature)
	}
}

func sealWith(key []byte) wire.SealFunc {
	return func(nonce, plaintext, additional []byte) ([]byte, error) {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		return gcm.Seal(nil, nonce, plaintext, additional), nil
	}
}

const (
	digits  = "0123456789"
	letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	hexes   = "0123456789abcdef"
)

// text draws n characters of alphabet; its slight bias is of no consequence in a simulation. It needs s.mu.
func (s *Sandbox) text(alphabet string, n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		panic("wechatpay sandbox: Rand failed: " + err.Error())
	}
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

// lockedText is text for callers that do not hold s.mu.
func (s *Sandbox) lockedText(alphabet string, n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text(alphabet, n)
}
