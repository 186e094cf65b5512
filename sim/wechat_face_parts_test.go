package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/provider/wechatpay"
	"postern/provider/wechatpay/wire"
)

// listen keeps the bodies of what is sent to WeChat's address of orders for pages and mini programs.
func (s *relayShop) listen(t testing.TB, kind string) *[]map[string]json.RawMessage {
	t.Helper()
	u, err := url.Parse(s.Sandboxes[wechat].Settings[wechatpay.SettingBaseURL])
	must(t, err)
	bodies, inner := &[]map[string]json.RawMessage{}, s.Net[u.Host]
	s.Net[u.Host] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		if strings.HasSuffix(r.URL.Path, "/transactions/"+kind) {
			var m map[string]json.RawMessage
			must(t, json.Unmarshal(raw, &m))
			*bodies = append(*bodies, m)
		}
		r.Body = io.NopCloser(bytes.NewReader(raw))
		inner.ServeHTTP(w, r)
	})
	return bodies
}

// ask sends an order as the shop's own code wrote it, signed with the key that it has at WeChat.
func (s *relayShop) ask(t testing.TB, kind, body string) (int, string) {
	t.Helper()
	target := "/v3/pay/transactions/" + kind
	signer, err := s.call.Keys[0].Signer(wechatpay.KeyMerchantPrivate)
	must(t, err)
	nonce, err := wire.NewNonce(s.Rand)
	must(t, err)
	auth := wire.Authorization{MchID: s.account.Number, Serial: signer.KeyID(), Timestamp: s.Clock.Now().Unix(), Nonce: nonce}
	text, err := wire.Authorize(auth, http.MethodPost, target, []byte(body), func(m []byte) ([]byte, error) { return signer.Sign(provider.RSASHA256, m) })
	must(t, err)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+wxFaceHost+target, strings.NewReader(body))
	must(t, err)
	for name, value := range map[string]string{"Authorization": text, "Accept": "application/json", "User-Agent": "shop", "Content-Type": "application/json"} {
		r.Header.Set(name, value)
	}
	res, err := s.Net.Do(r)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, string(raw)
}

// relayParts are the fields of an order that the switch gives no meaning to; WeChat does.
const relayParts = `"attach":"{\"桌\":7}","goods_tag":"WXG","limit_pay":["no_credit"],"support_fapiao":true,"settle_info":{"profit_sharing":true},` +
	`"detail":{"cost_price":6900,"invoice_id":"微信123","goods_detail":[{"merchant_goods_id":"1246464644","wechatpay_goods_id":"1001","goods_name":"烧饼 <8>","quantity":1,"unit_price":6800}]},` +
	`"scene_info":{"payer_client_ip":"203.0.113.7","device_id":"013467007045764","store_info":{"id":"0001","name":"腾讯大厦分店","area_code":"440305","address":"广东省深圳市"}}`

