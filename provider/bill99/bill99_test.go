package bill99_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/bill99"
	"postern/provider/bill99/sandbox"
	"postern/provider/bill99/wire"
)

var (
	update = flag.Bool("update", false, "write testdata/exchanges.txt instead of checking it")
	ctx    = context.Background()
)

// notification is what arrived last, as the callback would hand it on.
func (w *world) notification() provider.Message {
	w.Helper()
	if len(w.arrived) == 0 {
		w.Fatal("nothing arrived")
	}
	r := w.arrived[len(w.arrived)-1]
	body := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body = w.bodies[len(w.bodies)-1]
	}
	return provider.Message{Header: r.Header, Body: []byte(body), ReceivedAt: w.clock.Now()}
}

// TestEveryMode takes and gives back a payment in each sign type, each variant of the query, each product, with notifications by GET and by POST.
func TestEveryMode(t *testing.T) {
	for _, signType := range []string{wire.SignMD5, wire.SignPKI} {
		for _, variant := range []string{bill99.VariantJSON, bill99.VariantSOAP} {
			for _, posted := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/post=%v", signType, variant, posted), func(t *testing.T) {
					w := newWorld(t, map[string]string{bill99.SettingSignType: signType, bill99.SettingVariant: variant}, func(c *sandbox.Config) { c.PostNotifications = posted })
					c := bill99.New()
					o, m := w.paid("order0001")
					if m.Amount != 6800 || m.TxnNo == "" || !m.PaidAt.Equal(w.clock.Now()) {
						t.Errorf("money %+v", m)
					}
					w.sandbox.RunDue(ctx)
					verified, err := c.ReadNotification(w.call, o.Attempt, w.notification())
					if err != nil {
						t.Fatal(err)
					}
					if n, _ := verified.Notice(); n.State != provider.Paid || n.Number != "order0001" || *n.Money != m || !n.SettingsMatch || n.Account != account {
						t.Errorf("notice %+v", n)
					}
					if method := w.arrived[0].Method; (method == http.MethodPost) != posted {
						t.Errorf("notified by %s", method)
					}
					back := w.back(o, m, "refund0001", 2000)
					if r := c.Refund(ctx, w.call, back); r.State != provider.RefundPending {
						t.Errorf("refund %+v", r)
					}
					if r := c.QueryRefund(ctx, w.call, back); r.State != provider.RefundPending || r.Amount != 2000 {
						t.Errorf("under way: %+v", r)
					}
					w.clock.Advance(time.Minute)
					if r := c.QueryRefund(ctx, w.call, back); r.State != provider.RefundDone || r.Amount != 2000 {
						t.Errorf("refunded: %+v", r)
					}
				})
			}
		}
	}
}

// TestPhones: h5 goes to the phones' address with its own version; no query of ours stands in the form's address.
func TestPhones(t *testing.T) {
	w := newWorld(t, nil, nil)
	o := w.order("order0001")
	o.Attempt.Product = bill99.H5
	r := bill99.New().Start(ctx, w.call, o)
	if r.Action.URL != box+wire.PathMobile || r.Action.Fields["version"] != wire.VersionMobile || r.Action.Fields["orderTimeOut"] != "900" {
		t.Errorf("%+v", r.Action)
	}
	w.place(o)
}

