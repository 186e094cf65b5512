package unionpay_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/unionpay"
	"postern/provider/unionpay/wire"
)

// wholeRefund gives back an order now.
func (w *world) wholeRefund(a postern.Attempt, txnNo string) provider.RefundRequest {
	now := w.clock.Now()
	return provider.RefundRequest{
		Refund:  postern.Refund{Number: postern.NewNumber(now, rand.Reader), Amount: a.Amount, Currency: "CNY", CreatedAt: now},
		Attempt: a, TxnNo: txnNo, Total: a.Amount, NotifyURL: "http://127.0.0.1/n/abc",
	}
}

// paidOrder is an order that a buyer paid by scanning.
func (w *world) paidOrder() (postern.Attempt, string) {
	w.Helper()
	o := w.order()
	unionpay.New().Start(context.Background(), w.call, o)
	w.approve(o.Attempt.Number)
	q := unionpay.New().Query(context.Background(), w.call, o.Attempt)
	if q.State != provider.Paid {
		w.Fatalf("%+v", q)
	}
	return o.Attempt, q.Money.TxnNo
}

// listening is the gateway with an ear: it keeps what was sent.
type listening struct {
	provider.Doer
	sent *[]wire.Message
}

func (l listening) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	m, err := wire.ParseForm(string(body))
	if err != nil {
		return nil, err
	}
	*l.sent = append(*l.sent, m)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return l.Doer.Do(r)
}

// TestWhichWayBack: the whole of an order within its clearing day is undone, anything else refunded. When it is tried, how often, and what became of other refunds meanwhile changes nothing.
func TestWhichWayBack(t *testing.T) {
	w, c := newWorld(t, wire.MethodSHA256), unionpay.New()
	at := func(day, hour, minute int) time.Time {
		return time.Date(2026, 11, day, hour, minute, 0, 0, wire.Beijing)
	}
	noon := at(22, 12, 0)
	for name, x := range map[string]struct {
		ordered, asked time.Time
		amount, total  int64
		setting, want  string
	}{
		"whole, the same day":                   {noon, at(22, 18, 0), 6800, 6800, "", wire.TypeUndo},
		"whole, at once":                        {noon, noon, 6800, 6800, "", wire.TypeUndo},
		"a part, the same day":                  {noon, at(22, 18, 0), 6799, 6800, "", wire.TypeRefund},
		"the total is not known":                {noon, at(22, 18, 0), 6800, 0, "", wire.TypeRefund},
		"whole, just in time":                   {noon, at(22, 22, 49), 6800, 6800, "", wire.TypeUndo},
		"whole, too close to the end":           {noon, at(22, 22, 50), 6800, 6800, "", wire.TypeRefund},
		"whole, the same date but the next day": {noon, at(22, 23, 10), 6800, 6800, "", wire.TypeRefund},
		"whole, another date but the same day":  {at(22, 23, 30), at(23, 9, 0), 6800, 6800, "", wire.TypeUndo},
		"whole, ordered before the end":         {at(22, 22, 59), at(22, 23, 5), 6800, 6800, "", wire.TypeRefund},
		"whole, the next day":                   {noon, at(23, 12, 0), 6800, 6800, "", wire.TypeRefund},
		"whole, where it is not opened":         {noon, at(22, 18, 0), 6800, 6800, "no", wire.TypeRefund},
	} {
		var sent []wire.Message
		for try := range 3 {
			call := w.call
			call.Env.HTTP = listening{answering{wire.Message{"respCode": "00"}}, &sent}
			call.Env.Now = func() time.Time { return x.asked.Add(time.Duration(try) * 20 * time.Hour) }
			call.Settings = map[string]string{unionpay.SettingMerID: merID, unionpay.SettingGateway: "http://127.0.0.1", unionpay.SettingMethod: wire.MethodSHA256, unionpay.SettingUndo: x.setting}
			r := provider.RefundRequest{
				Refund:  postern.Refund{Number: "refund00000000000000000000000001", Amount: x.amount, Currency: "CNY", CreatedAt: x.asked, Status: []postern.RefundStatus{postern.RefundReserved, postern.RefundSending, postern.RefundUnknown}[try]},
				Attempt: postern.Attempt{Number: "order000000000000000000000000001", Product: unionpay.Page, Amount: 6800, CreatedAt: x.ordered}, TxnNo: "Q1", Total: x.total, NotifyURL: "http://127.0.0.1/n/abc", Earlier: try,
			}
			if got := c.Refund(context.Background(), call, r); got.State != provider.RefundPending {
				t.Errorf("%s: %+v", name, got)
			}
		}
		for _, m := range sent {
			if m["txnType"] != x.want || m["txnSubType"] != "00" || m["txnTime"] != wire.FormatTime(x.asked) || m["txnAmt"] != wire.FormatAmount(x.amount) || m["origQryId"] != "Q1" || m["bizType"] != wire.BizGateway || m["backUrl"] == "" {
				t.Errorf("%s: sent %v, want type %s", name, m, x.want)
			}
		}
	}
}

