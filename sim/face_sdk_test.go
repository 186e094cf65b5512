package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/provider"
	alipayface "postern/provider/alipay"
	"postern/provider/all"
	"postern/sim"
	"postern/store"
)

// faceSteps is what each step of testdata/facade/alipay.mjs must report; a value is part of the field's text.
var faceSteps = map[string]map[string]string{
	"create":               {"code": "10000", "outTradeNo": "node-1", "qrCode": "http://postern.test/"},
	"create again":         {"code": "40004", "subCode": "ACQ.APPLY_PC_MERCHANT_CODE_ERROR"},
	"create changed":       {"code": "40004", "subCode": "ACQ.CONTEXT_INCONSISTENT"},
	"unscanned":            {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
	"close unscanned":      {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
	"paid by wechat":       {"tradeStatus": "TRADE_SUCCESS", "passback": "a%3D1%26b", "v2": "true", "forged": "false"},
	"query paid":           {"code": "10000", "tradeStatus": "TRADE_SUCCESS", "totalAmount": "68.00", "passbackParams": "a%3D1%26b"},
	"pay again":            {"code": "40004", "subCode": "ACQ.TRADE_HAS_SUCCESS"},
	"close paid":           {"code": "40004", "subCode": "ACQ.TRADE_STATUS_ERROR"},
	"refund":               {"code": "10000", "outTradeNo": "node-1"},
	"refund again":         {"code": "10000", "fundChange": "N", "refundFee": "8.00"},
	"refund other amount":  {"code": "40004", "subCode": "ACQ.DISCORDANT_REPEAT_REQUEST"},
	"refund too much":      {"code": "40004", "subCode": "ACQ.REASON_TRADE_REFUND_FEE_ERR"},
	"refund query":         {"refundStatus": "REFUND_SUCCESS", "refundAmount": "8.00", "gmtRefundPay": "20"},
	"refund notified":      {"tradeStatus": "TRADE_SUCCESS", "fee": "8.00", "no": "node-r1", "v2": "true"},
	"refund rest":          {"tradeStatus": "TRADE_CLOSED"},
	"refund closed":        {"code": "40004", "subCode": "ACQ.TRADE_HAS_CLOSE"},
	"paid by unionpay":     {"tradeStatus": "TRADE_SUCCESS", "totalAmount": "12.34"},
	"jsapi":                {"code": "10000", "tradeNo": "22001"},
	"waiting":              {"tradeStatus": "WAIT_BUYER_PAY"},
	"close":                {"code": "10000", "outTradeNo": "node-3"},
	"closed":               {"tradeStatus": "TRADE_CLOSED"},
	"wechat barcode":       {"code": "10000", "totalAmount": "68.00", "gmtPayment": "20"},
	"cancel paid":          {"code": "10000", "action": "refund", "retryFlag": "N"},
	"canceled":             {"tradeStatus": "TRADE_CLOSED"},
	"unionpay barcode":     {"tradeStatus": "TRADE_SUCCESS"},
	"password":             {"code": "10003", "tradeNo": "22001"},
	"cancel waiting":       {"code": "10000", "action": "close"},
	"no wallet":            {"code": "40004", "subCode": "ACQ.PAYMENT_AUTH_CODE_INVALID"},
	"cancel unknown":       {"code": "10000", "retryFlag": "N", "action": ""},
	"unknown order":        {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
	"unknown method":       {"code": "40006", "subCode": "isv.insufficient-isv-permissions"},
	"wrong key":            {"code": "40002", "subCode": "isv.invalid-signature"},
	"unknown app":          {"code": "40002", "subCode": "isv.invalid-app-id"},
	"oauth":                {"code": "40002", "subCode": "isv.code-invalid"},
	"page get":             {"status": "302", "location": "http://postern.test/"},
	"page form":            {"status": "302", "location": "http://postern.test/", "fields": "biz_content"},
	"page returns":         {"own": "1", "method": "alipay.trade.page.pay.return", "total": "68.00", "v2": "true", "v1": "true"},
	"wap get":              {"status": "302", "location": "http://postern.test/"},
	"page bad":             {"status": "200", "kind": "GBK", "text": "ACQ.INVALID_PARAMETER"},
	"app":                  {"status": "302", "location": "http://postern.test/"},
	"app forged":           {"status": "200", "text": "isv.invalid-signature"},
	"certificates create":  {"code": "10000", "qrCode": "http://postern.test/"},
	"certificates query":   {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
	"certificates missing": {"code": "40002", "subCode": "isv.missing-app-cert-sn"},
	"aes create":           {"code": "10000", "qrCode": "http://postern.test/"},
	"aes refused":          {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
	"aes wrong key":        {"code": "40003", "subCode": "isv.decryption-error-unknown"},
	"v3 create":            {"status": "200", "qr_code": "http://postern.test/"},
	"v3 absent":            {"code": "ACQ.TRADE_NOT_EXIST", "status": "400"},
	"v3 paid":              {"trade_status": "TRADE_SUCCESS", "total_amount": "68.00", "v2": "true"},
	"v3 refund":            {"out_trade_no": "node-v1"},
	"v3 refund query":      {"refund_status": "REFUND_SUCCESS"},
	"v3 certificates":      {"status": "200", "qr_code": "http://postern.test/"},
	"v3 aes":               {"status": "200", "qr_code": "http://postern.test/"},
	"v3 get":               {"status": "400", "code": "INVAILID_ARGUMENTS"},
	"v3 unknown":           {"status": "403", "code": "insufficient-isv-permissions"},
	"bill":                 {"names": "业务明细(汇总).csv", "paid": "68.00", "back": "-8.00", "total": "#交易合计：6笔"},
	"account bill":         {"names": "账务明细.csv", "paid": "在线支付", "total": "#收入合计："},
}

// TestOfficialSDKDrivesTheFacade: the official Node SDK, with its verification on, is a merchant's untouched code; WeChat Pay and UnionPay take the money.
func TestOfficialSDKDrivesTheFacade(t *testing.T) {
	dir := installFaceSDK(t, filepath.Join("..", "provider", "alipay", "sandbox", "testdata", "sdk"), "alipay.mjs")
	w := build(t, sim.Options{Store: opened(t, "sqlite::memory:", store.Options{}), Seed: 1, Makers: all.SandboxesOf(alipay, wechat, "unionpay"), Wall: time.Now})
	f := faced(t, w)
	var mu sync.Mutex // the world is for one goroutine
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		f.handler.ServeHTTP(rw, r)
	}))
	defer srv.Close()
	w.Engine.FacadeURLs[alipay], w.Engine.Outward = srv.URL, &http.Client{Timeout: 10 * time.Second}
	control := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = rw.Write([]byte(f.button(t, r)))
	}))
	defer control.Close()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	driveFace(ctx, t, dir, "alipay.mjs", faceSteps, "BASE="+srv.URL, "CONTROL="+control.URL, "APP_ID="+f.keyed.account.Number, "APP_KEY="+string(pemOf(t, f.keyed.app, false)),
		"PLATFORM_KEY="+string(pemOf(t, sim.Key("face-platform"), true)), "CERT_APP="+f.certs.account.Number, "APP_CERT="+string(f.certs.appCert),
		"ALIPAY_CERT="+string(f.certs.keys["platform_certificate"]), "ROOT_CERT="+string(f.certs.keys["platform_root"]), "CONTENT_KEY="+faceContent,
		"STRANGER_KEY="+string(pemOf(t, sim.Key("face-stranger"), false)))
	mu.Lock()
	defer mu.Unlock()
	agree(t, w)
}

