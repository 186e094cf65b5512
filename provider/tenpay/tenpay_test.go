package tenpay_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/tenpay"
	"postern/provider/tenpay/wire"
)

// TestBothCharsets takes and gives back a payment in GBK and in UTF-8, and is notified of it.
func TestBothCharsets(t *testing.T) {
	for _, charset := range []wire.Charset{wire.GBK, wire.UTF8} {
		t.Run(string(charset), func(t *testing.T) {
			w, c := newWorld(t, charset), tenpay.New()
			a, m := w.paid()
			if m.Amount != 6800 || m.Currency != "CNY" || !m.PaidAt.Equal(w.clock.Now()) || len(m.TxnNo) != 28 || !strings.HasPrefix(m.TxnNo, partner) {
				t.Errorf("money %+v", m)
			}
			w.box.RunDue(ctx)
			if len(w.arrived) != 1 || !strings.Contains(string(w.arrived[0].Body), "input_charset="+string(charset)) {
				t.Fatalf("%d notifications: %q", len(w.arrived), w.arrived)
			}
			verified, err := c.ReadNotification(w.call, a, w.arrived[0])
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := verified.Notice(); n.State != provider.Paid || *n.Money != m || n.Number != a.Number || n.Account != partner || !n.SettingsMatch {
				t.Errorf("notice %+v", n)
			}
			r := w.back(a, m, 2000)
			if got := c.Refund(ctx, w.call, r); got.State != provider.RefundPending {
				t.Errorf("refund %+v", got)
			}
			w.clock.Advance(time.Minute)
			if got := c.QueryRefund(ctx, w.call, r); got.State != provider.RefundDone || got.Amount != 2000 {
				t.Errorf("refunded %+v", got)
			}
		})
	}
}

// TestTheAddress: what the browser opens carries the documented fields, in the account's charset, cut to the documented lengths; and the simulator takes it as a
// form too.
func TestTheAddress(t *testing.T) {
	w := newWorld(t, wire.GBK)
	o := w.order()
	o.ClientIP = "::ffff:203.0.113.7"
	r := tenpay.New().Start(ctx, w.call, o)
	_, query, _ := strings.Cut(r.Action.URL, wire.PathPay+"?")
	p, err := wire.ParseForm(query)
	if err != nil || !p.Verify([]byte(key)) {
		t.Fatalf("%v %s", err, r.Action.URL)
	}
	delete(p, "sign")
	want := wire.Params{
		"sign_type": "MD5", "service_version": "1.0", "input_charset": "GBK", "sign_key_index": "1", "partner": partner, "out_trade_no": o.Attempt.Number, "total_fee": "6800", "fee_type": "1",
		"bank_type": "DEFAULT", "body": "烧饼礼盒   十二枚，芝麻花生核桃", "return_url": o.ReturnURL, "notify_url": o.NotifyURL, "spbill_create_ip": "203.0.113.7",
		"time_start": "20131122120000", "time_expire": "20131122121500",
	}
	if !maps.Equal(p, want) {
		t.Errorf("fields %v\nwant   %v", p, want)
	}
	if strings.Contains(r.Exchange.Request, key) || strings.Contains(r.Exchange.Request, query[strings.Index(query, "sign=")+10:][:22]) {
		t.Errorf("the story shows the signature: %s", r.Exchange.Request)
	}
	form, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.PostForm(w.call.Settings[tenpay.SettingGateway]+wire.PathPay, form)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("as a form: %v %v", response, err)
	}
	_ = response.Body.Close()
	p["total_fee"] = "1"
	changed, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := w.browse(w.call.Settings[tenpay.SettingGateway] + wire.PathPay + "?" + changed + "&sign=0"); status == http.StatusOK {
		t.Error("the simulator takes an order whose signature is another's")
	}
}

// TestStartRefusals: what cannot be ordered is refused before a byte is sent, naming the field.
func TestStartRefusals(t *testing.T) {
	w := newWorld(t, wire.UTF8)
	for field, spoil := range map[string]func(*provider.StartRequest){
		"client_ip":  func(r *provider.StartRequest) { r.ClientIP = "2001:db8::1" },
		"notify_url": func(r *provider.StartRequest) { r.NotifyURL = "http://127.0.0.1/" + strings.Repeat("x", 255) },
		"return_url": func(r *provider.StartRequest) { r.ReturnURL = "" },
		"amount":     func(r *provider.StartRequest) { r.Attempt.Amount = 1 << 31 },
		"number":     func(r *provider.StartRequest) { r.Attempt.Number = strings.Repeat("1", 33) },
		"expires_at": func(r *provider.StartRequest) { r.Attempt.ExpiresAt = w.clock.Now() },
		"product":    func(r *provider.StartRequest) { r.Attempt.Product = "native" },
		"currency":   func(r *provider.StartRequest) { r.Attempt.Currency = "USD" },
	} {
		o := w.order()
		spoil(&o)
		if r := tenpay.New().Start(ctx, w.call, o); r.State != provider.Failed || r.Field != field || r.Message == "" || r.Action.URL != "" {
			t.Errorf("%s: %+v", field, r)
		}
	}
}

