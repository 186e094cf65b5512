package wire_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	"postern/provider/bill99/wire"
)

type vector struct {
	ID       string
	Text     string `json:"string_to_sign"`
	Expected string
	Computed string `json:"expected_computed_here"`
	Query    string
	Order    []string
	Signer   string `json:"signer_cert_pem"`
}

func named(t testing.TB, id string) vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all.Vectors {
		if v.ID == id {
			return v
		}
	}
	t.Fatalf("no vector %s", id)
	return vector{}
}

// fieldsOf takes a published string apart: the fields, and the key behind the last &key=.
func fieldsOf(t testing.TB, text string) (wire.Fields, []byte) {
	t.Helper()
	text, key, found := strings.Cut(text, "&key=")
	if !found {
		t.Fatalf("no key in %q", text)
	}
	f := wire.Fields{}
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		f[name] = value
	}
	return f, []byte(key)
}

// TestPublishedMD5: our order of the fields makes the published string again, and its digest; one changed field, another key or a missing signature does not
// verify.
func TestPublishedMD5(t *testing.T) {
	for id, order := range map[string][]string{
		"kq-notify-md5": wire.NotifyOrder, "kq-notify-md5-2": wire.NotifyOrder, "kq-req-md5-string": wire.PayOrder, "kq-req-md5-2": wire.PayOrder,
	} {
		v := named(t, id)
		want := v.Expected + v.Computed
		f, key := fieldsOf(t, v.Text)
		text := f.Text(order)
		if text+"&key="+string(key) != v.Text {
			t.Errorf("%s: our string is %s", id, text)
		}
		if got := wire.MD5(text, key); got != strings.ToUpper(want) {
			t.Errorf("%s: %s, published %s", id, got, want)
		}
		for _, signature := range []string{want, strings.ToLower(want), strings.ToUpper(want)} {
			if !wire.CheckMD5(text, key, signature) {
				t.Errorf("%s: %s does not verify", id, signature)
			}
		}
		f["orderId"] += "0"
		if wire.CheckMD5(f.Text(order), key, want) || wire.CheckMD5(text, append(key, '0'), want) || wire.CheckMD5(text, key, "") || wire.CheckMD5(text, key, want[1:]) {
			t.Errorf("%s: something else verifies", id)
		}
	}
}

// TestUnverifiedVector: a notification whose key was never published verifies with none of the published ones.
func TestUnverifiedVector(t *testing.T) {
	v := named(t, "kq-notify-huxinghai-UNVERIFIED")
	for _, id := range []string{"kq-notify-md5", "kq-notify-md5-2", "kq-req-md5-string", "kq-req-md5-2"} {
		f, key := fieldsOf(t, named(t, id).Text)
		for _, order := range [][]string{wire.NotifyOrder, wire.PayOrder} {
			if wire.CheckMD5(f.Text(order), key, v.Expected) {
				t.Errorf("it verifies as %s", id)
			}
		}
	}
}

// TestRefundMAC: fields and key run into one another; the amount is in yuan.
func TestRefundMAC(t *testing.T) {
	v := named(t, "kq-refund-mac-derived")
	f := wire.Fields{
		"merchant_id": "10012138842", "version": wire.VersionRefund, "command_type": wire.CommandRefund, "orderid": "20130111170538", "amount": wire.FormatYuan(10),
		"postdate": "20150629170626", "txOrder": "TK20150629170626",
	}
	if got := f.RefundMAC([]byte("DEMOKEY")); got != v.Expected {
		t.Errorf("%s, want %s", got, v.Expected)
	}
	f["mac"] = v.Expected
	if !f.CheckRefundMAC([]byte("DEMOKEY")) || f.CheckRefundMAC([]byte("DEMOKEZ")) {
		t.Error("the key does not decide")
	}
	f["amount"] = wire.FormatYuan(1000)
	if f.CheckRefundMAC([]byte("DEMOKEY")) {
		t.Error("another amount verifies")
	}
}

// TestPublishedPKI: a notification that 99Bill's sandbox signed verifies with its certificate. It comes from the sharing gateway, whose order of fields is another;
// string, hash and padding are the same. The address it was sent to had an orderId of its own, so that the whole query is refused.
func TestPublishedPKI(t *testing.T) {
	v := named(t, "kq-notify-pki-sharing")
	if _, err := wire.ParseQuery(v.Query); err == nil {
		t.Error("two order numbers in one notification were read")
	}
	_, query, _ := strings.Cut(v.Query, "&")
	f, err := wire.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(v.Signer))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(f wire.Fields) error {
		signature, err := wire.DecodeSignature(f["signMsg"])
		if err != nil {
			return err
		}
		sum := sha1.Sum([]byte(f.Text(v.Order)))
		return rsa.VerifyPKCS1v15(certificate.PublicKey.(*rsa.PublicKey), crypto.SHA1, sum[:], signature)
	}
	if err := verify(f); err != nil {
		t.Error(err)
	}
	f["orderAmount"] = "2001"
	if verify(f) == nil {
		t.Error("another amount verifies")
	}
}
