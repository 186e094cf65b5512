package sandbox

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/provider/wechatpay/wire"
)

// v2 signs and sends a message of API v2 and returns the answer, whose signature must be good where there is one.
func (sh *shop) v2(path string, f wire.Fields, key string) wire.Fields {
	sh.t.Helper()
	f["appid"], f["mch_id"], f["nonce_str"] = appID, mchID, "593BEC0C930BF1AFEB40B4A08C8FB242"
	f.Sign(wire.SignMD5, []byte(key))
	res, err := http.Post(sh.server.URL+path, "text/xml", strings.NewReader(string(f.XML("xml"))))
	if err != nil {
		sh.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := wire.ReadBody(res.Body)
	if err != nil {
		sh.t.Fatal(err)
	}
	out, err := wire.ParseXML(raw, "xml")
	if err != nil || out["return_code"] == wire.V2Success && out.Verify([]byte(keyV2)) != nil {
		sh.t.Fatalf("%s: %v", raw, err)
	}
	return out
}

// TestV2RefundIsNotified: encrypted and not signed, until the answer is XML that says SUCCESS: a bare 200 does not do in v2.
func TestV2RefundIsNotified(t *testing.T) {
	sh := open(t, func(c *Config) { c.Accounts[0].APIKeyV2 = []byte(keyV2) })
	code, err := controlBook{sh.s}.ShowCode("", false)
	if err != nil {
		t.Fatal(err)
	}
	paid := sh.v2(wire.V2MicroPay, wire.Fields{"body": "茶", "out_trade_no": "code000001", "total_fee": "6800", "spbill_create_ip": "127.0.0.1", "auth_code": code}, keyV2)
	if paid["result_code"] != wire.V2Success || paid["transaction_id"] == "" || paid["total_fee"] != "6800" {
		t.Fatalf("%v", paid)
	}
	back := sh.v2(wire.V2Refund, wire.Fields{"out_trade_no": "code000001", "out_refund_no": "refund0001", "total_fee": "6800", "refund_fee": "100", "notify_url": sh.server.URL + "/notify"}, keyV2)
	if back["result_code"] != wire.V2Success || back["refund_id"] == "" {
		t.Fatalf("%v", back)
	}
	sh.run(2 * time.Second)
	sh.run(time.Minute)
	if len(sh.received) < 2 {
		t.Fatalf("%d deliveries: a shop that does not answer in v2's words is told again", len(sh.received))
	}
	n, err := wire.ReadV2Notice(sh.received[0].body, []byte(keyV2))
	if err != nil || n.OutRefundNo != "refund0001" || n.Code != "SUCCESS" || n.Paid != nil || n.MchID != mchID {
		t.Errorf("%+v %v", n, err)
	}
	if n, err := wire.ReadV2Notice(sh.received[0].body, []byte("another")); err == nil {
		t.Errorf("with another key: %+v", n)
	}
}

// TestV2Refusals: a message that is not understood, or not signed, changes nothing; refusals of the business are signed.
func TestV2Refusals(t *testing.T) {
	sh := open(t, func(c *Config) { c.Accounts[0].APIKeyV2 = []byte(keyV2) })
	if got := sh.v2(wire.V2Query, wire.Fields{"out_trade_no": "nobody"}, keyV2); got["err_code"] != "ORDERNOTEXIST" || got["return_code"] != wire.V2Success {
		t.Errorf("%v", got)
	}
	if got := sh.v2(wire.V2Query, wire.Fields{"out_trade_no": "nobody"}, "another key"); got["return_code"] != "FAIL" || got["sign"] != "" {
		t.Errorf("another key: %v", got)
	}
	if got := sh.v2(wire.V2RefundQuery, wire.Fields{"out_refund_no": "nobody"}, keyV2); got["err_code"] != "REFUNDNOTEXIST" {
		t.Errorf("%v", got)
	}
	if got := sh.v2(wire.V2MicroPay, wire.Fields{"body": "茶", "out_trade_no": "code000001", "total_fee": "x", "spbill_create_ip": "127.0.0.1", "auth_code": "1"}, keyV2); got["result_code"] != "FAIL" {
		t.Errorf("%v", got)
	}
	modern := open(t, nil)
	if got := modern.v2(wire.V2Query, wire.Fields{"out_trade_no": "nobody"}, ""); got["return_code"] != "FAIL" {
		t.Errorf("an account without a v2 key: %v", got)
	}
}
