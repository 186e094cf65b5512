package unionpay_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/unionpay"
	"postern/provider/unionpay/sandbox"
	"postern/provider/unionpay/wire"
	"postern/vault"
)

const merID = "777290058110048"

// keys are made once: merchant, gateway, middle, root, stranger.
var keys = sync.OnceValue(func() [5]*rsa.PrivateKey {
	var k [5]*rsa.PrivateKey
	var group sync.WaitGroup
	for i := range k {
		group.Go(func() {
			var err error
			if k[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
				panic(err)
			}
		})
	}
	group.Wait()
	return k
})

// world is a simulator behind real HTTP and the call of its merchant.
type world struct {
	*testing.T
	box   *sandbox.Sandbox
	clock *sandboxkit.Clock
	call  provider.Call
	chain sandbox.Chain
}

func newWorld(t *testing.T, method string) *world {
	t.Helper()
	k := keys()
	w := &world{T: t, clock: sandboxkit.NewClock(func() time.Time { return time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC) })}
	var err error
	if w.chain, err = sandbox.NewChain(rand.Reader, k[3], k[2], k[1], w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	certificate, certID, err := sandbox.NewMerchantCertificate(rand.Reader, k[0], w.clock.Now(), merID)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.box.Handler().ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	w.box, err = sandbox.New(sandbox.Config{
		Accounts: []sandbox.Account{{MerID: merID, Certificates: map[string]*rsa.PublicKey{certID: &k[0].PublicKey}, SharedKey: []byte("88888888")}},
		Chain:    w.chain, Clock: w.clock, Rand: rand.Reader, HTTP: http.DefaultClient, BaseURL: server.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k[0])
	if err != nil {
		t.Fatal(err)
	}
	w.call = provider.Call{
		Env:      provider.Env{Now: w.clock.Now, Rand: rand.Reader, HTTP: provider.HTTPDoer{Client: server.Client()}},
		Settings: map[string]string{unionpay.SettingMerID: merID, unionpay.SettingGateway: server.URL, unionpay.SettingMethod: method}, Sandbox: true, Timeout: 10 * time.Second,
		Keys: []provider.Generation{{ID: "gen_1", Handles: map[string]any{
			unionpay.KeyMerchant:    handle(t, provider.KeyRSAPrivate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
			unionpay.KeyCertificate: handle(t, provider.KeyCertificate, []byte(certificate)),
			unionpay.KeyMiddle:      handle(t, provider.KeyAuthority, []byte(w.chain.Middle)),
			unionpay.KeyRoot:        handle(t, provider.KeyAuthority, []byte(w.chain.Root)),
			unionpay.KeyShared:      handle(t, provider.KeySecret, []byte("88888888")),
		}}},
	}
	return w
}

func handle(t *testing.T, kind provider.KeyKind, text []byte) any {
	t.Helper()
	h, err := vault.Parse(kind, "", text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (w *world) order() provider.StartRequest {
	now := w.clock.Now()
	return provider.StartRequest{
		Attempt:     postern.Attempt{Number: postern.NewNumber(now, rand.Reader), Product: unionpay.Native, Amount: 6800, Currency: "CNY", GenerationID: "gen_1", CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute)},
		Description: "烧饼礼盒 & 十二枚 {芝麻}", NotifyURL: "http://127.0.0.1/n/abc", ReturnURL: "http://127.0.0.1/c/x",
	}
}

// TestEveryMethod takes and gives back a payment with certificates and with both kinds of shared key. A key that is not the account's is refused by either side.
func TestEveryMethod(t *testing.T) {
	for _, method := range []string{wire.MethodRSA, wire.MethodSHA256, wire.MethodSM3} {
		t.Run(method, func(t *testing.T) {
			w, c, ctx := newWorld(t, method), unionpay.New(), context.Background()
			o := w.order()
			if r := c.Start(ctx, w.call, o); r.State != provider.Pending || r.Action.Type != postern.ActionQR {
				t.Fatalf("start %+v", r)
			}
			if q := c.Query(ctx, w.call, o.Attempt); q.State != provider.Pending {
				t.Errorf("before: %+v", q)
			}
			w.approve(o.Attempt.Number)
			q := c.Query(ctx, w.call, o.Attempt)
			if q.State != provider.Paid || q.Money.Amount != 6800 || !q.Money.PaidAt.Equal(w.clock.Now()) {
				t.Fatalf("paid: %+v", q)
			}
			refund := provider.RefundRequest{Refund: postern.Refund{Number: postern.NewNumber(w.clock.Now(), rand.Reader), Amount: 2000, Currency: "CNY", CreatedAt: w.clock.Now()}, Attempt: o.Attempt, TxnNo: q.Money.TxnNo, Total: 6800, NotifyURL: o.NotifyURL}
			if r := c.Refund(ctx, w.call, refund); r.State != provider.RefundPending {
				t.Errorf("refund %+v", r)
			}
			w.clock.Advance(time.Minute)
			if r := c.QueryRefund(ctx, w.call, refund); r.State != provider.RefundDone || r.Amount != 2000 {
				t.Errorf("refunded %+v", r)
			}
			wrong := w.call
			wrong.Keys = []provider.Generation{{ID: "gen_2", Handles: map[string]any{}}}
			for name, h := range w.call.Keys[0].Handles {
				wrong.Keys[0].Handles[name] = h
			}
			wrong.Keys[0].Handles[unionpay.KeyShared] = handle(t, provider.KeySecret, []byte("88888889"))
			wrong.Keys[0].Handles[unionpay.KeyRoot] = wrong.Keys[0].Handles[unionpay.KeyMiddle]
			if q := c.Query(ctx, wrong, o.Attempt); q.State != provider.Unknown {
				t.Errorf("with another's trust: %+v", q)
			}
		})
	}
}

func (w *world) approve(number string) {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, "/orders/"+number+"/approve", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1"
	rec := httptest.NewRecorder()
	w.box.Control().ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.Fatalf("approve: %d %s", rec.Code, rec.Body)
	}
}

// answering is a gateway that says one thing, signed with the shared key.
type answering struct {
	fields wire.Message
}

func (a answering) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	asked, err := wire.ParseForm(string(body))
	if err != nil {
		return nil, err
	}
	m := wire.Message{"merId": merID, "orderId": asked["orderId"], "txnTime": asked["txnTime"]}
	for k, v := range a.fields {
		m[k] = v
	}
	if err := m.SignKey(wire.MethodSHA256, []byte("88888888")); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(m.EncodeBody()))}, nil
}

