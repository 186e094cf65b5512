package vault_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/provider"
	"postern/vault"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pemOf(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

func must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func pkcs8(t testing.TB) []byte {
	return pemOf("PRIVATE KEY", must[[]byte](t)(x509.MarshalPKCS8PrivateKey(testKey())))
}

func parse(t testing.TB, kind provider.KeyKind, plaintext []byte) any {
	t.Helper()
	handle, err := vault.Parse(kind, "", plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

func certificate(t testing.TB, serial *big.Int) []byte {
	template := &x509.Certificate{SerialNumber: serial, NotAfter: time.Now().Add(time.Hour)}
	return must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, &testKey().PublicKey, testKey()))
}

func TestEveryFormOfThePairSignsAndVerifies(t *testing.T) {
	key := testKey()
	private8 := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
	private1 := x509.MarshalPKCS1PrivateKey(key)
	spki := must[[]byte](t)(x509.MarshalPKIXPublicKey(&key.PublicKey))
	b64 := base64.StdEncoding.EncodeToString
	privates := map[string][]byte{
		"PKCS#8 PEM": pemOf("PRIVATE KEY", private8), "PKCS#1 PEM": pemOf("RSA PRIVATE KEY", private1),
		"PKCS#8 base64": []byte(b64(private8)), "PKCS#1 base64": []byte(b64(private1)),
		"wrong label": pemOf("RSA PRIVATE KEY", private8), "broken lines": []byte(" " + b64(private8)[:64] + "\r\n" + b64(private8)[64:] + "\n"),
		"byte order mark": append([]byte("\ufeff"), pemOf("PRIVATE KEY", private8)...),
	}
	publics := map[string][]byte{
		"SPKI PEM": pemOf("PUBLIC KEY", spki), "SPKI base64": []byte(b64(spki)),
		"PKCS#1 PEM": pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey)),
	}
	for signName, private := range privates {
		signer := parse(t, provider.KeyRSAPrivate, private).(provider.Signer)
		for verifyName, public := range publics {
			verifier := parse(t, provider.KeyRSAPublic, public).(provider.Verifier)
			for _, alg := range []provider.Alg{provider.RSASHA256, provider.RSASHA1} {
				signature := must[[]byte](t)(signer.Sign(alg, []byte("message")))
				if err := verifier.Verify(alg, []byte("message"), signature); err != nil {
					t.Errorf("%s / %s / %s: %v", signName, verifyName, alg, err)
				}
				if verifier.Verify(alg, []byte("other"), signature) == nil {
					t.Errorf("%s / %s / %s: accepts another message", signName, verifyName, alg)
				}
			}
		}
	}
	signer := parse(t, provider.KeyRSAPrivate, privates["PKCS#8 PEM"]).(provider.Signer)
	if _, err := signer.Sign("RSA-MD5", nil); err == nil {
		t.Error("an unknown algorithm was accepted")
	}
}

func TestCertificateIsKnownByItsSerialNumber(t *testing.T) {
	serial := new(big.Int).SetBytes([]byte{0x0a, 0xbc, 0x01})
	cert := certificate(t, serial)
	for _, keyID := range []string{"", "0ABC01", "abc01"} {
		handle, err := vault.Parse(provider.KeyCertificate, keyID, pemOf("CERTIFICATE", cert))
		if err != nil {
			t.Fatalf("serial %q: %v", keyID, err)
		}
		if got := handle.(provider.Verifier).KeyID(); got != "0ABC01" {
			t.Errorf("KeyID = %q, want 0ABC01", got)
		}
	}
	issued := append(pemOf("CERTIFICATE", cert), pemOf("CERTIFICATE", certificate(t, big.NewInt(9)))...)
	handle, err := vault.Parse(provider.KeyCertificate, "", issued)
	if err != nil || handle.(provider.Certified).KeyID() != "0ABC01" || !bytes.Equal(handle.(provider.Certified).Certificate(), cert) {
		t.Errorf("a certificate with its issuer's after it: %v", err)
	}
	if _, err := vault.Parse(provider.KeyCertificate, "", append(issued, pemOf("PRIVATE KEY", []byte{1})...)); err == nil {
		t.Error("a private key after the certificates was overlooked")
	}
	if _, err := vault.Parse(provider.KeyCertificate, "FFFF", cert); err == nil {
		t.Error("raw DER with a foreign serial number was accepted")
	}
	_, err = vault.Parse(provider.KeyCertificate, "FFFF", pemOf("CERTIFICATE", cert))
	if err == nil || !strings.Contains(err.Error(), "0ABC01") {
		t.Errorf("foreign serial number: %v, want an error naming 0ABC01", err)
	}
}

// TestCertificateEnd: the end is the first certificate's, whatever its issuer's is, and what is no certificate has none.
func TestCertificateEnd(t *testing.T) {
	cert := certificate(t, big.NewInt(7))
	want := must[*x509.Certificate](t)(x509.ParseCertificate(cert)).NotAfter.Add(time.Second)
	issued := append(pemOf("CERTIFICATE", cert), pemOf("CERTIFICATE", certificate(t, big.NewInt(9)))...)
	if got, err := vault.CertificateEnd(issued); err != nil || !got.Equal(want) {
		t.Errorf("it ends at %v (%v), want %v", got, err, want)
	}
	if _, err := vault.CertificateEnd(pkcs8(t)); err == nil || strings.Contains(err.Error(), "BEGIN") {
		t.Errorf("a private key has an end: %v", err)
	}
}

