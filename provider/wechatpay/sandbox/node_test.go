package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/provider/sandboxkit"
)

// needNode skips the test, or fails it where POSTERN_REQUIRE names node.
func needNode(t *testing.T, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("POSTERN_REQUIRE"), ","), "node") {
		t.Fatalf("POSTERN_REQUIRE names node, but %s", why)
	}
	t.Skipf("SKIP node: %s; the npm SDK does not check this sandbox in this run", why)
}

// installSDK copies the lock file and the driver to a temporary folder and installs exactly what the lock file names.
func installSDK(t *testing.T) (dir string) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			needNode(t, tool+" is not on the PATH")
		}
	}
	dir = t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "drive.js", "second.js"} {
		raw, err := os.ReadFile(filepath.Join("testdata", "sdk", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		needNode(t, "npm ci failed: "+string(out))
	}
	return dir
}

func keyPEM(t *testing.T, key *rsa.PrivateKey) (private, public string) {
	t.Helper()
	p8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: p8})), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
}

// realShop is a sandbox in real time with its control address and an inbox for the newest notification.
func realShop(t *testing.T) (s *Sandbox, base, control string) {
	t.Helper()
	var inner http.Handler
	inbox := make(chan []byte, 8)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /notify", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		raw, _ := json.Marshal(map[string]any{"headers": r.Header, "body": string(body)})
		inbox <- raw
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /inbox", func(w http.ResponseWriter, r *http.Request) {
		select {
		case raw := <-inbox:
			_, _ = w.Write(raw)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(w, r) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	platform, err := PlatformKeyFor(rand.Reader, keys().platform[0].Key, time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	s, err = New(Config{
		Accounts: []Account{{MchID: mchID, AppID: appID, AppSecret: secret, MerchantSerial: keys().serial, MerchantPublicKey: &keys().merchant.PublicKey,
			APIv3Key: []byte(apiKey), APIKeyV2: []byte(keyV2), Subs: []SubMerchant{{MchID: subMchID, Name: "烧饼铺"}}}},
		PlatformKeys: []PlatformKey{platform}, PublicKeyID: pubID, PublicKey: keys().public,
		Clock: sandboxkit.NewClock(time.Now), Wall: time.Now, Rand: rand.Reader, HTTP: server.Client(), BaseURL: server.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	inner = s.Handler()
	controls := httptest.NewServer(s.Control())
	t.Cleanup(controls.Close)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = s.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return s, server.URL, controls.URL
}

const (
	subMchID = "1900000111"
	keyV2    = "192006250b4c09247ec02edce69f6a2d"
)

type sdkStep struct {
	Status int
	Code   string
	Data   json.RawMessage
}

// The public SDK, with its signature checking on, must not be able to tell the sandbox from the original.
func TestNodeSDK(t *testing.T) {
	dir := installSDK(t)
	s, base, control := realShop(t)
	private, merchantPublic := keyPEM(t, keys().merchant)
	stranger, strangerPublic := keyPEM(t, keys().stranger)
	_, public := keyPEM(t, keys().public)
	in, err := json.Marshal(map[string]any{
		"base_url": base, "control_url": control, "inbox_url": base + "/inbox", "notify_url": base + "/notify", "mchid": mchID, "appid": appID, "serial": keys().serial,
		"private_key": private, "certs": map[string]string{s.keys[0].Serial: string(s.keys[0].Certificate), pubID: public}, "public_key_id": pubID,
		"apiv3_key": apiKey, "openid": s.OpenID(appID, DefaultBuyer), "stranger_key": stranger, "stranger_public_key": strangerPublic,
		"sub_mchid": subMchID, "v2_key": keyV2, "merchant_public_key": merchantPublic,
	})
	if err != nil {
		t.Fatal(err)
	}
	out := node(t, dir, "drive.js", in)
	var seen map[string]sdkStep
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	judge(t, seen)
	var extra struct {
		Certificates struct {
			Opened []struct{ Same bool }
		}
		Bill struct {
			Data struct {
				Hash string `json:"hash_value"`
			}
		}
		File struct {
			Status     int
			SHA1, Text string
		}
		Notification struct {
			Verified bool
			Event    string `json:"event_type"`
			Data     struct {
				OutTradeNo string `json:"out_trade_no"`
			}
		}
	}
	if err := json.Unmarshal(out, &extra); err != nil || len(extra.Certificates.Opened) != 1 || !extra.Certificates.Opened[0].Same {
		t.Errorf("certificates: %+v %v", extra.Certificates, err)
	}
	if f := extra.File; f.Status != 200 || f.SHA1 == "" || f.SHA1 != extra.Bill.Data.Hash || !strings.Contains(f.Text, "node_code_1") || !strings.HasPrefix(f.Text, "\ufeff交易时间") {
		t.Errorf("the bill: %+v, its hash %s", f, extra.Bill.Data.Hash)
	}
	if n := extra.Notification; !n.Verified || n.Event != "TRANSACTION.SUCCESS" || n.Data.OutTradeNo != "node_order_1" {
		t.Errorf("notification: %+v", n)
	}
	orders := controlBook{s}.Orders()
	if len(orders) != 8 || len(orders[0].Refunds) != 1 || orders[0].Refunds[0].Amount != 800 {
		t.Errorf("the book: %+v", orders)
	}
}

// node runs a driver with its configuration and returns what it saw.
func node(t *testing.T, dir, script string, in []byte) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", script)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	return out
}

// TestSecondNodeSDK: another public SDK, with its own signing, its own paySign of an app and its own encryption of names, checks every success.
func TestSecondNodeSDK(t *testing.T) {
	dir := installSDK(t)
	s, base, control := realShop(t)
	private, merchantPublic := keyPEM(t, keys().merchant)
	in, err := json.Marshal(map[string]any{
		"base_url": base, "control_url": control, "notify_url": base + "/notify", "mchid": mchID, "appid": appID, "serial": keys().serial, "private_key": private,
		"merchant_public_key": merchantPublic, "apiv3_key": apiKey, "platform_cert": string(s.keys[0].Certificate), "platform_serial": s.keys[0].Serial,
	})
	if err != nil {
		t.Fatal(err)
	}
	var seen map[string]struct {
		Status   int
		Verified bool
		Data     json.RawMessage
	}
	if out := node(t, dir, "second.js", in); json.Unmarshal(out, &seen) != nil {
		t.Fatalf("%s", out)
	}
	for name, want := range map[string]struct {
		text     string
		unsigned bool
	}{
		"app": {`"package":"Sign=WXPay"`, false}, "app_opens": {`"order_no":"second_app_1"`, true}, "query": {`"trade_state":"SUCCESS"`, false}, "receiver": {`"relation_type":"PARTNER"`, false},
		"share": {`"state":"PROCESSING"`, false}, "share_query": {`"out_order_no":"second_share_1"`, false}, "refund": {`"status":"PROCESSING"`, false}, "bill": {`"hash_type":"SHA1"`, false},
		"file": {"second_app_1", true},
	} {
		if got := seen[name]; got.Status != http.StatusOK || got.Verified == want.unsigned || !strings.Contains(string(got.Data), want.text) {
			t.Errorf("%s: %d verified %v %s", name, got.Status, got.Verified, got.Data)
		}
	}
	var bill struct {
		Hash string `json:"hash_value"`
	}
	if err := json.Unmarshal(seen["bill"].Data, &bill); err != nil || !strings.Contains(string(seen["file"].Data), bill.Hash) {
		t.Errorf("the file does not hash to %s: %s", bill.Hash, seen["file"].Data)
	}
}

func judge(t *testing.T, seen map[string]sdkStep) {
	t.Helper()
	for name, want := range map[string]struct {
		status int
		text   string
	}{
		"certificates":            {200, `"encrypt_certificate"`},
		"native":                  {200, `"code_url":"weixin://wxpay/bizpayurl?pr=`},
		"jsapi":                   {200, `"prepay_id":"wx`},
		"h5":                      {200, `/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx`},
		"unpaid":                  {200, `"trade_state":"NOTPAY"`},
		"paid":                    {200, `"trade_state":"SUCCESS"`},
		"paid_public_key":         {200, `"trade_state":"SUCCESS"`},
		"by_id":                   {200, `"out_trade_no":"node_order_1"`},
		"refund":                  {200, `"status":"PROCESSING"`},
		"refund_again":            {200, `"out_refund_no":"node_order_1_r1"`},
		"refund_query":            {200, `"refund":800`},
		"close":                   {204, ``},
		"closed":                  {200, `"trade_state":"CLOSED"`},
		"close_paid":              {400, `"code":"ORDERPAID"`},
		"unknown":                 {404, `"code":"ORDER_NOT_EXIST"`},
		"codepay":                 {200, `"trade_type":"MICROPAY"`},
		"codepay_password":        {202, `"code":"USERPAYING"`},
		"code_waits":              {200, `"trade_state":"USERPAYING"`},
		"reverse":                 {200, `"out_trade_no":"node_code_2"`},
		"reversed":                {200, `"trade_state":"REVOKED"`},
		"used_code":               {403, `"code":"AUTH_CODE_EXPIRE"`},
		"partner_native":          {200, `"code_url":"weixin://wxpay/bizpayurl?pr=`},
		"partner_paid":            {200, `"sub_mchid":"` + subMchID + `"`},
		"partner_stranger":        {403, `"code":"NO_AUTH"`},
		"bill":                    {200, `"hash_type":"SHA1"`},
		"no_bill":                 {400, `"code":"NO_STATEMENT_EXIST"`},
		"v2_micropay":             {200, `"result_code":"SUCCESS"`},
		"v2_micropay_password":    {200, `"err_code":"USERPAYING"`},
		"v2_query":                {200, `"trade_state":"SUCCESS"`},
		"v2_reverse":              {200, `"recall":"N"`},
		"v2_refund":               {200, `"out_refund_no":"node_v2_1_r1"`},
		"v2_wrong_key":            {200, ``},
		"wrong_merchant_key":      {401, `"code":"SIGN_ERROR"`},
		"wrong_platform_key":      {200, ``},
		"unknown_platform_serial": {200, ``},
	} {
		got, ok := seen[name]
		if !ok || got.Status != want.status || !strings.Contains(string(got.Data), want.text) {
			t.Errorf("%s: %d %s %s, want %d %s", name, got.Status, got.Code, got.Data, want.status, want.text)
		}
	}
	for name, code := range map[string]string{"wrong_platform_key": "EV3_RES_HEADER_SIGNATURE_DIGEST", "unknown_platform_serial": "EV3_RES_HEADER_PLATFORM_SERIAL", "paid": "", "codepay": "",
		"v2_micropay": ""} {
		if seen[name].Code != code {
			t.Errorf("%s: the SDK says %q, want %q", name, seen[name].Code, code)
		}
	}
}
