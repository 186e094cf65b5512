package facade_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/provider/alipay/wire"
	"postern/sim"
)

// goldenCalls are the methods with their contents of the golden exchanges.
func goldenCalls(t testing.TB) (calls [][2]string) {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "provider", "alipay", "testdata", "facade.golden"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "> "); ok {
			method, biz, _ := strings.Cut(rest, " ")
			calls = append(calls, [2]string{method, biz})
		}
	}
	if len(calls) < 20 {
		t.Fatalf("only %d golden exchanges: %v", len(calls), lines.Err())
	}
	return calls
}

// checkShape wants an answer of Alipay's: its status, JSON or a page of the gateway's, and nothing of ours in it.
func checkShape(t *testing.T, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	body, kind := strings.ReplaceAll(w.Body.String(), sim.Host, "the cashier's host"), w.Header().Get("Content-Type")
	v3 := strings.HasPrefix(path, wire.V3Prefix)
	switch {
	case w.Code >= 500 && !v3, strings.Contains(strings.ToLower(body), "postern"), kind == "application/problem+json":
	case w.Code == http.StatusFound, w.Code == http.StatusNotFound && body == "", w.Code == http.StatusForbidden && path == "/downloadBillFile.resource": // to the cashier; no such path; a bill's address that is none
		return
	case kind == "text/html;charset=GBK" && w.Code == http.StatusOK:
		return
	case json.Valid([]byte(body)) && strings.HasPrefix(body, `{"`) && (v3 || w.Code == http.StatusOK):
		return
	}
	t.Fatalf("%s is answered %d %s %.300s", path, w.Code, kind, body)
}

// FuzzAlipayRequest shows the facade raw requests: whatever comes, the answer has Alipay's shape, and nothing falls over.
func FuzzAlipayRequest(f *testing.F) {
	r := newRoom(f)
	for _, call := range goldenCalls(f) {
		f.Add(wire.GatewayPath, r.signed(call[0], call[1]), "application/x-www-form-urlencoded", "")
		p, err := wire.ParseForm(r.signed(call[0], call[1]))
		if err != nil {
			f.Fatal(err)
		}
		query, body := p.Split()
		f.Add(wire.GatewayPath+"?"+query, body, "", "")
	}
	m, err := wire.V3Call{Method: wire.MethodQuery, AppID: r.account.Account.Number, Fields: wire.Fields{}.Set("out_trade_no", "G-1"), Nonce: "n", RequestID: "r", Time: r.Clock.Now()}.Message(wire.SignWith(sim.Key("face-app"), "RSA2"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.Target, m.Body, "application/json", m.Header["Authorization"])
	f.Add(wire.GatewayPath, "--b\r\nContent-Disposition: form-data; name=\"method\"\r\n\r\nalipay.trade.query\r\n--b--\r\n", "multipart/form-data; boundary=b", "")
	f.Add("/app", r.signed(wire.MethodAppPay, create), "", "")
	f.Add("/cashier?app_id="+r.account.Account.Number+"&trade_no=1", "", "", "")
	f.Add("/downloadBillFile.resource?app_id="+r.account.Account.Number+"&token=AAAA", "", "", "")
	f.Fuzz(func(t *testing.T, target, body, kind, authorization string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" || !strings.HasPrefix(target, "/") {
			t.Skip()
		}
		q := &http.Request{Method: http.MethodPost, URL: u, Host: faces["alipay"], Header: http.Header{}, Body: http.NoBody, RequestURI: target, RemoteAddr: "192.0.2.1:1"}
		q = q.WithContext(t.Context())
		q.Body = readCloser{strings.NewReader(body)}
		q.Header.Set("Content-Type", kind)
		if authorization != "" {
			q.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		r.Net[faces["alipay"]].ServeHTTP(w, q)
		checkShape(t, u.Path, w)
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// FuzzAlipayContent shows the facade calls that are genuine, whatever is in them: the second version's form and the third's JSON. Every answer in JSON is signed, unless the
// form cannot be read.
func FuzzAlipayContent(f *testing.F) {
	r := newRoom(f)
	for _, call := range goldenCalls(f) {
		f.Add(call[0], call[1], false)
		f.Add(call[0], call[1], true)
	}
	f.Add(wire.MethodPrecreate, "\xe5", false) // not UTF-8
	f.Add(wire.MethodOAuthToken, `{"grant_type":"authorization_code","code":"x"}`, false)
	f.Fuzz(func(t *testing.T, method, biz string, v3 bool) {
		if !v3 {
			form := r.signed(method, biz)
			w := r.post(t.Context(), faces["alipay"], wire.GatewayPath, form)
			checkShape(t, wire.GatewayPath, w)
			_, unread := wire.ParseForm(form) // what cannot be read names no account to sign for
			if body := w.Body.String(); unread == nil && strings.HasPrefix(body, "{") && !strings.Contains(body, `"sign":"`) {
				t.Fatalf("unsigned: %s", body)
			}
			return
		}
		o, err := wire.ParseObject([]byte(biz))
		if err != nil {
			t.Skip()
		}
		call := wire.V3Call{Method: method, AppID: r.account.Account.Number, Nonce: "n", RequestID: "r", Time: r.Clock.Now()}
		for name := range o {
			call.Fields = call.Fields.Set(name, o.Text(name))
		}
		m, err := call.Message(wire.SignWith(sim.Key("face-app"), "RSA2"))
		if err != nil {
			t.Skip()
		}
		u, err := url.ParseRequestURI(m.Target)
		if err != nil {
			t.Skip()
		}
		q := (&http.Request{Method: m.Verb, URL: u, Host: faces["alipay"], Header: http.Header{}, RequestURI: m.Target, RemoteAddr: "192.0.2.1:1"}).WithContext(t.Context())
		q.Body = readCloser{strings.NewReader(m.Body)}
		for name, value := range m.Header {
			q.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		r.Net[faces["alipay"]].ServeHTTP(w, q)
		checkShape(t, u.Path, w)
	})
}