// TestEveryQueryAnswer: only trade_state 0 with its number, its money, the yuan and an instant trade is paid; only an attested code is absent, and only while
// orders can be asked about; a refusal, which nobody signs, is never more than that; nothing is ever failed.
func TestEveryQueryAnswer(t *testing.T) {
	w, c := newWorld(t, wire.UTF8), tenpay.New()
	a := w.order().Attempt
	paid := wire.Params{
		"retcode": "0", "trade_state": "0", "trade_mode": "1", "out_trade_no": a.Number, "transaction_id": "1900000109201311220000000001", "total_fee": "6800", "fee_type": "1", "time_end": "20131122120100",
	}
	with := func(change ...string) wire.Params {
		p := maps.Clone(paid)
		for i := 0; i < len(change); i += 2 {
			p[change[i]] = change[i+1]
		}
		return p
	}
	late, old := a.ExpiresAt.Add(postern.CloseMargin+time.Second).Sub(a.CreatedAt), wire.QueryLife+time.Hour
	for name, try := range map[string]struct {
		fields wire.Params
		key    string
		after  time.Duration
		want   provider.State
	}{
		"paid":                          {paid, key, 0, provider.Paid},
		"paid, after the end":           {paid, key, late, provider.Paid},
		"paid, unsigned":                {paid, "", 0, provider.Unknown},
		"paid, signed by another":       {paid, "another key", 0, provider.Unknown},
		"paid, of another order":        {with("out_trade_no", "another"), key, 0, provider.Unknown},
		"paid, of no order":             {with("out_trade_no", ""), key, 0, provider.Unknown},
		"paid, of another partner":      {with("partner", "1900000113"), key, 0, provider.Unknown},
		"paid, in another currency":     {with("fee_type", "2"), key, 0, provider.Unknown},
		"paid into escrow":              {with("trade_mode", "2"), key, 0, provider.Unknown},
		"paid, without a number":        {with("transaction_id", ""), key, 0, provider.Unknown},
		"paid, without an amount":       {with("total_fee", ""), key, 0, provider.Unknown},
		"paid nothing":                  {with("total_fee", "0"), key, 0, provider.Unknown},
		"paid, with an odd discount":    {with("discount", "-1"), key, 0, provider.Unknown},
		"paid, without a time":          {with("time_end", ""), key, 0, provider.Unknown},
		"another state":                 {with("trade_state", "1"), key, 0, provider.Pending},
		"another state, after the end":  {with("trade_state", "1"), key, late, provider.Closed},
		"a state that is a word":        {with("trade_state", "REFUND"), key, 0, provider.Pending},
		"no state":                      {with("trade_state", ""), key, 0, provider.Unknown},
		"no retcode":                    {with("retcode", ""), key, 0, provider.Unknown},
		"no such order":                 {wire.Params{"retcode": wire.RetNoOrder, "retmsg": "交易单不存在"}, "", 0, provider.Absent},
		"no such order, half a year on": {wire.Params{"retcode": wire.RetNoOrder}, "", old, provider.Unknown},
		"another refusal":               {wire.Params{"retcode": "88222014", "retmsg": "?"}, "", late, provider.Unknown},
		"a refusal that says paid":      {with("retcode", "1"), key, 0, provider.Unknown},
	} {
		call := w.told(try.fields, try.key)
		call.Env.Now = func() time.Time { return a.CreatedAt.Add(try.after) }
		got := c.Query(ctx, call, a)
		if got.State != try.want || (got.Money != nil) != (try.want == provider.Paid) {
			t.Errorf("%s: %s %+v, want %s", name, got.State, got, try.want)
		}
	}
	if got := c.Query(ctx, w.told(with("total_fee", "6300", "discount", "500"), key), a); got.Money == nil || got.Money.Amount != 6800 {
		t.Errorf("with a discount: %+v", got)
	}
}

