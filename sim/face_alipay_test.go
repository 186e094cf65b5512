package sim_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/facade"
	"postern/provider"
	alipayface "postern/provider/alipay"
	"postern/provider/alipay/wire"
	"postern/sim"
	"postern/vault"
)

// faceHost is where the Alipay-compatible facade is on the in-memory network.
const faceHost = "facade.alipay.test"

// faceContent is the content key of the account in certificate mode.
const faceContent = "MDEyMzQ1Njc4OWFiY2RlZg=="

// issued is an account of the facade with the merchant's side of its keys.
type issued struct {
	account postern.FacadeAccount
	app     *rsa.PrivateKey
	keys    map[string][]byte // of the account, in the clear
	appCert []byte            // PEM, in certificate mode
}

// faceWorld is a switch that faces a merchant's code as Alipay does.
type faceWorld struct {
	*sim.World
	handler *facade.Handler
	keyed   issued
	certs   issued
	shop    *faceShop
}

// faceShop is the merchant's own server: it keeps notifications and acknowledges them, or not.
type faceShop struct {
	down bool
	got  []wire.Params
	raw  [][]byte
}

func (s *faceShop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	p, parseErr := wire.ParseForm(string(body))
	if err != nil || parseErr != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	s.got, s.raw = append(s.got, p), append(s.raw, body)
	if s.down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, wire.Acknowledged)
}

// faced opens the facade over a world and issues an account in key mode and one in certificate mode, with encrypted content.
func faced(t testing.TB, w *sim.World) *faceWorld {
	t.Helper()
	w.Engine.FacadeURLs = map[string]string{alipay: "http://" + faceHost}
	h, err := facade.New(facade.Config{Engine: w.Engine, TokenKey: []byte("a key of thirty-two bytes, always")[:32]}, alipay)
	must(t, err)
	f := &faceWorld{World: w, handler: h, shop: &faceShop{}}
	w.Net[faceHost], w.Net["shop.test"] = h, f.shop
	f.keyed = f.issue(t, "face-app", "face-platform", false)
	f.certs = f.issue(t, "face-app", "face-platform", true)
	return f
}

func certificateFor(t testing.TB, name string, serial int64, public *rsa.PublicKey, parent *x509.Certificate, key *rsa.PrivateKey) ([]byte, *x509.Certificate) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name, OrganizationalUnit: []string{"Facade"}, Organization: []string{"Postern"}, Country: []string{"CN"}},
		NotBefore: sim.Start.AddDate(-1, 0, 0), NotAfter: sim.Start.AddDate(10, 0, 0), IsCA: parent == nil, BasicConstraintsValid: true, SignatureAlgorithm: x509.SHA256WithRSA,
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), cert
}

func (f *faceWorld) issue(t testing.TB, app, platform string, certified bool) issued {
	t.Helper()
	ctx, now := context.Background(), f.Clock.Now()
	number := alipayface.New().Face().Number(now, func(n int) int {
		var b [1]byte
		_, err := io.ReadFull(f.Rand, b[:])
		must(t, err)
		return int(b[0]) % n
	})
	out := issued{app: sim.Key(app), keys: map[string][]byte{"platform_private": pemOf(t, sim.Key(platform), false)}}
	if certified {
		root, rootCert := certificateFor(t, "Root", 1, &sim.Key("face-root").PublicKey, nil, sim.Key("face-root"))
		own, _ := certificateFor(t, "Platform", 2, &sim.Key(platform).PublicKey, rootCert, sim.Key("face-root"))
		out.appCert, _ = certificateFor(t, number, 3, &out.app.PublicKey, rootCert, sim.Key("face-root"))
		maps.Copy(out.keys, map[string][]byte{"platform_certificate": own, "platform_root": root, "merchant_certificate": out.appCert, "aes": []byte(faceContent)})
	} else {
		out.keys["merchant_public"] = pemOf(t, out.app, true)
	}
	out.account = postern.FacadeAccount{
		MerchantID: f.Merchant.ID, ID: postern.NewID("fac", now, f.Rand), Provider: alipay, Number: number, Settings: map[string]string{"seller_id": "2088123412341234"},
		FormerChannelID: f.Channels[alipay].ID, CreatedAt: now,
	}
	k := postern.FacadeKey{MerchantID: f.Merchant.ID, AccountID: out.account.ID, ID: postern.NewID("fak", now, f.Rand), Keys: map[string][]byte{}, NotBefore: now.Add(-time.Hour), CreatedAt: now}
	for name, value := range out.keys {
		sealed, err := f.Vault.Seal(vault.Ref{Owner: f.Merchant.ID, Table: "facade_key", Column: "keys." + name, Row: out.account.ID + "/" + k.ID}, value)
		must(t, err)
		k.Keys[name] = sealed
	}
	must(t, f.Store.SaveFacade(ctx, out.account, k))
	return out
}

