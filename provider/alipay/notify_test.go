package alipay

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// genuine pays an order and returns its notification as it arrived.
func genuine(t *testing.T, w *world) (postern.Attempt, provider.Message) {
	t.Helper()
	a := w.paid(Native, 6800)
	w.s.RunDue(t.Context())
	if len(w.notes) != 1 {
		t.Fatalf("%d notifications", len(w.notes))
	}
	return a, w.notes[0]
}

func TestNotifications(t *testing.T) {
	w := newWorld(t)
	a, message := genuine(t, w)
	v, err := w.c.ReadNotification(w.call, a, message)
	if err != nil {
		t.Fatal(err)
	}
	n, ok := v.Notice()
	if !ok || !n.SettingsMatch || n.Account != testApp || n.Number != a.Number || n.State != provider.Paid || n.Money == nil || n.Money.Amount != 6800 || n.RefundNumber != "" {
		t.Fatalf("notice %+v", n)
	}
	if q := w.query(a); q.Money.TxnNo != n.Money.TxnNo || !q.Money.PaidAt.Equal(n.Money.PaidAt) {
		t.Fatalf("notification %+v and query %+v disagree", n.Money, q.Money)
	}
	for number, amount := range map[string]int64{"refA": 800} {
		w.c.Refund(t.Context(), w.call, w.refund(a, number, amount))
	}
	w.c.Refund(t.Context(), w.call, w.refund(a, "refB", 6000))
	w.s.RunDue(t.Context())
	for i, want := range []provider.Notice{{RefundNumber: "refA", State: provider.Paid}, {RefundNumber: "refB", State: provider.Closed}} {
		v, err := w.c.ReadNotification(w.call, a, w.notes[1+i])
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := v.Notice(); n.RefundNumber != want.RefundNumber || n.State != want.State || n.RefundState != provider.RefundDone || n.RefundAmount != 0 {
			t.Errorf("refund notice %+v", n)
		}
	}
	if yes, no := w.c.Acknowledge(true), w.c.Acknowledge(false); yes.Body != "success" || yes.Status != 200 || no.Body == "success" {
		t.Fatalf("acknowledgements %+v %+v", yes, no)
	}
}

// TestForeignNotifications: a genuine signature about somebody else's money is verified, and says so.
func TestForeignNotifications(t *testing.T) {
	w := newWorld(t)
	a, message := genuine(t, w)
	for name, change := range map[string]func(map[string]string){
		"another app": func(s map[string]string) { s[settingAppID] = otherApp }, "another seller": func(s map[string]string) { s[settingSeller] = "2088000000000002" },
	} {
		call := w.call
		call.Settings = maps.Clone(call.Settings)
		change(call.Settings)
		v, err := w.c.ReadNotification(call, a, message)
		if n, ok := v.Notice(); err != nil || !ok || n.SettingsMatch {
			t.Errorf("%s: %+v %v", name, n, err)
		}
	}
	p, err := wire.ParseForm(string(message.Body))
	if err != nil {
		t.Fatal(err)
	}
	delete(p, "seller_id")
	v, err := w.c.ReadNotification(w.call, a, resigned(t, p))
	if n, _ := v.Notice(); err != nil || n.SettingsMatch {
		t.Errorf("without a seller: %+v %v", n, err)
	}
	p["notify_type"] = "servicemarket_order_notify"
	if v, err := w.c.ReadNotification(w.call, a, resigned(t, p)); err == nil || errors.Is(err, provider.ErrUnverified) {
		t.Errorf("a message of another kind: %+v %v", v, err)
	}
}

