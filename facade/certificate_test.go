package facade

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/url"
	"testing"
	"time"

	"postern/vault"
)

// FuzzClientCertificate: a header is a certificate whose bytes were in it, or nothing.
func FuzzClientCertificate(f *testing.F) {
	private, _, err := vault.NewKeyPair(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Now()
	made, err := vault.NewCertificate(rand.Reader, private, "shop", now, now.Add(time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	block, _ := pem.Decode(made.Certificate)
	text := base64.StdEncoding.EncodeToString(block.Bytes)
	for _, seed := range []string{text, ":" + text + ":", url.PathEscape(string(made.Certificate)), string(made.Certificate)} {
		if !bytes.Equal(readCertificate(seed), block.Bytes) {
			f.Errorf("%.40s is not read", seed)
		}
		f.Add(seed)
	}
	for _, seed := range []string{"", ":", "::", "-----BEGIN%", "Hash=1;Cert=\"" + text + "\"", text + text, url.PathEscape(string(made.Certificate) + string(made.Certificate))} {
		if readCertificate(seed) != nil {
			f.Errorf("%.40s is read", seed)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		der := readCertificate(text)
		if der == nil {
			return
		}
		if c, err := x509.ParseCertificate(der); err != nil || !bytes.Equal(c.Raw, der) {
			t.Errorf("%q was read as %x", text, der)
		}
	})
}
