package sim_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	alipayface "postern/provider/alipay"
	"postern/sim"
	"postern/vault"
)

// mirror is one Alipay as the connector sees it: the simulated one itself, or the facade with WeChat Pay behind it. What the connector makes of both must be the same.
type mirror struct {
	t    *testing.T
	f    *faceWorld
	call provider.Call
	far  bool // through the facade
	c    *alipayface.Connector
	said []string
	// words are the trade_status and sub_code values that the facade put on the wire, in answers and in notifications.
	words map[string]bool
}

// mirrors are both sides over one world each, so that neither sees the other's time pass.
func mirrors(t *testing.T) (near, far *mirror) {
	f, g := faced(t, twoWallets(t)), faced(t, twoWallets(t))
	box := f.Sandboxes[alipay]
	handles := map[string]any{}
	for _, field := range alipayface.New().Describe().Keys {
		if value, ok := box.Keys[field.Name]; ok {
			h, err := vault.Parse(field.Kind, "", value)
			must(t, err)
			handles[field.Name] = h
		}
	}
	direct := provider.Call{
		Settings: box.Settings, Keys: []provider.Generation{{ID: "g", Handles: handles}}, Timeout: time.Minute, Env: provider.Env{Now: f.Clock.Now, Rand: f.Rand, HTTP: f.Net},
	}
	near, far = &mirror{t: t, f: f, call: direct, c: alipayface.New()}, &mirror{t: t, f: g, call: g.call(t, g.keyed), far: true, c: alipayface.New(), words: map[string]bool{}}
	g.Net[faceHost] = far.listen(g.handler)
	return near, far
}

// say notes what the connector made of an answer.
func (m *mirror) say(step string, words ...any) {
	m.said = append(m.said, step+": "+strings.TrimSpace(fmt.Sprintln(words...)))
}

// order is an attempt as the engine commits it before it calls.
func (m *mirror) order(number, product string, amount int64) provider.StartRequest {
	now := m.f.Clock.Now()
	return provider.StartRequest{
		Attempt:     postern.Attempt{Number: number, Product: product, Provider: alipay, Amount: amount, Currency: "CNY", GenerationID: "g", CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute)},
		Description: "龙井 250g", NotifyURL: "http://shop.test/n/" + number, ReturnURL: "http://shop.test/back", QuitURL: "http://shop.test/quit", PayerID: "2088000000000009",
	}
}

func (m *mirror) start(in provider.StartRequest) provider.Result {
	r := m.c.Start(context.Background(), m.call, in)
	if slices.Contains([]string{"page", "h5"}, in.Attempt.Product) && r.Action.URL != "" {
		must(m.t, m.f.Open(context.Background(), r.Action))
	}
	m.say("start "+in.Attempt.Number, r.State, r.Class, r.Action.Type, amountOf(r.Money))
	return r
}

func (m *mirror) query(a postern.Attempt) {
	r := m.c.Query(context.Background(), m.call, a)
	m.say("query "+a.Number, r.State, r.Class, r.Code, amountOf(r.Money))
}

func (m *mirror) close(a postern.Attempt) {
	r := m.c.Close(context.Background(), m.call, a)
	m.say("close "+a.Number, r.State, r.Class)
}

func (m *mirror) reverse(a postern.Attempt) {
	r := m.c.Reverse(context.Background(), m.call, a)
	m.say("reverse "+a.Number, r.State, r.Class, r.Again, amountOf(r.Money))
}

// refund sends a refund, lets the wallet do it, and asks until it is known.
func (m *mirror) refund(a postern.Attempt, number string, amount int64) {
	in := provider.RefundRequest{Attempt: a, Total: a.Amount, Refund: postern.Refund{Number: number, Amount: amount, Currency: "CNY", Reason: "试吃"}}
	r := m.c.Refund(context.Background(), m.call, in)
	m.pass(time.Minute)
	if r.State == provider.RefundPending || r.State == provider.RefundUnknown { // WeChat Pay refunds later, Alipay at once
		r = m.c.QueryRefund(context.Background(), m.call, in)
	}
	if r.State == provider.RefundAbsent { // the engine sends the same number again
		r = m.c.Refund(context.Background(), m.call, in)
	}
	m.say("refund "+number, r.State, r.Class)
}

func (m *mirror) pass(span time.Duration) { run(m.t, m.f.World, span) }

