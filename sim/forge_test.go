package sim_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/web/checkout"
)

// TestT17Forgery: a cashier token is guessed or built from ids, an amount is smuggled in, a notification is forged and an old one replayed.
//
// Red without: the signature check in provider.Verify (provider/verified.go). An amount that is genuine and wrong is TestF18Mismatch's.
func TestT17Forgery(t *testing.T) {
	t.Run("token", forgedToken)
	t.Run("amount", smuggledAmount)
	for _, code := range []string{wechat, alipay} {
		t.Run("notification "+code, func(t *testing.T) { forgedNotification(t, code) })
	}
}

func forgedToken(t *testing.T) {
	w := newWorld(t, 1)
	p := pay(t, w, "T17", 6800)
	pages := checkout.New(checkout.Config{Engine: w.Engine})
	get := func(token string) (int, string) {
		answer := httptest.NewRecorder()
		pages.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/c/"+url.PathEscape(token), nil))
		return answer.Code, answer.Body.String()
	}
	if status, _ := get(p.LinkToken); status != http.StatusOK {
		t.Fatalf("the genuine link: HTTP %d", status)
	}
	_, constant := get("00000000000000000000000000")
	last := p.LinkToken[:len(p.LinkToken)-1]
	for _, forged := range []string{
		p.ID, p.ID[len(postern.PrefixPayment):], p.MerchantID, last, last + "0", last + "z", p.LinkToken + "0", strings.ToUpper(p.LinkToken), "../" + p.LinkToken,
		p.LinkToken + "?x", "' OR 1=1 --",
	} {
		if forged == p.LinkToken {
			continue
		}
		if status, body := get(forged); status != http.StatusNotFound || body != constant {
			t.Errorf("token %q: HTTP %d, the page differs from the constant one: %v", forged, status, body != constant)
		}
	}
}

func smuggledAmount(t *testing.T) {
	w := newWorld(t, 1)
	p := pay(t, w, "T17", 6800)
	pages := checkout.New(checkout.Config{Engine: w.Engine})
	form := "provider=wechatpay&product=native&amount=1&total=1&total_amount=0.01&currency=JPY"
	r := httptest.NewRequest(http.MethodPost, "/c/"+p.LinkToken+"/start?amount=1", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
	answer := httptest.NewRecorder()
	pages.ServeHTTP(answer, r)
	rows, err := w.Orders(context.Background(), wechat)
	must(t, err)
	if len(rows) != 1 || rows[0].Amount != 6800 || rows[0].Currency != "CNY" {
		t.Errorf("HTTP %d, the provider was asked for %+v", answer.Code, rows)
	}
}

func forgedNotification(t *testing.T, code string) {
	ctx, w := context.Background(), newWorld(t, 1)
	held := keep(w, false)
	p := pay(t, w, "T17", 6800)
	a := begin(t, w, p, code, "native")
	approve(t, w, a)
	w.Sandboxes[code].RunDue(ctx)
	w.Tap = nil
	genuine := (*held)[0]
	for name, message := range forgeries(genuine.message) {
		if status, body, err := w.Send(ctx, genuine.id, message); err != nil || status == http.StatusOK && body == "success" || strings.Contains(body, "SUCCESS") {
			t.Errorf("%s: answered %d %q, %v", name, status, body, err)
		}
	}
	wantAttempt(t, w, a, postern.AttemptPending)
	rows, err := w.Store.Notifications(ctx, a.MerchantID, a.ID)
	must(t, err)
	if len(rows) != len(forgeries(genuine.message)) {
		t.Errorf("%d forgeries were recorded", len(rows))
	}
	for _, row := range rows {
		if row.Outcome != engine.OutcomeRejected {
			t.Errorf("a forgery was recorded as %s", row.Outcome)
		}
	}
	for range 3 { // the genuine one, and two replays of it
		if status, _, err := w.Send(ctx, genuine.id, genuine.message); err != nil || status != http.StatusOK {
			t.Errorf("the genuine one: HTTP %d, %v", status, err)
		}
	}
	run(t, w, time.Hour)
	if s := wantPayment(t, w, p, postern.PaymentPaid); len(s.Receipts) != 1 {
		t.Errorf("%d receipts", len(s.Receipts))
	}
	wantTypes(t, w, p, "payment.paid")
	agree(t, w)
}

// forgeries are what somebody without a key can make of a genuine message.
func forgeries(genuine provider.Message) map[string]provider.Message {
	edit := func(change func(m *provider.Message)) provider.Message {
		m := provider.Message{Header: genuine.Header.Clone(), Body: bytes.Clone(genuine.Body)}
		change(&m)
		return m
	}
	all := map[string]provider.Message{
		"empty body": edit(func(m *provider.Message) { m.Body = nil }),
		"no signature": edit(func(m *provider.Message) {
			m.Header.Del("Wechatpay-Signature")
			m.Body = bytes.Replace(m.Body, []byte("sign="), []byte("sgn="), 1)
		}),
		"amount": edit(func(m *provider.Message) {
			m.Body = bytes.ReplaceAll(m.Body, []byte("68.00"), []byte("0.01"))
			m.Body = bytes.Replace(m.Body, []byte(`"ciphertext":"`), []byte(`"ciphertext":"A`), 1)
		}),
		"field twice": edit(func(m *provider.Message) {
			m.Body = append(m.Body, "&total_amount=0.01"...)
		}),
		"json instead of a form": edit(func(m *provider.Message) { m.Body = []byte(`{"trade_status":"TRADE_SUCCESS"}`) }),
	}
	for i := 0; i < len(genuine.Body); i += len(genuine.Body)/20 + 1 {
		all["bit flipped at "+string(rune('A'+i%26))+string(rune('a'+i/26%26))] = edit(func(m *provider.Message) { m.Body[i] ^= 1 })
	}
	return all
}
