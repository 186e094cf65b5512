package sim_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/sim"
)

// wechatSDK installs what the lock file names, beside the driver, in a temporary folder.
func wechatSDK(t *testing.T) (dir string) {
	t.Helper()
	missing := func(why string) {
		if slices.Contains(strings.Split(os.Getenv("POSTERN_REQUIRE"), ","), "node") {
			t.Fatalf("POSTERN_REQUIRE names node, but %s", why)
		}
		t.Skipf("SKIP node: %s; the npm SDK does not check the facade in this run", why)
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(tool + " is not on the PATH")
		}
	}
	dir = t.TempDir()
	for _, name := range []string{"sandbox/testdata/sdk/package.json", "sandbox/testdata/sdk/package-lock.json", "testdata/facade/drive.js"} {
		raw, err := os.ReadFile(filepath.Join("..", "provider", "wechatpay", filepath.FromSlash(name)))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), raw, 0o600))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		missing("npm ci failed: " + string(out))
	}
	return dir
}

// serveShop opens the facade to a socket, with the addresses by which the driver lets buyers act, and returns where it is. With TLS it looks at certificates of clients.
func serveShop(t *testing.T, publicOnly, https bool) (*wechatShop, *httptest.Server) {
	t.Helper()
	w := alipayOnlyWorld(t, time.Now)
	var s *wechatShop
	mux := http.NewServeMux()
	var mu sync.Mutex // what the driver asks for comes one after the other, and so does time
	act := func(pattern string, do func(w http.ResponseWriter, r *http.Request)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			do(w, r)
		})
	}
	wait := func() { run(t, w, 2*time.Second) }
	act("POST /shop/pay/{no}", func(_ http.ResponseWriter, r *http.Request) { s.buy(t, r.PathValue("no")); wait() })
	act("POST /shop/wait", func(http.ResponseWriter, *http.Request) { wait() })
	act("POST /shop/code", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(showCode(t, s.w, alipay, false))) })
	act("POST /shop/password", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(showCode(t, s.w, alipay, true))) })
	act("POST /shop/inbox", func(w http.ResponseWriter, _ *http.Request) {
		if len(s.got) == 0 {
			http.Error(w, "nothing came", http.StatusNotFound)
			return
		}
		raw, _ := json.Marshal(map[string]any{"headers": s.got[0].Header, "body": string(s.got[0].Body)})
		s.got = s.got[1:]
		_, _ = w.Write(raw)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) })
	server := httptest.NewUnstartedServer(mux)
	t.Cleanup(server.Close)
	if https {
		server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
		server.StartTLS()
	} else {
		server.Start()
	}
	s = openWechatShop(t, w, server.URL, publicOnly)
	return s, server
}

type wxStep struct {
	Status int
	Code   string
	Data   json.RawMessage
}

// driveShop runs the SDK against the facade and returns what it saw; its messages to the shop were answered as the protocol wants.
func driveShop(t *testing.T, dir string, s *wechatShop, server *httptest.Server, publicOnly, v2 bool) map[string]wxStep {
	t.Helper()
	certs := map[string]string{}
	in := map[string]any{
		"base_url": server.URL, "merchant_cert": string(s.shopCert), "notify_url": wxShopAddr, "mchid": s.account.Number, "appid": wxApp, "serial": s.serial, "private_key": string(wxPrivatePEM(t, sim.Key("wechat shop"))), "certs": certs,
		"apiv3_key": wxAPIv3, "v2_key": wxAPIv2, "v2": v2,
	}
	if publicOnly {
		certs[s.public], in["public_key_id"] = string(wxPublicPEM(t, sim.Key("wechat facade"))), s.public
	} else {
		certs[wxSerialOf(t, s.cert)] = string(s.cert)
	}
	raw, err := json.Marshal(in)
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "drive.js")
	var stderr bytes.Buffer
	if authority := server.Certificate(); authority != nil {
		file := filepath.Join(t.TempDir(), "ca.pem")
		must(t, os.WriteFile(file, wxPEM("CERTIFICATE", authority.Raw), 0o600))
		cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+file)
	}
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, bytes.NewReader(raw), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	var seen map[string]wxStep
	must(t, json.Unmarshal(out, &seen))
	return seen
}

type wxWant struct {
	status int
	text   string
}

func judgeWx(t *testing.T, seen map[string]wxStep, want map[string]wxWant) {
	t.Helper()
	for name, w := range want {
		if got, ok := seen[name]; !ok || got.Status != w.status || !strings.Contains(string(got.Data), w.text) {
			t.Errorf("%s: %d %s %s, want %d %s", name, got.Status, got.Code, got.Data, w.status, w.text)
		}
	}
	for name := range seen {
		if _, ok := want[name]; !ok {
			t.Errorf("nobody judges %s", name)
		}
	}
}

