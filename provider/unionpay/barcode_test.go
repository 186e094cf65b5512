package unionpay_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/unionpay"
	"postern/provider/unionpay/wire"
)

func (w *world) scannedOrder() provider.StartRequest {
	o := w.order()
	o.Attempt.Product, o.AuthCode = unionpay.Barcode, "6221583387322969594"
	return o
}

// TestEveryCodeOfAScan reads every answer to a scanned code: 00 is taken in and not paid; 03, 04, 05, 01, 12, 34, 60 and what no table has are unknown; any other refusal is
// final, because UnionPay says so of this message.
func TestEveryCodeOfAScan(t *testing.T) {
	w, c := newWorld(t, wire.MethodSHA256), unionpay.New()
	unsure := map[string]bool{"01": true, "03": true, "04": true, "05": true, "12": true, "34": true, "60": true, "42": true, "74": true, "75": true, "99": true}
	known := "02 06 10 11 13 30 31 32 33 36 37 38 39 43 44 61 62 63 64 65 66 67 68 72 73 78 86 87 88"
	for n := range 100 {
		code := fmt.Sprintf("%02d", n)
		want := provider.Unknown
		if code == "00" {
			want = provider.Pending
		} else if containsWord(known, code) && !unsure[code] {
			want = provider.Failed
		}
		call := w.call
		call.Env.HTTP = answering{wire.Message{"respCode": code, "queryId": "1"}}
		if r := c.Start(context.Background(), call, w.scannedOrder()); r.State != want || r.Money != nil || r.Action.Type != "" {
			t.Errorf("%s: %s %s, want %s", code, r.State, r.Class, want)
		}
	}
}

func containsWord(words, word string) bool {
	for i := 0; i+2 <= len(words); i += 3 {
		if words[i:i+2] == word {
			return true
		}
	}
	return false
}

// TestScannedOrders: of a scanned order that is not over, a refusal by the buyer's bank is a failure at once, what UnionPay wants asked again is on its way, and one that was taken back is closed,
// and never paid. The same words about an order that a buyer may still pay elsewhere stay on their way.
func TestScannedOrders(t *testing.T) {
	w, c := newWorld(t, wire.MethodSHA256), unionpay.New()
	for code, want := range map[string]provider.State{
		"00": provider.Paid, "03": provider.Unknown, "01": provider.Pending, "12": provider.Pending, "60": provider.Pending, "70": provider.Pending, "34": provider.Absent,
		"64": provider.Failed, "65": provider.Failed, "45": provider.Closed, "46": provider.Closed, "99": provider.Pending,
	} {
		call := w.call
		call.Env.HTTP = answering{wire.Message{"respCode": "00", "origRespCode": code, "txnAmt": "6800", "currencyCode": "156", "queryId": "1"}}
		if r := c.Query(context.Background(), call, w.scannedOrder().Attempt); r.State != want || (r.State == provider.Failed) != (r.Class == provider.ClassDeclined) {
			t.Errorf("%s: %s %s, want %s", code, r.State, r.Class, want)
		}
		if r := c.Query(context.Background(), call, w.order().Attempt); (r.State == provider.Failed || r.State == provider.Closed) && code != "00" {
			t.Errorf("%s of an order that a buyer may still pay: %s", code, r.State)
		}
	}
}

// talk is a gateway that answers queries in turn and every reversal with one code, signed.
type talk struct {
	queries  []wire.Message
	reversal string
	reversed *int
}

func (s *talk) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	asked, err := wire.ParseForm(string(body))
	if err != nil {
		return nil, err
	}
	fields := wire.Message{"respCode": s.reversal}
	if asked["txnType"] == wire.TypeQuery {
		fields, s.queries = s.queries[0], s.queries[1:]
	} else {
		*s.reversed++
	}
	again, err := http.NewRequest(http.MethodPost, "http://x", http.NoBody)
	if err != nil {
		return nil, err
	}
	again.Body = io.NopCloser(stringReader(body))
	return answering{fields}.Do(again)
}