func resigned(t *testing.T, p wire.Params) provider.Message {
	t.Helper()
	if err := p.SignNotify(wire.SignWith(keys()[0], wire.SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
	return provider.Message{Body: []byte(p.Encode())}
}

// TestForgedNotifications mutates one genuine notification in several hundred ways: not one may be verified.
func TestForgedNotifications(t *testing.T) {
	w := newWorld(t)
	a, message := genuine(t, w)
	if _, err := w.c.ReadNotification(w.call, a, message); err != nil {
		t.Fatalf("the original must be accepted: %v", err)
	}
	good, err := wire.ParseForm(string(message.Body))
	if err != nil {
		t.Fatal(err)
	}
	forged := forgeries(t, good)
	accepted := 0
	for name, body := range forged {
		v, err := w.c.ReadNotification(w.call, a, provider.Message{Body: []byte(body)})
		if _, ok := v.Notice(); ok || err == nil {
			accepted++
			t.Errorf("%s was accepted: %s", name, body)
		}
	}
	if len(forged) < 200 {
		t.Fatalf("only %d forgeries", len(forged))
	}
	t.Logf("%d forgeries, %d accepted", len(forged), accepted)
}

func forgeries(t *testing.T, good wire.Params) map[string]string {
	t.Helper()
	out := map[string]string{}
	with := func(name string, change func(wire.Params)) {
		p := maps.Clone(good)
		change(p)
		out[name] = p.Encode()
	}
	names := slices.Sorted(maps.Keys(good))
	for i, k := range names {
		with("drop "+k, func(p wire.Params) { delete(p, k) })
		with("empty "+k, func(p wire.Params) { p[k] = "" })
		with("null "+k, func(p wire.Params) { p[k] = "null" })
		with("grow "+k, func(p wire.Params) { p[k] += "0" })
		with("blank "+k, func(p wire.Params) { p[k] += " " })
		with("flip "+k, func(p wire.Params) { p[k] = string(p[k][0]^1) + p[k][1:] })
		if o := names[(i+1)%len(names)]; good[k] != good[o] {
			with("swap "+k, func(p wire.Params) { p[k], p[o] = p[o], p[k] })
		}
		out["double "+k] = good.Encode() + "&" + k + "=" + "x"
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		with(fmt.Sprint("bit ", i), func(p wire.Params) {
			s := []byte(p["sign"])
			at := r.IntN(len(s) - 2)
			for {
				if c := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[r.IntN(64)]; c != s[at] {
					s[at] = c
					break
				}
			}
			p["sign"] = string(s)
		})
	}
	for name, value := range map[string]string{"RSA": "RSA", "none": "none", "lower": "rsa2", "MD5": "MD5", "SM2": "SM2"} {
		with("sign_type "+name, func(p wire.Params) { p["sign_type"] = value })
	}
	for name, value := range map[string]string{"break": good["sign"] + "\n", "pad": good["sign"] + "=", "urlsafe": strings.NewReplacer("+", "-", "/", "_").Replace(good["sign"]) + "_"} {
		with("sign "+name, func(p wire.Params) { p["sign"] = value })
	}
	sign := func(name string, key int, signType string, message func(wire.Params) wire.Params) {
		p := maps.Clone(good)
		m := message(p)
		delete(p, "sign")
		if err := m.SignNotify(wire.SignWith(keys()[key], signType)); err != nil {
			t.Fatal(err)
		}
		p["sign"] = m["sign"]
		out["sign "+name] = p.Encode()
	}
	same := func(p wire.Params) wire.Params { return p }
	sign("by a stranger", 3, wire.SignTypeRSA2, same)
	sign("by our own app key", 1, wire.SignTypeRSA2, same)
	sign("by another app's key", 2, wire.SignTypeRSA2, same)
	sign("with SHA1", 0, wire.SignTypeRSA, same)
	sign("over another message", 0, wire.SignTypeRSA2, func(p wire.Params) wire.Params { m := maps.Clone(p); m["total_amount"] = "0.01"; return m })
	with("joined", func(p wire.Params) {
		p["app_id"] = p["app_id"] + "&auth_app_id=" + p["auth_app_id"]
		delete(p, "auth_app_id")
	})
	with("joined at the end", func(p wire.Params) { p["trade_status"] += "&version=" + p["version"]; delete(p, "version") })
	for i, body := range []string{"", "&", "sign=", "sign_type=RSA2&sign=" + good["sign"], "%zz", strings.Repeat("a=1&", 20000), `{"trade_status":"TRADE_SUCCESS"}`} {
		out[fmt.Sprint("junk ", i)] = body
	}
	return out
}

// FuzzReadNotification: whatever arrives, only the genuine parameters with the genuine signature verify.
func FuzzReadNotification(f *testing.F) {
	good := wire.Params{
		"notify_type": wire.NotifyTypeTrade, "notify_id": "n", "app_id": testApp, "seller_id": testSeller, "out_trade_no": "o", "trade_no": "t", "trade_status": wire.TradeSuccess,
		"total_amount": "1.00", "sign_type": wire.SignTypeRSA2, "charset": "utf-8",
	}
	if err := good.SignNotify(wire.SignWith(keys()[0], wire.SignTypeRSA2)); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Encode())
	f.Add(strings.Replace(good.Encode(), "1.00", "0.01", 1))
	f.Add("sign=&sign_type=RSA2")
	call := provider.Call{
		Settings: map[string]string{settingAppID: testApp, settingSeller: testSeller}, Keys: []provider.Generation{generation("g", keys()[1], &keys()[0].PublicKey)},
	}
	f.Fuzz(func(t *testing.T, body string) {
		if _, err := New().ReadNotification(call, postern.Attempt{}, provider.Message{Body: []byte(body)}); err != nil {
			return
		}
		p, err := wire.ParseForm(body)
		if err != nil || !maps.Equal(p, good) {
			t.Fatalf("accepted %q", body)
		}
	})
}

// TestSpoiledNotification: the gateway's own wrong signature is rejected, and the order is still settled by a query.
func TestSpoiledNotification(t *testing.T) {
	w := newWorld(t)
	w.fault("notify", "wrong_signature")
	w.fault("notify", "duplicate_notification")
	a := w.paid(Native, 6800)
	w.s.RunDue(t.Context())
	if len(w.notes) != 2 {
		t.Fatalf("%d notifications", len(w.notes))
	}
	for _, message := range w.notes {
		if v, err := w.c.ReadNotification(w.call, a, message); !errors.Is(err, provider.ErrUnverified) {
			t.Errorf("accepted %+v: %v", v, err)
		}
	}
	if q := w.query(a); q.State != provider.Paid {
		t.Errorf("query %+v", q)
	}
}