var wxV3Steps = map[string]wxWant{
	"certificates": {200, `[true]`}, "native": {200, `"code_url":"http://postern.test/`}, "native_again": {200, `"code_url"`}, "native_changed": {400, `"INVALID_REQUEST"`},
	"h5": {200, `/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=`}, "jsapi": {403, `"NO_AUTH"`}, "unpaid": {200, `"trade_state":"NOTPAY"`}, "paid": {200, `"trade_state":"SUCCESS"`}, "by_id": {200, `"out_trade_no":"node_order_1"`},
	"told_paid": {200, `"attach":"{\"桌\":7,\"a\":\"\\u003c\"}"`}, "refund": {200, `"status":"SUCCESS"`}, "refund_again": {200, `"refund":800`}, "refund_changed": {400, `"INVALID_REQUEST"`},
	"refund_too_much": {400, `退款金额大于`}, "refund_query": {200, `"status":"SUCCESS"`}, "told_refund": {200, `"refund_status":"SUCCESS"`}, "close": {204, ``}, "closed": {200, `"trade_state":"CLOSED"`},
	"close_paid": {400, `"ORDERPAID"`}, "unknown": {404, `"ORDER_NOT_EXIST"`}, "codepay": {200, `"trade_type":"MICROPAY"`}, "codepay_password": {202, `"USERPAYING"`},
	"code_waits": {200, `"trade_state":"USERPAYING"`}, "reverse": {200, `"out_trade_no":"node_code_2"`}, "reversed": {200, `"trade_state":"REVOKED"`}, "reverse_paid": {200, `"node_code_1"`},
	"reversed_paid": {200, `"trade_state":"REVOKED"`}, "no_bill": {400, `"NO_STATEMENT_EXIST"`}, "old_address": {403, ``}, "partner": {403, `"NO_AUTH"`},
}

var wxV2Steps = map[string]wxWant{
	"native": {200, `"code_url":"http://postern.test/`}, "native_changed": {200, `"err_code":"INVALID_REQUEST"`}, "h5": {200, `/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=`}, "jsapi": {200, `"err_code":"NOAUTH"`},
	"unpaid": {200, `"trade_state":"NOTPAY"`}, "paid": {200, `"trade_state":"SUCCESS"`}, "told_paid": {200, `"attach":"桌 7 & 8"`}, "refund": {200, `"refund_fee":"800"`},
	"refund_uncertified": {200, `证书错误`}, "refund_query": {200, `"refund_status_0":"SUCCESS"`}, "told_refund": {200, `"refund_status":"SUCCESS"`}, "close": {200, `"result_code":"SUCCESS"`}, "closed": {200, `"trade_state":"CLOSED"`},
	"close_paid": {200, `"err_code":"ORDERPAID"`}, "micropay": {200, `"trade_type":"MICROPAY"`}, "micropay_password": {200, `"err_code":"USERPAYING"`}, "reverse": {200, `"recall":"N"`},
	"reversed": {200, `"trade_state":"REVOKED"`}, "unknown": {200, `"err_code":"ORDERNOTEXIST"`},
}

// TestWeChatSDKAgainstTheFacade: a shop's code, on the public SDK with its verification on, is collected for by Alipay and cannot tell; the books balance.
func TestWeChatSDKAgainstTheFacade(t *testing.T) {
	dir := wechatSDK(t)
	for name, mode := range map[string]struct{ publicOnly, v2 bool }{"platform certificate": {}, "public key": {publicOnly: true}, "v2": {v2: true}} {
		t.Run(name, func(t *testing.T) {
			s, server := serveShop(t, mode.publicOnly, mode.v2)
			if mode.v2 {
				s.answer = http.StatusOK
			}
			seen := driveShop(t, dir, s, server, mode.publicOnly, mode.v2)
			want := map[string]wxWant{}
			if mode.v2 {
				for step, w := range wxV2Steps {
					want["MD5 "+step], want["HMAC-SHA256 "+step] = w, w
				}
			} else {
				for step, w := range wxV3Steps {
					want[step] = w
				}
			}
			if mode.publicOnly {
				want["certificates"] = wxWant{404, `"RESOURCE_NOT_EXISTS"`}
			}
			judgeWx(t, seen, want)
			run(t, s.w, time.Minute)
			agree(t, s.w)
			missed, err := s.w.Store.MissedCalls(context.Background(), s.w.Merchant.ID, 0)
			must(t, err)
			if len(missed) == 0 {
				t.Error("what the facade does not have is not counted")
			}
		})
	}
}
