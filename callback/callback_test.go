package callback_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"postern"
	"postern/callback"
	"postern/engine"
	alipaywire "postern/provider/alipay/wire"
	"postern/sim"
	"postern/store"
)

var providers = []string{"alipay", "wechatpay"}

// F20: the acknowledgement is exact, and it is given for the first copy and for every other.
func TestAGenuineNotificationIsAppliedOnceAndAcknowledgedExactly(t *testing.T) {
	for _, provider := range providers {
		t.Run(provider, func(t *testing.T) {
			b := newBench(t, nil)
			p, a, m := b.caught("G1", provider)
			for i := range 5 {
				b.want(fmt.Sprint("copy ", i), b.send(m), acks[provider].good)
			}
			s := b.state(p)
			if s.Payment.Status != postern.PaymentPaid || len(s.Receipts) != 1 {
				t.Errorf("payment %s with %d receipts", s.Payment.Status, len(s.Receipts))
			}
			if got := b.outcomes(a); got[engine.OutcomeApplied] != 1 || got[engine.OutcomeDuplicate] != 4 {
				t.Errorf("outcomes %v", got)
			}
			rows, err := b.w.Store.Notifications(context.Background(), a.MerchantID, a.ID)
			if err != nil || !bytes.Equal(rows[0].Body, m.body) {
				t.Errorf("the raw body was not kept byte for byte: %q %v", rows[0].Body, err)
			}
			b.tap.through = true
			b.run(time.Minute)
		})
	}
}

// forgeries mutates a real notification in every way that changes what was signed.
func (b *bench) forgeries(provider string, m message) []message {
	var out []message
	add := func(header http.Header, body []byte) { out = append(out, message{m.path, header, body}) }
	if provider == "wechatpay" {
		for i := range m.body {
			changed := bytes.Clone(m.body)
			changed[i] ^= 1 << (i % 7)
			add(m.header, changed)
		}
		for _, name := range []string{"Wechatpay-Signature", "Wechatpay-Nonce", "Wechatpay-Timestamp", "Wechatpay-Serial"} {
			for _, value := range []string{"", "null", "0", "AAAA", m.header.Get(name) + "0", strings.Repeat("9", 400)} {
				header := m.header.Clone()
				header.Set(name, value)
				add(header, m.body)
			}
			header := m.header.Clone()
			header.Del(name)
			add(header, m.body)
		}
		out = append(out, b.wechatSigned(m, sim.Key("stranger"), m.body), b.wechatSigned(m, sim.Key("wechatpay-merchant"), m.body))
		add(m.header, nil)
		add(m.header, append(bytes.Clone(m.body), ' '))
		return out
	}
	p, err := alipaywire.ParseForm(string(m.body))
	if err != nil {
		b.Fatal(err)
	}
	with := func(change func(alipaywire.Params)) {
		q := alipaywire.Params{}
		for k, v := range p {
			q[k] = v
		}
		change(q)
		add(m.header, []byte(q.Encode()))
	}
	for name, value := range p {
		for _, other := range []string{value + "0", value + " ", "0" + value, "null", strings.ToUpper(value) + "X", value + "&sign="} {
			with(func(q alipaywire.Params) { q[name] = other })
		}
		if value != "" {
			with(func(q alipaywire.Params) { q[name] = "" })
			with(func(q alipaywire.Params) { delete(q, name) })
		}
		add(m.header, append(bytes.Clone(m.body), []byte("&"+name+"=1")...))
	}
	with(func(q alipaywire.Params) { q["sign_type"] = "RSA" })
	with(func(q alipaywire.Params) { q["extra"] = "1" })
	out = append(out, b.alipaySigned(m, sim.Key("stranger"), func(alipaywire.Params) {}), b.alipaySigned(m, sim.Key("alipay-app"), func(alipaywire.Params) {}))
	add(m.header, nil)
	return out
}

