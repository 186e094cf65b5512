package wechatpay_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"postern/provider"
	"postern/provider/wechatpay"
)

const tradeHead = "\ufeff交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n"

const tradeSums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n"

func payRow(order, txn, amount, fee string) string {
	return "`2022-03-21 13:51:31,`wx1234567890abcdef,`1900000001,`0,`,`" + txn + ",`" + order + ",`oABC,`JSAPI,`SUCCESS,`OTHERS,`CNY,`" + amount + ",`0.00,`0,`0,`0.00,`0.00,`,`,`烧饼, 十二枚,`,`" + fee + ",`0.60%,`" + amount + ",`0.00,`\r\n"
}

func refundRow(order, txn, no, amount string) string {
	return "`2022-03-21 18:00:00,`wx1234567890abcdef,`1900000001,`0,`,`" + txn + ",`" + order + ",`oABC,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50000" + no + ",`" + no + ",`" + amount + ",`0.00,`ORIGINAL,`SUCCESS,`烧饼,`,`-0.00600,`0.60%,`0.00,`" + amount + ",`\r\n"
}

var reader provider.Statementer = wechatpay.New()

func read(kind, account, text string) (lines []provider.StatementLine, sum provider.StatementSum, err error) {
	sum, err = reader.ReadStatement(kind, account, provider.StatementFile{ReaderAt: strings.NewReader(text), Size: int64(len(text))}, func(l provider.StatementLine) error {
		lines = append(lines, l)
		return nil
	})
	return lines, sum, err
}

