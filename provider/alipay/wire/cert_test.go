package wire

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" //nolint:gosec // names certificates; proves nothing
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// published are the vectors of content encryption and of certificates' numbers.
func published(t testing.TB) (v struct {
	AES []struct {
		ID, Alg    string
		Key        string `json:"key_b64"`
		Plain      string `json:"plaintext"`
		Ciphertext string `json:"ciphertext_b64"`
	} `json:"aes"`
	CertSN []struct {
		ID       string
		Expected string `json:"expected_sn"`
		PEM      string `json:"cert_pem"`
	} `json:"cert_sn"`
}) {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil || len(v.AES) < 3 || len(v.CertSN) < 3 {
		t.Fatalf("%d and %d vectors: %v", len(v.AES), len(v.CertSN), err)
	}
	return v
}

func certFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "certs", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPublishedCertificateNumbers(t *testing.T) {
	root, seen := certFile(t, "alipayRootCert.crt"), 0
	for _, v := range published(t).CertSN {
		if v.PEM == "" {
			if sn, err := RootSN(root); err != nil || sn != v.Expected {
				t.Errorf("%s: %s %v, want %s", v.ID, sn, err, v.Expected)
			}
			seen++
			continue
		}
		certs, err := ParseCertificates([]byte(v.PEM))
		if err != nil || len(certs) != 1 || CertSN(certs[0]) != v.Expected {
			t.Errorf("%s: %v, want %s", v.ID, err, v.Expected)
		}
		seen++
	}
	if seen < 3 {
		t.Errorf("%d numbers were checked", seen)
	}
	for name, file := range map[string]string{"nothing": "", "a key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no DER": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if sn, err := RootSN([]byte(file)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %q %v", name, sn, err)
		}
	}
}

// TestPublishedChain leads a published platform certificate up to the published root, and nowhere else.
func TestPublishedChain(t *testing.T) {
	root := certFile(t, "alipayRootCert.crt")
	chain, err := ParseDownloaded(base64.StdEncoding.EncodeToString(certFile(t, "alipayCertPublicKey_RSA2.crt")))
	if err != nil || len(chain) != 2 {
		t.Fatalf("%d certificates, %v", len(chain), err)
	}
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	if err := CheckChain(chain, root, now); err != nil {
		t.Fatal(err)
	}
	if err := CheckChain(chain, root, now.AddDate(1, 0, 0)); !errors.Is(err, ErrMalformed) {
		t.Errorf("an ended certificate: %v", err)
	}
	if err := CheckChain(chain[:1], root, now); !errors.Is(err, ErrMalformed) {
		t.Errorf("without its issuer's: %v", err)
	}
	if err := CheckChain(chain, certFile(t, "alipayCertPublicKey_RSA2.crt")[:100], now); !errors.Is(err, ErrMalformed) {
		t.Errorf("without roots: %v", err)
	}
	foreign := []byte(published(t).CertSN[0].PEM) // another certificate of the same authority is no root
	if err := CheckChain(chain, foreign, now); !errors.Is(err, ErrMalformed) {
		t.Errorf("up to a leaf: %v", err)
	}
}

func TestPublishedContentEncryption(t *testing.T) {
	for _, v := range published(t).AES {
		key, err := ParseContentKey(v.Key)
		if err != nil {
			t.Fatal(err)
		}
		if v.ID == "java-aes-v2" { // a first block of its own: not what encrypt_type AES does
			if plain, err := key.Decrypt(v.Ciphertext); err == nil && string(plain) == v.Plain {
				t.Errorf("%s opened as AES", v.ID)
			}
			continue
		}
		if got, err := key.Encrypt([]byte(v.Plain)); err != nil || got != v.Ciphertext {
			t.Errorf("%s: wrote %s %v, want %s", v.ID, got, err, v.Ciphertext)
		}
		if got, err := key.Decrypt(v.Ciphertext); err != nil || string(got) != v.Plain {
			t.Errorf("%s: read %q %v", v.ID, got, err)
		}
	}
	signed := vector{}.named(t, "gen-v2-encrypted-response")
	env, err := Extract([]byte(`{"alipay_trade_query_response":`+signed.Message+`,"alipay_cert_sn":"abc","sign":"`+signed.Signature+`"}`), MethodQuery)
	if err != nil || !env.Encrypted() || env.CertSN != "abc" {
		t.Fatalf("%+v %v", env, err)
	}
	if err := env.Verify(VerifyWith(signed.public(t), SignTypeRSA2)); err != nil {
		t.Error(err)
	}
	key, err := ParseContentKey("aa4BtZ4tspm2wnXLb1ThQA==")
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, last := range map[string][]byte{"zero": {0, 0, 0, 0}, "too much": {17, 17, 17, 17}, "not the same byte": {1, 9, 3, 3}} {
		text := append(make([]byte, 12), last...)
		cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(text, text)
		if got, err := key.Decrypt(base64.StdEncoding.EncodeToString(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("padding %s: %q %v", name, got, err)
		}
	}
	for _, bad := range []string{"", "aa", "aa4BtZ4tspm2wnXLb1ThQA=", "****"} {
		if _, err := ParseContentKey(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("key %q: %v", bad, err)
		}
	}
}

// TestContentKeyProperties: what is encrypted is read again, and only with the same key.
func TestContentKeyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "plain")
		key := ContentKey(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "key"))
		text, err := key.Encrypt(plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := key.Decrypt(text)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%q %v", got, err)
		}
		other := append(ContentKey{}, key...)
		other[rapid.IntRange(0, 15).Draw(t, "at")] ^= 1
		if got, err := other.Decrypt(text); err == nil && bytes.Equal(got, plain) {
			t.Fatal("another key reads it")
		}
	})
}