// TestEveryCode reads every response code of a query before and after the order's end: 00 and A6 are paid, 03, 04 and 05 are unknown, 34 is absent, and nothing
// else is ever failed.
func TestEveryCode(t *testing.T) {
	w, c := newWorld(t, wire.MethodSHA256), unionpay.New()
	o := w.order().Attempt
	ask := func(fields wire.Message, after bool) provider.Result {
		call := w.call
		call.Env.HTTP = answering{fields}
		if after {
			call.Env.Now = func() time.Time { return o.ExpiresAt.Add(time.Second) }
		}
		return c.Query(context.Background(), call, o)
	}
	for n := range 100 {
		code := fmt.Sprintf("%02d", n)
		for _, after := range []bool{false, true} {
			want := provider.Pending
			switch {
			case code == "00":
				want = provider.Paid
			case code == "03" || code == "04" || code == "05":
				want = provider.Unknown
			case code == "34":
				want = provider.Absent
			case after:
				want = provider.Closed
			}
			if got := ask(wire.Message{"respCode": "00", "origRespCode": code, "txnAmt": "6800", "currencyCode": "156", "queryId": "1"}, after); got.State != want {
				t.Errorf("origRespCode %s, after the end %v: %s, want %s", code, after, got.State, want)
			}
			if code == "00" || code == "34" {
				continue
			}
			if got := ask(wire.Message{"respCode": code, "origRespCode": "00", "txnAmt": "6800", "queryId": "1"}, after); got.State != provider.Unknown {
				t.Errorf("respCode %s: the question went unanswered, and the order is %s", code, got.State)
			}
		}
	}
	if got := ask(wire.Message{"respCode": "00", "origRespCode": "A6", "txnAmt": "6800", "currencyCode": "156", "queryId": "1"}, false); got.State != provider.Paid {
		t.Errorf("A6 is %s", got.State)
	}
	for name, fields := range map[string]wire.Message{
		"without a number": {"respCode": "00", "origRespCode": "00", "txnAmt": "6800", "currencyCode": "156"}, "in dollars": {"respCode": "00", "origRespCode": "00", "txnAmt": "6800", "currencyCode": "840", "queryId": "1"},
		"of another order": {"respCode": "00", "origRespCode": "00", "txnAmt": "6800", "currencyCode": "156", "queryId": "1", "orderId": "another0000"},
	} {
		if got := ask(fields, false); got.State != provider.Unknown || got.Money != nil {
			t.Errorf("paid %s: %+v", name, got)
		}
	}
}

