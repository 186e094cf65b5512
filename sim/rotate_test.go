package sim_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"postern"
	"postern/engine"
	alipaybox "postern/provider/alipay/sandbox"
	"postern/provider/all"
	"postern/provider/sandboxkit"
	wechatbox "postern/provider/wechatpay/sandbox"
	"postern/recon"
	"postern/sim"
	"postern/store"
)

// rotation is a world whose two accounts get new keys while orders are in flight.
type rotation struct {
	*sim.World
	wechat *wechatbox.Sandbox
	// appKey and gateway are the very keys that the simulated Alipay holds: there a new key replaces the old one in place.
	appKey  *rsa.PublicKey
	gateway *rsa.PrivateKey
	newer   map[string]map[string][]byte // keys of the next generation by provider
	next    wechatbox.PlatformKey
}

func pemOf(t testing.TB, key *rsa.PrivateKey, public bool) []byte {
	t.Helper()
	if public {
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		must(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// reader makes recon rows of a sandbox's words.
func reader(paid, refunded map[string]bool) func([]sandboxkit.Order) []recon.Order {
	return func(rows []sandboxkit.Order) (out []recon.Order) {
		for _, row := range rows {
			o := recon.Order{Number: row.OrderNo, Amount: row.Amount, Currency: row.Currency, Paid: paid[row.Status] || len(row.Refunds) > 0}
			for _, r := range row.Refunds {
				o.Refunds = append(o.Refunds, recon.OrderRefund{Number: r.RefundNo, Amount: r.Amount, Done: refunded[r.Status]})
			}
			out = append(out, o)
		}
		return out
	}
}

// makeWechat is one merchant number with two merchant keys and two APIv3 keys, and platform certificates without the public-key mode.
func (r *rotation) makeWechat(t testing.TB) func(all.Setup) (all.Sandbox, error) {
	return func(setup all.Setup) (all.Sandbox, error) {
		now := setup.Clock.Now()
		old, next, platform := sim.Key("t4-wechat-1"), sim.Key("t4-wechat-2"), sim.Key("t4-platform-1")
		keys, err := wechatbox.PlatformKeyFor(setup.Rand, platform, now)
		must(t, err)
		r.next, err = wechatbox.PlatformKeyFor(setup.Rand, sim.Key("t4-platform-2"), now)
		must(t, err)
		account := func(key *rsa.PrivateKey) (wechatbox.Account, map[string][]byte) {
			_, serial, err := wechatbox.NewMerchantCertificate(setup.Rand, key, now, "1900000109")
			must(t, err)
			var secret [16]byte
			_, err = io.ReadFull(setup.Rand, secret[:])
			must(t, err)
			apiv3 := hex.EncodeToString(secret[:])
			return wechatbox.Account{MchID: "1900000109", AppID: "wx8888888888888888", AppSecret: apiv3, MerchantSerial: serial, MerchantPublicKey: &key.PublicKey, APIv3Key: []byte(apiv3)},
				map[string][]byte{"merchant_private_key": pemOf(t, key, false), "merchant_serial": []byte(serial), "apiv3_key": []byte(apiv3), "app_secret": []byte(apiv3)}
		}
		first, firstKeys := account(old)
		second, secondKeys := account(next)
		r.newer[wechat] = secondKeys
		r.wechat, err = wechatbox.New(wechatbox.Config{
			Accounts: []wechatbox.Account{first, second}, PlatformKeys: []wechatbox.PlatformKey{keys}, Clock: setup.Clock, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL,
		})
		must(t, err)
		return all.Sandbox{
			Code: wechat, Handler: r.wechat.Handler(), Control: r.wechat.Control(), RunDue: r.wechat.RunDue, Next: r.wechat.Next, Products: []string{"native"}, Keys: firstKeys,
			Settings: map[string]string{"mchid": "1900000109", "appid": "wx8888888888888888", "base_url": setup.BaseURL, "open_url": setup.BaseURL, "oauth_url": setup.BaseURL},
			Read:     reader(map[string]bool{"SUCCESS": true, "REFUND": true}, map[string]bool{"SUCCESS": true}),
		}, nil
	}
}

func (r *rotation) makeAlipay(t testing.TB) func(all.Setup) (all.Sandbox, error) {
	return func(setup all.Setup) (all.Sandbox, error) {
		app, gateway := sim.Key("t4-app-1"), *sim.Key("t4-gateway-1")
		public := app.PublicKey
		r.appKey, r.gateway = &public, &gateway
		r.newer[alipay] = map[string][]byte{"app_private_key": pemOf(t, sim.Key("t4-app-2"), false), "alipay_public_key": pemOf(t, sim.Key("t4-gateway-2"), true)}
		box, err := alipaybox.New(alipaybox.Config{
			Accounts:   []alipaybox.Account{{AppID: "2021000000000001", SellerID: "2088000000000001", AppPublicKey: r.appKey}},
			PrivateKey: r.gateway, Clock: setup.Clock, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL,
		})
		must(t, err)
		return all.Sandbox{
			Code: alipay, Handler: box.Handler(), Control: box.Control(), RunDue: box.RunDue, Next: box.Next, Products: []string{"native"},
			Settings: map[string]string{"app_id": "2021000000000001", "seller_id": "2088000000000001", "gateway_url": setup.BaseURL + "/gateway.do"},
			Keys:     map[string][]byte{"app_private_key": pemOf(t, app, false), "alipay_public_key": pemOf(t, &gateway, true)},
			Read:     reader(map[string]bool{"TRADE_SUCCESS": true, "TRADE_FINISHED": true}, map[string]bool{"REFUND_SUCCESS": true}),
		}, nil
	}
}

// rotate puts the new keys into force on both sides.
func (r *rotation) rotate(t *testing.T) map[string]postern.Generation {
	t.Helper()
	ctx, made := context.Background(), map[string]postern.Generation{}
	for code, keys := range r.newer {
		channel := r.Channels[code]
		g, err := r.Engine.AddGeneration(ctx, engine.NewCredentials{OwnerID: channel.CredentialOwnerID, CredentialSetID: channel.CredentialSetID, Keys: keys})
		must(t, err)
		made[code] = g
	}
	*r.appKey, *r.gateway = sim.Key("t4-app-2").PublicKey, *sim.Key("t4-gateway-2")
	r.wechat.AddPlatformKey(r.next)
	if n, err := r.Engine.RefreshTrust(ctx, r.Channels[wechat]); err != nil || n != 2 {
		t.Fatalf("%d platform certificates, %v", n, err)
	}
	must(t, r.wechat.SignWith(r.next.Serial))
	return made
}

func newRotation(t *testing.T) *rotation {
	r := &rotation{newer: map[string]map[string][]byte{}}
	r.World = build(t, sim.Options{Store: opened(t, "sqlite::memory:", store.Options{}), Seed: 4, Makers: []all.Maker{{Code: wechat, Make: r.makeWechat(t)}, {Code: alipay, Make: r.makeAlipay(t)}}})
	return r
}

// TestT4Rotation: a thousand orders are in flight at two wallets when every key changes: the merchant's at both, the APIv3 key, Alipay's own and WeChat's
// platform certificate. A quarter of them were paid before and their notifications, signed and sealed with the old keys, come after; a quarter is notified with
// the new ones; a quarter is found by polling; a quarter is never paid. All that was paid is refunded.
//
// Red without: the older generations in callFor, or the fetched trust beside them (engine/call.go), or openResource's turn through the generations
// (provider/wechatpay/notify.go).
func TestT4Rotation(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	ctx, orders := context.Background(), sized(1000, 240, 96)
	type inFlight struct {
		p postern.Payment
		a postern.Attempt
	}
	var all []inFlight
	held := keep(r.World, false)
	for i := range orders {
		p := pay(t, r.World, fmt.Sprint("T4-", i), 100)
		all = append(all, inFlight{p, begin(t, r.World, p, []string{wechat, alipay}[i%2], "native")})
		if i%8 < 2 {
			approve(t, r.World, all[i].a)
		}
	}
	for _, code := range []string{wechat, alipay} {
		r.Sandboxes[code].RunDue(ctx)
	}
	before := *held
	if len(before) != orders/4 {
		t.Fatalf("%d notifications before the rotation, want %d", len(before), orders/4)
	}
	made := r.rotate(t)
	r.Tap = nil
	for _, k := range before {
		if status, body, err := r.Send(ctx, k.id, k.message); err != nil || status != http.StatusOK || body == "fail" {
			t.Fatalf("a notification under the old keys: %d %q %v", status, body, err)
		}
	}
	for i, o := range all {
		if i%8 == 4 || i%8 == 5 { // found by polling alone
			must(t, r.Break(ctx, o.a.Provider, "notify", "drop_notification", 1))
		}
		if i%8 >= 2 && i%8 < 6 {
			approve(t, r.World, o.a)
			r.Sandboxes[o.a.Provider].RunDue(ctx)
		}
	}
	run(t, r.World, 20*time.Second)
	for i, o := range all {
		if o.a.GenerationID == made[o.a.Provider].ID {
			t.Fatal("an old order has the new generation")
		}
		if i%8 >= 6 {
			continue
		}
		wantPayment(t, r.World, o.p, postern.PaymentPaid)
		_, err := r.Engine.Refund(ctx, o.p.MerchantID, o.p.ID, engine.RefundInput{Reference: "R", Amount: 60})
		must(t, err)
	}
	p := pay(t, r.World, "T4-new", 100)
	if a := begin(t, r.World, p, wechat, "native"); a.GenerationID != made[wechat].ID {
		t.Errorf("a new order was signed with generation %s", a.GenerationID)
	}
	run(t, r.World, time.Hour)
	for i, o := range all {
		wantRotated(t, i, state(t, r.World, o.p))
	}
	agree(t, r.World)
	wantOutcomes(t, r.World, all[0].a, engine.OutcomeApplied)
}

// wantRotated checks how one order of the thousand ended.
func wantRotated(t *testing.T, i int, s postern.State) {
	t.Helper()
	switch receipt, _ := s.Applied(); {
	case i%8 >= 6 && s.Payment.Status != postern.PaymentExpired:
		t.Errorf("order %d was never paid and is %s", i, s.Payment.Status)
	case i%8 < 6 && receipt.Refunded != 60:
		t.Errorf("order %d: %d was refunded", i, receipt.Refunded)
	}
}

// wantOutcomes checks what became of the first notification of an attempt.
func wantOutcomes(t *testing.T, w *sim.World, a postern.Attempt, want string) {
	t.Helper()
	rows, err := w.Store.Notifications(context.Background(), a.MerchantID, a.ID)
	must(t, err)
	if len(rows) == 0 || rows[0].Outcome != want {
		t.Errorf("the notifications are %+v, want the first %s", rows, want)
	}
}
