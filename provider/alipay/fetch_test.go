package alipay

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/alipay/wire"
)

func TestFetchStatement(t *testing.T) {
	w := newWorld(t)
	day := w.clock.Now()
	a := w.paid(Native, 6800)
	if r := w.c.Refund(t.Context(), w.call, w.refund(a, "r1", 2000)); r.State != provider.RefundDone {
		t.Fatalf("%+v", r)
	}
	fetch := func(kind string, day time.Time) (provider.FetchResult, []byte) {
		var file bytes.Buffer
		r := w.c.FetchStatement(t.Context(), w.call, kind, day, &file)
		if strings.Contains(r.Exchange.Response+r.Exchange.Request+r.Message, "token=") {
			t.Errorf("the address is kept: %+v", r)
		}
		return r, file.Bytes()
	}
	calls := w.doer.calls
	for name, tt := range map[string]struct {
		kind  string
		day   time.Time
		state provider.FetchState
	}{
		"today": {"trade", day, provider.FetchNotReady}, "tomorrow": {"trade", day.AddDate(0, 0, 1), provider.FetchNotReady},
		"too old": {"trade", day.AddDate(-7, 0, 0), provider.FetchRefused}, "no such kind": {"merchant_act", day.AddDate(0, 0, -1), provider.FetchRefused},
	} {
		if r, _ := fetch(tt.kind, tt.day); r.State != tt.state || w.doer.calls != calls {
			t.Errorf("%s: %+v after %d calls", name, r, w.doer.calls-calls)
		}
	}
	if r, _ := fetch("trade", day.AddDate(0, 0, -20)); r.State != provider.FetchEmpty {
		t.Errorf("nothing happened: %+v", r)
	}
	w.clock.Advance(16 * time.Hour) // four in the morning in Beijing
	if r, _ := fetch("trade", day); r.State != provider.FetchNotReady || r.Code == "not_over" {
		t.Errorf("before nine: %+v", r)
	}
	w.clock.Advance(6 * time.Hour)
	for _, kind := range []string{"trade", "signcustomer"} {
		r, file := fetch(kind, day)
		if r.State != provider.FetchDone || r.Size != int64(len(file)) {
			t.Fatalf("%s: %+v", kind, r)
		}
		var fees, amount int64
		sum, err := w.c.ReadStatement(kind, testSeller, provider.StatementFile{ReaderAt: bytes.NewReader(file), Size: r.Size}, func(l provider.StatementLine) error {
			amount += l.Amount
			fees += l.Fee
			return nil
		})
		if want := map[string]int64{"trade": 4800, "signcustomer": 4800 - 41 + 12}[kind]; err != nil || amount != want || !sum.From.Equal(time.Date(2026, 11, 22, 0, 0, 0, 0, wire.Beijing)) {
			t.Errorf("%s: %d, fees %d, %+v %v", kind, amount, fees, sum, err)
		}
	}
	w.unfetched(day)
}

// unfetched are the ways in which a bill does not come.
func (w *world) unfetched(day time.Time) {
	t := w.t
	fetch := func(kind string, day time.Time) provider.FetchResult {
		return w.c.FetchStatement(t.Context(), w.call, kind, day, &bytes.Buffer{})
	}
	w.fault("statement_file", "error_500")
	if r := fetch("trade", day); r.State != provider.FetchUnknown || r.Code != "no_file" {
		t.Errorf("the file does not come: %+v", r)
	}
	w.doer.seen = func(r *http.Request, _ string) {
		if strings.Contains(r.URL.Path, "downloadBillFile") {
			w.clock.Advance(time.Minute)
		}
	}
	if r := fetch("trade", day); r.State != provider.FetchUnknown || r.Code != "no_file" {
		t.Errorf("the address is too old: %+v", r)
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another site was asked for a bill") }))
	defer elsewhere.Close()
	for name, address := range map[string]string{"another site's": elsewhere.URL + "/bill.zip", "a file": "file:///etc/passwd", "none": "", "with a name": "http://a:b@127.0.0.1/"} {
		if r := w.c.FetchStatement(t.Context(), w.gateway(says("code", "10000", "bill_download_url", address)), "trade", day, &bytes.Buffer{}); r.State != provider.FetchUnknown || r.Code != "not_sent" {
			t.Errorf("%s address: %+v", name, r)
		}
	}
	for code, want := range map[string]provider.FetchState{
		"NO_BILL_DATA": provider.FetchNotReady, "isp.BILL_NOT_EXIST": provider.FetchNotReady, "UNKNOWN_ERROR": provider.FetchUnknown, "BILL_DATE_BEFORE_REGISTRATION": provider.FetchRefused,
		"isv.insufficient-isv-permissions": provider.FetchRefused, "isv.invalid-signature": provider.FetchUnknown, "isv.app-call-limited": provider.FetchUnknown, "NEW": provider.FetchUnknown,
	} {
		if r := w.c.FetchStatement(t.Context(), w.gateway(says("code", "40004", "sub_code", code)), "trade", day, &bytes.Buffer{}); r.State != want {
			t.Errorf("%s: %+v", code, r)
		}
	}
}