type stringReader []byte

func (s stringReader) Read(p []byte) (int, error) { return copy(p, s), io.EOF }

// TestReversal: what a reversal comes to is said by the order before and after it. Nothing is given back by a word alone: a paid order must have stopped saying that it is paid.
func TestReversal(t *testing.T) {
	w, c := newWorld(t, wire.MethodSHA256), unionpay.New()
	says := func(code string, more ...string) wire.Message {
		m := wire.Message{"respCode": "00", "origRespCode": code, "txnAmt": "6800", "currencyCode": "156", "queryId": "Q1"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	lost := wire.Message{"respCode": "05"}
	waits, isPaid, backUnpaid, backPaid := says("70"), says("00"), says("46"), says("46", "settleAmt", "6800")
	for name, x := range map[string]struct {
		queries  []wire.Message
		reversal string
		after    time.Duration
		want     provider.ReverseState
		sent     int
	}{
		"it waited":                         {[]wire.Message{waits, backUnpaid}, "00", 0, provider.ReverseClosed, 1},
		"it waited, and just fails":         {[]wire.Message{waits, says("01")}, "00", 0, provider.ReverseClosed, 1},
		"it was paid":                       {[]wire.Message{isPaid, backPaid}, "00", 0, provider.ReverseRefunded, 1},
		"it was paid, and just fails":       {[]wire.Message{isPaid, says("01")}, "00", 0, provider.ReverseRefunded, 1},
		"it was paid in between":            {[]wire.Message{waits, backPaid}, "00", 0, provider.ReverseRefunded, 1},
		"it still says that it is paid":     {[]wire.Message{isPaid, isPaid}, "00", 0, provider.ReverseUnknown, 1},
		"nobody knows what became of it":    {[]wire.Message{waits, lost}, "00", 0, provider.ReverseUnknown, 1},
		"it was taken back before, unpaid":  {[]wire.Message{backUnpaid}, "00", 0, provider.ReverseClosed, 0},
		"it was taken back before, paid":    {[]wire.Message{backPaid}, "00", 0, provider.ReverseRefunded, 0},
		"again, after an answer was lost":   {[]wire.Message{lost, backPaid}, "46", 0, provider.ReverseRefunded, 1},
		"it is not there yet":               {[]wire.Message{{"respCode": "34"}}, "34", 0, provider.ReverseUnknown, 1},
		"it is not there, and never will":   {[]wire.Message{{"respCode": "34"}}, "34", 2 * time.Minute, provider.ReverseClosed, 1},
		"it was refunded":                   {[]wire.Message{isPaid}, "45", 0, provider.ReverseRefused, 1},
		"it is too late, says the gateway":  {[]wire.Message{isPaid}, "35", 0, provider.ReverseRefused, 1},
		"the gateway does not know":         {[]wire.Message{waits}, "04", 0, provider.ReverseUnknown, 1},
		"it is too late, says the calendar": {nil, "00", 24 * time.Hour, provider.ReverseRefused, 0},
	} {
		call, sent := w.call, 0
		call.Env.HTTP = &talk{queries: x.queries, reversal: x.reversal, reversed: &sent}
		call.Env.Now = func() time.Time { return w.clock.Now().Add(x.after) }
		r := c.Reverse(context.Background(), call, w.scannedOrder().Attempt)
		if r.State != x.want || sent != x.sent || (r.State == provider.ReverseRefunded) != (r.Money != nil && r.Money.Amount == 6800 && r.Money.TxnNo == "Q1") {
			t.Errorf("%s: %+v after %d reversals, want %s after %d", name, r, sent, x.want, x.sent)
		}
	}
	if r := c.Reverse(context.Background(), w.call, postern.Attempt{Product: unionpay.Native, CreatedAt: w.clock.Now()}); r.State != provider.ReverseRefused {
		t.Errorf("a code that the buyer scans: %+v", r)
	}
}
