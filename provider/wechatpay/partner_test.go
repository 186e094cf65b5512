package wechatpay

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
)

const (
	testSub     = "1900000111"
	testOther   = "1900000112"
	testSubApp  = "wx7777777777777777"
	testMiniApp = "wx6666666666666666"
)

// partners makes the rig's account a service provider's with two sub-merchants; the first has two appids of its own.
func partners(c *sandbox.Config) {
	c.Accounts[0].Subs = []sandbox.SubMerchant{
		{MchID: testSub, Name: "烧饼铺", Apps: []sandbox.App{{AppID: testSubApp, Secret: "sub-secret"}, {AppID: testMiniApp}}},
		{MchID: testOther, Name: "茶铺"},
	}
}

// partnered is a rig that acts for the first sub-merchant.
func partnered(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, partners)
	r.call.SubMerchant = testSub
	return r
}

// open hands an action's params to the simulated wallet.
func (r *rig) open(params map[string]string) (string, int) {
	r.t.Helper()
	body, _ := json.Marshal(map[string]any{"params": params})
	req, _ := http.NewRequest("POST", "http://control/app", bytes.NewReader(body))
	res, err := sandboxkit.Local{"control": r.s.Control()}.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	var out struct {
		No string `json:"order_no"`
	}
	_ = json.NewDecoder(res.Body).Decode(&out) // an error has no number
	return out.No, res.StatusCode
}

// TestAppAndMini: the params of both open the wallet, and no changed one does.
func TestAppAndMini(t *testing.T) {
	r := newRig(t, nil)
	for product, want := range map[string]struct {
		action postern.ActionType
		fields string
	}{
		ProductApp:  {postern.ActionApp, "appid noncestr package partnerid prepayid sign timestamp"},
		ProductMini: {postern.ActionMini, "nonceStr package paySign signType timeStamp"},
	} {
		got := r.start(product, product+"0000001")
		if got.State != provider.Pending || got.Action.Type != want.action || len(got.Action.Params) != len(strings.Fields(want.fields)) {
			t.Fatalf("%s: %+v", product, got)
		}
		if no, status := r.open(got.Action.Params); status != http.StatusOK || no != product+"0000001" {
			t.Errorf("%s: the wallet says %d %s", product, status, no)
		}
		for _, field := range strings.Fields(want.fields) {
			changed := maps.Clone(got.Action.Params)
			changed[field] = flip(changed[field])
			if _, status := r.open(changed); status == http.StatusOK {
				t.Errorf("%s: the wallet opens with another %s", product, field)
			}
		}
	}
}

// flip changes the middle character of a text.
func flip(s string) string {
	b := []byte(s)
	b[len(b)/2] ^= 1
	return string(b)
}

// TestPartnerOrders: whose order, under which appid, for whom: what a partner's orders say, product by product.
func TestPartnerOrders(t *testing.T) {
	r := partnered(t)
	ask := func(settings map[string]string, product string) string {
		call := r.call
		call.Settings = maps.Clone(call.Settings)
		maps.Copy(call.Settings, settings)
		start := r.request(product, "order00001")
		start.ProfitSharing = true
		raw, err := wire.Encode(orderOf(call, start))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	sp := `{"sp_appid":"` + testAppID + `","sp_mchid":"` + testMchID + `",`
	for name, c := range map[string]struct {
		settings map[string]string
		product  string
		want     []string
	}{
		"sp openid":  {nil, ProductJSAPI, []string{sp + `"sub_mchid":"` + testSub + `"`, `"payer":{"sp_openid":`, `"settle_info":{"profit_sharing":true}`}},
		"sub openid": {map[string]string{SettingSubApp: testSubApp}, ProductJSAPI, []string{sp + `"sub_appid":"` + testSubApp + `"`, `"payer":{"sub_openid":`}},
		"mini":       {map[string]string{SettingSubApp: testSubApp, SettingMiniApp: testMiniApp}, ProductMini, []string{`"sub_appid":"` + testMiniApp + `"`, `"payer":{"sub_openid":`}},
		"native":     {map[string]string{SettingPartner: "yes"}, ProductNative, []string{sp}},
	} {
		for _, want := range c.want {
			if got := ask(c.settings, c.product); !strings.Contains(got, want) {
				t.Errorf("%s: %s is not in %s", name, want, got)
			}
		}
	}
}

// TestPartnerAnswersAboutOthers (F9 of the failure catalogue, F16): an answer or a notification that names another sub-merchant is not this attempt's.
func TestPartnerAnswersAboutOthers(t *testing.T) {
	r := partnered(t)
	r.paid("order00001")
	if len(r.received) != 1 {
		t.Fatalf("%d notifications", len(r.received))
	}
	if n, err := read(r, "order00001", r.received[0]); err != nil || !n.SettingsMatch || n.Account != testSub || n.Money == nil {
		t.Errorf("%+v %v", n, err)
	}
	other := r.call
	other.SubMerchant = testOther
	verified, err := New().ReadNotification(other, attempt(ProductNative, "order00001"), r.received[0])
	if n, _ := verified.Notice(); err != nil || n.SettingsMatch {
		t.Errorf("another sub-merchant takes the notification for its own: %+v %v", n, err)
	}
	if got := New().Query(ctx, other, attempt(ProductNative, "order00001")); got.State != provider.Absent {
		t.Errorf("another sub-merchant sees the order: %+v", got)
	}
	foreign := r.call
	foreign.SubMerchant = "1900000999"
	if got := New().Start(ctx, foreign, r.request(ProductNative, "order00002")); got.State != provider.Failed || got.Class != provider.ClassClosed {
		t.Errorf("a merchant that is not the partner's: %+v", got)
	}
}

// TestPartnerRefunds: a refund names the sub-merchant, and so does its query and its notification.
func TestPartnerRefunds(t *testing.T) {
	r := partnered(t)
	back := r.refundOf(r.paid("order00001"), "order00001", "refund0001", 100)
	if got := New().Refund(ctx, r.call, back); got.State != provider.RefundPending || !strings.Contains(got.Exchange.Request, `"sub_mchid":"`+testSub+`"`) {
		t.Fatalf("%+v", got)
	}
	r.run(2e9)
	if got := New().QueryRefund(ctx, r.call, back); got.State != provider.RefundDone || got.Amount != 100 {
		t.Errorf("%+v", got)
	}
	if n, err := read(r, "order00001", r.received[len(r.received)-1]); err != nil || !n.SettingsMatch || n.RefundState != provider.RefundDone {
		t.Errorf("%+v %v", n, err)
	}
	r.call.SubMerchant = testOther
	if got := New().QueryRefund(ctx, r.call, back); got.State != provider.RefundAbsent {
		t.Errorf("another sub-merchant: %+v", got)
	}
}
