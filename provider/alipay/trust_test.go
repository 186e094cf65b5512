package alipay

import (
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/sandbox"
	"postern/provider/alipay/wire"
)

// certified is a certificate behind the port's handle, secret a text.
type certified struct {
	verifier
	der []byte
}

func (c certified) Certificate() []byte { return c.der }

type secret string

func (s secret) Reveal() []byte { return []byte(s) }
func (secret) String() string   { return "[redacted]" }

func certificateHandle(t *testing.T, text string) provider.Certified {
	t.Helper()
	certs, err := wire.ParseCertificates([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return certified{verifier{certs[0].PublicKey.(*rsa.PublicKey)}, certs[0].Raw}
}

// inCertificateMode is a call of the account in certificate mode, whose content is encrypted.
func (w *world) inCertificateMode() provider.Call {
	w.t.Helper()
	call := w.call
	call.SubMerchant = ""
	call.Settings = map[string]string{settingAppID: certApp, settingSeller: "2088000000000003", settingGateway: w.call.Settings[settingGateway]}
	call.Keys = []provider.Generation{{ID: "gen_1", Handles: map[string]any{
		keyApp: signer{keys()[1]}, keyAppCert: certificateHandle(w.t, w.appCert), keyAlipayCert: certificateHandle(w.t, w.s.PlatformCertificate()), keyRootCert: secret(w.root),
		keyContent: secret(base64.StdEncoding.EncodeToString(testContent)),
	}}}
	return call
}

// TestCertificateMode walks an order through: the numbers are sent, the content is hidden on the wire and readable in the story.
func TestCertificateMode(t *testing.T) {
	w := newWorld(t)
	w.call = w.inCertificateMode()
	seen := ""
	w.doer.seen = func(r *http.Request, body string) { seen = r.URL.RawQuery + " " + body }
	o, r := w.start(Native, 6800)
	if !strings.Contains(seen, "app_cert_sn=") || !strings.Contains(seen, "alipay_root_cert_sn=") || !strings.Contains(seen, "encrypt_type=AES") || strings.Contains(seen, o.Attempt.Number) {
		t.Errorf("sent %s", seen)
	}
	if !strings.Contains(r.Exchange.Request, o.Attempt.Number) || !strings.Contains(r.Exchange.Response, "qr_code") {
		t.Errorf("kept %+v", r.Exchange)
	}
	w.press(o.Attempt.Number, "approve")
	if q := w.query(o.Attempt); q.State != provider.Paid {
		t.Errorf("%+v", q)
	}
	for field, why := range map[string]string{keyAppCert: "without the app's certificate", keyRootCert: "without roots", keyAlipayCert: "without Alipay's"} {
		call := w.inCertificateMode()
		delete(call.Keys[0].Handles, field)
		if r := w.c.Query(t.Context(), call, o.Attempt); r.State != provider.Unknown || r.Code != "not_sent" || !strings.Contains(r.Message, field) {
			t.Errorf("%s: %+v", why, r)
		}
	}
	none := w.inCertificateMode()
	none.Keys = []provider.Generation{{ID: "gen_1", Handles: map[string]any{keyApp: signer{keys()[1]}}}}
	if r := w.c.Query(t.Context(), none, o.Attempt); r.Code != "not_sent" || !strings.Contains(r.Message, keyPlatform) || !strings.Contains(r.Message, keyRootCert) {
		t.Errorf("no key of Alipay's: %+v", r)
	}
	w.clock.Advance(6 * 365 * 24 * time.Hour)
	if r := w.c.Query(t.Context(), w.call, o.Attempt); r.Code != "isv.app-cert-expired" && r.Code != "unverified_answer" {
		t.Errorf("six years later: %+v", r)
	}
}

// TestRotation lets Alipay change its certificate: answers go on being believed at once, notifications after the next refresh, and those that the old one signed as well.
func TestRotation(t *testing.T) {
	w := newWorld(t)
	w.call = w.inCertificateMode()
	o, _ := w.start(Native, 100)
	w.press(o.Attempt.Number, "approve")
	old := len(w.notes)
	w.s.RunDue(t.Context())
	w.control("/rotate", struct{}{}, nil)
	if q := w.query(o.Attempt); q.State != provider.Paid {
		t.Fatalf("after the rotation: %+v", q)
	}
	trust, err := w.c.RefreshTrust(t.Context(), w.call)
	if err != nil || len(trust) != 1 || trust[0].KeyID == "" || !trust[0].NotAfter.After(w.clock.Now()) {
		t.Fatalf("%+v %v", trust, err)
	}
	another, _ := w.start(Native, 100)
	w.press(another.Attempt.Number, "approve")
	w.s.RunDue(t.Context())
	call := w.call
	call.Trust = []provider.Verifier{certificateHandle(t, trust[0].PEM)}
	for i, a := range []postern.Attempt{o.Attempt, another.Attempt} {
		if _, err := w.c.ReadNotification(call, a, w.notes[old+i]); err != nil {
			t.Errorf("notification %d: %v", i, err)
		}
	}
	calls := w.doer.calls
	if q := w.c.Query(t.Context(), call, o.Attempt); q.State != provider.Paid || w.doer.calls != calls+1 {
		t.Errorf("with the new certificate: %+v after %d calls", q, w.doer.calls-calls)
	}
}

// TestForeignCertificates: a number that nobody has, a merchant's own certificate, and one of another root verify nothing.
func TestForeignCertificates(t *testing.T) {
	w := newWorld(t)
	w.call = w.inCertificateMode()
	o, _ := w.start(Native, 100)
	w.fault("query", sandbox.FaultWrongSerial)
	if q := w.query(o.Attempt); q.State != provider.Unknown || q.Code != "unverified_answer" {
		t.Errorf("a wrong number: %+v", q)
	}
	other, err := sandbox.NewAuthority(zeroes{}, keys()[0], keys()[0], w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(sandbox.Config{PrivateKey: keys()[1], Authority: other, Clock: w.clock, Rand: zeroes{}, HTTP: http.DefaultClient, BaseURL: w.base})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		text, sn string
		key      *rsa.PrivateKey
	}{
		"a merchant's own": {w.appCert + w.apps, "", keys()[1]}, "another root's, with the same names": {box.PlatformCertificate(), "", keys()[1]},
		"Alipay's, under another number": {w.s.PlatformCertificate(), "00000000000000000000000000000000", keys()[0]},
	} {
		certs, err := wire.ParseCertificates([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if tt.sn == "" {
			tt.sn = wire.CertSN(certs[0])
		}
		call := w.gateway(func(method string) (int, []byte) {
			value := wire.Fields{}.Set("code", "10000").Set("out_trade_no", o.Attempt.Number).Set("trade_status", "TRADE_SUCCESS").Set("trade_no", "1").Set("total_amount", "1.00")
			if method == wire.MethodCertificate {
				value = wire.Fields{}.Set("code", "10000").Set("alipay_cert_content", base64.StdEncoding.EncodeToString([]byte(tt.text)))
			}
			body, err := wire.SealCertified(method, value.Marshal(), false, tt.sn, wire.SignWith(tt.key, wire.SignTypeRSA2))
			if err != nil {
				t.Error(err)
			}
			return http.StatusOK, body
		})
		call.Keys = w.call.Keys
		if q := w.c.Query(t.Context(), call, o.Attempt); q.State != provider.Unknown || q.Money != nil {
			t.Errorf("%s signs: %+v", name, q)
		}
		if trust, err := w.c.RefreshTrust(t.Context(), call); err == nil {
			t.Errorf("%s became trust: %+v", name, trust)
		}
	}
	if trust, err := w.c.RefreshTrust(t.Context(), newWorld(t).call); err != nil || trust != nil {
		t.Errorf("in key mode: %v %v", trust, err)
	}
	unnamed := w.gateway(says("code", "10000", "out_trade_no", o.Attempt.Number, "trade_status", "TRADE_CLOSED"))
	unnamed.Keys = w.call.Keys
	if q := w.c.Query(t.Context(), unnamed, o.Attempt); q.State != provider.Unknown {
		t.Errorf("an answer that names no certificate: %+v", q)
	}
}

// zeroes is a random source for what need not be random.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestKeyFields: either mode's keys are enough for an account, and nothing less is.
func TestKeyFields(t *testing.T) {
	for _, field := range description.Keys {
		if field.Name != keyPlatform {
			continue
		}
		three := map[string][]byte{keyAppCert: {1}, keyAlipayCert: {1}, keyRootCert: {1}}
		if !field.Required || !field.Replaced(three) {
			t.Error("the three certificates do not replace the public key")
		}
		for name := range three {
			two := map[string][]byte{keyAppCert: {1}, keyAlipayCert: {1}, keyRootCert: {1}}
			delete(two, name)
			if field.Replaced(two) {
				t.Errorf("without %s the public key is needed", name)
			}
		}
	}
	if (provider.KeyField{Required: true}).Replaced(nil) {
		t.Error("a required field without substitutes can be left out")
	}
}
