package wechatpay

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
)

const testKeyV2 = "192006250b4c09247ec02edce69f6a2d"

// old is a rig whose merchant speaks API v2.
func old(t *testing.T, signType string) *rig {
	t.Helper()
	r := newRig(t, func(c *sandbox.Config) { c.Accounts[0].APIKeyV2 = []byte(testKeyV2) })
	r.call.Settings[SettingProtocol], r.call.Settings[SettingSignType] = "v2", signType
	r.call.Keys[0].Handles[KeyAPIv2] = secret(testKeyV2)
	return r
}

// TestV2AtTheCounter: the whole life of a scanned code in the older protocol, with both of its signatures.
func TestV2AtTheCounter(t *testing.T) {
	for _, kind := range []string{wire.SignMD5, wire.SignHMAC} {
		r := old(t, kind)
		paid := r.scan("code000001", r.code(false))
		if paid.State != provider.Paid || paid.Money == nil || paid.Money.Amount != 6800 || paid.Money.TxnNo == "" || !paid.Money.PaidAt.Equal(epoch) || !strings.Contains(paid.Exchange.Request, kind) {
			t.Fatalf("%s: %+v", kind, paid)
		}
		if waiting := r.scan("code000002", r.code(true)); waiting.State != provider.Pending {
			t.Errorf("%s: %+v", kind, waiting)
		}
		if got := r.reverse("code000002"); got.State != provider.ReverseClosed {
			t.Errorf("%s: %+v", kind, got)
		}
		r.arm(sandbox.OpReverse, sandbox.FaultRecall)
		r.scan("code000003", r.code(false))
		if got := r.reverse("code000003"); got.State != provider.ReverseUnknown || !got.Again {
			t.Errorf("%s: recall=Y: %+v", kind, got)
		}
		if got := r.reverse("code000003"); got.State != provider.ReverseRefunded || got.Money == nil {
			t.Errorf("%s: again: %+v", kind, got)
		}
		refund := r.refundOf(paid, "code000001", "refund0001", 2000)
		refund.Attempt.Product = ProductCode
		if got := New().QueryRefund(ctx, r.call, refund); got.State != provider.RefundAbsent {
			t.Errorf("%s: before it was sent: %+v", kind, got)
		}
		if got := New().Refund(ctx, r.call, refund); got.State != provider.RefundPending || got.Amount != 2000 {
			t.Errorf("%s: %+v", kind, got)
		}
		r.run(2 * time.Second)
		if got := New().QueryRefund(ctx, r.call, refund); got.State != provider.RefundDone || got.Amount != 2000 {
			t.Errorf("%s: %+v", kind, got)
		}
		if got := r.start(ProductNative, "order00001"); got.State != provider.Failed || got.Field != "product" {
			t.Errorf("%s: what v2 is not spoken for: %+v", kind, got)
		}
	}
}

