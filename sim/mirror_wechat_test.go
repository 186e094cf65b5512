package sim_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/all"
	"postern/provider/wechatpay"
	"postern/vault"
)

func onlyAlipayMaker() []all.Maker { return all.SandboxesOf(alipay) }

// wxMirror is a WeChat Pay connector in front of our facade, behind which Alipay collects: what the connector reads must be what happened.
type wxMirror struct {
	*wechatShop
	t      testing.TB
	c      wechatpay.Connector
	states map[string]int
}

func newWxMirror(t testing.TB) *wxMirror {
	w := alipayOnlyWorld(t, nil)
	return &wxMirror{wechatShop: openWechatShop(t, w, "http://"+wxFaceHost, false), t: t, c: wechatpay.New(), states: map[string]int{}}
}

// saw counts a state and holds it against what it must be.
func (m *wxMirror) saw(what, got, want string) {
	m.t.Helper()
	m.states[what+" "+got]++
	if got != want {
		m.t.Errorf("%s is %s, want %s", what, got, want)
	}
}

func (m *wxMirror) start(a postern.Attempt, code string, want provider.State) provider.Result {
	m.t.Helper()
	r := m.c.Start(context.Background(), m.call, provider.StartRequest{Attempt: a, Description: "烧饼 <500g> & 茶", NotifyURL: wxShopAddr, ClientIP: "203.0.113.7", PayerID: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", AuthCode: code})
	m.saw("start", string(r.State), string(want))
	if r.State != want {
		m.t.Logf("%s %s\n%s\n%s", r.Code, r.Message, r.Exchange.Request, r.Exchange.Response)
	}
	return r
}

func (m *wxMirror) query(a postern.Attempt, want provider.State) provider.Result {
	m.t.Helper()
	r := m.c.Query(context.Background(), m.call, a)
	m.saw("query", string(r.State), string(want))
	if r.Money != nil && (r.Money.Amount != a.Amount || r.Money.Currency != "CNY" || len(r.Money.TxnNo) != 28) {
		m.t.Errorf("the money is %+v", r.Money)
	}
	return r
}

func (m *wxMirror) close(a postern.Attempt, want provider.CloseState) {
	m.t.Helper()
	r := m.c.Close(context.Background(), m.call, a)
	m.saw("close", string(r.State), string(want))
}

func wxRefundOf(a postern.Attempt, number string, amount int64) provider.RefundRequest {
	return provider.RefundRequest{Refund: postern.Refund{Number: number, Amount: amount, Currency: "CNY", Reason: "不要了"}, Attempt: a, Total: a.Amount, NotifyURL: wxShopAddr}
}

func (m *wxMirror) refund(r provider.RefundRequest, want provider.RefundState) {
	m.t.Helper()
	got := m.c.Refund(context.Background(), m.call, r)
	m.saw("refund", string(got.State), string(want))
	if got.State != want {
		m.t.Logf("%s %s\n%s", got.Code, got.Message, got.Exchange.Response)
	}
}

func (m *wxMirror) refundQuery(r provider.RefundRequest, want provider.RefundState) {
	m.t.Helper()
	m.saw("refund query", string(m.c.QueryRefund(context.Background(), m.call, r).State), string(want))
}

// notices verifies everything that came to the shop since it was last asked and returns what it says.
func (m *wxMirror) notices(a postern.Attempt) (all []provider.Notice) {
	m.t.Helper()
	for _, message := range m.got {
		v, err := m.c.ReadNotification(m.call, a, message)
		must(m.t, err)
		n, _ := v.Notice()
		all = append(all, n)
	}
	m.got = nil
	return all
}

// TestMirrorWeChat: what a WeChat Pay connector reads through our facade is what Alipay did, on every state, and the books agree.
//
// Red without: facedState's PAYERROR, the 500 of a close that its wallet has not answered, the state of a notice.
func TestMirrorWeChat(t *testing.T) {
	m := newWxMirror(t)
	ctx := context.Background()
	trust, err := m.c.RefreshTrust(ctx, m.call)
	must(t, err)
	if len(trust) != 1 || trust[0].PEM != string(m.cert) {
		t.Errorf("the certificates are %+v", trust)
	}
	h, err := vault.Parse(provider.KeyCertificate, trust[0].KeyID, []byte(trust[0].PEM))
	must(t, err)
	m.call.Trust = []provider.Verifier{h.(provider.Verifier)} // notifications are signed under the certificate, answers under the public key that the connector names
	for _, walk := range []func(*wxMirror){mirrorPaid, mirrorClosed, mirrorLate, mirrorCounter, mirrorErrors, mirrorBill} {
		walk(m)
	}
	agree(t, m.w)
	t.Logf("%d states: %v", len(m.states), m.states)
	if len(m.states) < 20 {
		t.Errorf("only %d states were seen: %v", len(m.states), m.states)
	}
}

func mirrorPaid(m *wxMirror) {
	t, w := m.t, m.w
	a := shopAttempt(w, "mirrorpaid0000000000000000000001", "native", 6800)
	r := m.start(a, "", provider.Pending)
	if r.Action.Type != postern.ActionQR || r.Action.Content == "" {
		t.Errorf("the action is %+v", r.Action)
	}
	m.query(a, provider.Pending)
	begun := begin(t, w, m.payment(t, a.Number), alipay, "native")
	m.query(a, provider.Pending)
	approve(t, w, begun)
	run(t, w, 2*time.Second)
	first := m.query(a, provider.Paid)
	m.close(a, provider.CloseAlreadyPaid)
	if n := m.notices(a); len(n) != 1 || n[0].State != provider.Paid || n[0].Money == nil || *n[0].Money != *first.Money || !n[0].SettingsMatch {
		t.Errorf("the notices are %+v", n)
	}
	one := wxRefundOf(a, "mirrorpaid_r1", 800)
	m.refundQuery(one, provider.RefundAbsent)
	m.refund(one, provider.RefundDone)
	run(t, w, 5*time.Second)
	m.refund(one, provider.RefundDone) // the same number again gives nothing back a second time
	m.refundQuery(one, provider.RefundDone)
	m.query(a, provider.Paid)
	if n := m.notices(a); len(n) != 1 || n[0].RefundNumber != one.Refund.Number || n[0].RefundState != provider.RefundDone || n[0].RefundAmount != 800 {
		t.Errorf("the notices are %+v", n)
	}
	m.refund(wxRefundOf(a, "mirrorpaid_r1", 801), provider.RefundFailed)
	m.refund(wxRefundOf(a, "mirrorpaid_r2", 6001), provider.RefundFailed)
	must(t, w.Break(context.Background(), alipay, "refund", "drop_request", 1))
	rest := wxRefundOf(a, "mirrorpaid_r3", 6000)
	m.refund(rest, provider.RefundPending)
	m.refundQuery(rest, provider.RefundPending)
	run(t, w, time.Hour)
	m.refundQuery(rest, provider.RefundDone)
	m.refund(wxRefundOf(a, "mirrorpaid_r4", 1), provider.RefundFailed)
	if s := state(t, w, m.payment(t, a.Number)); len(s.Receipts) != 1 || s.Receipts[0].Refunded != 6800 {
		t.Errorf("the receipt is %+v", s.Receipts)
	}
	m.got = nil
}

func mirrorClosed(m *wxMirror) {
	t, w := m.t, m.w
	a := shopAttempt(w, "mirrorclosed0001", "native", 100)
	m.start(a, "", provider.Pending)
	m.start(a, "", provider.Pending) // the same order again
	other := a
	other.Amount = 101
	m.start(other, "", provider.Unknown)
	m.close(a, provider.CloseDone)
	m.close(a, provider.CloseDone)
	m.query(a, provider.Closed)
	m.start(a, "", provider.Closed)
	b := shopAttempt(w, "mirrorclosed0002", "h5", 100)
	if r := m.start(b, "", provider.Pending); r.Action.Type != postern.ActionRedirect {
		t.Errorf("the action is %+v", r.Action)
	}
	begin(t, w, m.payment(t, b.Number), alipay, "native")
	must(t, w.Break(context.Background(), alipay, "close", "drop_request", 1))
	m.close(b, provider.CloseUnknown) // nobody knows: the money may come yet
	run(t, w, time.Hour)
	m.close(b, provider.CloseDone)
	m.query(b, provider.Closed)
	c := shopAttempt(w, "mirrorclosed0003", "native", 100)
	m.start(c, "", provider.Pending)
	run(t, w, 20*time.Minute) // past time_expire
	m.query(c, provider.Closed)
	m.close(shopAttempt(w, "mirrorclosed0004", "native", 100), provider.CloseDone) // unknown numbers too
	m.query(shopAttempt(w, "mirrorclosed0004", "native", 100), provider.Absent)
	if len(m.got) != 0 {
		t.Errorf("%d notices of orders that ended without money", len(m.got))
	}
}

// mirrorLate: money that comes after the end is given back, and the shop is told nothing else than before.
func mirrorLate(m *wxMirror) {
	t, w := m.t, m.w
	a := shopAttempt(w, "mirrorlate000001", "native", 300)
	a.ExpiresAt = w.Clock.Now().Add(time.Minute)
	m.start(a, "", provider.Pending)
	run(t, w, 55*time.Second)
	begun := begin(t, w, m.payment(t, a.Number), alipay, "native")
	run(t, w, 20*time.Second)
	m.query(a, provider.Closed)
	approve(t, w, begun)
	run(t, w, time.Hour)
	if got := state(t, w, m.payment(t, a.Number)).Surpluses; len(got) != 1 || got[0].Status != postern.SurplusRefunded {
		t.Errorf("the surplus is %+v", got)
	}
	if len(m.got) != 0 {
		t.Errorf("%d notices of money that went back", len(m.got))
	}
	m.query(a, provider.Closed)
	m.got = nil
}

func mirrorCounter(m *wxMirror) {
	t, w := m.t, m.w
	// The connector knows WeChat's codes only, and refuses Alipay's itself: a till does not.
	scanned := func(number string, password bool, want provider.State) postern.Attempt {
		status, body := m.scan(t, number, showCode(t, w, alipay, password), 500)
		got := map[int]provider.State{http.StatusOK: provider.Paid, http.StatusAccepted: provider.Pending}[status]
		m.saw("scan", string(got), string(want))
		if got != want {
			t.Logf("HTTP %d %s", status, body)
		}
		return shopAttempt(w, number, "barcode", 500)
	}
	m.query(scanned("mirrorcode000001", false, provider.Paid), provider.Paid)
	waits := scanned("mirrorcode000002", true, provider.Pending)
	m.query(waits, provider.Pending)
	s := state(t, w, m.payment(t, waits.Number))
	approve(t, w, s.Attempts[0])
	run(t, w, 10*time.Second)
	m.query(waits, provider.Paid)
	declined := scanned("mirrorcode000003", true, provider.Pending)
	must(t, w.Decline(context.Background(), state(t, w, m.payment(t, declined.Number)).Attempts[0]))
	run(t, w, time.Minute)
	m.query(declined, provider.Failed)
	undone := scanned("mirrorcode000004", true, provider.Pending)
	back := scanned("mirrorcode000005", false, provider.Paid)
	for a, want := range map[*postern.Attempt]provider.ReverseState{&undone: provider.ReverseClosed, &back: provider.ReverseRefunded} {
		r := m.c.Reverse(context.Background(), m.call, *a)
		m.saw("reverse", string(r.State), string(want))
		if r.State != want {
			t.Logf("%s %s %s", r.Code, r.Message, r.Exchange.Response)
		}
	}
	run(t, w, time.Minute)
	m.query(undone, provider.Closed)
	m.query(back, provider.Closed)
	m.start(shopAttempt(w, "mirrorcode000006", "barcode", 500), "133333333333333333", provider.Failed) // no wallet of this merchant's
	m.got = nil
}

func mirrorErrors(m *wxMirror) {
	w := m.w
	if r := m.start(shopAttempt(w, "mirrorerrors0001", "jsapi", 100), "", provider.Failed); r.Class != provider.ClassClosed {
		m.t.Errorf("jsapi: %s %s", r.Class, r.Code)
	}
	if r := m.start(shopAttempt(w, "mirrorerrors0002", "app", 100), "", provider.Failed); r.Class != provider.ClassClosed {
		m.t.Errorf("app: %s %s", r.Class, r.Code)
	}
	m.refund(wxRefundOf(shopAttempt(w, "mirrorerrors0003", "native", 100), "mirrorerrors_r1", 1), provider.RefundFailed)
	unpaid := shopAttempt(w, "mirrorerrors0004", "native", 100)
	m.start(unpaid, "", provider.Pending)
	m.refund(wxRefundOf(unpaid, "mirrorerrors_r2", 1), provider.RefundFailed)
	other := m.call
	m.call.Settings = map[string]string{wechatpay.SettingMchID: m.account.Number, wechatpay.SettingAppID: "wx0000000000000000", wechatpay.SettingBaseURL: m.call.Settings[wechatpay.SettingBaseURL]}
	if r := m.start(shopAttempt(w, "mirrorerrors0005", "native", 100), "", provider.Failed); r.Class != provider.ClassAuth {
		m.t.Errorf("another appid: %s %s", r.Class, r.Code)
	}
	m.call = other
}

// mirrorBill: the day's bill is the shop's own orders and refunds, and its digest is right.
func mirrorBill(m *wxMirror) {
	t, w := m.t, m.w
	day := w.Clock.Now()
	run(t, w, 36*time.Hour)
	for _, kind := range m.c.StatementKinds() {
		var file bytes.Buffer
		r := m.c.FetchStatement(context.Background(), m.call, kind, day, &file)
		m.saw("bill", string(r.State), string(provider.FetchDone))
		if r.State != provider.FetchDone {
			t.Logf("%s %s %s", r.Code, r.Message, r.Exchange.Response)
			continue
		}
		in, out := int64(0), int64(0)
		_, err := m.c.ReadStatement(kind, m.account.Number, provider.StatementFile{ReaderAt: bytes.NewReader(file.Bytes()), Size: int64(file.Len())}, func(l provider.StatementLine) error {
			if l.Amount > 0 {
				in += l.Amount
			} else {
				out += l.Amount
			}
			return nil
		})
		must(t, err)
		if in != 6800+3*500 || out != -6800-500 {
			t.Errorf("%s: %d came and %d went", kind, in, out)
		}
	}
	r := m.c.FetchStatement(context.Background(), m.call, "tradebill", day.AddDate(0, 0, -10), &bytes.Buffer{})
	m.saw("bill", string(r.State), string(provider.FetchEmpty))
}
