package unionpay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"postern/provider"
	"postern/provider/unionpay"
	"postern/provider/unionpay/sandbox"
	"postern/provider/unionpay/wire"
)

func rsaSign(key *rsa.PrivateKey) func([]byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) {
		sum := sha256.Sum256(message)
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	}
}

// TestDoctor signs messages as people do who make a mistake, and damages good ones.
func TestDoctor(t *testing.T) {
	w := newWorld(t, wire.MethodRSA)
	certificate, certID, err := sandbox.NewMerchantCertificate(rand.Reader, keys()[0], w.clock.Now(), merID)
	if err != nil {
		t.Fatal(err)
	}
	message := func() wire.Message {
		return wire.Message{"merId": merID, "orderId": "A1234567", "txnTime": wire.FormatTime(w.clock.Now()), "version": "5.1.0", "orderDesc": "a+b 饼"}
	}
	mine := []provider.SpecimenKey{{PEM: certificate}}
	examine := func(m wire.Message, keys []provider.SpecimenKey) provider.Diagnosis {
		return unionpay.New().Diagnose(provider.Specimen{Header: http.Header{}, Body: []byte(m.Encode()), Keys: keys})
	}
	signed := func(key *rsa.PrivateKey, m wire.Message) wire.Message {
		if err := m.SignRSA(certID, rsaSign(key)); err != nil {
			t.Fatal(err)
		}
		return m
	}
	if d := examine(signed(keys()[0], message()), mine); !d.Valid || d.Finding.Code != "" {
		t.Errorf("right: %+v", d)
	}
	for code, over := range map[string]func(wire.Message) []byte{
		"hashed_once":       func(m wire.Message) []byte { return []byte(m.StringToSign()) },
		"digest_upper_case": func(m wire.Message) []byte { return []byte(strings.ToUpper(string(m.Digest()))) },
		"parameter_added":   func(m wire.Message) []byte { delete(m, "version"); return m.Digest() },
	} {
		m := signed(keys()[0], message())
		raw, err := rsaSign(keys()[0])(over(func() wire.Message {
			c := wire.Message{}
			for k, v := range m {
				if k != "signature" {
					c[k] = v
				}
			}
			return c
		}()))
		if err != nil {
			t.Fatal(err)
		}
		m["signature"] = base64.StdEncoding.EncodeToString(raw)
		if d := examine(m, mine); d.Valid || d.Finding.Code != code || !d.Finding.Certain {
			t.Errorf("%s: %+v", code, d.Finding)
		}
	}
	m := signed(keys()[0], message())
	m["certId"] = "1"
	if d := examine(m, mine); d.Valid || d.Finding.Code != "text_differs" {
		t.Errorf("another certId is another text: %+v", d.Finding)
	}
}

// TestDoctorOfCarriedCertificates: a message that brings its certificate proves nothing without the authorities, and a stranger's is told.
func TestDoctorOfCarriedCertificates(t *testing.T) {
	w := newWorld(t, wire.MethodRSA)
	certificate, certID, err := sandbox.NewMerchantCertificate(rand.Reader, keys()[0], w.clock.Now(), merID)
	if err != nil {
		t.Fatal(err)
	}
	message := func() wire.Message {
		return wire.Message{"merId": merID, "orderId": "A1234567", "txnTime": wire.FormatTime(w.clock.Now()), "version": "5.1.0", "respCode": "00"}
	}
	examine := func(m wire.Message, keys []provider.SpecimenKey) provider.Diagnosis {
		return unionpay.New().Diagnose(provider.Specimen{Header: http.Header{}, Body: []byte(m.Encode()), Keys: keys})
	}
	told := message()
	told["signPubKeyCert"] = w.chain.Leaf
	leaf, err := wire.ParseCertificate(w.chain.Leaf)
	if err != nil {
		t.Fatal(err)
	}
	if err := told.SignRSA(leaf.SerialNumber.String(), rsaSign(w.chain.Key)); err != nil {
		t.Fatal(err)
	}
	authorities := []provider.SpecimenKey{{Name: unionpay.KeyMiddle, PEM: w.chain.Middle}, {Name: unionpay.KeyRoot, PEM: w.chain.Root}}
	if d := examine(told, nil); d.Valid || d.Finding.Code != "certificate_not_trusted" || d.Finding.Certain {
		t.Errorf("without authorities: %+v", d.Finding)
	}
	if d := examine(told, authorities); !d.Valid {
		t.Errorf("with authorities: %+v", d.Finding)
	}
	forged := message()
	forged["signPubKeyCert"] = certificate
	if err := forged.SignRSA(certID, rsaSign(keys()[0])); err != nil {
		t.Fatal(err)
	}
	if d := examine(forged, authorities); d.Valid || d.Finding.Code != "certificate_forged" {
		t.Errorf("forged: %+v", d.Finding)
	}
}

// FuzzDiagnose: no message makes the doctor fail, whatever it is.
func FuzzDiagnose(f *testing.F) {
	f.Add("merId=1&signMethod=01&signature=AA%3D%3D&signPubKeyCert=x")
	f.Add("a={b&c=d}&signature=AA+A&certId=1")
	f.Fuzz(func(t *testing.T, body string) {
		s := provider.Specimen{Header: http.Header{}, Body: []byte(body)}
		unionpay.New().Claims(s)
		if d := unionpay.New().Diagnose(s); d.Valid {
			t.Fatalf("valid: %q", body)
		}
	})
}