// button is what the script cannot do as a merchant: let a buyer pay, show a code or come back, and let time pass.
func (f *faceWorld) button(t *testing.T, r *http.Request) string {
	q := r.URL.Query()
	switch r.URL.Path {
	case "/pay":
		approve(t, f.World, begin(t, f.World, f.inner(t, f.keyed, q.Get("number")), q.Get("wallet"), "native"))
		run(t, f.World, time.Second)
	case "/code":
		return showCode(t, f.World, q.Get("wallet"), q.Get("password") != "")
	case "/run":
		seconds, err := strconv.Atoi(q.Get("seconds"))
		must(t, err)
		run(t, f.World, time.Duration(seconds)*time.Second)
	case "/day":
		return f.Clock.Now().In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
	case "/return":
		ctx := context.Background()
		account, err := f.Engine.FaceAccount(ctx, f.keyed.account)
		must(t, err)
		o, err := f.Engine.FindFaced(ctx, f.keyed.account, provider.FaceKey{Number: q.Get("number")})
		must(t, err)
		target, err := alipayface.New().ReturnURL(account, o, f.Clock.Now())
		must(t, err)
		return target
	default:
		t.Errorf("no button %s", r.URL.Path)
	}
	return ""
}

// installFaceSDK copies a script of testdata/facade and installs the SDK that a lock file names into a temporary directory. Without node, npm or a registry the test is skipped,
// unless POSTERN_REQUIRE names node.
func installFaceSDK(t *testing.T, lock, script string) string {
	t.Helper()
	missing := t.Skipf
	if strings.Contains(os.Getenv("POSTERN_REQUIRE"), "node") {
		missing = t.Fatalf
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing("skipped: %s is not installed; with it the official SDK checks the facade", tool)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{filepath.Join(lock, "package.json"), filepath.Join(lock, "package-lock.json"), filepath.Join("testdata", "facade", script)} {
		b, err := os.ReadFile(name)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), b, 0o600))
	}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		missing("skipped: npm ci failed, so the official SDK could not be installed: %v\n%s", err, out)
	}
	return dir
}

// driveFace runs a script and compares what each of its steps reports.
func driveFace(ctx context.Context, t *testing.T, dir, script string, want map[string]map[string]string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "node", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s\n%s", script, err, out, complaints.String())
	}
	steps := map[string]map[string]any{}
	for line := range strings.Lines(string(out)) {
		var step map[string]any
		if err := json.Unmarshal([]byte(line), &step); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		steps[step["step"].(string)] = step
	}
	for name, fields := range want {
		got := steps[name]
		if got == nil {
			t.Errorf("step %q did not run", name)
			continue
		}
		for field, value := range fields {
			if text := fmt.Sprint(got[field]); !strings.Contains(text, value) || (value == "" && got[field] != nil) {
				t.Errorf("%s: %s is %q, want %q: %v", name, field, text, value, got)
			}
		}
	}
	if len(steps) != len(want) {
		t.Errorf("%s: %d steps ran, %d are checked", script, len(steps), len(want))
	}
}
