package wechatpay

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// FuzzFaceOrder: whatever stands in an order's body, it is read as an order of this merchant's within the documented bounds, or refused as WeChat refuses.
func FuzzFaceOrder(f *testing.F) {
	good := `{"appid":"wx1","mchid":"1900009191","description":"茶","out_trade_no":"order_0001","notify_url":"https://shop.example/n","amount":{"total":1}}`
	f.Add(good)
	f.Add(strings.Replace(good, `"amount"`, `"scene_info":null,"detail":{"goods_detail":[{"merchant_goods_id":"a","quantity":1,"unit_price":1}]},"amount"`, 1))
	f.Add(strings.Replace(good, `"amount"`, `"payer":{"auth_code":"134567890123456789"},"scene_info":{"store_info":{"id":"1"}},"amount"`, 1))
	f.Add(`{"scene_info":[[[[]]]],"mchid":"1900009191"}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, product := range []string{ProductNative, ProductH5, ProductCode} {
			c := &faceCall{Request: httptest.NewRequest(http.MethodPost, "/", nil), account: provider.FaceAccount{Number: "1900009191", Live: true, Now: epoch}, body: []byte(body)}
			o, code, bad := c.read(product)
			if bad != nil {
				if bad.status < 400 || bad.status > 499 || bad.code == "" {
					t.Fatalf("%s: refused with %+v", body, bad)
				}
				continue
			}
			if !wire.ValidOutTradeNo(o.Number) || o.Amount < 1 || o.Currency != currency || o.Subject == "" || o.Fingerprint == "" || (product == ProductCode) != (code != "") {
				t.Fatalf("%s: read as %+v", body, o)
			}
		}
	})
}
