package sim_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/provider/wechatpay/wire"
)

// wxMasks hides what is different in every run: numbers that are drawn, times, tokens, and the account's own number.
var wxMasks = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`"transaction_id":"42000\d{23}"`), `"transaction_id":"4200…"`},
	{regexp.MustCompile(`"refund_id":"50300\d{24}"`), `"refund_id":"50300…"`},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00`), `(time)`},
	{regexp.MustCompile(`/c/[0-9a-z]+`), `/c/…`},
	{regexp.MustCompile(`prepay_id=[^&"]+&package=\d{10}`), `prepay_id=…&package=…`},
	{regexp.MustCompile(`"auth_code":"\d+"`), `"auth_code":"…"`},
}

// TestFacadeGoldenExchanges: what the facade answers to each call, byte for byte, is the committed file; a change of it is a change of what merchants' code reads.
func TestFacadeGoldenExchanges(t *testing.T) {
	s := newWechatShop(t)
	var out strings.Builder
	ask := func(method, target, body string) {
		status, answer := s.ask(t, method, target, body)
		text := fmt.Sprintf("%s %s\n%s\n-> %d\n%s\n\n", method, target, body, status, answer)
		text = strings.ReplaceAll(text, s.account.Number, "(mchid)")
		for _, m := range wxMasks {
			text = m.find.ReplaceAllString(text, m.put)
		}
		out.WriteString(text)
	}
	order := func(kind, number, more string) {
		ask(http.MethodPost, "/v3/pay/transactions/"+kind, strings.TrimSuffix(s.nativeBody(number, 100), "}")+more+"}")
	}
	order("native", "golden_0001", "")
	order("native", "golden_0001", `,"goods_tag":"other"`)
	order("h5", "golden_0002", `,"scene_info":{"payer_client_ip":"203.0.113.7","h5_info":{"type":"Wap"}}`)
	order("h5", "golden_0003", "")
	order("jsapi", "golden_0004", `,"payer":{"openid":"o1"}`)
	ask(http.MethodGet, s.queryTarget("golden_0001"), "")
	ask(http.MethodGet, s.queryTarget("golden_0009"), "")
	s.buy(t, "golden_0001")
	run(t, s.w, 2*time.Second)
	ask(http.MethodGet, s.queryTarget("golden_0001"), "")
	order("native", "golden_0001", "")
	refund := func(no string, amount int) {
		ask(http.MethodPost, "/v3/refund/domestic/refunds", fmt.Sprintf(`{"out_trade_no":"golden_0001","out_refund_no":%q,"reason":"不要了","amount":{"refund":%d,"total":100,"currency":"CNY"}}`, no, amount))
	}
	refund("golden_r1", 30)
	refund("golden_r1", 31)
	refund("golden_r2", 71)
	run(t, s.w, 5*time.Second)
	ask(http.MethodGet, "/v3/refund/domestic/refunds/golden_r1", "")
	ask(http.MethodGet, "/v3/refund/domestic/refunds/golden_r9", "")
	ask(http.MethodGet, s.queryTarget("golden_0001"), "")
	end := func(number, act string) {
		ask(http.MethodPost, "/v3/pay/transactions/out-trade-no/"+number+"/"+act, fmt.Sprintf(`{"appid":%q,"mchid":%q}`, wxApp, s.account.Number))
	}
	end("golden_0001", "close")
	end("golden_0002", "close")
	ask(http.MethodGet, s.queryTarget("golden_0002"), "")
	order("h5", "golden_0002", `,"scene_info":{"payer_client_ip":"203.0.113.7","h5_info":{"type":"Wap"}}`)
	scan := func(number, code string) {
		order("codepay", number, fmt.Sprintf(`,"payer":{"auth_code":%q},"scene_info":{"device_id":"T1","store_info":{"out_id":"A1"}}`, code))
	}
	scan("golden_0005", showCode(t, s.w, alipay, false))
	scan("golden_0006", showCode(t, s.w, alipay, true))
	scan("golden_0007", "133333333333333333")
	ask(http.MethodGet, s.queryTarget("golden_0006"), "")
	end("golden_0006", "reverse")
	end("golden_0005", "reverse")
	end("golden_0001", "reverse")
	ask(http.MethodGet, s.queryTarget("golden_0005"), "")
	ask(http.MethodGet, "/v3/bill/tradebill?bill_date=2026-11-01", "")
	ask(http.MethodPost, "/v3/pay/partner/transactions/native", "{}")
	wantGolden(t, "exchanges.txt", out.String())
}

