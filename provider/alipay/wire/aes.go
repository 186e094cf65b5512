package wire

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
)

// ContentKey encrypts the content of requests and answers (encrypt_type AES): AES-CBC with PKCS#5 padding and sixteen zero bytes for the first block. It hides, and proves
// nothing: the signature is made over the ciphertext and is checked first.
//
// Source: the official SDKs, and their published vectors.
type ContentKey []byte

// ParseContentKey reads a key as the console shows it: base64 of 16, 24 or 32 bytes. The error never quotes it.
func ParseContentKey(text string) (ContentKey, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		_, err = aes.NewCipher(key)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the content key is base64 of 16, 24 or 32 bytes", ErrMalformed)
	}
	return key, nil
}

// Encrypt returns the ciphertext in base64.
func (k ContentKey) Encrypt(plain []byte) (string, error) {
	block, err := aes.NewCipher(k)
	if err != nil {
		return "", fmt.Errorf("alipay: content key: %w", err)
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	padded := append(plain[:len(plain):len(plain)], bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(padded, padded)
	return base64.StdEncoding.EncodeToString(padded), nil
}

// Decrypt reads a ciphertext in base64. It returns ErrMalformed, wrapped, for what this key did not make.
func (k ContentKey) Decrypt(encoded string) ([]byte, error) {
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, fmt.Errorf("alipay: content key: %w", err)
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: the encrypted content is not base64 of whole blocks", ErrMalformed)
	}
	cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(text, text)
	pad := int(text[len(text)-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.Equal(text[len(text)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, fmt.Errorf("%w: the content was encrypted with another key", ErrMalformed)
	}
	return text[:len(text)-pad], nil
}