func TestTradeBill(t *testing.T) {
	whole := tradeHead + payRow("o1", "4200001", "68.00", "0.40800") + payRow("o2", "4200002", "0.01", "0.00006") + refundRow("o1", "4200001", "r1", "20.00") + tradeSums + "`3.0,`68.01,`20.00,`0.0,`0.40,`68.01,`20.00\r\n"
	lines, sum, err := read("tradebill", "1900000001", whole)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 || sum.Lines != 3 || sum.Amount != 4801 {
		t.Errorf("sum %+v", sum)
	}
	pay, refund := lines[0], lines[2]
	if pay.Kind != provider.LinePayment || pay.Amount != 6800 || pay.Fee != 41 || pay.TxnNo != "4200001" || pay.Number != "o1" || pay.At.Format("2006-01-02T15:04:05-07:00") != "2022-03-21T13:51:31+08:00" || pay.Columns[20] != "烧饼, 十二枚" {
		t.Errorf("payment %+v", pay)
	}
	if refund.Kind != provider.LineRefund || refund.Amount != -2000 || refund.RefundNumber != "r1" || refund.RefundTxnNo != "50000r1" || refund.Fee != -1 {
		t.Errorf("refund %+v", refund)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if again, _, err := read("tradebill", "", packed.String()); err != nil || len(again) != 3 {
		t.Errorf("gzip: %d rows, %v", len(again), err)
	}
	for name, text := range map[string]string{
		"a row is gone": strings.Replace(whole, payRow("o2", "4200002", "0.01", "0.00006"), "", 1), "cut off": whole[:len(whole)-60], "an amount was changed": strings.Replace(whole, "`68.00,`0.00,`0,", "`67.00,`0.00,`0,", 2),
		"no summary": tradeHead + payRow("o1", "4200001", "68.00", "0.4"), "the gzip is cut": packed.String()[:packed.Len()-20],
	} {
		if name == "an amount was changed" {
			text = strings.Replace(text, "`0.60%,`68.00", "`0.60%,`67.00", 1)
		}
		if _, _, err := read("tradebill", "", text); err == nil {
			t.Errorf("%s: taken for whole", name)
		}
	}
	if _, _, err := read("tradebill", "1900000002", whole); !errors.Is(err, provider.ErrNotWhole) {
		t.Errorf("another merchant's bill: %v", err)
	}
}

func TestFundFlowBill(t *testing.T) {
	head := "\ufeff记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n"
	row := func(no, kind, way, amount string) string {
		return "`2022-03-21 13:51:31,`" + no + ",`f" + no + ",`x,`" + kind + ",`" + way + ",`" + amount + ",`100.00,`system,`,`v\r\n"
	}
	whole := head + row("1", "交易", "收入", "68.00") + row("1", "扣除交易手续费", "支出", "0.41") + row("9", "提现", "支出", "50.00") + "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`3,`1,`68.00,`2,`50.41\r\n"
	lines, sum, err := read("fundflowbill", "", whole)
	if err != nil || sum.Amount != 1759 || lines[0].Kind != provider.LinePayment || lines[1].Kind != provider.LineFee || lines[1].Amount != -41 || lines[2].Kind != provider.LineWithdrawal {
		t.Errorf("%v %+v %+v", err, sum, lines)
	}
	if _, _, err := read("fundflowbill", "", strings.Replace(whole, "`2,`50.41", "`1,`50.41", 1)); !errors.Is(err, provider.ErrNotWhole) {
		t.Errorf("a wrong summary: %v", err)
	}
}

func FuzzReadStatement(f *testing.F) {
	f.Add("tradebill", tradeHead+payRow("o1", "4200001", "68.00", "0.40800")+tradeSums+"`1,`68.00,`0.00,`0.0,`0.41,`68.00,`0.00\r\n")
	f.Add("fundflowbill", "a,b\r\n`1,`2\r\n")
	f.Fuzz(func(t *testing.T, kind, text string) {
		lines, sum, err := read(kind, "", text)
		if err != nil {
			return
		}
		var amount int64
		for _, l := range lines {
			amount += l.Amount
		}
		if amount != sum.Amount || int64(len(lines)) != sum.Lines {
			t.Fatalf("rows come to %d, the sum says %d", amount, sum.Amount)
		}
	})
}

// BenchmarkStatement reads bills of 1,000,000 rows; the peak is what was live during it, beyond the file itself.
func BenchmarkStatement(b *testing.B) {
	const rows = 1_000_000
	b.Run("tradebill", func(b *testing.B) {
		readMillion(b, "tradebill", func(w *bufio.Writer) {
			fmt.Fprint(w, tradeHead)
			for i := range rows {
				fmt.Fprint(w, payRow(fmt.Sprint("order", i), fmt.Sprint("42000020", i), "68.00", "0.40800"))
			}
			fmt.Fprint(w, tradeSums+"`1000000,`68000000.00,`0.00,`0.00,`408000.00,`68000000.00,`0.00\r\n")
		})
	})
	b.Run("fundflowbill", func(b *testing.B) {
		readMillion(b, "fundflowbill", func(w *bufio.Writer) {
			fmt.Fprint(w, "\ufeff记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n")
			for i := range rows {
				fmt.Fprintf(w, "`2022-03-21 13:51:31,`42000020%d,`1900000001%d,`交易,`交易,`收入,`68.00,`%d.00,`system,`烧饼,`order%d\r\n", i, i, 68*(i+1), i)
			}
			fmt.Fprint(w, "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`1000000,`1000000,`68000000.00,`0,`0.00\r\n")
		})
	})
}

// readMillion reads a bill from disk, where downloaded ones lie: a file in memory would let the heap grow beside it.
func readMillion(b *testing.B, kind string, write func(*bufio.Writer)) {
	disk, err := os.Create(filepath.Join(b.TempDir(), "bill.csv"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = disk.Close() }()
	w := bufio.NewWriter(disk)
	write(w)
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	about, err := disk.Stat()
	if err != nil {
		b.Fatal(err)
	}
	file := provider.StatementFile{ReaderAt: disk, Size: about.Size()}
	var before, now runtime.MemStats
	var most uint64
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.SetBytes(file.Size)
	for b.Loop() {
		n := 0
		if _, err := reader.ReadStatement(kind, "", file, func(provider.StatementLine) error {
			if n++; n%100_000 == 0 {
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d MB of heap beside the file", (max(most, before.HeapAlloc)-before.HeapAlloc)>>20)
}