// TestFacadeRelaysEveryPart: what an order for WeChat itself says beside its amount goes on to WeChat as it came, for pages and for apps. Wrong types are refused here, and what WeChat
// does not take it refuses in its own words.
//
// Red without: Fields in callStart (engine), support_fapiao or scene_info in relayedOrder, parts in read.
func TestFacadeRelaysEveryPart(t *testing.T) {
	s := openRelayShop(t, twoWallets(t), false)
	app := s.Sandboxes[wechat].Settings[wechatpay.SettingAppID]
	ends := wire.FormatTime(s.Clock.Now().Add(5 * time.Minute))
	body := func(kind, number, more string) string {
		payer := map[string]string{"jsapi": fmt.Sprintf(`,"payer":{"openid":%q}`, s.openID)}[kind]
		return fmt.Sprintf(`{"appid":%q,"mchid":%q,"description":"烧饼","out_trade_no":%q,"time_expire":%q,"notify_url":%q,"amount":{"total":6800,"currency":"CNY"}%s,%s}`, app, s.account.Number, number, ends, wxShopAddr, payer, more)
	}
	var want map[string]json.RawMessage
	must(t, json.Unmarshal([]byte("{"+relayParts+"}"), &want))
	for _, kind := range []string{"jsapi", "app"} {
		sent := s.listen(t, kind)
		for range 2 { // the second is answered with what the first was
			if status, text := s.ask(t, kind, body(kind, "parts_"+kind, relayParts)); status != http.StatusOK || !strings.Contains(text, `"prepay_id":"wx`) {
				t.Fatalf("%s: HTTP %d %s", kind, status, text)
			}
		}
		if len(*sent) != 1 {
			t.Fatalf("%s: %d orders went on", kind, len(*sent))
		}
		got := (*sent)[0]
		for name, value := range want {
			if string(got[name]) != string(value) {
				t.Errorf("%s: %s went on as %s", kind, name, got[name])
			}
		}
		if string(got["time_expire"]) != fmt.Sprintf("%q", ends) {
			t.Errorf("%s: time_expire went on as %s, want %s", kind, got["time_expire"], ends)
		}
		if status, text := s.ask(t, kind, body(kind, "parts_"+kind, strings.Replace(relayParts, "WXG", "other", 1))); status != http.StatusBadRequest || !strings.Contains(text, "INVALID_REQUEST") {
			t.Errorf("%s: another goods_tag: HTTP %d %s", kind, status, text)
		}
		for field, wrong := range map[string]string{"limit_pay": `"limit_pay":"no_credit"`, "support_fapiao": `"support_fapiao":"yes"`, "settle_info": `"settle_info":{"profit_sharing":"Y"}`, "scene_info": `"scene_info":[]`, "detail": `"detail":[]`} {
			if status, text := s.ask(t, kind, body(kind, "parts_wrong_"+kind, wrong)); status != http.StatusBadRequest || !strings.Contains(text, `"field":"/`+field) {
				t.Errorf("%s: %s: HTTP %d %s", kind, wrong, status, text)
			}
		}
		if status, text := s.ask(t, kind, body(kind, "parts_plain_"+kind, `"attach":"a"`)); status != http.StatusOK {
			t.Errorf("%s: without parts: HTTP %d %s", kind, status, text)
		}
		plain := (*sent)[len(*sent)-1]
		for name := range want {
			if _, there := plain[name]; there && name != "attach" {
				t.Errorf("%s: nobody said %s, and %s went on", kind, name, plain[name])
			}
		}
		paid := s.payment(t, "parts_"+kind)
		approve(t, s.World, paid.Attempts[0])
		run(t, s.World, 10*time.Second)
		wantPayment(t, s.World, paid.Payment, postern.PaymentPaid)
	}
	agree(t, s.World)
}

// TestFacadeRelaysMiniProgram: a shop whose account at WeChat has one appid for pages and another for its mini program. The mini program's orders are begun as such, under its appid,
// and the shop's code is told who paid.
//
// Red without: ProductMini in relayedAs.
func TestFacadeRelaysMiniProgram(t *testing.T) {
	ctx, w := context.Background(), twoWallets(t)
	s := openRelayShop(t, w, false)
	mini := w.Sandboxes[wechat].Settings[wechatpay.SettingAppID] // the one that the simulator knows
	settings := maps.Clone(w.Sandboxes[wechat].Settings)
	settings[wechatpay.SettingAppID], settings[wechatpay.SettingMiniApp] = "wx00000000000page0", mini
	channel, err := w.Engine.AddChannel(ctx, engine.NewChannel{Merchant: w.Merchant, OwnerID: w.Merchant.ID, Provider: wechat, Sandbox: true, Settings: settings, Keys: w.Sandboxes[wechat].Keys, Products: []string{"jsapi", "mini"}, Rank: 9})
	must(t, err)
	saved, err := w.Store.Facade(ctx, w.Merchant.ID, s.account.ID)
	must(t, err)
	saved.FormerChannelID = channel.ID
	must(t, w.Store.SaveFacade(ctx, saved))
	w.Clock.Advance(6 * time.Second)
	a, r := s.order("relay_mini_1", "mini")
	if r.State != provider.Pending || r.Opaque == "" {
		t.Fatalf("%s %s %s", r.State, r.Code, r.Message)
	}
	p := s.payment(t, a.Number)
	if len(p.Attempts) != 1 || p.Attempts[0].Product != "mini" || p.Attempts[0].ChannelID != channel.ID {
		t.Fatalf("the attempts are %+v", p.Attempts)
	}
	s.call.Settings[wechatpay.SettingAppID] = "wx00000000000page0" // a page's order of the same account is WeChat's to judge: the openid is the mini program's
	if _, r := s.order("relay_mini_2", "jsapi"); r.State == provider.Pending {
		t.Errorf("a page with the mini program's openid: %s", r.State)
	}
	s.call.Settings[wechatpay.SettingAppID] = mini
	approve(t, w, p.Attempts[0])
	run(t, w, 10*time.Second)
	read := s.c.Query(ctx, s.call, a)
	if read.State != provider.Paid || read.Money.PayerID != s.openID || len(s.got) != 1 {
		t.Errorf("the query says %s %+v, %d notices", read.State, read.Money, len(s.got))
	}
	agree(t, w)
}