func FuzzDecrypt(f *testing.F) {
	key, err := ParseContentKey("aa4BtZ4tspm2wnXLb1ThQA==")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("ILpoMowjIQjfYMR847rnFQ==")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		plain, err := key.Decrypt(text)
		if err != nil {
			return
		}
		if again, err := key.Encrypt(plain); err != nil || again != text && len(again) != len(text) {
			t.Fatalf("%q reads as %q and is written %q %v", text, plain, again, err)
		}
	})
}

func FuzzCertificates(f *testing.F) {
	f.Add(certFile(f, "alipayRootCert.crt"))
	f.Add(certFile(f, "alipayCertPublicKey_RSA2.crt"))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		certs, err := ParseCertificates(file)
		if (err == nil) == (len(certs) == 0) {
			t.Fatalf("%d certificates, %v", len(certs), err)
		}
	})
}

// TestCertifiedAnswerProperties: an answer in certificate mode is read as it was written, encrypted or not, and no changed byte of its value verifies.
func TestCertifiedAnswerProperties(t *testing.T) {
	key, content := testKey(), ContentKey("0123456789abcdef")
	verify := VerifyWith(&key.PublicKey, SignTypeRSA2)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 30, -1).Draw(t, "text")
		sn := rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "sn")
		value := (Fields{}).Set("code", CodeSuccess).Set("subject", text).Marshal()
		hidden := rapid.Bool().Draw(t, "encrypted")
		if hidden {
			encrypted, err := content.Encrypt(value)
			if err != nil {
				t.Fatal(err)
			}
			value = []byte(`"` + encrypted + `"`)
		}
		body, err := SealCertified(MethodQuery, value, false, sn, SignWith(key, SignTypeRSA2))
		if err != nil {
			t.Fatal(err)
		}
		env, err := Extract(body, MethodQuery)
		if err != nil || env.CertSN != sn || env.Encrypted() != hidden || env.Verify(verify) != nil {
			t.Fatalf("%s: %+v %v", body, env, err)
		}
		object, err := env.Object()
		if hidden {
			object, err = env.Decrypt(content)
		}
		if err != nil || object.Text("subject") != strings.ToValidUTF8(text, "\ufffd") {
			t.Fatalf("%q is read as %q: %v", text, object.Text("subject"), err)
		}
		changed := env
		changed.Value = bytes.Clone(env.Value)
		changed.Value[rapid.IntRange(0, len(changed.Value)-1).Draw(t, "at")] ^= 1
		if changed.Verify(verify) == nil {
			t.Fatalf("%s verifies", changed.Value)
		}
	})
}

// TestNames: the second number is what the official PHP client sent for a certificate with such an issuer and serial number.
func TestNames(t *testing.T) {
	issuer := pkix.Name{CommonName: "Ant Financial Certification Authority Class 2 R1", OrganizationalUnit: []string{"Certification Authority"}, Organization: []string{"Ant Financial"}, Country: []string{"CN"}}
	long, ok := new(big.Int).SetString("6F231126EB9D7C8D2F51C4A7E2B1D9C011223344", 16)
	if !ok {
		t.Fatal("no number")
	}
	cert := &x509.Certificate{Issuer: issuer, SerialNumber: long}
	for sn, want := range map[string]bool{CertSN(cert): true, "f0aa966d5d3d6be85343e60cdf20381f": true, "": false, "f0aa966d5d3d6be85343e60cdf20381e": false} {
		if Names(sn, cert) != want {
			t.Errorf("%q names it: %t", sn, !want)
		}
	}
	short := &x509.Certificate{Issuer: issuer, SerialNumber: big.NewInt(255)}
	sum := md5.Sum([]byte(issuer.String() + "0xFF")) //nolint:gosec // a number, not a protection
	if !Names(CertSN(short), short) || Names(hex.EncodeToString(sum[:]), short) {
		t.Error("a short serial number is read as hex")
	}
}