// wxMasksV2 hides the same in API v2, and what is drawn or signed anew.
var wxMasksV2 = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`<(nonce_str|sign|auth_code|transaction_id|refund_id(?:_\d)?|time_end|refund_success_time(?:_\d)?)><!\[CDATA\[[^\]]*\]\]>`), `<$1><![CDATA[…]]>`},
	{regexp.MustCompile(`/c/[0-9a-z]+`), `/c/…`},
	{regexp.MustCompile(`prepay_id=[^&"]+&(amp;)?package=\d{10}`), `prepay_id=…&package=…`},
}

// TestFacadeGoldenExchangesV2 is the same for API v2.
func TestFacadeGoldenExchangesV2(t *testing.T) {
	s := newWechatShop(t)
	s.uncertified(t)
	var out strings.Builder
	ask := func(path string, pairs ...string) {
		sent := string(s.v2(wire.SignMD5, pairs...).XML("xml"))
		text := fmt.Sprintf("POST %s\n%s\n->\n%s\n\n", path, sent, s.askV2(t, path, sent).XML("xml"))
		text = strings.ReplaceAll(text, s.account.Number, "(mchid)")
		for _, m := range wxMasksV2 {
			text = m.find.ReplaceAllString(text, m.put)
		}
		out.WriteString(text)
	}
	order := func(no, kind, fen string) {
		ask(wire.V2Unified, "out_trade_no", no, "body", "烧饼 <500g>", "total_fee", fen, "attach", "桌 7 & 8", "spbill_create_ip", "127.0.0.1", "notify_url", wxShopAddr, "trade_type", kind)
	}
	order("golden_v2_1", "NATIVE", "100")
	order("golden_v2_1", "NATIVE", "101")
	order("golden_v2_2", "MWEB", "100")
	order("golden_v2_3", "JSAPI", "100")
	ask(wire.V2Query, "out_trade_no", "golden_v2_1")
	ask(wire.V2Query, "out_trade_no", "golden_v2_9")
	s.buy(t, "golden_v2_1")
	run(t, s.w, 2*time.Second)
	ask(wire.V2Query, "out_trade_no", "golden_v2_1")
	order("golden_v2_1", "NATIVE", "100")
	refund := func(no, fen string) {
		ask(wire.V2Refund, "out_trade_no", "golden_v2_1", "out_refund_no", no, "total_fee", "100", "refund_fee", fen)
	}
	refund("golden_v2_r1", "30")
	refund("golden_v2_r1", "31")
	refund("golden_v2_r2", "71")
	run(t, s.w, 5*time.Second)
	ask(wire.V2RefundQuery, "out_trade_no", "golden_v2_1")
	ask(wire.V2RefundQuery, "out_refund_no", "golden_v2_r9")
	ask(wire.V2Close, "out_trade_no", "golden_v2_1")
	ask(wire.V2Close, "out_trade_no", "golden_v2_2")
	ask(wire.V2Query, "out_trade_no", "golden_v2_2")
	scan := func(no, code string) {
		ask(wire.V2MicroPay, "out_trade_no", no, "body", "烧饼", "total_fee", "100", "spbill_create_ip", "127.0.0.1", "auth_code", code)
	}
	scan("golden_v2_5", showCode(t, s.w, alipay, false))
	scan("golden_v2_6", showCode(t, s.w, alipay, true))
	scan("golden_v2_7", "133333333333333333")
	ask(wire.V2Reverse, "out_trade_no", "golden_v2_6")
	ask(wire.V2Reverse, "out_trade_no", "golden_v2_5")
	ask(wire.V2Query, "out_trade_no", "golden_v2_5")
	ask(wire.V2Bill, "bill_date", "20261101", "bill_type", "ALL")
	wantGolden(t, "exchanges_v2.txt", out.String())
}

// wantGolden holds what was exchanged against the committed file.
func wantGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("..", "provider", "wechatpay", "testdata", "facade", name)
	if *updateGolden {
		must(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if got != string(want) {
		a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d is\n%s\nwant\n%s\n(-facade.update writes the file anew)", i+1, a[i], b[i])
			}
		}
		t.Fatalf("%d lines, want %d", len(a), len(b))
	}
}
