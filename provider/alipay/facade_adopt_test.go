package alipay

import (
	"net/http"
	"strings"
	"testing"

	"postern/provider/alipay/wire"
)

// TestCoversIsTheTable: every method that is dispatched is covered, in whichever place a client puts its name, and nothing else is.
func TestCoversIsTheTable(t *testing.T) {
	c := New()
	for name, m := range faceMethods {
		for where, call := range map[string]struct{ target, body string }{
			"query": {wire.GatewayPath + "?method=" + name + "&charset=utf-8&sign_type=RSA2", ""}, "form": {wire.GatewayPath, "method=" + name + "&biz_content=%7B%7D"},
		} {
			if got, ok := c.Covers(http.MethodPost, call.target, []byte(call.body)); !ok || !got.Covered || got.Name != name || got.PassesOn != m.forwards || got.Unsure {
				t.Errorf("%s in the %s: %+v", name, where, got)
			}
		}
		method := http.MethodPost
		if wire.V3Get(name) {
			method = http.MethodGet
		}
		got, ok := c.Covers(method, wire.V3Path(name), nil)
		if served := m.api != nil && name != wire.MethodCertificate; !ok || got.Covered != served {
			t.Errorf("v3 %s: %+v", name, got)
		}
		if got, _ := c.Covers(http.MethodDelete, wire.V3Path(name), nil); got.Covered && wire.V3Get(name) {
			t.Errorf("v3 DELETE %s: %+v", name, got)
		}
	}
	for _, target := range []string{
		"?method=alipay.fund.trans.uni.transfer", "?method=alipay.trade.query&app_auth_token=201511BBaaa", "?method=alipay.trade.query&charset=big5", "?method=alipay.trade.query&sign_type=SM2",
		"?method=13800138000",
	} {
		got, ok := c.Covers(http.MethodPost, wire.GatewayPath+target, nil)
		if !ok || got.Covered || got.Unsure || strings.Contains(got.Name, "201511BB") || strings.Contains(got.Name, "1380013") {
			t.Errorf("%s: %+v", target, got)
		}
	}
	if got, ok := c.Covers(http.MethodPost, wire.GatewayPath+"?charset=GBK", []byte("method=alipay.trade.query&biz_content=%C1%FA&cut=%")); !ok || !got.Covered {
		t.Errorf("GBK: %+v", got)
	}
	if got, ok := c.Covers(http.MethodPost, wire.GatewayPath, []byte("%%%")); !ok || !got.Unsure || got.Covered {
		t.Errorf("without a method: %+v", got)
	}
	for _, target := range []string{"/", "/v3/pay/transactions/native", "no path"} {
		if got, ok := c.Covers(http.MethodGet, target, nil); ok {
			t.Errorf("%s is a call: %+v", target, got)
		}
	}
}
