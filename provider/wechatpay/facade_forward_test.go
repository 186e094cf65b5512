package wechatpay

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// TestV2IsHandedOn: queries, refunds and closes of API v2 go to WeChat under the former number, signed in the way that the shop's code chose, and come back under the issued
// number without a signature. An order is never begun, and an answer that nobody signed is none.
func TestV2IsHandedOn(t *testing.T) {
	const issued = "1912345678"
	for _, kind := range []string{wire.SignMD5, wire.SignHMAC} {
		r := old(t, kind)
		r.scan("code000001", r.code(false))
		ask := func(path string, f wire.Fields) (wire.Fields, error) {
			f["mch_id"], f["appid"], f["nonce_str"] = issued, testAppID, "nonce"
			f.Sign(kind, []byte("the issued account's key"))
			said, err := New().Forward(ctx, r.call, provider.ForwardRequest{Method: http.MethodPost, Target: path, Body: f.XML("xml")})
			if err != nil {
				return nil, err
			}
			out, err := wire.ParseXML(said.Body, "xml")
			if err == nil && (out["mch_id"] != issued || out["sign"] != "") {
				t.Errorf("%s: the answer is under the number %s, signed %q", path, out["mch_id"], out["sign"])
			}
			return out, err
		}
		if f, err := ask(wire.V2Query, wire.Fields{"out_trade_no": "code000001"}); err != nil || f["trade_state"] != "SUCCESS" || f["total_fee"] != "6800" {
			t.Errorf("%s: the query: %v, %v", kind, f, err)
		}
		if f, err := ask(wire.V2Close, wire.Fields{"out_trade_no": "code000001"}); err != nil || f["err_code"] != "ORDERPAID" {
			t.Errorf("%s: the close: %v, %v", kind, f, err)
		}
		if f, err := ask(wire.V2Refund, wire.Fields{"out_trade_no": "code000001", "out_refund_no": "refund0001", "total_fee": "6800", "refund_fee": "2000"}); err != nil || f["refund_fee"] != "2000" {
			t.Errorf("%s: the refund: %v, %v", kind, f, err)
		}
		r.run(2 * time.Second)
		if f, err := ask(wire.V2RefundQuery, wire.Fields{"out_refund_no": "refund0001"}); err != nil || f["refund_status_0"] != "SUCCESS" {
			t.Errorf("%s: the refund's query: %v, %v", kind, f, err)
		}
		if f, err := ask(wire.V2Query, wire.Fields{"out_trade_no": "nowhere0001"}); err != nil || f["err_code"] != "ORDERNOTEXIST" {
			t.Errorf("%s: an unknown order: %v, %v", kind, f, err)
		}
		for _, path := range []string{wire.V2Unified, wire.V2MicroPay} {
			if f, err := ask(path, wire.Fields{"out_trade_no": "fresh00001"}); err == nil {
				t.Errorf("%s was handed on: %v", path, f)
			}
		}
		for name, text := range map[string]string{"unsigned": "<xml><return_code>SUCCESS</return_code></xml>", "not understood": "<xml><return_code>FAIL</return_code></xml>", "a web page": "<html>502</html>"} {
			r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
				rec.Body.Reset()
				rec.Body.WriteString(text)
			}
			if f, err := ask(wire.V2Query, wire.Fields{"out_trade_no": "code000001"}); err == nil {
				t.Errorf("%s: %v", name, f)
			}
		}
		r.edit = nil
		delete(r.call.Keys[0].Handles, KeyAPIv2)
		if f, err := ask(wire.V2Query, wire.Fields{"out_trade_no": "code000001"}); err == nil {
			t.Errorf("without the former key: %v", f)
		}
	}
}