// scan lets a buyer reach the order, and pay lets him pay it: in Alipay itself, or in WeChat Pay by way of the cashier.
func (m *mirror) scan(a postern.Attempt) {
	if m.far {
		begin(m.t, m.f.World, m.f.inner(m.t, m.f.keyed, a.Number), wechat, "native")
		return
	}
	must(m.t, m.f.Decline(context.Background(), a)) // he looks, and turns away
}

func (m *mirror) pay(a postern.Attempt) {
	if !m.far {
		approve(m.t, m.f.World, a)
		m.pass(time.Minute)
		return
	}
	s := state(m.t, m.f.World, m.f.inner(m.t, m.f.keyed, a.Number))
	if len(s.Attempts) == 0 {
		m.scan(a)
		s = state(m.t, m.f.World, s.Payment)
	}
	approve(m.t, m.f.World, s.Attempts[len(s.Attempts)-1])
	m.pass(time.Minute)
}

// fault orders a fault of the wallet that collects: each side has its own words for the same thing.
func (m *mirror) fault(op, near, far string) {
	if m.far {
		must(m.t, m.f.Break(context.Background(), wechat, op, far, 1))
		return
	}
	must(m.t, m.f.Break(context.Background(), alipay, op, near, 1))
}

// notices reads what has arrived since the last time.
func (m *mirror) notices(a postern.Attempt) {
	for i, body := range m.f.shop.raw {
		v, err := m.c.ReadNotification(m.call, a, provider.Message{Body: body, ReceivedAt: m.f.Clock.Now()})
		if err != nil {
			m.t.Errorf("far %v: notification %d: %v", m.far, i, err)
			continue
		}
		n, _ := v.Notice()
		if m.far {
			m.words[m.f.shop.got[i]["trade_status"]] = true
		}
		m.say("notice "+n.Number, n.State, n.Code, n.RefundNumber, n.RefundState, amountOf(n.Money))
	}
	m.f.shop.raw, m.f.shop.got = nil, nil
}

func amountOf(m *provider.Money) string {
	if m == nil {
		return ""
	}
	return fmt.Sprint(m.Amount, m.Currency, !m.PaidAt.IsZero())
}

