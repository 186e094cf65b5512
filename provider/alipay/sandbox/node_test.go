package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
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

	"postern/provider/sandboxkit"
)

// TestOfficialSDK lets the official Node SDK, with signature checking on, drive the sandbox: an outside witness that shares no line with us.
func TestOfficialSDK(t *testing.T) {
	dir := installSDK(t)
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	defer srv.Close()
	s, err := New(Config{
		Accounts:   []Account{{AppID: testApp, SellerID: testSeller, AppPublicKey: &keys()[1].PublicKey}},
		PrivateKey: keys()[0], Clock: sandboxkit.NewClock(time.Now), Rand: rand.Reader, HTTP: srv.Client(), BaseURL: srv.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	h = s.Handler()
	control := httptest.NewServer(s.Control())
	defer control.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	go func() { _ = s.Run(ctx) }() // ends with the test

	cmd := exec.CommandContext(ctx, "node", "drive.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BASE="+srv.URL, "CONTROL="+control.URL, "APP_ID="+testApp, "APP_KEY="+private(t, 1), "PLATFORM_KEY="+public(t, 0),
		"STRANGER_KEY="+private(t, 2), "STRANGER_PUBLIC="+public(t, 2))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s\n%s", err, out, complaints.String())
	}
	steps := map[string]map[string]any{}
	for line := range strings.Lines(string(out)) {
		var step map[string]any
		if err := json.Unmarshal([]byte(line), &step); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		steps[step["step"].(string)] = step
	}
	for name, want := range sdkSteps {
		got := steps[name]
		if got == nil {
			t.Errorf("step %q did not run", name)
			continue
		}
		for field, value := range want {
			if text := fmt.Sprint(got[field]); !strings.Contains(text, value) || (value == "" && got[field] != nil) {
				t.Errorf("%s: %s is %q, want %q: %v", name, field, text, value, got)
			}
		}
	}
	if len(steps) != len(sdkSteps) {
		t.Errorf("%d steps ran, %d are checked", len(steps), len(sdkSteps))
	}
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
	for _, name := range []string{"package.json", "package-lock.json", "drive.mjs"} {
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