// TestEveryRefundState reads each documented state from the refund and from its query; what is not documented, or about another amount, is unknown.
func TestEveryRefundState(t *testing.T) {
	w, c := newWorld(t, wire.UTF8), tenpay.New()
	a, m := w.order().Attempt, provider.Money{TxnNo: "1900000109201311220000000001"}
	r := w.back(a, m, 2000)
	want := map[string]provider.RefundState{
		"1": provider.RefundAbsent, "2": provider.RefundAbsent, "3": provider.RefundFailed, "4": provider.RefundDone, "5": provider.RefundFailed, "6": provider.RefundFailed, "7": provider.RefundStuck,
		"8": provider.RefundPending, "9": provider.RefundPending, "10": provider.RefundDone, "11": provider.RefundPending, "0": provider.RefundUnknown, "12": provider.RefundUnknown, "": provider.RefundUnknown,
	}
	for word, state := range want {
		for _, fee := range []string{"2000", "1999", ""} {
			expect := state
			if fee != "2000" {
				expect = provider.RefundUnknown
			}
			sent := wire.Params{"retcode": "0", "transaction_id": m.TxnNo, "out_refund_no": r.Refund.Number, "refund_fee": fee, "refund_status": word}
			if got := c.Refund(ctx, w.told(sent, key), r); got.State != expect {
				t.Errorf("refund_status %q with %q: %s, want %s", word, fee, got.State, expect)
			}
			listed := wire.Params{
				"retcode": "0", "transaction_id": m.TxnNo, "refund_count": "2", "out_refund_no_0": "another", "refund_fee_0": "1", "refund_state_0": "4",
				"out_refund_no_1": r.Refund.Number, "refund_fee_1": fee, "refund_state_1": word,
			}
			if got := c.QueryRefund(ctx, w.told(listed, key), r); got.State != expect {
				t.Errorf("refund_state %q with %q: %s, want %s", word, fee, got.State, expect)
			}
		}
	}
	for name, fields := range map[string]wire.Params{
		"of another payment": {"retcode": "0", "transaction_id": "x", "refund_count": "0"}, "without a payment": {"retcode": "0", "refund_count": "0"}, "without a count": {"retcode": "0", "transaction_id": m.TxnNo},
		"shorter than its count": {"retcode": "0", "transaction_id": m.TxnNo, "refund_count": "1"}, "a refusal": {"retcode": wire.RetNoOrder},
	} {
		if got := c.QueryRefund(ctx, w.told(fields, key), r); got.State != provider.RefundUnknown {
			t.Errorf("a list %s: %+v", name, got)
		}
	}
	if got := c.QueryRefund(ctx, w.told(wire.Params{"retcode": "0", "transaction_id": m.TxnNo, "refund_count": "0"}, key), r); got.State != provider.RefundAbsent {
		t.Errorf("an empty list: %+v", got)
	}
	if got := c.Refund(ctx, w.told(wire.Params{"retcode": "1", "retmsg": "?"}, ""), r); got.State != provider.RefundUnknown {
		t.Errorf("a refusal: %+v", got)
	}
}

// certificate makes a self-signed certificate and its PEM with the private key.
func certificate(t *testing.T, name string) (*x509.Certificate, string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// TestRefundOverMutualTLS: the merchants' server wants a client certificate. With the account's own the refund is taken; with another's, or without, nothing is,
// and outside a sandbox nothing goes out over plain HTTP.
func TestRefundOverMutualTLS(t *testing.T) {
	w, c := newWorld(t, wire.UTF8), tenpay.New()
	a, m := w.paid()
	own, ownPEM := certificate(t, partner)
	_, otherPEM := certificate(t, "another")
	pool := x509.NewCertPool()
	pool.AddCert(own)
	var seen []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.TLS.PeerCertificates[0].Subject.CommonName)
		w.box.Handler().ServeHTTP(rw, r)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	trust := x509.NewCertPool()
	trust.AddCert(server.Certificate())
	call := w.call
	call.Sandbox = false
	call.Settings = maps.Clone(call.Settings)
	call.Settings[tenpay.SettingMerchant] = server.URL
	call.Env.HTTP = provider.HTTPDoer{Client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}}}}
	send := func(pems string) provider.RefundResult {
		call := call
		call.Keys = []provider.Generation{generation(t, "gen_1", key)}
		if pems != "" {
			call.Keys[0].Handles[tenpay.KeyClient] = secret(t, pems)
		}
		return c.Refund(ctx, call, w.back(a, m, 100))
	}
	if got := send(ownPEM); got.State != provider.RefundPending || len(seen) != 1 || seen[0] != partner {
		t.Errorf("with the account's own: %+v, seen %v", got, seen)
	}
	for name, pems := range map[string]string{"without": "", "damaged": "-----BEGIN X-----", "the certificate alone": ownPEM[:strings.Index(ownPEM, "-----BEGIN PRIVATE")]} {
		if got := send(pems); got.State != provider.RefundAbsent || got.Class != provider.ClassAuth || strings.Contains(fmt.Sprint(got), "PRIVATE KEY") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := send(otherPEM); got.State == provider.RefundPending || got.State == provider.RefundDone {
		t.Errorf("with another's: %+v", got)
	}
	call.Settings[tenpay.SettingMerchant] = w.call.Settings[tenpay.SettingMerchant]
	if got := send(ownPEM); got.State != provider.RefundAbsent {
		t.Errorf("over plain HTTP: %+v", got)
	}
	if len(seen) != 1 {
		t.Errorf("the server saw %v", seen)
	}
	if list := c.QueryRefund(ctx, w.call, w.back(a, m, 1)); list.State != provider.RefundAbsent {
		t.Errorf("%+v", list)
	}
}