// F15: no forgery changes anything; each gets the provider's failure answer and is counted, and at most fifty are kept.
func TestForgeriesChangeNothing(t *testing.T) {
	for _, provider := range providers {
		t.Run(provider, func(t *testing.T) {
			b := newBench(t, nil)
			p, a, m := b.caught("F15", provider)
			forged := b.forgeries(provider, m)
			if len(forged) < 200 {
				t.Fatalf("only %d forgeries", len(forged))
			}
			for i, f := range forged {
				b.want(fmt.Sprintf("forgery %d: %.300q", i, f.body), b.send(f), acks[provider].bad)
			}
			if s := b.state(p); s.Payment.Status != postern.PaymentProcessing || len(s.Receipts) != 0 {
				t.Errorf("payment %s with %d receipts", s.Payment.Status, len(s.Receipts))
			}
			if got := b.outcomes(a); got[engine.OutcomeRejected] != store.MaxNotifications || len(got) != 1 {
				t.Errorf("outcomes %v", got)
			}
			seen, err := b.w.Store.NotificationsSeen(context.Background(), a.MerchantID, a.ID)
			if err != nil || seen != int64(len(forged)) {
				t.Errorf("%d of %d were counted: %v", seen, len(forged), err)
			}
			b.want("the genuine one", b.send(m), acks[provider].good)
			if s := b.state(p); s.Payment.Status != postern.PaymentPaid {
				t.Errorf("payment %s", s.Payment.Status)
			}
		})
	}
}

// F16: a good signature over another account, app or order is kept and alarmed, answered with success, and changes nothing.
func TestAVerifiedMessageForAnotherAccountIsKeptAndChangesNothing(t *testing.T) {
	b := newBench(t, nil)
	p, a, m := b.caught("F16a", "alipay")
	for field, value := range map[string]string{"app_id": "2021000000000002", "seller_id": "2088000000000002", "out_trade_no": strings.Repeat("a", 32)} {
		foreign := b.alipaySigned(m, sim.Key("alipay-gateway"), func(q alipaywire.Params) { q[field] = value })
		b.want(field, b.send(foreign), acks["alipay"].good)
	}
	q, c, n := b.caught("F16w", "wechatpay")
	for _, change := range []string{"wx8888888888888888=wx8888888888888889", "1900000109=1900000110", c.Number + "=" + strings.Repeat("b", 32)} {
		from, to, _ := strings.Cut(change, "=")
		foreign := b.wechatResealed(n, func(plain string) string { return strings.ReplaceAll(plain, from, to) })
		b.want(change, b.send(foreign), acks["wechatpay"].good)
	}
	for _, x := range []struct {
		payment postern.Payment
		attempt postern.Attempt
	}{{p, a}, {q, c}} {
		if s := b.state(x.payment); s.Payment.Status != postern.PaymentProcessing || len(s.Receipts) != 0 {
			t.Errorf("payment %s with %d receipts", s.Payment.Status, len(s.Receipts))
		}
		if got := b.outcomes(x.attempt); got[engine.OutcomeForeign] != 3 || len(got) != 1 {
			t.Errorf("outcomes %v", got)
		}
	}
	b.tap.through = true
	b.run(time.Minute) // The truth comes by query and by the provider's next try.
	if s := b.state(p); s.Payment.Status != postern.PaymentPaid {
		t.Errorf("payment %s", s.Payment.Status)
	}
}

// F16, the other way: a genuine message at another attempt's address.
func TestAGenuineMessageAtAnotherAddressChangesNothing(t *testing.T) {
	for _, provider := range providers {
		t.Run(provider, func(t *testing.T) {
			b := newBench(t, nil)
			_, _, m := b.caught("X1", provider)
			p, a, other := b.caught("X2", provider)
			m.path = other.path
			b.want("crossed", b.send(m), acks[provider].good)
			if s := b.state(p); s.Payment.Status != postern.PaymentProcessing || b.outcomes(a)[engine.OutcomeForeign] != 1 {
				t.Errorf("payment %s, %v", s.Payment.Status, b.outcomes(a))
			}
		})
	}
}