// mirrored are the stories that both sides must tell alike. The states that each passes are listed in the test's output.
var mirrored = []struct {
	name string
	tell func(m *mirror)
}{
	{"a code is paid", func(m *mirror) {
		a := m.order("m1", "native", 6800).Attempt
		m.start(m.order("m1", "native", 6800))
		m.query(a)
		m.close(a)
		m.scan(a)
		m.query(a)
		m.pay(a)
		m.query(a)
		m.close(a)
		m.notices(a)
	}},
	{"a code is closed", func(m *mirror) {
		in := m.order("m2", "native", 6800)
		m.start(in)
		m.scan(in.Attempt)
		m.close(in.Attempt)
		m.query(in.Attempt)
		m.close(in.Attempt)
		m.start(in)
	}},
	{"a code expires", func(m *mirror) {
		in := m.order("m3", "native", 6800)
		m.start(in)
		m.scan(in.Attempt)
		m.pass(20 * time.Minute)
		m.query(in.Attempt)
		m.close(in.Attempt)
	}},
	{"nobody scans", func(m *mirror) {
		in := m.order("m4", "native", 6800)
		m.start(in)
		m.pass(20 * time.Minute)
		m.query(in.Attempt)
		m.close(in.Attempt)
	}},
	{"given back in parts and whole", func(m *mirror) {
		in := m.order("m5", "native", 6800)
		m.start(in)
		m.pay(in.Attempt)
		m.refund(in.Attempt, "m5r1", 800)
		m.query(in.Attempt)
		m.refund(in.Attempt, "m5r1", 800)
		m.refund(in.Attempt, "m5r1", 900)
		m.refund(in.Attempt, "m5r2", 6001)
		m.refund(in.Attempt, "m5r3", 6000)
		m.query(in.Attempt)
		m.refund(in.Attempt, "m5r4", 100)
		m.notices(in.Attempt)
	}},
	{"a refund is refused", func(m *mirror) {
		in := m.order("m6", "native", 6800)
		m.start(in)
		m.pay(in.Attempt)
		if m.far {
			m.fault("refund", "", "refund_closed")
		} else {
			must(m.t, m.f.Break(context.Background(), alipay, "refund", "seller_balance_not_enough", 2))
		}
		m.refund(in.Attempt, "m6r1", 6800)
		m.query(in.Attempt)
	}},
	{"nothing to give back", func(m *mirror) {
		in := m.order("m7", "native", 6800)
		m.start(in)
		m.refund(in.Attempt, "m7r1", 100)
		m.scan(in.Attempt)
		m.refund(in.Attempt, "m7r1", 100)
	}},
	{"pages", func(m *mirror) {
		for _, product := range []string{"page", "h5"} {
			in := m.order("m8"+product, product, 100)
			m.start(in)
			m.query(in.Attempt)
			m.pay(in.Attempt)
			m.query(in.Attempt)
		}
	}},
	{"a mini program's trade", func(m *mirror) {
		in := m.order("m9", "jsapi", 6800)
		m.start(in)
		m.query(in.Attempt)
		m.close(in.Attempt)
		m.query(in.Attempt)
	}},
	{"the buyer is faster than the close", func(m *mirror) {
		in := m.order("m10", "native", 6800)
		m.start(in)
		m.scan(in.Attempt)
		m.fault("close", "late_buyer", "late_buyer")
		m.close(in.Attempt)
		m.query(in.Attempt)
	}},
	{"unknown orders", func(m *mirror) {
		a := m.order("m11", "native", 6800).Attempt
		m.query(a)
		m.close(a)
		m.reverse(a)
		m.refund(a, "m11r1", 100)
	}},
	{"a number with other terms", func(m *mirror) {
		m.start(m.order("m12", "native", 6800))
		m.start(m.order("m12", "native", 6900))
		m.start(m.order("m12", "native", 6800))
	}},
	{"reversals", func(m *mirror) {
		in := m.order("m13", "native", 6800)
		m.start(in)
		m.scan(in.Attempt)
		m.reverse(in.Attempt)
		m.query(in.Attempt)
		in = m.order("m14", "native", 6800)
		m.start(in)
		m.pay(in.Attempt)
		if m.far { // WeChat Pay gives back later: the first answer says to call again
			m.c.Reverse(context.Background(), m.call, in.Attempt)
			m.pass(time.Minute)
		}
		m.reverse(in.Attempt)
		m.query(in.Attempt)
	}},
	{"wrong keys", func(m *mirror) {
		in := m.order("m15", "native", 6800)
		good := m.call
		h, err := vault.Parse(provider.KeyRSAPrivate, "", pemOf(m.t, sim.Key("face-stranger"), false))
		must(m.t, err)
		handles := map[string]any{"app_private_key": h, "alipay_public_key": good.Keys[0].Handles["alipay_public_key"]}
		m.call.Keys = []provider.Generation{{ID: "g", Handles: handles}}
		m.start(in)
		public, err := vault.Parse(provider.KeyRSAPublic, "", pemOf(m.t, sim.Key("face-stranger"), true))
		must(m.t, err)
		m.call.Keys = []provider.Generation{{ID: "g", Handles: map[string]any{"app_private_key": good.Keys[0].Handles["app_private_key"], "alipay_public_key": public}}}
		m.query(in.Attempt)
		m.call = good
	}},
	{"a year later", func(m *mirror) {
		in := m.order("m17", "native", 6800)
		m.start(in)
		m.pay(in.Attempt)
		m.notices(in.Attempt)
		m.start(in) // paid already
		m.pass(25 * time.Hour)
		m.reverse(in.Attempt) // too late for that
		m.pass(366 * 24 * time.Hour)
		m.query(in.Attempt)
		m.close(in.Attempt)
	}},
	{"nobody knows", func(m *mirror) {
		in := m.order("m16", "native", 6800)
		m.start(in)
		m.scan(in.Attempt)
		if m.far {
			must(m.t, m.f.Break(context.Background(), wechat, "close", "system_error", 1))
			must(m.t, m.f.Break(context.Background(), wechat, "query", "system_error", 9))
		} else {
			must(m.t, m.f.Break(context.Background(), alipay, "close", "system_error", 1))
		}
		m.close(in.Attempt)
		m.query(in.Attempt)
		must(m.t, m.f.Mend(context.Background(), wechat))
	}},
}

