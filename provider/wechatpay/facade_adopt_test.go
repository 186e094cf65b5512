package wechatpay

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"postern/provider/wechatpay/wire"
)

// TestCoversIsTheTable: what is dispatched is covered, what is not is answered as without permission, and no name has a number in it.
func TestCoversIsTheTable(t *testing.T) {
	c := Connector{}
	base := wire.OrdersBase(false)
	for target, old := range map[string]bool{
		"POST " + base + "/native": false, "POST " + base + "/h5": false, "POST " + base + "/codepay": false, "GET " + base + "/out-trade-no/ABC-1?mchid=1900000109": true,
		"GET " + base + "/id/4200001": true, "POST " + base + "/out-trade-no/ABC-1/close": true, "POST " + base + "/out-trade-no/ABC-1/reverse": false, "POST " + wire.PathRefunds: true,
		"GET " + wire.PathRefunds + "/R-1": true, "GET " + wire.PathCertificates: false, "GET " + wire.PathTradeBill + "?bill_date=2026-11-01": false, "GET " + wire.PathFundFlowBill: false,
	} {
		method, path, _ := strings.Cut(target, " ")
		if got, ok := c.Covers(method, path, nil); !ok || !got.Covered || got.PassesOn != old || strings.Contains(got.Name, "ABC") || strings.Contains(got.Name, "R-1") {
			t.Errorf("%s: %+v", target, got)
		}
	}
	for path := range v2Routes {
		kind := "<xml><trade_type>NATIVE</trade_type></xml>"
		if got, ok := c.Covers(http.MethodPost, path, []byte(kind)); !ok || !got.Covered || got.PassesOn != slices.Contains(v2Forwardable, path) {
			t.Errorf("%s: %+v", path, got)
		}
		if got, _ := c.Covers(http.MethodPost, path, []byte("<xml><trade_type>NATIVE</trade_type><sub_mch_id>1</sub_mch_id></xml>")); got.Covered {
			t.Errorf("%s for a sub-merchant: %+v", path, got)
		}
	}
	for target, body := range map[string]string{
		"POST /v3/profitsharing/orders/P20150806125346": "", "GET " + base + "/native": "",
		"POST /mmpaymkttransfers/sendredpack": "", "POST " + wire.V2Unified: "<xml><trade_type>JSAPI</trade_type></xml>", "POST /v3/pay/partner/transactions/native": "",
		"GET /v3/marketing/favor/users/oUpF8uMuAJO_M2pxb1Q9zNjWeS6o/coupons": "",
	} {
		method, path, _ := strings.Cut(target, " ")
		got, ok := c.Covers(method, path, []byte(body))
		if !ok || got.Covered || got.Unsure || strings.Contains(got.Name, "P2015") || strings.Contains(got.Name, "oUpF") {
			t.Errorf("%s: %+v", target, got)
		}
	}
	for _, kind := range []string{"/jsapi", "/app"} {
		if got, ok := c.Covers(http.MethodPost, base+kind, nil); !ok || got.Covered || got.Unsure || !got.Depends {
			t.Errorf("%s depends on the account: %+v", kind, got)
		}
	}
	if got, ok := c.Covers(http.MethodPost, wire.V2Unified, nil); !ok || got.Covered || !got.Unsure {
		t.Errorf("an order without its body: %+v", got)
	}
	for _, path := range []string{"/", "/sns/oauth2/access_token", "no path"} {
		if got, ok := c.Covers(http.MethodGet, path, nil); ok {
			t.Errorf("%s is a call: %+v", path, got)
		}
	}
}
