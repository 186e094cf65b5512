package sandbox

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// TestGatewayRefuses checks the common parameters: every refusal is signed, has HTTP 200 and names its cause.
func TestGatewayRefuses(t *testing.T) {
	b := newBench(t, nil)
	for name, tt := range map[string]struct {
		change func(wire.Params)
		resign bool
		want   string
	}{
		"app unknown":     {func(p wire.Params) { p["app_id"] = "2021999999999999" }, true, "isv.invalid-app-id40002"},
		"app missing":     {func(p wire.Params) { delete(p, "app_id") }, true, "isv.missing-app-id40001"},
		"unsigned":        {func(p wire.Params) { delete(p, "sign") }, false, "isv.missing-signature40001"},
		"tampered":        {func(p wire.Params) { p["biz_content"] = `{"out_trade_no":"other"}` }, false, "isv.invalid-signature40002"},
		"extra parameter": {func(p wire.Params) { p["more"] = "1" }, false, "isv.invalid-signature40002"},
		"sign type":       {func(p wire.Params) { p["sign_type"] = "MD5" }, true, "isv.invalid-signature-type40002"},
		"timestamp":       {func(p wire.Params) { p["timestamp"] = "now" }, true, "isv.invalid-timestamp40002"},
		"version":         {func(p wire.Params) { delete(p, "version") }, true, "isv.missing-version40001"},
		"charset":         {func(p wire.Params) { p["charset"] = "GBK" }, true, "isv.invalid-charset40002"},
		"format":          {func(p wire.Params) { p["format"] = "xml" }, true, "isv.invalid-format40002"},
		"json":            {func(p wire.Params) { p["biz_content"] = `{"a":1,"a":2}` }, true, "isv.illegal-json40002"},
		"no number":       {func(p wire.Params) { p["biz_content"] = `{}` }, true, "ACQ.INVALID_PARAMETER"},
		"method unknown":  {func(p wire.Params) { p["method"] = "alipay.trade.fly" }, true, "isv.invalid-method40002"},
	} {
		p := b.request(wire.MethodQuery, byNo("x"), nil)
		tt.change(p)
		if tt.resign {
			if err := p.SignRequest(wire.SignWith(keys()[1], wire.SignTypeRSA2)); err != nil {
				t.Fatal(err)
			}
		}
		o := b.send(p)
		if got := o.Text("sub_code") + o.Text("code"); got != tt.want && got != tt.want+wire.CodeBusiness {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
	p := b.request(wire.MethodQuery, byNo("x"), nil)
	if err := p.SignRequest(wire.SignWith(keys()[2], wire.SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
	b.want(b.send(p), "isv.invalid-signature40002")
}

// TestGatewayShapes sends one signed request in the shapes of the SDKs: all in the query of a GET, all in the body, charset twice, SHA1, numbers for texts.
func TestGatewayShapes(t *testing.T) {
	b := newBench(t, nil)
	p := b.request(wire.MethodQuery, byNo("x"), nil)
	get, err := b.srv.Client().Get(b.srv.URL + wire.GatewayPath + "?" + p.Encode())
	b.shape("GET", get, err)
	post, err := b.srv.Client().Post(b.srv.URL+wire.GatewayPath+"?charset=utf-8", "application/x-www-form-urlencoded;charset=utf-8", strings.NewReader(p.Encode()))
	b.shape("body and charset twice", post, err)
	var multi strings.Builder
	for k, v := range p {
		multi.WriteString("--q\r\nContent-Disposition: form-data; name=\"" + k + "\"\r\n\r\n" + v + "\r\n")
	}
	post, err = b.srv.Client().Post(b.srv.URL+wire.GatewayPath, "multipart/form-data; boundary=q", strings.NewReader(multi.String()+"--q--\r\n"))
	b.shape("multipart", post, err)
	p["sign_type"] = wire.SignTypeRSA
	delete(p, "format")
	p["biz_content"] = `{"out_trade_no":12345}`
	if err := p.SignRequest(wire.SignWith(keys()[1], wire.SignTypeRSA)); err != nil {
		t.Fatal(err)
	}
	post, err = b.srv.Client().Post(b.srv.URL+wire.GatewayPath, "application/x-www-form-urlencoded", strings.NewReader(p.Encode()))
	if raw := b.shape("RSA", post, err); !strings.Contains(raw, `"out_trade_no":"12345"`) {
		t.Errorf("RSA: %s", raw)
	}
	post, err = b.srv.Client().Post(b.srv.URL+wire.GatewayPath, "text/plain", strings.NewReader(strings.Repeat("x", sandboxkit.MaxBody+1)))
	if err != nil || post.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("oversized: %v", err)
	}
}

func (b *bench) shape(name string, resp *http.Response, err error) string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	raw, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if !strings.HasPrefix(string(raw), `{"alipay_trade_query_response":{"code":"40004"`) {
		b.t.Errorf("%s: %s", name, raw)
	}
	return string(raw)
}

func TestTimeouts(t *testing.T) {
	b := newBench(t, func(c *Config) { c.NotifyClosed = []string{opNative} })
	b.want(b.call(wire.MethodPrecreate, goods("t1", "1.00").Set("timeout_express", "30m")), "10000")
	b.want(b.call(wire.MethodPrecreate, goods("t2", "1.00").Set("time_expire", wire.FormatTime(b.clock.Now().Add(10*time.Minute)))), "10000")
	b.want(b.call(wire.MethodPrecreate, goods("t3", "1.00").Set("time_expire", wire.FormatTime(b.clock.Now()))), "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR")
	b.want(b.call(wire.MethodPrecreate, goods("t4", "1.00").Set("timeout_express", "1.5h")), "ACQ.INVALID_PARAMETER")
	if b.press("t1", "decline", "li") != http.StatusOK { // scanned, so the trade exists
		t.Fatal("decline failed")
	}
	b.clock.Advance(10 * time.Minute)
	if b.press("t2", "approve", "") != http.StatusConflict {
		t.Fatal("an expired code was paid")
	}
	b.clock.Advance(20 * time.Minute)
	if b.press("t1", "approve", "li") != http.StatusConflict {
		t.Fatal("an expired order was paid")
	}
	if q := b.want(b.call(wire.MethodQuery, byNo("t1")), "10000"); q.Text("trade_status") != wire.TradeClosed {
		t.Fatalf("after its time: %s", q)
	}
	b.s.RunDue(t.Context())
	if len(b.notes) != 1 || b.notes[0].Status != wire.TradeClosed || b.notes[0].RefundFee != 0 || b.notes[0].Params["gmt_refund"] != "" {
		t.Fatalf("timeout notifications %+v", b.notes)
	}
}

func TestCloseAndCancel(t *testing.T) {
	b := newBench(t, nil)
	if o := b.want(b.call(wire.MethodCancel, byNo("never")), "10000"); o.Text("action") != "" {
		t.Fatalf("unknown order: %s", o)
	}
	for _, no := range []string{"c1", "c2", "c3"} {
		b.want(b.call(wire.MethodPrecreate, goods(no, "2.00")), "10000")
		b.press(no, "decline", "")
	}
	b.want(b.call(wire.MethodClose, byNo("c1")), "10000")
	b.want(b.call(wire.MethodClose, byNo("c1")), "ACQ.TRADE_STATUS_ERROR")
	if o := b.want(b.call(wire.MethodCancel, byNo("c2")), "10000"); o.Text("action") != "close" {
		t.Fatalf("unpaid: %s", o)
	}
	b.press("c3", "approve", "")
	for range 2 {
		if o := b.want(b.call(wire.MethodCancel, byNo("c3")), "10000"); o.Text("action") != "refund" {
			t.Fatalf("paid: %s", o)
		}
	}
	if b.press("c1", "approve", "") != http.StatusConflict {
		t.Fatal("a closed order was paid")
	}
	if o := b.s.book.byOut[testSeller+"/c3"]; o.refunded != 200 || len(o.refunds) != 1 {
		t.Fatalf("canceling twice refunded %d fen in %d refunds", o.refunded, len(o.refunds))
	}
}

func TestNotifySchedule(t *testing.T) {
	b := newBench(t, nil)
	b.reply = "SUCCESS" // not the exact acknowledgement
	b.call(wire.MethodPrecreate, goods("s1", "2.00"))
	b.press("s1", "approve", "")
	start := b.clock.Now()
	var at []string
	for {
		b.s.RunDue(t.Context())
		at = append(at, b.clock.Now().Sub(start).String())
		due, ok := b.s.Next()
		if !ok {
			break
		}
		b.clock.Advance(due.Sub(b.clock.Now()))
	}
	if want := "0s 4m0s 14m0s 24m0s 1h24m0s 3h24m0s 9h24m0s 24h24m0s"; strings.Join(at, " ") != want {
		t.Fatalf("tries at %v, want %s", at, want)
	}
	for _, n := range b.notes {
		if n.ID != b.notes[0].ID {
			t.Fatal("a retry had another notify_id")
		}
	}
	if b.notes[0].Params["notify_time"] == b.notes[1].Params["notify_time"] {
		t.Fatal("notify_time is the time of the try")
	}
}

func TestFaultsInTheProtocol(t *testing.T) {
	b := newBench(t, nil)
	for fault, want := range map[string]string{
		FaultRateLimited: "isv.app-call-limited40005", FaultSystemError: "ACQ.SYSTEM_ERROR", FaultUnavailable: "isp.unknow-error20000", FaultClosed: "ACQ.SELLER_BEEN_BLOCKED",
	} {
		if _, err := b.s.Faults().Add(sandboxkit.Fault{Op: opNative, Fault: fault}); err != nil {
			t.Fatal(err)
		}
		b.want(b.call(wire.MethodPrecreate, goods("f-"+fault, "1.00")), want)
		if b.s.book.byOut[testSeller+"/f-"+fault] != nil {
			t.Errorf("%s had an effect", fault)
		}
	}
	if _, err := b.s.Faults().Add(sandboxkit.Fault{Op: opNative, Fault: FaultSystemErrorAfterEffect}); err != nil {
		t.Fatal(err)
	}
	b.want(b.call(wire.MethodPrecreate, goods("f1", "1.00")), "ACQ.SYSTEM_ERROR")
	if b.s.book.byOut[testSeller+"/f1"] == nil {
		t.Error("system_error_after_effect had no effect")
	}
}

func TestConfigRefused(t *testing.T) {
	good := newBench(t, nil).s.cfg
	for name, change := range map[string]func(*Config){
		"no key": func(c *Config) { c.PrivateKey = nil }, "slash": func(c *Config) { c.BaseURL += "/" }, "no host": func(c *Config) { c.BaseURL = "x" },
		"own key": func(c *Config) {
			c.Accounts = []Account{{AppID: "1", SellerID: "2", AppPublicKey: &keys()[0].PublicKey}}
		},
		"no app key": func(c *Config) { c.Accounts = []Account{{AppID: "1", SellerID: "2"}} },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
