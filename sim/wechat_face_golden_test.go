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
	wantGolden(t, out.String())
}

// wantGolden holds what was exchanged against the committed file.
func wantGolden(t *testing.T, got string) {
	t.Helper()
	file := filepath.Join("..", "provider", "wechatpay", "testdata", "facade", "exchanges.txt")
	if *updateGolden {
		must(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if got != string(want) {
		a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d is\n%s\nwant\n%s\n(-update writes the file anew)", i+1, a[i], b[i])
			}
		}
		t.Fatalf("%d lines, want %d", len(a), len(b))
	}
}