// TestAlipayMirror: connector, facade, engine, WeChat Pay and back is the identity on every state that the connector can see.
func TestAlipayMirror(t *testing.T) {
	states, words := map[string]int{}, map[string]bool{}
	for _, story := range mirrored {
		t.Run(story.name, func(t *testing.T) {
			near, far := mirrors(t)
			near.t, far.t = t, t
			story.tell(near)
			story.tell(far)
			for i := range max(len(near.said), len(far.said)) {
				if i >= len(near.said) || i >= len(far.said) || near.said[i] != far.said[i] {
					t.Errorf("Alipay itself:\n  %s\nthe facade:\n  %s", strings.Join(near.said, "\n  "), strings.Join(far.said, "\n  "))
					break
				}
			}
			for _, line := range near.said {
				what, rest, _ := strings.Cut(line, " ")
				_, state, _ := strings.Cut(rest, ": ")
				states[what+" "+strings.Join(strings.Fields(state), " ")]++
			}
			maps.Copy(words, far.words)
			agree(t, far.f.World)
		})
	}
	everyWord(t, words)
	t.Logf("%d states were mirrored", len(states))
	if len(states) < 26 {
		t.Errorf("only %d states: %v", len(states), states)
	}
}

// TestFaceNeverLiesAboutMoney: what the protocol cannot express is left out, and what it does say stays true. Money may come late, or be another amount: the merchant's
// code sees one payment of the order's amount, or none.
func TestFaceNeverLiesAboutMoney(t *testing.T) {
	t.Run("late", func(t *testing.T) {
		f := faceOnly(t)
		f.ask(t, f.keyed, "alipay.trade.create", orderJSON("L-1", "68.00", "buyer_id", "2088000000000009"), "notify_url", "http://shop.test/n")
		p := f.inner(t, f.keyed, "L-1")
		a := begin(t, f.World, p, wechat, "native")
		// WeChat Pay says that it has closed, and the buyer had paid already: the proof comes a minute later.
		w := f.World
		w.Tap = silent
		approve(t, w, a)
		must(t, w.Break(context.Background(), wechat, "query", "system_error", 40))
		must(t, w.Break(context.Background(), wechat, "close", "system_error", 40))
		if o := f.ask(t, f.keyed, "alipay.trade.close", `{"out_trade_no":"L-1"}`); o.Text("code") != "20000" {
			t.Errorf("nobody knows whether it is closed, and the answer is %s", o)
		}
		says(t, f.ask(t, f.keyed, "alipay.trade.query", `{"out_trade_no":"L-1"}`), "trade_status", "WAIT_BUYER_PAY", "receipt_amount", "0.00")
		says(t, f.ask(t, f.keyed, "alipay.trade.cancel", `{"out_trade_no":"L-1"}`), "retry_flag", "Y", "action", "")
		must(t, w.Mend(context.Background(), wechat))
		run(t, w, time.Hour)
		q := f.ask(t, f.keyed, "alipay.trade.query", `{"out_trade_no":"L-1"}`)
		if s := state(t, w, p); (s.Payment.Status == postern.PaymentPaid) != (q.Text("trade_status") == "TRADE_SUCCESS") {
			t.Errorf("the payment is %s and the trade %s", s.Payment.Status, q.Text("trade_status"))
		}
		agree(t, w)
	})
	t.Run("another amount", func(t *testing.T) {
		f := faceOnly(t)
		f.ask(t, f.keyed, "alipay.trade.precreate", orderJSON("L-2", "68.00"), "notify_url", "http://shop.test/n")
		p := f.inner(t, f.keyed, "L-2")
		must(t, f.Break(context.Background(), wechat, "pay", "wrong_amount", 1))
		approve(t, f.World, begin(t, f.World, p, wechat, "native"))
		run(t, f.World, time.Minute)
		s := state(t, f.World, p)
		if len(s.Surpluses) != 1 {
			t.Fatalf("the money is %+v", s.Receipts)
		}
		says(t, f.ask(t, f.keyed, "alipay.trade.query", `{"out_trade_no":"L-2"}`), "trade_status", "WAIT_BUYER_PAY", "total_amount", "68.00", "receipt_amount", "0.00", "send_pay_date", "")
		if len(f.shop.got) != 0 {
			t.Errorf("the merchant was told of %v", f.shop.got)
		}
		says(t, f.ask(t, f.keyed, "alipay.trade.refund", `{"out_trade_no":"L-2","refund_amount":"68.00"}`), "code", "40004", "sub_code", "ACQ.TRADE_STATUS_ERROR")
	})
}
