package tenpay_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/tenpay"
	"postern/provider/tenpay/wire"
)

func read(account, text string) (lines []provider.StatementLine, sum provider.StatementSum, err error) {
	sum, err = tenpay.New().ReadStatement("all", account, provider.StatementFile{ReaderAt: strings.NewReader(text), Size: int64(len(text))}, func(l provider.StatementLine) error {
		lines = append(lines, l)
		return nil
	})
	return lines, sum, err
}

// fetch asks the simulator for the bill of a day, as a merchant does.
func (w *world) fetch(day string, with string) string {
	w.Helper()
	p := wire.Params{"spid": partner, "trans_time": day, "stamp": strconv.FormatInt(w.clock.Now().Unix(), 10), "cft_signtype": "0", "mchtype": "0"}
	p.SignBill([]byte(with))
	query, err := p.Encode()
	if err != nil {
		w.Fatal(err)
	}
	response, err := http.Get(w.call.Settings[tenpay.SettingMerchant] + wire.PathBill + "?" + query)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

// TestABillOfTheSimulator: the simulator's own book comes out as a bill on the next morning, and its rows are the payments and the refund that were made.
func TestABillOfTheSimulator(t *testing.T) {
	w, c := newWorld(t, wire.UTF8), tenpay.New()
	a, m := w.paid()
	b, _ := w.paid()
	r := w.back(a, m, 2000)
	if got := c.Refund(ctx, w.call, r); got.State != provider.RefundPending {
		t.Fatal(got)
	}
	var early *wire.BillError
	if _, _, err := read(partner, w.fetch("2013-11-22", key)); !errors.As(err, &early) || early.Code != "03020003" {
		t.Errorf("on the same day: %v", err)
	}
	w.clock.Advance(24 * time.Hour)
	if _, _, err := read(partner, w.fetch("2013-11-22", "another key")); !errors.As(err, &early) {
		t.Errorf("signed with another key: %v", err)
	}
	text := w.fetch("2013-11-22", key)
	lines, sum, err := read(partner, text)
	if err != nil || len(lines) != 3 || sum.Account != partner || sum.Amount != 2*6800-2000 || sum.Lines != 3 {
		t.Fatalf("%v %+v\n%s", err, sum, text)
	}
	if l := lines[0]; l.Kind != provider.LinePayment || l.Number != a.Number || l.TxnNo != m.TxnNo || l.Amount != 6800 || l.Currency != "CNY" || !l.At.Equal(m.PaidAt) {
		t.Errorf("payment %+v", l)
	}
	if l := lines[1]; l.Kind != provider.LineRefund || l.Number != a.Number || l.RefundTxnNo == "" || l.Amount != -2000 || l.Columns[9] != "退款成功" {
		t.Errorf("refund %+v", l)
	}
	if lines[2].Number != b.Number {
		t.Errorf("second payment %+v", lines[2])
	}
	if _, sum, err := read("", w.fetch("2013-11-21", key)); err != nil || sum.Lines != 0 {
		t.Errorf("a day without orders: %v %+v", err, sum)
	}
	if _, _, err := read("1900000113", text); !errors.Is(err, provider.ErrNotWhole) {
		t.Errorf("another's bill: %v", err)
	}
	rows := strings.SplitAfter(text, "\r\n")
	for name, cut := range map[string]string{
		"a row less": rows[0] + strings.Join(rows[2:], ""), "a row twice": rows[0] + rows[1] + strings.Join(rows[1:], ""), "a refund changed": strings.Replace(text, "20.00,`", "19.00,`", 1),
		"an amount changed": strings.Replace(text, ",68.00,", ",68.01,", 1), "another's row": strings.Replace(text, "`"+partner, "`1900000113", 1),
	} {
		if _, _, err := read("", cut); !errors.Is(err, provider.ErrNotWhole) {
			t.Errorf("%s: taken for whole (%v)", name, err)
		}
	}
	if _, _, err := read("", text[:len(text)-4]); err == nil {
		t.Error("cut off, and taken for whole")
	}
}

// TestBothReadingsOfTheTotals: whether a refund's row repeats the order's amount, and whether it is counted, is not attested. Either bill is read, and the refund
// counts once.
func TestBothReadingsOfTheTotals(t *testing.T) {
	head := wire.BillColumns + "\r\n`2010-05-14 15:40:07, `1900000107201005140000000021, `2010051421,财付通余额, `,用户已支付,10.00, `0,0.00,`, x\r\n"
	for name, rest := range map[string]string{
		"repeated and counted": "`2010-05-14 16:00:00, `1900000107201005140000000021, `2010051421,财付通余额, `,转入退款,10.00, `109,4.00,`退款成功, x\r\n" + wire.BillTotals + "\r\n2,20.00,4.00,\r\n",
		"repeated, not added":  "`2010-05-14 16:00:00, `1900000107201005140000000021, `2010051421,财付通余额, `,转入退款,10.00, `109,4.00,`退款成功, x\r\n" + wire.BillTotals + "\r\n1,10.00,4.00,\r\n",
		"not repeated":         "`2010-05-14 16:00:00, `1900000107201005140000000021, `2010051421,财付通余额, `,转入退款,0.00, `109,4.00,`退款成功, x\r\n" + wire.BillTotals + "\r\n2,10.00,4.00,\r\n",
	} {
		text, err := wire.GBK.Encode(head + rest)
		if err != nil {
			t.Fatal(err)
		}
		if _, sum, err := read("1900000107", text); err != nil || sum.Amount != 600 || sum.Lines != 2 {
			t.Errorf("%s: %v %+v", name, err, sum)
		}
	}
}