// TestStartRefusals: a code that proves that no money moved fails over; one that proves nothing leaves the order unknown.
func TestStartRefusals(t *testing.T) {
	w, c := newWorld(t, wire.MethodSHA256), unionpay.New()
	for code, want := range map[string]provider.Class{"31": provider.ClassClosed, "32": provider.ClassClosed, "06": provider.ClassUnavailable, "11": provider.ClassAuth, "64": provider.ClassDeclined} {
		call := w.call
		call.Env.HTTP = answering{wire.Message{"respCode": code}}
		if r := c.Start(context.Background(), call, w.order()); r.State != provider.Failed || r.Class != want {
			t.Errorf("%s: %s %s", code, r.State, r.Class)
		}
	}
	for _, code := range []string{"01", "03", "04", "05", "12", "42", "99", "ZZ"} {
		call := w.call
		call.Env.HTTP = answering{wire.Message{"respCode": code}}
		if r := c.Start(context.Background(), call, w.order()); r.State != provider.Unknown {
			t.Errorf("%s: %s %s", code, r.State, r.Class)
		}
	}
}

// TestRotation: UnionPay changes its certificate between two answers; both are believed, because both hang on the authorities that the merchant knows.
func TestRotation(t *testing.T) {
	w, c := newWorld(t, wire.MethodRSA), unionpay.New()
	o := w.order()
	first := c.Start(context.Background(), w.call, o)
	r := httptest.NewRequest(http.MethodPost, "/rotate", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1"
	rec := httptest.NewRecorder()
	w.box.Control().ServeHTTP(rec, r)
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "key_id") {
		t.Fatalf("rotate: %d %s", rec.Code, rec.Body)
	}
	second := c.Query(context.Background(), w.call, o.Attempt)
	if first.State != provider.Pending || second.State != provider.Pending {
		t.Fatalf("%+v, then %+v", first, second)
	}
	certificate := func(body string) string {
		m, err := wire.ParseBody(body)
		if err != nil {
			t.Fatal(err)
		}
		return m["signPubKeyCert"]
	}
	if certificate(first.Exchange.Response) == certificate(second.Exchange.Response) {
		t.Error("it still signs with the first certificate")
	}
}