// F17: an old genuine message changes nothing at any later time.
func TestReplaysOfOldMessagesChangeNothing(t *testing.T) {
	for _, provider := range providers {
		t.Run(provider, func(t *testing.T) {
			b := newBench(t, nil)
			ctx := context.Background()
			p, _, m := b.caught("F17", provider)
			b.want("first", b.send(m), acks[provider].good)
			b.tap.through = true
			late := acks[provider].good
			if provider == "wechatpay" {
				late = acks[provider].bad // Its signature carries a time, which is five minutes off.
			}
			b.run(6 * time.Minute)
			b.want("after six minutes", b.send(m), late)
			b.run(24 * time.Hour)
			b.want("after a day", b.send(m), late)
			if _, err := b.w.Engine.Refund(ctx, p.MerchantID, p.ID, engine.RefundInput{Reference: "r", Amount: 6800}); err != nil {
				t.Fatal(err)
			}
			b.run(time.Minute)
			b.want("after the refund", b.send(m), late)
			channel := b.w.Channels[provider]
			if _, err := b.w.Engine.AddGeneration(ctx, engine.NewCredentials{OwnerID: channel.CredentialOwnerID, CredentialSetID: channel.CredentialSetID, Keys: b.w.Sandboxes[provider].Keys}); err != nil {
				t.Fatal(err)
			}
			b.want("after a rotation of keys", b.send(m), late)
			b.run(time.Minute)
			s := b.state(p)
			if s.Payment.Status != postern.PaymentPaid || len(s.Receipts) != 1 || len(s.Surpluses) != 0 || s.Receipts[0].Refunded != 6800 {
				t.Errorf("payment %s, receipts %+v, %d surpluses", s.Payment.Status, s.Receipts, len(s.Surpluses))
			}
			if got := len(b.w.Hook.Got()); got != 2 {
				t.Errorf("%d events, want paid and refunded", got)
			}
		})
	}
}

// F18: the right order with another amount is booked for what it is, and the payment is not paid.
func TestAnotherAmountIsASurplus(t *testing.T) {
	b := newBench(t, nil)
	p, _, m := b.caught("F18a", "alipay")
	b.want("alipay", b.send(b.alipaySigned(m, sim.Key("alipay-gateway"), func(q alipaywire.Params) { q["total_amount"] = "67.99" })), acks["alipay"].good)
	q, _, n := b.caught("F18w", "wechatpay")
	b.want("wechatpay", b.send(b.wechatResealed(n, func(plain string) string { return strings.Replace(plain, `"total":6800`, `"total":6799`, 1) })), acks["wechatpay"].good)
	for _, payment := range []postern.Payment{p, q} {
		s := b.state(payment)
		if s.Payment.Status == postern.PaymentPaid || len(s.Surpluses) != 1 || s.Surpluses[0].Reason != postern.SurplusMismatch || s.Surpluses[0].Amount != 6799 || s.Surpluses[0].Status != postern.SurplusHeld {
			t.Errorf("payment %s, surpluses %+v", s.Payment.Status, s.Surpluses)
		}
	}
}

