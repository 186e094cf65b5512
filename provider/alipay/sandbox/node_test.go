package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// The accounts of TestOfficialSDK beside the plain one.
const (
	certApp    = "2021000000000003"
	partnerApp = "2021000000000004"
	testToken  = "202611BBtoken0of0the0first0merchant00000"
)

var testContent = wire.ContentKey("0123456789abcdef")

// TestOfficialSDK lets the official Node SDK, with signature checking on, drive the sandbox: an outside witness that shares no line with us.
func TestOfficialSDK(t *testing.T) {
	dir := installSDK(t)
	srv := httptest.NewUnstartedServer(nil) // its address is known before it serves
	base := "http://" + srv.Listener.Addr().String()
	authority, err := NewAuthority(rand.Reader, keys()[2], keys()[2], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	appCert, err := authority.App(&keys()[1].PublicKey, "2088000000000003", certApp)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{
		Accounts: []Account{
			{AppID: testApp, SellerID: testSeller, AppPublicKey: &keys()[1].PublicKey}, {AppID: certApp, SellerID: "2088000000000003", AppCertificate: appCert, ContentKey: testContent},
			{AppID: partnerApp, SellerID: "2088000000000004", AppPublicKey: &keys()[1].PublicKey, Merchants: []Merchant{{AppID: "2021000000000011", SellerID: "2088000000000011", Token: testToken}}},
		},
		Authority: authority, NextKey: keys()[2], PrivateKey: keys()[0], Clock: sandboxkit.NewClock(time.Now), Rand: rand.Reader, HTTP: &http.Client{}, BaseURL: base,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = s.Handler()
	srv.Start()
	defer srv.Close()
	control := httptest.NewServer(s.Control())
	defer control.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	go func() { _ = s.Run(ctx) }() // ends with the test

	drive(ctx, t, dir, "drive.mjs", sdkSteps, "BASE="+srv.URL, "CONTROL="+control.URL, "APP_ID="+testApp, "APP_KEY="+private(t, 1), "PLATFORM_KEY="+public(t, 0),
		"STRANGER_KEY="+private(t, 2), "STRANGER_PUBLIC="+public(t, 2))
	drive(ctx, t, dir, "modes.mjs", modeSteps, "BASE="+srv.URL, "CONTROL="+control.URL, "APP_ID="+testApp, "APP_KEY="+private(t, 1), "PLATFORM_KEY="+public(t, 0),
		"CERT_APP="+certApp, "APP_CERT="+appCert, "ALIPAY_CERT="+s.PlatformCertificate(), "ROOT_CERT="+authority.Root,
		"CONTENT_KEY="+base64.StdEncoding.EncodeToString(testContent), "PARTNER_APP="+partnerApp, "TOKEN="+testToken)
}

// drive runs a script of testdata/sdk and compares what each of its steps reports.
func drive(ctx context.Context, t *testing.T, dir, script string, want map[string]map[string]string, env ...string) {
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

// modeSteps is what each step of modes.mjs must report.
var modeSteps = map[string]map[string]string{
	"certificates create":  {"code": "10000", "qrCode": "/phone/scan/bax"},
	"certificates query":   {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
	"certificates missing": {"code": "40002", "subCode": "isv.missing-app-cert-sn"},
	"aes create":           {"code": "10000", "qrCode": "/phone/scan/bax"},
	"aes refused":          {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
	"aes wrong key":        {"code": "40003", "subCode": "isv.decryption-error-unknown"},
	"barcode":              {"code": "10000", "totalAmount": "68.00", "gmtPayment": "20"},
	"barcode twice":        {"code": "40004", "subCode": "ACQ.PAYMENT_AUTH_CODE_INVALID"},
	"cancel paid":          {"code": "10000", "action": "refund", "retryFlag": "N"},
	"cancel again":         {"code": "10000", "action": "refund", "retryFlag": "N"},
	"canceled":             {"code": "10000", "tradeStatus": "TRADE_CLOSED"},
	"password":             {"code": "10003", "tradeNo": "20"},
	"cancel waiting":       {"code": "10000", "action": "close"},
	"cancel unknown":       {"code": "10000", "retryFlag": "N", "action": ""},
	"app":                  {"status": "200", "orderNo": "node-app"},
	"app forged":           {"status": "409"},
	"partner":              {"code": "10000", "qrCode": "/phone/scan/bax"},
	"partner refused":      {"code": "20001", "subCode": "aop.invalid-app-auth-token"},
	"v3 create":            {"status": "200", "qr_code": "/phone/scan/bax"},
	"v3 absent":            {"code": "ACQ.TRADE_NOT_EXIST", "status": "400"},
	"v3 paid":              {"trade_status": "TRADE_SUCCESS", "total_amount": "68.00"},
	"v3 refund":            {"fund_change": "Y", "refund_fee": "8.00"},
	"v3 refund query":      {"refund_status": "REFUND_SUCCESS"},
	"v3 wrong platform":    {"code": "response-signature-verify-error"},
	"v3 certificates":      {"status": "200", "qr_code": "/phone/scan/bax"},
	"v3 aes":               {"status": "200", "qr_code": "/phone/scan/bax"},
	"v3 partner":           {"status": "200", "qr_code": "/phone/scan/bax"},
	"v3 get":               {"status": "400", "code": "INVAILID_ARGUMENTS"},
	"rotated":              {"thrown": "验签失败"},
	"bill":                 {"names": "业务明细(汇总).csv", "paid": "68.00", "back": "-8.00", "total": "#交易合计：3笔"},
	"account bill":         {"names": "账务明细.csv", "paid": "在线支付", "total": "#收入合计："},
}

// sdkSteps is what each step must report; a value is part of the field's text.
var sdkSteps = map[string]map[string]string{
	"create":             {"code": "10000", "outTradeNo": "node-1", "qrCode": "/phone/scan/bax"},
	"query unscanned":    {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
	"notify":             {"status": "200", "tradeStatus": "TRADE_SUCCESS", "v2": "true", "v1": "true", "forged": "false"},
	"query paid":         {"code": "10000", "tradeStatus": "TRADE_SUCCESS", "totalAmount": "68.00"},
	"refund":             {"code": "10000", "fundChange": "Y", "refundFee": "8.00"},
	"refund again":       {"code": "10000", "fundChange": "N", "refundFee": "8.00"},
	"refund query":       {"refundStatus": "REFUND_SUCCESS", "refundAmount": "8.00"},
	"jsapi":              {"code": "10000", "outTradeNo": "node-2"},
	"close":              {"code": "10000", "outTradeNo": "node-2"},
	"close paid":         {"code": "40004", "subCode": "ACQ.TRADE_STATUS_ERROR"},
	"cancel":             {"code": "10000", "retryFlag": "N"},
	"unknown order":      {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
	"unknown method":     {"code": "40002", "subCode": "isv.invalid-method"},
	"wrong code":         {"code": "40002", "subCode": "isv.code-invalid"},
	"oauth":              {"userId": "2088", "expiresIn": "1.296e+06"},
	"page":               {"status": "302", "location": "/phone/scan/bax"},
	"wrong app key":      {"code": "40002", "subCode": "isv.invalid-signature"},
	"wrong platform key": {"thrown": "验签失败"},
	"spoiled signature":  {"thrown": "验签失败"},
}

// installSDK copies the driver and installs the SDK that the lock file names into a temporary directory. Without node, npm or a registry the test is skipped,
// unless POSTERN_REQUIRE names node.
func installSDK(t *testing.T) string {
	t.Helper()
	missing := t.Skipf
	if strings.Contains(os.Getenv("POSTERN_REQUIRE"), "node") {
		missing = t.Fatalf
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing("skipped: %s is not installed; with it the official SDK checks the sandbox", tool)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "drive.mjs", "modes.mjs"} {
		b, err := os.ReadFile(filepath.Join("testdata", "sdk", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
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

func private(t *testing.T, key int) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(keys()[key])
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func public(t *testing.T, key int) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&keys()[key].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
