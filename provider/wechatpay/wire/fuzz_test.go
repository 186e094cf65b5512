package wire

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzParseAuthorization(f *testing.F) {
	f.Add(goodAuth)
	f.Add(Scheme + ` a="b", a="c"`)
	f.Add(Scheme + ` mchid="`)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAuthorization(s)
		if err != nil {
			return
		}
		again, err := ParseAuthorization(a.String())
		if err != nil || again.String() != a.String() {
			t.Fatalf("%q reads as %q, which reads as %q, %v", s, a, again, err)
		}
	})
}

func FuzzParseNotification(f *testing.F) {
	f.Add([]byte(vectors(f)["go-notify-full"].Body))
	f.Add([]byte(`{"id":"a","event_type":"b","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"123456789012","ciphertext":"AA=="}}`))
	f.Add([]byte(`{"a":[[[[{}]]]],"A":1}`))
	open := func(_, ct, _ []byte) ([]byte, error) { return ct, nil }
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := ParseNotification(raw)
		if err != nil {
			return
		}
		if n.ID == "" || n.EventType == "" || n.Resource.Algorithm != AlgorithmGCM {
			t.Fatalf("incomplete notification accepted: %+v", n)
		}
		if !json.Valid(raw) {
			t.Fatalf("not JSON: %q", raw)
		}
		if _, err := n.Resource.Open(open); err != nil && len(n.Resource.Nonce) != 12 {
			t.Fatalf("bad nonce got as far as opening: %v", err)
		}
	})
}

func FuzzParseCertificateList(f *testing.F) {
	f.Add([]byte(`{"data":[{"serial_no":"5157F09EFDC096DE15EBE81A47057A7232F1B8E1","effective_time":"2018-06-08T10:34:56+08:00",` +
		`"expire_time":"2018-12-08T10:34:56+08:00","encrypt_certificate":{"algorithm":"AEAD_AES_256_GCM","nonce":"61f9c719728a",` +
		`"associated_data":"certificate","ciphertext":"sRvtAAAA"}}]}`))
	f.Add([]byte(`{"data":[]}`))
	f.Add([]byte(`{"data":[{"serial_no":"1"},{"serial_no":"01"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := ParseCertificateList(raw)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, c := range l.Data {
			if seen[NormalSerial(c.SerialNo)] {
				t.Fatalf("serial %s twice", c.SerialNo)
			}
			seen[NormalSerial(c.SerialNo)] = true
		}
	})
}

// FuzzDecode holds the strict reader against encoding/json: whatever it accepts must survive being written and read again unchanged.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"mchid":"1","amount":{"total":1},"promotion_detail":[{"amount":3}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var a, b Transaction
		if Decode(raw, &a) != nil {
			return
		}
		out, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := Decode(out, &b); err != nil {
			t.Fatalf("own output refused: %v", err)
		}
		if again, err := json.Marshal(b); err != nil || !bytes.Equal(out, again) {
			t.Fatalf("%s became %s", out, again)
		}
	})
}