// TestV2Answers: one changed field, another key, another merchant, no signature or a field that stands twice: nothing is believed.
func TestV2Answers(t *testing.T) {
	r := old(t, wire.SignHMAC)
	r.scan("code000001", r.code(false))
	for name, change := range map[string]func(wire.Fields, string) string{
		"a changed amount": func(_ wire.Fields, s string) string { return strings.Replace(s, "6800", "6801", 1) },
		"no signature":     func(f wire.Fields, _ string) string { delete(f, "sign"); return string(f.XML("xml")) },
		"another key": func(f wire.Fields, _ string) string {
			f.Sign(wire.SignMD5, []byte("another"))
			return string(f.XML("xml"))
		},
		"an empty key": func(f wire.Fields, _ string) string { f.Sign(wire.SignMD5, nil); return string(f.XML("xml")) },
		"another order": func(f wire.Fields, _ string) string {
			f["out_trade_no"] = "code000009"
			f.Sign(wire.SignMD5, []byte(testKeyV2))
			return string(f.XML("xml"))
		},
		"another merchant": func(f wire.Fields, _ string) string {
			f["mch_id"] = "1900000009"
			f.Sign(wire.SignMD5, []byte(testKeyV2))
			return string(f.XML("xml"))
		},
		"a field twice": func(_ wire.Fields, s string) string {
			return strings.Replace(s, "<xml>", "<xml><total_fee>1</total_fee>", 1)
		},
		"an entity": func(_ wire.Fields, s string) string { return `<!DOCTYPE x [<!ENTITY a "1">]>` + s },
		"not understood": func(wire.Fields, string) string {
			return "<xml><return_code>FAIL</return_code><return_msg>系统繁忙</return_msg></xml>"
		},
		"a web page": func(wire.Fields, string) string { return "<html><body>502</body></html>" },
	} {
		r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
			f, err := wire.ParseXML(rec.Body.Bytes(), "xml")
			if err != nil {
				t.Fatal(err)
			}
			text := change(f, rec.Body.String())
			rec.Body.Reset()
			rec.Body.WriteString(text)
		}
		if got := New().Query(ctx, r.call, attempt(ProductCode, "code000001")); got.State != provider.Unknown || got.Money != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestV2Certificate: refunds and reversals show the merchant's client certificate, other calls do not; without one they never leave.
func TestV2Certificate(t *testing.T) {
	r := old(t, wire.SignHMAC)
	shown := map[string]bool{}
	inner := r.s.Handler()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		shown[req.URL.Path] = len(req.TLS.PeerCertificates) > 0
		inner.ServeHTTP(w, req)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	r.call.Settings[SettingBaseURL] = server.URL
	r.call.Env.HTTP = provider.HTTPDoer{Client: server.Client()}
	r.scan("code000001", r.code(false))
	if got := r.reverse("code000001"); got.State != provider.ReverseUnknown || got.Class != provider.ClassAuth || shown[wire.V2Reverse] {
		t.Errorf("without a certificate: %+v", got)
	}
	r.call.Keys[0].Handles[KeyClient] = secret(clientPEM(t))
	if got := r.reverse("code000001"); got.State != provider.ReverseRefunded {
		t.Errorf("%+v", got)
	}
	if !shown[wire.V2Reverse] || shown[wire.V2MicroPay] || shown[wire.V2Query] {
		t.Errorf("certificates were shown to %v", shown)
	}
}

// clientPEM is a certificate with its key, as the console gives it.
func clientPEM(t *testing.T) string {
	t.Helper()
	template := x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: testMchID}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &keys().merchant.PublicKey, keys().merchant)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(keys().merchant)}))
}

// TestV2Notifications: a payment's is signed and proves money. A refund's is only encrypted, block by block: it is a reason to ask, and no proof.
func TestV2Notifications(t *testing.T) {
	r := old(t, wire.SignMD5)
	f := wire.Fields{"return_code": "SUCCESS", "result_code": "SUCCESS", "appid": testAppID, "mch_id": testMchID, "out_trade_no": "code000001", "transaction_id": "4200001", "total_fee": "6800",
		"fee_type": "CNY", "time_end": "20261122120000", "openid": "oABC", "a_field_of_tomorrow": "1"}
	f.Sign(wire.SignMD5, []byte(testKeyV2))
	message := provider.Message{Body: f.XML("xml"), ReceivedAt: epoch}
	n, err := read(r, "code000001", message)
	if err != nil || n.State != provider.Paid || n.Money == nil || n.Money.Amount != 6800 || !n.SettingsMatch || n.Number != "code000001" {
		t.Errorf("%+v %v", n, err)
	}
	for at := range message.Body {
		changed := message
		changed.Body = append([]byte(nil), message.Body...)
		changed.Body[at] ^= 1
		if n, err := read(r, "code000001", changed); err == nil {
			t.Fatalf("byte %d changed, and %+v", at, n)
		}
	}
	paid := r.scan("code000002", r.code(false))
	back := r.refundOf(paid, "code000002", "refund0001", 100)
	inner := wire.Fields{"out_trade_no": "code000002", "out_refund_no": back.Refund.Number, "refund_status": "SUCCESS", "refund_fee": "100"}
	sealed, err := wire.SealReqInfo(inner, []byte(testKeyV2))
	if err != nil {
		t.Fatal(err)
	}
	told := provider.Message{ReceivedAt: epoch, Body: wire.Fields{"return_code": "SUCCESS", "appid": testAppID, "mch_id": testMchID, "nonce_str": "1", "req_info": sealed}.XML("xml")}
	n, err = read(r, "code000002", told)
	if err != nil || n.RefundNumber != "refund0001" || n.RefundState != provider.RefundPending || n.RefundAmount != 0 {
		t.Errorf("a refund's: %+v %v", n, err)
	}
	r.call.Keys[0].Handles[KeyAPIv2] = secret("another key of thirty-two letters")
	if _, err := read(r, "code000002", told); !errors.Is(err, provider.ErrUnverified) {
		t.Errorf("with another key: %v", err)
	}
}
