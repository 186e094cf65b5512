package sim_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"postern/provider/wechatpay/wire"
)

// askV2 sends a message of API v2 as the text that code writes for it, and reads the answer: signed with the account's key whenever the message was understood.
func (s *wechatShop) askV2(t testing.TB, path, text string) wire.Fields {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+wxFaceHost+path, strings.NewReader(text))
	must(t, err)
	res, err := s.w.Net.Do(r)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	must(t, err)
	f, err := wire.ParseXML(raw, "xml")
	must(t, err)
	if signed := f["return_code"] == wire.V2Success; signed != (f["sign"] != "") || signed && f.Verify([]byte(wxAPIv2)) != nil {
		t.Errorf("%s: signed or not: %v", path, f)
	}
	return f
}

// v2 signs the fields of a message in pairs, beside those that each message has.
func (s *wechatShop) v2(kind string, pairs ...string) wire.Fields {
	f := wire.Fields{"appid": wxApp, "mch_id": s.account.Number, "nonce_str": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"}
	for i := 0; i < len(pairs); i += 2 {
		f[pairs[i]] = pairs[i+1]
	}
	if kind != wire.SignMD5 {
		f["sign_type"] = kind
	}
	f["sign"] = f.SignatureOf(kind, []byte(wxAPIv2))
	return f
}

// TestFacadeV2TakesAnyRoot: npm weixin-pay 1.1.7 and node-wxpay 1.1.3 write an order's message as below, under <root>, and a query's under <xml>. WeChat does not judge the name.
//
// Red without: the empty root in authenticateV2.
func TestFacadeV2TakesAnyRoot(t *testing.T) {
	s := newWechatShop(t)
	f := s.v2(wire.SignMD5, "out_trade_no", "odd_root_1", "body", "乌龙茶 <500g> & 杯", "total_fee", "6800", "attach", `桌 7 & "8"`, "spbill_create_ip", "127.0.0.1", "notify_url", wxShopAddr,
		"trade_type", "NATIVE", "product_id", "1")
	text := "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<root>\n  <out_trade_no>odd_root_1</out_trade_no>\n  <body>乌龙茶 &lt;500g&gt; &amp; 杯</body>\n" +
		"  <total_fee>6800</total_fee>\n  <attach>桌 7 &amp; \"8\"</attach>\n  <spbill_create_ip>127.0.0.1</spbill_create_ip>\n  <notify_url>" + wxShopAddr + "</notify_url>\n" +
		"  <trade_type>NATIVE</trade_type>\n  <product_id>1</product_id>\n  <nonce_str>" + f["nonce_str"] + "</nonce_str>\n  <appid>" + wxApp + "</appid>\n" +
		"  <mch_id>" + s.account.Number + "</mch_id>\n  <sign>" + f["sign"] + "</sign>\n</root>"
	if got := s.askV2(t, wire.V2Unified, text); !strings.HasPrefix(got["code_url"], "http://postern.test/") {
		t.Errorf("an order below <root>: %v", got)
	}
	if got := s.askV2(t, wire.V2Query, string(s.v2(wire.SignMD5, "out_trade_no", "odd_root_1").XML("xml"))); got["trade_state"] != "NOTPAY" {
		t.Errorf("the query below <xml>: %v", got)
	}
	for name, wrong := range map[string]string{"two roots": text + "<a></a>", "a doctype": strings.Replace(text, "<root>", "<!DOCTYPE root><root>", 1), "deeper": strings.Replace(text, "<root>", "<root><root>", 1)} {
		if got := s.askV2(t, wire.V2Unified, wrong); got["return_msg"] != "XML格式错误" {
			t.Errorf("%s: %v", name, got)
		}
	}
}