// call is the connector's own view of the facade: Alipay at another address, with the merchant's keys.
func (f *faceWorld) call(t testing.TB, a issued, more ...string) provider.Call {
	t.Helper()
	handle := func(kind provider.KeyKind, value []byte) any {
		h, err := vault.Parse(kind, "", value)
		must(t, err)
		return h
	}
	handles := map[string]any{"app_private_key": handle(provider.KeyRSAPrivate, pemOf(t, a.app, false))}
	if a.appCert == nil {
		handles["alipay_public_key"] = handle(provider.KeyRSAPublic, pemOf(t, sim.Key("face-platform"), true))
	} else {
		handles["app_cert"], handles["alipay_cert"] = handle(provider.KeyCertificate, a.appCert), handle(provider.KeyCertificate, a.keys["platform_certificate"])
		handles["alipay_root_cert"], handles["encrypt_key"] = handle(provider.KeySecret, a.keys["platform_root"]), handle(provider.KeySecret, a.keys["aes"])
	}
	settings := map[string]string{"app_id": a.account.Number, "seller_id": a.account.Settings["seller_id"], "gateway_url": "http://" + faceHost + "/gateway.do"}
	for i := 0; i < len(more); i += 2 {
		settings[more[i]] = more[i+1]
	}
	return provider.Call{
		Settings: settings, Keys: []provider.Generation{{ID: "g", Handles: handles}}, Timeout: time.Minute,
		Env: provider.Env{Now: f.Clock.Now, Rand: f.Rand, HTTP: f.Net},
	}
}

// inner is the payment behind a merchant's number.
func (f *faceWorld) inner(t testing.TB, a issued, number string) postern.Payment {
	t.Helper()
	o, _, err := f.Store.FacadeOrder(context.Background(), f.Merchant.ID, a.account.ID, number)
	must(t, err)
	p, err := f.Store.Payment(context.Background(), f.Merchant.ID, o.PaymentID)
	must(t, err)
	return p
}

// params signs the parameters of a request as a merchant's code does.
func (a issued) params(t testing.TB, now time.Time, method, biz string, more ...string) wire.Params {
	t.Helper()
	p := wire.Params{
		"app_id": a.account.Number, "method": method, "format": "JSON", "charset": "utf-8", "sign_type": "RSA2", "timestamp": wire.FormatTime(now), "version": "1.0", "biz_content": biz,
	}
	for i := 0; i < len(more); i += 2 {
		p[more[i]] = more[i+1]
	}
	must(t, p.SignRequest(wire.SignWith(a.app, p["sign_type"])))
	return p
}

// post sends a request whole in its body and returns the answer's bytes.
func (f *faceWorld) post(t testing.TB, target, body string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+faceHost+target, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := f.Net.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	must(t, err)
	return response, answer
}

// ask makes one call and returns its verified value.
func (f *faceWorld) ask(t testing.TB, a issued, method, biz string, more ...string) wire.Object {
	t.Helper()
	_, answer := f.post(t, wire.GatewayPath, a.params(t, f.Clock.Now(), method, biz, more...).Encode())
	env, err := wire.Extract(answer, method)
	must(t, err)
	if err := env.Verify(wire.VerifyWith(&sim.Key("face-platform").PublicKey, wire.SignTypeRSA2)); err != nil {
		t.Errorf("%s: %v: %s", method, err, answer)
	}
	o, err := env.Object()
	must(t, err)
	return o
}

// says compares fields of an answer; "" wants none.
func says(t testing.TB, o wire.Object, want ...string) {
	t.Helper()
	for i := 0; i < len(want); i += 2 {
		if got := o.Text(want[i]); got != want[i+1] {
			t.Errorf("%s is %q, want %q: %s", want[i], got, want[i+1], o)
		}
	}
}

