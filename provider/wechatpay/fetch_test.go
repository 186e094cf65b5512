package wechatpay

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
)

func (r *rig) fetch(kind string, day time.Time) (provider.FetchResult, []byte) {
	r.t.Helper()
	var file bytes.Buffer
	got := New().FetchStatement(ctx, r.call, kind, day, &file)
	return got, file.Bytes()
}

// readAll reads a fetched bill.
func readAll(kind, account string, file []byte) (lines []provider.StatementLine, sum provider.StatementSum, err error) {
	sum, err = New().ReadStatement(kind, account, provider.StatementFile{ReaderAt: bytes.NewReader(file), Size: int64(len(file))}, func(l provider.StatementLine) error {
		lines = append(lines, l)
		return nil
	})
	return lines, sum, err
}

// TestFetchBelievesTheDigest: what was changed on its way is not the bill, and neither is what somebody else's host would give.
func TestFetchBelievesTheDigest(t *testing.T) {
	r := newRig(t, nil)
	r.paid("order00001")
	r.clock.Advance(36 * time.Hour)
	good, file := r.fetch(wire.BillTrade, epoch)
	if good.State != provider.FetchDone || good.Size != int64(len(file)) || file[0] != 0x1f || len(good.Digest) != 40 {
		t.Fatalf("%+v of %d bytes", good, len(file))
	}
	r.arm(sandbox.OpDownload, sandbox.FaultDamaged)
	if got, _ := r.fetch(wire.BillTrade, epoch); got.State != provider.FetchUnknown || got.Message == "" {
		t.Errorf("a changed byte: %+v", got)
	}
	r.edit = func(req *http.Request, rec *httptest.ResponseRecorder) {
		if req.URL.Path == wire.PathBillFile { // another whole file, well packed
			rec.Body.Reset()
			z := gzip.NewWriter(rec.Body)
			_, _ = z.Write(wire.WriteTradeBill([]wire.TradeRow{{At: epoch, MchID: testMchID, OutTradeNo: "order00001", State: "SUCCESS", Total: 1}}))
			_ = z.Close()
		}
	}
	if got, _ := r.fetch(wire.BillTrade, epoch); got.State != provider.FetchUnknown || !strings.Contains(got.Message, "SHA-1") {
		t.Errorf("another file: %+v", got)
	}
	r.edit = nil
	for _, fault := range []string{sandboxkit.DropResponse, sandboxkit.Error500} {
		r.arm(sandbox.OpDownload, fault)
		if got, _ := r.fetch(wire.BillTrade, epoch); got.State != provider.FetchUnknown {
			t.Errorf("%s: %+v", fault, got)
		}
	}
	var asked []string
	r.edit = func(req *http.Request, rec *httptest.ResponseRecorder) {
		asked = append(asked, req.URL.Path)
		if req.URL.Path == wire.PathTradeBill {
			resigned(t, rec, func(b []byte) []byte {
				return []byte(strings.Replace(string(b), r.server.URL+wire.PathBillFile, "https://elsewhere.example"+wire.PathBillFile, 1))
			})
		}
	}
	if got, _ := r.fetch(wire.BillTrade, epoch); got.State != provider.FetchDone || len(asked) != 2 {
		t.Errorf("another host in the address: %+v, asked %v", got, asked)
	}
	r.edit = func(req *http.Request, rec *httptest.ResponseRecorder) {
		if req.URL.Path == wire.PathTradeBill {
			resigned(t, rec, func(b []byte) []byte { return []byte(strings.Replace(string(b), wire.PathBillFile, "/v3/pay", 1)) })
		}
	}
	if got, _ := r.fetch(wire.BillTrade, epoch); got.State != provider.FetchUnknown || got.Class != provider.ClassBug {
		t.Errorf("another path: %+v", got)
	}
}

// TestFetchStates: the day's own hour, days without anything and days that are too old.
func TestFetchStates(t *testing.T) {
	r := newRig(t, nil)
	r.paid("order00001")
	r.clock.Advance(21 * time.Hour) // nine in the morning
	if got, _ := r.fetch(wire.BillTrade, epoch); got.State != provider.FetchNotReady || got.Code != wire.CodeStatementCreating {
		t.Errorf("at nine: %+v", got)
	}
	r.clock.Advance(2 * time.Hour)
	if got, _ := r.fetch(wire.BillTrade, epoch); got.State != provider.FetchDone {
		t.Errorf("at eleven: %+v", got)
	}
	if got, _ := r.fetch(wire.BillFundFlow, epoch.AddDate(0, 0, -1)); got.State != provider.FetchEmpty || got.Class != provider.ClassNone {
		t.Errorf("the day before: %+v", got)
	}
	if got, _ := r.fetch(wire.BillTrade, epoch.AddDate(-1, 0, 0)); got.State != provider.FetchRefused {
		t.Errorf("a year ago: %+v", got)
	}
	r.arm(sandbox.OpStatement, sandbox.FaultRateLimited)
	if got, _ := r.fetch(wire.BillTrade, epoch); got.State != provider.FetchUnknown || got.Class != provider.ClassRateLimited {
		t.Errorf("too often: %+v", got)
	}
}

// TestBillOfAReversal: both lines of a reversed payment are in both bills, and cancel each other out.
func TestBillOfAReversal(t *testing.T) {
	r := newRig(t, nil)
	paid := r.scan("code000001", r.code(false))
	if got := r.reverse("code000001"); got.State != provider.ReverseRefunded {
		t.Fatalf("%+v", got)
	}
	r.clock.Advance(36 * time.Hour)
	for kind, rows := range map[string]int{wire.BillTrade: 2, wire.BillFundFlow: 3} {
		_, file := r.fetch(kind, epoch)
		lines, sum, err := readAll(kind, testMchID, file)
		var fee int64
		for _, l := range lines {
			if l.Kind == provider.LineFee {
				fee += l.Amount
			}
		}
		if err != nil || len(lines) != rows || sum.Amount-fee != 0 || lines[0].TxnNo != paid.Money.TxnNo || lines[rows-1].Kind != provider.LineRefund || lines[rows-1].Amount != -6800 {
			t.Errorf("%s: %v %+v %+v", kind, err, sum, lines)
		}
	}
}

// TestPartnerBill: a sub-merchant's trade bill holds its own rows only; its flow of funds is refused before a byte leaves.
func TestPartnerBill(t *testing.T) {
	r := partnered(t)
	r.paid("order00001")
	r.call.SubMerchant = testOther
	r.paid("order00002")
	r.clock.Advance(36 * time.Hour)
	_, file := r.fetch(wire.BillTrade, epoch)
	lines, _, err := readAll(wire.BillTrade, New().StatementAccount(r.call), file)
	if err != nil || len(lines) != 1 || lines[0].Number != "order00002" {
		t.Errorf("%v %+v", err, lines)
	}
	if _, _, err := readAll(wire.BillTrade, testSub, file); err == nil {
		t.Error("another sub-merchant takes the bill for its own")
	}
	sent := r.sent
	if got, _ := r.fetch(wire.BillFundFlow, epoch); got.State != provider.FetchRefused || r.sent != sent {
		t.Errorf("%+v after %d calls", got, r.sent-sent)
	}
}