func TestBadKeysAreRefusedWithTheFix(t *testing.T) {
	key := testKey()
	private8 := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
	spki := pemOf("PUBLIC KEY", must[[]byte](t)(x509.MarshalPKIXPublicKey(&key.PublicKey)))
	cert := pemOf("CERTIFICATE", certificate(t, big.NewInt(5)))
	weak := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 1024))
	curve := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ec := pemOf("PRIVATE KEY", must[[]byte](t)(x509.MarshalPKCS8PrivateKey(curve)))
	private := pemOf("PRIVATE KEY", private8)
	cases := []struct {
		name string
		kind provider.KeyKind
		in   []byte
		want string
	}{
		{"public for private", provider.KeyRSAPrivate, spki, "this is a public key, the RSA private key is wanted"},
		{"certificate for private", provider.KeyRSAPrivate, cert, "this is a certificate, the RSA private key is wanted"},
		{"private for public", provider.KeyRSAPublic, private, "this is a private key, the public key is wanted"},
		{"certificate for public", provider.KeyRSAPublic, cert, "this is a certificate, the RSA public key is wanted"},
		{"private for certificate", provider.KeyCertificate, private, "this is a private key, the X.509 certificate is wanted"},
		{"1024 bits", provider.KeyRSAPrivate, []byte(base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(weak))), "1024 bits"},
		{"1024 bits public", provider.KeyRSAPublic, pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&weak.PublicKey)), "1024 bits"},
		{"elliptic", provider.KeyRSAPrivate, ec, "another algorithm (EC)"},
		{"empty", provider.KeySecret, nil, "empty"},
		{"no encoding", provider.KeyRSAPrivate, []byte("???"), "neither PEM nor base64"},
		{"cut off", provider.KeyRSAPrivate, private[:400], "damaged"},
		{"cut base64", provider.KeyRSAPrivate, []byte(base64.StdEncoding.EncodeToString(private8[:400])), "cut off"},
		{"literal line breaks", provider.KeyRSAPrivate, bytes.ReplaceAll(private, []byte("\n"), []byte(`\n`)), "real line breaks"},
		{"passphrase", provider.KeyRSAPrivate, pemOf("ENCRYPTED PRIVATE KEY", []byte{1}), "passphrase"},
		{"two blocks", provider.KeyRSAPrivate, append(bytes.Clone(private), private...), "more than one PEM block"},
		{"text before", provider.KeyRSAPrivate, append([]byte("key: "), private...), "text before"},
		{"AES of 33", provider.KeyAES256GCM, make([]byte, 33), "exactly 32 bytes, got 33"},
		{"no such kind", "dsa", []byte("x"), "no such kind"},
	}
	for _, c := range cases {
		_, err := vault.Parse(c.kind, "", c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestAEADAndMACAgreeWithPublishedVectors(t *testing.T) {
	unhex := func(s string) []byte { return must[[]byte](t)(hex.DecodeString(s)) }
	// The Galois/Counter Mode of Operation (McGrew, Viega), test case 16: 256-bit key with additional data.
	key := unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
	plain := unhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
	aad := unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
	nonce := unhex("cafebabefacedbaddecaf888")
	want := unhex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b")
	box := parse(t, provider.KeyAES256GCM, key).(provider.AEAD)
	if got := must[[]byte](t)(box.Seal(nonce, plain, aad)); !bytes.Equal(got, want) {
		t.Errorf("Seal = %x", got)
	}
	if got := must[[]byte](t)(box.Open(nonce, want, aad)); !bytes.Equal(got, plain) {
		t.Errorf("Open = %x", got)
	}
	for _, bad := range [][]byte{nil, nonce[:11], append(bytes.Clone(nonce), 0)} {
		if _, err := box.Open(bad, want, aad); err == nil {
			t.Errorf("a nonce of %d bytes was accepted", len(bad))
		}
	}
	// RFC 4231, test case 2.
	sum := unhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
	mac := parse(t, provider.KeyHMACSHA256, []byte("Jefe")).(provider.MAC)
	if !mac.Verify([]byte("what do ya want for nothing?"), sum) || mac.Verify([]byte("what do ya want for nothing"), sum) {
		t.Error("HMAC-SHA256 disagrees with RFC 4231")
	}
}

func FuzzParse(f *testing.F) {
	kinds := []provider.KeyKind{provider.KeyRSAPrivate, provider.KeyRSAPublic, provider.KeyCertificate, provider.KeyAES256GCM, provider.KeySecret, provider.KeyHMACSHA256, "none"}
	f.Add(uint8(0), pkcs8(f))
	f.Add(uint8(1), []byte("MIIB"))
	f.Add(uint8(2), pemOf("CERTIFICATE", certificate(f, big.NewInt(5))))
	f.Add(uint8(3), make([]byte, 32))
	f.Fuzz(func(t *testing.T, kind uint8, in []byte) {
		handle, err := vault.Parse(kinds[int(kind)%len(kinds)], "", in)
		if (handle == nil) == (err == nil) {
			t.Fatalf("handle %v with error %v", handle, err)
		}
		if err != nil && len(in) > 24 && strings.Contains(err.Error(), string(in)) {
			t.Fatal("the error quotes the key")
		}
	})
}

func FuzzOpen(f *testing.F) {
	v, err := vault.New([]byte(vault.TestKEK), false)
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := v.Seal(place, []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte("PV1\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		// The fuzzer's workers are other processes with another sealing of the same text.
		if plaintext, err := v.Open(place, in); err == nil && (string(plaintext) != "x" || len(in) != len(sealed)) {
			t.Fatalf("opened what was never sealed: %q", plaintext)
		}
	})
}

func BenchmarkHandleCached(b *testing.B) {
	v, err := vault.New([]byte(vault.TestKEK), false)
	if err != nil {
		b.Fatal(err)
	}
	sealed, err := v.Seal(place, pkcs8(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := v.Handle(place, provider.KeyRSAPrivate, "", sealed); err != nil {
			b.Fatal(err)
		}
	}
}
