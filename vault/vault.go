// Package vault keeps keys and secrets encrypted at rest and hands out handles that use a key without showing it. A ciphertext is an envelope: a fresh data key
// per value, itself encrypted by the key-encryption key (KEK) that the caller gives. It is bound to its place (owner, table, column, row), so that a ciphertext
// copied to another row does not open. Everything in this package prints as [redacted].
package vault

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// TestKEK is the key-encryption key of test mode. It is public: New refuses it in live.
const TestKEK = "postern-test-mode-kek-not-secret"

// A ciphertext is: 4 bytes format mark, 8 bytes key id, tink's envelope (4 bytes length of the encrypted data key, that key, the payload).
const (
	formatMark   = "PV1\x00"
	keyIDSize    = 8
	headerSize   = len(formatMark) + keyIDSize
	maxPlaintext = 1 << 20
)

// Errors of Open. Both are wrapped with the place; neither ever carries key or plaintext bytes.
var (
	// ErrUnknownKEK says that the value was sealed by a KEK that New was not given: give the old KEK as a previous one, then Rewrap.
	ErrUnknownKEK = errors.New("sealed by a key-encryption key that is not configured")
	// ErrTampered says that the ciphertext is damaged or belongs to another row.
	ErrTampered = errors.New("ciphertext does not open at this place: it is damaged or belongs to another row")
)

// Ref is the place of one secret: who owns it and where it is stored. All four parts are required and become additional authenticated data.
type Ref struct {
	Owner, Table, Column, Row string
}

func (r Ref) String() string { return r.Owner + "/" + r.Table + "/" + r.Column + "/" + r.Row }

func (r Ref) check() error {
	if r.Owner == "" || r.Table == "" || r.Column == "" || r.Row == "" {
		return fmt.Errorf("vault: a reference needs owner, table, column and row, got %q", r.String())
	}
	return nil
}

// additional is the unambiguous binding of a ciphertext to its header and place: each part is preceded by its length.
func (r Ref) additional(header []byte) []byte {
	out := slices.Clone(header)
	for _, part := range []string{r.Owner, r.Table, r.Column, r.Row} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
		out = append(out, part...)
	}
	return out
}

// Vault seals and opens values and caches the handles parsed from them. It is safe for concurrent use.
type Vault struct {
	redacted
	current string // key id of the KEK that Seal uses
	keks    map[string]tink.AEAD
	cache   *cache
}

// New makes a vault of the current KEK, exactly 32 bytes, and of previous ones that may still be needed to open older values. In live it refuses the
// well-known test key and keys without any variety.
func New(kek []byte, live bool, previous ...[]byte) (*Vault, error) {
	v := &Vault{keks: map[string]tink.AEAD{}, cache: newCache(cacheSize)}
	for i, key := range append([][]byte{kek}, previous...) {
		if err := checkKEK(key, live); err != nil {
			return nil, err
		}
		master, err := subtle.NewAESGCM(key)
		if err != nil {
			return nil, fmt.Errorf("vault: key-encryption key: %w", err)
		}
		id := keyIDOf(key)
		if i == 0 {
			v.current = id
		}
		v.keks[id] = aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), master)
	}
	return v, nil
}

func checkKEK(key []byte, live bool) error {
	switch {
	case len(key) != 32:
		return fmt.Errorf("vault: the key-encryption key must be exactly 32 bytes, got %d: make one with `openssl rand 32`", len(key))
	case live && hmac.Equal(key, []byte(TestKEK)):
		return errors.New("vault: the test mode's key-encryption key is public and refused in live: make one with `openssl rand 32`")
	case live && distinct(key) < 8:
		return errors.New("vault: the key-encryption key has hardly any variety and is refused in live: make one with `openssl rand 32`")
	}
	return nil
}

func distinct(key []byte) int {
	seen := map[byte]bool{}
	for _, b := range key {
		seen[b] = true
	}
	return len(seen)
}

// keyIDOf names a KEK without revealing it, so that a rotation needs no bookkeeping by the operator.
func keyIDOf(kek []byte) string {
	mac := hmac.New(sha256.New, kek)
	mac.Write([]byte("postern/vault/key-id"))
	return string(mac.Sum(nil)[:keyIDSize])
}

// Seal encrypts plaintext (at most 1 MiB) for the place ref. The result names the KEK in its header and differs at every call.
func (v *Vault) Seal(ref Ref, plaintext []byte) ([]byte, error) {
	if err := ref.check(); err != nil {
		return nil, err
	}
	if len(plaintext) > maxPlaintext {
		return nil, fmt.Errorf("vault: %s is %d bytes, at most %d can be sealed", ref, len(plaintext), maxPlaintext)
	}
	header := []byte(formatMark + v.current)
	body, err := v.keks[v.current].Encrypt(plaintext, ref.additional(header))
	if err != nil {
		return nil, fmt.Errorf("vault: seal %s: %w", ref, err)
	}
	return append(header, body...), nil
}

// Open decrypts what Seal made for exactly this place. Errors: ErrUnknownKEK, ErrTampered.
func (v *Vault) Open(ref Ref, ciphertext []byte) ([]byte, error) {
	if err := ref.check(); err != nil {
		return nil, err
	}
	id, err := headerKey(ciphertext)
	if err != nil {
		return nil, fmt.Errorf("vault: open %s: %w", ref, err)
	}
	kek, ok := v.keks[id]
	if !ok {
		return nil, fmt.Errorf("vault: open %s: %w (key id %s): give the old key as a previous one", ref, ErrUnknownKEK, hex.EncodeToString([]byte(id)))
	}
	plaintext, err := kek.Decrypt(ciphertext[headerSize:], ref.additional(ciphertext[:headerSize]))
	if err != nil {
		return nil, fmt.Errorf("vault: open %s: %w", ref, ErrTampered)
	}
	return plaintext, nil
}

func headerKey(ciphertext []byte) (string, error) {
	if len(ciphertext) <= headerSize || !bytes.HasPrefix(ciphertext, []byte(formatMark)) {
		return "", ErrTampered
	}
	return string(ciphertext[len(formatMark):headerSize]), nil
}

// Current reports whether ciphertext is sealed by the current KEK; what is not should be given to Rewrap before the old KEK is thrown away.
func (v *Vault) Current(ciphertext []byte) bool {
	id, err := headerKey(ciphertext)
	return err == nil && id == v.current
}

// KeyID is the short name of the current KEK in hexadecimal, for `doctor` and the rotation's progress; it reveals nothing of the key.
func (v *Vault) KeyID() string { return hex.EncodeToString([]byte(v.current)) }

// Rewrap seals a value again under the current KEK. What is current already comes back unchanged. Errors as Open.
func (v *Vault) Rewrap(ref Ref, ciphertext []byte) ([]byte, error) {
	plaintext, err := v.Open(ref, ciphertext)
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	if v.Current(ciphertext) {
		return ciphertext, nil
	}
	return v.Seal(ref, plaintext)
}

// Describe lists the KEKs that this vault can open with, current first, as hexadecimal names.
func (v *Vault) Describe() string {
	names := []string{v.KeyID() + " (current)"}
	for id := range v.keks {
		if id != v.current {
			names = append(names, hex.EncodeToString([]byte(id)))
		}
	}
	slices.Sort(names[1:])
	return strings.Join(names, ", ")
}
