package wechatpay

import (
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
)

// trusted makes verifiers of fetched trust, as the vault does.
func trusted(t *testing.T, trust []provider.Trust) (out []provider.Verifier) {
	t.Helper()
	for _, x := range trust {
		cert, err := wire.ParseCertificatePEM([]byte(x.PEM))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, certificate{serial: x.KeyID, key: cert.PublicKey.(*rsa.PublicKey)})
	}
	return out
}

func TestFirstTrustAndRotation(t *testing.T) {
	r := newRig(t, nil)
	r.call.Trust = nil
	if got := r.start(ProductNative, "order00001"); got.State != provider.Unknown {
		t.Errorf("without any trust: %+v", got)
	}
	first, err := New().RefreshTrust(ctx, r.call)
	if err != nil || len(first) != 1 || first[0].KeyID != keys().platform[0].Serial || !first[0].NotAfter.After(epoch) {
		t.Fatalf("%+v %v", first, err)
	}
	r.call.Trust = trusted(t, first)
	if got := r.start(ProductNative, "order00001"); got.State != provider.Pending {
		t.Errorf("%+v", got)
	}
	r.s.AddPlatformKey(keys().platform[1])
	if err := r.s.SignWith(keys().platform[1].Serial); err != nil {
		t.Fatal(err)
	}
	if got := r.query("order00001"); got.State != provider.Unknown || !strings.Contains(got.Message, "refresh") {
		t.Errorf("signed by a certificate not fetched yet: %+v", got)
	}
	both, err := New().RefreshTrust(ctx, r.call)
	if err != nil || len(both) != 2 {
		t.Fatalf("%+v %v", both, err)
	}
	r.call.Trust = trusted(t, both)
	if got := r.query("order00001"); got.State != provider.Pending {
		t.Errorf("after the refresh: %+v", got)
	}
	if err := r.s.SignWith(keys().platform[0].Serial); err != nil {
		t.Fatal(err)
	}
	if got := r.query("order00001"); got.State != provider.Pending {
		t.Errorf("the old certificate while both live: %+v", got)
	}
}

func TestTrustThatIsNone(t *testing.T) {
	r := newRig(t, nil)
	good := r.call
	for name, spoil := range map[string]func(){
		"another APIv3 key": func() { r.call.Keys = []provider.Generation{generation("gen_1", strings.Repeat("0", 32))} },
		"wrong signature":   func() { r.arm(sandbox.OpCertificates, sandboxkit.WrongSignature) },
		"no signature":      func() { r.arm(sandbox.OpCertificates, sandbox.FaultUnsigned) },
		"probe":             func() { r.arm(sandbox.OpCertificates, sandbox.FaultProbe) },
		"unknown serial":    func() { r.arm(sandbox.OpCertificates, sandbox.FaultUnknownSerial) },
		"server error":      func() { r.arm(sandbox.OpCertificates, sandboxkit.Error500) },
		"no answer":         func() { r.arm(sandbox.OpCertificates, sandboxkit.DropResponse) },
		"six minutes off":   func() { r.now = func() time.Time { return epoch.Add(6 * time.Minute) } },
		"another's list": func() {
			r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
				s := handle{key: keys().stranger}
				_ = wire.SignHeaders(rec.Header(), keys().platform[0].Serial, epoch.Unix(), "n", rec.Body.Bytes(), func(m []byte) ([]byte, error) { return s.Sign("", m) })
			}
		},
	} {
		r.call, r.now, r.edit = good, r.clock.Now, nil
		r.call.Trust = nil
		spoil()
		if got, err := New().RefreshTrust(ctx, r.call); err == nil || got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	r.call, r.now, r.edit = good, func() time.Time { return epoch.Add(6 * 365 * 24 * time.Hour) }, nil
	r.clock.Advance(6 * 365 * 24 * time.Hour)
	if got, err := New().RefreshTrust(ctx, r.call); err == nil && len(got) != 0 {
		t.Errorf("ended certificates are kept: %+v", got)
	}
}

func TestPublicKeyMode(t *testing.T) {
	r := newRig(t, func(c *sandbox.Config) { c.PlatformKeys, c.NotifyWithPublicKey = nil, true })
	r.call.Trust = nil
	if _, err := New().RefreshTrust(ctx, r.call); err == nil {
		t.Error("no certificate and no public key is no error")
	}
	r.call.Keys[0].Handles[KeyPlatformPublic] = publicKey()
	trust, err := New().RefreshTrust(ctx, r.call)
	if err != nil || len(trust) != 0 {
		t.Errorf("%+v %v", trust, err)
	}
	r.edit = func(req *http.Request, rec *httptest.ResponseRecorder) {
		if req.Header.Get(wire.HeaderSerial) != testPubID {
			t.Errorf("%s names the key %q", req.URL.Path, req.Header.Get(wire.HeaderSerial))
		}
	}
	paid := r.paid("order00001")
	if _, err := read(r, "order00001", r.received[0]); err != nil {
		t.Error(err)
	}
	req := r.refundOf(paid, "order00001", "refund1", 1)
	if got := New().Refund(ctx, r.call, req); got.State != provider.RefundPending {
		t.Errorf("%+v", got)
	}
	if got := New().Close(ctx, r.call, attempt(ProductNative, "order00009")); got.State != provider.CloseDone {
		t.Errorf("%+v", got)
	}
}