// TestUndo: an undo is accepted, then done, by its own query and its own notification; the bill has it as a refund of the payment; nothing can be given back after it.
func TestUndo(t *testing.T) {
	w, c, ctx := newWorld(t, wire.MethodRSA), unionpay.New(), context.Background()
	inbox := make(chan []byte, 4)
	merchant := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			inbox <- body
		}
	}))
	t.Cleanup(merchant.Close)
	a, txnNo := w.paidOrder()
	refund := w.wholeRefund(a, txnNo)
	refund.NotifyURL = merchant.URL + "/n/abc"
	if r := c.Refund(ctx, w.call, refund); r.State != provider.RefundPending || !strings.Contains(r.Exchange.Request, "txnType=31") {
		t.Fatalf("%+v", r)
	}
	if r := c.QueryRefund(ctx, w.call, refund); r.State != provider.RefundPending {
		t.Errorf("under way: %+v", r)
	}
	w.clock.Advance(time.Minute)
	if r := c.QueryRefund(ctx, w.call, refund); r.State != provider.RefundDone || r.Amount != 6800 {
		t.Errorf("done: %+v", r)
	}
	w.box.RunDue(ctx)
	v, err := c.ReadNotification(w.call, a, provider.Message{Body: <-inbox, ReceivedAt: w.clock.Now()})
	if n, ok := v.Notice(); err != nil || !ok || n.RefundState != provider.RefundDone || n.RefundNumber != refund.Refund.Number || n.Number != a.Number || n.RefundAmount != 6800 || n.Money != nil || n.State != provider.Pending {
		t.Errorf("notified: %v %+v", err, n)
	}
	if q := c.Query(ctx, w.call, a); q.State != provider.Paid {
		t.Errorf("the payment itself: %+v", q)
	}
	for name, amount := range map[string]int64{"undone again": 6800, "refunded after it": 1} {
		again := w.wholeRefund(a, txnNo)
		again.Refund.Amount = amount
		if r := c.Refund(ctx, w.call, again); r.State != provider.RefundFailed || r.Code != "45" || r.Message == "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	var found bool
	lines := w.billLines(a.CreatedAt.In(wire.Beijing))
	for _, l := range lines {
		found = found || l.Kind == provider.LineRefund && l.RefundNumber == refund.Refund.Number && l.TxnNo == txnNo && l.Amount == -6800
	}
	if !found {
		t.Errorf("the bill has no row of it: %+v", lines)
	}
}

// billLines downloads the bill of a day, on the morning after it, and reads it.
func (w *world) billLines(day time.Time) (lines []provider.StatementLine) {
	w.Helper()
	w.clock.Advance(24 * time.Hour)
	call, file := w.call, bytes.Buffer{}
	call.Settings = maps.Clone(w.call.Settings)
	call.Settings[unionpay.SettingFiles] = call.Settings[unionpay.SettingGateway]
	if r := unionpay.New().FetchStatement(context.Background(), call, "ZM", day, &file); r.State != provider.FetchDone {
		w.Fatalf("%+v", r)
	}
	if _, err := unionpay.New().ReadStatement("ZM", merID, provider.StatementFile{ReaderAt: bytes.NewReader(file.Bytes()), Size: int64(file.Len())}, func(l provider.StatementLine) error {
		lines = append(lines, l)
		return nil
	}); err != nil {
		w.Fatal(err)
	}
	return lines
}

// TestUndoIsNotAfterARefund: what gives back a part excludes the undo, and UnionPay's word for it is kept.
func TestUndoIsNotAfterARefund(t *testing.T) {
	w, c, ctx := newWorld(t, wire.MethodSHA256), unionpay.New(), context.Background()
	a, txnNo := w.paidOrder()
	part := w.wholeRefund(a, txnNo)
	part.Refund.Amount = 100
	if r := c.Refund(ctx, w.call, part); r.State != provider.RefundPending {
		t.Fatalf("%+v", r)
	}
	whole := w.wholeRefund(a, txnNo)
	if r := c.Refund(ctx, w.call, whole); r.State != provider.RefundFailed || r.Code != "45" {
		t.Errorf("%+v", r)
	}
	if r := c.QueryRefund(ctx, w.call, whole); r.State != provider.RefundAbsent {
		t.Errorf("the refused undo is known: %+v", r)
	}
}

// TestUndoThatComesLate: it was asked for in time, and reaches UnionPay when the day is over. Nothing moved; the next one, which is asked for then, is a refund.
func TestUndoThatComesLate(t *testing.T) {
	w, c, ctx := newWorld(t, wire.MethodSHA256), unionpay.New(), context.Background()
	a, txnNo := w.paidOrder()
	late := w.wholeRefund(a, txnNo)
	w.clock.Advance(24 * time.Hour)
	if r := c.Refund(ctx, w.call, late); r.State != provider.RefundFailed || r.Code != "35" || r.Message == "" {
		t.Errorf("%+v", r)
	}
	if r := c.Refund(ctx, w.call, w.wholeRefund(a, txnNo)); r.State != provider.RefundPending || !strings.Contains(r.Exchange.Request, "txnType=04") {
		t.Errorf("%+v", r)
	}
}

