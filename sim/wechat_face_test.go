package sim_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/facade"
	"postern/provider"
	"postern/provider/wechatpay"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
	"postern/sim"
	"postern/store"
	"postern/vault"
)

// Hosts of the facade and of the shop whose code speaks to it.
const (
	wxFaceHost = "wx.postern.test"
	wxShopHost = "shop.test"
	wxShopAddr = "http://" + wxShopHost + "/notify"
	wxAPIv3    = "0123456789abcdef0123456789ABCDEF"
	wxAPIv2    = "192006250b4c09247ec02edce69f6a2d"
	wxApp      = "wxd678efh567hg6787"
)

// wechatShop is a merchant whose code knows WeChat Pay only, and what it was issued.
type wechatShop struct {
	w       *sim.World
	handler http.Handler
	account postern.FacadeAccount
	call    provider.Call // as the shop's own connector would be set up
	serial  string        // of the shop's certificate
	cert    []byte        // the platform certificate, PEM
	public  string
	// shopCert is the shop's own certificate, PEM.
	shopCert []byte
	// got is what came to the shop's notify address; answer is what it says to it.
	got    []provider.Message
	answer int
}

func wxPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func wxPrivatePEM(t testing.TB, key *rsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return wxPEM("PRIVATE KEY", der)
}

func wxPublicPEM(t testing.TB, key *rsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	must(t, err)
	return wxPEM("PUBLIC KEY", der)
}

// openWechatShop issues an account and opens the facade at base. With publicOnly the shop never had a platform certificate.
func openWechatShop(t testing.TB, w *sim.World, base string, publicOnly bool) *wechatShop {
	t.Helper()
	ctx := context.Background()
	s := &wechatShop{w: w, answer: http.StatusNoContent, public: "PUB_KEY_ID_0119000091912026112200000001"}
	face := wechatpay.New().Face()
	from := w.Clock.Now().Add(-time.Hour)
	shopCert, serial, err := sandbox.NewMerchantCertificate(w.Rand, sim.Key("wechat shop"), from, "shop")
	must(t, err)
	platform, err := sandbox.PlatformKeyFor(w.Rand, sim.Key("wechat facade"), from)
	must(t, err)
	s.serial, s.cert, s.shopCert = serial, platform.Certificate, shopCert
	s.account = postern.FacadeAccount{
		MerchantID: w.Merchant.ID, ID: postern.NewID(postern.PrefixFacade, w.Clock.Now(), w.Rand), Provider: wechatpay.Code, CreatedAt: w.Clock.Now(), Settings: map[string]string{wechatpay.FaceAppIDs: wxApp},
		Number: face.Number(w.Clock.Now(), func(n int) int { var b [1]byte; _, _ = io.ReadFull(w.Rand, b[:]); return int(b[0]) % n }),
	}
	if publicOnly {
		s.account.Settings[wechatpay.FaceVerify] = "public_key"
	}
	key := postern.FacadeKey{MerchantID: w.Merchant.ID, AccountID: s.account.ID, ID: postern.NewID(postern.PrefixFacadeKey, w.Clock.Now(), w.Rand), NotBefore: from, CreatedAt: from,
		Keys: map[string][]byte{}, Public: map[string]string{}}
	for field, text := range map[string][]byte{
		wechatpay.FaceMerchantCertificate: shopCert, wechatpay.FacePlatformPrivate: wxPrivatePEM(t, sim.Key("wechat facade")), wechatpay.FacePlatformCertificate: platform.Certificate,
		wechatpay.FacePublicID: []byte(s.public), wechatpay.FaceAPIv3: []byte(wxAPIv3), wechatpay.FaceAPIv2: []byte(wxAPIv2),
	} {
		key.Keys[field], err = w.Vault.Seal(vault.Ref{Owner: key.MerchantID, Table: "facade_key", Column: "keys." + field, Row: key.AccountID + "/" + key.ID}, text)
		must(t, err)
	}
	must(t, w.Store.SaveFacade(ctx, s.account, key))
	w.Engine.FacadeURLs = map[string]string{wechatpay.Code: base}
	handler, err := facade.New(facade.Config{Engine: w.Engine, TokenKey: bytes.Repeat([]byte{7}, 32), Log: w.Log}, wechatpay.Code)
	must(t, err)
	s.handler = handler
	w.Net[wxFaceHost], w.Net[wxShopHost] = handler, http.HandlerFunc(s.notified)
	s.call = s.caller(t, base)
	return s
}

// caller is the call of a connector of ours that stands in for the shop's code.
func (s *wechatShop) caller(t testing.TB, base string) provider.Call {
	t.Helper()
	handles := map[string]any{}
	for field, k := range map[string]struct {
		kind provider.KeyKind
		id   string
		text []byte
	}{
		wechatpay.KeyMerchantPrivate: {provider.KeyRSAPrivate, s.serial, wxPrivatePEM(t, sim.Key("wechat shop"))},
		wechatpay.KeyMerchantSerial:  {provider.KeySecret, "", []byte(s.serial)},
		wechatpay.KeyAPIv3:           {provider.KeyAES256GCM, "", []byte(wxAPIv3)},
		wechatpay.KeyAPIv2:           {provider.KeySecret, "", []byte(wxAPIv2)},
		wechatpay.KeyPlatformPublic:  {provider.KeyRSAPublic, s.public, wxPublicPEM(t, sim.Key("wechat facade"))},
	} {
		h, err := vault.Parse(k.kind, k.id, k.text)
		must(t, err)
		handles[field] = h
	}
	return provider.Call{
		Env: provider.Env{Now: s.w.Clock.Now, Rand: s.w.Rand, HTTP: s.w.Net}, Sandbox: true, Timeout: 10 * time.Second, Keys: []provider.Generation{{ID: "gen_shop", Handles: handles}},
		Settings: map[string]string{wechatpay.SettingMchID: s.account.Number, wechatpay.SettingAppID: wxApp, wechatpay.SettingBaseURL: base},
	}
}