// During the change to public-key mode answers come under either key; a message that names one and is signed by the other is not believed.
func TestSerialChoosesTheKey(t *testing.T) {
	r := newRig(t, nil)
	r.call.Keys[0].Handles[KeyPlatformPublic] = publicKey()
	if got := r.start(ProductNative, "order00001"); got.State != provider.Pending {
		t.Errorf("%+v", got)
	}
	r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
		rec.Header().Set(wire.HeaderSerial, keys().platform[0].Serial)
	}
	if got := r.query("order00001"); got.State != provider.Unknown {
		t.Errorf("names the certificate, signed by the public key: %+v", got)
	}
	r.edit = func(req *http.Request, rec *httptest.ResponseRecorder) {
		resigned(t, rec, func(b []byte) []byte { return b })
		rec.Header().Set(wire.HeaderSerial, strings.ToLower(rec.Header().Get(wire.HeaderSerial)))
	}
	if got := r.query("order00001"); got.State != provider.Pending {
		t.Errorf("a lower-case serial: %+v", got)
	}
}

func TestAnswerOutsideTheWindow(t *testing.T) {
	r := newRig(t, nil)
	r.start(ProductNative, "order00001")
	for d, want := range map[time.Duration]provider.State{299 * time.Second: provider.Pending, -299 * time.Second: provider.Pending, 300 * time.Second: provider.Unknown, -301 * time.Second: provider.Unknown} {
		r.now = func() time.Time { return epoch }
		r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
			p := platform(0)
			_ = wire.SignHeaders(rec.Header(), p.id, epoch.Add(d).Unix(), "n", rec.Body.Bytes(), func(m []byte) ([]byte, error) { return p.Sign("", m) })
		}
		if got := r.query("order00001"); got.State != want {
			t.Errorf("signed %s away: %+v", d, got)
		}
	}
}

func TestWrongMerchantKey(t *testing.T) {
	r := newRig(t, nil)
	r.call.Keys[0].Handles[KeyMerchantPrivate] = handle{id: keys().serial, key: keys().stranger}
	if got := r.start(ProductNative, "order00001"); got.State != provider.Failed || got.Class != provider.ClassAuth || got.Code != "SIGN_ERROR" {
		t.Errorf("%+v", got)
	}
	if got := r.query("order00001"); got.State != provider.Unknown || got.Class != provider.ClassAuth {
		t.Errorf("%+v", got)
	}
	if got := New().Check(ctx, r.call); got.OK || got.Class != provider.ClassAuth {
		t.Errorf("check: %+v", got)
	}
	delete(r.call.Keys[0].Handles, KeyMerchantPrivate)
	before := r.sent
	if got := r.start(ProductNative, "order00001"); got.State != provider.Failed || got.Class != provider.ClassAuth || !strings.Contains(got.Message, KeyMerchantPrivate) || r.sent != before {
		t.Errorf("%+v", got)
	}
	r.call.Keys = nil
	if got := New().Close(ctx, r.call, attempt(ProductNative, "order00001")); got.State != provider.CloseUnknown || got.Class != provider.ClassAuth {
		t.Errorf("%+v", got)
	}
}

func TestCheck(t *testing.T) {
	r := newRig(t, nil)
	if got := New().Check(ctx, r.call); !got.OK || got.Code != "ORDER_NOT_EXIST" {
		t.Errorf("%+v", got)
	}
	r.call.Trust = nil
	if got := New().Check(ctx, r.call); got.OK || !strings.Contains(got.Message, "platform certificates") {
		t.Errorf("%+v", got)
	}
	for _, x := range New().Registrations(r.call, "https://pay.shop.example", "") {
		if x.Where == "" || x.Value == "" || x.Why == "" || strings.HasPrefix(x.Value, "https://") && !strings.HasSuffix(x.Value, "/c/") {
			t.Errorf("%+v", x)
		}
	}
}

func TestOAuth(t *testing.T) {
	r := newRig(t, nil)
	code := func() string {
		to := strings.TrimSuffix(New().AuthorizeURL(r.call, "https://shop.example/oauth", "St4te"), "#wechat_redirect")
		req, _ := http.NewRequest("GET", to, nil)
		res, err := r.call.Env.HTTP.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		back, err := res.Location()
		if err != nil || back.Host != "shop.example" || back.Query().Get("state") != "St4te" {
			t.Fatalf("%v %v", back, err)
		}
		return back.Query().Get(New().CodeParam())
	}
	c := code()
	id, err := New().ResolvePayer(ctx, r.call, c)
	if err != nil || id != r.s.OpenID(testAppID, sandbox.DefaultBuyer) {
		t.Errorf("%s %v", id, err)
	}
	if _, err := New().ResolvePayer(ctx, r.call, c); err == nil || !strings.Contains(err.Error(), "open the link again") {
		t.Errorf("a used code: %v", err)
	}
	late := code()
	r.clock.Advance(5 * time.Minute)
	for name, try := range map[string]string{"late": late, "guessed": "guess", "empty": ""} {
		if id, err := New().ResolvePayer(ctx, r.call, try); err == nil {
			t.Errorf("%s: %s", name, id)
		}
	}
	r.call.Env.HTTP = doer(func(req *http.Request) (*http.Response, error) { return (&http.Client{}).Do(req) })
	r.call.Settings[SettingOAuthURL] = "http://127.0.0.1:1"
	if _, err := New().ResolvePayer(ctx, r.call, "code"); err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), testSecret) {
		t.Errorf("the error tells too much or nothing: %v", err)
	}
	delete(r.call.Keys[0].Handles, KeyAppSecret)
	if _, err := New().ResolvePayer(ctx, r.call, "code"); err == nil || errors.Is(err, provider.ErrNotSent) || !strings.Contains(err.Error(), KeyAppSecret) {
		t.Errorf("%v", err)
	}
}