// orderJSON is a biz_content.
func orderJSON(number, yuan string, more ...string) string {
	f := wire.Fields{}.Set("out_trade_no", number).Set("total_amount", yuan).Set("subject", "龙井 250g, 半斤 <新茶> a+b")
	for i := 0; i < len(more); i += 2 {
		f = f.Set(more[i], more[i+1])
	}
	return string(f.Marshal())
}

// TestFaceOrderIsCollectedByAnotherWallet: Alipay code orders, WeChat Pay collects; the notification, the query, the refund and the books say the same.
func TestFaceOrderIsCollectedByAnotherWallet(t *testing.T) {
	f := faced(t, newWorld(t, 1))
	a := f.keyed
	const biz = `{"out_trade_no":"T-1","total_amount":"68.00","subject":"龙井 a=b & c","passback_params":"x%3D1%26y","goods_detail":[{"goods_id":"g1","goods_name":"茶","quantity":2,"price":"34.00"}],"timeout_express":"90m"}`
	o := f.ask(t, a, wire.MethodPrecreate, biz, "notify_url", "http://shop.test/notify?x=1&y=2")
	says(t, o, "code", "10000", "out_trade_no", "T-1")
	if !strings.HasPrefix(o.Text("qr_code"), "http://"+sim.Host+"/") {
		t.Errorf("the code opens %q", o.Text("qr_code"))
	}
	says(t, f.ask(t, a, wire.MethodQuery, `{"out_trade_no":"T-1"}`), "code", "40004", "sub_code", "ACQ.TRADE_NOT_EXIST")
	p := f.inner(t, a, "T-1")
	if got := p.ExpiresAt.Sub(p.CreatedAt).Round(time.Second); got != 90*time.Minute {
		t.Errorf("the order lives for %s", got)
	}
	attempt := begin(t, f.World, p, wechat, "native")
	says(t, f.ask(t, a, wire.MethodQuery, `{"out_trade_no":"T-1"}`), "trade_status", "WAIT_BUYER_PAY", "total_amount", "68.00")
	approve(t, f.World, attempt)
	run(t, f.World, time.Minute)
	q := f.ask(t, a, wire.MethodQuery, `{"out_trade_no":"T-1"}`)
	says(t, q, "trade_status", "TRADE_SUCCESS", "receipt_amount", "68.00", "passback_params", "x%3D1%26y", "subject", "龙井 a=b & c")
	n := f.noticed(t, 1)
	for name, want := range map[string]string{"trade_status": "TRADE_SUCCESS", "trade_no": q.Text("trade_no"), "passback_params": "x%3D1%26y", "app_id": a.account.Number, "total_amount": "68.00", "seller_id": "2088123412341234"} {
		if n[name] != want {
			t.Errorf("the notification's %s is %q, want %q", name, n[name], want)
		}
	}
	back := `{"out_trade_no":"T-1","refund_amount":"8.00","out_request_no":"R-1","refund_reason":"试吃 100%"}`
	says(t, f.ask(t, a, wire.MethodRefund, back), "code", "10000", "out_trade_no", "T-1")
	run(t, f.World, time.Minute)
	says(t, f.ask(t, a, wire.MethodRefund, back), "code", "10000", "fund_change", "N", "refund_fee", "8.00")
	says(t, f.ask(t, a, wire.MethodRefundQuery, `{"out_trade_no":"T-1","out_request_no":"R-1"}`), "refund_status", "REFUND_SUCCESS", "refund_amount", "8.00", "refund_reason", "试吃 100%")
	if n := f.noticed(t, 2); n["refund_fee"] != "8.00" || n["out_biz_no"] != "R-1" || n["trade_status"] != "TRADE_SUCCESS" {
		t.Errorf("the refund's notification: %v", n)
	}
	agree(t, f.World)
}

// noticed is the last notification of so many, verified.
func (f *faceWorld) noticed(t testing.TB, count int) wire.Params {
	t.Helper()
	if len(f.shop.got) != count {
		t.Fatalf("%d notifications arrived, want %d: %v", len(f.shop.got), count, f.shop.got)
	}
	n := f.shop.got[count-1]
	must(t, n.VerifyNotify(wire.VerifyWith(&sim.Key("face-platform").PublicKey, n["sign_type"])))
	for name, v := range n {
		if v == "" {
			t.Errorf("the notification carries an empty %s", name)
		}
	}
	return n
}