func (s *wechatShop) notified(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.got = append(s.got, provider.Message{Header: r.Header.Clone(), Body: body, ReceivedAt: s.w.Clock.Now()})
	w.WriteHeader(s.answer)
}

// payment is the one behind a number of the shop's.
func (s *wechatShop) payment(t testing.TB, number string) postern.Payment {
	t.Helper()
	p, err := s.w.Store.PaymentByReference(context.Background(), s.w.Merchant.ID, wechatpay.Code+":"+number)
	must(t, err)
	return p
}

// buy lets a buyer open the cashier of an order and pay by Alipay; what is due meanwhile happens.
func (s *wechatShop) buy(t testing.TB, number string) postern.Attempt {
	t.Helper()
	a := begin(t, s.w, s.payment(t, number), alipay, "native")
	approve(t, s.w, a)
	return a
}

// attempt is an order of the shop's own, as a connector writes it.
func shopAttempt(w *sim.World, number, product string, amount int64) postern.Attempt {
	return postern.Attempt{Number: number, Provider: wechatpay.Code, Product: product, Amount: amount, Currency: "CNY", CreatedAt: w.Clock.Now(), ExpiresAt: w.Clock.Now().Add(15 * time.Minute)}
}

// alipayOnlyWorld is a fresh switch whose merchant is paid by Alipay, whatever the shop's code speaks.
func alipayOnlyWorld(t testing.TB, wall func() time.Time) *sim.World {
	t.Helper()
	return build(t, sim.Options{Store: opened(t, "sqlite::memory:", store.Options{}), Seed: 1, Makers: onlyAlipayMaker(), Wall: wall})
}

// request is a signed request of the shop's code, as its SDK would send it.
func (s *wechatShop) request(t testing.TB, method, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+wxFaceHost+target, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "shop")
	r.Header.Set("Content-Type", "application/json")
	s.sign(t, r, target, body)
	return r
}

// sign signs a request over a target, which is the one that is sent or what an SDK takes for it.
func (s *wechatShop) sign(t testing.TB, r *http.Request, target, body string) {
	t.Helper()
	nonce, err := wire.NewNonce(s.w.Rand)
	must(t, err)
	auth := wire.Authorization{MchID: s.account.Number, Serial: s.serial, Timestamp: s.w.Clock.Now().Unix(), Nonce: nonce}
	text, err := wire.Authorize(auth, r.Method, target, []byte(body), s.signer())
	must(t, err)
	r.Header.Set("Authorization", text)
}

func (s *wechatShop) signer() wire.SignFunc {
	return func(m []byte) ([]byte, error) {
		d := sha256.Sum256(m)
		return rsa.SignPKCS1v15(nil, sim.Key("wechat shop"), crypto.SHA256, d[:])
	}
}

// ask sends a signed request and checks that a success is signed and an error is not.
func (s *wechatShop) ask(t testing.TB, method, target, body string) (int, string) {
	t.Helper()
	status, h, text := s.raw(t, s.request(t, method, target, body))
	s.wantSigned(t, status, h, text)
	return status, text
}

func (s *wechatShop) wantSigned(t testing.TB, status int, h http.Header, text string) {
	t.Helper()
	sig, err := wire.ReadSignature(s.w.Clock.Now(), h, []byte(text))
	if status >= 300 {
		if err == nil || h.Get(wire.HeaderSignature) != "" {
			t.Errorf("HTTP %d is signed", status)
		}
		return
	}
	if err == nil {
		err = sig.Check([]byte(text), func(m, signature []byte) error {
			return wire.VerifyRSA(&sim.Key("wechat facade").PublicKey, m, signature)
		})
	}
	if err != nil {
		t.Errorf("HTTP %d %s: %v", status, text, err)
	}
}

// scan is a code-pay order of the shop's till.
func (s *wechatShop) scan(t testing.TB, number, code string, amount int64) (int, string) {
	t.Helper()
	return s.ask(t, http.MethodPost, "/v3/pay/transactions/codepay", fmt.Sprintf(`{"appid":%q,"mchid":%q,"description":"烧饼","out_trade_no":%q,"attach":"桌 7","amount":{"total":%d,"currency":"CNY"},`+
		`"payer":{"auth_code":%q},"scene_info":{"device_id":"T1","device_ip":"127.0.0.1","store_info":{"out_id":"A1"}}}`, wxApp, s.account.Number, number, amount, code))
}

// raw sends bytes to the facade as they are and returns the answer.
func (s *wechatShop) raw(t testing.TB, r *http.Request) (int, http.Header, string) {
	t.Helper()
	res, err := s.w.Net.Do(r)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, res.Header, string(body)
}

func wxSerialOf(t testing.TB, text []byte) string {
	t.Helper()
	c, err := wire.ParseCertificatePEM(text)
	must(t, err)
	return wire.Serial(c.SerialNumber)
}
