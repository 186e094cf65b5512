package vault_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"postern/provider"
	"postern/vault"
)

// TestEncryptOAEP: who holds the private half reads it, and nobody else; the published vector of a provider's SDK opens in the same way.
func TestEncryptOAEP(t *testing.T) {
	spki := pemOf("PUBLIC KEY", must[[]byte](t)(x509.MarshalPKIXPublicKey(&testKey().PublicKey)))
	handle := must[any](t)(vault.Parse(provider.KeyRSAPublic, "key-1", spki)).(provider.Encrypter)
	sealed := must[[]byte](t)(handle.EncryptOAEP(rand.Reader, []byte("烧饼师傅")))
	if plain, err := rsa.DecryptOAEP(sha1.New(), nil, testKey(), sealed, nil); err != nil || string(plain) != "烧饼师傅" || handle.KeyID() != "key-1" {
		t.Errorf("%q %v under %s", plain, err, handle.KeyID())
	}
	if again := must[[]byte](t)(handle.EncryptOAEP(rand.Reader, []byte("烧饼师傅"))); string(again) == string(sealed) {
		t.Error("two encryptions of one name are equal")
	}
	raw := must[[]byte](t)(os.ReadFile(filepath.Join("..", "provider", "wechatpay", "wire", "testdata", "vectors.json")))
	var file struct {
		Vectors []struct {
			ID     string
			Key    string `json:"private_key_pem"`
			Cipher string `json:"ciphertext_b64"`
			Plain  string `json:"plaintext"`
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Vectors {
		if v.ID != "java-oaep-sha1-decrypt" {
			continue
		}
		block, _ := pem.Decode([]byte(v.Key))
		key := must[any](t)(x509.ParsePKCS8PrivateKey(block.Bytes)).(*rsa.PrivateKey)
		cipher := must[[]byte](t)(base64.StdEncoding.DecodeString(v.Cipher))
		if plain, err := rsa.DecryptOAEP(sha1.New(), nil, key, cipher, nil); err != nil || string(plain) != v.Plain {
			t.Errorf("%s: %q %v", v.ID, plain, err)
		}
		return
	}
	t.Error("the vector is gone")
}