// F21: what two parsers could read in two ways is refused, even with a good signature.
func TestAmbiguousBodiesAreRefused(t *testing.T) {
	b := newBench(t, nil)
	p, _, m := b.caught("F21a", "alipay")
	for _, body := range []string{string(m.body) + "&total_amount=0.01", "total_amount=0.01&" + string(m.body), string(m.body) + "&%74otal_amount=0.01"} {
		b.want("duplicate field", b.send(message{m.path, m.header, []byte(body)}), acks["alipay"].bad)
	}
	q, _, n := b.caught("F21w", "wechatpay")
	key := wechatKey(n)
	twice := bytes.Replace(n.body, []byte(`"id":`), []byte(`"id":"x","id":`), 1)
	deep := bytes.Replace(n.body, []byte(`"id":`), []byte(`"z":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`,"id":`), 1)
	for what, body := range map[string][]byte{"duplicate name": twice, "nested": deep, "trailing": append(bytes.Clone(n.body), []byte(`{}`)...), "other JSON": []byte(`[]`)} {
		b.want(what, b.send(b.wechatSigned(n, key, body)), acks["wechatpay"].bad)
	}
	inner := b.wechatResealed(n, func(plain string) string { return strings.Replace(plain, `{`, `{"trade_state":"SUCCESS",`, 1) })
	b.want("duplicate name inside", b.send(inner), acks["wechatpay"].bad)
	for _, payment := range []postern.Payment{p, q} {
		if s := b.state(payment); s.Payment.Status != postern.PaymentProcessing {
			t.Errorf("payment %s", s.Payment.Status)
		}
	}
}

func TestUnknownAddressesAndLargeBodies(t *testing.T) {
	b := newBench(t, nil)
	_, a, m := b.caught("U1", "alipay")
	unknown := []string{"/n/x", "/n/" + strings.Repeat("0", 52), "/n/" + strings.Repeat("0", 53), m.path[:len(m.path)-1] + "0", strings.ToUpper(m.path[3:])}
	unknown[4] = "/n/" + strings.TrimPrefix(unknown[4], "/")
	for _, path := range unknown {
		if w := b.send(message{path, m.header, m.body}); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if got := b.w.Callback.Unknown.Load(); got != int64(len(unknown)) {
		t.Errorf("%d of %d unknown addresses were counted", got, len(unknown))
	}
	if w := b.send(message{m.path, m.header, bytes.Repeat([]byte("a"), callback.MaxBody+1)}); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", w.Code)
	}
	if got := b.outcomes(a); len(got) != 0 {
		t.Errorf("outcomes %v", got)
	}
	b.want("as large as may be", b.send(message{m.path, m.header, bytes.Repeat([]byte("a"), callback.MaxBody)}), acks["alipay"].bad)
}

// F22: at most so many are judged at once; the rest is told to come again, and nothing of it reaches the database.
func TestAFloodIsToldToComeAgain(t *testing.T) {
	const parallel = 64
	gate, arrived := make(chan struct{}), make(chan struct{}, 2*parallel)
	var hold sync.Once
	var holding bool
	var mu sync.Mutex
	b := newBench(t, func(_ context.Context, point string) error {
		mu.Lock()
		wait := holding && point == "engine.commit.before"
		mu.Unlock()
		if wait {
			arrived <- struct{}{}
			<-gate
		}
		return nil
	})
	defer hold.Do(func() { close(gate) })
	p, _, m := b.caught("F22", "alipay")
	garbage := message{m.path, m.header, []byte("a=b&sign=AAAA&sign_type=RSA2")}
	mu.Lock()
	holding = true
	mu.Unlock()
	var wg sync.WaitGroup
	for range parallel {
		wg.Add(1)
		go func() {
			defer wg.Done()
			b.want("held", b.send(garbage), acks["alipay"].bad)
		}()
	}
	for range parallel {
		<-arrived
	}
	for range 20 {
		w := b.send(garbage)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("beyond the bound: %d %v", w.Code, w.Header())
		}
	}
	mu.Lock()
	holding = false
	mu.Unlock()
	hold.Do(func() { close(gate) })
	wg.Wait()
	b.want("the genuine one, afterwards", b.send(m), acks["alipay"].good)
	if s := b.state(p); s.Payment.Status != postern.PaymentPaid {
		t.Errorf("payment %s", s.Payment.Status)
	}
}

// F19: a commit that fails is never acknowledged.
func TestNothingIsAcknowledgedBeforeItIsDurable(t *testing.T) {
	for _, provider := range providers {
		t.Run(provider, func(t *testing.T) {
			fail := false
			b := newBench(t, func(_ context.Context, point string) error {
				if fail && point == "engine.commit.before" {
					return postern.E(postern.CodeInternal, "test", "the disk is full")
				}
				return nil
			})
			p, _, m := b.caught("F19", provider)
			fail = true
			b.want("not durable", b.send(m), acks[provider].bad)
			fail = false
			if s := b.state(p); s.Payment.Status != postern.PaymentProcessing {
				t.Errorf("payment %s", s.Payment.Status)
			}
			b.want("durable", b.send(m), acks[provider].good)
		})
	}
}
