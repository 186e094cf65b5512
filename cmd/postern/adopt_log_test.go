package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/all"
)

// TestDryRunReadsThreeFormats: the same calls in each format are the same report, and nothing of what they are about is in it.
func TestDryRunReadsThreeFormats(t *testing.T) {
	const query, transfer = "/gateway.do?method=alipay.trade.query&app_id=2021000000000001", "/gateway.do?method=alipay.fund.trans.uni.transfer"
	logs := map[string]string{
		"access log": `10.0.0.1 - - [02/Nov/2026:10:04:00 +0800] "POST ` + query + ` HTTP/1.1" 200 512 "-" "okhttp"` + "\n" +
			`gw 10.0.0.1 - [20/Nov/2026:10:01:00 +0800] "POST https://openapi.alipay.com` + transfer + ` HTTP/1.1" 200` + "\n" + `10.0.0.1 - - [20/Nov/2026:10:01:00 +0800] "GET /robots.txt HTTP/1.1" 404` + "\nnonsense\n",
		"JSON Lines": `{"method":"POST","url":"https://openapi.alipay.com` + query + `","time":"2026-11-02T10:04:00+08:00","body":"biz_content=13800138000"}` + "\n" +
			`{"request_uri":"/gateway.do","request_method":"post","msec":1795140060.123,"request_body":{"method":"alipay.fund.trans.uni.transfer"}}` + "\n" + `{"path":"/robots.txt"}` + "\nnonsense\n",
		"HAR": `{"log":{"version":"1.2","creator":{"name":"log"},"entries":[{"startedDateTime":"2026-11-02T02:04:00.000Z","request":{"method":"POST","url":"https://openapi.alipay.com` + query + `"}},` +
			`{"startedDateTime":"2026-11-20T02:01:00.000Z","request":{"method":"POST","url":"https://openapi.alipay.com/gateway.do","postData":{"params":[{"name":"method","value":"alipay.fund.trans.uni.transfer"}]}},"response":{"content":{"text":"13800138000"}}},` +
			`{"request":{"method":"GET","url":"https://openapi.alipay.com/robots.txt"}},{"request":{}}]}}`,
	}
	want := ", 2 calls of Alipay; times are Beijing's\n       1  as without permission     alipay.fund.trans.uni.transfer  2026-11-20 10:01 to 2026-11-20 10:01\n" +
		"       1  covered, old orders too   alipay.trade.query  2026-11-02 10:04 to 2026-11-02 10:04\n       1  calls of something else\n       1  that are no call, the first of them number 4\n50.0 % of calls are covered\n"
	for format, text := range logs {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte("\ufeff\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, complaint bytes.Buffer
		code := run([]string{"adopt", "alipay", "--dry-run", path}, strings.NewReader(""), &out, &complaint)
		if code != 3 || out.String() != format+want || complaint.Len() > 0 {
			t.Errorf("%s: exit %d, %s%s", format, code, out.String(), complaint.String())
		}
	}
	for name, text := range map[string]string{"empty": "", "nothing known": "hello\n", "no HAR": `{"log":{"entries":{}}}`, "cut HAR": `{"log":{"entries":[{"request":`} {
		var out bytes.Buffer
		if code := run([]string{"adopt", "alipay", "--dry-run", "-"}, strings.NewReader(text), &out, &out); code != 1 || !strings.Contains(out.String(), "this is no") {
			t.Errorf("%s: exit %d, %s", name, code, out.String())
		}
	}
	var out bytes.Buffer
	if code := run([]string{"adopt", "wechatpay", "--json", "--dry-run", "-"}, strings.NewReader(`{"path":"/v3/certificates"}`+"\n"+`{"method":"POST","path":"/v3/alipay/trade/query"}`), &out, &out); code != 0 || !strings.Contains(out.String(), `"covered_tenths_of_percent": 1000`) {
		t.Errorf("exit %d, %s", code, out.String())
	}
	if code := run([]string{"adopt", "tenpay", "--dry-run", "-"}, strings.NewReader(""), &out, &out); code != 1 || !strings.Contains(out.String(), "has no facade") {
		t.Errorf("exit %d, %s", code, out.String())
	}
}

// endless is a log that never ends.
type endless struct{ line []byte }

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e.line) <= len(p) {
		n += copy(p[n:], e.line)
	}
	if n == 0 {
		n = copy(p, e.line[:min(len(p), len(e.line))])
	}
	return n, nil
}

// TestDryRunIsBounded: a line that is too long is passed over, an entry that is too long ends the reading, and names do not grow without end.
func TestDryRunIsBounded(t *testing.T) {
	long := strings.Repeat("x", maxCallLine+10)
	log, err := readCalls(strings.NewReader("{\"path\":\"/a\"}\n{\"path\":\"/"+long+"\"}\n{\"path\":\"/b\"}\n"), func(loggedCall) {})
	if err != nil || log.Unread != 1 || log.FirstUnread != 2 {
		t.Errorf("%+v, %v", log, err)
	}
	began := time.Now()
	if _, err := readCalls(&harBomb{}, func(loggedCall) {}); !errors.Is(err, errHAR) || time.Since(began) > 5*time.Second {
		t.Errorf("an endless entry: %v after %s", err, time.Since(began))
	}
	var many strings.Builder
	for i := range 3 * maxCallNames {
		fmt.Fprintf(&many, "{\"path\":\"/gateway.do?method=a.b%d\"}\n", i)
	}
	r, err := reportCalls(strings.NewReader(many.String()), all.Registry()["alipay"].(provider.Adopter))
	if err != nil || len(r.Lines) > maxCallNames+3 || r.Calls != 3*maxCallNames {
		t.Errorf("%d lines of %d calls, %v", len(r.Lines), r.Calls, err)
	}
}

// harBomb is a HAR whose first entry never ends.
type harBomb struct{ begun bool }

func (h *harBomb) Read(p []byte) (int, error) {
	if !h.begun {
		h.begun = true
		return copy(p, "{\"log\":{\n\"entries\":[{\"a\":\""), nil
	}
	return endless{[]byte("aaaaaaaaaaaaaaaa")}.Read(p)
}

// FuzzReadCalls: whatever the file is, it is read or refused, and a target is a path.
func FuzzReadCalls(f *testing.F) {
	for _, s := range []string{
		`{"method":"POST","url":"https://x/gateway.do?method=a.b","body":{"a":"b"},"ts":1795140060}`, "\ufeff{\"path\":\"/v3/certificates\"}\n{}\n[", `1.1.1.1 - - [02/Nov/2026:10:04:00 +0800] "POST /pay/orderquery HTTP/1.1" 200`,
		`{"log":{"a":[{}],"entries":[{"request":{"method":"GET","url":"http://h/p?q"}},3]}}`, `{"log":{"entries":[`, "{", `"`, "{\n\"log\" :{}}",
	} {
		f.Add([]byte(s))
	}
	adopters := []provider.Adopter{all.Registry()["alipay"].(provider.Adopter), all.Registry()["wechatpay"].(provider.Adopter)}
	f.Fuzz(func(t *testing.T, raw []byte) {
		log, err := readCalls(bytes.NewReader(raw), func(c loggedCall) {
			if !strings.HasPrefix(c.Target, "/") && c.Target != "*" {
				t.Errorf("the target %q", c.Target)
			}
			for _, a := range adopters {
				a.Covers(c.Method, c.Target, c.Body)
			}
		})
		if err == nil && log.Format == "" {
			t.Error("a log of no format")
		}
	})
}
