package alipay

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// openApp hands a string to the simulated wallet as a merchant's app does, and returns the status.
func (w *world) openApp(content string, params map[string]string) int {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"content": content, "params": params})
	if err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/app", bytes.NewReader(body))
	r.RemoteAddr = "127.0.0.1:9"
	rec := httptest.NewRecorder()
	w.s.Control().ServeHTTP(rec, r)
	return rec.Code
}

// TestApp checks that the wallet takes exactly the string that was signed, and that no server can order for an app.
func TestApp(t *testing.T) {
	w := newWorld(t)
	o, r := w.start(App, 6800)
	if r.Action.Type != postern.ActionApp || w.doer.calls != 0 {
		t.Fatalf("%+v after %d calls", r.Action, w.doer.calls)
	}
	for name, content := range map[string]string{
		"another amount": strings.Replace(r.Action.Content, "68.00", "0.68", 1), "unsigned": r.Action.Content[:strings.Index(r.Action.Content, "sign=")], "nothing": "",
		"a page's": strings.Replace(r.Action.Content, "app.pay", "wap.pay", 1), "twice": r.Action.Content + "&method=x",
	} {
		if status := w.openApp(content, nil); status != http.StatusConflict {
			t.Errorf("%s: status %d", name, status)
		}
	}
	if q := w.query(o.Attempt); q.State != provider.Absent {
		t.Errorf("before the app opened the wallet: %+v", q)
	}
	for range 2 {
		if status := w.openApp(r.Action.Content, nil); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
	}
	if q := w.query(o.Attempt); q.State != provider.Pending {
		t.Errorf("opened: %+v", q)
	}
	id, err := identityOf(w.call)
	if err != nil {
		t.Fatal(err)
	}
	query, _, err := request(w.call, id, wire.Request{Method: wire.MethodAppPay, Biz: wire.Fields{}.Set("out_trade_no", "x")})
	if err != nil {
		t.Fatal(err)
	}
	if _, page := w.browse(http.MethodGet, w.call.Settings[settingGateway]+"?"+query.Encode(), nil); !strings.Contains(page, "isv.invalid-method") {
		t.Errorf("a server orders for an app: %s", page)
	}
}

// TestMini checks what names the buyer and the mini program.
func TestMini(t *testing.T) {
	w := newWorld(t)
	w.call.Settings[settingMini] = testMini
	o := w.order(Mini, 500)
	o.PayerID = "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5" // an open id of the documents' shape
	r := w.c.Start(t.Context(), w.call, o)
	if r.State != provider.Pending || r.Action.Type != postern.ActionMini || r.Action.Params["tradeNO"] == "" || r.Action.Bridge != "" {
		t.Fatalf("%+v", r)
	}
	if !strings.Contains(r.Exchange.Request, testMini) || !strings.Contains(r.Exchange.Request, "buyer_open_id") {
		t.Errorf("sent %s", r.Exchange.Request)
	}
	if status := w.openApp("", r.Action.Params); status != http.StatusOK {
		t.Errorf("my.tradePay: status %d", status)
	}
	if status := w.openApp("", map[string]string{"tradeNO": "1"}); status != http.StatusNotFound {
		t.Errorf("an unknown trade: status %d", status)
	}
}