// TestRotation: while both keys live, what either signed is believed; a key of no generation is not.
func TestRotation(t *testing.T) {
	const next = "fedcba9876543210fedcba9876543210"
	w, c := newWorld(t, wire.UTF8, next), tenpay.New() // TenPay signs with the next key already
	if q := c.Query(ctx, w.call, w.order().Attempt); q.State != provider.Absent {
		t.Fatalf("%+v", q)
	}
	o := w.order()
	r := c.Start(ctx, w.call, o)
	if status, page := w.browse(r.Action.URL); status != http.StatusOK {
		t.Fatalf("%d %s", status, page)
	}
	w.approve(o.Attempt.Number)
	w.box.RunDue(ctx)
	if q := c.Query(ctx, w.call, o.Attempt); q.State != provider.Unknown {
		t.Errorf("a key of no generation: %+v", q)
	}
	if _, err := c.ReadNotification(w.call, o.Attempt, w.arrived[0]); !errors.Is(err, provider.ErrUnverified) {
		t.Errorf("a key of no generation: %v", err)
	}
	w.call.Keys = append([]provider.Generation{generation(t, "gen_2", next)}, w.call.Keys...)
	if q := c.Query(ctx, w.call, o.Attempt); q.State != provider.Paid {
		t.Errorf("both: %+v", q)
	}
	if v, err := c.ReadNotification(w.call, o.Attempt, w.arrived[0]); err != nil || v.KeyID() != "gen_2" {
		t.Errorf("both: %v %s", err, v.KeyID())
	}
}

// TestNotices: a verified notification that does not say paid in full is on the way; one of another partner is another's.
func TestNotices(t *testing.T) {
	w, c := newWorld(t, wire.UTF8), tenpay.New()
	a, _ := w.paid()
	w.box.RunDue(context.Background())
	read := func(change ...string) provider.Notice {
		t.Helper()
		p, err := wire.ParseForm(string(w.arrived[0].Body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(change); i += 2 {
			p[change[i]] = change[i+1]
		}
		if err := p.Sign([]byte(key)); err != nil {
			t.Fatal(err)
		}
		body, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		v, err := c.ReadNotification(w.call, a, provider.Message{Body: []byte(body), ReceivedAt: w.clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		n, _ := v.Notice()
		return n
	}
	if n := read("total_fee", "6300", "discount", "500"); n.State != provider.Paid || n.Money.Amount != 6800 {
		t.Errorf("with a discount: %+v", n)
	}
	for _, change := range [][]string{{"trade_state", "1"}, {"trade_mode", "2"}, {"fee_type", "2"}, {"transaction_id", ""}, {"total_fee", "x"}, {"time_end", "x"}} {
		if n := read(change...); n.State != provider.Pending || n.Money != nil {
			t.Errorf("%v: %+v", change, n)
		}
	}
	if n := read("partner", "1900000113"); n.SettingsMatch || n.Account != "1900000113" {
		t.Errorf("another partner's: %+v", n)
	}
}

func FuzzReadNotification(f *testing.F) {
	f.Add("partner=1900000109&trade_state=0&sign=4C513CB879523CA9D717EEA7819DEB0C&input_charset=GBK&body=%C9%D5")
	f.Fuzz(func(t *testing.T, body string) {
		call := provider.Call{Settings: map[string]string{tenpay.SettingPartner: partner}, Keys: []provider.Generation{generation(&testing.T{}, "gen_1", key)}}
		if v, err := tenpay.New().ReadNotification(call, postern.Attempt{}, provider.Message{Body: []byte(body)}); err == nil {
			t.Fatalf("believed: %+v", v)
		}
	})
}
