package vault_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"postern/vault"
)

// TestSerialNumbers: WeChat Pay's are of 40 hex digits, Alipay's have less than 128 bits; both of the certificate and of its authority.
func TestSerialNumbers(t *testing.T) {
	private, _, err := vault.NewKeyPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	long, err := vault.NewCertificate(rand.Reader, private, "long", now, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	short, err := vault.NewShortCertificate(rand.Reader, private, "short", now, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		made   vault.Certificates
		digits int
		least  int
		most   int
	}{{long, 40, 153, 159}, {short, 32, 125, 127}} {
		for _, text := range [][]byte{c.made.Certificate, c.made.Authority} {
			block, _ := pem.Decode(text)
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if n := cert.SerialNumber.BitLen(); n < c.least || n > c.most {
				t.Errorf("a serial number of %d bits, want %d to %d", n, c.least, c.most)
			}
		}
		if len(c.made.Serial) != c.digits || strings.HasPrefix(c.made.Serial, "0") {
			t.Errorf("the serial number %s", c.made.Serial)
		}
	}
}