// TestKeysOfTheirOwn: an order that a stranger signed is not taken, in either sign type; each interface has its own key; another generation of the same set
// verifies, another set's does not.
func TestKeysOfTheirOwn(t *testing.T) {
	c := bill99.New()
	for _, signType := range []string{wire.SignMD5, wire.SignPKI} {
		w := newWorld(t, map[string]string{bill99.SettingSignType: signType}, nil)
		r := c.Start(ctx, w.call, w.order("order0001"))
		r.Action.Fields["orderAmount"] = "1"
		if status, page := w.post(r.Action.URL, r.Action.Fields); status != http.StatusOK || !strings.Contains(page, "20002") {
			t.Errorf("a changed amount: %d %s", status, page)
		}
	}
	w := newWorld(t, nil, nil)
	o, m := w.paid("order0001")
	w.sandbox.RunDue(ctx)
	read := func(keys ...provider.Generation) error {
		call := w.call
		call.Keys = keys
		_, err := c.ReadNotification(call, o.Attempt, w.notification())
		return err
	}
	stale := generation(t, "gen_2", "another gateway key", queryKey, refundKey)
	if err := read(stale, w.call.Keys[0]); err != nil {
		t.Errorf("the older generation: %v", err)
	}
	if err := read(stale); !errors.Is(err, provider.ErrUnverified) {
		t.Errorf("another key: %v", err)
	}
	if err := read(generation(t, "gen_3", queryKey, gatewayKey, refundKey)); !errors.Is(err, provider.ErrUnverified) {
		t.Errorf("keys in each other's place: %v", err)
	}
	wrong := w.call
	wrong.Keys = []provider.Generation{generation(t, "gen_4", gatewayKey, gatewayKey, gatewayKey)}
	if q := c.Query(ctx, wrong, o.Attempt); q.State != provider.Unknown || q.Money != nil {
		t.Errorf("queried with the gateway key: %+v", q)
	}
	if r := c.Refund(ctx, wrong, w.back(o, m, "refund0001", 100)); r.State != provider.RefundUnknown {
		t.Errorf("refunded with the gateway key: %+v", r)
	}
}

// TestSignTypeIsTheAccounts: a message does not choose how it is verified.
func TestSignTypeIsTheAccounts(t *testing.T) {
	w := newWorld(t, map[string]string{bill99.SettingSignType: wire.SignPKI}, nil)
	o := w.order("order0001")
	f := wire.Fields{"merchantAcctId": account, "version": wire.Version, "signType": wire.SignMD5, "orderId": "order0001", "orderAmount": "6800", "dealId": "1", "payResult": "10"}
	f["signMsg"] = wire.MD5(f.Text(wire.NotifyOrder), []byte(gatewayKey))
	if _, err := bill99.New().ReadNotification(w.call, o.Attempt, provider.Message{Body: []byte(f.Encode(wire.NotifyOrder))}); !errors.Is(err, provider.ErrUnverified) {
		t.Errorf("MD5 to an account with certificates: %v", err)
	}
}

