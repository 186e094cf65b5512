package sim_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
	wechatbox "postern/provider/wechatpay/sandbox"
	"postern/sim"
	"postern/store"
)

// twoAccounts is a WeChat Pay with two merchant numbers, and what a channel over the second needs.
type twoAccounts struct {
	settings map[string]string
	keys     map[string][]byte
}

// merchantAccounts makes accounts at the simulated WeChat Pay, each with what a channel over it needs.
type merchantAccounts struct {
	t     testing.TB
	setup all.Setup
}

func (m merchantAccounts) account(mchID, appID, key string) (wechatbox.Account, map[string]string, map[string][]byte) {
	_, serial, err := wechatbox.NewMerchantCertificate(m.setup.Rand, sim.Key(key), m.setup.Clock.Now(), mchID)
	must(m.t, err)
	secret := make([]byte, 16)
	_, err = io.ReadFull(m.setup.Rand, secret)
	must(m.t, err)
	apiv3, base := fmt.Sprintf("%x", secret), m.setup.BaseURL
	return wechatbox.Account{MchID: mchID, AppID: appID, AppSecret: apiv3, MerchantSerial: serial, MerchantPublicKey: &sim.Key(key).PublicKey, APIv3Key: []byte(apiv3)},
		map[string]string{"mchid": mchID, "appid": appID, "base_url": base, "open_url": base, "oauth_url": base},
		map[string][]byte{"merchant_private_key": pemOf(m.t, sim.Key(key), false), "merchant_serial": []byte(serial), "apiv3_key": []byte(apiv3), "app_secret": []byte(apiv3)}
}

func (a *twoAccounts) make(t testing.TB) func(all.Setup) (all.Sandbox, error) {
	return func(setup all.Setup) (all.Sandbox, error) {
		platform, err := wechatbox.PlatformKeyFor(setup.Rand, sim.Key("t4-platform-1"), setup.Clock.Now())
		must(t, err)
		m := merchantAccounts{t: t, setup: setup}
		first, settings, keys := m.account("1900000109", "wx8888888888888888", "t4-wechat-1")
		second, settings2, keys2 := m.account("1900000110", "wx9999999999999999", "t4-wechat-2")
		a.settings, a.keys = settings2, keys2
		box, err := wechatbox.New(wechatbox.Config{
			Accounts: []wechatbox.Account{first, second}, PlatformKeys: []wechatbox.PlatformKey{platform}, Clock: setup.Clock, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL,
		})
		must(t, err)
		return all.Sandbox{
			Code: wechat, Handler: box.Handler(), Control: box.Control(), RunDue: box.RunDue, Next: box.Next, Products: []string{"native"}, Keys: keys, Settings: settings,
			Read: reader(map[string]bool{"SUCCESS": true, "REFUND": true}, map[string]bool{"SUCCESS": true}),
		}, nil
	}
}

// TestABannedAccountIsReplaced: a thousand orders are in flight over an account when it is lost and another takes its place. New orders go over the new one at once. Of the
// old ones a quarter was paid before and is told of after, a quarter is told of later, a quarter is found by polling and a quarter is never paid and closed: none is
// lost, all that was paid is refunded over the account that took it, and only then can the old channel be retired.
//
// Red without: the poll of orders whose channel may not pay (engine/poll.go), the withdrawal in ReplaceChannel (engine/channel.go), or what is under way in
// RetireChannel.
func TestABannedAccountIsReplaced(t *testing.T) {
	t.Parallel()
	ctx, n := context.Background(), sized(1000, 240, 80)
	var second twoAccounts
	w := build(t, sim.Options{Seed: 7, Store: opened(t, "sqlite::memory:", store.Options{}), Makers: []all.Maker{{Code: wechat, Make: second.make(t)}}})
	old := w.Channels[wechat]
	held := keep(w, false)
	var payments []postern.Payment
	var attempts []postern.Attempt
	for i := range n {
		w.Clock.Advance(2 * time.Millisecond) // the provider takes 600 orders a second
		p := pay(t, w, fmt.Sprint("B-", i), 100)
		payments, attempts = append(payments, p), append(attempts, begin(t, w, p, wechat, "native"))
		if i%8 < 2 {
			approve(t, w, attempts[i])
		}
	}
	w.Sandboxes[wechat].RunDue(ctx)
	before := *held
	w.Tap = nil
	c, err := w.Engine.ReplaceChannel(ctx, w.Merchant.ID, old.ID, engine.NewChannel{Merchant: w.Merchant, OwnerID: w.Merchant.ID, Settings: second.settings, Keys: second.keys, Sandbox: true})
	must(t, err)
	_, err = w.Engine.RefreshTrust(ctx, c)
	must(t, err)
	if _, err := w.Engine.ReplaceChannel(ctx, w.Merchant.ID, old.ID, engine.NewChannel{Merchant: w.Merchant, OwnerID: w.Merchant.ID}); postern.CodeOf(err) != postern.CodeConflict {
		t.Errorf("replaced twice: %v", err)
	}
	fresh := pay(t, w, "B-new", 100)
	if a := begin(t, w, fresh, wechat, "native"); a.ChannelID != c.ID {
		t.Errorf("a new order went over %s", a.ChannelID)
	}
	goOn(t, w, before, attempts)
	if _, err := w.Engine.RetireChannel(ctx, w.Merchant.ID, old.ID); postern.CodeOf(err) != postern.CodeConflict {
		t.Errorf("retired with orders in flight: %v", err)
	}
	run(t, w, 20*time.Second)
	for i, p := range payments {
		if i%8 < 6 {
			wantPayment(t, w, p, postern.PaymentPaid)
			_, err := w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "R", Amount: 60})
			must(t, err)
		}
	}
	run(t, w, time.Hour)
	for i, p := range payments {
		s := state(t, w, p)
		wantRotated(t, i, s)
		if r, ok := s.Applied(); ok && r.ChannelID != old.ID {
			t.Errorf("order %d was booked over %s", i, r.ChannelID)
		}
	}
	agree(t, w)
	if _, err := w.Engine.RetireChannel(ctx, w.Merchant.ID, old.ID); err != nil {
		t.Errorf("nothing is under way, and it cannot be retired: %v", err)
	}
	if told(t, w, w.Merchant.ID, postern.EventChannelReplaced) != 1 {
		t.Error("nobody was told of the replacement")
	}
}

// goOn delivers the notifications that were on their way, lets the buyers of half the orders pay, and loses every notification of every other one of these.
func goOn(t *testing.T, w *sim.World, before []kept, attempts []postern.Attempt) {
	t.Helper()
	ctx, lost := context.Background(), map[string]bool{}
	for _, k := range before {
		if status, body, err := w.Send(ctx, k.id, k.message); err != nil || status != http.StatusOK {
			t.Fatalf("a notification from before: %d %q %v", status, body, err)
		}
	}
	w.Tap = func(id string, _ provider.Message) bool { return !lost[id] }
	for i, a := range attempts {
		if i%8 == 4 || i%8 == 5 { // found by polling alone
			lost[postern.CallbackID(a.MerchantID, a.ID)] = true
		}
		if i%8 >= 2 && i%8 < 6 {
			approve(t, w, a)
			w.Sandboxes[a.Provider].RunDue(ctx)
		}
	}
}