// TestChain: a certificate of somebody else, out of date, or made out to somebody else is not believed.
func TestChain(t *testing.T) {
	w, k := newWorld(t, wire.MethodRSA), keys()
	now := w.clock.Now()
	other, err := sandbox.NewChain(rand.Reader, k[4], k[2], k[1], now)
	if err != nil {
		t.Fatal(err)
	}
	check := func(leaf, middle, root string, at time.Time) error {
		_, err := wire.CheckChain(leaf, middle, root, at, true)
		return err
	}
	if err := check(w.chain.Leaf, w.chain.Middle, w.chain.Root, now); err != nil {
		t.Fatal(err)
	}
	merchant, _, err := sandbox.NewMerchantCertificate(rand.Reader, k[0], now, merID)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]error{
		"another root": check(w.chain.Leaf, w.chain.Middle, other.Root, now), "another middle one": check(w.chain.Leaf, other.Middle, w.chain.Root, now),
		"too early": check(w.chain.Leaf, w.chain.Middle, w.chain.Root, now.AddDate(0, 0, -3)), "too late": check(w.chain.Leaf, w.chain.Middle, w.chain.Root, now.AddDate(6, 0, 0)),
		"the merchant's own": check(merchant, w.chain.Middle, w.chain.Root, now), "the middle one as a leaf": check(w.chain.Middle, w.chain.Root, w.chain.Root, now), "nothing": check("", w.chain.Middle, w.chain.Root, now),
	} {
		if !errors.Is(got, wire.ErrChain) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// zmRow is one row of a detail file.
func zmRow(order, query, orig, txnType, amount, fee string) string {
	values := map[int]string{0: "S56", 4: "0906112203", 6: amount, 9: query, 11: order, 15: fee, 19: txnType, 26: orig, 27: merID}
	var fields []string
	for i, n := range []int{3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98} {
		fields = append(fields, values[i]+strings.Repeat(" ", n-len(values[i])))
	}
	return strings.Join(fields, " ") + "\r\n"
}

func bill(t *testing.T, rows string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"INN26090688ZM_" + merID: rows, "INN26090688ZME_" + merID: "", "RD201026090601_" + merID: "for people"} {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestStatement(t *testing.T) {
	read := func(account, text string) (lines []provider.StatementLine, sum provider.StatementSum, err error) {
		sum, err = unionpay.New().ReadStatement("ZM", account, provider.StatementFile{ReaderAt: strings.NewReader(text), Size: int64(len(text))}, func(l provider.StatementLine) error {
			lines = append(lines, l)
			return nil
		})
		return lines, sum, err
	}
	rows := zmRow("order0001", "202609061122031906248", "", "01", "000000476800", "D000000002861") + zmRow("refund001", "202609061300001906249", "202609061122031906248", "04", "000000100000", "C000000000600")
	whole := bill(t, rows)
	lines, sum, err := read(merID, whole)
	if err != nil || len(lines) != 2 || sum.Amount != 376800 || sum.Fee != 2261 || sum.Account != merID {
		t.Fatalf("%v %+v", err, sum)
	}
	if pay := lines[0]; pay.Kind != provider.LinePayment || pay.Amount != 476800 || pay.Fee != 2861 || pay.At.Format(time.RFC3339) != "2026-09-06T11:22:03+08:00" || pay.TxnNo != "202609061122031906248" {
		t.Errorf("payment %+v", pay)
	}
	if back := lines[1]; back.Kind != provider.LineRefund || back.RefundNumber != "refund001" || back.TxnNo != "202609061122031906248" || back.Amount != -100000 {
		t.Errorf("refund %+v", back)
	}
	for name, text := range map[string]string{"cut off": whole[:len(whole)-40], "a row is short": bill(t, rows[:len(rows)-30]), "a row of another": bill(t, strings.Replace(rows, merID, "777290058110097", 1))} {
		if _, _, err := read(merID, text); err == nil {
			t.Errorf("%s: taken for whole", name)
		}
	}
	if _, _, err := read("777290058110097", whole); !errors.Is(err, provider.ErrNotWhole) {
		t.Errorf("another merchant's bill: %v", err)
	}
}

func FuzzReadNotification(f *testing.F) {
	f.Add("merId=777290058110048&orderId=x&signMethod=01&signature=AA%3D%3D&signPubKeyCert=x")
	f.Fuzz(func(t *testing.T, body string) {
		call := provider.Call{Settings: map[string]string{unionpay.SettingMethod: wire.MethodSHA256}, Env: provider.Env{Now: func() time.Time { return time.Unix(0, 0) }}}
		if v, err := unionpay.New().ReadNotification(call, postern.Attempt{}, provider.Message{Body: []byte(body)}); err == nil {
			t.Fatalf("believed without a key: %+v", v)
		}
	})
}