// TestNotices: only payResult 10 with a number and an amount is money; another account's is told as such; one field changed is refused.
func TestNotices(t *testing.T) {
	w, c := newWorld(t, nil, nil), bill99.New()
	read := func(change map[string]string) (provider.Notice, error) {
		f := wire.Fields{"merchantAcctId": account, "version": wire.Version, "signType": "1", "orderId": "order0001", "orderAmount": "6800", "payAmount": "6500", "dealId": "25753688", "dealTime": "20261122120100", "payResult": "10"}
		for name, value := range change {
			f[name] = value
		}
		f["signMsg"] = wire.MD5(f.Text(wire.NotifyOrder), []byte(gatewayKey))
		v, err := c.ReadNotification(w.call, w.order("order0001").Attempt, provider.Message{Body: []byte(f.Encode(wire.NotifyOrder)), ReceivedAt: w.clock.Now()})
		n, _ := v.Notice()
		return n, err
	}
	n, err := read(nil)
	if err != nil || n.State != provider.Paid || n.Money.Amount != 6800 || n.Money.PaidAt.Format(time.RFC3339) != "2026-11-22T12:01:00+08:00" {
		t.Fatalf("%+v %v", n, err)
	}
	for _, result := range []string{"00", "01", "11", "", "99"} {
		if n, err := read(map[string]string{"payResult": result, "errCode": "10024"}); err != nil || n.State != provider.Pending || n.Money != nil || n.Code != "10024" || n.Message == "" {
			t.Errorf("payResult %q: %+v %v", result, n, err)
		}
	}
	if n, err := read(map[string]string{"merchantAcctId": "1009999999901"}); err != nil || n.SettingsMatch {
		t.Errorf("another account: %+v %v", n, err)
	}
	for name, change := range map[string]map[string]string{"no number": {"dealId": ""}, "no amount": {"orderAmount": ""}, "a long amount": {"orderAmount": "99999999999"}} {
		if n, err := read(change); err == nil {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

// TestEveryQueryCode: whatever the query says, an order that is not paid is absent, pending or unknown, and never failed or closed by its own word.
func TestEveryQueryCode(t *testing.T) {
	w, c := newWorld(t, nil, nil), bill99.New()
	o := w.order("order0001").Attempt
	classes := map[string]provider.Class{
		"11003": provider.ClassAuth, "20002": provider.ClassAuth, "20001": provider.ClassClosed, "30001": provider.ClassUnavailable, "30002": provider.ClassUnavailable,
		"00000": provider.ClassUnknown, "99999": provider.ClassUnknown, "31004": provider.ClassInvalid, "31006": provider.ClassInvalid, "11001": provider.ClassInvalid,
		"11002": provider.ClassInvalid, "11004": provider.ClassInvalid, "10010": provider.ClassInvalid,
	}
	for n := 1; n <= 8; n++ {
		classes[fmt.Sprintf("1000%d", n)] = provider.ClassInvalid
	}
	call := w.call
	ask := func(code string, after bool) provider.Result {
		call.Env.HTTP = &answering{answer: wire.Answer{Fields: wire.Fields{"errCode": code}}, order: wire.AnswerOrder}
		call.Env.Now = w.clock.Now
		if after {
			call.Env.Now = func() time.Time { return o.ExpiresAt.Add(time.Second) }
		}
		return c.Query(ctx, call, o)
	}
	for code, class := range classes {
		for _, after := range []bool{false, true} {
			if got := ask(code, after); got.State != provider.Unknown || got.Class != class || got.Code != code {
				t.Errorf("%s: %s %s %s, want unknown and %s", code, got.State, got.Class, got.Code, class)
			}
		}
	}
	for code, want := range map[string]provider.State{"31001": provider.Absent, "31003": provider.Absent, "31002": provider.Pending, "31005": provider.Pending} {
		if got := ask(code, false); got.State != want || got.Class != provider.ClassNone {
			t.Errorf("%s: %s, want %s", code, got.State, want)
		}
		if got := ask(code, true); got.State != provider.Absent {
			t.Errorf("%s after the end: %s", code, got.State)
		}
	}
}

// TestOrdersInAnswers: paid is what 99Bill signed twice, once for the answer and once for the order, about this order, with a number and an amount.
func TestOrdersInAnswers(t *testing.T) {
	w, c := newWorld(t, nil, nil), bill99.New()
	o := w.order("order0001").Attempt
	ask := func(fields wire.Fields, rows ...wire.Fields) provider.Result {
		call := w.call
		call.Env.HTTP = &answering{answer: wire.Answer{Fields: fields, Rows: rows}, order: wire.AnswerOrder, list: wire.ListOrdersJSON}
		return c.Query(ctx, call, o)
	}
	good := detail("order0001", nil)
	if q := ask(nil, good); q.State != provider.Paid || q.Money.Amount != 6800 || q.Money.TxnNo != "25753688" || q.Money.PaidAt.Format(time.RFC3339) != "2026-11-22T12:01:00+08:00" {
		t.Fatalf("%+v", q)
	}
	for _, result := range []string{"11", "00", "01", "77"} {
		if q := ask(nil, detail("order0001", func(f wire.Fields) { f["payResult"] = result })); q.State != provider.Pending || q.Money != nil {
			t.Errorf("payResult %s: %+v", result, q)
		}
	}
	changed, unsigned := detail("order0001", nil), detail("order0001", nil)
	changed["orderAmount"] = "1"
	delete(unsigned, "signInfo")
	for name, q := range map[string]provider.Result{
		"changed": ask(nil, changed), "unsigned": ask(nil, unsigned), "two": ask(nil, good, good), "none": ask(nil), "another": ask(nil, detail("order0002", nil)),
		"no number": ask(nil, detail("order0001", func(f wire.Fields) { delete(f, "dealId") })), "no amount": ask(nil, detail("order0001", func(f wire.Fields) { delete(f, "orderAmount") })),
		"another account": ask(wire.Fields{"merchantAcctId": "1009999999901"}, good), "answer not signed": ask(wire.Fields{"signMsg": "-"}, good),
	} {
		if q.State != provider.Unknown || q.Money != nil {
			t.Errorf("%s: %+v", name, q)
		}
	}
	for name, gateway := range map[string]*answering{"no JSON": {raw: "<html>"}, "too long": {raw: strings.Repeat(" ", wire.MaxMessage+1)}, "HTTP 502": {raw: "{}", status: http.StatusBadGateway}} {
		call := w.call
		call.Env.HTTP = gateway
		if q := c.Query(ctx, call, o); q.State != provider.Unknown {
			t.Errorf("%s: %+v", name, q)
		}
	}
}

// TestLimits: what the documents refuse does not leave, and names its field.
func TestLimits(t *testing.T) {
	w, c := newWorld(t, nil, nil), bill99.New()
	w.call.Env.HTTP = nil // nothing may be sent
	for field, spoil := range map[string]func(*provider.StartRequest){
		"number": func(r *provider.StartRequest) { r.Attempt.Number = strings.Repeat("a", 51) }, "amount": func(r *provider.StartRequest) { r.Attempt.Amount = wire.MaxAmount + 1 },
		"notify_url": func(r *provider.StartRequest) { r.NotifyURL = "http://a/" + strings.Repeat("b", 256) }, "return_url": func(r *provider.StartRequest) { r.ReturnURL = "" },
		"currency": func(r *provider.StartRequest) { r.Attempt.Currency = "USD" }, "expires_at": func(r *provider.StartRequest) { r.Attempt.ExpiresAt = w.clock.Now() },
		"product": func(r *provider.StartRequest) { r.Attempt.Product = "native" },
	} {
		o := w.order("order0001")
		spoil(&o)
		if r := c.Start(ctx, w.call, o); r.State != provider.Failed || r.Class != provider.ClassInvalid || r.Field != field || r.Message == "" {
			t.Errorf("%s: %+v", field, r)
		}
	}
	for field, spoil := range map[string]func(*provider.RefundRequest){
		"number": func(r *provider.RefundRequest) { r.Refund.Number = "no blank" }, "amount": func(r *provider.RefundRequest) { r.Refund.Amount = 6801 },
		"currency": func(r *provider.RefundRequest) { r.Refund.Currency = "USD" }, "order": func(r *provider.RefundRequest) { r.Attempt.Number = "" },
	} {
		back := w.back(w.order("order0001"), provider.Money{}, "refund0001", 100)
		spoil(&back)
		if r := c.Refund(ctx, w.call, back); r.State != provider.RefundFailed || r.Field != field {
			t.Errorf("%s: %+v", field, r)
		}
	}
	for name, settings := range map[string]map[string]string{"account": {bill99.SettingAccount: "10012138842"}, "sign type": {bill99.SettingSignType: "9"}} {
		call := w.call
		call.Settings = map[string]string{bill99.SettingAccount: account}
		for k, v := range settings {
			call.Settings[k] = v
		}
		if r := c.Start(ctx, call, w.order("order0001")); r.State != provider.Failed || r.Message == "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	call := w.call
	call.Settings = map[string]string{bill99.SettingAccount: account, bill99.SettingVariant: "carrier pigeon"}
	if q := c.Query(ctx, call, w.order("order0001").Attempt); q.State != provider.Unknown || q.Code != "not_sent" {
		t.Errorf("variant: %+v", q)
	}
}

// TestWithdrawn: a way to pay that was withdrawn takes no order and says why; busy is busy.
func TestWithdrawn(t *testing.T) {
	w, c := newWorld(t, nil, nil), bill99.New()
	w.control("/faults", `{"op":"page","fault":"closed","times":1}`)
	r := c.Start(ctx, w.call, w.order("order0001"))
	if status, page := w.post(r.Action.URL, r.Action.Fields); status != http.StatusOK || !strings.Contains(page, "10024") {
		t.Errorf("closed: %d %s", status, page)
	}
	if q := c.Query(ctx, w.call, w.order("order0001").Attempt); q.State != provider.Absent {
		t.Errorf("an order that was refused: %+v", q)
	}
	for fault, class := range map[string]provider.Class{"closed": provider.ClassClosed, "busy": provider.ClassUnavailable} {
		w.control("/faults", `{"op":"query","fault":"`+fault+`","times":1}`)
		if q := c.Query(ctx, w.call, w.order("order0001").Attempt); q.State != provider.Unknown || q.Class != class {
			t.Errorf("%s: %+v", fault, q)
		}
	}
}

// TestSchedule: notifications come again on the configured schedule until they are acknowledged, and no longer; result 0 acknowledges nothing.
func TestSchedule(t *testing.T) {
	w := newWorld(t, nil, func(c *sandbox.Config) { c.Schedule = []time.Duration{time.Minute, time.Hour} })
	w.reply = bill99.New().Acknowledge(false)
	w.paid("order0001")
	for range 5 {
		w.sandbox.RunDue(ctx)
		w.clock.Advance(time.Hour)
	}
	if len(w.arrived) != 3 {
		t.Errorf("%d tries, want 3", len(w.arrived))
	}
	if w.arrived[0].URL.Path != "/n/abc" || w.arrived[0].Method != http.MethodGet {
		t.Errorf("notified at %s %s", w.arrived[0].Method, w.arrived[0].URL)
	}
	w.reply = bill99.New().Acknowledge(true)
	w.paid("order0002")
	w.sandbox.RunDue(ctx)
	w.clock.Advance(24 * time.Hour)
	w.sandbox.RunDue(ctx)
	if len(w.arrived) != 4 {
		t.Errorf("%d in all, want 4", len(w.arrived))
	}
}

// TestAcknowledge: the exact bytes.
func TestAcknowledge(t *testing.T) {
	want := provider.Reply{Status: 200, ContentType: "text/html; charset=utf-8", Body: "<result>1</result><redirecturl></redirecturl>"}
	if got := bill99.New().Acknowledge(true); got != want {
		t.Errorf("%+v", got)
	}
	if got := bill99.New().Acknowledge(false); got.Status != 500 || got.Body != "<result>0</result><redirecturl></redirecturl>" {
		t.Errorf("%+v", got)
	}
}

// TestExchanges holds everything that goes over the wire against testdata/exchanges.txt.
func TestExchanges(t *testing.T) {
	w, c := newWorld(t, nil, nil), bill99.New()
	var b strings.Builder
	show := func(what string, x provider.Exchange) {
		fmt.Fprintf(&b, "== %s\n> %s\n< %d %s\n", what, x.Request, x.Status, x.Response)
	}
	o := w.order("order0001")
	show("start", c.Start(ctx, w.call, o).Exchange)
	show("query before the buyer came", c.Query(ctx, w.call, o.Attempt).Exchange)
	w.place(o)
	show("query before the buyer paid", c.Query(ctx, w.call, o.Attempt).Exchange)
	w.control("/orders/order0001/approve", "{}")
	q := c.Query(ctx, w.call, o.Attempt)
	show("query", q.Exchange)
	soap := w.call
	soap.Settings = map[string]string{bill99.SettingAccount: account, bill99.SettingGateway: box, bill99.SettingVariant: bill99.VariantSOAP}
	show("query by SOAP", c.Query(ctx, soap, o.Attempt).Exchange)
	w.sandbox.RunDue(ctx)
	fmt.Fprintf(&b, "== notification\n> %s\n< %s\n", w.arrived[0].URL, c.Acknowledge(true).Body)
	back := w.back(o, *q.Money, "refund0001", 2010)
	show("refund", c.Refund(ctx, w.call, back).Exchange)
	show("refund query", c.QueryRefund(ctx, w.call, back).Exchange)
	w.clock.Advance(time.Minute)
	show("refund query, later", c.QueryRefund(ctx, w.call, back).Exchange)
	more := w.back(o, *q.Money, "refund0002", 6800)
	show("a refund that is too much", c.Refund(ctx, w.call, more).Exchange)
	const path = "testdata/exchanges.txt"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != b.String() {
		t.Errorf("%v\n%s", err, b.String())
	}
	for _, key := range []string{gatewayKey, queryKey, refundKey} {
		if strings.Contains(b.String(), key) {
			t.Errorf("the exchanges show %s", key)
		}
	}
}

func FuzzReadNotification(f *testing.F) {
	f.Add("merchantAcctId=1001213884201&signType=1&orderId=x&payResult=10&signMsg=361A184B9157BBEAA3627B1B0D6412D6")
	f.Fuzz(func(t *testing.T, query string) {
		for _, signType := range []string{wire.SignMD5, wire.SignPKI} {
			call := provider.Call{Settings: map[string]string{bill99.SettingSignType: signType}}
			if v, err := bill99.New().ReadNotification(call, postern.Attempt{}, provider.Message{Body: []byte(query)}); err == nil {
				t.Fatalf("believed without a key: %+v", v)
			}
		}
	})
}