// TestUndoWhoseAnswerWasLost: it is unknown, never failed; the second try, with the same number, finds it and gives back nothing twice.
func TestUndoWhoseAnswerWasLost(t *testing.T) {
	for _, fault := range []string{sandboxkit.DropResponse, sandboxkit.ErrorAfterEffect, sandboxkit.WrongSignature, "in_progress"} {
		w, c, ctx := newWorld(t, wire.MethodSHA256), unionpay.New(), context.Background()
		a, txnNo := w.paidOrder()
		refund := w.wholeRefund(a, txnNo)
		if _, err := w.box.Faults().Add(sandboxkit.Fault{Op: "refund", Fault: fault, Times: 1}); err != nil {
			t.Fatal(err)
		}
		if r := c.Refund(ctx, w.call, refund); r.State != provider.RefundUnknown {
			t.Errorf("%s: %+v", fault, r)
		}
		w.clock.Advance(time.Minute)
		if r := c.Refund(ctx, w.call, refund); r.State != provider.RefundDone || r.Amount != 6800 {
			t.Errorf("%s, again: %+v", fault, r)
		}
		if n := w.given(a.Number); n != 1 {
			t.Errorf("%s: given back %d times", fault, n)
		}
	}
}

// given counts the simulator's refunds of an order.
func (w *world) given(number string) int {
	w.Helper()
	r := httptest.NewRequest(http.MethodGet, "/orders", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1"
	rec := httptest.NewRecorder()
	w.box.Control().ServeHTTP(rec, r)
	var orders []sandboxkit.Order
	if err := json.Unmarshal(rec.Body.Bytes(), &orders); err != nil {
		w.Fatalf("%v: %s", err, rec.Body)
	}
	for _, o := range orders {
		if o.OrderNo == number {
			return len(o.Refunds)
		}
	}
	return 0
}

// TestRefusalsOfWhatGivesBack: a refusal ends a refund where it proves that nothing moved. One that speaks of the order's state may speak of this refund's own first try: then its number decides.
func TestRefusalsOfWhatGivesBack(t *testing.T) {
	w, c := newWorld(t, wire.MethodSHA256), unionpay.New()
	says := func(txnType, code string) wire.Message {
		return wire.Message{"respCode": "00", "origRespCode": code, "txnType": txnType, "txnAmt": "6800"}
	}
	absent, lost := wire.Message{"respCode": "34"}, wire.Message{"respCode": "04"}
	for _, txnType := range []string{wire.TypeUndo, wire.TypeRefund} {
		for name, x := range map[string]struct {
			code    string
			queries []wire.Message
			want    provider.RefundState
		}{
			"taken in":                          {"00", nil, provider.RefundPending},
			"no permission":                     {"32", nil, provider.RefundFailed},
			"no permission for the business":    {"43", nil, provider.RefundFailed},
			"the same, by another code":         {"44", nil, provider.RefundFailed},
			"wrong state, and not known":        {"35", []wire.Message{absent}, provider.RefundFailed},
			"wrong state, and refused before":   {"35", []wire.Message{says(txnType, "35")}, provider.RefundFailed},
			"wrong state because of itself":     {"35", []wire.Message{says(txnType, "00")}, provider.RefundDone},
			"wrong state, itself under way":     {"35", []wire.Message{says(txnType, "05")}, provider.RefundPending},
			"wrong state, and nobody knows":     {"35", []wire.Message{lost}, provider.RefundUnknown},
			"differs, and not known":            {"36", []wire.Message{absent}, provider.RefundFailed},
			"given back, by somebody else":      {"45", []wire.Message{absent}, provider.RefundFailed},
			"given back, by itself":             {"45", []wire.Message{says(txnType, "00")}, provider.RefundDone},
			"given back, as the other kind":     {"45", []wire.Message{says(map[string]string{wire.TypeUndo: wire.TypeRefund, wire.TypeRefund: wire.TypeUndo}[txnType], "00")}, provider.RefundDone},
			"reversed":                          {"46", []wire.Message{absent}, provider.RefundFailed},
			"used number, and done":             {"12", []wire.Message{says(txnType, "00")}, provider.RefundDone},
			"used number, of what is no refund": {"12", []wire.Message{says("01", "00")}, provider.RefundUnknown},
			"nobody knows":                      {"04", nil, provider.RefundUnknown},
			"another word":                      {"99", nil, provider.RefundUnknown},
			"busy":                              {"06", nil, provider.RefundAbsent},
		} {
			call, sent := w.call, 0
			call.Env.HTTP = &talk{queries: x.queries, reversal: x.code, reversed: &sent}
			refund := w.wholeRefund(w.order().Attempt, "Q1")
			if txnType == wire.TypeRefund {
				refund.Refund.CreatedAt = w.clock.Now().AddDate(0, 0, 2)
			}
			r := c.Refund(context.Background(), call, refund)
			if r.State != x.want || sent != 1 || r.State == provider.RefundFailed && r.Code != x.code {
				t.Errorf("%s, %s: %+v after %d sends, want %s", txnType, name, r, sent, x.want)
			}
		}
	}
}
